/*
** connect.c: a session on a SQLite database: opening it, ending what takes too long, closing it.
**
** A session that is opened has been read once, so a wrong path, a directory, a file that is no
** database and a lock are told by connect(). Relies on the host to know its own files: a second
** handle on a file that the host writes to would wait for the host, which waits for us.
*/
#include "lite.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPS_BETWEEN_LOOKS 1000 /* of SQLite's virtual machine: some 20 microseconds */
#define LOOK_EVERY 50000       /* microseconds between two looks at the interrupt */
#define LOCK_TIMEOUT 5000000   /* microseconds, when the block says nothing; as the original */
#define STATEMENTS_KEPT 64

/* ---------------------------------------------------------------- stopping */

bool lite_must_stop(LiteConnection *connection) {
  const DriverHost *host = connection->base.host;
  int64_t now = driver_clock();
  if (connection->stopped != FAILURE_NONE) return true;
  if (connection->base.deadline != 0 && now >= connection->base.deadline) {
    connection->stopped = FAILURE_TIMEOUT;
  } else if (now >= connection->next_look) {
    connection->next_look = now + LOOK_EVERY;
    if (host->interrupted(host->context)) connection->stopped = FAILURE_INTERRUPTED;
  }
  return connection->stopped != FAILURE_NONE;
}

static int on_progress(void *context) {
  ((LiteConnection *)context)->waiting_since = 0; /* it runs */
  return lite_must_stop(context);
}

/* Called by SQLite each time it meets a lock; true = try again. */
static int on_busy(void *context, int count) {
  static const int delays[] = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50}; /* milliseconds */
  LiteConnection *connection = context;
  size_t last = sizeof(delays) / sizeof(delays[0]) - 1;
  int64_t now = driver_clock();
  if (count == 0) connection->waiting_since = now;
  if (lite_must_stop(connection)) return 0;
  int64_t end = connection->waiting_since + connection->lock_timeout;
  if (now >= end) return 0;
  int64_t until = now + delays[(size_t)count < last ? (size_t)count : last] * 1000;
  if (until > end) until = end;
  if (connection->base.deadline != 0 && until > connection->base.deadline) {
    until = connection->base.deadline;
  }
  if (driver_wait(connection->base.host, -1, 0, until, NULL) == WAIT_INTERRUPTED) {
    connection->stopped = FAILURE_INTERRUPTED;
    return 0;
  }
  return 1;
}

DriverStatus lite_enter(LiteConnection *connection, DriverError *error) {
  connection->stopped = FAILURE_NONE;
  connection->waiting_since = 0;
  if (connection->base.owner != driver_process()) {
    return driver_error_set(error, FAILURE_REFUSED, "08003",
                            "this session belongs to the process that opened it, not to its child");
  }
  if (connection->base.broken) {
    return driver_error_set(error, FAILURE_REFUSED, "08003", "the session has ended");
  }
  return DRIVER_OK;
}

/* ---------------------------------------------------------------- opening */

static const char *setting(const DriverTarget *target, const char *key) {
  for (size_t i = 0; i < target->setting_count; i++) {
    if (strcmp(target->settings[i].key, key) == 0) return target->settings[i].value;
  }
  return NULL;
}

static bool setting_is(const DriverTarget *target, const char *key, const char *word) {
  const char *value = setting(target, key);
  return value != NULL && strcmp(value, word) == 0;
}

static bool setting_true(const DriverTarget *target, const char *key) {
  return setting_is(target, key, "true") || setting_is(target, key, "1") ||
         setting_is(target, key, "on") || setting_is(target, key, "yes");
}

/* NULL = a memory database. */
static const char *target_path(const DriverTarget *target) {
  const char *path = target->database;
  bool memory = path == NULL || path[0] == 0 || strcmp(path, ":memory:") == 0 ||
                setting_is(target, "mode", "memory");
  return memory ? NULL : path;
}

