/*
** lite.h: what the files of the sqlite driver share.
**
** The driver is built in: it uses the host's own SQLite through its extension table, never a second
** copy, and opens handles of its own; the host's handle is never touched. SQLite has no server, so
** "asking the server to stop" is a progress handler and a busy handler on our handle: both look at
** the deadline and at the user's interrupt and note in `stopped` why they ended the call.
**
**   connect.c    opening, settings, stopping, closing
**   statement.c  prepare, bind, step, values
**   column.c     names, declared types, values of a row
**   path.c       file names and URIs
**   error.c      SQLite's codes and texts to DriverError
**   driver.c     the dialect and the table of functions
*/
#ifndef CONNECTOR_LITE_H
#define CONNECTOR_LITE_H

#include "driver_support.h"
#include "sqlite_api.h"

typedef struct LiteConnection {
  DriverConnection base; /* must be first */
  sqlite3 *db;
  StatementCache *cache;
  sqlite3_stmt *json_check; /* SELECT json_valid(?), made at first use */
  bool json_missing;        /* this SQLite has no json_valid */
  bool reading_only;        /* read_only(): writing statements are refused here */
  int64_t lock_timeout;     /* microseconds to wait for somebody else's lock */
  /* of the current call */
  DriverFailure stopped; /* FAILURE_INTERRUPTED or FAILURE_TIMEOUT: why a handler ended it */
  int64_t next_look;     /* driver_clock() of the next look at the interrupt */
  int64_t waiting_since; /* for a lock */
} LiteConnection;

typedef struct LiteStatement {
  DriverStatement base; /* must be first */
  sqlite3_stmt *statement;
  char *sql; /* key in the cache */
  size_t sql_size;
  bool counts;        /* INSERT, UPDATE, DELETE, REPLACE: sqlite3_changes tells of it */
  DriverStatus state; /* ROW: execute() stands on the first row; OK: running; DONE; FAILED */
  char *after;        /* text to run at the end, or NULL */
  int64_t affected;
} LiteStatement;

extern const Driver lite_driver; /* driver.c */

/* connect.c */
DriverStatus lite_connect(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                          DriverConnection **connection, DriverError *error);
void lite_close(DriverConnection *connection);
bool lite_is_alive(DriverConnection *connection);
DriverStatus lite_ping(DriverConnection *connection, DriverError *error);
void lite_server(DriverConnection *connection, DriverServer *server);
TransactionState lite_transaction(DriverConnection *connection);
void lite_read_only(DriverConnection *connection, bool on);
/* Starts a call: FAILURE_REFUSED in a forked child or on a broken connection. */
DriverStatus lite_enter(LiteConnection *connection, DriverError *error);
/* True when the call must end now (`stopped` tells why). Looks at the clock each time, at the
** interrupt every 50 ms. */
bool lite_must_stop(LiteConnection *connection);

/* path.c */
/* The database as a file: URI in which no byte of the path has a meaning; the caller frees it with
** host->release. NULL when out of memory. */
char *lite_uri(const DriverHost *host, const char *path, bool immutable);
/* Why this path cannot be opened, as far as the file system tells; "" when it does not. */
void lite_path_reason(const char *path, bool must_exist, char *reason, size_t size);

/* statement.c */
DriverStatus lite_run(DriverConnection *connection, const char *sql, int64_t *affected,
                      DriverError *error);
DriverStatus lite_prepare(DriverConnection *connection, const char *sql, size_t size,
                          DriverStatement **statement, DriverError *error);
size_t lite_parameter_count(DriverStatement *statement);
DriverStatus lite_execute(DriverStatement *statement, const Value *values, size_t count,
                          const DriverEnvelope *envelope, DriverError *error);
DriverStatus lite_next(DriverStatement *statement, DriverError *error);
int64_t lite_affected(DriverStatement *statement);
int64_t lite_made_key(DriverStatement *statement);
DriverStatus lite_execute_batch(DriverStatement *statement, DriverRowSource *source,
                                int64_t *affected, DriverError *error);
void lite_finish(DriverStatement *statement);
void lite_statement_destroy(DriverStatement *statement);

/* column.c */
size_t lite_column_count(DriverStatement *statement);
void lite_column(DriverStatement *statement, size_t index, DriverColumn *column);
DriverStatus lite_value(DriverStatement *statement, size_t index, Value *value, DriverError *error);

/* error.c */
/* Fills *error from what SQLite says of the last call, which answered `code`. */
DriverStatus lite_error(LiteConnection *connection, int code, DriverError *error);

/* schema_sql.c: the catalog, for the dialect */
extern const char lite_catalog_columns[], lite_catalog_table_columns[], lite_catalog_names[];
extern const DriverCompare lite_compare[]; /* push.c */

#endif
