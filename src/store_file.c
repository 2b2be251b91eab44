/*
** store_file.c: where the store is, whether it may be trusted, and opening it.
**
** Looked at in this order: $CONNECTOR_STORE; sqlite-connector/blocks.db under $XDG_CONFIG_HOME or
** ~/.config; /etc/sqlite-connector/blocks.db. It is an SQLite file, opened by the host's SQLite on a
** connection of our own for one operation: rollback journal and synchronous=FULL make each change
** whole or not at all, also on a full disk.
**
** The user's own store: directory 0700, file 0600, both this user's, neither a symbolic link. Anything
** else is an error with the line to type, and nothing is read. As nobody else can write into that
** directory, what was checked by name cannot be exchanged before it is opened by name. A directory that
** $CONNECTOR_STORE chose holds other things too, so it may be read by others, and may be root's; the
** file is 0600 all the same. The system's: root's, writable for root only.
*/
#include "store.h"
#include "driver_support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION_ID 0x53514362 /* "SQCb" */
#define BUSY_SECONDS 5

/* ---------------------------------------------------------------- where */

static const char *variable(const char *name) {
  const char *value = secure_getenv(name);
  return value && value[0] ? value : NULL;
}

int store_path(BlockSource source, char **path, Error *error) {
  const char *text;
  *path = NULL;
  if (source == BLOCK_STORE) {
    if ((text = variable("CONNECTOR_STORE")) == NULL) return SQLITE_OK;
    char directory[PATH_MAX] = "";
    if (text[0] != '/' && getcwd(directory, sizeof directory) == NULL) directory[0] = 0;
    *path = directory[0] ? sqlite3_mprintf("%s/%s", directory, text) : sqlite3_mprintf("%s", text);
  } else if (source == BLOCK_SYSTEM) {
    *path = sqlite3_mprintf("%s", STORE_SYSTEM);
  } else if ((text = variable("XDG_CONFIG_HOME")) != NULL && text[0] == '/') {
    *path = sqlite3_mprintf("%s/sqlite-connector/blocks.db", text);
  } else if ((text = variable("HOME")) != NULL && text[0] == '/') {
    *path = sqlite3_mprintf("%s/.config/sqlite-connector/blocks.db", text);
  } else {
    return SQLITE_OK;
  }
  return *path ? SQLITE_OK : error_memory(error);
}

bool store_is_system(const char *path) {
  return strcmp(path, STORE_SYSTEM) == 0;
}

void store_stamp(const char *path, StoreStamp *stamp) {
  struct stat status;
  memset(stamp, 0, sizeof *stamp);
  if (lstat(path, &status) != 0) return;
  stamp->exists = true;
  stamp->device = status.st_dev;
  stamp->inode = status.st_ino;
  stamp->size = status.st_size;
  stamp->modified = status.st_mtim;
  stamp->changed = status.st_ctim;
}

