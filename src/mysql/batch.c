/*
** batch.c: one statement for many rows.
**
** MariaDB takes many rows in one message (array binding): the values go in blocks, column by
** column, each block one round trip. A column has one type in a block, so a row whose types differ
** begins a new one; NULL goes with every type. Elsewhere, and for statements that are not a plain
** INSERT, REPLACE, UPDATE or DELETE, the prepared statement is run row by row.
**
** The server does not say which row of a block was wrong. Each block has a savepoint before it;
** after an error the block is undone and its rows are run one by one until the same thing happens:
** that row is the one. (The caller rolls everything back afterwards.) Where the undoing leaves rows, in a table
** without transactions, running them again would meet the rows of the first time: there the server's own number
** of the row has to do, which newer ones have for INSERT.
*/
#include "block.h"
#include <string.h>
#include <strings.h>

#define SAVEPOINT_NAME "sqlite_connector_batch"
#define NOT_SUPPORTED 1295

/* ---- one row alone ---- */

static DriverStatus run_row(MyStatement *statement, const Value *values, int64_t each,
                            int64_t *affected, DriverError *error) {
  DriverStatus status =
      my_execute(&statement->base, values, statement->parameter_count, NULL, error);
  while (status == DRIVER_OK || status == DRIVER_ROW)
    status = my_next(&statement->base, error);
  if (status != DRIVER_DONE) return status;
  int64_t rows = my_affected(&statement->base);
  *affected += rows;
  return each && rows != each ? driver_missed(error, rows) : status;
}

/* The rows of the block one by one. */
static DriverStatus run_rows(Block *block, DriverError *error) {
  for (size_t row = 0; row < block->rows; row++) {
    if (run_row(block->statement, block_row(block, row), block->each, &block->affected, error) ==
        DRIVER_FAILED) {
      error->row = block->first + (int64_t)row;
      return DRIVER_FAILED;
    }
  }
  return DRIVER_OK;
}

/* ---- array binding ---- */

#if MY_LIBMARIADB && MARIADB_PACKAGE_VERSION_ID >= 30100

static void bind_column(Block *block, Column *column, MYSQL_BIND *bind) {
  memset(bind, 0, sizeof *bind);
  bind->u.indicator = column->nulls; /* 1 is STMT_INDICATOR_NULL */
  switch (column->type) {
  case VALUE_INTEGER:
    bind->buffer_type = MYSQL_TYPE_LONGLONG;
    bind->buffer = column->integers;
    return;
  case VALUE_REAL:
    bind->buffer_type = MYSQL_TYPE_DOUBLE;
    bind->buffer = column->reals;
    return;
  default: break;
  }
  static char nothing[1];
  for (size_t row = 0; row < block->rows; row++) {
    column->texts[row] = block->bytes == NULL ? nothing : block->bytes + column->offsets[row];
  }
  bind->buffer_type = column->type == VALUE_BLOB ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
  bind->buffer = column->texts;
  bind->length = column->sizes;
}

static bool set_array_size(MyStatement *statement, unsigned int rows) {
  return mysql_stmt_attr_set(statement->handle, STMT_ATTR_ARRAY_SIZE, &rows) == 0;
}

/* INSERT … VALUES (…): the rows that the server counts are those of the block. In doubt not. */
static bool counts_rows(const char *sql) {
  const char *at = strcasestr(sql, "VALUE");
  if (at == NULL || strcasestr(sql, "SELECT") != NULL ||
      (strncasecmp(sql, "INSERT", 6) != 0 && strncasecmp(sql, "REPLACE", 7) != 0)) {
    return false;
  }
  while ((at = strchr(at, ')')) != NULL) {
    at += 1 + strspn(at + 1, " \t\r\n");
    if (*at == ',' && at[1 + strspn(at + 1, " \t\r\n")] == '(') return false;
  }
  return true;
}

/* After an error that a row may be the cause of: finds it. *error keeps the block's own error when
** no row alone fails. */
static void find_row(Block *block, DriverError *error) {
  static const char undo[] = "ROLLBACK TO SAVEPOINT " SAVEPOINT_NAME;
  MyConnection *connection = my_of(block->statement);
  DriverError found;
  int64_t row;
  error->row = block->first;
  if (error->failure != FAILURE_REMOTE || strncmp(error->sqlstate, "40", 2) == 0 ||
      strncmp(error->sqlstate, "42", 2) == 0 || error->native == 1205 ||
      (connection->mysql->server_status & SERVER_STATUS_IN_TRANS) == 0) {
    return;
  }
  row = counts_rows(block->statement->sql) ? my_row_told(connection) : 0;
  if (my_run_text(connection, undo, sizeof undo - 1, NULL, &found) == DRIVER_FAILED) return;
  if (!my_rolled_back(connection)) {
    my_not_undone(error);
    error->row = row > 0 && row <= (int64_t)block->rows ? block->first + row - 1 : 0;
    return;
  }
  if (run_rows(block, &found) == DRIVER_FAILED) *error = found;
}

