/*
** driver.c: the PostgreSQL driver, over libpq (14 or newer). The table at the end is all that the
** extension sees; postgresql.h tells which file does what.
*/
#include "postgresql.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

DriverStatus pg_connect(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                        DriverConnection **connection, DriverError *error) {
  PgConnection *opened;
  *connection = NULL;
  DriverStatus status = pg_open(target, host, deadline, true, &opened, error);
  if (status == DRIVER_OK) *connection = &opened->base;
  return status;
}

/* In a forked child the socket is the parent's too: libpq must not say goodbye on it. */
static void disown(PGconn *link) {
  int socket = PQsocket(link), nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (socket >= 0 && nothing >= 0) dup2(nothing, socket);
  if (nothing >= 0) close(nothing);
}

void pg_close(DriverConnection *base) {
  PgConnection *connection = (PgConnection *)base;
  const DriverHost *host = connection->base.host;
  bool own = connection->base.owner == driver_process();
  connection->base.broken = true; /* statements that are freed now send nothing */
  statement_cache_free(connection->cache);
  if (connection->link != NULL && !own) disown(connection->link);
  if (connection->link != NULL) PQfinish(connection->link); /* non-blocking: does not wait */
  pg_target_free(connection->spare, host);
  pg_types_clear(connection);
  buffer_clear(&connection->forgotten);
  buffer_clear(&connection->settings.text);
  host->release(connection);
}

static bool pg_is_alive(DriverConnection *base) {
  PgConnection *connection = (PgConnection *)base;
  if (base->broken || connection->ended || base->owner != driver_process()) return false;
  if (PQstatus(connection->link) != CONNECTION_OK) return false;
  for (int i = 0; i < 16; i++) { /* a parameter's change, a NOTIFY, or the end */
    struct pollfd entry = {.fd = PQsocket(connection->link), .events = POLLIN};
    if (poll(&entry, 1, 0) <= 0) break;
    if (!PQconsumeInput(connection->link)) return false;
    PQisBusy(connection->link); /* reads what came: a FATAL reaches the notice receiver */
    if (connection->ended) return false;
  }
  for (PGnotify *note; (note = PQnotifies(connection->link)) != NULL;)
    PQfreemem(note);
  return PQstatus(connection->link) == CONNECTION_OK;
}

