/*
** definition.c: the forms in which a block may be written.
**
**   'postgresql://ann:secret@db/shop?fetch_size=50'                                a URL
**   '{"driver":"postgresql","username":"ann","host":"db","database":"shop"}'       components
**   '{"driver":"POSTGRESQL_PSYCOPG2","url":null,"username":"ann", …}'              flat credentials
**   '{"connection_info":{"driver":…} or "URL","connect_args":{…},"fetch_size":2}'  the original's block
**   '{"name":…,"block_type_slug":"sqlalchemy-connector","data":{"connection_info":…}}'  one saved there
**
** Options may stand beside the components. A member that is null was not given. A secret may be wrapped
** as {"value":"…"}. What stands around "data" in a saved document is that system's book-keeping and is
** not looked at; every other unknown member is an error.
*/
#include "draft.h"
#include "url.h"

#include <ctype.h>
#include <string.h>

/* ---------------------------------------------------------------- URL */

static int read_url(Draft *draft, const char *text, size_t size, Error *error) {
  Url url;
  int code = url_parse(text, size, &url, error);
  if (code) return code;
  draft->from_url = true;
  draft->doubtful = url.doubtful;
  code = draft_put(draft, "driver", url.scheme, error);
  const struct {
    const char *key, *value;
  } parts[] = {
      {"username", url.username},
      {"password", url.password},
      {"host", url.host},
      {"database", url.database},
  };
  for (size_t i = 0; code == SQLITE_OK && i < sizeof parts / sizeof parts[0]; i++) {
    if (parts[i].value) code = draft_put(draft, parts[i].key, parts[i].value, error);
  }
  char port[16];
  if (code == SQLITE_OK && url.port) {
    sqlite3_snprintf(sizeof port, port, "%d", url.port);
    code = draft_put(draft, "port", port, error);
  }
  for (size_t i = 0; code == SQLITE_OK && i < url.query_count; i++) {
    code = draft_put_query(draft, url.query[i].key, url.query[i].value, error);
  }
  url_clear(&url);
  return code;
}

/* ---------------------------------------------------------------- JSON */

#define DEPTH_MOST 4 /* data in connection_info in … */

static int read_object(Draft *draft, const char *text, size_t size, int depth, Error *error);

/* A text, or an object around it: {"value": "…"}. */
static int read_wrapped(Draft *draft, const char *key, const JsonItem *item, int depth,
                        int (*use)(Draft *draft, const char *text, size_t size, Error *error),
                        Error *error) {
  if (item->kind == JSON_TEXT && item->value.type == VALUE_TEXT) {
    return use(draft, item->value.bytes.data, item->value.bytes.size, error);
  }
  if (item->kind != JSON_OBJECT) {
    return error_set(error, SQLITE_ERROR, "%s must be a text", key);
  }
  JsonItems *members = NULL;
  int code =
      json_parse(draft->connector, item->value.bytes.data, item->value.bytes.size, &members, error);
  if (code) return code;
  if (members->count == 1 && strcmp(members->items[0].key, "value") == 0 &&
      members->items[0].kind == JSON_TEXT) {
    const Value *value = &members->items[0].value;
    code = use(draft, value->bytes.data, value->bytes.size, error);
  } else if (use == read_url) {
    code = read_object(draft, item->value.bytes.data, item->value.bytes.size, depth + 1, error);
  } else {
    code = error_set(error, SQLITE_ERROR, "%s must be a text, or {\"value\": …} around one", key);
  }
  json_free(members);
  return code;
}

static int use_password(Draft *draft, const char *text, size_t size, Error *error) {
  JsonItem item = {"password", JSON_TEXT, {.type = VALUE_TEXT, .bytes = {text, size}}};
  return draft_put_item(draft, "password", &item, error);
}

static const JsonItem *member_find(const JsonItems *members, const char *key) {
  for (size_t i = 0; i < members->count; i++) {
    if (strcmp(members->items[i].key, key) == 0 && members->items[i].kind != JSON_NULL) {
      return &members->items[i];
    }
  }
  return NULL;
}

static bool text_is(const JsonItem *item, const char *text) {
  return item->kind == JSON_TEXT && item->value.type == VALUE_TEXT &&
         item->value.bytes.size == strlen(text) &&
         memcmp(item->value.bytes.data, text, strlen(text)) == 0;
}

/* Members that say what kind of document this is; other kinds are refused. */
static int check_slug(const JsonItems *members, Error *error) {
  static const char *const keys[] = {"block_type_slug", "_block_type_slug"};
  for (size_t i = 0; i < 2; i++) {
    const JsonItem *slug = member_find(members, keys[i]);
    if (slug && !text_is(slug, "sqlalchemy-connector") && !text_is(slug, "database-credentials")) {
      return error_set(error, SQLITE_ERROR,
                       "the saved document is of another kind than sqlalchemy-connector or "
                       "database-credentials");
    }
  }
  return SQLITE_OK;
}

