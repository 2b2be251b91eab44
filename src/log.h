/*
** log.h: the last 1,000 remote statements of this SQLite connection (connector_log). Parameter values
** are never in it; passwords in SQL (PASSWORD '…', IDENTIFIED BY '…', and URLs' userinfo) are masked.
*/
#ifndef CONNECTOR_LOG_H
#define CONNECTOR_LOG_H

#include "connector.h"

#define LOG_ENTRIES 1000

typedef struct LogEntry {
  int64_t number; /* counts up from 1 */
  double at;      /* Unix time */
  char *block;
  int64_t connection; /* the pool's number of the connection */
  char *operation;    /* remote SQL, masked, at most 4,000 bytes */
  int64_t rows;       /* rows received or affected */
  int64_t bytes;      /* bytes of values received */
  double milliseconds;
  char sqlstate[6];
  char *error, *detail, *hint; /* NULL when it went well */
} LogEntry;

Log *log_new(void); /* NULL when out of memory */
void log_free(Log *log);
/* Starts an entry and returns its number (0 when out of memory: all else then does nothing). */
int64_t log_begin(Log *log, const char *block, int64_t connection, const char *sql);
/* Adds to the entry's counts; harmless when the entry has been overwritten since. */
void log_rows(Log *log, int64_t number, int64_t rows, int64_t bytes);
/* Ends the entry: sets milliseconds and, when error is not NULL, the failure. */
void log_end(Log *log, int64_t number, const DriverError *error);
/* Oldest first, for the table: entry with the smallest number > after, or NULL. Borrowed. */
const LogEntry *log_next(const Log *log, int64_t after);
/* Masks secrets in SQL: sqlite3_malloc'ed text, NULL when out of memory. */
char *log_mask(const char *sql);
/* The same for a text that is not SQL but may quote some, such as a server's error message: hides only
** what is plainly a secret there, and what it repeats of the secrets in `sql`, the statement that it is
** about (may be NULL). */
char *log_mask_message(const char *text, const char *sql);
/* As log_mask, for the first `size` bytes of a longer text. */
char *log_mask_part(const char *sql, size_t size);

#endif
