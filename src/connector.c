/*
** connector.c: what hangs on one sqlite3*, how it is made and freed, and what of the host is lent
** to drivers.
**
** Everything here runs inside a callback of the host connection (or while it is closed), that is
** with its mutex held, so nothing of a Connector needs a lock.
*/
#include "connector.h"
#include "affinity.h"
#include "allow.h"
#include "block_set.h"
#include "cursor.h"
#include "driver_support.h"
#include "log.h"
#include "remote.h"
#include "transaction.h"
#include <string.h>
#include <sys/stat.h>

#define PROBE_EVERY 50000 /* microseconds */

/* ---------------------------------------------------------------- what drivers are lent */

static void *host_allocate(size_t size) {
  return sqlite3_malloc64(size > 0 ? size : 1); /* SQLite gives NULL for 0 */
}

static void *host_reallocate(void *memory, size_t size) {
  return sqlite3_realloc64(memory, size > 0 ? size : 1);
}

static void host_release(void *memory) {
  sqlite3_free(memory);
}

static void host_log(void *context, const char *message) {
  (void)context;
  sqlite3_log(SQLITE_NOTICE, "connector: %s", message);
}

static bool host_interrupted(void *context) {
  return connector_interrupted(context);
}

static bool host_stop_beside(void *context) {
  return atomic_load(&((Connector *)context)->stop_beside);
}

/* By device and inode, so that links and other spellings of a path are seen. When the host
** cannot tell its files (interrupted, or an authorizer forbids it) the answer is yes: a wrong
** "no" deadlocks. */
static bool host_is_own_file(void *context, const char *path) {
  Connector *connector = context;
  struct stat wanted, one;
  sqlite3_stmt *statement = NULL;
  bool own = false;
  if (stat(path, &wanted) != 0) return false;
  int code = sqlite3_prepare_v2(connector->db, "PRAGMA database_list", -1, &statement, NULL);
  while (code == SQLITE_OK || code == SQLITE_ROW) {
    code = sqlite3_step(statement);
    if (code != SQLITE_ROW) break;
    const char *file = (const char *)sqlite3_column_text(statement, 2);
    if (file == NULL || file[0] == 0) continue;
    own = own ||
          (stat(file, &one) == 0 && one.st_dev == wanted.st_dev && one.st_ino == wanted.st_ino);
  }
  sqlite3_finalize(statement);
  return own || code != SQLITE_DONE;
}

/* ---------------------------------------------------------------- interrupt */

/* A nested statement fails with SQLITE_INTERRUPT after sqlite3_interrupt as long as the outer one
** runs; the flag stays set. */
static bool interrupt_probe(sqlite3 *db) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(db, "SELECT 1", -1, &statement, NULL);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  sqlite3_finalize(statement);
  return code == SQLITE_INTERRUPT;
}

bool connector_interrupted(Connector *connector) {
  if (connector->uninterruptible > 0) return false;
#if SQLITE_VERSION_NUMBER >= 3041000
  if (sqlite3_libversion_number() >= 3041000) return sqlite3_is_interrupted(connector->db) != 0;
#endif
  int64_t now = driver_clock();
  if (connector->probed_at != 0 && now - connector->probed_at < PROBE_EVERY) return false;
  if (interrupt_probe(connector->db)) return true; /* and so again at the next look */
  connector->probed_at = now;
  return false;
}

/* ---------------------------------------------------------------- scratch */

int connector_scratch(Connector *connector, sqlite3 **scratch, Error *error) {
  if (connector->scratch == NULL) {
    sqlite3 *db = NULL;
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(":memory:", &db, flags, NULL);
    if (code != SQLITE_OK) {
      sqlite3_close(db);
      if (code == SQLITE_NOMEM) return error_memory(error);
      return error_set(error, code, "cannot open a private memory database: %s",
                       sqlite3_errstr(code));
    }
    connector->scratch = db;
  }
  *scratch = connector->scratch;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- life */

/* Each part may use those freed after it. */
static void connector_free(Connector *connector) {
  connector->uninterruptible++; /* the host is closing: nothing may be run on it */
  cursor_set_free(connector->cursors);
  connector->cursors = NULL; /* the transaction's end tells them what became of their writes */
  if (connector->transaction != NULL) transaction_free(connector);
  if (connector->remotes != NULL) remote_set_free(connector);
  allow_free(connector->allowed);
  block_set_free(connector->blocks);
  log_free(connector->log);
  affinity_clear(connector);
  sqlite3_close_v2(connector->scratch); /* statements on it may be freed later */
  error_clear(&connector->last_error);
  sqlite3_free(connector->library_path);
  sqlite3_free(connector);
}

int connector_new(sqlite3 *db, const char *library_path, Connector **connector, Error *error) {
  Connector *made = sqlite3_malloc64(sizeof(Connector));
  if (made == NULL) return error_memory(error);
  memset(made, 0, sizeof(*made));
  made->db = db;
  made->references = 1;
  made->host = (DriverHost){.size = sizeof(DriverHost),
                            .abi = DRIVER_ABI,
                            .context = made,
                            .allocate = host_allocate,
                            .reallocate = host_reallocate,
                            .release = host_release,
                            .log = host_log,
                            .interrupted = host_interrupted,
                            .is_own_file = host_is_own_file};
  made->beside_host = made->host;
  made->beside_host.interrupted = host_stop_beside;
  if (library_path != NULL) made->library_path = sqlite3_mprintf("%s", library_path);
  made->log = log_new();
  made->blocks = block_set_new(made);
  made->allowed = allow_new();
  made->remotes = remote_set_new();
  made->transaction = transaction_new();
  made->cursors = cursor_set_new();
  if (made->log == NULL || made->blocks == NULL || made->allowed == NULL || made->remotes == NULL ||
      made->transaction == NULL || made->cursors == NULL ||
      (library_path != NULL && made->library_path == NULL)) {
    connector_free(made);
    return error_memory(error);
  }
  *connector = made;
  return SQLITE_OK;
}

Connector *connector_retain(Connector *connector) {
  connector->references++;
  return connector;
}

void connector_release(void *connector) {
  Connector *held = connector;
  if (--held->references == 0) connector_free(held);
}
