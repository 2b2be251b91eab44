/*
** lexer.c: the tokenizer of lexer.h. Each function below passes one thing and says how long it is;
** lexer_next chooses among them by the first byte.
**
** Sources of the rules: PostgreSQL scan.l (nested comments, E'' with its continuation over lines,
** dollar quotes, names with $ inside), MySQL's lexical structure (backslashes, -- only before
** space, executable comments, @variables), SQLite tokenize.c ([names], parameters ?1 :a @a $a).
**
** Relies on the session: PostgreSQL with standard_conforming_strings on, MySQL without ANSI_QUOTES
** and NO_BACKSLASH_ESCAPES. The drivers pin both when they connect.
*/
#include "lexer.h"

#include <string.h>

/* ---------------------------------------------------------------- bytes */

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

bool lexer_is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '$';
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The byte `ahead` of the current one, or NUL behind the end. */
static char peek(const Lexer *lexer, size_t ahead) {
  return ahead < (size_t)(lexer->end - lexer->at) ? lexer->at[ahead] : 0;
}

static const char *pass_word(const char *at, const char *end) {
  while (at < end && lexer_is_word(*at))
    at++;
  return at;
}

/* ---------------------------------------------------------------- comments */

/* A byte order mark is space: scripts written by some editors start with one. */
static bool is_mark(const char *at, const char *end) {
  return end - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0;
}

static const char *pass_space(const char *at, const char *end) {
  for (;;) {
    if (at < end && is_space(*at)) {
      at++;
    } else if (is_mark(at, end)) {
      at += 3;
    } else {
      return at;
    }
  }
}

/* To the end of the line, which is left. Only PostgreSQL, whose comments nest, ends it at \r
** too. */
static const char *pass_line(const Lexer *lexer, const char *at) {
  while (at < lexer->end && *at != '\n' && !(*at == '\r' && lexer->dialect->nested_comments))
    at++;
  return at;
}

static bool is_dash_comment(const Lexer *lexer) {
  if (peek(lexer, 0) != '-' || peek(lexer, 1) != '-') return false;
  char next = peek(lexer, 2);
  return !lexer->dialect->dash_needs_space || is_space(next) || (unsigned char)next < 0x20 ||
         next == 0x7F;
}

/* Behind slash-star's end, or NULL when there is none. */
static const char *pass_comment(const Lexer *lexer) {
  int depth = 1;
  const char *at = lexer->at + 2;
  while (lexer->end - at >= 2) {
    if (at[0] == '*' && at[1] == '/') {
      at += 2;
      if (--depth == 0) return at;
    } else if (at[0] == '/' && at[1] == '*' && lexer->dialect->nested_comments) {
      depth++;
      at += 2;
    } else {
      at++;
    }
  }
  return NULL;
}

/* Slash-star ! 50001, or slash-star M!: size of the opening with its version of 5 or 6 digits, or
** 0. */
static size_t executable_size(const Lexer *lexer) {
  if (!lexer->dialect->executable_comments) return 0;
  size_t size = peek(lexer, 2) == '!' ? 3 : peek(lexer, 2) == 'M' && peek(lexer, 3) == '!' ? 4 : 0;
  if (!size) return 0;
  size_t digits = 0;
  while (digits < 6 && is_digit(peek(lexer, size + digits)))
    digits++;
  return digits >= 5 ? size + digits : size;
}

/* ---------------------------------------------------------------- quotes */

/* Behind the closing quote, or NULL when there is none. A doubled quote does not close. */
static const char *pass_quoted(const char *at, const char *end, char quote, bool backslash) {
  for (at++; at < end; at++) {
    if (*at == '\\' && backslash && at + 1 < end) {
      at++;
    } else if (*at == quote) {
      if (at + 1 == end || at[1] != quote) return at + 1;
      at++;
    }
  }
  return NULL;
}

/* PostgreSQL goes on with a literal whose next part follows on another line, and its backslash rule
** is that of the first part: E'a'\n'b\'c'. The start of the next part, or NULL. */
static const char *next_part(const Lexer *lexer, const char *at) {
  bool line = false;
  while (at < lexer->end) {
    if (is_space(*at)) {
      line |= *at == '\n' || *at == '\r';
      at++;
    } else if (lexer->end - at >= 2 && at[0] == '-' && at[1] == '-') {
      at = pass_line(lexer, at);
    } else {
      return line && *at == '\'' ? at : NULL;
    }
  }
  return NULL;
}

