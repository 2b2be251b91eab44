/*
** execute_many.c: one statement for many rows (execute.h): connector_execute_many, and rows of remote tables.
**
** A Run is one call of the driver for all rows of a source. Between its begin and its end only the driver's call
** itself is made, so that it can be made beside SQLite (beside.h): what needs the host's thread (the transaction,
** the log, messages) is done in the other two.
*/
#include "execute_state.h"
#include "insert_form.h"
#include "log.h"
#include <string.h>

/* ---------------------------------------------------------------- the rows */

/* Hands the sets of an ArgumentSource to the driver as rows. */
typedef struct SetRows {
  DriverRowSource base; /* must be first */
  ArgumentSource *source;
  Link *link;                /* what the batch runs on, once it does */
  const ParameterPlan *plan; /* NULL: a set has the values as they are */
  const RowsChange *change;  /* or NULL */
  Arguments set;
  bool have_first; /* `set` was taken already, to make the plan */
  int64_t number;
  Value *values;
  size_t value_count;
  Beside *beside; /* where take() runs; NULL = on the caller's own thread */
  Error *error;   /* a failure of ours, told to the caller beside the driver's */
  int rc;
} SetRows;

static DriverStatus set_take(DriverRowSource *base, const Value **values, size_t *count,
                             DriverError *failure) {
  SetRows *rows = (SetRows *)base;
  rows->rc = SQLITE_ROW;
  if (!rows->have_first) rows->rc = rows->source->take(rows->source, &rows->set, rows->error);
  rows->have_first = false;
  while (rows->rc == SQLITE_DONE && rows->source->open) {
    if (!rows->beside) return DRIVER_PAUSE;
    beside_pause(rows->beside);
    link_deadline_again(rows->link); /* the waiting was not the server's */
    rows->rc = rows->source->take(rows->source, &rows->set, rows->error);
  }
  if (atomic_load(&rows->source->dropped))
    rows->rc = error_set(rows->error, SQLITE_ABORT, "rolled back");
  if (rows->link && rows->number % 1024 == 0)
    link_deadline_again(rows->link); /* a long batch is no silence */
  if (rows->rc == SQLITE_DONE) return DRIVER_DONE;
  if (rows->rc == SQLITE_ROW) {
    rows->number++;
    rows->rc = SQLITE_OK;
    if (rows->plan)
      rows->rc =
          parameter_plan_values(rows->plan, &rows->set, rows->number, rows->values, rows->error);
  }
  if (rows->rc) {
    failure->failure = FAILURE_REFUSED;
    return DRIVER_FAILED;
  }
  *values = rows->plan ? rows->values : rows->set.positional;
  *count = rows->plan ? rows->value_count : rows->set.positional_count;
  return DRIVER_ROW;
}

/* ---------------------------------------------------------------- one call of the driver */

typedef enum Way { WAY_EACH, WAY_LOAD, WAY_TOGETHER } Way;

typedef struct Run {
  Turn turn;
  SetRows rows;
  DriverStatement *statement;
  const char *sql; /* the text that is sent */
  Way way;
  bool pauses;   /* it can wait for rows in the middle */
  int64_t entry; /* in the log */
  DriverStatus status;
  DriverError failure;
  int64_t affected;
} Run;

/* By COPY or one statement where the server takes them so. */
static DriverStatus choose_way(Run *run) {
  const Driver *driver = run->turn.remote->driver;
  const RowsChange *change = run->rows.change;
  DriverLoads load = LOADS_NOT;
  bool together = false;
  DriverStatus status = DRIVER_OK;
  if (change && change->load.target && driver->can_load)
    status = driver->can_load(run->statement, &change->load, &load, &run->failure);
  if (change && change->together && driver->can_together)
    status = driver->can_together(run->statement, &together, &run->failure);
  if (load) run->sql = change->copy;
  if (together) run->sql = change->together;
  run->pauses =
      load == LOADS_PAUSING || (!load && !together && run->turn.remote->dialect->batch_pauses);
  run->way = together ? WAY_TOGETHER : load ? WAY_LOAD : WAY_EACH;
  return status;
}

/* The turn is taken. What fails but the sending of what is queued is told by run_end. */
static int run_begin(Run *run, const char *sql, size_t size, Error *error) {
  Link *link = run->turn.link;
  int rc = transaction_send(&run->turn, error);
  if (rc) return rc;
  link_deadline(link);
  run->rows.link = link;
  run->sql = sql;
  run->status =
      link->remote->driver->prepare(link->connection, sql, size, &run->statement, &run->failure);
  if (run->status == DRIVER_OK) run->status = choose_way(run);
  run->entry =
      log_begin(link->remote->connector->log, link->remote->block->name, link->number, run->sql);
  return SQLITE_OK;
}

