/*
** block_table.c: a block as a virtual table: a table of the module `connector` with nothing but the block.
**
**   CREATE VIRTUAL TABLE temp.shop USING connector(shop);
**   SELECT row FROM shop('SELECT * FROM orders WHERE city = ?', 'Paris');
**   INSERT INTO shop(operation, p1, p2) SELECT 'INSERT INTO t VALUES (?,?)', a, b FROM local;
**
** INSERT: NULL and "not given" look the same to a virtual table, so the operation's own placeholders say how
** many parameters there are; further ones must be NULL.
*/
#include "block_table.h"
#include "../src/batch.h"
#include "query_table.h"
#include "value.h"
#include <stdlib.h>
#include <string.h>

enum { COLUMN_ROW, COLUMN_OPERATION, COLUMN_P1 };

/* The block's Remote, retained. */
static int block_table_remote(BlockTable *table, Remote **remote, Error *error) {
  return table_block_remote(&table->place, table->base.connector, &table->arguments, remote, error);
}

/* ---- reading ---- */

static int block_start(RowTable *base, const RowArguments *arguments, RowSet **rows, Error *error) {
  Connector *connector = base->connector;
  sqlite3_value **given = arguments->values;
  Call call = {0};
  int count = 0;
  if (!given[0]) return row_table_usage(base, error);
  int code = query_argument_count(arguments, 1, &count, error);
  if (code != SQLITE_OK) return code;
  code = argument_text(given[0], "the operation", &call.operation, &call.size, error);
  if (code == SQLITE_OK) code = block_table_remote((BlockTable *)base, &call.remote, error);
  if (code == SQLITE_OK) {
    code = arguments_from_values(connector, call.remote->dialect, call.operation, call.size,
                                 count - 1, given + 1, &call.arguments, error);
  }
  if (code == SQLITE_OK) code = query_start(connector, &call, rows, error);
  return call_end(&call, code, error);
}

/* ---- writing ---- */

/* How many positional values the operation has places for; -1: it takes them by name. */
static int placeholder_count(const Call *call) {
  Lexer lexer;
  int questions = 0, largest = 0;
  lexer_init(&lexer, call->remote->dialect, call->operation, call->size);
  for (Token token = lexer_next(&lexer); token.kind != TOKEN_END; token = lexer_next(&lexer)) {
    if (token.kind == TOKEN_COLON) return -1;
    if (token.kind == TOKEN_QUESTION) questions++;
    if (token.kind != TOKEN_DOLLAR) continue;
    int number = atoi(token.text + 1);
    if (number > largest) largest = number;
  }
  return largest ? largest : questions;
}

/* The parameters of an INSERTed row: as many as the operation has places, further ones must be NULL. So a
** PostgreSQL `?` operator without any parameter cannot be told from a NULL one here: connector_execute
** can. */
static int inserted_parameters(const Call *call, sqlite3_value **columns, int *count,
                               Error *error) {
  int given = ROW_PARAMETERS, wanted = placeholder_count(call);
  while (given > 0 && sqlite3_value_type(columns[COLUMN_P1 + given - 1]) == SQLITE_NULL)
    given--;
  *count = wanted > given ? wanted : given;
  if (*count <= ROW_PARAMETERS) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "the operation has %d parameters; at most %d can be given",
                   *count, ROW_PARAMETERS);
}

static int check_inserted(const RowShape *shape, sqlite3_value **columns, Error *error) {
  int count = shape->names + 1;
  for (int i = 0; i < count; i++) {
    bool parameter = i >= COLUMN_OPERATION && i < COLUMN_P1 + ROW_PARAMETERS;
    if (!parameter && sqlite3_value_type(columns[i]) != SQLITE_NULL) {
      return error_set(
          error, SQLITE_ERROR,
          "only operation and p1 … p%d can be inserted: the row is an operation to run",
          ROW_PARAMETERS);
    }
  }
  return SQLITE_OK;
}

/* Rows of one statement with the same operation and parameters go in batches; anything else alone. */
static int run_inserted(Call *call, Error *error) {
  const Arguments *arguments = &call->arguments.arguments;
  StatementClass class = statement_class(call->remote->dialect, call->operation, call->size);
  if (class == STATEMENT_WRITE && (arguments->named || arguments->positional_count)) {
    return batch_add(call->remote, call->operation, call->size, arguments, error);
  }
  int64_t affected;
  return execute_operation(call->remote, call->operation, call->size, arguments, &affected, error);
}

