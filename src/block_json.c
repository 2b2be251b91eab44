/*
** block_json.c: a block as text: the JSON that block_parse reads again, and its URL.
**
** A password is the only secret of a block (draft.c sees to it), so masking is one place here. The
** buffers are wiped as they grow, for the form that is not masked.
*/
#include "block.h"
#include "driver_support.h"
#include "url.h"

#include <string.h>

#define MASK "********"

/* ---------------------------------------------------------------- memory that is wiped */

static void *allocate(size_t size) {
  return sqlite3_malloc64(size);
}

static void release(void *memory) {
  if (memory) explicit_bzero(memory, (size_t)sqlite3_msize(memory));
  sqlite3_free(memory);
}

static void *reallocate(void *memory, size_t size) {
  void *grown = sqlite3_malloc64(size);
  if (grown == NULL || memory == NULL) return grown;
  size_t old = (size_t)sqlite3_msize(memory);
  memcpy(grown, memory, old < size ? old : size);
  release(memory);
  return grown;
}

static const DriverHost wiping_host = {
    .size = sizeof(DriverHost),
    .abi = DRIVER_ABI,
    .allocate = allocate,
    .reallocate = reallocate,
    .release = release,
};

/* ---------------------------------------------------------------- JSON */

static void put_key(DriverBuffer *buffer, const char *key) {
  buffer_text(buffer, buffer->size > 0 && buffer->data[buffer->size - 1] != '{' ? "," : "");
  buffer_json_string(buffer, key, strlen(key));
  buffer_text(buffer, ":");
}

static void put_text(DriverBuffer *buffer, const char *key, const char *value) {
  if (value == NULL) return;
  put_key(buffer, key);
  buffer_json_string(buffer, value, strlen(value));
}

static void put_option(DriverBuffer *buffer, const Block *block, const OptionPair *option) {
  const OptionSpec *spec = option_find_for(block->driver->backend, option->key);
  bool bare = spec && (spec->type == OPTION_BOOLEAN || spec->type == OPTION_INTEGER ||
                       spec->type == OPTION_SECONDS || spec->type == OPTION_MILLISECONDS);
  put_key(buffer, option->key);
  if (bare)
    buffer_text(buffer, option->value);
  else
    buffer_json_string(buffer, option->value, strlen(option->value));
}

static bool seen_before(const Block *block, size_t index) {
  for (size_t i = 0; i < index; i++) {
    if (strcmp(block->query[i].key, block->query[index].key) == 0) return true;
  }
  return false;
}

/* {"key":"value","key":["several","values"]} */
static void put_query(DriverBuffer *buffer, const Block *block) {
  if (block->query_count == 0) return;
  put_key(buffer, "query");
  buffer_text(buffer, "{");
  for (size_t i = 0; i < block->query_count; i++) {
    const BlockQuery *query = &block->query[i];
    size_t values = 0;
    if (seen_before(block, i)) continue;
    put_key(buffer, query->key);
    for (size_t j = i; j < block->query_count; j++) {
      if (strcmp(block->query[j].key, query->key) == 0) values++;
    }
    if (values > 1) buffer_text(buffer, "[");
    for (size_t j = i, written = 0; j < block->query_count; j++) {
      if (strcmp(block->query[j].key, query->key) != 0) continue;
      if (written++) buffer_text(buffer, ",");
      buffer_json_string(buffer, block->query[j].value, strlen(block->query[j].value));
    }
    if (values > 1) buffer_text(buffer, "]");
  }
  buffer_text(buffer, "}");
}

/* The text, sqlite3_malloc'ed by allocate(); NULL when out of memory. */
static char *finish(DriverBuffer *buffer) {
  if (buffer->failed) buffer_clear(buffer);
  return buffer->data;
}

char *block_json(const Block *block, bool masked) {
  DriverBuffer buffer;
  buffer_init(&buffer, &wiping_host);
  buffer_text(&buffer, "{");
  put_text(&buffer, "driver", block->driver->name);
  put_text(&buffer, "username", block->username);
  if (block_has_password(block)) {
    put_text(&buffer, "password", masked || !block->password ? MASK : block->password);
  }
  put_text(&buffer, "host", block->host);
  if (block->port) {
    put_key(&buffer, "port");
    buffer_format(&buffer, "%d", block->port);
  }
  put_text(&buffer, "database", block->database);
  put_query(&buffer, block);
  if (block->connect_args) {
    put_key(&buffer, "connect_args");
    buffer_text(&buffer, block->connect_args);
  }
  put_text(&buffer, "password_from", block->password_from);
  for (size_t i = 0; i < block->own.count; i++)
    put_option(&buffer, block, &block->own.pairs[i]);
  buffer_text(&buffer, "}");
  return finish(&buffer);
}

char *block_options_json(const Block *block) {
  DriverBuffer buffer;
  buffer_init(&buffer, &wiping_host);
  buffer_text(&buffer, "{");
  for (size_t i = 0; i < block->options.count; i++) {
    put_option(&buffer, block, &block->options.pairs[i]);
  }
  put_text(&buffer, "password_from", block->password_from);
  buffer_text(&buffer, "}");
  return finish(&buffer);
}

/* ---------------------------------------------------------------- URL */

/* The keys in their order: SQLAlchemy sorts them. */
static void append_query(sqlite3_str *url, const Block *block) {
  const char *last = NULL;
  size_t written = 0;
  while (written < block->query_count) {
    const char *next = NULL;
    for (size_t i = 0; i < block->query_count; i++) {
      const char *key = block->query[i].key;
      if ((last == NULL || strcmp(key, last) > 0) && (next == NULL || strcmp(key, next) < 0)) {
        next = key;
      }
    }
    if (next == NULL) return;
    for (size_t i = 0; i < block->query_count; i++) {
      if (strcmp(block->query[i].key, next) != 0) continue;
      sqlite3_str_appendchar(url, 1, written++ ? '&' : '?');
      url_quote_plus(url, next);
      sqlite3_str_appendchar(url, 1, '=');
      url_quote_plus(url, block->query[i].value);
    }
    last = next;
  }
}

char *block_url(const Block *block, bool masked) {
  sqlite3_str *url = sqlite3_str_new(NULL);
  sqlite3_str_appendf(url, "%s://", block->driver->name);
  /* a password without a user is not shown there; SQLCipher's passphrase is one */
  bool secret = block_has_password(block) &&
                (block->username || strcmp(block->driver->backend, "sqlite") == 0);
  if (block->username || secret) {
    url_quote(url, block->username ? block->username : "");
    if (secret) {
      sqlite3_str_appendchar(url, 1, ':');
      if (masked || block->password == NULL)
        sqlite3_str_appendall(url, MASK);
      else
        url_quote(url, block->password);
    }
    sqlite3_str_appendchar(url, 1, '@');
  }
  if (block->host) {
    bool brackets = strchr(block->host, ':') != NULL;
    sqlite3_str_appendf(url, brackets ? "[%s]" : "%s", block->host);
  }
  if (block->port) sqlite3_str_appendf(url, ":%d", block->port);
  if (block->database) sqlite3_str_appendf(url, "/%s", block->database);
  append_query(url, block);
  return sqlite3_str_finish(url);
}
