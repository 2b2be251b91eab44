/*
** tables.c: the lists of what is going on: connector_cursors, connector_log, connector_connections; and of what
** can be chosen: connector_drivers, connector_options.
**
**   SELECT at, operation, ms, error FROM connector_log ORDER BY number DESC LIMIT 5;
**   SELECT name, available, error FROM connector_drivers;
**
** Times are UTC in the form that SQLite's date functions read.
*/
#include "../src/cursor.h"
#include "../src/driver_support.h"
#include "../src/log.h"
#include "../src/options.h"
#include "../src/registry.h"
#include "catalog.h"
#include "value.h"
#include <string.h>
#include <time.h>

#define TIME_SIZE 32

/* "2026-01-31 12:30:00.123" */
static const char *time_text(double unix_time, char text[TIME_SIZE]) {
  time_t seconds = (time_t)unix_time;
  struct tm parts;
  char date[TIME_SIZE];
  gmtime_r(&seconds, &parts);
  strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &parts);
  int milliseconds = (int)((unix_time - (double)seconds) * 1000);
  sqlite3_snprintf(TIME_SIZE, text, "%s.%03d", date, milliseconds);
  return text;
}

static double unix_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- connector_cursors ---- */

static int fill_cursors(Connector *connector, sqlite3_value **arguments, Spill *rows,
                        Error *error) {
  (void)arguments;
  int code = SQLITE_OK;
  const FetchCursor *cursor = cursor_first(connector);
  for (; cursor && code == SQLITE_OK; cursor = cursor->next) {
    char since[TIME_SIZE];
    char *operation = log_mask(cursor->operation);
    if (!operation) return error_memory(error);
    Value row[] = {value_text(cursor->block),
                   value_text(operation),
                   value_json(cursor->parameters),
                   value_integer(cursor->rows),
                   value_text(cursor->stream ? "open" : "done"),
                   value_text(time_text(cursor->since, since))};
    code = spill_append(rows, row, sizeof row / sizeof *row, error);
    sqlite3_free(operation);
  }
  return code;
}

static const ListTable cursors_table = {"CREATE TABLE x(block TEXT, operation TEXT, parameters "
                                        "TEXT, rows INTEGER, state TEXT, since TEXT)",
                                        6, 0, fill_cursors};

/* ---- connector_log ---- */

static int fill_log(Connector *connector, sqlite3_value **arguments, Spill *rows, Error *error) {
  (void)arguments;
  int64_t number = 0;
  const LogEntry *entry;
  while ((entry = log_next(connector->log, number)) != NULL) {
    char at[TIME_SIZE];
    Value row[] = {value_integer(entry->number),
                   value_text(time_text(entry->at, at)),
                   value_text(entry->block),
                   value_integer(entry->connection),
                   value_text(entry->operation),
                   value_integer(entry->rows),
                   value_integer(entry->bytes),
                   value_real(entry->milliseconds),
                   value_text(*entry->sqlstate ? entry->sqlstate : NULL),
                   value_text(entry->error),
                   value_text(entry->detail),
                   value_text(entry->hint)};
    int code = spill_append(rows, row, sizeof row / sizeof *row, error);
    if (code != SQLITE_OK) return code;
    number = entry->number;
  }
  return SQLITE_OK;
}

static const ListTable log_table = {
    "CREATE TABLE x(number INTEGER, at TEXT, block TEXT, connection INTEGER, operation TEXT, "
    "rows INTEGER, bytes INTEGER, ms REAL, sqlstate TEXT, error TEXT, detail TEXT, hint TEXT)",
    12, 0, fill_log};

/* ---- connector_connections ---- */

typedef struct ConnectionRows {
  Spill *rows;
  Error *error;
} ConnectionRows;

static void add_connection(void *context, const Link *link) {
  static const char *const states[] = {
      [LINK_IDLE] = "idle", [LINK_BUSY] = "busy", [LINK_BROKEN] = "broken"};
  ConnectionRows *list = context;
  if (list->error->code) return;
  char since[TIME_SIZE];
  double seconds = (double)(driver_clock() - link->since) / 1e6;
  DriverServer server = {.product = "", .version = "", .tls = ""};
  if (link->connection) link->remote->driver->server(link->connection, &server);
  Value row[] = {value_text(link->remote->block->name),
                 value_integer(link->number),
                 value_text(states[link->state]),
                 server.process ? value_integer(server.process) : value_null(),
                 value_text(server.tls && *server.tls ? server.tls : NULL),
                 value_integer(link->in_transaction),
                 value_integer(link->read_only),
                 value_text(time_text(unix_now() - seconds, since))};
  spill_append(list->rows, row, sizeof row / sizeof *row, list->error);
}

static int fill_connections(Connector *connector, sqlite3_value **arguments, Spill *rows,
                            Error *error) {
  (void)arguments;
  ConnectionRows list = {rows, error};
  remote_visit(connector, add_connection, &list);
  return error->code;
}

