/*
** module_arguments.c: see module_arguments.h. SQLite hands the arguments over as text, cut at commas outside
** of quotes and parentheses.
**
** The text of a CREATE statement is kept in sqlite_schema, where anybody who gets the file can read it. So no
** secret is accepted in it, in whichever form, and the error sends people to connector_save.
*/
#include "module_arguments.h"
#include "../src/options.h"
#include "../src/url.h"
#include "word.h"
#include <stdlib.h>
#include <string.h>

static char *trim(char *text) {
  while (word_space(*text))
    text++;
  size_t size = strlen(text);
  while (size && word_space(text[size - 1]))
    size--;
  text[size] = 0;
  return text;
}

static int refuse_secret(const char *what, Error *error) {
  return error_set(
      error, SQLITE_ERROR,
      "%s does not belong into a CREATE statement, whose text anybody with the database "
      "can read: keep it in a block by connector_save(name, definition) and use the name",
      what);
}

static bool is_secret_key(const char *key) {
  const OptionSpec *spec = option_find(key);
  return (spec && spec->secret) || sqlite3_strlike("%passw%", key, 0) == 0 ||
         sqlite3_stricmp(key, "pwd") == 0 || sqlite3_strlike("%secret%", key, 0) == 0;
}

/* ---- the block ---- */

static int check_url(const char *text, Error *error) {
  Url url = {0};
  int code = url_parse(text, strlen(text), &url, error);
  if (code != SQLITE_OK) return code;
  bool secret = (url.password && *url.password) || url.doubtful;
  for (size_t i = 0; i < url.query_count; i++) {
    secret = secret || is_secret_key(url.query[i].key);
  }
  url_clear(&url);
  return secret ? refuse_secret("a password in a URL", error) : SQLITE_OK;
}

static int parse_block(const char *text, ModuleArguments *arguments, Error *error) {
  const char *rest = text;
  if (url_looks_like(text, strlen(text))) { /* without quotes */
    arguments->block = sqlite3_mprintf("%s", text);
    rest = "";
  } else {
    arguments->block = word_take(&rest);
  }
  if (!arguments->block) return error_memory(error);
  if (*rest == '{' || *arguments->block == '{') return refuse_secret("a definition", error);
  arguments->is_url = url_looks_like(arguments->block, strlen(arguments->block));
  if (arguments->is_url) return check_url(arguments->block, error);
  if (!*rest) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR,
                   "the first argument of USING connector(…) must be the name of a block");
}

/* ---- options and columns ---- */

/* True for `key = value`; *value is behind the equals sign. The key is cut off. */
static bool is_option(char *text, char **value) {
  char *at = text;
  while (word_letter(*at))
    at++;
  char *end = at;
  while (word_space(*at))
    at++;
  if (end == text || *at != '=') return false;
  *end = 0;
  *value = trim(at + 1);
  return true;
}

static int parse_rows(const char *value, ModuleArguments *arguments, Error *error) {
  char *end;
  arguments->rows = strtoll(value, &end, 10);
  if (end != value && !*end && arguments->rows >= 0) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "rows must be a number, not '%.40s'", value);
}

static int parse_readonly(const char *value, ModuleArguments *arguments, Error *error) {
  if (option_boolean(value, &arguments->readonly)) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "readonly must be true or false, not '%.40s'", value);
}

static int parse_identity(const char *value, ModuleArguments *arguments, Error *error) {
  sqlite3_free(arguments->identity);
  arguments->identity = word_take(&value);
  if (!arguments->identity) return error_memory(error);
  if (*arguments->identity && !*value) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "identity must be one word, such as identity=ctid");
}

static int parse_query(const char *value, ModuleArguments *arguments, Error *error) {
  if (*value != '\'' && *value != '"') {
    return error_set(error, SQLITE_ERROR, "query must be one quoted text: query='SELECT …'");
  }
  sqlite3_free(arguments->query);
  arguments->query = word_take(&value);
  if (!arguments->query) return error_memory(error);
  if (!*value) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "query='SELECT …' is followed by %.40s", value);
}

