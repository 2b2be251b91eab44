/*
** allow.h: may the tables of a database file use a block? The user says so once for a file and a block;
** that is a grant, kept in the user's own store.
*/
#ifndef CONNECTOR_ALLOW_H
#define CONNECTOR_ALLOW_H

#include "connector.h"
#include "spill.h"

/* What a schema of the host's connection is. */
typedef enum AllowPlace {
  PLACE_UNKNOWN, /* there is no such schema */
  PLACE_OWN,     /* temp, or in memory: all in it was made by this connection */
  PLACE_IMAGE,   /* loaded by sqlite3_deserialize: no file, but its content came from somewhere */
  PLACE_FILE
} AllowPlace;

AllowPlace allow_place(sqlite3 *db, const char *schema);

/* *allowed: PLACE_OWN always, PLACE_FILE by a grant, others never. Writes nothing, makes nothing. An error
** (the store or the file cannot be read) allows nothing. Costs about 10 µs: who asks for each scan keeps
** a positive answer for ALLOW_LASTS and as long as allow_generation stays the same, per attached
** schema (a virtual table's own life is never longer). */
int allow_check(Connector *connector, const char *schema, const char *block, bool *allowed,
                Error *error);
#define ALLOW_LASTS 100000 /* microseconds: when another process takes a grant back */
unsigned allow_generation(const Connector *connector); /* changes with what is granted here */

/* Gives the file an id when it has none, in the host's transaction, and writes the grant. Again is no
** error. Nothing but PLACE_FILE can be granted. */
int allow_grant(Connector *connector, const char *schema, const char *block, Error *error);
/* Takes it back; `where` is a schema, or the path of a file that need not be open. */
int allow_revoke(Connector *connector, const char *where, const char *block, bool *revoked,
                 Error *error);
/* Rows of path, block, since. */
int allow_list(Connector *connector, Spill *rows, Error *error);

/* The error of an unknown schema: names those that there are. */
int allow_unknown_schema(Connector *connector, const char *schema, Error *error);

Allowed *allow_new(void);          /* NULL when out of memory; opens nothing */
void allow_free(Allowed *allowed); /* NULL is allowed */

#endif
