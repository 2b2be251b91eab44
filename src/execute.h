/*
** execute.h: statements that change something: connector_execute, connector_execute_many and the block
** table. What they are part of (SQLite's transaction, or one of their own) is decided in transaction.c.
*/
#ifndef CONNECTOR_EXECUTE_H
#define CONNECTOR_EXECUTE_H

#include "parameters.h"
#include "remote.h"

/* Runs one operation or a script (without parameters), all or nothing. *affected gets the rows changed
** (matched for UPDATE; 0 for DDL; a script's sum). */
int execute_operation(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
                      int64_t *affected, Error *error);

/* True for a statement that cannot be part of a transaction: VACUUM, DDL where that commits by itself. */
bool execute_is_bare(const DriverDialect *dialect, const char *sql, size_t size,
                     StatementClass class);

/* Sets for execute_many: take() gives SQLITE_ROW with the next set, SQLITE_DONE, or an error code. */
typedef struct ArgumentSource {
  int (*take)(struct ArgumentSource *source, Arguments *set, Error *error);
} ArgumentSource;

/* Runs the operation once per set, all or nothing, batched as the driver can. No set at all sends
** nothing and gives 0. */
int execute_many(Remote *remote, const char *sql, size_t size, ArgumentSource *source,
                 int64_t *affected, Error *error);

#endif
