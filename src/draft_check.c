/*
** draft_check.c: makes a Block of a draft: everything that can be checked without connecting is checked
** here, so that a block which could be saved can be loaded and tried.
**
** Layers: an option may stand in the query, in connect_args and among the options; a later one of these
** beats an earlier one. The same word twice in one layer with two values is an error.
**
** A secret that was given as ******** is taken from the older block, if the new one still leads to the
** same place by the same or a better way: host, user, TLS and secret are one unit.
*/
#include "address.h"
#include "draft.h"
#include "secret.h"
#include "store.h"
#include "text.h"
#include "url.h"

#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------- options */

/* Checks one option and puts it into its layer. */
static int layer_put(Draft *draft, OptionList *layer, const char *key, const char *given,
                     Error *error) {
  const char *backend = draft->block->driver->backend;
  const OptionSpec *spec = NULL;
  char *value = NULL;
  if (given[0] == 0 && option_find_for(backend, key)) return SQLITE_OK; /* empty = not given */
  int code = option_check(backend, key, given, &spec, &value, error);
  if (code && spec == NULL && code != SQLITE_NOMEM) {
    if (draft->doubtful) {
      code = option_unknown(backend, "", draft_components, draft_component_count, error);
      error_wrap(error, "Invalid URL, or one whose password holds a bare '@' (write it %%40)");
    } else {
      code = option_unknown(backend, key, draft_components, draft_component_count, error);
    }
  }
  if (code == SQLITE_OK && value[0]) {
    const char *before = option_list_get(layer, spec->key);
    if (before && strcmp(before, value) != 0) {
      code = error_set(error, SQLITE_ERROR, "%s is given twice", spec->key);
    } else {
      code = option_list_put(layer, spec->key, value, error);
    }
  }
  sqlite3_free(value);
  return code;
}

static int layer_over(OptionList *options, const OptionList *layer, Error *error) {
  int code = SQLITE_OK;
  for (size_t i = 0; code == SQLITE_OK && i < layer->count; i++) {
    code = option_list_put(options, layer->pairs[i].key, layer->pairs[i].value, error);
  }
  return code;
}

/* {"ssl": {"ca": …}} is ssl_ca; {"server_settings": {"application_name": …}} is application_name. */
static int put_nested(Draft *draft, OptionList *layer, const JsonItem *item, Error *error) {
  bool ssl = strcmp(item->key, "ssl") == 0;
  if (!ssl && strcmp(item->key, "server_settings") != 0) {
    return error_set(error, SQLITE_ERROR, "connect_args: %s must be a single value",
                     option_find(item->key) ? item->key : "a member");
  }
  JsonItems *members = NULL;
  int code =
      json_parse(draft->connector, item->value.bytes.data, item->value.bytes.size, &members, error);
  for (size_t i = 0; code == SQLITE_OK && i < members->count; i++) {
    const JsonItem *member = &members->items[i];
    char *text = NULL, *key = NULL;
    if (!members->is_object) {
      code = error_set(error, SQLITE_ERROR, "connect_args: a member must be a single value");
      break;
    }
    if (!ssl && strcmp(member->key, "application_name") != 0) {
      code = error_set(error, SQLITE_ERROR,
                       "server_settings can hold application_name; give others as "
                       "options=\"-c name=value\"");
      break;
    }
    key = sqlite3_mprintf("%s%s", ssl ? "ssl_" : "", member->key);
    code = key ? draft_item_text(key, member, &text, error) : error_memory(error);
    if (code == SQLITE_OK && text) code = layer_put(draft, layer, key, text, error);
    text_free(text);
    sqlite3_free(key);
  }
  json_free(members);
  return code;
}

static int flatten_connect_args(Draft *draft, OptionList *layer, Error *error) {
  JsonItems *members = NULL;
  const char *json = draft->block->connect_args;
  if (json == NULL) return SQLITE_OK;
  int code = json_parse(draft->connector, json, strlen(json), &members, error);
  for (size_t i = 0; code == SQLITE_OK && i < members->count; i++) {
    const JsonItem *member = &members->items[i];
    if (member->kind == JSON_OBJECT || member->kind == JSON_ARRAY) {
      code = put_nested(draft, layer, member, error);
      continue;
    }
    char *text = NULL;
    code = draft_item_text(member->key, member, &text, error);
    if (code == SQLITE_OK && text) code = layer_put(draft, layer, member->key, text, error);
    text_free(text);
  }
  json_free(members);
  return code;
}

int draft_flatten(Draft *draft, OptionList *options, Error *error) {
  const Block *block = draft->block;
  bool server = strcmp(block->driver->backend, "sqlite") != 0;
  OptionList layer = {0};
  int code = SQLITE_OK;
  for (size_t i = 0; code == SQLITE_OK && i < block->query_count; i++) {
    const BlockQuery *query = &block->query[i];
    if (server && (strcmp(query->key, "host") == 0 || strcmp(query->key, "port") == 0)) continue;
    code = layer_put(draft, options, query->key, query->value, error);
  }
  draft->doubtful = false;
  if (code == SQLITE_OK) code = flatten_connect_args(draft, &layer, error);
  if (code == SQLITE_OK) code = layer_over(options, &layer, error);
  option_list_clear(&layer);
  return code;
}

