/*
** remote_arguments.h: the values of one xFilter call.
*/
#ifndef CONNECTOR_REMOTE_ARGUMENTS_H
#define CONNECTOR_REMOTE_ARGUMENTS_H

#include "remote_table.h"

typedef enum OuterJoin { OUTER_JOIN_UNKNOWN, OUTER_JOIN_NONE, OUTER_JOIN_POSSIBLE } OuterJoin;

typedef struct RemoteArguments {
  sqlite3_value **values; /* own copies of argv */
  int count;
  sqlite3_value **members; /* of IN lists */
  size_t member_count;
  ScanTest *tests; /* those that are sent */
  size_t test_count;
  size_t places;        /* placeholders that the lists take */
  bool none;            /* no row can satisfy them */
  bool exact;           /* the server keeps just the rows that SQLite keeps */
  int64_t limit;        /* rows that are enough, -1 = all are wanted */
  OuterJoin outer_join; /* outer_join.h; the same for all scans of a statement */
  Bound query;          /* of a query table, after remote_arguments_bind */
} RemoteArguments;

/* Zero-initialised before; what it held is freed. Clear it in every case. */
int remote_arguments_take(RemoteTable *table, const DriverDialect *dialect, const RemotePlan *plan,
                          int argc, sqlite3_value **argv, RemoteArguments *arguments, Error *error);
/* The query's text and parameters. */
int remote_arguments_bind(const RemoteTable *table, const DriverDialect *dialect,
                          const RemotePlan *plan, RemoteArguments *arguments, Error *error);
/* Argument number `index` as SQLite compares it (a list: NULL), and a member of the lists; borrowed.
** SQLITE_OK or SQLITE_NOMEM. */
int remote_argument_value(const RemoteArguments *arguments, const RemoteTable *table,
                          const RemotePlan *plan, int index, Value *value);
int remote_argument_member(const RemoteArguments *arguments, size_t index, Value *value);
void remote_arguments_clear(RemoteArguments *arguments);

#endif
