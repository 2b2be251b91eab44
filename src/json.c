/*
** json.c: reads JSON objects and arrays: parameters, sets, options and definitions.
**
**   connector_execute('shop', 'INSERT INTO t VALUES (:a, :b)', '{"a":1,"b":{"$base64":"AP8="}}')
**
** A JsonItems is one copy of the text, with strings decoded in place, and one array. Only the first
** level is taken apart; arrays and objects inside stay the text they are. It is wiped when freed,
** because a block's definition comes this way with its password.
**
** Relies on: json_reader.c for the grammar.
*/
#include "json_reader.h"

#include <string.h>

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
    for (int j = 0; j < 3 - pad; j++)
      *to++ = (char)(bits >> (16 - 8 * j));
  }
  *decoded = (size_t)(to - text);
  return true;
}

/* {"$base64":"…"}, with this spelling of the name and nothing else in it. */
static bool is_base64_object(Span object, Span *digits) {
  static const char name[] = "\"$base64\"";
  Reader reader = {.start = object.start, .at = object.start + 1, .end = object.end - 1};
  reader_space(&reader);
  if (strncmp(reader.at, name, sizeof name - 1) != 0) return false;
  Span key;
  if (!check_name(&reader, &key) || *reader.at != '"' || !check_string(&reader, digits)) {
    return false;
  }
  reader_space(&reader);
  return reader.at == reader.end;
}

/* ---------------------------------------------------------------- parsing */

typedef struct OwnItems {
  JsonItems items; /* must be first */
  Reader reader;   /* its copy of the text is what everything points into */
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
    return reader_fail(reader, "$base64 must be padded base64 without spaces");
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
      reader_fail(reader, "out of memory");
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
    size_t name_size = decode_string(name);
    if (strlen(name.start) < name_size) {
      reader->at = name.start;
      return reader_fail(reader, "a name must not contain \\u0000");
    }
    item->key = name.start;
    reader->at = at;
  }
  char first = *reader->at;
  Span span;
  return check_value(reader, &span) && item_decode(reader, span, first, item);
}

static bool items_read(Reader *reader, OwnItems *own) {
  reader_space(reader);
  own->items.is_object = *reader->at == '{';
  if (!own->items.is_object && *reader->at != '[') {
    return reader_fail(reader, "an object {…} or an array […] is expected");
  }
  char close = own->items.is_object ? '}' : ']';
  reader_enter(reader);
  if (!reader_empty(reader, close)) {
    do {
      if (!item_read(reader, own)) return false;
    } while (reader_another(reader, close));
  }
  return !reader->problem && reader_finish(reader);
}

int json_open(const Value *value, JsonItems **items, Error *error) {
  *items = NULL;
  OwnItems *own = sqlite3_malloc64(sizeof *own);
  if (!own) return error_memory(error);
  *own = (OwnItems){0};
  int code = reader_open(&own->reader, value->bytes.data, value->bytes.size, error);
  if (!code && !items_read(&own->reader, own)) code = reader_error(&own->reader, error);
  if (code) {
    json_free(&own->items);
    return code;
  }
  *items = &own->items;
  return SQLITE_OK;
}

int json_parse(Connector *connector, const char *text, size_t size, JsonItems **items,
               Error *error) {
  (void)connector;
  Value value = {.type = VALUE_TEXT, .json = true};
  value.bytes.data = text;
  value.bytes.size = size;
  return json_open(&value, items, error);
}

void json_free(JsonItems *items) {
  OwnItems *own = (OwnItems *)items;
  if (!own) return;
  reader_close(&own->reader);
  sqlite3_free(own->items.items);
  sqlite3_free(own);
}
