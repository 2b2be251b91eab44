/*
** json_out.c: arrays and composites as JSON, in the manner of the server's to_jsonb: an array is an
** array, a composite an object with its fields in order (a record without names: f1, f2, …),
** numbers and booleans are themselves, json is embedded, everything else is a string; NaN and the
** infinities are strings, bytea is its hex form ("\x…", which the server takes back).
*/
#include "postgresql.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 32 };

/* The shortest decimal that reads back as the same single. */
static void single_print(double real, char text[32]) {
  for (int digits = 6; digits <= 9; digits++) {
    snprintf(text, 32, "%.*g", digits, real);
    Value again;
    for (char *at = text; *at != 0; at++) {
      if (*at == ',') *at = '.';
    }
    decimal_value(text, strlen(text), 0, "real", &again);
    if (again.type == VALUE_REAL && (float)again.real == (float)real) break;
  }
  if (strpbrk(text, ".e") == NULL) strcat(text, ".0");
}

static void real_json(double real, bool single, DriverBuffer *json) {
  char text[40];
  if (isinf(real)) {
    buffer_text(json, real < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    return;
  }
  if (single)
    single_print(real, text);
  else
    real_print(real, text);
  buffer_text(json, text);
}

static void blob_json(const char *data, size_t size, DriverBuffer *json) {
  buffer_text(json, "\"\\\\x");
  for (size_t i = 0; i < size; i++) {
    static const char digits[] = "0123456789abcdef";
    char pair[2] = {digits[(unsigned char)data[i] >> 4], digits[data[i] & 15]};
    buffer_append(json, pair, 2);
  }
  buffer_append(json, "\"", 1);
}

/* A decoded element, written as JSON. */
static void value_json(PgKind kind, const Value *value, DriverBuffer *json) {
  switch (value->type) {
  case VALUE_NULL: buffer_text(json, "null"); break;
  case VALUE_INTEGER:
    if (kind == KIND_BOOL)
      buffer_text(json, value->integer ? "true" : "false");
    else
      buffer_format(json, "%lld", (long long)value->integer);
    break;
  case VALUE_REAL: real_json(value->real, kind == KIND_FLOAT4, json); break;
  case VALUE_BLOB: blob_json(value->bytes.data, value->bytes.size, json); break;
  case VALUE_TEXT:
    if (value->json)
      buffer_append(json, value->bytes.data, value->bytes.size);
    else
      buffer_json_string(json, value->bytes.data, value->bytes.size);
    break;
  }
}

static void numeric_json(const char *text, size_t size, DriverBuffer *json) {
  if (size > 0 && text[size - 1] <= '9')
    buffer_append(json, text, size);
  else
    buffer_json_string(json, text, size);
}

static bool scalar_json(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                        bool binary, DriverBuffer *json) {
  Value value = {.type = VALUE_NULL};
  if (type->kind == KIND_NUMERIC && !binary) {
    numeric_json(data, size, json);
    return true;
  }
  if (type->kind == KIND_NUMERIC) {
    DriverBuffer text;
    buffer_init(&text, decoder->connection->base.host);
    bool done = pg_numeric_text(data, size, &text) && !text.failed;
    if (done) numeric_json(text.data, text.size, json);
    buffer_clear(&text);
    return done;
  }
  bool done = binary ? pg_decode_binary(decoder, type, data, size, &value)
                     : pg_decode_text(decoder, type, data, size, &value);
  if (done) value_json(type->kind, &value, json);
  return done;
}

static bool is_nested(const PgType *type) {
  return type->kind == KIND_ARRAY || type->kind == KIND_COMPOSITE || type->kind == KIND_RECORD;
}

static void name_json(const PgType *type, size_t index, DriverBuffer *json) {
  char plain[16];
  const char *name = plain;
  snprintf(plain, sizeof(plain), "f%u", (unsigned)(index + 1));
  if (type->kind == KIND_COMPOSITE) name = type->fields[index].name;
  if (index > 0) buffer_append(json, ",", 1);
  buffer_json_string(json, name, strlen(name));
  buffer_append(json, ":", 1);
}

/* ---------------------------------------------------------------- from the binary form */

/* A length and that many bytes; -1 is NULL. Moves *data on. */
static bool part_json(PgDecoder *decoder, const PgType *type, const char **data, size_t *size,
                      DriverBuffer *json, int depth) {
  if (*size < 4) return false;
  uint32_t length = pg_get32(*data);
  *data += 4;
  *size -= 4;
  if (length == UINT32_MAX) {
    buffer_text(json, "null");
    return true;
  }
  if (length > *size) return false;
  if (type == NULL) {
    decoder->fault = "it holds a value of a type that is not known yet; cast it, or name its type";
    return false;
  }
  const char *part = *data;
  *data += length;
  *size -= length;
  return pg_json_binary(decoder, type, part, length, json, depth + 1);
}

/* Elements of one dimension, outermost first. */
static bool array_level(PgDecoder *decoder, const PgType *element, const uint32_t *sizes, int left,
                        const char **data, size_t *size, DriverBuffer *json, int depth) {
  buffer_append(json, "[", 1);
  for (uint32_t i = 0; i < sizes[0]; i++) {
    if (i > 0) buffer_append(json, ",", 1);
    bool done = left > 1
                    ? array_level(decoder, element, sizes + 1, left - 1, data, size, json, depth)
                    : part_json(decoder, element, data, size, json, depth);
    if (!done || json->failed) return false;
  }
  buffer_append(json, "]", 1);
  return true;
}

static bool array_binary(PgDecoder *decoder, const char *data, size_t size, DriverBuffer *json,
                         int depth) {
  uint32_t sizes[8];
  if (size < 12) return false;
  uint32_t dimensions = pg_get32(data);
  const PgType *element = pg_type_find(decoder->connection, pg_get32(data + 8));
  data += 12;
  size -= 12;
  if (dimensions > 6 || size < dimensions * 8) return false;
  if (dimensions == 0) {
    buffer_text(json, "[]");
    return true;
  }
  uint64_t count = 1;
  for (uint32_t i = 0; i < dimensions; i++, data += 8, size -= 8) {
    sizes[i] = pg_get32(data);
    count *= sizes[i];
    if (count > size / 4 + 1) return false; /* more elements than bytes for them */
  }
  return array_level(decoder, element, sizes, (int)dimensions, &data, &size, json, depth);
}

static bool composite_binary(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                             DriverBuffer *json, int depth) {
  if (size < 4) return false;
  uint32_t count = pg_get32(data);
  data += 4;
  size -= 4;
  if (count > 1600) return false;
  if (type->kind == KIND_COMPOSITE && count != type->field_count) {
    decoder->fault = "the type was changed since this connection saw it; use connector_close";
    return false;
  }
  buffer_append(json, "{", 1);
  for (uint32_t i = 0; i < count; i++) {
    if (size < 4) return false;
    const PgType *field = pg_type_find(decoder->connection, pg_get32(data));
    data += 4;
    size -= 4;
    name_json(type, i, json);
    if (!part_json(decoder, field, &data, &size, json, depth)) return false;
  }
  buffer_append(json, "}", 1);
  return true;
}

bool pg_json_binary(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                    DriverBuffer *json, int depth) {
  if (depth > DEPTH_MOST) return false;
  if (type->kind == KIND_ARRAY) return array_binary(decoder, data, size, json, depth);
  if (is_nested(type)) return composite_binary(decoder, type, data, size, json, depth);
  return scalar_json(decoder, type, data, size, true, json);
}

/* ---------------------------------------------------------------- from the text form */

/* Reads one element up to `stop` or `other`, quotes and backslashes taken away, into *part.
** *quoted tells NULL from "NULL". */
static const char *part_read(const char *at, const char *end, char stop, char other, bool doubled,
                             DriverBuffer *part, bool *quoted) {
  bool inside = false;
  buffer_reset(part);
  *quoted = false;
  for (; at < end; at++) {
    if (*at == '\\' && at + 1 < end) {
      at++;
    } else if (*at == '"') {
      *quoted = true;
      if (doubled && inside && at + 1 < end && at[1] == '"') {
        at++;
      } else {
        inside = !inside;
        continue;
      }
    } else if (!inside && (*at == stop || *at == other)) {
      return at;
    }
    buffer_append(part, at, 1);
  }
  return NULL;
}

static bool part_text(PgDecoder *decoder, const PgType *type, const DriverBuffer *part, bool null,
                      DriverBuffer *json, int depth) {
  if (null) {
    buffer_text(json, "null");
    return true;
  }
  if (type == NULL) {
    buffer_json_string(json, part->size > 0 ? part->data : "", part->size);
    return true;
  }
  return pg_json_text(decoder, type, part->size > 0 ? part->data : "", part->size, json, depth + 1);
}

/* From the '{' at *at to behind its '}'. */
static bool array_text(PgDecoder *decoder, const PgType *element, const char **at, const char *end,
                       DriverBuffer *part, DriverBuffer *json, int depth) {
  char delimiter = element->delimiter != 0 ? element->delimiter : ',';
  if (depth > DEPTH_MOST || *at == end || **at != '{') return false;
  buffer_append(json, "[", 1);
  for ((*at)++; *at < end && **at != '}';) {
    bool quoted;
    if (**at == '{') {
      if (!array_text(decoder, element, at, end, part, json, depth + 1)) return false;
    } else {
      *at = part_read(*at, end, delimiter, '}', false, part, &quoted);
      if (*at == NULL || part->failed) return false;
      bool null = !quoted && part->size == 4 && memcmp(part->data, "NULL", 4) == 0;
      if (!part_text(decoder, element, part, null, json, depth)) return false;
    }
    if (*at < end && **at == delimiter) {
      buffer_append(json, ",", 1);
      (*at)++;
    }
  }
  if (*at == end) return false;
  (*at)++;
  buffer_append(json, "]", 1);
  return true;
}

static bool composite_text(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                           DriverBuffer *part, DriverBuffer *json, int depth) {
  const char *at = data, *end = data + size;
  if (size < 2 || *at++ != '(') return false;
  buffer_append(json, "{", 1);
  for (size_t i = 0;; i++) {
    bool quoted;
    if (i == 0 && *at == ')' && type->kind == KIND_COMPOSITE && type->field_count == 0) break;
    if (type->kind == KIND_COMPOSITE && i >= type->field_count) return false;
    at = part_read(at, end, ',', ')', true, part, &quoted);
    if (at == NULL || part->failed) return false;
    const PgType *field = type->kind == KIND_COMPOSITE
                              ? pg_type_find(decoder->connection, type->fields[i].type)
                              : NULL;
    name_json(type, i, json);
    if (!part_text(decoder, field, part, !quoted && part->size == 0, json, depth)) return false;
    if (*at++ == ')') break;
  }
  buffer_append(json, "}", 1);
  return true;
}

bool pg_json_text(PgDecoder *decoder, const PgType *type, const char *data, size_t size,
                  DriverBuffer *json, int depth) {
  if (depth > DEPTH_MOST) return false;
  if (!is_nested(type)) return scalar_json(decoder, type, data, size, false, json);
  DriverBuffer part;
  buffer_init(&part, decoder->connection->base.host);
  bool done = false;
  if (type->kind == KIND_ARRAY) {
    const PgType *element = pg_type_find(decoder->connection, type->element);
    const char *at = data, *end = data + size;
    if (size > 0 && *at == '[') { /* bounds: "[0:1]={…}" */
      at = memchr(data, '=', size);
      at = at != NULL ? at + 1 : end;
    }
    done = array_text(decoder, element != NULL ? element : pg_type_other(), &at, end, &part, json,
                      depth) &&
           at == end;
  } else {
    done = composite_text(decoder, type, data, size, &part, json, depth);
  }
  if (part.failed) decoder->fault = "out of memory";
  buffer_clear(&part);
  return done;
}
