/*
** coordinator.c: `temp.connector_enlisted`, the one participant of SQLite's transactions that talks to
** servers. A call that writes enlists it by
**
**     DELETE FROM temp.connector_enlisted WHERE 0
**
** which makes SQLite call xBegin and, from then on, xSavepoint … xSync, xCommit or xRollback. Reading the
** table shows the blocks that take part in the current transaction:
**
**     SELECT block, state FROM connector_enlisted;
**
** Why a table of its own, in temp: a table that is dropped in its own transaction gets no xSync and no
** xRollback, so users' tables cannot carry this; an eponymous table would lock main and fails where main is
** read-only; a table made inside a transaction gets no xRollbackTo, so it is made when the extension is
** loaded, and a write is refused when that was not possible before its transaction began.
**
** xCreate and xConnect differ, else SQLite would take the module for an eponymous one.
*/
#include "coordinator.h"
#include "../src/transaction.h"
#include <string.h>

#define TABLE "temp.connector_enlisted"
#define MODULE "connector_enlisted"

typedef struct CoordinatorTable {
  sqlite3_vtab base; /* must be first */
  Connector *connector;
} CoordinatorTable;

typedef struct CoordinatorCursor {
  sqlite3_vtab_cursor base; /* must be first */
  int index;
  const char *block, *state; /* NULL at the end */
} CoordinatorCursor;

static Connector *connector_of(sqlite3_vtab *table) {
  return ((CoordinatorTable *)table)->connector;
}

static int coordinator_connect(sqlite3 *db, void *context, int argc, const char *const *argv,
                               sqlite3_vtab **table, char **message) {
  (void)argc, (void)argv, (void)message;
  int rc = sqlite3_declare_vtab(db, "CREATE TABLE x(block TEXT, state TEXT)");
  if (rc) return rc;
  sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  CoordinatorTable *made = sqlite3_malloc64(sizeof *made);
  if (!made) return SQLITE_NOMEM;
  memset(made, 0, sizeof *made);
  made->connector = context;
  *table = &made->base;
  return SQLITE_OK;
}

static int coordinator_create(sqlite3 *db, void *context, int argc, const char *const *argv,
                              sqlite3_vtab **table, char **message) {
  if (strcmp(argv[1], "temp") || strcmp(argv[2], MODULE)) {
    *message = sqlite3_mprintf("%s is the extension's own table and cannot be made by hand", TABLE);
    return SQLITE_ERROR;
  }
  return coordinator_connect(db, context, argc, argv, table, message);
}

static int coordinator_disconnect(sqlite3_vtab *table) {
  sqlite3_free(table->zErrMsg); /* SQLite does not take the message of a savepoint callback */
  sqlite3_free(table);
  return SQLITE_OK;
}

/* DROP TABLE. In the middle of a transaction SQLite would not tell us its end. */
static int coordinator_destroy(sqlite3_vtab *table) {
  if (transaction_active(connector_of(table))) return SQLITE_LOCKED;
  return coordinator_disconnect(table);
}

/* ---------------------------------------------------------------- reading */

static int coordinator_best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  (void)table;
  info->estimatedCost = 1;
  info->estimatedRows = 2;
  return SQLITE_OK;
}

static int coordinator_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
  (void)table;
  CoordinatorCursor *made = sqlite3_malloc64(sizeof *made);
  if (!made) return SQLITE_NOMEM;
  memset(made, 0, sizeof *made);
  *cursor = &made->base;
  return SQLITE_OK;
}

static int coordinator_close(sqlite3_vtab_cursor *cursor) {
  sqlite3_free(cursor);
  return SQLITE_OK;
}

static void coordinator_read(CoordinatorCursor *cursor) {
  if (!transaction_participant(connector_of(cursor->base.pVtab), cursor->index, &cursor->block,
                               &cursor->state))
    cursor->block = NULL;
}

static int coordinator_filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
                              sqlite3_value **argv) {
  (void)number, (void)text, (void)argc, (void)argv;
  CoordinatorCursor *cursor = (CoordinatorCursor *)base;
  cursor->index = 0;
  coordinator_read(cursor);
  return SQLITE_OK;
}

static int coordinator_next(sqlite3_vtab_cursor *base) {
  CoordinatorCursor *cursor = (CoordinatorCursor *)base;
  cursor->index++;
  coordinator_read(cursor);
  return SQLITE_OK;
}

static int coordinator_eof(sqlite3_vtab_cursor *base) {
  return ((CoordinatorCursor *)base)->block == NULL;
}

