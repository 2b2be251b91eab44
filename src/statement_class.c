/*
** statement_class.c: what may this statement do? Told from its words, before anything is sent, so
** that a read runs READ ONLY, a write enlists the transaction, and what cannot be in one runs
** alone.
**
**   (SELECT 1)                              READ
**   WITH d AS (DELETE FROM t …) SELECT …    WRITE
**   EXPLAIN ANALYZE UPDATE …                WRITE
**   CREATE INDEX CONCURRENTLY …             ALONE (PostgreSQL)
**
** The first word finds a row of the table at the end; a row has a class, or a function that looks
** at the words behind. What is in doubt is a WRITE: that is only slower. A read that calls a
** function which writes cannot be seen here; the server's READ ONLY session refuses it.
**
** Two dialects have rules of their own: PostgreSQL (and what speaks its SQL), known by dollar
** quotes, and MySQL, known by DDL that commits.
*/
#include "lexer.h"

/* The words behind the first, and the first itself. */
typedef StatementClass (*ClassFunction)(Lexer *lexer, const Token *first);

typedef struct ClassRule {
  const char *word;
  StatementClass class;
  ClassFunction look; /* when set, decides instead of class */
} ClassRule;

static StatementClass class_from(Lexer *lexer, Token first);

static bool is_postgresql(const Lexer *lexer) {
  return lexer->dialect->dollar_quotes;
}

static bool is_mysql(const Lexer *lexer) {
  return lexer->dialect->ddl_commits;
}

static bool token_is_one_of(const Token *token, const char *const *words) {
  for (; *words; words++) {
    if (token_is(token, *words)) return true;
  }
  return false;
}

static bool at_end(const Token *token) {
  return token->kind == TOKEN_END || token->kind == TOKEN_SEMICOLON;
}

/* A second statement behind the `;` makes a read a write. */
static StatementClass read_unless_more(Lexer *lexer, const Token *token) {
  Token next = *token;
  while (next.kind == TOKEN_SEMICOLON)
    next = lexer_skip(lexer);
  return next.kind == TOKEN_END ? STATEMENT_READ : STATEMENT_WRITE;
}

/* Is the word among those up to the end? */
static bool word_follows(Lexer *lexer, const char *word) {
  for (Token token = lexer_skip(lexer); !at_end(&token); token = lexer_skip(lexer)) {
    if (token_is(&token, word)) return true;
  }
  return false;
}

/* ---------------------------------------------------------------- reads that may write */

/* Three words in a row of a query: does the last one show that it writes? `with`: the query began
** with WITH, so that INSERT, UPDATE or DELETE may stand in it (INSERT and MERGE show by INTO). */
static bool words_write(const Token *first, const Token *second, const Token *third, bool with) {
  static const char *const lock_modes[] = {"update", "share", "no", "key", NULL};
  static const char *const sequences[] = {"nextval", "setval", NULL};
  bool column = token_is_other(second, '.');
  if (!column && token_is(third, "into")) return true;
  if (token_is(second, "for") && token_is_one_of(third, lock_modes)) return true;
  if (token_is(second, "lock") && token_is(third, "in")) return true;
  if (token_is(first, "next") && token_is(second, "value") && token_is(third, "for")) return true;
  if (token_is_one_of(second, sequences) && token_is_other(third, '(')) return true;
  if (!with) return false;
  if (!column && token_is(third, "update")) return true;
  return token_is(second, "delete") && !token_is_other(first, '.') && !token_is_other(third, '(');
}

static StatementClass look_query(Lexer *lexer, const Token *start) {
  bool with = token_is(start, "with");
  Token first = {TOKEN_END, start->text, 0}, second = *start;
  Token third = lexer_skip(lexer);
  while (!at_end(&third)) {
    if (words_write(&first, &second, &third, with)) return STATEMENT_WRITE;
    first = second;
    second = third;
    third = lexer_skip(lexer);
  }
  return read_unless_more(lexer, &third);
}

static StatementClass look_show(Lexer *lexer, const Token *first) {
  Token token = *first;
  while (!at_end(&token))
    token = lexer_skip(lexer);
  return read_unless_more(lexer, &token);
}

