/*
** fn_value.c: connector_value, one value of the remote database in the middle of an expression.
**
**   SELECT connector_value('shop', 'SELECT count(*) FROM orders WHERE city = ?', 'Paris');
*/
#include "../src/stream.h"
#include "call.h"
#include "catalog.h"
#include "value.h"

/* The result is set while the stream still stands on the row: its value is borrowed. */
static int first_value(Call *call, sqlite3_context *context, Error *error) {
  Stream *stream;
  Value value;
  int code = stream_open(call->remote, call->operation, call->size, &call->arguments.arguments,
                         call_stream_use(call), &stream, error);
  if (code != SQLITE_OK) return code;
  code = stream_next(stream, error);
  if (code == SQLITE_ROW) {
    code = stream_value(stream, 0, &value, error);
    if (code == SQLITE_OK) value_result(context, &value);
  } else if (code == SQLITE_DONE) {
    code = SQLITE_OK;
  }
  stream_close(stream);
  return code;
}

static void value(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  Call call;
  Error error = {0};
  int code = call_begin(connector, argc, argv, &call, &error);
  if (code == SQLITE_OK) code = first_value(&call, context, &error);
  code = call_end(&call, code, &error);
  if (code != SQLITE_OK) report_error(connector, context, &error);
}

const CatalogEntry fn_value_entries[] = {
    {.name = "connector_value",
     .kind = CATALOG_FUNCTION,
     .topic = "query",
     .usage = "connector_value(name, operation [, parameter …])",
     .least = 2,
     .most = 2 + 125,
     .meaning = "first column of the first row, run afresh; NULL when there is no row",
     .example = "SELECT connector_value('shop', 'SELECT count(*) FROM orders')",
     .function = value},
    {0}};
