/*
** batch_state.h: what batch.c (which rows wait) and batch_send.c (how they go) share. Nobody else includes it.
*/
#ifndef CONNECTOR_BATCH_STATE_H
#define CONNECTOR_BATCH_STATE_H

#include "transaction_state.h"

struct Batch {
  char *sql;
  size_t size;
  Spill *spill;
  size_t width;        /* values of each row */
  bool plain;          /* rows of batch_add_row */
  bool one;            /* each must change one row */
  bool ignores;        /* rows that break a constraint are left out */
  bool keyed;          /* each has a key that is not the server's to make */
  int64_t first;       /* rows of the SQLite statement before these */
  char *target, *copy; /* NULL = no COPY */
  char *together;      /* one statement for all, or NULL */
  char *alone;         /* the text that tells the key of the last row; NULL = need not be told */
  size_t size_alone;
  char **key_names;
  size_t *key_places;
  size_t key_count;
};

void batch_free(Batch *batch); /* NULL is allowed */
/* A batch for the same statement that begins with the last row of this one. NULL: it cannot. */
Batch *batch_following(Batch *batch);
/* Sends the participant's rows and comes back while they are on their way, where that is possible: the caller
** collects the next ones. What goes wrong with them is told by the next batch_send or batch_flush. */
int batch_send(Remote *remote, Error *error);
BatchMode batch_mode(const Remote *remote);
/* SQLITE_OK, or the error of rows that are missing. */
int batch_refused(const Participant *participant, Error *error);
/* Is it time for that? */
bool batch_is_full(const Participant *participant);
/* "row 57 (id = 5)" in front of what went wrong with it; values NULL: they are not known. */
void batch_name_row(int64_t number, const char *const *names, const size_t *places, size_t count,
                    const Value *values, Error *error);

#endif
