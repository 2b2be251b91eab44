/*
** list_table.h: read-only tables that list something of ours: connector_blocks, connector_log …
**
** A table is a CREATE TABLE text and a function that fills a Spill with rows. Its arguments are the
** columns after the visible ones:
**
**   static int fill(Connector *connector, sqlite3_value **arguments, Spill *rows, Error *error);
**   static const ListTable table = {"CREATE TABLE x(a, b, name HIDDEN)", 2, 1, fill};
**
** The module is eponymous-only and DIRECTONLY. A surplus argument gets the usage line of its catalog
** entry, and so does a missing one (below the entry's `least`).
*/
#ifndef CONNECTOR_LIST_TABLE_H
#define CONNECTOR_LIST_TABLE_H

#include "../src/connector.h"
#include "../src/spill.h"

typedef struct ListTable {
  const char *schema; /* visible columns first, then the HIDDEN arguments */
  int columns;        /* visible ones = values of each row */
  int arguments;      /* hidden ones */
  /* Appends the rows, each with `columns` values. arguments[i] is NULL where it was not given; the
  ** values are borrowed for the call. Returns SQLITE_OK or error->code. */
  int (*fill)(Connector *connector, sqlite3_value **arguments, Spill *rows, Error *error);
} ListTable;

#define LIST_TABLE_ARGUMENTS 8 /* the most a ListTable may have */

/* The module of all list tables; pAux is a CatalogBinding whose entry has `list`. */
extern const sqlite3_module list_table_module;

#endif
