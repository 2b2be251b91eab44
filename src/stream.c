/*
** stream.c: one result, from its first row to its last (stream.h).
**
** A stream is in one of these states:
**
**   LIVE ----last row----> DONE          rows come from the driver, the connection is ours
**     |  \--failure-----> FAILED         the same error again for every further row
**     +--displaced------> SPILLED --last row--> DONE     rows come from the spill
**
** A statement that writes is never LIVE for the caller: it is read to its end and committed (or joins
** SQLite's transaction) in stream_open, and starts SPILLED.
**
** The first row is fetched in stream_open, so that a failure is known there, and so that a read outside a
** transaction whose session turned out to be dead can be tried once more before anybody saw a row.
*/
#include "stream.h"
#include "log.h"
#include "stream_text.h"
#include <string.h>

typedef enum StreamState { STREAM_LIVE, STREAM_SPILLED, STREAM_DONE, STREAM_FAILED } StreamState;

struct Stream {
  Remote *remote; /* retained */
  StreamState state;
  StreamUse use;
  bool writes;
  TurnUse turn_use;
  bool rows_known; /* whether it gives rows is known before it runs */
  bool exclusive;  /* it may wait until nobody reads its tables */
  /* while LIVE */
  bool turn_open;
  DriverStatement *statement;
  bool pending;     /* the driver stands on a row that stream_next has not given out yet */
  bool row_current; /* the caller stands on a row of the driver */
  int64_t log_entry;
  /* while SPILLED */
  Spill *spill;
  SpillReader *reader;
  const Value *values;
  size_t value_count;
  /* for good */
  DriverColumn *columns; /* own array, one block with its texts */
  size_t column_count;
  int64_t rows;  /* given to the caller */
  int64_t bytes; /* since last told to the log */
  int64_t received;
  Error failure; /* while FAILED */
  Turn turn;     /* while LIVE; then it tells what the call was part of */
  char sql[];    /* the operation as given */
};

/* ---------------------------------------------------------------- small things */

static int stream_remote_error(Stream *stream, const DriverError *failure, Error *error) {
  char *what = log_mask(stream->sql);
  int rc = error_remote(error, failure, stream->remote->block->name, what, stream->sql);
  sqlite3_free(what);
  return rc;
}

/* Columns outlive the statement: they are copied once, array and texts in one block. */
static int stream_copy_columns(Stream *stream, Error *error) {
  const Driver *driver = stream->remote->driver;
  size_t count = driver->column_count(stream->statement), texts = 0;
  sqlite3_free(stream->columns);
  stream->columns = NULL;
  stream->column_count = 0;
  DriverColumn column;
  for (size_t i = 0; i < count; i++) {
    driver->column(stream->statement, i, &column);
    texts += strlen(column.name) + strlen(column.remote_type) + strlen(column.sqlite_type) + 3;
  }
  stream->columns = sqlite3_malloc64(count * sizeof *stream->columns + texts + 1);
  if (!stream->columns) return error_memory(error);
  char *at = (char *)(stream->columns + count);
  for (size_t i = 0; i < count; i++) {
    driver->column(stream->statement, i, &column);
    const char *from[3] = {column.name, column.remote_type, column.sqlite_type};
    const char *to[3];
    for (int part = 0; part < 3; part++) {
      size_t size = strlen(from[part]) + 1;
      to[part] = memcpy(at, from[part], size);
      at += size;
    }
    stream->columns[i] = (DriverColumn){to[0], to[1], to[2], column.class_name};
  }
  stream->column_count = count;
  return SQLITE_OK;
}

/* Ends the driver's part: statement and connection are given back. */
static int stream_detach(Stream *stream, int rc, const DriverError *failure, Error *error) {
  Log *log = stream->remote->connector->log;
  log_rows(log, stream->log_entry, stream->received, stream->bytes);
  log_end(log, stream->log_entry, failure);
  stream->log_entry = 0;
  stream->received = stream->bytes = 0;
  if (stream->statement) {
    link_deadline(stream->turn.link);
    /* an interrupt may be why the reader stopped: the driver's next look must not be a remembered one */
    stream->remote->connector->probed_at = 0;
    stream->remote->driver->finish(stream->statement);
    stream->statement = NULL;
  }
  if (stream->turn_open) {
    stream->turn_open = false;
    stream->turn.link->stream = NULL;
    rc = transaction_leave(&stream->turn, rc, error);
  }
  stream->pending = stream->row_current = false;
  return rc;
}

/* The stream failed for good; the same error is given for each further row. */
static int stream_fail(Stream *stream, int rc, const DriverError *failure, Error *error) {
  rc = stream_detach(stream, rc, failure, error);
  stream->state = STREAM_FAILED;
  error_copy(&stream->failure, error);
  return rc;
}

