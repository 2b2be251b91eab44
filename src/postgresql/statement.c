/*
** statement.c: statements from their text: parsed and described in one round trip, kept by text.
**
** A text is parsed without a name the first time a connection sees it: most are never seen again.
** When it is asked for a second time it gets a name, and the Parse goes out with that run (send.c).
** Names are never used twice; one that is dropped is deallocated with a later round trip. A statement in
** use is not in the cache, so the same text may be prepared twice at a time.
*/
#include "postgresql.h"
#include <stdio.h>
#include <string.h>

const char *pg_first_word(const char *sql) {
  for (;;) {
    sql += strspn(sql, " \t\r\n\f\v;(");
    if (strncmp(sql, "--", 2) == 0) {
      sql += strcspn(sql, "\n");
    } else if (strncmp(sql, "/*", 2) == 0) {
      int depth = 0;
      do {
        if (strncmp(sql, "/*", 2) == 0) depth++;
        if (strncmp(sql, "*/", 2) == 0) depth--;
        sql += strncmp(sql, "/*", 2) == 0 || strncmp(sql, "*/", 2) == 0 ? 2 : 1;
      } while (depth > 0 && *sql != 0);
    } else {
      return sql;
    }
  }
}

/* COPY may end in a state that pipeline mode cannot leave, so send.c has to know. */
static bool begins_with_copy(const char *sql) {
  sql = pg_first_word(sql);
  return (sql[0] | 32) == 'c' && (sql[1] | 32) == 'o' && (sql[2] | 32) == 'p' &&
         (sql[3] | 32) == 'y';
}

PgStatement *pg_statement_new(PgConnection *connection, const char *sql, size_t size) {
  const DriverHost *host = connection->base.host;
  PgStatement *statement = host->allocate(sizeof(*statement));
  char *copy = host->allocate(size + 1);
  if (statement == NULL || copy == NULL) {
    host->release(statement);
    host->release(copy);
    return NULL;
  }
  memset(statement, 0, sizeof(*statement));
  memcpy(copy, sql, size);
  copy[size] = 0;
  statement->base.connection = &connection->base;
  statement->connection = connection;
  statement->sql = copy;
  statement->sql_size = size;
  statement->copy = begins_with_copy(copy);
  statement->sets = pg_session_sets(pg_first_word(copy)) || strcasestr(copy, "set_config") != NULL;
  statement->arena.host = host;
  buffer_init(&statement->type_names, host);
  return statement;
}

StatementCache *pg_cache_new(const DriverHost *host) {
  return statement_cache_new(host, 100, pg_statement_destroy);
}

void pg_statement_destroy(DriverStatement *base) {
  PgStatement *statement = (PgStatement *)base;
  if (statement == NULL) return;
  PgConnection *connection = statement->connection;
  const DriverHost *host = connection->base.host;
  pg_forget(connection, statement);
  PQclear(statement->result);
  PQclear(statement->description);
  pg_arena_clear(&statement->arena);
  buffer_clear(&statement->type_names);
  host->release(statement->columns);
  host->release(statement->parameters);
  host->release(statement->after);
  host->release(statement->sql);
  host->release(statement);
}

/* ---------------------------------------------------------------- describe */

static DriverStatus describe_parameters(PgStatement *statement, const PGresult *description,
                                        DriverError *error) {
  size_t count = (size_t)PQnparams(description);
  const DriverHost *host = statement->connection->base.host;
  if (count > statement->parameter_count) {
    PgParameter *more = host->reallocate(statement->parameters, count * sizeof(*more));
    if (more == NULL) return driver_error_memory(error);
    memset(more + statement->parameter_count, 0,
           (count - statement->parameter_count) * sizeof(*more));
    statement->parameters = more;
  }
  statement->parameter_count = count;
  for (size_t i = 0; i < count; i++) {
    PgParameter *parameter = &statement->parameters[i];
    parameter->actual = PQparamtype(description, (int)i);
    if (parameter->declared == parameter->forced) parameter->inferred = parameter->actual;
  }
  return DRIVER_OK;
}

