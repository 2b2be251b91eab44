/*
** options.c: checks one option against the table of option_specs.c.
**
** Values are not repeated in messages: a wrong value is sometimes a password in the wrong place. Nor is
** a key that does not look like one.
*/
#include "options.h"
#include "text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define OPTION_WORDS_MOST 200 /* that an error lists */

bool option_boolean(const char *value, bool *result) {
  static const char *const words[] = {"false", "true", "0", "1", "off", "on", "no", "yes"};
  for (size_t i = 0; value != NULL && i < sizeof words / sizeof words[0]; i++) {
    if (strcasecmp(value, words[i]) == 0) {
      *result = i & 1;
      return true;
    }
  }
  return false;
}

bool option_is_word(const char *key) {
  size_t length = strlen(key);
  for (size_t i = 0; i < length; i++) {
    if (!isalnum((unsigned char)key[i]) && strchr("_-.", key[i]) == NULL) return false;
  }
  return length > 0 && length <= 40;
}

int option_unknown(const char *backend, const char *key, const char *const *more, size_t more_count,
                   Error *error) {
  unsigned backends = option_backends(backend);
  const OptionSpec *elsewhere = option_find(key);
  const char *reason = option_refusal(key);
  int code;
  if (!option_is_word(key)) {
    code = error_set(error, SQLITE_ERROR, "unknown option (its name is no word)");
  } else if (reason) {
    code = error_set(error, SQLITE_ERROR, "option '%s' is refused: %s", key, reason);
  } else if (elsewhere) {
    code = error_set(error, SQLITE_ERROR, "option '%s' means nothing to %s", key, backend);
  } else {
    code = error_set(error, SQLITE_ERROR, "unknown option '%s'", key);
  }
  const char *names[OPTION_WORDS_MOST];
  size_t count = 0;
  for (; count < more_count; count++)
    names[count] = more[count];
  for (size_t i = 0; i < option_spec_count && count < OPTION_WORDS_MOST; i++) {
    const OptionSpec *spec = &option_specs[i];
    if ((spec->backends & backends) && spec->alias_of == NULL) names[count++] = spec->key;
  }
  error_suggest(error, key, names, count);
  return code;
}

/* "a|b|c" holds the word; the spelling of the list is given back. */
static bool choice_find(const char *choices, const char *word, const char **found, size_t *size) {
  for (const char *at = choices;; at++) {
    size_t length = strcspn(at, "|");
    if (strlen(word) == length && strncasecmp(at, word, length) == 0) {
      *found = at;
      *size = length;
      return true;
    }
    at += length;
    if (*at == 0) return false;
  }
}

/* The modes of the client libraries in our four words. "allow" and "prefer" are not among them: both
** go on in the clear when somebody in between says that the server has no TLS. */
static const char *tls_word(const char *key, const char *given) {
  static const struct {
    const char *given, *word;
  } words[] = {
      {"verify-full", "verify-full"},
      {"verify_full", "verify-full"},
      {"verify_identity", "verify-full"},
      {"verify-identity", "verify-full"},
      {"verify-ca", "verify-ca"},
      {"verify_ca", "verify-ca"},
      {"require", "require"},
      {"required", "require"},
      {"off", "off"},
      {"disable", "off"},
      {"disabled", "off"},
  };
  bool on;
  if (strcmp(key, "ssl_disabled") == 0) {
    return option_boolean(given, &on) ? (on ? "off" : "") : NULL;
  }
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcasecmp(words[i].given, given) == 0) return words[i].word;
  }
  if (option_boolean(given, &on)) return on ? "verify-full" : "off";
  return NULL;
}

/* Digits with at most one '.', into whole and thousandths; false when it is no such number. Fractions
** of a second are allowed and count as a whole one. */
static bool number_read(const char *text, int64_t *whole, int *thousandths) {
  bool negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  if (!isdigit((unsigned char)*text)) return false;
  int64_t number = 0;
  for (; isdigit((unsigned char)*text); text++) {
    if (number > INT64_MAX / 10 - 1) return false;
    number = number * 10 + (*text - '0');
  }
  *thousandths = 0;
  if (*text == '.') {
    int place = 100;
    for (text++; isdigit((unsigned char)*text); text++, place /= 10) {
      *thousandths += (*text - '0') * place;
    }
  }
  *whole = negative ? -number : number;
  return *text == 0;
}

static int check_number(const OptionSpec *spec, const char *key, const char *given, char **value,
                        Error *error) {
  int64_t whole;
  int thousandths;
  bool valid = number_read(given, &whole, &thousandths);
  if (valid && thousandths && spec->type != OPTION_SECONDS) valid = false;
  if (valid && thousandths) whole++;
  if (!valid || whole < spec->least || whole > spec->most) {
    const char *unit = spec->type == OPTION_SECONDS        ? " of seconds"
                       : spec->type == OPTION_MILLISECONDS ? " of milliseconds"
                                                           : "";
    return error_set(error, SQLITE_ERROR, "%s must be a number%s from %lld to %lld", key, unit,
                     (long long)spec->least, (long long)spec->most);
  }
  *value = sqlite3_mprintf("%lld", (long long)whole);
  return *value ? SQLITE_OK : error_memory(error);
}

static int check_choice(const OptionSpec *spec, const char *key, const char *given, char **value,
                        Error *error) {
  const char *word = NULL;
  size_t size = 0;
  if (strcmp(spec->key, "tls") == 0) {
    word = tls_word(key, given);
    size = word ? strlen(word) : 0;
  } else if (!choice_find(spec->choices, given, &word, &size)) {
    word = NULL;
  }
  if (word == NULL) {
    char *list = sqlite3_mprintf("%s", spec->choices);
    if (list == NULL) return error_memory(error);
    for (char *at = list; (at = strchr(at, '|')) != NULL;)
      *at = ' ';
    error_set(error, SQLITE_ERROR, "%s must be one of: %s (%s)", key, list, spec->meaning);
    sqlite3_free(list);
    return SQLITE_ERROR;
  }
  *value = sqlite3_mprintf("%.*s", (int)size, word);
  return *value ? SQLITE_OK : error_memory(error);
}

int option_check(const char *backend, const char *key, const char *given, const OptionSpec **spec,
                 char **value, Error *error) {
  *value = NULL;
  *spec = option_find_for(backend, key);
  if (*spec == NULL) return option_unknown(backend, key, NULL, 0, error);
  if ((*spec)->alias_of) *spec = option_find_for(backend, (*spec)->alias_of);
  if (given == NULL || given[0] == 0) return error_set(error, SQLITE_ERROR, "%s has no value", key);
  bool on;
  switch ((*spec)->type) {
  case OPTION_BOOLEAN:
    if (!option_boolean(given, &on)) {
      return error_set(error, SQLITE_ERROR, "%s must be true or false", key);
    }
    *value = sqlite3_mprintf("%s", on ? "true" : "false");
    break;
  case OPTION_CHOICE: return check_choice(*spec, key, given, value, error);
  case OPTION_TEXT:
    for (const char *at = given; *at; at++) {
      if ((unsigned char)*at < ' ' || *at == 127) {
        return error_set(error, SQLITE_ERROR, "%s must not hold control characters", key);
      }
    }
    *value = text_copy(given);
    break;
  default: return check_number(*spec, key, given, value, error);
  }
  return *value ? SQLITE_OK : error_memory(error);
}
