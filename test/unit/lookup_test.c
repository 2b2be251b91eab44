/*
** lookup_test.c: rows kept by a look-up store come back as they were; answers are remembered whole or not at
** all, and within their limit. What a search finds: lookup_search_test.c. What goes wrong: lookup_fail_test.c.
** sources: src/lookup*.c src/error.c src/log_mask.c src/driver_*.c
*/
#include "lookups.h"

#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- values */

static void check_row(Lookup *store, const Value *row, size_t count) {
  Value value;
  if (!CHECK(lookup_next(store, &error) == SQLITE_ROW)) return;
  for (size_t i = 0; i < count; i++)
    CHECK(lookup_value(store, i, &value, &error) == SQLITE_OK && value_same(&value, &row[i]));
}

static void test_values(void) {
  char *large = malloc(300000);
  for (int i = 0; i < 300000; i++)
    large[i] = (char)(i * 31 + i / 256);
  const Value values[] = {null(),
                          integer(0),
                          integer(INT64_MIN),
                          integer(INT64_MAX),
                          real(0.0),
                          real(-0.0),
                          real(1.0),
                          real(0.1 + 0.2),
                          real(INFINITY),
                          real(-INFINITY),
                          real(5e-324),
                          real(9007199254740993.0),
                          text(""),
                          bytes(VALUE_TEXT, NULL, 0),
                          text("5"),
                          text("05"),
                          text("18446744073709551615"),
                          bytes(VALUE_TEXT, "a\0b", 3),
                          bytes(VALUE_TEXT, "\0", 1),
                          bytes(VALUE_TEXT, "\xff\xfe\xc3", 3),
                          bytes(VALUE_TEXT, "\xef\xbb\xbf", 3),
                          bytes(VALUE_TEXT, large, 300000),
                          bytes(VALUE_BLOB, "", 0),
                          bytes(VALUE_BLOB, NULL, 0),
                          bytes(VALUE_BLOB, "\0\1", 2),
                          bytes(VALUE_BLOB, large, 300000)};
  enum { COUNT = sizeof(values) / sizeof(values[0]) };
  static const char *const types[] = {"INTEGER", "REAL", "NUMERIC", "TEXT", "BLOB", "", "DATE"};
  for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
    LookupColumn columns[COUNT];
    Lookup *store = NULL;
    Value found;
    for (int i = 0; i < COUNT; i++)
      columns[i] = (LookupColumn){types[t], "NOCASE", false};
    CHECK(lookup_new(&host, columns, COUNT, 100000000, &store, &error) == SQLITE_OK);
    LookupPlan *plan = NULL, *all = NULL;
    CHECK(lookup_plan(store, "p", NULL, 0, &plan, &error) == SQLITE_OK);
    CHECK(lookup_begin(store, plan, NULL, 0, &error) == SQLITE_OK);
    CHECK(lookup_wants_rows(store));
    CHECK(lookup_add(store, values, &error) == SQLITE_OK);
    CHECK(lookup_end(store, &error) == SQLITE_OK);
    CHECK(!lookup_wants_rows(store) && lookup_bytes(store) > 600000);
    bool known = false;
    CHECK(lookup_find(store, plan, NULL, 0, &known, &error) == SQLITE_OK && known);
    check_row(store, values, COUNT);
    CHECK(lookup_next(store, &error) == SQLITE_DONE);
    CHECK(lookup_next(store, &error) == SQLITE_DONE);
    /* the same in the whole table */
    CHECK(lookup_fill(store, &error) == SQLITE_OK && lookup_wants_rows(store));
    CHECK(lookup_add(store, values, &error) == SQLITE_OK && !lookup_is_whole(store));
    CHECK(lookup_end(store, &error) == SQLITE_OK && lookup_is_whole(store));
    CHECK(lookup_search(store, plan, NULL, 0, &error) == SQLITE_OK);
    check_row(store, values, COUNT);
    CHECK(lookup_next(store, &error) == SQLITE_DONE);
    /* a text is whole and a blob is no text, also as an argument */
    const LookupTerm terms[] = {{17, LOOKUP_EQ, 0, true}, {24, LOOKUP_EQ, 1, true}};
    const Value arguments[] = {bytes(VALUE_TEXT, "a\0b", 3), bytes(VALUE_BLOB, "\0\1", 2)};
    CHECK(lookup_plan(store, "all", terms, 2, &all, &error) == SQLITE_OK && all != plan);
    CHECK(lookup_search(store, all, arguments, 2, &error) == SQLITE_OK);
    CHECK(lookup_next(store, &error) == SQLITE_ROW);
    CHECK(lookup_value(store, 17, &found, &error) == SQLITE_OK);
    CHECK(value_same(&found, &values[17]));
    lookup_free(store);
  }
  free(large);
}

