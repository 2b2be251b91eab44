/*
** schema_name.c: `orders`, `public.orders`, `"my.schema"."my.table"`: taken apart, matched,
** printed.
**
** A name of three parts is refused: `public.my.table` may mean my.table in public or table in
** public.my, and a guess could read the wrong one.
*/
#include "schema_name.h"
#include <string.h>

void table_name_clear(TableName *name) {
  sqlite3_free(name->schema);
  sqlite3_free(name->table);
  *name = (TableName){0};
}

/* ---------------------------------------------------------------- taking apart */

typedef struct Part {
  char *text;
  bool quoted;
} Part;

/* What ends a name that begins with this character; 0 = it begins no quoted name. */
static char closing(const DriverDialect *dialect, char first) {
  if (first == '"') return '"';
  if (first == '`' && (dialect->backtick_names || dialect->identifier_quote == '`')) return '`';
  return first == '[' && dialect->bracket_names ? ']' : 0;
}

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* *at stands on the opening quote and then behind the closing one. NULL: no closing quote, or no
** memory (then *end is true). */
static char *quoted_part(const char **at, char close, bool *end) {
  const char *from = ++*at;
  char *text = sqlite3_malloc64(strlen(from) + 1), *to = text;
  *end = text == NULL;
  for (; text && *from; from++) {
    if (*from == close && (close == ']' || from[1] != close)) {
      *to = 0;
      *at = from + 1;
      return text;
    }
    from += *from == close;
    *to++ = *from;
  }
  sqlite3_free(text);
  return NULL;
}

/* Up to the next dot, without the space around it. NULL: no memory. */
static char *plain_part(const char **at) {
  const char *from = *at;
  size_t size = strcspn(from, ".");
  *at = from + size;
  while (size > 0 && is_space(from[size - 1]))
    size--;
  return sqlite3_mprintf("%.*s", (int)size, from);
}

static int part_parse(const DriverDialect *dialect, const char *text, const char **at, Part *part,
                      Error *error) {
  while (is_space(**at))
    ++*at;
  char close = closing(dialect, **at);
  bool memory = true;
  part->quoted = close != 0;
  part->text = close ? quoted_part(at, close, &memory) : plain_part(at);
  if (!part->text && memory) return error_memory(error);
  if (!part->text)
    return error_set(error, SQLITE_ERROR, "%s is not the name of a table: a quote is not closed",
                     text);
  while (part->quoted && is_space(**at))
    ++*at;
  if (**at && **at != '.')
    return error_set(error, SQLITE_ERROR,
                     "%s is not the name of a table: a dot must follow the quoted part %s", text,
                     part->text);
  if (!*part->text)
    return error_set(error, SQLITE_ERROR, "'%s' is not the name of a table: a part is empty", text);
  char quote[] = {'"', dialect->identifier_quote, 0};
  if (!part->quoted && strpbrk(part->text, quote))
    return error_set(
        error, SQLITE_ERROR,
        "%s is not the name of a table: a name with quotes in it is written in quotes, "
        "and those in it twice",
        text);
  return SQLITE_OK;
}

int table_name_parse(const DriverDialect *dialect, const char *text, TableName *name,
                     Error *error) {
  Part parts[2] = {0};
  const char *at = text;
  *name = (TableName){0};
  int count = 1;
  int rc = part_parse(dialect, text, &at, &parts[0], error);
  if (!rc && *at == '.') {
    at++;
    count = 2;
    rc = part_parse(dialect, text, &at, &parts[1], error);
  }
  if (!rc && *at == '.')
    rc = error_set(error, SQLITE_ERROR,
                   "%s has more than two parts: a table is named table or schema.table; write a "
                   "part with dots in it in quotes: %s.\"%s%s\"",
                   text, parts[0].text, parts[1].text, at);
  if (rc) {
    sqlite3_free(parts[0].text);
    sqlite3_free(parts[1].text);
    return rc;
  }
  const Part *table = &parts[count - 1], *schema = count == 2 ? &parts[0] : NULL;
  *name = (TableName){.table = table->text,
                      .table_quoted = table->quoted,
                      .schema = schema ? schema->text : NULL,
                      .schema_quoted = schema && schema->quoted};
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- matching */

int table_name_look_up(const TableName *name, const Schema *schema, const SchemaTable **table,
                       Error *error) {
  size_t low = 0, high = schema->table_count;
  *table = NULL;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strcmp(schema->tables[middle].name, name->table);
    if (order == 0) {
      *table = &schema->tables[middle];
      return SQLITE_OK;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  for (size_t i = 0; i < schema->table_count && !name->table_quoted; i++) {
    const SchemaTable *one = &schema->tables[i];
    if (sqlite3_stricmp(one->name, name->table)) continue;
    if (*table)
      return error_set(error, SQLITE_ERROR,
                       "%s may mean \"%s\" or \"%s\": write the one that is meant", name->table,
                       (*table)->name, one->name);
    *table = one;
  }
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- printing */

static bool is_plain(const char *name) {
  for (const char *at = name; *at; at++) {
    char c = *at;
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
    if (!letter && (at == name || c < '0' || c > '9')) return false;
  }
  return *name != 0;
}

static void print_part(sqlite3_str *text, char quote, const char *name) {
  if (is_plain(name)) {
    sqlite3_str_appendall(text, name);
    return;
  }
  sqlite3_str_appendchar(text, 1, quote);
  for (; *name; name++)
    sqlite3_str_appendchar(text, *name == quote ? 2 : 1, *name);
  sqlite3_str_appendchar(text, 1, quote);
}

char *schema_qualified(const DriverDialect *dialect, const char *schema, const char *table) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  print_part(text, dialect->identifier_quote, schema);
  sqlite3_str_appendchar(text, 1, '.');
  print_part(text, dialect->identifier_quote, table);
  return sqlite3_str_finish(text);
}