/* Everything that the result or the parameters are made of must be known before it is decoded. */
static DriverStatus learn_types(PgStatement *statement, const PGresult *description,
                                DriverError *error) {
  PgConnection *connection = statement->connection;
  DriverBuffer oids;
  buffer_init(&oids, connection->base.host);
  for (int i = 0; i < PQnfields(description); i++) {
    Oid oid = PQftype(description, i);
    if (pg_type_find(connection, oid) == NULL)
      buffer_append(&oids, (const char *)&oid, sizeof(oid));
  }
  for (size_t i = 0; i < statement->parameter_count; i++) {
    Oid oid = statement->parameters[i].actual;
    if (pg_type_find(connection, oid) == NULL)
      buffer_append(&oids, (const char *)&oid, sizeof(oid));
  }
  DriverStatus status = oids.failed
                            ? driver_error_memory(error)
                            : pg_types_learn(connection, (const Oid *)(const void *)oids.data,
                                             oids.size / sizeof(Oid), error);
  buffer_clear(&oids);
  return status;
}

static DriverStatus describe_columns(PgStatement *statement, PGresult *description,
                                     DriverError *error) {
  PgConnection *connection = statement->connection;
  const DriverHost *host = connection->base.host;
  size_t count = (size_t)PQnfields(description);
  PgColumn *columns = host->allocate((count + 1) * sizeof(*columns));
  if (columns == NULL) return driver_error_memory(error);
  statement->binary = true;
  buffer_reset(&statement->type_names);
  for (size_t i = 0; i < count; i++) {
    PgColumn *column = &columns[i];
    const PgType *type = pg_type_find(connection, PQftype(description, (int)i));
    column->name = PQfname(description, (int)i);
    column->type = type != NULL ? type : pg_type_other();
    column->modifier = PQfmod(description, (int)i);
    column->precision =
        column->type->kind == KIND_NUMERIC ? pg_numeric_precision(column->modifier) : 0;
    column->class = driver_class(pg_type_class(connection, column->type, column->modifier));
    column->sqlite_type =
        driver_class_type(column->class, connection->numeric, connection->unix_time);
    statement->binary = statement->binary && column->type->binary;
    pg_type_name(connection, column->type, column->modifier, &statement->type_names);
    buffer_append(&statement->type_names, "", 1);
  }
  statement->plain = statement->binary && !connection->ascii_server;
  if (statement->type_names.failed) {
    host->release(columns);
    return driver_error_memory(error);
  }
  const char *name = statement->type_names.data;
  for (size_t i = 0; i < count; i++, name += strlen(name) + 1)
    columns[i].remote_type = name;
  host->release(statement->columns);
  statement->columns = columns;
  statement->column_count = count;
  PQclear(statement->description);
  statement->description = description;
  return DRIVER_OK;
}

DriverStatus pg_statement_describe(PgStatement *statement, PGresult *description,
                                   DriverError *error) {
  DriverStatus status = describe_parameters(statement, description, error);
  if (status == DRIVER_OK) status = learn_types(statement, description, error);
  if (status == DRIVER_OK) status = describe_columns(statement, description, error);
  if (status != DRIVER_OK) PQclear(description);
  return status;
}

/* ---------------------------------------------------------------- parse */

void pg_forget(PgConnection *connection, PgStatement *statement) {
  if (*statement->name != 0 && statement->parsed && !connection->base.broken) {
    buffer_append(&connection->forgotten, statement->name, strlen(statement->name) + 1);
  }
  if (connection->forgotten.failed) buffer_clear(&connection->forgotten); /* the session keeps it */
  if (connection->unnamed == statement) connection->unnamed = NULL;
  *statement->name = 0;
  statement->parsed = false;
}

/* Queues Parse and Describe of the unnamed statement, with a savepoint around them. */
static bool queue_parse(PgStatement *statement, const Oid *types, bool guarded) {
  PgConnection *connection = statement->connection;
  PGconn *link = connection->link;
  DriverError ignored;
  bool queued = PQenterPipelineMode(link) != 0;
  if (guarded) queued = queued && pg_queue_text(connection, "SAVEPOINT connector_parse");
  queued = queued &&
           PQsendPrepare(link, "", statement->sql, (int)statement->parameter_count, types) &&
           PQsendDescribePrepared(link, "");
  if (guarded) queued = queued && pg_queue_text(connection, "RELEASE SAVEPOINT connector_parse");
  return queued && pg_sync(connection, &ignored) == DRIVER_OK;
}

