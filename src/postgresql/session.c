/*
** session.c: the state that every session is in, set in one round trip after the login.
**
** A statement of the user may change them: SET, RESET, DISCARD, CALL, DO, EXECUTE, set_config(), or a
** function, which the server reports for most. Then the same text is sent again before anything else. A SET
** inside a transaction is undone by ROLLBACK, and so is our setting back; it is repeated after that.
**
** What decode_text.c relies on: DateStyle ISO, IntervalStyle postgres, TimeZone UTC, hex bytea, the
** shortest exact floats. Set with set_config() and not in the startup packet, which poolers refuse.
**
** A pooler that gives each transaction another server session is recognised by the process number:
** what the login told is then not what pg_backend_pid() says. There the settings above are harmless
** to others (and are a server's defaults, or followed by the pooler), but limits and read-only mode
** would leak into other clients' sessions: they are set only when the numbers agree, and readonly
** is kept by a READ ONLY transaction around each statement instead (send.c).
*/
#include "postgresql.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REPORTED = 4 };

/* The first ones are those whose change the server reports by itself. */
static const char *const fixed[][2] = {
    {"DateStyle", "ISO, YMD"},   {"IntervalStyle", "postgres"},
    {"TimeZone", "UTC"},         {"standard_conforming_strings", "on"},
    {"client_encoding", "UTF8"}, {"extra_float_digits", "3"},
    {"bytea_output", "hex"}};

static const char quiet[] =
    ", pg_catalog.set_config('client_min_messages', 'warning', false)"; /* once */

static void set_if_own(DriverBuffer *sql, int process, const char *name, const char *value) {
  buffer_format(sql,
                ", CASE WHEN pg_catalog.pg_backend_pid() = %d THEN "
                "pg_catalog.set_config('%s', '%s', false) END",
                process, name, value);
}

static void session_text(PgConnection *connection, const DriverTarget *target, DriverBuffer *sql) {
  int process = PQbackendPID(connection->link);
  char number[24];
  buffer_text(sql, "SELECT pg_catalog.pg_backend_pid(), ");
#ifndef LIBPQ_HAS_ASYNC_CANCEL
  if (PQsslInUse(connection->link)) { /* see cancel.c */
    buffer_text(sql, "(SELECT backend_start::pg_catalog.text FROM pg_catalog.pg_stat_get_activity("
                     "pg_catalog.pg_backend_pid()))");
  } else
#endif
    buffer_text(sql, "NULL");
  for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
    buffer_format(sql, ", pg_catalog.set_config('%s', '%s', false)", fixed[i][0], fixed[i][1]);
  }
  if (target->statement_timeout > 0) {
    snprintf(number, sizeof(number), "%d", target->statement_timeout);
    set_if_own(sql, process, "statement_timeout", number);
  }
  if (target->transaction_timeout > 0) {
    snprintf(number, sizeof(number), "%d", target->transaction_timeout);
    set_if_own(sql, process, "idle_in_transaction_session_timeout", number);
  }
  if (target->readonly) set_if_own(sql, process, "default_transaction_read_only", "on");
}

static DriverStatus fixed_simple(PgConnection *connection, DriverError *error) {
  for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
    DriverError ignored;
    char sql[200];
    snprintf(sql, sizeof(sql), "SET %s = '%s'", fixed[i][0], fixed[i][1]);
    if (pg_query(connection, sql, 0, NULL, NULL, &ignored) == DRIVER_OK) continue;
    if (ignored.failure != FAILURE_REMOTE) {
      *error = ignored;
      return DRIVER_FAILED;
    }
  }
  return DRIVER_OK;
}