static bool same_time(const struct timespec *a, const struct timespec *b) {
  return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool store_stamp_same(const StoreStamp *a, const StoreStamp *b) {
  return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
         a->size == b->size && same_time(&a->modified, &b->modified) &&
         same_time(&a->changed, &b->changed);
}

/* ---------------------------------------------------------------- may it be trusted */

/* The directory that is the store's alone. */
static bool is_own_directory(const char *path) {
  const char *name = strrchr(path, '/');
  return strcmp(name ? name + 1 : path, "sqlite-connector") == 0;
}

static int check_status(const char *path, const struct stat *status, bool directory, Error *error) {
  bool system = store_is_system(path) || strcmp(path, "/etc/sqlite-connector") == 0;
  bool shared = directory && !is_own_directory(path);
  const char *mode = shared      ? "go-w"
                     : directory ? (system ? "755" : "700")
                                 : (system ? "644" : "600");
  mode_t refused = system || shared ? S_IWGRP | S_IWOTH : S_IRWXG | S_IRWXO;
  if (S_ISLNK(status->st_mode)) {
    return error_set(error, SQLITE_PERM, "the store %s is a symbolic link and is not used", path);
  }
  if (directory ? !S_ISDIR(status->st_mode) : !S_ISREG(status->st_mode)) {
    return error_set(error, SQLITE_CANTOPEN, "the store %s is not a %s", path,
                     directory ? "directory" : "regular file");
  }
  if (status->st_uid != (system ? 0 : geteuid()) && !(shared && status->st_uid == 0)) {
    return error_set(error, SQLITE_PERM, "the store %s belongs to another user and is not used",
                     path);
  }
  if (status->st_mode & refused) {
    return error_set(
        error, SQLITE_PERM, "others can %s the store %s, so it is not used; type: chmod %s '%q'%s",
        system || shared ? "write to" : "read or write", path, mode, path,
        directory && !system ? ", or let CONNECTOR_STORE name a file in a directory of its own"
                             : "");
  }
  return SQLITE_OK;
}

/* SQLITE_NOTFOUND when it is not there. */
static int check_path(const char *path, bool directory, Error *error) {
  struct stat status;
  if (lstat(path, &status) == 0) return check_status(path, &status, directory, error);
  if (errno == ENOENT) return SQLITE_NOTFOUND;
  return error_set(error, SQLITE_CANTOPEN, "cannot look at the store %s: %s", path,
                   strerror(errno));
}

/* Directory of the store, without a '/' at its end. */
static int split_path(const char *path, char **directory, const char **file, Error *error) {
  const char *slash = strrchr(path, '/');
  *file = slash ? slash + 1 : path;
  size_t size = slash ? (size_t)(slash - path) : 0;
  while (size > 1 && path[size - 1] == '/')
    size--;
  *directory = slash == NULL ? sqlite3_mprintf(".")
               : size == 0   ? sqlite3_mprintf("/")
                             : sqlite3_mprintf("%.*s", (int)size, path);
  if (*directory == NULL) return error_memory(error);
  if (**file) return SQLITE_OK;
  return error_set(error, SQLITE_CANTOPEN, "the store %s is not a file's name", path);
}

static int make_directory(const char *directory, Error *error) {
  mode_t mode = strcmp(directory, "/etc/sqlite-connector") == 0 ? 0755 : 0700;
  char *path = sqlite3_mprintf("%s", directory);
  if (path == NULL) return error_memory(error);
  int failed = 0;
  for (char *at = path + 1; failed == 0; at++) {
    bool last = *at == 0;
    if (*at != '/' && !last) continue;
    *at = 0;
    if (mkdir(path, last ? mode : 0700) != 0 && errno != EEXIST && !(errno == EROFS && !last)) {
      failed = errno;
    }
    if (last) break;
    *at = '/';
  }
  sqlite3_free(path);
  if (failed == 0) return SQLITE_OK;
  return error_set(error, SQLITE_CANTOPEN,
                   "cannot make the directory %s of the store: %s; another place can be named by "
                   "the environment variable CONNECTOR_STORE",
                   directory, strerror(failed));
}

/* Makes an empty file with the right mode before SQLite would make one with another. */
static int make_file(const char *path, Error *error) {
  mode_t mode = store_is_system(path) ? 0644 : 0600;
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) {
    if (errno == EEXIST) return SQLITE_OK;
    return error_set(error, SQLITE_CANTOPEN, "cannot make the store %s: %s", path, strerror(errno));
  }
  int failed = fchmod(fd, mode) == 0 ? 0 : errno;
  close(fd);
  if (failed == 0) return SQLITE_OK;
  return error_set(error, SQLITE_CANTOPEN, "cannot make the store %s: %s", path, strerror(failed));
}

/* Checks all; *real is the path to open, NULL when there is no file. */
static int check_store(const char *path, StoreAccess access, char **real, Error *error) {
  char *directory = NULL;
  const char *file;
  *real = NULL;
  int code = split_path(path, &directory, &file, error);
  if (code == SQLITE_OK) code = check_path(directory, true, error);
  if (code == SQLITE_NOTFOUND && access == STORE_WRITE) {
    code = make_directory(directory, error);
    if (code == SQLITE_OK) code = check_path(directory, true, error);
  }
  if (code == SQLITE_OK) code = check_path(path, false, error);
  if (code == SQLITE_NOTFOUND && access == STORE_WRITE) {
    code = make_file(path, error);
    if (code == SQLITE_OK) code = check_path(path, false, error);
  }
  if (code == SQLITE_OK) {
    /* SQLITE_OPEN_NOFOLLOW allows no link anywhere, and a home may well lie behind one */
    char resolved[PATH_MAX];
    if (realpath(directory, resolved) == NULL) {
      code =
          error_set(error, SQLITE_CANTOPEN, "cannot open the store %s: %s", path, strerror(errno));
    } else if ((*real = sqlite3_mprintf("%s/%s", resolved, file)) == NULL) {
      code = error_memory(error);
    }
  }
  sqlite3_free(directory);
  return code == SQLITE_NOTFOUND ? SQLITE_OK : code;
}

/* ---------------------------------------------------------------- opening */

int store_file_error(sqlite3 *db, const char *path, const char *what, Error *error) {
  int code = sqlite3_errcode(db);
  if (code == SQLITE_NOMEM) return error_memory(error);
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) {
    return error_set(error, SQLITE_CORRUPT, "the store %s is not a store of blocks: %s", path,
                     sqlite3_errmsg(db));
  }
  return error_set(error, code, "cannot %s the store %s: %s", what, path, sqlite3_errmsg(db));
}

/* Waits for somebody else's lock, until the user interrupts. */
static int wait_busy(void *context, int count) {
  const Connector *connector = context;
  if (count >= BUSY_SECONDS * 50) return 0;
  return driver_wait(&connector->host, -1, 0, driver_clock() + 20000, NULL) != WAIT_INTERRUPTED;
}

