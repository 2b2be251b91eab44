/*
** arguments.c: see arguments.h. What the names and positions mean inside the operation is
** src/parameters.c's; this file only gathers the values.
*/
#include "arguments.h"
#include "value.h"
#include <string.h>

/* The first token of a parameter's kind, a `:name` before all others. */
static TokenKind first_parameter(const DriverDialect *dialect, const char *sql, size_t size) {
  Lexer lexer;
  TokenKind found = TOKEN_END;
  lexer_init(&lexer, dialect, sql, size);
  for (;;) {
    Token token = lexer_next(&lexer);
    if (token.kind == TOKEN_END) return found;
    if (token.kind == TOKEN_COLON) return TOKEN_COLON;
    if (token.kind == TOKEN_QUESTION || token.kind == TOKEN_DOLLAR) found = token.kind;
  }
}

bool arguments_are_named(const DriverDialect *dialect, const char *sql, size_t size) {
  return first_parameter(dialect, sql, size) == TOKEN_COLON;
}

static bool is_object_text(const Value *value) {
  if (value->type != VALUE_TEXT) return false;
  size_t at = 0;
  while (at < value->bytes.size && strchr(" \t\r\n", value->bytes.data[at]))
    at++;
  return at < value->bytes.size && value->bytes.data[at] == '{';
}

/* Positional values out of a parsed JSON array. */
static int positions_of(CallArguments *result, Error *error) {
  size_t count = result->items->count;
  result->values = sqlite3_malloc64((count + 1) * sizeof *result->values);
  if (!result->values) return error_memory(error);
  for (size_t i = 0; i < count; i++)
    result->values[i] = result->items->items[i].value;
  result->arguments.positional = result->values;
  result->arguments.positional_count = count;
  return SQLITE_OK;
}

int arguments_from_text(Connector *connector, const char *text, size_t size, CallArguments *result,
                        Error *error) {
  *result = (CallArguments){0};
  int code = json_parse(connector, text, size, &result->items, error);
  if (code != SQLITE_OK) return code;
  if (result->items->is_object) {
    result->arguments.named = result->items;
    result->json = text;
    result->json_size = size;
    return SQLITE_OK;
  }
  code = positions_of(result, error);
  if (code != SQLITE_OK) arguments_clear(result);
  return code;
}

int arguments_from_json(Connector *connector, sqlite3_value *parameters, CallArguments *result,
                        Error *error) {
  const char *text;
  size_t size;
  *result = (CallArguments){0};
  int code = argument_optional(parameters, "parameters", &text, &size, error);
  if (code != SQLITE_OK || size == 0) return code;
  code = arguments_from_text(connector, text, size, result, error);
  if (code != SQLITE_OK) error_wrap(error, "parameters (one JSON object or array)");
  return code;
}

int arguments_from_values(Connector *connector, const DriverDialect *dialect, const char *sql,
                          size_t size, int argc, sqlite3_value **argv, CallArguments *result,
                          Error *error) {
  *result = (CallArguments){0};
  if (argc == 0) return SQLITE_OK;
  Value *values = sqlite3_malloc64((size_t)argc * sizeof *values);
  if (!values) return error_memory(error);
  for (int i = 0; i < argc; i++) {
    if (value_get(argv[i], &values[i]) != SQLITE_OK) {
      sqlite3_free(values);
      return error_memory(error);
    }
  }
  /* an operation without parameters takes '{}' and NULL for none, as callers that always pass them do */
  bool is_null = argc == 1 && values[0].type == VALUE_NULL;
  bool is_object = argc == 1 && is_object_text(&values[0]);
  TokenKind kind = is_null || is_object ? first_parameter(dialect, sql, size) : TOKEN_QUESTION;
  if (kind == TOKEN_END && is_null) {
    sqlite3_free(values);
    return SQLITE_OK;
  }
  if (is_object && (kind == TOKEN_COLON || kind == TOKEN_END)) {
    Value json = values[0];
    sqlite3_free(values);
    int code = arguments_from_text(connector, json.bytes.data, json.bytes.size, result, error);
    if (code != SQLITE_OK) error_wrap(error, "parameters");
    return code;
  }
  result->values = values;
  result->arguments.positional = values;
  result->arguments.positional_count = (size_t)argc;
  return SQLITE_OK;
}

void arguments_clear(CallArguments *arguments) {
  sqlite3_free(arguments->values);
  json_free(arguments->items);
  *arguments = (CallArguments){0};
}

int arguments_canonical(Connector *connector, const CallArguments *arguments, char **canonical,
                        Error *error) {
  const Arguments *given = &arguments->arguments;
  if (given->named) {
    return json_canonical(connector, arguments->json, arguments->json_size, canonical, error);
  }
  if (given->positional_count == 0) return json_canonical(connector, "", 0, canonical, error);
  DriverBuffer buffer;
  buffer_init(&buffer, &connector->host);
  for (size_t i = 0; i < given->positional_count; i++) {
    buffer_text(&buffer, i ? "," : "[");
    json_value(&buffer, &given->positional[i]);
  }
  buffer_text(&buffer, "]");
  int code = buffer.failed ? error_memory(error)
                           : json_canonical(connector, buffer.data, buffer.size, canonical, error);
  buffer_clear(&buffer);
  return code;
}
