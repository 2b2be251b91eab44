/*
** column_definition.c: one column in USING connector(…), read and written (module_arguments.h). Both
** ends are here so that what is written can be read.
*/
#include "../src/affinity.h"
#include "../src/driver_support.h"
#include "module_arguments.h"
#include "word.h"
#include <string.h>

/* Words behind REMOTE; the class stands first and is any word. */
static const char *const compares[] = {[COMPARE_NONE] = NULL,
                                       [COMPARE_BYTES] = "bytes",
                                       [COMPARE_EQUALITY] = "equality",
                                       [COMPARE_INEXACT] = "inexact"};

void column_definition_clear(ModuleColumn *column) {
  sqlite3_free(column->name);
  sqlite3_free(column->type);
  sqlite3_free(column->collation);
  sqlite3_free(column->remote);
  sqlite3_free(column->class_name);
  *column = (ModuleColumn){0};
}

static int not_understood(const ModuleColumn *column, const char *rest, Error *error) {
  if (*rest == '.')
    return error_set(error, SQLITE_ERROR,
                     "%s%.40s is no column; the name of a table stands in single quotes: '%s%.40s'",
                     column->name, rest, column->name, rest);
  return error_set(error, SQLITE_ERROR,
                   "column %s: '%.40s' is not understood: a column is a name and a type, then NOT "
                   "NULL, PRIMARY KEY, COLLATE, HIDDEN or REMOTE",
                   column->name, rest);
}

/* REMOTE ["name"] class [bytes | equality | inexact] [short] [unique] [indexed] [generated] [default] */
static int parse_remote(const char *at, ModuleColumn *column, Error *error) {
  if (*at == '"' && !(column->remote = word_take(&at))) return error_memory(error);
  if (*at && !(column->class_name = word_take(&at))) return error_memory(error);
  if (column->class_name && strcmp(driver_class(column->class_name)->name, column->class_name))
    return error_set(error, SQLITE_ERROR,
                     "column %s: there is no class '%s'; behind REMOTE stands the class that "
                     "connector_columns tells of the column",
                     column->name, column->class_name);
  while (*at) {
    const char *rest = at;
    if (word_skip(&at, "unique")) {
      column->unique = column->indexed = true;
    } else if (word_skip(&at, "indexed")) {
      column->indexed = true;
    } else if (word_skip(&at, "short")) {
      column->short_text = true;
    } else if (word_skip(&at, "generated")) {
      column->generated = true;
    } else if (word_skip(&at, "default")) {
      column->fallback = true;
    } else {
      for (size_t i = COMPARE_BYTES; i <= COMPARE_INEXACT; i++)
        if (word_skip(&at, compares[i])) column->compare = (SchemaCompare)i;
      if (at == rest) return not_understood(column, rest, error);
    }
  }
  return SQLITE_OK;
}

/* The words of the type, up to the first that means something else. */
static int parse_type(const char **at, ModuleColumn *column, Error *error) {
  static const char *const ends[] = {"NOT",    "NULL",      "PRIMARY",    "COLLATE",      "HIDDEN",
                                     "REMOTE", "DEFAULT",   "CHECK",      "REFERENCES",   "UNIQUE",
                                     "AS",     "GENERATED", "CONSTRAINT", "AUTOINCREMENT"};
  const char *from = *at, *to = from;
  while (**at) {
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
      if (word_is(*at, ends[i])) goto end;
    if (!word_skip_type(at)) break;
    to = *at;
  }
end:
  while (to > from && word_space(to[-1]))
    to--;
  column->type = sqlite3_mprintf("%.*s", (int)(to - from), from);
  return column->type ? SQLITE_OK : error_memory(error);
}

int column_definition_parse(const char *text, ModuleColumn *column, Error *error) {
  const char *at = text;
  column->name = word_take(&at);
  if (!column->name) return error_memory(error);
  int code = parse_type(&at, column, error);
  while (code == SQLITE_OK && *at) {
    const char *rest = at;
    if (word_skip(&at, "NOT") && word_skip(&at, "NULL")) {
      column->not_null = true;
    } else if (word_skip(&at, "PRIMARY") && word_skip(&at, "KEY")) {
      column->key = 1;
      column->rowid = affinity_of(column->type) == AFFINITY_INTEGER;
    } else if (word_skip(&at, "COLLATE")) {
      sqlite3_free(column->collation);
      column->collation = word_take(&at);
      if (!column->collation)
        code = error_memory(error);
      else if (!*column->collation)
        code = not_understood(column, rest, error);
    } else if (word_skip(&at, "HIDDEN")) {
      column->hidden = true;
    } else if (word_skip(&at, "REMOTE")) {
      return parse_remote(at, column, error);
    } else {
      code = not_understood(column, rest, error);
    }
  }
  return code;
}

void column_definition_print(sqlite3_str *text, const ModuleColumn *column, bool declare) {
  sqlite3_str_appendf(text, "\"%w\"", column->name);
  if (*column->type) sqlite3_str_appendf(text, " %s", column->type);
  if (column->collation) sqlite3_str_appendf(text, " COLLATE \"%w\"", column->collation);
  if (column->not_null) sqlite3_str_appendall(text, " NOT NULL");
  if (column->rowid) sqlite3_str_appendall(text, " PRIMARY KEY");
  if (column->hidden) sqlite3_str_appendall(text, " HIDDEN");
  if (declare || !column->class_name) return;
  sqlite3_str_appendall(text, " REMOTE");
  if (column->remote) sqlite3_str_appendf(text, " \"%w\"", column->remote);
  sqlite3_str_appendf(text, " %s", column->class_name);
  if (column->compare) sqlite3_str_appendf(text, " %s", compares[column->compare]);
  if (column->short_text) sqlite3_str_appendall(text, " short");
  if (column->unique)
    sqlite3_str_appendall(text, " unique");
  else if (column->indexed)
    sqlite3_str_appendall(text, " indexed");
  if (column->generated) sqlite3_str_appendall(text, " generated");
  if (column->fallback) sqlite3_str_appendall(text, " default");
}
