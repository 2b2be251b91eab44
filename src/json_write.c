/*
** json_write.c: writes JSON: values of rows one by one, and the canonical form of parameters.
**
** The canonical form is the key under which an open cursor is found again, so equal parameters must
** give the same text: {"b":1.50,"a":"\u0041"} gives {"a":"A","b":1.5}. Names are sorted bytewise at
** every level (equal names keep their order), strings are written anew, numbers too: 1 and 1.0 stay
** different, an integer above 64 bits keeps its digits, an infinite real is 9e999.
**
** Relies on: json_reader.c for the grammar; driver_support.c for string literals and shortest
** reals.
*/
#include "json_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64_append(DriverBuffer *buffer, const char *data, size_t size) {
  char piece[4096];
  size_t filled = 0;
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    unsigned bits = (unsigned)(unsigned char)data[i] << 16;
    if (left > 1) bits |= (unsigned)(unsigned char)data[i + 1] << 8;
    if (left > 2) bits |= (unsigned)(unsigned char)data[i + 2];
    piece[filled++] = base64_digits[bits >> 18];
    piece[filled++] = base64_digits[bits >> 12 & 63];
    piece[filled++] = left > 1 ? base64_digits[bits >> 6 & 63] : '=';
    piece[filled++] = left > 2 ? base64_digits[bits & 63] : '=';
    if (filled == sizeof piece) {
      buffer_append(buffer, piece, filled);
      filled = 0;
    }
  }
  buffer_append(buffer, piece, filled);
}

