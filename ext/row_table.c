/*
** row_table.c: see row_table.h.
**
** xBestIndex to xFilter: idxStr lists the arguments in the order of argv, each as its number followed by
** `,` (SQLite does not check the constraint again) or `!` (it does: it obeys `omit` for the first 16
** constraints only). A checked-again argument that is NULL would drop every row silently, as NULL = NULL
** is not true, so xFilter refuses it.
**
** A constraint on an argument that cannot be used in this plan makes the plan impossible; an argument that
** was not given at all is an error of the scan, with the usage line.
**
** A correlated subquery opens its table again for each outer row. SQLite then opens the new cursor before
** it closes the old one (later versions keep the old one), which is how rows kept for replay pass from the
** one to the other within one statement.
*/
#include "row_table.h"
#include "replay.h"
#include "row_identity.h"
#include "value.h"
#include <stdlib.h>
#include <string.h>

#define OMIT_LIMIT 16

typedef struct RowCursor {
  sqlite3_vtab_cursor base; /* must be first */
  bool filtered;
  Replay *replay; /* NULL until rows were kept */
  RowSet *live;   /* rows of this scan when they are not in `replay` */
  DriverBuffer buffer;
  /* zero from here on at each xFilter */
  RowSet *rows; /* of this scan: `live` or one of `replay` */
  bool eof;
  bool has_rowid; /* of the current row */
  sqlite3_int64 rowid;
  RowIdentity identity;
  uint64_t arguments_hash;
  RowArguments arguments; /* own copies */
} RowCursor;

int row_table_init(RowTable *table, Connector *connector, const RowShape *shape,
                   const char *usage) {
  table->connector = connector;
  table->shape = *shape;
  table->usage = sqlite3_mprintf("%s", usage);
  return table->usage ? SQLITE_OK : SQLITE_NOMEM;
}

void row_table_clear(RowTable *table) {
  sqlite3_free(table->base.zErrMsg); /* SQLite leaves one that it did not show */
  sqlite3_free(table->usage);
}

int row_table_usage(const RowTable *table, Error *error) {
  return error_set(error, SQLITE_ERROR, "usage: %s", table->usage);
}

int row_table_declare(sqlite3 *db, const char *arguments, int argument_count, int parameters,
                      RowShape *shape) {
  sqlite3_str *text = sqlite3_str_new(db);
  sqlite3_str_appendf(text, "CREATE TABLE x(row TEXT, %s", arguments);
  for (int i = 1; i <= parameters; i++)
    sqlite3_str_appendf(text, ", p%d HIDDEN", i);
  sqlite3_str_appendall(text, ", surplus HIDDEN");
  for (int i = 1; i <= ROW_VALUES; i++)
    sqlite3_str_appendf(text, ", c%d HIDDEN", i);
  sqlite3_str_appendall(text, ", names TEXT HIDDEN)");
  char *sql = sqlite3_str_finish(text);
  if (!sql) return SQLITE_NOMEM;
  int code = sqlite3_declare_vtab(db, sql);
  sqlite3_free(sql);
  int after = 1 + argument_count + parameters + 1;
  *shape = (RowShape){.row = 0,
                      .arguments = 1,
                      .argument_count = argument_count + parameters,
                      .values = after,
                      .value_count = ROW_VALUES,
                      .names = after + ROW_VALUES};
  return code;
}

/* ---- planning ---- */

int row_table_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  const RowShape *shape = &((RowTable *)base)->shape;
  sqlite3_str *plan = sqlite3_str_new(NULL);
  int used = 0;
  for (int i = 0; i < info->nConstraint; i++) {
    int argument = info->aConstraint[i].iColumn - shape->arguments;
    if (argument < 0 || argument > shape->argument_count) continue;
    if (info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (!info->aConstraint[i].usable) {
      sqlite3_free(sqlite3_str_finish(plan));
      return SQLITE_CONSTRAINT;
    }
    sqlite3_str_appendf(plan, "%d%c", argument, i < OMIT_LIMIT ? ',' : '!');
    info->aConstraintUsage[i].argvIndex = ++used;
    info->aConstraintUsage[i].omit = 1;
  }
  int code = sqlite3_str_errcode(plan);
  info->idxStr = sqlite3_str_finish(plan);
  info->needToFreeIdxStr = 1;
  /* A scan is a remote statement: worth avoiding on the inner side of a join. A plan that uses more of the
  ** arguments is the one that was meant, also when OR terms make it several scans. */
  info->estimatedCost = 1e9;
  for (int i = 0; i < used && i < 6; i++) {
    info->estimatedCost /= 10;
  }
  info->estimatedRows = 1000;
  return code;
}

/* ---- cursors ---- */

