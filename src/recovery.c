/*
** recovery.c: see recovery.h.
*/
#include "recovery.h"
#include "decision.h"
#include "link_query.h"
#include "two_phase.h"
#include <string.h>

typedef char Gid[GID_BYTES];

typedef struct GidList {
  Gid *gids;
  int count;
  bool failed; /* out of memory */
} GidList;

static bool add_gid(void *context, const char *text) {
  GidList *list = context;
  if (!text || !decision_is_gid(text)) return true;
  Gid *grown = sqlite3_realloc64(list->gids, sizeof(Gid) * ((size_t)list->count + 1));
  if (!grown) {
    list->failed = true;
    return false;
  }
  list->gids = grown;
  sqlite3_snprintf(GID_BYTES, list->gids[list->count++], "%s", text);
  return true;
}

static bool has_gid(const GidList *list, const char *gid) {
  for (int i = 0; i < list->count; i++)
    if (!strcmp(list->gids[i], gid)) return true;
  return false;
}

/* Where not all are listed, what is missing must not be taken for ended. */
static int check_settled(Link *link, Error *error) {
  const char *sql = link->remote->dialect->two_phase->settled, *block = link->remote->block->name;
  DriverError failure = {0};
  char reason[160];
  if (!sql) return SQLITE_OK;
  link_deadline(link);
  if (link_query_text(link, sql, reason, sizeof reason, &failure) != DRIVER_OK)
    return error_remote(error, &failure, block, "transactions in doubt", sql);
  if (!*reason) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR,
                   "connector '%s': transactions in doubt cannot be told here: %s", block, reason);
}

/* What the server has prepared, of ours; the caller frees list->gids. */
static int list_prepared(Link *link, GidList *list, Error *error) {
  const DriverTwoPhase *texts = link->remote->dialect->two_phase;
  DriverError failure = {0};
  int rc = check_settled(link, error);
  if (rc) return rc;
  link_deadline(link);
  DriverStatus status = link_query(link, texts->list, texts->list_column, add_gid, list, &failure);
  if (list->failed) return error_memory(error);
  if (status == DRIVER_OK) return SQLITE_OK;
  return error_remote(error, &failure, link->remote->block->name, "transactions in doubt",
                      texts->list);
}

bool recovery_possible(const Remote *remote) {
  return remote->dialect->two_phase != NULL;
}

/* ---------------------------------------------------------------- looking */

static int visit_gid(Connector *connector, const char *gid, const char *file, RecoveryVisitor visit,
                     void *context, Error *error) {
  bool decided;
  char at[32];
  int rc = decision_find(connector, gid, &decided, at, sizeof at, error);
  if (rc) return rc;
  const char *decision = decided ? "commit" : decision_of_file(gid, file) ? "rollback" : "unknown";
  return visit(context, gid, decision, decided ? at : NULL);
}

int recovery_visit(Remote *remote, RecoveryVisitor visit, void *context, Error *error) {
  Connector *connector = remote->connector;
  GidList list = {0};
  Link *link;
  char file[DECISION_FILE];
  if (decision_file(connector, file, error)) { /* in memory: nothing is of this file */
    error_clear(error);
    memset(file, '-', sizeof file);
    file[DECISION_FILE - 1] = 0;
  }
  int rc = link_acquire(remote, false, &link, error);
  if (rc) return rc;
  rc = list_prepared(link, &list, error);
  link_release(link);
  for (int i = 0; !rc && i < list.count; i++)
    rc = visit_gid(connector, list.gids[i], file, visit, context, error);
  sqlite3_free(list.gids);
  return rc;
}

/* ---------------------------------------------------------------- ending */

typedef struct Recovery {
  Remote *remote;
  Link *link;
  char file[DECISION_FILE];
  GidList prepared; /* on the server */
  GidList done;     /* rows that are not needed any more */
} Recovery;

static int end_one(Recovery *recovery, const char *gid, int *ended, Error *error) {
  bool decided, absent;
  int rc = decision_find(recovery->remote->connector, gid, &decided, NULL, 0, error);
  if (rc || (!decided && !decision_of_file(gid, recovery->file))) return rc;
  rc = two_phase_tell(recovery->link, gid, decided, &absent, error);
  if (rc) return rc;
  ++*ended;
  return decided ? decision_forget(recovery->remote->connector, gid, error) : SQLITE_OK;
}

static int note_done(void *context, const char *gid) {
  Recovery *recovery = context;
  if (!has_gid(&recovery->prepared, gid)) add_gid(&recovery->done, gid);
  return recovery->done.failed ? SQLITE_NOMEM : SQLITE_OK;
}

/* Rows of this block, on the server where it is now, that the server does not list: whoever ended them died, or
** closed, before it came to forgetting them. Not those of the last day, as a copy of the server that was put in its
** place may still come to know of them. */
static int forget_done(Recovery *recovery, Error *error) {
  Connector *connector = recovery->remote->connector;
  const Block *block = recovery->remote->block;
  char *server = block_url(block, true);
  if (!server) return error_memory(error);
  int rc = decision_visit_old(connector, block->name, server, note_done, recovery, error);
  sqlite3_free(server);
  for (int i = 0; !rc && i < recovery->done.count; i++)
    rc = decision_forget(connector, recovery->done.gids[i], error);
  return rc;
}

int recovery_run(Remote *remote, int *ended, Error *error) {
  Recovery recovery = {.remote = remote};
  int rc = decision_file(remote->connector, recovery.file, error);
  if (!rc) rc = link_acquire(remote, false, &recovery.link, error);
  if (rc) return rc;
  rc = list_prepared(recovery.link, &recovery.prepared, error);
  if (!rc) rc = forget_done(&recovery, error);
  for (int i = 0; i < recovery.prepared.count; i++) {
    Error one = {0};
    int code = end_one(&recovery, recovery.prepared.gids[i], ended, &one);
    if (code && !rc) {
      rc = code;
      error_move(error, &one);
    }
    error_clear(&one);
  }
  link_release(recovery.link);
  sqlite3_free(recovery.prepared.gids);
  sqlite3_free(recovery.done.gids);
  return rc;
}
