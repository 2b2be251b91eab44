/*
** remote_check.h: are the columns that a statement gives those that the table was made for? No value is shown
** before that is known.
*/
#ifndef CONNECTOR_REMOTE_CHECK_H
#define CONNECTOR_REMOTE_CHECK_H

#include "remote_table.h"

/* Names of a query that runs as it is, the number of columns otherwise, and types. map as
** remote_select_columns gives it, `expected` the number of columns. */
int remote_check_columns(const RemoteSelect *select, Stream *stream, const int *map,
                         size_t expected, Error *error);

#endif
