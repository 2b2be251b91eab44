/*
** shown_rows.h: what UPDATE … FROM was shown of the rows that it changes.
**
** A plain UPDATE tells which columns it leaves alone (sqlite3_vtab_nochange). UPDATE … FROM puts every column of
** the row aside and gives all of them to xUpdate, so that what it was shown would be written back: digits that a
** REAL does not have would be lost on the server, and what others have changed meanwhile would be undone. So the
** values that the scan gave are remembered by their hash, and a column that comes back as it was is left alone.
**
** A row that the FROM clause finds several times comes several times: which was changed already is remembered too.
**
** The rows lie in a private SQLite database, which spills into a temporary file.
*/
#ifndef CONNECTOR_SHOWN_ROWS_H
#define CONNECTOR_SHOWN_ROWS_H

#include "../src/connector.h"
#include "../src/driver_support.h"

typedef struct ShownRows ShownRows;

/* The row that a cursor stands on. Zero-initialise. */
typedef struct ShownRow {
  uint64_t *hashes; /* of the columns that were asked for, 0 = not */
  int count;
  bool has_key;
  sqlite3_int64 rowid; /* when `bytes` is empty */
  DriverBuffer bytes;
} ShownRow;

/* NULL = out of memory. */
ShownRows *shown_rows_new(Connector *connector, int columns);
void shown_rows_free(ShownRows *rows); /* NULL is allowed */

/* The cursor gives a column, and the rowid or _key, of its row. False: out of memory. */
bool shown_row_value(ShownRows *rows, ShownRow *row, int column, const Value *value);
bool shown_row_key(ShownRows *rows, ShownRow *row, const Value *key);
/* It leaves the row: kept when its key was asked for. */
int shown_row_end(ShownRows *rows, ShownRow *row, Error *error);
void shown_row_clear(ShownRow *row);

/* *same: the column of the row with this key had this value. */
int shown_rows_same(ShownRows *rows, const Value *key, int column, const Value *value, bool *same,
                    Error *error);
/* The row with this key is changed: *first is false when it was before. */
int shown_rows_change(ShownRows *rows, const Value *key, bool *first, Error *error);

#endif