/* ---------------------------------------------------------------- reading from the driver */

/* One step of the driver: SQLITE_ROW, SQLITE_DONE or an error code with *failure told. */
static int driver_step(Stream *stream, DriverError *failure, Error *error) {
  if (stream->writes) /* read at our pace: one call */
    link_deadline_again(stream->turn.link);
  else
    link_deadline_row(stream->turn.link);
  /* rows that are there already involve no wait in which the driver would look; what cannot be undone is read
  ** to its end, so that it is known what became of it */
  bool undone = stream->turn_use == TURN_READ || stream->turn_use == TURN_SEVERAL;
  if (undone && (stream->received & 63) == 63 && connector_interrupted(stream->remote->connector))
    return error_set(error, SQLITE_INTERRUPT, "connector '%s': interrupted",
                     stream->remote->block->name);
  switch (stream->remote->driver->next(stream->statement, failure)) {
  case DRIVER_ROW: stream->received++; return SQLITE_ROW;
  case DRIVER_DONE: return SQLITE_DONE;
  default: return stream_remote_error(stream, failure, error);
  }
}

/* The driver's current row into the spill. */
static int spill_row(Stream *stream, Value *row, DriverError *failure, Error *error) {
  for (size_t i = 0; i < stream->column_count; i++) {
    if (stream->remote->driver->value(stream->statement, i, &row[i], failure) != DRIVER_OK)
      return stream_remote_error(stream, failure, error);
    if (row[i].type >= VALUE_TEXT)
      stream->bytes += (int64_t)row[i].bytes.size;
    else
      stream->bytes += 8;
  }
  return spill_append(stream->spill, row, stream->column_count, error);
}

/* Moves what is left of a LIVE result into the spill: the row the caller stands on, the pending row, all
** that follow. Ends SPILLED, standing where the caller stood. */
static int stream_to_spill(Stream *stream, Error *error) {
  bool standing = stream->row_current;
  DriverError failure = {0};
  int rc = SQLITE_OK;
  stream->spill = spill_new();
  Value *row = sqlite3_malloc64((stream->column_count + 1) * sizeof *row);
  if (!stream->spill || !row) rc = error_memory(error);
  if (!rc && (standing || stream->pending)) rc = spill_row(stream, row, &failure, error);
  while (!rc) {
    rc = driver_step(stream, &failure, error);
    if (rc == SQLITE_ROW) rc = spill_row(stream, row, &failure, error);
  }
  sqlite3_free(row);
  if (rc != SQLITE_DONE) return stream_fail(stream, rc, failure.failure ? &failure : NULL, error);
  rc = stream_detach(stream, SQLITE_OK, NULL, error);
  if (rc) return stream_fail(stream, rc, NULL, error);
  stream->reader = spill_reader_new(stream->spill);
  if (!stream->reader) return stream_fail(stream, error_memory(error), NULL, error);
  stream->state = STREAM_SPILLED;
  if (standing)
    rc = spill_reader_next(stream->reader, &stream->values, &stream->value_count, error);
  return standing && rc != SQLITE_ROW ? rc : SQLITE_OK;
}

int stream_displace(Stream *stream, Error *error) {
  if (stream->state != STREAM_LIVE) return SQLITE_OK;
  int rc = stream_to_spill(stream, error);
  if (!rc || rc == SQLITE_INTERRUPT || rc == SQLITE_NOMEM) return rc;
  /* the stream's own failure is its reader's to hear, not the caller's that wants the connection */
  error_clear(error);
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- opening */

static int no_rows_error(Stream *stream, bool ran, Error *error) {
  char *shown = log_mask(stream->sql);
  int rc = error_set(error, SQLITE_ERROR,
                     "connector '%s': %s gives no rows%s: use connector_execute('%s', …)",
                     stream->remote->block->name, shown ? shown : "the operation",
                     ran ? " (it was run)" : "", stream->remote->block->name);
  sqlite3_free(shown);
  return rc;
}

/* Prepares and sends, and fetches the first row. SQLITE_OK: stands before the first row. */
static int stream_start(Stream *stream, const Bound *bound, DriverError *failure, Error *error) {
  Remote *remote = stream->remote;
  const Driver *driver = remote->driver;
  Turn *turn = &stream->turn;
  int rc = stream->exclusive ? remote_end_reads(remote, error) : SQLITE_OK;
  if (!rc) rc = transaction_enter(remote, stream->turn_use, turn, error);
  if (rc) return rc;
  stream->turn_open = true;
  DriverStatus status = driver->prepare(turn->link->connection, bound->sql, bound->sql_size,
                                        &stream->statement, failure);
  if (status == DRIVER_OK) transaction_log(turn);
  stream->log_entry =
      log_begin(remote->connector->log, remote->block->name, turn->link->number, bound->sql);
  if (status != DRIVER_OK) return stream_remote_error(stream, failure, error);
  if (driver->column_count(stream->statement) == 0 && stream->use == STREAM_READ &&
      stream->rows_known)
    return no_rows_error(stream, false, error);
  DriverEnvelope envelope = {turn->before, turn->before_count, stream->writes ? turn->after : NULL};
  turn->executed = true;
  link_deadline(turn->link);
  if (driver->execute(stream->statement, bound->values, bound->value_count, &envelope, failure) !=
      DRIVER_OK)
    return stream_remote_error(stream, failure, error);
  transaction_answered(turn);
  rc = driver_step(stream, failure, error);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) return rc;
  int copied = stream_copy_columns(stream, error);
  if (copied) return copied;
  stream->pending = rc == SQLITE_ROW;
  if (!stream->writes) turn->link->stream = stream;
  if (rc == SQLITE_DONE) {
    stream->state = STREAM_DONE;
    return stream_detach(stream, SQLITE_OK, NULL, error);
  }
  return SQLITE_OK;
}

