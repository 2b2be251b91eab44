/*
** insert_form.c: see insert_form.h.
*/
#include "insert_form.h"
#include <stdlib.h>

static bool is_name(const Token *token) {
  return token->kind == TOKEN_WORD || token->kind == TOKEN_NAME;
}

/* table or schema.table; *token gets what follows. */
static bool take_target(Lexer *lexer, Token *token, InsertForm *form) {
  *token = lexer_skip(lexer);
  form->target = token->text;
  if (!is_name(token)) return false;
  form->target_size = token->size;
  *token = lexer_skip(lexer);
  if (!token_is_other(token, '.')) return true;
  *token = lexer_skip(lexer);
  if (!is_name(token)) return false;
  form->target_size = (size_t)(token->text + token->size - form->target);
  *token = lexer_skip(lexer);
  return true;
}

/* (a, b), where *token is the first one; it gets what follows. */
static bool take_columns(Lexer *lexer, Token *token, InsertForm *form) {
  form->columns = token->text;
  do {
    *token = lexer_skip(lexer);
    if (!is_name(token)) return false;
    *token = lexer_skip(lexer);
  } while (token_is_other(token, ','));
  if (!token_is_other(token, ')')) return false;
  form->columns_size = (size_t)(token->text + token->size - form->columns);
  *token = lexer_skip(lexer);
  return true;
}

/* ($1, $2, …) */
static bool take_values(Lexer *lexer, size_t values) {
  Token token = lexer_skip(lexer);
  if (!token_is_other(&token, '(')) return false;
  for (size_t i = 1; i <= values; i++) {
    token = lexer_skip(lexer);
    if (token.kind != TOKEN_DOLLAR || strtoul(token.text + 1, NULL, 10) != i) return false;
    token = lexer_skip(lexer);
    if (!token_is_other(&token, i < values ? ',' : ')')) return false;
  }
  return values > 0;
}

bool insert_form(const DriverDialect *dialect, const char *sql, size_t size, size_t values,
                 InsertForm *form) {
  Lexer lexer;
  lexer_init(&lexer, dialect, sql, size);
  *form = (InsertForm){0};
  Token token = lexer_skip(&lexer);
  if (!token_is(&token, "INSERT")) return false;
  token = lexer_skip(&lexer);
  if (!token_is(&token, "INTO") || !take_target(&lexer, &token, form)) return false;
  if (token_is_other(&token, '(') && !take_columns(&lexer, &token, form)) return false;
  if (!token_is(&token, "VALUES") || !take_values(&lexer, values)) return false;
  token = lexer_skip(&lexer);
  if (token.kind == TOKEN_SEMICOLON) token = lexer_skip(&lexer);
  return token.kind == TOKEN_END;
}
