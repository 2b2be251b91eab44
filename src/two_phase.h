/*
** two_phase.h: what the coordinator does on the servers of blocks with the option two_phase.
**
**   xSync      decision rows into local main; PREPARE on each server
**   SQLite     commits the local files: from here on the transaction is to be committed
**   xCommit    COMMIT PREPARED on each server
**
** Whatever dies in between: a prepared transaction stays on its server, locks and all, until it is told what to
** do; the decision row, there or not there, says what (decision.h). What cannot be told at once is owed: it is
** told before the block is used next in this connection, or by connector_recover in any.
*/
#ifndef CONNECTOR_TWO_PHASE_H
#define CONNECTOR_TWO_PHASE_H

#include "transaction_state.h"

/* Gives a new participant its name, if its block has two_phase and main is a file. */
int two_phase_name(Participant *participant, Error *error);
/* Before its first write: can server and local database do it? */
int two_phase_check(Participant *participant, Error *error);
/* The server's BEGIN for it. `begin` is the dialect's. */
const char *two_phase_begin(Participant *participant, const char *begin);
/* COMMIT or ROLLBACK of what was not prepared. */
DriverStatus two_phase_unprepared(Participant *participant, bool commit, DriverError *failure);

/* At COMMIT, of one that only read as far as we know: did a function that it called write? Sets `wrote`. */
int two_phase_look(Participant *participant, Error *error);
/* The decision rows of all that wrote; an error when SQLite could not commit them with the rest as one. */
int two_phase_decide(Connector *connector, Error *error);
int two_phase_prepare(Participant *participant, Error *error);
/* COMMIT or ROLLBACK of what was prepared. When that cannot be told it is owed, and said in the logs. */
void two_phase_finish(Participant *participant, bool commit);
/* The answer to PREPARE was lost: ROLLBACK is owed if it was prepared. */
void two_phase_doubt(Participant *participant);
/* After the local commit: its decision rows were written, and those of before that are done with are gone. */
void two_phase_decided(Connector *connector);
/* After a local rollback: the rows of before are there again. */
void two_phase_undecided(Connector *connector);

/* Tells the block's server what is owed to it. An error when a COMMIT cannot be told: what was written would
** not be seen. */
int two_phase_settle(Remote *remote, Error *error);
void two_phase_free(Transaction *transaction);

/* One prepared transaction: told to commit or to roll back; SQLITE_OK also when it is not there any more
** (*absent). Waits a moment for a session that still holds it. */
int two_phase_tell(Link *link, const char *gid, bool commit, bool *absent, Error *error);

#endif
