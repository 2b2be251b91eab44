/*
** call.h: the arguments that most functions share: a block's name, an operation, its parameters.
*/
#ifndef CONNECTOR_CALL_H
#define CONNECTOR_CALL_H

#include "../src/cursor.h"
#include "arguments.h"

/* Texts are borrowed from the arguments. */
typedef struct Call {
  const char *name;
  Remote *remote; /* retained */
  const char *operation;
  size_t size;
  CallArguments arguments;
} Call;

/* argv = name, operation and parameter values. Whatever it returns, call_end follows. */
int call_begin(Connector *connector, int argc, sqlite3_value **argv, Call *call, Error *error);
/* The table forms: parameters are one JSON text or none. */
int call_begin_json(Connector *connector, sqlite3_value *name, sqlite3_value *operation,
                    sqlite3_value *parameters, Call *call, Error *error);
/* How to open a stream that shows the call's rows. A statement that writes and says RETURNING is simply run:
** MariaDB tells only then that it gives rows. Any other statement without rows is refused before it runs. */
StreamUse call_stream_use(const Call *call);
/* The shared fetch cursor of this call, opened when there is none. Borrowed. */
int call_cursor(Connector *connector, const Call *call, FetchCursor **cursor, Error *error);
/* Frees, and adds the block's name to an error that does not have it. Returns `code`. */
int call_end(Call *call, int code, Error *error);

#endif
