/*
** session.c: the settings that every session gets, in one round trip after login, and again after a
** statement of the user that may have changed them (SET, CALL, and all that is not known by its first word).
**
** What the rest relies on: text is UTF-8 both ways; strict mode, so that a value which does not fit
** is an error and never a cut one; 0 in an AUTO_INCREMENT column is 0, as last_insert_rowid() and OR IGNORE have
** it, and NULL alone asks for a key; the lexical rules of the dialect in driver.c (no ANSI_QUOTES, no
** NO_BACKSLASH_ESCAPES); times in UTC. The mode is written out in full: a mode of the server such
** as ANSI or ORACLE expands into the ones named above. Kept of the server's own are only modes that
** change neither text rules nor what is stored. Zero dates stay possible, as they can be in tables.
**
** sql_select_limit would cut every result without a word; the other limits of that kind (max_join_size)
** are errors.
**
** A server may close a connection whose reader pauses (net_write_timeout); rows are streamed to a
** program that may take its time, so that limit is raised.
*/
#include "my.h"
#include <stdlib.h>
#include <string.h>

#define KEEP(mode) "IF(FIND_IN_SET('" mode "',@@SESSION.sql_mode)>0,'" mode "',NULL)"

/* clang-format off */
#define NAMES                                                                                      \
    "SESSION character_set_client=utf8mb4,SESSION character_set_results=utf8mb4,"                  \
    "SESSION character_set_connection=utf8mb4"
static const char names[] = "SET " NAMES;
static const char essential[] =
    "SET SESSION sql_mode=CONCAT_WS(',','STRICT_TRANS_TABLES','STRICT_ALL_TABLES',"
    "'ERROR_FOR_DIVISION_BY_ZERO','NO_ENGINE_SUBSTITUTION','NO_AUTO_VALUE_ON_ZERO',"
    KEEP("ONLY_FULL_GROUP_BY") ","
    KEEP("PIPES_AS_CONCAT") ","
    KEEP("NO_UNSIGNED_SUBTRACTION") "),"
    NAMES ",SESSION time_zone='+00:00',SESSION sql_select_limit=18446744073709551615,"
    "SESSION max_sort_length=GREATEST(@@SESSION.max_sort_length,1024)"; /* push.c counts on it */
/* clang-format on */
/* Apart from the others, as it would commit an open transaction. */
static const char autocommit[] = "SET SESSION autocommit=1";
enum { PIECES = 6, PIECE = 96 };

/* In the order of the servers' numbers: 10.11 → 101100, 8.0.36 → 80036. */
static unsigned long server_number(MYSQL *mysql) {
  const char *version = mysql_get_server_info(mysql);
  if (strncmp(version, "5.5.5-", 6) == 0) version += 6; /* MariaDB before 11 says so to be old */
  unsigned long major = 0, minor = 0, patch = 0;
  sscanf(version, "%lu.%lu.%lu", &major, &minor, &patch);
  return major * 10000 + minor * 100 + patch;
}

bool my_is_mariadb(MYSQL *mysql) {
  const char *version = mysql_get_server_info(mysql);
  return version != NULL && strstr(version, "MariaDB") != NULL;
}

static bool set(MYSQL *mysql, const char *sql, size_t size) {
  if (mysql_real_query(mysql, sql, (unsigned long)size) != 0) return false;
  MYSQL_RES *result = mysql_store_result(mysql);
  if (result != NULL) mysql_free_result(result);
  return mysql_errno(mysql) == 0;
}

/* Settings that a server may lack; each is a piece of one SET. Returns how many. */
static int optional(MYSQL *mysql, const MyTarget *target, char pieces[PIECES][PIECE]) {
  int count = 0;
  bool mariadb = my_is_mariadb(mysql);
  unsigned long number = server_number(mysql);
  snprintf(pieces[count++], 96, "SESSION net_write_timeout=3600");
  snprintf(pieces[count++], 96, "SESSION sql_auto_is_null=0");
  if (target->statement_timeout > 0 && mariadb && number >= 100101) {
    snprintf(pieces[count++], 96, "SESSION max_statement_time=%d.%03d",
             target->statement_timeout / 1000, target->statement_timeout % 1000);
  } else if (target->statement_timeout > 0 && !mariadb && number >= 50708) {
    snprintf(pieces[count++], 96, "SESSION max_execution_time=%d", target->statement_timeout);
  }
  if (target->transaction_timeout > 0 && mariadb && number >= 100300) {
    snprintf(pieces[count++], 96, "SESSION idle_transaction_timeout=%d",
             (target->transaction_timeout + 999) / 1000);
  }
  return count;
}

