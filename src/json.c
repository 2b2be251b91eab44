/*
** json.c: JSON in and out: parameters, options, definitions and rows.
**
**   SELECT connector_execute('shop', 'INSERT INTO t VALUES (:a, :b)', '{"a":1,"b":{"$base64":"AP8="}}');
**
** A text is copied once, checked in one pass over the copy, and its strings are then decoded where they
** stand (a decoded string is never longer than its source), so a JsonItems is one copy of the text and
** one array. Both are wiped when freed, because a block's definition comes this way with its password.
**
** Why not SQLite's json functions: json_each (tried on 3.40) cuts a text at \u0000 without a word, makes
** a REAL of an integer above 64 bits, cannot give the source text of the second of two equal keys, knows
** no position of an error before 3.42, and leaves copies of the text behind in memory. What is accepted
** here is what json_valid() accepts, less three things: unpaired surrogates, bytes that are not UTF-8,
** and nesting below 1,000 levels (the limit of SQLite since 3.43). test/fuzz/json_fuzz.c holds it to that.
**
** Relies on: driver_support.c for UTF-8, shortest reals and string literals.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strtod_l, explicit_bzero */
#endif
#include "json.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 1000

/* A walk over a private copy of a JSON text. After the first problem every step answers false. */
typedef struct Reader {
  const char *start;
  char *at, *end; /* *end is a NUL, so looking at *at is always allowed */
  int depth;
  const char *problem; /* what was expected; never a piece of the text, which may be a secret */
  bool no_memory;
} Reader;

/* One checked value: where it stands, and of a number whether it is an integer. */
typedef struct Span {
  char *start, *end;
  bool integer;
} Span;

static bool fail(Reader *reader, const char *problem) {
  if (!reader->problem) reader->problem = problem;
  return false;
}

static void skip_space(Reader *reader) {
  while (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r') {
    reader->at++;
  }
}

/* ---------------------------------------------------------------- checking */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The four digits at text, or -1. Stops at the first that is none, so a NUL at the end is enough. */
static int hex_four(const char *text) {
  int number = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    number = number * 16 + digit;
  }
  return number;
}