int row_table_open(sqlite3_vtab *base, sqlite3_vtab_cursor **result) {
  RowTable *table = (RowTable *)base;
  RowCursor *cursor = sqlite3_malloc64(sizeof *cursor);
  if (!cursor) return SQLITE_NOMEM;
  memset(cursor, 0, sizeof *cursor);
  buffer_init(&cursor->buffer, &table->connector->host);
  table->newest = cursor;
  *result = &cursor->base;
  return SQLITE_OK;
}

/* Ends the scan; kept rows stay in `replay`. */
static void end_scan(RowCursor *cursor) {
  rowset_free(cursor->live);
  cursor->live = cursor->rows = NULL;
  for (int i = 0; i < cursor->arguments.count; i++) {
    sqlite3_value_free(cursor->arguments.values[i]);
  }
  sqlite3_free(cursor->arguments.values);
  cursor->arguments = (RowArguments){0};
  row_identity_clear(&cursor->identity);
  cursor->eof = true;
}

int row_table_close(sqlite3_vtab_cursor *base) {
  RowCursor *cursor = (RowCursor *)base;
  RowTable *table = (RowTable *)base->pVtab;
  RowCursor *heir = table->newest;
  if (heir == cursor) {
    table->newest = NULL;
  } else if (heir && !heir->filtered && !heir->replay) {
    heir->replay = cursor->replay;
    cursor->replay = NULL;
  }
  end_scan(cursor);
  replay_free(cursor->replay);
  buffer_clear(&cursor->buffer);
  sqlite3_free(cursor);
  return SQLITE_OK;
}

/* ---- starting a scan ---- */

static int take_arguments(RowCursor *cursor, const char *plan, sqlite3_value **argv, Error *error) {
  const RowTable *table = (const RowTable *)cursor->base.pVtab;
  RowArguments *arguments = &cursor->arguments;
  size_t size = (size_t)table->shape.argument_count * sizeof(sqlite3_value *);
  arguments->values = sqlite3_malloc64(size + 1);
  if (!arguments->values) return error_memory(error);
  memset(arguments->values, 0, size);
  arguments->count = table->shape.argument_count;
  for (int i = 0; plan && *plan; i++) {
    char *end;
    int argument = (int)strtol(plan, &end, 10);
    if (argument >= arguments->count) return row_table_usage(table, error);
    if (*end == '!' && sqlite3_value_type(argv[i]) == SQLITE_NULL) {
      return error_set(error, SQLITE_ERROR,
                       "argument %d is NULL: SQLite drops the rows of a table function whose "
                       "argument after the %dth is NULL; give the parameters as one JSON object",
                       argument + 1, OMIT_LIMIT);
    }
    sqlite3_value_free(arguments->values[argument]); /* given twice: the later one counts */
    arguments->values[argument] = sqlite3_value_dup(argv[i]);
    if (!arguments->values[argument]) return error_memory(error);
    plan = end + 1;
  }
  return SQLITE_OK;
}

/* The arguments as bytes: for each a mark, type, size and content; those at the end that are not given leave
** nothing. */
static int argument_key(const RowArguments *arguments, DriverBuffer *key, Error *error) {
  int count = arguments->count;
  buffer_reset(key);
  buffer_append(key, "", 0); /* with no argument its data is not NULL either */
  while (count > 0 && !arguments->values[count - 1])
    count--;
  for (int i = 0; i < count; i++) {
    sqlite3_value *from = arguments->values[i];
    Value value = {.type = VALUE_NULL};
    if (from && value_get(from, &value) != SQLITE_OK) return error_memory(error);
    char mark[3] = {from ? 'v' : '-', (char)('0' + value.type), value.json ? 'j' : '-'};
    buffer_append(key, mark, sizeof mark);
    if (value.type == VALUE_INTEGER) {
      buffer_append(key, (const char *)&value.integer, sizeof value.integer);
    } else if (value.type == VALUE_REAL) {
      buffer_append(key, (const char *)&value.real, sizeof value.real);
    } else if (value.type != VALUE_NULL) {
      buffer_append(key, (const char *)&value.bytes.size, sizeof value.bytes.size);
      buffer_append(key, value.bytes.data, value.bytes.size);
    }
  }
  return key->failed ? error_memory(error) : SQLITE_OK;
}

static int remember(RowCursor *cursor, RowSet *rows, Error *error) {
  if (!cursor->replay) cursor->replay = replay_new();
  if (!cursor->replay ||
      !replay_add(cursor->replay, cursor->buffer.data, cursor->buffer.size, rows)) {
    rowset_free(rows);
    return error_memory(error);
  }
  cursor->rows = rows;
  return SQLITE_OK;
}

