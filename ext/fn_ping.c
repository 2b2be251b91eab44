/*
** fn_ping.c: connector_ping(name), a doctor: how far does one get towards the server, and what helps?
**
**   SELECT connector_ping('shop');
**   {"connector":"shop","backend":"postgresql","ok":false,
**    "driver":{"ok":true,"ms":0.1,"library":"libpq 15.7"}, "dns":{"ok":true,"ms":0.4,"address":"…"},
**    "tcp":{"ok":false,"ms":0.2,"error":"127.0.0.1:5432: Connection refused","fix":"is the server …"},
**    "tls":{"ok":null,"skipped":"tcp failed"}, …}
**
** The steps are driver, dns, tcp, tls, auth, privileges, version. A server that is down is an answer, not an
** error; an unknown block is an error. It uses a connection of its own, so it tells the truth also when the
** pool is full or holds a dead one, and closes it.
**
** Relies on probe.c for dns and tcp; the driver's connect() does the rest in one go, so its failure is
** attributed by what the driver says of it.
*/
#include "../src/address.h"
#include "../src/block_set.h"
#include "../src/json.h"
#include "catalog.h"
#include "probe.h"
#include "value.h"
#include <string.h>

typedef struct Ping {
  Connector *connector;
  const Block *block;
  const Driver *driver;
  DriverBuffer json;
  const char *failed; /* the step that failed first; those after it are skipped */
  int64_t started;    /* driver_clock() of the current step */
  int64_t deadline;
  DriverConnection *connection;
  bool interrupted;
} Ping;

/* ---- writing the answer ---- */

static void member(Ping *ping, const char *key, const char *text) {
  if (!text || !*text) return;
  buffer_format(&ping->json, ",\"%s\":", key);
  buffer_json_string(&ping->json, text, strlen(text));
}

static void step_begin(Ping *ping) {
  ping->started = driver_clock();
}

/* `"step":{"ok":true,"ms":0.4` … the caller adds members and step_close. */
static void step_open(Ping *ping, const char *step, bool ok) {
  double ms = (double)(driver_clock() - ping->started) / 1000;
  buffer_format(&ping->json, ",\"%s\":{\"ok\":%s,\"ms\":%.1f", step, ok ? "true" : "false", ms);
}

static void step_close(Ping *ping) {
  buffer_text(&ping->json, "}");
}

static void step_skip(Ping *ping, const char *step, const char *why) {
  buffer_format(&ping->json, ",\"%s\":{\"ok\":null", step);
  member(ping, "skipped", why);
  step_close(ping);
}

static void step_fail(Ping *ping, const char *step, const char *error, const char *fix) {
  step_open(ping, step, false);
  member(ping, "error", error);
  member(ping, "fix", fix);
  step_close(ping);
  if (!ping->failed) ping->failed = step;
}

/* True when the step is not to be tried, because one before it failed. */
static bool step_over(Ping *ping, const char *step) {
  char why[64];
  if (!ping->failed) return false;
  sqlite3_snprintf(sizeof why, why, "%s failed", ping->failed);
  step_skip(ping, step, why);
  return true;
}

/* ---- the way to the server ---- */

static void ping_driver(Ping *ping) {
  Error error = {0};
  step_begin(ping);
  if (driver_load(ping->connector, ping->block->driver->backend, &ping->driver, &error) !=
      SQLITE_OK) {
    step_fail(ping, "driver", error.message, NULL);
  } else {
    step_open(ping, "driver", true);
    member(ping, "library", ping->driver->library_name);
    member(ping, "version", ping->driver->library_version());
    step_close(ping);
  }
  error_clear(&error);
}

static int default_port(const char *backend) {
  if (strcmp(backend, "postgresql") == 0) return 5432;
  if (strcmp(backend, "mysql") == 0) return 3306;
  return 0;
}

/* The first address that answers is enough; with several the last failure is told. */
static void ping_address(Ping *ping, const DriverAddress *address, bool last) {
  struct addrinfo *list = NULL;
  DriverError error = {0};
  char where[64] = "";
  int port = address->port ? address->port : default_port(ping->block->driver->backend);
  step_begin(ping);
  if (probe_resolve(&ping->connector->host, address->host, port, ping->deadline, &list, &error) !=
      DRIVER_OK) {
    ping->interrupted = error.failure == FAILURE_INTERRUPTED;
    if (last)
      step_fail(ping, "dns", error.message, "check the block's host, and this machine's DNS");
    if (last) step_over(ping, "tcp");
    return;
  }
  double dns = (double)(driver_clock() - ping->started) / 1000;
  step_begin(ping);
  bool ok = probe_tcp(&ping->connector->host, list, ping->deadline, where, &error) == DRIVER_OK;
  freeaddrinfo(list);
  ping->interrupted = error.failure == FAILURE_INTERRUPTED;
  if (!ok && !last) return;
  buffer_format(&ping->json, ",\"dns\":{\"ok\":true,\"ms\":%.1f", dns);
  member(ping, "address", where);
  step_close(ping);
  if (!ok) {
    step_fail(
        ping, "tcp", error.message,
        "is the server running, does it listen on this address and port, and does a firewall let "
        "it through?");
    return;
  }
  step_open(ping, "tcp", true);
  step_close(ping);
}

