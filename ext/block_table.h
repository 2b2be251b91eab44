/*
** block_table.h: the module `connector` behind CREATE VIRTUAL TABLE … USING connector(…).
*/
#ifndef CONNECTOR_BLOCK_TABLE_H
#define CONNECTOR_BLOCK_TABLE_H

#include "module_arguments.h"
#include "row_table.h"
#include "table_place.h"

typedef struct BlockTable {
  RowTable base; /* must be first */
  ModuleArguments arguments;
  TablePlace place;
} BlockTable;

/* The block's Remote, retained; connects nothing. An error where the table may not be used. */
int block_table_remote(BlockTable *table, Remote **remote, Error *error);

/* RowTable.start of a table with query=, in view_table.c. */
int view_table_start(RowTable *base, const RowArguments *arguments, RowSet **rows, Error *error);

#endif
