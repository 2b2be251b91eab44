/*
** remote_scan.c: one scan of a remote table, from its arguments to its last row (remote_table.h).
**
** A scan is in one of these states:
**
**   (start) --no row can fit--> END
**      |----count----> COUNTING     `left` rows without columns are shown
**      +----else-----> STREAMING --last row--> END
**                        |  \--last row of LIMIT, and SQLite wants more--> STREAMING without LIMIT,
**                        |       rows shown before are skipped
**                        +--_key asked, not all columns there--> STREAMING with all columns: the rows
**                             that come before the current one are put aside and shown after it
**
** Dates are sorted by the server when there are none whose text sorts elsewhere (before Christ, or after the
** year 9999), which the statement itself tells with its first row; else it runs anew, sorted by text.
**
** LIMIT is sent when all that was offered is sent exactly. SQLite (3.38 and later) may keep a test to
** itself that it does not offer, `a = b`, and then wants more rows than the limit: so the rows of a LIMIT
** are remembered by their hash until it is known that they were enough. min() and max() come as ORDER BY of
** their column and want one row: LIMIT 1 is sent for them, and should it not have been min() or max(), the
** statement without LIMIT must begin with the same value.
**
** SQLite asks for _key where it must know a row again in another scan: OR, RIGHT and FULL JOIN. It does
** not say so before. When that happens in a scan that has only some of the columns, the statement runs
** anew with all. Rows that were shown before come again then, which does no harm: SQLite had put them
** aside without asking for their key. When a query names _key, or changes rows, its column is among those
** used, and the first statement has all that is needed.
*/
#include "../src/cursor.h"
#include "../src/snapshot.h"
#include "column_names.h"
#include "remote_adapt.h"
#include "row_identity.h"
#include "statement_text.h"
#include <string.h>

#define SEEN_MOST 10000 /* rows of a LIMIT that are remembered; a larger one is not sent */

typedef struct Seen {
  uint64_t *hashes;
  size_t count, room;
} Seen;

struct RemoteScan {
  RemoteTable *table;
  Remote *remote; /* retained from the first start on */
  DriverBuffer sql;
  PushValues values;
  RemotePlan plan;
  char *plan_text;
  bool whole_always; /* _key was asked for once: all columns are fetched from the start */
  int *map;          /* column → place in the result, -1 = not there */
  RemoteArguments arguments;
  RemoteAdapt *adapt;
  Value *record; /* room for a row that is remembered */
  DriverBuffer key;
  /* ended by remote_scan_end */
  Stream *stream;
  bool eof, counting, whole;
  bool stored;      /* rows come from `adapt` */
  int64_t asked_at; /* when the statement was sent (driver_clock); 0 = it is settled */
  int64_t left;     /* COUNTING: rows to be shown, the current one included */
  int64_t limit;    /* sent with the running statement, -1 = none */
  int64_t shown;    /* rows so far, the current one included */
  Seen seen;        /* rows of a statement with LIMIT; after it those that are to be skipped */
  bool skipping;
  int guard; /* place of the column that tells to sort by text, -1 = none */
  bool by_text;
  bool guessed;   /* that one row of the order is enough */
  uint64_t first; /* hash of its value */
  bool checking;  /* the next row must have this value */
  Spill *aside;   /* rows to be shown after the current one */
  SpillReader *reader;
  const Value *row; /* the current row when it is from `aside` */
  size_t row_count;
  RowIdentity identity;
  bool has_key;
};

/* ---------------------------------------------------------------- life */

RemoteScan *remote_scan_new(RemoteTable *table) {
  RemoteScan *scan = sqlite3_malloc64(sizeof *scan);
  size_t columns = (size_t)table->column_count + 1;
  int *map = sqlite3_malloc64(columns * sizeof *map);
  Value *record = sqlite3_malloc64(columns * sizeof *record);
  RemoteAdapt *adapt = remote_adapt_new(table);
  if (!scan || !map || !record || !adapt) {
    sqlite3_free(scan);
    sqlite3_free(map);
    sqlite3_free(record);
    remote_adapt_free(adapt);
    return NULL;
  }
  memset(scan, 0, sizeof *scan);
  scan->table = table;
  scan->map = map;
  scan->record = record;
  scan->adapt = adapt;
  table->newest = scan;
  /* one that fails here fails again, and says so, when rows are asked for */
  Error ignored = {0};
  if (remote_table_remote(table, &scan->remote, &ignored) == SQLITE_OK)
    snapshot_cursor_opened(scan->remote);
  else
    scan->remote = NULL;
  error_clear(&ignored);
  scan->eof = true;
  buffer_init(&scan->sql, &table->connector->host);
  buffer_init(&scan->key, &table->connector->host);
  return scan;
}

