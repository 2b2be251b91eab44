/*
** schema.c: snapshots of remote schemas: asked for, kept, found again, forgotten (schema.h).
**
** All goes by one statement, whatever the number of tables. A server may fail that statement
** because of one thing in the schema that is out of order (SQLite: a view of a dropped table);
** where that can be, the dialect has `catalog_names`, and each table is asked for by itself, those
** that fail left out, as they cannot be read either.
*/
#include "schema.h"
#include "schema_name.h"
#include "schema_rows.h"
#include "transaction.h"
#include <string.h>

/* ---------------------------------------------------------------- life */

void schema_release(Schema *schema) {
  if (!schema || --schema->references > 0) return;
  for (size_t i = 0; i < schema->table_count; i++)
    sqlite3_free(schema->tables[i].columns);
  sqlite3_free(schema->tables);
  schema_memory_free(schema->memory);
  sqlite3_free(schema);
}

void schema_cache_free(Schema *first) {
  while (first) {
    Schema *next = first->next;
    schema_release(first);
    first = next;
  }
}

int schema_forget(Connector *connector, const char *name) {
  int count = 0;
  for (Remote *remote = remote_first(connector); remote; remote = remote->next) {
    if (name && strcmp(remote->block->name, name)) continue;
    for (const Schema *schema = remote->schemas; schema; schema = schema->next)
      count += schema->whole;
    schema_cache_free(remote->schemas);
    remote->schemas = NULL;
  }
  return count;
}

/* What is read inside a transaction may be gone after it, and what was known before may have
** changed. */
static bool cache_holds(const Remote *remote) {
  return !transaction_has(remote);
}

static bool is_schema(const Schema *schema, const char *name) {
  return name ? !strcmp(schema->name, name) : schema->is_default;
}

/* Of the same schema: the whole replaces all, a table its older self. */
static bool replaces(const Schema *schema, const Schema *old) {
  return schema->whole || (!old->whole && !strcmp(schema->tables[0].name, old->tables[0].name));
}

/* Puts a snapshot in, in place of what it makes old. */
static void cache_put(Remote *remote, Schema *schema) {
  for (Schema **at = &remote->schemas; *at;) {
    Schema *old = *at;
    bool same = !strcmp(old->name, schema->name);
    if (same) schema->is_default |= old->is_default;
    if (same && replaces(schema, old)) {
      *at = old->next;
      schema_release(old);
    } else {
      at = &old->next;
    }
  }
  schema->references++;
  schema->next = remote->schemas;
  remote->schemas = schema;
}

/* ---------------------------------------------------------------- asking */

/* Opens a catalog statement. `table` may be NULL: the text then has no :table. */
static int open_catalog(Remote *remote, const char *sql, const char *schema, const char *table,
                        Stream **stream, Error *error) {
  JsonItem items[2] = {{.key = "schema"}, {.key = "table"}};
  const char *values[2] = {schema, table};
  for (int i = 0; i < 2; i++) {
    items[i].kind = values[i] ? JSON_TEXT : JSON_NULL;
    if (values[i])
      items[i].value = (Value){.type = VALUE_TEXT, .bytes = {values[i], strlen(values[i])}};
  }
  JsonItems named = {.is_object = true, .count = table ? 2 : 1, .items = items};
  Arguments arguments = {.named = &named};
  return stream_open(remote, sql, strlen(sql), &arguments, STREAM_READ, stream, error);
}

static int read_catalog(Remote *remote, const char *sql, const char *schema, const char *table,
                        SchemaReader *reader, Error *error) {
  Stream *stream;
  int rc = open_catalog(remote, sql, schema, table, &stream, error);
  if (rc) return rc;
  rc = schema_reader_read(reader, stream, error);
  stream_close(stream);
  return rc;
}

