/*
** remote_scan.c: one scan of a remote table, from its arguments to its last row (remote_table.h).
**
** A scan is in one of these states:
**
**   (start) --no row can fit--> END
**      |----count----> COUNTING     `left` rows without columns are shown
**      +----else-----> STREAMING --last row--> END
**                        |  \--last row of LIMIT, and SQLite wants more--> STREAMING without LIMIT
**                        +--_key asked, not all columns there--> STREAMING with all columns: the rows
**                             that come before the current one are put aside and shown after it
**
** Dates are sorted by the server when there are none whose text sorts elsewhere (before Christ, or after the
** year 9999), which the statement itself tells with its first row; else it runs anew, sorted by text.
**
** What a statement that was sent anew does with rows that were shown: remote_anew.c.
*/
#include "../src/cursor.h"
#include "../src/snapshot.h"
#include "../src/transaction.h"
#include "remote_check.h"
#include "remote_scan_state.h"
#include "row_lock.h"
#include "statement_text.h"
#include <string.h>

/* ---------------------------------------------------------------- life */

RemoteScan *remote_scan_new(RemoteTable *table) {
  RemoteScan *scan = sqlite3_malloc64(sizeof *scan);
  size_t columns = (size_t)table->column_count + 1 + DRIVER_IDENTITY_PARTS;
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
  scan->statement = statement_alone(table->connector->db);
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
  scan->counting = scan->whole = scan->has_key = false;
  scan->by_text = false;
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
  } else if (heir && !heir->plan_text && scan->statement && heir->statement == scan->statement) {
    /* it has not begun, and is of the same statement */
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

static int add_hint(const RemoteScan *scan, Error *error) {
  if (scan->table->arguments.table) error_suspect_change(error);
  return error->code;
}

static int check(const RemoteScan *scan, const RemoteSelect *select, size_t expected,
                 Error *error) {
  return remote_check_columns(select, scan->stream, scan->map, expected, error);
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
                        .locks = scan->locks,
                        .limit = scan->limit};
}

int remote_scan_send(RemoteScan *scan, Error *error) {
  RemoteSelect select = make_select(scan);
  end_rows(scan);
  scan->width = (size_t)remote_select_columns(&select, scan->map);
  size_t count = scan->width ? scan->width : 1;
  bool guarded = remote_select_is_guarded(&select);
  scan->guard = guarded ? (int)count++ : -1;
  scan->asked_at = driver_clock();
  int code =
      remote_select_open(&select, scan->remote, &scan->sql, &scan->values, &scan->stream, error);
  if (code != SQLITE_OK) return add_hint(scan, error);
  scan->counting = scan->plan.count && !scan->whole;
  return check(scan, &select, count, error);
}

/* ---------------------------------------------------------------- rows */

