/*
** copy.c: many rows by COPY … FROM STDIN, which costs the server about half of what as many INSERTs do.
**
** The text format is used: what the server reads as a literal in an INSERT it reads the same way here,
** whatever the type. The values are encoded as for the INSERT (encode.c), by the types of its parameters.
**
** COPY passes by rules, cannot go into a view, and refuses where row level security is on: such tables
** take INSERT.
*/
#include "postgresql.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_SIZE ((size_t)32 * 1024)
#define MOST_BACKLOG ((size_t)512 * 1024) /* bytes in libpq that the socket did not take yet */

/* One row where the table $1 takes COPY: whether it may last. A server that has a limit for statements counts the time
** in which it waits for rows too, and ends the statement that comes next then. */
#define MAY_LAST                                                                                   \
  "SELECT pg_catalog.current_setting('statement_timeout') OPERATOR(pg_catalog.=) '0' FROM "        \
  "pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1) AND NOT "   \
  "c.relhasrules AND NOT pg_catalog.row_security_active(c.oid) AND c.relkind "
static const char takes_copy[] =
    MAY_LAST "OPERATOR(pg_catalog.=) ANY (CAST('{r,p}' AS pg_catalog.\"char\"[]))";

/* The same with the outcome of an INSERT for each row. Triggers see the rows before theirs, and a foreign key to the
** table itself does; COPY writes into identity columns that are always the server's. $2 the number of values where
** no columns are named, else -1. */
static const char takes_copy_of_each[] = MAY_LAST
    "OPERATOR(pg_catalog.=) 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE "
    "t.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT t.tgisinternal) AND NOT EXISTS (SELECT FROM "
    "pg_catalog.pg_constraint k WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid AND k.confrelid "
    "OPERATOR(pg_catalog.=) c.oid) AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE "
    "a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attidentity OPERATOR(pg_catalog.=) 'a') AND "
    "CAST($2 AS pg_catalog.int8) OPERATOR(pg_catalog.=) ANY (ARRAY[-1::pg_catalog.int8, (SELECT "
    "pg_catalog.count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) "
    "c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped)])";