static const char *pass_escape_string(const Lexer *lexer, const char *at) {
  const char *part = at;
  do {
    at = pass_quoted(part, lexer->end, '\'', true);
    if (!at) return NULL;
    part = next_part(lexer, at);
  } while (part);
  return at;
}

/* Behind $tag$ … $tag$. *is_quote false: there is no opening here. NULL: no end. */
static const char *pass_dollar_quote(const Lexer *lexer, bool *is_quote) {
  const char *tag_end = lexer->at + 1;
  if (tag_end < lexer->end && is_letter(*tag_end)) {
    while (tag_end < lexer->end && (is_letter(*tag_end) || is_digit(*tag_end)))
      tag_end++;
  }
  *is_quote = tag_end < lexer->end && *tag_end == '$';
  if (!*is_quote) return NULL;
  size_t size = (size_t)(tag_end + 1 - lexer->at);
  const char *at = tag_end + 1;
  while ((size_t)(lexer->end - at) >= size) {
    if (memcmp(at, lexer->at, size) == 0) return at + size;
    at = memchr(at + 1, '$', (size_t)(lexer->end - at - 1));
    if (!at) return NULL;
  }
  return NULL;
}

/* ---------------------------------------------------------------- tokens */

static Token token_to(Lexer *lexer, TokenKind kind, const char *end) {
  Token token = {kind, lexer->at, (size_t)(end - lexer->at)};
  lexer->at = end;
  return token;
}

/* `end` NULL: what began here does not end. */
static Token token_closed(Lexer *lexer, TokenKind kind, const char *end) {
  return end ? token_to(lexer, kind, end) : token_to(lexer, TOKEN_BROKEN, lexer->end);
}

static Token other(Lexer *lexer, size_t size) {
  return token_to(lexer, TOKEN_OTHER, lexer->at + size);
}

/* 12, 1_000, 0x1F, 1.5e-3, .5; and 1abc, which MySQL has as a name: it holds no parameter
** either. */
static Token number(Lexer *lexer) {
  const char *at = lexer->at;
  bool hex = peek(lexer, 0) == '0' && lower(peek(lexer, 1)) == 'x';
  while (at < lexer->end && (is_letter(*at) || is_digit(*at) || *at == '.' ||
                             (*at == '$' && !lexer->dialect->dollar_quotes))) {
    bool exponent = lower(*at++) == 'e' && !hex && lexer->end - at >= 2;
    if (exponent && (*at == '+' || *at == '-') && is_digit(at[1])) at++;
  }
  return token_to(lexer, TOKEN_NUMBER, at);
}

/* A word, or the literal or name that it is the prefix of: E'…', N'…', X'…', B'…', U&'…', U&"…". */
static Token word(Lexer *lexer) {
  const DriverDialect *dialect = lexer->dialect;
  char first = lower(peek(lexer, 0));
  if (peek(lexer, 1) == '\'') {
    if (first == 'e' && dialect->escape_strings) {
      return token_closed(lexer, TOKEN_STRING, pass_escape_string(lexer, lexer->at + 1));
    }
    if (first == 'n' || first == 'x' || first == 'b') {
      return token_closed(lexer, TOKEN_STRING,
                          pass_quoted(lexer->at + 1, lexer->end, '\'', dialect->backslash_escapes));
    }
  }
  char quote = peek(lexer, 2);
  if (first == 'u' && peek(lexer, 1) == '&' && dialect->escape_strings &&
      (quote == '\'' || quote == '"')) {
    return token_closed(lexer, quote == '"' ? TOKEN_NAME : TOKEN_STRING,
                        pass_quoted(lexer->at + 2, lexer->end, quote, false));
  }
  return token_to(lexer, TOKEN_WORD, pass_word(lexer->at, lexer->end));
}

