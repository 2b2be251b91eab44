/*
** options.c: the table of everything that may be set on a block, and the reading of it.
**
**     SELECT connector_save('shop', 'postgresql://ann@db/shop?sslmode=require', 'fetch_size=50');
**
** One row per word. A word is an option of ours (fetch_size, tls …), a keyword of a client library that
** is handed on as it is (`setting`), or another spelling of one of these (`alias_of`). What is not in
** the table is refused: a keyword that is let through unseen could name another host, another password
** file or a library to load. Words that people do write and that are refused on purpose have their
** reason in refused_words. A word may occur twice when it means different things to two backends.
**
** Values are not repeated in messages: a wrong value is sometimes a password in the wrong place.
*/
#include "options.h"
#include "json.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SERVERS (BACKEND_POSTGRESQL | BACKEND_MYSQL | BACKEND_ODBC)
#define PG BACKEND_POSTGRESQL
#define MY BACKEND_MYSQL
#define LITE BACKEND_SQLITE

#define MANY 1000000000

/* key, type, choices, least, most, fallback, backends, setting, secret, alias_of, meaning */
const OptionSpec option_specs[] = {
  /* ours */
  {"fetch_size", OPTION_INTEGER, NULL, 1, 10000000, "1", BACKEND_ALL, false, false, NULL,
   "rows that connector_fetch_many gives when no size is said"},
  {"connect_timeout", OPTION_SECONDS, NULL, 1, 3600, "10", BACKEND_ALL, false, false, NULL,
   "seconds that connecting may take, all addresses together"},
  {"statement_timeout", OPTION_MILLISECONDS, NULL, 0, MANY, "0", BACKEND_ALL, false, false, NULL,
   "milliseconds that one statement may take; 0 = no limit"},
  {"transaction_timeout", OPTION_MILLISECONDS, NULL, 0, MANY, "0", SERVERS, false, false, NULL,
   "milliseconds that a transaction may stand idle before the server ends it; 0 = no limit"},
  {"max_connections", OPTION_INTEGER, NULL, 1, 10000, "15", BACKEND_ALL, false, false, NULL,
   "connections that one SQLite connection may have open to this block"},
  {"idle_timeout", OPTION_SECONDS, NULL, 0, 1000000, "300", BACKEND_ALL, false, false, NULL,
   "seconds after which an unused connection is closed; 0 = at once"},
  {"readonly", OPTION_BOOLEAN, NULL, 0, 0, "false", BACKEND_ALL, false, false, NULL,
   "the session refuses to write, on the server"},
  {"tls", OPTION_CHOICE, "verify-full|verify-ca|require|off", 0, 0, NULL, SERVERS, false, false, NULL,
   "verify-full unless the server is a unix socket or on this machine"},
  {"tls_ca", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
   "file of the certificates to trust; without it the system's"},
  {"tls_cert", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
   "file of the client's certificate"},
  {"tls_key", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
   "file of the client's private key, without a passphrase"},
  {"password_from", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ALL, false, false, NULL,
   "where the password is read when connecting: env:NAME, file:PATH, pgpass, my_cnf, "
   "command:PROGRAM …; or ask, once, when the block is saved"},
  {"numeric", OPTION_CHOICE, "auto|text|real", 0, 0, "auto", BACKEND_ALL, false, false, NULL,
   "exact numerics: a number when nothing is lost and else text; always text; always REAL"},
  {"timestamp", OPTION_CHOICE, "iso|unix", 0, 0, "iso", BACKEND_ALL, false, false, NULL,
   "dates and times as ISO-8601 text or as seconds since 1970"},
  {"two_phase", OPTION_BOOLEAN, NULL, 0, 0, "false", SERVERS, false, false, NULL,
   "commit in two phases, so that several servers commit together"},
  {"batch", OPTION_CHOICE, "auto|on|off", 0, 0, "auto", BACKEND_ALL, false, false, NULL,
   "send written rows in batches: when there are many, always, never"},
  {"ssl_check_hostname", OPTION_BOOLEAN, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
   "false: at most tls=verify-ca"},
  {"ssl_verify_cert", OPTION_BOOLEAN, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
   "false: at most tls=require"},
  /* other spellings of ours */
  {"sslmode", OPTION_CHOICE, NULL, 0, 0, NULL, SERVERS, false, false, "tls", "as tls"},
  {"ssl_mode", OPTION_CHOICE, NULL, 0, 0, NULL, SERVERS, false, false, "tls", "as tls"},
  {"ssl-mode", OPTION_CHOICE, NULL, 0, 0, NULL, SERVERS, false, false, "tls", "as tls"},
  {"ssl", OPTION_CHOICE, NULL, 0, 0, NULL, SERVERS, false, false, "tls",
   "as tls; true is verify-full, false is off"},
  {"ssl_disabled", OPTION_BOOLEAN, NULL, 0, 0, NULL, MY, false, false, "tls", "true: tls=off"},
  {"sslrootcert", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_ca", "as tls_ca"},
  {"ssl_ca", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_ca", "as tls_ca"},
  {"sslcert", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_cert", "as tls_cert"},
  {"ssl_cert", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_cert", "as tls_cert"},
  {"sslkey", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_key", "as tls_key"},
  {"ssl_key", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_key", "as tls_key"},
  {"ssl_verify_identity", OPTION_BOOLEAN, NULL, 0, 0, NULL, SERVERS, false, false,
   "ssl_check_hostname", "as ssl_check_hostname"},
  {"connection_timeout", OPTION_SECONDS, NULL, 1, 3600, NULL, MY, false, false, "connect_timeout",
   "as connect_timeout"},
  {"timeout", OPTION_SECONDS, NULL, 1, 3600, NULL, PG, false, false, "connect_timeout",
   "as connect_timeout"},
  /* PostgreSQL */
  {"application_name", OPTION_TEXT, NULL, 0, 0, NULL, PG | MY, true, false, NULL,
   "the name of our sessions on the server, in place of sqlite-connector/version block"},
  {"program_name", OPTION_TEXT, NULL, 0, 0, NULL, PG | MY, true, false, "application_name",
   "as application_name"},
  {"options", OPTION_TEXT, NULL, 0, 0, NULL, PG, true, false, NULL,
   "server settings of the session, as \"-c name=value\""},
  {"target_session_attrs", OPTION_CHOICE,
   "any|read-write|read-only|primary|standby|prefer-standby", 0, 0, NULL, PG, true, false, NULL,
   "which of several hosts will do"},
  {"load_balance_hosts", OPTION_CHOICE, "disable|random", 0, 0, "disable", PG | MY, false, false,
   NULL, "random: several hosts are tried in random order"},
  {"keepalives", OPTION_INTEGER, NULL, 0, 1, NULL, PG, true, false, NULL,
   "1: TCP keepalives (the default); 0: none"},
  {"keepalives_idle", OPTION_INTEGER, NULL, 0, 1000000, NULL, PG, true, false, NULL,
   "seconds without traffic before a keepalive is sent"},
  {"keepalives_interval", OPTION_INTEGER, NULL, 0, 1000000, NULL, PG, true, false, NULL,
   "seconds between keepalives"},
  {"keepalives_count", OPTION_INTEGER, NULL, 0, 1000000, NULL, PG, true, false, NULL,
   "lost keepalives after which the connection counts as dead"},
  {"tcp_user_timeout", OPTION_MILLISECONDS, NULL, 0, MANY, NULL, PG, true, false, NULL,
   "milliseconds that sent data may stay unacknowledged"},
  {"channel_binding", OPTION_CHOICE, "disable|prefer|require", 0, 0, NULL, PG, true, false, NULL,
   "ties the login to the TLS session"},
  {"client_encoding", OPTION_CHOICE, "utf8|utf-8|unicode", 0, 0, "utf8", PG, false, false, NULL,
   "text is always UTF-8 here"},
  {"gssencmode", OPTION_CHOICE, "disable", 0, 0, "disable", PG, false, false, NULL,
   "GSSAPI encryption is not used here"},
  /* MySQL */
  {"charset", OPTION_CHOICE, "utf8mb4|utf8", 0, 0, "utf8mb4", MY, false, false, NULL,
   "text is always UTF-8 here"},
  {"use_unicode", OPTION_CHOICE, "true|1", 0, 0, "true", MY, false, false, NULL,
   "text is always UTF-8 here"},
  {"local_infile", OPTION_CHOICE, "false|0|off", 0, 0, "false", MY, false, false, NULL,
   "LOAD DATA LOCAL is never allowed here: with it a server can read any file of this machine"},
  {"read_timeout", OPTION_SECONDS, NULL, 1, 1000000, NULL, MY, true, false, NULL,
   "seconds without an answer after which the connection counts as dead"},
  {"write_timeout", OPTION_SECONDS, NULL, 1, 1000000, NULL, MY, true, false, NULL,
   "seconds that sending may stand still"},
  {"compress", OPTION_BOOLEAN, NULL, 0, 0, NULL, MY, true, false, NULL, "compress the traffic"},
  {"unix_socket", OPTION_TEXT, NULL, 0, 0, NULL, MY, false, false, NULL,
   "path of the server's socket, in place of host and port"},
  {"read_default_file", OPTION_TEXT, NULL, 0, 0, NULL, MY, false, false, NULL,
   "an option file: its host, port, socket, user, password and database count where the block has "
   "none"},
  {"read_default_group", OPTION_TEXT, NULL, 0, 0, NULL, MY, false, false, NULL,
   "a group of read_default_file that counts beside [client]"},
  {"ssl_capath", OPTION_TEXT, NULL, 0, 0, NULL, MY, true, false, NULL,
   "directory of the certificates to trust"},
  {"ssl_cipher", OPTION_TEXT, NULL, 0, 0, NULL, MY, true, false, NULL, "TLS ciphers to offer"},
  /* SQLite */
  {"mode", OPTION_CHOICE, "ro|rw|rwc|memory", 0, 0, NULL, LITE, true, false, NULL,
   "open read-only, for writing, for writing and creating (the default), in memory"},
  {"cache", OPTION_CHOICE, "private|shared", 0, 0, NULL, LITE, true, false, NULL,
   "SQLite's page cache"},
  {"immutable", OPTION_BOOLEAN, NULL, 0, 0, NULL, LITE, true, false, NULL,
   "the file cannot change: no locks are taken"},
  {"timeout", OPTION_SECONDS, NULL, 0, 1000000, "5", LITE, true, false, NULL,
   "seconds to wait for a lock of somebody else"},
  {"uri", OPTION_BOOLEAN, NULL, 0, 0, NULL, LITE, false, false, NULL,
   "the database is a file: URI"},
  {"check_same_thread", OPTION_BOOLEAN, NULL, 0, 0, NULL, LITE, false, false, NULL,
   "accepted, without meaning here"},
  /* ODBC */
  {"driver", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
   "name of the ODBC driver"},
  {"dsn", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
   "name of the ODBC data source"},
  {"service_name", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
   "Oracle service"},
  {"encoding", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, false, false, NULL,
   "accepted, text is always UTF-8 here"},
  {"nencoding", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, false, false, NULL,
   "accepted, text is always UTF-8 here"},
  {"Encrypt", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
   "the ODBC driver's own word for TLS"},
  {"TrustServerCertificate", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
   "the ODBC driver's own word"},
  {"ApplicationIntent", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
   "the ODBC driver's own word"},
};
const size_t option_spec_count = sizeof option_specs / sizeof option_specs[0];

/* Words that are refused with their reason. */
static const struct { const char *word, *reason; } refused_words[] = {
  {"service", "write the service's host, port and database into the block"},
  {"servicefile", "write the service's host, port and database into the block"},
  {"passfile", "use password_from=pgpass or password_from=file:PATH"},
  {"hostaddr", "write the address as host"},
  {"sslpassword", "use a tls_key file without a passphrase that only you can read"},
  {"ssl_password", "use a tls_key file without a passphrase that only you can read"},
  {"krbsrvname", "Kerberos logins are not supported"},
  {"gsslib", "Kerberos logins are not supported"},
  {"requirepeer", "it is not supported"},
  {"replication", "a replication session cannot run statements"},
  {"allow_local_infile", "with it a server can read any file of this machine"},
  {"allow_local_infile_in_path", "with it a server can read files of this machine"},
  {"init_command", "the session's settings are set by the connector"},
  {"plugin_dir", "it would load code"},
  {"plugin-dir", "it would load code"},
  {"defaults_file", "use read_default_file"},
  {"odbc_connect", "write its parts as username, password, host, database and options"},
};

static unsigned backend_bit(const char *backend) {
  if (backend == NULL) return BACKEND_ALL;
  if (strcmp(backend, "sqlite") == 0) return BACKEND_SQLITE;
  if (strcmp(backend, "postgresql") == 0) return BACKEND_POSTGRESQL;
  if (strcmp(backend, "mysql") == 0) return BACKEND_MYSQL;
  return BACKEND_ODBC;
}

static const OptionSpec *spec_find(const char *key, unsigned backends) {
  for (size_t i = 0; i < option_spec_count; i++) {
    const OptionSpec *spec = &option_specs[i];
    if ((spec->backends & backends) && strcmp(spec->key, key) == 0) return spec;
  }
  return NULL;
}

const OptionSpec *option_find(const char *key) {
  return spec_find(key, BACKEND_ALL);
}

const OptionSpec *option_find_for(const char *backend, const char *key) {
  return spec_find(key, backend_bit(backend));
}

/* ---------------------------------------------------------------- one value */

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

/* A key as it may be shown: one that cannot be more than a misspelt key. */
static const char *shown_key(const char *key) {
  size_t length = strlen(key);
  if (length == 0 || length > 40) return NULL;
  for (size_t i = 0; i < length; i++) {
    if (!isalnum((unsigned char)key[i]) && strchr("_-.", key[i]) == NULL) return NULL;
  }
  return key;
}

int option_unknown(const char *backend, const char *key, const char *const *more, size_t more_count,
                   Error *error) {
  unsigned backends = backend_bit(backend);
  const OptionSpec *elsewhere = spec_find(key, BACKEND_ALL);
  const char *reason = NULL;
  for (size_t i = 0; i < sizeof refused_words / sizeof refused_words[0]; i++) {
    if (strcmp(refused_words[i].word, key) == 0) reason = refused_words[i].reason;
  }
  int code;
  if (shown_key(key) == NULL) {
    code = error_set(error, SQLITE_ERROR, "unknown option (its name is no word)");
  } else if (reason) {
    code = error_set(error, SQLITE_ERROR, "option '%s' is refused: %s", key, reason);
  } else if (elsewhere) {
    code = error_set(error, SQLITE_ERROR, "option '%s' means nothing to %s", key, backend);
  } else {
    code = error_set(error, SQLITE_ERROR, "unknown option '%s'", key);
  }
  const char *names[sizeof option_specs / sizeof option_specs[0] + 16];
  size_t count = 0;
  for (; count < more_count && count < 16; count++) names[count] = more[count];
  for (size_t i = 0; i < option_spec_count; i++) {
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
  static const struct { const char *given, *word; } words[] = {
    {"verify-full", "verify-full"}, {"verify_full", "verify-full"}, {"verify_identity", "verify-full"},
    {"verify-identity", "verify-full"}, {"verify-ca", "verify-ca"}, {"verify_ca", "verify-ca"},
    {"require", "require"}, {"required", "require"}, {"off", "off"}, {"disable", "off"},
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

static char *text_copy(const char *text, size_t size) {
  char *copy = sqlite3_malloc64(size + 1);
  if (copy == NULL) return NULL;
  if (size) memcpy(copy, text, size);
  copy[size] = 0;
  return copy;
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
    for (char *at = list; (at = strchr(at, '|')) != NULL;) *at = ' ';
    error_set(error, SQLITE_ERROR, "%s must be one of: %s (%s)", key, list, spec->meaning);
    sqlite3_free(list);
    return SQLITE_ERROR;
  }
  *value = text_copy(word, size);
  return *value ? SQLITE_OK : error_memory(error);
}

int option_check(const char *backend, const char *key, const char *given, const OptionSpec **spec,
                 char **value, Error *error) {
  unsigned backends = backend_bit(backend);
  *value = NULL;
  *spec = spec_find(key, backends);
  if (*spec == NULL) return option_unknown(backend, key, NULL, 0, error);
  if ((*spec)->alias_of) *spec = spec_find((*spec)->alias_of, backends);
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
    *value = text_copy(given, strlen(given));
    break;
  default: return check_number(*spec, key, given, value, error);
  }
  return *value ? SQLITE_OK : error_memory(error);
}

/* ---------------------------------------------------------------- a list */

static void pair_clear(OptionPair *pair) {
  char *value = (char *)pair->value;
  if (value) explicit_bzero(value, strlen(value));
  sqlite3_free(value);
  sqlite3_free((char *)pair->key);
}

void option_list_clear(OptionList *list) {
  for (size_t i = 0; i < list->count; i++) pair_clear(&list->pairs[i]);
  sqlite3_free(list->pairs);
  list->pairs = NULL;
  list->count = 0;
}

/* Takes over value. A NULL value with `given` false is JSON null. */
static int list_add(OptionList *list, const char *key, size_t key_size, char *value, bool given,
                    Error *error) {
  OptionPair *pairs = sqlite3_realloc64(list->pairs, (list->count + 1) * sizeof *pairs);
  char *name = text_copy(key, key_size);
  if (pairs) list->pairs = pairs;
  if (pairs == NULL || name == NULL || (given && value == NULL)) {
    if (value) explicit_bzero(value, strlen(value));
    sqlite3_free(value);
    sqlite3_free(name);
    return error_memory(error);
  }
  bool twice = false;
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->pairs[i].key, name) == 0) twice = true;
  }
  list->pairs[list->count].key = name;
  list->pairs[list->count].value = value;
  list->count++;
  if (!twice) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "option '%s' is given twice",
                   shown_key(name) ? name : "?");
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
  return list_add(list, key, strlen(key), text_copy(value, strlen(value)), true, error);
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
    case JSON_TRUE: value = text_copy("true", 4); break;
    case JSON_FALSE: value = text_copy("false", 5); break;
    case JSON_INTEGER: value = sqlite3_mprintf("%lld", (long long)item->value.integer); break;
    case JSON_REAL:
      value = text_copy(digits, (size_t)real_print(item->value.real, digits));
      break;
    default:
      if (item->value.bytes.size && memchr(item->value.bytes.data, 0, item->value.bytes.size)) {
        code = error_set(error, SQLITE_ERROR, "an option's value must not hold a NUL character");
        continue;
      }
      value = text_copy(item->value.bytes.data, item->value.bytes.size);
    }
    code = list_add(list, item->key, strlen(item->key), value, item->kind != JSON_NULL, error);
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
    if (**at == quote && !doubled) *closed = true;
    else value[size++] = **at;
  }
  value[size] = 0;
  return value;
}

static const char *skip_space(const char *at, const char *end) {
  while (at < end && isspace((unsigned char)*at)) at++;
  return at;
}

/* One `key`, `key=value` or `key='value'`; *text is behind it and its comma. */
static int list_parse_pair(const char **text, const char *end, OptionList *list, Error *error) {
  const char *key = *text, *at = key;
  while (at < end && *at != '=' && *at != ',') at++;
  const char *key_end = at;
  while (key_end > key && isspace((unsigned char)key_end[-1])) key_end--;
  char *value;
  if (at < end && *at == '=') {
    at = skip_space(at + 1, end);
    if (at < end && (*at == '\'' || *at == '"')) {
      bool closed;
      value = quoted_value(&at, end, &closed);
      at = skip_space(at, end);
      if (value && (!closed || (at < end && *at != ','))) {
        explicit_bzero(value, strlen(value));
        sqlite3_free(value);
        return error_set(error, SQLITE_ERROR, "options: a quote does not end before a comma");
      }
    } else {
      const char *start = at;
      while (at < end && *at != ',') at++;
      const char *value_end = at;
      while (value_end > start && isspace((unsigned char)value_end[-1])) value_end--;
      value = text_copy(start, (size_t)(value_end - start));
    }
  } else {
    value = text_copy("true", 4);
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
  if (memchr(at, 0, (size_t)(end - at))) {
    return error_set(error, SQLITE_ERROR, "options must not hold a NUL character");
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
