/*
** not_undone.h: a ROLLBACK that the server has done, and rows that stay all the same, in tables without
** transactions (MyISAM). A statement that fails says it in its error. A ROLLBACK of the user's does not fail:
** that is said in connector_log, in sqlite3_log and by connector_error.
*/
#ifndef CONNECTOR_NOT_UNDONE_H
#define CONNECTOR_NOT_UNDONE_H

#include "remote.h"

/* link_run(): ends the log entry of a ROLLBACK or ROLLBACK TO after which connection->not_undone is set. */
void not_undone_log(Link *link, int64_t entry);
/* After a call that failed, and was undone: adds it to the error when something stays. */
void not_undone_tell(Link *link, Error *error);
/* The connection goes to somebody else. */
void not_undone_forget(Link *link);

#endif