static void ping_network(Ping *ping) {
  AddressList list = {0};
  Error error = {0};
  bool file = strcmp(ping->block->driver->backend, "sqlite") == 0;
  if (ping->failed || file) {
    if (!step_over(ping, "dns")) step_skip(ping, "dns", "a file");
    if (!step_over(ping, "tcp")) step_skip(ping, "tcp", "a file");
    return;
  }
  if (address_list(ping->block, &list, &error) != SQLITE_OK) {
    step_fail(ping, "dns", error.message, "check the block's host");
    step_over(ping, "tcp");
  } else if (address_is_socket(&list.addresses[0])) {
    step_skip(ping, "dns", "a unix socket");
    step_skip(ping, "tcp", "a unix socket");
  } else {
    size_t size = ping->json.size;
    for (size_t i = 0; i < list.count && ping->json.size == size && !ping->interrupted; i++) {
      ping_address(ping, &list.addresses[i], i + 1 == list.count);
    }
  }
  address_list_clear(&list);
  error_clear(&error);
}

/* ---- the session ---- */

/* Which step a failed connect() stands for. */
static const char *failed_step(const DriverError *error) {
  static const char *const tls_words[] = {"%tls%", "%ssl%", "%certificate%"};
  if (strncmp(error->sqlstate, "28", 2) == 0) return "auth";
  if (strcmp(error->sqlstate, "3D000") == 0 || error->native == 1049 || error->native == 1044) {
    return "privileges";
  }
  for (size_t i = 0; i < sizeof tls_words / sizeof *tls_words; i++) {
    if (sqlite3_strlike(tls_words[i], error->message, 0) == 0) return "tls";
  }
  return "auth";
}

static void show_tls(Ping *ping, const DriverServer *server, TlsMode mode) {
  if (!server->tls || !*server->tls) {
    step_skip(ping, "tls", mode == TLS_OFF ? "not used" : "a unix socket");
    return;
  }
  buffer_text(&ping->json, ",\"tls\":{\"ok\":true");
  member(ping, "protocol", server->tls);
  member(ping, "subject", server->tls_subject);
  member(ping, "issuer", server->tls_issuer);
  member(ping, "expiry", server->tls_expiry);
  member(ping, "fingerprint", server->tls_fingerprint);
  step_close(ping);
}

static void connect_failed(Ping *ping, const DriverError *error) {
  static const char *const steps[] = {"tls", "auth", "privileges"};
  static const char *const fixes[] = {"check tls, tls_ca and the server's certificate",
                                      "check username and password of the block",
                                      "check the block's database, and what the user may do there"};
  const char *failed = failed_step(error);
  ping->interrupted = error->failure == FAILURE_INTERRUPTED;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    if (strcmp(steps[i], failed) == 0) {
      step_fail(ping, failed, error->message, *error->hint ? error->hint : fixes[i]);
    } else if (!step_over(ping, steps[i])) {
      step_skip(ping, steps[i], "passed or not reached");
    }
  }
  step_over(ping, "version");
}

static bool ping_connect(Ping *ping) {
  BlockTarget target = {0};
  Error error = {0};
  DriverError failure = {0};
  static const char *const steps[] = {"tls", "auth", "privileges", "version"};
  if (ping->failed) {
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
      step_over(ping, steps[i]);
    return false;
  }
  step_begin(ping);
  if (block_target(ping->connector, ping->block, &target, &error) != SQLITE_OK) {
    step_skip(ping, "tls", "not reached");
    step_fail(ping, "auth", error.message, "check the block's password or password_from");
    for (size_t i = 2; i < sizeof steps / sizeof *steps; i++)
      step_over(ping, steps[i]);
    error_clear(&error);
    return false;
  }
  TlsMode mode = target.target.tls;
  DriverStatus status = ping->driver->connect(&target.target, &ping->connector->host,
                                              ping->deadline, &ping->connection, &failure);
  block_target_clear(&target);
  if (status != DRIVER_OK) {
    ping->connection = NULL;
    connect_failed(ping, &failure);
    return false;
  }
  DriverServer server = {.product = "", .version = ""};
  ping->driver->server(ping->connection, &server);
  show_tls(ping, &server, mode);
  step_open(ping, "auth", true);
  step_close(ping);
  return true;
}

/* What the user may read, asked of the server's own catalog. */
static const struct {
  const char *dialect, *sql;
} readable_queries[] = {
    {"postgresql",
     "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
     "c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND "
     "n.nspname <> 'information_schema' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND "
     "pg_catalog.has_table_privilege(c.oid, 'SELECT')"},
    {"mysql",
     "SELECT count(*) FROM information_schema.tables WHERE table_schema NOT IN ('mysql', 'sys', "
     "'performance_schema', 'information_schema')"},
    {"sqlite", "SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'view')"},
};