static int insert(BlockTable *table, sqlite3_value **columns, Error *error) {
  Connector *connector = table->base.connector;
  Call call = {0};
  int count = 0;
  int code = check_inserted(&table->base.shape, columns, error);
  if (code != SQLITE_OK) return code;
  code = argument_text(columns[COLUMN_OPERATION], "operation", &call.operation, &call.size, error);
  if (code == SQLITE_OK) code = block_table_remote(table, &call.remote, error);
  if (code == SQLITE_OK) code = inserted_parameters(&call, columns, &count, error);
  if (code == SQLITE_OK) {
    code = arguments_from_values(connector, call.remote->dialect, call.operation, call.size, count,
                                 columns + COLUMN_P1, &call.arguments, error);
  }
  if (code == SQLITE_OK) code = run_inserted(&call, error);
  return call_end(&call, code, error);
}

static int block_update(sqlite3_vtab *base, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  BlockTable *table = (BlockTable *)base;
  Connector *connector = table->base.connector;
  Error error = {0};
  int code;
  if (argc == 1 || sqlite3_value_type(argv[0]) != SQLITE_NULL) {
    code = error_set(
        &error, SQLITE_READONLY,
        "the table of connector '%s' takes no UPDATE or DELETE: give the statement as "
        "operation: INSERT INTO …(operation, p1) VALUES ('DELETE FROM t WHERE id = ?', 1)",
        table->arguments.block);
  } else {
    /* OP_VUpdate makes this the last_insert_rowid, which an execute must leave alone. */
    *rowid = sqlite3_last_insert_rowid(connector->db);
    code = insert(table, argv + 2, &error);
  }
  return code == SQLITE_OK ? SQLITE_OK : report_table_error(connector, base, &error);
}

/* ---- making and opening ---- */

static char *usage_text(const char *table) {
  return sqlite3_mprintf(
      "SELECT row FROM %s(operation [, parameter …]) or INSERT INTO %s(operation "
      "[, p1 …]) VALUES (…); an UPDATE or DELETE is given as operation",
      table, table);
}

/* Declares the columns and fills the table, whose arguments are parsed. */
static int build(sqlite3 *db, Connector *connector, const char *schema, const char *name,
                 BlockTable *table, Error *error) {
  RowShape shape;
  int code = row_table_declare(db, "operation HIDDEN", 1, ROW_PARAMETERS, &shape);
  if (code != SQLITE_OK) return error_set(error, code, "%s", sqlite3_errmsg(db));
  /* A block table runs whatever text it is given. Only the user's own temp views and triggers can reach one
  ** in temp; elsewhere the schema may hold a view or trigger from somewhere else. */
  if (sqlite3_stricmp(schema, "temp") != 0) sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  char *usage = usage_text(name);
  table->base.start = block_start;
  code = usage ? row_table_init(&table->base, connector, &shape, usage) : SQLITE_NOMEM;
  sqlite3_free(usage);
  if (code == SQLITE_OK) code = table_place_init(&table->place, db, schema, name);
  return code == SQLITE_OK ? code : error_memory(error);
}

static void table_free(BlockTable *table) {
  row_table_clear(&table->base);
  module_arguments_clear(&table->arguments);
  table_place_clear(&table->place);
  sqlite3_free(table);
}

static const sqlite3_module block_methods;

int block_table_make(Connector *connector, const char *schema, const char *name,
                     ModuleArguments *arguments, bool create, BlockTable **result, Error *error) {
  BlockTable *table = sqlite3_malloc64(sizeof *table);
  if (!table) {
    module_arguments_clear(arguments);
    return error_memory(error);
  }
  *table = (BlockTable){.arguments = *arguments};
  table->base.kind = &block_methods;
  int code = build(connector->db, connector, schema, name, table, error);
  if (code == SQLITE_OK && create)
    code = table_block_create(&table->place, connector, &table->arguments, error);
  if (code == SQLITE_OK)
    *result = table;
  else
    table_free(table);
  return code;
}

static int block_disconnect(sqlite3_vtab *base) {
  table_free((BlockTable *)base);
  return SQLITE_OK;
}

/* The table's name is in its usage line only, which a rename leaves behind until the next connect. */
static int block_rename(sqlite3_vtab *base, const char *name) {
  (void)base, (void)name;
  return SQLITE_OK;
}

static const sqlite3_module block_methods = {
    .xDisconnect = block_disconnect,
    .xDestroy = block_disconnect,
    .xUpdate = block_update,
    .xRename = block_rename,
    ROW_TABLE_METHODS,
};
