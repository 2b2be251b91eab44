/*
** rowset.h: the rows that a table function shows: live from a running stream, or kept aside so that they
** can be shown again.
*/
#ifndef CONNECTOR_ROWSET_H
#define CONNECTOR_ROWSET_H

#include "../src/cursor.h"

typedef struct RowSet RowSet;

#define ROWSET_ALL (-1) /* as `size` */

/* Takes the stream, also when it fails. keep: its rows are read to the end now. */
int rowset_from_stream(Connector *connector, Stream *stream, bool keep, RowSet **rows,
                       Error *error);
/* The cursor's next `size` rows, fetched now and kept. After an error the cursor is gone. */
int rowset_from_cursor(Connector *connector, FetchCursor *cursor, int64_t size, RowSet **rows,
                       Error *error);
void rowset_free(RowSet *rows); /* NULL is allowed */

bool rowset_is_kept(const RowSet *rows);
/* Back before the first row; only of kept rows. */
void rowset_rewind(RowSet *rows);
/* SQLITE_ROW, SQLITE_DONE or an error code. */
int rowset_next(RowSet *rows, Error *error);

size_t rowset_column_count(const RowSet *rows);
/* Of the current row; borrowed until the next rowset_next. */
int rowset_value(RowSet *rows, size_t index, Value *value, Error *error);
/* The current row as a JSON object, the names as a JSON array; appended. */
int rowset_row_json(RowSet *rows, DriverBuffer *buffer, Error *error);
void rowset_names_json(const RowSet *rows, DriverBuffer *buffer);

#endif
