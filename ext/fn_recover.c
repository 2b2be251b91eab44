/*
** fn_recover.c: transactions that were left in doubt: connector_transactions shows them, connector_recover ends them.
**
**   SELECT block, gid, state, decision FROM connector_transactions;
**   SELECT connector_recover('shop');   -- 1: so many were ended
**   SELECT connector_recover();         -- on all blocks with two_phase
*/
#include "../src/block_set.h"
#include "../src/recovery.h"
#include "../src/transaction.h"
#include "catalog.h"
#include "value.h"
#include <string.h>
#include <time.h>

/* Called for each block that is meant: the one of this name, or with NULL all that have two_phase. */
typedef int (*BlockVisitor)(void *context, Remote *remote, Error *error);

static int visit_block(Connector *connector, const char *name, BlockVisitor visit, void *context,
                       Error *error) {
  Remote *remote;
  int rc = remote_get(connector, name, &remote, error);
  if (rc) return rc;
  remote_retain(remote);
  rc = recovery_possible(remote)
           ? visit(context, remote, error)
           : error_set(error, SQLITE_ERROR,
                       "connector '%s': %s has no two-phase transactions to recover", name,
                       remote->driver->backend);
  remote_release(remote);
  return rc;
}

/* All are visited; the error is that of the first that failed. */
static int visit_blocks(Connector *connector, const char *name, BlockVisitor visit, void *context,
                        Error *error) {
  Block **blocks = NULL;
  size_t count = 0;
  if (name) return visit_block(connector, name, visit, context, error);
  int rc = block_list(connector, &blocks, &count, error);
  for (size_t i = 0; i < count; i++) {
    Error one = {0};
    if (blocks[i]->broken || !block_option_true(blocks[i], "two_phase")) continue;
    int code = visit_block(connector, blocks[i]->name, visit, context, &one);
    if (code && !rc) {
      rc = code;
      error_move(error, &one);
    }
    error_clear(&one);
  }
  block_list_free(blocks, count);
  return rc;
}

/* ---- connector_transactions ---- */

typedef struct Listing {
  Spill *rows;
  const Remote *remote;
  Error *error; /* of the rows, not of a server */
  bool one;     /* a block was named: its failure is the statement's */
} Listing;

enum { LISTING_COLUMNS = 6 };

static int add_row(Spill *rows, const char *block, const char *gid, const char *state,
                   const char *decision, const char *since, const char *message, Error *error) {
  Value row[LISTING_COLUMNS] = {value_text(block),    value_text(gid),   value_text(state),
                                value_text(decision), value_text(since), value_text(message)};
  return spill_append(rows, row, LISTING_COLUMNS, error);
}

static int add_prepared(void *context, const char *gid, const char *decision,
                        const char *decided_at) {
  Listing *listing = context;
  return add_row(listing->rows, listing->remote->block->name, gid, "prepared", decision, decided_at,
                 NULL, listing->error);
}

/* A server that cannot be asked gets a row that says so. */
static int list_block(void *context, Remote *remote, Error *error) {
  Listing *listing = context;
  listing->remote = remote;
  int rc = recovery_visit(remote, add_prepared, listing, error);
  if (!rc || listing->one || listing->error->code || rc == SQLITE_NOMEM || rc == SQLITE_INTERRUPT)
    return rc;
  rc = add_row(listing->rows, remote->block->name, NULL, "not reachable", NULL, NULL,
               error->message, listing->error);
  error_clear(error);
  return rc;
}

static int list_ahead(Connector *connector, const char *name, Spill *rows, Error *error) {
  const char *block;
  int64_t at;
  int rc = SQLITE_OK;
  for (int i = 0; !rc && transaction_ahead(connector, i, &block, &at); i++) {
    char since[32];
    struct tm parts;
    time_t seconds = (time_t)at;
    if (name && strcmp(name, block)) continue;
    gmtime_r(&seconds, &parts);
    strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S", &parts);
    rc = add_row(rows, block, NULL, "remote ahead", NULL, since,
                 "the server has committed this transaction, the local database has rolled it back",
                 error);
  }
  return rc;
}