static const ListTable connections_table = {
    "CREATE TABLE x(block TEXT, connection INTEGER, state TEXT, server_pid INTEGER, tls TEXT, "
    "in_transaction INTEGER, read_only INTEGER, since TEXT)",
    8, 0, fill_connections};

/* ---- connector_drivers ---- */

/* What loading a backend said; backends are few and names many. */
typedef struct BackendState {
  const char *backend;
  const Driver *driver;
  Error error;
} BackendState;

static int add_driver(const DriverName *name, const BackendState *state, Spill *rows,
                      Error *error) {
  const Driver *driver = state->driver;
  Value row[] = {value_text(name->name),
                 value_text(name->backend),
                 value_integer(driver != NULL),
                 value_text(driver ? driver->library_name : NULL),
                 value_text(driver ? driver->library_version() : NULL),
                 value_text(driver ? NULL : state->error.message)};
  return spill_append(rows, row, sizeof row / sizeof *row, error);
}

static int fill_drivers(Connector *connector, sqlite3_value **arguments, Spill *rows,
                        Error *error) {
  BackendState states[8] = {0};
  size_t count = 0;
  int code = SQLITE_OK;
  (void)arguments;
  for (size_t i = 0; i < driver_name_count && code == SQLITE_OK; i++) {
    const DriverName *name = &driver_names[i];
    size_t at = 0;
    while (at < count && strcmp(states[at].backend, name->backend) != 0)
      at++;
    if (at == count && count < sizeof states / sizeof *states) {
      states[count].backend = name->backend;
      driver_load(connector, name->backend, &states[count].driver, &states[count].error);
      count++;
    }
    code = add_driver(name, &states[at], rows, error);
  }
  for (size_t i = 0; i < count; i++)
    error_clear(&states[i].error);
  return code;
}

static const ListTable drivers_table = {"CREATE TABLE x(name TEXT, backend TEXT, available "
                                        "INTEGER, library TEXT, library_version TEXT, "
                                        "error TEXT)",
                                        6, 0, fill_drivers};

/* ---- connector_options ---- */

static const char *option_type(const OptionSpec *spec) {
  switch (spec->type) {
  case OPTION_BOOLEAN: return "boolean";
  case OPTION_INTEGER: return "integer";
  case OPTION_TEXT: return "text";
  case OPTION_CHOICE: return spec->choices ? spec->choices : "text";
  case OPTION_MILLISECONDS: return "milliseconds";
  case OPTION_SECONDS: return "seconds";
  }
  return "text";
}

static const char *backend_list(unsigned backends, char text[64]) {
  static const struct {
    unsigned bit;
    const char *name;
  } all[] = {{BACKEND_SQLITE, "sqlite"},
             {BACKEND_POSTGRESQL, "postgresql"},
             {BACKEND_MYSQL, "mysql"},
             {BACKEND_ODBC, "odbc"}};
  *text = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (!(backends & all[i].bit)) continue;
    size_t size = strlen(text);
    sqlite3_snprintf((int)(64 - size), text + size, "%s%s", size ? ", " : "", all[i].name);
  }
  return text;
}

static int fill_options(Connector *connector, sqlite3_value **arguments, Spill *rows,
                        Error *error) {
  (void)connector, (void)arguments;
  for (size_t i = 0; i < option_spec_count; i++) {
    const OptionSpec *spec = &option_specs[i];
    char backends[64];
    Value row[] = {value_text(spec->key),      value_text(option_type(spec)),
                   value_text(spec->fallback), value_text(backend_list(spec->backends, backends)),
                   value_text(spec->alias_of), value_integer(spec->secret),
                   value_text(spec->meaning)};
    int code = spill_append(rows, row, sizeof row / sizeof *row, error);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

static const ListTable options_table = {
    "CREATE TABLE x(option TEXT, type TEXT, \"default\" TEXT, drivers TEXT, alias_of TEXT, "
    "secret INTEGER, meaning TEXT)",
    7, 0, fill_options};

#define LIST(entry_name, entry_topic, entry_meaning, entry_example, table)                         \
  {                                                                                                \
    .name = entry_name, .kind = CATALOG_TABLE, .topic = entry_topic, .usage = entry_name,          \
    .meaning = entry_meaning, .example = entry_example, .list = &table                             \
  }

const CatalogEntry tables_entries[] = {
    LIST("connector_cursors", "fetch", "table: the shared fetch cursors",
         "SELECT block, operation, rows, state FROM connector_cursors", cursors_table),
    LIST("connector_log", "watch", "table: the last 1,000 remote statements of this connection",
         "SELECT at, operation, rows, ms, error FROM connector_log ORDER BY number DESC LIMIT 5",
         log_table),
    LIST("connector_connections", "watch", "table: open connections to servers",
         "SELECT block, state, server_pid, tls FROM connector_connections", connections_table),
    LIST("connector_drivers", "blocks", "table: accepted driver names, and which can be used here",
         "SELECT name, available, library_version, error FROM connector_drivers", drivers_table),
    LIST("connector_options", "blocks", "table: everything that can be set on a block",
         "SELECT option, type, meaning FROM connector_options WHERE drivers LIKE '%mysql%'",
         options_table),
    {0}};
