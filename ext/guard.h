/*
** guard.h: keeps the functions out of CHECK constraints of foreign database files (see guard.c).
*/
#ifndef CONNECTOR_GUARD_H
#define CONNECTOR_GUARD_H

#include "../src/connector.h"

/* What one function remembers: the version of main's schema that was found clean. Zero-initialise. */
typedef struct GuardMemo {
  bool known;
  int64_t version;
} GuardMemo;

/* SQLITE_OK when the function may run, else an error that names the table. */
int guard_check(GuardMemo *memo, sqlite3 *db, const char *function, sqlite3_context *context,
                int argc, Error *error);

#endif
