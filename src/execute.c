/*
** execute.c: connector_execute below SQL (execute.h): checks what the text is, takes a turn in the
** transaction, sends. Many rows: execute_many.c.
**
** A text of one statement goes with its parameters; a script is split by our lexer and each statement is
** sent alone, in one transaction. The server never gets several statements in one message.
*/
#include "execute_state.h"
#include "log.h"
#include "schema.h"
#include <string.h>

Script script_look(const DriverDialect *dialect, const char *sql, size_t size) {
  Script script = {.sql = sql, .size = size, .first = STATEMENT_EMPTY};
  const char *at = sql, *statement;
  size_t statement_size;
  while (script_next(dialect, &at, sql + size, &statement, &statement_size)) {
    StatementClass class = statement_class(dialect, statement, statement_size);
    if (!script.count++) script.first = class;
    script.any_transaction |= class == STATEMENT_TRANSACTION;
    script.any_alone |= class == STATEMENT_ALONE;
    script.any_ddl |= class == STATEMENT_DDL;
    script.any_exclusive |=
        class > STATEMENT_WRITE ||
        (class == STATEMENT_WRITE && !statement_is_dml(dialect, statement, statement_size));
  }
  return script;
}

int script_check(const Remote *remote, const Script *script, Error *error) {
  const char *block = remote->block->name;
  if (script->count == 0)
    return error_set(error, SQLITE_ERROR, "connector '%s': the operation is empty", block);
  if (script->any_transaction)
    return error_set(
        error, SQLITE_ERROR,
        "connector '%s': transactions are SQLite's here: use BEGIN, COMMIT, ROLLBACK and "
        "SAVEPOINT in SQLite itself, the remote follows",
        block);
  if (script->count > 1 && script->any_alone)
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': the script contains a statement that refuses a transaction "
                     "(such as VACUUM or CREATE DATABASE): run it alone",
                     block);
  if (script->count == 1 && script->first == STATEMENT_READ)
    return error_set(
        error, SQLITE_ERROR,
        "connector '%s': the operation only reads and returns rows: use connector_query, "
        "connector_value or connector_fetch_all",
        block);
  return SQLITE_OK;
}

int execute_error(const Turn *turn, const DriverError *failure, const char *sql, Error *error) {
  char *masked = log_mask(sql);
  char *what = failure->row > 0 && masked
                   ? sqlite3_mprintf("set %lld: %s", (sqlite3_int64)failure->row, masked)
                   : NULL;
  int rc = error_remote(error, failure, turn->remote->block->name, what ? what : masked, sql);
  sqlite3_free(what);
  sqlite3_free(masked);
  return rc;
}

/* DDL where it commits by itself must not be mixed with a transaction; temporary tables do not commit. */
bool execute_is_bare(const DriverDialect *dialect, const char *sql, size_t size,
                     StatementClass class) {
  if (class != STATEMENT_DDL || !dialect->ddl_commits) return class == STATEMENT_ALONE;
  Lexer lexer;
  lexer_init(&lexer, dialect, sql, size);
  for (int words = 0; words < 2;) {
    Token token = lexer_next(&lexer);
    if (token.kind == TOKEN_SPACE) continue;
    if (token_is(&token, "TEMPORARY")) return false;
    words++;
  }
  return true;
}

/* ---------------------------------------------------------------- one statement */

/* An integer that the statement returned. */
static DriverStatus read_key(const Driver *driver, DriverStatement *statement, Value *key,
                             DriverError *failure) {
  Value value;
  DriverStatus status = driver->value(statement, 0, &value, failure);
  if (status == DRIVER_OK && value.type == VALUE_INTEGER) *key = value;
  return status;
}

/* Prepares, sends with the turn's envelope, and reads to the end. `key` (may be NULL) gets what the server
** made. */
static int run_statement(Turn *turn, const char *sql, size_t size, const Value *values,
                         size_t count, bool enveloped, int64_t *affected, Value *key,
                         Error *error) {
  const Driver *driver = turn->remote->driver;
  Log *log = turn->remote->connector->log;
  DriverError failure = {0};
  DriverStatement *statement = NULL;
  DriverEnvelope envelope = {turn->before, turn->before_count, turn->after};
  int64_t rows = 0;
  link_deadline(turn->link);
  DriverStatus status = driver->prepare(turn->link->connection, sql, size, &statement, &failure);
  if (enveloped && status == DRIVER_OK) transaction_log(turn);
  int64_t entry = log_begin(log, turn->remote->block->name, turn->link->number, sql);
  if (status == DRIVER_OK) {
    turn->executed = true;
    status = driver->execute(statement, values, count, enveloped ? &envelope : NULL, &failure);
    if (status != DRIVER_FAILED) transaction_answered(turn);
  }
  while (status == DRIVER_OK || status == DRIVER_ROW) {
    link_deadline_again(turn->link);
    status = driver->next(statement, &failure);
    rows += status == DRIVER_ROW;
    if (status == DRIVER_ROW && key && !driver->made_key &&
        read_key(driver, statement, key, &failure) != DRIVER_OK)
      status = DRIVER_FAILED;
  }
  if (status == DRIVER_DONE) *affected = driver->affected(statement);
  int64_t made = status == DRIVER_DONE && key && driver->made_key ? driver->made_key(statement) : 0;
  if (made) *key = (Value){.type = VALUE_INTEGER, .integer = made};
  log_rows(log, entry, rows ? rows : *affected, 0);
  log_end(log, entry, status == DRIVER_DONE ? NULL : &failure);
  int rc = status == DRIVER_DONE ? SQLITE_OK : execute_error(turn, &failure, sql, error);
  if (statement) driver->finish(statement);
  return rc;
}