static int coordinator_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  CoordinatorCursor *cursor = (CoordinatorCursor *)base;
  sqlite3_result_text(context, column ? cursor->state : cursor->block, -1, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

static int coordinator_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = ((CoordinatorCursor *)base)->index + 1;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- SQLite's transaction */

static int coordinator_update(sqlite3_vtab *table, int argc, sqlite3_value **argv,
                              sqlite3_int64 *rowid) {
  (void)argc, (void)argv, (void)rowid;
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("connector_enlisted shows who takes part; it cannot be changed");
  return SQLITE_READONLY;
}

/* Hands an Error to SQLite; what failed stays readable by connector_error. */
static int table_error(sqlite3_vtab *table, int rc, Error *error) {
  if (rc) {
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = error->message ? sqlite3_mprintf("%s", error->message) : NULL;
    error_move(&connector_of(table)->last_error, error);
  }
  error_clear(error);
  return rc;
}

static int coordinator_begin(sqlite3_vtab *table) {
  transaction_begin(connector_of(table));
  return SQLITE_OK;
}

static int coordinator_sync(sqlite3_vtab *table) {
  Error error = {0};
  return table_error(table, transaction_sync(connector_of(table), &error), &error);
}

static int coordinator_commit(sqlite3_vtab *table) {
  transaction_commit(connector_of(table));
  return SQLITE_OK;
}

static int coordinator_rollback(sqlite3_vtab *table) {
  transaction_rollback(connector_of(table));
  return SQLITE_OK;
}

static int coordinator_savepoint(sqlite3_vtab *table, int level) {
  Error error = {0};
  return table_error(table, transaction_savepoint(connector_of(table), level, &error), &error);
}

static int coordinator_release(sqlite3_vtab *table, int level) {
  Error error = {0};
  return table_error(table, transaction_release(connector_of(table), level, &error), &error);
}

static int coordinator_rollback_to(sqlite3_vtab *table, int level) {
  Error error = {0};
  return table_error(table, transaction_rollback_to(connector_of(table), level, &error), &error);
}

static const sqlite3_module coordinator_module = {
    .iVersion = 2,
    .xCreate = coordinator_create,
    .xConnect = coordinator_connect,
    .xBestIndex = coordinator_best_index,
    .xDisconnect = coordinator_disconnect,
    .xDestroy = coordinator_destroy,
    .xOpen = coordinator_open,
    .xClose = coordinator_close,
    .xFilter = coordinator_filter,
    .xNext = coordinator_next,
    .xEof = coordinator_eof,
    .xColumn = coordinator_column,
    .xRowid = coordinator_rowid,
    .xUpdate = coordinator_update,
    .xBegin = coordinator_begin,
    .xSync = coordinator_sync,
    .xCommit = coordinator_commit,
    .xRollback = coordinator_rollback,
    .xSavepoint = coordinator_savepoint,
    .xRelease = coordinator_release,
    .xRollbackTo = coordinator_rollback_to,
};

/* ---------------------------------------------------------------- enlisting */

static int host_exec(Connector *connector, const char *sql, Error *error) {
  char *message = NULL;
  int rc = sqlite3_exec(connector->db, sql, NULL, NULL, &message);
  if (rc) error_set(error, rc, "%s", message ? message : sqlite3_errstr(rc));
  sqlite3_free(message);
  return rc;
}

static bool table_exists(Connector *connector) {
  return sqlite3_table_column_metadata(connector->db, "temp", MODULE, NULL, NULL, NULL, NULL, NULL,
                                       NULL) == SQLITE_OK;
}

static int table_make(Connector *connector, Error *error) {
  int rc =
      host_exec(connector, "CREATE VIRTUAL TABLE IF NOT EXISTS " TABLE " USING " MODULE, error);
  /* made inside a statement that writes: it would get no xRollbackTo in this transaction */
  if (!rc && sqlite3_txn_state(connector->db, "temp") == SQLITE_TXN_WRITE)
    rc = error_set(error, SQLITE_ERROR,
                   TABLE " had been dropped and was made again just now: repeat the statement");
  return rc;
}

static int coordinator_enlist(Connector *connector, Error *error) {
  if (!table_exists(connector)) {
    if (!sqlite3_get_autocommit(connector->db))
      return error_set(error, SQLITE_ERROR,
                       TABLE
                       " was dropped or could not be made before this transaction began: COMMIT "
                       "or ROLLBACK, then try again");
    int rc = table_make(connector, error);
    if (rc) return rc;
  }
  return host_exec(connector, "DELETE FROM " TABLE " WHERE 0", error);
}

int coordinator_install(Connector *connector, Error *error) {
  int rc = sqlite3_create_module_v2(connector->db, MODULE, &coordinator_module,
                                    connector_retain(connector), connector_release);
  if (rc) return error_set(error, rc, "%s", sqlite3_errmsg(connector->db));
  transaction_set_enlister(connector, coordinator_enlist);
  if (sqlite3_get_autocommit(connector->db)) rc = table_make(connector, error);
  return rc;
}
