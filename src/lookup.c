/*
** lookup.c: rows kept in a private temporary database: its life, and rows put in and read.
**
**   t(c0, c1, …)        rows, in the order they came; `unmarked`: see bind_unmarked
**   k(key, head, tail)  an answer's key (plan and arguments) and the rowids of its first and last row
**
** The columns have no affinity: what goes in comes out, bit by bit. (Declared as those of the virtual
** table, an INTEGER column would turn the text of a number above 2^63 into a REAL, and a REAL column
** -0.0 into 0.0.) What the declared affinity and collation mean for a search is in lookup_search.c.
**
** The database is SQLite's temporary kind: a file without a name that is written only when the page
** cache is full, so memory stays flat. (An SQLite built to keep temporary files in memory does so
** here.) All is one transaction without a journal, so nothing is left of it after an error; it is
** then closed, and opened anew when needed. Statements stay prepared: the connection is ours alone.
*/
#include "lookup_state.h"
#include "driver_support.h"
#include <limits.h>
#include <string.h>

#define OPS_BETWEEN_LOOKS 1000 /* of SQLite's virtual machine: some 20 microseconds */
#define LOOK_EVERY 50000       /* microseconds between two looks at the interrupt */
#define VALUE_COST 9           /* bytes of a value beside those of its text */

/* ---------------------------------------------------------------- the database */

static int on_progress(void *context) {
  Lookup *store = context;
  int64_t now = driver_clock();
  if (now < store->next_look) return 0;
  store->next_look = now + LOOK_EVERY;
  return store->host->interrupted(store->host->context);
}

void lookup_drop(Lookup *store) {
  for (LookupPlan *plan = store->plans; plan != NULL; plan = plan->next) {
    while (plan->variants != NULL) {
      LookupVariant *variant = plan->variants;
      plan->variants = variant->next;
      sqlite3_finalize(variant->statement);
      sqlite3_free(variant);
    }
    plan->variant_count = 0;
  }
  sqlite3_finalize(store->insert);
  sqlite3_finalize(store->find);
  sqlite3_finalize(store->keep);
  sqlite3_finalize(store->forget);
  sqlite3_finalize(store->answer);
  sqlite3_close_v2(store->db);
  memset(&store->state, 0, sizeof(*store) - offsetof(Lookup, state));
  for (size_t i = 0; i < store->column_count; i++)
    store->columns[i].digits = store->columns[i].mixed = false;
}

int lookup_failed(Lookup *store, int code, Error *error) {
  int primary = code & 0xff;
  if (primary == SQLITE_NOMEM) {
    error_memory(error);
  } else if (primary == SQLITE_INTERRUPT) {
    error_set(error, SQLITE_INTERRUPT, "interrupted");
  } else if (primary == SQLITE_FULL) {
    error_set(error, SQLITE_FULL,
              "no room for kept rows in the directory of temporary files: free space there, or "
              "set SQLITE_TMPDIR to a larger one");
  } else {
    error_set(error, code, "the temporary database for kept rows: %s",
              store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(code));
  }
  lookup_drop(store);
  return error->code;
}

