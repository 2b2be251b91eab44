/*
** connector.h: all that hangs on one sqlite3*. Made when the extension is loaded into a connection,
** freed when the last function and module registered there is gone. The only process-wide state is
** the driver registry.
*/
#ifndef CONNECTOR_CONNECTOR_H
#define CONNECTOR_CONNECTOR_H

#include "sqlite_api.h"
#include "driver.h"
#include "error.h"
#include <stdatomic.h>

#define CONNECTOR_VERSION "0.1.0"

typedef struct Connector Connector;
typedef struct BlockSet BlockSet;       /* block_set.h: connector_open'ed blocks, store look-ups */
typedef struct RemoteSet RemoteSet;     /* remote.h: blocks in use here, with their pools */
typedef struct Transaction Transaction; /* transaction.h: the coordinator's state */
typedef struct Log Log;                 /* log.h */
typedef struct CursorSet CursorSet;     /* cursor.h: the shared fetch cursors */
typedef struct Allowed Allowed;         /* allow.h: which database files may use which block */

struct Connector {
  sqlite3 *db;      /* the host connection; never keep a statement prepared on it */
  sqlite3 *scratch; /* private :memory: database for JSON and the like; see connector_scratch */
  DriverHost host;  /* host.context is this Connector */
  DriverHost beside_host;  /* the same for a call on another thread: beside.h */
  atomic_bool stop_beside; /* what that one answers when it is asked for an interrupt */
  int references;          /* functions and modules registered with it */
  char *library_path;      /* real path of connector.so's directory, found at init */
  BlockSet *blocks;
  RemoteSet *remotes;
  Transaction *transaction;
  Log *log;
  CursorSet *cursors;
  sqlite3_stmt *affinity[5]; /* affinity.c: statements on the scratch database */
  bool no_pushdown;          /* connector_config('pushdown', 'off') */
  Allowed *allowed;          /* NULL until it is asked for */
  Error last_error;          /* what connector_error shows */
  int64_t probed_at;         /* last interrupt probe, driver_clock() */
  int uninterruptible; /* > 0 while cleaning up with a short deadline: interrupts are not looked at */
};

int connector_new(sqlite3 *db, const char *library_path, Connector **connector, Error *error);
Connector *connector_retain(Connector *connector);
void connector_release(
    void *connector); /* frees at the last reference; xDestroy for registrations */

/* The private database, opened at first use, closed with the Connector. Statements on it may be
** kept. Never touches a file. */
int connector_scratch(Connector *connector, sqlite3 **scratch, Error *error);

/* True when sqlite3_interrupt was called on the host connection (sqlite3_is_interrupted, or a probe
** statement at most every 50 ms on hosts before 3.41). */
bool connector_interrupted(Connector *connector);

#endif
