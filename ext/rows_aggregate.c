/*
** rows_aggregate.c: connector_rows(p1, p2, …), an aggregate that only collects.
**
**   SELECT connector_execute_many('shop', 'INSERT INTO t VALUES (?, ?)', connector_rows(a, b)) FROM l;
**
** Rows are kept in a Spill with their native types and handed over as a pointer value when the SELECT has
** seen all of them. An aggregate that sent by itself could not know that the SELECT was aborted; this one
** has sent nothing then, because its caller never runs.
*/
#include "rows_aggregate.h"
#include "../src/spill.h"
#include "catalog.h"
#include "value.h"

typedef struct Collected {
  Spill *rows;
  bool failed; /* the error is the result already */
} Collected;

static int collect(Collected *collected, int argc, sqlite3_value **argv, Error *error) {
  Value values[128]; /* SQLite allows 127 arguments */
  if (!collected->rows) collected->rows = spill_new();
  if (!collected->rows) return error_memory(error);
  for (int i = 0; i < argc; i++) {
    if (value_get(argv[i], &values[i]) != SQLITE_OK) return error_memory(error);
  }
  return spill_append(collected->rows, values, (size_t)argc, error);
}

static void step(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  Error error;
  Collected *collected = sqlite3_aggregate_context(context, sizeof *collected);
  error_init(&error);
  if (!collected) {
    sqlite3_result_error_nomem(context);
    return;
  }
  if (collected->failed || collect(collected, argc, argv, &error) == SQLITE_OK) return;
  collected->failed = true;
  report_error(connector, context, &error);
}

static void free_rows(void *rows) {
  spill_free(rows);
}

/* Also called when the SELECT is aborted: then it only frees. No row at all is an empty list. */
static void finish(Connector *connector, sqlite3_context *context) {
  (void)connector;
  Collected *collected = sqlite3_aggregate_context(context, 0);
  Spill *rows = collected ? collected->rows : NULL;
  if (collected && collected->failed) {
    spill_free(rows);
    return;
  }
  if (!rows) rows = spill_new();
  if (!rows) {
    sqlite3_result_error_nomem(context);
  } else {
    sqlite3_result_pointer(context, rows, ROWS_POINTER, free_rows);
  }
}

const CatalogEntry rows_aggregate_entries[] = {
    {.name = "connector_rows",
     .kind = CATALOG_AGGREGATE,
     .topic = "execute",
     .usage = "connector_rows(p1 [, p2 …])",
     .least = 1,
     .most = 125,
     .meaning = "aggregate: collects the rows of a SELECT for connector_execute_many",
     .example = "SELECT connector_execute_many('shop', 'INSERT INTO t VALUES (?, ?)', "
                "connector_rows(a, b)) FROM local",
     .function = step,
     .finish = finish},
    {0}};
