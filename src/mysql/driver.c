/*
** driver.c: the MySQL and MariaDB driver: the dialect as data, the small calls, and the table of
** all functions at the end. libmariadb or Oracle's libmysqlclient, whichever it is built with.
*/
#include "my.h"
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* MySQL's default lexical rules; session.c pins the sql_mode that makes them true. */
/* A prepared one belongs to its session until that has ended: to the others it is listed, and unknown. */
static const DriverTwoPhase two_phase = {
    .ready =
        "SELECT CASE WHEN VERSION() LIKE '%MariaDB%' AND"
        " CAST(SUBSTRING_INDEX(VERSION(), '.', 1) AS UNSIGNED) * 100"
        " + CAST(SUBSTRING_INDEX(SUBSTRING_INDEX(VERSION(), '.', 2), '.', -1) AS UNSIGNED) < 1005"
        " THEN 'MariaDB before 10.5 forgets a prepared transaction when its client goes' END",
    .settled = "SELECT CASE WHEN @@global.read_only THEN"
               " 'this server is read-only: connect to the primary' END",
    .begin = "XA START '%s'",
    .end = "XA END '%s'",
    .prepare = "XA PREPARE '%s'",
    .commit_unprepared = "XA COMMIT '%s' ONE PHASE",
    .rollback_unprepared = "XA ROLLBACK '%s'",
    .commit = "XA COMMIT '%s'",
    .rollback = "XA ROLLBACK '%s'",
    .list = "XA RECOVER",
    .list_column = 3,
    .absent = "XAE04",
};

/* A decimal compares with a text as doubles do. */
static const DriverKeyText key_texts[] = {
    {"numeric", "CAST(%s AS CHAR)", true}, {"timestamp", "CAST(%s AS CHAR)", false}, {0}};

static const DriverDialect dialect = {
    .name = "mysql",
    .identifier_quote = '`',
    .placeholder = PLACEHOLDER_QUESTION,
    .max_parameters = 65535,
    .backslash_escapes = true,
    .double_quote_strings = true,
    .backtick_names = true,
    .hash_comments = true,
    .dash_needs_space = true,
    .executable_comments = true,
    .cast_colons = true,
    /* Without READ WRITE, so that the session's READ ONLY holds inside too. */
    .begin = "START TRANSACTION",
    .begin_snapshot = "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    .begin_read_only = "START TRANSACTION READ ONLY",
    .lock_rows = " FOR UPDATE",
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .savepoint = "SAVEPOINT %s",
    .rollback_to = "ROLLBACK TO SAVEPOINT %s",
    .release = "RELEASE SAVEPOINT %s",
    .two_phase = &two_phase,
    .ddl_commits = true,
    .compare = my_compare,
    .key_texts = key_texts,
    /* SQLite's LIKE reads a text to its first NUL */
    .like = "(CONVERT(%s USING utf8mb4) COLLATE utf8mb4_general_ci LIKE %s ESCAPE '|'"
            " OR LOCATE(CHAR(0), %s) > 0)",
    .like_escape = '|',
    .numbers = "%s REGEXP "
               "'^[[:space:]]*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?[[:space:]]*$'",
    .query_text = "foreign",
    .batch_pauses = true,
    .waits_for_server = true,
    .upsert = UPSERT_ON_DUPLICATE_KEY,
    .count = "count(*)",
    .catalog_columns = my_catalog_columns,
    .catalog_table_columns = my_catalog_table_columns,
};

static const char *my_library_version(void) {
#if MY_LIBMARIADB
  static char version[32];
  const char *text = NULL;
  if (mariadb_get_infov(NULL, MARIADB_CLIENT_VERSION, &text) == 0 && text != NULL) {
    driver_text(version, sizeof version, text, strlen(text));
    return version;
  }
#endif
  const char *info = mysql_get_client_info();
  return info == NULL ? "" : info;
}

/* The server never speaks first: whatever can be read between statements is a goodbye. */
static bool my_is_alive(DriverConnection *base) {
  MyConnection *connection = (MyConnection *)base;
  if (base->broken || !my_is_ours(connection)) return false;
  struct pollfd entry = {.fd = my_wait_descriptor(connection), .events = POLLIN};
  if (entry.fd < 0) return false;
  if (connection->running != NULL) return true;
  return poll(&entry, 1, 0) == 0;
}

