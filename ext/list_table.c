/*
** list_table.c: the one module behind every read-only list (see list_table.h).
**
** xBestIndex to xFilter: the EQ constraints on the hidden columns become arguments. idxNum has bit i
** set when argument i is there; argv holds them in ascending order of i. A constraint on an argument
** that cannot be used yet (the inner side of a join in the wrong order) makes the plan impossible, so
** that an argument is never silently ignored.
**
** A scan fills a Spill at xFilter and reads it; filling again restarts cleanly.
*/
#include "catalog.h"
#include "row_identity.h"
#include "value.h"
#include <string.h>

typedef struct Table {
  sqlite3_vtab base; /* must be first */
  Connector *connector;
  const CatalogEntry *entry;
} Table;

typedef struct Cursor {
  sqlite3_vtab_cursor base; /* must be first */
  /* zero from xOpen or xFilter on */
  Spill *rows;
  SpillReader *reader;
  const Value *values; /* current row, borrowed from the reader; NULL at the end */
  size_t count;
  bool has_rowid; /* of the current row */
  sqlite3_int64 rowid;
  RowIdentity identity;
} Cursor;

/* The declared table with one more hidden column, which only ever serves to catch a surplus
** argument. */
static int declare(sqlite3 *db, const ListTable *list) {
  size_t size = strlen(list->schema);
  while (size > 0 && list->schema[size - 1] != ')')
    size--;
  char *schema = sqlite3_mprintf("%.*s, surplus HIDDEN)", (int)(size ? size - 1 : 0), list->schema);
  if (!schema) return SQLITE_NOMEM;
  int code = sqlite3_declare_vtab(db, schema);
  sqlite3_free(schema);
  return code;
}

static int list_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                        sqlite3_vtab **result, char **message) {
  CatalogBinding *binding = aux;
  (void)argc, (void)argv, (void)message;
  int code = declare(db, binding->entry->list);
  if (code != SQLITE_OK) return code;
  sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  Table *table = sqlite3_malloc64(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  *table = (Table){.connector = binding->connector, .entry = binding->entry};
  *result = &table->base;
  return SQLITE_OK;
}

static int list_disconnect(sqlite3_vtab *base) {
  sqlite3_free(base->zErrMsg);
  sqlite3_free(base);
  return SQLITE_OK;
}

static int list_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  Table *table = (Table *)base;
  const ListTable *list = table->entry->list;
  int which[LIST_TABLE_ARGUMENTS + 1], arguments = list->arguments + 1, used = 0;
  for (int i = 0; i < arguments; i++)
    which[i] = -1;
  for (int i = 0; i < info->nConstraint; i++) {
    int argument = info->aConstraint[i].iColumn - list->columns;
    if (argument < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
    which[argument] = i;
  }
  for (int i = 0; i < arguments; i++) {
    if (which[i] < 0) continue;
    info->idxNum |= 1 << i;
    info->aConstraintUsage[which[i]].argvIndex = ++used;
    info->aConstraintUsage[which[i]].omit = 1;
  }
  info->estimatedCost = 1000;
  info->estimatedRows = 100;
  return SQLITE_OK;
}

static int list_open(sqlite3_vtab *base, sqlite3_vtab_cursor **result) {
  (void)base;
  Cursor *cursor = sqlite3_malloc64(sizeof *cursor);
  if (!cursor) return SQLITE_NOMEM;
  memset(cursor, 0, sizeof *cursor);
  *result = &cursor->base;
  return SQLITE_OK;
}

static void forget(Cursor *cursor) {
  spill_reader_free(cursor->reader);
  spill_free(cursor->rows);
  cursor->reader = NULL;
  cursor->rows = NULL;
  cursor->values = NULL;
  row_identity_clear(&cursor->identity);
}

static int list_close(sqlite3_vtab_cursor *base) {
  forget((Cursor *)base);
  sqlite3_free(base);
  return SQLITE_OK;
}

static int advance(Cursor *cursor, Error *error) {
  int code = spill_reader_next(cursor->reader, &cursor->values, &cursor->count, error);
  cursor->has_rowid = false;
  if (code == SQLITE_ROW) return SQLITE_OK;
  cursor->values = NULL;
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int list_next(sqlite3_vtab_cursor *base) {
  Table *table = (Table *)base->pVtab;
  Error error = {0};
  if (advance((Cursor *)base, &error) == SQLITE_OK) return SQLITE_OK;
  return report_table_error(table->connector, &table->base, &error);
}

static int fill(Table *table, Cursor *cursor, int flags, sqlite3_value **argv, Error *error) {
  const ListTable *list = table->entry->list;
  sqlite3_value *arguments[LIST_TABLE_ARGUMENTS + 1] = {0};
  int given = 0;
  for (int i = 0, next = 0; i <= list->arguments; i++) {
    if (flags & (1 << i)) {
      arguments[i] = argv[next++];
      given = i + 1;
    }
  }
  if (given > list->arguments) return catalog_usage(table->entry, error);
  for (int i = 0; i < table->entry->least; i++) {
    if (!arguments[i]) return catalog_usage(table->entry, error);
  }
  cursor->rows = spill_new();
  if (!cursor->rows) return error_memory(error);
  int code = list->fill(table->connector, arguments, cursor->rows, error);
  if (code != SQLITE_OK) return code;
  cursor->reader = spill_reader_new(cursor->rows);
  if (!cursor->reader) return error_memory(error);
  return advance(cursor, error);
}

static int list_filter(sqlite3_vtab_cursor *base, int flags, const char *plan, int argc,
                       sqlite3_value **argv) {
  Table *table = (Table *)base->pVtab;
  Cursor *cursor = (Cursor *)base;
  Error error = {0};
  (void)plan, (void)argc;
  forget(cursor);
  if (fill(table, cursor, flags, argv, &error) == SQLITE_OK) return SQLITE_OK;
  forget(cursor);
  return report_table_error(table->connector, &table->base, &error);
}

static int list_eof(sqlite3_vtab_cursor *base) {
  return ((Cursor *)base)->values == NULL;
}

static int list_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index) {
  Cursor *cursor = (Cursor *)base;
  if (index >= 0 && (size_t)index < cursor->count) value_result(context, &cursor->values[index]);
  return SQLITE_OK;
}

static int list_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  Cursor *cursor = (Cursor *)base;
  if (!cursor->has_rowid) {
    uint64_t hash = ROW_HASH_START;
    for (size_t i = 0; i < cursor->count; i++) {
      hash = row_hash_value(hash, &cursor->values[i]);
    }
    int code = row_identity_next(&cursor->identity, hash, &cursor->rowid);
    if (code != SQLITE_OK) return code;
    cursor->has_rowid = true;
  }
  *rowid = cursor->rowid;
  return SQLITE_OK;
}

/* No xCreate: eponymous only. */
const sqlite3_module list_table_module = {
    .xConnect = list_connect,
    .xDisconnect = list_disconnect,
    .xBestIndex = list_best_index,
    .xOpen = list_open,
    .xClose = list_close,
    .xFilter = list_filter,
    .xNext = list_next,
    .xEof = list_eof,
    .xColumn = list_column,
    .xRowid = list_rowid,
};
