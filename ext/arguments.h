/*
** arguments.h: from the SQL arguments of a call to the parameters of an operation.
**
**   connector_value('shop', 'SELECT … WHERE a = ? AND b = $2', 1, 'x')     by position, native types
**   connector_value('shop', 'SELECT … WHERE a = :a', '{"a":1}')            by name, one JSON object
**   connector_fetch_all('shop', 'SELECT … WHERE a = ?', '[1]')             table forms: always JSON
*/
#ifndef CONNECTOR_ARGUMENTS_H
#define CONNECTOR_ARGUMENTS_H

#include "../src/parameters.h"

/* The bytes of positional values are borrowed from the sqlite3_values they came from. */
typedef struct CallArguments {
  Arguments arguments;
  Value *values;    /* positional ones */
  JsonItems *items; /* of the JSON text, in either form */
  const char *json; /* the text of the named form, borrowed; NULL otherwise */
  size_t json_size;
} CallArguments;

/* Function forms: `argc` values after the operation. One value that is the text of a JSON object is the
** named form when the operation has a `:name`. On error nothing needs clearing. */
int arguments_from_values(Connector *connector, const DriverDialect *dialect, const char *sql,
                          size_t size, int argc, sqlite3_value **argv, CallArguments *result,
                          Error *error);
/* Table forms: one JSON object or array, or NULL / '' / a NULL pointer for none. */
int arguments_from_json(Connector *connector, sqlite3_value *parameters, CallArguments *result,
                        Error *error);
/* The same from a text, for one set of execute_many. */
int arguments_from_text(Connector *connector, const char *text, size_t size, CallArguments *result,
                        Error *error);
/* True when the operation takes its values by name. */
bool arguments_are_named(const DriverDialect *dialect, const char *sql, size_t size);
void arguments_clear(CallArguments *arguments);

/* What makes two calls "the same parameters": canonical JSON, sqlite3_malloc'ed. No parameters are "{}" in
** every form; positional values are a JSON array. */
int arguments_canonical(Connector *connector, const CallArguments *arguments, char **canonical,
                        Error *error);

#endif
