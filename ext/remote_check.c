/*
** remote_check.c: see remote_check.h.
*/
#include "remote_check.h"
#include "../src/cursor.h"
#include "column_names.h"
#include <string.h>

static int other_columns(const RemoteTable *table, Error *error) {
  return error_set(error, SQLITE_ERROR,
                   "connector '%s': the query of table %s gives other columns than the table has: "
                   "make it again, by "
                   "connector_view, or with the names that the query gives, all of them",
                   table->arguments.block, table->place.table);
}

/* A query that runs as it is must have the names that it had. */
static int check_names(const RemoteTable *table, Stream *stream, Error *error) {
  bool same = stream_column_count(stream) == (size_t)table->column_count;
  char **raw = same ? column_names_copy(stream) : NULL;
  char **names = raw ? column_names_unique(raw, (size_t)table->column_count) : NULL;
  sqlite3_free(raw);
  if (same && !names) return error_memory(error);
  for (int i = 0; same && i < table->column_count; i++)
    same = sqlite3_stricmp(names[i], table->arguments.columns[i].name) == 0;
  sqlite3_free(names);
  return same ? SQLITE_OK : other_columns(table, error);
}

/* Asked for in a form of its own: what is true of the old values may leave out rows of another class, although
** both are declared alike. */
static bool has_own_form(const char *class_name) {
  static const char *const classes[] = {"date", "timestamp", "timestamptz", "uuid", "char"};
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (!strcmp(classes[i], class_name)) return true;
  return false;
}

/* The types are those that the table was made for, or no value is shown. */
static int check_types(const RemoteTable *table, Stream *stream, const int *map, Error *error) {
  for (int i = 0; i < table->column_count; i++) {
    const PushColumn *column = &table->columns[i];
    if (map[i] < 0 || !column->class_name) continue;
    const DriverColumn *given = stream_column(stream, (size_t)map[i]);
    if (!strcmp(column->class_name, given->class_name)) continue;
    const char *was = driver_class(column->class_name)->sqlite_type;
    bool alike = !strcmp(was, driver_class(given->class_name)->sqlite_type);
    if (alike && !has_own_form(column->class_name)) continue;
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': column \"%s\" of %s is %s now, and was of class %s when the "
                     "table was made: make it anew (connector_attach again, or DROP and CREATE)",
                     table->arguments.block, column->name,
                     table->arguments.table ? table->arguments.table : "the query",
                     given->remote_type, column->class_name);
  }
  return SQLITE_OK;
}

int remote_check_columns(const RemoteSelect *select, Stream *stream, const int *map,
                         size_t expected, Error *error) {
  const RemoteTable *table = select->table;
  if (remote_select_is_raw(select)) {
    int code = check_names(table, stream, error);
    if (code != SQLITE_OK) return code;
  } else if (stream_column_count(stream) != expected) {
    return other_columns(table, error);
  }
  bool counting = select->plan->count && !select->whole;
  return counting || select->dialect->dynamic_types ? SQLITE_OK
                                                    : check_types(table, stream, map, error);
}
