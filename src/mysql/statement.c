/*
** statement.c: preparing and starting statements. A statement's states:
**
**   IDLE --execute--> ROWS --next … the end--> DONE --finish--> kept in the cache (IDLE again)
**     |                 |  +----failure-----> FAILED
**     |                 +--finish--> what is left is read, or stopped on the server
**     +--execute, no rows--> DONE
**
** Nothing is stored unless a text is to be sent `after` the statement. The library treats a command
** sent meanwhile as a reason to read and drop the rest of the result, so the connection remembers
** whose rows are coming (`running`), nothing is sent before they are through, and statements closed
** meanwhile wait (`leftovers`). The rows themselves are in rows.c.
*/
#include "my.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NEW_METADATA 2057 /* CR_NEW_STMT_METADATA, of both libraries */
#define NOT_PREPARABLE 1295
#define TOO_MANY_PREPARED 1461
#define CLOSE_TIME 100000 /* microseconds; closing a statement sends a few bytes */

/* ---- what the text is ---- */

static const char *skip_space(const char *at) {
  for (;;) {
    while (isspace((unsigned char)*at) || *at == '(')
      at++;
    if (*at == '#' || (at[0] == '-' && at[1] == '-')) {
      at += strcspn(at, "\n");
    } else if (at[0] == '/' && at[1] == '*' && at[2] != '!' && at[2] != 'M') {
      const char *end = strstr(at + 2, "*/");
      if (end == NULL) return at;
      at = end + 2;
    } else {
      return at;
    }
  }
}

static bool word_is_one_of(const char *word, const char *const *list) {
  size_t size = 0;
  while (isalpha((unsigned char)word[size]))
    size++;
  for (; *list != NULL; list++) {
    if (strlen(*list) == size && strncasecmp(word, *list, size) == 0) return true;
  }
  return false;
}

bool my_is_ddl(const char *sql) {
  static const char *const words[] = {"create", "alter",    "drop",   "truncate", "rename", "grant",
                                      "revoke", "optimize", "repair", "analyze",  NULL};
  return word_is_one_of(skip_space(sql), words);
}

bool my_sets(const char *sql) {
  static const char *const others[] = {
      "select",  "with",     "values",   "table",     "show",    "explain", "describe", "desc",
      "insert",  "replace",  "update",   "delete",    "load",    "create",  "alter",    "drop",
      "rename",  "truncate", "grant",    "revoke",    "analyze", "check",   "optimize", "repair",
      "start",   "commit",   "rollback", "savepoint", "release", "xa",      "lock",     "unlock",
      "prepare", "flush",    "kill",     "handler",   NULL};
  return !word_is_one_of(skip_space(sql), others);
}

bool my_is_end(const char *sql) {
  static const char *const ends[] = {"commit", "rollback", "release", NULL};
  static const char *const xa[] = {"xa", NULL};
  static const char *const starts[] = {"start", "begin", NULL};
  const char *word = skip_space(sql);
  if (word_is_one_of(word, xa)) return !word_is_one_of(skip_space(word + 2), starts);
  return word_is_one_of(word, ends);
}

void my_note_settings(MyConnection *connection, bool sets) {
  connection->unsettled |= sets;
  connection->names_unsettled |= sets;
}

static void classify(MyStatement *statement) {
  static const char *const change[] = {"insert", "replace", "delete", "update", NULL};
  static const char *const query[] = {"select", "with",    "show",     "values",
                                      "table",  "explain", "describe", NULL};
  const char *word = skip_space(statement->sql);
  statement->is_ddl = my_is_ddl(statement->sql);
  statement->sets = my_sets(statement->sql);
  statement->is_change = word_is_one_of(word, change);
  statement->is_query = word_is_one_of(word, query);
}

/* ---- the end of a statement ---- */

static void close_handle(void *argument) {
  mysql_stmt_close(argument);
}

void my_statement_destroy(DriverStatement *base) {
  MyStatement *statement = (MyStatement *)base;
  MyConnection *connection = my_of(statement);
  const DriverHost *host = connection->base.host;
  bool alive = connection->mysql != NULL;
  if (alive && (connection->running != NULL || !my_is_ours(connection)) &&
      statement->handle != NULL) {
    statement->next_leftover = connection->leftovers;
    connection->leftovers = statement;
    return;
  }
  if (statement->handle != NULL && !alive) {
    mysql_stmt_close(statement->handle); /* the session is gone: frees memory only */
  } else if (statement->handle != NULL) {
    my_call_quick(connection, CLOSE_TIME, close_handle, statement->handle);
  }
  my_ahead_clear(statement);
  my_columns_clear(host, &statement->columns);
  host->release(statement->binds);
  host->release(statement->parameters);
  host->release(statement->sql);
  host->release(statement);
}