/* Can the whole thing be tried again without anybody noticing: on a fresh session, or with a statement that
** is prepared anew because its table was altered? */
static bool stream_may_retry(const Stream *stream, const DriverError *failure) {
  if (failure->failure == FAILURE_REMOTE && !strcmp(failure->sqlstate, "0A000"))
    return !stream->writes;
  return failure->failure == FAILURE_LOST && stream->turn_open &&
         stream->turn.joining != JOIN_ENLISTED && (!stream->writes || !stream->turn.executed);
}

static int stream_run(Stream *stream, const Bound *bound, Error *error) {
  for (int attempt = 1;; attempt++) {
    DriverError failure;
    failure.failure = FAILURE_NONE;
    int rc = stream_start(stream, bound, &failure, error);
    if (!rc) return SQLITE_OK;
    bool again = attempt == 1 && stream_may_retry(stream, &failure);
    rc = stream_fail(stream, rc, failure.failure ? &failure : NULL, error);
    if (!again) return rc;
    error_clear(error);
    error_clear(&stream->failure);
    stream->state = STREAM_LIVE;
  }
}

static Stream *stream_new(Remote *remote, const char *sql, size_t size, StreamUse use,
                          const StreamFacts *facts) {
  Stream *made = sqlite3_malloc64(sizeof *made + size + 1);
  if (!made) return NULL;
  memset(made, 0, offsetof(Stream, failure)); /* the rest is large and set when it is used */
  error_init(&made->failure);
  memcpy(made->sql, sql, size);
  made->sql[size] = 0;
  made->remote = remote_retain(remote);
  made->use = use;
  made->turn_use = facts->use;
  made->rows_known = facts->rows_known;
  made->exclusive = facts->exclusive;
  made->writes = made->turn_use != TURN_READ;
  return made;
}

/* Takes the stream, also when it fails; `bound` stays the caller's. */
static int open_made(Stream *made, const Bound *bound, Stream **stream, Error *error) {
  int rc = stream_run(made, bound, error);
  bool live = made->state == STREAM_LIVE;
  if (!rc && made->writes && live) rc = stream_to_spill(made, error);
  if (!rc && made->column_count == 0) rc = no_rows_error(made, true, error);
  if (rc) {
    stream_close(made);
    return rc;
  }
  *stream = made;
  return SQLITE_OK;
}

int stream_open(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
                StreamUse use, Stream **stream, Error *error) {
  Bound bound = {0};
  StreamFacts facts;
  *stream = NULL;
  int rc = stream_text_facts(remote, sql, size, &facts, error);
  if (rc) return rc;
  rc = stream_text_bind(remote, sql, size, arguments, &bound, error);
  if (rc) {
    error_wrap(error, "connector '%s'", remote->block->name);
    return rc;
  }
  Stream *made = stream_new(remote, sql, size, use, &facts);
  rc = made ? open_made(made, &bound, stream, error) : error_memory(error);
  bound_clear(&bound);
  return rc;
}

int stream_open_read(Remote *remote, const char *sql, size_t size, const Value *values,
                     size_t count, Stream **stream, Error *error) {
  static const StreamFacts facts = {.use = TURN_READ, .rows_known = true};
  Bound bound = {
      .sql = (char *)sql, .sql_size = size, .values = (Value *)values, .value_count = count};
  *stream = NULL;
  Stream *made = stream_new(remote, sql, size, STREAM_READ, &facts);
  return made ? open_made(made, &bound, stream, error) : error_memory(error);
}

