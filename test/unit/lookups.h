/*
** lookups.h: stores of the look-up tests, filled and read.
*/
#ifndef CONNECTOR_UNIT_LOOKUPS_H
#define CONNECTOR_UNIT_LOOKUPS_H

#include "lookup_state.h"
#include "unit.h"
#include "values.h"

static Error error;
static bool stop;

static bool stopped(void *context) {
  (void)context;
  return stop;
}

static const DriverHost host = {.interrupted = stopped};
static const LookupTerm by_first = {0, LOOKUP_EQ, 0, true};

static Lookup *store_new(size_t columns, int64_t limit) {
  static const LookupColumn column[4] = {
      {"INTEGER", NULL, false}, {"TEXT", NULL, false}, {"REAL", NULL, false}, {"", NULL, true}};
  Lookup *store = NULL;
  CHECK(lookup_new(&host, column, columns, limit, &store, &error) == SQLITE_OK);
  return store;
}

static LookupPlan *plan_of(Lookup *store, const char *name) {
  LookupPlan *plan = NULL;
  CHECK(lookup_plan(store, name, &by_first, 1, &plan, &error) == SQLITE_OK);
  return plan;
}

/* Records rows [from, to) of one column as the answer. */
static int record(Lookup *store, LookupPlan *plan, Value argument, int64_t from, int64_t to) {
  int code = lookup_begin(store, plan, &argument, 1, &error);
  for (int64_t i = from; i < to && code == SQLITE_OK; i++) {
    Value row[] = {integer(i), text("some text"), real((double)i / 3), null()};
    code = lookup_add(store, row, &error);
  }
  return code == SQLITE_OK ? lookup_end(store, &error) : code;
}

/* Rows that the reader gives when their first columns are from, from + 1, …; else -1. */
static int64_t rows_read(Lookup *store, int64_t from) {
  Value value;
  int code;
  int64_t i = from;
  while ((code = lookup_next(store, &error)) == SQLITE_ROW) {
    if (lookup_value(store, 0, &value, &error) != SQLITE_OK || value.integer != i++) return -1;
  }
  return code == SQLITE_DONE ? i - from : -1;
}

/* Rows of the remembered answer, -1 when there is none. */
static int64_t remembered(Lookup *store, LookupPlan *plan, Value argument, int64_t from) {
  bool found = true;
  CHECK(lookup_find(store, plan, &argument, 1, &found, &error) == SQLITE_OK);
  return found ? rows_read(store, from) : -1;
}

static void many_fill(Lookup *store, int64_t count) {
  int wrong = lookup_fill(store, &error) != SQLITE_OK;
  for (int64_t i = 0; i < count; i++) {
    char name[30];
    sqlite3_snprintf(sizeof(name), name, "name of %lld", i % (count / 2));
    Value row[] = {integer(i * 2), text(name), real((double)i / 3), null()};
    wrong += lookup_add(store, row, &error) != SQLITE_OK;
  }
  wrong += lookup_end(store, &error) != SQLITE_OK;
  CHECK(wrong == 0);
}

#endif
