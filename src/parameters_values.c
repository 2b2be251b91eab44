/*
** parameters_values.c: which value does each parameter take? All that can be wrong with the
** arguments is said here, with the form to use.
*/
#include "parameters_scan.h"

#include <string.h>

bool value_is_array(const Value *value) {
  if (value->type != VALUE_TEXT || !value->json) return false;
  size_t at = 0;
  while (at < value->bytes.size && strchr(" \t\r\n", value->bytes.data[at]))
    at++;
  return at < value->bytes.size && value->bytes.data[at] == '[';
}

static const char *plural(size_t count) {
  return count == 1 ? "" : "s";
}

/* A text with its sqlite3_malloc'ed list of names; the list is freed. */
static int error_names(Error *error, const char *what, const char *noun, const char *name,
                       size_t size, char *list) {
  if (!list) return error_memory(error);
  int code = error_set(error, SQLITE_ERROR, "%s %s '%.*s'; the operation has: %s", what, noun,
                       name_shown(name, size), name, list);
  sqlite3_free(list);
  return code;
}

/* The members of an object, each into its parameter. `found` has parameter_count places. */
static int members_place(const Template *template, const JsonItems *object, const char *noun,
                         bool *found, Value *values, Error *error) {
  for (size_t i = 0; i < object->count; i++) {
    const JsonItem *item = &object->items[i];
    size_t parameter;
    if (!template_find(template, item->key, &parameter)) {
      return error_names(error, "unknown", noun, item->key, strlen(item->key),
                         template_list(template));
    }
    if (found[parameter]) {
      return error_set(error, SQLITE_ERROR, "%s '%!.64s' is given twice", noun, item->key);
    }
    found[parameter] = true;
    values[parameter] = item->value;
  }
  for (size_t i = 0; i < template->parameter_count; i++) {
    if (found[i]) continue;
    size_t size;
    const char *name = template_name(template, i, &size);
    return error_names(error, "missing", noun, name, size, template_list(template));
  }
  return SQLITE_OK;
}

static int values_named(const Template *template, const Arguments *given, const char *noun,
                        Value *values, Error *error) {
  static const JsonItems none = {.is_object = true};
  if (given->positional_count > 0) {
    size_t size;
    const char *name = template_name(template, 0, &size);
    return error_set(error, SQLITE_ERROR,
                     "the operation has named parameters: give one JSON object such as "
                     "'{\"%.*s\": …}', not values by position",
                     name_shown(name, size), name);
  }
  bool *found = sqlite3_malloc64(template->parameter_count);
  if (!found) return error_memory(error);
  memset(found, 0, template->parameter_count);
  int code =
      members_place(template, given->named ? given->named : &none, noun, found, values, error);
  sqlite3_free(found);
  return code;
}

static int values_positional(const Template *template, const Arguments *given, Value *values,
                             Error *error) {
  size_t count = template->parameter_count;
  if (given->named && given->named->count > 0) {
    return error_set(error, SQLITE_ERROR,
                     "the operation takes %lld value%s by position (%s), not a JSON object",
                     (long long)count, plural(count), template->form == FORM_QUESTION ? "?" : "$1");
  }
  if (given->positional_count != count) {
    return error_set(error, SQLITE_ERROR, "the operation has %lld parameter%s, %lld value%s given",
                     (long long)count, plural(count), (long long)given->positional_count,
                     given->positional_count == 1 ? " was" : "s were");
  }
  if (count) memcpy(values, given->positional, count * sizeof *values);
  return SQLITE_OK;
}

static int values_none(const Arguments *given, const char *noun, Error *error) {
  if (given->positional_count > 0) {
    return error_set(error, SQLITE_ERROR, "the operation has no parameters, %lld value%s given",
                     (long long)given->positional_count,
                     given->positional_count == 1 ? " was" : "s were");
  }
  if (given->named && given->named->count > 0) {
    return error_set(error, SQLITE_ERROR,
                     "unknown %s '%!.64s'; the operation has no named parameters", noun,
                     given->named->items[0].key);
  }
  return SQLITE_OK;
}

int template_values(const Template *template, const Arguments *given, const char *noun,
                    Value *values, Error *error) {
  if (given->named && given->named->count > 0 && !given->named->is_object) {
    return error_set(error, SQLITE_ERROR, "named parameters are given as a JSON object");
  }
  switch (template->form) {
  case FORM_NAMED: return values_named(template, given, noun, values, error);
  case FORM_NUMBERED:
  case FORM_QUESTION: return values_positional(template, given, values, error);
  default: return values_none(given, noun, error);
  }
}
