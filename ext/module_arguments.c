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
#include <ctype.h>
#include <string.h>

static bool is_word(char c) {
  return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static char *trim(char *text) {
  while (isspace((unsigned char)*text))
    text++;
  size_t size = strlen(text);
  while (size && isspace((unsigned char)text[size - 1]))
    size--;
  text[size] = 0;
  return text;
}

/* A copy of the name or quoted text that *at starts with, without its quotes; *at moves behind it and the
** space that follows. NULL = out of memory. */
static char *take(const char **at) {
  const char *from = *at;
  char open = *from, close = open == '[' ? ']' : open;
  char *text = sqlite3_malloc64(strlen(from) + 1), *to = text;
  if (!text) return NULL;
  if (!open || !strchr("'\"`[", open)) {
    while (is_word(*from) || (*from && strchr("$-", *from)))
      *to++ = *from++;
  } else {
    for (from++; *from; *to++ = *from++) {
      if (*from != close) continue;
      from++;
      if (close == ']' || *from != close) break;
    }
  }
  *to = 0;
  *at = from + strspn(from, " \t\r\n");
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
    arguments->block = take(&rest);
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
  while (is_word(*at))
    at++;
  char *end = at;
  while (isspace((unsigned char)*at))
    at++;
  if (end == text || *at != '=') return false;
  *end = 0;
  *value = trim(at + 1);
  return true;
}

static int parse_option(const char *key, const char *value, ModuleArguments *arguments,
                        Error *error) {
  static const char *const valid[] = {"query"};
  if (is_secret_key(key)) return refuse_secret(key, error);
  if (sqlite3_stricmp(key, "query") != 0) {
    error_set(error, SQLITE_ERROR, "unknown option '%s' in USING connector(…)", key);
    error_suggest(error, key, valid, 1);
    return error->code;
  }
  if (*value != '\'' && *value != '"') {
    return error_set(error, SQLITE_ERROR, "query must be one quoted text: query='SELECT …'");
  }
  sqlite3_free(arguments->query);
  arguments->query = take(&value);
  if (!arguments->query) return error_memory(error);
  if (!*value) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "query='SELECT …' is followed by %.40s", value);
}

static bool has_word(const char *text, const char *word) {
  int size = (int)strlen(word);
  for (const char *at = text; *at; at++) {
    if (sqlite3_strnicmp(at, word, size) == 0 && (at == text || !is_word(at[-1])) &&
        !is_word(at[size])) {
      return true;
    }
  }
  return false;
}

static int parse_column(char *text, ModuleArguments *arguments, Error *error) {
  ModuleColumn *column = &arguments->columns[arguments->column_count];
  if (*text == '\'') {
    return error_set(error, SQLITE_ERROR,
                     "USING connector(%s, %s): a remote table cannot be named here; give "
                     "query='SELECT …', or make the table by connector_view",
                     arguments->block, text);
  }
  const char *rest = text;
  column->definition = text;
  column->name = take(&rest);
  if (!column->name) return error_memory(error);
  column->hidden = has_word(rest, "HIDDEN");
  arguments->column_count++;
  if (!column->hidden && arguments->visible_count < arguments->column_count - 1) {
    return error_set(error, SQLITE_ERROR, "column %s must stand before the HIDDEN ones", text);
  }
  if (!column->hidden) arguments->visible_count++;
  return SQLITE_OK;
}

static int parse_rest(char *text, ModuleArguments *arguments, Error *error) {
  char *value;
  if (!*text) return SQLITE_OK;
  if (is_option(text, &value)) return parse_option(text, value, arguments, error);
  return parse_column(text, arguments, error);
}

static int check_whole(const ModuleArguments *arguments, Error *error) {
  if (arguments->column_count && !arguments->query) {
    return error_set(error, SQLITE_ERROR,
                     "columns are given without query='SELECT …' in USING connector(%s, …)",
                     arguments->block);
  }
  if (arguments->query && !arguments->visible_count) {
    return error_set(
        error, SQLITE_ERROR,
        "the columns of the query are missing: SELECT connector_view('%s', 'SELECT …', "
        "'name') learns them and makes the table",
        arguments->block);
  }
  return SQLITE_OK;
}

int module_arguments_parse(int argc, const char *const *argv, ModuleArguments *arguments,
                           Error *error) {
  size_t size = 1;
  *arguments = (ModuleArguments){0};
  if (argc < 1 || !argv[0][strspn(argv[0], " \t\r\n")]) {
    return error_set(
        error, SQLITE_ERROR,
        "usage: CREATE VIRTUAL TABLE temp.t USING connector(block [, query='SELECT …', "
        "column …])");
  }
  for (int i = 0; i < argc; i++)
    size += strlen(argv[i]) + 1;
  arguments->text = sqlite3_malloc64(size);
  arguments->columns = sqlite3_malloc64((size_t)argc * sizeof *arguments->columns);
  if (!arguments->text || !arguments->columns) return error_memory(error);
  char *at = arguments->text;
  int code = SQLITE_OK;
  for (int i = 0; i < argc && code == SQLITE_OK; i++) {
    size_t length = strlen(argv[i]);
    char *text = memcpy(at, argv[i], length + 1);
    at += length + 1;
    text = trim(text);
    code = i ? parse_rest(text, arguments, error) : parse_block(text, arguments, error);
  }
  return code == SQLITE_OK ? check_whole(arguments, error) : code;
}

void module_arguments_clear(ModuleArguments *arguments) {
  for (int i = 0; i < arguments->column_count; i++)
    sqlite3_free(arguments->columns[i].name);
  sqlite3_free(arguments->columns);
  sqlite3_free(arguments->block);
  sqlite3_free(arguments->query);
  sqlite3_free(arguments->text);
  *arguments = (ModuleArguments){0};
}
