/*
** allow.h: may the tables of a schema use a block? The user says so once for a file and a block; that is a
** grant, kept in the user's own store. For a schema in memory it is kept with the connection.
*/
#ifndef CONNECTOR_ALLOW_H
#define CONNECTOR_ALLOW_H

#include "connector.h"
#include "spill.h"

/* What a schema of the host's connection is. */
typedef enum AllowPlace {
  PLACE_UNKNOWN, /* there is no such schema */
  PLACE_TEMP,
  PLACE_MEMORY, /* no file, made empty by this process; a backup may have filled it */
  PLACE_IMAGE,  /* loaded by sqlite3_deserialize: no file, but its content came from somewhere */
  PLACE_FILE
} AllowPlace;

AllowPlace allow_place(sqlite3 *db, const char *schema);

/* *allowed: in PLACE_TEMP always, in PLACE_FILE and PLACE_MEMORY by a grant, elsewhere never. Writes nothing,
** makes nothing. An error (the store or the file cannot be read) allows nothing. Costs a handful of
** stat() calls: who asks for each scan keeps a positive answer for ALLOW_LASTS and as long as
** allow_generation stays the same, per attached schema (a virtual table's own life is never longer). */
int allow_check(Connector *connector, const char *schema, const char *block, bool *allowed,
                Error *error);
#define ALLOW_LASTS 100000 /* microseconds: when another process takes a grant back */
unsigned allow_generation(const Connector *connector); /* changes with what is granted here */

/* Gives the file an id when it has none, in the host's transaction, and writes the grant. Again is no
** error. PLACE_MEMORY: noted for this connection. */
int allow_grant(Connector *connector, const char *schema, const char *block, Error *error);
/* Takes it back; `where` is a schema, or the path of a file that need not be open. */
int allow_revoke(Connector *connector, const char *where, const char *block, bool *revoked,
                 Error *error);
/* Rows of path, block, since; files only. */
int allow_list(Connector *connector, Spill *rows, Error *error);

/* Grants of this connection in PLACE_MEMORY. `what` is a block's name, or any other text with a ':' in
** it: "NAME:…" goes with the block NAME when that is revoked. */
bool allow_memory_check(const Connector *connector, const char *schema, const char *what);
int allow_memory_grant(Connector *connector, const char *schema, const char *what, Error *error);

/* The error of an unknown schema: names those that there are. */
int allow_unknown_schema(Connector *connector, const char *schema, Error *error);

Allowed *allow_new(void);          /* NULL when out of memory; opens nothing */
void allow_free(Allowed *allowed); /* NULL is allowed */

#endif