static int read_member(Draft *draft, const JsonItem *member, int depth, Error *error) {
  const char *key = member->key;
  if (member->kind == JSON_NULL || strcmp(key, "block_type_slug") == 0 ||
      strcmp(key, "_block_type_slug") == 0) {
    return SQLITE_OK;
  }
  if (strcmp(key, "connection_info") == 0 || strcmp(key, "url") == 0) {
    return read_wrapped(draft, key, member, depth, read_url, error);
  }
  if (member->kind == JSON_OBJECT && (strcmp(key, "password") == 0 || strcmp(key, "passwd") == 0)) {
    return read_wrapped(draft, key, member, depth, use_password, error);
  }
  if ((member->kind == JSON_OBJECT || member->kind == JSON_ARRAY) && strcmp(key, "query") != 0 &&
      strcmp(key, "connect_args") != 0 && !draft_is_component(key) && option_find(key) == NULL) {
    const char *backend = draft->block->driver ? draft->block->driver->backend : NULL;
    return option_unknown(backend, key, draft_components, draft_component_count, error);
  }
  return draft_put_item(draft, key, member, error);
}

static int read_object(Draft *draft, const char *text, size_t size, int depth, Error *error) {
  JsonItems *members = NULL;
  if (depth > DEPTH_MOST)
    return error_set(error, SQLITE_ERROR, "the definition is nested too deep");
  int code = json_parse(draft->connector, text, size, &members, error);
  if (code) return code;
  if (!members->is_object) {
    code = error_set(error, SQLITE_ERROR, "the definition must be a URL or a JSON object");
  } else {
    code = check_slug(members, error);
    const JsonItem *data = member_find(members, "data");
    if (code == SQLITE_OK && data && data->kind == JSON_OBJECT) {
      code = read_object(draft, data->value.bytes.data, data->value.bytes.size, depth + 1, error);
    } else {
      for (size_t i = 0; code == SQLITE_OK && i < members->count; i++) {
        code = read_member(draft, &members->items[i], depth, error);
      }
    }
  }
  json_free(members);
  return code;
}

/* ---------------------------------------------------------------- the whole */

static int read_definition(Draft *draft, const char *text, size_t size, Error *error) {
  while (size && isspace((unsigned char)*text)) {
    text++;
    size--;
  }
  if (!utf8_valid(text, size)) {
    return error_set(error, SQLITE_ERROR, "the definition is not valid UTF-8 text");
  }
  if (size == 0) {
    return error_set(error, SQLITE_ERROR,
                     "the definition is empty: it is a URL (driver://user@host/database) or a JSON "
                     "object");
  }
  if (*text == '{' || *text == '[') return read_object(draft, text, size, 0, error);
  return read_url(draft, text, size, error);
}

/* An option given here beats the same one in a JSON definition. */
static int read_options(Draft *draft, const char *text, size_t size, Error *error) {
  OptionList list;
  int code = option_list_parse(draft->connector, text, size, &list, error);
  if (code) return code;
  for (size_t i = 0; code == SQLITE_OK && i < list.count; i++) {
    const OptionPair *pair = &list.pairs[i];
    if (pair->value == NULL || strcmp(pair->key, "overwrite") == 0) continue;
    if (strcmp(pair->key, "connect_args") == 0) {
      code = draft_put_connect_args(draft, pair->value, strlen(pair->value), NULL, error);
    } else if (strcmp(pair->key, "query") == 0) {
      JsonItem item = {
          "query", JSON_OBJECT, {.type = VALUE_TEXT, .bytes = {pair->value, strlen(pair->value)}}};
      code = draft_put_item(draft, "query", &item, error);
    } else {
      code = draft_put(draft, pair->key, pair->value, error);
    }
  }
  option_list_clear(&list);
  return code;
}

/* Puts the block's name into the message; "Invalid URL" stays in front. */
static void name_in_error(Error *error, const char *name) {
  static const char invalid[] = "Invalid URL";
  if (error->message == NULL || error->code == SQLITE_NOMEM) return;
  if (strncmp(error->message, invalid, sizeof invalid - 1) != 0) {
    error_wrap(error, "block '%s'", name);
    return;
  }
  char *message =
      sqlite3_mprintf("%s for block '%s'%s", invalid, name, error->message + sizeof invalid - 1);
  if (message == NULL) return;
  sqlite3_free(error->message);
  error->message = message;
}

int block_parse(Connector *connector, const char *name, const char *definition, size_t size,
                const char *options, size_t options_size, bool may_ask, const Block *old,
                Block **block, Error *error) {
  Draft draft;
  *block = NULL;
  int code = block_name_check(name, error);
  if (code) return code;
  code = draft_start(&draft, connector, name, old, error);
  if (code == SQLITE_OK) code = read_definition(&draft, definition, size, error);
  if (code == SQLITE_OK) code = read_options(&draft, options, options_size, error);
  if (code == SQLITE_OK)
    code = draft_finish(&draft, may_ask, block, error);
  else
    draft_clear(&draft);
  if (code) name_in_error(error, name);
  return code;
}

int block_parse_stored(Connector *connector, const char *name, const char *document,
                       struct Sealed *stored, Block **block, Error *error) {
  Draft draft;
  *block = NULL;
  int code = block_name_check(name, error);
  if (code) return code;
  code = draft_start(&draft, connector, name, NULL, error);
  draft.stored = stored;
  if (code == SQLITE_OK) code = read_object(&draft, document, strlen(document), 0, error);
  if (code == SQLITE_OK) return draft_finish(&draft, false, block, error);
  draft_clear(&draft);
  return code;
}
