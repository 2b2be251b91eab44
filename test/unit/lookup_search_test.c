/*
** lookup_search_test.c: a search gives every row that SQLite itself would find, whatever the affinities,
** collations and values, and no needless ones where it can tell; by an index.
**
** The reference is SQLite's own comparison: virtual tables that hand out the same values, with columns declared
** as those of the store, compared with literals, parameters and with columns of each affinity.
** sources: src/lookup*.c src/error.c src/log_mask.c src/driver_*.c
*/
#include "lookup_state.h"
#include "unit.h"
#include "raw_tables.h"
#include "value_pool.h"

static Error error;
static DriverHost host;

static bool never(void *context) {
  (void)context;
  return false;
}

static Lookup *store_fill(int kind) {
  LookupColumn columns[COLUMNS + 1] = {{"INTEGER", NULL, false}};
  Value values[COLUMNS + 1];
  Lookup *store = NULL;
  for (int i = 0; i < COLUMNS; i++)
    columns[i + 1] = (LookupColumn){types[i % TYPES], collations[i / TYPES], false};
  CHECK(lookup_new(&host, columns, COLUMNS + 1, 1000000, &store, &error) == SQLITE_OK);
  CHECK(lookup_fill(store, &error) == SQLITE_OK);
  row_count = random_below(ROWS) + 1;
  for (size_t i = 0; i < row_count; i++) {
    rows[i] = *pool_pick(kind);
    values[0] = integer((int64_t)i);
    for (int k = 0; k < COLUMNS; k++)
      values[k + 1] = rows[i];
    CHECK(lookup_add(store, values, &error) == SQLITE_OK);
  }
  CHECK(lookup_end(store, &error) == SQLITE_OK);
  return store;
}

/* The rows that a search gives, one bit each; all bits when something is wrong. */
static uint32_t store_search(Lookup *store, LookupPlan *plan, const Value *arguments,
                             size_t count) {
  uint32_t found = 0;
  Value value;
  int code = lookup_search(store, plan, arguments, count, &error);
  if (code != SQLITE_OK) return UINT32_MAX;
  while ((code = lookup_next(store, &error)) == SQLITE_ROW) {
    uint32_t bit = lookup_value(store, 0, &value, &error) == SQLITE_OK
                       ? UINT32_C(1) << value.integer
                       : UINT32_MAX;
    if ((found & bit) != 0) return UINT32_MAX; /* a row was given twice */
    found |= bit;
  }
  return code == SQLITE_DONE ? found : UINT32_MAX;
}

/* ---------------------------------------------------------------- one term */

enum { RELATIONS = 6, COMPARED = 3, SOURCES = TYPES + 2 };

static const char *const relations[] = {"=", "IS", "<", "<=", ">", ">=", "IS NULL", "IS NOT NULL"};

static int failures_shown;

static void show(const char *sql, uint32_t wanted, uint32_t got) {
  if (failures_shown++ >= 10) return;
  printf("%s: rows %x, found %x\n  argument type %d", sql, wanted, got, argument.type);
  if (argument.type == VALUE_TEXT) printf(" <%.*s>", (int)argument.bytes.size, argument.bytes.data);
  if (argument.type == VALUE_INTEGER) printf(" %lld", (long long)argument.integer);
  if (argument.type == VALUE_REAL) printf(" %.17g", argument.real);
  printf("\n");
  for (size_t i = 0; i < row_count; i++) {
    if ((wanted & ~got & UINT32_C(1) << i) == 0) continue;
    printf("  row %zu type %d", i, rows[i].type);
    if (rows[i].type == VALUE_TEXT) printf(" <%.*s>", (int)rows[i].bytes.size, rows[i].bytes.data);
    if (rows[i].type == VALUE_INTEGER) printf(" %lld", (long long)rows[i].integer);
    if (rows[i].type == VALUE_REAL) printf(" %.17g", rows[i].real);
    printf("\n");
  }
}

static uint32_t reference_run(sqlite3_stmt *statement) {
  uint32_t found = 0;
  while (sqlite3_step(statement) == SQLITE_ROW)
    found |= UINT32_C(1) << sqlite3_column_int(statement, 0);
  return sqlite3_reset(statement) == SQLITE_OK ? found : UINT32_MAX;
}

