/*
** lexer.h: one tokenizer for the SQL of every dialect, driven by DriverDialect. It knows strings,
** comments, dollar quotes, casts, array slices and quoted names, so that a `:name` or `?` inside
** them is never taken for a parameter and a `;` there ends nothing.
*/
#ifndef CONNECTOR_LEXER_H
#define CONNECTOR_LEXER_H

#include "driver.h"

typedef enum TokenKind {
  TOKEN_END,
  TOKEN_SPACE,    /* white space or a comment */
  TOKEN_WORD,     /* keyword or bare name */
  TOKEN_NAME,     /* quoted name */
  TOKEN_STRING,
  TOKEN_NUMBER,
  TOKEN_QUESTION, /* ? (could be an operator: the binder decides) */
  TOKEN_DOLLAR,   /* $1 */
  TOKEN_COLON,    /* :name */
  TOKEN_SEMICOLON,
  TOKEN_OTHER,    /* operator or punctuation, one character or one operator such as :: */
  TOKEN_BROKEN    /* an unterminated string, comment or name: to the end of the text */
} TokenKind;

typedef struct Token {
  TokenKind kind;
  const char *text;
  size_t size;
} Token;

typedef struct Lexer {
  const DriverDialect *dialect;
  const char *at, *end;
  int brackets; /* depth of [ ] in dialects where they are subscripts: a slice's colon is no name */
} Lexer;

void lexer_init(Lexer *lexer, const DriverDialect *dialect, const char *sql, size_t size);
Token lexer_next(Lexer *lexer); /* TOKEN_END again and again at the end */
bool token_is(const Token *token, const char *word); /* TOKEN_WORD, ASCII case-insensitive */

/* ---- what a statement is, told from its words alone ---- */

typedef enum StatementClass {
  STATEMENT_EMPTY,       /* nothing but space and comments */
  STATEMENT_READ,        /* gives rows, changes nothing: SELECT, VALUES, TABLE, SHOW, EXPLAIN (without
                            ANALYZE of a write), DESCRIBE, WITH … SELECT, reading PRAGMA */
  STATEMENT_WRITE,       /* INSERT, UPDATE, DELETE, MERGE, REPLACE, WITH containing one, SELECT … INTO,
                            SELECT … FOR UPDATE/SHARE, COPY, CALL, DO, EXECUTE and whatever is unknown */
  STATEMENT_DDL,         /* CREATE, ALTER, DROP, TRUNCATE, GRANT, COMMENT … */
  STATEMENT_TRANSACTION, /* BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK, SAVEPOINT, RELEASE,
                            PREPARE TRANSACTION, XA … : refused, SQLite's own are used */
  STATEMENT_ALONE        /* refuses a transaction: VACUUM, CREATE/DROP DATABASE, CREATE INDEX
                            CONCURRENTLY, ALTER SYSTEM, REINDEX CONCURRENTLY, ATTACH/DETACH (SQLite) … */
} StatementClass;

StatementClass statement_class(const DriverDialect *dialect, const char *sql, size_t size);

/* The next statement of a script, without its `;`, leading and trailing space and comments cut.
** *at moves past it; false at the end. Knows BEGIN … END bodies of SQLite's CREATE TRIGGER, SQL-standard
** bodies (BEGIN ATOMIC … END) of PostgreSQL and BEGIN … END of MySQL's stored programs. */
bool script_next(const DriverDialect *dialect, const char **at, const char *end,
                 const char **statement, size_t *size);

#endif