static bool is_high(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

static bool check_escape(Reader *reader) {
  if (reader->at[1] != 'u') {
    if (!reader->at[1] || !strchr("\"\\/bfnrt", reader->at[1])) {
      return fail(reader, "a string holds an unknown escape");
    }
    reader->at += 2;
    return true;
  }
  int unit = hex_four(reader->at + 2);
  if (unit < 0) return fail(reader, "\\u needs four hexadecimal digits");
  if (is_low(unit)) return fail(reader, "an unpaired surrogate is no character");
  if (is_high(unit)) {
    if (reader->at[6] != '\\' || reader->at[7] != 'u' || !is_low(hex_four(reader->at + 8))) {
      return fail(reader, "an unpaired surrogate is no character");
    }
    reader->at += 6;
  }
  reader->at += 6;
  return true;
}

/* Leaves the text as it is; span without the quotes. */
static bool check_string(Reader *reader, Span *span) {
  if (*reader->at != '"') return fail(reader, "a string in double quotes is expected");
  span->start = ++reader->at;
  while (*reader->at != '"') {
    if (reader->at == reader->end) return fail(reader, "a string has no end");
    if ((unsigned char)*reader->at < 0x20) {
      return fail(reader, "a control character in a string must be written as an escape");
    }
    if (*reader->at == '\\') {
      if (!check_escape(reader)) return false;
    } else {
      reader->at++;
    }
  }
  span->end = reader->at++;
  return true;
}

static bool check_digits(Reader *reader) {
  if (*reader->at < '0' || *reader->at > '9') return fail(reader, "a digit is expected");
  while (*reader->at >= '0' && *reader->at <= '9') reader->at++;
  return true;
}

static bool check_number(Reader *reader, Span *span) {
  span->start = reader->at;
  span->integer = true;
  if (*reader->at == '-') reader->at++;
  if (*reader->at == '0') {
    reader->at++;
    if (*reader->at >= '0' && *reader->at <= '9') {
      return fail(reader, "a number must not start with 0");
    }
  } else if (!check_digits(reader)) {
    return false;
  }
  if (*reader->at == '.') {
    span->integer = false;
    reader->at++;
    if (!check_digits(reader)) return false;
  }
  if (*reader->at == 'e' || *reader->at == 'E') {
    span->integer = false;
    reader->at++;
    if (*reader->at == '+' || *reader->at == '-') reader->at++;
    if (!check_digits(reader)) return false;
  }
  span->end = reader->at;
  return true;
}

static bool check_word(Reader *reader, const char *word) {
  size_t size = strlen(word);
  if (strncmp(reader->at, word, size) != 0) return fail(reader, "a value is expected");
  reader->at += size;
  return true;
}

static bool enter(Reader *reader) {
  if (reader->depth == MAX_DEPTH) return fail(reader, "nested deeper than 1000 levels");
  reader->depth++;
  reader->at++;
  skip_space(reader);
  return true;
}

/* After an element: true when another follows, false at the closing bracket (passed) or a problem. */
static bool another(Reader *reader, char close) {
  skip_space(reader);
  if (*reader->at == close) {
    reader->at++;
    reader->depth--;
    return false;
  }
  if (*reader->at != ',') {
    return fail(reader, close == ']' ? "',' or ']' is expected" : "',' or '}' is expected");
  }
  reader->at++;
  skip_space(reader);
  return true;
}

/* At the start of the first element: true when the list is empty, and passes its end. */
static bool is_empty(Reader *reader, char close) {
  if (*reader->at != close) return false;
  reader->at++;
  reader->depth--;
  return true;
}

/* A member's name and the ':' behind it. */
static bool check_name(Reader *reader, Span *name) {
  if (!check_string(reader, name)) return false;
  skip_space(reader);
  if (*reader->at != ':') return fail(reader, "':' is expected");
  reader->at++;
  skip_space(reader);
  return true;
}

static bool check_value(Reader *reader, Span *span) {
  char first = *reader->at;
  char *start = reader->at;
  if (first == '{' || first == '[') {
    char close = first == '{' ? '}' : ']';
    if (!enter(reader)) return false;
    if (!is_empty(reader, close)) {
      do {
        Span inner;
        if (first == '{' && !check_name(reader, &inner)) return false;
        if (!check_value(reader, &inner)) return false;
      } while (another(reader, close));
    }
    span->start = start;
    span->end = reader->at;
    return reader->problem == NULL;
  }
  if (first == '"') return check_string(reader, span);
  if (first == '-' || (first >= '0' && first <= '9')) return check_number(reader, span);
  span->start = start;
  bool good = check_word(reader, first == 't' ? "true" : first == 'f' ? "false" : "null");
  span->end = reader->at;
  return good;
}

/* ---------------------------------------------------------------- decoding */

static char *put_utf8(char *to, unsigned point) {
  if (point < 0x80) {
    *to++ = (char)point;
  } else if (point < 0x800) {
    *to++ = (char)(0xC0 | point >> 6);
    *to++ = (char)(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    *to++ = (char)(0xE0 | point >> 12);
    *to++ = (char)(0x80 | (point >> 6 & 0x3F));
    *to++ = (char)(0x80 | (point & 0x3F));
  } else {
    *to++ = (char)(0xF0 | point >> 18);
    *to++ = (char)(0x80 | (point >> 12 & 0x3F));
    *to++ = (char)(0x80 | (point >> 6 & 0x3F));
    *to++ = (char)(0x80 | (point & 0x3F));
  }
  return to;
}

/* Decodes a checked string in place and ends it with a NUL (at the closing quote at the latest).
** Returns its size. */
static size_t decode_string(Span string) {
  char *to = string.start;
  const char *from = string.start;
  while (from < string.end) {
    if (*from != '\\') {
      *to++ = *from++;
      continue;
    }
    char escape = from[1];
    from += 2;
    switch (escape) {
      case 'b': *to++ = '\b'; break;
      case 'f': *to++ = '\f'; break;
      case 'n': *to++ = '\n'; break;
      case 'r': *to++ = '\r'; break;
      case 't': *to++ = '\t'; break;
      case 'u': {
        unsigned point = (unsigned)hex_four(from);
        from += 4;
        if (is_high((int)point)) {
          point = 0x10000 + ((point - 0xD800) << 10) + ((unsigned)hex_four(from + 2) - 0xDC00);
          from += 6;
        }
        to = put_utf8(to, point);
        break;
      }
      default: *to++ = escape;
    }
  }
  *to = 0;
  return (size_t)(to - string.start);
}

/* False when the integer does not fit 64 bits. */
static bool decode_integer(Span number, int64_t *result) {
  bool negative = *number.start == '-';
  int64_t sum = 0; /* kept negative: the negative range is the larger one */
  for (const char *at = number.start + negative; at < number.end; at++) {
    int digit = *at - '0';
    if (sum < (INT64_MIN + digit) / 10) return false;
    sum = sum * 10 - digit;
  }
  if (!negative && sum == INT64_MIN) return false;
  *result = negative ? sum : -sum;
  return true;
}

/* Out of range is an infinity, as SQLite reads it (and since 3.42 writes it: 9e999). The host may have
** set a locale with a decimal comma. */
static double decode_real(Span number) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!plain) return strtod(number.start, NULL);
  double result = strtod_l(number.start, NULL, plain);
  freelocale(plain);
  return result;
}

