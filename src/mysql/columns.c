/*
** columns.c: what the columns of a result are, and the buffers they are fetched into.
**
** A buffer has the column's own form, so that the library copies and converts nothing; numbers are
** made into Values only when asked for (decode.c). Texts and blobs get a buffer that most values
** fit into and that grows with what comes, up to MOST_BYTES; a longer value is fetched when asked
** for.
**
** The client library tells lengths in bytes of the session's character set (utf8mb4, 4 per
** character) and gives text and blobs the same type numbers: character set 63, "binary", tells them
** apart.
*/
#include "my.h"
#include <string.h>

#define FIRST_BYTES 256UL
#define MOST_BYTES 65536UL
#define BINARY_CHARSET 63
#define TYPE_JSON 245
#define TYPE_VECTOR 242

/* ---- MariaDB's extended type names ---- */

static size_t extended_name(const MYSQL_FIELD *field, bool format, char *name, size_t size) {
  name[0] = 0;
#if MY_LIBMARIADB && MARIADB_PACKAGE_VERSION_ID >= 30108
  MARIADB_CONST_STRING text;
  if (mariadb_field_attr(&text, field,
                         format ? MARIADB_FIELD_ATTR_FORMAT_NAME
                                : MARIADB_FIELD_ATTR_DATA_TYPE_NAME) == 0 &&
      text.str != NULL) {
    driver_text(name, size, text.str, text.length);
  }
#else
  (void)field;
  (void)format;
  (void)size;
#endif
  return strlen(name);
}

/* ---- kinds ---- */

static MyKind string_kind(const MYSQL_FIELD *field) {
  char format[16];
  if (extended_name(field, true, format, sizeof format) > 0 && strcmp(format, "json") == 0) {
    return KIND_JSON;
  }
  if ((field->flags & (ENUM_FLAG | SET_FLAG)) != 0) return KIND_TEXT;
  return field->charsetnr == BINARY_CHARSET ? KIND_BLOB : KIND_TEXT;
}

static MyKind field_kind(const MYSQL_FIELD *field) {
  switch ((int)field->type) {
  case MYSQL_TYPE_TINY: return KIND_TINY;
  case MYSQL_TYPE_SHORT:
  case MYSQL_TYPE_YEAR: return KIND_SHORT;
  case MYSQL_TYPE_INT24:
  case MYSQL_TYPE_LONG: return KIND_LONG;
  case MYSQL_TYPE_LONGLONG: return KIND_LONGLONG;
  case MYSQL_TYPE_FLOAT: return KIND_FLOAT;
  case MYSQL_TYPE_DOUBLE: return KIND_DOUBLE;
  case MYSQL_TYPE_DECIMAL:
  case MYSQL_TYPE_NEWDECIMAL: return KIND_DECIMAL;
  case MYSQL_TYPE_DATE:
  case MYSQL_TYPE_NEWDATE: return KIND_DATE;
  case MYSQL_TYPE_DATETIME:
  case MYSQL_TYPE_TIMESTAMP: return KIND_DATETIME;
  case MYSQL_TYPE_TIME: return KIND_TIME;
  case MYSQL_TYPE_BIT: return KIND_BIT;
  case MYSQL_TYPE_NULL: return KIND_NULL;
  case MYSQL_TYPE_GEOMETRY: return KIND_GEOMETRY;
  case TYPE_JSON: return KIND_JSON;
  case TYPE_VECTOR: return KIND_BLOB;
  default: return string_kind(field);
  }
}

/* ---- names of types ---- */

static const char *integer_name(const MYSQL_FIELD *field) {
  switch ((int)field->type) {
  case MYSQL_TYPE_TINY: return field->length == 1 ? "tinyint(1)" : "tinyint";
  case MYSQL_TYPE_SHORT: return "smallint";
  case MYSQL_TYPE_YEAR: return "year";
  case MYSQL_TYPE_INT24: return "mediumint";
  case MYSQL_TYPE_LONG: return "int";
  default: return "bigint";
  }
}

