/*
** ahead.c: fetching the next row of a prepared statement.
**
** With the wait hook a fetch is a plain call. With a worker thread each call costs two thread
** switches, so there the worker fetches some rows at once, each into its own set of buffers. How
** many follows the result: twice as many after a quick turn, half after one that had to wait, down
** to one; and a turn ends with the row that was waited for, so that no row is held back for longer
** than one wait. A value longer than its buffer can only be read while its row is the library's
** current one, so such a row ends the turn too.
*/
#include "my.h"
#include <string.h>

/* Larger buffers for the columns that asked for them. */
static bool grow(MyStatement *statement) {
  if (!statement->grow) return true;
  statement->grow = false;
  return !my_columns_grow(my_of(statement)->base.host, &statement->columns) ||
         mysql_stmt_bind_result(statement->handle, statement->columns.binds) == 0;
}

#if MY_WAIT_HOOK

typedef struct Fetch {
  MYSQL_STMT *handle;
  int rc;
} Fetch;

static void fetch(void *argument) {
  Fetch *call = argument;
  call->rc = mysql_stmt_fetch(call->handle);
}

int my_fetch(MyStatement *statement) {
  Fetch call = {.handle = statement->handle};
  if (!grow(statement)) return 1;
  my_call(my_of(statement), fetch, &call);
  return call.rc;
}

void my_ahead_reset(MyStatement *statement) {
  statement->current = statement->columns.list;
}

void my_ahead_clear(MyStatement *statement) {
  statement->current = NULL;
}

#else

#define MOST_AHEAD 64
#define QUICK_TURN 5000 /* microseconds */

typedef struct MyAhead {
  MYSQL_STMT *handle;
  size_t sets;           /* made so far, of `set` */
  size_t wanted;         /* rows of the next turn */
  size_t filled, served; /* of this turn */
  int rc;                /* what ended the turn, when it was not a row */
  bool quick;
  MyColumns set[MOST_AHEAD];
} MyAhead;

static bool has_long_value(const MyColumns *columns) {
  for (size_t i = 0; i < columns->count; i++) {
    const MyColumn *column = &columns->list[i];
    if (column->bytes != NULL && !column->is_null && column->got > column->capacity) return true;
  }
  return false;
}

static void fetch(void *argument) {
  MyAhead *ahead = argument;
  int64_t start = driver_clock();
  while (ahead->filled < ahead->wanted) {
    MyColumns *set = &ahead->set[ahead->filled];
    ahead->rc = mysql_stmt_bind_result(ahead->handle, set->binds) != 0
                    ? 1
                    : mysql_stmt_fetch(ahead->handle);
    if (ahead->rc != 0 && ahead->rc != MYSQL_DATA_TRUNCATED) break;
    ahead->rc = 0;
    ahead->filled++;
    if (has_long_value(set) || driver_clock() - start > QUICK_TURN) break;
  }
  ahead->quick = driver_clock() - start <= QUICK_TURN;
}

static MyAhead *ahead_of(MyStatement *statement) {
  const DriverHost *host = my_of(statement)->base.host;
  if (statement->ahead != NULL) return statement->ahead;
  MyAhead *ahead = host->allocate(sizeof *ahead);
  if (ahead == NULL) return NULL;
  memset(ahead, 0, sizeof *ahead);
  ahead->wanted = 1;
  ahead->handle = statement->handle;
  statement->ahead = ahead;
  return ahead;
}

static bool make_sets(MyStatement *statement, MyAhead *ahead) {
  const DriverHost *host = my_of(statement)->base.host;
  while (ahead->sets < ahead->wanted) {
    if (!my_columns_twin(host, &statement->columns, &ahead->set[ahead->sets])) break;
    ahead->sets++;
  }
  if (ahead->wanted > ahead->sets) ahead->wanted = ahead->sets; /* fewer is only slower */
  return ahead->wanted > 0;
}

/* A buffer that was too small for one row is enlarged in every set. */
static void grow_sets(MyStatement *statement, MyAhead *ahead) {
  const DriverHost *host = my_of(statement)->base.host;
  if (!statement->grow) return;
  for (size_t i = 0; i < statement->columns.count; i++) {
    unsigned long most = 0;
    for (size_t k = 0; k < ahead->sets; k++) {
      if (ahead->set[k].list[i].enlarge > most) most = ahead->set[k].list[i].enlarge;
    }
    for (size_t k = 0; k < ahead->sets; k++) {
      if (ahead->set[k].list[i].capacity < most) ahead->set[k].list[i].enlarge = most;
    }
  }
  for (size_t k = 0; k < ahead->sets; k++)
    my_columns_grow(host, &ahead->set[k]);
  grow(statement);
}

int my_fetch(MyStatement *statement) {
  MyAhead *ahead = ahead_of(statement);
  if (ahead == NULL) return MY_FETCH_MEMORY;
  if (ahead->served == ahead->filled && ahead->rc == 0) {
    if (ahead->filled > 0) {
      ahead->wanted = ahead->quick ? ahead->wanted * 2 : (ahead->wanted + 1) / 2;
      if (ahead->wanted > MOST_AHEAD) ahead->wanted = MOST_AHEAD;
    }
    ahead->filled = ahead->served = 0;
    grow_sets(statement, ahead);
    if (!make_sets(statement, ahead)) return MY_FETCH_MEMORY;
    my_call(my_of(statement), fetch, ahead);
  }
  if (ahead->served == ahead->filled) return ahead->rc;
  statement->current = ahead->set[ahead->served++].list;
  return 0;
}

void my_ahead_clear(MyStatement *statement) {
  const DriverHost *host = my_of(statement)->base.host;
  MyAhead *ahead = statement->ahead;
  statement->ahead = NULL;
  statement->current = NULL;
  if (ahead == NULL) return;
  for (size_t k = 0; k < ahead->sets; k++)
    my_columns_clear(host, &ahead->set[k]);
  host->release(ahead);
}

void my_ahead_reset(MyStatement *statement) {
  my_ahead_clear(statement);
  statement->current = statement->columns.list;
}

#endif
