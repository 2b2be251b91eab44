/*
** text_form.c: what encode.c made of a value, as the text that the server reads for its type: for COPY and
** for arrays, whose elements are texts.
*/
#include "postgresql.h"
#include <math.h>
#include <string.h>

bool pg_has_text_form(PgKind kind) {
  return kind != KIND_OTHER && kind != KIND_WKB && kind != KIND_VOID && kind != KIND_RECORD &&
         kind != KIND_CHAR;
}

bool pg_has_binary_form(PgKind kind) {
  switch (kind) {
  case KIND_BOOL:
  case KIND_INT2:
  case KIND_INT4:
  case KIND_INT8:
  case KIND_OID:
  case KIND_FLOAT8:
  case KIND_BYTEA:
  case KIND_UUID: return true;
  default: return false;
  }
}

static void put_hex(DriverBuffer *line, const char *prefix, const char *data, size_t size) {
  static const char digits[] = "0123456789abcdef";
  buffer_text(line, prefix);
  for (size_t i = 0; i < size; i++) {
    char two[2] = {digits[(unsigned char)data[i] >> 4], digits[data[i] & 15]};
    buffer_append(line, two, 2);
  }
}

static int64_t big_endian(const char *data, int size) {
  uint64_t number = data[0] & 0x80 ? UINT64_MAX : 0;
  for (int i = 0; i < size; i++)
    number = number << 8 | (unsigned char)data[i];
  return (int64_t)number;
}

void pg_text_form(DriverBuffer *line, PgKind kind, const char *data, int size) {
  char text[40];
  double real;
  uint64_t bits;
  switch (kind) {
  case KIND_BOOL: buffer_append(line, *data ? "t" : "f", 1); return;
  case KIND_INT2:
  case KIND_INT4:
  case KIND_INT8:
    buffer_append(line, text, (size_t)integer_print(big_endian(data, size), text));
    return;
  case KIND_OID:
    buffer_append(line, text, (size_t)integer_print((uint32_t)big_endian(data, size), text));
    return;
  case KIND_FLOAT8:
    bits = (uint64_t)big_endian(data, size);
    memcpy(&real, &bits, sizeof real);
    if (isnan(real))
      buffer_text(line, "NaN");
    else if (isinf(real))
      buffer_text(line, real < 0 ? "-Infinity" : "Infinity");
    else
      buffer_append(line, text, (size_t)real_print_fast(real, text));
    return;
  case KIND_BYTEA: put_hex(line, "\\\\x", data, (size_t)size); return;
  case KIND_UUID: put_hex(line, "", data, (size_t)size); return;
  default: return;
  }
}