/* Marks of JSON come back in columns that may have them. */
static void test_json(void) {
  LookupColumn columns[20];
  Value row[20];
  Lookup *store = NULL;
  for (int i = 0; i < 20; i++)
    columns[i] = (LookupColumn){"TEXT", NULL, i % 3 != 0};
  CHECK(lookup_new(&host, columns, 20, 1000000, &store, &error) == SQLITE_OK);
  LookupPlan *plan = plan_of(store, "p");
  CHECK(lookup_begin(store, plan, NULL, 0, &error) == SQLITE_OK);
  for (int round = 0; round < 8; round++) {
    for (int i = 0; i < 20; i++) {
      row[i] = round == 7 ? null() : i % 3 == 2 && round == 6 ? integer(1) : text("{}");
      row[i].json =
          row[i].type == VALUE_TEXT && i % 3 != 0 && (round == 0 || (i * 7 + round) % 5 > 0);
    }
    CHECK(lookup_add(store, row, &error) == SQLITE_OK);
  }
  CHECK(lookup_end(store, &error) == SQLITE_OK);
  bool found = false;
  CHECK(lookup_find(store, plan, NULL, 0, &found, &error) == SQLITE_OK && found);
  for (int round = 0; round < 8; round++) {
    for (int i = 0; i < 20; i++) {
      row[i] = round == 7 ? null() : i % 3 == 2 && round == 6 ? integer(1) : text("{}");
      row[i].json =
          row[i].type == VALUE_TEXT && i % 3 != 0 && (round == 0 || (i * 7 + round) % 5 > 0);
    }
    check_row(store, row, 20);
  }
  lookup_free(store);
}

/* Rows without a column are counted; rows with as many as a table can have. */
static void test_widths(void) {
  Lookup *store = store_new(0, 1000000);
  LookupPlan *plan = NULL;
  int count = 0;
  bool found = false;
  CHECK(lookup_plan(store, "", NULL, 0, &plan, &error) == SQLITE_OK);
  CHECK(lookup_begin(store, plan, NULL, 0, &error) == SQLITE_OK);
  for (int i = 0; i < 7; i++)
    CHECK(lookup_add(store, NULL, &error) == SQLITE_OK);
  CHECK(lookup_end(store, &error) == SQLITE_OK);
  CHECK(lookup_find(store, plan, NULL, 0, &found, &error) == SQLITE_OK && found);
  for (; lookup_next(store, &error) == SQLITE_ROW; count++) {
  }
  CHECK(count == 7);
  CHECK(lookup_fill(store, &error) == SQLITE_OK && lookup_add(store, NULL, &error) == SQLITE_OK);
  CHECK(lookup_end(store, &error) == SQLITE_OK);
  CHECK(lookup_search(store, plan, NULL, 0, &error) == SQLITE_OK);
  CHECK(lookup_next(store, &error) == SQLITE_ROW && lookup_next(store, &error) == SQLITE_DONE);
  lookup_free(store);
  for (size_t width = 2000; width <= 2001; width++) {
    LookupColumn *columns = calloc(width, sizeof(LookupColumn));
    Value *row = calloc(width, sizeof(Value)), value;
    for (size_t i = 0; i < width; i++) {
      columns[i].type = "INTEGER";
      row[i] = integer((int64_t)i);
    }
    CHECK(lookup_new(&host, columns, width, 1000000, &store, &error) == SQLITE_OK);
    int code = lookup_fill(store, &error);
    CHECK(code == (width == 2000 ? SQLITE_OK : SQLITE_ERROR));
    if (code == SQLITE_OK) {
      LookupTerm last = {1999, LOOKUP_EQ, 0, true};
      Value argument = integer(1999);
      CHECK(lookup_add(store, row, &error) == SQLITE_OK && lookup_end(store, &error) == SQLITE_OK);
      CHECK(lookup_plan(store, "last", &last, 1, &plan, &error) == SQLITE_OK);
      CHECK(lookup_search(store, plan, &argument, 1, &error) == SQLITE_OK);
      CHECK(lookup_next(store, &error) == SQLITE_ROW);
      CHECK(lookup_value(store, 1999, &value, &error) == SQLITE_OK && value.integer == 1999);
    } else {
      CHECK(strstr(error.message, "too many columns") != NULL);
    }
    lookup_free(store);
    free(columns);
    free(row);
  }
}