static void text_name(const MYSQL_FIELD *field, MyKind kind, char *name, size_t size) {
  bool binary = kind == KIND_BLOB;
  unsigned long length = field->length / (binary ? 1 : 4);
  if (kind == KIND_JSON) {
    snprintf(name, size, "json");
  } else if ((field->flags & ENUM_FLAG) != 0) {
    snprintf(name, size, "enum");
  } else if ((field->flags & SET_FLAG) != 0) {
    snprintf(name, size, "set");
  } else if ((int)field->type == TYPE_VECTOR) {
    snprintf(name, size, "vector");
  } else if (field->type == MYSQL_TYPE_STRING) {
    snprintf(name, size, "%s(%lu)", binary ? "binary" : "char", length);
  } else if (field->type == MYSQL_TYPE_VAR_STRING || field->type == MYSQL_TYPE_VARCHAR) {
    snprintf(name, size, "%s(%lu)", binary ? "varbinary" : "varchar", length);
  } else {
    const char *prefix = length <= 255         ? "tiny"
                         : length <= 65535     ? ""
                         : length <= 16777215L ? "medium"
                                               : "long";
    snprintf(name, size, "%s%s", prefix, binary ? "blob" : "text");
  }
}

static void fraction_name(const char *base, unsigned int decimals, char *name, size_t size) {
  if (decimals > 0 && decimals <= 6) {
    snprintf(name, size, "%s(%u)", base, decimals);
  } else {
    snprintf(name, size, "%s", base);
  }
}

static void type_name(const MYSQL_FIELD *field, MyColumn *column) {
  char *name = column->remote_type;
  size_t size = sizeof column->remote_type;
  if (extended_name(field, false, name, size) > 0) return; /* uuid, inet6, point … */
  switch (column->kind) {
  case KIND_TINY:
  case KIND_SHORT:
  case KIND_LONG:
  case KIND_LONGLONG:
    snprintf(name, size, "%s%s", integer_name(field),
             column->is_unsigned && field->type != MYSQL_TYPE_YEAR ? " unsigned" : "");
    break;
  case KIND_FLOAT: snprintf(name, size, "float"); break;
  case KIND_DOUBLE: snprintf(name, size, "double"); break;
  case KIND_DECIMAL:
    snprintf(name, size, "decimal(%d,%u)", column->precision, field->decimals);
    break;
  case KIND_DATE: snprintf(name, size, "date"); break;
  case KIND_DATETIME:
    fraction_name(field->type == MYSQL_TYPE_TIMESTAMP ? "timestamp" : "datetime", field->decimals,
                  name, size);
    break;
  case KIND_TIME: fraction_name("time", field->decimals, name, size); break;
  case KIND_BIT: snprintf(name, size, "bit(%lu)", field->length); break;
  case KIND_GEOMETRY: snprintf(name, size, "geometry"); break;
  case KIND_NULL: name[0] = 0; break;
  case KIND_TEXT:
  case KIND_JSON:
  case KIND_BLOB: text_name(field, column->kind, name, size); break;
  }
}

/* By schema_sql.c, which sees the type of a column. A FLOAT comes in the binary protocol as the 4
** bytes that it is, which is what the server compares too; a CHAR without the padding. */
static const char *class_of(const MyColumn *column) {
  switch (column->kind) {
  case KIND_TINY:
  case KIND_LONG: return "integer";
  case KIND_SHORT: return column->type == MYSQL_TYPE_YEAR ? "oid" : "integer";
  /* Above 2^63-1 the values are TEXT, which INTEGER affinity would turn into a rounded REAL. */
  case KIND_LONGLONG: return column->is_unsigned ? "unsigned" : "integer";
  case KIND_FLOAT: return "single";
  case KIND_DOUBLE: return "real";
  case KIND_DECIMAL:
    if (column->precision == 0 || column->precision > 15) return "numeric";
    return column->field_decimals == 0 ? "whole" : "decimal";
  case KIND_DATETIME: return "timestamp";
  case KIND_DATE: return "date";
  case KIND_TEXT:
    if ((column->flags & ENUM_FLAG) != 0) return "enum";
    if ((column->flags & SET_FLAG) != 0 || strncmp(column->remote_type, "inet", 4) == 0) break;
    return strcmp(column->remote_type, "uuid") == 0 ? "uuid" : "text";
  case KIND_JSON: return "json";
  case KIND_BIT: return column->precision <= 63 ? "oid" : "opaque";
  case KIND_BLOB: return "blob";
  case KIND_GEOMETRY: return "geometry";
  case KIND_NULL: return "any";
  case KIND_TIME: break;
  }
  return "other";
}

