/*
** block_table.c: a block as a virtual table, and the module for all tables made by hand or by
** connector_view.
**
**   CREATE VIRTUAL TABLE temp.shop USING connector(shop);
**   SELECT row FROM shop('SELECT * FROM orders WHERE city = ?', 'Paris');
**   INSERT INTO shop(operation, p1, p2) SELECT 'INSERT INTO t VALUES (?,?)', a, b FROM local;
**
** xCreate is the user's own command and checks that the block exists. xConnect also runs when a file is
** opened, for PRAGMA table_list, for ALTER TABLE … RENAME of any table: it looks nothing up, dials nothing
** and does not fail because of a block. What is wrong then is said by the first use.
**
** A table that lies in a database file could be somebody else's: table_place.c says at each use whether it may
** be used.
**
** INSERT: NULL and "not given" look the same to a virtual table, so the operation's own placeholders say how
** many parameters there are; further ones must be NULL.
*/
#include "block_table.h"
#include "../src/batch.h"
#include "../src/block_set.h"
#include "query_table.h"
#include "row_identity.h"
#include "value.h"
#include <stdlib.h>
#include <string.h>

enum { COLUMN_ROW, COLUMN_OPERATION, COLUMN_P1 };

/* ---- what the table is about ---- */

static TableAsk table_ask(const BlockTable *table) {
  if (table->arguments.is_url) return ASK_URL;
  return table->arguments.query ? ASK_BLOCK : ASK_OPERATION;
}

/* An inline URL is a block of this connection with a name made from its text. */
static int inline_block(Connector *connector, const char *url, char **name, Error *error) {
  uint64_t hash = row_hash(ROW_HASH_START, url, strlen(url));
  Block *block;
  Error unknown = {0};
  *name = sqlite3_mprintf("inline-%016llx", (unsigned long long)hash);
  if (!*name) return error_memory(error);
  int code = block_find(connector, *name, &block, &unknown);
  error_clear(&unknown);
  if (code != SQLITE_OK) {
    code = block_parse(connector, *name, url, strlen(url), NULL, 0, false, NULL, &block, error);
    if (code != SQLITE_OK) return code;
    code = block_open(connector, block, error);
  }
  block_release(block);
  return code;
}

