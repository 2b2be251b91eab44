/*
** column_names.h: names for the columns of a table that shows a remote result.
*/
#ifndef CONNECTOR_COLUMN_NAMES_H
#define CONNECTOR_COLUMN_NAMES_H

#include "../src/connector.h"

/* The names made unique as SQLite compares names, the first of equal ones unchanged: a second "id" is "id_2",
** an empty one "column_3". One piece of sqlite3_malloc'ed memory; NULL = out of memory. */
char **column_names_unique(char *const *names, size_t count);

#endif