static void describe(const MyConnection *connection, const MYSQL_FIELD *field, MyColumn *column) {
  column->type = field->type;
  column->flags = field->flags;
  column->charset = field->charsetnr;
  column->field_decimals = field->decimals;
  column->length = field->length;
  column->kind = field_kind(field);
  column->is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
  column->decimals = (int)field->decimals;
  if (column->kind == KIND_DECIMAL) { /* the length counts the sign and the point */
    long precision = (long)field->length - (field->decimals > 0) - !column->is_unsigned;
    column->precision = precision > 0 && precision <= 65 ? (int)precision : 0;
  } else if (column->kind == KIND_BIT) {
    column->precision = (int)field->length;
  }
  type_name(field, column);
  column->class = driver_class(class_of(column));
  column->sqlite_type =
      driver_class_type(column->class, connection->numeric, connection->unix_time);
}

/* ---- buffers ---- */

static bool has_bytes(const MyColumn *column) {
  return column->kind == KIND_DECIMAL || column->kind >= KIND_BIT;
}

static void bind_fixed(MyColumn *column, MYSQL_BIND *bind) {
  static const enum enum_field_types types[] = {
      [KIND_NULL] = MYSQL_TYPE_NULL,         [KIND_TINY] = MYSQL_TYPE_TINY,
      [KIND_SHORT] = MYSQL_TYPE_SHORT,       [KIND_LONG] = MYSQL_TYPE_LONG,
      [KIND_LONGLONG] = MYSQL_TYPE_LONGLONG, [KIND_FLOAT] = MYSQL_TYPE_FLOAT,
      [KIND_DOUBLE] = MYSQL_TYPE_DOUBLE,     [KIND_DECIMAL] = MYSQL_TYPE_STRING,
      [KIND_DATE] = MYSQL_TYPE_DATE,         [KIND_DATETIME] = MYSQL_TYPE_DATETIME,
      [KIND_TIME] = MYSQL_TYPE_TIME,
  };
  bind->buffer_type = types[column->kind];
  bind->buffer = &column->fixed;
  bind->buffer_length = sizeof column->fixed;
}

static bool make_buffer(const DriverHost *host, MyColumn *column, MYSQL_BIND *bind) {
  memset(bind, 0, sizeof *bind);
  bind->is_null = &column->is_null;
  bind->error = &column->cut;
  bind->length = &column->got;
  bind->is_unsigned = column->is_unsigned;
  if (!has_bytes(column)) {
    bind_fixed(column, bind);
    return true;
  }
  unsigned long wanted =
      column->length > 0 && column->length < FIRST_BYTES ? column->length + 1 : FIRST_BYTES;
  column->bytes = host->allocate(wanted);
  if (column->bytes == NULL) return false;
  column->capacity = wanted;
  bind->buffer = column->bytes;
  bind->buffer_length = column->capacity;
  /* Text as it comes and bytes as they come: no conversion in either case. */
  bind->buffer_type = column->kind == KIND_TEXT || column->kind == KIND_DECIMAL ? MYSQL_TYPE_STRING
                                                                                : MYSQL_TYPE_BLOB;
  return true;
}

