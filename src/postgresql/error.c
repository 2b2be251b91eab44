/*
** error.c: the one place where a failure that libpq reports becomes a DriverError.
**
** A result carries the server's own words (SQLSTATE, detail, hint, names); without a result, or
** with one that libpq made itself because the link broke, there is only libpq's text. What decides
** between "the server said no" (REMOTE) and "the session is gone" (LOST) is the state of the link
** and the severity: FATAL and PANIC are the server's last words.
*/
#include "postgresql.h"
#include <string.h>

static void field(char *target, size_t size, const PGresult *result, int code) {
  const char *text = PQresultErrorField(result, code);
  driver_text(target, size, text, text != NULL ? strlen(text) : 0);
}

/* libpq's own failures have no SQLSTATE, only a text that may be translated; "out of memory" is
** also what it says when it could not even make a result. */
static bool out_of_memory(const char *text) {
  return text == NULL || *text == 0 || strstr(text, "out of memory") != NULL ||
         strstr(text, "cannot allocate memory") != NULL;
}

static DriverStatus link_error(PgConnection *connection, DriverError *error) {
  const char *text = PQerrorMessage(connection->link);
  char clean[800];
  bool lost = PQstatus(connection->link) != CONNECTION_OK;
  driver_text(clean, sizeof(clean), text, strcspn(text, "\n")); /* more lines only guess */
  if (!lost && out_of_memory(text)) {
    pg_break(connection); /* what libpq had begun is not known */
    return driver_error_memory(error);
  }
  pg_break(connection);
  return driver_error_set(error, FAILURE_LOST, "08006", "the connection to the server was lost: %s",
                          *clean != 0 ? clean : "end of stream");
}

DriverStatus pg_error(PgConnection *connection, const PGresult *result, DriverError *error) {
  if (result == NULL) return link_error(connection, error);
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (severity == NULL) severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
  bool fatal =
      severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
  bool lost = fatal || PQstatus(connection->link) != CONNECTION_OK;
  if (text == NULL) text = PQresultErrorMessage(result);
  if (state == NULL && !lost && out_of_memory(text)) {
    pg_break(connection);
    return driver_error_memory(error);
  }
  if (lost) pg_break(connection);
  driver_error_set(error, lost ? FAILURE_LOST : FAILURE_REMOTE,
                   state != NULL ? state : (lost ? "08006" : "XX000"), "%s",
                   *text != 0 ? text : PQresStatus(PQresultStatus(result)));
  field(error->detail, sizeof(error->detail), result, PG_DIAG_MESSAGE_DETAIL);
  field(error->hint, sizeof(error->hint), result, PG_DIAG_MESSAGE_HINT);
  field(error->constraint, sizeof(error->constraint), result, PG_DIAG_CONSTRAINT_NAME);
  field(error->table, sizeof(error->table), result, PG_DIAG_TABLE_NAME);
  field(error->column, sizeof(error->column), result, PG_DIAG_COLUMN_NAME);
  return DRIVER_FAILED;
}
