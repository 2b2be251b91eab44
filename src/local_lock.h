/*
** local_lock.h: makes sure, before a server is told to COMMIT, that SQLite's own commit of the local files
** cannot meet a lock afterwards.
*/
#ifndef CONNECTOR_LOCAL_LOCK_H
#define CONNECTOR_LOCAL_LOCK_H

#include "connector.h"

/* For every local database file with uncommitted changes in rollback-journal mode: takes the EXCLUSIVE
** lock that the commit will need, waiting up to PRAGMA busy_timeout for readers to finish. A reader that
** stays: SQLITE_BUSY (plain), nothing was done and COMMIT can be repeated. In WAL mode a commit does not
** wait for readers, so nothing is taken. SQLite gives the lock back at the end of the transaction. */
int local_lock(Connector *connector, Error *error);

#endif
