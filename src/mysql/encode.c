/*
** encode.c: from Values to bound parameters. Parameters never become part of the SQL text. A value
** that MySQL cannot hold is refused here, with its number: the server would cut it or take it for
** something else.
*/
#include "my.h"
#include <math.h>
#include <string.h>

#define SMALL_PACKET 1000000 /* every server takes this much */

DriverStatus my_value_check(const Value *value, size_t number, DriverError *error) {
  if (value->type == VALUE_REAL && !isfinite(value->real)) {
    driver_error_set(error, FAILURE_UNFIT, "22003",
                     "parameter %zu: MySQL has no infinity and no NaN", number);
    my_hint(error, "send NULL or a text instead");
    return DRIVER_FAILED;
  }
  if (value->type == VALUE_TEXT && !utf8_valid(value->bytes.data, value->bytes.size)) {
    driver_error_set(error, FAILURE_UNFIT, "22021", "parameter %zu is not valid UTF-8 text",
                     number);
    my_hint(error, "send bytes as a BLOB");
    return DRIVER_FAILED;
  }
  return DRIVER_OK;
}

/* ---- max_allowed_packet ---- */

typedef struct Question {
  MYSQL *mysql;
  uint64_t answer;
} Question;

static void ask_packet_limit(void *argument) {
  Question *question = argument;
  MYSQL_RES *result = NULL;
  if (mysql_query(question->mysql, "SELECT @@max_allowed_packet") == 0) {
    result = mysql_store_result(question->mysql);
  }
  MYSQL_ROW row = result == NULL ? NULL : mysql_fetch_row(result);
  if (row != NULL && row[0] != NULL)
    sscanf(row[0], "%llu", (unsigned long long *)&question->answer);
  if (result != NULL) mysql_free_result(result);
}

DriverStatus my_packet_check(MyConnection *connection, uint64_t bytes, DriverError *error) {
  if (bytes < SMALL_PACKET) return DRIVER_OK;
  if (connection->packet_limit == 0) {
    Question question = {.mysql = connection->mysql};
    my_call(connection, ask_packet_limit, &question);
    my_stop_end(connection);
    if (question.answer == 0) return my_error(connection, NULL, error);
    connection->packet_limit = question.answer;
  }
  if (bytes <= connection->packet_limit) return DRIVER_OK;
  driver_error_set(
      error, FAILURE_UNFIT, "54000",
      "the parameters are %llu bytes, and the server takes at most %llu in one statement",
      (unsigned long long)bytes, (unsigned long long)connection->packet_limit);
  my_hint(error, "raise max_allowed_packet on the server");
  return DRIVER_FAILED;
}

/* ---- binding ---- */

DriverStatus my_binds_make(MyStatement *statement, DriverError *error) {
  const DriverHost *host = my_of(statement)->base.host;
  size_t count = statement->parameter_count;
  if (statement->binds != NULL || count == 0) return DRIVER_OK;
  statement->binds = host->allocate(count * sizeof *statement->binds);
  statement->parameters = host->allocate(count * sizeof *statement->parameters);
  if (statement->binds == NULL || statement->parameters == NULL) {
    host->release(statement->binds);
    host->release(statement->parameters);
    statement->binds = NULL;
    statement->parameters = NULL;
    return driver_error_memory(error);
  }
  return DRIVER_OK;
}

static void bind_value(const Value *value, MYSQL_BIND *bind, MyParameter *parameter) {
  memset(bind, 0, sizeof *bind);
  switch (value->type) {
  case VALUE_NULL: bind->buffer_type = MYSQL_TYPE_NULL; break;
  case VALUE_INTEGER:
    parameter->integer = value->integer;
    bind->buffer_type = MYSQL_TYPE_LONGLONG;
    bind->buffer = &parameter->integer;
    break;
  case VALUE_REAL:
    parameter->real = value->real;
    bind->buffer_type = MYSQL_TYPE_DOUBLE;
    bind->buffer = &parameter->real;
    break;
  case VALUE_TEXT:
  case VALUE_BLOB:
    parameter->size = (unsigned long)value->bytes.size;
    bind->buffer_type = value->type == VALUE_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
    bind->buffer = value->bytes.data == NULL ? (char *)"" : (char *)value->bytes.data;
    bind->buffer_length = parameter->size;
    bind->length = &parameter->size;
    break;
  }
}

DriverStatus my_bind(MyStatement *statement, const Value *values, DriverError *error) {
  if (my_binds_make(statement, error) == DRIVER_FAILED) return DRIVER_FAILED;
  uint64_t bytes = statement->parameter_count * 12;
  for (size_t i = 0; i < statement->parameter_count; i++) {
    if (my_value_check(&values[i], i + 1, error) == DRIVER_FAILED) return DRIVER_FAILED;
    bind_value(&values[i], &statement->binds[i], &statement->parameters[i]);
    if (values[i].type >= VALUE_TEXT) bytes += values[i].bytes.size;
  }
  if (my_packet_check(my_of(statement), bytes, error) == DRIVER_FAILED) return DRIVER_FAILED;
  if (statement->parameter_count > 0 &&
      mysql_stmt_bind_param(statement->handle, statement->binds) != 0) {
    return my_error(my_of(statement), statement->handle, error);
  }
  return DRIVER_OK;
}
