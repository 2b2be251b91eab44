/*
** table_block.h: the block of a table of module connector: may the table use it, and the way to it.
*/
#ifndef CONNECTOR_TABLE_BLOCK_H
#define CONNECTOR_TABLE_BLOCK_H

#include "../src/remote.h"
#include "module_arguments.h"
#include "table_place.h"

/* At each use: the block's Remote, retained; connects nothing. SQLITE_AUTH when the table may not use it. */
int table_block_remote(TablePlace *place, Connector *connector, const ModuleArguments *arguments,
                       Remote **remote, Error *error);
/* In xCreate: the block exists, and the schema may use it from now on. */
int table_block_create(TablePlace *place, Connector *connector, const ModuleArguments *arguments,
                       Error *error);

#endif
