/*
** error.c: failures on their way up: one message, one SQLite code, what the server said.
**
** error_code is the only place where an SQLSTATE becomes an SQLite result code. MySQL has one
** SQLSTATE (23000) for all constraints and HY000 for much else, so its native numbers are looked at
** as well; no number used here means something else on another backend together with the same
** SQLSTATE.
*/
#include "error.h"
#include "driver_support.h"
#include "log.h"
#include "sqlite_api.h"
#include <string.h>

#define WHAT_SIZE 84   /* bytes of an operation that are shown in a message */
#define NAMES_SHOWN 60 /* names that error_suggest lists at most */

/* ---------------------------------------------------------------- making and freeing */

static void error_free(Error *error) {
  sqlite3_free(error->message);
  sqlite3_free(error->block);
  sqlite3_free(error->sql);
}

/* All of it is as zero: what is set from now on is what the driver did not say. */
static void error_reset(Error *error) {
  error_free(error);
  memset(error, 0, sizeof(*error));
}

int error_set(Error *error, int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *message = sqlite3_vmprintf(format, arguments); /* first: arguments may point into *error */
  va_end(arguments);
  error_reset(error);
  error->code = message != NULL ? code : SQLITE_NOMEM;
  error->message = message;
  return error->code;
}

int error_memory(Error *error) {
  error_reset(error);
  error->code = SQLITE_NOMEM;
  error->message = sqlite3_mprintf("out of memory");
  return SQLITE_NOMEM;
}

/* Length of a leading "connector 'name': ", 0 when there is none. */
static int block_prefix(const char *message) {
  static const char start[] = "connector '";
  if (strncmp(message, start, sizeof start - 1) != 0) return 0;
  const char *end = strstr(message, "': ");
  return end != NULL ? (int)(end + 3 - message) : 0;
}

/* The block's name leads and stands once: other context goes behind it. */
void error_wrap(Error *error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *context = sqlite3_vmprintf(format, arguments);
  va_end(arguments);
  int prefix = error->message != NULL ? block_prefix(error->message) : 0;
  bool named = prefix > 0 && context != NULL && strncmp(context, "connector '", 11) == 0;
  if (context != NULL && error->message != NULL && !named) {
    char *message =
        sqlite3_mprintf("%.*s%s: %s", prefix, error->message, context, error->message + prefix);
    if (message != NULL) { /* else the bare message is still true */
      sqlite3_free(error->message);
      error->message = message;
    }
  }
  sqlite3_free(context);
}

void error_clear(Error *error) {
  error_free(error);
  error_init(error);
}

int error_copy(Error *to, const Error *from) {
  DriverError remote = from->remote;
  bool unknown = from->outcome_unknown;
  char *block = from->block != NULL ? sqlite3_mprintf("%s", from->block) : NULL;
  char *sql = from->sql != NULL ? sqlite3_mprintf("%s", from->sql) : NULL;
  error_set(to, from->code, "%s", from->message != NULL ? from->message : "out of memory");
  to->remote = remote;
  to->outcome_unknown = unknown;
  to->block = block;
  to->sql = sql;
  return to->code;
}

void error_move(Error *to, Error *from) {
  if (to == from) return;
  error_clear(to);
  *to = *from;
  memset(from, 0, sizeof(*from));
}

/* ---------------------------------------------------------------- codes */

static bool state_is(const DriverError *remote, const char *state) {
  return strncmp(remote->sqlstate, state, strlen(state)) == 0;
}

/* The names that servers give to a primary key's constraint: MySQL always "PRIMARY" (newer ones
** "table.PRIMARY"), PostgreSQL "<table>_pkey" unless the user chose another. */
static bool constraint_is_primary(const DriverError *remote) {
  const char *name = remote->constraint;
  size_t size = strlen(name), table = strlen(remote->table);
  if (strcmp(name, "PRIMARY") == 0) return true;
  if (size > 8 && strcmp(name + size - 8, ".PRIMARY") == 0) return true;
  return table > 0 && size == table + 5 && memcmp(name, remote->table, table) == 0 &&
         strcmp(name + table, "_pkey") == 0;
}

