/*
** decode_text.c: the text form of each type as a Value. It is used for a whole result when one of
** its columns has no binary decoding; its values are the same as those of decode_binary.c.
** Relies on the session's settings (session.c): ISO dates in UTC, hex bytea, shortest floats.
*/
#include "postgresql.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool set_text(Value *value, const char *data, size_t size) {
  value->type = VALUE_TEXT;
  value->bytes.data = data;
  value->bytes.size = size;
  return true;
}

static bool word_is(const char *data, size_t size, const char *word) {
  return size == strlen(word) && memcmp(data, word, size) == 0;
}

static bool integer_value(const char *data, size_t size, Value *value) {
  char text[24], *end;
  if (size == 0 || size >= sizeof(text)) return false;
  memcpy(text, data, size);
  text[size] = 0;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (*end != 0) return false;
  if (errno == ERANGE) return set_text(value, data, size); /* unsigned 64 bits */
  value->type = VALUE_INTEGER;
  value->integer = number;
  return true;
}

static bool real_value(const char *data, size_t size, bool single, Value *value) {
  Value number;
  if (word_is(data, size, "NaN")) return set_text(value, "NaN", 3);
  decimal_value(data, size, 0, "real", &number); /* not strtod: the locale may want a comma */
  if (number.type != VALUE_REAL) return false;
  value->type = VALUE_REAL;
  value->real = single ? (double)(float)number.real : number.real;
  return true;
}

static bool numeric_value(PgDecoder *decoder, const char *data, size_t size, Value *value) {
  const char *mode = decoder->connection->numeric;
  if (size == 0) return false;
  if (data[size - 1] > '9' && strcmp(mode, "real") != 0) return set_text(value, data, size);
  decimal_value(data, size, decoder->precision, mode, value);
  return true;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Hex digits, after `skip` characters, as a BLOB. */
static bool hex_value(PgDecoder *decoder, const char *data, size_t size, size_t skip,
                      Value *value) {
  if (size < skip || (size - skip) % 2 != 0 || (skip == 2 && memcmp(data, "\\x", 2) != 0)) {
    return false;
  }
  size_t count = (size - skip) / 2;
  char *bytes = pg_arena_take(decoder->arena, count + 1);
  if (bytes == NULL) {
    decoder->fault = "out of memory";
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    int high = hex_digit(data[skip + 2 * i]), low = hex_digit(data[skip + 2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = (char)(high << 4 | low);
  }
  value->type = VALUE_BLOB;
  value->bytes.data = bytes;
  value->bytes.size = count;
  return true;
}

/* Days since 2000-01-01 of a date of the Gregorian calendar (year 0 = 1 BC). */
static int64_t days_of(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 730425;
}

/* "2024-01-31 12:00:00.5+00 BC" → "2024-01-31 12:00:00.5+00:00 BC", or unix time. */
static bool timestamp_value(PgDecoder *decoder, bool zone, const char *data, size_t size,
                            Value *value) {
  char text[96], fraction[8] = "000000";
  long long year;
  int month, day, hour, minute, second, used = 0;
  if (size > 60) return false;
  snprintf(text, sizeof(text), "%.*s", (int)size, data);
  if (strstr(text, "infinity") != NULL) return set_text(value, data, size);
  bool before_christ = size > 3 && strcmp(text + size - 3, " BC") == 0;
  size_t length = size - (before_christ ? 3 : 0);
  if (zone && length > 3 && (text[length - 3] == '+' || text[length - 3] == '-')) {
    length += (size_t)snprintf(text + length, 10, ":00%s", before_christ ? " BC" : "");
  } else {
    length = size;
  }
  if (!decoder->connection->unix_time) return pg_decode_keep(decoder, text, length, value);
  if (sscanf(text, "%lld-%d-%d %d:%d:%d%n", &year, &month, &day, &hour, &minute, &second, &used) <
      6) {
    return false;
  }
  if (text[used] == '.') memcpy(fraction, text + used + 1, strspn(text + used + 1, "0123456789"));
  int64_t seconds = days_of(before_christ ? 1 - year : year, month, day) * 86400 + hour * 3600 +
                    minute * 60 + second;
  if (pg_unix_time(decoder, seconds * 1000000 + atoi(fraction), value)) return true;
  return pg_decode_keep(decoder, text, length, value);
}

/* "12:00:00+02" → "12:00:00+02:00" */
static bool timetz_value(PgDecoder *decoder, const char *data, size_t size, Value *value) {
  char text[64];
  if (size > 40 || size < 3) return false;
  bool hours_only = data[size - 3] == '+' || data[size - 3] == '-';
  snprintf(text, sizeof(text), "%.*s%s", (int)size, data, hours_only ? ":00" : "");
  return pg_decode_keep(decoder, text, strlen(text), value);
}

static bool json_value(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                       Value *value) {
  DriverBuffer json;
  buffer_init(&json, decoder->connection->base.host);
  bool done = pg_json_text(decoder, type, data, size, &json, 0);
  if (json.failed) decoder->fault = "out of memory";
  done = done && !json.failed && pg_decode_keep(decoder, json.data, json.size, value);
  value->json = done;
  buffer_clear(&json);
  return done;
}

bool pg_decode_text(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                    Value *value) {
  switch (type->kind) {
  case KIND_BOOL:
    value->type = VALUE_INTEGER;
    value->integer = word_is(data, size, "t");
    return value->integer != 0 || word_is(data, size, "f");
  case KIND_INT2:
  case KIND_INT4:
  case KIND_INT8:
  case KIND_OID:
  case KIND_UINT8: return integer_value(data, size, value);
  case KIND_FLOAT4:
  case KIND_FLOAT8: return real_value(data, size, type->kind == KIND_FLOAT4, value);
  case KIND_NUMERIC: return numeric_value(decoder, data, size, value);
  case KIND_BYTEA: return hex_value(decoder, data, size, 2, value);
  case KIND_WKB: return hex_value(decoder, data, size, 0, value);
  case KIND_TIMESTAMP:
  case KIND_TIMESTAMPTZ:
    return timestamp_value(decoder, type->kind == KIND_TIMESTAMPTZ, data, size, value);
  case KIND_TIMETZ: return timetz_value(decoder, data, size, value);
  case KIND_ARRAY:
  case KIND_COMPOSITE:
  case KIND_RECORD: return json_value(decoder, type, data, size, value);
  case KIND_JSON:
  case KIND_JSONB: value->json = true; return set_text(value, data, size);
  default: return set_text(value, data, size);
  }
}
