/*
** value.h: between SQLite's values and ours, and the checks of single arguments.
*/
#ifndef CONNECTOR_VALUE_H
#define CONNECTOR_VALUE_H

#include "../src/connector.h"

#define SUBTYPE_JSON 'J' /* what SQLite's own JSON functions mark their results with */

/* Borrowed from the sqlite3_value until it is converted or freed. TEXT with the JSON subtype has `json`
** set. *value is left NULL-typed and SQLITE_NOMEM returned when SQLite could not give the text. */
int value_get(sqlite3_value *from, Value *value);

/* For rows that list tables make. value_text(NULL) is SQL NULL; the text is borrowed. */
Value value_null(void);
Value value_integer(int64_t integer);
Value value_real(double real);
Value value_text(const char *text);
Value value_json(const char *text); /* the same, marked as JSON */

/* Makes it the result, copied. `subtype`: mark JSON text with SQLite's JSON subtype (functions may; SQLite
** carries it through a virtual table's column as well). A NaN becomes the text 'NaN', as SQLite would
** make it NULL. Longer than SQLite's limit: "string or blob too big". */
void value_result(sqlite3_context *context, const Value *value);

/* A text argument: NULL, BLOB or an embedded NUL is an error that names it: "name must be text". The text
** is borrowed and NUL-terminated; *size may be NULL. */
int argument_text(sqlite3_value *value, const char *what, const char **text, size_t *size,
                  Error *error);
/* The same where NULL (or a NULL pointer, not given) means none: *text = NULL then. */
int argument_optional(sqlite3_value *value, const char *what, const char **text, size_t *size,
                      Error *error);

#endif
