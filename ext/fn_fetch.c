/*
** fn_fetch.c: connector_fetch_one, and the end of fetching: connector_reset and connector_close.
**
**   SELECT connector_fetch_one('shop', 'SELECT * FROM customers');    -- {"name":"Marvin", …}, then the next
**   SELECT connector_reset('shop');                                   -- 1: cursors dropped
**
** Relies on src/cursor.c: the cursor is shared with the fetch tables (fetch_table.c).
*/
#include "../src/block_set.h"
#include "call.h"
#include "catalog.h"
#include "value.h"
#include <string.h>

static int next_row(Connector *connector, const Call *call, sqlite3_context *context,
                    Error *error) {
  FetchCursor *cursor;
  DriverBuffer buffer;
  int code = call_cursor(connector, call, &cursor, error);
  if (code != SQLITE_OK) return code;
  code = cursor_next(connector, cursor, error);
  if (code == SQLITE_DONE) return SQLITE_OK;
  if (code != SQLITE_ROW) return code;
  buffer_init(&buffer, &connector->host);
  code = stream_row_json(cursor->stream, &buffer, error);
  if (code == SQLITE_OK && buffer.failed) code = error_memory(error);
  if (code == SQLITE_OK) {
    Value row = value_json(buffer.data);
    value_result(context, &row);
    cursor_settle(cursor);
  } else {
    cursor_drop(connector, cursor); /* the row is consumed and was not seen */
  }
  buffer_clear(&buffer);
  return code;
}

static void fetch_one(Connector *connector, sqlite3_context *context, int argc,
                      sqlite3_value **argv) {
  Call call;
  Error error = {0};
  int code = call_begin(connector, argc, argv, &call, &error);
  if (code == SQLITE_OK) code = next_row(connector, &call, context, &error);
  code = call_end(&call, code, &error);
  if (code != SQLITE_OK) report_error(connector, context, &error);
}

/* The block's name of reset and close: NULL for all. A name without open cursors must at least be a block's,
** so that a misspelled one is told. */
static int named_block(Connector *connector, int argc, sqlite3_value **argv, const char **name,
                       Error *error) {
  Block *block;
  *name = NULL;
  int code = argument_optional(argc ? argv[0] : NULL, "the connector's name", name, NULL, error);
  if (code != SQLITE_OK || !*name) return code;
  for (const FetchCursor *cursor = cursor_first(connector); cursor; cursor = cursor->next) {
    if (strcmp(cursor->block, *name) == 0) return SQLITE_OK;
  }
  code = block_find(connector, *name, &block, error);
  if (code == SQLITE_OK) block_release(block);
  return code;
}

static void reset(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  const char *name;
  Error error = {0};
  if (named_block(connector, argc, argv, &name, &error) != SQLITE_OK) {
    report_error(connector, context, &error);
  } else {
    sqlite3_result_int(context, cursor_reset(connector, name));
  }
}

static void close(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  const char *name;
  Error error = {0};
  if (named_block(connector, argc, argv, &name, &error) != SQLITE_OK) {
    report_error(connector, context, &error);
    return;
  }
  sqlite3_result_int(context, cursor_reset(connector, name));
  remote_close(connector, name);
}

const CatalogEntry fn_fetch_entries[] = {
    {.name = "connector_fetch_one",
     .kind = CATALOG_FUNCTION,
     .topic = "fetch",
     .usage = "connector_fetch_one(name, operation [, parameter …])",
     .least = 2,
     .most = 2 + 125,
     .meaning =
         "the next row of the shared cursor as JSON; NULL after the last, until connector_reset",
     .example = "SELECT connector_fetch_one('shop', 'SELECT * FROM customers')",
     .function = fetch_one},
    {.name = "connector_reset",
     .kind = CATALOG_FUNCTION,
     .topic = "fetch",
     .usage = "connector_reset([name])",
     .least = 0,
     .most = 1,
     .meaning = "drops the open cursors of one block, or all; gives their number",
     .example = "SELECT connector_reset('shop')",
     .function = reset},
    {.name = "connector_close",
     .kind = CATALOG_FUNCTION,
     .topic = "fetch",
     .usage = "connector_close([name])",
     .least = 0,
     .most = 1,
     .meaning = "drops cursors and connections of one block, or all; the block stays usable",
     .example = "SELECT connector_close('shop')",
     .function = close},
    {0}};
