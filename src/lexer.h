/*
** lexer.h: one tokenizer for the SQL of every dialect, driven by DriverDialect. It knows strings,
** comments, dollar quotes, casts, array slices and quoted names, so that a `:name` or `?` inside
** them is never taken for a parameter and a `;` there ends nothing. The tokens put together are the
** text again, byte for byte.
**
** When is a `:name` a parameter? Always, but
**  - behind `:` (`x::text`) and before `=` (`@a:=1`), where the dialect says so;
**  - behind a value: a literal, a quoted name, `)`, `]` or a parameter: json_object('a':b), x[1:n];
**  - directly inside [ ] also behind a word: x[lo:hi] is a slice; x[:n] and x[lo : :n] hold a
**    parameter, x[ : n] does not;
**  - glued between a word and BEGIN, LOOP, REPEAT or WHILE: a label of a stored program.
*/
#ifndef CONNECTOR_LEXER_H
#define CONNECTOR_LEXER_H

#include "driver.h"

typedef enum TokenKind {
  TOKEN_END,
  TOKEN_SPACE, /* white space or a comment */
  TOKEN_WORD,  /* keyword or bare name */
  TOKEN_NAME,  /* quoted name */
  TOKEN_STRING,
  TOKEN_NUMBER,
  TOKEN_QUESTION, /* ? (the binder decides whether it is an operator; PostgreSQL's ?| and ?& are) */
  TOKEN_DOLLAR,   /* $1; in SQLite also ?1 */
  TOKEN_COLON,    /* :name; in SQLite also @name and $name. The name starts at the second byte */
  TOKEN_SEMICOLON,
  TOKEN_OTHER, /* operator or punctuation, one character or one operator such as ::, and the
                     marks around the code of an executable comment */
  TOKEN_BROKEN /* an unterminated string, comment or name: to the end of the text */
} TokenKind;

typedef struct Token {
  TokenKind kind;
  const char *text;
  size_t size;
} Token;

typedef struct Lexer {
  const DriverDialect *dialect;
  const char *at, *end;
  Token before;     /* the last one that was not space */
  uint64_t nesting; /* what is open, innermost lowest: 1 = [ of a subscript, 0 = (; 64 deep */
  bool executable;  /* inside an executable comment */
} Lexer;

void lexer_init(Lexer *lexer, const DriverDialect *dialect, const char *sql, size_t size);
Token lexer_next(Lexer *lexer); /* TOKEN_END again and again at the end */
Token lexer_skip(Lexer *lexer); /* the next one, space and executable comments' marks left out */
bool token_is(const Token *token, const char *word);     /* TOKEN_WORD, ASCII case-insensitive */
bool token_is_other(const Token *token, char character); /* TOKEN_OTHER of this one character */
bool token_is_mark(const Token *token); /* where an executable comment begins or ends */
/* May stand in a bare name behind its first character: letter, digit, _, $, any byte above 0x7F. */
bool lexer_is_word(char c);

/* ---- what a statement is, told from its words alone ---- */

/* Ordered: of two readings of one text the larger one holds. */
typedef enum StatementClass {
  STATEMENT_EMPTY,       /* nothing but space and comments */
  STATEMENT_READ,        /* gives rows, changes nothing: SELECT, VALUES, TABLE, SHOW, EXPLAIN
                            (of a write: without ANALYZE, and not in MySQL), DESCRIBE,
                            WITH … SELECT, reading PRAGMA */
  STATEMENT_WRITE,       /* INSERT, UPDATE, DELETE, MERGE, REPLACE, WITH containing one,
                            SELECT … INTO, SELECT … FOR UPDATE/SHARE, SELECT nextval(…), COPY, CALL,
                            DO, EXECUTE, SET and whatever is unknown */
  STATEMENT_DDL,         /* CREATE, ALTER, DROP, TRUNCATE, GRANT, COMMENT … */
  STATEMENT_TRANSACTION, /* BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK, SAVEPOINT, RELEASE,
                            PREPARE TRANSACTION, SET TRANSACTION, SET autocommit, XA, LOCK TABLES of
                            MySQL … : refused, SQLite's own are used */
  STATEMENT_ALONE        /* refuses a transaction: VACUUM, CREATE/DROP DATABASE, CREATE INDEX
                            CONCURRENTLY, ALTER SYSTEM, REINDEX CONCURRENTLY, ATTACH/DETACH
                            (SQLite), PRAGMA journal_mode=… and the like */
} StatementClass;

StatementClass statement_class(const DriverDialect *dialect, const char *sql, size_t size);
/* Is it a query, or INSERT, UPDATE, DELETE, REPLACE, MERGE, told from the first word? Those go side by side with
** readers of their tables; anything else may wait until nobody reads them (ALTER, TRUNCATE, LOCK, CALL …). */
bool statement_is_dml(const DriverDialect *dialect, const char *sql, size_t size);

/* The next statement of a script, without its `;`, leading and trailing space and comments cut. *at
** moves past it; false at the end. Knows BEGIN … END bodies of SQLite's CREATE TRIGGER,
** SQL-standard bodies (BEGIN ATOMIC … END) of PostgreSQL and BEGIN … END of MySQL's stored
** programs. */
bool script_next(const DriverDialect *dialect, const char **at, const char *end,
                 const char **statement, size_t *size);

#endif
