/*
** row_lock.h: the block's option lock_rows. Rows that an UPDATE or DELETE reads, to change them afterwards, are kept
** from being changed by others in between: SQLite computes the new values from what was read, and they are sent with
** the key of the row alone, so that what somebody else had written meanwhile would be lost. Without the option only a
** row that is gone is noticed.
**
** Outside BEGIN such a scan is part of the transaction of its statement; on MariaDB it locks its rows everywhere, on
** PostgreSQL outside BEGIN (inside, the snapshot makes the write an error), and of a SQLite block the transaction
** itself locks the file.
*/
#ifndef CONNECTOR_ROW_LOCK_H
#define CONNECTOR_ROW_LOCK_H

#include "remote_table.h"

/* May a statement that runs change rows of the table that it reads, and the block has the option? */
bool row_lock_changes(const RemoteTable *table, const Remote *remote);
/* Is the SELECT to lock its rows? */
bool row_lock_wanted(const RemoteTable *table, const Remote *remote);
/* Did the SELECT fail because of the lock: no right to, or a view that has no rows to be locked? */
bool row_lock_is_refused(const Error *error);

#endif
