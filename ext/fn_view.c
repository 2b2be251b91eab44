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
#include "call.h"
#include "catalog.h"
#include "query_columns.h"
#include "value.h"
#include <string.h>

#define DEFAULT_NAME "q"

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

static char *create_text(const Call *call, const char *name, const QueryColumns *columns) {
  size_t count = columns->column_count + columns->parameter_count;
  sqlite3_str *text = sqlite3_str_new(NULL);
  sqlite3_str_appendf(text, "CREATE VIRTUAL TABLE temp.\"%w\" USING connector(\"%w\", query=%Q",
                      name, call->name, call->operation);
  for (size_t i = 0; i < count; i++) {
    char *column = query_columns_text(columns, call->remote->dialect, i);
    if (!column) {
      sqlite3_free(sqlite3_str_finish(text));
      return NULL;
    }
    sqlite3_str_appendf(text, ", %s", column);
    sqlite3_free(column);
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
                      const QueryColumns *columns, Error *error) {
  bool ours = false;
  int code = find_table(db, name, &ours, error);
  if (code == SQLITE_OK && ours && !overwrite) {
    code = error_set(error, SQLITE_ERROR, "temp.%s exists already", name);
  } else if (code == SQLITE_OK && ours) {
    code = run(db, sqlite3_mprintf("DROP TABLE temp.\"%w\"", name), error);
  }
  if (code == SQLITE_OK) code = run(db, create_text(call, name, columns), error);
  if (code != SQLITE_OK) error_wrap(error, "connector_view '%s'", name);
  return code;
}

static int make_view(Connector *connector, const Call *call, const char *name, bool overwrite,
                     Error *error) {
  QueryColumns columns = {0};
  int code = query_columns_learn(call->remote, call->operation, call->size, &columns, error);
  if (code == SQLITE_OK) code = make_table(connector->db, call, name, overwrite, &columns, error);
  query_columns_clear(&columns);
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
