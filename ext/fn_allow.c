/*
** fn_allow.c: which database files may use which block.
**
**   SELECT connector_allow('shop');           -- the tables of main's file may use block shop
**   SELECT connector_allow('shop', 'other');  -- those of an attached one
**   SELECT * FROM connector_allowed;          -- path, block, since
**   SELECT connector_revoke('shop', '/srv/old.db');
*/
#include "../src/allow.h"
#include "../src/block_set.h"
#include "catalog.h"
#include "value.h"

/* name [, where]: where defaults to main. */
static int read_arguments(int argc, sqlite3_value **argv, const char *what, const char **name,
                          const char **where, Error *error) {
  int code = argument_text(argv[0], "name", name, NULL, error);
  if (code == SQLITE_OK) {
    code = argument_optional(argc > 1 ? argv[1] : NULL, what, where, NULL, error);
  }
  if (code == SQLITE_OK && !*where) *where = "main";
  return code;
}

static void allow(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  const char *name, *schema;
  Block *block = NULL;
  bool already = false;
  Error error = {0};
  int code = read_arguments(argc, argv, "schema", &name, &schema, &error);
  if (code == SQLITE_OK) code = block_find(connector, name, &block, &error);
  if (code == SQLITE_OK && allow_place(connector->db, schema) != PLACE_TEMP) {
    code = allow_check(connector, schema, name, &already, &error);
  }
  if (code == SQLITE_OK && !already) code = allow_grant(connector, schema, name, &error);
  if (code == SQLITE_OK)
    sqlite3_result_int(context, !already);
  else
    report_error(connector, context, &error);
  block_release(block);
}

static void take_back(Connector *connector, sqlite3_context *context, int argc,
                      sqlite3_value **argv) {
  const char *name, *where;
  bool revoked = false;
  Error error = {0};
  int code = read_arguments(argc, argv, "schema or path", &name, &where, &error);
  if (code == SQLITE_OK) code = allow_revoke(connector, where, name, &revoked, &error);
  if (code == SQLITE_OK)
    sqlite3_result_int(context, revoked);
  else
    report_error(connector, context, &error);
}

static int fill_allowed(Connector *connector, sqlite3_value **arguments, Spill *rows,
                        Error *error) {
  (void)arguments;
  return allow_list(connector, rows, error);
}

static const ListTable allowed_table = {"CREATE TABLE x(path TEXT, block TEXT, since TEXT)", 3, 0,
                                        fill_allowed};

extern const CatalogEntry fn_allow_entries[]; /* catalog.c lists it */
const CatalogEntry fn_allow_entries[] = {
    {.name = "connector_allow",
     .kind = CATALOG_FUNCTION,
     .topic = "tables",
     .usage = "connector_allow(name [, schema])",
     .least = 1,
     .most = 2,
     .meaning = "lets the tables of that schema's database file (main) use the block; 1, or 0 when "
                "they could already",
     .example = "SELECT connector_allow('shop')",
     .function = allow},
    {.name = "connector_revoke",
     .kind = CATALOG_FUNCTION,
     .topic = "tables",
     .usage = "connector_revoke(name [, schema or path])",
     .least = 1,
     .most = 2,
     .meaning = "takes that back, for a schema's file (main) or a path that connector_allowed "
                "shows; 1 or 0",
     .example = "SELECT connector_revoke('shop')",
     .function = take_back},
    {.name = "connector_allowed",
     .kind = CATALOG_TABLE,
     .topic = "tables",
     .usage = "connector_allowed",
     .meaning = "which database file may use which block, and since when",
     .example = "SELECT path, block, since FROM connector_allowed",
     .list = &allowed_table},
    {0}};
