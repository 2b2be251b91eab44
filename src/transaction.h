/*
** transaction.h: the coordinator: which blocks take part in SQLite's current transaction, and how far
** each has come. ext/coordinator.c is the virtual table whose callbacks call transaction_sync … here.
**
** A participant's states (changed only in transaction.c):
**
**   IDLE --first use--> OPEN --write--> WROTE --xSync--> COMMITTED --xCommit/xRollback--> (gone)
**                        |                |
**                        +--- failure ----+--> FAILED --xRollback--> (gone)
**
** COMMITTED: the server has committed and SQLite has not yet. xSync again does nothing, a further write
** is refused ("already committed; COMMIT again"), and xRollback means "remote ahead", which is recorded.
*/
#ifndef CONNECTOR_TRANSACTION_H
#define CONNECTOR_TRANSACTION_H

#include "remote.h"

Transaction *transaction_new(void);
void transaction_free(Connector *connector);

typedef enum Joining {
  JOIN_NONE,     /* autocommit read: nothing to join */
  JOIN_OWN,      /* a remote transaction of the call's own, ended before the call returns */
  JOIN_ENLISTED  /* part of SQLite's transaction: ends with it */
} Joining;

/* Decides what a call is part of, enlisting with SQLite when `writes` or when inside BEGIN. JOIN_ENLISTED:
** *link is the block's transaction connection, with the remote transaction and the savepoints that a write
** needs already queued in *envelope_before (borrowed until the call ends). Otherwise *link is from the
** pool. Give it back with transaction_leave. */
typedef struct Turn {
  Joining joining;
  Remote *remote;
  Link *link;
  bool writes;
  bool guarded;               /* a savepoint of this call's own is set around the statement */
  const char *before[72];     /* for DriverEnvelope */
  size_t before_count;
  const char *after;
  char text[72][24];          /* savepoint texts */
} Turn;
int transaction_enter(Remote *remote, bool writes, Turn *turn, Error *error);
/* Ends the turn: JOIN_OWN commits or rolls back, JOIN_ENLISTED releases or rolls back to the call's own
** savepoint. `failed` is the code so far; returns the final one (a failed COMMIT makes an error). */
int transaction_leave(Turn *turn, int failed, Error *error);

/* xSync, xCommit, xRollback, xSavepoint … of the coordinator table. */
void transaction_begin(Connector *connector);
int transaction_sync(Connector *connector, Error *error);
void transaction_commit(Connector *connector);
void transaction_rollback(Connector *connector);
int transaction_savepoint(Connector *connector, int level, Error *error);
int transaction_release(Connector *connector, int level, Error *error);
int transaction_rollback_to(Connector *connector, int level, Error *error);

/* Set by ext/coordinator.c: enlists with SQLite (DELETE FROM temp.connector_enlisted WHERE 0). */
typedef int (*TransactionEnlister)(Connector *connector, Error *error);
void transaction_set_enlister(Connector *connector, TransactionEnlister enlister);

#endif