static int fill_transactions(Connector *connector, sqlite3_value **arguments, Spill *rows,
                             Error *error) {
  const char *name;
  Error one = {0};
  int rc = argument_optional(arguments[0], "the connector's name", &name, NULL, error);
  if (rc) return rc;
  Listing listing = {rows, NULL, &one, name != NULL};
  rc = visit_blocks(connector, name, list_block, &listing, error);
  if (one.code) {
    rc = one.code;
    error_move(error, &one);
  }
  error_clear(&one);
  return rc ? rc : list_ahead(connector, name, rows, error);
}

static const ListTable transactions_table = {"CREATE TABLE x(block TEXT, gid TEXT, state TEXT, "
                                             "decision TEXT, since TEXT, error TEXT, name HIDDEN)",
                                             LISTING_COLUMNS, 1, fill_transactions};

/* ---- connector_recover ---- */

static int recover_block(void *context, Remote *remote, Error *error) {
  return recovery_run(remote, context, error);
}

static int host_run(Connector *connector, const char *sql, const char *what, Error *error) {
  int rc = sqlite3_exec(connector->db, sql, NULL, NULL, NULL);
  if (!rc) return SQLITE_OK;
  return error_set(error, sqlite3_extended_errcode(connector->db), "connector_recover: %s: %s",
                   what, sqlite3_errmsg(connector->db));
}

/* The write lock of main says that nobody is in the middle of a commit (recovery.h). */
static int recover(Connector *connector, const char *name, int *ended, Error *error) {
  if (!sqlite3_get_autocommit(connector->db) ||
      sqlite3_txn_state(connector->db, NULL) == SQLITE_TXN_WRITE)
    return error_set(
        error, SQLITE_ERROR,
        "connector_recover cannot be part of a transaction or of a statement that writes: "
        "COMMIT or ROLLBACK, then SELECT connector_recover()");
  int rc = host_run(connector, "BEGIN IMMEDIATE", "the local database cannot be locked", error);
  if (rc) return rc;
  rc = visit_blocks(connector, name, recover_block, ended, error);
  /* what was ended on a server is ended: its decision is forgotten also when another server failed */
  Error end = {0};
  int code = host_run(connector, "COMMIT", "the decisions cannot be forgotten", &end);
  if (code) {
    sqlite3_exec(connector->db, "ROLLBACK", NULL, NULL, NULL);
    if (!rc) error_move(error, &end);
  }
  error_clear(&end);
  return rc ? rc : code;
}

static void fn_recover(Connector *connector, sqlite3_context *context, int argc,
                       sqlite3_value **argv) {
  const char *name = NULL;
  int ended = 0;
  Error error = {0};
  int rc = argc ? argument_text(argv[0], "the connector's name", &name, NULL, &error) : SQLITE_OK;
  if (!rc) rc = recover(connector, name, &ended, &error);
  if (rc)
    report_error(connector, context, &error);
  else
    sqlite3_result_int(context, ended);
}

const CatalogEntry fn_recover_entries[] = {
    {.name = "connector_transactions",
     .kind = CATALOG_TABLE,
     .topic = "watch",
     .usage = "connector_transactions([name])",
     .least = 0,
     .most = 1,
     .meaning = "table: two-phase transactions that are still prepared on servers, and those that "
                "a server "
                "has committed and the local database has not",
     .example = "SELECT block, gid, state, decision, error FROM connector_transactions",
     .list = &transactions_table},
    {.name = "connector_recover",
     .kind = CATALOG_FUNCTION,
     .topic = "watch",
     .usage = "connector_recover([name])",
     .least = 0,
     .most = 1,
     .meaning =
         "commits or rolls back, as the local main database has decided, what a broken client left "
         "prepared on servers; returns how many",
     .example = "SELECT connector_recover()",
     .function = fn_recover},
    {0}};
