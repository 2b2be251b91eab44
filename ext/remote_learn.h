/*
** remote_learn.h: the columns of a remote table, from the server's catalog into the arguments of CREATE
** VIRTUAL TABLE, and into the shadow table of a short form.
*/
#ifndef CONNECTOR_REMOTE_LEARN_H
#define CONNECTOR_REMOTE_LEARN_H

#include "../src/schema.h"
#include "module_arguments.h"

/* Fills the columns, key and rows of arguments that have none, and writes the table's name in full. */
int remote_learn(const DriverDialect *dialect, const Schema *schema, const SchemaTable *table,
                 ModuleArguments *arguments, Error *error);
/* What follows the block in the CREATE statement: ", 'public.orders', "id" INTEGER …". */
void remote_learn_print(sqlite3_str *text, const ModuleArguments *arguments);

/* The shadow table <name>_connector of the schema: made and filled; read into arguments without columns;
** dropped; renamed. Reading takes only a plain table of ours, as the file can be anybody's. */
int remote_shadow_write(sqlite3 *db, const char *schema, const char *name,
                        const ModuleArguments *arguments, Error *error);
int remote_shadow_read(sqlite3 *db, const char *schema, const char *name,
                       ModuleArguments *arguments, Error *error);
int remote_shadow_drop(sqlite3 *db, const char *schema, const char *name, Error *error);
int remote_shadow_rename(sqlite3 *db, const char *schema, const char *name, const char *to,
                         Error *error);

#endif