int lookup_prepare(Lookup *store, const char *sql, sqlite3_stmt **statement) {
  return sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

int lookup_prepare_built(Lookup *store, sqlite3_str *sql, sqlite3_stmt **statement) {
  int code = sqlite3_str_errcode(sql);
  char *text = sqlite3_str_finish(sql);
  if (code == SQLITE_OK)
    code = text != NULL ? lookup_prepare(store, text, statement) : SQLITE_NOMEM;
  sqlite3_free(text);
  return code;
}

void lookup_column_list(const Lookup *store, sqlite3_str *sql) {
  sqlite3_str_appendall(sql, "c0");
  for (size_t i = 1; i < store->column_count; i++)
    sqlite3_str_appendf(sql, ", c%d", (int)i);
  if (store->json_count > 0) sqlite3_str_appendall(sql, ", unmarked");
}

int lookup_execute(Lookup *store, sqlite3_str *sql) {
  int code = sqlite3_str_errcode(sql);
  char *text = sqlite3_str_finish(sql);
  if (code == SQLITE_OK)
    code = text != NULL ? sqlite3_exec(store->db, text, NULL, NULL, NULL) : SQLITE_NOMEM;
  sqlite3_free(text);
  return code;
}

/* What sqlite3_auto_extension has run on it may have set limits or a progress handler. */
static void configure(Lookup *store) {
  static const int limits[] = {SQLITE_LIMIT_LENGTH,
                               SQLITE_LIMIT_SQL_LENGTH,
                               SQLITE_LIMIT_COLUMN,
                               SQLITE_LIMIT_EXPR_DEPTH,
                               SQLITE_LIMIT_VDBE_OP,
                               SQLITE_LIMIT_VARIABLE_NUMBER,
                               SQLITE_LIMIT_LIKE_PATTERN_LENGTH};
  for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
    sqlite3_limit(store->db, limits[i], INT_MAX); /* as high as it was built for */
  sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 0, (int *)NULL); /* forbids journal off */
  sqlite3_extended_result_codes(store->db, 1);
  sqlite3_progress_handler(store->db, OPS_BETWEEN_LOOKS, on_progress, store);
}

int lookup_open(Lookup *store, Error *error) {
  if (store->db != NULL) return SQLITE_OK;
  int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  int code = sqlite3_open_v2("", &store->db, flags, NULL);
  if (code == SQLITE_OK) {
    configure(store);
    sqlite3_str *sql = sqlite3_str_new(store->db);
    sqlite3_str_appendall(sql, "PRAGMA encoding='UTF-8'; PRAGMA journal_mode=off;"
                               "PRAGMA synchronous=off; PRAGMA locking_mode=exclusive;"
                               "PRAGMA secure_delete=off; PRAGMA cache_size=-8000;"
                               "BEGIN; CREATE TABLE t(");
    lookup_column_list(store, sql);
    sqlite3_str_appendall(sql, "); CREATE TABLE k(key BLOB PRIMARY KEY, head, tail) WITHOUT ROWID");
    code = lookup_execute(store, sql);
  }
  return code == SQLITE_OK ? SQLITE_OK : lookup_failed(store, code, error);
}

/* ---------------------------------------------------------------- making and freeing */

/* SQLite's own rules (datatype3.html, 3.1), in their order. */
static LookupAffinity affinity_of(const char *type) {
  static const struct {
    const char *like;
    LookupAffinity affinity;
  } rules[] = {{"%INT%", AFFINITY_NUMBER}, {"%CHAR%", AFFINITY_TEXT}, {"%CLOB%", AFFINITY_TEXT},
               {"%TEXT%", AFFINITY_TEXT},  {"%BLOB%", AFFINITY_NONE}, {"", AFFINITY_NONE}};
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
    if (sqlite3_strlike(rules[i].like, type, 0) == 0) return rules[i].affinity;
  }
  return AFFINITY_NUMBER;
}

static const char *collation_of(const char *name) {
  static const char *const known[] = {"BINARY", "NOCASE", "RTRIM"};
  if (name == NULL) return known[0];
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
    if (sqlite3_stricmp(name, known[i]) == 0) return known[i];
  }
  return NULL;
}

int lookup_new(const DriverHost *host, const LookupColumn *columns, size_t column_count,
               int64_t limit, Lookup **store, Error *error) {
  Lookup *made = sqlite3_malloc64(sizeof(Lookup) + column_count * sizeof(KeptColumn));
  if (made == NULL) return error_memory(error);
  memset(made, 0, sizeof(Lookup) + column_count * sizeof(KeptColumn));
  made->host = host;
  made->limit = limit;
  made->column_count = column_count;
  made->columns = (KeptColumn *)(made + 1);
  for (size_t i = 0; i < column_count; i++) {
    made->columns[i] = (KeptColumn){.affinity = affinity_of(columns[i].type),
                                    .collation = collation_of(columns[i].collation),
                                    .json = columns[i].json};
    made->json_count += columns[i].json;
  }
  *store = made;
  return SQLITE_OK;
}