static int record_row(RemoteScan *scan, Error *error) {
  for (size_t i = 0; i < scan->width; i++) {
    int code = stream_value(scan->stream, i, &scan->record[i], error);
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
  code = remote_scan_send(scan, error);
  if (code == SQLITE_OK) *rc = stream_next(scan->stream, error);
  return code;
}

/* The next row: SQLITE_ROW, SQLITE_DONE or an error. */
int remote_scan_step(RemoteScan *scan, Error *error) {
  if (scan->stored) return remote_adapt_next(scan->adapt, error);
  int rc = stream_next(scan->stream, error), code = SQLITE_OK;
  if (rc == SQLITE_ROW && scan->guard >= 0) code = check_order(scan, &rc, error);
  if (code != SQLITE_OK) return code;
  if (rc == SQLITE_DONE) code = settle(scan, true, error);
  if (rc == SQLITE_ROW && remote_adapt_wants(scan->adapt)) code = record_row(scan, error);
  if (code != SQLITE_OK) return code;
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? rc : add_hint(scan, error);
}

int remote_scan_result(RemoteScan *scan, size_t index, Value *value, Error *error) {
  if (scan->row) {
    *value = index < scan->row_count ? scan->row[index] : (Value){.type = VALUE_NULL};
    return SQLITE_OK;
  }
  if (scan->stored) return remote_adapt_value(scan->adapt, index, value, error);
  return stream_value(scan->stream, index, value, error);
}

/* Stands on the next row that is to be shown, or at the end. */
int remote_scan_advance(RemoteScan *scan, Error *error) {
  scan->has_key = false;
  if (scan->reader) {
    int rc = spill_reader_next(scan->reader, &scan->row, &scan->row_count, error);
    if (rc != SQLITE_DONE) return rc == SQLITE_ROW ? SQLITE_OK : rc;
    scan->row = NULL;
    spill_reader_free(scan->reader);
    scan->reader = NULL;
  }
  int rc = remote_scan_step(scan, error);
  if (rc == SQLITE_DONE) {
    scan->eof = true;
    return SQLITE_OK;
  }
  if (rc != SQLITE_ROW) return rc;
  scan->shown++;
  if (scan->limit < 0) return SQLITE_OK;
  int code = remote_anew_remember(scan, error);
  bool enough = code == SQLITE_OK && scan->shown >= scan->limit;
  return enough ? settle(scan, true, error) : code;
}

int remote_scan_count(RemoteScan *scan, Error *error) {
  Value value = {.type = VALUE_INTEGER};
  int rc = remote_scan_step(scan, error);
  if (rc == SQLITE_ROW) rc = stream_value(scan->stream, 0, &value, error);
  if (rc != SQLITE_OK)
    return rc == SQLITE_DONE ? error_set(error, SQLITE_INTERNAL, "no count") : rc;
  scan->left = (value.type == VALUE_INTEGER ? value.integer : 0) - scan->shown;
  end_rows(scan);
  scan->eof = scan->left <= 0;
  if (!scan->eof) scan->shown++;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- start and next */

static bool has_delete(const char *text) {
  return text_has_word(text, "delete");
}

/* The plan of a DELETE does not say that it will ask for the key of its rows: it is read with them at once, where the
** statement could be the one that changes the table. */
static void want_key(RemoteScan *scan) {
  const RemoteTable *table = scan->table;
  sqlite3 *db = table->connector->db;
  if (!table->changing || scan->plan.distinct || !statement_writes(db)) return;
  if (scan->plan.count && !text_runs(db, has_delete)) return; /* count(*), most likely */
  scan->plan.count = false;
  if (table->identity >= 0)
    scan->plan.used |= UINT64_C(1) << (table->identity < 63 ? table->identity : 63);
}

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
    return code;
  }
  want_key(scan);
  return SQLITE_OK;
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
  bool guessed = scan->arguments.limit < 0 && scan->plan.extreme &&
                 text_runs(scan->table->connector->db, has_extreme);
  if (guessed) scan->limit = 1;
  scan->whole = scan->whole_always;
  RemoteSelect select = make_select(scan);
  scan->width = (size_t)remote_select_columns(&select, scan->map);
  AdaptScan asked = {.table = scan->table,
                     .remote = scan->remote,
                     .plan = &scan->plan,
                     .plan_text = scan->plan_text,
                     .arguments = &scan->arguments,
                     .map = scan->map,
                     .width = scan->width,
                     .whole = scan->whole,
                     .locks = scan->locks,
                     .alone = guessed,
                     .limit = scan->limit};
  int code = remote_adapt_start(scan->adapt, &asked, &scan->stored, &unlimited, error);
  if (code == SQLITE_OK && scan->stored && unlimited) scan->limit = -1;
  if (code == SQLITE_OK && !scan->stored) code = remote_scan_send(scan, error);
  if (code != SQLITE_OK) return code;
  scan->eof = false;
  return scan->counting ? remote_scan_count(scan, error) : remote_scan_advance(scan, error);
}

