/*
** error.h: a failure on its way up to the user. Functions of src/ return a SQLite result code and fill
** an Error; context is added in front on the way: `connector 'shop': could not connect: …`.
*/
#ifndef CONNECTOR_ERROR_H
#define CONNECTOR_ERROR_H

#include "driver.h"

/* Zero-initialise: Error error = {0}; clear with error_clear. Own memory, at most one message. */
typedef struct Error {
  int code;      /* SQLite result code, extended codes allowed; 0 = no error */
  char *message; /* sqlite3_malloc'ed UTF-8; NULL only when out of memory */
  DriverError
      remote;  /* what the driver said; remote.failure == FAILURE_NONE when it was not asked */
  char *block; /* name of the block concerned, or NULL */
  char *sql;   /* the remote SQL, or NULL */
  bool outcome_unknown; /* a COMMIT or a bare write whose answer was lost */
} Error;

/* As good as {0}, for what runs once per row or value: `remote` is 4 KB, and only looked at (and then set
** whole) after a failure. */
static inline void error_init(Error *error) {
  error->code = 0;
  error->message = error->block = error->sql = NULL;
  error->remote.failure = FAILURE_NONE;
  error->outcome_unknown = false;
}

/* Sets code and message from scratch (frees what was there) and returns code. `format` is that of
** sqlite3_mprintf (%q, %w, %z …), so no printf attribute. */
int error_set(Error *error, int code, const char *format, ...);
int error_memory(Error *error); /* SQLITE_NOMEM */
/* Puts "context: " before the message, but behind a leading "connector 'name': ", which stands once. */
void error_wrap(Error *error, const char *format, ...);
/* Makes the Error of a driver's failure: code by SQLSTATE (DESIGN section 8), message
** `connector '<block>': <what>: <sqlstate> <message> (<detail>) <hint>`; `what` is a short text such
** as "connect" or a shortened SQL text and may be NULL. Returns the code. */
int error_remote(Error *error, const DriverError *remote, const char *block, const char *what,
                 const char *sql);
/* The SQLite code alone. */
int error_code(const DriverError *remote);
/* True when doing the same again can succeed: busy, deadlock, serialization, lost before sending. */
bool error_retryable(const Error *error);
/* Of a statement on a remote table: adds what to do when the server has other names or types than the table. */
void error_suspect_change(Error *error);
int error_copy(Error *to,
               const Error *from);       /* all of it, error_set keeps nothing; returns the code */
void error_move(Error *to, Error *from); /* `from` becomes empty, what `to` held is freed */
void error_clear(Error *error);

/* "near and valid ones listed": appends `; did you mean 'x'?` and/or `; valid: a, b, c` to the
** message. names is an array of count texts. */
void error_suggest(Error *error, const char *given, const char *const *names, size_t count);

#endif
