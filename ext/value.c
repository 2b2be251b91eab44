/*
** value.c: see value.h.
*/
#include "value.h"
#include "../src/driver_support.h"
#include <math.h>
#include <string.h>

int value_get(sqlite3_value *from, Value *value) {
  *value = (Value){.type = VALUE_NULL};
  switch (sqlite3_value_type(from)) {
  case SQLITE_INTEGER:
    value->type = VALUE_INTEGER;
    value->integer = sqlite3_value_int64(from);
    break;
  case SQLITE_FLOAT:
    value->type = VALUE_REAL;
    value->real = sqlite3_value_double(from);
    break;
  case SQLITE_TEXT:
    value->bytes.data = (const char *)sqlite3_value_text(from);
    if (!value->bytes.data) return SQLITE_NOMEM;
    value->type = VALUE_TEXT;
    value->bytes.size = (size_t)sqlite3_value_bytes(from);
    value->json = sqlite3_value_subtype(from) == SUBTYPE_JSON;
    break;
  case SQLITE_BLOB:
    value->bytes.data = sqlite3_value_blob(from);
    value->bytes.size = (size_t)sqlite3_value_bytes(from);
    /* A zero-length blob has no data; anything else without data is a failed allocation. */
    if (!value->bytes.data && value->bytes.size) return SQLITE_NOMEM;
    value->type = VALUE_BLOB;
    break;
  default: break;
  }
  return SQLITE_OK;
}

Value value_null(void) {
  return (Value){.type = VALUE_NULL};
}

Value value_integer(int64_t integer) {
  return (Value){.type = VALUE_INTEGER, .integer = integer};
}

Value value_real(double real) {
  return (Value){.type = VALUE_REAL, .real = real};
}

Value value_text(const char *text) {
  if (!text) return value_null();
  return (Value){.type = VALUE_TEXT, .bytes = {text, strlen(text)}};
}

Value value_json(const char *text) {
  Value value = value_text(text);
  value.json = text != NULL;
  return value;
}

void value_result(sqlite3_context *context, const Value *value) {
  switch (value->type) {
  case VALUE_NULL: sqlite3_result_null(context); break;
  case VALUE_INTEGER: sqlite3_result_int64(context, value->integer); break;
  case VALUE_REAL:
    if (isnan(value->real)) {
      sqlite3_result_text(context, "NaN", 3, SQLITE_STATIC);
    } else {
      sqlite3_result_double(context, value->real);
    }
    break;
  case VALUE_TEXT:
    /* text64 takes a NULL pointer for SQL NULL; an empty string must stay one. */
    sqlite3_result_text64(context, value->bytes.data ? value->bytes.data : "", value->bytes.size,
                          SQLITE_TRANSIENT, SQLITE_UTF8);
    if (value->json) sqlite3_result_subtype(context, SUBTYPE_JSON);
    break;
  case VALUE_BLOB:
    if (value->bytes.size) {
      sqlite3_result_blob64(context, value->bytes.data, value->bytes.size, SQLITE_TRANSIENT);
    } else {
      sqlite3_result_zeroblob(context, 0);
    }
    break;
  }
}

int argument_text(sqlite3_value *value, const char *what, const char **text, size_t *size,
                  Error *error) {
  int type = sqlite3_value_type(value);
  if (type == SQLITE_NULL) return error_set(error, SQLITE_ERROR, "%s must be text, not NULL", what);
  if (type == SQLITE_BLOB) {
    return error_set(error, SQLITE_ERROR, "%s must be text, not a BLOB", what);
  }
  *text = (const char *)sqlite3_value_text(value);
  if (!*text) return error_memory(error);
  size_t bytes = (size_t)sqlite3_value_bytes(value);
  if (memchr(*text, 0, bytes)) {
    return error_set(error, SQLITE_ERROR, "%s contains a NUL character", what);
  }
  if (!utf8_valid(*text, bytes)) {
    return error_set(error, SQLITE_ERROR, "%s is not valid UTF-8", what);
  }
  if (size) *size = bytes;
  return SQLITE_OK;
}

int argument_optional(sqlite3_value *value, const char *what, const char **text, size_t *size,
                      Error *error) {
  *text = NULL;
  if (size) *size = 0;
  if (!value || sqlite3_value_type(value) == SQLITE_NULL) return SQLITE_OK;
  return argument_text(value, what, text, size, error);
}
