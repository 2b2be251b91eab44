/*
** script.c: takes a script apart at the `;` that ends a statement.
**
** A `;` inside parentheses (a rule's actions), inside an executable comment or inside the body of a
** stored program ends nothing. Bodies: the statement starts with CREATE (or ALTER) and defines a
** TRIGGER, FUNCTION, PROCEDURE or EVENT, or it is MariaDB's BEGIN NOT ATOMIC. The first BEGIN opens
** the body, in MySQL further ones nest. END closes behind `;` or BEGIN, but not as END IF, END CASE,
** END LOOP, END WHILE, END REPEAT, END FOR. So neither the END of a CASE expression nor columns that
** are named begin or end disturb.
**
** MySQL bodies that are a bare loop or IF, without BEGIN, are not known here: they are split, and the
** server refuses the pieces.
*/
#include "lexer.h"

typedef struct Splitter {
  Lexer lexer;
  Token before; /* the last significant one; TOKEN_END at the start */
  bool creates; /* CREATE or ALTER was first, and what it makes is not known yet */
  bool program; /* it is something that can have a body */
  int parentheses;
  int bodies; /* depth of BEGIN … END */
} Splitter;

static bool token_is_one_of(const Token *token, const char *const *words) {
  for (; *words; words++) {
    if (token_is(token, *words)) return true;
  }
  return false;
}

/* BEGIN is a name behind these, and behind an operator, a comma or a dot. */
static bool is_name_here(const Token *before) {
  static const char *const words[] = {
      "select", "set",     "where",  "and",  "or",    "not",   "by", "on", "distinct",
      "having", "when",    "case",   "in",   "like",  "is",    "as", "of", "from",
      "join",   "between", "update", "into", "table", "using", "if", NULL};
  return (before->kind == TOKEN_OTHER && !token_is_other(before, ':') &&
          !token_is_other(before, ')')) ||
         token_is_one_of(before, words);
}

static Token following(const Splitter *splitter) {
  Lexer ahead = splitter->lexer;
  return lexer_skip(&ahead);
}

/* A word of a statement that can have a body. */
static void program_word(Splitter *splitter, const Token *token) {
  static const char *const others[] = {"if", "case", "loop", "while", "repeat", "for", NULL};
  const Token *before = &splitter->before;
  bool may_nest = splitter->bodies == 0 || splitter->lexer.dialect->ddl_commits;
  if (token_is(token, "begin")) {
    if (may_nest && splitter->parentheses == 0 && !is_name_here(before)) splitter->bodies++;
  } else if (token_is(token, "end") && splitter->bodies > 0) {
    bool closes =
        before->kind == TOKEN_SEMICOLON || token_is(before, "begin") || token_is(before, "atomic");
    Token next = following(splitter);
    if (closes && !token_is_one_of(&next, others)) splitter->bodies--;
  }
}

static void splitter_word(Splitter *splitter, const Token *token) {
  static const char *const programs[] = {"trigger", "function", "procedure", "event", NULL};
  static const char *const others[] = {"table", "view", "index", "virtual", NULL};
  if (splitter->before.kind == TOKEN_END) {
    Token next = following(splitter);
    splitter->creates = token_is(token, "create") || token_is(token, "alter");
    splitter->program = token_is(token, "begin") && token_is(&next, "not");
    splitter->bodies = splitter->program;
  } else if (splitter->program) {
    program_word(splitter, token);
  } else if (splitter->creates && splitter->parentheses == 0) {
    splitter->program = token_is_one_of(token, programs);
    splitter->creates = !token_is_one_of(token, others);
  }
}

/* True at the `;` that ends the statement. */
static bool splitter_take(Splitter *splitter, const Token *token) {
  if (token_is_mark(token)) return false;
  if (token_is_other(token, '(')) splitter->parentheses++;
  if (token_is_other(token, ')') && splitter->parentheses > 0) splitter->parentheses--;
  if (token->kind == TOKEN_WORD) splitter_word(splitter, token);
  splitter->before = *token;
  return token->kind == TOKEN_SEMICOLON && splitter->parentheses == 0 && splitter->bodies == 0 &&
         !splitter->lexer.executable;
}

/* One statement from lexer.at on; *size 0 when there is nothing but space before the `;`. */
static void statement_take(Splitter *splitter, const char **statement, size_t *size) {
  *statement = NULL;
  *size = 0;
  for (;;) {
    Token token = lexer_next(&splitter->lexer);
    if (token.kind == TOKEN_END) return;
    if (token.kind == TOKEN_SPACE) continue;
    if (splitter_take(splitter, &token)) return;
    if (!*statement) *statement = token.text;
    *size = (size_t)(token.text + token.size - *statement);
  }
}

bool script_next(const DriverDialect *dialect, const char **at, const char *end,
                 const char **statement, size_t *size) {
  while (*at < end) {
    Splitter splitter = {.before = {.kind = TOKEN_END}};
    lexer_init(&splitter.lexer, dialect, *at, (size_t)(end - *at));
    statement_take(&splitter, statement, size);
    *at = splitter.lexer.at;
    if (*size) return true;
  }
  return false;
}