static int parse_option(const char *key, const char *value, ModuleArguments *arguments,
                        Error *error) {
  static const char *const valid[] = {"query", "rows", "identity", "readonly"};
  static int (*const parsers[])(const char *, ModuleArguments *, Error *) = {
      parse_query, parse_rows, parse_identity, parse_readonly};
  size_t count = sizeof valid / sizeof *valid;
  if (is_secret_key(key)) return refuse_secret(key, error);
  for (size_t i = 0; i < count; i++)
    if (sqlite3_stricmp(key, valid[i]) == 0) return parsers[i](value, arguments, error);
  error_set(error, SQLITE_ERROR, "unknown option '%s' in USING connector(…)", key);
  error_suggest(error, key, valid, count);
  return error->code;
}

static int parse_table(const char *text, ModuleArguments *arguments, Error *error) {
  if (arguments->table || arguments->column_count) {
    return error_set(error, SQLITE_ERROR,
                     "USING connector(%s, …): the remote table 'schema.table' stands once, behind "
                     "the block: %.60s",
                     arguments->block, text);
  }
  arguments->table = word_take(&text);
  if (!arguments->table) return error_memory(error);
  if (!*text && *arguments->table) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR,
                   "USING connector(%s, …): the remote table must be one quoted text: "
                   "'schema.table'",
                   arguments->block);
}

static int parse_column(const char *text, ModuleArguments *arguments, Error *error) {
  if (arguments->column_count == arguments->column_room) {
    int room = arguments->column_room ? arguments->column_room * 2 : 16;
    ModuleColumn *larger =
        sqlite3_realloc64(arguments->columns, (size_t)room * sizeof *arguments->columns);
    if (!larger) return error_memory(error);
    arguments->columns = larger;
    arguments->column_room = room;
  }
  ModuleColumn *column = &arguments->columns[arguments->column_count++];
  *column = (ModuleColumn){0};
  int code = column_definition_parse(text, column, error);
  if (code != SQLITE_OK) return code;
  if (column->key) column->key = ++arguments->key_count;
  if (!column->hidden && arguments->visible_count < arguments->column_count - 1) {
    return error_set(error, SQLITE_ERROR, "column %s must stand before the HIDDEN ones", text);
  }
  if (!column->hidden) arguments->visible_count++;
  return SQLITE_OK;
}

/* PRIMARY KEY("a", "b") before there are columns to look for. */
static int keep_key(const char *text, ModuleArguments *arguments, Error *error) {
  if (arguments->key)
    return error_set(error, SQLITE_ERROR, "PRIMARY KEY stands twice in USING connector(…)");
  arguments->key = sqlite3_mprintf("%s", text);
  return arguments->key ? SQLITE_OK : error_memory(error);
}

/* PRIMARY KEY("a", "b") */
static int parse_key(const char *at, ModuleArguments *arguments, Error *error) {
  bool more = *at++ == '(';
  while (more) {
    while (word_space(*at))
      at++;
    char *name = word_take(&at);
    if (!name) return error_memory(error);
    int i = 0;
    while (i < arguments->visible_count && sqlite3_stricmp(arguments->columns[i].name, name))
      i++;
    if (i == arguments->visible_count) {
      error_set(error, SQLITE_ERROR, "PRIMARY KEY: there is no column \"%s\"", name);
      sqlite3_free(name);
      return error->code;
    }
    if (arguments->columns[i].key) {
      error_set(error, SQLITE_ERROR, "PRIMARY KEY: column \"%s\" is in it twice", name);
      sqlite3_free(name);
      return error->code;
    }
    sqlite3_free(name);
    arguments->columns[i].key = ++arguments->key_count;
    more = *at == ',';
    at += more;
  }
  if (*at == ')' && !at[1]) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR,
                   "PRIMARY KEY(column, …) is not understood in USING "
                   "connector(…)");
}

int module_arguments_key(ModuleArguments *arguments, Error *error) {
  if (!arguments->key) return SQLITE_OK;
  for (int i = 0; i < arguments->column_count; i++) {
    arguments->columns[i].key = 0;
    arguments->columns[i].rowid = false;
  }
  arguments->key_count = 0;
  int code = parse_key(arguments->key, arguments, error);
  sqlite3_free(arguments->key);
  arguments->key = NULL;
  return code;
}