/* SQL of the term; source: 0…4 a column of that type, 5 a parameter, 6 a literal. compared: 0 the column's own
** collation, 1 another, 2 an unknown one. */
static char *term_sql(int column, int relation, int compared, int source, const char *literal) {
  char right[60];
  if (source < TYPES) sqlite3_snprintf(sizeof(right), right, "r.c%d", source);
  const char *collation =
      compared == 2 ? "odd" : collations[(column / TYPES + compared) % COLLATIONS];
  return sqlite3_mprintf("SELECT v.id FROM r CROSS JOIN v WHERE v.c%d %s %s COLLATE %s", column,
                         relations[relation],
                         source < TYPES    ? right
                         : source == TYPES ? "?1"
                                           : literal,
                         collation);
}

static char *literal_make(sqlite3 *db) {
  sqlite3_stmt *statement = NULL;
  if (argument.type == VALUE_TEXT && memchr(argument.bytes.data, 0, argument.bytes.size) != NULL)
    return NULL;
  CHECK(sqlite3_prepare_v2(db, "SELECT quote(?1)", -1, &statement, NULL) == SQLITE_OK);
  CHECK(lookup_bind(statement, 1, &argument, SQLITE_TRANSIENT) == SQLITE_OK);
  CHECK(sqlite3_step(statement) == SQLITE_ROW);
  char *literal = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
  sqlite3_finalize(statement);
  return literal;
}

static sqlite3_stmt *term_statements[COLUMNS][RELATIONS][COMPARED][TYPES + 1];

static void one_literal(sqlite3 *db, int column, int relation, int compared, uint32_t found) {
  char *literal = literal_make(db);
  if (literal == NULL) return;
  char *sql = term_sql(column, relation, compared, TYPES + 1, literal);
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
    uint32_t wanted = reference_run(statement);
    if (!CHECK((wanted & ~found) == 0)) show(sql, wanted, found);
  }
  sqlite3_finalize(statement);
  sqlite3_free(sql);
  sqlite3_free(literal);
}

static void one_term(sqlite3 *db, Lookup *store, int column, int relation, int compared) {
  char name[40];
  LookupPlan *plan = NULL;
  LookupTerm term = {(size_t)column + 1, (LookupRelation)relation, 0, compared == 0};
  sqlite3_snprintf(sizeof(name), name, "%d %d %d", column, relation, compared == 0);
  CHECK(lookup_plan(store, name, &term, 1, &plan, &error) == SQLITE_OK);
  uint32_t found = store_search(store, plan, &argument, 1);
  for (int source = 0; source <= TYPES; source++) {
    sqlite3_stmt **statement = &term_statements[column][relation][compared][source];
    if (*statement == NULL) {
      char *sql = term_sql(column, relation, compared, source, NULL);
      CHECK(sqlite3_prepare_v2(db, sql, -1, statement, NULL) == SQLITE_OK);
      sqlite3_free(sql);
    }
    lookup_bind(*statement, 1, &argument, SQLITE_STATIC);
    uint32_t wanted = reference_run(*statement);
    if (!CHECK((wanted & ~found) == 0)) show(sqlite3_sql(*statement), wanted, found);
  }
  if (random_below(20) == 0) one_literal(db, column, relation, compared, found);
}

static void test_terms(sqlite3 *db) {
  for (int round = 0; round < 6 * KINDS; round++) {
    Lookup *store = store_fill(round % KINDS);
    for (int i = 0; i < 6; i++) {
      argument = i < 2   ? rows[random_below(row_count)]
                 : i < 4 ? pool[random_below(pool_count)]
                         : *pool_pick(2);
      for (int column = 0; column < COLUMNS; column++) {
        for (int relation = 0; relation < RELATIONS; relation++) {
          for (int compared = 0; compared < COMPARED; compared++)
            one_term(db, store, column, relation, compared);
        }
      }
    }
    lookup_free(store);
  }
  for (size_t i = 0; i < sizeof(term_statements) / sizeof(sqlite3_stmt *); i++)
    sqlite3_finalize(((sqlite3_stmt **)term_statements)[i]);
}

/* ---------------------------------------------------------------- several terms */