static int code_of_constraint(const DriverError *remote) {
  static const struct {
    const char *state;
    int native; /* 0 = any */
    int code;
  } codes[] = {
      {"23502", 0, SQLITE_CONSTRAINT_NOTNULL},
      {"23503", 0, SQLITE_CONSTRAINT_FOREIGNKEY},
      {"23001", 0, SQLITE_CONSTRAINT_FOREIGNKEY}, /* restrict violation */
      {"23514", 0, SQLITE_CONSTRAINT_CHECK},
      {"23505", SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_PRIMARYKEY},
      {"23505", SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_PRIMARYKEY},
      {"23505", 0, SQLITE_CONSTRAINT_UNIQUE},
      {"23000", 1062, SQLITE_CONSTRAINT_UNIQUE},
      {"23000", 1022, SQLITE_CONSTRAINT_UNIQUE},
      {"23000", 1169, SQLITE_CONSTRAINT_UNIQUE},
      {"23000", 1586, SQLITE_CONSTRAINT_UNIQUE},
      {"23000", 1859, SQLITE_CONSTRAINT_UNIQUE},
      {"23000", 1048, SQLITE_CONSTRAINT_NOTNULL},
      {"23000", 1263, SQLITE_CONSTRAINT_NOTNULL},
      {"23000", 1216, SQLITE_CONSTRAINT_FOREIGNKEY},
      {"23000", 1217, SQLITE_CONSTRAINT_FOREIGNKEY},
      {"23000", 1451, SQLITE_CONSTRAINT_FOREIGNKEY},
      {"23000", 1452, SQLITE_CONSTRAINT_FOREIGNKEY},
      {"23000", 1557, SQLITE_CONSTRAINT_FOREIGNKEY},
      {"23000", 1761, SQLITE_CONSTRAINT_FOREIGNKEY},
      {"23000", 1762, SQLITE_CONSTRAINT_FOREIGNKEY},
      {"23000", 3819, SQLITE_CONSTRAINT_CHECK}, /* MySQL gives HY000 */
      {"23000", 4025, SQLITE_CONSTRAINT_CHECK},
  };
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    if (!state_is(remote, codes[i].state)) continue;
    if (codes[i].native != 0 && codes[i].native != remote->native) continue;
    if (codes[i].code == SQLITE_CONSTRAINT_UNIQUE && constraint_is_primary(remote)) {
      return SQLITE_CONSTRAINT_PRIMARYKEY;
    }
    return codes[i].code;
  }
  return SQLITE_CONSTRAINT;
}

/* MySQL's errors whose SQLSTATE says nothing (HY000) or something of their own (70100). */
static int code_of_native(const DriverError *remote) {
  if (!state_is(remote, "HY000") && !state_is(remote, "70100")) return SQLITE_ERROR;
  switch (remote->native) {
  case 1205: /* lock wait timeout */
  case 1213: /* deadlock */
  case 3572: /* NOWAIT lock */ return SQLITE_BUSY;
  case 1317: /* query interrupted */
  case 1969: /* MariaDB max_statement_time */
  case 3024: /* MySQL max_execution_time */ return SQLITE_INTERRUPT;
  case 1021: /* disk full */
  case 1114: /* table is full */ return SQLITE_FULL;
  case 1290: /* the server runs with --read-only, among other options */
    return strstr(remote->message, "read-only") != NULL ? SQLITE_READONLY : SQLITE_ERROR;
  case 1836: /* read-only mode */ return SQLITE_READONLY;
  case 1037:
  case 1041: return SQLITE_NOMEM;
  case 1364: /* field has no default value */ return SQLITE_CONSTRAINT_NOTNULL;
  case 3819: /* check constraint, MySQL 8 */ return SQLITE_CONSTRAINT_CHECK;
  default: return SQLITE_ERROR;
  }
}