/* EXPLAIN and its like run what they explain only with ANALYZE, as a word or as an option. But a READ
** ONLY transaction of MariaDB refuses to explain a write (error 1792), so there it counts as one. */
static StatementClass look_explain(Lexer *lexer, const Token *first) {
  static const char *const starts[] = {"select",  "with",    "values",  "table",   "insert",
                                       "update",  "delete",  "merge",   "replace", "create",
                                       "declare", "execute", "refresh", "call",    NULL};
  bool analyze = is_mysql(lexer);
  Token token = *first;
  for (; !at_end(&token); token = lexer_skip(lexer)) {
    analyze |= token_is(&token, "analyze") || token_is(&token, "analyse");
    if (analyze && token_is_one_of(&token, starts)) return class_from(lexer, token);
  }
  return read_unless_more(lexer, &token);
}

/* ---------------------------------------------------------------- PRAGMA */

/* Those that read although they take an argument in parentheses. */
static const char *const pragma_reads[] = {"table_info",
                                           "table_xinfo",
                                           "table_list",
                                           "index_list",
                                           "index_info",
                                           "index_xinfo",
                                           "foreign_key_list",
                                           "integrity_check",
                                           "quick_check",
                                           "database_list",
                                           "collation_list",
                                           "foreign_key_check",
                                           "function_list",
                                           "module_list",
                                           "pragma_list",
                                           "compile_options",
                                           NULL};
/* Those that do something without an argument. */
static const char *const pragma_acts[] = {"optimize", "incremental_vacuum", "shrink_memory", NULL};
/* Those that fail or do nothing inside a transaction when they set something. */
static const char *const pragma_alone[] = {"journal_mode", "synchronous",          "foreign_keys",
                                           "temp_store",   "temp_store_directory", "locking_mode",
                                           "page_size",    "auto_vacuum",          NULL};

static StatementClass look_pragma(Lexer *lexer, const Token *first) {
  (void)first;
  Token name = lexer_skip(lexer);
  Token next = lexer_skip(lexer);
  if (token_is_other(&next, '.')) {
    name = lexer_skip(lexer);
    next = lexer_skip(lexer);
  }
  if (token_is(&name, "wal_checkpoint")) return STATEMENT_ALONE;
  if (at_end(&next)) {
    if (name.kind != TOKEN_WORD || token_is_one_of(&name, pragma_acts)) return STATEMENT_WRITE;
    return read_unless_more(lexer, &next);
  }
  if (token_is_other(&next, '(') && token_is_one_of(&name, pragma_reads)) {
    return look_show(lexer, &next);
  }
  return token_is_one_of(&name, pragma_alone) ? STATEMENT_ALONE : STATEMENT_WRITE;
}

/* ---------------------------------------------------------------- definitions */

static const char *const whole_server[] = {"database", "tablespace", "subscription", NULL};

/* CREATE and DROP. */
static StatementClass look_create(Lexer *lexer, const Token *first) {
  (void)first;
  if (!is_postgresql(lexer)) return STATEMENT_DDL;
  Token what = lexer_skip(lexer);
  if (token_is_one_of(&what, whole_server)) return STATEMENT_ALONE;
  if (token_is(&what, "unique")) what = lexer_skip(lexer);
  if (!token_is(&what, "index")) return STATEMENT_DDL;
  Token next = lexer_skip(lexer);
  return token_is(&next, "concurrently") ? STATEMENT_ALONE : STATEMENT_DDL;
}

static StatementClass look_alter(Lexer *lexer, const Token *first) {
  (void)first;
  if (!is_postgresql(lexer)) return STATEMENT_DDL;
  Token what = lexer_skip(lexer);
  if (token_is(&what, "system") || token_is(&what, "subscription")) return STATEMENT_ALONE;
  const char *word = NULL;
  if (token_is(&what, "database")) word = "tablespace"; /* SET TABLESPACE */
  if (token_is(&what, "table")) word = "concurrently";  /* DETACH PARTITION */
  return word && word_follows(lexer, word) ? STATEMENT_ALONE : STATEMENT_DDL;
}

