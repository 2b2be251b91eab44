/*
** decode_binary.c: the binary form of each type as a Value: numbers as they are, everything else as
** the text that the server itself would print with the settings of session.c (a time zone as
*+00:00).
** The forms are those of PostgreSQL's send functions; every length is checked, since the server is
** not trusted.
*/
#include "postgresql.h"
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char hex_digits[] = "0123456789abcdef";

static bool set_integer(Value *value, int64_t integer) {
  value->type = VALUE_INTEGER;
  value->integer = integer;
  return true;
}

static bool set_bytes(Value *value, ValueType type, const char *data, size_t size) {
  value->type = type;
  value->bytes.data = data;
  value->bytes.size = size;
  return true;
}

static bool set_real(Value *value, double real) {
  if (isnan(real)) return set_bytes(value, VALUE_TEXT, "NaN", 3);
  value->type = VALUE_REAL;
  value->real = real;
  return true;
}

/* ---------------------------------------------------------------- dates and times */

static bool keep_print(PgDecoder *decoder, const char *text, int length, Value *value) {
  return pg_decode_keep(decoder, text, (size_t)length, value);
}

static bool date_value(PgDecoder *decoder, const char *data, size_t size, Value *value) {
  char text[120];
  if (size != 4) return false;
  int32_t days = (int32_t)pg_get32(data);
  if (days == INT32_MAX) return set_bytes(value, VALUE_TEXT, "infinity", 8);
  if (days == INT32_MIN) return set_bytes(value, VALUE_TEXT, "-infinity", 9);
  return keep_print(decoder, text, iso_date(days, text), value);
}

static bool timestamp_value(PgDecoder *decoder, bool zone, const char *data, size_t size,
                            Value *value) {
  if (size != 8) return false;
  int64_t microseconds = (int64_t)pg_get64(data);
  if (microseconds == INT64_MAX) return set_bytes(value, VALUE_TEXT, "infinity", 8);
  if (microseconds == INT64_MIN) return set_bytes(value, VALUE_TEXT, "-infinity", 9);
  if (pg_unix_time(decoder, microseconds, value)) return true;
  char *text = pg_arena_take(decoder->arena, ISO_TIMESTAMP_SIZE);
  if (text == NULL) {
    decoder->fault = "out of memory";
    return false;
  }
  return set_bytes(value, VALUE_TEXT, text, (size_t)iso_timestamp(microseconds, zone, text));
}

static bool time_value(PgDecoder *decoder, bool zone, const char *data, size_t size, Value *value) {
  char text[120];
  if (size != (zone ? 12u : 8u)) return false;
  int length = iso_time((int64_t)pg_get64(data), text);
  if (zone) { /* seconds west of Greenwich */
    int32_t west = (int32_t)pg_get32(data + 8);
    unsigned east = west > 0 ? (unsigned)west : 0u - (unsigned)west;
    length += snprintf(text + length, 24, "%c%02u:%02u", west > 0 ? '-' : '+', east / 3600,
                       east / 60 % 60);
    if (east % 60 != 0) length += snprintf(text + length, 8, ":%02u", east % 60);
  }
  return keep_print(decoder, text, length, value);
}

/* One of years, months, days in the style "postgres". */
static int interval_part(char *text, int64_t number, const char *unit, bool *any, bool *minus) {
  if (number == 0) return 0;
  int length = sprintf(text, "%s%s%lld %s%s", *any ? " " : "", *minus && number > 0 ? "+" : "",
                       (long long)number, unit, number != 1 ? "s" : "");
  *any = true;
  *minus = number < 0;
  return length;
}

static bool interval_value(PgDecoder *decoder, const char *data, size_t size, Value *value) {
  char text[200];
  int length = 0;
  bool any = false, minus = false;
  if (size != 16) return false;
  int64_t time = (int64_t)pg_get64(data);
  int32_t days = (int32_t)pg_get32(data + 8), months = (int32_t)pg_get32(data + 12);
  if (time == INT64_MAX && days == INT32_MAX && months == INT32_MAX) {
    return set_bytes(value, VALUE_TEXT, "infinity", 8);
  }
  if (time == INT64_MIN && days == INT32_MIN && months == INT32_MIN) {
    return set_bytes(value, VALUE_TEXT, "-infinity", 9);
  }
  length += interval_part(text + length, months / 12, "year", &any, &minus);
  length += interval_part(text + length, months % 12, "mon", &any, &minus);
  length += interval_part(text + length, days, "day", &any, &minus);
  if (!any || time != 0) {
    if (any) text[length++] = ' ';
    if (time >= 0 && minus) text[length++] = '+';
    length += iso_time(time, text + length);
  }
  return keep_print(decoder, text, length, value);
}

/* ---------------------------------------------------------------- the rest */

