/*
** schema_tables.c: what a block's database holds.
**
**   SELECT name, kind, estimated_rows FROM connector_tables('shop');
**   SELECT name, kind FROM connector_tables('shop', 'pg_catalog');
**   SELECT name, remote_type, key FROM connector_columns('shop', 'public.orders');
**   SELECT t.name, c.name FROM connector_tables('shop') t,
**     connector_columns('shop', t.qualified) c;
**   SELECT connector_refresh('shop');
**
** connector_tables asks the server each time, with one statement for a whole schema, and what it
** learns is kept; connector_columns takes what is known, and asks for what is not. So the join
** above is one statement.
*/
#include "../src/block_set.h"
#include "../src/schema.h"
#include "catalog.h"
#include "value.h"

/* The block's Remote, retained. */
static int open_remote(Connector *connector, sqlite3_value *name, Remote **remote, Error *error) {
  const char *text;
  int code = argument_text(name, "the connector's name", &text, NULL, error);
  if (code == SQLITE_OK) code = remote_get(connector, text, remote, error);
  if (code == SQLITE_OK) remote_retain(*remote);
  return code;
}

static int close_remote(Remote *remote, int code, Error *error) {
  if (code != SQLITE_OK && !error->block) {
    error->block = sqlite3_mprintf("%s", remote->block->name);
  }
  remote_release(remote);
  return code;
}

/* ---- connector_tables ---- */

static Value estimate(int64_t number) {
  return number >= 0 ? value_integer(number) : value_null();
}

static int add_table(const DriverDialect *dialect, const Schema *schema, const SchemaTable *table,
                     Spill *rows, Error *error) {
  char *qualified = schema_qualified(dialect, schema->name, table->name);
  if (!qualified) return error_memory(error);
  Value row[] = {value_text(schema->name),   value_text(table->name),
                 value_text(table->kind),    estimate(table->rows),
                 estimate(table->bytes),     value_integer((int64_t)table->column_count),
                 value_text(table->comment), value_text(qualified)};
  int code = spill_append(rows, row, sizeof row / sizeof *row, error);
  sqlite3_free(qualified);
  return code;
}

static int fill_tables(Connector *connector, sqlite3_value **arguments, Spill *rows, Error *error) {
  Remote *remote;
  Schema *schema = NULL;
  const char *name;
  int code = argument_optional(arguments[1], "the schema", &name, NULL, error);
  if (code == SQLITE_OK) code = open_remote(connector, arguments[0], &remote, error);
  if (code != SQLITE_OK) return code;
  code = schema_load(remote, name, true, &schema, error);
  for (size_t i = 0; code == SQLITE_OK && i < schema->table_count; i++) {
    code = add_table(remote->dialect, schema, &schema->tables[i], rows, error);
  }
  schema_release(schema);
  return close_remote(remote, code, error);
}

static const ListTable tables_table = {
    "CREATE TABLE x(schema TEXT, name TEXT, kind TEXT, estimated_rows INTEGER, bytes INTEGER, "
    "columns INTEGER, comment TEXT, qualified TEXT, block HIDDEN, of_schema HIDDEN)",
    8, 2, fill_tables};

/* ---- connector_columns ---- */

static int add_column(const SchemaColumn *column, Spill *rows, Error *error) {
  static const char *const compares[] = {[COMPARE_NONE] = NULL,
                                         [COMPARE_BYTES] = "bytes",
                                         [COMPARE_EQUALITY] = "equality",
                                         [COMPARE_INEXACT] = "inexact"};
  Value row[] = {value_integer(column->position),
                 value_text(column->name),
                 value_text(column->remote_type),
                 value_text(column->sqlite_type),
                 value_integer(column->not_null),
                 value_text(column->fallback),
                 value_text(column->generated),
                 value_integer(column->key),
                 value_text(column->unique    ? "unique"
                            : column->indexed ? "index"
                                              : NULL),
                 value_text(compares[column->compare]),
                 value_text(column->lossy),
                 value_text(column->comment),
                 value_text(column->class_name)};
  return spill_append(rows, row, sizeof row / sizeof *row, error);
}

static int fill_columns(Connector *connector, sqlite3_value **arguments, Spill *rows,
                        Error *error) {
  Remote *remote;
  Schema *schema = NULL;
  const SchemaTable *table;
  const char *name;
  int code = argument_text(arguments[1], "the table", &name, NULL, error);
  if (code == SQLITE_OK) code = open_remote(connector, arguments[0], &remote, error);
  if (code != SQLITE_OK) return code;
  code = schema_find(remote, name, &schema, &table, error);
  for (size_t i = 0; code == SQLITE_OK && i < table->column_count; i++) {
    code = add_column(&table->columns[i], rows, error);
  }
  schema_release(schema);
  return close_remote(remote, code, error);
}

static const ListTable columns_table = {
    "CREATE TABLE x(position INTEGER, name TEXT, remote_type TEXT, sqlite_type TEXT, "
    "not_null INTEGER, \"default\" TEXT, generated TEXT, key INTEGER, indexed TEXT, "
    "compare TEXT, lossy TEXT, comment TEXT, class TEXT, block HIDDEN, of_table HIDDEN)",
    13, 2, fill_columns};

/* ---- connector_refresh ---- */

static void refresh(Connector *connector, sqlite3_context *context, int argc,
                    sqlite3_value **argv) {
  const char *name;
  Block *block = NULL;
  Error error = {0};
  int code = argument_optional(argc ? argv[0] : NULL, "the connector's name", &name, NULL, &error);
  if (code == SQLITE_OK && name) code = block_find(connector, name, &block, &error);
  if (code == SQLITE_OK) {
    sqlite3_result_int(context, schema_forget(connector, name));
  } else {
    report_error(connector, context, &error);
  }
  block_release(block);
}

const CatalogEntry schema_tables_entries[] = {
    {.name = "connector_tables",
     .kind = CATALOG_TABLE,
     .topic = "tables",
     .usage = "connector_tables(name [, schema])",
     .least = 1,
     .most = 2,
     .meaning = "table: the tables and views of the block's database, in one schema (the default "
                "one unless given), that may be read",
     .example = "SELECT name, kind, estimated_rows FROM connector_tables('shop')",
     .list = &tables_table},
    {.name = "connector_columns",
     .kind = CATALOG_TABLE,
     .topic = "tables",
     .usage = "connector_columns(name, table)",
     .least = 2,
     .most = 2,
     .meaning = "table: the columns of one remote table, named table or schema.table: type there "
                "and in SQLite, key, default and more",
     .example = "SELECT name, remote_type, key FROM connector_columns('shop', 'public.orders')",
     .list = &columns_table},
    {.name = "connector_refresh",
     .kind = CATALOG_FUNCTION,
     .topic = "tables",
     .usage = "connector_refresh([name])",
     .least = 0,
     .most = 1,
     .meaning = "forgets what is known of the tables of one block, or of all; gives the number of "
                "schemas forgotten",
     .example = "SELECT connector_refresh('shop')",
     .function = refresh},
    {0}};
