/*
** query_table.c: the table connector_query, the everyday form of reading.
**
**   SELECT row FROM connector_query('shop', 'SELECT * FROM orders WHERE city = ?', 'Paris');
**   SELECT c1, c2 FROM connector_query('shop', 'INSERT INTO t(a) VALUES (1) RETURNING id, a');
**
** A reading statement streams and is run again for each new scan. One that writes is run once per SQLite
** statement and arguments, is read to its end, and shows the same rows to a further scan.
*/
#include "query_table.h"
#include "call.h"
#include "row_table.h"
#include "value.h"

int query_start(Connector *connector, const Call *call, RowSet **rows, Error *error) {
  Stream *stream;
  int code = stream_open(call->remote, call->operation, call->size, &call->arguments.arguments,
                         call_stream_use(call), &stream, error);
  if (code != SQLITE_OK) return code;
  return rowset_from_stream(connector, stream, stream_writes(stream), rows, error);
}

int query_argument_count(const RowArguments *arguments, int first, int *count, Error *error) {
  int last = first;
  while (last < arguments->count && arguments->values[last])
    last++;
  for (int i = last; i < arguments->count; i++) {
    if (arguments->values[i]) {
      return error_set(error, SQLITE_ERROR, "parameter p%d is given but p%d is not", i - first + 1,
                       last - first + 1);
    }
  }
  *count = last;
  return SQLITE_OK;
}

static int start(RowTable *table, const RowArguments *arguments, RowSet **rows, Error *error) {
  Call call;
  int count = 0;
  if (!arguments->values[0] || !arguments->values[1]) return row_table_usage(table, error);
  int code = query_argument_count(arguments, 2, &count, error);
  if (code != SQLITE_OK) return code;
  code = call_begin(table->connector, count, arguments->values, &call, error);
  if (code == SQLITE_OK) code = query_start(table->connector, &call, rows, error);
  return call_end(&call, code, error);
}

static int query_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **result, char **message) {
  CatalogBinding *binding = aux;
  RowShape shape;
  (void)argc, (void)argv, (void)message;
  int code = row_table_declare(db, "name HIDDEN, operation HIDDEN", 2, ROW_PARAMETERS, &shape);
  if (code != SQLITE_OK) return code;
  sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  RowTable *table = sqlite3_malloc64(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  *table = (RowTable){.start = start};
  code = row_table_init(table, binding->connector, &shape, binding->entry->usage);
  if (code != SQLITE_OK) {
    sqlite3_free(table);
    return code;
  }
  *result = &table->base;
  return SQLITE_OK;
}

static int query_disconnect(sqlite3_vtab *base) {
  row_table_clear((RowTable *)base);
  sqlite3_free(base);
  return SQLITE_OK;
}

static const sqlite3_module query_module = {
    .xConnect = query_connect, .xDisconnect = query_disconnect, ROW_TABLE_METHODS};

const CatalogEntry query_table_entries[] = {
    {.name = "connector_query",
     .kind = CATALOG_TABLE,
     .topic = "query",
     .usage = "connector_query(name, operation [, parameter …])",
     .least = 2,
     .most = 2 + ROW_PARAMETERS,
     .meaning =
         "table: the rows of a statement, run afresh for each scan; columns row (JSON), and hidden "
         "c1 … c64 (native values) and names",
     .example = "SELECT c1, c2 FROM connector_query('shop', 'SELECT id, total FROM orders WHERE "
                "city = ?', 'Paris')",
     .module = &query_module},
    {0}};
