/*
** query_columns.h: the columns and parameters of a remote query, as arguments of CREATE VIRTUAL TABLE … USING
** connector(shop, query='…', …).
*/
#ifndef CONNECTOR_QUERY_COLUMNS_H
#define CONNECTOR_QUERY_COLUMNS_H

#include "../src/remote.h"

typedef struct QueryColumns {
  char **names; /* columns, then parameters; one piece of memory each */
  char **types;
  const char **classes; /* of the columns; static */
  bool
      unique; /* a filter can be put around the query: it is a SELECT, and the server's names are unique */
  size_t column_count, parameter_count;
} QueryColumns;

/* Asks the server. Zeroed before; clear it in every case. A query that changes something, or gives no rows, is an
** error. */
int query_columns_learn(Remote *remote, const char *operation, size_t size, QueryColumns *columns,
                        Error *error);
void query_columns_clear(QueryColumns *columns);
/* Argument number `index`, the columns first: `"id" INTEGER REMOTE integer`, `"city" HIDDEN`. To be freed with
** sqlite3_free. NULL = there is no such one, or out of memory. */
char *query_columns_text(const QueryColumns *columns, const DriverDialect *dialect, size_t index);

#endif
