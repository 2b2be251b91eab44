/*
** lexer_fuzz.c: any bytes as SQL; the first one chooses the dialect. Tokens put together are the
** text; a script's statements stand in the text in order and hold nothing but themselves; what a
** statement is does not depend on space, comments and a `;` around it.
**
** sources: src/lexer.c src/script.c src/statement_class.c
*/
#include "lexer.h"
#include "fuzz.h"
#include "../unit/dialects.h"

static void check_tokens(const DriverDialect *dialect, const char *sql, size_t size) {
  Lexer lexer;
  const char *at = sql;
  lexer_init(&lexer, dialect, sql, size);
  for (Token token = lexer_next(&lexer); token.kind != TOKEN_END; token = lexer_next(&lexer)) {
    REQUIRE(token.text == at && token.size > 0);
    REQUIRE(token.kind != TOKEN_BROKEN || token.text + token.size == sql + size);
    at += token.size;
  }
  REQUIRE(at == sql + size);
  REQUIRE(lexer_next(&lexer).kind == TOKEN_END);
}

/* Nothing but space, `;` and marks of executable comments. */
static bool is_empty(const DriverDialect *dialect, const char *sql, size_t size) {
  Lexer lexer;
  lexer_init(&lexer, dialect, sql, size);
  Token token = lexer_skip(&lexer);
  while (token.kind == TOKEN_SEMICOLON || token_is_other(&token, '('))
    token = lexer_skip(&lexer);
  return token.kind == TOKEN_END || (token.kind == TOKEN_BROKEN && token.text[0] == '/');
}

/* MySQL's `--` is two operators before `#` and a comment at the end: cut there it means another
** thing. */
static bool ends_in_dashes(const char *sql, size_t size) {
  return size >= 2 && sql[size - 1] == '-' && sql[size - 2] == '-';
}

static void check_class(const DriverDialect *dialect, const char *sql, size_t size) {
  static const char before[] = " /* x */ ";
  StatementClass class = statement_class(dialect, sql, size);
  REQUIRE(class <= STATEMENT_ALONE);
  if (!dialect->executable_comments) {
    REQUIRE((class == STATEMENT_EMPTY) == is_empty(dialect, sql, size));
  }
  if (dialect->dash_needs_space && ends_in_dashes(sql, size)) return;
  char *longer = malloc(size + sizeof before);
  memcpy(longer, before, sizeof before - 1);
  memcpy(longer + sizeof before - 1, sql, size);
  longer[size + sizeof before - 1] = ';';
  REQUIRE(statement_class(dialect, longer, size + sizeof before) == class);
  free(longer);
}

static void check_script(const DriverDialect *dialect, const char *sql, size_t size) {
  const char *at = sql, *end = sql + size, *statement, *last = sql;
  size_t length;
  while (script_next(dialect, &at, end, &statement, &length)) {
    REQUIRE(length > 0 && statement >= last && statement + length <= at && at <= end);
    REQUIRE(is_empty(dialect, last, (size_t)(statement - last)));
    last = statement + length;
    if (dialect->dash_needs_space && ends_in_dashes(statement, length)) continue;
    const char *inner = statement, *again;
    size_t again_length;
    REQUIRE(script_next(dialect, &inner, last, &again, &again_length));
    REQUIRE(again == statement && again_length == length);
    REQUIRE(!script_next(dialect, &inner, last, &again, &again_length));
    check_class(dialect, statement, length);
  }
  REQUIRE(at == end && is_empty(dialect, last, (size_t)(end - last)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const DriverDialect *const dialects[] = {&postgresql, &mysql, &sqlite};
  if (size == 0) return 0;
  const DriverDialect *dialect = dialects[data[0] % 3];
  /* a copy of the exact size, so that a read behind the end is seen */
  char *sql = malloc(size);
  memcpy(sql, data + 1, size - 1);
  sql = realloc(sql, size > 1 ? size - 1 : 1);
  check_tokens(dialect, sql, size - 1);
  check_script(dialect, sql, size - 1);
  check_class(dialect, sql, size - 1);
  free(sql);
  return 0;
}