static void test_several(sqlite3 *db) {
  int empty = 0;
  for (int round = 0; round < 300; round++) {
    Lookup *store = store_fill(round % KINDS);
    for (int i = 0; i < 20; i++) {
      LookupTerm terms[5];
      Value arguments[5];
      LookupPlan *plan = NULL;
      size_t count = 1 + random_below(5);
      char sql[800] = "SELECT v.id FROM v WHERE 1", name[20];
      for (size_t k = 0; k < count; k++) {
        size_t column = random_below(COLUMNS);
        int relation = (int)random_below(RELATIONS + 2);
        arguments[count - 1 - k] =
            *(random_below(4) ? &rows[random_below(row_count)] : pool_pick(0));
        terms[k] = (LookupTerm){column + 1, (LookupRelation)relation, count - 1 - k, true};
        size_t used = strlen(sql);
        sqlite3_snprintf((int)(sizeof(sql) - used), sql + used,
                         relation < RELATIONS ? " AND v.c%d %s ?%d" : " AND v.c%d %s", (int)column,
                         relations[relation], (int)(count - k));
      }
      sqlite3_snprintf(sizeof(name), name, "%d", i);
      CHECK(lookup_plan(store, name, terms, count, &plan, &error) == SQLITE_OK);
      sqlite3_stmt *statement = NULL;
      CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
      for (size_t k = 0; k < count; k++)
        lookup_bind(statement, (int)k + 1, &arguments[k], SQLITE_STATIC);
      uint32_t wanted = reference_run(statement);
      sqlite3_finalize(statement);
      argument = arguments[0];
      for (int again = 0; again < 2; again++) {
        uint32_t found = store_search(store, plan, arguments, count);
        if (!CHECK((wanted & ~found) == 0)) show(sql, wanted, found);
      }
      empty += wanted == 0;
    }
    lookup_free(store);
  }
  CHECK(empty < 5500);
}

/* ---------------------------------------------------------------- no needless rows */

/* Steps of full scans that all statements of the store have made. */
static int scan_steps(Lookup *store) {
  int steps = 0;
  sqlite3_stmt *statement = NULL;
  while ((statement = sqlite3_next_stmt(store->db, statement)) != NULL)
    steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
  return steps;
}

static Lookup *plain_fill(const LookupColumn *column, const Value *values, size_t count) {
  const LookupColumn columns[] = {{"INTEGER", NULL, false}, *column};
  Lookup *store = NULL;
  CHECK(lookup_new(&host, columns, 2, 0, &store, &error) == SQLITE_OK);
  CHECK(lookup_fill(store, &error) == SQLITE_OK);
  for (size_t i = 0; i < count; i++) {
    Value row[] = {integer((int64_t)i), values[i]};
    CHECK(lookup_add(store, row, &error) == SQLITE_OK);
  }
  CHECK(lookup_end(store, &error) == SQLITE_OK && lookup_is_whole(store));
  return store;
}

static uint32_t plain_search(Lookup *store, LookupRelation relation, bool own, Value value) {
  char name[20];
  LookupPlan *plan = NULL;
  LookupTerm term = {1, relation, 0, own};
  sqlite3_snprintf(sizeof(name), name, "%d %d", relation, own);
  CHECK(lookup_plan(store, name, &term, 1, &plan, &error) == SQLITE_OK);
  return store_search(store, plan, &value, 1);
}

/* Bits of the rows, as sets in octal would be unreadable: "0 2 5". */
static uint32_t set(const char *text) {
  uint32_t bits = 0;
  for (; *text != 0; text++) {
    if (*text != ' ') bits |= UINT32_C(1) << (*text - '0');
  }
  return bits;
}

