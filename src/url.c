/*
** url.c: reading and writing of `driver://user:password@host:port/database?query`.
**
** The grammar is the regular expression of SQLAlchemy's make_url, taken apart by hand, because people
** bring their URLs from there:
**
**     scheme      letters, digits, _ and +
**     user        up to the first : (or, without a password, up to the last @ before a : or /)
**     password    from there to the first @; may hold : / ? #
**     host        up to : / or ?, or anything in [brackets]
**     port        up to / or ?
**     database    from / up to ?, taken as it stands
**     query       the rest, read as a form: + is a blank, empty values do not count, keys may repeat
**
** User and password are percent-decoded ('+' stays '+'). Where SQLAlchemy takes a piece of the text for
** a host name with an '@' in it, or leaves a rest unread, this is an error: it is how a password with a
** bare '@' shows up, and the piece would go to the resolver and into messages. For the same reason no
** error here repeats anything but the scheme.
*/
#include "url.h"
#include "driver_support.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

#define FORM                                                                                       \
  "driver://user:password@host:port/database?option=value, or sqlite:////path/of/a/file.db"

static bool scheme_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '+';
}

static size_t scheme_size(const char *text, size_t size) {
  size_t length = 0;
  while (length < size && scheme_char(text[length]))
    length++;
  if (length == 0 || size - length < 3 || memcmp(text + length, "://", 3) != 0) return 0;
  return length;
}

