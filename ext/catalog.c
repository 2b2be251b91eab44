/*
** catalog.c: collects the entries of every file, registers them, and is the common entry of all
** functions.
**
** Relies on guard.c (who may call) and list_table.c (the module of plain tables). A registration holds
** one reference to the Connector through its CatalogBinding, so that the Connector goes with the last
** of them, when SQLite closes the connection.
*/
#include "catalog.h"
#include <string.h>

extern const CatalogEntry fn_block_entries[], fn_ping_entries[], fn_execute_entries[],
    rows_aggregate_entries[], fn_value_entries[], fn_fetch_entries[], fetch_table_entries[],
    query_table_entries[], fn_view_entries[], connector_module_entries[], fn_attach_entries[],
    fn_allow_entries[], fn_session_entries[], fn_recover_entries[], tables_entries[],
    schema_tables_entries[], help_entries[];

static const CatalogEntry *const files[] = {
    fn_block_entries,    fn_ping_entries,          fn_execute_entries, rows_aggregate_entries,
    fn_value_entries,    query_table_entries,      fn_view_entries,    fn_fetch_entries,
    fetch_table_entries, connector_module_entries, fn_attach_entries,  fn_allow_entries,
    fn_session_entries,  fn_recover_entries,       tables_entries,     schema_tables_entries,
    help_entries,
};

const CatalogEntry *catalog_at(size_t index) {
  for (size_t file = 0; file < sizeof files / sizeof *files; file++) {
    for (const CatalogEntry *entry = files[file]; entry->name; entry++) {
      if (index-- == 0) return entry;
    }
  }
  return NULL;
}

CatalogBinding *catalog_bind(Connector *connector, const CatalogEntry *entry) {
  CatalogBinding *binding = sqlite3_malloc64(sizeof *binding);
  if (binding)
    *binding = (CatalogBinding){.connector = connector_retain(connector), .entry = entry};
  return binding;
}

void catalog_unbind(void *memory) {
  CatalogBinding *binding = memory;
  if (!binding) return;
  connector_release(binding->connector);
  sqlite3_free(binding);
}

int catalog_usage(const CatalogEntry *entry, Error *error) {
  return error_set(error, SQLITE_ERROR, "usage: %s", entry->usage);
}

void report_error(Connector *connector, sqlite3_context *context, Error *error) {
  int code = error->code ? error->code : SQLITE_ERROR;
  if ((code & 0xff) == SQLITE_NOMEM || !error->message) {
    sqlite3_result_error_nomem(context);
  } else {
    sqlite3_result_error(context, error->message, -1);
    sqlite3_result_error_code(context, code);
  }
  error_move(&connector->last_error, error);
}

int report_table_error(Connector *connector, sqlite3_vtab *table, Error *error) {
  int code = error->code ? error->code : SQLITE_ERROR;
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = error->message ? sqlite3_mprintf("%s", error->message) : NULL;
  error_move(&connector->last_error, error);
  return code;
}

/* True when the call may go on; otherwise the error is its result already. */
static bool admit(CatalogBinding *binding, sqlite3_context *context, int argc) {
  const CatalogEntry *entry = binding->entry;
  Error error; /* large, and this is called for each row */
  int code = SQLITE_OK;
  error_init(&error);
  if (argc < entry->least || (entry->most != CATALOG_ANY && argc > entry->most)) {
    code = catalog_usage(entry, &error);
  } else if (entry->kind == CATALOG_FUNCTION) { /* SQLite allows no aggregate in a CHECK */
    code = guard_check(&binding->guard, binding->connector->db, entry->name, context, argc, &error);
  }
  if (code == SQLITE_OK) return true;
  report_error(binding->connector, context, &error);
  return false;
}

static void call(sqlite3_context *context, int argc, sqlite3_value **argv) {
  CatalogBinding *binding = sqlite3_user_data(context);
  if (admit(binding, context, argc))
    binding->entry->function(binding->connector, context, argc, argv);
}

static void finish(sqlite3_context *context) {
  CatalogBinding *binding = sqlite3_user_data(context);
  binding->entry->finish(binding->connector, context);
}

/* Functions see and set the JSON subtype; hosts from 3.45 on want to be told. */
static int function_flags(void) {
  const int result_subtype = 0x01000000; /* SQLITE_RESULT_SUBTYPE */
  int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_SUBTYPE;
  return sqlite3_libversion_number() >= 3045000 ? flags | result_subtype : flags;
}

/* A table that is called as a function: better than SQLite's "no such function". */
static void called_table(sqlite3_context *context, int argc, sqlite3_value **argv) {
  CatalogBinding *binding = sqlite3_user_data(context);
  Error error = {0};
  (void)argc, (void)argv;
  error_set(&error, SQLITE_ERROR, "%s is a table: SELECT * FROM %s", binding->entry->name,
            binding->entry->usage);
  report_error(binding->connector, context, &error);
}

static int register_hint(Connector *connector, const CatalogEntry *entry) {
  CatalogBinding *binding = catalog_bind(connector, entry);
  if (!binding) return SQLITE_NOMEM;
  return sqlite3_create_function_v2(connector->db, entry->name, -1, function_flags(), binding,
                                    called_table, NULL, NULL, catalog_unbind);
}

static int register_entry(Connector *connector, const CatalogEntry *entry) {
  CatalogBinding *binding = catalog_bind(connector, entry);
  if (!binding) return SQLITE_NOMEM;
  /* Both calls run the destructor themselves when they fail. */
  if (entry->kind == CATALOG_TABLE || entry->kind == CATALOG_MODULE) {
    const sqlite3_module *module = entry->module ? entry->module : &list_table_module;
    return sqlite3_create_module_v2(connector->db, entry->name, module, binding, catalog_unbind);
  }
  bool aggregate = entry->kind == CATALOG_AGGREGATE;
  return sqlite3_create_function_v2(connector->db, entry->name, -1, function_flags(), binding,
                                    aggregate ? NULL : call, aggregate ? call : NULL,
                                    aggregate ? finish : NULL, catalog_unbind);
}

int catalog_register(Connector *connector, Error *error) {
  const CatalogEntry *entry;
  for (size_t index = 0; (entry = catalog_at(index)) != NULL; index++) {
    int code = register_entry(connector, entry);
    if (code == SQLITE_OK && entry->kind == CATALOG_TABLE) code = register_hint(connector, entry);
    if (code == SQLITE_NOMEM) return error_memory(error);
    if (code != SQLITE_OK) {
      return error_set(error, code, "cannot register %s: %s", entry->name,
                       sqlite3_errmsg(connector->db));
    }
  }
  return SQLITE_OK;
}