static void test_exact(void) {
  const Value numbers[] = {integer(1), integer(5), real(5.0), real(0.5), null(), integer(7)};
  const Value names[] = {text("abc"), text("ABC"), text("abc "), text("x"), null(), text("")};
  const Value codes[] = {text("01067"), text("1067"), text("01068"), text("x1"), null()};
  const Value large[] = {integer(INT64_MAX), text("18446744073709551615"), integer(3)};
  const Value mixed[] = {text("5"), integer(5), real(0.1 + 0.2), text("x")};
  const Value blobs[] = {bytes(VALUE_BLOB, "abc", 3), text("abc"), bytes(VALUE_BLOB, "", 0),
                         text("")};
  for (size_t i = 0; i < TYPES; i++) { /* numbers against numbers: all but a TEXT column */
    Lookup *store = plain_fill(&(LookupColumn){types[i], NULL, false}, numbers, 6);
    bool is_text = strcmp(types[i], "TEXT") == 0;
    uint32_t all = set("0 1 2 3 4 5");
    CHECK(plain_search(store, LOOKUP_EQ, true, integer(5)) == (is_text ? all : set("1 2")));
    CHECK(plain_search(store, LOOKUP_IS, false, real(5)) == (is_text ? all : set("1 2")));
    CHECK(plain_search(store, LOOKUP_EQ, true, text("5")) == (is_text ? all : set("1 2")));
    CHECK(plain_search(store, LOOKUP_EQ, true, text("x")) == (is_text ? all : 0));
    CHECK(plain_search(store, LOOKUP_LT, true, integer(5)) == (is_text ? all : set("0 3")));
    CHECK(plain_search(store, LOOKUP_LE, false, real(5)) == (is_text ? all : set("0 1 2 3")));
    CHECK(plain_search(store, LOOKUP_GT, true, integer(5)) == (is_text ? all : set("5")));
    CHECK(plain_search(store, LOOKUP_GE, true, real(5)) == (is_text ? all : set("1 2 5")));
    CHECK(plain_search(store, LOOKUP_EQ, true, null()) == 0);
    CHECK(plain_search(store, LOOKUP_GE, true, null()) == 0);
    CHECK(plain_search(store, LOOKUP_IS, false, null()) == set("4"));
    CHECK(plain_search(store, LOOKUP_IS_NULL, false, null()) == set("4"));
    CHECK(plain_search(store, LOOKUP_NOT_NULL, false, null()) == set("0 1 2 3 5"));
    lookup_free(store);
  }
  for (size_t i = 0; i < COLLATIONS; i++) {
    static const char *const equal[] = {"0", "0 1", "0 2"}, *const less[] = {"1 5", "5", "1 5"},
                             *const least[] = {"0 1 5", "0 1 5", "0 1 2 5"};
    Lookup *store = plain_fill(&(LookupColumn){"TEXT", collations[i], false}, names, 6);
    CHECK(plain_search(store, LOOKUP_EQ, true, text("abc")) == set(equal[i]));
    CHECK(plain_search(store, LOOKUP_EQ, true, text("")) == set("5"));
    CHECK(plain_search(store, LOOKUP_LT, true, text("abc")) == set(less[i]));
    CHECK(plain_search(store, LOOKUP_LE, true, text("abc")) == set(least[i]));
    CHECK(plain_search(store, LOOKUP_EQ, true, integer(5)) == 0);
    CHECK(plain_search(store, LOOKUP_EQ, false, text("abc")) == set("0 1 2 3 4 5"));
    CHECK(plain_search(store, LOOKUP_EQ, false, integer(5)) == set("0 1 2 3 4 5"));
    CHECK(plain_search(store, LOOKUP_EQ, false, bytes(VALUE_BLOB, "x", 1)) == 0);
    CHECK(plain_search(store, LOOKUP_LT, false, bytes(VALUE_BLOB, "", 0)) == set("0 1 2 3 5"));
    CHECK(scan_steps(store) < 100);
    lookup_free(store);
  }
  /* a collation that is not known here */
  Lookup *store = plain_fill(&(LookupColumn){"TEXT", "german", false}, names, 6);
  CHECK(plain_search(store, LOOKUP_EQ, true, text("abc")) == set("0 1 2 3 4 5"));
  lookup_free(store);
  /* texts like numbers are found by their value */
  store = plain_fill(&(LookupColumn){"TEXT", NULL, false}, codes, 5);
  CHECK(plain_search(store, LOOKUP_EQ, true, text("01067")) == set("0 1"));
  CHECK(plain_search(store, LOOKUP_EQ, true, integer(1068)) == set("2"));
  CHECK(plain_search(store, LOOKUP_EQ, true, real(1068)) == set("2"));
  CHECK(plain_search(store, LOOKUP_EQ, true, text("x1")) == set("3"));
  CHECK(plain_search(store, LOOKUP_LT, true, text("x1")) == set("0 1 2 3 4"));
  lookup_free(store);
  store = plain_fill(&(LookupColumn){"INTEGER", NULL, false}, large, 3);
  CHECK(plain_search(store, LOOKUP_EQ, true, integer(INT64_MAX)) == set("0"));
  CHECK(plain_search(store, LOOKUP_EQ, true, real(18446744073709551615.0)) == set("1"));
  CHECK(plain_search(store, LOOKUP_EQ, true, text("18446744073709551615")) == set("1"));
  CHECK(plain_search(store, LOOKUP_LT, true, integer(5)) == set("0 1 2"));
  lookup_free(store);
  /* numbers in a TEXT column: nothing is certain */
  store = plain_fill(&(LookupColumn){"TEXT", NULL, false}, mixed, 4);
  CHECK(plain_search(store, LOOKUP_EQ, true, text("x")) == set("0 1 2 3"));
  CHECK(plain_search(store, LOOKUP_EQ, true, bytes(VALUE_BLOB, "x", 1)) == 0);
  lookup_free(store);
  store = plain_fill(&(LookupColumn){"BLOB", NULL, false}, blobs, 4);
  CHECK(plain_search(store, LOOKUP_EQ, true, bytes(VALUE_BLOB, "abc", 3)) == set("0"));
  CHECK(plain_search(store, LOOKUP_EQ, true, bytes(VALUE_BLOB, NULL, 0)) == set("2"));
  CHECK(plain_search(store, LOOKUP_EQ, true, text("")) == set("3"));
  CHECK(plain_search(store, LOOKUP_GT, true, bytes(VALUE_BLOB, "", 0)) == set("0"));
  CHECK(plain_search(store, LOOKUP_GT, true, text("")) == set("0 1 2"));
  lookup_free(store);
}

