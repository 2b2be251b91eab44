/*
** execute.h: statements that change something: connector_execute, connector_execute_many and the block
** table. What they are part of (SQLite's transaction, or one of their own) is decided in transaction.c.
*/
#ifndef CONNECTOR_EXECUTE_H
#define CONNECTOR_EXECUTE_H

#include "beside.h"
#include "parameters.h"
#include "remote.h"

/* Runs one operation or a script (without parameters), all or nothing. *affected gets the rows changed
** (matched for UPDATE; 0 for DDL; a script's sum). */
int execute_operation(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
                      int64_t *affected, Error *error);

/* One row's INSERT, UPDATE or DELETE in the server's own form, with the values in the order of its
** placeholders (write.h). Borrowed. */
typedef struct RowChange {
  const char *sql;
  size_t size;
  const Value *values;
  size_t count;
  bool one;       /* it must change one row, neither none nor two */
  bool makes_key; /* the server makes the key: RETURNING gives it, or Driver.made_key */
} RowChange;

/* Sends it at once. *affected gets the rows changed, *key (may be NULL) the key that was made, or NULL. */
int execute_row(Remote *remote, const RowChange *change, int64_t *affected, Value *key,
                Error *error);

/* True for a statement that cannot be part of a transaction: VACUUM, DDL where that commits by itself. */
bool execute_is_bare(const DriverDialect *dialect, const char *sql, size_t size,
                     StatementClass class);

/* Sets for execute_many: take() gives SQLITE_ROW with the next set, SQLITE_DONE, or an error code. */
typedef struct ArgumentSource {
  int64_t count;                           /* how many there are; 0 = not known */
  void (*rewind)(struct ArgumentSource *); /* to the first one; NULL = cannot */
  bool open;           /* SQLITE_DONE means: not yet more (execute_rows_start) */
  atomic_bool dropped; /* they are about to be rolled back: nothing is taken any more */
  int (*take)(struct ArgumentSource *source, Arguments *set, Error *error);
} ArgumentSource;

/* Runs the operation once per set, all or nothing, batched as the driver can. No set at all sends
** nothing and gives 0. */
int execute_many(Remote *remote, const char *sql, size_t size, ArgumentSource *source,
                 int64_t *affected, Error *error);
/* What the server says of many rows at once need not be said of each: it may have been the order, a trigger or a
** rule. False when it was the transaction that failed, or somebody who stopped it. */
bool execute_may_go_singly(const Error *error);
/* A text in the server's own form, and how its rows may go. Borrowed. */
typedef struct RowsChange {
  const char *sql;
  size_t size;
  bool one;         /* each must change one row */
  DriverLoad load;  /* target NULL: they may not be loaded */
  const char *copy; /* the text for that */
  const char *
      together; /* one statement for all; NULL = there is none. When it fails nothing tells why: the rows
                           are to be sent one after the other then */
} RowsChange;

/* The same for rows of a remote table, in parts; the sets are the values of the placeholders. `change`'s texts and
** `source` are borrowed until execute_rows_finish, which is always called when the start went well.
**
** With `beside` a call that waits for the server all the time is made on the Remote's thread. With source->open it pauses when it has
** taken the last set, where the way in which they go allows it (else execute_rows_start clears `open`): the caller
** puts more there and resumes it, or clears `open` and resumes it to its end. While it does not pause, the
** source may not be touched; and nothing else may be sent to the block before its end. */
typedef struct RowsRun RowsRun;
int execute_rows_start(Remote *remote, const RowsChange *change, ArgumentSource *source,
                       bool beside, RowsRun **run, Error *error);
bool execute_rows_beside(const RowsRun *run); /* it is made there */
/* Waits until it pauses (true) or has ended. `leave`: beside_wait. */
bool execute_rows_pauses(RowsRun *run, bool leave);
void execute_rows_resume(RowsRun *run);
/* Waits for the end, which must not pause, and frees. error->remote.row tells the row at fault. */
int execute_rows_finish(RowsRun *run, bool leave, Error *error);

#endif