static StatementClass look_reindex(Lexer *lexer, const Token *first) {
  static const char *const alone[] = {"database", "system", "schema", "concurrently", NULL};
  Token token = *first;
  for (; is_postgresql(lexer) && !at_end(&token); token = lexer_skip(lexer)) {
    if (token_is_one_of(&token, alone)) return STATEMENT_ALONE;
  }
  return STATEMENT_DDL;
}

/* CLUSTER of all tables, with nothing but options behind it. */
static StatementClass look_cluster(Lexer *lexer, const Token *first) {
  (void)first;
  int depth = 0;
  for (Token token = lexer_skip(lexer); !at_end(&token); token = lexer_skip(lexer)) {
    if (token_is_other(&token, '(')) depth++;
    if (depth == 0 && !token_is(&token, "verbose")) return STATEMENT_WRITE;
    if (token_is_other(&token, ')')) depth--;
  }
  return STATEMENT_ALONE;
}

/* ---------------------------------------------------------------- transactions and sessions */

/* MariaDB's BEGIN NOT ATOMIC … END is a program. */
static StatementClass look_begin(Lexer *lexer, const Token *first) {
  (void)first;
  Token next = lexer_skip(lexer);
  return token_is(&next, "not") ? STATEMENT_WRITE : STATEMENT_TRANSACTION;
}

/* START TRANSACTION, PREPARE TRANSACTION; but START REPLICA, PREPARE x AS. */
static StatementClass look_start(Lexer *lexer, const Token *first) {
  (void)first;
  Token next = lexer_skip(lexer);
  return token_is(&next, "transaction") ? STATEMENT_TRANSACTION : STATEMENT_WRITE;
}

static StatementClass look_xa(Lexer *lexer, const Token *first) {
  (void)first;
  Token next = lexer_skip(lexer);
  return token_is(&next, "recover") ? STATEMENT_READ : STATEMENT_TRANSACTION;
}

/* MySQL's LOCK and UNLOCK TABLES end the transaction. */
static StatementClass look_lock(Lexer *lexer, const Token *first) {
  (void)first;
  Token next = lexer_skip(lexer);
  bool tables = token_is(&next, "table") || token_is(&next, "tables");
  return is_mysql(lexer) && tables ? STATEMENT_TRANSACTION : STATEMENT_WRITE;
}

static StatementClass look_discard(Lexer *lexer, const Token *first) {
  (void)first;
  Token next = lexer_skip(lexer);
  return token_is(&next, "all") ? STATEMENT_ALONE : STATEMENT_WRITE;
}

/* A name that ends in the word, bare or quoted: autocommit, `autocommit`, @@autocommit. */
static bool token_names(const Token *token, const char *word) {
  Token inner = *token;
  inner.kind = TOKEN_WORD;
  if (token->kind == TOKEN_NAME && token->size > 1) {
    inner.text++;
    inner.size--;
    if (token->text[0] != '@') inner.size--;
  }
  return (token->kind == TOKEN_NAME || token->kind == TOKEN_WORD) && token_is(&inner, word);
}

static StatementClass look_set(Lexer *lexer, const Token *first) {
  Token before = *first;
  for (Token token = lexer_skip(lexer); !at_end(&token); token = lexer_skip(lexer)) {
    bool variable = token.kind == TOKEN_NAME && token.text[0] == '@';
    bool system = !variable || token_is_other(&before, '@'); /* @@x; @x is the user's own */
    if (system && token_names(&token, "autocommit")) return STATEMENT_TRANSACTION;
    if (token_is(&token, "transaction")) return STATEMENT_TRANSACTION;
    before = token;
  }
  return STATEMENT_WRITE;
}

/* ---------------------------------------------------------------- the table */