static int advance(RowCursor *cursor, Error *error) {
  int code = rowset_next(cursor->rows, error);
  cursor->has_rowid = false;
  cursor->eof = code != SQLITE_ROW;
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int start_scan(RowCursor *cursor, const char *plan, sqlite3_value **argv, Error *error) {
  RowTable *table = (RowTable *)cursor->base.pVtab;
  int code = take_arguments(cursor, plan, argv, error);
  if (code == SQLITE_OK) code = argument_key(&cursor->arguments, &cursor->buffer, error);
  if (code != SQLITE_OK) return code;
  cursor->arguments_hash = row_hash(ROW_HASH_START, cursor->buffer.data, cursor->buffer.size);
  if (cursor->replay) {
    cursor->rows = replay_find(cursor->replay, cursor->buffer.data, cursor->buffer.size);
    if (cursor->rows) rowset_rewind(cursor->rows);
  }
  if (!cursor->rows) {
    RowSet *rows = NULL;
    code = table->start(table, &cursor->arguments, &rows, error);
    if (code != SQLITE_OK) return code;
    if (!rowset_is_kept(rows)) {
      cursor->live = cursor->rows = rows;
    } else {
      code = remember(cursor, rows, error);
      if (code != SQLITE_OK) return code;
    }
  }
  return advance(cursor, error);
}

int row_table_filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc,
                     sqlite3_value **argv) {
  RowCursor *cursor = (RowCursor *)base;
  Error error;
  error_init(&error);
  (void)number, (void)argc;
  end_scan(cursor);
  cursor->filtered = true;
  if (start_scan(cursor, plan, argv, &error) == SQLITE_OK) return SQLITE_OK;
  end_scan(cursor);
  return report_table_error(((RowTable *)base->pVtab)->connector, base->pVtab, &error);
}

/* ---- reading ---- */

int row_table_next(sqlite3_vtab_cursor *base) {
  Error error;
  error_init(&error);
  if (advance((RowCursor *)base, &error) == SQLITE_OK) return SQLITE_OK;
  return report_table_error(((RowTable *)base->pVtab)->connector, base->pVtab, &error);
}

int row_table_eof(sqlite3_vtab_cursor *base) {
  return ((RowCursor *)base)->eof;
}

static int find_rowid(RowCursor *cursor, Error *error) {
  uint64_t hash = cursor->arguments_hash;
  for (size_t i = 0; i < rowset_column_count(cursor->rows); i++) {
    Value value;
    int code = rowset_value(cursor->rows, i, &value, error);
    if (code != SQLITE_OK) return code;
    hash = row_hash_value(hash, &value);
  }
  if (row_identity_next(&cursor->identity, hash, &cursor->rowid) != SQLITE_OK) {
    return error_memory(error);
  }
  cursor->has_rowid = true;
  return SQLITE_OK;
}

int row_table_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  RowCursor *cursor = (RowCursor *)base;
  Error error;
  error_init(&error);
  if (!cursor->has_rowid && find_rowid(cursor, &error) != SQLITE_OK) {
    return report_table_error(((RowTable *)base->pVtab)->connector, base->pVtab, &error);
  }
  *rowid = cursor->rowid;
  return SQLITE_OK;
}

static int json_column(RowCursor *cursor, sqlite3_context *context, bool row, Error *error) {
  int code = SQLITE_OK;
  buffer_reset(&cursor->buffer);
  if (row) {
    code = rowset_row_json(cursor->rows, &cursor->buffer, error);
  } else {
    rowset_names_json(cursor->rows, &cursor->buffer);
  }
  if (code != SQLITE_OK) return code;
  if (cursor->buffer.failed) return error_memory(error);
  Value value = {.type = VALUE_TEXT, .json = true};
  value.bytes.data = cursor->buffer.data;
  value.bytes.size = cursor->buffer.size;
  value_result(context, &value);
  return SQLITE_OK;
}

int row_table_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index) {
  RowCursor *cursor = (RowCursor *)base;
  RowTable *table = (RowTable *)base->pVtab;
  const RowShape *shape = &table->shape;
  int code = SQLITE_OK, argument = index - shape->arguments;
  Error error;
  error_init(&error);
  if (index == shape->row || index == shape->names) {
    code = json_column(cursor, context, index == shape->row, &error);
  } else if (index >= shape->values && index < shape->values + shape->value_count) {
    Value value;
    code = rowset_value(cursor->rows, (size_t)(index - shape->values), &value, &error);
    if (code == SQLITE_OK) value_result(context, &value);
  } else if (argument >= 0 && argument < cursor->arguments.count) {
    sqlite3_value *value = cursor->arguments.values[argument];
    if (value) sqlite3_result_value(context, value);
  }
  if (code != SQLITE_OK) report_error(table->connector, context, &error);
  return SQLITE_OK;
}