DriverStatus my_statement_fail(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  statement->state = STATE_FAILED;
  my_error(connection, statement->handle, error);
  my_stop_end(connection);
  my_status_refresh(connection);
  return DRIVER_FAILED;
}

/* ---- prepare ---- */

typedef struct Call {
  MyConnection *connection;
  MyStatement *statement;
  int rc;
} Call;

static void prepare(void *argument) {
  Call *call = argument;
  call->rc = mysql_stmt_prepare(call->statement->handle, call->statement->sql,
                                (unsigned long)call->statement->size);
}

static DriverStatus describe_prepared(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  statement->parameter_count = mysql_stmt_param_count(statement->handle);
  my_ahead_clear(statement);
  my_columns_clear(connection->base.host, &statement->columns);
  MYSQL_RES *meta = mysql_stmt_result_metadata(statement->handle);
  if (meta == NULL) return DRIVER_OK;
  DriverStatus status = my_columns_make(connection, mysql_fetch_fields(meta),
                                        mysql_num_fields(meta), true, &statement->columns, error);
  mysql_free_result(meta);
  return status;
}

/* Leaves statement->handle NULL when the server cannot prepare the text. */
static DriverStatus prepare_handle(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  statement->handle = mysql_stmt_init(connection->mysql);
  if (statement->handle == NULL) return driver_error_memory(error);
  Call call = {.connection = connection, .statement = statement};
  my_call(connection, prepare, &call);
  if (call.rc == 0) {
    my_stop_end(connection);
    return describe_prepared(statement, error);
  }
  unsigned int number = mysql_stmt_errno(statement->handle);
  my_statement_fail(statement, error);
  statement->state = STATE_IDLE;
  my_call_quick(connection, CLOSE_TIME, close_handle, statement->handle);
  statement->handle = NULL;
  return number == NOT_PREPARABLE ? DRIVER_OK : DRIVER_FAILED;
}

static MyStatement *statement_new(MyConnection *connection, const char *sql, size_t size) {
  const DriverHost *host = connection->base.host;
  MyStatement *statement = host->allocate(sizeof *statement);
  char *copy = host->allocate(size + 1);
  if (statement == NULL || copy == NULL) {
    host->release(statement);
    host->release(copy);
    return NULL;
  }
  memset(statement, 0, sizeof *statement);
  memcpy(copy, sql, size);
  copy[size] = 0;
  statement->base.connection = &connection->base;
  statement->sql = copy;
  statement->size = size;
  classify(statement);
  return statement;
}

static DriverStatus check_free(MyConnection *connection, DriverError *error) {
  if (!my_usable(connection, error)) return DRIVER_FAILED;
  if (connection->running == NULL) return DRIVER_OK;
  return driver_error_set(error, FAILURE_REFUSED, "HY010",
                          "the connection is still giving the rows of another statement");
}

static void close_leftovers(MyConnection *connection) {
  while (connection->leftovers != NULL) {
    MyStatement *statement = connection->leftovers;
    connection->leftovers = statement->next_leftover;
    my_statement_destroy(&statement->base);
  }
}

DriverStatus my_prepare(DriverConnection *base, const char *sql, size_t size,
                        DriverStatement **result, DriverError *error) {
  MyConnection *connection = (MyConnection *)base;
  if (check_free(connection, error) == DRIVER_FAILED) return DRIVER_FAILED;
  MyStatement *statement = (MyStatement *)statement_cache_take(connection->cache, sql, size);
  if (statement == NULL) {
    statement = statement_new(connection, sql, size);
    if (statement == NULL) return driver_error_memory(error);
    /* MariaDB refuses to prepare what a read-only session may not run */
    DriverStatus status = my_before_statement(connection, error);
    if (status != DRIVER_FAILED) status = prepare_handle(statement, error);
    if (status == DRIVER_FAILED && error->native == TOO_MANY_PREPARED) {
      while (connection->cache != NULL) { /* ours are the first to go */
        StatementCache *empty = statement_cache_new(base->host, 32, my_statement_destroy);
        if (empty == NULL) break;
        statement_cache_free(connection->cache);
        connection->cache = empty;
        status = prepare_handle(statement, error);
        break;
      }
    }
    if (status == DRIVER_FAILED) {
      my_statement_destroy(&statement->base);
      return DRIVER_FAILED;
    }
  }
  statement->state = STATE_IDLE;
  *result = &statement->base;
  return DRIVER_OK;
}

