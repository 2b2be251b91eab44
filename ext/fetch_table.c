/*
** fetch_table.c: the tables connector_fetch_many and connector_fetch_all.
**
**   SELECT row FROM connector_fetch_many('shop', 'SELECT * FROM customers') WHERE size = 2;
**   SELECT c1, c2 FROM connector_fetch_all('shop', 'SELECT * FROM t WHERE a = :a', '{"a":1}');
**
** A scan takes its page from the shared cursor at once and keeps it: the page counts as consumed, also
** under LIMIT, and a second scan with the same arguments in the same statement shows the same page.
*/
#include "call.h"
#include "row_table.h"
#include "value.h"
#include <string.h>

typedef struct FetchTable {
  RowTable base; /* must be first */
  bool sized;    /* connector_fetch_many */
} FetchTable;

enum { ARGUMENT_NAME, ARGUMENT_OPERATION, ARGUMENT_PARAMETERS, ARGUMENT_SIZE };

/* NULL, 0 or not given: the block's fetch_size. */
static int page_size(const Call *call, sqlite3_value *value, int64_t *size, Error *error) {
  *size = 0;
  if (value && sqlite3_value_type(value) != SQLITE_NULL) {
    if (sqlite3_value_numeric_type(value) != SQLITE_INTEGER) {
      return error_set(error, SQLITE_ERROR, "connector '%s': size must be a whole number",
                       call->name);
    }
    *size = sqlite3_value_int64(value);
  }
  if (*size < 0) {
    return error_set(error, SQLITE_ERROR, "connector '%s': size must not be negative", call->name);
  }
  if (*size == 0) *size = block_option_integer(call->remote->block, "fetch_size");
  if (*size <= 0) *size = 1;
  return SQLITE_OK;
}

static int fetch_page(RowTable *base, const Call *call, sqlite3_value *size_argument, RowSet **rows,
                      Error *error) {
  FetchCursor *cursor;
  int64_t size = ROWSET_ALL;
  int code = SQLITE_OK;
  if (((FetchTable *)base)->sized) code = page_size(call, size_argument, &size, error);
  if (code == SQLITE_OK) code = call_cursor(base->connector, call, &cursor, error);
  if (code != SQLITE_OK) return code;
  return rowset_from_cursor(base->connector, cursor, size, rows, error);
}

static int start(RowTable *base, const RowArguments *arguments, RowSet **rows, Error *error) {
  sqlite3_value **given = arguments->values;
  Call call;
  if (!given[ARGUMENT_NAME] || !given[ARGUMENT_OPERATION]) return row_table_usage(base, error);
  int code = call_begin_json(base->connector, given[ARGUMENT_NAME], given[ARGUMENT_OPERATION],
                             given[ARGUMENT_PARAMETERS], &call, error);
  if (code == SQLITE_OK) {
    sqlite3_value *size = ((FetchTable *)base)->sized ? given[ARGUMENT_SIZE] : NULL;
    code = fetch_page(base, &call, size, rows, error);
  }
  return call_end(&call, code, error);
}

static int fetch_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **result, char **message) {
  CatalogBinding *binding = aux;
  bool sized = strcmp(binding->entry->name, "connector_fetch_many") == 0;
  RowShape shape;
  (void)argc, (void)argv, (void)message;
  int code =
      row_table_declare(db,
                        sized ? "name HIDDEN, operation HIDDEN, parameters HIDDEN, size HIDDEN"
                              : "name HIDDEN, operation HIDDEN, parameters HIDDEN",
                        sized ? 4 : 3, 0, &shape);
  if (code != SQLITE_OK) return code;
  sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  FetchTable *table = sqlite3_malloc64(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  *table = (FetchTable){.base = {.start = start}, .sized = sized};
  code = row_table_init(&table->base, binding->connector, &shape, binding->entry->usage);
  if (code != SQLITE_OK) {
    sqlite3_free(table);
    return code;
  }
  *result = &table->base.base;
  return SQLITE_OK;
}

static int fetch_disconnect(sqlite3_vtab *base) {
  row_table_clear((RowTable *)base);
  sqlite3_free(base);
  return SQLITE_OK;
}

static const sqlite3_module fetch_module = {
    .xConnect = fetch_connect, .xDisconnect = fetch_disconnect, ROW_TABLE_METHODS};

const CatalogEntry fetch_table_entries[] = {
    {.name = "connector_fetch_many",
     .kind = CATALOG_TABLE,
     .topic = "fetch",
     .usage = "connector_fetch_many(name, operation [, parameters [, size]])",
     .least = 2,
     .most = 4,
     .meaning =
         "table: the next page of the shared cursor; parameters is one JSON object or array, "
         "size defaults to the block's fetch_size",
     .example = "SELECT row FROM connector_fetch_many('shop', 'SELECT * FROM customers') "
                "WHERE size = 2",
     .module = &fetch_module},
    {.name = "connector_fetch_all",
     .kind = CATALOG_TABLE,
     .topic = "fetch",
     .usage = "connector_fetch_all(name, operation [, parameters])",
     .least = 2,
     .most = 3,
     .meaning = "table: all rows that the shared cursor has left",
     .example = "SELECT row FROM connector_fetch_all('shop', 'SELECT * FROM customers')",
     .module = &fetch_module},
    {0}};
