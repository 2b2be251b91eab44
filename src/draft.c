/*
** draft.c: puts the parts of a block in their places.
**
** A part comes under many names (user, username; passwd, password; dbname, db, database) and from many
** places (a component, the URL's query, connect_args). Whatever the place, a password goes to one place
** only, Block.password, and never stays in query or connect_args: these may then be shown.
**
** Options are kept as they were typed until draft_check.c knows the backend.
*/
#include "draft.h"
#include "store.h"
#include "text.h"

#include <string.h>

#define SECRET_MOST 65536

const char *const draft_components[] = {
    "driver", "username", "password", "host", "port", "database", "query", "connect_args",
};
const size_t draft_component_count = sizeof draft_components / sizeof draft_components[0];

int draft_start(Draft *draft, Connector *connector, const char *name, const Block *old,
                Error *error) {
  memset(draft, 0, sizeof *draft);
  draft->connector = connector;
  draft->old = old;
  Block *block = draft->block = sqlite3_malloc64(sizeof(Block));
  if (block == NULL) return error_memory(error);
  memset(block, 0, sizeof *block);
  block->references = 1;
  block->name = sqlite3_mprintf("%s", name);
  return block->name ? SQLITE_OK : error_memory(error);
}

void draft_clear(Draft *draft) {
  block_release(draft->block);
  draft->block = NULL;
}

/* ---------------------------------------------------------------- components */

/* "POSTGRESQL_PSYCOPG2", also behind "SyncDriver.", as saved documents name "postgresql+psycopg2". */
static bool is_member_name(const char *given, const char *name) {
  const char *dot = strchr(given, '.');
  if (dot) given = dot + 1;
  for (; *name && *given; name++, given++) {
    char c = *name == '+' ? '_' : *name;
    if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
    if (c != *given) return false;
  }
  return *name == 0 && *given == 0;
}

static int unknown_driver(const Draft *draft, const char *given, Error *error) {
  const char *names[128];
  size_t count = 0;
  bool word = strlen(given) <= 40;
  for (const char *at = given; *at; at++) {
    char c = (char)(*at | 32);
    word = word && ((c >= 'a' && c <= 'z') || (*at >= '0' && *at <= '9') || strchr("_+", *at));
  }
  for (; count < driver_name_count && count < 128; count++)
    names[count] = driver_names[count].name;
  error_set(error, SQLITE_ERROR, "%sunknown driver '%s'", draft->from_url ? "Invalid URL: " : "",
            word ? given : "?");
  error_suggest(error, given, names, count);
  return SQLITE_ERROR;
}

static int put_driver(Draft *draft, const char *value, Error *error) {
  if (value == NULL) {
    return error_set(error, SQLITE_ERROR, "a block needs a driver: it can be changed, not removed");
  }
  const DriverName *driver = driver_name_find(value);
  for (size_t i = 0; driver == NULL && i < driver_name_count; i++) {
    if (is_member_name(value, driver_names[i].name)) driver = &driver_names[i];
  }
  if (driver == NULL) return unknown_driver(draft, value, error);
  if (draft->block->driver && draft->block->driver != driver && !draft->changing) {
    return error_set(error, SQLITE_ERROR, "the driver is given twice");
  }
  draft->block->driver = driver;
  return SQLITE_OK;
}

/* An empty text is none. */
static int put_text(Draft *draft, const char *what, char **place, const char *value, Error *error) {
  if (value && value[0] == 0) value = NULL;
  if (value && strcmp(what, "password") != 0) {
    for (const char *at = value; *at; at++) {
      if ((unsigned char)*at < ' ' || *at == 127) {
        return error_set(error, SQLITE_ERROR, "%s must not hold control characters", what);
      }
    }
  }
  if (!draft->changing && (value == NULL || *place)) {
    bool same = value == NULL || strcmp(*place, value) == 0;
    return same ? SQLITE_OK : error_set(error, SQLITE_ERROR, "%s is given twice", what);
  }
  char *copy = NULL;
  if (value && (copy = text_copy(value)) == NULL) return error_memory(error);
  text_free(*place);
  *place = copy;
  return SQLITE_OK;
}

/* What we show in the place of a password, and what the original shows. */
static bool is_mask(const char *value) {
  size_t size = strlen(value);
  return size >= 8 && strspn(value, "*") == size;
}

