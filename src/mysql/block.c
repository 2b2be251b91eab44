/*
** block.c: rows of a batch that are kept together until they are sent (block.h).
*/
#include "block.h"
#include <string.h>

#define MOST_ROWS 5000
#define MOST_CELLS 100000
#define MOST_BYTES ((size_t)1 << 20)

/* ---- memory ---- */

static size_t per_row(void) {
  return sizeof(int64_t) + sizeof(double) + sizeof(char *) + sizeof(unsigned long) +
         sizeof(size_t) + 1;
}

DriverStatus block_init(Block *block, MyStatement *statement, DriverError *error) {
  memset(block, 0, sizeof *block);
  block->statement = statement;
  block->host = my_of(statement)->base.host;
  block->width = statement->parameter_count;
  size_t rows = MOST_CELLS / block->width;
  block->capacity = rows < 1 ? 1 : rows > MOST_ROWS ? MOST_ROWS : rows;
  rows = (block->capacity + 7) / 8 * 8; /* keeps every array aligned */
  block->columns = block->host->allocate(block->width * sizeof *block->columns);
  block->values = block->host->allocate(block->width * sizeof *block->values);
  block->memory = block->host->allocate(block->width * rows * per_row());
  if (block->columns == NULL || block->values == NULL || block->memory == NULL) {
    return driver_error_memory(error);
  }
  char *at = block->memory;
  for (size_t i = 0; i < block->width; i++) {
    Column *column = &block->columns[i];
    column->type = VALUE_NULL;
    column->integers = (int64_t *)at;
    column->reals = (void *)(at += rows * sizeof(int64_t));
    column->texts = (char **)(at += rows * sizeof(double));
    column->sizes = (unsigned long *)(at += rows * sizeof(char *));
    column->offsets = (size_t *)(at += rows * sizeof(unsigned long));
    column->nulls = at += rows * sizeof(size_t);
    at += rows;
  }
  return DRIVER_OK;
}

void block_clear(Block *block) {
  block->host->release(block->columns);
  block->host->release(block->values);
  block->host->release(block->memory);
  block->host->release(block->bytes);
}

void block_empty(Block *block) {
  block->first += (int64_t)block->rows;
  block->rows = 0;
  block->bytes_used = 0;
  for (size_t i = 0; i < block->width; i++)
    block->columns[i].type = VALUE_NULL;
}

/* ---- filling ---- */

bool block_takes(const Block *block, const Value *values) {
  size_t bytes = 0;
  if (block->rows == block->capacity) return false;
  for (size_t i = 0; i < block->width; i++) {
    ValueType type = block->columns[i].type;
    if (values[i].type == VALUE_NULL) continue;
    if (type != VALUE_NULL && type != values[i].type) return false;
    if (values[i].type >= VALUE_TEXT) bytes += values[i].bytes.size;
  }
  return block->rows == 0 || block->bytes_used + bytes <= MOST_BYTES;
}

static bool keep_bytes(Block *block, const Value *value, size_t *offset) {
  size_t wanted = block->bytes_used + value->bytes.size;
  if (wanted > block->bytes_capacity) {
    size_t capacity = block->bytes_capacity < 4096 ? 4096 : block->bytes_capacity;
    while (capacity < wanted)
      capacity *= 2;
    char *bytes = block->host->reallocate(block->bytes, capacity);
    if (bytes == NULL) return false;
    block->bytes = bytes;
    block->bytes_capacity = capacity;
  }
  *offset = block->bytes_used;
  if (value->bytes.size > 0) {
    memcpy(block->bytes + block->bytes_used, value->bytes.data, value->bytes.size);
  }
  block->bytes_used = wanted;
  return true;
}

DriverStatus block_add(Block *block, const Value *values, DriverError *error) {
  size_t row = block->rows;
  for (size_t i = 0; i < block->width; i++) {
    Column *column = &block->columns[i];
    const Value *value = &values[i];
    column->nulls[row] = value->type == VALUE_NULL;
    column->integers[row] = 0;
    column->reals[row] = 0;
    column->sizes[row] = 0;
    column->offsets[row] = 0;
    if (value->type == VALUE_NULL) continue;
    if (my_value_check(value, i + 1, error) == DRIVER_FAILED) return DRIVER_FAILED;
    column->type = value->type;
    if (value->type == VALUE_INTEGER) {
      column->integers[row] = value->integer;
    } else if (value->type == VALUE_REAL) {
      column->reals[row] = value->real;
    } else {
      column->sizes[row] = (unsigned long)value->bytes.size;
      if (!keep_bytes(block, value, &column->offsets[row])) return driver_error_memory(error);
    }
  }
  block->rows++;
  return DRIVER_OK;
}

const Value *block_row(Block *block, size_t row) {
  for (size_t i = 0; i < block->width; i++) {
    const Column *column = &block->columns[i];
    Value *value = &block->values[i];
    memset(value, 0, sizeof *value);
    value->type = column->nulls[row] ? VALUE_NULL : column->type;
    if (value->type == VALUE_INTEGER) value->integer = column->integers[row];
    if (value->type == VALUE_REAL) value->real = column->reals[row];
    if (value->type >= VALUE_TEXT) {
      value->bytes.data = block->bytes + column->offsets[row];
      value->bytes.size = column->sizes[row];
    }
  }
  return block->values;
}
