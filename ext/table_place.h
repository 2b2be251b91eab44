/*
** table_place.h: where a table of ours lies, and whether it may use its block from there. The CREATE
** statement of a database file can be anybody's; temp and in-memory schemas were made by this process.
*/
#ifndef CONNECTOR_TABLE_PLACE_H
#define CONNECTOR_TABLE_PLACE_H

#include "../src/remote.h"
#include "module_arguments.h"

/* *refusal is NULL where the table may be used, else why not; own memory. */
int table_place(sqlite3 *db, const char *schema, const char *table,
                const ModuleArguments *arguments, char **refusal, Error *error);
/* The block's Remote, retained; connects nothing. The refusal is an error here. */
int table_place_remote(Connector *connector, const ModuleArguments *arguments, const char *refusal,
                       Remote **remote, Error *error);

#endif