/* Rows that are to be changed are read in the transaction that changes them: to be locked; or because they have no
** key, and between two transactions VACUUM could give one the identity of another. Inside BEGIN all is one. */
static int join(RemoteScan *scan, Error *error) {
  const RemoteTable *table = scan->table;
  scan->locks = row_lock_wanted(table, scan->remote);
  bool needed =
      table->changing && sqlite3_get_autocommit(table->connector->db) &&
      (row_lock_changes(table, scan->remote) || remote_identity(table, scan->remote->dialect));
  return needed ? transaction_join(scan->remote, error) : SQLITE_OK;
}

/* Without the lock where the server refuses it. */
static int start_without(RemoteScan *scan, int code, Error *error) {
  if (code == SQLITE_OK || !scan->locks || !row_lock_is_refused(error)) return code;
  error_clear(error);
  end_rows(scan);
  scan->table->lock_refused = true;
  scan->locks = false;
  return start_rows(scan, error);
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
  if (code == SQLITE_OK) code = join(scan, error);
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
  return start_without(scan, start_rows(scan, error), error);
}

int remote_scan_next(RemoteScan *scan, Error *error) {
  bool enough = scan->limit >= 0 && scan->shown >= scan->limit;
  if (enough) return remote_anew_unlimited(scan, error);
  if (!scan->counting) return remote_scan_advance(scan, error);
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
  int code = remote_scan_result(scan, (size_t)scan->map[column], value, error);
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
  if (remote_identity(scan->table, scan->remote->dialect))
    return !scan->counting && scan->map[scan->table->column_count] >= 0;
  for (int i = 0; i < scan->table->column_count; i++) {
    bool needed = arguments->key_count == 0 || arguments->columns[i].key;
    if (needed && (scan->counting || scan->map[i] < 0)) return false;
  }
  return true;
}

int remote_scan_rowid(RemoteScan *scan, sqlite3_int64 *rowid, Error *error) {
  Value value;
  int column = scan->table->rowid_column, code = SQLITE_OK;
  if (scan->counting || scan->map[column] < 0) code = remote_anew_whole(scan, error);
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

/* Values of the result that follow each other. */
static int add_parts(RemoteScan *scan, int place, size_t count, Error *error) {
  Value value;
  for (size_t i = 0; i < count; i++) {
    int code = remote_scan_result(scan, (size_t)place + i, &value, error);
    if (code != SQLITE_OK) return code;
    remote_key_add(&scan->key, &value);
  }
  return SQLITE_OK;
}

/* Equal rows are counted, so that each is another one. */
static int number_row(RemoteScan *scan, Error *error) {
  sqlite3_int64 number;
  uint64_t hash = row_hash(ROW_HASH_START, scan->key.data, scan->key.size);
  if (row_identity_next(&scan->identity, hash, &number) != SQLITE_OK) return error_memory(error);
  buffer_reset(&scan->key);
  Value hashed = {.type = VALUE_INTEGER, .integer = number};
  remote_key_add(&scan->key, &hashed);
  return SQLITE_OK;
}

static int make_key(RemoteScan *scan, Error *error) {
  const RemoteTable *table = scan->table;
  const DriverIdentity *identity = remote_identity(table, scan->remote->dialect);
  bool keyed = table->arguments.key_count > 0;
  int code = SQLITE_OK;
  buffer_reset(&scan->key);
  if (identity)
    return add_parts(scan, scan->map[table->column_count], remote_identity_parts(identity), error);
  for (int i = 0; i < table->column_count && code == SQLITE_OK; i++)
    if (!keyed || table->arguments.columns[i].key) code = add_parts(scan, scan->map[i], 1, error);
  return code == SQLITE_OK && !keyed && !scan->key.failed ? number_row(scan, error) : code;
}

int remote_scan_key(RemoteScan *scan, Value *key, Error *error) {
  int code = SQLITE_OK;
  if (!has_key_columns(scan)) code = remote_anew_whole(scan, error);
  if (code == SQLITE_OK && !scan->has_key) {
    code = make_key(scan, error);
    if (code == SQLITE_OK && scan->key.failed) code = error_memory(error);
    scan->has_key = code == SQLITE_OK;
  }
  *key = (Value){.type = VALUE_BLOB, .bytes = {.data = scan->key.data, .size = scan->key.size}};
  return code;
}
