/*
** fn_view.c: connector_view(name, operation [, as [, options]]): a remote query as a table with real columns.
**
**   SELECT connector_view('shop', 'SELECT id, name FROM customers WHERE city = :city', 'in_city');
**   SELECT * FROM in_city('Paris');
**
** The server describes the query (it is prepared, not run), and the columns, their types and one hidden column
** per parameter are written into `CREATE VIRTUAL TABLE temp."in_city" USING connector(shop, query='…', …)`.
** The temp schema is this connection's own: the table is gone with it.
**
** Relies on connector_module.c for the module and on remote_table.h for what a scan does.
*/
#include "../src/options.h"
#include "../src/transaction.h"
#include "call.h"
#include "catalog.h"
#include "column_names.h"
#include "value.h"
#include <string.h>

#define DEFAULT_NAME "q"

/* ---- what the server says of the query ---- */

typedef struct Description {
  char **names; /* columns, then parameters; one piece of memory each */
  char **types;
  const char **classes; /* of the columns; static */
  bool unique;          /* the server's names are, so that a filter can be put around the query */
  size_t column_count, parameter_count;
} Description;

static void description_clear(Description *description) {
  sqlite3_free(description->names);
  sqlite3_free(description->types);
  sqlite3_free(description->classes);
  *description = (Description){0};
}

