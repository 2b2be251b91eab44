/*
** error.c: from what the client library or the server says to a DriverError. The only place that
** knows error numbers by meaning.
**
** Numbers below 2000 and above 2999 are the server's (libmariadb's own also in 5000–5999), the rest
** the client library's. The server's SQLSTATE is kept; the library's "HY000" for a connection that
** failed or ended becomes 08001 or 08006. Names of constraints, tables and columns are read from
** the few messages that carry them: the protocol has no fields for them.
*/
#include "my.h"
#include <string.h>

#define METHOD_REFUSED 5010 /* libmariadb's CR_PLUGIN_NOT_ALLOWED */

typedef struct Known {
  int number;
  const char *hint;
} Known;

static const Known hints[] = {
    {1040, "the server has reached max_connections: close others or raise it"},
    {1044, "grant the user access to that database"},
    {1045, "check user name and password of the block; MySQL also looks at the host you come from"},
    {1049, "check the database name of the block"},
    {1129, "the server blocks this host after failed logins: FLUSH HOSTS there"},
    {1130, "the server has no user for the host you come from"},
    {1153, "raise max_allowed_packet on the server"},
    {1205, "another transaction holds the lock; try again"},
    {1213, "the server rolled the whole transaction back; run it again"},
    {1227, "the user lacks a privilege for this statement"},
    {1290, "the server runs with an option that forbids this, such as --read-only"},
    {1461, "the server has reached max_prepared_stmt_count"},
    {1698, "this user logs in by the operating system's account; make one with a password"},
    {1792,
     "the session is read-only: the block is readonly, or the statement was taken for a read"},
    {1820, "the password has expired: set a new one with ALTER USER"},
    {2002, "is the server running, and is the host, port or socket right?"},
    {2003, "is the server running, and are host and port right? is a firewall between?"},
    {2005, "check the host name of the block"},
    {2020, "raise max_allowed_packet on the server"},
    {2049, "the server knows only a password method that is too old to be safe"},
    {2058, "the authentication plugin of this user is not installed on this side"},
    {2059, "the authentication plugin of this user is not installed on this side"},
    {2061, "this user's authentication needs TLS: set tls = verify-full"},
    {4031, "the server closed the session as it was idle too long"},
};

static const char *hint_find(int number) {
  for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
    if (hints[i].number == number) return hints[i].hint;
  }
  return NULL;
}

void my_hint(DriverError *error, const char *text) {
  driver_text(error->hint, sizeof error->hint, text, strlen(text));
}

static bool is_client(int number) {
  return (number >= 2000 && number < 3000) || (number >= 5000 && number < 6000);
}

bool my_error_is_loss(int number) {
  switch (number) {
  case 1053: /* shutdown in progress */
  case 1079: /* normal shutdown */
  case 1080: /* forced close */
  case 1158:
  case 1159:
  case 1160:
  case 1161: /* reading or writing packets */
  case 1927: /* connection was killed */
  case 2006:
  case 2013:
  case 2014:
  case 2026:
  case 2027:
  case 2055:
  case 3169: /* session was killed */
  case 4031: /* idle too long */ return true;
  default: return number >= 5000 && number < 6000 ? number != 5000 : false;
  }
}

/* ---- names inside messages ---- */

/* What stands between two marks after `before`, without quotes; "" when it is not there. */
static void between(char *field, size_t size, const char *message, const char *before, char end) {
  const char *at = strstr(message, before);
  if (at == NULL) return;
  at += strlen(before);
  const char *stop = strchr(at, end);
  if (stop != NULL) driver_text(field, size, at, (size_t)(stop - at));
}

/* `a`.`b`.`c` or a.b.c: keeps the last part. */
static void last_part(char *name) {
  char *from = name;
  for (char *at = name; *at != 0; at++) {
    if (*at == '.' && at[1] != 0) from = at + 1;
  }
  size_t size = strlen(from);
  if (size >= 2 && from[0] == '`' && from[size - 1] == '`') {
    from++;
    size -= 2;
  }
  memmove(name, from, size);
  name[size] = 0;
}

/* "… (`db`.`child`, CONSTRAINT `name` FOREIGN KEY (`column`) …": 1451, 1452 */
static void read_foreign_key(DriverError *error, const char *message) {
  between(error->constraint, sizeof error->constraint, message, "CONSTRAINT `", '`');
  between(error->column, sizeof error->column, message, "FOREIGN KEY (`", '`');
  between(error->table, sizeof error->table, message, " fails (", ',');
  last_part(error->table);
}

/* "… for column `db`.`table`.`column` at row 1", or only 'column' */
static void read_column(DriverError *error, const char *message) {
  between(error->column, sizeof error->column, message, " column '", '\'');
  if (error->column[0] != 0) return;
  between(error->column, sizeof error->column, message, " column ", ' ');
  if (error->column[0] != '`') {
    error->column[0] = 0;
    return;
  }
  const char *dot = strstr(error->column, "`.`");
  if (dot != NULL) between(error->table, sizeof error->table, dot, "`.`", '`');
  last_part(error->column);
}