void json_value(DriverBuffer *buffer, const Value *value) {
  char text[32];
  switch (value->type) {
  case VALUE_NULL: buffer_text(buffer, "null"); break;
  case VALUE_INTEGER: buffer_format(buffer, "%lld", (long long)value->integer); break;
  case VALUE_REAL:
    if (isnan(value->real)) {
      buffer_text(buffer, "\"NaN\"");
    } else if (isinf(value->real)) {
      buffer_text(buffer, value->real > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    } else {
      buffer_append(buffer, text, (size_t)real_print(value->real, text));
    }
    break;
  case VALUE_TEXT:
    if (value->json && value->bytes.size) {
      buffer_append(buffer, value->bytes.data, value->bytes.size);
    } else {
      buffer_json_string(buffer, value->bytes.data, value->bytes.size);
    }
    break;
  case VALUE_BLOB:
    buffer_text(buffer, "{\"$base64\":\"");
    base64_append(buffer, value->bytes.data, value->bytes.size);
    buffer_text(buffer, "\"}");
    break;
  }
}

/* ---------------------------------------------------------------- canonical form */

/* A member's decoded name, and where its canonical value stands in the buffer of its object. */
typedef struct Member {
  const char *name;
  size_t name_size;
  size_t start, size;
  size_t number; /* makes the sort keep the order of equal names */
} Member;

static int member_compare(const void *left, const void *right) {
  const Member *a = left, *b = right;
  size_t least = a->name_size < b->name_size ? a->name_size : b->name_size;
  int order = least ? memcmp(a->name, b->name, least) : 0;
  if (order) return order;
  if (a->name_size != b->name_size) return a->name_size < b->name_size ? -1 : 1;
  return a->number < b->number ? -1 : 1;
}

static bool canonical_value(Reader *reader, DriverBuffer *buffer);

static void canonical_number(DriverBuffer *buffer, Span number) {
  Value value = {.type = VALUE_INTEGER};
  if (!number.integer) {
    value = (Value){.type = VALUE_REAL, .real = decode_real(number)};
    if (isinf(value.real)) {
      buffer_text(buffer, value.real > 0 ? "9e999" : "-9e999");
      return;
    }
  } else if (!decode_integer(number, &value.integer)) {
    buffer_append(buffer, number.start, (size_t)(number.end - number.start));
    return;
  }
  json_value(buffer, &value);
}

/* Appends the members in order; `values` holds their values in the order of the text. */
static void members_append(DriverBuffer *buffer, const DriverBuffer *values, Member *members,
                           size_t count) {
  if (count) qsort(members, count, sizeof *members, member_compare);
  for (size_t i = 0; i < count; i++) {
    if (i) buffer_text(buffer, ",");
    buffer_json_string(buffer, members[i].name, members[i].name_size);
    buffer_text(buffer, ":");
    buffer_append(buffer, values->data + members[i].start, members[i].size);
  }
}

/* Grows by doubling; the list is the caller's, also on failure. */
static Member *member_add(Reader *reader, Member **members, size_t *count) {
  if ((*count & (*count - 1)) == 0) {
    size_t room = *count ? *count * 2 : 1;
    Member *grown = sqlite3_realloc64(*members, room * sizeof *grown);
    if (!grown) {
      reader->no_memory = true;
      reader_fail(reader, "out of memory");
      return NULL;
    }
    *members = grown;
  }
  Member *member = &(*members)[*count];
  *member = (Member){.number = (*count)++};
  return member;
}

static bool canonical_members(Reader *reader, DriverBuffer *values, Member **members,
                              size_t *count) {
  do {
    Span name;
    Member *member = member_add(reader, members, count);
    if (!member || !check_name(reader, &name)) return false;
    member->name = name.start;
    member->name_size = decode_string(name);
    member->start = values->size;
    if (!canonical_value(reader, values)) return false;
    member->size = values->size - member->start;
  } while (reader_another(reader, '}'));
  return reader->problem == NULL;
}

static bool canonical_object(Reader *reader, DriverBuffer *buffer) {
  buffer_text(buffer, "{");
  if (!reader_enter(reader)) return false;
  if (!reader_empty(reader, '}')) {
    DriverBuffer values;
    buffer_init(&values, buffer->host);
    Member *members = NULL;
    size_t count = 0;
    bool good = canonical_members(reader, &values, &members, &count);
    if (good && !values.failed) members_append(buffer, &values, members, count);
    buffer->failed |= values.failed;
    buffer_clear(&values);
    sqlite3_free(members);
    if (!good) return false;
  }
  buffer_text(buffer, "}");
  return true;
}

static bool canonical_array(Reader *reader, DriverBuffer *buffer) {
  buffer_text(buffer, "[");
  if (!reader_enter(reader)) return false;
  if (!reader_empty(reader, ']')) {
    bool first = true;
    do {
      if (!first) buffer_text(buffer, ",");
      first = false;
      if (!canonical_value(reader, buffer)) return false;
    } while (reader_another(reader, ']'));
  }
  buffer_text(buffer, "]");
  return reader->problem == NULL;
}

static bool canonical_value(Reader *reader, DriverBuffer *buffer) {
  char first = *reader->at;
  if (first == '{') return canonical_object(reader, buffer);
  if (first == '[') return canonical_array(reader, buffer);
  Span span;
  if (!check_value(reader, &span)) return false;
  if (first == '"') {
    buffer_json_string(buffer, span.start, decode_string(span));
  } else if (first == '-' || (first >= '0' && first <= '9')) {
    canonical_number(buffer, span);
  } else {
    buffer_append(buffer, span.start, (size_t)(span.end - span.start));
  }
  return true;
}

/* The whole text, which must be an object, an array, null or nothing. */
static bool canonical_text(Reader *reader, DriverBuffer *buffer) {
  reader_space(reader);
  if (reader->at == reader->end) {
    buffer_text(buffer, "{}");
    return true;
  }
  if (*reader->at == 'n') {
    Span span;
    if (!check_value(reader, &span)) return false;
    buffer_text(buffer, "{}");
  } else if (*reader->at != '{' && *reader->at != '[') {
    return reader_fail(reader, "an object {…} or an array […] is expected");
  } else if (!canonical_value(reader, buffer)) {
    return false;
  }
  return reader_finish(reader);
}

/* NUL-terminated copy in SQLite's own memory. */
static char *buffer_copy(const DriverBuffer *buffer) {
  char *copy = sqlite3_malloc64((sqlite3_uint64)buffer->size + 1);
  if (!copy) return NULL;
  memcpy(copy, buffer->data, buffer->size);
  copy[buffer->size] = 0;
  return copy;
}

int json_canonical(Connector *connector, const char *text, size_t size, char **canonical,
                   Error *error) {
  *canonical = NULL;
  Reader reader;
  int code = reader_open(&reader, text, size, error);
  if (code) return code;
  DriverBuffer buffer;
  buffer_init(&buffer, &connector->host);
  if (!canonical_text(&reader, &buffer)) {
    code = reader_error(&reader, error);
  } else if (buffer.failed || !(*canonical = buffer_copy(&buffer))) {
    code = error_memory(error);
  }
  buffer_clear(&buffer);
  reader_close(&reader);
  return code;
}
