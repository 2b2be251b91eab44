/*
** connector_module.c: see connector_module.h.
**
** xCreate is the user's own command and checks that the block exists. xConnect also runs when a file is
** opened, for PRAGMA table_list, for ALTER TABLE … RENAME of any table: it looks nothing up, dials nothing
** and does not fail because of a block. What is wrong then is said by the first use.
*/
#include "connector_module.h"
#include "block_table.h"
#include "catalog.h"
#include "remote_table.h"

static const sqlite3_module *kind_of(sqlite3_vtab *base) {
  return ((ModuleTable *)base)->kind;
}

static int make(sqlite3 *db, void *aux, int argc, const char *const *argv, bool create,
                sqlite3_vtab **result, char **message) {
  Connector *connector = ((CatalogBinding *)aux)->connector;
  ModuleArguments arguments;
  Error error = {0};
  (void)db;
  int code = module_arguments_parse(argc - 3, argv + 3, &arguments, &error);
  if (code != SQLITE_OK) {
    module_arguments_clear(&arguments);
  } else if (arguments.query || arguments.table) {
    RemoteTable *table = NULL;
    code = remote_table_make(connector, argv[1], argv[2], &arguments, create, &table, &error);
    *result = (sqlite3_vtab *)table;
  } else {
    BlockTable *table = NULL;
    code = block_table_make(connector, argv[1], argv[2], &arguments, create, &table, &error);
    *result = (sqlite3_vtab *)table;
  }
  if (code == SQLITE_OK) return code;
  *message = error.message ? sqlite3_mprintf("%s", error.message) : NULL;
  error_move(&connector->last_error, &error);
  return code;
}

static int module_create(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **result, char **message) {
  return make(db, aux, argc, argv, true, result, message);
}

static int module_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                          sqlite3_vtab **result, char **message) {
  return make(db, aux, argc, argv, false, result, message);
}

static int module_disconnect(sqlite3_vtab *base) {
  return kind_of(base)->xDisconnect(base);
}

static int module_destroy(sqlite3_vtab *base) {
  return kind_of(base)->xDestroy(base);
}

static int module_rename(sqlite3_vtab *base, const char *name) {
  return kind_of(base)->xRename(base, name);
}

static int module_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  return kind_of(base)->xBestIndex(base, info);
}

static int module_open(sqlite3_vtab *base, sqlite3_vtab_cursor **cursor) {
  return kind_of(base)->xOpen(base, cursor);
}

static int module_close(sqlite3_vtab_cursor *cursor) {
  return kind_of(cursor->pVtab)->xClose(cursor);
}

static int module_filter(sqlite3_vtab_cursor *cursor, int number, const char *plan, int argc,
                         sqlite3_value **argv) {
  return kind_of(cursor->pVtab)->xFilter(cursor, number, plan, argc, argv);
}

static int module_next(sqlite3_vtab_cursor *cursor) {
  return kind_of(cursor->pVtab)->xNext(cursor);
}

static int module_eof(sqlite3_vtab_cursor *cursor) {
  return kind_of(cursor->pVtab)->xEof(cursor);
}

static int module_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int index) {
  return kind_of(cursor->pVtab)->xColumn(cursor, context, index);
}

static int module_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  return kind_of(cursor->pVtab)->xRowid(cursor, rowid);
}

static int module_update(sqlite3_vtab *base, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  return kind_of(base)->xUpdate(base, argc, argv, rowid);
}

static int module_begin(sqlite3_vtab *base) {
  return kind_of(base)->xBegin ? kind_of(base)->xBegin(base) : SQLITE_OK;
}

static int module_commit(sqlite3_vtab *base) {
  return kind_of(base)->xCommit ? kind_of(base)->xCommit(base) : SQLITE_OK;
}

static int module_rollback(sqlite3_vtab *base) {
  return kind_of(base)->xRollback ? kind_of(base)->xRollback(base) : SQLITE_OK;
}

/* <table>_connector holds the columns of a short form (remote_learn.c). */
static int module_shadow_name(const char *suffix) {
  return sqlite3_stricmp(suffix, "connector") == 0;
}

static const sqlite3_module connector_module = {
    .iVersion = 3,
    .xCreate = module_create,
    .xConnect = module_connect,
    .xDisconnect = module_disconnect,
    .xDestroy = module_destroy,
    .xRename = module_rename,
    .xBestIndex = module_best_index,
    .xOpen = module_open,
    .xClose = module_close,
    .xFilter = module_filter,
    .xNext = module_next,
    .xEof = module_eof,
    .xColumn = module_column,
    .xRowid = module_rowid,
    .xUpdate = module_update,
    .xBegin = module_begin,
    .xCommit = module_commit,
    .xRollback = module_rollback,
    .xShadowName = module_shadow_name,
};

const CatalogEntry connector_module_entries[] = {
    {.name = "connector",
     .kind = CATALOG_MODULE,
     .topic = "tables",
     .usage =
         "CREATE VIRTUAL TABLE temp.t USING connector(name [, 'schema.table' | query='SELECT …'] "
         "[, column …])",
     .least = 1,
     .most = CATALOG_ANY,
     .meaning =
         "a remote table; with query= a remote query; with the block's name alone the block as a "
         "table: SELECT row FROM t(operation, p1 …) reads, INSERT INTO t(operation, p1 …) executes",
     .example = "CREATE VIRTUAL TABLE temp.orders USING connector(shop, 'public.orders')",
     .module = &connector_module},
    {0}};
