/*
** row_table.h: what all tables that show remote rows have in common: connector_query, the fetch tables,
** block tables and views. Each says where its columns are and how a scan starts; the rest is here.
**
**   row | name operation p1 … (hidden arguments) | surplus | c1 … c64 (hidden values) | names
*/
#ifndef CONNECTOR_ROW_TABLE_H
#define CONNECTOR_ROW_TABLE_H

#include "catalog.h"
#include "rowset.h"

#define ROW_VALUES 64      /* c1 … c64 */
#define ROW_PARAMETERS 125 /* p1 … p125: SQLite's limit of 127 function arguments less two */
#define ROW_NONE (-1)

/* Column numbers in the declared table. */
typedef struct RowShape {
  int row, names;                /* JSON columns, or ROW_NONE */
  int arguments, argument_count; /* hidden; the column after them is `surplus` */
  int values, value_count;       /* c1 …, or a view's real columns */
} RowShape;

/* Arguments of one scan; NULL where one was not given. Kept as long as the scan. */
typedef struct RowArguments {
  int count; /* = argument_count */
  sqlite3_value **values;
} RowArguments;

typedef struct RowTable {
  sqlite3_vtab base;          /* must be first */
  const sqlite3_module *kind; /* must be second: connector_module.h; NULL in other modules */
  Connector *connector;
  RowShape shape;
  char *usage; /* for a surplus or missing argument; own memory */
  /* Makes the rows of a scan. Kept rows are shown again when the same SQLite statement scans with the same
  ** arguments; live rows are run again. */
  int (*start)(struct RowTable *table, const RowArguments *arguments, RowSet **rows, Error *error);
  struct RowCursor *newest; /* the cursor that was opened last, while it is open */
} RowTable;

/* Fills a zeroed table; usage is copied. */
int row_table_init(RowTable *table, Connector *connector, const RowShape *shape, const char *usage);
/* Frees what row_table_init made; the table's own memory is the caller's. */
void row_table_clear(RowTable *table);
int row_table_usage(const RowTable *table, Error *error);

/* Declares `row, <arguments>, surplus, c1 …, names`: `arguments` is a list such as "name, operation", and
** `parameters` many of p1 … follow it. Fills *shape. */
int row_table_declare(sqlite3 *db, const char *arguments, int argument_count, int parameters,
                      RowShape *shape);

int row_table_best_index(sqlite3_vtab *base, sqlite3_index_info *info);
int row_table_open(sqlite3_vtab *base, sqlite3_vtab_cursor **result);
int row_table_close(sqlite3_vtab_cursor *base);
int row_table_filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc,
                     sqlite3_value **argv);
int row_table_next(sqlite3_vtab_cursor *base);
int row_table_eof(sqlite3_vtab_cursor *base);
int row_table_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index);
int row_table_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid);

#define ROW_TABLE_METHODS                                                                          \
  .xBestIndex = row_table_best_index, .xOpen = row_table_open, .xClose = row_table_close,          \
  .xFilter = row_table_filter, .xNext = row_table_next, .xEof = row_table_eof,                     \
  .xColumn = row_table_column, .xRowid = row_table_rowid

#endif
