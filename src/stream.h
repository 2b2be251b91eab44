/*
** stream.h: one running or finished statement with rows, as cursors and table functions read it.
** It may be displaced: its remaining rows then come from a spill, and its connection is free.
*/
#ifndef CONNECTOR_STREAM_H
#define CONNECTOR_STREAM_H

#include "parameters.h"
#include "remote.h"

typedef struct Stream Stream;

typedef enum StreamUse {
  STREAM_READ, /* a plain read: READ ONLY on the server outside a transaction, streamed */
  STREAM_FETCH /* the original's fetch: also a statement that writes, which is then read to the end
                     and committed at once, or joins SQLite's transaction */
} StreamUse;

/* Sends the operation with its parameters and stands before the first row. Inside SQLite's transaction
** it runs on the block's transaction connection. A statement without rows: error that says "use
** connector_execute" (FETCH: after it ran, as the original does). Scripts are refused. */
int stream_open(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
                StreamUse use, Stream **stream, Error *error);
/* The same for one SELECT of ours in the dialect's own placeholders, with their values in order; they are
** borrowed for the time of the call. */
int stream_open_read(Remote *remote, const char *sql, size_t size, const Value *values,
                     size_t count, Stream **stream, Error *error);
/* SQLITE_ROW, SQLITE_DONE (connection already given back) or an error code. */
int stream_next(Stream *stream, Error *error);
/* The operation's text as the user gave it; borrowed. */
const char *stream_sql(const Stream *stream);
/* Does the operation change something? Its rows are then kept aside. */
bool stream_writes(const Stream *stream);
/* Is what the operation changed part of SQLite's transaction, to be undone with it? *depth gets the number of
** savepoints that were open when it was sent. */
bool stream_joined(const Stream *stream, int *depth);
/* Rows handed out so far. */
int64_t stream_rows(const Stream *stream);
/* Looks one row ahead when the result is streamed, so that after the last row the connection is given back
** at once and not at the next call. Ends the validity of the current row. A failure is kept for the next
** stream_next. True when there is a next row (or a failure to hear of). */
bool stream_peek(Stream *stream);
size_t stream_column_count(const Stream *stream);
/* Borrowed until the stream is closed. */
const DriverColumn *stream_column(const Stream *stream, size_t index);
/* Column of the current row; borrowed until the next stream_next or stream_close. Also valid after the
** stream was displaced. */
int stream_value(Stream *stream, size_t index, Value *value, Error *error);
/* Moves the remaining rows into a spill so that the connection is free. */
int stream_displace(Stream *stream, Error *error);
void stream_close(Stream *stream); /* NULL is allowed */

/* The current row as a JSON object in column order, duplicate names kept. Appends to buffer. */
int stream_row_json(Stream *stream, DriverBuffer *buffer, Error *error);

#endif