int block_table_remote(BlockTable *table, Remote **remote, Error *error) {
  Connector *connector = table->base.connector;
  char *name = NULL;
  int code =
      table_place_check(&table->place, connector, table_ask(table), table->arguments.block, error);
  if (code == SQLITE_OK && table->arguments.is_url) {
    code = inline_block(connector, table->arguments.block, &name, error);
  }
  if (code == SQLITE_OK) {
    code = remote_get(connector, name ? name : table->arguments.block, remote, error);
  }
  if (code == SQLITE_OK) remote_retain(*remote);
  sqlite3_free(name);
  return code;
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
  if (table->arguments.query) {
    code = error_set(&error, SQLITE_READONLY,
                     "a remote query is read-only: write by connector_execute('%s', …)",
                     table->arguments.block);
  } else if (argc == 1 || sqlite3_value_type(argv[0]) != SQLITE_NULL) {
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

static int declare_view(sqlite3 *db, const ModuleArguments *arguments, RowShape *shape) {
  sqlite3_str *text = sqlite3_str_new(db);
  for (int i = 0; i < arguments->column_count; i++) {
    sqlite3_str_appendf(text, "%s%s", i ? ", " : "CREATE TABLE x(",
                        arguments->columns[i].definition);
  }
  sqlite3_str_appendall(text, ", \"connector surplus\" HIDDEN)");
  char *sql = sqlite3_str_finish(text);
  if (!sql) return SQLITE_NOMEM;
  int code = sqlite3_declare_vtab(db, sql);
  sqlite3_free(sql);
  *shape = (RowShape){.row = ROW_NONE,
                      .names = ROW_NONE,
                      .values = 0,
                      .value_count = arguments->visible_count,
                      .arguments = arguments->visible_count,
                      .argument_count = arguments->column_count - arguments->visible_count};
  return code;
}

static char *usage_text(const char *table, const ModuleArguments *arguments) {
  if (!arguments->query) {
    return sqlite3_mprintf(
        "SELECT row FROM %s(operation [, parameter …]) or INSERT INTO %s(operation "
        "[, p1 …]) VALUES (…); an UPDATE or DELETE is given as operation",
        table, table);
  }
  sqlite3_str *text = sqlite3_str_new(NULL);
  sqlite3_str_appendf(text, "SELECT * FROM %s", table);
  for (int i = arguments->visible_count; i < arguments->column_count; i++) {
    sqlite3_str_appendf(text, "%s%s", i == arguments->visible_count ? "(" : ", ",
                        arguments->columns[i].name);
  }
  if (arguments->column_count > arguments->visible_count) sqlite3_str_appendall(text, ")");
  return sqlite3_str_finish(text);
}

/* Declares the columns and fills the table, whose arguments are parsed. */
static int build(sqlite3 *db, Connector *connector, const char *schema, const char *name,
                 BlockTable *table, Error *error) {
  RowShape shape;
  bool view = table->arguments.query != NULL;
  int code = view ? declare_view(db, &table->arguments, &shape)
                  : row_table_declare(db, "operation HIDDEN", 1, ROW_PARAMETERS, &shape);
  if (code != SQLITE_OK) return error_set(error, code, "%s", sqlite3_errmsg(db));
  /* A block table runs whatever text it is given. Only the user's own temp views and triggers can reach one
  ** in temp; elsewhere the schema may hold a view or trigger from somewhere else. */
  if (!view && sqlite3_stricmp(schema, "temp") != 0) {
    sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  }
  char *usage = usage_text(name, &table->arguments);
  table->base.start = view ? view_table_start : block_start;
  code = usage ? row_table_init(&table->base, connector, &shape, usage) : SQLITE_NOMEM;
  sqlite3_free(usage);
  if (code == SQLITE_OK) code = table_place_init(&table->place, db, schema, name);
  return code == SQLITE_OK ? SQLITE_OK : error_memory(error);
}

static void table_free(BlockTable *table) {
  row_table_clear(&table->base);
  module_arguments_clear(&table->arguments);
  table_place_clear(&table->place);
  sqlite3_free(table);
}

static int check_created(BlockTable *table, Error *error) {
  Connector *connector = table->base.connector;
  const char *block = table->arguments.block;
  TableAsk ask = table_ask(table);
  char *name = NULL;
  Block *found = NULL;
  if (ask == ASK_URL) {
    int code = table_place_create(&table->place, connector, ask, block, error);
    if (code == SQLITE_OK) code = inline_block(connector, block, &name, error);
    sqlite3_free(name);
    return code;
  }
  int code = block_find(connector, block, &found, error);
  if (code == SQLITE_OK) code = table_place_create(&table->place, connector, ask, block, error);
  block_release(found);
  return code;
}

static int make(sqlite3 *db, void *aux, int argc, const char *const *argv, bool create,
                sqlite3_vtab **result, char **message) {
  Connector *connector = ((CatalogBinding *)aux)->connector;
  Error error = {0};
  BlockTable *table = sqlite3_malloc64(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  *table = (BlockTable){0};
  int code = module_arguments_parse(argc - 3, argv + 3, &table->arguments, &error);
  if (code == SQLITE_OK) code = build(db, connector, argv[1], argv[2], table, &error);
  if (code == SQLITE_OK && create) code = check_created(table, &error);
  if (code == SQLITE_OK) {
    *result = &table->base.base;
    return SQLITE_OK;
  }
  *message = error.message ? sqlite3_mprintf("%s", error.message) : NULL;
  error_move(&connector->last_error, &error);
  table_free(table);
  return code;
}

static int block_create(sqlite3 *db, void *aux, int argc, const char *const *argv,
                        sqlite3_vtab **result, char **message) {
  return make(db, aux, argc, argv, true, result, message);
}

static int block_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **result, char **message) {
  return make(db, aux, argc, argv, false, result, message);
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

static const sqlite3_module block_module = {
    .xCreate = block_create,
    .xConnect = block_connect,
    .xDisconnect = block_disconnect,
    .xDestroy = block_disconnect,
    .xUpdate = block_update,
    .xRename = block_rename,
    ROW_TABLE_METHODS,
};

const CatalogEntry block_table_entries[] = {
    {.name = "connector",
     .kind = CATALOG_MODULE,
     .topic = "tables",
     .usage = "CREATE VIRTUAL TABLE temp.t USING connector(name [, query='SELECT …', column …])",
     .least = 1,
     .most = CATALOG_ANY,
     .meaning =
         "a block as a table: SELECT row FROM t(operation, p1 …) reads, INSERT INTO t(operation, "
         "p1 …) executes; with query= a remote query with real columns",
     .example = "CREATE VIRTUAL TABLE temp.shop USING connector(shop)",
     .module = &block_module},
    {0}};
