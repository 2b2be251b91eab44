/*
** fn_execute.c: connector_execute and connector_execute_many.
**
**   SELECT connector_execute('shop', 'UPDATE orders SET paid = 1 WHERE id = ?', 7);            -- 1
**   SELECT connector_execute_many('shop', 'INSERT INTO t VALUES (:a, :b)', '[{"a":1,"b":2}]'); -- 1
**   SELECT connector_execute_many('shop', 'INSERT INTO t VALUES (?, ?)', connector_rows(a, b)) FROM l;
**
** The sets of execute_many are read one by one while they are sent. Relies on src/execute.c for the
** transaction they are part of and for "all or nothing".
*/
#include "../src/execute.h"
#include "call.h"
#include "catalog.h"
#include "rows_aggregate.h"
#include "value.h"

static void execute(Connector *connector, sqlite3_context *context, int argc,
                    sqlite3_value **argv) {
  Call call;
  Error error = {0};
  int64_t affected = 0;
  int code = call_begin(connector, argc, argv, &call, &error);
  if (code == SQLITE_OK) {
    code = execute_operation(call.remote, call.operation, call.size, &call.arguments.arguments,
                             &affected, &error);
  }
  code = call_end(&call, code, &error);
  if (code != SQLITE_OK) {
    report_error(connector, context, &error);
  } else {
    sqlite3_result_int64(context, affected);
  }
}

/* ---- sets from JSON ---- */

typedef struct JsonSource {
  ArgumentSource base; /* must be first */
  Connector *connector;
  JsonItems *sets; /* elements of the array */
  size_t next;
  CallArguments current; /* the set that was given last */
} JsonSource;

static int take_json(ArgumentSource *base, Arguments *set, Error *error) {
  JsonSource *source = (JsonSource *)base;
  arguments_clear(&source->current);
  if (source->next == source->sets->count) return SQLITE_DONE;
  const JsonItem *item = &source->sets->items[source->next++];
  if (item->kind != JSON_OBJECT && item->kind != JSON_ARRAY) {
    return error_set(error, SQLITE_ERROR, "set %lld is neither a JSON object nor an array",
                     (long long)source->next);
  }
  int code = arguments_from_text(source->connector, item->value.bytes.data, item->value.bytes.size,
                                 &source->current, error);
  if (code != SQLITE_OK) {
    error_wrap(error, "set %lld", (long long)source->next);
    return code;
  }
  *set = source->current.arguments;
  return SQLITE_ROW;
}

static void rewind_json(ArgumentSource *base) {
  ((JsonSource *)base)->next = 0;
}

/* One object in place of a list runs once. */
typedef struct SingleSource {
  ArgumentSource base; /* must be first */
  const JsonItems *set;
  bool given;
} SingleSource;

static int take_single(ArgumentSource *base, Arguments *set, Error *error) {
  SingleSource *source = (SingleSource *)base;
  (void)error;
  if (source->given) return SQLITE_DONE;
  source->given = true;
  *set = (Arguments){.named = source->set};
  return SQLITE_ROW;
}

static int many_json(Connector *connector, Call *call, sqlite3_value *sets, int64_t *affected,
                     Error *error) {
  const char *text;
  size_t size;
  JsonItems *items = NULL;
  int code = argument_text(sets, "the parameter sets", &text, &size, error);
  if (code != SQLITE_OK) return code;
  code = json_parse(connector, text, size, &items, error);
  if (code != SQLITE_OK) {
    error_wrap(error, "parameter sets (a JSON array of objects or arrays)");
    return code;
  }
  if (items->is_object) {
    SingleSource source = {.base = {.take = take_single}, .set = items};
    code = execute_many(call->remote, call->operation, call->size, &source.base, affected, error);
  } else {
    JsonSource source = {
        .base = {.take = take_json, .count = (int64_t)items->count, .rewind = rewind_json},
        .connector = connector,
        .sets = items};
    code = execute_many(call->remote, call->operation, call->size, &source.base, affected, error);
    arguments_clear(&source.current);
  }
  json_free(items);
  return code;
}

/* ---- sets from connector_rows ---- */

typedef struct RowsSource {
  ArgumentSource base; /* must be first */
  SpillReader *reader;
} RowsSource;

static int take_rows(ArgumentSource *base, Arguments *set, Error *error) {
  RowsSource *source = (RowsSource *)base;
  *set = (Arguments){0};
  return spill_reader_next(source->reader, &set->positional, &set->positional_count, error);
}

static void rewind_rows(ArgumentSource *base) {
  spill_reader_rewind(((RowsSource *)base)->reader);
}

static int many_rows(Call *call, Spill *rows, int64_t *affected, Error *error) {
  RowsSource source = {
      .base = {.take = take_rows, .count = spill_rows(rows), .rewind = rewind_rows},
      .reader = spill_reader_new(rows)};
  if (!source.reader) return error_memory(error);
  int code = execute_many(call->remote, call->operation, call->size, &source.base, affected, error);
  spill_reader_free(source.reader);
  return code;
}

static void many(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  Call call;
  Error error = {0};
  int64_t affected = 0;
  (void)argc;
  int code = call_begin(connector, 2, argv, &call, &error);
  if (code == SQLITE_OK) {
    Spill *rows = sqlite3_value_pointer(argv[2], ROWS_POINTER);
    code = rows ? many_rows(&call, rows, &affected, &error)
                : many_json(connector, &call, argv[2], &affected, &error);
    if (code != SQLITE_OK && !error.block) error_wrap(&error, "connector '%s'", call.name);
  }
  code = call_end(&call, code, &error);
  if (code != SQLITE_OK) {
    report_error(connector, context, &error);
  } else {
    sqlite3_result_int64(context, affected);
  }
}

const CatalogEntry fn_execute_entries[] = {
    {.name = "connector_execute",
     .kind = CATALOG_FUNCTION,
     .topic = "execute",
     .usage = "connector_execute(name, operation [, parameter …])",
     .least = 2,
     .most = 2 + 125,
     .meaning = "runs a statement or a script on the block; gives the rows affected",
     .example = "SELECT connector_execute('shop', 'UPDATE orders SET paid = 1 WHERE id = ?', 7)",
     .function = execute},
    {.name = "connector_execute_many",
     .kind = CATALOG_FUNCTION,
     .topic = "execute",
     .usage = "connector_execute_many(name, operation, sets)",
     .least = 3,
     .most = 3,
     .meaning =
         "runs a statement once per set of parameters, all or nothing; gives the total; sets is "
         "a JSON array of objects or arrays, or connector_rows(…)",
     .example = "SELECT connector_execute_many('shop', 'INSERT INTO t VALUES (:a, :b)', "
                "'[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4}]')",
     .function = many},
    {0}};
