/*
** block.c: the Block object: its life, its name, the values of its options.
**
** A Block is made by draft.c and not changed afterwards, so it is shared by count: the set of blocks,
** a pool and a running call may hold the same one. The count is not atomic: a Block belongs to one
** Connector and is used under the mutex of its SQLite connection.
*/
#include "block.h"
#include "store.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MOST 64

Block *block_retain(Block *block) {
  block->references++;
  return block;
}

void block_release(Block *block) {
  if (block == NULL || --block->references > 0) return;
  sqlite3_free(block->name);
  sqlite3_free(block->id);
  text_free(block->username);
  text_free(block->password);
  sqlite3_free(block->host);
  sqlite3_free(block->database);
  for (size_t i = 0; i < block->query_count; i++) {
    sqlite3_free(block->query[i].key);
    text_free(block->query[i].value);
  }
  sqlite3_free(block->query);
  text_free(block->connect_args);
  text_free(block->password_from);
  option_list_clear(&block->options);
  option_list_clear(&block->own);
  sealed_release(block->sealed);
  sqlite3_free(block->broken);
  sqlite3_free(block->created_at);
  sqlite3_free(block->updated_at);
  sqlite3_free(block);
}

bool block_has_password(const Block *block) {
  return block->password != NULL || block->sealed != NULL;
}

const char *block_option(const Block *block, const char *key) {
  if (strcmp(key, "password_from") == 0) return block->password_from;
  const char *given = option_list_get(&block->options, key);
  if (given) return given;
  const OptionSpec *spec = option_find_for(block->driver->backend, key);
  return spec ? spec->fallback : NULL;
}

int64_t block_option_integer(const Block *block, const char *key) {
  const char *value = block_option(block, key);
  return value ? strtoll(value, NULL, 10) : 0;
}

bool block_option_true(const Block *block, const char *key) {
  bool on = false;
  option_boolean(block_option(block, key), &on);
  return on;
}

bool block_option_is(const Block *block, const char *key, const char *value) {
  const char *given = block_option(block, key);
  return given && !strcmp(given, value);
}

/* ---------------------------------------------------------------- names */

/* In the place of a name one may find a URL with a password: such a text is not repeated. */
static bool may_be_shown(const char *name) {
  size_t size = strlen(name);
  if (size == 0 || size > NAME_MOST) return false;
  for (size_t i = 0; i < size; i++) {
    if ((unsigned char)name[i] < ' ' || strchr(":@/={\x7f", name[i])) return false;
  }
  return true;
}

int block_name_check(const char *name, Error *error) {
  size_t size = strlen(name);
  bool valid = size > 0 && size <= NAME_MOST;
  for (size_t i = 0; valid && i < size; i++) {
    char c = name[i];
    valid = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  }
  if (!valid) {
    const char *shown = may_be_shown(name) ? name : "that";
    return error_set(error, SQLITE_ERROR,
                     "'%s' cannot be a block's name: use up to %d of a-z 0-9 _ -", shown,
                     NAME_MOST);
  }
  if (strcmp(name, "main") == 0 || strcmp(name, "temp") == 0 || strncmp(name, "sqlite_", 7) == 0 ||
      strncmp(name, "connector", 9) == 0) {
    return error_set(error, SQLITE_ERROR,
                     "'%s' cannot be a block's name: main, temp, sqlite_… and connector… are "
                     "reserved",
                     name);
  }
  return SQLITE_OK;
}
