/*
** fn_attach.c: all tables of a block at once.
**
**   SELECT connector_attach('shop');                                    -- 312
**   SELECT connector_attach('shop', 'as=s, schema=sales, tables=''ord*,cust*''');
**   SELECT connector_link('shop', 'prefix=shop_');                      -- {"linked":312,"added":312,…}
**
** connector_attach makes an in-memory schema, named like the block, that goes with this SQLite connection;
** connector_link writes the same tables into a database file. Both ask the server once, for the whole
** schema, and may be said again to follow what changed there.
*/
#include "../src/json.h"
#include "../src/options.h"
#include "catalog.h"
#include "linked.h"
#include "value.h"
#include <string.h>

/* ---------------------------------------------------------------- options */

typedef struct LinkOptions {
  OptionList list;
  char *patterns;                         /* of a list of them; `tables` is this then */
  const char *schema, *tables, *readonly; /* both */
  const char *as;                         /* attach */
  const char *into, *prefix;              /* link */
  bool is_readonly;
} LinkOptions;

static int read_readonly(LinkOptions *options, Error *error) {
  if (!options->readonly || option_boolean(options->readonly, &options->is_readonly))
    return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "option readonly must be true or false, not '%.40s'",
                   options->readonly);
}

/* {"tables": ["ord*", "cust*"]} is tables='ord*,cust*'. */
static int read_patterns(LinkOptions *options, const char *text, Error *error) {
  const Value array = {.type = VALUE_TEXT, .json = true, .bytes = {text, strlen(text)}};
  JsonItems *items;
  int code = json_open(&array, &items, error);
  if (code != SQLITE_OK) return code;
  sqlite3_str *list = sqlite3_str_new(NULL);
  for (size_t i = 0; code == SQLITE_OK && i < items->count; i++) {
    const JsonItem *item = &items->items[i];
    bool pattern = item->kind == JSON_TEXT && item->value.type == VALUE_TEXT &&
                   item->value.bytes.size > 0 &&
                   !memchr(item->value.bytes.data, ',', item->value.bytes.size);
    if (!pattern)
      code = error_set(error, SQLITE_ERROR,
                       "option tables is a list of names or GLOB patterns: element %d is none",
                       (int)i + 1);
    else
      sqlite3_str_appendf(list, "%s%.*s", i ? "," : "", (int)item->value.bytes.size,
                          item->value.bytes.data);
  }
  if (code == SQLITE_OK && items->count == 0)
    code = error_set(error, SQLITE_ERROR,
                     "option tables is an empty list: leave it out for all tables");
  json_free(items);
  options->patterns = sqlite3_str_finish(list);
  if (code == SQLITE_OK && !options->patterns) code = error_memory(error);
  options->tables = options->patterns;
  return code;
}

/* What is no text or number is meant otherwise than it would be taken. */
static int check_value(const OptionPair *pair, const char *function, Error *error) {
  if (pair->nested && strcmp(pair->key, "tables"))
    return error_set(error, SQLITE_ERROR, "option %s of connector_%s is one value, not a list",
                     pair->key, function);
  if (pair->nested && *pair->value != '[')
    return error_set(error, SQLITE_ERROR,
                     "option tables of connector_%s is a text or an array, not an object",
                     function);
  if (!strcmp(pair->key, "as") && pair->value && !*pair->value)
    return error_set(error, SQLITE_ERROR,
                     "option as of connector_%s is empty: give the schema's name, or leave it out",
                     function);
  return SQLITE_OK;
}

/* Does the value go on with another option, as in `as=p tables=it*`? Then the name is its own. */
static const char *swallowed_option(const char *value, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t size = strlen(names[i]);
    for (const char *at = value; (at = strstr(at, names[i])) != NULL; at += size) {
      bool word = at > value && at[-1] == ' ';
      if (word && at[size + strspn(at + size, " ")] == '=') return names[i];
    }
  }
  return NULL;
}

