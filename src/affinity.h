/*
** affinity.h: the affinity of a declared type, and what it makes of a value that comes from elsewhere.
*/
#ifndef CONNECTOR_AFFINITY_H
#define CONNECTOR_AFFINITY_H

#include "connector.h"

/* By SQLite's own letters. */
typedef enum Affinity {
  AFFINITY_NONE = 'A', /* also BLOB */
  AFFINITY_TEXT = 'B',
  AFFINITY_NUMERIC = 'C',
  AFFINITY_INTEGER = 'D',
  AFFINITY_REAL = 'E'
} Affinity;

/* By SQLite's rules for a declared type; NULL or "" has none. */
Affinity affinity_of(const char *type);
/* Does a column of this affinity hold the value as it is? */
bool affinity_keeps(Affinity affinity, const Value *value);
/* Makes of *value what a column of this affinity would hold; borrowed until the next call. */
int affinity_apply(Connector *connector, Affinity affinity, Value *value, Error *error);
void affinity_clear(Connector *connector); /* when the Connector goes */

#endif