/* ---------------------------------------------------------------- remembered answers */

static void test_keys(void) {
  Lookup *store = store_new(1, 10000000);
  LookupPlan *plans[2] = {plan_of(store, "a = ?"), plan_of(store, "a > ?")};
  const Value keys[] = {null(),
                        integer(1),
                        integer(0),
                        real(1),
                        real(0.0),
                        text("1"),
                        text(""),
                        text("a"),
                        bytes(VALUE_BLOB, "1", 1),
                        text("A"),
                        text("a "),
                        bytes(VALUE_BLOB, "", 0),
                        integer(-1),
                        real(1.5),
                        bytes(VALUE_TEXT, "a\0", 2),
                        text("01"),
                        real(INFINITY),
                        bytes(VALUE_TEXT, "\0\0\0\0\0\0\0\1", 8),
                        integer('1'),
                        bytes(VALUE_BLOB, "a", 1)};
  enum { COUNT = sizeof(keys) / sizeof(keys[0]) };
  bool found = true;
  CHECK(plans[0] != plans[1] && plan_of(store, "a = ?") == plans[0]);
  CHECK(remembered(store, plans[0], keys[0], 0) == -1 &&
        store->db == NULL); /* nothing is opened yet */
  for (int p = 0; p < 2; p++) {
    for (int i = 0; i < COUNT; i++) {
      CHECK(remembered(store, plans[p], keys[i], 0) == -1);
      CHECK(record(store, plans[p], keys[i], p * 1000 + i * 10, p * 1000 + i * 10 + i % 4) ==
            SQLITE_OK);
    }
  }
  for (int p = 0; p < 2; p++) {
    for (int i = 0; i < COUNT; i++)
      CHECK(remembered(store, plans[p], keys[i], p * 1000 + i * 10) == i % 4);
  }
  /* the number of arguments and their borders count */
  const Value pairs[][2] = {{text("ab"), text("c")}, {text("a"), text("bc")}, {null(), null()}};
  for (int i = 0; i < 3; i++) {
    CHECK(lookup_find(store, plans[0], pairs[i], 2, &found, &error) == SQLITE_OK && !found);
    CHECK(lookup_begin(store, plans[0], pairs[i], 2, &error) == SQLITE_OK);
    CHECK(lookup_end(store, &error) == SQLITE_OK);
    CHECK(lookup_find(store, plans[0], pairs[i], 2, &found, &error) == SQLITE_OK && found);
    CHECK(lookup_next(store, &error) == SQLITE_DONE);
  }
  CHECK(lookup_find(store, plans[0], NULL, 0, &found, &error) == SQLITE_OK && !found);
  /* once more for the same key: the later answer counts */
  CHECK(record(store, plans[0], keys[1], 500, 503) == SQLITE_OK);
  CHECK(remembered(store, plans[0], keys[1], 500) == 3);
  lookup_free(store);
  lookup_free(NULL);
}

