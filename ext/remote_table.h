/*
** remote_table.h: a remote table or query as an SQLite table: what the files remote_*.c share.
**
**   remote_table.c    declares it, knows its columns and where it lies
**   remote_plan.c     xBestIndex: what the server shall do; the plan as text in idxStr
**   remote_select.c   the SELECT of a plan, to be shown or to be sent
**   remote_arguments.c   the values of one xFilter call: tests, limit, parameters of a query
**   remote_scan.c     one scan: arguments, statement, rows, also when a part of it must be done again
**   remote_anew.c     a statement that must be sent a second time
**   remote_check.c    are the columns that come those that the table was made for?
**   remote_adapt.c    when answers are remembered, and when the whole table is read
**   remote_key.c      the hidden column _key: what tells rows apart that have no integer key
**   remote_key_text.c    keys that are shown as less than they are
**   remote_write.c    xUpdate: rows that are inserted, changed, deleted
**   remote_value.c    a value on its way into a column
**   row_lock.c        which scans lock their rows
**   remote_cursor.c   the methods of the cursor
*/
#ifndef CONNECTOR_REMOTE_TABLE_H
#define CONNECTOR_REMOTE_TABLE_H

#include "../src/parameters.h"
#include "../src/push.h"
#include "../src/spill.h"
#include "../src/stream.h"
#include "module_arguments.h"
#include "table_block.h"

/* "SELECT columns FROM table" as it was printed last, which is most often what the next scan needs. */
typedef struct SelectHead {
  char *text; /* NULL = none yet */
  size_t size;
  const DriverDialect *dialect;
  uint64_t used;
  bool whole, distinct;
} SelectHead;

/* The texts of the change that was made last, which is most often what the next row needs. `form` tells of what
** kind it was and which columns it had (remote_write.c). */
typedef struct WriteTexts {
  DriverBuffer form, wanted, sql, alone, copy, together;
} WriteTexts;

/* Declared columns: the visible ones, the query's parameters (hidden), for a query one more that takes
** surplus arguments, and _key (hidden) where no integer key is the rowid. */
typedef struct RemoteTable {
  sqlite3_vtab base;          /* must be first */
  const sqlite3_module *kind; /* must be second: connector_module.h */
  Connector *connector;
  ModuleArguments arguments;
  TablePlace place;          /* has the names */
  Error error;               /* of the call that runs; empty between two */
  char *fault;               /* why xConnect does not know the columns; NULL = it does */
  PushColumn *columns;       /* the visible ones */
  int column_count;          /* of them */
  int rowid_column;          /* the integer key, or -1 */
  int surplus;               /* number of that column, or -1 */
  int identity;              /* number of _key, or -1 */
  bool lock_refused;         /* its user may not lock rows, or it has none to lock: a view */
  bool changing;             /* the transaction has a statement that changes it (xBegin) */
  struct RemoteScan *newest; /* the scan that was made last, while it is there */
  bool utf16;                /* the host's texts are UTF-16, and BINARY compares these bytes */
  bool wrappable;            /* filters can be put around the query */
  char *source;              /* made at first use, for this dialect */
  const DriverDialect *source_dialect;
  SelectHead head;
  WriteTexts writes;
  int cursors;             /* open ones */
  uint64_t statement;      /* that last read the table (statement_alone) */
  DriverIdentity key_text; /* stands for a key that may be shown as less than it is ... */
  const DriverDialect *key_text_dialect; /* ... of this dialect; NULL: it is not used */
  struct ShownRows *shown;               /* when this is UPDATE … FROM (shown_rows.h) */
} RemoteTable;

/* Makes the table from its arguments, which it takes over, also when it fails. `create`: the user makes
** it now, and a short form asks the server for the columns. */
int remote_table_make(Connector *connector, const char *schema, const char *name,
                      ModuleArguments *arguments, bool create, RemoteTable **table, Error *error);
int remote_table_destroy(RemoteTable *table, Error *error); /* the shadow table goes */
int remote_table_rename(RemoteTable *table, const char *name, Error *error);
void remote_table_free(RemoteTable *table);
/* May it be used, and through which Remote (retained, nothing is connected)? */
int remote_table_remote(RemoteTable *table, Remote **remote, Error *error);
/* The table's name on the server, quoted; borrowed. NULL for a query, or out of memory. */
const char *remote_table_source(RemoteTable *table, const DriverDialect *dialect, Error *error);
/* "SELECT * FROM q(city)"; NULL = out of memory. */
char *remote_table_usage_text(const RemoteTable *table);
/* "usage: SELECT * FROM q(city)" as an error. */
int remote_table_usage(const RemoteTable *table, Error *error);

extern const sqlite3_module remote_table_methods;

/* ---- plans ---- */

typedef enum PlanUse {
  PLAN_TEST,
  PLAN_PARAMETER,         /* of the query */
  PLAN_PARAMETER_CHECKED, /* SQLite compares it with the column again, so NULL is of no use */
  PLAN_SURPLUS,
  PLAN_LIMIT,
  PLAN_OFFSET
} PlanUse;