static int code_of_state(const DriverError *remote) {
  static const struct {
    const char *state; /* may be a prefix */
    int code;
  } codes[] = {
      {"40001", SQLITE_BUSY},     {"40P01", SQLITE_BUSY},
      {"55P03", SQLITE_BUSY},     {"57014", SQLITE_INTERRUPT},
      {"28", SQLITE_AUTH},        {"53100", SQLITE_FULL},
      {"53200", SQLITE_NOMEM},    {"25006", SQLITE_READONLY},
      {"57P0", SQLITE_IOERR}, /* the server ends this session */
      {"08001", SQLITE_CANTOPEN}, {"08004", SQLITE_CANTOPEN},
      {"08", SQLITE_IOERR},
  };
  if (state_is(remote, "23")) return code_of_constraint(remote);
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    if (state_is(remote, codes[i].state)) return codes[i].code;
  }
  return code_of_native(remote);
}

int error_code(const DriverError *remote) {
  switch (remote->failure) {
  case FAILURE_NONE: return SQLITE_OK;
  case FAILURE_MEMORY: return SQLITE_NOMEM;
  case FAILURE_INTERRUPTED: return SQLITE_INTERRUPT;
  case FAILURE_TIMEOUT: return state_is(remote, "08") ? SQLITE_CANTOPEN : SQLITE_INTERRUPT;
  case FAILURE_LOST: return SQLITE_IOERR;
  case FAILURE_CONNECT: {
    int code = code_of_state(remote);
    bool kept = code == SQLITE_AUTH || code == SQLITE_NOMEM || code == SQLITE_BUSY ||
                code == SQLITE_READONLY;
    return kept ? code : SQLITE_CANTOPEN;
  }
  case FAILURE_UNFIT: return state_is(remote, "54000") ? SQLITE_TOOBIG : SQLITE_MISMATCH;
  case FAILURE_REFUSED:
  case FAILURE_REMOTE: return code_of_state(remote);
  }
  return SQLITE_ERROR;
}

bool error_retryable(const Error *error) {
  const DriverError *remote = &error->remote;
  if (error->outcome_unknown) return false;
  int code = error->code & 0xff;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return true;
  if (state_is(remote, "40001") || state_is(remote, "40P01")) return true;
  if (remote->failure == FAILURE_LOST) return true; /* what was sent surely did not happen */
  return remote->failure == FAILURE_CONNECT &&
         (state_is(remote, "08") || state_is(remote, "53300") || state_is(remote, "57P03"));
}

/* ---------------------------------------------------------------- messages */

/* An operation as it is shown in a message: one line, without secrets, shortened. */
static void what_shorten(const char *what, char text[WHAT_SIZE + 4]) {
  char *masked = log_mask(what);
  text[0] = 0;
  if (masked == NULL) return; /* without it the message is still true */
  driver_text(text, WHAT_SIZE, masked, strlen(masked));
  char whole[WHAT_SIZE + 4];
  driver_text(whole, sizeof(whole), masked, strlen(masked));
  if (strlen(whole) > strlen(text)) strcat(text, "\xe2\x80\xa6");
  sqlite3_free(masked);
}

/* The server's words can quote the statement, and with it a password. */
static void field_mask(char *field, size_t size, const char *sql) {
  char *masked = log_mask_message(field, sql);
  driver_text(field, size, masked != NULL ? masked : "", masked != NULL ? strlen(masked) : 0);
  sqlite3_free(masked);
}

static char *remote_text(const DriverError *remote) {
  const char *message = remote->message, *detail = remote->detail, *hint = remote->hint;
  size_t size = strlen(message);
  bool ended = detail[0] != 0 || size == 0 || strchr(".!?:;", message[size - 1]) != NULL;
  return sqlite3_mprintf("%s%s%s%s%s%s%s%s", remote->sqlstate, remote->sqlstate[0] != 0 ? " " : "",
                         message, detail[0] != 0 ? " (" : "", detail, detail[0] != 0 ? ")" : "",
                         hint[0] == 0 ? ""
                         : ended      ? " "
                                      : ". ",
                         hint);
}