static const ClassRule rules[] = {
    {"select", STATEMENT_READ, look_query},
    {"with", STATEMENT_READ, look_query},
    {"values", STATEMENT_READ, look_query},
    {"table", STATEMENT_READ, look_query},
    {"show", STATEMENT_READ, look_show},
    {"help", STATEMENT_READ, look_show},
    {"explain", STATEMENT_READ, look_explain},
    {"describe", STATEMENT_READ, look_explain},
    {"desc", STATEMENT_READ, look_explain},
    {"pragma", STATEMENT_READ, look_pragma},
    {"create", STATEMENT_DDL, look_create},
    {"drop", STATEMENT_DDL, look_create},
    {"alter", STATEMENT_DDL, look_alter},
    {"reindex", STATEMENT_DDL, look_reindex},
    {"truncate", STATEMENT_DDL, NULL},
    {"grant", STATEMENT_DDL, NULL},
    {"revoke", STATEMENT_DDL, NULL},
    {"comment", STATEMENT_DDL, NULL},
    {"rename", STATEMENT_DDL, NULL},
    {"security", STATEMENT_DDL, NULL},
    {"reassign", STATEMENT_DDL, NULL},
    {"import", STATEMENT_DDL, NULL},
    {"install", STATEMENT_DDL, NULL},
    {"uninstall", STATEMENT_DDL, NULL},
    {"cluster", STATEMENT_WRITE, look_cluster},
    {"begin", STATEMENT_TRANSACTION, look_begin},
    {"start", STATEMENT_TRANSACTION, look_start},
    {"prepare", STATEMENT_TRANSACTION, look_start},
    {"commit", STATEMENT_TRANSACTION, NULL},
    {"end", STATEMENT_TRANSACTION, NULL},
    {"rollback", STATEMENT_TRANSACTION, NULL},
    {"abort", STATEMENT_TRANSACTION, NULL},
    {"savepoint", STATEMENT_TRANSACTION, NULL},
    {"release", STATEMENT_TRANSACTION, NULL},
    {"xa", STATEMENT_TRANSACTION, look_xa},
    {"lock", STATEMENT_WRITE, look_lock},
    {"unlock", STATEMENT_WRITE, look_lock},
    {"set", STATEMENT_WRITE, look_set},
    {"discard", STATEMENT_WRITE, look_discard},
    {"vacuum", STATEMENT_ALONE, NULL},
    {"attach", STATEMENT_ALONE, NULL},
    {"detach", STATEMENT_ALONE, NULL},
};

/* When an unfinished comment is all that is there, nothing is. */
static bool is_open_comment(const Token *token) {
  return token->kind == TOKEN_BROKEN && token->size > 1 && token->text[0] == '/';
}

static StatementClass class_from(Lexer *lexer, Token first) {
  while (token_is_other(&first, '(') || first.kind == TOKEN_SEMICOLON)
    first = lexer_skip(lexer);
  if (first.kind == TOKEN_END || is_open_comment(&first)) return STATEMENT_EMPTY;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (!token_is(&first, rules[i].word)) continue;
    return rules[i].look ? rules[i].look(lexer, &first) : rules[i].class;
  }
  return STATEMENT_WRITE;
}

static StatementClass class_once(const DriverDialect *dialect, const char *sql, size_t size) {
  Lexer lexer;
  lexer_init(&lexer, dialect, sql, size);
  return class_from(&lexer, lexer_skip(&lexer));
}

StatementClass statement_class(const DriverDialect *dialect, const char *sql, size_t size) {
  StatementClass result = class_once(dialect, sql, size);
  if (!dialect->executable_comments) return result;
  /* The server decides by its version whether it runs what is in an executable comment. */
  DriverDialect plain = *dialect;
  plain.executable_comments = false;
  StatementClass other = class_once(&plain, sql, size);
  return other > result ? other : result;
}

bool statement_is_dml(const DriverDialect *dialect, const char *sql, size_t size) {
  static const char *const words[] = {"insert", "update", "delete", "replace", "merge", "with",
                                      "select", "values", "table",  "explain", NULL};
  Lexer lexer;
  lexer_init(&lexer, dialect, sql, size);
  Token first = lexer_skip(&lexer);
  while (token_is_other(&first, '('))
    first = lexer_skip(&lexer);
  return token_is_one_of(&first, words);
}
