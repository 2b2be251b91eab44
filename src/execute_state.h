/*
** execute_state.h: what execute.c and execute_many.c share. Nobody else includes it.
*/
#ifndef CONNECTOR_EXECUTE_STATE_H
#define CONNECTOR_EXECUTE_STATE_H

#include "execute.h"
#include "transaction.h"

/* What a text is, by its statements. */
typedef struct Script {
  const char *sql;
  size_t size;
  int count;            /* statements in it */
  StatementClass first; /* class of the first one */
  bool any_transaction; /* BEGIN, COMMIT … somewhere */
  bool any_alone;       /* VACUUM … somewhere */
  bool any_ddl;         /* CREATE, ALTER … somewhere: what is known of the tables is old then */
  bool any_exclusive;   /* one that may wait until nobody reads its tables */
} Script;

Script script_look(const DriverDialect *dialect, const char *sql, size_t size);
/* Refuses what connector_execute does not run, whatever the server would say. */
int script_check(const Remote *remote, const Script *script, Error *error);
/* Makes *error of what the driver said of `sql`; gives its code. */
int execute_error(const Turn *turn, const DriverError *failure, const char *sql, Error *error);

#endif
