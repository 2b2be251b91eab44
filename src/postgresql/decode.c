/*
** decode.c: one column of the current row as a Value, from the binary or the text form, whichever
** the statement asked for. What the two forms share is here; both give the same value.
*/
#include "postgresql.h"
#include <string.h>

bool pg_decode_keep(PgDecoder *decoder, const char *text, size_t size, Value *value) {
  char *copy = pg_arena_take(decoder->arena, size + 1);
  if (copy == NULL) {
    decoder->fault = "out of memory";
    return false;
  }
  memcpy(copy, text, size);
  copy[size] = 0;
  value->type = VALUE_TEXT;
  value->bytes.data = copy;
  value->bytes.size = size;
  return true;
}

bool pg_unix_time(const PgDecoder *decoder, int64_t microseconds_since_2000, Value *value) {
  const int64_t epoch = INT64_C(946684800), exact = INT64_C(9007199254740992);
  if (!decoder->connection->unix_time) return false;
  int64_t seconds = microseconds_since_2000 / 1000000, rest = microseconds_since_2000 % 1000000;
  if (rest == 0) {
    value->type = VALUE_INTEGER;
    value->integer = seconds + epoch;
    return true;
  }
  if (microseconds_since_2000 > exact || microseconds_since_2000 < -2 * exact) return false;
  int64_t since_1970 = microseconds_since_2000 + epoch * 1000000;
  if (since_1970 > exact || since_1970 < -exact) return false;
  value->type = VALUE_REAL;
  value->real = (double)since_1970 / 1e6;
  return true;
}

static DriverStatus value_failed(const PgStatement *statement, size_t index, const char *fault,
                                 DriverError *error) {
  if (fault != NULL && strcmp(fault, "out of memory") == 0) return driver_error_memory(error);
  return driver_error_set(error, FAILURE_UNFIT, NULL, "column \"%s\" (%s): %s",
                          statement->columns[index].name, statement->columns[index].remote_type,
                          fault != NULL ? fault
                                        : "the server sent a value that is not of its type");
}

/* What most values are needs no decoder. False: look again. */
static inline bool value_plain(PgKind kind, const char *data, size_t size, Value *value) {
  if (kind == KIND_INT4 && size == 4) {
    *value = (Value){.type = VALUE_INTEGER, .integer = (int32_t)pg_get32(data)};
  } else if (kind == KIND_INT8 && size == 8) {
    *value = (Value){.type = VALUE_INTEGER, .integer = (int64_t)pg_get64(data)};
  } else if (kind == KIND_TEXT) {
    *value = (Value){.type = VALUE_TEXT, .bytes = {data, size}};
  } else {
    return false;
  }
  return true;
}

static DriverStatus value_decode(PgStatement *statement, size_t index, const char *data,
                                 size_t size, Value *value, DriverError *error) {
  PgColumn *described = &statement->columns[index];
  PgDecoder decoder = {.connection = statement->connection,
                       .arena = &statement->arena,
                       .precision = described->precision};
  *value = (Value){.type = VALUE_NULL};
  bool done = statement->binary /* check_columns has seen that the formats are this */
                  ? pg_decode_binary(&decoder, described->type, data, size, value)
                  : pg_decode_text(&decoder, described->type, data, size, value);
  if (!done) return value_failed(statement, index, decoder.fault, error);
  if (value->type == VALUE_TEXT && statement->connection->ascii_server &&
      !utf8_valid(value->bytes.data, value->bytes.size)) {
    value->type = VALUE_BLOB; /* bytes of an encoding that nobody declared */
    value->json = false;
  }
  return DRIVER_OK;
}

DriverStatus pg_value(DriverStatement *base, size_t index, Value *value, DriverError *error) {
  PgStatement *statement = (PgStatement *)base;
  PGresult *result = statement->result;
  int row = statement->row, column = (int)index;
  if (result == NULL || row >= statement->rows || index >= statement->column_count) {
    return driver_error_set(error, FAILURE_REFUSED, NULL, "there is no such column in this row");
  }
  size_t size = (size_t)PQgetlength(result, row, column);
  if (size == 0 && PQgetisnull(result, row, column)) {
    *value = (Value){.type = VALUE_NULL};
    return DRIVER_OK;
  }
  const char *data = PQgetvalue(result, row, column);
  if (statement->plain && value_plain(statement->columns[index].type->kind, data, size, value)) {
    return DRIVER_OK;
  }
  return value_decode(statement, index, data, size, value, error);
}