/* The first value of the first row as an integer. */
static DriverStatus ask(Ping *ping, const char *sql, int64_t *answer, DriverError *error) {
  const Driver *driver = ping->driver;
  DriverStatement *statement;
  Value value = {.type = VALUE_NULL};
  ping->connection->deadline = ping->deadline;
  DriverStatus status = driver->prepare(ping->connection, sql, strlen(sql), &statement, error);
  if (status != DRIVER_OK) return status;
  status = driver->execute(statement, NULL, 0, NULL, error);
  if (status == DRIVER_OK) status = driver->next(statement, error);
  if (status == DRIVER_ROW) status = driver->value(statement, 0, &value, error);
  if (status == DRIVER_OK && value.type == VALUE_INTEGER) *answer = value.integer;
  driver->finish(statement);
  return status;
}

static void ping_privileges(Ping *ping) {
  DriverError error = {0};
  int64_t readable = -1;
  step_begin(ping);
  for (size_t i = 0; i < sizeof readable_queries / sizeof *readable_queries; i++) {
    if (strcmp(readable_queries[i].dialect, ping->driver->dialect->name) != 0) continue;
    if (ask(ping, readable_queries[i].sql, &readable, &error) == DRIVER_FAILED) {
      ping->interrupted = error.failure == FAILURE_INTERRUPTED;
      step_fail(ping, "privileges", error.message, *error.hint ? error.hint : NULL);
      return;
    }
  }
  step_open(ping, "privileges", true);
  if (readable >= 0) buffer_format(&ping->json, ",\"readable_tables\":%lld", (long long)readable);
  buffer_format(&ping->json, ",\"readonly\":%s",
                block_option_true(ping->block, "readonly") ? "true" : "false");
  step_close(ping);
}

static void ping_version(Ping *ping) {
  DriverServer server = {.product = "", .version = ""};
  DriverError error = {0};
  if (step_over(ping, "version")) return;
  step_begin(ping);
  ping->connection->deadline = ping->deadline;
  if (ping->driver->ping(ping->connection, &error) != DRIVER_OK) {
    ping->interrupted = error.failure == FAILURE_INTERRUPTED;
    step_fail(ping, "version", error.message, error.hint);
    return;
  }
  ping->driver->server(ping->connection, &server);
  step_open(ping, "version", true);
  member(ping, "product", server.product);
  member(ping, "version", server.version);
  step_close(ping);
}

/* ---- the function ---- */

static int examine(Ping *ping, Error *error) {
  int64_t seconds = block_option_integer(ping->block, "connect_timeout");
  ping->deadline = driver_clock() + (seconds > 0 ? seconds : 10) * 1000000;
  ping_driver(ping);
  ping_network(ping);
  if (!ping->interrupted && ping_connect(ping)) {
    ping_privileges(ping);
    ping_version(ping);
  }
  if (ping->connection) ping->driver->close(ping->connection);
  if (ping->interrupted) return error_set(error, SQLITE_INTERRUPT, "interrupted");
  return ping->json.failed ? error_memory(error) : SQLITE_OK;
}

/* The steps are written first, as only they know whether all is well. */
static int answer(Ping *ping, sqlite3_context *context, Error *error) {
  DriverBuffer whole;
  buffer_init(&whole, &ping->connector->host);
  buffer_text(&whole, "{\"connector\":");
  buffer_json_string(&whole, ping->block->name, strlen(ping->block->name));
  buffer_format(&whole, ",\"backend\":\"%s\",\"ok\":%s", ping->block->driver->backend,
                ping->failed ? "false" : "true");
  buffer_append(&whole, ping->json.data, ping->json.size);
  buffer_text(&whole, "}");
  int code = whole.failed ? error_memory(error) : SQLITE_OK;
  if (code == SQLITE_OK) {
    Value value = value_json(whole.data);
    value_result(context, &value);
  }
  buffer_clear(&whole);
  return code;
}

static void ping_block(Connector *connector, sqlite3_context *context, int argc,
                       sqlite3_value **argv) {
  const char *name;
  Block *block = NULL;
  Error error = {0};
  (void)argc;
  int code = argument_text(argv[0], "the connector's name", &name, NULL, &error);
  if (code == SQLITE_OK) code = block_find(connector, name, &block, &error);
  if (code == SQLITE_OK) {
    Ping ping = {.connector = connector, .block = block};
    buffer_init(&ping.json, &connector->host);
    code = examine(&ping, &error);
    if (code == SQLITE_OK) code = answer(&ping, context, &error);
    buffer_clear(&ping.json);
  }
  block_release(block);
  if (code != SQLITE_OK) report_error(connector, context, &error);
}

const CatalogEntry fn_ping_entries[] = {
    {.name = "connector_ping",
     .kind = CATALOG_FUNCTION,
     .topic = "blocks",
     .usage = "connector_ping(name)",
     .least = 1,
     .most = 1,
     .meaning =
         "a doctor: JSON with the steps driver, dns, tcp, tls, auth, privileges, version, each "
         "with ok, ms, error, fix",
     .example = "SELECT connector_ping('shop')",
     .function = ping_block},
    {0}};