/* Files are found again from another directory; "system" is what is used without tls_ca. */
static int absolute_option(Draft *draft, const char *key, Error *error) {
  OptionList *lists[] = {&draft->block->options, &draft->block->own};
  for (size_t i = 0; i < 2; i++) {
    const char *path = option_list_get(lists[i], key);
    char directory[4096];
    int code = SQLITE_OK;
    if (path == NULL || path[0] == '/') continue;
    if (strcmp(key, "tls_ca") == 0 && strcmp(path, "system") == 0) {
      code = option_list_put(lists[i], key, NULL, error);
    } else if (getcwd(directory, sizeof directory) == NULL) {
      code = error_set(error, SQLITE_ERROR, "%s must be an absolute path", key);
    } else {
      char *absolute = sqlite3_mprintf("%s/%s", directory, path);
      code = absolute ? option_list_put(lists[i], key, absolute, error) : error_memory(error);
      sqlite3_free(absolute);
    }
    if (code) return code;
  }
  return SQLITE_OK;
}

/* Block.own as typed → checked; Block.options = all layers. */
static int check_options(Draft *draft, Error *error) {
  Block *block = draft->block;
  OptionList typed = block->own;
  block->own = (OptionList){0};
  option_list_clear(&block->options);
  int code = draft_flatten(draft, &block->options, error);
  for (size_t i = 0; code == SQLITE_OK && i < typed.count; i++) {
    code = layer_put(draft, &block->own, typed.pairs[i].key, typed.pairs[i].value, error);
  }
  option_list_clear(&typed);
  if (code == SQLITE_OK) code = layer_over(&block->options, &block->own, error);
  static const char *const files[] = {"tls_ca", "tls_cert", "tls_key", "read_default_file",
                                      "ssl_capath"};
  for (size_t i = 0; code == SQLITE_OK && i < sizeof files / sizeof files[0]; i++) {
    code = absolute_option(draft, files[i], error);
  }
  return code;
}

/* ---------------------------------------------------------------- SQLite */

#define SQLITE_FORMS                                                                               \
  "sqlite:///relative.db, sqlite:////absolute.db (four slashes), sqlite:// or "                    \
  "sqlite:///:memory: for memory"