void lookup_free(Lookup *store) {
  if (store == NULL) return;
  lookup_drop(store);
  while (store->plans != NULL) {
    LookupPlan *plan = store->plans;
    store->plans = plan->next;
    sqlite3_free(plan);
  }
  sqlite3_free(store->key);
  sqlite3_free(store);
}

int lookup_plan(Lookup *store, const char *text, const LookupTerm *terms, size_t count,
                LookupPlan **plan, Error *error) {
  size_t size = strlen(text);
  for (LookupPlan *known = store->plans; known != NULL; known = known->next) {
    if (known->text_size == size && memcmp(known->text, text, size) == 0) {
      *plan = known;
      return SQLITE_OK;
    }
  }
  LookupPlan *made =
      sqlite3_malloc64(sizeof(LookupPlan) + count * (sizeof(LookupTerm) + 1) + size + 1);
  if (made == NULL) return error_memory(error);
  memset(made, 0, sizeof(*made));
  made->number = store->plans != NULL ? store->plans->number + 1 : 0;
  made->term_count = count;
  made->terms = (LookupTerm *)(made + 1);
  made->forms = (unsigned char *)(made->terms + count);
  made->text = (char *)(made->forms + count);
  made->text_size = size;
  if (count > 0) memcpy(made->terms, terms, count * sizeof(LookupTerm));
  memcpy(made->text, text, size + 1);
  made->next = store->plans;
  store->plans = made;
  *plan = made;
  return SQLITE_OK;
}

bool lookup_is_whole(const Lookup *store) {
  return store->state == LOOKUP_WHOLE;
}

int64_t lookup_bytes(const Lookup *store) {
  return store->bytes + store->answer_bytes;
}

bool lookup_wants_rows(const Lookup *store) {
  return store->state == LOOKUP_RECORDING || store->state == LOOKUP_FILLING;
}

/* ---------------------------------------------------------------- values */

int lookup_bind(sqlite3_stmt *statement, int number, const Value *value,
                sqlite3_destructor_type keep) {
  const char *data;
  switch (value->type) {
  case VALUE_NULL: break;
  case VALUE_INTEGER: return sqlite3_bind_int64(statement, number, value->integer);
  case VALUE_REAL: return sqlite3_bind_double(statement, number, value->real);
  case VALUE_TEXT:
    data = value->bytes.data != NULL ? value->bytes.data : "";
    return sqlite3_bind_text64(statement, number, data, value->bytes.size, keep, SQLITE_UTF8);
  case VALUE_BLOB:
    data = value->bytes.data != NULL ? value->bytes.data : "";
    return sqlite3_bind_blob64(statement, number, data, value->bytes.size, keep);
  }
  return sqlite3_bind_null(statement, number);
}

/* ---------------------------------------------------------------- taking rows */

void lookup_settle(Lookup *store) {
  if (store->reader != NULL) sqlite3_reset(store->reader);
  store->reader = NULL;
  if (store->state == LOOKUP_RECORDING) lookup_answer_forget(store);
  if (store->state == LOOKUP_FILLING) lookup_drop(store);
}

void lookup_abandon(Lookup *store) {
  if (lookup_wants_rows(store)) lookup_settle(store);
}

int lookup_fill(Lookup *store, Error *error) {
  lookup_settle(store);
  lookup_drop(store);
  int code = lookup_open(store, error);
  if (code == SQLITE_OK) store->state = LOOKUP_FILLING;
  return code;
}

static int insert_prepare(Lookup *store) {
  sqlite3_str *sql = sqlite3_str_new(store->db);
  sqlite3_str_appendall(sql, "INSERT INTO t VALUES(?1");
  for (size_t i = 2; i <= store->column_count + (store->json_count > 0); i++)
    sqlite3_str_appendf(sql, ",?%d", (int)i);
  sqlite3_str_appendall(sql, ")");
  return lookup_prepare_built(store, sql, &store->insert);
}

