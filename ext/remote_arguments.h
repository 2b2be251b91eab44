/*
** remote_arguments.h: the values of one xFilter call.
*/
#ifndef CONNECTOR_REMOTE_ARGUMENTS_H
#define CONNECTOR_REMOTE_ARGUMENTS_H

#include "remote_table.h"

typedef struct RemoteArguments {
  sqlite3_value **values; /* own copies of argv */
  int count;
  sqlite3_value **members; /* of IN lists */
  size_t member_count;
  ScanTest *tests; /* those that are sent */
  size_t test_count;
  bool none;     /* no row can satisfy them */
  bool exact;    /* the server keeps just the rows that SQLite keeps */
  int64_t limit; /* rows that are enough, -1 = all are wanted */
  Bound query;   /* of a query table, after remote_arguments_bind */
} RemoteArguments;

/* Zero-initialised before; what it held is freed. Clear it in every case. */
int remote_arguments_take(RemoteTable *table, const DriverDialect *dialect, const RemotePlan *plan,
                          int argc, sqlite3_value **argv, RemoteArguments *arguments, Error *error);
/* The query's text and parameters. */
int remote_arguments_bind(const RemoteTable *table, const DriverDialect *dialect,
                          const RemotePlan *plan, RemoteArguments *arguments, Error *error);
void remote_arguments_clear(RemoteArguments *arguments);

#endif