static char *append_text(char **at, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

/* Copies names and types of a prepared statement, and adds the parameters' names. */
static int describe_columns(const Driver *driver, DriverStatement *statement, char **parameters,
                            Description *description, Error *error) {
  size_t columns = driver->column_count(statement), size = 0, types = 0;
  size_t count = columns + description->parameter_count;
  DriverColumn column;
  for (size_t i = 0; i < columns; i++) {
    driver->column(statement, i, &column);
    size += strlen(column.name) + 1;
    types += strlen(column.sqlite_type) + 1;
  }
  for (size_t i = 0; i < description->parameter_count; i++)
    size += strlen(parameters[i]) + 1;
  char **names = sqlite3_malloc64((count + 1) * sizeof *names + size);
  description->types = sqlite3_malloc64((columns + 1) * sizeof *description->types + types);
  description->classes = sqlite3_malloc64((columns + 1) * sizeof *description->classes);
  if (names && description->types && description->classes) {
    char *name = (char *)(names + count + 1);
    char *type = (char *)(description->types + columns + 1);
    for (size_t i = 0; i < columns; i++) {
      driver->column(statement, i, &column);
      names[i] = append_text(&name, column.name);
      description->types[i] = append_text(&type, column.sqlite_type);
      description->classes[i] = column.class_name;
    }
    for (size_t i = columns; i < count; i++)
      names[i] = append_text(&name, parameters[i - columns]);
    description->names = column_names_unique(names, count);
    description->unique = description->names != NULL;
    for (size_t i = 0; description->unique && i < columns; i++)
      description->unique = strcmp(names[i], description->names[i]) == 0;
  }
  sqlite3_free(names);
  description->column_count = columns;
  return description->names ? SQLITE_OK : error_memory(error);
}

/* A statement that the connection keeps prepared has the columns that it had then; while that one is in use
** the text is prepared anew. The ping is for SQLite, which looks at the file when a statement runs only. */
static DriverStatus prepare_anew(const Driver *driver, DriverConnection *connection,
                                 const Bound *bound, DriverStatement **statement,
                                 DriverError *failure) {
  DriverStatement *kept;
  DriverStatus status = driver->ping(connection, failure);
  if (status == DRIVER_OK)
    status = driver->prepare(connection, bound->sql, bound->sql_size, &kept, failure);
  if (status != DRIVER_OK) return status;
  status = driver->prepare(connection, bound->sql, bound->sql_size, statement, failure);
  driver->finish(kept);
  return status;
}

static int prepare_query(Remote *remote, const Bound *bound, char **parameters,
                         Description *description, Error *error) {
  Turn turn;
  DriverStatement *statement;
  DriverError failure = {0};
  int code = transaction_enter(remote, TURN_READ, &turn, error);
  if (code != SQLITE_OK) return code;
  code = transaction_send(&turn, error);
  if (code == SQLITE_OK) {
    link_deadline(turn.link);
    if (prepare_anew(remote->driver, turn.link->connection, bound, &statement, &failure) !=
        DRIVER_OK) {
      code = error_remote(error, &failure, remote->block->name, "prepare", bound->sql);
    } else {
      code = describe_columns(remote->driver, statement, parameters, description, error);
      remote->driver->finish(statement);
    }
  }
  return transaction_leave(&turn, code, error);
}

/* All parameters NULL: enough to be prepared. `items` and `values` have room for `count`. */
static int describe_bound(Remote *remote, const Call *call, char **parameters, size_t count,
                          JsonItem *items, Value *values, Description *description, Error *error) {
  Bound bound = {0};
  for (size_t i = 0; i < count; i++) {
    values[i] = value_null();
    items[i] = (JsonItem){.key = parameters[i], .kind = JSON_NULL, .value = values[i]};
  }
  JsonItems object = {.is_object = true, .count = count, .items = items};
  Arguments arguments = {0};
  if (arguments_are_named(remote->dialect, call->operation, call->size)) {
    arguments.named = &object;
  } else {
    arguments.positional = values;
    arguments.positional_count = count;
  }
  int code =
      parameters_bind(remote->dialect, call->operation, call->size, &arguments, &bound, error);
  if (code == SQLITE_OK) code = prepare_query(remote, &bound, parameters, description, error);
  bound_clear(&bound);
  return code;
}

static int describe(const Call *call, Description *description, Error *error) {
  Remote *remote = call->remote;
  char **parameters;
  size_t count;
  if (statement_class(remote->dialect, call->operation, call->size) != STATEMENT_READ) {
    return error_set(
        error, SQLITE_ERROR,
        "connector '%s': connector_view takes a query, one SELECT, and this is none, or "
        "changes something: connector_attach makes tables of tables, connector_execute "
        "and connector_query('%s', …) run what changes something",
        call->name, call->name);
  }
  int code =
      parameter_names(remote->dialect, call->operation, call->size, &parameters, &count, error);
  if (code != SQLITE_OK) return code;
  description->parameter_count = count;
  JsonItem *items = sqlite3_malloc64((count + 1) * sizeof *items);
  Value *values = sqlite3_malloc64((count + 1) * sizeof *values);
  code = items && values
             ? describe_bound(remote, call, parameters, count, items, values, description, error)
             : error_memory(error);
  sqlite3_free(items);
  sqlite3_free(values);
  sqlite3_free(parameters);
  if (code == SQLITE_OK && description->column_count == 0) {
    code = error_set(error, SQLITE_ERROR,
                     "connector '%s': the operation gives no rows: use connector_execute('%s', …)",
                     call->name, call->name);
  }
  return code;
}

/* ---- the table ---- */

/* Looks for the table that is to be replaced: *ours, or something else, which is an error. */
static int find_table(sqlite3 *db, const char *name, bool *ours, Error *error) {
  sqlite3_stmt *statement;
  int code = sqlite3_prepare_v2(db,
                                "SELECT sql LIKE 'CREATE VIRTUAL TABLE%USING connector(%' FROM "
                                "sqlite_temp_schema WHERE name = ?1 COLLATE NOCASE AND type IN "
                                "('table', 'view')",
                                -1, &statement, NULL);
  *ours = false;
  bool other = false;
  if (code == SQLITE_OK) {
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW) {
      *ours = sqlite3_column_int(statement, 0) == 1;
      other = !*ours;
    }
    code = sqlite3_finalize(statement);
  }
  if (code != SQLITE_OK) return error_set(error, code, "%s", sqlite3_errmsg(db));
  if (!other) return SQLITE_OK;
  return error_set(
      error, SQLITE_ERROR,
      "temp.%s exists and was not made by connector_view: give another name as the third "
      "argument",
      name);
}

/* Can the statement stand in FROM (…)? */
static bool is_select(const Call *call) {
  Lexer lexer;
  lexer_init(&lexer, call->remote->dialect, call->operation, call->size);
  Token token = lexer_next(&lexer);
  while (token.kind == TOKEN_SPACE)
    token = lexer_next(&lexer);
  return token_is(&token, "SELECT") || token_is(&token, "WITH");
}

/* What is known of a column's values, so that tests of them can be left to the server. */
static void print_class(sqlite3_str *text, const DriverDialect *dialect, const char *class_name) {
  bool is_text = strcmp(class_name, "text") == 0;
  if (is_text && dialect->query_text) class_name = dialect->query_text;
  /* of a SQLite file neither collation nor encoding is known here */
  const char *compare = dialect->dynamic_types ? " equality" : is_text ? " inexact" : "";
  sqlite3_str_appendf(text, " REMOTE %s%s", class_name, compare);
}