/* Statements that the server takes only outside a transaction and outside the extended protocol's
** preparation. */
static int run_bare(Turn *turn, const char *sql, int64_t *affected, Error *error) {
  Log *log = turn->remote->connector->log;
  DriverError failure = {0};
  int64_t entry = log_begin(log, turn->remote->block->name, turn->link->number, sql);
  turn->executed = true;
  DriverStatus status = turn->remote->driver->run(turn->link->connection, sql, affected, &failure);
  log_end(log, entry, status == DRIVER_OK ? NULL : &failure);
  return status == DRIVER_OK ? SQLITE_OK : execute_error(turn, &failure, sql, error);
}

/* Nothing was executed on a session that turned out to be dead: worth one more try on a fresh one. */
static bool may_retry(const Turn *turn, const Error *error) {
  return error->remote.failure == FAILURE_LOST && turn->joining == JOIN_OWN && !turn->executed;
}

static int execute_one(Remote *remote, const Script *script, const Bound *bound, int64_t *affected,
                       Error *error) {
  bool bare = execute_is_bare(remote->dialect, script->sql, script->size, script->first);
  for (int attempt = 1;; attempt++) {
    Turn turn;
    int rc = transaction_enter(remote, bare ? TURN_BARE : TURN_WRITE, &turn, error);
    if (rc) return rc;
    if (bare && bound->value_count == 0)
      rc = run_bare(&turn, bound->sql, affected, error);
    else
      rc = run_statement(&turn, bound->sql, bound->sql_size, bound->values, bound->value_count,
                         true, affected, NULL, error);
    bool again = rc && attempt == 1 && may_retry(&turn, error);
    rc = transaction_leave(&turn, rc, error);
    if (!again) return rc;
    error_clear(error);
  }
}

int execute_row(Remote *remote, const RowChange *change, int64_t *affected, Value *key,
                Error *error) {
  *affected = 0;
  if (key) *key = (Value){.type = VALUE_NULL};
  for (int attempt = 1;; attempt++) {
    Turn turn;
    int rc = transaction_enter(remote, TURN_WRITE, &turn, error);
    if (rc) return rc;
    rc = run_statement(&turn, change->sql, change->size, change->values, change->count, true,
                       affected, change->makes_key ? key : NULL, error);
    bool again = rc && attempt == 1 && (may_retry(&turn, error) || error->remote.stale);
    rc = transaction_leave(&turn, rc, error);
    if (rc && again) {
      error_clear(error);
      continue;
    }
    if (rc || !change->one || *affected == 1) return rc;
    /* SQLite undoes its statement, and with it what was changed here */
    DriverError failure = {0};
    driver_missed(&failure, *affected);
    return execute_error(&turn, &failure, change->sql, error);
  }
}

/* ---------------------------------------------------------------- scripts */

/* What one statement of a script sets holds for those behind it. */
static void script_settings(const Turn *turn, bool on) {
  const Driver *driver = turn->remote->driver;
  if (driver->script) driver->script(turn->link->connection, on);
}

static int run_script(Turn *turn, const Script *script, int64_t *affected, Error *error) {
  const char *at = script->sql, *end = script->sql + script->size, *statement;
  size_t size;
  int number = 0, rc = transaction_send(turn, error);
  script_settings(turn, true);
  while (!rc && script_next(turn->remote->dialect, &at, end, &statement, &size)) {
    int64_t count = 0;
    char *sql = sqlite3_mprintf("%.*s", (int)size, statement);
    number++;
    rc = sql ? run_statement(turn, sql, size, NULL, 0, false, &count, NULL, error)
             : error_memory(error);
    sqlite3_free(sql);
    *affected += count;
  }
  script_settings(turn, false);
  if (rc && number > 1 && turn->remote->dialect->ddl_commits &&
      turn->remote->driver->transaction(turn->link->connection) == TRANSACTION_NONE)
    error_wrap(error,
               "statement %d of the script (what stood before a DDL statement was committed by "
               "it, as this server does)",
               number);
  else if (rc && number)
    error_wrap(error, "statement %d of the script", number);
  return rc;
}

int execute_operation(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
                      int64_t *affected, Error *error) {
  Script script = script_look(remote->dialect, sql, size);
  *affected = 0;
  int rc = script_check(remote, &script, error);
  if (rc) return rc;
  if (script.any_ddl) schema_forget(remote->connector, remote->block->name);
  if (script.count > 1) {
    Turn turn;
    if (arguments && (arguments->positional_count || arguments->named))
      return error_set(
          error, SQLITE_ERROR,
          "connector '%s': a script of several statements takes no parameters: run its "
          "statements one by one",
          remote->block->name);
    if (script.any_exclusive) rc = remote_end_reads(remote, error);
    if (!rc) rc = transaction_enter(remote, TURN_SEVERAL, &turn, error);
    if (rc) return rc;
    rc = run_script(&turn, &script, affected, error);
    return transaction_leave(&turn, rc, error);
  }
  Bound bound = {0};
  rc = parameters_bind(remote->dialect, sql, size, arguments, &bound, error);
  if (rc) {
    error_wrap(error, "connector '%s'", remote->block->name);
    return rc;
  }
  if (script.any_exclusive) rc = remote_end_reads(remote, error);
  if (!rc) rc = execute_one(remote, &script, &bound, affected, error);
  bound_clear(&bound);
  return rc;
}