/* ---------------------------------------------------------------- base64 */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_digit(char c) {
  const char *found = c ? strchr(base64_digits, c) : NULL;
  return found ? (int)(found - base64_digits) : -1;
}

/* In place. Exact: padded, no space, no stray bits. */
static bool base64_decode(char *text, size_t size, size_t *decoded) {
  if (size % 4) return false;
  char *to = text;
  for (size_t i = 0; i < size; i += 4) {
    bool last = i + 4 == size;
    int pad = last && text[i + 3] == '=' ? (text[i + 2] == '=' ? 2 : 1) : 0;
    unsigned bits = 0;
    for (int j = 0; j < 4; j++) {
      int digit = j >= 4 - pad ? 0 : base64_digit(text[i + (size_t)j]);
      if (digit < 0) return false;
      bits = bits << 6 | (unsigned)digit;
    }
    if (bits & ((1U << pad * 8) - 1)) return false;
    for (int j = 0; j < 3 - pad; j++) *to++ = (char)(bits >> (16 - 8 * j));
  }
  *decoded = (size_t)(to - text);
  return true;
}

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

/* {"$base64":"…"}, with this spelling of the name and nothing else in it. */
static bool is_base64_object(Span object, Span *digits) {
  static const char name[] = "\"$base64\"";
  Reader reader = {.start = object.start, .at = object.start + 1, .end = object.end - 1};
  skip_space(&reader);
  if (strncmp(reader.at, name, sizeof name - 1) != 0) return false;
  Span key;
  if (!check_name(&reader, &key) || *reader.at != '"' || !check_string(&reader, digits)) {
    return false;
  }
  skip_space(&reader);
  return reader.at == reader.end;
}

/* ---------------------------------------------------------------- parsing */

typedef struct OwnItems {
  JsonItems items; /* must be first */
  char *text;      /* the copy that everything points into */
  size_t size;
  size_t room;     /* of items.items */
} OwnItems;

/* The value of one checked span. Array and object: the text as it stands. */
static bool item_decode(Reader *reader, Span span, char first, JsonItem *item) {
  Value *value = &item->value;
  *value = (Value){.type = VALUE_TEXT};
  value->bytes.data = span.start;
  value->bytes.size = (size_t)(span.end - span.start);
  switch (first) {
    case 'n':
      item->kind = JSON_NULL;
      value->type = VALUE_NULL;
      return true;
    case 't':
    case 'f':
      item->kind = first == 't' ? JSON_TRUE : JSON_FALSE;
      value->type = VALUE_INTEGER;
      value->integer = first == 't';
      return true;
    case '"':
      item->kind = JSON_TEXT;
      value->bytes.size = decode_string(span);
      return true;
    case '[':
      item->kind = JSON_ARRAY;
      value->json = true;
      return true;
    case '{': {
      Span digits;
      if (!is_base64_object(span, &digits)) {
        item->kind = JSON_OBJECT;
        value->json = true;
        return true;
      }
      item->kind = JSON_TEXT;
      value->type = VALUE_BLOB;
      value->bytes.data = digits.start;
      if (base64_decode(digits.start, decode_string(digits), &value->bytes.size)) return true;
      reader->at = digits.start;
      return fail(reader, "$base64 must be padded base64 without spaces");
    }
  }
  int64_t integer;
  if (!span.integer) {
    item->kind = JSON_REAL;
    value->type = VALUE_REAL;
    value->real = decode_real(span);
  } else if (decode_integer(span, &integer)) {
    item->kind = JSON_INTEGER;
    value->type = VALUE_INTEGER;
    value->integer = integer;
  } else {
    item->kind = JSON_TEXT; /* the digits: nothing is lost */
  }
  return true;
}

