/*
** literal.c: a JSON array as the text of an SQL array ('{1,2,NULL}'), a JSON object as that of a
** composite ('(1,"a b")'), nested as deep as the type is. Nested arrays are the dimensions of one
** array, but for elements that are json themselves, which get the JSON text as it is.
** A small reader that goes through the text once; what is not JSON is refused with the parameter's
** number.
*/
#include "postgresql.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MOST = 32 };

typedef struct Reader {
  PgConnection *connection;
  const DriverHost *host;
  const char *at, *end;
  const char *fault;
} Reader;

static bool fail(Reader *reader, const char *fault) {
  if (reader->fault == NULL) reader->fault = fault;
  return false;
}

static char skip_space(Reader *reader) {
  while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' ||
                                      *reader->at == '\n' || *reader->at == '\r')) {
    reader->at++;
  }
  return reader->at < reader->end ? *reader->at : 0;
}

static bool expect(Reader *reader, char c) {
  if (skip_space(reader) != c) return fail(reader, "it is not valid JSON");
  reader->at++;
  return true;
}

/* ---------------------------------------------------------------- JSON scalars */

static int hex4(Reader *reader) {
  int code = 0;
  for (int i = 0; i < 4; i++) {
    char c = reader->at < reader->end ? *reader->at++ : 0;
    int digit = c >= '0' && c <= '9'                 ? c - '0'
                : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                     : -1;
    if (digit < 0) return -1;
    code = code << 4 | digit;
  }
  return code;
}

static void put_utf8(DriverBuffer *text, unsigned code) {
  char bytes[4];
  size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  if (size == 1) bytes[0] = (char)code;
  for (size_t i = size; size > 1 && i-- > 1; code >>= 6)
    bytes[i] = (char)(0x80 | (code & 0x3f));
  if (size > 1) bytes[0] = (char)((0xf00 >> size & 0xff) | code);
  buffer_append(text, bytes, size);
}

static bool read_escape(Reader *reader, DriverBuffer *text) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  char c = reader->at < reader->end ? *reader->at++ : 0;
  const char *simple = c != 0 ? strchr(from, c) : NULL;
  if (simple != NULL) {
    buffer_append(text, &to[simple - from], 1);
    return true;
  }
  int code = c == 'u' ? hex4(reader) : -1;
  if (code >= 0xd800 && code < 0xdc00 && reader->end - reader->at >= 6 &&
      memcmp(reader->at, "\\u", 2) == 0) {
    reader->at += 2;
    int low = hex4(reader);
    if (low < 0xdc00 || low > 0xdfff) return fail(reader, "it is not valid JSON");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (code < 0 || (code >= 0xd800 && code <= 0xdfff)) return fail(reader, "it is not valid JSON");
  if (code == 0) return fail(reader, "it has a NUL character, which PostgreSQL cannot store");
  put_utf8(text, (unsigned)code);
  return true;
}

static bool read_string(Reader *reader, DriverBuffer *text) {
  if (!expect(reader, '"')) return false;
  while (reader->at < reader->end) {
    char c = *reader->at++;
    if (c == '"') return true;
    if ((unsigned char)c < 0x20) break;
    if (c != '\\')
      buffer_append(text, &c, 1);
    else if (!read_escape(reader, text))
      return false;
  }
  return fail(reader, "it is not valid JSON");
}

static bool read_number(Reader *reader, DriverBuffer *text) {
  const char *start = reader->at;
  while (reader->at < reader->end && strchr("+-.0123456789eE", *reader->at) != NULL &&
         *reader->at != 0) {
    reader->at++;
  }
  if (reader->at == start) return fail(reader, "it is not valid JSON");
  buffer_append(text, start, (size_t)(reader->at - start));
  return true;
}

static bool read_word(Reader *reader, const char *word) {
  size_t size = strlen(word);
  if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
    return false;
  reader->at += size;
  return true;
}

/* Moves over one value; its text lies between the two positions. */
static bool skip_value(Reader *reader, int depth) {
  char c = skip_space(reader);
  bool done = true;
  DriverBuffer ignored;
  buffer_init(&ignored, reader->host);
  if (depth > DEPTH_MOST) {
    done = fail(reader, "it is nested too deeply");
  } else if (c == '"') {
    done = read_string(reader, &ignored);
  } else if (c == '[' || c == '{') {
    char close = c == '[' ? ']' : '}';
    reader->at++;
    bool first = true;
    while (done && skip_space(reader) != close) {
      if (!first) done = expect(reader, ',');
      if (done && c == '{')
        done = skip_space(reader) == '"' && read_string(reader, &ignored) && expect(reader, ':');
      done = done && skip_value(reader, depth + 1);
      first = false;
    }
    if (done)
      reader->at++;
    else
      fail(reader, "it is not valid JSON");
  } else if (!read_word(reader, "null") && !read_word(reader, "true") &&
             !read_word(reader, "false")) {
    done = read_number(reader, &ignored);
  }
  buffer_clear(&ignored);
  return done;
}

/* ---------------------------------------------------------------- SQL literals */

/* In double quotes, as part of an array or a composite. */
static void put_quoted(DriverBuffer *literal, const char *text, size_t size) {
  buffer_append(literal, "\"", 1);
  for (size_t i = 0; i < size; i++) {
    if (text[i] == '"' || text[i] == '\\') buffer_append(literal, "\\", 1);
    buffer_append(literal, &text[i], 1);
  }
  buffer_append(literal, "\"", 1);
}

static bool put_value(Reader *reader, const PgType *type, DriverBuffer *literal, bool *null,
                      int depth);

