/*
** snapshot.h: one view of the data for cursors that overlap. The tables of one SELECT are read over several
** connections; where the server can share a snapshot (DriverDialect.export_snapshot) all of these read the
** same state of the database.
**
** A snapshot begins at the first read of a block of which two cursors are open (SQLite opens all tables of a
** FROM before it reads the first), and ends with the last of them. A lone scan stays one bare statement, and
** inside BEGIN the block's one transaction is the snapshot.
**
**   link:  (pool) --snapshot_acquire--> in use --link_release--> idle, its transaction open --> in use …
**                                                                   \--snapshot_end--> (pool)
*/
#ifndef CONNECTOR_SNAPSHOT_H
#define CONNECTOR_SNAPSHOT_H

#include "remote.h"

/* A cursor of the block is opened or closed; the last one ends the snapshot. */
void snapshot_cursor_opened(Remote *remote);
void snapshot_cursor_closed(Remote *remote);
/* Will a read outside of SQLite's transaction be part of a snapshot now? */
bool snapshot_wanted(const Remote *remote);
/* A connection for one read in the snapshot, which begins when there is none yet. *link is NULL when the
** server turned out not to share snapshots: the read is then a plain one. */
int snapshot_acquire(Remote *remote, Link **link, Error *error);
/* Reads that begin from now on see what is there then: after a write of ours. */
void snapshot_end(Remote *remote);
/* From link_release: true when the connection stays with the snapshot. */
bool snapshot_keeps(Link *link);

#endif