/* A server that knows PostgreSQL's protocol but not all its settings: one by one, and what it does
** not know is left out (but readonly is not). */
static DriverStatus session_simple(PgConnection *connection, const DriverTarget *target,
                                   DriverError *error) {
  char sql[200];
  if (fixed_simple(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (target->statement_timeout > 0) {
    DriverError ignored;
    snprintf(sql, sizeof(sql), "SET statement_timeout = %d", target->statement_timeout);
    pg_query(connection, sql, 0, NULL, NULL, &ignored);
  }
  if (!target->readonly) return DRIVER_OK;
  return pg_query(connection, "SET default_transaction_read_only = on", 0, NULL, NULL, error);
}

static const char *reported(const PgConnection *connection, size_t i) {
  const char *value = PQparameterStatus(connection->link, fixed[i][0]);
  return value != NULL ? value : "";
}

static void note_reported(PgConnection *connection) {
  for (size_t i = 0; i < REPORTED; i++) {
    snprintf(connection->settings.reported[i], sizeof(connection->settings.reported[i]), "%s",
             reported(connection, i));
  }
}

DriverStatus pg_session_set_up(PgConnection *connection, const DriverTarget *target,
                               DriverError *error) {
  DriverBuffer sql;
  PGresult *result = NULL;
  const char *text = PQparameterStatus(connection->link, "server_encoding");
  connection->utf8_server = text != NULL && strcmp(text, "UTF8") == 0;
  connection->ascii_server = text != NULL && strcmp(text, "SQL_ASCII") == 0;
  connection->pooled = false;
  *connection->started = 0;
  PgSettings *settings = &connection->settings;
  buffer_reset(&settings->text);
  session_text(connection, target, &settings->text);
  buffer_init(&sql, connection->base.host);
  buffer_append(&sql, settings->text.data, settings->text.size);
  buffer_append(&sql, quiet, sizeof(quiet));
  DriverStatus status = sql.failed || settings->text.failed
                            ? driver_error_memory(error)
                            : pg_query(connection, sql.data, 0, NULL, &result, error);
  buffer_clear(&sql);
  if (status == DRIVER_OK && PQntuples(result) == 1) {
    connection->pooled = atoi(PQgetvalue(result, 0, 0)) != PQbackendPID(connection->link);
    snprintf(connection->started, sizeof(connection->started), "%s", PQgetvalue(result, 0, 1));
  } else if (status != DRIVER_OK && error->failure == FAILURE_REMOTE) {
    buffer_clear(&settings->text);
    status = session_simple(connection, target, error);
  }
  note_reported(connection);
  PQclear(result);
  connection->read_only_told = connection->read_only = connection->readonly;
  if (status == DRIVER_OK) {
    text = PQparameterStatus(connection->link, "server_version");
    snprintf(connection->version, sizeof(connection->version), "%s", text != NULL ? text : "");
    connection->version[strcspn(connection->version, " (")] = 0;
  }
  return status;
}

/* ---------------------------------------------------------------- and kept */

static bool has_changed(const PgConnection *connection) {
  if (connection->settings.unsettled) return true;
  if (PQclientEncoding(connection->link) != connection->encoding) return true;
  for (size_t i = 0; i < REPORTED; i++) {
    if (strcmp(connection->settings.reported[i], reported(connection, i)) != 0) return true;
  }
  return false;
}

static bool begins_with(const char *sql, const char *const *words) {
  for (; *words != NULL; words++) {
    size_t size = strlen(*words);
    if (strncasecmp(sql, *words, size) == 0 && !isalnum((unsigned char)sql[size])) return true;
  }
  return false;
}

bool pg_session_sets(const char *sql) {
  static const char *const words[] = {"set", "reset", "discard", "call", "do", "execute", NULL};
  static const char *const transaction[] = {"set transaction", NULL}; /* of this one only */
  return begins_with(sql, words) && !begins_with(sql, transaction);
}

bool pg_session_ends(const char *sql) {
  static const char *const words[] = {"commit", "rollback", "release", "prepare transaction", NULL};
  return begins_with(sql, words);
}

void pg_session_script(DriverConnection *connection, bool on) {
  ((PgConnection *)connection)->settings.script = on;
}

DriverStatus pg_session_keep(PgConnection *connection, DriverError *error) {
  PgSettings *settings = &connection->settings;
  PGTransactionStatusType state = PQtransactionStatus(connection->link);
  if (state == PQTRANS_IDLE) settings->settled_inside = false;
  if (!has_changed(connection) || (state != PQTRANS_IDLE && state != PQTRANS_INTRANS)) {
    return DRIVER_OK;
  }
  settings->settled_inside = state == PQTRANS_INTRANS;
  if (settings->script) {
    if (PQclientEncoding(connection->link) == connection->encoding) return DRIVER_OK;
    return pg_query(connection, "SET client_encoding = 'UTF8'", 0, NULL, NULL, error);
  }
  DriverStatus status = settings->text.size > 0
                            ? pg_query(connection, settings->text.data, 0, NULL, NULL, error)
                            : fixed_simple(connection, error);
  if (status != DRIVER_OK) return status;
  settings->unsettled = false;
  settings->mode_unknown = true; /* SET, RESET ALL: it is one of these settings too */
  note_reported(connection);
  return DRIVER_OK;
}