static int put_password(Draft *draft, const char *value, Error *error) {
  Block *block = draft->block;
  if (value && is_mask(value)) {
    draft->keep_secret = true;
    return SQLITE_OK;
  }
  if (value && strlen(value) > SECRET_MOST) {
    return error_set(error, SQLITE_TOOBIG, "the password is longer than %d bytes", SECRET_MOST);
  }
  if (draft->changing) {
    sealed_release(block->sealed);
    block->sealed = NULL;
    sqlite3_free(block->password_from);
    block->password_from = NULL;
  }
  return put_text(draft, "password", &block->password, value, error);
}

static int put_port(Draft *draft, const char *value, Error *error) {
  int port = 0;
  for (const char *at = value; at && *at; at++) {
    if (*at < '0' || *at > '9' || port > 6553)
      port = 65536;
    else
      port = port * 10 + (*at - '0');
    if (port == 0 || port > 65535) {
      return error_set(error, SQLITE_ERROR, "port must be a number from 1 to 65535");
    }
  }
  if (!draft->changing && (port == 0 || draft->block->port)) {
    bool same = port == 0 || port == draft->block->port;
    return same ? SQLITE_OK : error_set(error, SQLITE_ERROR, "the port is given twice");
  }
  draft->block->port = port;
  return SQLITE_OK;
}

typedef enum Component {
  COMPONENT_NONE,
  COMPONENT_DRIVER,
  COMPONENT_USERNAME,
  COMPONENT_PASSWORD,
  COMPONENT_HOST,
  COMPONENT_PORT,
  COMPONENT_DATABASE
} Component;

static Component component_find(const char *key) {
  static const struct {
    const char *word;
    Component component;
  } words[] = {
      {"driver", COMPONENT_DRIVER},     {"drivername", COMPONENT_DRIVER},
      {"username", COMPONENT_USERNAME}, {"user", COMPONENT_USERNAME},
      {"password", COMPONENT_PASSWORD}, {"passwd", COMPONENT_PASSWORD},
      {"host", COMPONENT_HOST},         {"port", COMPONENT_PORT},
      {"database", COMPONENT_DATABASE}, {"dbname", COMPONENT_DATABASE},
      {"db", COMPONENT_DATABASE},
  };
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcmp(words[i].word, key) == 0) return words[i].component;
  }
  return COMPONENT_NONE;
}

bool draft_is_component(const char *key) {
  return component_find(key) != COMPONENT_NONE;
}

int draft_put(Draft *draft, const char *key, const char *value, Error *error) {
  Block *block = draft->block;
  switch (component_find(key)) {
  case COMPONENT_DRIVER: return put_driver(draft, value, error);
  case COMPONENT_USERNAME: return put_text(draft, "username", &block->username, value, error);
  case COMPONENT_PASSWORD: return put_password(draft, value, error);
  case COMPONENT_HOST: return put_text(draft, "host", &block->host, value, error);
  case COMPONENT_PORT: return put_port(draft, value, error);
  case COMPONENT_DATABASE: return put_text(draft, "database", &block->database, value, error);
  case COMPONENT_NONE: break;
  }
  return option_list_put(&block->own, key, value, error);
}

/* ---------------------------------------------------------------- query */

int draft_put_query(Draft *draft, const char *key, const char *value, Error *error) {
  Block *block = draft->block;
  Component component = component_find(key);
  /* host and port stay: there may be several; an ODBC driver's name is not ours */
  if (component >= COMPONENT_USERNAME && component != COMPONENT_HOST &&
      component != COMPONENT_PORT) {
    return draft_put(draft, key, value, error);
  }
  BlockQuery *query = sqlite3_realloc64(block->query, (block->query_count + 1) * sizeof *query);
  if (query == NULL) return error_memory(error);
  block->query = query;
  query += block->query_count++;
  query->key = text_copy(key);
  query->value = text_copy(value);
  return query->key && query->value ? SQLITE_OK : error_memory(error);
}

/* {"key": "value", "key": ["several", "values"]} */
static int put_query_object(Draft *draft, const JsonItem *item, Error *error) {
  JsonItems *members = NULL;
  int code =
      json_parse(draft->connector, item->value.bytes.data, item->value.bytes.size, &members, error);
  for (size_t i = 0; code == SQLITE_OK && i < members->count; i++) {
    const JsonItem *member = &members->items[i], *first = member;
    JsonItems *list = NULL;
    size_t count = 1;
    if (member->kind == JSON_ARRAY) {
      code = json_parse(draft->connector, member->value.bytes.data, member->value.bytes.size, &list,
                        error);
      count = list ? list->count : 0;
      first = list ? list->items : NULL;
    }
    for (size_t j = 0; code == SQLITE_OK && j < count; j++) {
      char *text = NULL;
      code = draft_item_text(member->key, &first[j], &text, error);
      if (text) code = draft_put_query(draft, member->key, text, error);
      text_free(text);
    }
    json_free(list);
  }
  json_free(members);
  return code;
}