static int target_flags(const DriverTarget *target) {
  /* extended codes are switched on after opening: an automatic extension that answers
  ** SQLITE_OK_LOAD_PERMANENTLY would be taken for a failure */
  int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  if (setting_is(target, "cache", "shared")) flags |= SQLITE_OPEN_SHAREDCACHE;
  if (setting_is(target, "cache", "private")) flags |= SQLITE_OPEN_PRIVATECACHE;
  if (target_path(target) == NULL) {
    return flags | SQLITE_OPEN_MEMORY | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  if (target->readonly || setting_is(target, "mode", "ro")) return flags | SQLITE_OPEN_READONLY;
  if (setting_is(target, "mode", "rw")) return flags | SQLITE_OPEN_READWRITE;
  return flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

static DriverStatus open_failed(const DriverTarget *target, LiteConnection *connection, int code,
                                DriverError *error) {
  char reason[256] = "";
  const char *path = target_path(target);
  bool must_exist = (target_flags(target) & SQLITE_OPEN_CREATE) == 0;
  int primary = code & 0xff;
  lite_error(connection, code, error);
  if (error->failure != FAILURE_REMOTE) return DRIVER_FAILED; /* interrupted, timeout, memory */
  error->failure = FAILURE_CONNECT;
  if (path == NULL) return DRIVER_FAILED;
  DriverError said = *error;
  if (primary == SQLITE_NOTADB) {
    driver_error_set(error, FAILURE_CONNECT, said.sqlstate,
                     "'%s' is not a SQLite database, or it is encrypted", path);
  } else {
    lite_path_reason(path, must_exist, reason, sizeof(reason));
    driver_error_set(error, FAILURE_CONNECT, said.sqlstate, "cannot open '%s': %s", path,
                     reason[0] != 0 ? reason : said.message);
  }
  error->native = code;
  memcpy(error->hint, said.hint, sizeof(error->hint));
  return DRIVER_FAILED;
}

/* A passphrase is of use only where SQLite is SQLCipher; elsewhere PRAGMA key does nothing, and
** the file would be made in clear. */
static DriverStatus use_passphrase(LiteConnection *connection, const char *password,
                                   DriverError *error) {
  const DriverHost *host = connection->base.host;
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(connection->db, "PRAGMA cipher_version", -1, &statement, NULL);
  bool cipher = code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
  sqlite3_finalize(statement);
  if (!cipher) {
    return driver_error_set(
        error, FAILURE_REFUSED, "0A000",
        "a passphrase needs SQLCipher, and this program's SQLite is not one: leave "
        "the password out for a database that is not encrypted");
  }
  size_t size = strlen(password), used = 0;
  char *sql = host->allocate(2 * size + 16);
  if (sql == NULL) return driver_error_memory(error);
  memcpy(sql, "PRAGMA key='", 12);
  used = 12;
  for (size_t i = 0; i < size; i++) {
    if (password[i] == '\'') sql[used++] = '\'';
    sql[used++] = password[i];
  }
  sql[used++] = '\'';
  sql[used] = 0;
  code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
  explicit_bzero(sql, used);
  host->release(sql);
  if (code != SQLITE_OK) {
    return driver_error_set(error, FAILURE_CONNECT, "28000", "the passphrase was not accepted");
  }
  return DRIVER_OK;
}

/* What every session has, before it reads anything. */
static void session_configure(LiteConnection *connection, const DriverTarget *target) {
  sqlite3 *db = connection->db;
  const char *timeout = setting(target, "timeout");
  connection->lock_timeout =
      timeout != NULL ? strtoll(timeout, NULL, 10) * INT64_C(1000000) : LOCK_TIMEOUT;
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_handler(db, on_busy, connection);
  sqlite3_progress_handler(db, OPS_BETWEEN_LOOKS, on_progress, connection);
  /* The file may be somebody else's: its schema may call no more than SQLite's harmless
  ** functions. */
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
}

static DriverStatus session_open(LiteConnection *connection, const DriverTarget *target,
                                 DriverError *error) {
  const DriverHost *host = connection->base.host;
  const char *path = target_path(target);
  char *uri = path != NULL ? lite_uri(host, path, setting_true(target, "immutable")) : NULL;
  if (path != NULL && uri == NULL) return driver_error_memory(error);
  int code =
      sqlite3_open_v2(path != NULL ? uri : ":memory:", &connection->db, target_flags(target), NULL);
  host->release(uri);
  if (connection->db == NULL) return driver_error_memory(error);
  if (code != SQLITE_OK) return open_failed(target, connection, code, error);
  session_configure(connection, target);
  if (target->password != NULL && target->password[0] != 0 &&
      use_passphrase(connection, target->password, error) != DRIVER_OK) {
    return DRIVER_FAILED;
  }
  code = sqlite3_exec(connection->db,
                      target->readonly ? "PRAGMA query_only=1; SELECT count(*) FROM sqlite_master"
                                       : "SELECT count(*) FROM sqlite_master",
                      NULL, NULL, NULL);
  if (code != SQLITE_OK) return open_failed(target, connection, code, error);
  return DRIVER_OK;
}

DriverStatus lite_connect(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                          DriverConnection **connection, DriverError *error) {
  const char *path = target_path(target);
  if (path != NULL && host->is_own_file(host->context, path)) {
    return driver_error_set(
        error, FAILURE_REFUSED, "55006",
        "'%s' is open as a database of this very SQLite connection, and a second "
        "session on it would wait for the first: use its tables directly",
        path);
  }
  LiteConnection *made = host->allocate(sizeof(LiteConnection));
  if (made == NULL) return driver_error_memory(error);
  memset(made, 0, sizeof(*made));
  made->base.driver = &lite_driver;
  made->base.host = host;
  made->base.deadline = deadline;
  made->base.single = path == NULL;
  made->base.owner = driver_process();
  made->cache = statement_cache_new(host, STATEMENTS_KEPT, lite_statement_destroy);
  DriverStatus status =
      made->cache != NULL ? session_open(made, target, error) : driver_error_memory(error);
  if (status != DRIVER_OK) {
    lite_close(&made->base);
    return status;
  }
  *connection = &made->base;
  return DRIVER_OK;
}

/* ---------------------------------------------------------------- the rest of its life */

void lite_close(DriverConnection *base) {
  LiteConnection *connection = (LiteConnection *)base;
  const DriverHost *host = base->host;
  /* In a forked child SQLite's handle must not even be closed: that would roll back, or check
  ** point, the parent's work. Its memory and descriptors are the child's copies and go with the
  ** child. */
  if (base->owner != driver_process()) return;
  statement_cache_free(connection->cache);
  sqlite3_finalize(connection->json_check);
  sqlite3_close_v2(connection->db);
  host->release(connection);
}

bool lite_is_alive(DriverConnection *base) {
  LiteConnection *connection = (LiteConnection *)base;
  int moved = 0;
  if (base->broken) return false;
  /* A file that was deleted or replaced: what is written to it from here would be lost. */
  if (!base->single) {
    sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  }
  return moved == 0;
}

DriverStatus lite_ping(DriverConnection *base, DriverError *error) {
  LiteConnection *connection = (LiteConnection *)base;
  if (lite_enter(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  int code = sqlite3_exec(connection->db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
  return code == SQLITE_OK ? DRIVER_OK : lite_error(connection, code, error);
}

void lite_server(DriverConnection *base, DriverServer *server) {
  (void)base;
  *server = (DriverServer){.product = "SQLite",
                           .version = sqlite3_libversion(),
                           .tls = "",
                           .tls_subject = "",
                           .tls_issuer = "",
                           .tls_expiry = "",
                           .tls_fingerprint = ""};
}

TransactionState lite_transaction(DriverConnection *base) {
  LiteConnection *connection = (LiteConnection *)base;
  if (base->broken) return TRANSACTION_UNKNOWN;
  /* Also true to the facts after INSERT OR ROLLBACK, a full disk, or an interrupted write. */
  return sqlite3_get_autocommit(connection->db) ? TRANSACTION_NONE : TRANSACTION_OPEN;
}

/* Not PRAGMA query_only: setting it expires every prepared statement. Asking each statement what it
** does (sqlite3_stmt_readonly) costs nothing and refuses the same ones. */
void lite_read_only(DriverConnection *base, bool on) {
  ((LiteConnection *)base)->reading_only = on;
}