/* The statement's rows are all here, or no more are wanted. */
static int settle(RemoteScan *scan, bool complete, Error *error) {
  if (!scan->asked_at) return SQLITE_OK;
  int64_t spent = driver_clock() - scan->asked_at;
  scan->asked_at = 0;
  return remote_adapt_end(scan->adapt, complete, spent, error);
}

static void end_rows(RemoteScan *scan) {
  Error ignored = {0};
  settle(scan, false, &ignored);
  error_clear(&ignored);
  scan->stored = false;
  stream_close(scan->stream);
  scan->stream = NULL;
  spill_reader_free(scan->reader);
  spill_free(scan->aside);
  scan->reader = NULL;
  scan->aside = NULL;
  scan->row = NULL;
}

void remote_scan_end(RemoteScan *scan) {
  end_rows(scan);
  row_identity_clear(&scan->identity);
  scan->eof = true;
  scan->counting = scan->whole = scan->skipping = scan->has_key = false;
  scan->guessed = scan->checking = scan->by_text = false;
  scan->guard = -1;
  scan->left = scan->shown = 0;
  scan->limit = -1;
  scan->seen.count = 0;
}

static void leave_remote(RemoteScan *scan) {
  if (!scan->remote) return;
  snapshot_cursor_closed(scan->remote);
  remote_release(scan->remote);
  scan->remote = NULL;
}

void remote_scan_free(RemoteScan *scan) {
  if (!scan) return;
  remote_scan_end(scan);
  RemoteScan *heir = scan->table->newest;
  if (heir == scan) {
    scan->table->newest = NULL;
  } else if (heir && !heir->plan_text) { /* it has not begun */
    RemoteAdapt *swap = heir->adapt;
    heir->adapt = scan->adapt;
    heir->whole_always = scan->whole_always;
    scan->adapt = swap;
  }
  remote_adapt_free(scan->adapt);
  sqlite3_free(scan->record);
  remote_arguments_clear(&scan->arguments);
  remote_plan_clear(&scan->plan);
  push_values_clear(&scan->values);
  buffer_clear(&scan->sql);
  buffer_clear(&scan->key);
  sqlite3_free(scan->seen.hashes);
  sqlite3_free(scan->plan_text);
  sqlite3_free(scan->map);
  leave_remote(scan);
  sqlite3_free(scan);
}

/* ---------------------------------------------------------------- the statement */

/* What a server says when names or types are not what they were. */
static int add_hint(const RemoteScan *scan, Error *error) {
  const RemoteTable *table = scan->table;
  if (error->remote.failure == FAILURE_REMOTE && !strncmp(error->remote.sqlstate, "42", 2) &&
      table->arguments.table && error->message) {
    char *message = sqlite3_mprintf("%s; has the remote table changed? make the table anew: "
                                    "connector_attach or connector_link again as before, or DROP "
                                    "and CREATE it",
                                    error->message);
    sqlite3_free(error->message);
    error->message = message;
  }
  return error->code;
}

static int other_columns(const RemoteTable *table, Error *error) {
  return error_set(
      error, SQLITE_ERROR,
      "connector '%s': the columns of the query are no longer those of the table: make "
      "it again by connector_view",
      table->arguments.block);
}

/* A query that runs as it is must have the names that it had. */
static int check_names(const RemoteScan *scan, Error *error) {
  const RemoteTable *table = scan->table;
  bool same = stream_column_count(scan->stream) == (size_t)table->column_count;
  char **raw = same ? column_names_copy(scan->stream) : NULL;
  char **names = raw ? column_names_unique(raw, (size_t)table->column_count) : NULL;
  sqlite3_free(raw);
  if (same && !names) return error_memory(error);
  for (int i = 0; same && i < table->column_count; i++)
    same = sqlite3_stricmp(names[i], table->arguments.columns[i].name) == 0;
  sqlite3_free(names);
  return same ? SQLITE_OK : other_columns(table, error);
}