static DriverStatus refused(MYSQL *mysql, const char *what, DriverError *error) {
  char message[600];
  snprintf(message, sizeof message, "%s: %.500s", what, mysql_error(mysql));
  return my_error_fill(error, true, (int)mysql_errno(mysql), mysql_sqlstate(mysql), message);
}

typedef struct Settings {
  int count;
  char pieces[PIECES][PIECE];
  size_t size;
  char sql[sizeof essential + PIECES * (PIECE + 2)]; /* all in one */
} Settings;

static void settings_print(Settings *settings, MYSQL *mysql, const MyTarget *target) {
  settings->count = optional(mysql, target, settings->pieces);
  settings->size = sizeof essential - 1;
  memcpy(settings->sql, essential, sizeof essential);
  for (int i = 0; i < settings->count; i++) {
    settings->size +=
        (size_t)snprintf(settings->sql + settings->size, sizeof settings->sql - settings->size,
                         ",%s", settings->pieces[i]);
  }
}

static bool has_autocommit(MYSQL *mysql) {
  return (mysql->server_status & SERVER_STATUS_AUTOCOMMIT) != 0;
}

DriverStatus my_session_settings(MYSQL *mysql, const MyTarget *target, DriverError *error) {
  Settings settings;
  settings_print(&settings, mysql, target);
  if (!has_autocommit(mysql) && !set(mysql, autocommit, sizeof autocommit - 1)) {
    return refused(mysql, "session settings", error);
  }
  if (!set(mysql, settings.sql, settings.size)) {
    int number = (int)mysql_errno(mysql);
    if (number >= 2000 && number < 3000) return refused(mysql, "session settings", error);
    /* A server that lacks one of the others says no to all: one by one then. */
    if (!set(mysql, essential, sizeof essential - 1)) {
      return refused(mysql, "session settings", error);
    }
    for (int i = 0; i < settings.count; i++) {
      char sql[PIECE + 8];
      size_t size = (size_t)snprintf(sql, sizeof sql, "SET %s", settings.pieces[i]);
      set(mysql, sql, size);
    }
  }
  static const char read_only[] = "SET SESSION TRANSACTION READ ONLY";
  if (target->readonly && !set(mysql, read_only, sizeof read_only - 1)) {
    return refused(mysql, "the block is readonly, and the server refuses that", error);
  }
  return DRIVER_OK;
}

/* ---- set back ---- */

static DriverStatus run(MyConnection *connection, const char *sql, size_t size,
                        DriverError *error) {
  return my_run_text(connection, sql, size, NULL, error);
}

/* All of them; on a server that lacks one, those that none lacks. */
static DriverStatus run_all(MyConnection *connection, DriverError *error) {
  Settings settings;
  settings_print(&settings, connection->mysql, connection->target);
  DriverStatus status = run(connection, settings.sql, settings.size, error);
  if (status == DRIVER_OK || error->failure != FAILURE_REMOTE || connection->base.broken) {
    return status;
  }
  return run(connection, essential, sizeof essential - 1, error);
}

DriverStatus my_session_keep(MyConnection *connection, DriverError *error) {
  DriverStatus status = DRIVER_OK;
  if (connection->names_unsettled && connection->script) {
    status = run(connection, names, sizeof names - 1, error);
    if (status == DRIVER_OK) connection->names_unsettled = false;
  }
  if (connection->script || status != DRIVER_OK) return status;
  if (connection->unsettled) {
    if (run_all(connection, error) == DRIVER_FAILED) return DRIVER_FAILED;
    connection->unsettled = connection->names_unsettled = false;
    connection->read_only_unknown = true;
  }
  bool inside = (connection->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
  if (inside || has_autocommit(connection->mysql)) return DRIVER_OK;
  return run(connection, autocommit, sizeof autocommit - 1, error);
}

void my_session_script(DriverConnection *connection, bool on) {
  ((MyConnection *)connection)->script = on;
}
