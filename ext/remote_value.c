/*
** remote_value.c: see remote_value.h.
*/
#include "remote_value.h"
#include "../src/affinity.h"
#include "value.h"
#include <string.h>

static int own_text(RemoteValues *values, Value *value, Error *error) {
  char *copy = sqlite3_malloc64(value->bytes.size + 1);
  if (!copy) return error_memory(error);
  memcpy(copy, value->bytes.data, value->bytes.size);
  values->owned[values->owned_count++] = copy;
  value->bytes.data = copy;
  return SQLITE_OK;
}

static bool is_class(const RemoteTable *table, int column, const char *name) {
  const char *class_name = table->columns[column].class_name;
  return class_name && !strcmp(class_name, name);
}

/* MySQL would round the number and say nothing. */
static int refuse_fraction(const RemoteTable *table, int column, Error *error) {
  return error_set(error, SQLITE_MISMATCH,
                   "column \"%s\" of remote table %s: the number has a fraction or is out of range "
                   "(integer is expected)",
                   table->columns[column].name, table->place.table);
}

/* Bytes for a column of texts are a text: by itself PostgreSQL would store '\\x…', how it prints them. */
static bool holds_texts(const RemoteTable *table, int column) {
  return is_class(table, column, "text") || is_class(table, column, "char") ||
         is_class(table, column, "latin1") || is_class(table, column, "foreign");
}

static bool is_number(const Value *value) {
  return value->type == VALUE_INTEGER || value->type == VALUE_REAL;
}

static int unknown_class(const RemoteTable *table, int column, const char *option, Error *error) {
  const char *name = table->columns[column].name;
  return error_set(error, SQLITE_MISMATCH,
                   "column \"%s\" of remote table %s: the block has the option %s, and the table "
                   "does not tell what the number is on the server: declare the column with REMOTE "
                   "and its class (connector_columns shows it), or let connector_attach make the "
                   "table",
                   name, table->place.table, option);
}

/* What the server takes for the column, where its driver must be told of which class that is. */
static int fit_value(RemoteValues *values, int column, Value *value, Error *error) {
  const Driver *driver = values->remote->driver;
  const PushColumn *known = &values->table->columns[column];
  bool number = is_number(value);
  if (!driver->column_value) return SQLITE_OK;
  if (!known->class_name) {
    bool moment = number && known->affinity == AFFINITY_NUMERIC; /* as times are declared then */
    if (!moment || !block_option_is(values->remote->block, "timestamp", "unix")) return SQLITE_OK;
    return unknown_class(values->table, column, "timestamp=unix", error);
  }
  bool unix_time = number && !strncmp(known->class_name, "timestamp", 9) &&
                   block_option_is(values->remote->block, "timestamp", "unix");
  DriverBuffer room;
  buffer_init(&room, &values->table->connector->host);
  const char *wrong = driver->column_value(known->class_name, unix_time, value, &room);
  int code = SQLITE_OK;
  if (wrong)
    code = error_set(error, SQLITE_MISMATCH, "column \"%s\" of remote table %s: %s", known->name,
                     values->table->place.table, wrong);
  else if (room.failed)
    code = error_memory(error);
  else if (room.size > 0)
    code = own_text(values, value, error);
  buffer_clear(&room);
  return code;
}

/* As a column of SQLite would hold it. */
static int apply_affinity(RemoteValues *values, int column, Value *value, Error *error) {
  Affinity affinity = values->table->columns[column].affinity;
  if (affinity_keeps(affinity, value)) return SQLITE_OK;
  bool json = value->json;
  const char *bytes = value->type >= VALUE_TEXT ? value->bytes.data : NULL;
  int code = affinity_apply(values->table->connector, affinity, value, error);
  if (code != SQLITE_OK || value->type != VALUE_TEXT) return code;
  value->json = json;
  return value->bytes.data == bytes ? SQLITE_OK : own_text(values, value, error);
}

int remote_value_take(RemoteValues *values, int column, sqlite3_value *from, Value *value,
                      Error *error) {
  int code = value_get(from, value);
  if (code != SQLITE_OK) return error_memory(error);
  if (value->type == VALUE_TEXT && !value->json)
    value->json =
        is_class(values->table, column, "json") || is_class(values->table, column, "array");
  if (values->remote->dialect->dynamic_types) return SQLITE_OK;
  if (value->type == VALUE_BLOB && holds_texts(values->table, column)) value->type = VALUE_TEXT;
  /* before a column that is declared as TEXT makes a text of its digits, and of the number that another makes of a text */
  code = fit_value(values, column, value, error);
  if (code == SQLITE_OK) code = apply_affinity(values, column, value, error);
  if (code == SQLITE_OK && value->type == VALUE_REAL && is_class(values->table, column, "integer"))
    return refuse_fraction(values->table, column, error);
  return code == SQLITE_OK ? fit_value(values, column, value, error) : code;
}

int remote_value_key(RemoteValues *values, int column, Value *value, Error *error) {
  bool known = values->table->columns[column].class_name != NULL;
  if (known) return SQLITE_OK;
  if (value->type == VALUE_REAL && values->remote->dialect->key_texts &&
      block_option_is(values->remote->block, "numeric", "real"))
    return unknown_class(values->table, column, "numeric=real", error);
  return fit_value(values, column, value, error);
}

void remote_values_clear(RemoteValues *values) {
  for (size_t i = 0; i < values->owned_count; i++)
    sqlite3_free(values->owned[i]);
  values->owned_count = 0;
}