static char *create_text(const Call *call, const char *name, const Description *description) {
  bool classes = description->unique && is_select(call);
  sqlite3_str *text = sqlite3_str_new(NULL);
  sqlite3_str_appendf(text, "CREATE VIRTUAL TABLE temp.\"%w\" USING connector(\"%w\", query=%Q",
                      name, call->name, call->operation);
  for (size_t i = 0; i < description->column_count; i++) {
    sqlite3_str_appendf(text, ", \"%w\"%s%s", description->names[i],
                        *description->types[i] ? " " : "", description->types[i]);
    if (classes) print_class(text, call->remote->dialect, description->classes[i]);
  }
  for (size_t i = 0; i < description->parameter_count; i++) {
    sqlite3_str_appendf(text, ", \"%w\" HIDDEN", description->names[description->column_count + i]);
  }
  sqlite3_str_appendall(text, ")");
  return sqlite3_str_finish(text);
}

static int run(sqlite3 *db, char *sql, Error *error) {
  if (!sql) return error_memory(error);
  int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
  sqlite3_free(sql);
  if (code == SQLITE_OK) return SQLITE_OK;
  return error_set(error, code, "%s", sqlite3_errmsg(db));
}

/* In place of the one with that name, if it is ours. */
static int make_table(sqlite3 *db, const Call *call, const char *name, bool overwrite,
                      const Description *description, Error *error) {
  bool ours = false;
  int code = find_table(db, name, &ours, error);
  if (code == SQLITE_OK && ours && !overwrite) {
    code = error_set(error, SQLITE_ERROR, "temp.%s exists already", name);
  } else if (code == SQLITE_OK && ours) {
    code = run(db, sqlite3_mprintf("DROP TABLE temp.\"%w\"", name), error);
  }
  if (code == SQLITE_OK) code = run(db, create_text(call, name, description), error);
  if (code != SQLITE_OK) error_wrap(error, "connector_view '%s'", name);
  return code;
}

static int make_view(Connector *connector, const Call *call, const char *name, bool overwrite,
                     Error *error) {
  Description description = {0};
  int code = describe(call, &description, error);
  if (code == SQLITE_OK) {
    code = make_table(connector->db, call, name, overwrite, &description, error);
  }
  description_clear(&description);
  return code;
}

static int read_options(Connector *connector, sqlite3_value *value, bool *overwrite, Error *error) {
  static const char *const valid[] = {"overwrite"};
  const char *text;
  size_t size;
  OptionList list = {0};
  *overwrite = true;
  int code = argument_optional(value, "options", &text, &size, error);
  if (code != SQLITE_OK || !text) return code;
  code = option_list_parse(connector, text, size, &list, error);
  for (size_t i = 0; i < list.count && code == SQLITE_OK; i++) {
    const OptionPair *pair = &list.pairs[i];
    if (strcmp(pair->key, valid[0]) != 0) {
      code = error_set(error, SQLITE_ERROR, "unknown option '%s' of connector_view", pair->key);
      error_suggest(error, pair->key, valid, 1);
    } else if (!pair->value || !option_boolean(pair->value, overwrite)) {
      code = error_set(error, SQLITE_ERROR, "option overwrite must be true or false");
    }
  }
  option_list_clear(&list);
  return code;
}

static void view(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  Call call;
  Error error = {0};
  const char *name = NULL;
  bool overwrite = true;
  int code = call_begin(connector, 2, argv, &call, &error);
  if (code == SQLITE_OK) {
    code = argument_optional(argc > 2 ? argv[2] : NULL, "the table's name", &name, NULL, &error);
  }
  if (code == SQLITE_OK) {
    code = read_options(connector, argc > 3 ? argv[3] : NULL, &overwrite, &error);
  }
  if (!name || !*name) name = DEFAULT_NAME;
  if (code == SQLITE_OK) code = make_view(connector, &call, name, overwrite, &error);
  code = call_end(&call, code, &error);
  if (code != SQLITE_OK) {
    report_error(connector, context, &error);
  } else {
    sqlite3_result_text(context, name, -1, SQLITE_TRANSIENT);
  }
}

const CatalogEntry fn_view_entries[] = {
    {.name = "connector_view",
     .kind = CATALOG_FUNCTION,
     .topic = "query",
     .usage = "connector_view(name, operation [, as [, options]])",
     .least = 2,
     .most = 4,
     .meaning =
         "makes the table temp.<as> (default q) of a query, with real columns and its parameters "
         "as arguments; gives its name",
     .example = "SELECT connector_view('shop', 'SELECT * FROM orders WHERE city = :city', 'q'); "
                "SELECT * FROM q('Paris')",
     .function = view},
    {0}};