typedef struct Ping {
  MYSQL *mysql;
  int rc;
} Ping;

static void send_ping(void *argument) {
  Ping *call = argument;
  call->rc = mysql_ping(call->mysql);
}

static DriverStatus my_ping(DriverConnection *base, DriverError *error) {
  MyConnection *connection = (MyConnection *)base;
  if (!my_usable(connection, error)) return DRIVER_FAILED;
  if (connection->running != NULL) {
    return driver_error_set(error, FAILURE_REFUSED, "HY010",
                            "the connection is still giving the rows of a statement");
  }
  Ping call = {.mysql = connection->mysql};
  my_call(connection, send_ping, &call);
  if (call.rc != 0) my_error(connection, NULL, error);
  my_stop_end(connection);
  return call.rc == 0 ? DRIVER_OK : DRIVER_FAILED;
}

static void my_server(DriverConnection *base, DriverServer *server) {
  const MyConnection *connection = (const MyConnection *)base;
  server->product = connection->product;
  server->version = connection->version;
  server->process = (int64_t)connection->session;
  server->tls = connection->cipher;
  server->tls_subject = connection->subject;
  server->tls_issuer = connection->issuer;
  server->tls_expiry = connection->expiry;
  server->tls_fingerprint = connection->fingerprint;
}

static TransactionState my_transaction(DriverConnection *base) {
  const MyConnection *connection = (const MyConnection *)base;
  if (base->broken) return TRANSACTION_UNKNOWN;
  return (connection->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0 ? TRANSACTION_OPEN
                                                                          : TRANSACTION_NONE;
}

static void my_read_only(DriverConnection *base, bool on) {
  ((MyConnection *)base)->read_only = on;
}

/* One of the dialect's texts. */
static bool is_rollback(const char *sql) {
  return strncmp(sql, "ROLLBACK", 8) == 0 || strncmp(sql, "XA ROLLBACK", 11) == 0;
}

DriverStatus my_run(DriverConnection *base, const char *sql, int64_t *affected,
                    DriverError *error) {
  MyConnection *connection = (MyConnection *)base;
  if (!my_usable(connection, error)) return DRIVER_FAILED;
  if (connection->running != NULL) {
    return driver_error_set(error, FAILURE_REFUSED, "HY010",
                            "the connection is still giving the rows of another statement");
  }
  if (!my_is_end(sql) && my_before_statement(connection, error) == DRIVER_FAILED) {
    return DRIVER_FAILED;
  }
  my_note_settings(connection, my_sets(sql));
  if (my_run_text(connection, sql, strlen(sql), affected, error) == DRIVER_FAILED) {
    return DRIVER_FAILED;
  }
  if (is_rollback(sql) && !my_rolled_back(connection)) base->not_undone = true;
  if (affected != NULL && my_is_ddl(sql)) *affected = 0; /* ALTER TABLE tells the rows it copied */
  return DRIVER_OK;
}

static const Driver driver = {
    .size = sizeof(Driver),
    .abi = DRIVER_ABI,
    .backend = "mysql",
#if MY_LIBMARIADB
    .library_name = "libmariadb",
#else
    .library_name = "libmysqlclient",
#endif
    .library_version = my_library_version,
    .dialect = &dialect,
    .connect = my_connect,
    .close = my_close,
    .is_alive = my_is_alive,
    .ping = my_ping,
    .server = my_server,
    .transaction = my_transaction,
    .read_only = my_read_only,
    .run = my_run,
    .prepare = my_prepare,
    .parameter_count = my_parameter_count,
    .column_count = my_column_count,
    .column = my_column,
    .execute = my_execute,
    .next = my_next,
    .value = my_value,
    .affected = my_affected,
    .made_key = my_made_key,
    .column_value = my_column_value,
    .execute_batch = my_execute_batch,
    .finish = my_finish,
    .script = my_session_script,
};

__attribute__((visibility("default"))) const Driver *connector_driver_mysql(int abi);

const Driver *connector_driver_mysql(int abi) {
  (void)abi; /* the extension compares the numbers and names both files */
  return &driver;
}