static void read_names(DriverError *error, int number, const char *message) {
  switch (number) {
  case 1062:
  case 1586:
  case 1022: /* Duplicate entry 'x' for key 'table.index' */
  {
    const char *at = strstr(message, " for key '");
    if (at != NULL) between(error->constraint, sizeof error->constraint, at, " for key '", '\'');
    char *dot = strchr(error->constraint, '.');
    if (dot == NULL) break;
    driver_text(error->table, sizeof error->table, error->constraint,
                (size_t)(dot - error->constraint));
    last_part(error->constraint);
    break;
  }
  case 1216:
  case 1217:
  case 1451:
  case 1452: read_foreign_key(error, message); break;
  case 1048:
  case 1054: between(error->column, sizeof error->column, message, "olumn '", '\''); break;
  case 1364: between(error->column, sizeof error->column, message, "Field '", '\''); break;
  case 1264:
  case 1265:
  case 1292:
  case 1366:
  case 1406:
  case 1690: read_column(error, message); break;
  case 3819:
    between(error->constraint, sizeof error->constraint, message, "constraint '", '\'');
    break;
  case 4025: /* CONSTRAINT `name` failed for `db`.`table` */
    between(error->constraint, sizeof error->constraint, message, "CONSTRAINT `", '`');
    between(error->table, sizeof error->table, message, "`.`", '`');
    break;
  case 1146:
  case 1051:
    between(error->table, sizeof error->table, message, "able '", '\'');
    last_part(error->table);
    break;
  case 1142:
  case 1143:
    between(error->table, sizeof error->table, message, "`.`", '`');
    if (error->table[0] == 0) {
      between(error->table, sizeof error->table, message, " table '", '\'');
    }
    break;
  default: break;
  }
}

static DriverFailure classify(bool connecting, int number) {
  if (number == 2008) return FAILURE_MEMORY;
  if (number == 1969 || number == 3024) return FAILURE_TIMEOUT; /* the server's own time limit */
  if (connecting) return FAILURE_CONNECT;
  if (number == 2020 || number == 1153) return FAILURE_UNFIT;
  if (my_error_is_loss(number)) return FAILURE_LOST;
  if (number == 2002 || number == 2003 || number == 2005) return FAILURE_CONNECT;
  return FAILURE_REMOTE;
}

DriverStatus my_error_fill(DriverError *error, bool connecting, int number, const char *sqlstate,
                           const char *message) {
  DriverFailure failure = classify(connecting, number);
  bool native_state = sqlstate != NULL && sqlstate[0] != 0 && strcmp(sqlstate, "00000") != 0 &&
                      !(is_client(number) && strcmp(sqlstate, "HY000") == 0);
  const char *state = native_state                 ? sqlstate
                      : failure == FAILURE_CONNECT ? "08001"
                      : failure == FAILURE_LOST    ? "08006"
                      : failure == FAILURE_MEMORY  ? "53200"
                                                   : "HY000";
  if (number == 0 || message == NULL || message[0] == 0) message = "the connection failed";
  bool method =
      number == METHOD_REFUSED; /* its text ends in bytes that are not the method's name */
  if (method)
    message = "the server asks for a login method that is not allowed for this connection";
  driver_error_set(error, failure, state, "%s", message);
  error->native = number;
  if (number == 2026 && connecting) {
    my_hint(error,
            "TLS failed; set tls_ca to the file of the server's certificate authority, or "
            "choose a weaker check: tls = verify-ca, require (encrypted, unverified) or off");
  } else if (method) {
    my_hint(error,
            "a method that could give the password away needs tls = verify-full or verify-ca; "
            "the usual methods work without");
  } else if (hint_find(number) != NULL) {
    my_hint(error, hint_find(number));
  }
  read_names(error, number, error->message);
  return DRIVER_FAILED;
}

DriverStatus my_error(MyConnection *connection, MYSQL_STMT *statement, DriverError *error) {
  int number = 0;
  const char *state = NULL, *message = NULL;
  if (statement != NULL) {
    number = (int)mysql_stmt_errno(statement);
    state = mysql_stmt_sqlstate(statement);
    message = mysql_stmt_error(statement);
  }
  if (number == 0) { /* a broken fetch leaves its error with the connection */
    number = (int)mysql_errno(connection->mysql);
    state = mysql_sqlstate(connection->mysql);
    message = mysql_error(connection->mysql);
  }
  bool lost = my_error_is_loss(number) || number == 0;
  if (lost) connection->base.broken = true;
  if (connection->stopping != FAILURE_NONE && (lost || number == 1317 || number == 1969)) {
    bool timeout = connection->stopping == FAILURE_TIMEOUT;
    driver_error_set(error, connection->stopping, timeout ? "HYT00" : "57014", "%s; %s",
                     timeout ? "the time for the statement is over" : "interrupted",
                     lost ? "the connection was closed" : "the server has stopped the statement");
    error->native = number;
    return DRIVER_FAILED;
  }
  return my_error_fill(error, false, number == 0 ? 2013 : number, state,
                       number == 0 ? "the server sent no answer that makes sense" : message);
}