/* ---------------------------------------------------------------- indexes */

/* Of 3000 rows a few are found without a look at the others, by each kind of term. */
static void test_indexes(void) {
  const LookupColumn columns[] = {{"INTEGER", NULL, false},
                                  {"TEXT", "NOCASE", false},
                                  {"REAL", "RTRIM", false},
                                  {"", NULL, false}};
  static const struct {
    size_t count;
    LookupTerm terms[4];
    Value arguments[4];
  } searches[] = {{1, {{0, LOOKUP_EQ, 0, true}}, {{.type = VALUE_INTEGER, .integer = 77}}},
                  {1, {{0, LOOKUP_IS, 0, true}}, {{.type = VALUE_REAL, .real = 77}}},
                  {1, {{0, LOOKUP_IS_NULL, 0, true}}, {{0}}},
                  {1, {{1, LOOKUP_EQ, 0, true}}, {{.type = VALUE_TEXT, .bytes = {"NAME77", 6}}}},
                  {1, {{1, LOOKUP_EQ, 0, true}}, {{.type = VALUE_INTEGER, .integer = 77}}},
                  {1, {{1, LOOKUP_EQ, 0, true}}, {{.type = VALUE_REAL, .real = 77.5}}},
                  {2,
                   {{2, LOOKUP_EQ, 0, true}, {3, LOOKUP_EQ, 1, true}},
                   {{.type = VALUE_REAL, .real = 38.5}, {.type = VALUE_TEXT, .bytes = {"77", 2}}}},
                  {2,
                   {{2, LOOKUP_GT, 0, true}, {2, LOOKUP_LE, 1, true}},
                   {{.type = VALUE_REAL, .real = 38}, {.type = VALUE_INTEGER, .integer = 39}}},
                  {3,
                   {{2, LOOKUP_GT, 0, true}, {1, LOOKUP_LT, 1, true}, {0, LOOKUP_EQ, 2, true}},
                   {{.type = VALUE_REAL, .real = 38},
                    {.type = VALUE_TEXT, .bytes = {"name8", 5}},
                    {.type = VALUE_INTEGER, .integer = 77}}}};
  Lookup *store = NULL;
  CHECK(lookup_new(&host, columns, 4, 0, &store, &error) == SQLITE_OK);
  CHECK(lookup_fill(store, &error) == SQLITE_OK);
  for (int64_t i = 0; i < 3000; i++) {
    char name[20], digits[20];
    sqlite3_snprintf(sizeof(name), name, "name%d", (int)i);
    sqlite3_snprintf(sizeof(digits), digits, "%d", (int)i);
    Value row[] = {i < 3 ? null() : integer(i), text(name), real((double)i / 2), text(digits)};
    CHECK(lookup_add(store, row, &error) == SQLITE_OK);
  }
  CHECK(lookup_end(store, &error) == SQLITE_OK);
  for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
    LookupPlan *plan = NULL, *same = NULL;
    char name[20];
    int count = 0;
    sqlite3_snprintf(sizeof(name), name, "%d", (int)i);
    CHECK(lookup_plan(store, name, searches[i].terms, searches[i].count, &plan, &error) ==
          SQLITE_OK);
    CHECK(lookup_plan(store, name, searches[i].terms, searches[i].count, &same, &error) ==
          SQLITE_OK);
    CHECK(plan == same);
    CHECK(lookup_search(store, plan, searches[i].arguments, searches[i].count, &error) ==
          SQLITE_OK);
    while (lookup_next(store, &error) == SQLITE_ROW)
      count++;
    CHECK(count == (i == 2 || i == 7 ? 3 : i == 4 || i == 5 ? 0 : 1) + (i == 7 ? -1 : 0));
  }
  CHECK(scan_steps(store) == 0);
  CHECK(store->index_count == 6);
  lookup_free(store);
}

int main(void) {
  unit_start();
  host = (DriverHost){.interrupted = never};
  pool_make();
  sqlite3 *db = reference_open();
  test_terms(db);
  test_several(db);
  sqlite3_close(db);
  test_exact();
  test_indexes();
  error_clear(&error);
  return unit_report();
}
