/*
** block.h: rows of one statement, column by column, as array binding wants them. batch.c sends them.
*/
#ifndef CONNECTOR_MYSQL_BLOCK_H
#define CONNECTOR_MYSQL_BLOCK_H

#include "my.h"

/* The values of one parameter in all rows of the block. */
typedef struct Column {
  ValueType type; /* VALUE_NULL: no row had a value yet */
  int64_t *integers;
  double *reals;
  char **texts; /* made from offsets when the block is sent */
  unsigned long *sizes;
  size_t *offsets; /* into Block.bytes */
  char *nulls;     /* indicators */
} Column;

typedef struct Block {
  MyStatement *statement;
  const DriverHost *host;
  size_t width, capacity, rows;
  Column *columns;
  char *memory; /* all arrays */
  char *bytes;
  size_t bytes_used, bytes_capacity;
  int64_t each;  /* rows that each must change, 0 = any number */
  int64_t first; /* number of its first row, 1-based */
  int64_t affected;
  Value *values; /* one row, to run it alone */
} Block;

/* On failure too block_clear is called. */
DriverStatus block_init(Block *block, MyStatement *statement, DriverError *error);
void block_clear(Block *block);
void block_empty(Block *block);
/* Is there room for the row, and have its values the types of the others (NULL goes with every type)? */
bool block_takes(const Block *block, const Value *values);
/* Copies it. */
DriverStatus block_add(Block *block, const Value *values, DriverError *error);
/* Row `row` (from 0), borrowed until the next call. */
const Value *block_row(Block *block, size_t row);

#endif
