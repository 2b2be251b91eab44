/*
** parameters_fuzz.c: any bytes as an operation with parameters; the first byte chooses the dialect,
** the second how the arguments are. With fitting arguments binding succeeds, the bound text has the
** same tokens with placeholders in place of parameters, each takes the value of its name, a plan
** gives the same, and SQLite counts the same; with others it is refused, and nothing is left behind.
**
** sources: src/parameters.c src/parameters_scan.c src/parameters_values.c src/parameters_print.c
** sources: src/parameters_plan.c src/lexer.c src/json.c src/json_reader.c src/json_write.c
** sources: src/error.c src/log_mask.c src/driver_buffer.c src/driver_reals.c src/driver_text.c src/driver_values.c
*/
#include "parameters.h"
#include "fuzz.h"
#include "../unit/dialects.h"

enum { MAX_PARAMETERS = 200, FIRST_VALUE = 1000 };

typedef struct Case {
  const DriverDialect *dialect;
  const char *sql;
  size_t size;
  TokenKind kind; /* of this text's parameters; TOKEN_END = it has none */
  char **names;
  size_t count;
  Value values[MAX_PARAMETERS];
  JsonItem items[MAX_PARAMETERS];
  JsonItems object;
  Arguments arguments;
} Case;

static Token next_of(Lexer *lexer) {
  return lexer_skip(lexer);
}

static size_t tokens_count(const Case *test, TokenKind kind) {
  Lexer lexer;
  size_t count = 0;
  lexer_init(&lexer, test->dialect, test->sql, test->size);
  for (Token token = next_of(&lexer); token.kind != TOKEN_END; token = next_of(&lexer)) {
    count += token.kind == kind;
  }
  return count;
}

/* 12 of $12 or ?12, counted from 0. The text may end behind the token without a NUL. */
static size_t number_of(const Token *token) {
  size_t number = 0;
  for (size_t i = 1; i < token->size; i++)
    number = number * 10 + (size_t)(token->text[i] - '0');
  return number - 1;
}

/* Index of the parameter that a token of the text names; `ordinal` counts the `?`. */
static size_t parameter_of(const Case *test, const Token *token, size_t ordinal) {
  if (test->kind == TOKEN_QUESTION) return ordinal;
  if (test->kind == TOKEN_DOLLAR) return number_of(token);
  for (size_t i = 0; i < test->count; i++) {
    if (strlen(test->names[i]) == token->size - 1 &&
        memcmp(test->names[i], token->text + 1, token->size - 1) == 0) {
      return i;
    }
  }
  REQUIRE(!"a name is missing");
  return 0;
}

/* Tokens of the text against tokens of the bound text, placeholders against values. */
static void compare(const Case *test, const Bound *bound) {
  bool dollar = test->dialect->placeholder == PLACEHOLDER_DOLLAR;
  Lexer a, b;
  Token before = {TOKEN_END, NULL, 0};
  size_t ordinal = 0, largest = 0;
  lexer_init(&a, test->dialect, test->sql, test->size);
  lexer_init(&b, test->dialect, bound->sql, bound->sql_size);
  for (;;) {
    Token left = next_of(&a), right = next_of(&b);
    if (left.kind == test->kind && left.kind != TOKEN_END) {
      bool bare = token_is(&before, "in");
      if (bare) {
        REQUIRE(token_is_other(&right, '('));
        right = next_of(&b);
      }
      REQUIRE(right.kind == (dollar ? TOKEN_DOLLAR : TOKEN_QUESTION));
      size_t place = dollar ? number_of(&right) : ordinal;
      size_t parameter = parameter_of(test, &left, ordinal++);
      REQUIRE(place < bound->value_count && parameter < test->count);
      REQUIRE(bound->values[place].integer == (int64_t)(FIRST_VALUE + parameter));
      if (place + 1 > largest) largest = place + 1;
      if (bare) {
        right = next_of(&b);
        REQUIRE(token_is_other(&right, ')'));
      }
    } else {
      REQUIRE(left.kind == right.kind && left.size == right.size);
      REQUIRE(!left.size || memcmp(left.text, right.text, left.size) == 0);
      if (left.kind == TOKEN_END) break;
    }
    before = left;
  }
  REQUIRE(largest == bound->value_count);
}

/* What SQLite itself can prepare, it sees as many parameters in as there are values. */
static void check_sqlite(const Case *test, const Bound *bound) {
  static sqlite3 *db;
  sqlite3_stmt *statement = NULL;
  if (!test->dialect->sigil_parameters || memchr(bound->sql, 0, bound->sql_size)) return;
  if (memchr(bound->sql, ';', bound->sql_size)) return;
  if (!db) {
    sqlite3_open(":memory:", &db);
    sqlite3_exec(db, "CREATE TABLE t(a, b, c, x, y, z, [a:b])", NULL, NULL, NULL);
  }
  if (sqlite3_prepare_v2(db, bound->sql, -1, &statement, NULL) == SQLITE_OK && statement) {
    REQUIRE((size_t)sqlite3_bind_parameter_count(statement) == bound->value_count);
  }
  sqlite3_finalize(statement);
}

