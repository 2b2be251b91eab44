/*
** option_list.c: options as the user types them, everywhere in the same two forms:
**
**     {"fetch_size": 50, "readonly": true}
**     fetch_size=50, readonly, application_name='a, b'
*/
#include "json.h"
#include "options.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

static void pair_clear(OptionPair *pair) {
  char *value = (char *)pair->value;
  text_free(value);
  sqlite3_free((char *)pair->key);
}

void option_list_clear(OptionList *list) {
  for (size_t i = 0; i < list->count; i++)
    pair_clear(&list->pairs[i]);
  sqlite3_free(list->pairs);
  list->pairs = NULL;
  list->count = 0;
}

/* Takes over value. A NULL value with `given` false is JSON null. */
static int list_add(OptionList *list, const char *key, size_t key_size, char *value, bool given,
                    Error *error) {
  OptionPair *pairs = sqlite3_realloc64(list->pairs, (list->count + 1) * sizeof *pairs);
  char *name = text_copy_size(key, key_size);
  if (pairs) list->pairs = pairs;
  if (pairs == NULL || name == NULL || (given && value == NULL)) {
    text_free(value);
    sqlite3_free(name);
    return error_memory(error);
  }
  bool twice = false;
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->pairs[i].key, name) == 0) twice = true;
  }
  list->pairs[list->count] = (OptionPair){.key = name, .value = value};
  list->count++;
  if (!twice) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "option '%s' is given twice",
                   option_is_word(name) ? name : "?");
}

const char *option_list_get(const OptionList *list, const char *key) {
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->pairs[i].key, key) == 0) return list->pairs[i].value;
  }
  return NULL;
}

int option_list_put(OptionList *list, const char *key, const char *value, Error *error) {
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->pairs[i].key, key) != 0) continue;
    pair_clear(&list->pairs[i]);
    memmove(&list->pairs[i], &list->pairs[i + 1], (list->count - i - 1) * sizeof(OptionPair));
    list->count--;
    break;
  }
  if (value == NULL) return SQLITE_OK;
  return list_add(list, key, strlen(key), text_copy(value), true, error);
}

static int list_parse_json(Connector *connector, const char *text, size_t size, OptionList *list,
                           Error *error) {
  JsonItems *items = NULL;
  int code = json_parse(connector, text, size, &items, error);
  if (code) {
    error_wrap(error, "options");
    return code;
  }
  for (size_t i = 0; code == SQLITE_OK && i < items->count; i++) {
    const JsonItem *item = &items->items[i];
    char *value = NULL;
    char digits[32];
    switch (item->kind) {
    case JSON_NULL: break;
    case JSON_TRUE: value = text_copy_size("true", 4); break;
    case JSON_FALSE: value = text_copy_size("false", 5); break;
    case JSON_INTEGER: value = sqlite3_mprintf("%lld", (long long)item->value.integer); break;
    case JSON_REAL:
      value = text_copy_size(digits, (size_t)real_print(item->value.real, digits));
      break;
    default:
      if (item->value.bytes.size && memchr(item->value.bytes.data, 0, item->value.bytes.size)) {
        code = error_set(error, SQLITE_ERROR, "an option's value must not hold a NUL character");
        continue;
      }
      value = text_copy_size(item->value.bytes.data, item->value.bytes.size);
    }
    code = list_add(list, item->key, strlen(item->key), value, item->kind != JSON_NULL, error);
    if (code == SQLITE_OK)
      list->pairs[list->count - 1].nested = item->kind == JSON_ARRAY || item->kind == JSON_OBJECT;
  }
  json_free(items);
  return code;
}

/* A value in quotes, where a doubled quote is one; *at ends behind the closing quote. */
static char *quoted_value(const char **at, const char *end, bool *closed) {
  char quote = *(*at)++;
  char *value = sqlite3_malloc64((size_t)(end - *at) + 1);
  size_t size = 0;
  *closed = false;
  if (value == NULL) return NULL;
  for (; *at < end && !*closed; (*at)++) {
    bool doubled = **at == quote && *at + 1 < end && (*at)[1] == quote;
    if (doubled) (*at)++;
    if (**at == quote && !doubled)
      *closed = true;
    else
      value[size++] = **at;
  }
  value[size] = 0;
  return value;
}

static const char *skip_space(const char *at, const char *end) {
  while (at < end && isspace((unsigned char)*at))
    at++;
  return at;
}

/* One `key`, `key=value` or `key='value'`; *text is behind it and its comma. */
static int list_parse_pair(const char **text, const char *end, OptionList *list, Error *error) {
  const char *key = *text, *at = key;
  while (at < end && *at != '=' && *at != ',')
    at++;
  const char *key_end = at;
  while (key_end > key && isspace((unsigned char)key_end[-1]))
    key_end--;
  char *value;
  if (at < end && *at == '=') {
    at = skip_space(at + 1, end);
    if (at < end && (*at == '\'' || *at == '"')) {
      bool closed;
      value = quoted_value(&at, end, &closed);
      at = skip_space(at, end);
      if (value && (!closed || (at < end && *at != ','))) {
        text_free(value);
        return error_set(error, SQLITE_ERROR, "options: a quote does not end before a comma");
      }
    } else {
      const char *start = at;
      while (at < end && *at != ',')
        at++;
      const char *value_end = at;
      while (value_end > start && isspace((unsigned char)value_end[-1]))
        value_end--;
      value = text_copy_size(start, (size_t)(value_end - start));
    }
  } else {
    value = text_copy_size("true", 4);
  }
  *text = at < end ? at + 1 : end;
  if (key_end == key) {
    sqlite3_free(value);
    return error_set(error, SQLITE_ERROR,
                     "options: a key is missing; write them as key=value, key or as JSON");
  }
  return list_add(list, key, (size_t)(key_end - key), value, true, error);
}

int option_list_parse(Connector *connector, const char *text, size_t size, OptionList *list,
                      Error *error) {
  list->count = 0;
  list->pairs = NULL;
  const char *end = text ? text + size : NULL;
  const char *at = text ? skip_space(text, end) : NULL;
  if (at == end) return SQLITE_OK;
  int code = SQLITE_OK;
  if (memchr(at, 0, (size_t)(end - at)) || !utf8_valid(at, (size_t)(end - at))) {
    return error_set(error, SQLITE_ERROR, "options must be UTF-8 text without NUL characters");
  }
  if (*at == '{') {
    code = list_parse_json(connector, at, (size_t)(end - at), list, error);
  } else {
    while (code == SQLITE_OK && at < end) {
      code = list_parse_pair(&at, end, list, error);
      at = skip_space(at, end);
    }
  }
  if (code) option_list_clear(list);
  return code;
}
