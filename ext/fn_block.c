/*
** fn_block.c: saving, opening, changing, showing and deleting blocks.
**
**   SELECT connector_save('shop', 'postgresql://ann@db.example.com/shop?password_from=ask');
**   SELECT connector_open('tmp', 'sqlite:///data.db', 'fetch_size=100, readonly');
**   SELECT connector_set('shop', 'statement_timeout', 5000);
**   SELECT name, url FROM connector_blocks;
**
** No result and no message holds a password: blocks are shown masked. The SQL text itself is SQLite's:
** an application gives a definition with a password as a bound parameter, and a person uses
** password_from=ask.
*/
#include "../src/block_set.h"
#include "../src/cursor.h"
#include "../src/remote.h"
#include "catalog.h"
#include "value.h"
#include <string.h>

static void result_text(sqlite3_context *context, const char *text) {
  sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* ---- connector_save, connector_open ---- */

/* The word "overwrite" among the options; it is about the saving and no part of the block. */
static int take_overwrite(Connector *connector, const char *text, size_t size, bool *overwrite,
                          Error *error) {
  OptionList list;
  *overwrite = false;
  int code = option_list_parse(connector, text, size, &list, error);
  if (code != SQLITE_OK) return code;
  const char *value = option_list_get(&list, "overwrite");
  if (value && !option_boolean(value, overwrite)) {
    code = error_set(error, SQLITE_ERROR, "overwrite must be true or false");
  }
  option_list_clear(&list);
  return code;
}

/* The block that a masked password may come from; NULL when there is none that can be used. */
static Block *find_old(Connector *connector, const char *name, const char *definition) {
  Block *old = NULL;
  Error ignored = {0};
  if (strstr(definition, "********")) block_find(connector, name, &old, &ignored);
  error_clear(&ignored);
  return old;
}

typedef struct Definition {
  const char *name, *text, *options;
  size_t size, options_size;
} Definition;

static int read_arguments(int argc, sqlite3_value **argv, Definition *definition, Error *error) {
  *definition = (Definition){0};
  int code = argument_text(argv[0], "name", &definition->name, NULL, error);
  if (code == SQLITE_OK) {
    code = argument_text(argv[1], "definition", &definition->text, &definition->size, error);
  }
  if (code == SQLITE_OK) {
    code = argument_optional(argc > 2 ? argv[2] : NULL, "options", &definition->options,
                             &definition->options_size, error);
  }
  return code;
}

static int make_block(Connector *connector, const Definition *definition, Block **block,
                      bool *overwrite, Error *error) {
  *block = NULL;
  int code = block_name_check(definition->name, error);
  if (code == SQLITE_OK) {
    code =
        take_overwrite(connector, definition->options, definition->options_size, overwrite, error);
  }
  if (code != SQLITE_OK) return code;
  Block *old = find_old(connector, definition->name, definition->text);
  code = block_parse(connector, definition->name, definition->text, definition->size,
                     definition->options, definition->options_size, true, old, block, error);
  block_release(old);
  return code;
}

static void save(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  Definition definition;
  Block *block = NULL;
  bool overwrite = false;
  Error error = {0};
  int code = read_arguments(argc, argv, &definition, &error);
  if (code == SQLITE_OK) code = make_block(connector, &definition, &block, &overwrite, &error);
  if (code == SQLITE_OK) code = block_save(connector, block, overwrite, &error);
  if (code == SQLITE_OK)
    result_text(context, definition.name);
  else
    report_error(connector, context, &error);
  block_release(block);
}

static void open_block(Connector *connector, sqlite3_context *context, int argc,
                       sqlite3_value **argv) {
  Definition definition;
  Block *block = NULL;
  bool overwrite = false;
  Error error = {0};
  int code = read_arguments(argc, argv, &definition, &error);
  if (code == SQLITE_OK) code = make_block(connector, &definition, &block, &overwrite, &error);
  if (code == SQLITE_OK) code = block_open(connector, block, &error);
  if (code == SQLITE_OK)
    result_text(context, definition.name);
  else
    report_error(connector, context, &error);
  block_release(block);
}

/* ---- connector_set ---- */

/* A number is as good as its text; *text is NULL for SQL NULL. */
static int value_as_text(sqlite3_value *value, const char **text, Error *error) {
  int type = sqlite3_value_type(value);
  *text = NULL;
  if (type == SQLITE_NULL) return SQLITE_OK;
  if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) {
    return argument_text(value, "value", text, NULL, error);
  }
  *text = (const char *)sqlite3_value_text(value);
  return *text ? SQLITE_OK : error_memory(error);
}

static void set(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  const char *name, *key, *value;
  Block *old = NULL, *changed = NULL;
  Error error = {0};
  int code = argument_text(argv[0], "name", &name, NULL, &error);
  if (code == SQLITE_OK) code = argument_text(argv[1], "key", &key, NULL, &error);
  if (code == SQLITE_OK) code = value_as_text(argv[2], &value, &error);
  if (code == SQLITE_OK) code = block_find(connector, name, &old, &error);
  if (code == SQLITE_OK) code = block_change(connector, old, key, value, &changed, &error);
  if (code == SQLITE_OK) code = block_replace(connector, changed, &error);
  if (code == SQLITE_OK)
    result_text(context, name);
  else
    report_error(connector, context, &error);
  block_release(changed);
  block_release(old);
}

/* ---- connector_load, connector_delete ---- */

