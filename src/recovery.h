/*
** recovery.h: the transactions that a client left prepared on a server when it died (two_phase.h).
*/
#ifndef CONNECTOR_RECOVERY_H
#define CONNECTOR_RECOVERY_H

#include "remote.h"

/* Can the block have such transactions; is it to be asked when no name is given? */
bool recovery_possible(const Remote *remote);

/* One of them: `decision` is "commit", "rollback", or "unknown": of another database file. `decided_at` may be
** NULL. Returns other than SQLITE_OK to end. */
typedef int (*RecoveryVisitor)(void *context, const char *gid, const char *decision,
                               const char *decided_at);
/* Asks the server for all of ours, of this file or another. A transaction that is being committed elsewhere at this
** moment may be among them, as "rollback" too. */
int recovery_visit(Remote *remote, RecoveryVisitor visit, void *context, Error *error);

/* Ends those of this file, and forgets the decisions that are not needed any more. To be called in a host
** transaction that holds the write lock of main: whoever is between PREPARE and its local commit holds it, so what
** has no decision now will never have one. Adds to *ended. When one cannot be ended the others are, and the error
** is that of the first. */
int recovery_run(Remote *remote, int *ended, Error *error);

#endif
