/*
** remote_scan_state.h: a scan from within: remote_scan.c runs it, remote_anew.c sends its statement a second
** time. Nobody else includes it.
*/
#ifndef CONNECTOR_REMOTE_SCAN_STATE_H
#define CONNECTOR_REMOTE_SCAN_STATE_H

#include "remote_adapt.h"
#include "row_identity.h"

#define SEEN_MOST 10000 /* rows of a LIMIT that are remembered; a larger one is not sent */

typedef struct Seen {
  uint64_t *hashes;
  size_t count, room;
} Seen;

struct RemoteScan {
  RemoteTable *table;
  uint64_t statement; /* whose scan it is; 0 = not known */
  Remote *remote;     /* retained from the first start on */
  DriverBuffer sql;
  PushValues values;
  RemotePlan plan;
  char *plan_text;
  bool whole_always; /* _key was asked for once: all columns are fetched from the start */
  int *map;          /* column → place in the result, -1 = not there (remote_select_columns) */
  size_t width;      /* of them: values of a row, but for the guard */
  RemoteArguments arguments;
  RemoteAdapt *adapt;
  Value *record; /* room for a row that is remembered */
  DriverBuffer key;
  /* ended by remote_scan_end */
  Stream *stream;
  bool eof, counting, whole;
  bool locks;       /* its rows may be changed by the statement: row_lock.h */
  bool stored;      /* rows come from `adapt` */
  int64_t asked_at; /* when the statement was sent (driver_clock); 0 = it is settled */
  int64_t left;     /* COUNTING: rows to be shown, the current one included */
  int64_t limit;    /* sent with the running statement, -1 = none */
  int64_t shown;    /* rows so far, the current one included */
  Seen seen;        /* rows of a statement with LIMIT */
  uint64_t last;    /* hash of what the last of them was sorted by */
  int guard;        /* place of the column that tells to sort by text, -1 = none */
  bool by_text;
  Spill *aside; /* rows to be shown after the current one */
  SpillReader *reader;
  const Value *row; /* the current row when it is from `aside` */
  size_t row_count;
  RowIdentity identity;
  bool has_key;
};

/* remote_scan.c: sends the statement as the scan's state says. */
int remote_scan_send(RemoteScan *scan, Error *error);
/* The next row: SQLITE_ROW, SQLITE_DONE or an error. */
int remote_scan_step(RemoteScan *scan, Error *error);
/* A column of that row, by its place in the result. */
int remote_scan_result(RemoteScan *scan, size_t index, Value *value, Error *error);
/* Stands on the next row that is to be shown, or at the end. */
int remote_scan_advance(RemoteScan *scan, Error *error);
/* COUNTING: reads the number of rows; those that were shown are not shown again. */
int remote_scan_count(RemoteScan *scan, Error *error);

/* remote_anew.c: remembers the current row of a statement with LIMIT. */
int remote_anew_remember(RemoteScan *scan, Error *error);
/* SQLite wants more rows than LIMIT gave: all, without those that it had. Stands on the next one. */
int remote_anew_unlimited(RemoteScan *scan, Error *error);
/* With all columns; the current row stays the current one. */
int remote_anew_whole(RemoteScan *scan, Error *error);

#endif
