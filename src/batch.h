/*
** batch.h: rows of one writing SQLite statement that go to the server with the same text, sent together.
**
** In autocommit all rows of the statement are collected and sent in blocks, the last one in xSync, with the
** full text of an error. Inside BEGIN the first rows of a statement are sent one by one, so that a small
** statement reports its own error and leaves the transaction usable; a statement of more than BATCH_SINGLE
** rows is batched from there on, and is sent at its end (xRelease) at the latest. A full batch is on its way to
** the server while the next one is collected: what goes wrong with it is told then.
**
** Whoever hears of rows that were refused need not be the statement that they are of: it may be a query that a function
** runs in the middle, and that somebody swallows the error of. So the statement, and COMMIT, are told once more.
*/
#ifndef CONNECTOR_BATCH_H
#define CONNECTOR_BATCH_H

#include "execute.h"
#include "spill.h"

#define BATCH_SINGLE 1000 /* rows of one statement inside BEGIN that are sent one by one */
#define BATCH_ROWS 5000   /* rows collected before they are sent */
#define BATCH_BYTES (SPILL_MEMORY / 4 * 3) /* the same by their size */

typedef struct Batch Batch;     /* rows that wait */
typedef struct Sending Sending; /* those on their way */
struct Participant;             /* transaction_state.h */

typedef enum BatchMode { BATCH_AUTO, BATCH_ON, BATCH_OFF } BatchMode; /* the option `batch` */

/* One row of the statement that SQLite is running: sends it, or keeps it for later. Values are copied. */
int batch_add(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
              Error *error);
/* One row of INSERT, UPDATE or DELETE on a remote table. Borrowed. */
typedef struct BatchRow {
  const char *sql; /* in the server's own form: write.h */
  size_t size;
  const char *sql_alone; /* the text with which it is sent by itself; NULL = the same */
  size_t size_alone;
  const char
      *target; /* INSERT: the table, quoted, and the text of COPY for many such rows; else NULL */
  const char *copy;
  const char *together; /* UPDATE, DELETE: the text for many such rows at once; else NULL */
  const Value *values;
  size_t count;
  bool makes_key; /* the server makes the key, and sql_alone tells it */
  bool ignores;   /* a row that breaks a constraint is left out: OR IGNORE */
  bool one;       /* it must change one row */
  bool now;       /* it cannot wait */
  /* for errors: names and places in `values` of what tells the row */
  const char *const *key_names;
  const size_t *key_places;
  size_t key_count;
} BatchRow;

/* Sends the row, or keeps it for later. *key gets what the server made, or NULL when that is not known; *affected the rows
** changed, -1 when it waits. *key is Participant.rowid_later for a row that waits for a key of the server's: as
** last_insert_rowid() this becomes the key when the row is sent. (What a trigger writes is told from it: there SQLite has
** put back what was before.) */
int batch_add_row(Remote *remote, const BatchRow *row, int64_t *affected, Value *key, Error *error);
/* Puts the row's number and key in front of the error that keeps it from being sent. */
void batch_refuse_row(Remote *remote, const BatchRow *row, Error *error);
/* Sends what a block has waiting; nothing waiting is fine. Called before anything else is sent to the block
** in this transaction, and before COMMIT. */
int batch_flush(Remote *remote, Error *error);
/* Forgets waiting rows, and those on their way: all since savepoint `level` was opened is rolled back, -1 = all of the
** transaction. */
void batch_forget(struct Participant *participant, int level);

#endif
