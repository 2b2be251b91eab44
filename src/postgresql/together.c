/*
** together.c: many rows changed by one statement, whose parameters are arrays of the values.
**
** The values are encoded as for the statement of one row (encode.c), by the types of its parameters, and
** put into the text form of an array of that type. The server counts the rows that it changed, and how many of
** ours they stand for: both must be the number of rows, or one of them is not there, or not the only one.
*/
#include "postgresql.h"
#include <stdlib.h>
#include <string.h>

/* The array of a type; 0 = there is none. */
static DriverStatus array_of(PgConnection *connection, Oid type, Oid *array, DriverError *error) {
  static const char sql[] = "SELECT typarray FROM pg_catalog.pg_type WHERE oid "
                            "OPERATOR(pg_catalog.=) CAST($1 AS pg_catalog.oid)";
  char number[16];
  const char *values[] = {number};
  PGresult *result;
  *array = pg_type_builtin_array(type);
  if (*array != 0) return DRIVER_OK;
  snprintf(number, sizeof number, "%u", type);
  if (pg_query(connection, sql, 1, values, &result, error) != DRIVER_OK) return DRIVER_FAILED;
  if (PQntuples(result) == 1) *array = (Oid)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
  PQclear(result);
  return DRIVER_OK;
}

/* What is sent: for each parameter the type and the text of its array. */
typedef struct Arrays {
  size_t width;
  Oid *types;
  DriverBuffer *texts;
  int64_t rows;
} Arrays;

static void arrays_clear(Arrays *arrays, const DriverHost *host) {
  for (size_t i = 0; arrays->texts != NULL && i < arrays->width; i++)
    buffer_clear(&arrays->texts[i]);
  host->release(arrays->texts);
  host->release(arrays->types);
}

static DriverStatus arrays_init(Arrays *arrays, PgStatement *statement, DriverError *error) {
  const DriverHost *host = statement->connection->base.host;
  size_t width = statement->parameter_count;
  *arrays = (Arrays){.width = width};
  arrays->types = host->allocate((width + 1) * sizeof *arrays->types);
  arrays->texts = host->allocate((width + 1) * sizeof *arrays->texts);
  if (arrays->types == NULL || arrays->texts == NULL) {
    host->release(arrays->texts);
    arrays->texts = NULL;
    return driver_error_memory(error);
  }
  for (size_t i = 0; i < width; i++) {
    buffer_init(&arrays->texts[i], host);
    arrays->types[i] = 0;
  }
  return DRIVER_OK;
}

