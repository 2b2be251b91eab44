/*
** key_list.c: many DELETEs by their keys as few statements with a list of them, which costs the server less than as
** many executions of one for each (array binding):
**
**   DELETE FROM `orders` WHERE `id` IN (?,?,?)
**
** A list is compared with the column as `= ?` does when all of its values have one type, so those of another type
** go in a list of their own. All rows of a list count: which one is at fault is for the caller to find out.
*/
#include "block.h"
#include <string.h>

#define MOST_KEYS                                                                                  \
  1000 /* of one list; most lists have so many, so that they are one prepared statement */

DriverStatus my_can_together(DriverStatement *base, bool *can, DriverError *error) {
  const MyStatement *statement = (const MyStatement *)base;
  (void)error;
  *can = statement->handle != NULL && statement->parameter_count == 1;
  return DRIVER_OK;
}

/* `sql` ends with "(?)". */
static bool print_list(DriverBuffer *text, const char *sql, size_t keys) {
  buffer_append(text, sql, strlen(sql) - 1);
  for (size_t i = 1; i < keys; i++)
    buffer_append(text, ",?", 2);
  buffer_append(text, ")", 1);
  return !text->failed;
}

static DriverStatus run_list(Block *block, MyStatement *list, DriverError *error) {
  Value *keys = block->host->allocate(block->rows * sizeof *keys);
  if (keys == NULL) return driver_error_memory(error);
  for (size_t row = 0; row < block->rows; row++)
    keys[row] = *block_row(block, row);
  DriverStatus status = my_bind(list, keys, error);
  block->host->release(keys);
  if (status == DRIVER_OK) {
    list->affected = 0;
    status = my_statement_start(list, error);
  }
  if (status != DRIVER_OK) return DRIVER_FAILED;
  block->affected += list->affected;
  return list->affected == (int64_t)block->rows ? status : driver_missed(error, 0);
}

static DriverStatus send_list(Block *block, const char *sql, DriverError *error) {
  DriverConnection *connection = block->statement->base.connection;
  DriverStatement *list = NULL;
  DriverBuffer text;
  if (block->rows == 0) return DRIVER_OK;
  buffer_init(&text, block->host);
  DriverStatus status = print_list(&text, sql, block->rows)
                            ? my_prepare(connection, text.data, text.size, &list, error)
                            : driver_error_memory(error);
  buffer_clear(&text);
  if (status == DRIVER_OK) {
    status = ((MyStatement *)list)->handle == NULL
                 ? driver_error_set(error, FAILURE_UNFIT, NULL, "the list cannot be prepared")
                 : run_list(block, (MyStatement *)list, error);
    my_finish(list);
  }
  block_empty(block);
  return status;
}

static DriverStatus send_all(Block *block, const char *sql, DriverRowSource *source,
                             DriverError *error) {
  for (;;) {
    const Value *values;
    size_t count;
    DriverStatus status = source->take(source, &values, &count, error);
    if (status == DRIVER_FAILED) return DRIVER_FAILED;
    if (status == DRIVER_DONE) return send_list(block, sql, error);
    if (count != 1)
      return driver_error_set(error, FAILURE_REFUSED, "07001",
                              "the statement has one parameter, and %zu values are given", count);
    if ((block->rows == MOST_KEYS || !block_takes(block, values)) &&
        send_list(block, sql, error) == DRIVER_FAILED)
      return DRIVER_FAILED;
    if (block_add(block, values, error) == DRIVER_FAILED) return DRIVER_FAILED;
  }
}

DriverStatus my_execute_together(DriverStatement *base, const char *sql, DriverRowSource *source,
                                 int64_t *affected, DriverError *error) {
  MyStatement *statement = (MyStatement *)base;
  Block block;
  if (!my_usable(my_of(statement), error)) return DRIVER_FAILED;
  DriverStatus status = block_init(&block, statement, error);
  if (status == DRIVER_OK) status = my_before_statement(my_of(statement), error);
  if (status == DRIVER_OK) status = send_all(&block, sql, source, error);
  *affected = block.affected;
  block_clear(&block);
  return status == DRIVER_FAILED ? DRIVER_FAILED : DRIVER_OK;
}
