/*
** module_arguments.h: what stands between the parentheses of CREATE VIRTUAL TABLE … USING connector(…).
**
**   (shop)                                                      a block table
**   (shop, query='SELECT … WHERE city = :city', "id" INTEGER, "name" TEXT, "city" HIDDEN)
*/
#ifndef CONNECTOR_MODULE_ARGUMENTS_H
#define CONNECTOR_MODULE_ARGUMENTS_H

#include "../src/connector.h"

typedef struct ModuleColumn {
  char *name;
  const char *definition; /* "\"id\" INTEGER" as written; borrowed from the argument's copy */
  bool hidden;
} ModuleColumn;

/* Own memory throughout. */
typedef struct ModuleArguments {
  char *block; /* a block's name, or a URL */
  bool is_url;
  char *query;           /* NULL for a block table */
  ModuleColumn *columns; /* visible ones first, then the hidden parameters */
  int column_count, visible_count;
  char *text; /* copies of the arguments, one after the other */
} ModuleArguments;

/* argv of xCreate / xConnect from the block's name on. Opens and looks up nothing. Clear it in every case.
** A secret in it is an error that does not repeat it. */
int module_arguments_parse(int argc, const char *const *argv, ModuleArguments *arguments,
                           Error *error);
void module_arguments_clear(ModuleArguments *arguments);

#endif
