/*
** statement.c: one SQL text, prepared, bound and stepped.
**
** execute() makes the first step already: what fails fails there, and when SQLite prepared the text
** again because the schema had changed, the columns are told as they are now. A statement that is
** given back stays prepared in the connection's cache.
*/
#include "lite.h"
#include <limits.h>
#include <math.h>
#include <string.h>

#define ROWS_BETWEEN_LOOKS 64

static LiteConnection *connection_of(const DriverStatement *statement) {
  return (LiteConnection *)statement->connection;
}

/* ---------------------------------------------------------------- preparing */

/* After white space, comments and semicolons. */
static const char *skip_blank(const char *at) {
  for (;;) {
    if (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' || *at == '\f' || *at == ';') {
      at++;
    } else if (at[0] == '-' && at[1] == '-') {
      while (*at != 0 && *at != '\n')
        at++;
    } else if (at[0] == '/' && at[1] == '*') {
      for (at += 2; *at != 0 && (at[0] != '*' || at[1] != '/');)
        at++;
      if (*at != 0) at += 2;
    } else {
      return at;
    }
  }
}

/* Prepares exactly one statement; sql ends with a NUL. */
static DriverStatus prepare_one(LiteConnection *connection, const char *sql, size_t size,
                                unsigned flags, sqlite3_stmt **statement, DriverError *error) {
  const char *tail = "";
  *statement = NULL;
  if (size >= INT_MAX) {
    return driver_error_set(error, FAILURE_UNFIT, "54000", "the statement is too long");
  }
  int code = sqlite3_prepare_v3(connection->db, sql, (int)size + 1, flags, statement, &tail);
  if (code != SQLITE_OK) return lite_error(connection, code, error);
  if (*statement == NULL) {
    return driver_error_set(error, FAILURE_REFUSED, "42601", "there is no statement in this text");
  }
  if (*skip_blank(tail) == 0) return DRIVER_OK;
  sqlite3_finalize(*statement);
  *statement = NULL;
  return driver_error_set(
      error, FAILURE_REFUSED, "42601",
      "there is more than one statement in this text; the second starts at byte "
      "%lld",
      (long long)(skip_blank(tail) - sql) + 1);
}

/* Does sqlite3_changes tell what this statement changed? (It keeps its old value over all
** others.) */
static bool text_counts(const char *sql, sqlite3_stmt *statement) {
  static const char *const words[] = {"insert", "update", "delete", "replace", "with"};
  if (sqlite3_stmt_readonly(statement)) return false;
  const char *word = skip_blank(sql);
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (sqlite3_strnicmp(word, words[i], (int)strlen(words[i])) == 0) return true;
  }
  return false;
}

void lite_statement_destroy(DriverStatement *base) {
  LiteStatement *statement = (LiteStatement *)base;
  const DriverHost *host = base->connection->host;
  sqlite3_finalize(statement->statement);
  host->release(statement->after);
  host->release(statement);
}

static DriverStatus statement_new(LiteConnection *connection, const char *sql, size_t size,
                                  LiteStatement **statement, DriverError *error) {
  const DriverHost *host = connection->base.host;
  LiteStatement *made = host->allocate(sizeof(LiteStatement) + size + 1);
  if (made == NULL) return driver_error_memory(error);
  memset(made, 0, sizeof(*made));
  made->base.connection = &connection->base;
  made->sql = (char *)(made + 1);
  made->sql_size = size;
  memcpy(made->sql, sql, size);
  made->sql[size] = 0;
  if (prepare_one(connection, made->sql, size, SQLITE_PREPARE_PERSISTENT, &made->statement,
                  error) != DRIVER_OK) {
    lite_statement_destroy(&made->base);
    return DRIVER_FAILED;
  }
  made->counts = text_counts(made->sql, made->statement);
  *statement = made;
  return DRIVER_OK;
}