/* ?, ?1, and PostgreSQL's ?| and ?&; but ?|| is a parameter and a concatenation. */
static Token question(Lexer *lexer) {
  char next = peek(lexer, 1);
  if (lexer->dialect->sigil_parameters && is_digit(next)) {
    const char *at = lexer->at + 1;
    while (at < lexer->end && is_digit(*at))
      at++;
    return token_to(lexer, TOKEN_DOLLAR, at);
  }
  if (lexer->dialect->placeholder == PLACEHOLDER_DOLLAR && (next == '|' || next == '&') &&
      peek(lexer, 2) != next) {
    return other(lexer, 2);
  }
  return token_to(lexer, TOKEN_QUESTION, lexer->at + 1);
}

static Token dollar(Lexer *lexer) {
  const char *at = lexer->at + 1;
  if (lexer->dialect->dollar_quotes) {
    bool is_quote;
    const char *end = pass_dollar_quote(lexer, &is_quote);
    if (is_quote) return token_closed(lexer, TOKEN_STRING, end);
    while (at < lexer->end && is_digit(*at))
      at++;
    return at == lexer->at + 1 ? other(lexer, 1) : token_to(lexer, TOKEN_DOLLAR, at);
  }
  while (at < lexer->end && is_digit(*at))
    at++;
  const char *end = pass_word(at, lexer->end);
  if (at == end && end > lexer->at + 1) return token_to(lexer, TOKEN_DOLLAR, end);
  if (!lexer->dialect->sigil_parameters) return token_to(lexer, TOKEN_WORD, end);
  return end == lexer->at + 1 ? other(lexer, 1) : token_to(lexer, TOKEN_COLON, end);
}

/* @name: a parameter in SQLite, a variable in MySQL, which is no keyword whatever it is called. */
static Token at_sign(Lexer *lexer) {
  char next = peek(lexer, 1);
  if (lexer->dialect->sigil_parameters) {
    const char *end = pass_word(lexer->at + 1, lexer->end);
    return end == lexer->at + 1 ? other(lexer, 1) : token_to(lexer, TOKEN_COLON, end);
  }
  if (next == '?' && lexer->dialect->placeholder == PLACEHOLDER_DOLLAR) return other(lexer, 2);
  if (is_letter(next) || (next == '$' && !lexer->dialect->dollar_quotes)) {
    return token_to(lexer, TOKEN_NAME, pass_word(lexer->at + 1, lexer->end));
  }
  return other(lexer, 1);
}

/* Words behind which a value is still to come, so that x[CASE WHEN a THEN :p END] works. */
static bool expects_value(const Token *token) {
  static const char *const words[] = {
      "and",   "or",      "not",      "case", "when", "then", "else", "in",  "is",  "like",
      "ilike", "between", "distinct", "from", "any",  "all",  "div",  "mod", "xor",
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (token_is(token, words[i])) return true;
  }
  return false;
}

/* Is the ':' here an operator because of what stands before it? See lexer.h. */
static bool colon_follows_operand(const Lexer *lexer, const char *name_end) {
  const Token *before = &lexer->before;
  switch (before->kind) {
  case TOKEN_NAME:
  case TOKEN_STRING:
  case TOKEN_NUMBER:
  case TOKEN_DOLLAR:
  case TOKEN_COLON: return true;
  case TOKEN_QUESTION: return lexer->dialect->placeholder == PLACEHOLDER_QUESTION;
  case TOKEN_OTHER: return token_is_other(before, ')') || token_is_other(before, ']');
  case TOKEN_WORD: {
    if (lexer->nesting & 1) return !expects_value(before);
    Token name = {TOKEN_WORD, lexer->at + 1, (size_t)(name_end - lexer->at - 1)};
    return before->text + before->size == lexer->at &&
           (token_is(&name, "begin") || token_is(&name, "loop") || token_is(&name, "repeat") ||
            token_is(&name, "while"));
  }
  default: return false;
  }
}

static Token colon(Lexer *lexer) {
  char next = peek(lexer, 1);
  if (lexer->dialect->cast_colons && (next == ':' || next == '=')) return other(lexer, 2);
  bool starts = is_letter(next) || (lexer->dialect->sigil_parameters && is_digit(next));
  const char *end = pass_word(lexer->at + 1, lexer->end);
  if (!starts || colon_follows_operand(lexer, end)) return other(lexer, 1);
  return token_to(lexer, TOKEN_COLON, end);
}

