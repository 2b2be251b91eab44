/*
** view_table.c: scans of a table with query= (made by connector_view): its hidden columns are the query's
** parameters, its visible ones the result's columns.
**
** The declared columns are those that the query had when the table was made. A result with other names is an
** error, so that no value is ever shown in the wrong column.
*/
#include "block_table.h"
#include "column_names.h"
#include "query_table.h"
#include "value.h"
#include <string.h>

/* The hidden columns stand in the order in which the parameters first appear, one each. */
static int name_values(BlockTable *table, const RowArguments *given, char **names, size_t count,
                       JsonItem *items, Error *error) {
  for (size_t i = 0; i < count; i++) {
    if (!given->values[i]) {
      return error_set(error, SQLITE_ERROR, "connector '%s': missing parameter '%s': %s",
                       table->arguments.block, names[i], table->base.usage);
    }
    Value value;
    if (value_get(given->values[i], &value) != SQLITE_OK) return error_memory(error);
    items[i] = (JsonItem){.key = names[i], .kind = JSON_TEXT, .value = value};
    if (value.type == VALUE_NULL) items[i].kind = JSON_NULL;
    if (value.type == VALUE_INTEGER) items[i].kind = JSON_INTEGER;
    if (value.type == VALUE_REAL) items[i].kind = JSON_REAL;
    if (value.json) {
      items[i].kind = value.bytes.size && *value.bytes.data == '[' ? JSON_ARRAY : JSON_OBJECT;
    }
  }
  return SQLITE_OK;
}

static int check_columns(BlockTable *table, const Stream *stream, Error *error) {
  size_t count = stream_column_count(stream);
  bool same = count == (size_t)table->arguments.visible_count;
  if (same) {
    char **raw = column_names_copy(stream);
    char **names = raw ? column_names_unique(raw, count) : NULL;
    sqlite3_free(raw);
    if (!names) return error_memory(error);
    for (size_t i = 0; same && i < count; i++) {
      same = sqlite3_stricmp(names[i], table->arguments.columns[i].name) == 0;
    }
    sqlite3_free(names);
  }
  if (same) return SQLITE_OK;
  return error_set(
      error, SQLITE_SCHEMA,
      "connector '%s': the columns of the query are no longer those of the table: make "
      "it again by connector_view",
      table->arguments.block);
}

static int open_query(BlockTable *table, Remote *remote, const Arguments *arguments, RowSet **rows,
                      Error *error) {
  const char *query = table->arguments.query;
  size_t size = strlen(query);
  Stream *stream;
  int code = stream_open(remote, query, size, arguments, STREAM_READ, &stream, error);
  if (code != SQLITE_OK) return code;
  code = check_columns(table, stream, error);
  if (code != SQLITE_OK) {
    stream_close(stream);
    return code;
  }
  bool writes = statement_class(remote->dialect, query, size) != STATEMENT_READ;
  return rowset_from_stream(table->base.connector, stream, writes, rows, error);
}

/* `items` and `values` have room for the declared parameters. */
static int run_query(BlockTable *table, Remote *remote, const RowArguments *given, JsonItem *items,
                     Value *values, RowSet **rows, Error *error) {
  const char *query = table->arguments.query;
  char **names;
  size_t count;
  int code = parameter_names(remote->dialect, query, strlen(query), &names, &count, error);
  if (code != SQLITE_OK) return code;
  JsonItems object = {.is_object = true, .count = count, .items = items};
  Arguments arguments = {0};
  if (count != (size_t)given->count) {
    code = error_set(error, SQLITE_ERROR,
                     "connector '%s': the query has %d parameters and the table declares %d HIDDEN "
                     "columns for them",
                     table->arguments.block, (int)count, given->count);
  } else {
    code = name_values(table, given, names, count, items, error);
  }
  if (code == SQLITE_OK && arguments_are_named(remote->dialect, query, strlen(query))) {
    arguments.named = &object;
  } else if (code == SQLITE_OK) {
    for (size_t i = 0; i < count; i++)
      values[i] = items[i].value;
    arguments.positional = values;
    arguments.positional_count = count;
  }
  if (code == SQLITE_OK) code = open_query(table, remote, &arguments, rows, error);
  sqlite3_free(names);
  return code;
}

int view_table_start(RowTable *base, const RowArguments *arguments, RowSet **rows, Error *error) {
  BlockTable *table = (BlockTable *)base;
  Remote *remote = NULL;
  size_t count = (size_t)arguments->count;
  int code = block_table_remote(table, &remote, error);
  if (code != SQLITE_OK) return code;
  JsonItem *items = sqlite3_malloc64((count + 1) * sizeof *items);
  Value *values = sqlite3_malloc64((count + 1) * sizeof *values);
  code = items && values ? run_query(table, remote, arguments, items, values, rows, error)
                         : error_memory(error);
  sqlite3_free(items);
  sqlite3_free(values);
  remote_release(remote);
  return code;
}