static int parse_rest(char *text, ModuleArguments *arguments, Error *error) {
  char *value;
  const char *key = text;
  if (!*text) return SQLITE_OK;
  if (is_option(text, &value)) return parse_option(text, value, arguments, error);
  if (*text == '\'') return parse_table(text, arguments, error);
  if (word_skip(&key, "PRIMARY") && word_skip(&key, "KEY") && *key == '(')
    return arguments->column_count ? parse_key(key, arguments, error)
                                   : keep_key(key, arguments, error);
  /* in quotes it is the name of a column */
  if (!sqlite3_stricmp(text, "readonly")) return parse_readonly("true", arguments, error);
  return parse_column(text, arguments, error);
}

int module_arguments_check(const ModuleArguments *arguments, Error *error) {
  if (arguments->query && arguments->table) {
    return error_set(error, SQLITE_ERROR,
                     "USING connector(%s, …) has a table and a query: one of them",
                     arguments->block);
  }
  if (arguments->column_count && !arguments->query && !arguments->table) {
    return error_set(error, SQLITE_ERROR,
                     "columns are given without 'schema.table' or query='SELECT …' in USING "
                     "connector(%s, …): the table's name stands in single quotes, connector(%s, "
                     "'%s')",
                     arguments->block, arguments->block, arguments->columns[0].name);
  }
  if (arguments->table && arguments->column_count > arguments->visible_count) {
    return error_set(error, SQLITE_ERROR,
                     "HIDDEN columns are the parameters of a query='SELECT "
                     "…', and a remote table has none");
  }
  if (arguments->identity && (arguments->key_count || arguments->query || !arguments->table)) {
    return error_set(
        error, SQLITE_ERROR,
        "identity=%s is for a remote table without PRIMARY KEY in USING connector(%s, …)",
        arguments->identity, arguments->block);
  }
  if ((arguments->readonly || arguments->key) && !arguments->query && !arguments->table) {
    return error_set(error, SQLITE_ERROR,
                     "%s is for a remote table, and USING connector(%s, …) has no 'schema.table'",
                     arguments->readonly ? "readonly" : "PRIMARY KEY", arguments->block);
  }
  if (arguments->query && arguments->column_count && !arguments->visible_count) {
    return error_set(error, SQLITE_ERROR,
                     "the query of USING connector(%s, …) has parameters (HIDDEN) and no columns: "
                     "leave them out, and the server is asked for all of them",
                     arguments->block);
  }
  return SQLITE_OK;
}

int module_arguments_add(ModuleArguments *arguments, const char *text, Error *error) {
  char *copy = sqlite3_mprintf("%s", text);
  if (!copy) return error_memory(error);
  int code = parse_rest(trim(copy), arguments, error);
  sqlite3_free(copy);
  return code;
}

int module_arguments_parse(int argc, const char *const *argv, ModuleArguments *arguments,
                           Error *error) {
  *arguments = (ModuleArguments){.rows = -1};
  if (argc < 1 || !argv[0][strspn(argv[0], " \t\r\n")]) {
    return error_set(error, SQLITE_ERROR,
                     "usage: CREATE VIRTUAL TABLE temp.t USING connector(block [, 'schema.table' | "
                     "query='SELECT …'] [, column …])");
  }
  char *first = sqlite3_mprintf("%s", argv[0]);
  if (!first) return error_memory(error);
  int code = parse_block(trim(first), arguments, error);
  sqlite3_free(first);
  for (int i = 1; i < argc && code == SQLITE_OK; i++)
    code = module_arguments_add(arguments, argv[i], error);
  if (code == SQLITE_OK && arguments->column_count) code = module_arguments_key(arguments, error);
  return code == SQLITE_OK ? module_arguments_check(arguments, error) : code;
}

void module_arguments_clear(ModuleArguments *arguments) {
  for (int i = 0; i < arguments->column_count; i++)
    column_definition_clear(&arguments->columns[i]);
  sqlite3_free(arguments->columns);
  sqlite3_free(arguments->block);
  sqlite3_free(arguments->table);
  sqlite3_free(arguments->query);
  sqlite3_free(arguments->key);
  sqlite3_free(arguments->identity);
  *arguments = (ModuleArguments){0};
}
