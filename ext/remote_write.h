/*
** remote_write.h: xBegin and xUpdate of a remote table.
*/
#ifndef CONNECTOR_REMOTE_WRITE_H
#define CONNECTOR_REMOTE_WRITE_H

#include "remote_table.h"

/* May it be written at all? Asked before anything is sent. */
int remote_write_check(const RemoteTable *table, Error *error);
/* argc, argv and rowid are those of xUpdate. What SQLite does about a row that breaks a constraint (OR IGNORE …)
** is asked of sqlite3_vtab_on_conflict: under OR IGNORE the code is SQLITE_CONSTRAINT, which SQLite takes for an
** answer, and there is no error. */
int remote_write(RemoteTable *table, int argc, sqlite3_value **argv, sqlite3_int64 *rowid,
                 Error *error);

#endif
