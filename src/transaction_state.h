/*
** transaction_state.h: the coordinator's state, shared by transaction.c (what a call is part of) and
** commit.c (what SQLite's callbacks do). Nobody else includes it.
*/
#ifndef CONNECTOR_TRANSACTION_STATE_H
#define CONNECTOR_TRANSACTION_STATE_H

#include "batch.h"
#include "decision.h"
#include "stream.h"
#include "transaction.h"

typedef enum ParticipantState {
  PARTICIPANT_OPEN,      /* takes part; `begun` and `wrote` tell how far */
  PARTICIPANT_PREPARED,  /* the server has prepared, SQLite has not committed yet (two_phase.h) */
  PARTICIPANT_COMMITTED, /* the server has committed, SQLite has not yet */
  PARTICIPANT_FAILED     /* only ROLLBACK is possible; what the server keeps: participant_fate */
} ParticipantState;

/* One block in SQLite's current transaction. */
typedef struct Participant {
  struct Participant *next;
  Remote *remote; /* retained */
  Link *link;     /* ours until the end of the transaction */
  ParticipantState state;
  bool begun;        /* the server has a transaction open */
  bool wrote;        /* something was written in it */
  int sent;          /* savepoint levels the server knows: connector_s0 … connector_s<sent-1> */
  int release_to;    /* a RELEASE of this level is owed to the server; -1 = none */
  bool guard_open;   /* savepoint connector_call is still open, innermost */
  Batch *batch;      /* rows waiting to be sent, or NULL */
  Sending *sending;  /* rows on their way, or NULL; the link is theirs until batch_flush */
  Error *refused;    /* of rows that waited and are missing: all that comes fails; or NULL */
  int refused_depth; /* savepoint levels that were open then */
  uint64_t statement_mark; /* the SQLite statement whose rows came last, see batch.c */
  int64_t statement_rows;  /* how many of them */
  int64_t rowid_later;     /* stands for a key that the server will make; of no other participant */
  int64_t rowid_before;    /* last_insert_rowid() before it became that */
  BatchMode statement_mode;
  bool statement_singly; /* one statement for many of them did not go well */
  char after[40];
  char gid[GID_BYTES];        /* the name it is prepared under; "" = it is not */
  char begin[GID_BYTES + 20]; /* its own BEGIN */
  char reason[128];           /* while FAILED */
  bool
      may_stay; /* FAILED: the server ended the transaction, and it is not known that it rolled back */
} Participant;

/* A prepared transaction that the server is still to be told the end of. */
typedef struct Owed {
  struct Owed *next;
  Remote *remote; /* retained */
  char gid[GID_BYTES];
  bool commit;
} Owed;

/* A transaction that a server has committed and SQLite has rolled back. */
typedef struct RemoteAhead {
  struct RemoteAhead *next;
  Remote *remote; /* retained */
  int64_t at;     /* seconds since 1970 */
} RemoteAhead;

/* A committed one, whose decision row is not needed any more. */
typedef struct Finished {
  struct Finished *next;
  bool forgotten; /* in the transaction that is being committed */
  char gid[GID_BYTES];
} Finished;

struct Transaction {
  TransactionEnlister enlister;
  bool active;          /* enlisted with SQLite: between xBegin and xCommit/xRollback */
  int depth;            /* savepoint levels SQLite has open */
  bool several_writers; /* the user accepts that two servers are committed one after the other */
  Participant *participants;
  int rowids;                   /* numbers of rowid_later that were given */
  char random[DECISION_RANDOM]; /* part of the participants' names; "" = none has one yet */
  int named;                    /* how many have */
  Owed *owed;
  RemoteAhead *ahead;
  Finished *finished;
};

Participant *participant_find(const Remote *remote);
void participant_drop(Transaction *transaction, Participant *participant); /* link and memory go */
void participant_fail(Participant *participant, const char *reason);
/* While FAILED: what the server has of the transaction, in words. */
const char *participant_fate(const Participant *participant);
void savepoint_name(int level, char name[24]);
void transaction_ahead_free(Transaction *transaction);
bool commit_in_doubt(const Link *link, const DriverError *failure);
/* Makes error the "outcome unknown" of what was sent; returns its code. */
int outcome_unknown(const Remote *remote, const char *what, Error *error);

#endif
