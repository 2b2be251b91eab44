/*
** infer.c: which types the parameters have.
**
** The server infers them when it parses. Two cases need help:
**  - it cannot (42P18, 42P08): the parameter it names is declared `text`, and the text parsed
** again;  - it takes `text` only because nothing says otherwise (`SELECT $1`), but the value is a number
** or a    BLOB; or the number does not fit the integer it inferred. Then the text is parsed with the
**    value's natural type, so that `SELECT $1` with 42 gives INTEGER 42. Where the server has no
** use for    that type (`text_col = $1`), this is remembered and the value goes as text.
** A Parse that fails does no harm to a transaction (statement.c).
*/
#include "postgresql.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETERS_MOST = 65535 };

/* "could not determine data type of parameter $3" in whatever language. */
static size_t named_parameter(const DriverError *error) {
  if (strcmp(error->sqlstate, "42P18") != 0 && strcmp(error->sqlstate, "42P08") != 0) return 0;
  const char *mark = strchr(error->message, '$');
  unsigned long number = mark != NULL ? strtoul(mark + 1, NULL, 10) : 0;
  return number <= PARAMETERS_MOST ? number : 0;
}

static bool force_text(PgStatement *statement, size_t number) {
  const DriverHost *host = statement->connection->base.host;
  if (number > statement->parameter_count) {
    PgParameter *more = host->reallocate(statement->parameters, number * sizeof(*more));
    if (more == NULL) return false;
    memset(more + statement->parameter_count, 0,
           (number - statement->parameter_count) * sizeof(*more));
    statement->parameters = more;
    statement->parameter_count = number;
  }
  PgParameter *parameter = &statement->parameters[number - 1];
  if (parameter->forced != 0) return false; /* did not help */
  parameter->forced = parameter->declared = OID_TEXT;
  return true;
}

DriverStatus pg_infer_parse(PgStatement *statement, DriverError *error) {
  for (;;) {
    DriverStatus status = pg_statement_parse(statement, error);
    if (status == DRIVER_OK || error->failure != FAILURE_REMOTE) return status;
    size_t number = named_parameter(error);
    if (number == 0 || !force_text(statement, number)) return status;
  }
}

DriverStatus pg_infer_plain(PgStatement *statement, DriverError *error) {
  bool changed = false;
  for (size_t i = 0; i < statement->parameter_count; i++) {
    PgParameter *parameter = &statement->parameters[i];
    changed = changed || parameter->declared != parameter->forced;
    parameter->declared = parameter->forced;
  }
  return changed ? pg_statement_parse(statement, error) : DRIVER_OK;
}

/* The type that a value has by itself, where the inferred one says nothing about it; 0 = none. */
static Oid natural_type(const PgParameter *parameter, const Value *value) {
  if (parameter->inferred == OID_TEXT || parameter->inferred == OID_UNKNOWN) {
    return value->type == VALUE_INTEGER ? OID_INT8
           : value->type == VALUE_REAL  ? OID_FLOAT8
           : value->type == VALUE_BLOB  ? OID_BYTEA
                                        : 0;
  }
  if (value->type != VALUE_INTEGER) return 0;
  bool small = parameter->inferred == OID_INT2;
  if (!small && parameter->inferred != OID_INT4) return 0;
  int64_t most = small ? INT16_MAX : INT32_MAX;
  return value->integer > most || value->integer < -most - 1 ? OID_INT8 : 0;
}

/* True when another Parse is needed for these values. */
static bool types_choose(PgStatement *statement, const Value *values) {
  bool changed = false;
  for (size_t i = 0; i < statement->parameter_count; i++) {
    PgParameter *parameter = &statement->parameters[i];
    if (values[i].type == VALUE_NULL) continue; /* fits whatever it is now */
    Oid wanted = natural_type(parameter, &values[i]);
    if (wanted == 0 || wanted == parameter->refused) wanted = parameter->forced;
    changed = changed || wanted != parameter->declared;
    parameter->declared = wanted;
  }
  return changed;
}

static void types_refuse(PgStatement *statement) {
  for (size_t i = 0; i < statement->parameter_count; i++) {
    PgParameter *parameter = &statement->parameters[i];
    if (parameter->declared == parameter->forced) continue;
    parameter->refused = parameter->declared;
    parameter->declared = parameter->forced;
  }
}

DriverStatus pg_infer(PgStatement *statement, const Value *values, size_t count,
                      DriverError *error) {
  if (count != statement->parameter_count) {
    return driver_error_set(error, FAILURE_REFUSED, "07001",
                            "the statement has %zu parameters, but %zu values were given",
                            statement->parameter_count, count);
  }
  if (!types_choose(statement, values)) return DRIVER_OK;
  DriverStatus status = pg_statement_parse(statement, error);
  if (status == DRIVER_OK || error->failure != FAILURE_REMOTE ||
      strncmp(error->sqlstate, "42", 2) != 0) {
    return status;
  }
  types_refuse(statement);
  return pg_statement_parse(statement, error);
}