static void load(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  const char *name;
  Block *block = NULL;
  Error error = {0};
  int code = argument_text(argv[0], "name", &name, NULL, &error);
  if (code == SQLITE_OK) code = block_find(connector, name, &block, &error);
  char *json = code == SQLITE_OK ? block_json(block, true) : NULL;
  if (code == SQLITE_OK && json == NULL) code = error_memory(&error);
  if (code == SQLITE_OK) {
    Value value = value_json(json);
    value_result(context, &value);
  } else {
    report_error(connector, context, &error);
  }
  sqlite3_free(json);
  block_release(block);
}

static void delete_block(Connector *connector, sqlite3_context *context, int argc,
                         sqlite3_value **argv) {
  (void)argc;
  const char *name;
  bool deleted = false;
  Error error = {0};
  int code = argument_text(argv[0], "name", &name, NULL, &error);
  if (code == SQLITE_OK) code = block_delete(connector, name, &deleted, &error);
  if (code != SQLITE_OK) {
    report_error(connector, context, &error);
    return;
  }
  if (deleted) {
    cursor_reset(connector, name);
    remote_close(connector, name);
  }
  sqlite3_result_int(context, deleted);
}

/* ---- connector_blocks ---- */

static int append_block(const Block *block, Spill *rows, Error *error) {
  static const char *const sources[] = {[BLOCK_OPENED] = "opened",
                                        [BLOCK_ENVIRONMENT] = "environment",
                                        [BLOCK_STORE] = "store",
                                        [BLOCK_USER] = "user",
                                        [BLOCK_SYSTEM] = "system"};
  bool good = block->broken == NULL;
  char *url = good ? block_url(block, true) : NULL;
  char *options = good ? block_options_json(block) : NULL;
  if (good && (url == NULL || options == NULL)) {
    sqlite3_free(url);
    sqlite3_free(options);
    return error_memory(error);
  }
  Value row[] = {value_text(block->name),
                 value_text(good ? block->driver->name : NULL),
                 value_text(good ? block->driver->backend : NULL),
                 value_text(url),
                 options ? value_json(options) : value_null(),
                 value_text(sources[block->source]),
                 value_text(block->created_at),
                 value_text(block->updated_at),
                 value_text(block->id),
                 value_text(block->broken)};
  int code = spill_append(rows, row, sizeof row / sizeof *row, error);
  sqlite3_free(url);
  sqlite3_free(options);
  return code;
}

static int fill_blocks(Connector *connector, sqlite3_value **arguments, Spill *rows, Error *error) {
  (void)arguments;
  Block **blocks = NULL;
  size_t count = 0;
  int code = block_list(connector, &blocks, &count, error);
  for (size_t i = 0; i < count && code == SQLITE_OK; i++) {
    code = append_block(blocks[i], rows, error);
  }
  block_list_free(blocks, count);
  return code;
}

static const ListTable blocks_table = {
    "CREATE TABLE x(name TEXT, driver TEXT, backend TEXT, url TEXT, options TEXT, source TEXT,"
    " created_at TEXT, updated_at TEXT, id TEXT, error TEXT)",
    10, 0, fill_blocks};

/* ---- the catalog ---- */

extern const CatalogEntry fn_block_entries[]; /* catalog.c lists it */
const CatalogEntry fn_block_entries[] = {
    {.name = "connector_save",
     .kind = CATALOG_FUNCTION,
     .topic = "blocks",
     .usage = "connector_save(name, definition [, options])",
     .least = 2,
     .most = 3,
     .meaning = "saves a database's description under a name; definition is a URL or JSON; option "
                "overwrite replaces one",
     .example = "SELECT connector_save('shop', "
                "'postgresql://ann@db.example.com/shop?password_from=ask')",
     .function = save},
    {.name = "connector_open",
     .kind = CATALOG_FUNCTION,
     .topic = "blocks",
     .usage = "connector_open(name, definition [, options])",
     .least = 2,
     .most = 3,
     .meaning = "the same for this SQLite connection only; nothing is stored",
     .example = "SELECT connector_open('old', 'sqlite:////srv/old.db', 'readonly')",
     .function = open_block},
    {.name = "connector_set",
     .kind = CATALOG_FUNCTION,
     .topic = "blocks",
     .usage = "connector_set(name, key, value)",
     .least = 3,
     .most = 3,
     .meaning =
         "changes one part (username, password, host, port, database, query.KEY …) or option "
         "of a block; NULL removes it",
     .example = "SELECT connector_set('shop', 'statement_timeout', 5000)",
     .function = set},
    {.name = "connector_load",
     .kind = CATALOG_FUNCTION,
     .topic = "blocks",
     .usage = "connector_load(name)",
     .least = 1,
     .most = 1,
     .meaning = "the block as JSON, its password as ********; saving that back keeps the password",
     .example = "SELECT connector_load('shop')",
     .function = load},
    {.name = "connector_delete",
     .kind = CATALOG_FUNCTION,
     .topic = "blocks",
     .usage = "connector_delete(name)",
     .least = 1,
     .most = 1,
     .meaning = "closes and removes a block; 1, or 0 when there was none",
     .example = "SELECT connector_delete('shop')",
     .function = delete_block},
    {.name = "connector_blocks",
     .kind = CATALOG_TABLE,
     .topic = "blocks",
     .usage = "connector_blocks",
     .meaning = "every block that can be used here: name, driver, masked URL, options, where it is "
                "from",
     .example = "SELECT name, url, source FROM connector_blocks",
     .list = &blocks_table},
    {0}};