DriverStatus lite_prepare(DriverConnection *base, const char *sql, size_t size,
                          DriverStatement **statement, DriverError *error) {
  LiteConnection *connection = (LiteConnection *)base;
  if (lite_enter(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (size > 0 && memchr(sql, 0, size) != NULL) {
    return driver_error_set(error, FAILURE_UNFIT, "22021", "the statement contains a NUL byte");
  }
  *statement = statement_cache_take(connection->cache, sql, size);
  if (*statement != NULL) return DRIVER_OK;
  LiteStatement *made = NULL;
  if (statement_new(connection, sql, size, &made, error) != DRIVER_OK) return DRIVER_FAILED;
  *statement = &made->base;
  return DRIVER_OK;
}

size_t lite_parameter_count(DriverStatement *base) {
  return (size_t)sqlite3_bind_parameter_count(((LiteStatement *)base)->statement);
}

/* ---------------------------------------------------------------- binding */

static int bind_value(sqlite3_stmt *statement, int number, const Value *value,
                      sqlite3_destructor_type keep) {
  const char *data;
  switch (value->type) {
  case VALUE_NULL: break;
  case VALUE_INTEGER: return sqlite3_bind_int64(statement, number, value->integer);
  case VALUE_REAL: return sqlite3_bind_double(statement, number, value->real);
  case VALUE_TEXT:
    data = value->bytes.data != NULL ? value->bytes.data : "";
    return sqlite3_bind_text64(statement, number, data, value->bytes.size, keep, SQLITE_UTF8);
  case VALUE_BLOB:
    data = value->bytes.data != NULL ? value->bytes.data : "";
    return sqlite3_bind_blob64(statement, number, data, value->bytes.size, keep);
  }
  return sqlite3_bind_null(statement, number);
}

static DriverStatus bind_all(LiteStatement *statement, const Value *values, size_t count,
                             sqlite3_destructor_type keep, DriverError *error) {
  LiteConnection *connection = connection_of(&statement->base);
  size_t wanted = lite_parameter_count(&statement->base);
  if (count != wanted) {
    return driver_error_set(error, FAILURE_REFUSED, "07001",
                            "the statement has %zu parameters and %zu values were given", wanted,
                            count);
  }
  for (size_t i = 0; i < count; i++) {
    if (values[i].type == VALUE_REAL && isnan(values[i].real)) {
      return driver_error_set(error, FAILURE_UNFIT, "22003",
                              "parameter %zu is NaN, which SQLite would store as NULL", i + 1);
    }
    int code = bind_value(statement->statement, (int)i + 1, &values[i], keep);
    if (code == SQLITE_TOOBIG) {
      return driver_error_set(error, FAILURE_UNFIT, "54000",
                              "parameter %zu is larger than SQLite takes", i + 1);
    }
    if (code != SQLITE_OK) return lite_error(connection, code, error);
  }
  return DRIVER_OK;
}

/* ---------------------------------------------------------------- running */

DriverStatus lite_run(DriverConnection *base, const char *sql, int64_t *affected,
                      DriverError *error) {
  LiteConnection *connection = (LiteConnection *)base;
  sqlite3_stmt *statement;
  if (affected != NULL) *affected = 0;
  if (lite_enter(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (prepare_one(connection, sql, strlen(sql), 0, &statement, error) != DRIVER_OK) {
    return DRIVER_FAILED;
  }
  if (connection->reading_only && !sqlite3_stmt_readonly(statement)) {
    sqlite3_finalize(statement);
    return driver_error_set(error, FAILURE_REFUSED, "25006", "only reading is allowed here");
  }
  int code;
  do
    code = sqlite3_step(statement);
  while (code == SQLITE_ROW);
  DriverStatus status = code == SQLITE_DONE ? DRIVER_OK : lite_error(connection, code, error);
  if (status == DRIVER_OK && affected != NULL && text_counts(sql, statement)) {
    *affected = sqlite3_changes64(connection->db);
  }
  sqlite3_finalize(statement);
  return status;
}

/* One step, and at the end the text that belongs after it. */
static DriverStatus step(LiteStatement *statement, DriverError *error) {
  LiteConnection *connection = connection_of(&statement->base);
  int code = sqlite3_step(statement->statement);
  if (code == SQLITE_ROW) return DRIVER_ROW;
  if (code != SQLITE_DONE) {
    lite_error(connection, code, error);
    sqlite3_reset(statement->statement);
    return DRIVER_FAILED;
  }
  if (statement->counts) statement->affected = sqlite3_changes64(connection->db);
  sqlite3_reset(statement->statement);
  if (statement->after != NULL &&
      lite_run(&connection->base, statement->after, NULL, error) != DRIVER_OK) {
    return DRIVER_FAILED;
  }
  return DRIVER_DONE;
}

static DriverStatus envelope_open(LiteStatement *statement, const DriverEnvelope *envelope,
                                  DriverError *error) {
  LiteConnection *connection = connection_of(&statement->base);
  const DriverHost *host = connection->base.host;
  host->release(statement->after);
  statement->after = NULL;
  if (envelope == NULL) return DRIVER_OK;
  if (envelope->after != NULL) {
    size_t size = strlen(envelope->after) + 1;
    statement->after = host->allocate(size);
    if (statement->after == NULL) return driver_error_memory(error);
    memcpy(statement->after, envelope->after, size);
  }
  for (size_t i = 0; i < envelope->before_count; i++) {
    if (lite_run(&connection->base, envelope->before[i], NULL, error) != DRIVER_OK) {
      return DRIVER_FAILED;
    }
  }
  return DRIVER_OK;
}

/* What both ways of running check first. */
static DriverStatus start(LiteStatement *statement, DriverError *error) {
  LiteConnection *connection = connection_of(&statement->base);
  statement->affected = 0;
  statement->state = DRIVER_FAILED; /* until it runs */
  if (lite_enter(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (connection->reading_only && !sqlite3_stmt_readonly(statement->statement)) {
    return driver_error_set(error, FAILURE_REFUSED, "25006",
                            "the statement writes, and only reading is allowed here");
  }
  return DRIVER_OK;
}

DriverStatus lite_execute(DriverStatement *base, const Value *values, size_t count,
                          const DriverEnvelope *envelope, DriverError *error) {
  LiteStatement *statement = (LiteStatement *)base;
  if (start(statement, error) != DRIVER_OK ||
      bind_all(statement, values, count, SQLITE_TRANSIENT, error) != DRIVER_OK ||
      envelope_open(statement, envelope, error) != DRIVER_OK) {
    return DRIVER_FAILED;
  }
  DriverStatus status = step(statement, error);
  if (status == DRIVER_FAILED) return DRIVER_FAILED;
  statement->state = status;
  return DRIVER_OK;
}

DriverStatus lite_next(DriverStatement *base, DriverError *error) {
  LiteStatement *statement = (LiteStatement *)base;
  DriverStatus status = statement->state;
  switch (status) {
  case DRIVER_ROW: /* the row of execute() */ statement->state = DRIVER_OK; return status;
  case DRIVER_DONE: return status;
  case DRIVER_FAILED:
    return driver_error_set(error, FAILURE_REFUSED, "HY010", "the statement has failed before");
  case DRIVER_PAUSE:
  case DRIVER_OK: break;
  }
  if (lite_enter(connection_of(base), error) != DRIVER_OK) return DRIVER_FAILED;
  status = step(statement, error);
  if (status != DRIVER_ROW) statement->state = status;
  return status;
}

int64_t lite_affected(DriverStatement *base) {
  return ((LiteStatement *)base)->affected;
}

/* RETURNING would do, but 3.40 gives the rowid as a REAL there where the first column is one. */
int64_t lite_made_key(DriverStatement *base) {
  const LiteStatement *statement = (const LiteStatement *)base;
  sqlite3 *db = connection_of(base)->db;
  return statement->affected > 0 ? sqlite3_last_insert_rowid(db) : 0;
}

/* One row of a batch. */
static DriverStatus batch_row(LiteStatement *statement, const Value *values, size_t count,
                              DriverError *error) {
  LiteConnection *connection = connection_of(&statement->base);
  if (bind_all(statement, values, count, SQLITE_STATIC, error) != DRIVER_OK) return DRIVER_FAILED;
  int code;
  do
    code = sqlite3_step(statement->statement);
  while (code == SQLITE_ROW);
  if (code != SQLITE_DONE) lite_error(connection, code, error);
  sqlite3_reset(statement->statement);
  return code == SQLITE_DONE ? DRIVER_OK : DRIVER_FAILED;
}

DriverStatus lite_execute_batch(DriverStatement *base, DriverRowSource *source, int64_t *affected,
                                DriverError *error) {
  LiteStatement *statement = (LiteStatement *)base;
  LiteConnection *connection = connection_of(base);
  const Value *values;
  size_t count;
  int64_t row = 0, sum = 0;
  DriverStatus status = start(statement, error);
  while (status == DRIVER_OK) {
    status = source->take(source, &values, &count, error);
    if (status != DRIVER_ROW) break;
    row++;
    status = batch_row(statement, values, count, error);
    /* Rows may be too short to reach the progress handler. */
    if (status == DRIVER_OK && row % ROWS_BETWEEN_LOOKS == 0 && lite_must_stop(connection)) {
      status = lite_error(connection, SQLITE_INTERRUPT, error);
    }
    int64_t changes = sqlite3_changes64(connection->db);
    if (status == DRIVER_OK && source->each && changes != source->each)
      status = driver_missed(error, changes);
    if (status == DRIVER_OK && statement->counts) sum += changes;
    if (status == DRIVER_FAILED) error->row = row;
  }
  sqlite3_clear_bindings(statement->statement); /* they point into the source's rows */
  if (status != DRIVER_DONE) return DRIVER_FAILED;
  if (affected != NULL) *affected = sum;
  return DRIVER_OK;
}

void lite_finish(DriverStatement *base) {
  LiteStatement *statement = (LiteStatement *)base;
  LiteConnection *connection = connection_of(base);
  sqlite3_reset(statement->statement);
  sqlite3_clear_bindings(statement->statement);
  statement_cache_put(connection->cache, statement->sql, statement->sql_size, base);
}
