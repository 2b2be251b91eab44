/*
** remote_adapt.h: a table on the inner side of a join, asked again and again: what was answered before is
** answered here, and when asking has cost as much as reading the table once would, it is read once.
**
** One RemoteAdapt belongs to the scans of one table in one statement. A correlated subquery opens a new
** cursor for each outer row, before the old one is closed: the old one's RemoteAdapt passes to it.
*/
#ifndef CONNECTOR_REMOTE_ADAPT_H
#define CONNECTOR_REMOTE_ADAPT_H

#include "remote_arguments.h"

typedef struct RemoteAdapt RemoteAdapt;

/* What a scan is about. */
typedef struct AdaptScan {
  const RemoteTable *table;
  Remote *remote;
  const RemotePlan *plan;
  const char *plan_text;
  const RemoteArguments *arguments;
  const int *map; /* columns of its rows (remote_select_columns) */
  size_t width;   /* their number */
  bool whole;
  bool locks; /* RemoteSelect.locks */
  bool alone; /* its answer is not to be remembered: LIMIT 1 by a guess */
  int64_t limit;
} AdaptScan;

RemoteAdapt *remote_adapt_new(RemoteTable *table); /* NULL = out of memory */
void remote_adapt_free(RemoteAdapt *adapt);        /* NULL is allowed */

/* At the start of each scan. *served: its rows come from remote_adapt_next; more may come than were asked for,
** and a LIMIT does not count (*unlimited), when the whole table is here. Else the caller asks the server, gives
** each row to remote_adapt_add, and says how it ended. */
int remote_adapt_start(RemoteAdapt *adapt, const AdaptScan *scan, bool *served, bool *unlimited,
                       Error *error);
/* Wants remote_adapt_add the next row? */
bool remote_adapt_wants(const RemoteAdapt *adapt);
int remote_adapt_add(RemoteAdapt *adapt, const Value *values, Error *error);
/* The server's answer is complete; else it was left before its end. `spent`: microseconds since it was asked. */
int remote_adapt_end(RemoteAdapt *adapt, bool complete, int64_t spent, Error *error);
/* SQLITE_ROW, SQLITE_DONE or an error; and a column of that row, borrowed until the next call. */
int remote_adapt_next(RemoteAdapt *adapt, Error *error);
int remote_adapt_value(RemoteAdapt *adapt, size_t index, Value *value, Error *error);

#endif
