/*
** encode.c: one set of values as libpq wants it, by the types that the server expects.
**
** Numbers, booleans, BLOBs and text go in binary form, text with its length, so that nothing is cut
** at a NUL byte. Every other type gets its text form, which the server reads as it would read a
** literal; that text must have no NUL byte and must be UTF-8, which is checked here, as libpq would cut it.
** With as_text all values are texts; those of text columns go as they are, the others as above.
** A value that cannot cross exactly is refused with the number of its parameter.
*/
#include "postgresql.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MOST ((size_t)0x3fffffff) /* the server's limit of one value */

void pg_encoded_init(PgEncoded *encoded, const DriverHost *host) {
  buffer_init(&encoded->text, host);
  encoded->values = encoded->few_values;
  encoded->offsets = encoded->few_offsets;
  encoded->sizes = encoded->few_sizes;
  encoded->formats = encoded->few_formats;
  encoded->capacity = PG_FEW;
  encoded->block = NULL;
  encoded->as_text = false;
}

void pg_encoded_clear(PgEncoded *encoded) {
  const DriverHost *host = encoded->text.host;
  host->release(encoded->block);
  buffer_clear(&encoded->text);
  pg_encoded_init(encoded, host);
}

bool pg_has_text_form(PgKind kind) {
  return kind != KIND_OTHER && kind != KIND_WKB && kind != KIND_VOID && kind != KIND_RECORD &&
         kind != KIND_CHAR;
}

/* What the arrays held is lost. */
static bool encoded_grow(PgEncoded *encoded, size_t count) {
  const DriverHost *host = encoded->text.host;
  if (count <= encoded->capacity) return true;
  size_t each = sizeof(*encoded->values) + sizeof(*encoded->offsets) + sizeof(*encoded->sizes) +
                sizeof(*encoded->formats);
  void *block = host->reallocate(encoded->block, count * each);
  if (block == NULL) return false;
  encoded->block = block;
  encoded->values = block;
  encoded->offsets = (size_t *)(encoded->values + count);
  encoded->sizes = (int *)(encoded->offsets + count);
  encoded->formats = encoded->sizes + count;
  encoded->capacity = count;
  return true;
}

/* ---------------------------------------------------------------- one parameter */

typedef struct Slot {
  PgStatement *statement;
  PgEncoded *encoded;
  size_t index;
  const PgType *type;
  DriverError *error;
} Slot;

static DriverStatus unfit(const Slot *slot, const char *what) {
  return driver_error_set(slot->error, FAILURE_UNFIT, "22000", "parameter %zu: %s (%s is expected)",
                          slot->index + 1, what, *slot->type->name != 0 ? slot->type->name : "?");
}

static DriverStatus put_borrowed(const Slot *slot, const char *data, size_t size) {
  if (size > VALUE_MOST) return unfit(slot, "the value is larger than 1 GB");
  slot->encoded->values[slot->index] = data != NULL ? data : "";
  slot->encoded->sizes[slot->index] = (int)size;
  slot->encoded->formats[slot->index] = 1;
  slot->encoded->offsets[slot->index] = 0;
  return DRIVER_OK;
}

/* Copied; a text form gets its NUL from the buffer. */
static DriverStatus put_copy(const Slot *slot, const char *data, size_t size, int format) {
  if (size > VALUE_MOST) return unfit(slot, "the value is larger than 1 GB");
  slot->encoded->offsets[slot->index] = slot->encoded->text.size + 1;
  slot->encoded->sizes[slot->index] = (int)size;
  slot->encoded->formats[slot->index] = format;
  buffer_append(&slot->encoded->text, data, size);
  buffer_append(&slot->encoded->text, "", 1);
  return DRIVER_OK;
}

static DriverStatus check_text(const Slot *slot, const Value *value) {
  const char *data = value->bytes.data;
  size_t size = value->bytes.size;
  if (size > 0 && memchr(data, 0, size) != NULL) {
    return unfit(slot, "the text has a NUL character, which PostgreSQL cannot store");
  }
  if (!utf8_valid(data, size)) return unfit(slot, "the text is not valid UTF-8");
  return DRIVER_OK;
}

static DriverStatus put_text_form(const Slot *slot, const Value *value) {
  if (check_text(slot, value) != DRIVER_OK) return DRIVER_FAILED;
  return put_copy(slot, value->bytes.data, value->bytes.size, 0);
}

/* Numbers as the server reads them: "Infinity", not "inf". A float8 needs not be the shortest text. */
static int number_print(const Value *value, bool shortest, char text[40]) {
  if (value->type == VALUE_INTEGER) {
    return integer_print(value->integer, text);
  }
  if (isnan(value->real)) return snprintf(text, 40, "NaN");
  if (isinf(value->real)) return snprintf(text, 40, value->real < 0 ? "-Infinity" : "Infinity");
  return shortest ? real_print(value->real, text) : real_print_fast(value->real, text);
}