static void run_go(void *argument) {
  Run *run = argument;
  const Driver *driver = run->turn.remote->driver;
  DriverRowSource *rows = &run->rows.base;
  if (run->status != DRIVER_OK) return;
  switch (run->way) {
  case WAY_EACH:
    run->status = driver->execute_batch(run->statement, rows, &run->affected, &run->failure);
    return;
  case WAY_LOAD:
    run->status = driver->load(run->statement, run->sql, rows, &run->affected, &run->failure);
    return;
  case WAY_TOGETHER:
    run->status =
        driver->execute_together(run->statement, run->sql, rows, &run->affected, &run->failure);
    return;
  }
}

static int run_end(Run *run, int64_t *affected, Error *error) {
  const SetRows *rows = &run->rows;
  Log *log = run->turn.remote->connector->log;
  int rc = SQLITE_OK;
  *affected = run->affected;
  if (run->status == DRIVER_FAILED && rows->rc != SQLITE_DONE && rows->rc != SQLITE_OK)
    rc = rows->rc; /* our own message stands in rows->error, which is `error` */
  else if (run->status == DRIVER_FAILED && rows->plan)
    rc = execute_error(&run->turn, &run->failure, run->sql, error);
  else if (run->status == DRIVER_FAILED) {
    int64_t row = run->failure.row; /* the caller has a better name for it */
    run->failure.row = 0;
    rc = execute_error(&run->turn, &run->failure, run->sql, error);
    error->remote.row = row;
  }
  log_rows(log, run->entry, rows->number, 0);
  log_end(log, run->entry, run->status == DRIVER_FAILED ? &run->failure : NULL);
  if (run->statement) run->turn.remote->driver->finish(run->statement);
  return rc;
}

/* ---------------------------------------------------------------- connector_execute_many */

bool execute_may_go_singly(const Error *error) {
  const char *state = error->remote.sqlstate;
  DriverFailure failure = error->remote.failure;
  return (failure == FAILURE_REMOTE || failure == FAILURE_UNFIT) && strncmp(state, "40", 2) != 0 &&
         strncmp(state, "55", 2) != 0 && strncmp(state, "57", 2) != 0;
}

#define MANY_SETS 50 /* fewer are not worth asking whether the table takes COPY */

/* An INSERT of nothing but its parameters is COPY, when there are many sets. `texts` holds the texts of the change. */
static void load_sets(const Remote *remote, const ArgumentSource *source, const char *sql,
                      size_t size, size_t values, RowsChange *change, DriverBuffer *texts) {
  InsertForm form;
  if (source->count < MANY_SETS || !source->rewind || !remote->driver->can_load ||
      !insert_form(remote->dialect, sql, size, values, &form))
    return;
  buffer_format(texts, "%.*s", (int)form.target_size, form.target);
  size_t end = texts->size + 1;
  buffer_append(texts, "", 1);
  buffer_format(texts, "COPY %.*s %.*s FROM STDIN", (int)form.target_size, form.target,
                (int)form.columns_size, form.columns_size ? form.columns : "");
  if (texts->failed) return;
  change->load =
      (DriverLoad){.target = texts->data, .all_columns = form.columns_size == 0, .each = true};
  change->copy = texts->data + end;
}

static int run_once(Run *run, Remote *remote, const char *sql, size_t size, int64_t *affected,
                    Error *error) {
  int rc = transaction_enter(remote, TURN_SEVERAL, &run->turn, error);
  if (rc) return rc;
  rc = run_begin(run, sql, size, error);
  if (!rc) {
    run_go(run);
    rc = run_end(run, affected, error);
  }
  return transaction_leave(&run->turn, rc, error);
}

static int run_sets(Run *run, Remote *remote, int64_t *affected, Error *error) {
  SetRows *rows = &run->rows;
  RowsChange change = {0};
  DriverBuffer texts;
  size_t size;
  const char *sql = parameter_plan_sql(rows->plan, &size, &rows->value_count);
  rows->values = sqlite3_malloc64((rows->value_count + 1) * sizeof *rows->values);
  if (!rows->values) return error_memory(error);
  buffer_init(&texts, &remote->connector->host);
  load_sets(remote, rows->source, sql, size, rows->value_count, &change, &texts);
  rows->change = &change;
  int rc = run_once(run, remote, sql, size, affected, error);
  if (rc && run->way == WAY_LOAD && execute_may_go_singly(error)) {
    /* the INSERTs tell which set it is, and why */
    *run = (Run){.rows = *rows};
    rows->number = 0;
    rows->have_first = false; /* COPY may have failed before it took that one */
    rows->source->rewind(rows->source);
    change.load.target = NULL;
    error_clear(error);
    rc = run_once(run, remote, sql, size, affected, error);
  }
  buffer_clear(&texts);
  return rc;
}