int error_remote(Error *error, const DriverError *remote, const char *block, const char *what,
                 const char *sql) {
  char shown[WHAT_SIZE + 4] = "";
  DriverError copy = *remote; /* remote may be &error->remote, block and sql may be error's own */
  if (what != NULL) what_shorten(what, shown);
  field_mask(copy.message, sizeof(copy.message), sql);
  field_mask(copy.detail, sizeof(copy.detail), sql);
  field_mask(copy.hint, sizeof(copy.hint), sql);
  char *text = remote_text(&copy);
  char *name = block != NULL ? sqlite3_mprintf("%s", block) : NULL;
  char *statement = sql != NULL ? log_mask(sql) : NULL;
  error_clear(error);
  error->code = error_code(&copy);
  error->remote = copy;
  error->block = name;
  error->sql = statement;
  if (text != NULL) {
    error->message = sqlite3_mprintf("connector%s%s%s: %s%s%s", name != NULL ? " '" : "",
                                     name != NULL ? name : "", name != NULL ? "'" : "", shown,
                                     shown[0] != 0 ? ": " : "", text);
    sqlite3_free(text);
  }
  if (error->message == NULL) error->code = SQLITE_NOMEM;
  return error->code;
}

/* ---------------------------------------------------------------- suggestions */

void error_suspect_change(Error *error) {
  const DriverError *remote = &error->remote;
  /* a privilege, a value for an identity that is always made: the names are right */
  bool known = state_is(remote, "42501") || state_is(remote, "428C9");
  if (remote->failure != FAILURE_REMOTE || !state_is(remote, "42") || known || !error->message)
    return;
  char *message = sqlite3_mprintf(
      "%s; has the remote table changed? make the table anew: connector_attach or connector_link "
      "again as before, or DROP and CREATE it",
      error->message);
  if (!message) return; /* the message without advice is still true */
  sqlite3_free(error->message);
  error->message = message;
}

/* Edits (insert, delete, replace, swap of neighbours) between two short texts; ASCII case does not
** count. More than `most` is answered as most + 1. */
static size_t edit_distance(const char *a, const char *b, size_t most) {
  enum { LONGEST = 64 };
  size_t rows[3][LONGEST + 1];
  size_t a_size = strlen(a), b_size = strlen(b);
  if (a_size > LONGEST || b_size > LONGEST) return most + 1;
  for (size_t j = 0; j <= b_size; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= a_size; i++) {
    size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= b_size; j++) {
      bool same = sqlite3_strnicmp(a + i - 1, b + j - 1, 1) == 0;
      size_t best = before[j - 1] + (same ? 0 : 1);
      if (before[j] + 1 < best) best = before[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          earlier[j - 2] + 1 < best) {
        best = earlier[j - 2] + 1;
      }
      now[j] = best;
    }
  }
  size_t distance = rows[a_size % 3][b_size];
  return distance > most ? most + 1 : distance;
}

/* The nearest name, or NULL when none is near enough to be meant. */
static const char *name_near(const char *given, const char *const *names, size_t count) {
  const char *near = NULL;
  size_t size = strlen(given);
  size_t best = size < 3 ? 1 : size < 6 ? 2 : 3; /* distances below this are near */
  for (size_t i = 0; i < count; i++) {
    size_t distance = edit_distance(given, names[i], best);
    if (distance < best) {
      best = distance;
      near = names[i];
    }
  }
  for (size_t i = 0; near == NULL && size >= 3 && i < count; i++) {
    if (sqlite3_strnicmp(given, names[i], (int)size) == 0) near = names[i];
  }
  return near;
}

void error_suggest(Error *error, const char *given, const char *const *names, size_t count) {
  if (error->message == NULL || count == 0) return;
  const char *near = given != NULL ? name_near(given, names, count) : NULL;
  char *message =
      sqlite3_mprintf("%s%s%s%s; valid: ", error->message, near != NULL ? "; did you mean '" : "",
                      near != NULL ? near : "", near != NULL ? "'?" : "");
  for (size_t i = 0; message != NULL && i < count && i <= NAMES_SHOWN; i++) {
    /* %z frees the text before */
    if (i == NAMES_SHOWN) {
      message = sqlite3_mprintf("%z and %lld more", message, (long long)(count - i));
    } else {
      message = sqlite3_mprintf("%z%s%s", message, i > 0 ? ", " : "", names[i]);
    }
  }
  if (message == NULL) return; /* the message without advice is still true */
  sqlite3_free(error->message);
  error->message = message;
}