/* The types are those that the table was made for, or no value is shown. */
static int check_types(const RemoteScan *scan, Error *error) {
  const RemoteTable *table = scan->table;
  for (int i = 0; i < table->column_count; i++) {
    const PushColumn *column = &table->columns[i];
    if (scan->map[i] < 0 || !column->class_name) continue;
    const DriverColumn *given = stream_column(scan->stream, (size_t)scan->map[i]);
    if (!strcmp(column->class_name, given->class_name)) continue;
    const char *was = driver_class(column->class_name)->sqlite_type;
    if (!strcmp(was, driver_class(given->class_name)->sqlite_type)) continue;
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': column \"%s\" of %s is %s now, and was of class %s when the "
                     "table was made: make it anew (connector_attach again, or DROP and CREATE)",
                     table->arguments.block, column->name,
                     table->arguments.table ? table->arguments.table : "the query",
                     given->remote_type, column->class_name);
  }
  return SQLITE_OK;
}

static int check_columns(const RemoteScan *scan, const RemoteSelect *select, size_t expected,
                         Error *error) {
  if (remote_select_is_raw(select)) {
    int code = check_names(scan, error);
    if (code != SQLITE_OK) return code;
  } else if (stream_column_count(scan->stream) != expected) {
    return other_columns(scan->table, error);
  }
  bool dynamic = scan->remote->dialect->dynamic_types;
  return scan->counting || dynamic ? SQLITE_OK : check_types(scan, error);
}

static RemoteSelect make_select(const RemoteScan *scan) {
  RemoteTable *table = scan->table;
  return (RemoteSelect){.table = table,
                        .dialect = scan->remote->dialect,
                        .plan = &scan->plan,
                        .tests = scan->arguments.tests,
                        .test_count = scan->arguments.test_count,
                        .query = table->arguments.query ? &scan->arguments.query : NULL,
                        .whole = scan->whole,
                        .by_text = scan->by_text,
                        .limit = scan->limit};
}

static int open_statement(RemoteScan *scan, Error *error) {
  RemoteSelect select = make_select(scan);
  end_rows(scan);
  size_t count = (size_t)remote_select_columns(&select, scan->map);
  if (count == 0) count = 1;
  bool guarded = remote_select_is_guarded(&select);
  scan->guard = guarded ? (int)count++ : -1;
  scan->asked_at = driver_clock();
  int code =
      remote_select_open(&select, scan->remote, &scan->sql, &scan->values, &scan->stream, error);
  if (code != SQLITE_OK) return add_hint(scan, error);
  scan->counting = scan->plan.count && !scan->whole;
  return check_columns(scan, &select, count, error);
}

/* ---------------------------------------------------------------- rows */

static int record_row(RemoteScan *scan, Error *error) {
  for (int i = 0; i < scan->table->column_count; i++) {
    if (scan->map[i] < 0) continue;
    size_t place = (size_t)scan->map[i];
    int code = stream_value(scan->stream, place, &scan->record[place], error);
    if (code != SQLITE_OK) return code;
  }
  return remote_adapt_add(scan->adapt, scan->record, error);
}

/* Before the first row of a statement with a guard: is another one needed? */
static int check_order(RemoteScan *scan, int *rc, Error *error) {
  Value value;
  int code = stream_value(scan->stream, (size_t)scan->guard, &value, error);
  scan->guard = -1;
  if (code != SQLITE_OK || value.type != VALUE_INTEGER || !value.integer) return code;
  scan->by_text = true;
  code = open_statement(scan, error);
  if (code == SQLITE_OK) *rc = stream_next(scan->stream, error);
  return code;
}

/* The next row: SQLITE_ROW, SQLITE_DONE or an error. */
static int statement_next(RemoteScan *scan, Error *error) {
  if (scan->stored) return remote_adapt_next(scan->adapt, error);
  int rc = stream_next(scan->stream, error), code = SQLITE_OK;
  if (rc == SQLITE_ROW && scan->guard >= 0) code = check_order(scan, &rc, error);
  if (code != SQLITE_OK) return code;
  if (rc == SQLITE_DONE) code = settle(scan, true, error);
  if (rc == SQLITE_ROW && remote_adapt_wants(scan->adapt)) code = record_row(scan, error);
  if (code != SQLITE_OK) return code;
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? rc : add_hint(scan, error);
}