/* The names of all tables, one in each row of the spill. */
static int read_names(Remote *remote, const char *schema, Spill *names, Error *error) {
  Stream *stream;
  int rc = open_catalog(remote, remote->dialect->catalog_names, schema, NULL, &stream, error);
  if (rc) return rc;
  while ((rc = stream_next(stream, error)) == SQLITE_ROW) {
    Value name;
    rc = stream_value(stream, 0, &name, error);
    if (!rc) rc = spill_append(names, &name, 1, error);
    if (rc) break;
  }
  stream_close(stream);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int read_one_of_many(Remote *remote, const char *schema, const Value *name,
                            SchemaReader *reader, Error *error) {
  char *table = sqlite3_mprintf("%.*s", (int)name->bytes.size, name->bytes.data);
  if (!table) return error_memory(error);
  int rc =
      read_catalog(remote, remote->dialect->catalog_table_columns, schema, table, reader, error);
  sqlite3_free(table);
  if (rc && error->remote.failure == FAILURE_REMOTE) {
    error_clear(error);
    rc = SQLITE_OK;
  }
  return rc;
}

static int read_one_by_one(Remote *remote, const char *schema, SchemaReader *reader, Error *error) {
  Spill *names = spill_new();
  SpillReader *next = names ? spill_reader_new(names) : NULL;
  int rc = next ? read_names(remote, schema, names, error) : error_memory(error);
  const Value *name;
  size_t count;
  while (!rc && (rc = spill_reader_next(next, &name, &count, error)) == SQLITE_ROW)
    rc = read_one_of_many(remote, schema, name, reader, error);
  spill_reader_free(next);
  spill_free(names);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* *schema is NULL when there is none of that name. */
static int schema_ask(Remote *remote, const char *name, const char *table, Schema **schema,
                      Error *error) {
  const DriverDialect *dialect = remote->dialect;
  const char *sql = table ? dialect->catalog_table_columns : dialect->catalog_columns;
  *schema = NULL;
  if (!sql)
    return error_set(error, SQLITE_ERROR, "connector '%s': the %s driver does not list tables",
                     remote->block->name, remote->driver->backend);
  SchemaReader *reader = schema_reader_new(remote->block);
  if (!reader) return error_memory(error);
  int rc = read_catalog(remote, sql, name, table, reader, error);
  if (rc && !table && dialect->catalog_names && error->remote.failure == FAILURE_REMOTE) {
    error_clear(error);
    schema_reader_free(reader);
    reader = schema_reader_new(remote->block);
    rc = reader ? read_one_by_one(remote, name, reader, error) : error_memory(error);
  }
  if (rc) {
    schema_reader_free(reader);
    return rc;
  }
  rc = schema_reader_finish(reader, schema, error);
  if (*schema) {
    (*schema)->whole = table == NULL;
    (*schema)->is_default = name == NULL;
    if (cache_holds(remote) && ((*schema)->whole || (*schema)->table_count > 0))
      cache_put(remote, *schema);
  }
  return rc;
}

static int no_schema(const Remote *remote, const char *name, Error *error) {
  if (name)
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': there is no schema '%s', or its user may not use it",
                     remote->block->name, name);
  return error_set(error, SQLITE_ERROR,
                   "connector '%s': there is no default schema: name one, or give the block a "
                   "database",
                   remote->block->name);
}

/* ---------------------------------------------------------------- schemas and tables */

int schema_load(Remote *remote, const char *name, bool fresh, Schema **schema, Error *error) {
  for (*schema = remote->schemas; *schema && !fresh && cache_holds(remote);
       *schema = (*schema)->next) {
    if ((*schema)->whole && is_schema(*schema, name)) {
      (*schema)->references++;
      return SQLITE_OK;
    }
  }
  int rc = schema_ask(remote, name, NULL, schema, error);
  return rc || *schema ? rc : no_schema(remote, name, error);
}

/* Among what is known. *table is NULL when it is not there. */
static int find_known(Remote *remote, const TableName *name, Schema **schema,
                      const SchemaTable **table, Error *error) {
  *table = NULL;
  if (!cache_holds(remote)) return SQLITE_OK;
  for (Schema *known = remote->schemas; known; known = known->next) {
    if (!is_schema(known, name->schema)) continue;
    int rc = table_name_look_up(name, known, table, error);
    if (rc) return rc;
    /* one table alone does not tell whether there is another that is written as asked */
    if (*table && !known->whole && strcmp((*table)->name, name->table)) *table = NULL;
    if (*table) {
      known->references++;
      *schema = known;
      return SQLITE_OK;
    }
  }
  return SQLITE_OK;
}

/* The error that names near ones, of the whole schema. */
static int no_table(Remote *remote, const TableName *name, Error *error) {
  Schema *schema;
  int rc = schema_load(remote, name->schema, true, &schema, error);
  if (rc) return rc;
  const char **names = sqlite3_malloc64((schema->table_count + 1) * sizeof *names);
  if (!names) {
    schema_release(schema);
    return error_memory(error);
  }
  for (size_t i = 0; i < schema->table_count; i++)
    names[i] = schema->tables[i].name;
  error_set(error, SQLITE_ERROR,
            "connector '%s': there is no table '%s' in schema '%s' that its user may read",
            remote->block->name, name->table, schema->name);
  error_suggest(error, name->table, names, schema->table_count);
  sqlite3_free(names);
  schema_release(schema);
  return error->code;
}

/* Not known: the server is asked for it. */
static int find_new(Remote *remote, const TableName *name, Schema **schema,
                    const SchemaTable **table, Error *error) {
  int rc = schema_ask(remote, name->schema, name->table, schema, error);
  if (!rc && !*schema) return no_schema(remote, name->schema, error);
  if (!rc && name->schema_quoted && strcmp((*schema)->name, name->schema))
    rc = no_schema(remote, name->schema, error);
  if (!rc) rc = table_name_look_up(name, *schema, table, error);
  if (!rc && !*table) rc = no_table(remote, name, error);
  if (rc) {
    schema_release(*schema);
    *schema = NULL;
  }
  return rc;
}

int schema_find(Remote *remote, const char *text, Schema **schema, const SchemaTable **table,
                Error *error) {
  TableName name;
  *schema = NULL;
  *table = NULL;
  int rc = table_name_parse(remote->dialect, text, &name, error);
  if (!rc) {
    rc = find_known(remote, &name, schema, table, error);
    if (!rc && !*table) rc = find_new(remote, &name, schema, table, error);
    table_name_clear(&name);
  }
  if (rc && error->message && strncmp(error->message, "connector", 9))
    error_wrap(error, "connector '%s'", remote->block->name);
  return rc;
}
