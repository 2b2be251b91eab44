/*
** remote_learn.c: see remote_learn.h.
**
** The shadow table has one row for each argument that the statement does not have:
**
**   number  argument
**   0       'public.orders'           the table's name in full; of a query there is none
**   1 …     "id" INTEGER PRIMARY KEY REMOTE integer unique
**   n       PRIMARY KEY("a", "b")
**   n + 1   rows=1000000
**   n + 2   identity=ctid
*/
#include "remote_learn.h"
#include "column_names.h"
#include <string.h>

/* ---------------------------------------------------------------- from the catalog */

static char *copy(const char *text, bool *failed) {
  char *made = sqlite3_mprintf("%s", text);
  *failed |= made == NULL;
  return made;
}

/* A single key of whole numbers in every row is the rowid. In a SQLite file only what is the rowid there
** is known to be one. */
static bool is_rowid(const DriverDialect *dialect, const SchemaTable *table,
                     const SchemaColumn *column) {
  if (table->key_count != 1 || !column->key || !column->not_null) return false;
  if (strcmp(column->class_name, "integer")) return false;
  return !dialect->dynamic_types || (column->generated && !strcmp(column->generated, "auto"));
}

/* Is its value that of an expression? */
static bool is_generated(const SchemaColumn *column) {
  return column->generated &&
         (!strcmp(column->generated, "stored") || !strcmp(column->generated, "virtual"));
}

static int learn_columns(const DriverDialect *dialect, const SchemaTable *table, char **names,
                         ModuleArguments *arguments, Error *error) {
  bool failed = false;
  arguments->columns = sqlite3_malloc64(table->column_count * sizeof *arguments->columns);
  if (!arguments->columns) return error_memory(error);
  arguments->column_room = (int)table->column_count;
  for (size_t i = 0; i < table->column_count; i++) {
    const SchemaColumn *from = &table->columns[i];
    ModuleColumn *column = &arguments->columns[arguments->column_count++];
    arguments->visible_count++;
    *column = (ModuleColumn){.name = copy(names[i], &failed),
                             .type = copy(from->sqlite_type, &failed),
                             .class_name = copy(from->class_name, &failed),
                             .compare = from->compare,
                             .short_text = from->short_text,
                             .generated = is_generated(from),
                             .fallback = !is_generated(from) && (from->fallback || from->generated),
                             .not_null = from->not_null,
                             .unique = from->unique,
                             .indexed = from->indexed || from->unique,
                             .rowid = is_rowid(dialect, table, from),
                             .key = from->key};
    if (strcmp(names[i], from->name)) column->remote = copy(from->name, &failed);
  }
  arguments->key_count = table->key_count;
  if (failed) return error_memory(error);
  return module_arguments_key(arguments, error); /* what the user says is better known */
}

/* A table with a key needs nothing else. */
static int learn_identity(const SchemaTable *table, ModuleArguments *arguments, Error *error) {
  if (arguments->key_count || arguments->identity || !table->identity) return SQLITE_OK;
  arguments->identity = sqlite3_mprintf("%s", table->identity);
  return arguments->identity ? SQLITE_OK : error_memory(error);
}

int remote_learn(const DriverDialect *dialect, const Schema *schema, const SchemaTable *table,
                 ModuleArguments *arguments, Error *error) {
  char **raw = sqlite3_malloc64((table->column_count + 1) * sizeof *raw);
  if (!raw) return error_memory(error);
  for (size_t i = 0; i < table->column_count; i++)
    raw[i] = (char *)table->columns[i].name;
  char **names = column_names_unique(raw, table->column_count);
  sqlite3_free(raw);
  if (!names) return error_memory(error);
  char *qualified = schema_qualified(dialect, schema->name, table->name);
  int code =
      qualified ? learn_columns(dialect, table, names, arguments, error) : error_memory(error);
  if (code == SQLITE_OK) code = learn_identity(table, arguments, error);
  sqlite3_free(names);
  sqlite3_free(arguments->table);
  arguments->table = qualified;
  arguments->rows = table->rows;
  return code;
}

/* ---------------------------------------------------------------- as text */

static char *key_text(const ModuleArguments *arguments) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  for (int place = 1; place <= arguments->key_count; place++) {
    int i = 0;
    while (i < arguments->visible_count && arguments->columns[i].key != place)
      i++;
    if (i == arguments->visible_count || arguments->columns[i].rowid) continue;
    sqlite3_str_appendf(text, "%s\"%w\"", place == 1 ? "PRIMARY KEY(" : ", ",
                        arguments->columns[i].name);
  }
  if (sqlite3_str_length(text) > 0) sqlite3_str_appendall(text, ")");
  return sqlite3_str_finish(text); /* NULL: there is none */
}

#define OTHER_ARGUMENTS 4 /* behind the columns */

/* Argument number `index` behind the table's name or the query, or NULL: there is no such one. "" = nothing. */
static char *argument_text_at(const ModuleArguments *arguments, int index) {
  if (index < arguments->column_count) {
    sqlite3_str *text = sqlite3_str_new(NULL);
    column_definition_print(text, &arguments->columns[index], false);
    return sqlite3_str_finish(text);
  }
  index -= arguments->column_count;
  if (index == 0) {
    char *key = key_text(arguments);
    return key ? key : sqlite3_mprintf("");
  }
  if (index == 1 && arguments->rows >= 0)
    return sqlite3_mprintf("rows=%lld", (long long)arguments->rows);
  if (index == 2 && arguments->identity) return sqlite3_mprintf("identity=%s", arguments->identity);
  if (index == 3 && arguments->readonly) return sqlite3_mprintf("readonly");
  return index < OTHER_ARGUMENTS ? sqlite3_mprintf("") : NULL;
}

