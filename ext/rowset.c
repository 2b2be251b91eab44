/*
** rowset.c: see rowset.h.
*/
#include "rowset.h"
#include <string.h>

struct RowSet {
  Connector *connector;
  char **names; /* one piece of memory */
  size_t column_count;
  Stream *stream; /* live rows; NULL when kept */
  Spill *kept;
  SpillReader *reader;
  const Value *values; /* current kept row */
  size_t value_count;
};

static RowSet *rowset_new(Connector *connector, size_t column_count) {
  RowSet *rows = sqlite3_malloc64(sizeof *rows);
  if (rows) *rows = (RowSet){.connector = connector, .column_count = column_count};
  return rows;
}

void rowset_free(RowSet *rows) {
  if (!rows) return;
  stream_close(rows->stream);
  spill_reader_free(rows->reader);
  spill_free(rows->kept);
  sqlite3_free(rows->names);
  sqlite3_free(rows);
}

/* The stream's current row into the spill; `values` has room for its columns. */
static int keep_row(RowSet *rows, Stream *stream, Value *values, Error *error) {
  for (size_t i = 0; i < rows->column_count; i++) {
    int code = stream_value(stream, i, &values[i], error);
    if (code != SQLITE_OK) return code;
  }
  return spill_append(rows->kept, values, rows->column_count, error);
}

static int keep_begin(RowSet *rows, Value **values, Error *error) {
  *values = sqlite3_malloc64((rows->column_count + 1) * sizeof **values);
  rows->kept = spill_new();
  return *values && rows->kept ? SQLITE_OK : error_memory(error);
}

static int keep_end(RowSet *rows, Value *values, int code, Error *error) {
  sqlite3_free(values);
  if (code != SQLITE_OK) return code;
  rows->reader = spill_reader_new(rows->kept);
  return rows->reader ? SQLITE_OK : error_memory(error);
}

static int keep_stream(RowSet *rows, Error *error) {
  Value *values;
  int code = keep_begin(rows, &values, error);
  while (code == SQLITE_OK) {
    code = stream_next(rows->stream, error);
    if (code == SQLITE_ROW) code = keep_row(rows, rows->stream, values, error);
  }
  code = keep_end(rows, values, code == SQLITE_DONE ? SQLITE_OK : code, error);
  stream_close(rows->stream);
  rows->stream = NULL;
  return code;
}

int rowset_from_stream(Connector *connector, Stream *stream, bool keep, RowSet **result,
                       Error *error) {
  RowSet *rows = rowset_new(connector, stream_column_count(stream));
  if (!rows) {
    stream_close(stream);
    return error_memory(error);
  }
  rows->stream = stream;
  rows->names = column_names_copy(stream);
  int code = rows->names ? SQLITE_OK : error_memory(error);
  if (code == SQLITE_OK && keep) code = keep_stream(rows, error);
  if (code != SQLITE_OK) {
    rowset_free(rows);
    return code;
  }
  *result = rows;
  return SQLITE_OK;
}

/* A row that could not be kept was consumed all the same, so the cursor cannot go on as if nothing had
** happened: it is dropped. */
static int keep_page(RowSet *rows, FetchCursor *cursor, int64_t size, Error *error) {
  Value *values;
  int code = keep_begin(rows, &values, error);
  for (int64_t row = 0; code == SQLITE_OK && (size == ROWSET_ALL || row < size); row++) {
    code = cursor_next(rows->connector, cursor, error);
    if (code != SQLITE_ROW) break;
    code = keep_row(rows, cursor->stream, values, error);
    if (code != SQLITE_OK) cursor_drop(rows->connector, cursor);
  }
  if (code == SQLITE_OK) cursor_settle(cursor);
  return keep_end(rows, values, code == SQLITE_DONE ? SQLITE_OK : code, error);
}

/* The names go by one block of pointers and texts, so copying it means moving the pointers. */
static char **copy_names(const FetchCursor *cursor) {
  size_t size = (cursor->column_count + 1) * sizeof(char *);
  for (size_t i = 0; i < cursor->column_count; i++)
    size += strlen(cursor->names[i]) + 1;
  char **names = sqlite3_malloc64(size);
  if (!names) return NULL;
  memcpy(names, cursor->names, size);
  for (size_t i = 0; i < cursor->column_count; i++) {
    names[i] = (char *)names + (cursor->names[i] - (char *)cursor->names);
  }
  return names;
}

int rowset_from_cursor(Connector *connector, FetchCursor *cursor, int64_t size, RowSet **result,
                       Error *error) {
  RowSet *rows = rowset_new(connector, cursor->column_count);
  if (!rows) return error_memory(error);
  rows->names = copy_names(cursor);
  int code = rows->names ? keep_page(rows, cursor, size, error) : error_memory(error);
  if (code != SQLITE_OK) {
    rowset_free(rows);
    return code;
  }
  *result = rows;
  return SQLITE_OK;
}

bool rowset_is_kept(const RowSet *rows) {
  return rows->stream == NULL;
}

void rowset_rewind(RowSet *rows) {
  if (rows->reader) spill_reader_rewind(rows->reader);
}

int rowset_next(RowSet *rows, Error *error) {
  if (rows->stream) return stream_next(rows->stream, error);
  return spill_reader_next(rows->reader, &rows->values, &rows->value_count, error);
}

size_t rowset_column_count(const RowSet *rows) {
  return rows->column_count;
}

int rowset_value(RowSet *rows, size_t index, Value *value, Error *error) {
  if (rows->stream && index < rows->column_count) {
    return stream_value(rows->stream, index, value, error);
  }
  bool kept = !rows->stream && index < rows->value_count && index < rows->column_count;
  *value = kept ? rows->values[index] : (Value){.type = VALUE_NULL};
  return SQLITE_OK;
}

int rowset_row_json(RowSet *rows, DriverBuffer *buffer, Error *error) {
  if (rows->stream) return stream_row_json(rows->stream, buffer, error);
  buffer_text(buffer, "{");
  for (size_t i = 0; i < rows->column_count && i < rows->value_count; i++) {
    if (i) buffer_text(buffer, ",");
    buffer_json_string(buffer, rows->names[i], strlen(rows->names[i]));
    buffer_text(buffer, ":");
    json_value(buffer, &rows->values[i]);
  }
  buffer_text(buffer, "}");
  return buffer->failed ? error_memory(error) : SQLITE_OK;
}

void rowset_names_json(const RowSet *rows, DriverBuffer *buffer) {
  buffer_text(buffer, "[");
  for (size_t i = 0; i < rows->column_count; i++) {
    if (i) buffer_text(buffer, ",");
    buffer_json_string(buffer, rows->names[i], strlen(rows->names[i]));
  }
  buffer_text(buffer, "]");
}
