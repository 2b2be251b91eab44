/*
** types.c: the types that every server has under fixed numbers, and what a type is called and
** declared as. The table is sorted by oid; arrays are made from their element's line.
** The numbers are PostgreSQL's own (pg_type.dat); they never change.
*/
#include "postgresql.h"
#include <stdlib.h>
#include <string.h>

#define TYPE(number, kind_, name_, binary_)                                                        \
  { .oid = number, .kind = kind_, .name = name_, .binary = binary_, .delimiter = ',' }
#define ARRAY(number, element_, name_, binary_)                                                    \
  {                                                                                                \
    .oid = number, .kind = KIND_ARRAY, .name = name_, .binary = binary_, .element = element_,      \
    .delimiter = ','                                                                               \
  }

static const PgType builtin[] = {
    TYPE(16, KIND_BOOL, "boolean", true),
    TYPE(17, KIND_BYTEA, "bytea", true),
    TYPE(18, KIND_CHAR, "\"char\"", true),
    TYPE(19, KIND_TEXT, "name", true),
    TYPE(20, KIND_INT8, "bigint", true),
    TYPE(21, KIND_INT2, "smallint", true),
    TYPE(22, KIND_OTHER, "int2vector", false),
    TYPE(23, KIND_INT4, "integer", true),
    TYPE(24, KIND_OTHER, "regproc", false),
    TYPE(25, KIND_TEXT, "text", true),
    TYPE(26, KIND_OID, "oid", true),
    TYPE(27, KIND_TID, "tid", true),
    TYPE(28, KIND_OID, "xid", true),
    TYPE(29, KIND_OID, "cid", true),
    TYPE(30, KIND_OTHER, "oidvector", false),
    TYPE(114, KIND_JSON, "json", true),
    TYPE(142, KIND_OTHER, "xml", false), /* the binary form adds an encoding declaration */
    ARRAY(143, 142, "xml[]", false),
    ARRAY(199, 114, "json[]", true),
    ARRAY(271, 5069, "xid8[]", true),
    TYPE(600, KIND_OTHER, "point", false),
    TYPE(601, KIND_OTHER, "lseg", false),
    TYPE(602, KIND_OTHER, "path", false),
    {.oid = 603, .kind = KIND_OTHER, .name = "box", .delimiter = ';'},
    TYPE(604, KIND_OTHER, "polygon", false),
    TYPE(628, KIND_OTHER, "line", false),
    ARRAY(629, 628, "line[]", false),
    TYPE(650, KIND_CIDR, "cidr", true),
    ARRAY(651, 650, "cidr[]", true),
    TYPE(700, KIND_FLOAT4, "real", true),
    TYPE(701, KIND_FLOAT8, "double precision", true),
    TYPE(705, KIND_TEXT, "unknown", true),
    TYPE(718, KIND_OTHER, "circle", false),
    ARRAY(719, 718, "circle[]", false),
    TYPE(774, KIND_MACADDR, "macaddr8", true),
    ARRAY(775, 774, "macaddr8[]", true),
    TYPE(790, KIND_OTHER, "money", false), /* its print depends on lc_monetary */
    ARRAY(791, 790, "money[]", false),
    TYPE(829, KIND_MACADDR, "macaddr", true),
    TYPE(869, KIND_INET, "inet", true),
    ARRAY(1000, 16, "boolean[]", true),
    ARRAY(1001, 17, "bytea[]", true),
    ARRAY(1002, 18, "\"char\"[]", true),
    ARRAY(1003, 19, "name[]", true),
    ARRAY(1005, 21, "smallint[]", true),
    ARRAY(1007, 23, "integer[]", true),
    ARRAY(1009, 25, "text[]", true),
    ARRAY(1010, 27, "tid[]", true),
    ARRAY(1011, 28, "xid[]", true),
    ARRAY(1012, 29, "cid[]", true),
    ARRAY(1014, 1042, "char[]", true),
    ARRAY(1015, 1043, "varchar[]", true),
    ARRAY(1016, 20, "bigint[]", true),
    ARRAY(1017, 600, "point[]", false),
    ARRAY(1018, 601, "lseg[]", false),
    ARRAY(1019, 602, "path[]", false),
    ARRAY(1020, 603, "box[]", false),
    ARRAY(1021, 700, "real[]", true),
    ARRAY(1022, 701, "double precision[]", true),
    ARRAY(1027, 604, "polygon[]", false),
    ARRAY(1028, 26, "oid[]", true),
    TYPE(1033, KIND_OTHER, "aclitem", false),
    ARRAY(1034, 1033, "aclitem[]", false),
    ARRAY(1040, 829, "macaddr[]", true),
    ARRAY(1041, 869, "inet[]", true),
    TYPE(1042, KIND_TEXT, "char", true),
    TYPE(1043, KIND_TEXT, "varchar", true),
    TYPE(1082, KIND_DATE, "date", true),
    TYPE(1083, KIND_TIME, "time", true),
    TYPE(1114, KIND_TIMESTAMP, "timestamp", true),
    ARRAY(1115, 1114, "timestamp[]", true),
    ARRAY(1182, 1082, "date[]", true),
    ARRAY(1183, 1083, "time[]", true),
    TYPE(1184, KIND_TIMESTAMPTZ, "timestamptz", true),
    ARRAY(1185, 1184, "timestamptz[]", true),
    TYPE(1186, KIND_INTERVAL, "interval", true),
    ARRAY(1187, 1186, "interval[]", true),
    ARRAY(1231, 1700, "numeric[]", true),
    ARRAY(1263, 2275, "cstring[]", true),
    TYPE(1266, KIND_TIMETZ, "timetz", true),
    ARRAY(1270, 1266, "timetz[]", true),
    TYPE(1560, KIND_BIT, "bit", true),
    ARRAY(1561, 1560, "bit[]", true),
    TYPE(1562, KIND_BIT, "varbit", true),
    ARRAY(1563, 1562, "varbit[]", true),
    TYPE(1700, KIND_NUMERIC, "numeric", true),
    TYPE(1790, KIND_TEXT, "refcursor", true),
    TYPE(2202, KIND_OTHER, "regprocedure", false),
    TYPE(2203, KIND_OTHER, "regoper", false),
    TYPE(2204, KIND_OTHER, "regoperator", false),
    TYPE(2205, KIND_OTHER, "regclass", false),
    TYPE(2206, KIND_OTHER, "regtype", false),
    TYPE(2249, KIND_RECORD, "record", true),
    TYPE(2275, KIND_TEXT, "cstring", true),
    TYPE(2278, KIND_VOID, "void", true),
    ARRAY(2287, 2249, "record[]", true),
    TYPE(2950, KIND_UUID, "uuid", true),
    ARRAY(2951, 2950, "uuid[]", true),
    TYPE(3220, KIND_LSN, "pg_lsn", true),
    ARRAY(3221, 3220, "pg_lsn[]", true),
    TYPE(3614, KIND_OTHER, "tsvector", false),
    TYPE(3615, KIND_OTHER, "tsquery", false),
    ARRAY(3643, 3614, "tsvector[]", false),
    TYPE(3802, KIND_JSONB, "jsonb", true),
    ARRAY(3807, 3802, "jsonb[]", true),
    TYPE(3904, KIND_OTHER, "int4range", false),
    ARRAY(3905, 3904, "int4range[]", false),
    TYPE(3906, KIND_OTHER, "numrange", false),
    ARRAY(3907, 3906, "numrange[]", false),
    TYPE(3908, KIND_OTHER, "tsrange", false),
    ARRAY(3909, 3908, "tsrange[]", false),
    TYPE(3910, KIND_OTHER, "tstzrange", false),
    ARRAY(3911, 3910, "tstzrange[]", false),
    TYPE(3912, KIND_OTHER, "daterange", false),
    ARRAY(3913, 3912, "daterange[]", false),
    TYPE(3926, KIND_OTHER, "int8range", false),
    ARRAY(3927, 3926, "int8range[]", false),
    TYPE(5069, KIND_UINT8, "xid8", true),
};