DriverStatus my_columns_make(MyConnection *connection, const MYSQL_FIELD *fields, size_t count,
                             bool binary, MyColumns *columns, DriverError *error) {
  const DriverHost *host = connection->base.host;
  memset(columns, 0, sizeof *columns);
  if (count == 0) return DRIVER_OK;
  columns->list = host->allocate(count * sizeof *columns->list);
  columns->binds = binary ? host->allocate(count * sizeof *columns->binds) : NULL;
  if (columns->list == NULL || (binary && columns->binds == NULL)) goto failed;
  memset(columns->list, 0, count * sizeof *columns->list);
  columns->count = count;
  for (size_t i = 0; i < count; i++) {
    MyColumn *column = &columns->list[i];
    size_t size = strlen(fields[i].name) + 1;
    column->name = host->allocate(size);
    if (column->name == NULL) goto failed;
    memcpy(column->name, fields[i].name, size);
    describe(connection, &fields[i], column);
    if (binary && !make_buffer(host, column, &columns->binds[i])) goto failed;
  }
  return DRIVER_OK;

failed:
  my_columns_clear(host, columns);
  return driver_error_memory(error);
}

bool my_columns_fit(const MyColumns *columns, const MYSQL_FIELD *fields, size_t count) {
  if (columns->count != count) return false;
  for (size_t i = 0; i < count; i++) {
    const MyColumn *column = &columns->list[i];
    if (column->type != fields[i].type || column->flags != fields[i].flags ||
        column->charset != fields[i].charsetnr || column->field_decimals != fields[i].decimals ||
        column->length != fields[i].length || strcmp(column->name, fields[i].name) != 0) {
      return false;
    }
  }
  return true;
}

void my_columns_clear(const DriverHost *host, MyColumns *columns) {
  for (size_t i = 0; i < columns->count; i++) {
    host->release(columns->list[i].name);
    host->release(columns->list[i].bytes);
    host->release(columns->list[i].whole);
  }
  host->release(columns->list);
  host->release(columns->binds);
  memset(columns, 0, sizeof *columns);
}

/* Before the next row: the buffers that were too small for this one. True when binds
** have changed. */
bool my_columns_grow(const DriverHost *host, MyColumns *columns) {
  bool changed = false;
  for (size_t i = 0; i < columns->count; i++) {
    MyColumn *column = &columns->list[i];
    if (column->enlarge == 0) continue;
    char *bytes = host->reallocate(column->bytes, column->enlarge);
    if (bytes != NULL) { /* else it goes on as before, only slower */
      column->bytes = bytes;
      column->capacity = column->enlarge;
      columns->binds[i].buffer = bytes;
      columns->binds[i].buffer_length = column->capacity;
      changed = true;
    }
    column->enlarge = 0;
  }
  return changed;
}

unsigned long my_column_room(unsigned long wanted) {
  unsigned long room = FIRST_BYTES;
  while (room < wanted)
    room *= 2;
  return room <= MOST_BYTES ? room : 0;
}

/* Only large values have one; the next user of the statement may never need it. */
void my_columns_shrink(const DriverHost *host, MyColumns *columns) {
  for (size_t i = 0; i < columns->count; i++) {
    host->release(columns->list[i].whole);
    columns->list[i].whole = NULL;
    columns->list[i].whole_size = 0;
    columns->list[i].whole_row = 0;
  }
}

#if !MY_WAIT_HOOK
/* A second set of buffers for the same columns; names stay with the first. */
bool my_columns_twin(const DriverHost *host, const MyColumns *columns, MyColumns *twin) {
  memset(twin, 0, sizeof *twin);
  twin->list = host->allocate(columns->count * sizeof *twin->list);
  twin->binds = host->allocate(columns->count * sizeof *twin->binds);
  bool made = twin->list != NULL && twin->binds != NULL;
  for (size_t i = 0; made && i < columns->count; i++) {
    twin->list[i] = columns->list[i];
    twin->list[i].name = twin->list[i].bytes = twin->list[i].whole = NULL;
    twin->list[i].whole_size = twin->list[i].enlarge = 0;
    twin->count++;
    made = make_buffer(host, &twin->list[i], &twin->binds[i]);
  }
  if (!made) my_columns_clear(host, twin);
  return made;
}
#endif
