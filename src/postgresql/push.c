/*
** push.c: how PostgreSQL compares values so that the result is SQLite's. Everything is named with
** pg_catalog: a search_path must not give an operator another meaning.
**
** Texts compare by their bytes under COLLATE "C". NaN sorts behind all numbers in both: it is a text
** here. A parameter has the type that the index of the column knows.
*/
#include "postgresql.h"

#define PARAMETER(type) "CAST(%s AS pg_catalog." type ")"
#define ARRAY(type) "%s OPERATOR(pg_catalog.=) ANY (CAST(%s AS pg_catalog." type "[]))"
#define BYTES "%s COLLATE pg_catalog.\"C\""

/* A class whose own order is SQLite's. */
#define ORDERED(name, type)                                                                        \
  {                                                                                                \
    .class_name = name, .column = "%s", .parameter = PARAMETER(type), .ordered = "%s",             \
    .ordered_parameter = PARAMETER(type), .array = ARRAY(type), .sorts = true                      \
  }

/* Before Christ, or after the year 9999. Infinite dates sort as their texts do. */
#define UNSORTED                                                                                   \
  "%s OPERATOR(pg_catalog.<) '0001-01-01' AND %s OPERATOR(pg_catalog.>) '-infinity' OR "           \
  "%s OPERATOR(pg_catalog.>) '9999-12-31' AND %s OPERATOR(pg_catalog.<) 'infinity'"

#define MOMENT(name, parameter_, text)                                                             \
  {                                                                                                \
    .class_name = name, .column = "%s", .parameter = parameter_, .ordered = "%s",                  \
    .ordered_parameter = parameter_, .beyond = true, .unsorted = UNSORTED,                         \
    .sorted_text = "CAST(" text " AS pg_catalog.text) COLLATE pg_catalog.\"C\""                    \
  }

const DriverCompare pg_compare[] = {
    ORDERED("integer", "int8"),
    {.class_name = "boolean",
     .column = "CAST(%s AS pg_catalog.int4)",
     .parameter = PARAMETER("int8"),
     .ordered = "CAST(%s AS pg_catalog.int4)",
     .ordered_parameter = PARAMETER("int8"),
     .array =
         "CAST(%s AS pg_catalog.int4) OPERATOR(pg_catalog.=) ANY (CAST(%s AS pg_catalog.int8[]))",
     .sorts = true},
    ORDERED("whole", "numeric"),
    ORDERED("decimal", "numeric"),
    ORDERED("real", "float8"),
    ORDERED("single", "float8"),
    {.class_name = "numeric",
     .column = "%s",
     .parameter = PARAMETER("numeric"),
     .ordered = "%s",
     .ordered_parameter = PARAMETER("numeric")},
    {.class_name = "text",
     .column = "%s",
     .parameter = PARAMETER("text"),
     .ordered = BYTES,
     .ordered_parameter = PARAMETER("text"),
     .array = ARRAY("text"),
     .sorts = true},
    {.class_name = "foreign",
     .column = "%s",
     .parameter = PARAMETER("text"),
     .array = ARRAY("text"),
     .ascii = true},
    {.class_name = "char",
     .column = "%s",
     .parameter = PARAMETER("bpchar"),
     .array = ARRAY("bpchar"),
     .ascii = true},
    {.class_name = "enum",
     .column = "CAST(%s AS pg_catalog.text)",
     .parameter = PARAMETER("text"),
     .array =
         "CAST(%s AS pg_catalog.text) OPERATOR(pg_catalog.=) ANY (CAST(%s AS pg_catalog.text[]))",
     .ascii = true},
    ORDERED("uuid", "uuid"),
    MOMENT("date", PARAMETER("date"), "%s"),
    MOMENT("timestamp", PARAMETER("timestamp"), "%s"),
    MOMENT("timestamptz", "pg_catalog.timezone('UTC', CAST(%s AS pg_catalog.timestamp))",
           "pg_catalog.timezone('UTC', %s)"),
    {.class_name = "blob",
     .column = "%s",
     .parameter = PARAMETER("bytea"),
     .ordered = "%s",
     .ordered_parameter = PARAMETER("bytea"),
     .sorts = true},
    {0}};
