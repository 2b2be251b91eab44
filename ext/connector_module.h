/*
** connector_module.h: the module `connector` behind CREATE VIRTUAL TABLE … USING connector(…). Its tables
** are of two kinds, block tables (block_table.c) and remote tables (remote_table.c); each has methods of
** its own, and the module's methods call those of the kind.
*/
#ifndef CONNECTOR_CONNECTOR_MODULE_H
#define CONNECTOR_CONNECTOR_MODULE_H

#include "../src/sqlite_api.h"

/* What every table of the module begins with. */
typedef struct ModuleTable {
  sqlite3_vtab base;
  const sqlite3_module *kind; /* methods but xCreate, xConnect */
} ModuleTable;

#endif