/* A file's path is made absolute; a "file:" URI becomes its path. */
static int check_sqlite(Draft *draft, Error *error) {
  Block *block = draft->block;
  bool cipher = strcmp(block->driver->name, "sqlite+pysqlcipher") == 0;
  bool secret = block_has_password(block) || draft->keep_secret || block->password_from;
  if (block->username || block->host || block->port || (secret && !cipher)) {
    return error_set(
        error, SQLITE_ERROR,
        "%sSQLite takes no user, password, host or port; valid forms are " SQLITE_FORMS,
        draft->from_url ? "Invalid URL: " : "");
  }
  char *path = block->database;
  bool uri = false;
  option_boolean(option_list_get(&block->options, "uri"), &uri);
  if (path && uri && strncmp(path, "file:", 5) == 0) {
    memmove(path, path + 5, strlen(path + 5) + 1);
    if (strncmp(path, "///", 3) == 0) memmove(path, path + 2, strlen(path + 2) + 1);
    size_t size = url_unquote(path, strlen(path), false);
    if (strlen(path) != size) {
      return error_set(error, SQLITE_ERROR, "the path of the file: URI holds a NUL character");
    }
  }
  const char *mode = option_list_get(&block->options, "mode");
  bool memory = path == NULL || path[0] == 0 || strcmp(path, ":memory:") == 0 ||
                (mode && strcmp(mode, "memory") == 0);
  if (memory || path[0] == '/') return SQLITE_OK;
  char directory[4096];
  if (getcwd(directory, sizeof directory) == NULL) {
    return error_set(error, SQLITE_ERROR, "the database must be an absolute path");
  }
  while (path[0] == '.' && path[1] == '/')
    path += 2;
  char *absolute = sqlite3_mprintf("%s/%s", strcmp(directory, "/") == 0 ? "" : directory, path);
  if (absolute == NULL) return error_memory(error);
  sqlite3_free(block->database);
  block->database = absolute;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- the secret */

static bool same_text(const char *a, const char *b) {
  return a == b || (a && b && strcmp(a, b) == 0);
}

/* May the old block's secret be used by the new one? */
static bool same_place(const Block *old, const Block *block, const AddressList *there,
                       const AddressList *here) {
  bool same = strcmp(old->driver->backend, block->driver->backend) == 0 &&
              same_text(old->username, block->username) && there->count == here->count;
  for (size_t i = 0; same && i < here->count; i++) {
    same = same_text(there->addresses[i].host, here->addresses[i].host) &&
           there->addresses[i].port == here->addresses[i].port;
  }
  return same && address_tls(block, here) >= address_tls(old, there) &&
         same_text(option_list_get(&old->options, "tls_ca"),
                   option_list_get(&block->options, "tls_ca"));
}

static int keep_secret(Draft *draft, const AddressList *here, Error *error) {
  Block *block = draft->block;
  const Block *old = draft->old;
  if (block->password) {
    return error_set(error, SQLITE_ERROR, "password is given twice, and once masked");
  }
  if (draft->stored) {
    block->sealed = sealed_retain(draft->stored);
    return SQLITE_OK;
  }
  if (old == NULL || !block_has_password(old)) {
    return error_set(error, SQLITE_ERROR,
                     "the password is masked (********) and none is stored under this name: "
                     "give the password itself, or password_from");
  }
  AddressList there;
  int code = address_list(old, &there, error);
  if (code) return code;
  bool same = same_place(old, block, &there, here);
  address_list_clear(&there);
  if (!same) {
    return error_set(error, SQLITE_ERROR,
                     "the stored password is for another server, user or TLS mode; host, user, TLS "
                     "and secret are one unit: give the password again in place of ********");
  }
  if (old->password && (block->password = text_copy(old->password)) == NULL) {
    return error_memory(error);
  }
  if (old->sealed) block->sealed = sealed_retain(old->sealed);
  return SQLITE_OK;
}

/* password_from is an option when it is given, and a part of its own from here on. */
static int take_reference(Draft *draft, Error *error) {
  Block *block = draft->block;
  const char *reference = option_list_get(&block->options, "password_from");
  if (reference == NULL) return SQLITE_OK;
  sqlite3_free(block->password_from);
  block->password_from = text_copy(reference);
  if (block->password_from == NULL) return error_memory(error);
  int code = option_list_put(&block->options, "password_from", NULL, error);
  if (code == SQLITE_OK) code = option_list_put(&block->own, "password_from", NULL, error);
  size_t left = 0;
  for (size_t i = 0; i < block->query_count; i++) {
    if (strcmp(block->query[i].key, "password_from") == 0) {
      sqlite3_free(block->query[i].key);
      sqlite3_free(block->query[i].value);
    } else {
      block->query[left++] = block->query[i];
    }
  }
  block->query_count = left;
  if (code == SQLITE_OK) code = secret_reference_check(block->password_from, error);
  if (code == SQLITE_OK && (block_has_password(block) || draft->keep_secret)) {
    code = error_set(error, SQLITE_ERROR, "give a password or password_from, not both");
  }
  return code;
}

static int ask(Draft *draft, bool may_ask, Error *error) {
  Block *block = draft->block;
  if (block->password_from == NULL || strcmp(block->password_from, "ask") != 0) return SQLITE_OK;
  if (!may_ask) {
    return error_set(error, SQLITE_ERROR,
                     "password_from=ask works with connector_save and connector_open only: it asks "
                     "once; use env:NAME, file:PATH, pgpass, my_cnf or command:PROGRAM here");
  }
  int code = secret_ask(draft->connector, block, &block->password, error);
  if (code == SQLITE_OK) {
    sqlite3_free(block->password_from);
    block->password_from = NULL;
  }
  return code;
}

/* ---------------------------------------------------------------- the whole */

static int set_identity(Draft *draft, Error *error) {
  Block *block = draft->block;
  const Block *old = draft->old;
  unsigned char bytes[8];
  char now[32];
  time_t seconds = time(NULL);
  struct tm parts;
  sqlite3_randomness(sizeof bytes, bytes);
  if (gmtime_r(&seconds, &parts) == NULL) memset(&parts, 0, sizeof parts);
  strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &parts);
  block->id = old && old->id
                  ? sqlite3_mprintf("%s", old->id)
                  : sqlite3_mprintf("%02x%02x%02x%02x%02x%02x%02x%02x", bytes[0], bytes[1],
                                    bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
  block->created_at = sqlite3_mprintf("%s", old && old->created_at ? old->created_at : now);
  block->updated_at = sqlite3_mprintf("%s", now);
  return block->id && block->created_at && block->updated_at ? SQLITE_OK : error_memory(error);
}

static int check_all(Draft *draft, bool may_ask, Error *error) {
  Block *block = draft->block;
  if (block->driver == NULL) {
    return error_set(
        error, SQLITE_ERROR,
        "a driver is missing: \"driver\": \"postgresql\", or a URL that starts with it");
  }
  int code = check_options(draft, error);
  if (code == SQLITE_OK) code = take_reference(draft, error);
  if (code) return code;
  if (strcmp(block->driver->backend, "sqlite") == 0) code = check_sqlite(draft, error);
  AddressList addresses = {0};
  if (code == SQLITE_OK) code = address_list(block, &addresses, error);
  if (code == SQLITE_OK && draft->keep_secret) code = keep_secret(draft, &addresses, error);
  address_list_clear(&addresses);
  if (code == SQLITE_OK) code = ask(draft, may_ask, error);
  return code ? code : set_identity(draft, error);
}

int draft_finish(Draft *draft, bool may_ask, Block **block, Error *error) {
  int code = check_all(draft, may_ask, error);
  *block = NULL;
  if (code == SQLITE_OK) {
    *block = draft->block;
    draft->block = NULL;
  }
  draft_clear(draft);
  return code;
}
