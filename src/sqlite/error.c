/*
** error.c: what SQLite says of a failure, as SQLSTATE, text, table, column and constraint.
**
** SQLite has no SQLSTATEs; the codes are chosen so that error_code (src/error.c) leads back to the
** SQLite code that a user of SQLite knows. Names come from SQLite's own texts, which have been the
** same since 2013; where a text is another one the names just stay empty.
*/
#include "lite.h"
#include <string.h>

static const char *state_of_error(const char *message) {
  static const struct {
    const char *part, *state;
  } texts[] = {
      {"syntax error", "42601"},
      {"incomplete input", "42601"},
      {"unrecognized token", "42601"},
      {"no such table", "42P01"},
      {"no such view", "42P01"},
      {"no such column", "42703"},
      {"has no column named", "42703"},
      {"ambiguous column name", "42702"},
      {"no such function", "42883"},
      {"wrong number of arguments to function", "42883"},
      {"no such index", "42704"},
      {"no such collation", "42704"},
      {"no such savepoint", "3B001"},
      {"already exists", "42P07"},
      {"cannot start a transaction", "25001"},
      {"no transaction is active", "25P01"},
      {"readonly", "25006"},
      {"not authorized", "42501"},
  };
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    if (strstr(message, texts[i].part) != NULL) return texts[i].state;
  }
  return "HY000";
}

static const char *state_of_code(int code, const char *message) {
  switch (code) {
  case SQLITE_BUSY_SNAPSHOT: return "40001"; /* repeat the whole transaction */
  case SQLITE_CONSTRAINT_UNIQUE:
  case SQLITE_CONSTRAINT_PRIMARYKEY:
  case SQLITE_CONSTRAINT_ROWID: return "23505";
  case SQLITE_CONSTRAINT_NOTNULL: return "23502";
  case SQLITE_CONSTRAINT_FOREIGNKEY: return "23503";
  case SQLITE_CONSTRAINT_CHECK: return "23514";
  case SQLITE_CONSTRAINT_DATATYPE: return "42804";
  }
  switch (code & 0xff) {
  case SQLITE_CONSTRAINT: return "23000";
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return "55P03";
  case SQLITE_FULL: return "53100";
  case SQLITE_READONLY: return "25006";
  case SQLITE_INTERRUPT: return "57014";
  case SQLITE_CANTOPEN: return "08001";
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: return "XX001";
  case SQLITE_AUTH:
  case SQLITE_PERM: return "42501";
  case SQLITE_TOOBIG: return "54000";
  case SQLITE_MISMATCH: return "42804";
  case SQLITE_IOERR: return "58030";
  case SQLITE_RANGE:
  case SQLITE_MISUSE: return "XX000";
  default: return state_of_error(message);
  }
}

/* "UNIQUE constraint failed: orders.id, orders.day", "NOT NULL constraint failed: orders.day",
** "CHECK constraint failed: positive", "UNIQUE constraint failed: index 'orders_lower'". */
static void constraint_names(int code, const char *message, DriverError *error) {
  static const char failed[] = " constraint failed: ";
  const char *names = strstr(message, failed);
  if (names == NULL) return;
  names += strlen(failed);
  if (code == SQLITE_CONSTRAINT_CHECK) {
    driver_text(error->constraint, sizeof(error->constraint), names, strlen(names));
    return;
  }
  size_t size = strlen(names);
  if (strncmp(names, "index '", 7) == 0 && size > 8) {
    driver_text(error->constraint, sizeof(error->constraint), names + 7, size - 8);
    return;
  }
  const char *point = strchr(names, '.');
  if (point == NULL) return;
  driver_text(error->table, sizeof(error->table), names, (size_t)(point - names));
  if (strchr(names, ',') == NULL) { /* else it is a key of several columns */
    driver_text(error->column, sizeof(error->column), point + 1, strlen(point + 1));
  }
}

DriverStatus lite_error(LiteConnection *connection, int code, DriverError *error) {
  sqlite3 *db = connection->db;
  if (connection->stopped == FAILURE_INTERRUPTED) {
    return driver_error_set(error, FAILURE_INTERRUPTED, "57014", "interrupted");
  }
  if (connection->stopped == FAILURE_TIMEOUT) {
    return driver_error_set(error, FAILURE_TIMEOUT, "57014", "stopped at its time limit%s",
                            connection->waiting_since != 0 ? " while waiting for a lock" : "");
  }
  if ((code & 0xff) == SQLITE_NOMEM) return driver_error_memory(error);
  /* The handle's text is that of its last call; it is of no use when another code stands there. */
  bool ours = (sqlite3_extended_errcode(db) & 0xff) == (code & 0xff);
  const char *message = ours ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  int offset = ours ? sqlite3_error_offset(db) : -1;
  DriverFailure failure = (code & 0xff) == SQLITE_TOOBIG ? FAILURE_UNFIT : FAILURE_REMOTE;
  driver_error_set(error, failure, state_of_code(code, message), "%s", message);
  error->native = code;
  if ((code & 0xff) == SQLITE_CONSTRAINT) constraint_names(code, message, error);
  if (offset >= 0) {
    DriverError place;
    driver_error_set(&place, FAILURE_NONE, NULL, "at byte %d of the statement", offset + 1);
    memcpy(error->detail, place.message, sizeof(error->detail));
  }
  if ((code & 0xff) == SQLITE_BUSY && code != SQLITE_BUSY_SNAPSHOT) {
    DriverError advice;
    driver_error_set(
        &advice, FAILURE_NONE, NULL,
        "Somebody else is writing; the block's setting timeout says how many seconds to "
        "wait (%lld now).",
        (long long)(connection->lock_timeout / 1000000));
    memcpy(error->hint, advice.message, sizeof(error->hint));
  }
  return DRIVER_FAILED;
}