static DriverStatus put_number_text(const Slot *slot, const Value *value) {
  char text[40];
  int length = number_print(value, slot->type->kind != KIND_FLOAT8, text);
  return put_copy(slot, text, (size_t)length, 0);
}

static void bytes_of(uint64_t number, size_t count, char *bytes) {
  for (size_t i = 0; i < count; i++)
    bytes[i] = (char)(number >> (8 * (count - 1 - i)));
}

static DriverStatus put_integer(const Slot *slot, const Value *value) {
  PgKind kind = slot->type->kind;
  size_t size = kind == KIND_INT2 ? 2 : kind == KIND_INT8 ? 8 : 4;
  int64_t number = value->integer;
  int64_t most = size == 2 ? INT16_MAX : size == 8 ? INT64_MAX : INT32_MAX;
  char bytes[8];
  bool fits = kind == KIND_OID ? number >= 0 && number <= UINT32_MAX
                               : number <= most && number >= -most - 1;
  if (!fits) return unfit(slot, "the number is out of range");
  if (slot->encoded->as_text) return put_number_text(slot, value);
  bytes_of((uint64_t)number, size, bytes);
  return put_copy(slot, bytes, size, 1);
}

static DriverStatus put_real(const Slot *slot, const Value *value) {
  const int64_t exact = INT64_C(9007199254740992);
  char bytes[8];
  uint64_t bits;
  bool inexact =
      value->type == VALUE_INTEGER && (value->integer > exact || value->integer < -exact);
  if (inexact || slot->encoded->as_text) return put_number_text(slot, value);
  double real = value->type == VALUE_INTEGER ? (double)value->integer : value->real;
  memcpy(&bits, &real, sizeof(bits));
  bytes_of(bits, 8, bytes);
  return put_copy(slot, bytes, 8, 1);
}

/* A REAL that is a whole number is that number to an integer column. */
static bool whole(const Value *value, Value *integer) {
  if (value->type == VALUE_INTEGER) {
    *integer = *value;
    return true;
  }
  if (value->type != VALUE_REAL || !(fabs(value->real) < 9.2e18)) return false;
  *integer = (Value){.type = VALUE_INTEGER, .integer = (int64_t)value->real};
  return (double)integer->integer == value->real;
}

static DriverStatus put_bool(const Slot *slot, const Value *value) {
  Value integer;
  if (!whole(value, &integer)) return unfit(slot, "the number is neither 0 nor 1");
  if (integer.integer != 0 && integer.integer != 1) {
    return unfit(slot, "the number is neither 0 nor 1");
  }
  if (slot->encoded->as_text) return put_copy(slot, integer.integer ? "t" : "f", 1, 0);
  char byte = (char)integer.integer;
  return put_copy(slot, &byte, 1, 1);
}

/* timestamp=unix gave seconds out; they are taken back. */
static DriverStatus put_unix_time(const Slot *slot, const Value *value) {
  char text[ISO_TIMESTAMP_SIZE];
  double seconds = value->type == VALUE_REAL ? value->real : (double)value->integer;
  if (!(fabs(seconds) < 9.2e12)) return unfit(slot, "the time is out of range");
  int64_t micro =
      value->type == VALUE_REAL ? (int64_t)llround(value->real * 1e6) : value->integer * 1000000;
  micro -= INT64_C(946684800000000);
  int length = iso_timestamp(micro, slot->type->kind == KIND_TIMESTAMPTZ, text);
  return put_copy(slot, text, (size_t)length, 0);
}

static DriverStatus put_number(const Slot *slot, const Value *value) {
  Value integer;
  switch (slot->type->kind) {
  case KIND_BOOL: return put_bool(slot, value);
  case KIND_INT2:
  case KIND_INT4:
  case KIND_INT8:
  case KIND_OID:
    if (whole(value, &integer)) return put_integer(slot, &integer);
    return unfit(slot, "the number has a fraction or is out of range");
  case KIND_FLOAT8: return put_real(slot, value);
  case KIND_TIMESTAMP:
  case KIND_TIMESTAMPTZ:
    if (slot->statement->connection->unix_time) return put_unix_time(slot, value);
    return put_number_text(slot, value);
  default: return put_number_text(slot, value);
  }
}

