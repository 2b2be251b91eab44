/*
** table_place.h: where a table of module connector lies, and whether it may be used there.
*/
#ifndef CONNECTOR_TABLE_PLACE_H
#define CONNECTOR_TABLE_PLACE_H

#include "../src/connector.h"

/* What a table asks for. */
typedef enum TableAsk {
  ASK_BLOCK,     /* what its own text says, on a block: a remote table or query */
  ASK_OPERATION, /* whatever it is given, on a block: a block table */
  ASK_URL        /* a database that its text names itself */
} TableAsk;

/* Part of a table; goes with it. */
typedef struct TablePlace {
  sqlite3 *db;
  char *schema, *table; /* own memory */
  /* until when the last yes holds (driver_clock) and of which grants it was; 0 = none */
  int64_t allowed_until;
  unsigned generation;
} TablePlace;

/* In xCreate and xConnect; keeps the names and looks at nothing. SQLITE_OK or SQLITE_NOMEM. */
int table_place_init(TablePlace *place, sqlite3 *db, const char *schema, const char *table);
void table_place_clear(TablePlace *place); /* a zeroed one is allowed */

/* At each use (xFilter, xUpdate, xBegin), before anything is done with the block: SQLITE_OK when the table may
** be used, else SQLITE_AUTH with what it asks for and how to allow it. `ask` and `block` (the URL for ASK_URL)
** are always the same for one place. */
int table_place_check(TablePlace *place, Connector *connector, TableAsk ask, const char *block,
                      Error *error);
/* In xCreate, as the last thing: the user's own command, which allows the schema the block. The block must be
** known to exist. */
int table_place_create(TablePlace *place, Connector *connector, TableAsk ask, const char *block,
                       Error *error);

#endif
