/*
** remote_adapt.c: see remote_adapt.h. The rows are kept by src/lookup.c; here is when that pays.
**
**   scans 1, 2     the server is asked; nothing is kept, as most scans are alone
**   from the 3rd   answers are remembered by their arguments: repeated keys cost no round trip
**   then           when asking has cost more than reading the table would, or the whole table is wanted for
**                  the second time, it is read into the store, and further scans search there
**
** The costs are those that were seen: the time that was spent on asking, against the number of rows that the
** server estimates. Where it has no estimate, reading is tried up to as many rows as the time spent so far
** would have brought, and again after four times that.
*/
#include "remote_adapt.h"
#include "../src/driver_support.h"
#include "../src/lookup.h"
#include "remote_check.h"
#include <string.h>

#define SCANS_ALONE 2
#define SCANS_FILL 16 /* look-ups before the whole table is thought of */
#define REMEMBER_BYTES (64 << 20)
/* Microseconds that it takes to read and keep a row, and a column of it. */
#define ROW_TIME 0.8
#define COLUMN_TIME 0.5
#define FILL_TIME 20000     /* the least */
#define UNKNOWN_TIME 100000 /* before a table of unknown size is tried */

struct RemoteAdapt {
  RemoteTable *table;
  Lookup *store;  /* NULL until rows are to be kept */
  int *map;       /* layout of its rows */
  size_t columns; /* of a row */
  int scans, whole_scans;
  bool recording;
  bool off;          /* it cannot be done, or did not pay */
  int64_t spent;     /* microseconds spent on asking */
  int64_t try_after; /* of `spent`, for a table of unknown size */
};

RemoteAdapt *remote_adapt_new(RemoteTable *table) {
  RemoteAdapt *adapt = sqlite3_malloc64(sizeof *adapt);
  if (adapt) *adapt = (RemoteAdapt){.table = table, .try_after = UNKNOWN_TIME};
  return adapt;
}

void remote_adapt_free(RemoteAdapt *adapt) {
  if (!adapt) return;
  lookup_free(adapt->store);
  sqlite3_free(adapt->map);
  sqlite3_free(adapt);
}

/* ---------------------------------------------------------------- the store */

static bool is_json(const ModuleColumn *column) {
  return column->class_name && driver_class(column->class_name)->json;
}

/* The elements of a map. */
static size_t map_size(const RemoteAdapt *adapt) {
  return (size_t)adapt->table->column_count + 1;
}

/* A store whose rows have the scan's columns. */
static int make_store(RemoteAdapt *adapt, const AdaptScan *scan, Error *error) {
  const RemoteTable *table = adapt->table;
  LookupColumn *columns = sqlite3_malloc64((scan->width + 1) * sizeof *columns);
  adapt->map = sqlite3_malloc64(map_size(adapt) * sizeof *adapt->map);
  if (!columns || !adapt->map) {
    sqlite3_free(columns);
    return error_memory(error);
  }
  memcpy(adapt->map, scan->map, map_size(adapt) * sizeof *adapt->map);
  adapt->columns = scan->width;
  for (size_t i = 0; i < scan->width; i++)
    columns[i] = (LookupColumn){.type = ""}; /* what stands behind the columns is kept as it is */
  for (int i = 0; i < table->column_count; i++) {
    const ModuleColumn *column = &table->arguments.columns[i];
    if (scan->map[i] < 0) continue;
    columns[scan->map[i]] = (LookupColumn){column->type, column->collation, is_json(column)};
  }
  int code = lookup_new(&table->connector->host, columns, adapt->columns, REMEMBER_BYTES,
                        &adapt->store, error);
  sqlite3_free(columns);
  return code;
}

static bool same_columns(const RemoteAdapt *adapt, const AdaptScan *scan) {
  return memcmp(adapt->map, scan->map, map_size(adapt) * sizeof *adapt->map) == 0;
}

/* ---------------------------------------------------------------- what is asked */

static bool lookup_relation(PushOperator op, LookupRelation *found) {
  switch (op) {
  case PUSH_EQ: *found = LOOKUP_EQ; return true;
  case PUSH_IS: *found = LOOKUP_IS; return true;
  case PUSH_LT: *found = LOOKUP_LT; return true;
  case PUSH_LE: *found = LOOKUP_LE; return true;
  case PUSH_GT: *found = LOOKUP_GT; return true;
  case PUSH_GE: *found = LOOKUP_GE; return true;
  case PUSH_NULL: *found = LOOKUP_IS_NULL; return true;
  case PUSH_NOT_NULL: *found = LOOKUP_NOT_NULL; return true;
  default: return false;
  }
}