static int result_value(RemoteScan *scan, size_t index, Value *value, Error *error) {
  if (scan->row) {
    *value = index < scan->row_count ? scan->row[index] : (Value){.type = VALUE_NULL};
    return SQLITE_OK;
  }
  if (scan->stored) return remote_adapt_value(scan->adapt, index, value, error);
  return stream_value(scan->stream, index, value, error);
}

/* Of the columns that are used: a query that runs as it is gives others as well. */
static int hash_row(RemoteScan *scan, uint64_t *hash, Error *error) {
  const RemoteTable *table = scan->table;
  *hash = ROW_HASH_START;
  for (int i = 0; i < table->column_count; i++) {
    Value value;
    bool used = (scan->plan.used >> (i < 63 ? i : 63)) & 1;
    if (scan->map[i] < 0 || !(used || i == table->rowid_column)) continue;
    int code = result_value(scan, (size_t)scan->map[i], &value, error);
    if (code != SQLITE_OK) return code;
    *hash = row_hash_value(*hash, &value);
  }
  return SQLITE_OK;
}

static int changed(const RemoteScan *scan, Error *error) {
  return error_set(error, SQLITE_BUSY,
                   "connector '%s': %s changed while it was read twice for one statement: run it "
                   "again, or inside BEGIN",
                   scan->table->arguments.block, scan->table->place.table);
}

/* Of the column that the rows are sorted by. */
static int hash_order(RemoteScan *scan, uint64_t *hash, Error *error) {
  Value value;
  int column = scan->plan.order[0].column;
  int code = result_value(scan, (size_t)scan->map[column], &value, error);
  if (code == SQLITE_OK) *hash = row_hash_value(ROW_HASH_START, &value);
  return code;
}

static int check_first(RemoteScan *scan, Error *error) {
  uint64_t hash;
  int code = hash_order(scan, &hash, error);
  scan->checking = false;
  return code == SQLITE_OK && hash != scan->first ? changed(scan, error) : code;
}

static int remember_row(RemoteScan *scan, Error *error) {
  Seen *seen = &scan->seen;
  if (seen->count == seen->room) {
    size_t room = seen->room ? seen->room * 2 : 64;
    uint64_t *larger = sqlite3_realloc64(seen->hashes, room * sizeof *larger);
    if (!larger) return error_memory(error);
    seen->hashes = larger;
    seen->room = room;
  }
  return hash_row(scan, &seen->hashes[seen->count++], error);
}

/* Was the row shown by the statement with LIMIT? Each is found once. */
static int was_seen(RemoteScan *scan, bool *found, Error *error) {
  uint64_t hash;
  int code = hash_row(scan, &hash, error);
  *found = false;
  for (size_t i = 0; code == SQLITE_OK && i < scan->seen.count && !*found; i++) {
    *found = scan->seen.hashes[i] == hash;
    if (*found) scan->seen.hashes[i] = scan->seen.hashes[--scan->seen.count];
  }
  return code;
}

/* Stands on the next row that is to be shown, or at the end. */
static int advance(RemoteScan *scan, Error *error) {
  bool skip = true;
  scan->has_key = false;
  if (scan->reader) {
    int rc = spill_reader_next(scan->reader, &scan->row, &scan->row_count, error);
    if (rc != SQLITE_DONE) return rc == SQLITE_ROW ? SQLITE_OK : rc;
    scan->row = NULL;
    spill_reader_free(scan->reader);
    scan->reader = NULL;
  }
  while (skip) {
    int rc = statement_next(scan, error);
    if (rc == SQLITE_DONE && scan->guessed && scan->seen.count > 0) return changed(scan, error);
    if (rc == SQLITE_DONE) {
      scan->eof = true;
      return SQLITE_OK;
    }
    if (rc == SQLITE_ROW) rc = scan->checking ? check_first(scan, error) : SQLITE_OK;
    if (rc != SQLITE_OK) return rc;
    skip = scan->skipping && scan->seen.count > 0;
    if (skip && (rc = was_seen(scan, &skip, error)) != SQLITE_OK) return rc;
  }
  scan->shown++;
  if (scan->limit < 0) return SQLITE_OK;
  int code = remember_row(scan, error);
  if (code == SQLITE_OK && scan->guessed) code = hash_order(scan, &scan->first, error);
  bool enough = code == SQLITE_OK && scan->shown >= scan->limit;
  return enough ? settle(scan, true, error) : code;
}