static void check_plan(const Case *test, const Bound *bound) {
  ParameterPlan *plan;
  Error error = {0};
  REQUIRE(parameter_plan(test->dialect, test->sql, test->size, &test->arguments, &plan, &error) ==
          SQLITE_OK);
  size_t size, count;
  const char *sql = parameter_plan_sql(plan, &size, &count);
  REQUIRE(size == bound->sql_size && memcmp(sql, bound->sql, size) == 0);
  REQUIRE(count == bound->value_count);
  Value *values = malloc((count + 1) * sizeof *values);
  REQUIRE(parameter_plan_values(plan, &test->arguments, 2, values, &error) == SQLITE_OK);
  for (size_t i = 0; i < count; i++)
    REQUIRE(values[i].integer == bound->values[i].integer);
  free(values);
  parameter_plan_free(plan);
}

/* Whatever the arguments are, it ends in a bound text or in a message. */
static int try_bind(const Case *test, Bound *bound) {
  Error error = {0};
  int code = parameters_bind(test->dialect, test->sql, test->size, &test->arguments, bound, &error);
  REQUIRE((code == SQLITE_OK) == (bound->sql != NULL));
  REQUIRE(code == SQLITE_OK || (code == error.code && error.message));
  error_clear(&error);
  return code;
}

static void check_others(Case *test, uint8_t choice) {
  static const char array[] = "[1,\"x\",[2],{\"a\":1},null]", broken[] = "[1,";
  Bound bound;
  for (size_t i = 0; i < test->count; i++) {
    Value *value = &test->values[i];
    if (!(choice >> (i % 7) & 1)) continue;
    *value = (Value){.type = VALUE_TEXT, .json = true};
    value->bytes.data = choice & 0x80 ? broken : array;
    value->bytes.size = choice & 1 && !(choice & 0x80) ? 2 : strlen(value->bytes.data);
    if (value->bytes.size == 2) value->bytes.data = "[]";
    test->items[i].kind = JSON_ARRAY;
    test->items[i].value = *value;
  }
  try_bind(test, &bound);
  bound_clear(&bound);
  if (test->object.count) test->object.count--;
  if (test->arguments.positional_count) test->arguments.positional_count--;
  /* without any value left, a `?` of PostgreSQL is an operator and $1 may be PREPARE's own */
  int code = try_bind(test, &bound);
  REQUIRE(code != SQLITE_OK || test->count < 2);
  bound_clear(&bound);
  test->arguments.named = test->arguments.named ? NULL : &test->object;
  test->object.count = test->count;
  try_bind(test, &bound);
  bound_clear(&bound);
}

/* Arguments that fit. False when the text itself is refused. */
static bool make_arguments(Case *test, bool positional) {
  Error error = {0};
  int code =
      parameter_names(test->dialect, test->sql, test->size, &test->names, &test->count, &error);
  REQUIRE((code == SQLITE_OK) == (error.message == NULL));
  error_clear(&error);
  if (code) return false;
  size_t named = tokens_count(test, TOKEN_COLON), numbered = tokens_count(test, TOKEN_DOLLAR);
  size_t questions = tokens_count(test, TOKEN_QUESTION);
  test->kind = named ? TOKEN_COLON : numbered ? TOKEN_DOLLAR : TOKEN_END;
  if (!named && !numbered && questions) {
    bool operators = test->dialect->placeholder == PLACEHOLDER_DOLLAR;
    REQUIRE(test->count == (operators ? 0 : questions));
    if (positional || !operators) test->kind = TOKEN_QUESTION;
    if (test->kind == TOKEN_QUESTION) test->count = questions;
  }
  if (test->kind == TOKEN_DOLLAR && test->count == 0) test->kind = TOKEN_END; /* PREPARE's own */
  if (test->count > MAX_PARAMETERS) return false;
  for (size_t i = 0; i < test->count; i++) {
    test->values[i] = (Value){.type = VALUE_INTEGER, .integer = (int64_t)(FIRST_VALUE + i)};
    test->items[i] = (JsonItem){.kind = JSON_INTEGER, .value = test->values[i]};
    test->items[i].key = test->kind == TOKEN_COLON ? test->names[i] : "x";
  }
  test->object = (JsonItems){.is_object = true, .count = test->count, .items = test->items};
  if (test->kind == TOKEN_COLON) {
    test->arguments.named = &test->object;
  } else {
    test->arguments.positional = test->values;
    test->arguments.positional_count = test->count;
  }
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const DriverDialect *const dialects[] = {&postgresql, &mysql, &sqlite};
  static Case test;
  if (size < 2) return 0;
  char *sql = malloc(size);
  memcpy(sql, data + 2, size - 2);
  sql = realloc(sql, size > 2 ? size - 2 : 1);
  test = (Case){.dialect = dialects[data[0] % 3], .sql = sql, .size = size - 2};
  if (make_arguments(&test, data[1] & 1)) {
    Bound bound;
    REQUIRE(try_bind(&test, &bound) == SQLITE_OK);
    compare(&test, &bound);
    check_sqlite(&test, &bound);
    check_plan(&test, &bound);
    bound_clear(&bound);
    check_others(&test, data[1]);
  }
  sqlite3_free(test.names);
  free(sql);
  return 0;
}
