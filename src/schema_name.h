/*
** schema_name.h: names of tables as users write them, and the table they mean.
*/
#ifndef CONNECTOR_SCHEMA_NAME_H
#define CONNECTOR_SCHEMA_NAME_H

#include "schema.h"

/* A name taken apart. */
typedef struct TableName {
  char *schema; /* NULL = the default one */
  char *table;
  bool table_quoted, schema_quoted; /* then upper and lower case count */
} TableName;

/* On error nothing needs clearing. */
int table_name_parse(const DriverDialect *dialect, const char *text, TableName *name, Error *error);
void table_name_clear(TableName *name);

/* The table of the snapshot that is meant: *table is NULL when there is none. Two that differ
** only in upper and lower case, neither of them as it is written: an error. */
int table_name_look_up(const TableName *name, const Schema *schema, const SchemaTable **table,
                       Error *error);

#endif