static void test_unfinished(void) {
  Lookup *store = store_new(4, 10000000);
  LookupPlan *plan = plan_of(store, "p");
  Value row[] = {integer(7), text("x"), real(1), null()}, one = integer(1), two = integer(2);
  bool found = true;
  lookup_abandon(store); /* there is nothing */
  CHECK(lookup_add(store, row, &error) == SQLITE_OK && lookup_end(store, &error) == SQLITE_OK);
  CHECK(record(store, plan, integer(0), 0, 5) == SQLITE_OK);
  int64_t before = lookup_bytes(store);
  for (int way = 0; way < 5; way++) {
    CHECK(lookup_begin(store, plan, &one, 1, &error) == SQLITE_OK);
    for (int i = 0; i < 100 * way; i++)
      CHECK(lookup_add(store, row, &error) == SQLITE_OK);
    CHECK(lookup_bytes(store) > before);
    if (way == 1) lookup_abandon(store);
    if (way == 2) CHECK(lookup_begin(store, plan, &two, 1, &error) == SQLITE_OK);
    if (way == 3) CHECK(remembered(store, plan, integer(0), 0) == 5);
    CHECK(remembered(store, plan, one, 0) == -1 && remembered(store, plan, two, 0) == -1);
    CHECK(!lookup_wants_rows(store) && lookup_bytes(store) == before);
    CHECK(lookup_end(store, &error) == SQLITE_OK); /* of nothing */
    CHECK(remembered(store, plan, one, 0) == -1);
  }
  CHECK(record(store, plan, one, 10, 20) == SQLITE_OK);
  CHECK(remembered(store, plan, one, 10) == 10 && remembered(store, plan, integer(0), 0) == 5);
  /* a reading ends where another begins */
  CHECK(lookup_find(store, plan, &one, 1, &found, &error) == SQLITE_OK && found);
  CHECK(lookup_next(store, &error) == SQLITE_ROW);
  CHECK(remembered(store, plan, integer(0), 0) == 5 && remembered(store, plan, one, 10) == 10);
  CHECK(lookup_find(store, plan, &one, 1, &found, &error) == SQLITE_OK && found);
  CHECK(lookup_next(store, &error) == SQLITE_ROW);
  CHECK(record(store, plan, two, 30, 40) == SQLITE_OK);
  CHECK(lookup_next(store, &error) == SQLITE_DONE); /* begin has ended it */
  CHECK(remembered(store, plan, two, 30) == 10);
  /* the whole table: a search needs it complete; it takes the place of the answers */
  CHECK(lookup_search(store, plan, &one, 1, &error) == SQLITE_MISUSE);
  CHECK(lookup_fill(store, &error) == SQLITE_OK && lookup_bytes(store) == 0);
  CHECK(lookup_add(store, row, &error) == SQLITE_OK);
  lookup_abandon(store);
  CHECK(!lookup_is_whole(store) && store->db == NULL);
  CHECK(lookup_search(store, plan, &one, 1, &error) == SQLITE_MISUSE);
  CHECK(remembered(store, plan, two, 30) == -1);
  CHECK(record(store, plan, two, 30, 40) == SQLITE_OK && remembered(store, plan, two, 30) == 10);
  CHECK(lookup_fill(store, &error) == SQLITE_OK);
  CHECK(lookup_fill(store, &error) == SQLITE_OK && lookup_add(store, row, &error) == SQLITE_OK);
  CHECK(lookup_end(store, &error) == SQLITE_OK && lookup_is_whole(store));
  Value seven = integer(7);
  CHECK(lookup_search(store, plan, &seven, 1, &error) == SQLITE_OK && rows_read(store, 7) == 1);
  CHECK(remembered(store, plan, two, 30) == -1 && lookup_is_whole(store));
  CHECK(record(store, plan, two, 30, 40) == SQLITE_OK && lookup_is_whole(store));
  CHECK(lookup_search(store, plan, &two, 1, &error) == SQLITE_OK && rows_read(store, 0) == 0);
  CHECK(lookup_search(store, plan, &seven, 1, &error) == SQLITE_OK && rows_read(store, 7) == 1);
  lookup_abandon(store); /* not of what is complete */
  CHECK(lookup_is_whole(store));
  /* filled anew with other rows */
  CHECK(lookup_fill(store, &error) == SQLITE_OK);
  row[0] = text("text now");
  CHECK(lookup_add(store, row, &error) == SQLITE_OK && lookup_end(store, &error) == SQLITE_OK);
  CHECK(lookup_search(store, plan, &seven, 1, &error) == SQLITE_OK && rows_read(store, 7) == 0);
  lookup_free(store);
}