static bool inet_value(PgDecoder *decoder, bool cidr, const char *data, size_t size, Value *value) {
  char text[80];
  if (size < 4) return false;
  bool four = data[0] == 2;
  size_t want = four ? 4 : 16;
  unsigned bits = (unsigned char)data[1];
  if ((size_t)(unsigned char)data[3] != want || size != 4 + want) return false;
  if (inet_ntop(four ? AF_INET : AF_INET6, data + 4, text, sizeof(text)) == NULL) return false;
  int length = (int)strlen(text);
  if (cidr || bits != want * 8) length += snprintf(text + length, 8, "/%u", bits);
  return keep_print(decoder, text, length, value);
}

static bool hex_value(PgDecoder *decoder, const char *data, size_t size, PgKind kind,
                      Value *value) {
  char text[64];
  int length = 0;
  if (kind == KIND_UUID ? size != 16 : size != 6 && size != 8) return false;
  for (size_t i = 0; i < size; i++) {
    bool mark = kind == KIND_UUID ? i == 4 || i == 6 || i == 8 || i == 10 : i > 0;
    if (mark) text[length++] = kind == KIND_UUID ? '-' : ':';
    text[length++] = hex_digits[(unsigned char)data[i] >> 4];
    text[length++] = hex_digits[data[i] & 15];
  }
  return keep_print(decoder, text, length, value);
}

static bool bit_value(PgDecoder *decoder, const char *data, size_t size, Value *value) {
  if (size < 4) return false;
  size_t bits = pg_get32(data);
  if (bits > INT32_MAX || size - 4 != (bits + 7) / 8) return false;
  char *text = pg_arena_take(decoder->arena, bits + 1);
  if (text == NULL) {
    decoder->fault = "out of memory";
    return false;
  }
  for (size_t i = 0; i < bits; i++) {
    text[i] = (data[4 + i / 8] & (0x80 >> (i % 8))) != 0 ? '1' : '0';
  }
  return set_bytes(value, VALUE_TEXT, text, bits);
}

/* The usual numeric, of at most 15 digits, without a detour by its text: the same value that
** decimal_value gives. A quotient of two exact doubles is the nearest one to the decimal. */
static bool numeric_short(const PgDecoder *decoder, const char *data, size_t size, Value *value) {
  static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
  const int64_t most = INT64_C(999999999999999);
  if (size < 8 || size > 16) return false;
  int count = pg_get16(data), weight = (int16_t)pg_get16(data + 2), scale = pg_get16(data + 6);
  unsigned sign = pg_get16(data + 4);
  bool small = decoder->precision > 0 && decoder->precision <= 15;
  if (sign != 0 && sign != 0x4000) return false;
  if (scale > 8 || weight > 3 || weight < -2 || size != 8 + 2 * (size_t)count) return false;
  if (!small && strcmp(decoder->connection->numeric, "auto") != 0) return false;
  int64_t number = 0; /* the value times 10^(4 * groups), groups of digits behind the point */
  int groups = (scale + 3) / 4;
  for (int i = 0; i <= weight + groups; i++) {
    unsigned digit = i < count ? pg_get16(data + 8 + 2 * i) : 0;
    if (digit > 9999 || number > most) return false;
    number = number * 10000 + digit;
  }
  if (count > weight + groups + 1) return false;
  for (int i = scale; i < groups * 4; i++)
    number /= 10; /* only zeros */
  if (number > most) return false;
  if (scale == 0) return set_integer(value, sign != 0 ? -number : number);
  double real = (double)number / powers[scale];
  return set_real(value, sign != 0 ? -real : real);
}

static bool numeric_value(PgDecoder *decoder, const char *data, size_t size, Value *value) {
  DriverBuffer text;
  Value short_value;
  if (numeric_short(decoder, data, size, value)) return true;
  buffer_init(&text, decoder->connection->base.host);
  bool done = pg_numeric_text(data, size, &text);
  if (done && text.failed) decoder->fault = "out of memory";
  done = done && !text.failed;
  if (done) {
    bool number =
        text.data[text.size - 1] <= '9' || strcmp(decoder->connection->numeric, "real") == 0;
    short_value = (Value){.type = VALUE_TEXT, .bytes = {.data = text.data, .size = text.size}};
    /* NaN and the infinities stay words */
    if (number) {
      decimal_value(text.data, text.size, decoder->precision, decoder->connection->numeric,
                    &short_value);
    }
    if (short_value.type == VALUE_TEXT) {
      done = pg_decode_keep(decoder, short_value.bytes.data, short_value.bytes.size, value);
    } else {
      *value = short_value;
    }
  }
  buffer_clear(&text);
  return done;
}

