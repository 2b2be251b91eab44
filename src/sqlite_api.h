/*
** sqlite_api.h: the host's SQLite through its extension table, never a second copy. ext/connector.c
** alone defines SQLITE_EXTENSION_INIT1 (and CONNECTOR_MAIN before including this).
*/
#ifndef CONNECTOR_SQLITE_API_H
#define CONNECTOR_SQLITE_API_H

#include <sqlite3ext.h>
#ifdef CONNECTOR_MAIN
SQLITE_EXTENSION_INIT1
#else
SQLITE_EXTENSION_INIT3
#endif

#endif
