/*
** guard.h: keeps the functions out of CHECK constraints of foreign database files (see guard.c).
*/
#ifndef CONNECTOR_GUARD_H
#define CONNECTOR_GUARD_H

#include "../src/connector.h"

/* SQLITE_OK when the function may run: always on hosts from 3.50 on; below, when no main or attached
** schema has a table whose text contains both `check` and the function's name. Looked up once per
** statement where there is a first argument to hang the verdict on. */
int guard_check(sqlite3 *db, const char *function, sqlite3_context *context, int argc,
                Error *error);

#endif
