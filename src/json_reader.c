/*
** json_reader.c: the checked walk of json_reader.h: JSON's grammar (RFC 8259) in one pass.
**
** Why not SQLite's json functions: json_each (tried on 3.40) cuts a text at \u0000 without a word,
** makes a REAL of an integer above 64 bits, cannot give the source text of the second of two equal
** names, knows no position of an error before 3.42, and leaves copies of the text behind in memory.
** Accepted is what json_valid() accepts, less three things: unpaired surrogates, bytes that are not
** UTF-8, and more than 1,000 levels (SQLite's own limit since 3.43); and {["a"]:1}, which 3.40 lets
** pass by mistake. test/fuzz/json_fuzz.c holds it to that.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strtod_l, explicit_bzero */
#endif
#include "json_reader.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 1000

int reader_open(Reader *reader, const char *text, size_t size, Error *error) {
  *reader = (Reader){0};
  const char *nul = size ? memchr(text, 0, size) : NULL;
  if (nul) {
    return error_set(error, SQLITE_ERROR, "invalid JSON at byte %lld: a NUL byte",
                     (long long)(nul - text) + 1);
  }
  if (!utf8_valid(text, size)) {
    return error_set(error, SQLITE_ERROR, "invalid JSON: the text is not UTF-8");
  }
  char *copy = sqlite3_malloc64((sqlite3_uint64)size + 1);
  if (!copy) return error_memory(error);
  if (size) memcpy(copy, text, size);
  copy[size] = 0;
  *reader = (Reader){.start = copy, .at = copy, .end = copy + size};
  return SQLITE_OK;
}

void reader_close(Reader *reader) {
  if (!reader->start) return;
  explicit_bzero((char *)reader->start, (size_t)(reader->end - reader->start));
  sqlite3_free((char *)reader->start);
  reader->start = NULL;
}

int reader_error(const Reader *reader, Error *error) {
  if (reader->no_memory) return error_memory(error);
  return error_set(error, SQLITE_ERROR, "invalid JSON at byte %lld: %s",
                   (long long)(reader->at - reader->start) + 1, reader->problem);
}

bool reader_fail(Reader *reader, const char *problem) {
  if (!reader->problem) reader->problem = problem;
  return false;
}

void reader_space(Reader *reader) {
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

/* The four digits at text, or -1. Stops at the first that is none, so a NUL at the end is
** enough. */
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
      return reader_fail(reader, "a string holds an unknown escape");
    }
    reader->at += 2;
    return true;
  }
  int unit = hex_four(reader->at + 2);
  if (unit < 0) return reader_fail(reader, "\\u needs four hexadecimal digits");
  if (is_low(unit)) return reader_fail(reader, "an unpaired surrogate is no character");
  if (is_high(unit)) {
    if (reader->at[6] != '\\' || reader->at[7] != 'u' || !is_low(hex_four(reader->at + 8))) {
      return reader_fail(reader, "an unpaired surrogate is no character");
    }
    reader->at += 6;
  }
  reader->at += 6;
  return true;
}

/* Leaves the text as it is; span without the quotes. */
bool check_string(Reader *reader, Span *span) {
  if (*reader->at != '"') return reader_fail(reader, "a string in double quotes is expected");
  span->start = ++reader->at;
  while (*reader->at != '"') {
    if (reader->at == reader->end) return reader_fail(reader, "a string has no end");
    if ((unsigned char)*reader->at < 0x20) {
      return reader_fail(reader, "a control character in a string must be written as an escape");
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
  if (*reader->at < '0' || *reader->at > '9') return reader_fail(reader, "a digit is expected");
  while (*reader->at >= '0' && *reader->at <= '9')
    reader->at++;
  return true;
}

static bool check_number(Reader *reader, Span *span) {
  span->start = reader->at;
  span->integer = true;
  if (*reader->at == '-') reader->at++;
  if (*reader->at == '0') {
    reader->at++;
    if (*reader->at >= '0' && *reader->at <= '9') {
      return reader_fail(reader, "a number must not start with 0");
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
  if (strncmp(reader->at, word, size) != 0) return reader_fail(reader, "a value is expected");
  reader->at += size;
  return true;
}

bool reader_enter(Reader *reader) {
  if (reader->depth == MAX_DEPTH) return reader_fail(reader, "nested deeper than 1000 levels");
  reader->depth++;
  reader->at++;
  reader_space(reader);
  return true;
}

/* After an element: true when another follows, false at the closing bracket (passed) or a
** problem. */
bool reader_another(Reader *reader, char close) {
  reader_space(reader);
  if (*reader->at == close) {
    reader->at++;
    reader->depth--;
    return false;
  }
  if (*reader->at != ',') {
    return reader_fail(reader, close == ']' ? "',' or ']' is expected" : "',' or '}' is expected");
  }
  reader->at++;
  reader_space(reader);
  return true;
}

/* At the start of the first element: true when the list is empty, and passes its end. */
bool reader_empty(Reader *reader, char close) {
  if (*reader->at != close) return false;
  reader->at++;
  reader->depth--;
  return true;
}

/* A member's name and the ':' behind it. */
bool check_name(Reader *reader, Span *name) {
  if (!check_string(reader, name)) return false;
  reader_space(reader);
  if (*reader->at != ':') return reader_fail(reader, "':' is expected");
  reader->at++;
  reader_space(reader);
  return true;
}

bool check_value(Reader *reader, Span *span) {
  char first = *reader->at;
  char *start = reader->at;
  if (first == '{' || first == '[') {
    char close = first == '{' ? '}' : ']';
    if (!reader_enter(reader)) return false;
    if (!reader_empty(reader, close)) {
      do {
        Span inner;
        if (first == '{' && !check_name(reader, &inner)) return false;
        if (!check_value(reader, &inner)) return false;
      } while (reader_another(reader, close));
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

bool reader_finish(Reader *reader) {
  reader_space(reader);
  if (reader->at < reader->end) reader_fail(reader, "nothing more is expected behind the value");
  return reader->problem == NULL;
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
size_t decode_string(Span string) {
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
bool decode_integer(Span number, int64_t *result) {
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

/* Out of range is an infinity, as SQLite reads it (and since 3.42 writes it: 9e999). The host may
** have set a locale with a decimal comma. */
double decode_real(Span number) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!plain) return strtod(number.start, NULL);
  double result = strtod_l(number.start, NULL, plain);
  freelocale(plain);
  return result;
}
