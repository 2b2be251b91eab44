/*
** remote_value.h: a value on its way from SQLite into a column of a remote table.
*/
#ifndef CONNECTOR_REMOTE_VALUE_H
#define CONNECTOR_REMOTE_VALUE_H

#include "remote_table.h"

/* The values of one row. */
typedef struct RemoteValues {
  const RemoteTable *table;
  const Remote *remote;
  char **owned; /* texts that were made for them; the caller's array, two for each column */
  size_t owned_count;
} RemoteValues;

/* As the server's column would hold it, with the declared affinity; a SQLite file sees to that itself. The value
** borrows from `from` and from `values`. */
int remote_value_take(RemoteValues *values, int column, sqlite3_value *from, Value *value,
                      Error *error);
/* A value of the key that was read. One that is shown as less than it is could be that of another row: an error. */
int remote_value_key(RemoteValues *values, int column, Value *value, Error *error);
void remote_values_clear(RemoteValues *values);

#endif