/* ---------------------------------------------------------------- reading */

int stream_next(Stream *stream, Error *error) {
  int rc;
  DriverError
      failure; /* filled by who sets `failure.failure`: clearing all of it costs more than a row */
  failure.failure = FAILURE_NONE;
  switch (stream->state) {
  case STREAM_DONE: return SQLITE_DONE;
  case STREAM_FAILED: error_copy(error, &stream->failure); return error->code;
  case STREAM_SPILLED:
    rc = spill_reader_next(stream->reader, &stream->values, &stream->value_count, error);
    if (rc == SQLITE_DONE) stream->state = STREAM_DONE;
    break;
  default:
    if (stream->pending) {
      stream->pending = false;
      rc = SQLITE_ROW;
    } else {
      stream->row_current = false;
      rc = driver_step(stream, &failure, error);
    }
    stream->row_current = rc == SQLITE_ROW;
    if (rc == SQLITE_DONE) {
      stream->state = STREAM_DONE;
      int left = stream_detach(stream, SQLITE_OK, NULL, error);
      rc = left ? left : SQLITE_DONE;
    } else if (rc != SQLITE_ROW) {
      rc = stream_fail(stream, rc, failure.failure ? &failure : NULL, error);
    }
  }
  if (rc == SQLITE_ROW) stream->rows++;
  return rc;
}

bool stream_peek(Stream *stream) {
  if (stream->state != STREAM_LIVE || stream->pending) return stream->state != STREAM_DONE;
  Error error;
  error_init(&error);
  int rc = stream_next(stream, &error);
  if (rc == SQLITE_ROW) {
    stream->rows--; /* not given out yet */
    stream->pending = true;
    stream->row_current = false;
  }
  error_clear(&error);
  return rc != SQLITE_DONE;
}

const char *stream_sql(const Stream *stream) {
  return stream->sql;
}

bool stream_writes(const Stream *stream) {
  return stream->writes;
}

bool stream_joined(const Stream *stream, int *depth) {
  *depth = stream->turn.depth;
  return stream->writes && stream->turn.joining == JOIN_ENLISTED;
}

int64_t stream_rows(const Stream *stream) {
  return stream->rows;
}

size_t stream_column_count(const Stream *stream) {
  return stream->column_count;
}

const DriverColumn *stream_column(const Stream *stream, size_t index) {
  return &stream->columns[index];
}

static int value_fail(Stream *stream, size_t index, const DriverError *failure, Error *error) {
  int rc = stream_remote_error(stream, failure, error);
  error_wrap(error, "column \"%s\"", stream->columns[index].name);
  return rc;
}

int stream_value(Stream *stream, size_t index, Value *value, Error *error) {
  if (stream->state == STREAM_LIVE && stream->row_current) {
    DriverError failure;
    if (stream->remote->driver->value(stream->statement, index, value, &failure) != DRIVER_OK)
      return value_fail(stream, index, &failure, error);
    stream->bytes += value->type >= VALUE_TEXT ? (int64_t)value->bytes.size : 8;
    return SQLITE_OK;
  }
  if (stream->state != STREAM_SPILLED) return error_set(error, SQLITE_MISUSE, "no current row");
  *value = index < stream->value_count ? stream->values[index] : (Value){.type = VALUE_NULL};
  return SQLITE_OK;
}

int stream_row_json(Stream *stream, DriverBuffer *buffer, Error *error) {
  buffer_append(buffer, "{", 1);
  for (size_t i = 0; i < stream->column_count; i++) {
    Value value;
    int rc = stream_value(stream, i, &value, error);
    if (rc) return rc;
    if (i) buffer_append(buffer, ",", 1);
    buffer_json_string(buffer, stream->columns[i].name, strlen(stream->columns[i].name));
    buffer_append(buffer, ":", 1);
    json_value(buffer, &value);
  }
  buffer_append(buffer, "}", 1);
  return buffer->failed ? error_memory(error) : SQLITE_OK;
}

void stream_close(Stream *stream) {
  if (!stream) return;
  if (stream->state == STREAM_LIVE) {
    Error ignored = {0};
    stream_detach(stream, SQLITE_OK, NULL, &ignored);
    error_clear(&ignored);
  }
  spill_reader_free(stream->reader);
  spill_free(stream->spill);
  error_clear(&stream->failure);
  sqlite3_free(stream->columns);
  remote_release(stream->remote);
  sqlite3_free(stream);
}
