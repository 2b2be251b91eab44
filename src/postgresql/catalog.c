/*
** catalog.c: types that only this server has: enums, domains, composites, their arrays, and those
** of extensions. They are looked up once per connection, all that are missing in one query, then what
** those are made of, until nothing is missing. The query names pg_catalog in full, so the session's
** search_path does not matter. Entries stay until the connection is closed: pointers to them do.
*/
#include "postgresql.h"
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MOST = 16 }; /* composite in array in composite … */

const PgType *pg_type_find(PgConnection *connection, Oid oid) {
  const PgType *type = pg_type_builtin(oid);
  size_t low = 0, high = connection->type_count;
  while (type == NULL && low < high) {
    size_t middle = (low + high) / 2;
    PgType *there = connection->types[middle];
    if (there->oid == oid) return there;
    if (there->oid < oid)
      low = middle + 1;
    else
      high = middle;
  }
  return type;
}

const PgType *pg_parameter_type(PgStatement *statement, size_t index) {
  PgParameter *parameter = &statement->parameters[index];
  if (parameter->builtin == NULL || parameter->builtin->oid != parameter->actual)
    parameter->builtin = pg_type_builtin(parameter->actual);
  return parameter->builtin != NULL ? parameter->builtin
                                    : pg_type_find(statement->connection, parameter->actual);
}

static void type_free(const DriverHost *host, PgType *type) {
  if (type == NULL) return;
  for (size_t i = 0; i < type->field_count; i++)
    host->release(type->fields[i].name);
  host->release(type->fields);
  host->release((char *)type->name);
  host->release(type);
}

void pg_types_clear(PgConnection *connection) {
  const DriverHost *host = connection->base.host;
  for (size_t i = 0; i < connection->type_count; i++)
    type_free(host, connection->types[i]);
  host->release(connection->types);
  connection->types = NULL;
  connection->type_count = 0;
}

