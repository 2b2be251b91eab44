/*
** transaction.h: the coordinator: which blocks take part in SQLite's current transaction, and how far
** each has come. ext/coordinator.c is the virtual table whose callbacks call transaction_sync … here.
**
** A participant's states (changed only in transaction.c):
**
**   IDLE --first use--> OPEN --write--> WROTE --xSync--> COMMITTED --xCommit/xRollback--> (gone)
**                        |                |  \
**                        |                |   +--xSync, two_phase--> PREPARED --xCommit/xRollback--> (gone)
**                        +--- failure ----+--> FAILED --xRollback--> (gone)
**
** COMMITTED: the server has committed and SQLite has not yet. xSync again does nothing, a further write
** is refused ("already committed; COMMIT again"), and xRollback means "remote ahead", which is recorded.
** PREPARED: the same, but xRollback still rolls back.
*/
#ifndef CONNECTOR_TRANSACTION_H
#define CONNECTOR_TRANSACTION_H

#include "remote.h"

Transaction *transaction_new(void);
void transaction_free(Connector *connector);

typedef enum Joining {
  JOIN_NONE,    /* autocommit read: nothing to join */
  JOIN_OWN,     /* a remote transaction of the call's own, ended before the call returns */
  JOIN_ENLISTED /* part of SQLite's transaction: ends with it */
} Joining;

/* What a call wants to do. */
typedef enum TurnUse {
  TURN_READ,    /* changes nothing */
  TURN_WRITE,   /* one statement that may change something */
  TURN_SEVERAL, /* several such statements, undone together: a script, execute_many */
  TURN_BARE     /* cannot be part of a transaction: VACUUM, DDL where that commits by itself */
} TurnUse;

#define TURN_TEXTS 32

/* One call's part in a transaction, from transaction_enter to transaction_leave. */
typedef struct Turn {
  Joining joining;
  TurnUse use;
  Remote *remote;
  Link *link;
  bool guarded;  /* a savepoint of this call's own is in `before` */
  bool executed; /* set by the caller just before it sends the statement itself: from then on a lost
                     answer of a bare write leaves its outcome unknown */
  bool answered; /* transaction_answered was called */
  int depth;     /* SQLite's savepoint levels when the turn was taken */
  const char *before[TURN_TEXTS]; /* for DriverEnvelope: BEGIN, savepoints */
  size_t before_count;
  const char *after; /* for DriverEnvelope, NULL = nothing */
  char text[TURN_TEXTS][40];
} Turn;

/* Decides what a call is part of, enlists with SQLite when it writes or stands inside BEGIN, and takes a
** connection: the block's transaction connection (JOIN_ENLISTED) or one of the pool. The statement must be
** sent with envelope {before, before_count, after}; a reader leaves `after` out. Always followed by
** transaction_leave when it succeeded; the Turn must not be moved in between. */
int transaction_enter(Remote *remote, TurnUse use, Turn *turn, Error *error);
/* Sends what is queued in `before` now, each text alone, for calls that have no envelope (batches,
** scripts). Marks the turn executed and answered. */
int transaction_send(Turn *turn, Error *error);
/* The server took the statement and what was queued before it: from now on a call that fails has something
** to undo, also when it is a value of ours that does not fit. */
void transaction_answered(Turn *turn);
/* Writes the queued texts into the log, for a statement that is about to be sent with them. */
void transaction_log(const Turn *turn);
/* Ends the turn: JOIN_OWN commits or rolls back, JOIN_ENLISTED rolls back to the call's own savepoint when
** the call failed; the connection goes back. `failed` is the code so far; returns the final one: a failed
** COMMIT makes an error, and a bare write whose answer was lost becomes "outcome unknown". */
int transaction_leave(Turn *turn, int failed, Error *error);
/* Makes the block take part in SQLite's transaction before it writes: what it reads from now on is read in the
** transaction that the rows will be written in. Sends BEGIN at most. Where SQLite has no transaction it does nothing. */
int transaction_join(Remote *remote, Error *error);
/* True between xBegin and xCommit or xRollback. */
bool transaction_active(const Connector *connector);
/* True when the block takes part in SQLite's current transaction. */
bool transaction_has(const Remote *remote);

/* xBegin, xSync, xCommit, xRollback, xSavepoint … of the coordinator table. `level` is SQLite's number of
** the savepoint, counted from 0; -1 in rollback_to is the start of the transaction. */
void transaction_begin(Connector *connector);
int transaction_sync(Connector *connector, Error *error);
void transaction_commit(Connector *connector);
void transaction_rollback(Connector *connector);
int transaction_savepoint(Connector *connector, int level, Error *error);
int transaction_release(Connector *connector, int level, Error *error);
int transaction_rollback_to(Connector *connector, int level, Error *error);

/* For the coordinator's rows: participants one after the other, starting with index 0. */
bool transaction_participant(const Connector *connector, int index, const char **block,
                             const char **state);

/* For connector_transactions: transactions that a server has committed and SQLite rolled back, in this
** connection, the last one first. `at` in seconds since 1970. */
bool transaction_ahead(const Connector *connector, int index, const char **block, int64_t *at);

/* connector_config('several_writers'): whether two servers may write in one transaction and be committed one
** after the other. */
bool transaction_several_writers(const Connector *connector);
void transaction_allow_several_writers(Connector *connector, bool allow);

/* Set by ext/coordinator.c: enlists with SQLite (DELETE FROM temp.connector_enlisted WHERE 0). */
typedef int (*TransactionEnlister)(Connector *connector, Error *error);
void transaction_set_enlister(Connector *connector, TransactionEnlister enlister);

#endif