static Token bracket(Lexer *lexer) {
  if (*lexer->at == '[' && lexer->dialect->bracket_names) {
    const char *end = memchr(lexer->at, ']', (size_t)(lexer->end - lexer->at));
    return token_closed(lexer, TOKEN_NAME, end ? end + 1 : NULL);
  }
  if (*lexer->at == '[' || *lexer->at == '(') {
    lexer->nesting = lexer->nesting << 1 | (*lexer->at == '[');
  } else {
    lexer->nesting >>= 1;
  }
  return other(lexer, 1);
}

static Token slash(Lexer *lexer) {
  if (peek(lexer, 1) != '*') return other(lexer, 1);
  size_t opening = executable_size(lexer);
  if (opening) {
    lexer->executable = true;
    return other(lexer, opening);
  }
  return token_closed(lexer, TOKEN_SPACE, pass_comment(lexer));
}

static Token quote(Lexer *lexer) {
  const DriverDialect *dialect = lexer->dialect;
  char mark = *lexer->at;
  bool string = mark == '\'' || (mark == '"' && dialect->double_quote_strings);
  return token_closed(
      lexer, string ? TOKEN_STRING : TOKEN_NAME,
      pass_quoted(lexer->at, lexer->end, mark, string && dialect->backslash_escapes));
}

static Token token_read(Lexer *lexer) {
  char first = peek(lexer, 0);
  if (is_space(first) || is_mark(lexer->at, lexer->end)) {
    return token_to(lexer, TOKEN_SPACE, pass_space(lexer->at, lexer->end));
  }
  if (is_letter(first)) return word(lexer);
  if (is_digit(first) || (first == '.' && is_digit(peek(lexer, 1)))) return number(lexer);
  if (is_dash_comment(lexer) || (first == '#' && lexer->dialect->hash_comments)) {
    return token_to(lexer, TOKEN_SPACE, pass_line(lexer, lexer->at));
  }
  switch (first) {
  case '\'':
  case '"': return quote(lexer);
  case '`': return lexer->dialect->backtick_names ? quote(lexer) : other(lexer, 1);
  case '/': return slash(lexer);
  case '?': return question(lexer);
  case '$': return dollar(lexer);
  case '@': return at_sign(lexer);
  case ':': return colon(lexer);
  case ';': return token_to(lexer, TOKEN_SEMICOLON, lexer->at + 1);
  case '(':
  case ')':
  case '[':
  case ']': return bracket(lexer);
  case '*':
    if (lexer->executable && peek(lexer, 1) == '/') {
      lexer->executable = false;
      return other(lexer, 2);
    }
    return other(lexer, 1);
  default: return other(lexer, 1);
  }
}

/* ---------------------------------------------------------------- for other files */

void lexer_init(Lexer *lexer, const DriverDialect *dialect, const char *sql, size_t size) {
  *lexer = (Lexer){.dialect = dialect, .at = sql, .end = sql + size};
}

bool token_is_mark(const Token *token) {
  return token->kind == TOKEN_OTHER && token->size > 1 &&
         (token->text[0] == '/' || token->text[0] == '*');
}

Token lexer_next(Lexer *lexer) {
  if (lexer->at == lexer->end) return (Token){TOKEN_END, lexer->end, 0};
  Token token = token_read(lexer);
  if (token.kind != TOKEN_SPACE && !token_is_mark(&token)) lexer->before = token;
  return token;
}

Token lexer_skip(Lexer *lexer) {
  Token token;
  do {
    token = lexer_next(lexer);
  } while (token.kind == TOKEN_SPACE || token_is_mark(&token));
  return token;
}

bool token_is(const Token *token, const char *word) {
  if (token->kind != TOKEN_WORD) return false;
  for (size_t i = 0; i < token->size; i++) {
    if (!word[i] || lower(token->text[i]) != lower(word[i])) return false;
  }
  return word[token->size] == 0;
}

bool token_is_other(const Token *token, char character) {
  return token->kind == TOKEN_OTHER && token->size == 1 && token->text[0] == character;
}
