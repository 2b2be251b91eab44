/*
** replay.h: what a table function has already run in the current SQLite statement, by its arguments, so
** that a second scan with the same arguments shows the same rows instead of running it again.
*/
#ifndef CONNECTOR_REPLAY_H
#define CONNECTOR_REPLAY_H

#include "rowset.h"

typedef struct Replay Replay;

Replay *replay_new(void);         /* NULL when out of memory */
void replay_free(Replay *replay); /* with all its row sets; NULL is allowed */
/* NULL when there is none; borrowed. */
RowSet *replay_find(const Replay *replay, const char *key, size_t size);
/* Takes the rows when it succeeds; false = out of memory. */
bool replay_add(Replay *replay, const char *key, size_t size, RowSet *rows);

#endif
