/*
** coordinator.h: the virtual table temp.connector_enlisted, through which SQLite tells when its transaction
** commits, rolls back, or opens and ends a savepoint.
*/
#ifndef CONNECTOR_COORDINATOR_H
#define CONNECTOR_COORDINATOR_H

#include "../src/connector.h"

/* Registers the module and makes the table. SQLITE_OK also when the table cannot be made yet (inside a
** transaction): it is made before the first write then. */
int coordinator_install(Connector *connector, Error *error);

#endif