static DriverStatus pg_ping(DriverConnection *base, DriverError *error) {
  PgConnection *connection = (PgConnection *)base;
  if (pg_usable(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  return pg_query(connection, "", 0, NULL, NULL,
                  error); /* an empty statement is allowed anywhere */
}

static void pg_server(DriverConnection *base, DriverServer *server) {
  PgConnection *connection = (PgConnection *)base;
  bool cockroach = PQparameterStatus(connection->link, "crdb_version") != NULL;
  *server = (DriverServer){.product = cockroach ? "CockroachDB" : "PostgreSQL",
                           .version = connection->version,
                           .process = PQbackendPID(connection->link),
                           .tls = connection->tls,
                           .tls_subject = connection->tls_subject,
                           .tls_issuer = connection->tls_issuer,
                           .tls_expiry = connection->tls_expiry,
                           .tls_fingerprint = connection->tls_fingerprint};
}

static TransactionState pg_transaction(DriverConnection *base) {
  PgConnection *connection = (PgConnection *)base;
  if (base->broken || connection->ended) return TRANSACTION_UNKNOWN;
  switch (PQtransactionStatus(connection->link)) {
  case PQTRANS_IDLE: return TRANSACTION_NONE;
  case PQTRANS_INTRANS: return TRANSACTION_OPEN;
  case PQTRANS_INERROR: return TRANSACTION_FAILED;
  case PQTRANS_ACTIVE: return connection->in_transaction ? TRANSACTION_OPEN : TRANSACTION_NONE;
  case PQTRANS_UNKNOWN: break;
  }
  return TRANSACTION_UNKNOWN;
}

/* Told to the server together with the next statement (send.c). */
static void pg_read_only(DriverConnection *base, bool on) {
  PgConnection *connection = (PgConnection *)base;
  connection->read_only = on || connection->readonly;
}

static const char *pg_library_version(void) {
  static char text[24]; /* the same whoever writes it */
  int version = PQlibVersion();
  snprintf(text, sizeof(text), "%d.%d", version / 10000, version % 10000);
  return text;
}

static const DriverTwoPhase two_phase = {
    .ready = "SELECT CASE WHEN pg_catalog.current_setting('max_prepared_transactions') = '0' THEN"
             " 'max_prepared_transactions of the server is 0: set it to at least the number of"
             " connections and restart the server' END",
    .settled = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN"
               " 'this server is a standby: connect to the primary' END",
    .wrote = "SELECT CAST(pg_catalog.txid_current_if_assigned() AS pg_catalog.text)",
    .prepare = "PREPARE TRANSACTION '%s'",
    .commit = "COMMIT PREPARED '%s'",
    .rollback = "ROLLBACK PREPARED '%s'",
    .list = "SELECT gid FROM pg_catalog.pg_prepared_xacts"
            " WHERE database OPERATOR(pg_catalog.=) pg_catalog.current_database()"
            " AND (owner OPERATOR(pg_catalog.=) current_user OR EXISTS (SELECT 1 FROM"
            " pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user AND rolsuper))",
    .absent = "42704",
    .held = "55000",
};

/* The place of a row is soon that of another one: after a change, VACUUM and an INSERT. So the transaction that wrote
** the row is asked for as well, by which the UPDATE or DELETE finds no row then; and the file, as VACUUM FULL and CLUSTER
** move rows within what one transaction wrote. The place alone is a condition that the planner can search by. */
static const DriverIdentity identities[] = {
    {.name = "ctid",
     .parts = {"ctid", "xmin", "pg_catalog.pg_relation_filenode(tableoid)"},
     .changes = true},
    {0}};

/* An array's bounds are not in its JSON: '[0:1]={1,2}' and '{1,2}' are two values. */
static const DriverKeyText key_texts[] = {{"numeric", "CAST(%s AS pg_catalog.text)", false},
                                          {"timestamp", "CAST(%s AS pg_catalog.text)", false},
                                          {"timestamptz", "CAST(%s AS pg_catalog.text)", false},
                                          {"array", "CAST(%s AS pg_catalog.text)", false},
                                          {0}};

static const DriverDialect dialect = {
    .name = "postgresql",
    .identifier_quote = '"',
    .placeholder = PLACEHOLDER_DOLLAR,
    .max_parameters = 65535,
    .escape_strings = true,
    .dollar_quotes = true,
    .nested_comments = true,
    .cast_colons = true,
    .arrays = true,
    .begin = "BEGIN",
    .begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ",
    .begin_read_only = "BEGIN READ ONLY",
    .lock_rows = " FOR NO KEY UPDATE",
    .snapshot_guards_rows = true,
    .export_snapshot = "SELECT pg_catalog.pg_export_snapshot()",
    .import_snapshot = "SET TRANSACTION SNAPSHOT '%q'",
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .savepoint = "SAVEPOINT %s",
    .rollback_to = "ROLLBACK TO SAVEPOINT %s",
    .release = "RELEASE SAVEPOINT %s",
    .two_phase = &two_phase,
    .error_ends_transaction = true,
    .compare = pg_compare,
    .operator_form = "OPERATOR(pg_catalog.%s)",
    .like = "pg_catalog.lower(%s COLLATE pg_catalog.\"C\") OPERATOR(pg_catalog.~~) CAST(%s AS"
            " pg_catalog.text)",
    .upsert = UPSERT_ON_CONFLICT,
    .waits_for_server = true,
    .row_arrays = true,
    .count = "pg_catalog.count(*)",
    .like_escape = '\\',
    .numbers = "%s COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.~) "
               "'^[[:space:]]*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$'",
    .beyond = "%s OPERATOR(pg_catalog.<) '0001-01-03' OR %s OPERATOR(pg_catalog.>) '9999-12-30'",
    .nulls_last = true,
    .catalog_columns = pg_catalog_columns,
    .catalog_table_columns = pg_catalog_table_columns,
    .identities = identities,
    .key_texts = key_texts,
};

static const Driver driver = {
    .size = sizeof(Driver),
    .abi = DRIVER_ABI,
    .backend = "postgresql",
    .library_name = "libpq",
    .library_version = pg_library_version,
    .dialect = &dialect,
    .connect = pg_connect,
    .close = pg_close,
    .is_alive = pg_is_alive,
    .ping = pg_ping,
    .server = pg_server,
    .transaction = pg_transaction,
    .read_only = pg_read_only,
    .run = pg_run,
    .prepare = pg_prepare,
    .parameter_count = pg_parameter_count,
    .column_count = pg_column_count,
    .column = pg_column,
    .execute = pg_execute,
    .next = pg_next,
    .value = pg_value,
    .affected = pg_affected,
    .execute_batch = pg_execute_batch,
    .can_load = pg_can_load,
    .load = pg_load,
    .can_together = pg_can_together,
    .execute_together = pg_execute_together,
    .finish = pg_finish,
    .script = pg_session_script,
};

__attribute__((visibility("default"))) const Driver *connector_driver_postgresql(int abi);

/* The extension compares sizes and numbers itself, so that its error can name both files. */
const Driver *connector_driver_postgresql(int abi) {
  (void)abi;
  return &driver;
}
