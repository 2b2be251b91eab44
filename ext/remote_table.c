/*
** remote_table.c: a remote table or query as SQLite sees it: its declaration, what is known of its columns,
** where it lies, and its way to the block.
**
**   CREATE VIRTUAL TABLE temp.orders USING connector(shop, 'public.orders');      asks for the columns
**   CREATE VIRTUAL TABLE temp.q USING connector(shop, query='SELECT …', "id" INTEGER);
**
** The columns of a short form are asked for by xCreate and kept in a shadow table; in every other case
** they stand in the statement, so that xConnect needs nobody.
**
** A table with a single integer key has that as its rowid. Every other is WITHOUT ROWID with one hidden
** column _key, whose values tell its rows apart (remote_key.c): as a column it is only fetched when it is used.
*/
#include "remote_table.h"
#include "shown_rows.h"
#include "../src/block_set.h"
#include "../src/remote.h"
#include "../src/schema_name.h"
#include "catalog.h"
#include "query_columns.h"
#include "remote_learn.h"
#include <string.h>

/* ---------------------------------------------------------------- columns */

static const char *remote_name(const ModuleColumn *column) {
  return column->remote ? column->remote : column->name;
}

/* Classes are for all columns or for none: only then is something put around a query, and with names that
** are not unique nothing is. */
static bool is_wrappable(const ModuleArguments *arguments) {
  if (!arguments->query) return true;
  for (int i = 0; i < arguments->visible_count; i++) {
    if (!arguments->columns[i].class_name) return false;
    for (int j = 0; j < i; j++)
      if (!sqlite3_stricmp(remote_name(&arguments->columns[i]),
                           remote_name(&arguments->columns[j])))
        return false;
  }
  return true;
}