static DriverStatus send_array(Block *block, DriverError *error) {
  static const char savepoint[] = "SAVEPOINT " SAVEPOINT_NAME;
  MyStatement *statement = block->statement;
  MyConnection *connection = my_of(statement);
  if ((connection->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0 &&
      my_run_text(connection, savepoint, sizeof savepoint - 1, NULL, error) == DRIVER_FAILED) {
    return DRIVER_FAILED;
  }
  for (size_t i = 0; i < block->width; i++) {
    bind_column(block, &block->columns[i], &statement->binds[i]);
  }
  DriverStatus status;
  if (!set_array_size(statement, (unsigned int)block->rows) ||
      mysql_stmt_bind_param(statement->handle, statement->binds) != 0) {
    status = my_error(connection, statement->handle, error);
  } else {
    statement->affected = 0;
    status = my_statement_start(statement, error);
  }
  set_array_size(statement, 0);
  if (status != DRIVER_OK) return status;
  block->affected += statement->affected;
  if (block->each && statement->affected != block->each * (int64_t)block->rows)
    return driver_missed(error, 0); /* of which row find_row tells */
  return status;
}

static DriverStatus block_send(Block *block, DriverError *error) {
  MyConnection *connection = my_of(block->statement);
  uint64_t bytes = block->bytes_used + (uint64_t)block->rows * block->width * 10;
  if (block->rows < 2 || !connection->bulk ||
      my_packet_check(connection, bytes, error) == DRIVER_FAILED) {
    return run_rows(block, error); /* a server with a small max_allowed_packet takes rows alone */
  }
  DriverStatus status = send_array(block, error);
  if (status == DRIVER_FAILED && error->native == NOT_SUPPORTED && !connection->base.broken) {
    connection->bulk = false;
    return run_rows(block, error);
  }
  if (status == DRIVER_FAILED) find_row(block, error);
  return status;
}

static bool bulk_fits(MyStatement *statement) {
  return my_of(statement)->bulk && statement->handle != NULL && statement->is_change &&
         statement->columns.count == 0 && statement->parameter_count > 0;
}

#else

static DriverStatus block_send(Block *block, DriverError *error) {
  return run_rows(block, error);
}

static bool bulk_fits(MyStatement *statement) {
  (void)statement;
  return false;
}

#endif

/* ---- the two ways ---- */

static DriverStatus run_each(MyStatement *statement, DriverRowSource *source, int64_t *total,
                             DriverError *error) {
  for (int64_t row = 1;; row++) {
    const Value *values;
    size_t count;
    DriverStatus status = source->take(source, &values, &count, error);
    if (status != DRIVER_ROW) return status;
    if (count != statement->parameter_count) {
      driver_error_set(error, FAILURE_REFUSED, "07001",
                       "the statement has %zu parameters, and %zu values are given",
                       statement->parameter_count, count);
      status = DRIVER_FAILED;
    } else {
      status = run_row(statement, values, source->each, total, error);
    }
    if (status == DRIVER_FAILED) {
      error->row = row;
      return DRIVER_FAILED;
    }
  }
}

static DriverStatus run_blocks(Block *block, DriverRowSource *source, DriverError *error) {
  block->first = 1;
  block->each = source->each;
  for (;;) {
    const Value *values;
    size_t count;
    DriverStatus status = source->take(source, &values, &count, error);
    if (status == DRIVER_FAILED) return DRIVER_FAILED;
    if (status == DRIVER_DONE) return block_send(block, error);
    if (count != block->width) {
      driver_error_set(error, FAILURE_REFUSED, "07001",
                       "the statement has %zu parameters, and %zu values are given", block->width,
                       count);
    } else if (block_takes(block, values)) {
      status = block_add(block, values, error);
    } else {
      if (block_send(block, error) == DRIVER_FAILED) return DRIVER_FAILED;
      block_empty(block);
      status = block_add(block, values, error);
    }
    if (count != block->width || status == DRIVER_FAILED) {
      error->row = block->first + (int64_t)block->rows;
      return DRIVER_FAILED;
    }
  }
}

DriverStatus my_execute_batch(DriverStatement *base, DriverRowSource *source, int64_t *affected,
                              DriverError *error) {
  MyStatement *statement = (MyStatement *)base;
  int64_t total = 0;
  DriverStatus status;
  if (!my_usable(my_of(statement), error)) return DRIVER_FAILED;
  if (bulk_fits(statement)) {
    Block block;
    status = block_init(&block, statement, error);
    if (status == DRIVER_OK) status = my_binds_make(statement, error);
    if (status == DRIVER_OK) status = my_before_statement(my_of(statement), error);
    if (status == DRIVER_OK) status = run_blocks(&block, source, error);
    total = block.affected;
    block_clear(&block);
  } else {
    status = run_each(statement, source, &total, error);
  }
  if (status == DRIVER_FAILED) return DRIVER_FAILED;
  statement->affected = total;
  if (affected != NULL) *affected = total;
  return DRIVER_OK;
}