static int read_count(RemoteScan *scan, Error *error) {
  Value value = {.type = VALUE_INTEGER};
  int rc = statement_next(scan, error);
  if (rc == SQLITE_ROW) rc = stream_value(scan->stream, 0, &value, error);
  if (rc != SQLITE_OK)
    return rc == SQLITE_DONE ? error_set(error, SQLITE_INTERNAL, "no count") : rc;
  scan->left = (value.type == VALUE_INTEGER ? value.integer : 0) - scan->shown;
  end_rows(scan);
  scan->eof = scan->left <= 0;
  if (!scan->eof) scan->shown++;
  return SQLITE_OK;
}

/* SQLite wants more rows than LIMIT gave: all, without those that it had. */
static int drop_limit(RemoteScan *scan, Error *error) {
  scan->limit = -1;
  scan->eof = false;
  scan->skipping = true;
  scan->checking = scan->guessed;
  int code = open_statement(scan, error);
  if (code != SQLITE_OK) return code;
  return scan->counting ? read_count(scan, error) : advance(scan, error);
}

/* ---------------------------------------------------------------- start and next */

static int take_plan(RemoteScan *scan, const char *text, Error *error) {
  if (scan->plan_text && text && !strcmp(scan->plan_text, text)) return SQLITE_OK;
  remote_plan_clear(&scan->plan);
  sqlite3_free(scan->plan_text);
  scan->plan_text = sqlite3_mprintf("%s", text ? text : "");
  if (!scan->plan_text) return error_memory(error);
  int code = remote_plan_parse(text, &scan->plan, error);
  if (code != SQLITE_OK) {
    sqlite3_free(scan->plan_text);
    scan->plan_text = NULL;
  }
  return code;
}

static int check_query(const RemoteScan *scan, Error *error) {
  const RemoteTable *table = scan->table;
  const char *query = table->arguments.query;
  if (statement_class(scan->remote->dialect, query, strlen(query)) == STATEMENT_READ)
    return SQLITE_OK;
  return error_set(
      error, SQLITE_READONLY,
      "connector '%s': the query of table %s changes something: a table only reads; use "
      "connector_query or connector_execute",
      table->arguments.block, table->place.table);
}

static bool has_extreme(const char *text) {
  return text_has_word(text, "min") || text_has_word(text, "max");
}

/* From what was kept, or from the server. */
static int start_rows(RemoteScan *scan, Error *error) {
  bool unlimited;
  scan->limit = scan->arguments.limit <= SEEN_MOST ? scan->arguments.limit : -1;
  if (scan->arguments.limit < 0 && scan->plan.extreme)
    scan->guessed = text_runs(scan->table->connector->db, has_extreme);
  if (scan->guessed) scan->limit = 1;
  scan->whole = scan->whole_always;
  RemoteSelect select = make_select(scan);
  remote_select_columns(&select, scan->map);
  AdaptScan asked = {.table = scan->table,
                     .remote = scan->remote,
                     .plan = &scan->plan,
                     .plan_text = scan->plan_text,
                     .arguments = &scan->arguments,
                     .map = scan->map,
                     .whole = scan->whole,
                     .limit = scan->limit};
  int code = remote_adapt_start(scan->adapt, &asked, &scan->stored, &unlimited, error);
  if (code == SQLITE_OK && scan->stored && unlimited) scan->limit = -1;
  if (code == SQLITE_OK && !scan->stored) code = open_statement(scan, error);
  if (code != SQLITE_OK) return code;
  scan->eof = false;
  return scan->counting ? read_count(scan, error) : advance(scan, error);
}