/* The encoding is that of all databases of the connection, and fixed when a table is there. */
static bool has_utf16(sqlite3 *db) {
  sqlite3_stmt *statement = NULL;
  bool utf8 = sqlite3_prepare_v2(db, "PRAGMA encoding", -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW &&
              !strcmp((const char *)sqlite3_column_text(statement, 0), "UTF-8");
  sqlite3_finalize(statement);
  return !utf8;
}

static int fill_columns(RemoteTable *table, Error *error) {
  const ModuleArguments *arguments = &table->arguments;
  table->column_count = arguments->visible_count;
  table->utf16 = has_utf16(table->connector->db);
  table->columns = sqlite3_malloc64((size_t)(table->column_count + 1) * sizeof *table->columns);
  if (!table->columns) return error_memory(error);
  for (int i = 0; i < table->column_count; i++) {
    const ModuleColumn *column = &arguments->columns[i];
    table->columns[i] =
        (PushColumn){.name = remote_name(column),
                     .class_name = column->class_name,
                     .affinity = affinity_of(column->type),
                     .binary = !table->utf16 && (!column->collation ||
                                                 !sqlite3_stricmp(column->collation, "BINARY")),
                     .not_null = column->not_null,
                     .unique = column->unique || (column->key && arguments->key_count == 1),
                     .indexed = column->indexed || column->key == 1,
                     .short_text = column->short_text,
                     .compare = column->compare};
    if (column->rowid && arguments->key_count == 1) table->rowid_column = i;
  }
  table->wrappable = is_wrappable(arguments);
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- declaration */

static bool has_column(const ModuleArguments *arguments, const char *name) {
  for (int i = 0; i < arguments->column_count; i++)
    if (!sqlite3_stricmp(arguments->columns[i].name, name)) return true;
  return false;
}

/* A hidden column of ours, by a name that is free. */
static void declare_hidden(sqlite3_str *text, const ModuleArguments *arguments, const char *name,
                           const char *rest) {
  char free_name[40];
  sqlite3_snprintf(sizeof free_name, free_name, "%s", name);
  for (int number = 2; has_column(arguments, free_name); number++)
    sqlite3_snprintf(sizeof free_name, free_name, "%s_%d", name, number);
  sqlite3_str_appendf(text, ", \"%w\"%s", free_name, rest);
}

static int declare(sqlite3 *db, RemoteTable *table, Error *error) {
  sqlite3_vtab_config(db, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1); /* OR IGNORE … is ours */
  const ModuleArguments *arguments = &table->arguments;
  sqlite3_str *text = sqlite3_str_new(NULL);
  int count = arguments->column_count;
  for (int i = 0; i < count; i++) {
    sqlite3_str_appendall(text, i ? ", " : "CREATE TABLE x(");
    column_definition_print(text, &arguments->columns[i], true);
  }
  if (arguments->query) {
    declare_hidden(text, arguments, "connector surplus", " HIDDEN");
    table->surplus = count++;
  }
  if (table->rowid_column < 0) {
    declare_hidden(text, arguments, "_key", " BLOB HIDDEN PRIMARY KEY");
    table->identity = count++;
  }
  sqlite3_str_appendall(text, table->rowid_column < 0 ? ") WITHOUT ROWID" : ")");
  char *sql = sqlite3_str_finish(text);
  if (!sql) return error_memory(error);
  int code = sqlite3_declare_vtab(db, sql);
  sqlite3_free(sql);
  return code == SQLITE_OK ? code : error_set(error, code, "%s", sqlite3_errmsg(db));
}

/* A table whose columns are not known can be listed and dropped. */
static int declare_unknown(sqlite3 *db, Error *error) {
  int code = sqlite3_declare_vtab(db, "CREATE TABLE x(unknown)");
  return code == SQLITE_OK ? code : error_set(error, code, "%s", sqlite3_errmsg(db));
}

/* ---------------------------------------------------------------- making */

void remote_table_free(RemoteTable *table) {
  if (!table) return;
  sqlite3_free(table->base.zErrMsg); /* SQLite leaves one that it did not show */
  module_arguments_clear(&table->arguments);
  error_clear(&table->error);
  table_place_clear(&table->place);
  sqlite3_free(table->fault);
  sqlite3_free(table->columns);
  sqlite3_free(table->source);
  remote_key_text_clear(table);
  buffer_clear(&table->writes.form);
  buffer_clear(&table->writes.wanted);
  buffer_clear(&table->writes.sql);
  buffer_clear(&table->writes.alone);
  buffer_clear(&table->writes.copy);
  buffer_clear(&table->writes.together);
  shown_rows_free(table->shown);
  sqlite3_free(table);
}

/* A short form learns its columns and keeps them. */
/* A short form: neither a block table nor with its columns. */
static bool is_short(const ModuleArguments *arguments) {
  return (arguments->table || arguments->query) && !arguments->column_count;
}

static int learn_table(RemoteTable *table, Remote *remote, Error *error) {
  ModuleArguments *arguments = &table->arguments;
  Schema *schema;
  const SchemaTable *found;
  schema_forget(table->connector, remote->block->name); /* what is known may be old */
  schema_forget(table->connector, arguments->block);    /* what is made now is as things are now */
  int code = schema_find(remote, arguments->table, &schema, &found, error);
  if (code != SQLITE_OK) return code;
  code = remote_learn(remote->dialect, schema, found, arguments, error);
  schema_release(schema);
  return code;
}

static int learn_query(RemoteTable *table, Remote *remote, Error *error) {
  ModuleArguments *arguments = &table->arguments;
  QueryColumns columns = {0};
  int code =
      query_columns_learn(remote, arguments->query, strlen(arguments->query), &columns, error);
  for (size_t i = 0; code == SQLITE_OK && i < columns.column_count + columns.parameter_count; i++) {
    char *text = query_columns_text(&columns, remote->dialect, i);
    code = text ? module_arguments_add(arguments, text, error) : error_memory(error);
    sqlite3_free(text);
  }
  query_columns_clear(&columns);
  return code;
}

static int learn_columns(RemoteTable *table, Remote *remote, Error *error) {
  ModuleArguments *arguments = &table->arguments;
  if (!is_short(arguments)) return SQLITE_OK;
  int code =
      arguments->query ? learn_query(table, remote, error) : learn_table(table, remote, error);
  if (code != SQLITE_OK) return code;
  return remote_shadow_write(table->connector->db, table->place.schema, table->place.table,
                             arguments, error);
}

/* The block exists. That the schema may use it is the last thing to be said, when nothing can fail any more;
** but a URL is not followed before. */
static int create_table(RemoteTable *table, Error *error) {
  ModuleArguments *arguments = &table->arguments;
  Remote *remote;
  int code = SQLITE_OK;
  if (arguments->is_url) {
    code = table_block_create(&table->place, table->connector, arguments, error);
    if (code == SQLITE_OK) code = remote_table_remote(table, &remote, error);
  } else {
    code = remote_get(table->connector, arguments->block, &remote, error);
    if (code == SQLITE_OK) remote_retain(remote);
  }
  if (code != SQLITE_OK) return code;
  code = learn_columns(table, remote, error);
  if (code == SQLITE_OK) code = remote_identity_check(table, remote->dialect, error);
  remote_release(remote);
  if (code != SQLITE_OK || arguments->is_url) return code;
  return table_block_create(&table->place, table->connector, arguments, error);
}

static int connect_table(RemoteTable *table, Error *error) {
  ModuleArguments *arguments = &table->arguments;
  if (!is_short(arguments)) return SQLITE_OK;
  int code = remote_shadow_read(table->connector->db, table->place.schema, table->place.table,
                                arguments, error);
  if (code == SQLITE_OK || code == SQLITE_NOMEM) return code;
  table->fault = sqlite3_mprintf("%s", error->message ? error->message : "");
  error_clear(error);
  return table->fault ? SQLITE_OK : error_memory(error);
}

static int build(RemoteTable *table, bool create, Error *error) {
  sqlite3 *db = table->connector->db;
  int code = create ? create_table(table, error) : connect_table(table, error);
  if (code != SQLITE_OK) return code;
  if (table->fault) return declare_unknown(db, error);
  code = module_arguments_check(&table->arguments, error);
  if (code == SQLITE_OK) code = fill_columns(table, error);
  return code == SQLITE_OK ? declare(db, table, error) : code;
}

int remote_table_make(Connector *connector, const char *schema, const char *name,
                      ModuleArguments *arguments, bool create, RemoteTable **result, Error *error) {
  RemoteTable *table = sqlite3_malloc64(sizeof *table);
  if (!table) {
    module_arguments_clear(arguments);
    return error_memory(error);
  }
  *table = (RemoteTable){.kind = &remote_table_methods,
                         .connector = connector,
                         .writes = {.form = {.host = &connector->host},
                                    .wanted = {.host = &connector->host},
                                    .sql = {.host = &connector->host},
                                    .alone = {.host = &connector->host},
                                    .copy = {.host = &connector->host},
                                    .together = {.host = &connector->host}},
                         .arguments = *arguments,
                         .rowid_column = -1,
                         .surplus = -1,
                         .identity = -1};
  int code = table_place_init(&table->place, connector->db, schema, name);
  code = code == SQLITE_OK ? build(table, create, error) : error_memory(error);
  if (code != SQLITE_OK) {
    remote_table_free(table);
    return code;
  }
  *result = table;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- use */

int remote_table_remote(RemoteTable *table, Remote **remote, Error *error) {
  if (table->fault) return error_set(error, SQLITE_CORRUPT, "%s", table->fault);
  int code = table_block_remote(&table->place, table->connector, &table->arguments, remote, error);
  if (code != SQLITE_OK) return code;
  code = remote_key_text_prepare(table, *remote, error);
  if (code != SQLITE_OK) remote_release(*remote);
  return code;
}

const char *remote_table_source(RemoteTable *table, const DriverDialect *dialect, Error *error) {
  TableName name;
  DriverBuffer text;
  if (!table->arguments.table || (table->source && table->source_dialect == dialect))
    return table->source;
  sqlite3_free(table->source);
  table->source = NULL;
  table->source_dialect = dialect;
  if (table_name_parse(dialect, table->arguments.table, &name, error) != SQLITE_OK) return NULL;
  buffer_init(&text, &table->connector->host);
  PushPrinter printer = {.dialect = dialect, .sql = &text};
  if (name.schema) {
    push_name(&printer, name.schema);
    buffer_text(&text, ".");
  }
  push_name(&printer, name.table);
  if (!text.failed) table->source = sqlite3_mprintf("%s", text.data);
  buffer_clear(&text);
  table_name_clear(&name);
  if (!table->source) error_memory(error);
  return table->source;
}

char *remote_table_usage_text(const RemoteTable *table) {
  const ModuleArguments *arguments = &table->arguments;
  sqlite3_str *text = sqlite3_str_new(NULL);
  sqlite3_str_appendf(text, "SELECT * FROM %s", table->place.table);
  for (int i = arguments->visible_count; i < arguments->column_count; i++)
    sqlite3_str_appendf(text, "%s%s", i == arguments->visible_count ? "(" : ", ",
                        arguments->columns[i].name);
  if (arguments->column_count > arguments->visible_count) sqlite3_str_appendall(text, ")");
  return sqlite3_str_finish(text);
}

int remote_table_usage(const RemoteTable *table, Error *error) {
  char *text = remote_table_usage_text(table);
  if (!text) return error_memory(error);
  int code = error_set(error, SQLITE_ERROR, "usage: %s", text);
  sqlite3_free(text);
  return code;
}

int remote_table_destroy(RemoteTable *table, Error *error) {
  return remote_shadow_drop(table->connector->db, table->place.schema, table->place.table, error);
}

int remote_table_rename(RemoteTable *table, const char *name, Error *error) {
  char *copy = sqlite3_mprintf("%s", name);
  if (!copy) return error_memory(error);
  int code = remote_shadow_rename(table->connector->db, table->place.schema, table->place.table,
                                  name, error);
  if (code != SQLITE_OK) {
    sqlite3_free(copy);
    return code;
  }
  sqlite3_free(table->place.table);
  table->place.table = copy;
  return SQLITE_OK;
}