size_t my_parameter_count(DriverStatement *base) {
  return ((MyStatement *)base)->parameter_count;
}

size_t my_column_count(DriverStatement *base) {
  return ((MyStatement *)base)->columns.count;
}

void my_column(DriverStatement *base, size_t index, DriverColumn *column) {
  const MyColumn *own = &((MyStatement *)base)->columns.list[index];
  column->name = own->name;
  column->remote_type = own->remote_type;
  column->sqlite_type = own->sqlite_type;
  column->class_name = own->class->name;
}

/* ---- execute ---- */

DriverStatus my_before_statement(MyConnection *connection, DriverError *error) {
  close_leftovers(connection);
  if (my_session_keep(connection, error) == DRIVER_FAILED) return DRIVER_FAILED;
  bool wanted = connection->read_only || connection->target->readonly;
  if (wanted == connection->read_only_sent && !connection->read_only_unknown) return DRIVER_OK;
  static const char on[] = "SET SESSION TRANSACTION READ ONLY";
  static const char off[] = "SET SESSION TRANSACTION READ WRITE";
  if (my_run_text(connection, wanted ? on : off, wanted ? sizeof on - 1 : sizeof off - 1, NULL,
                  error) == DRIVER_FAILED) {
    return DRIVER_FAILED;
  }
  connection->read_only_sent = wanted;
  connection->read_only_unknown = false;
  return DRIVER_OK;
}

static void execute(void *argument) {
  Call *call = argument;
  call->rc = mysql_stmt_execute(call->statement->handle);
}

static void next_result(void *argument) {
  Call *call = argument;
  mysql_stmt_free_result(call->statement->handle); /* reads what is left of the current one */
  call->rc = mysql_stmt_next_result(call->statement->handle);
}

static void note_affected(MyStatement *statement) {
  my_ulonglong rows = mysql_stmt_affected_rows(statement->handle);
  if (rows != (my_ulonglong)-1) statement->affected = (int64_t)rows;
}

/* Reads the results after the first one (of a procedure) and throws them away. False on failure. */
bool my_skip_results(MyStatement *statement) {
  Call call = {.statement = statement};
  while (mysql_stmt_more_results(statement->handle)) {
    my_call(my_of(statement), next_result, &call);
    if (call.rc < 0) break;
    if (call.rc > 0) return false;
    if (mysql_stmt_field_count(statement->handle) == 0) note_affected(statement);
  }
  return true;
}

/* The fields as the server has just described them: a table altered since prepare() shows here,
** while the statement's own description keeps the old names. */
static DriverStatus check_columns(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  size_t count = mysql_stmt_field_count(statement->handle);
  const MYSQL_FIELD *fields = connection->mysql->fields;
  MYSQL_RES *meta = NULL;
  if (fields == NULL || connection->mysql->field_count != count) {
    meta = mysql_stmt_result_metadata(statement->handle);
    if (meta == NULL) return my_error(connection, statement->handle, error);
    fields = mysql_fetch_fields(meta);
  }
  DriverStatus status = DRIVER_OK;
  if (!my_columns_fit(&statement->columns, fields, count)) {
    my_ahead_clear(statement);
    my_columns_clear(connection->base.host, &statement->columns);
    status = my_columns_make(connection, fields, count, true, &statement->columns, error);
  }
  if (meta != NULL) mysql_free_result(meta);
  return status;
}

/* The table has other columns now. A query can be prepared and run again; a statement that changes
** something has done so already. */
static DriverStatus prepare_again(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  my_call(connection, close_handle, statement->handle);
  statement->handle = NULL;
  if (connection->base.broken || prepare_handle(statement, error) == DRIVER_FAILED ||
      statement->handle == NULL) {
    return DRIVER_FAILED;
  }
  if (statement->parameter_count > 0 &&
      mysql_stmt_bind_param(statement->handle, statement->binds) != 0) {
    return my_statement_fail(statement, error);
  }
  return DRIVER_OK;
}