static JsonItem *item_append(Reader *reader, OwnItems *own) {
  if (own->items.count == own->room) {
    size_t room = own->room ? own->room * 2 : 8;
    JsonItem *grown = sqlite3_realloc64(own->items.items, room * sizeof *grown);
    if (!grown) {
      reader->no_memory = true;
      fail(reader, "out of memory");
      return NULL;
    }
    own->items.items = grown;
    own->room = room;
  }
  JsonItem *item = &own->items.items[own->items.count++];
  *item = (JsonItem){0};
  return item;
}

static bool item_read(Reader *reader, OwnItems *own) {
  JsonItem *item = item_append(reader, own);
  if (!item) return false;
  if (own->items.is_object) {
    Span name;
    if (!check_name(reader, &name)) return false;
    char *at = reader->at;
    if (strlen(name.start) < decode_string(name)) {
      reader->at = name.start;
      return fail(reader, "a name must not contain \\u0000");
    }
    item->key = name.start;
    reader->at = at;
  }
  char first = *reader->at;
  Span span;
  return check_value(reader, &span) && item_decode(reader, span, first, item);
}

static bool items_read(Reader *reader, OwnItems *own) {
  skip_space(reader);
  own->items.is_object = *reader->at == '{';
  if (!own->items.is_object && *reader->at != '[') {
    return fail(reader, "an object {…} or an array […] is expected");
  }
  char close = own->items.is_object ? '}' : ']';
  enter(reader);
  if (!is_empty(reader, close)) {
    do {
      if (!item_read(reader, own)) return false;
    } while (another(reader, close));
  }
  skip_space(reader);
  if (!reader->problem && reader->at < reader->end) {
    fail(reader, "nothing more is expected behind the value");
  }
  return reader->problem == NULL;
}

/* A private copy to decode in, ended by a NUL. */
static char *text_copy(const char *text, size_t size) {
  char *copy = sqlite3_malloc64((sqlite3_uint64)size + 1);
  if (!copy) return NULL;
  if (size) memcpy(copy, text, size);
  copy[size] = 0;
  return copy;
}

static void text_wipe(char *text, size_t size) {
  if (text) explicit_bzero(text, size);
  sqlite3_free(text);
}

/* A byte that is not UTF-8 is found by halving: utf8_valid alone tells only that there is one. */
static int text_check(const char *text, size_t size, Error *error) {
  if (size && memchr(text, 0, size)) {
    return error_set(error, SQLITE_ERROR, "invalid JSON at byte %lld: a NUL byte",
                     (long long)((const char *)memchr(text, 0, size) - text) + 1);
  }
  if (!utf8_valid(text, size)) {
    return error_set(error, SQLITE_ERROR, "invalid JSON: it is not UTF-8");
  }
  return SQLITE_OK;
}

static int reader_error(const Reader *reader, Error *error) {
  if (reader->no_memory) return error_memory(error);
  return error_set(error, SQLITE_ERROR, "invalid JSON at byte %lld: %s",
                   (long long)(reader->at - reader->start) + 1, reader->problem);
}

static int items_new(const char *text, size_t size, JsonItems **items, Error *error) {
  *items = NULL;
  OwnItems *own = sqlite3_malloc64(sizeof *own);
  if (!own) return error_memory(error);
  *own = (OwnItems){.text = text_copy(text, size), .size = size};
  if (!own->text) {
    sqlite3_free(own);
    return error_memory(error);
  }
  Reader reader = {.start = own->text, .at = own->text, .end = own->text + size};
  if (!items_read(&reader, own)) {
    int code = reader_error(&reader, error);
    json_free(&own->items);
    return code;
  }
  *items = &own->items;
  return SQLITE_OK;
}

int json_parse(Connector *connector, const char *text, size_t size, JsonItems **items,
               Error *error) {
  (void)connector;
  *items = NULL;
  int code = text_check(text, size, error);
  return code ? code : items_new(text, size, items, error);
}

int json_open(const JsonItem *item, JsonItems **items, Error *error) {
  return items_new(item->value.bytes.data, item->value.bytes.size, items, error);
}

void json_free(JsonItems *items) {
  OwnItems *own = (OwnItems *)items;
  if (!own) return;
  text_wipe(own->text, own->size);
  sqlite3_free(own->items.items);
  sqlite3_free(own);
}
