/*
** block_change.c: one part of a block changed: `SELECT connector_set('shop', 'tls', 'verify-ca')`.
**
** The key is a component (username, password, host …), `query` or `connect_args` (JSON), `query.KEY`, or
** an option. An option may stand in the URL's query or in connect_args under another name; it is taken
** out of there, so that it is given once, and put among the options. NULL takes a part out.
**
** Unlike a definition with a masked secret, a change of the host keeps the stored secret: the user
** typed exactly that.
*/
#include "draft.h"
#include "store.h"
#include "text.h"

#include <string.h>

static int copy(char **to, const char *from, Error *error) {
  if (from && (*to = text_copy(from)) == NULL) return error_memory(error);
  return SQLITE_OK;
}

/* Makes the empty draft hold what the block holds. */
static int fill(Draft *draft, const Block *old, Error *error) {
  Block *block = draft->block;
  block->driver = old->driver;
  block->port = old->port;
  if (old->sealed) block->sealed = sealed_retain(old->sealed);
  int code = copy(&block->username, old->username, error);
  if (code == SQLITE_OK) code = copy(&block->password, old->password, error);
  if (code == SQLITE_OK) code = copy(&block->host, old->host, error);
  if (code == SQLITE_OK) code = copy(&block->database, old->database, error);
  if (code == SQLITE_OK) code = copy(&block->connect_args, old->connect_args, error);
  if (code == SQLITE_OK) code = copy(&block->password_from, old->password_from, error);
  for (size_t i = 0; code == SQLITE_OK && i < old->query_count; i++) {
    code = draft_put_query(draft, old->query[i].key, old->query[i].value, error);
  }
  for (size_t i = 0; code == SQLITE_OK && i < old->own.count; i++) {
    code = option_list_put(&block->own, old->own.pairs[i].key, old->own.pairs[i].value, error);
  }
  return code;
}

/* Takes out of the query: one key; what means this option; or all (both NULL). */
static void remove_query(Draft *draft, const char *key, const char *option) {
  Block *block = draft->block;
  size_t left = 0;
  for (size_t i = 0; i < block->query_count; i++) {
    BlockQuery *query = &block->query[i];
    bool matches = key      ? strcmp(query->key, key) == 0
                   : option ? draft_means(block->driver->backend, query->key, option)
                            : true;
    if (matches) {
      sqlite3_free(query->key);
      sqlite3_free(query->value);
    } else {
      block->query[left++] = *query;
    }
  }
  block->query_count = left;
}

static int change_option(Draft *draft, const char *key, const char *value, Error *error) {
  Block *block = draft->block;
  const char *backend = block->driver->backend;
  const OptionSpec *spec = option_find_for(backend, key);
  if (spec == NULL) {
    return option_unknown(backend, key, draft_components, draft_component_count, error);
  }
  if (spec->alias_of) spec = option_find_for(backend, spec->alias_of);
  remove_query(draft, NULL, spec->key);
  int code = SQLITE_OK;
  if (block->connect_args) {
    code = draft_put_connect_args(draft, block->connect_args, strlen(block->connect_args),
                                  spec->key, error);
  }
  if (strcmp(spec->key, "password_from") == 0 && code == SQLITE_OK) {
    bool had = block->password_from != NULL;
    sqlite3_free(block->password_from);
    block->password_from = NULL;
    if (value || !had) code = draft_put(draft, "password", NULL, error);
  }
  if (code == SQLITE_OK) code = option_list_put(&block->own, spec->key, NULL, error);
  if (code == SQLITE_OK && value) code = option_list_put(&block->own, key, value, error);
  return code;
}

static int change_connect_args(Draft *draft, const char *value, Error *error) {
  sqlite3_free(draft->block->connect_args);
  draft->block->connect_args = NULL;
  if (value == NULL) return SQLITE_OK;
  return draft_put_connect_args(draft, value, strlen(value), NULL, error);
}

static int change(Draft *draft, const char *key, const char *value, Error *error) {
  if (strncmp(key, "query.", 6) == 0 && key[6]) {
    remove_query(draft, key + 6, NULL);
    return value ? draft_put_query(draft, key + 6, value, error) : SQLITE_OK;
  }
  if (strcmp(key, "query") == 0) {
    remove_query(draft, NULL, NULL);
    if (value == NULL) return SQLITE_OK;
    JsonItem item = {key, JSON_OBJECT, {.type = VALUE_TEXT, .bytes = {value, strlen(value)}}};
    return draft_put_item(draft, key, &item, error);
  }
  if (strcmp(key, "connect_args") == 0) return change_connect_args(draft, value, error);
  if (draft_is_component(key)) return draft_put(draft, key, value, error);
  return change_option(draft, key, value, error);
}

int block_change(Connector *connector, const Block *old, const char *key, const char *value,
                 Block **block, Error *error) {
  Draft draft;
  *block = NULL;
  int code = draft_start(&draft, connector, old->name, old, error);
  if (code == SQLITE_OK) code = fill(&draft, old, error);
  draft.changing = true;
  if (code == SQLITE_OK && value && !utf8_valid(value, strlen(value))) {
    code = error_set(error, SQLITE_ERROR, "the value is not valid UTF-8 text");
  }
  if (code == SQLITE_OK) code = change(&draft, key, value, error);
  if (code == SQLITE_OK)
    code = draft_finish(&draft, true, block, error);
  else
    draft_clear(&draft);
  if (code && code != SQLITE_NOMEM) error_wrap(error, "block '%s'", old->name);
  if (*block) (*block)->source = old->source;
  return code;
}