/* The plan's handle; its terms are those that the store can search by. */
static int take_plan(RemoteAdapt *adapt, const AdaptScan *scan, LookupPlan **plan, Error *error) {
  const RemotePlan *asked = scan->plan;
  LookupTerm *terms = sqlite3_malloc64((size_t)(asked->argument_count + 1) * sizeof *terms);
  size_t count = 0;
  if (!terms) return error_memory(error);
  for (int i = 0; i < asked->argument_count; i++) {
    const PlanArgument *argument = &asked->arguments[i];
    LookupTerm *term = &terms[count];
    if (argument->use != PLAN_TEST || adapt->map[argument->column] < 0) continue;
    if (!lookup_relation(argument->op, &term->relation)) continue;
    if (argument->op == PUSH_NOT_NULL && scan->arguments->outer_join != OUTER_JOIN_NONE) continue;
    /* beside a number texts that look like numbers come first (push_decide.c) */
    bool upper = term->relation == LOOKUP_LT || term->relation == LOOKUP_LE;
    if (upper && adapt->table->columns[argument->column].affinity < AFFINITY_NUMERIC) continue;
    term->column = (size_t)adapt->map[argument->column];
    term->argument = (size_t)i;
    term->own_collation = argument->binary && adapt->table->columns[argument->column].binary;
    count++;
  }
  int code = lookup_plan(adapt->store, scan->plan_text, terms, count, plan, error);
  sqlite3_free(terms);
  return code;
}