int remote_scan_start(RemoteScan *scan, const char *plan, int argc, sqlite3_value **argv,
                      Error *error) {
  remote_scan_end(scan);
  Remote *remote;
  int code = remote_table_remote(scan->table, &remote, error);
  if (code != SQLITE_OK) return code;
  snapshot_cursor_opened(remote); /* before it leaves: it may be the same */
  leave_remote(scan);
  scan->remote = remote;
  code = take_plan(scan, plan, error);
  if (code == SQLITE_OK)
    code = remote_arguments_take(scan->table, remote->dialect, &scan->plan, argc, argv,
                                 &scan->arguments, error);
  if (code != SQLITE_OK || scan->arguments.none) return code;
  if (scan->table->arguments.query) {
    code = check_query(scan, error);
    if (code == SQLITE_OK)
      code =
          remote_arguments_bind(scan->table, remote->dialect, &scan->plan, &scan->arguments, error);
    if (code != SQLITE_OK) return code;
  }
  if (scan->arguments.limit == 0) return SQLITE_OK;
  return start_rows(scan, error);
}

int remote_scan_next(RemoteScan *scan, Error *error) {
  bool enough = scan->limit >= 0 && scan->shown >= scan->limit;
  if (enough) return drop_limit(scan, error);
  if (!scan->counting) return advance(scan, error);
  scan->left--;
  scan->eof = scan->left <= 0;
  if (!scan->eof) scan->shown++;
  return SQLITE_OK;
}

bool remote_scan_eof(const RemoteScan *scan) {
  return scan->eof;
}

int remote_scan_value(RemoteScan *scan, int column, Value *value, Error *error) {
  const PushColumn *known = &scan->table->columns[column];
  if (scan->counting || scan->map[column] < 0)
    return error_set(error, SQLITE_INTERNAL,
                     "column \"%s\" was not asked for when the statement was prepared",
                     known->name);
  int code = result_value(scan, (size_t)scan->map[column], value, error);
  if (code != SQLITE_OK) return code;
  if (value->type == VALUE_REAL && value->real == 0 && known->affinity == AFFINITY_REAL)
    value->real = 0; /* a REAL column of SQLite has no -0.0 */
  if (affinity_keeps(known->affinity, value)) return SQLITE_OK;
  /* values of the class that belongs to the type are as they should be */
  if (known->class_name && !scan->remote->dialect->dynamic_types &&
      affinity_of(driver_class(known->class_name)->sqlite_type) == known->affinity)
    return SQLITE_OK;
  return affinity_apply(scan->table->connector, known->affinity, value, error);
}

sqlite3_value *remote_scan_parameter(RemoteScan *scan, int parameter) {
  for (int i = 0; i < scan->arguments.count; i++) {
    const PlanArgument *argument = &scan->plan.arguments[i];
    bool is = argument->use == PLAN_PARAMETER || argument->use == PLAN_PARAMETER_CHECKED;
    if (is && argument->column == parameter) return scan->arguments.values[i];
  }
  return NULL;
}

/* ---------------------------------------------------------------- all columns, for the key */

static bool has_key_columns(const RemoteScan *scan) {
  const ModuleArguments *arguments = &scan->table->arguments;
  for (int i = 0; i < scan->table->column_count; i++) {
    bool needed = arguments->key_count == 0 || arguments->columns[i].key;
    if (needed && (scan->counting || scan->map[i] < 0)) return false;
  }
  return true;
}

/* The values of the columns that the statement had so far, as bytes. */
static int row_bytes(RemoteScan *scan, const bool *columns, DriverBuffer *bytes, Error *error) {
  buffer_reset(bytes);
  for (int i = 0; i < scan->table->column_count; i++) {
    Value value;
    if (!columns[i]) continue;
    int code = result_value(scan, (size_t)scan->map[i], &value, error);
    if (code != SQLITE_OK) return code;
    remote_key_add(bytes, &value);
  }
  return bytes->failed ? error_memory(error) : SQLITE_OK;
}

static int put_aside(RemoteScan *scan, Error *error) {
  size_t count = stream_column_count(scan->stream);
  Value *values = sqlite3_malloc64((count + 1) * sizeof *values);
  int code = values ? SQLITE_OK : error_memory(error);
  if (code == SQLITE_OK && !scan->aside && !(scan->aside = spill_new())) code = error_memory(error);
  for (size_t i = 0; i < count && code == SQLITE_OK; i++)
    code = stream_value(scan->stream, i, &values[i], error);
  if (code == SQLITE_OK) code = spill_append(scan->aside, values, count, error);
  sqlite3_free(values);
  return code;
}