/* What one element of xFilter's argv is. */
typedef struct PlanArgument {
  PlanUse use;
  int column; /* of a test; the parameter's number */
  PushOperator op;
  bool binary;   /* texts are compared by their bytes */
  bool constant; /* with a literal */
} PlanArgument;

typedef struct PlanOrder {
  int column;
  bool descending;
} PlanOrder;

typedef struct RemotePlan {
  PlanArgument *arguments;
  int argument_count;
  PlanOrder *order; /* left to the server */
  int order_count;
  uint64_t used; /* sqlite3_index_info.colUsed */
  bool distinct; /* equal rows may be left out */
  bool count;    /* only the number of rows is wanted */
  bool exact;    /* LIMIT: all that SQLite checks is in this plan */
  bool extreme;  /* the first row is enough when this is min() or max(), which is not known */
} RemotePlan;

int remote_best_index(sqlite3_vtab *base, sqlite3_index_info *info);
/* Reads the plan back from idxStr. */
int remote_plan_parse(const char *text, RemotePlan *plan, Error *error);
void remote_plan_clear(RemotePlan *plan);

/* ---- statements ---- */

/* A test of the plan with its value. */
typedef struct ScanTest {
  const PushColumn *column;
  PushTest test;
  Value *list; /* PUSH_IN: own array */
  size_t list_count;
} ScanTest;

typedef struct RemoteSelect {
  RemoteTable *table;
  const DriverDialect *dialect;
  const RemotePlan *plan;
  const ScanTest *tests;
  size_t test_count;
  const char *source; /* the quoted name of a table; NULL for a query */
  const Bound *query; /* of a query table: text and values in the dialect's own form */
  bool whole;         /* all columns, for the sake of _key: no count, no DISTINCT */
  bool by_text;       /* ORDER BY in the form that is right for all rows (push_sorts_perhaps) */
  bool locks;         /* its rows are to be changed: nobody else may change them now (row_lock.h) */
  int64_t limit;      /* -1 = none */
} RemoteSelect;

/* Which columns the statement gives: map[column] is its place in the result or -1, map[table->column_count] that of
** the first part of the identity (remote_identity), which the others follow. Returns their number. */
int remote_select_columns(const RemoteSelect *select, int *map);
/* Does a last column follow that is true when ORDER BY is not right for some row, so that the statement must
** be sent again with by_text? */
bool remote_select_is_guarded(const RemoteSelect *select);
/* Nothing is put around the query: its columns are as it gives them. */
bool remote_select_is_raw(const RemoteSelect *select);
/* Appends the text; values (NULL: only to be shown) get what is bound. */
int remote_select_print(const RemoteSelect *select, DriverBuffer *sql, PushValues *values,
                        Error *error);

/* Sends it and stands before the first row. `sql` and `values` are room to work in. */
int remote_select_open(const RemoteSelect *select, Remote *remote, DriverBuffer *sql,
                       PushValues *values, Stream **stream, Error *error);

/* ---- scans ---- */

typedef struct RemoteScan RemoteScan;

RemoteScan *remote_scan_new(RemoteTable *table); /* NULL = out of memory */
void remote_scan_free(RemoteScan *scan);
/* Ends what was running, starts anew and stands on the first row. */
int remote_scan_start(RemoteScan *scan, const char *plan, int argc, sqlite3_value **argv,
                      Error *error);
void remote_scan_end(RemoteScan *scan);
int remote_scan_next(RemoteScan *scan, Error *error);
bool remote_scan_eof(const RemoteScan *scan);
/* A visible column of the current row; borrowed until the next row. */
int remote_scan_value(RemoteScan *scan, int column, Value *value, Error *error);
/* The integer key of the current row. */
int remote_scan_rowid(RemoteScan *scan, sqlite3_int64 *rowid, Error *error);
/* The argument given for a parameter of the query, or NULL. */
sqlite3_value *remote_scan_parameter(RemoteScan *scan, int parameter);
/* _key of the current row; borrowed until the next row. May start the statement anew, with all columns
** of the table: the current row stays the current one. */
int remote_scan_key(RemoteScan *scan, Value *key, Error *error);

/* ---- keys ---- */

/* What is read beside the columns to tell the table's rows apart: what the server has, where there is no key, or the
** texts of a key. NULL = nothing. */
const DriverIdentity *remote_identity(const RemoteTable *table, const DriverDialect *dialect);
size_t remote_identity_parts(const DriverIdentity *identity); /* NULL: 0 */
/* At CREATE: does the server have what `identity=` says? */
int remote_identity_check(const RemoteTable *table, const DriverDialect *dialect, Error *error);

/* Before anything is asked of the table: is its key to be read as texts (remote_key_text.c)? Goes by the block's
** options. */
int remote_key_text_prepare(RemoteTable *table, const Remote *remote, Error *error);
void remote_key_text_clear(RemoteTable *table);
/* How the server's text of a column is read; NULL = its value is all there is. */
const DriverKeyText *remote_key_text(const RemoteTable *table, const DriverDialect *dialect,
                                     int column);

/* Appends one value in a form in which equal values, and only these, have equal bytes. */
void remote_key_add(DriverBuffer *key, const Value *value);
/* Takes the next one back; borrowed from the key. False: it is damaged. */
bool remote_key_take(const char **at, const char *end, Value *value);

#endif