static const PgType other = {.kind = KIND_OTHER, .name = "", .delimiter = ','};

static int compare(const void *key, const void *entry) {
  Oid oid = *(const Oid *)key, there = ((const PgType *)entry)->oid;
  return oid < there ? -1 : oid > there;
}

const PgType *pg_type_builtin(Oid oid) {
  return bsearch(&oid, builtin, sizeof(builtin) / sizeof(*builtin), sizeof(*builtin), compare);
}

Oid pg_type_builtin_array(Oid element) {
  for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++)
    if (builtin[i].kind == KIND_ARRAY && builtin[i].element == element) return builtin[i].oid;
  return 0;
}

const PgType *pg_type_other(void) {
  return &other;
}

static int numeric_digits(int modifier) {
  return ((modifier - 4) >> 16) & 0xffff;
}

/* 11 bits with sign, since PostgreSQL 15 */
static int numeric_scale(int modifier) {
  return (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
}

int pg_numeric_precision(int modifier) {
  if (modifier < 4) return 0;
  int digits = numeric_digits(modifier), scale = numeric_scale(modifier);
  return scale <= 300 && digits - scale <= 18 ? digits : 0;
}

void pg_type_name(PgConnection *connection, const PgType *type, int modifier, DriverBuffer *name) {
  const PgType *element =
      type->kind == KIND_ARRAY && modifier >= 0 ? pg_type_find(connection, type->element) : NULL;
  if (element != NULL && element->kind != KIND_ARRAY) {
    pg_type_name(connection, element, modifier, name);
    buffer_text(name, "[]");
    return;
  }
  buffer_text(name, type->name);
  if (modifier < 0) return;
  switch (type->oid) {
  case OID_BPCHAR:
  case OID_VARCHAR: buffer_format(name, "(%d)", modifier - 4); break;
  case OID_NUMERIC:
    if (modifier >= 4) {
      buffer_format(name, "(%d,%d)", numeric_digits(modifier), numeric_scale(modifier));
    }
    break;
  case 1083: /* time, timestamp, timestamptz, timetz, bit, varbit */
  case 1114:
  case 1184:
  case 1266:
  case 1560:
  case 1562: buffer_format(name, "(%d)", modifier); break;
  default: break;
  }
}

/* By schema_sql.c, which sees the type of a column. */
const char *pg_type_class(const PgConnection *connection, const PgType *type, int modifier) {
  int precision;
  switch (type->kind) {
  case KIND_BOOL: return "boolean";
  case KIND_INT2:
  case KIND_INT4:
  case KIND_INT8: return "integer";
  case KIND_OID: return "oid";
  case KIND_UINT8: return "any";
  case KIND_FLOAT4: return "single"; /* decoded to the double that the server's own cast gives */
  case KIND_FLOAT8: return "real";
  case KIND_NUMERIC:
    precision = pg_numeric_precision(modifier);
    if (precision == 0 || precision > 15) return "numeric";
    return numeric_scale(modifier) > 0 ? "decimal" : "whole";
  case KIND_DATE: return "date";
  case KIND_TIMESTAMP: return "timestamp";
  case KIND_TIMESTAMPTZ: return "timestamptz";
  case KIND_UUID: return "uuid";
  case KIND_BYTEA: return type->oid < OID_FIRST_OWN ? "blob" : "opaque";
  case KIND_WKB: return "opaque";
  case KIND_JSON:
  case KIND_JSONB:
  case KIND_COMPOSITE:
  case KIND_RECORD: return "json";
  case KIND_ARRAY: return "array";
  case KIND_TEXT:
    if (type->is_enum) return "enum";
    if (type->oid == OID_BPCHAR) return "char"; /* comes with its padding */
    return type->oid == OID_NAME || type->oid == OID_TEXT || type->oid == OID_VARCHAR ||
                   type->oid == OID_UNKNOWN
               ? (connection->utf8_server ? "text" : "foreign")
               : "other";
  default: return "other";
  }
}