static int read_options(Connector *connector, sqlite3_value *value, bool attach,
                        LinkOptions *options, Error *error) {
  static const char *const valid[][5] = {{"schema", "tables", "into", "prefix", "readonly"},
                                         {"schema", "tables", "as", "readonly"}};
  const char *text;
  size_t size, count = attach ? 4 : 5;
  *options = (LinkOptions){0};
  const char **places[2][5] = {
      {&options->schema, &options->tables, &options->into, &options->prefix, &options->readonly},
      {&options->schema, &options->tables, &options->as, &options->readonly}};
  int code = argument_optional(value, "options", &text, &size, error);
  if (code == SQLITE_OK && text)
    code = option_list_parse(connector, text, size, &options->list, error);
  for (size_t i = 0; code == SQLITE_OK && i < options->list.count; i++) {
    const OptionPair *pair = &options->list.pairs[i];
    size_t k = 0;
    while (k < count && strcmp(valid[attach][k], pair->key))
      k++;
    const char *next = pair->value ? swallowed_option(pair->value, valid[attach], count) : NULL;
    bool listed = i > 0 && !strcmp(options->list.pairs[i - 1].key, "tables");
    if (k == count && listed && !strcmp(pair->value, "true")) { /* a word without = */
      code = error_set(
          error, SQLITE_ERROR,
          "unknown option '%s' of connector_%s: a list stands in quotes, tables=\"%s,%s\"",
          pair->key, attach ? "attach" : "link", options->list.pairs[i - 1].value, pair->key);
    } else if (k == count) {
      code = error_set(error, SQLITE_ERROR, "unknown option '%s' of connector_%s", pair->key,
                       attach ? "attach" : "link");
      error_suggest(error, pair->key, valid[attach], count);
    } else if (next) {
      code = error_set(error, SQLITE_ERROR,
                       "option %s of connector_%s is '%.80s': a comma is missing before %s=",
                       pair->key, attach ? "attach" : "link", pair->value, next);
    } else {
      code = check_value(pair, attach ? "attach" : "link", error);
      *places[attach][k] = pair->value;
      if (code == SQLITE_OK && pair->nested) code = read_patterns(options, pair->value, error);
    }
  }
  return code == SQLITE_OK ? read_readonly(options, error) : code;
}

/* ---------------------------------------------------------------- both */

typedef struct Linking {
  const char *name;
  LinkOptions options;
  Remote *remote; /* retained */
  Schema *schema; /* retained */
} Linking;

static int linking_begin(Connector *connector, int argc, sqlite3_value **argv, bool attach,
                         Linking *linking, Error *error) {
  *linking = (Linking){0};
  int code = argument_text(argv[0], "the connector's name", &linking->name, NULL, error);
  if (code == SQLITE_OK)
    code = read_options(connector, argc > 1 ? argv[1] : NULL, attach, &linking->options, error);
  if (code == SQLITE_OK) code = remote_get(connector, linking->name, &linking->remote, error);
  if (code != SQLITE_OK) {
    linking->remote = NULL;
    return code;
  }
  remote_retain(linking->remote);
  return schema_load(linking->remote, linking->options.schema, true, &linking->schema, error);
}

static void linking_end(Linking *linking) {
  schema_release(linking->schema);
  remote_release(linking->remote);
  option_list_clear(&linking->options.list);
  sqlite3_free(linking->options.patterns);
}

/* ---------------------------------------------------------------- connector_attach */

static bool is_attached_name(sqlite3 *db, const char *name) {
  return sqlite3_db_filename(db, name) != NULL;
}

/* A memory schema. ':memory:' is read-only under a read-only main. The other form is a URI, which not
** every host allows: its path cannot be a file, so that it fails where it is taken for a file's name. */
static int attach_memory(sqlite3 *db, const char *block, const char *name, Error *error) {
  const char *file =
      sqlite3_db_readonly(db, "main") == 1 ? "file:/dev/null/connector?mode=memory" : ":memory:";
  char *sql = sqlite3_mprintf("ATTACH %Q AS \"%w\"", file, name);
  int code = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  if (code == SQLITE_OK) return code;
  if (code == SQLITE_NOMEM) return error_memory(error);
  const char *message = sqlite3_errmsg(db);
  if (strstr(message, "too many attached"))
    return error_set(error, code,
                     "%s: DETACH one, or put the tables into a file that is open already: SELECT "
                     "connector_link('%s')",
                     message, block);
  return error_set(error, code, "the schema %s could not be attached: %s", name, message);
}

