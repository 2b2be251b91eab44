/*
** help.c: connector_help, made from the catalog, and connector_version.
**
**   SELECT usage, meaning FROM connector_help('fetch');
*/
#include "../src/json.h"
#include "../src/registry.h"
#include "../src/store.h"
#include "catalog.h"
#include "help.h"
#include "value.h"
#include <string.h>

/* ---- connector_help ---- */

static const char *kind_text(const CatalogEntry *entry) {
  switch (entry->kind) {
  case CATALOG_FUNCTION: return "function";
  case CATALOG_AGGREGATE: return "aggregate";
  case CATALOG_TABLE: return "table";
  case CATALOG_MODULE: return "module";
  }
  return "";
}

/* A topic, a name, or a name without its prefix. */
static bool is_about(const CatalogEntry *entry, const char *about) {
  static const char prefix[] = "connector_";
  return !about || sqlite3_stricmp(entry->topic, about) == 0 ||
         sqlite3_stricmp(entry->name, about) == 0 ||
         (strncmp(entry->name, prefix, sizeof prefix - 1) == 0 &&
          sqlite3_stricmp(entry->name + sizeof prefix - 1, about) == 0);
}

static int nothing_about(const char *about, Error *error) {
  const char *names[128];
  size_t count = 0;
  const CatalogEntry *entry;
  for (size_t i = 0; (entry = catalog_at(i)) != NULL; i++) {
    bool known = false;
    for (size_t k = 0; k < count; k++)
      known = known || strcmp(names[k], entry->topic) == 0;
    if (!known && count < sizeof names / sizeof *names) names[count++] = entry->topic;
  }
  error_set(error, SQLITE_ERROR, "connector_help knows no topic or function '%s'", about);
  error_suggest(error, about, names, count);
  return error->code;
}

static int fill_help(Connector *connector, sqlite3_value **arguments, Spill *rows, Error *error) {
  const char *about;
  const CatalogEntry *entry;
  (void)connector;
  int code = argument_optional(arguments[0], "the topic", &about, NULL, error);
  for (size_t i = 0; code == SQLITE_OK && (entry = catalog_at(i)) != NULL; i++) {
    if (!is_about(entry, about)) continue;
    Value row[] = {value_text(entry->topic),     value_text(entry->name),
                   value_text(kind_text(entry)), value_text(entry->usage),
                   value_text(entry->meaning),   value_text(entry->example)};
    code = spill_append(rows, row, sizeof row / sizeof *row, error);
  }
  if (code == SQLITE_OK && about && spill_rows(rows) == 0) return nothing_about(about, error);
  return code;
}

static const ListTable help_table = {
    "CREATE TABLE x(topic TEXT, name TEXT, kind TEXT, usage TEXT, meaning TEXT, example TEXT, "
    "about HIDDEN)",
    6, 1, fill_help};

/* ---- connector_version ---- */

/* Names the backends without loading one. The version comes first: connector.c looks for it there. */
static void version(Connector *connector, sqlite3_context *context, int argc,
                    sqlite3_value **argv) {
  DriverBuffer buffer;
  (void)argc, (void)argv;
  buffer_init(&buffer, &connector->host);
  buffer_format(
      &buffer,
      "{\"version\":\"%s\",\"sqlite\":\"%s\",\"sqlite_needed\":\"%s\",\"store_format\":%d,"
      "\"driver_abi\":%d,\"drivers\":[",
      CONNECTOR_VERSION, sqlite3_libversion(), HOST_NEEDED_TEXT, STORE_FORMAT, DRIVER_ABI);
  for (size_t i = 0, shown = 0; i < driver_name_count; i++) {
    size_t before = 0;
    while (before < i && strcmp(driver_names[before].backend, driver_names[i].backend) != 0)
      before++;
    if (before < i) continue;
    if (shown++) buffer_text(&buffer, ",");
    buffer_json_string(&buffer, driver_names[i].backend, strlen(driver_names[i].backend));
  }
  buffer_text(&buffer, "]}");
  if (buffer.failed) {
    sqlite3_result_error_nomem(context);
  } else {
    Value result = value_json(buffer.data);
    value_result(context, &result);
  }
  buffer_clear(&buffer);
}

const CatalogEntry help_entries[] = {
    {.name = "connector_help",
     .kind = CATALOG_TABLE,
     .topic = "help",
     .usage = "connector_help([topic])",
     .least = 0,
     .most = 1,
     .meaning = "table: every function, table and aggregate, or those of one topic or name",
     .example = "SELECT usage, meaning FROM connector_help('fetch')",
     .list = &help_table},
    {.name = "connector_version",
     .kind = CATALOG_FUNCTION,
     .topic = "help",
     .usage = "connector_version()",
     .least = 0,
     .most = 0,
     .meaning = "JSON: this version, SQLite's and the least one needed, store format, driver ABI",
     .example = "SELECT connector_version()",
     .function = version},
    {0}};
