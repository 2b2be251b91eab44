/*
** fn_session.c: connector_error, the last failure in this connection, and connector_config.
**
**   SELECT connector_error('sqlstate');                 -- 23505
**   SELECT connector_config('several_writers', 'on');   -- on
*/
#include "../src/json.h"
#include "../src/log.h"
#include "../src/options.h"
#include "../src/transaction.h"
#include "catalog.h"
#include "value.h"
#include <string.h>

/* ---- connector_error ---- */

static const char *const error_fields[] = {
    "code",       "message", "block",  "sqlstate", "native", "detail",    "hint",
    "constraint", "table",   "column", "row",      "sql",    "retryable", "outcome_unknown"};

enum { ERROR_FIELDS = sizeof error_fields / sizeof *error_fields };

static Value text_or_null(const char *text) {
  return value_text(text && *text ? text : NULL);
}

/* Values in the order of error_fields; `sql` is the masked SQL. */
static void error_values(const Error *error, const char *sql, Value values[ERROR_FIELDS]) {
  const DriverError *remote = &error->remote;
  Value all[ERROR_FIELDS] = {value_integer(error->code),
                             value_text(error->message),
                             text_or_null(error->block),
                             text_or_null(remote->sqlstate),
                             remote->native ? value_integer(remote->native) : value_null(),
                             text_or_null(remote->detail),
                             text_or_null(remote->hint),
                             text_or_null(remote->constraint),
                             text_or_null(remote->table),
                             text_or_null(remote->column),
                             remote->row ? value_integer(remote->row) : value_null(),
                             text_or_null(sql),
                             value_integer(error_retryable(error)),
                             value_integer(error->outcome_unknown)};
  memcpy(values, all, sizeof all);
}

static void result_object(Connector *connector, sqlite3_context *context, const Value *values) {
  DriverBuffer buffer;
  buffer_init(&buffer, &connector->host);
  for (int i = 0; i < ERROR_FIELDS; i++) {
    buffer_text(&buffer, i ? "," : "{");
    buffer_json_string(&buffer, error_fields[i], strlen(error_fields[i]));
    buffer_text(&buffer, ":");
    json_value(&buffer, &values[i]);
  }
  buffer_text(&buffer, "}");
  if (buffer.failed) {
    sqlite3_result_error_nomem(context);
  } else {
    Value object = value_json(buffer.data);
    value_result(context, &object);
  }
  buffer_clear(&buffer);
}

/* Its own failures do not become the last error. */
static int find_field(sqlite3_value *value, int *field, Error *error) {
  const char *name;
  int code = argument_text(value, "field", &name, NULL, error);
  if (code != SQLITE_OK) return code;
  for (*field = 0; *field < ERROR_FIELDS; (*field)++) {
    if (strcmp(error_fields[*field], name) == 0) return SQLITE_OK;
  }
  error_set(error, SQLITE_ERROR, "connector_error has no field '%s'", name);
  error_suggest(error, name, error_fields, ERROR_FIELDS);
  return error->code;
}

static void last_error(Connector *connector, sqlite3_context *context, int argc,
                       sqlite3_value **argv) {
  int field = -1;
  Error error = {0};
  Value values[ERROR_FIELDS];
  if (argc && find_field(argv[0], &field, &error) != SQLITE_OK) {
    sqlite3_result_error(context, error.message ? error.message : "out of memory", -1);
    error_clear(&error);
    return;
  }
  if (connector->last_error.code == SQLITE_OK) return; /* NULL: nothing has failed */
  char *sql = log_mask(connector->last_error.sql ? connector->last_error.sql : "");
  error_values(&connector->last_error, sql, values);
  if (field >= 0) {
    value_result(context, &values[field]);
  } else {
    result_object(connector, context, values);
  }
  sqlite3_free(sql);
}

/* ---- connector_config ---- */

/* What can be set for this SQLite connection as a whole; all are on or off. */
typedef struct Switch {
  const char *key;
  bool (*get)(const Connector *connector);
  void (*set)(Connector *connector, bool on);
} Switch;

static bool pushdown(const Connector *connector) {
  return !connector->no_pushdown;
}

static void set_pushdown(Connector *connector, bool on) {
  connector->no_pushdown = !on;
}

static const Switch switches[] = {
    {"pushdown", pushdown, set_pushdown},
    {"several_writers", transaction_several_writers, transaction_allow_several_writers},
};

static const char *const switch_names[] = {"pushdown", "several_writers"};

enum { SWITCHES = sizeof switches / sizeof *switches };

static int find_switch(sqlite3_value *key, const Switch **found, Error *error) {
  const char *name;
  int code = argument_text(key, "key", &name, NULL, error);
  if (code != SQLITE_OK) return code;
  for (int i = 0; i < SWITCHES; i++) {
    *found = &switches[i];
    if (strcmp(switches[i].key, name) == 0) return SQLITE_OK;
  }
  error_set(error, SQLITE_ERROR, "connector_config has no key '%s'", name);
  error_suggest(error, name, switch_names, SWITCHES);
  return error->code;
}

static int set_switch(Connector *connector, const Switch *found, sqlite3_value *value,
                      Error *error) {
  const char *text;
  bool on;
  int code = argument_text(value, "value", &text, NULL, error);
  if (code != SQLITE_OK) return code;
  if (!option_boolean(text, &on)) {
    return error_set(error, SQLITE_ERROR, "connector_config('%s'): '%s' is neither on nor off",
                     found->key, text);
  }
  found->set(connector, on);
  return SQLITE_OK;
}

static void config(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  const Switch *found;
  Error error = {0};
  int code = find_switch(argv[0], &found, &error);
  if (code == SQLITE_OK && argc > 1) code = set_switch(connector, found, argv[1], &error);
  if (code != SQLITE_OK) {
    report_error(connector, context, &error);
  } else {
    sqlite3_result_text(context, found->get(connector) ? "on" : "off", -1, SQLITE_STATIC);
  }
}

const CatalogEntry fn_session_entries[] = {
    {.name = "connector_error",
     .kind = CATALOG_FUNCTION,
     .topic = "watch",
     .usage = "connector_error([field])",
     .least = 0,
     .most = 1,
     .meaning =
         "the last failure of this connection as JSON, or one field of it: sqlstate, native, "
         "message, detail, hint, constraint, table, column, sql, retryable …",
     .example = "SELECT connector_error('sqlstate')",
     .function = last_error},
    {.name = "connector_config",
     .kind = CATALOG_FUNCTION,
     .topic = "watch",
     .usage = "connector_config(key [, value])",
     .least = 1,
     .most = 2,
     .meaning = "reads or sets a switch of this connection: pushdown (on) lets servers filter and "
                "sort for "
                "remote tables; several_writers (off) lets two servers write in one transaction, "
                "committed "
                "one after the other",
     .example = "SELECT connector_config('several_writers', 'on')",
     .function = config},
    {0}};