/* All arguments as they are, lists as one text of their members. */
static int take_values(const AdaptScan *scan, Value **values, DriverBuffer *lists, Error *error) {
  const RemoteArguments *arguments = scan->arguments;
  size_t member = 0;
  *values = sqlite3_malloc64((size_t)(arguments->count + 1) * sizeof **values);
  if (!*values) return error_memory(error);
  for (int i = 0; i < arguments->count; i++)
    if (remote_argument_value(arguments, scan->table, scan->plan, i, &(*values)[i]) != SQLITE_OK)
      return error_memory(error);
  for (; member < arguments->member_count; member++) {
    Value value;
    if (remote_argument_member(arguments, member, &value) != SQLITE_OK) return error_memory(error);
    remote_key_add(lists, &value);
  }
  if (lists->failed) return error_memory(error);
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- the whole table */

static double fill_time(const RemoteAdapt *adapt, int64_t rows) {
  return FILL_TIME + (double)rows * (ROW_TIME + COLUMN_TIME * (double)adapt->columns);
}

/* Of a table: its rows do not depend on the arguments. Of a plan: rows in any order will do. */
static bool can_fill(const RemoteAdapt *adapt, const AdaptScan *scan) {
  const ModuleArguments *arguments = &adapt->table->arguments;
  return arguments->column_count == arguments->visible_count && scan->plan->order_count == 0 &&
         !scan->plan->distinct && !scan->plan->count;
}

static bool fill_pays(const RemoteAdapt *adapt, const AdaptScan *scan) {
  if (scan->arguments->test_count == 0 && scan->limit < 0 && adapt->whole_scans >= 1) return true;
  int64_t rows = adapt->table->arguments.rows;
  if (adapt->scans <= SCANS_FILL) return false;
  if (rows < 0) return adapt->spent > adapt->try_after;
  return (double)adapt->spent > fill_time(adapt, rows);
}

/* Rows that may be read before it no longer pays; -1 = all. */
static int64_t fill_most(const RemoteAdapt *adapt, const AdaptScan *scan) {
  if (scan->arguments->test_count == 0 || adapt->table->arguments.rows >= 0) return -1;
  return (int64_t)((double)adapt->spent / (ROW_TIME + COLUMN_TIME * (double)adapt->columns));
}

/* The values as the server gave them: what the declared type makes of them is done where they are read. */
static int fill_rows(RemoteAdapt *adapt, const AdaptScan *scan, Stream *stream, bool *complete,
                     Error *error) {
  Value *values = sqlite3_malloc64((adapt->columns + 1) * sizeof *values);
  int64_t most = fill_most(adapt, scan), rows = 0;
  int code = values ? SQLITE_ROW : error_memory(error);
  while (code == SQLITE_ROW && (code = stream_next(stream, error)) == SQLITE_ROW) {
    if (most >= 0 && ++rows > most) break;
    code = SQLITE_OK;
    for (size_t i = 0; i < adapt->columns && code == SQLITE_OK; i++)
      code = stream_value(stream, i, &values[i], error);
    if (code == SQLITE_OK) code = lookup_add(adapt->store, values, error);
    if (code == SQLITE_OK) code = SQLITE_ROW;
  }
  sqlite3_free(values);
  *complete = code == SQLITE_DONE;
  return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* Reads the table; *complete is false when it turned out too large. */
static int fill(RemoteAdapt *adapt, const AdaptScan *scan, bool *complete, Error *error) {
  RemotePlan plan = {.used = scan->plan->used};
  RemoteSelect select = {.table = adapt->table,
                         .dialect = scan->remote->dialect,
                         .plan = &plan,
                         .query = adapt->table->arguments.query ? &scan->arguments->query : NULL,
                         .whole = scan->whole,
                         .locks = scan->locks,
                         .limit = -1};
  Stream *stream = NULL;
  DriverBuffer sql;
  PushValues values = {0};
  *complete = false;
  buffer_init(&sql, &adapt->table->connector->host);
  int code = remote_select_open(&select, scan->remote, &sql, &values, &stream, error);
  buffer_clear(&sql);
  push_values_clear(&values);
  if (code == SQLITE_OK && stream_column_count(stream) != (adapt->columns ? adapt->columns : 1)) {
    stream_close(stream);
    adapt->off = true; /* another layout: a query that runs as it is */
    return SQLITE_OK;
  }
  if (code == SQLITE_OK)
    code = remote_check_columns(&select, stream, adapt->map, adapt->columns ? adapt->columns : 1,
                                error);
  if (code == SQLITE_OK) code = lookup_fill(adapt->store, error);
  if (code == SQLITE_OK) code = fill_rows(adapt, scan, stream, complete, error);
  stream_close(stream);
  if (code == SQLITE_OK && *complete) return lookup_end(adapt->store, error);
  lookup_abandon(adapt->store);
  adapt->try_after = adapt->spent * 4;
  return code;
}

/* ---------------------------------------------------------------- a scan */

static int find_answer(RemoteAdapt *adapt, const AdaptScan *scan, bool search, bool *served,
                       Error *error) {
  LookupPlan *plan;
  Value *values = NULL;
  DriverBuffer lists;
  buffer_init(&lists, &adapt->table->connector->host);
  int code = take_plan(adapt, scan, &plan, error);
  if (code == SQLITE_OK) code = take_values(scan, &values, &lists, error);
  size_t count = (size_t)scan->arguments->count;
  if (code == SQLITE_OK && search) {
    code = lookup_search(adapt->store, plan, values, count, error);
    *served = code == SQLITE_OK;
  } else if (code == SQLITE_OK) {
    values[count++] = (Value){.type = VALUE_BLOB, .bytes = {lists.data, lists.size}};
    code = lookup_find(adapt->store, plan, values, count, served, error);
    if (code == SQLITE_OK && !*served) {
      code = lookup_begin(adapt->store, plan, values, count, error);
      adapt->recording = code == SQLITE_OK;
    }
  }
  sqlite3_free(values);
  buffer_clear(&lists);
  return code;
}

int remote_adapt_start(RemoteAdapt *adapt, const AdaptScan *scan, bool *served, bool *unlimited,
                       Error *error) {
  *served = *unlimited = false;
  adapt->recording = false;
  adapt->scans++;
  bool bare = scan->arguments->test_count == 0 && scan->limit < 0;
  bool again = bare && adapt->whole_scans > 0;
  if (adapt->off || scan->alone || scan->plan->count || (adapt->scans <= SCANS_ALONE && !again)) {
    adapt->whole_scans += bare;
    return SQLITE_OK;
  }
  int code = adapt->store ? SQLITE_OK : make_store(adapt, scan, error);
  if (code != SQLITE_OK || !same_columns(adapt, scan)) return code;
  bool search = can_fill(adapt, scan);
  if (search && !lookup_is_whole(adapt->store) && fill_pays(adapt, scan)) {
    bool complete;
    code = fill(adapt, scan, &complete, error);
    if (code != SQLITE_OK || adapt->off) return code;
  }
  adapt->whole_scans += bare;
  search = search && lookup_is_whole(adapt->store);
  if (lookup_is_whole(adapt->store) && !search) return SQLITE_OK;
  *unlimited = search;
  return find_answer(adapt, scan, search, served, error);
}

bool remote_adapt_wants(const RemoteAdapt *adapt) {
  return adapt->recording && lookup_wants_rows(adapt->store);
}

int remote_adapt_add(RemoteAdapt *adapt, const Value *values, Error *error) {
  return lookup_add(adapt->store, values, error);
}

int remote_adapt_end(RemoteAdapt *adapt, bool complete, int64_t spent, Error *error) {
  adapt->spent += spent;
  if (!adapt->recording) return SQLITE_OK;
  adapt->recording = false;
  if (complete) return lookup_end(adapt->store, error);
  lookup_abandon(adapt->store);
  return SQLITE_OK;
}

int remote_adapt_next(RemoteAdapt *adapt, Error *error) {
  return lookup_next(adapt->store, error);
}

int remote_adapt_value(RemoteAdapt *adapt, size_t index, Value *value, Error *error) {
  return lookup_value(adapt->store, index, value, error);
}