/* One element or field: what it is, in quotes; NULL as the container writes it. */
static bool put_part(Reader *reader, const PgType *type, const char *null_word,
                     DriverBuffer *literal, int depth) {
  DriverBuffer part;
  bool null = false;
  buffer_init(&part, reader->host);
  bool done = put_value(reader, type, &part, &null, depth + 1);
  if (done && null)
    buffer_text(literal, null_word);
  else if (done)
    put_quoted(literal, part.size > 0 ? part.data : "", part.size);
  literal->failed = literal->failed || part.failed;
  buffer_clear(&part);
  return done;
}

static bool put_array(Reader *reader, const PgType *element, DriverBuffer *literal, int depth) {
  bool json = element->kind == KIND_JSON || element->kind == KIND_JSONB;
  char delimiter = element->delimiter != 0 ? element->delimiter : ',';
  if (depth > DEPTH_MOST) return fail(reader, "it is nested too deeply");
  if (!expect(reader, '[')) return false;
  buffer_append(literal, "{", 1);
  for (bool first = true; skip_space(reader) != ']'; first = false) {
    if (!first && !expect(reader, ',')) return false;
    if (!first) buffer_append(literal, &delimiter, 1);
    bool done = skip_space(reader) == '[' && !json
                    ? put_array(reader, element, literal, depth + 1)
                    : put_part(reader, element, "NULL", literal, depth);
    if (!done) return false;
  }
  reader->at++;
  buffer_append(literal, "}", 1);
  return true;
}

/* Where the value of each field is; a name that the type does not have is refused. */
static bool find_fields(Reader *reader, const PgType *type, const char **places) {
  if (!expect(reader, '{')) return false;
  for (bool first = true; skip_space(reader) != '}'; first = false) {
    DriverBuffer name;
    size_t found = type->field_count;
    if (!first && !expect(reader, ',')) return false;
    buffer_init(&name, reader->host);
    bool done = skip_space(reader) == '"' && read_string(reader, &name) && expect(reader, ':');
    for (size_t i = 0; done && i < type->field_count; i++) {
      if (strcmp(type->fields[i].name, name.size > 0 ? name.data : "") == 0) found = i;
    }
    buffer_clear(&name);
    if (!done) return fail(reader, "it is not valid JSON");
    if (found == type->field_count) return fail(reader, "it has a key that the type does not have");
    skip_space(reader);
    places[found] = reader->at;
    if (!skip_value(reader, 0)) return false;
  }
  reader->at++;
  return true;
}

static bool put_composite(Reader *reader, const PgType *type, DriverBuffer *literal, int depth) {
  const char **places = reader->host->allocate((type->field_count + 1) * sizeof(*places));
  if (depth > DEPTH_MOST) {
    reader->host->release(places);
    return fail(reader, "it is nested too deeply");
  }
  if (places == NULL) {
    literal->failed = true;
    return true;
  }
  memset(places, 0, (type->field_count + 1) * sizeof(*places));
  bool done = find_fields(reader, type, places);
  const char *behind = reader->at;
  buffer_append(literal, "(", 1);
  for (size_t i = 0; i < type->field_count && done; i++) {
    const PgType *field = pg_type_find(reader->connection, type->fields[i].type);
    if (i > 0) buffer_append(literal, ",", 1);
    if (places[i] == NULL) continue;
    reader->at = places[i];
    done = put_part(reader, field != NULL ? field : pg_type_other(), "", literal, depth);
  }
  buffer_append(literal, ")", 1);
  reader->at = behind;
  reader->host->release(places);
  return done;
}

/* One JSON value as the text form of a type, without quotes around it. */
static bool put_value(Reader *reader, const PgType *type, DriverBuffer *literal, bool *null,
                      int depth) {
  char c = skip_space(reader);
  if (type->kind == KIND_JSON || type->kind == KIND_JSONB) {
    const char *start = reader->at;
    if (!skip_value(reader, depth)) return false;
    *null = reader->at - start == 4 && memcmp(start, "null", 4) == 0;
    buffer_append(literal, start, (size_t)(reader->at - start));
    return true;
  }
  if (read_word(reader, "null")) {
    *null = true;
    return true;
  }
  if (c == '[' && type->kind == KIND_ARRAY) {
    const PgType *element = pg_type_find(reader->connection, type->element);
    return put_array(reader, element != NULL ? element : pg_type_other(), literal, depth);
  }
  if (c == '{' && type->kind == KIND_COMPOSITE) return put_composite(reader, type, literal, depth);
  if (c == '"') return read_string(reader, literal);
  if (read_word(reader, "true")) {
    buffer_text(literal, "true");
    return true;
  }
  if (read_word(reader, "false")) {
    buffer_text(literal, "false");
    return true;
  }
  if (c == '[' || c == '{') return fail(reader, "it is nested deeper than the type");
  return read_number(reader, literal);
}

DriverStatus pg_literal(PgConnection *connection, const PgType *type, const char *json, size_t size,
                        size_t parameter, DriverBuffer *text, DriverError *error) {
  Reader reader = {
      .connection = connection, .host = connection->base.host, .at = json, .end = json + size};
  bool null = false;
  bool done = put_value(&reader, type, text, &null, 0);
  if (done && skip_space(&reader) != 0) done = fail(&reader, "it is not valid JSON");
  if (done) return DRIVER_OK;
  return driver_error_set(error, FAILURE_UNFIT, "22000", "parameter %zu: %s (%s is expected)",
                          parameter, reader.fault != NULL ? reader.fault : "it is not valid JSON",
                          type->name);
}