DriverStatus my_statement_start(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  Call call = {.statement = statement};
  my_call(connection, execute, &call);
  if (call.rc != 0 && mysql_stmt_errno(statement->handle) == NEW_METADATA && statement->is_query) {
    if (prepare_again(statement, error) == DRIVER_FAILED) return DRIVER_FAILED;
    my_call(connection, execute, &call);
  }
  if (call.rc != 0) return my_statement_fail(statement, error);
  /* A procedure may first give results without rows. */
  while (mysql_stmt_field_count(statement->handle) == 0) {
    note_affected(statement);
    if (!mysql_stmt_more_results(statement->handle)) break;
    my_call(connection, next_result, &call);
    if (call.rc != 0) return my_statement_fail(statement, error);
  }
  if (mysql_stmt_field_count(statement->handle) == 0) {
    my_stop_end(connection);
    my_ahead_clear(statement);
    my_columns_clear(connection->base.host, &statement->columns);
    statement->state = STATE_DONE;
    return DRIVER_OK;
  }
  connection->running = statement;
  statement->state = STATE_ROWS;
  if (check_columns(statement, error) == DRIVER_OK &&
      mysql_stmt_bind_result(statement->handle, statement->columns.binds) == 0) {
    my_ahead_reset(statement);
    return DRIVER_OK;
  }
  my_statement_drain(statement);
  statement->state = STATE_FAILED;
  if (error->failure == FAILURE_NONE) driver_error_memory(error);
  return DRIVER_FAILED;
}

static void store_result(void *argument) {
  Call *call = argument;
  call->rc = mysql_stmt_store_result(call->statement->handle);
}

/* Takes all rows into memory, so that another text can be sent. */
static DriverStatus store_rows(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  Call call = {.statement = statement};
  my_call(connection, store_result, &call);
  connection->running = NULL;
  if (call.rc != 0) return my_statement_fail(statement, error);
  my_stop_end(connection);
  if (!mysql_stmt_more_results(statement->handle)) return DRIVER_OK;
  my_statement_drain(statement);
  return driver_error_set(error, FAILURE_REFUSED, NULL,
                          "a procedure with results cannot run inside a transaction of this kind");
}

static DriverStatus start(MyStatement *statement, bool store, DriverError *error) {
  statement->affected = 0;
  statement->rows = 0;
  statement->grow = false;
  statement->stored = store;
  if (statement->handle == NULL) return my_text_start(statement, error);
  if (my_statement_start(statement, error) == DRIVER_FAILED) return DRIVER_FAILED;
  if (store && statement->state == STATE_ROWS) return store_rows(statement, error);
  return DRIVER_OK;
}

DriverStatus my_execute(DriverStatement *base, const Value *values, size_t count,
                        const DriverEnvelope *envelope, DriverError *error) {
  MyStatement *statement = (MyStatement *)base;
  MyConnection *connection = my_of(statement);
  if (check_free(connection, error) == DRIVER_FAILED) return DRIVER_FAILED;
  if (count != statement->parameter_count) {
    return driver_error_set(error, FAILURE_REFUSED, "07001",
                            "the statement has %zu parameters, and %zu values are given",
                            statement->parameter_count, count);
  }
  statement->state = STATE_IDLE;
  if (my_bind(statement, values, error) == DRIVER_FAILED) return DRIVER_FAILED;
  if (my_before_statement(connection, error) == DRIVER_FAILED) return DRIVER_FAILED;
  for (size_t i = 0; envelope != NULL && i < envelope->before_count; i++) {
    const char *text = envelope->before[i];
    if (my_run_text(connection, text, strlen(text), NULL, error) == DRIVER_FAILED) {
      return DRIVER_FAILED;
    }
  }
  const char *after = envelope == NULL ? NULL : envelope->after;
  my_note_settings(connection, statement->sets);
  if (start(statement, after != NULL, error) == DRIVER_FAILED) {
    statement->state = STATE_FAILED;
    if (!statement->is_query) my_undo_look(connection, error);
    return DRIVER_FAILED;
  }
  if (after == NULL) return DRIVER_OK;
  DriverStatus status = my_run_text(connection, after, strlen(after), NULL, error);
  if (status == DRIVER_FAILED) statement->state = STATE_FAILED;
  return status;
}