static void test_limit(void) {
  enum { LIMIT = 80000 };
  Lookup *store = store_new(4, LIMIT);
  LookupPlan *plan = plan_of(store, "p");
  int kept = 0, wrong = 0, drops = 0;
  int64_t last = 0;
  for (int64_t i = 0; i < 20000; i++) {
    wrong += record(store, plan, integer(i), i, i + i % 20) != SQLITE_OK;
    wrong += lookup_bytes(store) > LIMIT;
    wrong += remembered(store, plan, integer(i), i) != i % 20;
    drops += lookup_bytes(store) < last;
    last = lookup_bytes(store);
    kept += i > 0 && remembered(store, plan, integer(i - 1), i - 1) == (i - 1) % 20;
  }
  CHECK(wrong == 0 && drops > 50 && kept == 20000 - 1 - drops);
  /* one that is too large is given up, and the others are still there */
  lookup_free(store);
  store = store_new(4, LIMIT);
  plan = plan_of(store, "p");
  CHECK(record(store, plan, integer(1), 1, 50) == SQLITE_OK);
  for (int i = 0; i < 100; i++) {
    CHECK(record(store, plan, integer(2), 1, 1000) == SQLITE_OK && !lookup_wants_rows(store));
    CHECK(remembered(store, plan, integer(2), 1) == -1);
  }
  CHECK(remembered(store, plan, integer(1), 1) == 49);
  char *large = calloc(1, LIMIT / 8);
  Value row[] = {integer(1), bytes(VALUE_BLOB, large, LIMIT / 8), null(), null()};
  Value argument = integer(3);
  CHECK(lookup_begin(store, plan, &argument, 1, &error) == SQLITE_OK && lookup_wants_rows(store));
  CHECK(lookup_add(store, row, &error) == SQLITE_OK && !lookup_wants_rows(store));
  CHECK(lookup_begin(store, plan, &row[1], 1, &error) == SQLITE_OK && !lookup_wants_rows(store));
  CHECK(remembered(store, plan, integer(1), 1) == 49);
  /* the limit is not one of the whole table */
  CHECK(lookup_fill(store, &error) == SQLITE_OK);
  for (int i = 0; i < 20; i++)
    CHECK(lookup_add(store, row, &error) == SQLITE_OK && lookup_wants_rows(store));
  CHECK(lookup_end(store, &error) == SQLITE_OK && lookup_bytes(store) > LIMIT);
  lookup_free(store);
  free(large);
  /* no room at all */
  store = store_new(4, 0);
  plan = plan_of(store, "p");
  CHECK(record(store, plan, integer(1), 1, 5) == SQLITE_OK && store->db == NULL);
  CHECK(remembered(store, plan, integer(1), 1) == -1);
  lookup_free(store);
}

/* ---------------------------------------------------------------- many */

enum { MANY = 100000, LOOKUPS = 1000000 };

static void test_many(void) {
  Lookup *store = store_new(4, 100000000);
  LookupPlan *by_number = plan_of(store, "0"), *by_name = NULL;
  LookupTerm name_term = {1, LOOKUP_EQ, 0, true};
  CHECK(lookup_plan(store, "1", &name_term, 1, &by_name, &error) == SQLITE_OK);
  many_fill(store, MANY);
  int wrong = 0;
  for (int i = 0; i < LOOKUPS; i++) { /* half of them are there */
    int64_t key = (int64_t)random_below(2 * MANY);
    Value argument = integer(key), values[4];
    wrong += lookup_search(store, by_number, &argument, 1, &error) != SQLITE_OK;
    int code = lookup_next(store, &error);
    wrong += code != (key % 2 == 0 ? SQLITE_ROW : SQLITE_DONE);
    if (code != SQLITE_ROW) continue;
    for (size_t k = 0; k < 4; k++)
      wrong += lookup_value(store, k, &values[k], &error) != SQLITE_OK;
    wrong += values[0].integer != key || values[2].real != (double)(key / 2) / 3;
    wrong += values[1].type != VALUE_TEXT || values[3].type != VALUE_NULL;
    if (i % 2 == 0) wrong += lookup_next(store, &error) != SQLITE_DONE;
  }
  CHECK(wrong == 0);
  for (int i = 0; i < LOOKUPS / 10; i++) {
    char name[30];
    int64_t key = (int64_t)random_below(MANY / 2);
    sqlite3_snprintf(sizeof(name), name, "name of %lld", key);
    Value argument = text(name), value;
    wrong += lookup_search(store, by_name, &argument, 1, &error) != SQLITE_OK;
    memset(name, '!', sizeof(name)); /* the argument was copied */
    for (int k = 0; k < 2; k++) {
      wrong += lookup_next(store, &error) != SQLITE_ROW;
      wrong += lookup_value(store, 0, &value, &error) != SQLITE_OK;
      wrong += value.integer % MANY != key * 2;
    }
    wrong += lookup_next(store, &error) != SQLITE_DONE;
  }
  CHECK(wrong == 0);
  lookup_free(store);
  /* remembered */
  store = store_new(4, 100000000);
  by_number = plan_of(store, "0");
  for (int64_t i = 0; i < MANY; i++)
    wrong += record(store, by_number, integer(i), i, i + i % 3) != SQLITE_OK;
  for (int i = 0; i < LOOKUPS; i++) {
    int64_t key = (int64_t)random_below(MANY + 10);
    wrong += remembered(store, by_number, integer(key), key) != (key < MANY ? key % 3 : -1);
  }
  CHECK(wrong == 0);
  CHECK(sqlite3_memory_used() < 12000000);
  lookup_free(store);
}

int main(void) {
  unit_start();
  test_values();
  test_json();
  test_widths();
  test_keys();
  test_unfinished();
  test_limit();
  test_many();
  error_clear(&error);
  return unit_report();
}