bool url_looks_like(const char *text, size_t size) {
  return scheme_size(text, size) > 0;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

size_t url_unquote(char *text, size_t size, bool plus_is_space) {
  size_t written = 0;
  for (size_t i = 0; i < size; i++) {
    int high = -1, low = -1;
    if (text[i] == '%' && i + 2 < size) {
      high = hex_digit(text[i + 1]);
      low = hex_digit(text[i + 2]);
    }
    if (high >= 0 && low >= 0) {
      text[written++] = (char)(high * 16 + low);
      i += 2;
    } else {
      text[written++] = plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  text[written] = 0;
  return written;
}

void url_clear(Url *url) {
  char *texts[] = {url->scheme, url->username, url->password, url->host, url->database};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    text_free(texts[i]);
  }
  for (size_t i = 0; i < url->query_count; i++) {
    UrlPair *pair = &url->query[i];
    text_free(pair->key);
    text_free(pair->value);
  }
  sqlite3_free(url->query);
  memset(url, 0, sizeof *url);
}

/* ---------------------------------------------------------------- reading */

typedef struct Reader {
  const char *at, *end;
  Error *error;
} Reader;

static int invalid(Reader *reader, const char *what) {
  return error_set(reader->error, SQLITE_ERROR, "Invalid URL: %s; the form is " FORM, what);
}

typedef enum Decoding { DECODE_NOTHING, DECODE_PERCENT, DECODE_FORM } Decoding;

/* A copy of a piece, decoded; checked for what no part may hold. */
static int piece(Reader *reader, const char *text, size_t size, Decoding decoding, const char *part,
                 char **result) {
  char *copy = text_copy_size(text, size);
  if (copy == NULL) return error_memory(reader->error);
  if (decoding != DECODE_NOTHING) size = url_unquote(copy, size, decoding == DECODE_FORM);
  if (memchr(copy, 0, size) == NULL && utf8_valid(copy, size)) {
    *result = copy;
    return SQLITE_OK;
  }
  text_free(copy);
  return error_set(reader->error, SQLITE_ERROR, "Invalid URL: the %s is not valid UTF-8 text",
                   part);
}

static const char *find(const char *at, const char *end, const char *stops) {
  while (at < end && strchr(stops, *at) == NULL)
    at++;
  return at;
}

static const char *find_last(const char *at, const char *end, char c) {
  for (const char *last = end; last > at; last--) {
    if (last[-1] == c) return last - 1;
  }
  return NULL;
}

/* user, user:password, or nothing, in front of an '@'. */
static int read_user(Reader *reader, Url *url) {
  const char *stop = find(reader->at, reader->end, ":/");
  const char *at = NULL;
  if (stop < reader->end && *stop == ':') {
    at = memchr(stop, '@', (size_t)(reader->end - stop));
    if (at) {
      int code = piece(reader, stop + 1, (size_t)(at - stop - 1), DECODE_PERCENT, "password",
                       &url->password);
      if (code) return code;
    }
  }
  const char *user_end = stop;
  if (at == NULL) at = user_end = find_last(reader->at, stop, '@');
  if (at == NULL) return SQLITE_OK;
  int code = piece(reader, reader->at, (size_t)(user_end - reader->at), DECODE_PERCENT, "user name",
                   &url->username);
  reader->at = at + 1;
  return code;
}

static int read_port(Reader *reader, Url *url) {
  const char *stop = find(reader->at, reader->end, "/?");
  int port = 0;
  for (; reader->at < stop; reader->at++) {
    if (!isdigit((unsigned char)*reader->at) || port > 65535) {
      return invalid(reader,
                     "the port must be a number from 1 to 65535 (user and password end with "
                     "'@'; characters like : / @ in them are written %3A %2F %40)");
    }
    port = port * 10 + (*reader->at - '0');
    if (port == 0 || port > 65535) {
      return invalid(reader, "the port must be a number from 1 to 65535");
    }
  }
  url->port = port;
  return SQLITE_OK;
}

static int read_host(Reader *reader, Url *url) {
  const char *start = reader->at, *stop = NULL;
  bool brackets = false;
  if (start < reader->end && *start == '[') {
    stop = find_last(start, find(start, reader->end, "/?"), ']');
    if (stop == NULL || stop == start + 1) return invalid(reader, "a '[' in the host has no ']'");
    brackets = true;
    start++;
  } else {
    stop = find(start, reader->end, ":/?");
  }
  if (memchr(start, '@', (size_t)(stop - start))) {
    return invalid(reader,
                   "there is an '@' too many; in a user name or password it is written %40");
  }
  if (stop > start) {
    int code = piece(reader, start, (size_t)(stop - start), DECODE_NOTHING, "host", &url->host);
    if (code) return code;
  }
  reader->at = brackets ? stop + 1 : stop;
  if (reader->at < reader->end && *reader->at == ':') {
    reader->at++;
    return read_port(reader, url);
  }
  return SQLITE_OK;
}

static int read_query(Reader *reader, Url *url) {
  while (reader->at < reader->end) {
    const char *stop = find(reader->at, reader->end, "&");
    const char *equal = find(reader->at, stop, "=");
    if (stop > reader->at) {
      UrlPair *query = sqlite3_realloc64(url->query, (url->query_count + 1) * sizeof *query);
      if (query == NULL) return error_memory(reader->error);
      url->query = query;
      UrlPair *pair = &query[url->query_count++];
      pair->key = pair->value = NULL;
      int code =
          piece(reader, reader->at, (size_t)(equal - reader->at), DECODE_FORM, "query", &pair->key);
      if (code == SQLITE_OK) {
        const char *value = equal < stop ? equal + 1 : stop;
        code = piece(reader, value, (size_t)(stop - value), DECODE_FORM, "query", &pair->value);
      }
      if (code) return code;
    }
    reader->at = stop < reader->end ? stop + 1 : stop;
  }
  return SQLITE_OK;
}

static int read_all(Reader *reader, Url *url) {
  size_t scheme = scheme_size(reader->at, (size_t)(reader->end - reader->at));
  if (scheme == 0) return invalid(reader, "it does not start with a driver's name and ://");
  int code = piece(reader, reader->at, scheme, DECODE_NOTHING, "driver", &url->scheme);
  reader->at += scheme + 3;
  if (code == SQLITE_OK) code = read_user(reader, url);
  if (code == SQLITE_OK) {
    url->doubtful = memchr(reader->at, '@', (size_t)(reader->end - reader->at)) != NULL;
    code = read_host(reader, url);
  }
  if (code == SQLITE_OK && reader->at < reader->end && *reader->at == '/') {
    const char *stop = find(++reader->at, reader->end, "?");
    code = piece(reader, reader->at, (size_t)(stop - reader->at), DECODE_NOTHING, "database",
                 &url->database);
    reader->at = stop;
  }
  if (code == SQLITE_OK && reader->at < reader->end && *reader->at == '?') {
    reader->at++;
    code = read_query(reader, url);
  }
  if (code == SQLITE_OK && reader->at < reader->end) {
    code = invalid(reader, "something stands between host and database");
  }
  return code;
}

int url_parse(const char *text, size_t size, Url *url, Error *error) {
  memset(url, 0, sizeof *url);
  Reader reader = {text, text + size, error};
  while (reader.at < reader.end && isspace((unsigned char)*reader.at))
    reader.at++;
  while (reader.end > reader.at && isspace((unsigned char)reader.end[-1]))
    reader.end--;
  int code = read_all(&reader, url);
  if (code) url_clear(url);
  return code;
}

/* ---------------------------------------------------------------- writing */

static void quote(sqlite3_str *out, const char *text, const char *safe, bool plus_is_space) {
  static const char digits[] = "0123456789ABCDEF";
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c < 128 && (isalnum(c) || strchr("_.-~", c) || strchr(safe, c))) {
      sqlite3_str_appendchar(out, 1, (char)c);
    } else if (plus_is_space && c == ' ') {
      sqlite3_str_appendchar(out, 1, '+');
    } else {
      char code[3] = {'%', digits[c >> 4], digits[c & 15]};
      sqlite3_str_append(out, code, 3);
    }
  }
}

void url_quote(sqlite3_str *out, const char *text) {
  quote(out, text, " +", false);
}

void url_quote_plus(sqlite3_str *out, const char *text) {
  quote(out, text, "", true);
}