/* Reads up to a row that has these bytes. */
static int find_row(RemoteScan *scan, const bool *columns, const DriverBuffer *wanted,
                    DriverBuffer *bytes, Error *error) {
  for (;;) {
    int code = statement_next(scan, error);
    if (code == SQLITE_DONE) return changed(scan, error);
    if (code == SQLITE_ROW) code = row_bytes(scan, columns, bytes, error);
    if (code != SQLITE_OK) return code;
    if (bytes->size == wanted->size &&
        (!bytes->size || !memcmp(bytes->data, wanted->data, bytes->size)))
      return SQLITE_OK;
    code = put_aside(scan, error);
    if (code != SQLITE_OK) return code;
  }
}

static int restart_whole(RemoteScan *scan, Error *error) {
  int count = scan->table->column_count;
  bool *columns = sqlite3_malloc64((size_t)count + 1);
  DriverBuffer wanted, bytes;
  buffer_init(&wanted, &scan->table->connector->host);
  buffer_init(&bytes, &scan->table->connector->host);
  int code = columns ? SQLITE_OK : error_memory(error);
  for (int i = 0; code == SQLITE_OK && i < count; i++)
    columns[i] = !scan->counting && scan->map[i] >= 0;
  if (code == SQLITE_OK && !scan->counting) code = row_bytes(scan, columns, &wanted, error);
  scan->whole = scan->whole_always = true;
  scan->guessed = false;
  scan->limit = -1;
  if (code == SQLITE_OK) code = open_statement(scan, error);
  if (code == SQLITE_OK) code = find_row(scan, columns, &wanted, &bytes, error);
  if (code == SQLITE_OK && scan->aside && !(scan->reader = spill_reader_new(scan->aside)))
    code = error_memory(error);
  buffer_clear(&wanted);
  buffer_clear(&bytes);
  sqlite3_free(columns);
  return code;
}

int remote_scan_rowid(RemoteScan *scan, sqlite3_int64 *rowid, Error *error) {
  Value value;
  int column = scan->table->rowid_column, code = SQLITE_OK;
  if (scan->counting || scan->map[column] < 0) code = restart_whole(scan, error);
  if (code == SQLITE_OK) code = remote_scan_value(scan, column, &value, error);
  if (code != SQLITE_OK) return code;
  *rowid = value.integer;
  if (value.type == VALUE_INTEGER) return SQLITE_OK;
  return error_set(error, SQLITE_MISMATCH,
                   "connector '%s': the key \"%s\" of %s is not an integer in every row: make the "
                   "table with PRIMARY KEY(\"%s\") behind its columns",
                   scan->table->arguments.block, scan->table->arguments.columns[column].name,
                   scan->table->place.table, scan->table->arguments.columns[column].name);
}

int remote_scan_key(RemoteScan *scan, Value *key, Error *error) {
  const RemoteTable *table = scan->table;
  int code = SQLITE_OK;
  if (!has_key_columns(scan)) code = restart_whole(scan, error);
  if (code == SQLITE_OK && !scan->has_key) {
    buffer_reset(&scan->key);
    for (int i = 0; i < table->column_count && code == SQLITE_OK; i++) {
      Value value;
      if (table->arguments.key_count && !table->arguments.columns[i].key) continue;
      code = result_value(scan, (size_t)scan->map[i], &value, error);
      if (code == SQLITE_OK) remote_key_add(&scan->key, &value);
    }
    if (code == SQLITE_OK && scan->key.failed) code = error_memory(error);
    if (code == SQLITE_OK && table->arguments.key_count == 0) {
      /* equal rows are counted, so that each is another one */
      sqlite3_int64 number;
      uint64_t hash = row_hash(ROW_HASH_START, scan->key.data, scan->key.size);
      if (row_identity_next(&scan->identity, hash, &number) != SQLITE_OK)
        return error_memory(error);
      buffer_reset(&scan->key);
      Value hashed = {.type = VALUE_INTEGER, .integer = number};
      remote_key_add(&scan->key, &hashed);
    }
    scan->has_key = code == SQLITE_OK;
  }
  *key = (Value){.type = VALUE_BLOB, .bytes = {.data = scan->key.data, .size = scan->key.size}};
  return code;
}