static int check_schema(Connector *connector, const Linking *linking, const char *as, bool *there,
                        Error *error) {
  static const char *const reserved[] = {"main", "temp"};
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (!sqlite3_stricmp(as, reserved[i]))
      return error_set(error, SQLITE_ERROR,
                       "connector_attach makes a schema of its own and cannot use %s: give another "
                       "name by the option as, or put the tables there by connector_link",
                       as);
  *there = is_attached_name(connector->db, as);
  if (!*there) return SQLITE_OK;
  bool ours;
  int code = linked_is_attached(connector, as, linking->remote->block->name, &ours, error);
  if (code != SQLITE_OK || ours) return code;
  return error_set(error, SQLITE_ERROR,
                   "a database is attached as %s already: give another name by the option as: "
                   "connector_attach('%s', 'as=…')",
                   as, linking->name);
}

static int attach_tables(Connector *connector, Linking *linking, LinkedCounts *counts,
                         Error *error) {
  bool there;
  const char *as = linking->options.as ? linking->options.as : linking->name;
  int code = check_schema(connector, linking, as, &there, error);
  if (code == SQLITE_OK && !there) code = attach_memory(connector->db, linking->name, as, error);
  if (code != SQLITE_OK) return code;
  LinkedRequest request = {.remote = linking->remote,
                           .schema = linking->schema,
                           .into = as,
                           .prefix = "",
                           .tables = linking->options.tables,
                           .readonly = linking->options.is_readonly,
                           .block_table = true};
  code = linked_sync(connector, &request, counts, error);
  if (code != SQLITE_OK && !there) {
    char *sql = sqlite3_mprintf("DETACH \"%w\"", as);
    if (sql) sqlite3_exec(connector->db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
  }
  return code;
}

static void attach(Connector *connector, sqlite3_context *context, int argc, sqlite3_value **argv) {
  Linking linking;
  LinkedCounts counts;
  Error error = {0};
  int code = linking_begin(connector, argc, argv, true, &linking, &error);
  if (code == SQLITE_OK) code = attach_tables(connector, &linking, &counts, &error);
  linking_end(&linking);
  if (code == SQLITE_OK)
    sqlite3_result_int64(context, counts.linked);
  else
    report_error(connector, context, &error);
}

/* ---------------------------------------------------------------- connector_link */

static void link_tables(Connector *connector, sqlite3_context *context, int argc,
                        sqlite3_value **argv) {
  Linking linking;
  LinkedCounts counts;
  Error error = {0};
  int code = linking_begin(connector, argc, argv, false, &linking, &error);
  const char *into = linking.options.into ? linking.options.into : "main";
  if (code == SQLITE_OK && !is_attached_name(connector->db, into))
    code = error_set(&error, SQLITE_ERROR,
                     "connector_link: there is no schema '%s' here: ATTACH a "
                     "file under that name first",
                     into);
  if (code == SQLITE_OK) {
    LinkedRequest request = {.remote = linking.remote,
                             .schema = linking.schema,
                             .into = into,
                             .prefix = linking.options.prefix ? linking.options.prefix : "",
                             .tables = linking.options.tables,
                             .readonly = linking.options.is_readonly};
    code = linked_sync(connector, &request, &counts, &error);
  }
  linking_end(&linking);
  if (code != SQLITE_OK) {
    report_error(connector, context, &error);
    return;
  }
  char *json = sqlite3_mprintf("{\"linked\":%lld,\"added\":%lld,\"changed\":%lld,\"dropped\":%lld}",
                               counts.linked, counts.added, counts.changed, counts.dropped);
  if (!json) {
    sqlite3_result_error_nomem(context);
    return;
  }
  Value result = value_json(json);
  value_result(context, &result);
  sqlite3_free(json);
}

const CatalogEntry fn_attach_entries[] = {
    {.name = "connector_attach",
     .kind = CATALOG_FUNCTION,
     .topic = "tables",
     .usage = "connector_attach(name [, options])",
     .least = 1,
     .most = 2,
     .meaning =
         "all tables of the block's database as tables of an in-memory schema named like the "
         "block; again = refresh; options as, schema, tables (GLOB list), readonly; gives their "
         "number",
     .example = "SELECT connector_attach('shop'); SELECT * FROM shop.orders",
     .function = attach},
    {.name = "connector_link",
     .kind = CATALOG_FUNCTION,
     .topic = "tables",
     .usage = "connector_link(name [, options])",
     .least = 1,
     .most = 2,
     .meaning =
         "the same, kept in a database file; options tables (GLOB list), schema, into (local "
         "schema, main), prefix (of the local names), readonly; gives JSON: linked, added, "
         "changed, "
         "dropped",
     .example = "SELECT connector_link('shop', 'prefix=shop_')",
     .function = link_tables},
    {0}};