static bool char_value(PgDecoder *decoder, const char *data, size_t size, Value *value) {
  char text[8];
  if (size != 1) return false;
  if (data[0] == 0) return set_bytes(value, VALUE_TEXT, "", 0);
  if ((unsigned char)data[0] < 0x80) return set_bytes(value, VALUE_TEXT, data, 1);
  return keep_print(decoder, text, snprintf(text, sizeof(text), "\\%03o", (unsigned char)data[0]),
                    value);
}

static bool json_value(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                       Value *value) {
  DriverBuffer json;
  buffer_init(&json, decoder->connection->base.host);
  bool done = pg_json_binary(decoder, type, data, size, &json, 0);
  if (json.failed) decoder->fault = "out of memory";
  done = done && !json.failed && pg_decode_keep(decoder, json.data, json.size, value);
  value->json = done;
  buffer_clear(&json);
  return done;
}

static bool float_value(const char *data, size_t size, PgKind kind, Value *value) {
  if (kind == KIND_FLOAT4) {
    float single;
    if (size != 4) return false;
    uint32_t bits = pg_get32(data);
    memcpy(&single, &bits, sizeof(single));
    return set_real(value, single);
  }
  double real;
  if (size != 8) return false;
  uint64_t bits = pg_get64(data);
  memcpy(&real, &bits, sizeof(real));
  return set_real(value, real);
}

static bool number_value(PgDecoder *decoder, PgKind kind, const char *data, size_t size,
                         Value *value) {
  char text[32];
  size_t want = kind == KIND_BOOL   ? 1
                : kind == KIND_INT2 ? 2
                : kind == KIND_OID  ? 4
                : kind == KIND_TID  ? 6
                                    : 8;
  if (size != want) return false;
  switch (kind) {
  case KIND_BOOL: return set_integer(value, data[0] != 0);
  case KIND_INT2: return set_integer(value, (int16_t)pg_get16(data));
  case KIND_OID: return set_integer(value, pg_get32(data));
  case KIND_TID:
    return keep_print(
        decoder, text,
        snprintf(text, sizeof(text), "(%u,%u)", pg_get32(data), (unsigned)pg_get16(data + 4)),
        value);
  case KIND_LSN:
    return keep_print(decoder, text,
                      snprintf(text, sizeof(text), "%X/%X", pg_get32(data), pg_get32(data + 4)),
                      value);
  default:
    if (pg_get64(data) <= INT64_MAX) return set_integer(value, (int64_t)pg_get64(data));
    return keep_print(decoder, text,
                      snprintf(text, sizeof(text), "%llu", (unsigned long long)pg_get64(data)),
                      value);
  }
}

bool pg_decode_binary(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                      Value *value) {
  switch (type->kind) {
  case KIND_TEXT: return set_bytes(value, VALUE_TEXT, data, size);
  case KIND_INT4: return size == 4 && set_integer(value, (int32_t)pg_get32(data));
  case KIND_INT8: return size == 8 && set_integer(value, (int64_t)pg_get64(data));
  case KIND_BOOL:
  case KIND_INT2:
  case KIND_OID:
  case KIND_UINT8:
  case KIND_TID:
  case KIND_LSN: return number_value(decoder, type->kind, data, size, value);
  case KIND_FLOAT4:
  case KIND_FLOAT8: return float_value(data, size, type->kind, value);
  case KIND_NUMERIC: return numeric_value(decoder, data, size, value);
  case KIND_BYTEA:
  case KIND_WKB: return set_bytes(value, VALUE_BLOB, data, size);
  case KIND_JSON: value->json = true; return set_bytes(value, VALUE_TEXT, data, size);
  case KIND_JSONB: /* a version number first */
    value->json = true;
    return size >= 1 && data[0] == 1 && set_bytes(value, VALUE_TEXT, data + 1, size - 1);
  case KIND_UUID:
  case KIND_MACADDR: return hex_value(decoder, data, size, type->kind, value);
  case KIND_DATE: return date_value(decoder, data, size, value);
  case KIND_TIME:
  case KIND_TIMETZ: return time_value(decoder, type->kind == KIND_TIMETZ, data, size, value);
  case KIND_TIMESTAMP:
  case KIND_TIMESTAMPTZ:
    return timestamp_value(decoder, type->kind == KIND_TIMESTAMPTZ, data, size, value);
  case KIND_INTERVAL: return interval_value(decoder, data, size, value);
  case KIND_INET:
  case KIND_CIDR: return inet_value(decoder, type->kind == KIND_CIDR, data, size, value);
  case KIND_BIT: return bit_value(decoder, data, size, value);
  case KIND_CHAR: return char_value(decoder, data, size, value);
  case KIND_VOID: return set_bytes(value, VALUE_TEXT, "", 0);
  case KIND_ARRAY:
  case KIND_COMPOSITE:
  case KIND_RECORD: return json_value(decoder, type, data, size, value);
  case KIND_OTHER: break;
  }
  decoder->fault = "this type has no form that can be read here; cast it to text";
  return false;
}