static DriverStatus put_hex(const Slot *slot, const char *prefix, const Value *value) {
  static const char digits[] = "0123456789abcdef";
  DriverBuffer *text = &slot->encoded->text;
  size_t size = value->bytes.size, start = text->size + strlen(prefix);
  if (size > VALUE_MOST / 2) return unfit(slot, "the value is larger than 512 MB");
  if (put_copy(slot, prefix, strlen(prefix), 0) != DRIVER_OK) return DRIVER_FAILED;
  if (!buffer_grow(text, size * 2)) return driver_error_memory(slot->error);
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)value->bytes.data[i];
    text->data[start + i * 2] = digits[byte >> 4];
    text->data[start + i * 2 + 1] = digits[byte & 15];
  }
  text->size = start + size * 2;
  slot->encoded->sizes[slot->index] = (int)(text->size - start + strlen(prefix));
  buffer_append(text, "", 1);
  return DRIVER_OK;
}

static DriverStatus put_blob(const Slot *slot, const Value *value) {
  switch (slot->type->kind) {
  case KIND_TEXT:
    if (check_text(slot, value) != DRIVER_OK) return DRIVER_FAILED;
    return put_borrowed(slot, value->bytes.data, value->bytes.size);
  case KIND_UUID:
    if (value->bytes.size != 16) break;
    if (slot->encoded->as_text) return put_hex(slot, "", value);
    return put_borrowed(slot, value->bytes.data, value->bytes.size);
  case KIND_BYTEA:
    if (slot->encoded->as_text) return put_hex(slot, "\\x", value);
    return put_borrowed(slot, value->bytes.data, value->bytes.size);
  case KIND_WKB:
  case KIND_OTHER: return put_borrowed(slot, value->bytes.data, value->bytes.size);
  default: break;
  }
  return unfit(slot, "a BLOB was given");
}

/* "[0:1]={…}" is the server's own form of an array, not JSON. */
static bool array_bounds(const char *data, size_t size) {
  size_t at = 1;
  while (at < size && strchr("+-0123456789", data[at]) != NULL && data[at] != 0)
    at++;
  return at > 1 && at < size && data[at] == ':';
}

static DriverStatus put_text(const Slot *slot, const Value *value) {
  const char *data = value->bytes.data;
  size_t size = value->bytes.size, skip = 0;
  PgKind kind = slot->type->kind;
  while (skip < size && strchr(" \t\r\n", data[skip]) != NULL && data[skip] != 0)
    skip++;
  char begin = skip < size ? data[skip] : 0;
  if (kind == KIND_TEXT) {
    if (check_text(slot, value) != DRIVER_OK) return DRIVER_FAILED;
    return put_borrowed(slot, data, size);
  }
  if ((kind == KIND_ARRAY && begin == '[' && !array_bounds(data + skip, size - skip)) ||
      (kind == KIND_COMPOSITE && begin == '{')) {
    DriverBuffer literal;
    if (check_text(slot, value) != DRIVER_OK) return DRIVER_FAILED;
    buffer_init(&literal, slot->encoded->text.host);
    DriverStatus status = pg_literal(slot->statement->connection, slot->type, data, size,
                                     slot->index + 1, &literal, slot->error);
    if (status == DRIVER_OK && literal.failed) status = driver_error_memory(slot->error);
    if (status == DRIVER_OK) status = put_copy(slot, literal.data, literal.size, 0);
    buffer_clear(&literal);
    return status;
  }
  return put_text_form(slot, value);
}

DriverStatus pg_encode(PgStatement *statement, const Value *values, size_t count,
                       PgEncoded *encoded, DriverError *error) {
  if (!encoded_grow(encoded, count)) return driver_error_memory(error);
  buffer_reset(&encoded->text);
  for (size_t i = 0; i < count; i++) {
    const PgType *type = pg_parameter_type(statement, i);
    Slot slot = {.statement = statement,
                 .encoded = encoded,
                 .index = i,
                 .type = type != NULL ? type : pg_type_other(),
                 .error = error};
    DriverStatus status = DRIVER_OK;
    switch (values[i].type) {
    case VALUE_NULL:
      encoded->values[i] = NULL;
      encoded->sizes[i] = encoded->formats[i] = 0;
      encoded->offsets[i] = 0;
      break;
    case VALUE_INTEGER:
    case VALUE_REAL: status = put_number(&slot, &values[i]); break;
    case VALUE_TEXT: status = put_text(&slot, &values[i]); break;
    case VALUE_BLOB: status = put_blob(&slot, &values[i]); break;
    }
    if (status != DRIVER_OK) return status;
  }
  if (encoded->text.failed) return driver_error_memory(error);
  for (size_t i = 0; i < count; i++) {
    if (encoded->offsets[i] > 0) encoded->values[i] = encoded->text.data + encoded->offsets[i] - 1;
  }
  return DRIVER_OK;
}
