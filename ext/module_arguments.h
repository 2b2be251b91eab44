/*
** module_arguments.h: what stands between the parentheses of CREATE VIRTUAL TABLE … USING connector(…).
**
**   (shop)                                                      a block table
**   (shop, 'public.orders')                                     a remote table; its columns are asked for
**   (shop, 'public.orders', "id" INTEGER PRIMARY KEY, "city" TEXT REMOTE text equality, rows=1000)
**   (shop, query='SELECT … WHERE city = :city', "id" INTEGER, "name" TEXT, "city" HIDDEN)
**
** A column is a name, a type, and what follows in any order: NOT NULL, PRIMARY KEY, COLLATE name, HIDDEN
** (a parameter of the query), and at the end REMOTE with what is known of the column on the server: its
** name there in double quotes when it has another one, the class of its values (driver.h), how its texts
** compare (bytes, equality, inexact), whether they are short, whether it is unique or indexed, and whether the
** server makes its value (generated), or can (default). INTEGER PRIMARY KEY at a column
** makes it the rowid; any other key is told by PRIMARY KEY("a", "b"), also of a table or view whose columns are asked
** for. identity=ctid (rowid, …) is what the server has to tell the rows of a table without a key apart: the name of a
** DriverIdentity. With readonly, or readonly=true, nothing is written.
*/
#ifndef CONNECTOR_MODULE_ARGUMENTS_H
#define CONNECTOR_MODULE_ARGUMENTS_H

#include "../src/connector.h"
#include "../src/schema.h"

/* Own memory throughout. */
typedef struct ModuleColumn {
  char *name;
  char *type;       /* "" = none */
  char *collation;  /* NULL = BINARY */
  char *remote;     /* name on the server, NULL = the same */
  char *class_name; /* NULL = not known */
  SchemaCompare compare;
  bool hidden, not_null, unique, indexed, short_text;
  bool generated; /* an expression makes its value: it cannot be written */
  bool fallback;  /* the server has a value when none is given: DEFAULT, identity */
  bool rowid;     /* PRIMARY KEY stands at the column, which is INTEGER: it is the rowid */
  int key;        /* place in the key from 1; 0 = not in it */
} ModuleColumn;

typedef struct ModuleArguments {
  char *block; /* a block's name, or a URL */
  bool is_url;
  char *table;           /* 'schema.table' as written; NULL = none */
  char *query;           /* NULL = none; with neither it is a block table */
  ModuleColumn *columns; /* visible ones first, then the hidden parameters */
  int column_count, visible_count, column_room;
  int key_count;
  char *key;      /* ("a", "b") of PRIMARY KEY while there are no columns yet; NULL = none */
  char *identity; /* NULL = none */
  bool readonly;
  int64_t rows; /* estimate; -1 = not known */
} ModuleArguments;

/* argv of xCreate / xConnect from the block's name on. Opens and looks up nothing. Clear it in every case.
** A secret in it is an error that does not repeat it. */
int module_arguments_parse(int argc, const char *const *argv, ModuleArguments *arguments,
                           Error *error);
/* One more argument behind the block, as if it had stood in the statement. */
int module_arguments_add(ModuleArguments *arguments, const char *text, Error *error);
/* The key that was told before there were columns, in place of what they have. */
int module_arguments_key(ModuleArguments *arguments, Error *error);
/* What only the whole of them shows. */
int module_arguments_check(const ModuleArguments *arguments, Error *error);
void module_arguments_clear(ModuleArguments *arguments);

/* ---- columns (column_definition.c) ---- */

/* Parses `text`; on error what was made is cleared with the column. Zeroed before. */
int column_definition_parse(const char *text, ModuleColumn *column, Error *error);
void column_definition_clear(ModuleColumn *column);
/* Appends the definition: for the CREATE statement with all that is known, for sqlite3_declare_vtab
** without what only we understand. */
void column_definition_print(sqlite3_str *text, const ModuleColumn *column, bool declare);

#endif
