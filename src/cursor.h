/*
** cursor.h: the shared fetch cursors behind connector_fetch_one, _many and _all.
**
** There is one cursor per block, operation text (byte for byte) and canonical parameters, shared by the
** three forms:
**
**   (none) --cursor_get--> OPEN --last row--> DONE --cursor_reset--> (none)
**                           |  \--failure--> (none)
**                           +---cursor_reset--> (none)
**
** A DONE cursor gives no more rows until it is reset, and holds neither connection nor rows.
**
** A cursor whose statement wrote in SQLite's transaction tells what is there only as long as that is: when it
** is rolled back, with its savepoint or as a whole, the cursor is forgotten, and the same call runs afresh.
** One that only reads keeps its place.
*/
#ifndef CONNECTOR_CURSOR_H
#define CONNECTOR_CURSOR_H

#include "stream.h"

typedef struct FetchCursor {
  struct FetchCursor *next;
  char *block, *operation, *parameters; /* the key */
  size_t operation_size;
  Stream *stream; /* NULL when DONE */
  bool ahead;     /* the stream stands on a row that cursor_next has not handed out yet */
  char **names;   /* of the columns; one piece of memory */
  size_t column_count;
  int64_t rows; /* handed out so far */
  double since; /* Unix time when it was opened */
  int undone_by; /* its statement wrote inside so many savepoints of a transaction that is not over: going
                    back to one of a lower number undoes that; -1 = it cannot be undone */
} FetchCursor;

CursorSet *cursor_set_new(void);          /* NULL when out of memory */
void cursor_set_free(CursorSet *cursors); /* closes all; NULL is allowed */

/* The cursor of this key, opened (and its statement sent) when there is none. Borrowed. `canonical` is
** what json_canonical makes of the parameters. */
int cursor_get(Connector *connector, const char *block, const char *operation, size_t size,
               const Arguments *arguments, const char *canonical, FetchCursor **cursor,
               Error *error);
/* SQLITE_ROW: cursor->stream stands on the row. SQLITE_DONE, now and from now on. After an error code the
** cursor is gone. */
int cursor_next(Connector *connector, FetchCursor *cursor, Error *error);
/* Called when the current row is no longer needed: looks whether it was the last one, so that a cursor nobody
** asks again gives its connection back. A failure on the way is told by the next cursor_next. */
void cursor_settle(FetchCursor *cursor);
/* Drops one, when its current row could not be kept. */
void cursor_drop(Connector *connector, FetchCursor *cursor);
/* Drops the cursors of one block (NULL = all); returns how many. */
int cursor_reset(Connector *connector, const char *block);
/* What became of writes in SQLite's transaction; the levels are those of transaction.h. `block` NULL = all. */
void cursor_undone(Connector *connector, const char *block, int level); /* -1 = the whole */
void cursor_released(Connector *connector, int level);
void cursor_committed(Connector *connector, const char *block);
/* The first one, oldest last, for connector_cursors; NULL when there is none. Borrowed. */
const FetchCursor *cursor_first(const Connector *connector);

/* The names of a stream's columns as one piece of sqlite3_malloc'ed memory; NULL = out of memory. */
char **column_names_copy(const Stream *stream);

#endif
