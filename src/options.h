/*
** options.h: the one table of everything that may be set on a block: options of ours, and the client
** keywords that may be passed on (an allow-list per backend). connector_options, the "unknown option"
** error and the checks are made from it.
*/
#ifndef CONNECTOR_OPTIONS_H
#define CONNECTOR_OPTIONS_H

#include "connector.h"

typedef enum OptionType {
  OPTION_BOOLEAN,
  OPTION_INTEGER,
  OPTION_TEXT,
  OPTION_CHOICE,
  OPTION_MILLISECONDS,
  OPTION_SECONDS
} OptionType;

enum {
  BACKEND_SQLITE = 1,
  BACKEND_POSTGRESQL = 2,
  BACKEND_MYSQL = 4,
  BACKEND_ODBC = 8,
  BACKEND_ALL = 15
};

typedef struct OptionSpec {
  const char *key;
  OptionType type;
  const char *choices;  /* "a|b|c" for OPTION_CHOICE, else NULL */
  int64_t least, most;  /* for numbers */
  const char *fallback; /* the default as text; NULL = none */
  unsigned backends;    /* BACKEND_… bits for which it means something */
  bool setting;         /* a client library's keyword, handed on in DriverTarget.settings */
  bool secret;          /* its value is masked wherever it is shown */
  const char *alias_of; /* sslmode → tls, ssl_ca → tls_ca …; NULL otherwise */
  const char *meaning;  /* one line for connector_options */
} OptionSpec;

extern const OptionSpec option_specs[];
extern const size_t option_spec_count;

const OptionSpec *option_find(const char *key);
/* A word can mean different things to two backends ("postgresql", "mysql" …). */
const OptionSpec *option_find_for(const char *backend, const char *key);

/* Why a known word is refused; NULL when it is none of these. */
const char *option_refusal(const char *key);
/* Looks like a key, so that it can be shown in a message: it is no password in the wrong place. */
bool option_is_word(const char *key);
unsigned option_backends(const char *backend); /* its BACKEND_… bit; all for NULL */

/* A list of options as the user typed it, everywhere the same: a JSON object, or `key=value, key` where
** a bare key means true and a value may be quoted with ' or ". */
typedef struct OptionPair {
  const char *key, *value; /* value NULL = JSON null */
  bool nested;             /* the text of a JSON array or object */
} OptionPair;
typedef struct OptionList {
  size_t count;
  OptionPair *pairs;
} OptionList;
int option_list_parse(Connector *connector, const char *text, size_t size, OptionList *list,
                      Error *error);
void option_list_clear(OptionList *list);
/* true/false/1/0/on/off/yes/no. */
bool option_boolean(const char *value, bool *result);
/* Checks one value against its spec and the backend ("postgresql"…); gives the canonical key and value
** (alias resolved; *value sqlite3_malloc'ed). */
int option_check(const char *backend, const char *key, const char *given, const OptionSpec **spec,
                 char **value, Error *error);
/* The error for a key that is not known, with the valid ones; `more` are the caller's own words. */
int option_unknown(const char *backend, const char *key, const char *const *more, size_t count,
                   Error *error);
/* Puts a copy of key and value into the list, in the place of the one that was there; a NULL value takes
** the key out. */
int option_list_put(OptionList *list, const char *key, const char *value, Error *error);
const char *option_list_get(const OptionList *list, const char *key); /* NULL = not there */

#endif