/* Which texts of JSON columns are not marked as JSON, one bit per column; NULL, the usual case, when
** there are none. */
static int bind_unmarked(Lookup *store, const Value *values) {
  int number = (int)store->column_count + 1;
  bool any = false;
  for (size_t i = 0; i < store->column_count && !any; i++)
    any = store->columns[i].json && values[i].type == VALUE_TEXT && !values[i].json;
  if (!any) return sqlite3_bind_null(store->insert, number);
  size_t size = store->column_count / 8 + 1;
  unsigned char *bits = sqlite3_malloc64(size);
  if (bits == NULL) return SQLITE_NOMEM;
  memset(bits, 0, size);
  for (size_t i = 0; i < store->column_count; i++) {
    if (values[i].type == VALUE_TEXT && !values[i].json) bits[i / 8] |= (unsigned char)(1 << i % 8);
  }
  return sqlite3_bind_blob64(store->insert, number, bits, size, sqlite3_free);
}

static int insert_row(Lookup *store, const Value *values) {
  int code = store->insert == NULL ? insert_prepare(store) : SQLITE_OK;
  for (size_t i = 0; i < store->column_count && code == SQLITE_OK; i++)
    code = lookup_bind(store->insert, (int)i + 1, &values[i], SQLITE_STATIC);
  if (code == SQLITE_OK && store->json_count > 0) code = bind_unmarked(store, values);
  if (code != SQLITE_OK) return code;
  sqlite3_step(store->insert);
  return sqlite3_reset(store->insert);
}

int lookup_add(Lookup *store, const Value *values, Error *error) {
  if (!lookup_wants_rows(store)) return SQLITE_OK;
  int64_t size = VALUE_COST;
  for (size_t i = 0; i < store->column_count; i++)
    size += VALUE_COST + (value_has_bytes(&values[i]) ? (int64_t)values[i].bytes.size : 0);
  bool recording = store->state == LOOKUP_RECORDING;
  if (recording && !lookup_answer_fits(store, size)) {
    lookup_answer_forget(store);
    return SQLITE_OK;
  }
  int code = insert_row(store, values);
  if (code != SQLITE_OK) return lookup_failed(store, code, error);
  if (recording) {
    lookup_answer_row(store, size);
  } else {
    lookup_note_values(store, values);
    store->bytes += size;
  }
  return SQLITE_OK;
}

int lookup_end(Lookup *store, Error *error) {
  if (store->state == LOOKUP_RECORDING) return lookup_answer_end(store, error);
  if (store->state == LOOKUP_FILLING) store->state = LOOKUP_WHOLE;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- reading */

int lookup_next(Lookup *store, Error *error) {
  if (store->reader == NULL) return SQLITE_DONE;
  int code = sqlite3_step(store->reader);
  if (code == SQLITE_ROW) return SQLITE_ROW;
  if (code != SQLITE_DONE) return lookup_failed(store, code, error);
  sqlite3_reset(store->reader);
  store->reader = NULL;
  return SQLITE_DONE;
}

static bool is_unmarked(Lookup *store, size_t index) {
  const unsigned char *bits = sqlite3_column_blob(store->reader, (int)store->column_count);
  return bits != NULL && (bits[index / 8] >> index % 8 & 1) != 0;
}

int lookup_value(Lookup *store, size_t index, Value *value, Error *error) {
  sqlite3_stmt *row = store->reader;
  int column = (int)index;
  *value = (Value){.type = VALUE_NULL};
  switch (sqlite3_column_type(row, column)) {
  case SQLITE_INTEGER:
    value->type = VALUE_INTEGER;
    value->integer = sqlite3_column_int64(row, column);
    return SQLITE_OK;
  case SQLITE_FLOAT:
    value->type = VALUE_REAL;
    value->real = sqlite3_column_double(row, column);
    return SQLITE_OK;
  case SQLITE_TEXT:
    value->type = VALUE_TEXT;
    value->json = store->columns[index].json && !is_unmarked(store, index);
    break;
  case SQLITE_BLOB: value->type = VALUE_BLOB; break;
  default: return SQLITE_OK;
  }
  value->bytes.data = sqlite3_column_blob(row, column); /* of a TEXT too: needs no terminator */
  value->bytes.size = (size_t)sqlite3_column_bytes(row, column);
  if (value->bytes.data == NULL && value->bytes.size > 0) return error_memory(error);
  return SQLITE_OK;
}