DriverStatus pg_can_load(DriverStatement *base, const DriverLoad *load, DriverLoads *loads,
                         DriverError *error) {
  PgStatement *statement = (PgStatement *)base;
  PgConnection *connection = statement->connection;
  PGresult *result;
  char width[24];
  const char *values[2] = {load->target, width};
  *loads = LOADS_NOT;
  if (pg_usable(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (pg_infer_plain(statement, error) != DRIVER_OK) return DRIVER_FAILED;
  for (size_t i = 0; i < statement->parameter_count; i++) {
    const PgType *type = pg_parameter_type(statement, i);
    if (type == NULL || !pg_has_text_form(type->kind)) return DRIVER_OK;
  }
  snprintf(width, sizeof width, "%d", load->all_columns ? (int)statement->parameter_count : -1);
  if (pg_query(connection, load->each ? takes_copy_of_each : takes_copy, load->each ? 2 : 1, values,
               &result, error) != DRIVER_OK)
    return DRIVER_FAILED;
  if (PQntuples(result) == 1)
    *loads = *PQgetvalue(result, 0, 0) == 't' || *PQgetvalue(result, 0, 0) == 1 ? LOADS_PAUSING
                                                                                : LOADS_AT_ONCE;
  PQclear(result);
  return DRIVER_OK;
}

/* ---------------------------------------------------------------- one row */

/* Is a backslash or a control character among these eight bytes? */
static bool needs_look(const char *data) {
  const uint64_t ones = UINT64_MAX / 255, highs = ones * 0x80;
  uint64_t eight, slashes;
  memcpy(&eight, data, 8);
  slashes = eight ^ ones * '\\';
  return (((eight - ones * 0x10) & ~eight) | ((slashes - ones) & ~slashes)) & highs;
}

static void put_escaped(DriverBuffer *line, const char *data, size_t size) {
  static const char letters[256] = {['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
  size_t start = 0;
  for (size_t i = 0; i < size; i++) {
    while (size - i > 8 && !needs_look(data + i))
      i += 8;
    char letter = letters[(unsigned char)data[i]];
    if (letter == 0) continue;
    char escape[2] = {'\\', letter};
    buffer_append(line, data + start, i - start);
    buffer_append(line, escape, 2);
    start = i + 1;
  }
  buffer_append(line, data + start, size - start);
}

static DriverStatus put_row(PgStatement *statement, const Value *values, size_t count,
                            PgEncoded *encoded, DriverBuffer *lines, DriverError *error) {
  if (count != statement->parameter_count) {
    return driver_error_set(error, FAILURE_REFUSED, "07001",
                            "the statement has %zu parameters, but the row has %zu values",
                            statement->parameter_count, count);
  }
  if (pg_encode(statement, values, count, encoded, error) != DRIVER_OK) return DRIVER_FAILED;
  for (size_t i = 0; i < count; i++) {
    if (i > 0) buffer_append(lines, "\t", 1);
    if (encoded->values[i] == NULL) {
      buffer_append(lines, "\\N", 2);
    } else {
      put_escaped(lines, encoded->values[i], (size_t)encoded->sizes[i]);
    }
  }
  buffer_append(lines, "\n", 1);
  return lines->failed ? driver_error_memory(error) : DRIVER_OK;
}

/* ---------------------------------------------------------------- all rows */

/* Rows on their way by one COPY, or one after the other. */
struct PgLoad {
  PgEncoded encoded;
  DriverBuffer lines; /* not sent yet */
  size_t backlog;     /* what libpq may have kept of those that were */
  int64_t sent;
  int64_t before;   /* of them, by COPYs that have ended */
  int64_t affected; /* by those */
  bool copying;
};

/* Hands the lines to libpq, and waits only when it has kept much: a socket that is full says that there is room
** again when three quarters of it are empty, and by then the server would soon wait for us. */
static DriverStatus send_lines(PgConnection *connection, PgLoad *load, DriverError *error) {
  DriverBuffer *lines = &load->lines;
  int put, unsent;
  while ((put = PQputCopyData(connection->link, lines->data, (int)lines->size)) == 0)
    if (pg_pump(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (put < 0) return pg_error(connection, NULL, error);
  load->backlog += lines->size;
  buffer_reset(lines);
  while ((unsent = PQflush(connection->link)) == 1 && load->backlog > MOST_BACKLOG)
    if (pg_pump(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (unsent == 0) load->backlog = 0;
  return DRIVER_OK;
}

static DriverStatus send_rows(PgStatement *statement, PgLoad *load, DriverRowSource *source,
                              DriverError *error) {
  PgConnection *connection = statement->connection;
  DriverBuffer *lines = &load->lines;
  DriverStatus status;
  for (;;) {
    const Value *values;
    size_t count;
    status = source->take(source, &values, &count, error);
    if (status != DRIVER_ROW) break;
    load->sent++;
    if (put_row(statement, values, count, &load->encoded, lines, error) != DRIVER_OK) {
      error->row = load->sent;
      return DRIVER_FAILED;
    }
    if (lines->size >= SEND_SIZE && send_lines(connection, load, error) != DRIVER_OK)
      return DRIVER_FAILED;
  }
  if (status != DRIVER_FAILED && lines->size > 0 &&
      send_lines(connection, load, error) != DRIVER_OK)
    return DRIVER_FAILED;
  return status;
}

/* "COPY orders, line 3, column day": the row that the server was at. */
static int64_t failed_row(const PGresult *result) {
  const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
  const char *line = context != NULL ? strstr(context, ", line ") : NULL;
  return line != NULL ? strtoll(line + 7, NULL, 10) : 0;
}

/* The end of COPY and what the server says of it. */
static DriverStatus finish(PgConnection *connection, const char *reason, int64_t *affected,
                           DriverError *error) {
  DriverStatus status = DRIVER_OK;
  int put;
  while ((put = PQputCopyEnd(connection->link, reason)) == 0)
    if (pg_pump(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (put < 0) return pg_error(connection, NULL, error);
  for (;;) {
    PGresult *result;
    DriverError later;
    bool failed = status != DRIVER_OK;
    if (pg_take(connection, &result, failed ? &later : error) != DRIVER_OK) return DRIVER_FAILED;
    if (result == NULL && PQstatus(connection->link) != CONNECTION_OK)
      return failed ? DRIVER_FAILED : pg_error(connection, NULL, error);
    if (result == NULL) break;
    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
      *affected = pg_count(result);
    } else if (status == DRIVER_OK) {
      status = pg_error(connection, result, error);
      error->row = failed_row(result);
    }
    PQclear(result);
  }
  return status;
}

static DriverStatus begin(PgConnection *connection, const char *copy, DriverError *error) {
  PGresult *result;
  if (!PQsendQuery(connection->link, copy)) return pg_error(connection, NULL, error);
  if (pg_take(connection, &result, error) != DRIVER_OK) return DRIVER_FAILED;
  bool ready = PQresultStatus(result) == PGRES_COPY_IN;
  if (!ready) {
    pg_error(connection, result, error);
    PQclear(result);
    pg_settle(connection, NULL, NULL);
    return DRIVER_FAILED;
  }
  PQclear(result);
  return DRIVER_OK;
}

static PgLoad *load_new(PgConnection *connection, DriverError *error) {
  const DriverHost *host = connection->base.host;
  PgLoad *load = host->allocate(sizeof *load);
  if (load == NULL) {
    driver_error_memory(error);
    return NULL;
  }
  memset(load, 0, sizeof *load);
  pg_encoded_init(&load->encoded, host);
  load->encoded.as_text = true;
  buffer_init(&load->lines, host);
  return load;
}

static void load_free(PgStatement *statement) {
  PgLoad *load = statement->load;
  statement->load = NULL;
  pg_encoded_clear(&load->encoded);
  buffer_clear(&load->lines);
  statement->connection->base.host->release(load);
}

static DriverStatus load_begin(PgConnection *connection, PgLoad *load, const char *copy,
                               DriverError *error) {
  if (load->copying) return DRIVER_OK;
  if (pg_usable(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  connection->in_transaction = true;
  connection->looked = driver_clock();
  if (begin(connection, copy, error) != DRIVER_OK) return DRIVER_FAILED;
  connection->heard = false;
  load->copying = true;
  return DRIVER_OK;
}

static DriverStatus load_end(PgConnection *connection, PgLoad *load, DriverError *error) {
  int64_t affected = 0;
  if (!load->copying) return DRIVER_OK;
  load->copying = false;
  DriverStatus status = finish(connection, NULL, &affected, error);
  if (status != DRIVER_OK && error->row > 0) error->row += load->before;
  load->affected += affected;
  load->before = load->sent;
  return status;
}

/* In the middle of a COPY the server speaks when it has refused a row (or a trigger has something to say): libpq
** tells only at the end. */
static bool server_spoke(PgConnection *connection) {
  struct pollfd entry = {.fd = PQsocket(connection->link), .events = POLLIN};
  return connection->heard || poll(&entry, 1, 0) != 0;
}

void pg_load_stop(PgStatement *statement) {
  DriverError ignored;
  int64_t affected;
  PgConnection *connection = statement->connection;
  if (statement->load == NULL) return;
  bool copying = statement->load->copying;
  load_free(statement);
  if (copying && !connection->base.broken)
    finish(connection, "a row cannot be sent", &affected, &ignored);
}

DriverStatus pg_load(DriverStatement *base, const char *copy, DriverRowSource *source,
                     int64_t *affected, DriverError *error) {
  PgStatement *statement = (PgStatement *)base;
  PgConnection *connection = statement->connection;
  PgLoad *load = statement->load;
  *affected = 0;
  if (load == NULL) load = statement->load = load_new(connection, error);
  if (load == NULL) return DRIVER_FAILED;
  DriverStatus status = load_begin(connection, load, copy, error);
  if (status == DRIVER_OK) status = send_rows(statement, load, source, error);
  if (status == DRIVER_PAUSE && server_spoke(connection) &&
      load_end(connection, load, error) != DRIVER_OK)
    status = DRIVER_FAILED;
  if (status == DRIVER_PAUSE) return status;
  if (status == DRIVER_DONE) status = load_end(connection, load, error);
  if (status == DRIVER_OK) *affected = load->affected;
  pg_load_stop(statement);
  if (status == DRIVER_FAILED && !connection->base.broken) pg_doubt_types(statement, error);
  return status;
}