/* ---------------------------------------------------------------- connect_args */

bool draft_means(const char *backend, const char *word, const char *key) {
  const OptionSpec *spec = option_find_for(backend, word);
  return spec && strcmp(spec->alias_of ? spec->alias_of : spec->key, key) == 0;
}

static void append_member(DriverBuffer *buffer, const JsonItem *member) {
  buffer_text(buffer, buffer->size ? "," : "{");
  buffer_json_string(buffer, member->key, strlen(member->key));
  buffer_text(buffer, ":");
  if (member->kind == JSON_TRUE || member->kind == JSON_FALSE) {
    buffer_text(buffer, member->kind == JSON_TRUE ? "true" : "false");
  } else {
    json_value(buffer, &member->value);
  }
}

int draft_put_connect_args(Draft *draft, const char *json, size_t size, const char *without,
                           Error *error) {
  Block *block = draft->block;
  JsonItems *members = NULL;
  int code = json_parse(draft->connector, json, size, &members, error);
  if (code) {
    error_wrap(error, "connect_args");
    return code;
  }
  DriverBuffer rest;
  buffer_init(&rest, &draft->connector->host);
  if (!members->is_object) code = error_set(error, SQLITE_ERROR, "connect_args must be an object");
  for (size_t i = 0; code == SQLITE_OK && i < members->count; i++) {
    const JsonItem *member = &members->items[i];
    if (member->kind == JSON_NULL) continue;
    if (without && draft_means(block->driver->backend, member->key, without)) continue;
    if (component_find(member->key) >= COMPONENT_USERNAME) {
      code = draft_put_item(draft, member->key, member, error);
    } else {
      append_member(&rest, member);
    }
  }
  if (rest.size) buffer_text(&rest, "}");
  char *text = NULL;
  if (code == SQLITE_OK && rest.size && !rest.failed) text = text_copy(rest.data);
  if (code == SQLITE_OK && (rest.failed || (rest.size && text == NULL))) code = error_memory(error);
  if (code == SQLITE_OK) {
    sqlite3_free(block->connect_args);
    block->connect_args = text;
  }
  buffer_clear(&rest);
  json_free(members);
  return code;
}

/* ---------------------------------------------------------------- JSON values */

int draft_item_text(const char *key, const JsonItem *item, char **text, Error *error) {
  char digits[32];
  const char *shown = option_is_word(key) ? key : "a member";
  *text = NULL;
  switch (item->kind) {
  case JSON_NULL: return SQLITE_OK;
  case JSON_TRUE: *text = sqlite3_mprintf("true"); break;
  case JSON_FALSE: *text = sqlite3_mprintf("false"); break;
  case JSON_INTEGER: *text = sqlite3_mprintf("%lld", (long long)item->value.integer); break;
  case JSON_REAL:
    real_print(item->value.real, digits);
    *text = sqlite3_mprintf("%s", digits);
    break;
  case JSON_TEXT:
    if (item->value.type != VALUE_TEXT ||
        (item->value.bytes.size &&
         memchr(item->value.bytes.data, 0, item->value.bytes.size) != NULL)) {
      return error_set(error, SQLITE_ERROR, "%s must not hold a NUL character", shown);
    }
    *text = text_copy_size(item->value.bytes.data, item->value.bytes.size);
    break;
  default: return error_set(error, SQLITE_ERROR, "%s must be a single value", shown);
  }
  return *text ? SQLITE_OK : error_memory(error);
}

int draft_put_item(Draft *draft, const char *key, const JsonItem *item, Error *error) {
  if (item->kind == JSON_NULL) return SQLITE_OK;
  if (strcmp(key, "query") == 0 || strcmp(key, "connect_args") == 0) {
    if (item->kind != JSON_OBJECT) {
      return error_set(error, SQLITE_ERROR, "%s must be a JSON object", key);
    }
    if (key[0] == 'q') return put_query_object(draft, item, error);
    return draft_put_connect_args(draft, item->value.bytes.data, item->value.bytes.size, NULL,
                                  error);
  }
  char *text = NULL;
  int code = draft_item_text(key, item, &text, error);
  if (code == SQLITE_OK) code = draft_put(draft, key, text, error);
  text_free(text);
  return code;
}