static DriverStatus take_parse(PgStatement *statement, bool guarded, PGresult **description,
                               DriverError *error) {
  PgConnection *connection = statement->connection;
  DriverStatus status = guarded ? pg_take_command(connection, NULL, error) : DRIVER_OK;
  *description = NULL;
  if (status == DRIVER_OK) status = pg_take_command(connection, NULL, error);
  if (status == DRIVER_OK) status = pg_take_command(connection, description, error);
  if (status == DRIVER_OK)
    status = pg_settle(connection, NULL, error);
  else if (!connection->base.broken)
    pg_settle(connection, NULL, NULL);
  if (status == DRIVER_OK && *description == NULL) status = driver_error_memory(error);
  if (status == DRIVER_OK) return status;
  PQclear(*description);
  if (!guarded || error->failure != FAILURE_REMOTE || connection->base.broken) return status;
  DriverError later;
  if (pg_query(connection, "ROLLBACK TO SAVEPOINT connector_parse", 0, NULL, NULL, &later) !=
          DRIVER_OK ||
      pg_query(connection, "RELEASE SAVEPOINT connector_parse", 0, NULL, NULL, &later) !=
          DRIVER_OK) {
    *error = later;
  }
  return DRIVER_FAILED;
}

DriverStatus pg_statement_parse(PgStatement *statement, DriverError *error) {
  PgConnection *connection = statement->connection;
  size_t count = statement->parameter_count;
  Oid few[32], *types = few;
  PGresult *description = NULL;
  bool guarded = PQtransactionStatus(connection->link) == PQTRANS_INTRANS;
  pg_forget(connection, statement);
  if (count > sizeof(few) / sizeof(*few)) {
    types = connection->base.host->allocate(count * sizeof(*types));
    if (types == NULL) return driver_error_memory(error);
  }
  for (size_t i = 0; i < count; i++)
    types[i] = statement->parameters[i].declared;
  bool queued = queue_parse(statement, types, guarded);
  if (types != few) connection->base.host->release(types);
  connection->unnamed = NULL;
  if (!queued) return pg_error(connection, NULL, error);
  if (take_parse(statement, guarded, &description, error) != DRIVER_OK) return DRIVER_FAILED;
  /* RELEASE took the unnamed statement: this one's text goes out again with its run */
  if (!guarded) connection->unnamed = statement;
  statement->parsed = true;
  statement->stale = true;
  if (pg_statement_describe(statement, description, error) != DRIVER_OK) return DRIVER_FAILED;
  statement->stale = false;
  return DRIVER_OK;
}

DriverStatus pg_prepare(DriverConnection *base, const char *sql, size_t size,
                        DriverStatement **result, DriverError *error) {
  PgConnection *connection = (PgConnection *)base;
  if (pg_usable(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (memchr(sql, 0, size) != NULL || !utf8_valid(sql, size)) {
    return driver_error_set(error, FAILURE_UNFIT, NULL,
                            "the SQL text has a NUL byte or is not valid UTF-8");
  }
  PgStatement *statement = (PgStatement *)statement_cache_take(connection->cache, sql, size);
  if (statement == NULL) {
    statement = pg_statement_new(connection, sql, size);
    if (statement == NULL) return driver_error_memory(error);
  } else {
    statement->seen = true;
    statement->reused = statement->parsed && !statement->stale;
    if (statement->reused) {
      *result = &statement->base;
      return DRIVER_OK;
    }
  }
  if (pg_infer_parse(statement, error) != DRIVER_OK) {
    pg_statement_destroy(&statement->base);
    return DRIVER_FAILED;
  }
  *result = &statement->base;
  return DRIVER_OK;
}

/* ---------------------------------------------------------------- what is known of it */

size_t pg_parameter_count(DriverStatement *statement) {
  return ((PgStatement *)statement)->parameter_count;
}

size_t pg_column_count(DriverStatement *statement) {
  return ((PgStatement *)statement)->column_count;
}

void pg_column(DriverStatement *statement, size_t index, DriverColumn *column) {
  const PgColumn *known = &((PgStatement *)statement)->columns[index];
  *column = (DriverColumn){.name = known->name,
                           .remote_type = known->remote_type,
                           .sqlite_type = known->sqlite_type,
                           .class_name = known->class->name};
}

DriverStatus pg_query(PgConnection *connection, const char *sql, int count,
                      const char *const *values, PGresult **result, DriverError *error) {
  connection->unnamed = NULL;
  if (!PQsendQueryParams(connection->link, sql, count, NULL, values, NULL, NULL, 0)) {
    return pg_error(connection, NULL, error);
  }
  return pg_settle(connection, result, error);
}
