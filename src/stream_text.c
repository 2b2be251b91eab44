/*
** stream_text.c: see stream_text.h. The last few texts of a block are kept, only of statements that read:
** what changes something may hold a password.
**
** The parameters of a text that comes again are planned once (parameters_plan.c). A set that does not fit the
** plan, or makes another text of it (an array in IN), takes the long way, which also says what is wrong.
*/
#include "stream_text.h"
#include "execute.h"
#include <string.h>

enum { TEXTS_KEPT = 8 };

typedef struct StreamText {
  struct StreamText *next; /* the latest used first */
  StreamFacts facts;
  bool used;           /* once at least, so that a plan may pay */
  bool unplanned;      /* there can be none */
  ParameterPlan *plan; /* NULL = not made */
  size_t size;
  char sql[];
} StreamText;

static void text_free(StreamText *text) {
  parameter_plan_free(text->plan);
  sqlite3_free(text);
}

void stream_texts_free(StreamText *first) {
  while (first) {
    StreamText *next = first->next;
    text_free(first);
    first = next;
  }
}

/* Comes first in the list from now on; NULL when it is not known. */
static StreamText *text_find(Remote *remote, const char *sql, size_t size) {
  for (StreamText **at = &remote->texts; *at; at = &(*at)->next) {
    StreamText *text = *at;
    if (text->size != size || memcmp(text->sql, sql, size)) continue;
    *at = text->next;
    text->next = remote->texts;
    remote->texts = text;
    return text;
  }
  return NULL;
}

/* Without memory nothing is kept. */
static void text_keep(Remote *remote, const char *sql, size_t size, const StreamFacts *facts) {
  StreamText *made = sqlite3_malloc64(sizeof *made + size);
  if (!made) return;
  *made = (StreamText){.next = remote->texts, .facts = *facts, .size = size};
  memcpy(made->sql, sql, size);
  remote->texts = made;
  StreamText **at = &remote->texts;
  for (int i = 0; *at && i < TEXTS_KEPT; i++)
    at = &(*at)->next;
  stream_texts_free(*at);
  *at = NULL;
}

/* ---------------------------------------------------------------- facts */

static int text_check(Remote *remote, const char *sql, size_t size, StatementClass class,
                      Error *error) {
  const DriverDialect *dialect = remote->dialect;
  const char *at = sql, *end = sql + size, *statement;
  size_t statement_size;
  const char *block = remote->block->name;
  if (!script_next(dialect, &at, end, &statement, &statement_size))
    return error_set(error, SQLITE_ERROR, "connector '%s': the operation is empty", block);
  if (script_next(dialect, &at, end, &statement, &statement_size))
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': several statements give no one result: run the script with "
                     "connector_execute, then query",
                     block);
  if (class == STATEMENT_TRANSACTION)
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': %.20s: transactions are SQLite's here: use BEGIN, COMMIT, "
                     "ROLLBACK and SAVEPOINT in SQLite itself, the remote follows",
                     block, statement);
  return SQLITE_OK;
}

/* The statement's first word. */
static Token first_word(const DriverDialect *dialect, const char *sql, size_t size) {
  Lexer lexer;
  Token token;
  lexer_init(&lexer, dialect, sql, size);
  do
    token = lexer_next(&lexer);
  while (token.kind == TOKEN_SPACE || (token.kind == TOKEN_OTHER && *token.text == '('));
  return token;
}

/* CALL and EXECUTE tell only when they run whether they give rows. */
static bool rows_known_before(const Token *word) {
  return !token_is(word, "CALL") && !token_is(word, "EXECUTE");
}

/* A change with rows is over only when its rows are kept here: it is committed after that, so that an
** interrupt or a full disk on the way undoes it. A procedure may end transactions by itself and gets none. */
static TurnUse turn_use(const DriverDialect *dialect, const char *sql, size_t size,
                        StatementClass class) {
  if (class == STATEMENT_READ) return TURN_READ;
  if (execute_is_bare(dialect, sql, size, class)) return TURN_BARE;
  return statement_is_dml(dialect, sql, size) ? TURN_SEVERAL : TURN_WRITE;
}

int stream_text_facts(Remote *remote, const char *sql, size_t size, StreamFacts *facts,
                      Error *error) {
  const DriverDialect *dialect = remote->dialect;
  const StreamText *known = text_find(remote, sql, size);
  if (known) {
    *facts = known->facts;
    return SQLITE_OK;
  }
  StatementClass class = statement_class(dialect, sql, size);
  int rc = text_check(remote, sql, size, class, error);
  if (rc) return rc;
  Token word = first_word(dialect, sql, size);
  *facts = (StreamFacts){.use = turn_use(dialect, sql, size, class),
                         .rows_known = rows_known_before(&word)};
  facts->exclusive = facts->use != TURN_READ && facts->use != TURN_SEVERAL;
  if (facts->use == TURN_READ) text_keep(remote, sql, size, facts);
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- parameters */

/* Makes the plan when the text comes the second time. */
static ParameterPlan *text_plan(const Remote *remote, StreamText *text,
                                const Arguments *arguments) {
  Error ignored;
  if (text->plan || text->unplanned) return text->plan;
  if (text->used) {
    error_init(&ignored);
    parameter_plan(remote->dialect, text->sql, text->size, arguments, &text->plan, &ignored);
    text->unplanned = !text->plan;
    error_clear(&ignored);
  }
  text->used = true;
  return text->plan;
}

int stream_text_bind(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
                     Bound *bound, Error *error) {
  StreamText *text = text_find(remote, sql, size);
  ParameterPlan *plan = text && arguments ? text_plan(remote, text, arguments) : NULL;
  if (plan && parameter_plan_bind(plan, arguments, bound)) return SQLITE_OK;
  return parameters_bind(remote->dialect, sql, size, arguments, bound, error);
}