DriverStatus pg_can_together(DriverStatement *base, bool *can, DriverError *error) {
  PgStatement *statement = (PgStatement *)base;
  PgConnection *connection = statement->connection;
  *can = false;
  if (pg_usable(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (pg_infer_plain(statement, error) != DRIVER_OK) return DRIVER_FAILED;
  for (size_t i = 0; i < statement->parameter_count; i++) {
    Oid array;
    const PgType *type = pg_parameter_type(statement, i);
    if (type == NULL || !pg_has_text_form(type->kind) || type->delimiter != ',') return DRIVER_OK;
    if (array_of(connection, statement->parameters[i].actual, &array, error) != DRIVER_OK)
      return DRIVER_FAILED;
    if (array == 0) return DRIVER_OK;
  }
  *can = true;
  return DRIVER_OK;
}

/* ---------------------------------------------------------------- the arrays */

static void put_quoted(DriverBuffer *text, const char *data, size_t size) {
  size_t start = 0;
  buffer_append(text, "\"", 1);
  for (size_t i = 0; i < size; i++) {
    if (data[i] != '"' && data[i] != '\\') continue;
    buffer_append(text, data + start, i - start);
    buffer_append(text, "\\", 1);
    start = i;
  }
  buffer_append(text, data + start, size - start);
  buffer_append(text, "\"", 1);
}

static void put_element(DriverBuffer *text, const PgEncoded *encoded, size_t i) {
  const char *value = encoded->values[i];
  size_t size = (size_t)encoded->sizes[i];
  buffer_append(text, text->size == 0 ? "{" : ",", 1);
  if (value == NULL) {
    buffer_text(text, "NULL");
  } else {
    put_quoted(text, value, size);
  }
}

static DriverStatus arrays_add(Arrays *arrays, PgStatement *statement, const Value *values,
                               size_t count, PgEncoded *encoded, DriverError *error) {
  if (count != arrays->width) {
    return driver_error_set(error, FAILURE_REFUSED, "07001",
                            "the statement has %zu parameters, but the row has %zu values",
                            arrays->width, count);
  }
  arrays->rows++;
  if (pg_encode(statement, values, count, encoded, error) != DRIVER_OK) return DRIVER_FAILED;
  for (size_t i = 0; i < count; i++) {
    put_element(&arrays->texts[i], encoded, i);
    if (arrays->texts[i].failed) return driver_error_memory(error);
  }
  return DRIVER_OK;
}

static DriverStatus arrays_fill(Arrays *arrays, PgStatement *statement, DriverRowSource *source,
                                DriverError *error) {
  PgEncoded encoded;
  DriverStatus status = DRIVER_ROW;
  pg_encoded_init(&encoded, statement->connection->base.host);
  encoded.as_text = true;
  while (status == DRIVER_ROW) {
    const Value *values;
    size_t count;
    status = source->take(source, &values, &count, error);
    if (status == DRIVER_ROW &&
        arrays_add(arrays, statement, values, count, &encoded, error) != DRIVER_OK) {
      error->row = arrays->rows;
      status = DRIVER_FAILED;
    }
  }
  pg_encoded_clear(&encoded);
  for (size_t i = 0; status == DRIVER_DONE && i < arrays->width; i++)
    buffer_text(&arrays->texts[i], arrays->rows ? "}" : "{}");
  return status;
}

/* ---------------------------------------------------------------- the statement */

static DriverStatus arrays_send(const Arrays *arrays, PgConnection *connection, const char *sql,
                                PGresult **result, DriverError *error) {
  const DriverHost *host = connection->base.host;
  const char **values = host->allocate((arrays->width + 1) * sizeof *values);
  if (values == NULL) return driver_error_memory(error);
  for (size_t i = 0; i < arrays->width; i++)
    values[i] = arrays->texts[i].data;
  connection->unnamed = NULL;
  int sent = PQsendQueryParams(connection->link, sql, (int)arrays->width, arrays->types, values,
                               NULL, NULL, 0);
  host->release(values);
  return sent ? pg_settle(connection, result, error) : pg_error(connection, NULL, error);
}

static DriverStatus check_counts(PGresult *result, int64_t rows, DriverError *error) {
  bool told = PQntuples(result) == 1 && PQnfields(result) == 2;
  bool all = told && strtoll(PQgetvalue(result, 0, 0), NULL, 10) == rows &&
             strtoll(PQgetvalue(result, 0, 1), NULL, 10) == rows;
  PQclear(result);
  return all ? DRIVER_OK : driver_missed(error, 0);
}

DriverStatus pg_execute_together(DriverStatement *base, const char *sql, DriverRowSource *source,
                                 int64_t *affected, DriverError *error) {
  PgStatement *statement = (PgStatement *)base;
  PgConnection *connection = statement->connection;
  Arrays arrays;
  PGresult *result;
  if (pg_usable(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  DriverStatus status = arrays_init(&arrays, statement, error);
  for (size_t i = 0; status == DRIVER_OK && i < arrays.width; i++)
    status = array_of(connection, statement->parameters[i].actual, &arrays.types[i], error);
  if (status == DRIVER_OK) status = arrays_fill(&arrays, statement, source, error);
  if (status == DRIVER_DONE) {
    connection->in_transaction = true;
    status = arrays_send(&arrays, connection, sql, &result, error);
    if (status == DRIVER_OK) status = check_counts(result, arrays.rows, error);
    *affected = arrays.rows;
  } else {
    status = DRIVER_FAILED;
  }
  arrays_clear(&arrays, connection->base.host);
  return status;
}
