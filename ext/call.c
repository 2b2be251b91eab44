/*
** call.c: see call.h.
*/
#include "call.h"
#include "value.h"
#include <string.h>

static int call_target(Connector *connector, sqlite3_value *name, sqlite3_value *operation,
                       Call *call, Error *error) {
  Remote *remote;
  *call = (Call){0};
  int code = argument_text(name, "the connector's name", &call->name, NULL, error);
  if (code != SQLITE_OK) return code;
  code = argument_text(operation, "the operation", &call->operation, &call->size, error);
  if (code != SQLITE_OK) return code;
  code = remote_get(connector, call->name, &remote, error);
  if (code == SQLITE_OK) call->remote = remote_retain(remote);
  return code;
}

int call_begin(Connector *connector, int argc, sqlite3_value **argv, Call *call, Error *error) {
  int code = call_target(connector, argv[0], argv[1], call, error);
  if (code != SQLITE_OK) return code;
  code = arguments_from_values(connector, call->remote->dialect, call->operation, call->size,
                               argc - 2, argv + 2, &call->arguments, error);
  if (code != SQLITE_OK) error_wrap(error, "connector '%s'", call->name);
  return code;
}

int call_begin_json(Connector *connector, sqlite3_value *name, sqlite3_value *operation,
                    sqlite3_value *parameters, Call *call, Error *error) {
  int code = call_target(connector, name, operation, call, error);
  if (code != SQLITE_OK) return code;
  code = arguments_from_json(connector, parameters, &call->arguments, error);
  if (code != SQLITE_OK) error_wrap(error, "connector '%s'", call->name);
  return code;
}

StreamUse call_stream_use(const Call *call) {
  Lexer lexer;
  if (!strcasestr(call->operation, "RETURNING")) return STREAM_READ;
  lexer_init(&lexer, call->remote->dialect, call->operation, call->size);
  for (Token token = lexer_next(&lexer); token.kind != TOKEN_END; token = lexer_next(&lexer)) {
    if (token_is(&token, "RETURNING")) return STREAM_FETCH;
  }
  return STREAM_READ;
}

int call_cursor(Connector *connector, const Call *call, FetchCursor **cursor, Error *error) {
  char *canonical;
  int code = arguments_canonical(connector, &call->arguments, &canonical, error);
  if (code != SQLITE_OK) return code;
  code = cursor_get(connector, call->name, call->operation, call->size, &call->arguments.arguments,
                    canonical, cursor, error);
  sqlite3_free(canonical);
  return code;
}

int call_end(Call *call, int code, Error *error) {
  if (code != SQLITE_OK && !error->block && call->remote) {
    error->block = sqlite3_mprintf("%s", call->remote->block->name);
  }
  arguments_clear(&call->arguments);
  if (call->remote) remote_release(call->remote);
  call->remote = NULL;
  return code;
}