static char *text_copy(const DriverHost *host, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = host->allocate(size);
  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static bool type_add(PgConnection *connection, PgType *type) {
  const DriverHost *host = connection->base.host;
  PgType **types = host->reallocate(connection->types,
                                    (connection->type_count + 1) * sizeof(*connection->types));
  if (types == NULL) return false;
  size_t at = connection->type_count++;
  for (; at > 0 && types[at - 1]->oid > type->oid; at--)
    types[at] = types[at - 1];
  types[at] = type;
  connection->types = types;
  return true;
}

/* ---------------------------------------------------------------- one answer */

enum {
  COLUMN_OID,
  COLUMN_NAME,
  COLUMN_TYPE,
  COLUMN_ELEMENT,
  COLUMN_BASE,
  COLUMN_ARRAY,
  COLUMN_SEND,
  COLUMN_DELIMITER,
  COLUMN_FIELD,
  COLUMN_FIELD_TYPE
};

static const char *const type_query =
    "SELECT t.oid, pg_catalog.format_type(t.oid, NULL), t.typtype, t.typelem, t.typbasetype,"
    " t.typlen = -1 AND t.typelem <> 0 AND t.typoutput = "
    "'pg_catalog.array_out'::pg_catalog.regproc,"
    " p.prosrc, t.typdelim, a.attname, a.atttypid"
    " FROM pg_catalog.pg_type t"
    " LEFT JOIN pg_catalog.pg_proc p ON p.oid = t.typsend"
    " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND t.typtype = 'c'"
    " AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE t.oid = ANY ($1::pg_catalog.oid[]) ORDER BY t.oid, a.attnum";

static Oid oid_of(const PGresult *result, int row, int column) {
  return (Oid)strtoul(PQgetvalue(result, row, column), NULL, 10);
}

/* What a base type or an enum is, from the name of the function that sends it. */
static PgKind kind_of(const PGresult *result, int row) {
  static const struct {
    const char *source;
    PgKind kind;
  } known[] = {{"textsend", KIND_TEXT},   {"varcharsend", KIND_TEXT},  {"bpcharsend", KIND_TEXT},
               {"namesend", KIND_TEXT},   {"enum_send", KIND_TEXT},    {"byteasend", KIND_BYTEA},
               {"LWGEOM_send", KIND_WKB}, {"geography_send", KIND_WKB}};
  const char *source = PQgetvalue(result, row, COLUMN_SEND);
  const char *type = PQgetvalue(result, row, COLUMN_TYPE);
  if (*PQgetvalue(result, row, COLUMN_ARRAY) == 't') return KIND_ARRAY;
  if (*type == 'c') return KIND_COMPOSITE;
  if (*type == 'e') return KIND_TEXT;
  for (size_t i = 0; *type == 'b' && i < sizeof(known) / sizeof(*known); i++) {
    if (strcmp(source, known[i].source) == 0) return known[i].kind;
  }
  return KIND_OTHER;
}

/* A domain looks like an array of nothing here; `element` holds its base until types_finish. */
static PgType *type_read(PgConnection *connection, const PGresult *result, int row, int rows) {
  const DriverHost *host = connection->base.host;
  PgType *type = host->allocate(sizeof(*type));
  if (type == NULL) return NULL;
  memset(type, 0, sizeof(*type));
  type->fresh = true;
  type->oid = oid_of(result, row, COLUMN_OID);
  type->kind = kind_of(result, row);
  type->is_enum = *PQgetvalue(result, row, COLUMN_TYPE) == 'e';
  type->name = text_copy(host, PQgetvalue(result, row, COLUMN_NAME));
  type->delimiter = *PQgetvalue(result, row, COLUMN_DELIMITER);
  if (type->kind == KIND_ARRAY) type->element = oid_of(result, row, COLUMN_ELEMENT);
  bool failed = type->name == NULL;
  if (type->kind == KIND_COMPOSITE && !PQgetisnull(result, row, COLUMN_FIELD)) {
    type->fields = host->allocate((size_t)rows * sizeof(*type->fields));
    failed = failed || type->fields == NULL;
    for (int i = 0; i < rows && !failed; i++) {
      PgField *field = &type->fields[type->field_count++];
      field->name = text_copy(host, PQgetvalue(result, row + i, COLUMN_FIELD));
      field->type = oid_of(result, row + i, COLUMN_FIELD_TYPE);
      failed = field->name == NULL;
    }
  }
  if (failed) {
    type_free(host, type);
    return NULL;
  }
  return type;
}

/* ---------------------------------------------------------------- what is missing */

static void oid_add(PgConnection *connection, DriverBuffer *set, Oid oid) {
  const Oid *have = (const Oid *)(const void *)set->data;
  if (oid == 0 || pg_type_find(connection, oid) != NULL) return;
  for (size_t i = 0; i < set->size / sizeof(Oid); i++) {
    if (have[i] == oid) return;
  }
  buffer_append(set, (const char *)&oid, sizeof(oid));
}

static void oid_add_parts(PgConnection *connection, DriverBuffer *set, const PgType *type) {
  oid_add(connection, set, type->element);
  for (size_t i = 0; i < type->field_count; i++)
    oid_add(connection, set, type->fields[i].type);
}

/* A type that the server does not know (or a part of one that was dropped) is printed text. */
static bool types_unknown(PgConnection *connection, const DriverBuffer *set) {
  const Oid *oids = (const Oid *)(const void *)set->data;
  const DriverHost *host = connection->base.host;
  for (size_t i = 0; i < set->size / sizeof(Oid); i++) {
    if (pg_type_find(connection, oids[i]) != NULL) continue;
    PgType *type = host->allocate(sizeof(*type));
    if (type == NULL) return false;
    *type = *pg_type_other();
    type->fresh = true;
    type->oid = oids[i];
    type->name = text_copy(host, "");
    if (type->name == NULL || !type_add(connection, type)) {
      type_free(host, type);
      return false;
    }
  }
  return true;
}

/* Asks for the types in `set`; puts what they are made of and is still missing into `next`. */
static DriverStatus types_ask(PgConnection *connection, const DriverBuffer *set, DriverBuffer *next,
                              DriverError *error) {
  const Oid *oids = (const Oid *)(const void *)set->data;
  DriverBuffer list;
  PGresult *result = NULL;
  buffer_init(&list, connection->base.host);
  for (size_t i = 0; i < set->size / sizeof(Oid); i++) {
    buffer_format(&list, "%c%u", i == 0 ? '{' : ',', oids[i]);
  }
  buffer_text(&list, "}");
  const char *value = list.data;
  DriverStatus status = list.failed ? driver_error_memory(error)
                                    : pg_query(connection, type_query, 1, &value, &result, error);
  int count = status == DRIVER_OK ? PQntuples(result) : 0;
  for (int row = 0, rows; row < count && status == DRIVER_OK; row += rows) {
    Oid oid = oid_of(result, row, COLUMN_OID);
    for (rows = 1; row + rows < count && oid_of(result, row + rows, COLUMN_OID) == oid;)
      rows++;
    if (pg_type_find(connection, oid) != NULL) continue;
    PgType *type = type_read(connection, result, row, rows);
    if (type == NULL || !type_add(connection, type)) {
      type_free(connection->base.host, type);
      status = driver_error_memory(error);
      break;
    }
    if (*PQgetvalue(result, row, COLUMN_TYPE) == 'd') {
      type->element = oid_of(result, row, COLUMN_BASE);
      type->kind = KIND_VOID; /* a mark, see types_finish */
    }
    oid_add_parts(connection, next, type);
  }
  if (status == DRIVER_OK && !types_unknown(connection, set)) status = driver_error_memory(error);
  PQclear(result);
  buffer_clear(&list);
  return status;
}

/* Domains become what they are based on. */
static bool domain_finish(PgConnection *connection, PgType *type) {
  const DriverHost *host = connection->base.host;
  const PgType *base = pg_type_find(connection, type->element);
  for (int i = 0; i < LEVELS_MOST && base != NULL && base->kind == KIND_VOID; i++) {
    base = pg_type_find(connection, base->element);
  }
  if (base == NULL || base->kind == KIND_VOID) base = pg_type_other();
  type->kind = base->kind;
  type->is_enum = base->is_enum;
  type->element = base->element;
  type->binary = base->binary;
  if (base->field_count == 0) return true;
  type->fields = host->allocate(base->field_count * sizeof(*type->fields));
  if (type->fields == NULL) return false;
  for (size_t i = 0; i < base->field_count; i++) {
    type->fields[i].type = base->fields[i].type;
    type->fields[i].name = text_copy(host, base->fields[i].name);
    if (type->fields[i].name == NULL) return false;
    type->field_count = i + 1;
  }
  return true;
}

static bool type_binary(PgConnection *connection, const PgType *type, int level) {
  if (type == NULL || level > LEVELS_MOST) return false;
  if (type->kind == KIND_ARRAY) {
    return type_binary(connection, pg_type_find(connection, type->element), level + 1);
  }
  for (size_t i = 0; i < type->field_count; i++) {
    if (!type_binary(connection, pg_type_find(connection, type->fields[i].type), level + 1)) {
      return false;
    }
  }
  return type->kind != KIND_OTHER;
}

/* Ends a look-up: what it brought is kept, or (half known, and nobody points at it) forgotten. */
static void types_settle(PgConnection *connection, bool keep) {
  size_t kept = 0;
  for (size_t i = 0; i < connection->type_count; i++) {
    PgType *type = connection->types[i];
    if (type->fresh && !keep) {
      type_free(connection->base.host, type);
      continue;
    }
    connection->types[kept++] = type;
  }
  connection->type_count = kept;
  for (size_t i = 0; i < kept; i++) {
    PgType *type = connection->types[i];
    if (type->fresh) type->binary = type_binary(connection, type, 0);
  }
  for (size_t i = 0; i < kept; i++)
    connection->types[i]->fresh = false;
}

DriverStatus pg_types_learn(PgConnection *connection, const Oid *oids, size_t count,
                            DriverError *error) {
  DriverBuffer set, next;
  DriverStatus status = DRIVER_OK;
  buffer_init(&set, connection->base.host);
  buffer_init(&next, connection->base.host);
  for (size_t i = 0; i < count; i++)
    oid_add(connection, &set, oids[i]);
  bool any = set.size > 0;
  while (set.size > 0 && status == DRIVER_OK) {
    status = types_ask(connection, &set, &next, error);
    if (set.failed || next.failed) status = driver_error_memory(error);
    DriverBuffer swap = set;
    set = next;
    next = swap;
    buffer_reset(&next);
  }
  buffer_clear(&set);
  buffer_clear(&next);
  for (size_t i = 0; any && status == DRIVER_OK && i < connection->type_count; i++) {
    PgType *type = connection->types[i];
    if (type->kind == KIND_VOID && !domain_finish(connection, type)) {
      status = driver_error_memory(error);
    }
  }
  if (any) types_settle(connection, status == DRIVER_OK);
  return status;
}
