/*
** driver_class.c: the classes of driver.h as a table, and what each is declared as in SQLite. One
** table for the catalog (schema_rows.c) and for results (each driver's column()), so that a table
** and a query over it have the same types.
*/
#include "driver_support.h"
#include <string.h>

static const DriverClass classes[] = {
    {"other", "TEXT", false, NULL}, /* first: what an unknown name means */
    {"integer", "INTEGER", false, NULL},
    {"boolean", "INTEGER", false, NULL},
    {"oid", "INTEGER", false, NULL},
    {"whole", "INTEGER", false, NULL},
    {"decimal", "REAL", false, NULL},
    {"number", "NUMERIC", false, NULL},
    {"numeric", "", false, NULL},
    {"any", "", false, NULL},
    {"unsigned", "", false, NULL},
    {"real", "REAL", false, NULL},
    {"single", "REAL", false, NULL},
    {"text", "TEXT", false, NULL},
    {"latin1", "TEXT", false, NULL},
    {"foreign", "TEXT", false, NULL},
    {"char", "TEXT", false, NULL},
    {"enum", "TEXT", false, NULL},
    {"uuid", "TEXT", false, NULL},
    {"date", "TEXT", false, NULL},
    {"timestamp", "TEXT", false, NULL},
    {"timestamptz", "TEXT", false, NULL},
    {"blob", "BLOB", false, NULL},
    {"opaque", "BLOB", false, NULL},
    {"json", "TEXT", true, NULL},
    {"array", "TEXT", true, "lower bounds of arrays other than 1"},
    {"geometry", "BLOB", false, "the SRID"},
};

const DriverClass *driver_class(const char *name) {
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    if (strcmp(classes[i].name, name) == 0) return &classes[i];
  }
  return classes;
}

const char *driver_class_type(const DriverClass *class, const char *numeric, bool unix_time) {
  if (strcmp(class->name, "numeric") == 0) {
    if (strcmp(numeric, "text") == 0) return "TEXT";
    if (strcmp(numeric, "real") == 0) return "REAL";
  }
  if (unix_time && strncmp(class->name, "timestamp", 9) == 0) return "NUMERIC";
  return class->sqlite_type;
}