int execute_many(Remote *remote, const char *sql, size_t size, ArgumentSource *source,
                 int64_t *affected, Error *error) {
  Script script = script_look(remote->dialect, sql, size);
  Run run = {
      .rows = {.base = {.take = set_take}, .source = source, .have_first = true, .error = error}};
  ParameterPlan *plan = NULL;
  *affected = 0;
  int rc = script_check(remote, &script, error);
  if (!rc && (script.count > 1 || script.first == STATEMENT_ALONE))
    rc = error_set(error, SQLITE_ERROR,
                   "connector '%s': connector_execute_many runs one statement once per set, not a "
                   "script or a statement that refuses a transaction",
                   remote->block->name);
  if (!rc) rc = source->take(source, &run.rows.set, error);
  if (rc == SQLITE_DONE) return SQLITE_OK;
  if (rc != SQLITE_ROW) return rc;
  rc = parameter_plan(remote->dialect, sql, size, &run.rows.set, &plan, error);
  if (rc) {
    error_wrap(error, "connector '%s'", remote->block->name);
    return rc;
  }
  run.rows.plan = plan;
  if (script.any_exclusive) rc = remote_end_reads(remote, error);
  if (!rc) rc = run_sets(&run, remote, affected, error);
  sqlite3_free(run.rows.values);
  parameter_plan_free(plan);
  return rc;
}

/* ---------------------------------------------------------------- rows of remote tables */

struct RowsRun {
  Run run; /* not moved while the turn is taken */
  RowsChange change;
  Error error; /* of the source */
};

int execute_rows_start(Remote *remote, const RowsChange *change, ArgumentSource *source,
                       bool beside, RowsRun **result, Error *error) {
  RowsRun *rows = sqlite3_malloc64(sizeof *rows);
  if (!rows) return error_memory(error);
  memset(rows, 0, sizeof *rows);
  rows->change = *change;
  rows->run.rows = (SetRows){.base = {.take = set_take, .each = change->one},
                             .source = source,
                             .change = &rows->change,
                             .error = &rows->error};
  int rc = transaction_enter(remote, TURN_SEVERAL, &rows->run.turn, error);
  if (!rc) {
    rc = run_begin(&rows->run, change->sql, change->size, error);
    if (rc) rc = transaction_leave(&rows->run.turn, rc, error);
  }
  if (rc) {
    sqlite3_free(rows);
    return rc;
  }
  /* COPY needs no thread: the socket takes enough for the server to go on with */
  if (beside && rows->run.way != WAY_LOAD) {
    if (!remote->beside) remote->beside = beside_new(remote->connector);
    rows->run.rows.beside = remote->beside;
  }
  beside = execute_rows_beside(rows);
  source->open = source->open && rows->run.pauses && (rows->run.way == WAY_LOAD || beside);
  if (beside)
    beside_call(remote->beside, rows->run.turn.link->connection, run_go, &rows->run);
  else
    run_go(&rows->run);
  *result = rows;
  return SQLITE_OK;
}

bool execute_rows_beside(const RowsRun *rows) {
  return rows->run.rows.beside != NULL;
}

bool execute_rows_pauses(RowsRun *rows, bool leave) {
  Beside *beside = rows->run.rows.beside;
  return beside ? beside_wait(beside, leave) : rows->run.status == DRIVER_PAUSE;
}

void execute_rows_resume(RowsRun *rows) {
  if (execute_rows_beside(rows)) {
    beside_resume(rows->run.rows.beside);
    return;
  }
  link_deadline_again(rows->run.turn.link); /* the time between was not the server's */
  rows->run.status = DRIVER_OK;
  run_go(&rows->run);
}

int execute_rows_finish(RowsRun *rows, bool leave, Error *error) {
  int64_t affected;
  execute_rows_pauses(rows, leave);
  int rc = run_end(&rows->run, &affected, &rows->error);
  rc = transaction_leave(&rows->run.turn, rc, &rows->error);
  error_move(error, &rows->error);
  sqlite3_free(rows);
  return rc;
}
