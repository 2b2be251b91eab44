/*
** undo.c: what a ROLLBACK has not undone.
**
** A row that was written to a table without transactions (MyISAM, Aria, MEMORY) stays, whatever is rolled
** back. The server says so in a warning to ROLLBACK, ROLLBACK TO SAVEPOINT and XA ROLLBACK of a transaction
** that has written to such a table. To a statement that fails in its middle, and keeps its first rows in such
** a table, it says nothing: so there a savepoint is made and rolled back at once, for the warning alone.
** Outside a transaction there is nothing to ask.
*/
#include "my.h"
#include <stdlib.h>
#include <string.h>

#define NOT_COMPLETE_ROLLBACK 1196 /* ER_WARNING_NOT_COMPLETE_ROLLBACK */
#define ASK_TIME 100000            /* microseconds */

typedef struct Question {
  MYSQL *mysql;
  const char *sql;
  unsigned int column; /* of the number that is looked at */
  int64_t wanted;      /* a row that has it is looked for; 0 = the first row */
  int64_t answer;      /* 0 = none */
  int number;          /* of the error */
} Question;

static void put(void *argument) {
  Question *question = argument;
  MYSQL_RES *result = NULL;
  MYSQL_ROW row;
  if (mysql_query(question->mysql, question->sql) == 0)
    result = mysql_store_result(question->mysql);
  question->number = (int)mysql_errno(question->mysql);
  while (result != NULL && question->answer == 0 && (row = mysql_fetch_row(result)) != NULL) {
    const char *text = question->column < mysql_num_fields(result) ? row[question->column] : NULL;
    int64_t number = text != NULL ? strtoll(text, NULL, 10) : 0;
    if (question->wanted == 0 || number == question->wanted) question->answer = number;
    if (question->wanted == 0) break;
  }
  if (result != NULL) mysql_free_result(result);
}

/* False when the server did not take it. */
static bool ask(MyConnection *connection, Question *question) {
  question->mysql = connection->mysql;
  my_call_quick(connection, ASK_TIME, put, question);
  if (my_error_is_loss(question->number)) my_cut(connection);
  return question->number == 0 && !connection->base.broken;
}

static bool in_transaction(const MyConnection *connection) {
  return !connection->base.broken && connection->running == NULL &&
         (connection->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
}

bool my_rolled_back(MyConnection *connection) {
  Question warnings = {.sql = "SHOW WARNINGS", .column = 1, .wanted = NOT_COMPLETE_ROLLBACK};
  if (mysql_warning_count(connection->mysql) == 0) return true;
  return !ask(connection, &warnings) || warnings.answer == 0;
}

void my_not_undone(DriverError *error) {
  static const char stays[] = DRIVER_NOT_UNDONE;
  char hint[sizeof error->hint];
  bool more = error->hint[0] != 0;
  if (error->not_undone) return;
  error->not_undone = true;
  snprintf(hint, sizeof hint, "%.700s%s%s", error->hint, more ? "; " : "", stays);
  my_hint(error, hint);
}

void my_undo_look(MyConnection *connection, DriverError *error) {
  Question savepoint = {.sql = "SAVEPOINT sqlite_connector_look"};
  Question undo = {.sql = "ROLLBACK TO SAVEPOINT sqlite_connector_look"};
  if (error->failure != FAILURE_REMOTE && error->failure != FAILURE_INTERRUPTED &&
      error->failure != FAILURE_TIMEOUT)
    return;
  if (connection->read_only_sent || !in_transaction(connection)) return;
  if (!ask(connection, &savepoint) || !in_transaction(connection)) return;
  if (ask(connection, &undo) && !my_rolled_back(connection)) my_not_undone(error);
}

int64_t my_row_told(MyConnection *connection) {
  Question keep = {.sql = "GET DIAGNOSTICS CONDITION 1 @sqlite_connector_row = ROW_NUMBER"};
  Question row = {.sql = "SELECT @sqlite_connector_row"};
  return ask(connection, &keep) && ask(connection, &row) ? row.answer : 0;
}