void remote_learn_print(sqlite3_str *text, const ModuleArguments *arguments) {
  sqlite3_str_appendf(text, ", %Q", arguments->table);
  for (int i = 0; i < arguments->column_count + OTHER_ARGUMENTS; i++) {
    char *argument = argument_text_at(arguments, i);
    if (argument && *argument) sqlite3_str_appendf(text, ", %s", argument);
    sqlite3_free(argument);
  }
}

/* ---------------------------------------------------------------- the shadow table */

#define SHADOW_COLUMNS "(number INTEGER PRIMARY KEY, argument TEXT)"

static int failed_sql(sqlite3 *db, int code, Error *error) {
  if (code == SQLITE_NOMEM) return error_memory(error);
  return error_set(error, code, "the table's columns could not be kept: %s", sqlite3_errmsg(db));
}

static int run(sqlite3 *db, char *sql, Error *error) {
  int code = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  return code == SQLITE_OK ? code : failed_sql(db, code, error);
}

static int insert(sqlite3_stmt *statement, int number, char *argument) {
  int code = argument ? SQLITE_OK : SQLITE_NOMEM;
  if (code == SQLITE_OK && *argument) {
    sqlite3_bind_int(statement, 1, number);
    sqlite3_bind_text(statement, 2, argument, -1, SQLITE_TRANSIENT);
    sqlite3_step(statement);
    code = sqlite3_reset(statement);
  }
  sqlite3_free(argument);
  return code;
}

int remote_shadow_write(sqlite3 *db, const char *schema, const char *name,
                        const ModuleArguments *arguments, Error *error) {
  sqlite3_stmt *statement = NULL;
  int code =
      run(db, sqlite3_mprintf("CREATE TABLE \"%w\".\"%w_connector\"" SHADOW_COLUMNS, schema, name),
          error);
  if (code != SQLITE_OK) return code;
  char *sql = sqlite3_mprintf("INSERT INTO \"%w\".\"%w_connector\" VALUES (?1, ?2)", schema, name);
  code = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  if (code == SQLITE_OK && arguments->table)
    code = insert(statement, 0, sqlite3_mprintf("%Q", arguments->table));
  for (int i = 0; code == SQLITE_OK && i < arguments->column_count + OTHER_ARGUMENTS; i++)
    code = insert(statement, i + 1, argument_text_at(arguments, i));
  sqlite3_finalize(statement);
  return code == SQLITE_OK ? code : failed_sql(db, code, error);
}

/* Is it the plain table that remote_shadow_write makes, and not a view or something virtual? */
static int is_ours(sqlite3 *db, const char *schema, const char *name, bool *ours) {
  sqlite3_stmt *statement = NULL;
  char *sql = sqlite3_mprintf("SELECT 1 FROM \"%w\".sqlite_schema WHERE type = 'table' AND name = "
                              "'%q_connector' COLLATE NOCASE AND rootpage > 0 AND sql LIKE "
                              "'CREATE TABLE %%' || ?1 AND instr(sql, ' AS ') = 0",
                              schema, name);
  int code = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  *ours = false;
  if (code != SQLITE_OK) return code;
  sqlite3_bind_text(statement, 1, SHADOW_COLUMNS, -1, SQLITE_STATIC);
  *ours = sqlite3_step(statement) == SQLITE_ROW;
  return sqlite3_finalize(statement);
}

int remote_shadow_read(sqlite3 *db, const char *schema, const char *name,
                       ModuleArguments *arguments, Error *error) {
  sqlite3_stmt *statement = NULL;
  bool ours;
  int code = is_ours(db, schema, name, &ours);
  char *sql = NULL;
  if (code == SQLITE_OK && ours) {
    sql = sqlite3_mprintf("SELECT argument FROM \"%w\".\"%w_connector\" ORDER BY number", schema,
                          name);
    code = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
  }
  sqlite3_free(sql);
  if (code != SQLITE_OK) return failed_sql(db, code, error);
  sqlite3_free(arguments->table);
  arguments->table = NULL;
  while (code == SQLITE_OK && statement && sqlite3_step(statement) == SQLITE_ROW) {
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    code = module_arguments_add(arguments, text ? text : "", error);
  }
  int end = sqlite3_finalize(statement);
  if (code == SQLITE_OK && end != SQLITE_OK) code = failed_sql(db, end, error);
  bool named = arguments->table || arguments->query;
  if (code == SQLITE_OK && (!named || !arguments->visible_count))
    code = error_set(error, SQLITE_CORRUPT,
                     "the columns of table %s are not in %s_connector any more: DROP the table and "
                     "make it again",
                     name, name);
  return code;
}

int remote_shadow_drop(sqlite3 *db, const char *schema, const char *name, Error *error) {
  bool ours;
  int code = is_ours(db, schema, name, &ours);
  if (code != SQLITE_OK) return failed_sql(db, code, error);
  if (!ours) return SQLITE_OK;
  return run(db, sqlite3_mprintf("DROP TABLE \"%w\".\"%w_connector\"", schema, name), error);
}

int remote_shadow_rename(sqlite3 *db, const char *schema, const char *name, const char *to,
                         Error *error) {
  bool ours;
  int code = is_ours(db, schema, name, &ours);
  if (code != SQLITE_OK) return failed_sql(db, code, error);
  if (!ours) return SQLITE_OK;
  return run(db,
             sqlite3_mprintf("ALTER TABLE \"%w\".\"%w_connector\" RENAME TO \"%w_connector\"",
                             schema, name, to),
             error);
}
