/*
** linked.h: the tables of a remote schema as virtual tables of a local one, kept as the remote is: made,
** made anew when columns changed, dropped when the remote table is gone. What connector_attach and
** connector_link share.
*/
#ifndef CONNECTOR_LINKED_H
#define CONNECTOR_LINKED_H

#include "../src/schema.h"

typedef struct LinkedRequest {
  Remote *remote;
  const Schema *schema;
  const char *into;   /* local schema */
  const char *prefix; /* of the local names; "" = none */
  const char *tables; /* GLOB patterns of remote names, separated by commas; NULL = all */
  bool readonly;      /* nothing is written through the tables */
  bool block_table;   /* also a table `connector` for the block itself */
} LinkedRequest;

typedef struct LinkedCounts {
  int64_t linked; /* remote tables that are there now */
  int64_t added, changed, dropped;
} LinkedCounts;

/* All or nothing. A table of another kind that has the name already is an error. */
int linked_sync(Connector *connector, const LinkedRequest *request, LinkedCounts *counts,
                Error *error);
/* Does the schema hold the table `connector` of this block, that is, was it made by connector_attach? */
int linked_is_attached(Connector *connector, const char *schema, const char *block, bool *attached,
                       Error *error);

#endif
