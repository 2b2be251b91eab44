/*
** text.c: the text protocol, for statements without parameters that the server cannot prepare
** (error 1295) and for run(): transaction control, session settings. Rows are read one by one here
** too.
**
** After KILL QUERY the query itself can succeed and the error come only when the result is asked
** for; and a NULL row is the end only when no error stands beside it.
*/
#include "my.h"
#include <string.h>

typedef struct Query {
  MYSQL *mysql;
  const char *sql;
  size_t size;
  MYSQL_RES *result;
  MYSQL_ROW row;
  int64_t affected; /* of the last result without rows */
  bool store;       /* keep the rows in memory, so that the wire is free */
  bool has_rows, failed, more;
} Query;

static void read_header(Query *query) {
  query->result = query->store ? mysql_store_result(query->mysql) : mysql_use_result(query->mysql);
  query->has_rows = query->result != NULL;
  if (query->result != NULL) return;
  query->failed = mysql_errno(query->mysql) != 0 || mysql_field_count(query->mysql) != 0;
  my_ulonglong rows = mysql_affected_rows(query->mysql);
  if (!query->failed && rows != (my_ulonglong)-1) query->affected = (int64_t)rows;
}

static void send_query(void *argument) {
  Query *query = argument;
  if (mysql_real_query(query->mysql, query->sql, (unsigned long)query->size) != 0) {
    query->failed = true;
    return;
  }
  read_header(query);
}

static void next_result(void *argument) {
  Query *query = argument;
  int rc = mysql_next_result(query->mysql);
  query->more = rc == 0;
  query->failed = rc > 0;
  if (rc == 0) read_header(query);
}

static void fetch(void *argument) {
  Query *query = argument;
  query->row = mysql_fetch_row(query->result);
  query->failed = query->row == NULL && mysql_errno(query->mysql) != 0;
}

static void free_result(void *argument) {
  mysql_free_result(argument);
}

/* Throws the rows of the current result away. */
static void skip_rows(MyConnection *connection, Query *query) {
  while (query->result != NULL && !query->failed) {
    my_call(connection, fetch, query);
    if (query->row == NULL) break;
  }
  if (query->result != NULL) my_call(connection, free_result, query->result);
  query->result = NULL;
}

/* Reads whatever else the statement gives (a procedure's results). */
static void skip_results(MyConnection *connection, Query *query) {
  skip_rows(connection, query);
  while (!query->failed && !connection->base.broken && mysql_more_results(connection->mysql)) {
    my_call(connection, next_result, query);
    if (!query->more) break;
    skip_rows(connection, query);
  }
}

/* What every path does after the library has failed. */
static DriverStatus fail(MyConnection *connection, DriverError *error) {
  my_error(connection, NULL, error);
  my_stop_end(connection);
  my_status_refresh(connection);
  return DRIVER_FAILED;
}

DriverStatus my_run_text(MyConnection *connection, const char *sql, size_t size, int64_t *affected,
                         DriverError *error) {
  Query query = {.mysql = connection->mysql, .sql = sql, .size = size};
  my_call(connection, send_query, &query);
  if (!query.failed) skip_results(connection, &query);
  if (query.failed) return fail(connection, error);
  my_stop_end(connection);
  if (affected != NULL) *affected = query.affected;
  return DRIVER_OK;
}

/* ---- statements with rows ---- */

DriverStatus my_text_start(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  Query query = {.mysql = connection->mysql,
                 .sql = statement->sql,
                 .size = statement->size,
                 .store = statement->stored};
  my_call(connection, send_query, &query);
  /* A procedure may first give results without rows. */
  while (!query.failed && !query.has_rows && mysql_more_results(connection->mysql)) {
    my_call(connection, next_result, &query);
  }
  statement->affected = query.affected;
  if (query.failed) return fail(connection, error);
  my_columns_clear(connection->base.host, &statement->columns);
  if (!query.has_rows) {
    my_stop_end(connection);
    statement->state = STATE_DONE;
    return DRIVER_OK;
  }
  statement->result = query.result;
  statement->state = STATE_ROWS;
  if (statement->stored) { /* the other results are of no interest: off the wire with them */
    query.result = NULL;
    skip_results(connection, &query);
    if (query.failed) return fail(connection, error);
    my_stop_end(connection);
  } else {
    connection->running = statement;
  }
  const MYSQL_FIELD *fields = mysql_fetch_fields(query.result);
  if (my_columns_make(connection, fields, mysql_num_fields(query.result), false,
                      &statement->columns, error) == DRIVER_FAILED) {
    my_statement_drain(statement);
    return DRIVER_FAILED;
  }
  return DRIVER_OK;
}

DriverStatus my_text_next(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  Query query = {.mysql = connection->mysql, .result = statement->result};
  my_call(connection, fetch, &query);
  statement->row = query.row;
  if (query.row != NULL) {
    statement->lengths = mysql_fetch_lengths(statement->result);
    return DRIVER_ROW;
  }
  if (!query.failed && !statement->stored) skip_results(connection, &query);
  connection->running = NULL;
  if (query.failed) {
    if (!statement->stored && query.result == NULL) statement->result = NULL;
    return fail(connection, error);
  }
  if (!statement->stored) statement->result = NULL;
  my_stop_end(connection);
  return DRIVER_DONE;
}

/* Frees the result, and reads what is left of the statement's others. */
void my_text_end(MyStatement *statement) {
  MyConnection *connection = my_of(statement);
  Query query = {.mysql = connection->mysql, .result = statement->result};
  statement->row = NULL;
  if (statement->result == NULL) return;
  statement->result = NULL;
  if (connection->base.broken || statement->stored) {
    my_call(connection, free_result, query.result);
  } else {
    skip_results(connection, &query);
  }
}