static int pragma_number(sqlite3 *db, const char *path, const char *sql, int *number,
                         Error *error) {
  sqlite3_stmt *statement = NULL;
  *number = 0;
  int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  if (code == SQLITE_OK) {
    if (sqlite3_step(statement) == SQLITE_ROW) *number = sqlite3_column_int(statement, 0);
    code = sqlite3_finalize(statement);
  }
  return code ? store_file_error(db, path, "read", error) : SQLITE_OK;
}

static int make_tables(sqlite3 *db, const char *path, Error *error) {
  unsigned char salt[CIPHER_SALT_BYTES];
  char sql[1024], hex[2 * CIPHER_SALT_BYTES + 1];
  int code = cipher_random(salt, sizeof salt, error);
  if (code) return code;
  for (size_t i = 0; i < sizeof salt; i++)
    sqlite3_snprintf(3, hex + 2 * i, "%02x", salt[i]);
  sqlite3_snprintf(
      sizeof sql, sql,
      "BEGIN IMMEDIATE;"
      "CREATE TABLE IF NOT EXISTS block(name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
      " document TEXT NOT NULL, key_id BLOB, secret BLOB, created_at TEXT NOT NULL,"
      " updated_at TEXT NOT NULL);"
      "CREATE TABLE IF NOT EXISTS setting(key TEXT PRIMARY KEY, value BLOB NOT NULL);"
      "INSERT OR IGNORE INTO setting VALUES('salt', x'%s');"
      "PRAGMA application_id=%d; PRAGMA user_version=%d;"
      "COMMIT",
      hex, APPLICATION_ID, STORE_FORMAT);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK) return SQLITE_OK;
  code = store_file_error(db, path, "write", error);
  sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
  return code;
}

/* *empty: it is a new file. */
static int check_format(sqlite3 *db, const char *path, bool *empty, Error *error) {
  int application = 0, format = 0, tables = 0;
  /* one transaction: another process may make the tables between two reads */
  int code =
      sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) ? store_file_error(db, path, "read", error) : 0;
  if (code == SQLITE_OK) {
    code = pragma_number(db, path, "PRAGMA application_id", &application, error);
  }
  if (code == SQLITE_OK) code = pragma_number(db, path, "PRAGMA user_version", &format, error);
  if (code == SQLITE_OK) {
    code = pragma_number(db, path, "SELECT count(*) FROM sqlite_schema", &tables, error);
  }
  if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK && code == SQLITE_OK) {
    code = store_file_error(db, path, "read", error);
  }
  if (code) return code;
  *empty = application == 0 && format == 0 && tables == 0;
  if (*empty) return SQLITE_OK;
  if (application != APPLICATION_ID) {
    return error_set(error, SQLITE_ERROR, "%s is a database, but not a store of blocks", path);
  }
  if (format > STORE_FORMAT) {
    return error_set(
        error, SQLITE_ERROR,
        "the store %s was written by a newer version of the connector (format %d; this "
        "one, " CONNECTOR_VERSION ", reads up to %d): upgrade, or name another store by "
        "CONNECTOR_STORE",
        path, format, STORE_FORMAT);
  }
  return SQLITE_OK;
}

static int prepare_database(Connector *connector, sqlite3 *db, const char *path, StoreAccess access,
                            bool *empty, Error *error) {
  sqlite3_busy_handler(db, wait_busy, connector);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  int code = check_format(db, path, empty, error);
  if (code || access == STORE_READ) return code;
  if (sqlite3_exec(db,
                   "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
                   "PRAGMA temp_store=MEMORY",
                   NULL, NULL, NULL) != SQLITE_OK) {
    return store_file_error(db, path, "write", error);
  }
  return *empty ? make_tables(db, path, error) : SQLITE_OK;
}

int store_file_open(Connector *connector, const char *path, StoreAccess access, sqlite3 **db,
                    Error *error) {
  char *real = NULL;
  *db = NULL;
  int code = check_store(path, access, &real, error);
  if (code || real == NULL) return code;
  /* not the host's default VFS, which may be anything */
  const char *vfs = sqlite3_vfs_find("unix") ? "unix" : NULL;
  int flags =
      access == STORE_READ && store_is_system(path) ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  bool empty = false;
  code = sqlite3_open_v2(real, db, flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_FULLMUTEX, vfs);
  if (code != SQLITE_OK) {
    code = *db ? store_file_error(*db, path, "open", error) : error_memory(error);
  } else {
    code = prepare_database(connector, *db, path, access, &empty, error);
  }
  sqlite3_free(real);
  if (code || (empty && access == STORE_READ)) {
    store_file_close(*db);
    *db = NULL;
  }
  return code;
}

void store_file_close(sqlite3 *db) {
  sqlite3_close(db);
}
