/*
** query_columns.c: see query_columns.h. The server describes the query: it is prepared with all parameters NULL, and
** not run.
*/
#include "query_columns.h"
#include "../src/lexer.h"
#include "../src/parameters.h"
#include "../src/transaction.h"
#include "arguments.h"
#include "column_names.h"
#include "value.h"
#include <string.h>

/* ---------------------------------------------------------------- what the server says of the query */

void query_columns_clear(QueryColumns *columns) {
  sqlite3_free(columns->names);
  sqlite3_free(columns->types);
  sqlite3_free(columns->classes);
  *columns = (QueryColumns){0};
}

static char *append_text(char **at, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

/* Copies names and types of a prepared statement, and adds the parameters' names. */
static int describe_columns(const Driver *driver, DriverStatement *statement, char **parameters,
                            QueryColumns *description, Error *error) {
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
                         QueryColumns *description, Error *error) {
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
static int describe_bound(Remote *remote, const char *operation, size_t size, char **parameters,
                          size_t count, JsonItem *items, Value *values, QueryColumns *description,
                          Error *error) {
  Bound bound = {0};
  for (size_t i = 0; i < count; i++) {
    values[i] = value_null();
    items[i] = (JsonItem){.key = parameters[i], .kind = JSON_NULL, .value = values[i]};
  }
  JsonItems object = {.is_object = true, .count = count, .items = items};
  Arguments arguments = {0};
  if (arguments_are_named(remote->dialect, operation, size)) {
    arguments.named = &object;
  } else {
    arguments.positional = values;
    arguments.positional_count = count;
  }
  int code = parameters_bind(remote->dialect, operation, size, &arguments, &bound, error);
  if (code == SQLITE_OK) code = prepare_query(remote, &bound, parameters, description, error);
  bound_clear(&bound);
  return code;
}

/* Can the statement stand in FROM (…)? */
static bool is_select(const DriverDialect *dialect, const char *operation, size_t size) {
  Lexer lexer;
  lexer_init(&lexer, dialect, operation, size);
  Token token = lexer_next(&lexer);
  while (token.kind == TOKEN_SPACE)
    token = lexer_next(&lexer);
  return token_is(&token, "SELECT") || token_is(&token, "WITH");
}

int query_columns_learn(Remote *remote, const char *operation, size_t size,
                        QueryColumns *description, Error *error) {
  const char *block = remote->block->name;
  char **parameters;
  size_t count;
  if (statement_class(remote->dialect, operation, size) != STATEMENT_READ)
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': a query, one SELECT, is wanted here, and this is none, or "
                     "changes something: connector_attach makes tables of tables, "
                     "connector_execute and connector_query('%s', …) run what changes something",
                     block, block);
  int code = parameter_names(remote->dialect, operation, size, &parameters, &count, error);
  if (code != SQLITE_OK) return code;
  description->parameter_count = count;
  JsonItem *items = sqlite3_malloc64((count + 1) * sizeof *items);
  Value *values = sqlite3_malloc64((count + 1) * sizeof *values);
  code = items && values ? describe_bound(remote, operation, size, parameters, count, items, values,
                                          description, error)
                         : error_memory(error);
  sqlite3_free(items);
  sqlite3_free(values);
  sqlite3_free(parameters);
  if (code == SQLITE_OK && description->column_count == 0)
    code = error_set(error, SQLITE_ERROR,
                     "connector '%s': the operation gives no rows: use connector_execute('%s', …)",
                     block, block);
  description->unique = description->unique && is_select(remote->dialect, operation, size);
  return code;
}

/* ---------------------------------------------------------------- as arguments of CREATE VIRTUAL TABLE */

/* What is known of a column's values, so that tests of them can be left to the server. */
static void print_class(sqlite3_str *text, const DriverDialect *dialect, const char *class_name) {
  bool is_text = strcmp(class_name, "text") == 0;
  if (is_text && dialect->query_text) class_name = dialect->query_text;
  /* of a SQLite file neither collation nor encoding is known here */
  const char *compare = dialect->dynamic_types ? " equality" : is_text ? " inexact" : "";
  sqlite3_str_appendf(text, " REMOTE %s%s", class_name, compare);
}

char *query_columns_text(const QueryColumns *description, const DriverDialect *dialect,
                         size_t index) {
  size_t visible = description->column_count;
  if (index >= visible + description->parameter_count) return NULL;
  sqlite3_str *text = sqlite3_str_new(NULL);
  sqlite3_str_appendf(text, "\"%w\"", description->names[index]);
  if (index >= visible) {
    sqlite3_str_appendall(text, " HIDDEN");
  } else {
    const char *type = description->types[index];
    sqlite3_str_appendf(text, "%s%s", *type ? " " : "", type);
    if (description->unique) print_class(text, dialect, description->classes[index]);
  }
  return sqlite3_str_finish(text);
}
