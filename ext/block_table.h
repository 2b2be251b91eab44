/*
** block_table.h: a block as a virtual table, one kind of table of the module `connector`.
*/
#ifndef CONNECTOR_BLOCK_TABLE_H
#define CONNECTOR_BLOCK_TABLE_H

#include "module_arguments.h"
#include "row_table.h"
#include "table_block.h"

typedef struct BlockTable {
  RowTable base; /* must be first */
  ModuleArguments arguments;
  TablePlace place;
} BlockTable;

/* Takes over the arguments, also when it fails. `create`: the user makes it now, and the block must exist. */
int block_table_make(Connector *connector, const char *schema, const char *name,
                     ModuleArguments *arguments, bool create, BlockTable **table, Error *error);

#endif
