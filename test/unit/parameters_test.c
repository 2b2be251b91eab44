/*
** parameters_test.c: from an operation and its arguments to the text and values that a driver gets.
**
** sources: src/parameters.c src/parameters_scan.c src/parameters_values.c src/parameters_print.c
** sources: src/parameters_plan.c src/lexer.c src/json.c src/json_reader.c src/json_write.c
** sources: src/error.c src/log_mask.c src/driver_buffer.c src/driver_text.c src/driver_reals.c src/driver_values.c
*/
#include "parameters.h"
#include "unit.h"
#include "dialects.h"

static Error error;

/* What came of it as one text: `sql | value, value`, or `error: message`. */
static char *outcome(int code, const char *sql, size_t size, const Value *values, size_t count) {
  if (code) return sqlite3_mprintf("error: %s", error.message);
  DriverBuffer buffer;
  buffer_init(&buffer, &unit_connector.host);
  buffer_append(&buffer, sql, size);
  for (size_t i = 0; i < count; i++) {
    buffer_text(&buffer, i ? ", " : " | ");
    if (values[i].json) buffer_text(&buffer, "json ");
    json_value(&buffer, &values[i]);
  }
  char *text = sqlite3_mprintf("%s", buffer.data);
  buffer_clear(&buffer);
  return text;
}

/* The arguments as JSON: an object for the named form, an array for the positional one, NULL = none.
** `json` stays set on arrays and objects inside, as json_array(…) has it in SQL. */
typedef struct Given {
  JsonItems *items;
  Value positional[20];
  Arguments arguments;
} Given;

static void given_parse(Given *given, const char *json) {
  *given = (Given){0};
  if (!json) return;
  CHECK(json_parse(&unit_connector, json, strlen(json), &given->items, &error) == SQLITE_OK);
  if (given->items->is_object) {
    given->arguments.named = given->items;
    return;
  }
  for (size_t i = 0; i < given->items->count; i++)
    given->positional[i] = given->items->items[i].value;
  given->arguments.positional = given->positional;
  given->arguments.positional_count = given->items->count;
}

static char *bind(const DriverDialect *dialect, const char *sql, const char *json) {
  Given given;
  Bound bound;
  error_clear(&error);
  given_parse(&given, json);
  int code = parameters_bind(dialect, sql, strlen(sql), &given.arguments, &bound, &error);
  CHECK(code == error.code && (code == SQLITE_OK) == (bound.sql != NULL));
  CHECK(code || bound.sql[bound.sql_size] == 0);
  char *text = outcome(code, bound.sql, bound.sql_size, bound.values, bound.value_count);
  bound_clear(&bound);
  json_free(given.items);
  return text;
}

/* A plan made of the same set gives the same, or leaves it to parameters_bind. */
static void check_plan(const DriverDialect *dialect, const char *sql, const char *json,
                       const char *wanted) {
  Given given;
  ParameterPlan *plan;
  Bound bound;
  error_clear(&error);
  given_parse(&given, json);
  if (parameter_plan(dialect, sql, strlen(sql), &given.arguments, &plan, &error) == SQLITE_OK) {
    for (int i = 0; i < 2; i++) {
      if (!CHECK(parameter_plan_bind(plan, &given.arguments, &bound))) continue;
      CHECK(bound.sql[bound.sql_size] == 0);
      char *text = outcome(0, bound.sql, bound.sql_size, bound.values, bound.value_count);
      if (!CHECK_TEXT(text, wanted)) printf("  planned, %s: %s\n", dialect->name, sql);
      sqlite3_free(text);
      bound_clear(&bound);
    }
    Arguments none = {0};
    if (given.arguments.positional_count > 0 || (given.items && given.items->count > 0)) {
      CHECK(!parameter_plan_bind(plan, &none, &bound) && bound.sql == NULL);
    }
    parameter_plan_free(plan);
  }
  json_free(given.items);
}

typedef struct BindCase {
  const DriverDialect *dialect; /* NULL = all: then `wanted` is for ? and has $n written as ? */
  const char *sql, *json, *wanted;
} BindCase;

static const BindCase bind_cases[] = {
    /* nothing */
    {NULL, "", NULL, ""},
    {NULL, "SELECT 1", NULL, "SELECT 1"},
    {NULL, "SELECT 1", "{}", "SELECT 1"},
    {NULL, "SELECT 1", "[]", "SELECT 1"},
    {NULL, "SELECT '{\"a\":1}', ':x', '?', '$1'", NULL, "SELECT '{\"a\":1}', ':x', '?', '$1'"},
    {NULL, "SELECT 1", "[5]", "error: the operation has no parameters, 1 value was given"},
    {NULL, "SELECT 1", "[5,6]", "error: the operation has no parameters, 2 values were given"},
    {NULL, "SELECT 1", "{\"x\":1}",
     "error: unknown parameter 'x'; the operation has no named parameters"},

    /* named */
    {&postgresql, "a = :a AND b = :b OR a < :a", "{\"b\":2,\"a\":\"x\"}",
     "a = $1 AND b = $2 OR a < $1 | \"x\", 2"},
    {&mysql, "a = :a AND b = :b OR a < :a", "{\"b\":2,\"a\":\"x\"}",
     "a = ? AND b = ? OR a < ? | \"x\", 2, \"x\""},
    {&sqlite, "a = :a AND b = @b OR a < $a", "{\"b\":2,\"a\":\"x\"}",
     "a = ? AND b = ? OR a < ? | \"x\", 2, \"x\""},
    {&sqlite, ":1", "{\"1\":5}", "? | 5"},
    {&mysql, "SELECT @b, @a:=:c", "{\"c\":1}", "SELECT @b, @a:=? | 1"},
    {&postgresql, "'{\"a\":1}'::jsonb -> :k ? 'x' AND y::int = :n", "{\"k\":1,\"n\":2}",
     "'{\"a\":1}'::jsonb -> $1 ? 'x' AND y::int = $2 | 1, 2"},
    {&postgresql, "a[1:2], a[:n], a[x:y]", "{\"n\":3}", "a[1:2], a[$1], a[x:y] | 3"},
    {&postgresql, "LIMIT:n", "{\"n\":3}", "LIMIT $1 | 3"},
    {&postgresql, "x = :größe", "{\"größe\":1.0}", "x = $1 | 1.0"},
    {&postgresql, "x = :a", "{\"a\":null}", "x = $1 | null"},
    {&postgresql, "x = :a, :b, :c, :d", "{\"a\":true,\"b\":{\"x\":1},\"c\":[1,2],\"d\":\"[1]\"}",
     "x = $1, $2, $3, $4 | 1, json {\"x\":1}, json [1,2], \"[1]\""},
    {&postgresql, "x = :a", "{\"a\":{\"$base64\":\"AP8=\"}}", "x = $1 | {\"$base64\":\"AP8=\"}"},
    {NULL, ":a + :b", "{\"a\":1}", "error: missing parameter 'b'; the operation has: a, b"},
    {NULL, ":a + :b", NULL, "error: missing parameter 'a'; the operation has: a, b"},
    {NULL, ":a + :b", "{\"a\":1,\"b\":2,\"x\":3}",
     "error: unknown parameter 'x'; the operation has: a, b"},
    {NULL, ":a", "{\"A\":1}", "error: unknown parameter 'A'; the operation has: a"},
    {NULL, ":a", "{\"a\":1,\"a\":2}", "error: parameter 'a' is given twice"},
    {NULL, ":a, :b", "[1,2]",
     "error: the operation has named parameters: give one JSON object such as '{\"a\": …}', not "
     "values by position"},
    {NULL, ":a, $1", "{\"a\":1}",
     "error: the operation has both :name and $1: use one of the two "
     "forms"},
    {&mysql, ":a, ?", "{\"a\":1}",
     "error: the operation has both ? and :name: use one of the two "
     "forms"},
    {&sqlite, "$1, ?", "[1,2]", "error: the operation has both ? and $1: use one of the two forms"},

    /* by position */
    {&postgresql, "a = ? AND b = ?", "[1,\"x\"]", "a = $1 AND b = $2 | 1, \"x\""},
    {&mysql, "a = ? AND b = ?", "[1,\"x\"]", "a = ? AND b = ? | 1, \"x\""},
    {&postgresql, "LIMIT?", "[1]", "LIMIT $1 | 1"},
    {&postgresql, "?5", "[1]", "$1 5 | 1"},
    {&postgresql, "? || 'x', ?||?", "[1,2,3]", "$1 || 'x', $2||$3 | 1, 2, 3"},
    {&postgresql, "j ?| k AND a = ?", "[1]", "j ?| k AND a = $1 | 1"},
    {&postgresql, "j ? 'k'", NULL, "j ? 'k'"},
    {&postgresql, "j ? 'k' AND a = $1", "[1]", "j ? 'k' AND a = $1 | 1"},
    {&postgresql, "j ? :k", "{\"k\":\"x\"}", "j ? $1 | \"x\""},
    {&postgresql, "$1 + $2 + $1", "[1,2]", "$1 + $2 + $1 | 1, 2"},
    {&postgresql, "$2 + $1", "[1,2]", "$1 + $2 | 2, 1"},
    {&mysql, "$2 + $1 + $2", "[1,2]", "? + ? + ? | 2, 1, 2"},
    {&sqlite, "?2 + ?1 + ?2", "[1,2]", "? + ? + ? | 2, 1, 2"},
    {&mysql, "?", NULL, "error: the operation has 1 parameter, 0 values were given"},
    {NULL, "$1 + $2", NULL, "error: the operation has 2 parameters, 0 values were given"},
    {NULL, "? + ?", "[1,2,3]", "error: the operation has 2 parameters, 3 values were given"},
    {NULL, "? + ?", "[1]", "error: the operation has 2 parameters, 1 value was given"},
    {NULL, "$1, $3", "[1,2,3]", "error: the operation has $3 but no $2"},
    {NULL, "$0", "[1]", "error: the operation has a parameter '$0': numbers go from 1 to 1000000"},
    {NULL, "$99999999999999999999999", "[1]",
     "error: the operation has a parameter '$99999999999999999999999': numbers go from 1 to "
     "1000000"},
    {NULL, "$1", "{\"a\":1}",
     "error: the operation takes 1 value by position ($1), not a JSON object"},
    {&mysql, "?, ?", "{\"a\":1}",
     "error: the operation takes 2 values by position (?), not a JSON object"},
    {&postgresql, "?", "{\"a\":1}",
     "error: unknown parameter 'a'; the operation has no named parameters"},
    {&postgresql, "PREPARE x AS SELECT $1", NULL, "PREPARE x AS SELECT $1"},
    {&postgresql, "CREATE FUNCTION f(int) RETURNS int RETURN $1 + 1", NULL,
     "CREATE FUNCTION f(int) RETURNS int RETURN $1 + 1"},

    /* lists */
    {&postgresql, "a IN (:ids) AND b = :b", "{\"b\":1,\"ids\":[1,\"x\",2.5,null,true]}",
     "a IN ($1,$2,$3,$4,$5) AND b = $6 | 1, \"x\", 2.5, null, 1, 1"},
    {&mysql, "a in(:ids)", "{\"ids\":[1,2]}", "a in(?,?) | 1, 2"},
    {&mysql, "a IN :ids AND b", "{\"ids\":[1,2]}", "a IN (?,?) AND b | 1, 2"},
    {&mysql, "a IN:ids", "{\"ids\":[1,2]}", "a IN (?,?) | 1, 2"},
    {&mysql, "a IN :x", "{\"x\":1}", "a IN (?) | 1"},
    {&mysql, "a IN (?) AND b = ?", "[[1,2],3]", "a IN (?,?) AND b = ? | 1, 2, 3"},
    {&postgresql, "a IN ($2) AND b = $1", "[3,[1,2]]", "a IN ($1,$2) AND b = $3 | 1, 2, 3"},
    {&postgresql, "a IN (:i) OR b IN (:i) OR c = ANY(:i) OR d = ANY(:i)", "{\"i\":[1,2]}",
     "a IN ($1,$2) OR b IN ($1,$2) OR c = ANY($3) OR d = ANY($3) | 1, 2, json [1,2]"},
    {&mysql, "a IN (:i) OR b IN (:i)", "{\"i\":[1,2]}", "a IN (?,?) OR b IN (?,?) | 1, 2, 1, 2"},
    {&mysql, "a IN (:i)", "{\"i\":[]}", "a IN (NULL) IS NOT NULL"},
    {&mysql, "a NOT IN (:i)AND b", "{\"i\":[]}", "a NOT IN (NULL) IS NULL AND b"},
    {&mysql, "a NOT IN :i", "{\"i\":[ ]}", "a NOT IN (NULL) IS NULL"},
    {&mysql, "NOT (a /* x */ IN /* y */ ( :i /* z */ ))", "{\"i\":[]}",
     "NOT (a /* x */ IN /* y */ ( NULL /* z */ ) IS NOT NULL)"},
    {&mysql, "a IN (:i, 3)", "{\"i\":[1]}", "a IN (?, 3) | json [1]"},
    {&mysql, "a IN (:i)", "{\"i\":\"[1,2]\"}", "a IN (?) | \"[1,2]\""},
    {&mysql, "a IN (:i)", "{\"i\":{\"x\":1}}", "a IN (?) | json {\"x\":1}"},
    {&mysql, "a IN (:i)", "{\"i\":[[1],{\"$base64\":\"AA==\"}]}",
     "a IN (?,?) | json [1], {\"$base64\":\"AA==\"}"},
    {&mysql, "a NOT IN (:i)", "{\"i\":[1]}", "a NOT IN (?) | 1"},
    {&postgresql, "position('x' IN :b)", "{\"b\":\"xx\"}", "position('x' IN ($1)) | \"xx\""},
};

static void test_bind(void) {
  const DriverDialect *all[] = {&postgresql, &mysql, &sqlite};
  for (size_t i = 0; i < sizeof bind_cases / sizeof *bind_cases; i++) {
    const BindCase *test = &bind_cases[i];
    for (size_t j = 0; j < 3; j++) {
      if (test->dialect && test->dialect != all[j]) continue;
      char *text = bind(all[j], test->sql, test->json);
      if (!CHECK_TEXT(text, test->wanted)) printf("  %s: %s\n", all[j]->name, test->sql);
      check_plan(all[j], test->sql, test->json, test->wanted);
      sqlite3_free(text);
    }
  }
}

/* A text by position that looks like an array is a text: only `json` makes it one. */
static void test_text_is_no_array(void) {
  Value value = {.type = VALUE_TEXT};
  value.bytes.data = "[1,2]";
  value.bytes.size = 5;
  Arguments arguments = {.positional = &value, .positional_count = 1};
  for (int json = 0; json < 2; json++) {
    Bound bound;
    value.json = json;
    CHECK(parameters_bind(&mysql, "a IN (?)", 8, &arguments, &bound, &error) == SQLITE_OK);
    CHECK_TEXT(bound.sql, json ? "a IN (?,?)" : "a IN (?)");
    CHECK(bound.value_count == (json ? 2 : 1));
    bound_clear(&bound);
  }
  value.json = true;
  value.bytes.size = 4; /* marked as JSON and broken */
  Bound bound;
  error_clear(&error);
  CHECK(parameters_bind(&mysql, "a IN (?)", 8, &arguments, &bound, &error) == SQLITE_ERROR);
  CHECK(bound.sql == NULL && strstr(error.message, "invalid JSON"));
}

static void test_limits(void) {
  DriverDialect small = postgresql;
  small.max_parameters = 3;
  char *text = bind(&small, ":a, :b, :c, :a", "{\"a\":1,\"b\":2,\"c\":3}");
  CHECK_TEXT(text, "$1, $2, $3, $1 | 1, 2, 3");
  sqlite3_free(text);
  text = bind(&small, "x IN (:a)", "{\"a\":[1,2,3,4]}");
  CHECK_TEXT(text,
             "error: the operation has 4 parameters; postgresql takes at most 3 in one statement");
  sqlite3_free(text);
}

/* Tens of thousands of names take no square of time, and long ones are cut in messages. */
static void test_many(void) {
  sqlite3_str *sql = sqlite3_str_new(NULL), *json = sqlite3_str_new(NULL);
  enum { COUNT = 30000 };
  for (int i = 0; i < COUNT; i++) {
    sqlite3_str_appendf(sql, "%s:n%d", i ? "," : "", i);
    sqlite3_str_appendf(json, "%s\"n%d\":%d", i ? "," : "{", COUNT - 1 - i, COUNT - 1 - i);
  }
  sqlite3_str_appendall(json, "}");
  size_t size = (size_t)sqlite3_str_length(sql);
  char *sql_text = sqlite3_str_finish(sql), *json_text = sqlite3_str_finish(json);
  Given given;
  given_parse(&given, json_text);
  Bound bound;
  CHECK(parameters_bind(&sqlite, sql_text, size, &given.arguments, &bound, &error) == SQLITE_OK);
  CHECK(bound.value_count == COUNT && bound.values[123].integer == 123);
  bound_clear(&bound);
  json_free(given.items);
  error_clear(&error);
  CHECK(parameters_bind(&sqlite, sql_text, size, NULL, &bound, &error) == SQLITE_ERROR);
  CHECK(error.message && strlen(error.message) < 300 && strstr(error.message, "…"));
  sqlite3_free(sql_text);
  sqlite3_free(json_text);

  char text[300] = ":";
  for (int i = 0; i < 60; i++)
    strcat(text, i % 2 ? "é" : "ab");
  error_clear(&error);
  CHECK(parameters_bind(&sqlite, text, strlen(text), NULL, &bound, &error) == SQLITE_ERROR);
  CHECK(error.message && utf8_valid(error.message, strlen(error.message)));
}

/* ---------------------------------------------------------------- many sets */

static char *plan_text(const DriverDialect *dialect, const char *sql, const char *const *sets) {
  Given given;
  ParameterPlan *plan;
  error_clear(&error);
  given_parse(&given, sets[0]);
  char *sql_copy = sqlite3_mprintf("%s", sql); /* the plan keeps nothing of it */
  int code = parameter_plan(dialect, sql_copy, strlen(sql), &given.arguments, &plan, &error);
  sqlite3_free(sql_copy);
  json_free(given.items);
  CHECK((code == SQLITE_OK) == (plan != NULL));
  if (code) return outcome(code, NULL, 0, NULL, 0);
  size_t size, count;
  Value values[20];
  const char *plan_sql = parameter_plan_sql(plan, &size, &count);
  char *text = sqlite3_mprintf("%.*s", (int)size, plan_sql);
  for (int i = 0; sets[i]; i++) {
    given_parse(&given, sets[i]);
    code = parameter_plan_values(plan, &given.arguments, i + 1, values, &error);
    char *set = outcome(code, "", 0, values, count);
    text = sqlite3_mprintf("%z%z", text, set);
    json_free(given.items);
  }
  parameter_plan_free(plan);
  return text;
}

typedef struct PlanCase {
  const DriverDialect *dialect;
  const char *sql;
  const char *sets[5];
  const char *wanted;
} PlanCase;

static const PlanCase plan_cases[] = {
    {&postgresql,
     "VALUES (:a, :b, :a)",
     {"{\"a\":1,\"b\":2}", "{\"b\":\"x\",\"a\":null}"},
     "VALUES ($1, $2, $1) | 1, 2 | null, \"x\""},
    {&mysql,
     "VALUES (:a, :b, :a)",
     {"{\"a\":1,\"b\":2}", "{\"b\":3,\"a\":4}"},
     "VALUES (?, ?, ?) | 1, 2, 1 | 4, 3, 4"},
    {&postgresql, "VALUES (?, ?)", {"[1,2]", "[3,4]"}, "VALUES ($1, $2) | 1, 2 | 3, 4"},
    {&postgresql, "VALUES ($2, $1)", {"[1,2]", "[3,4]"}, "VALUES ($1, $2) | 2, 1 | 4, 3"},
    {&mysql, "DELETE FROM t", {"{}", "[]", "{}"}, "DELETE FROM t"},
    {&mysql, "VALUES (:a)", {"{\"a\":[1,2]}"}, "VALUES (?) | json [1,2]"},
    {&mysql,
     "VALUES (:a, :b)",
     {"{\"a\":1,\"b\":2}", "{\"a\":1}"},
     "VALUES (?, ?) | 1, 2error: set 2: missing key 'b'; the operation has: a, b"},
    {&mysql,
     "VALUES (:a)",
     {"{\"a\":1}", "{\"a\":1,\"x\":2}"},
     "VALUES (?) | 1error: set 2: unknown key 'x'; the operation has: a"},
    {&mysql, "VALUES (:a)", {"{\"x\":1}"}, "error: set 1: unknown key 'x'; the operation has: a"},
    {&mysql,
     "VALUES (?)",
     {"[1]", "[1,2]"},
     "VALUES (?) | 1error: set 2: the operation has 1 parameter, 2 values were given"},
    {&mysql,
     "VALUES (?)",
     {"[1]", "{\"a\":1}"},
     "VALUES (?) | 1error: set 2: the operation takes 1 value by position (?), not a JSON object"},
    {&mysql,
     "VALUES (:a)",
     {"{\"a\":1}", "[1]"},
     "VALUES (?) | 1error: set 2: the operation has named parameters: give one JSON object such as "
     "'{\"a\": …}', not values by position"},
    {&mysql,
     "a IN (:a)",
     {"{\"a\":1}", "{\"a\":[1]}"},
     "a IN (?) | 1error: set 2: a JSON array in IN (…) makes another statement for each set: use "
     "connector_execute"},
    {&mysql,
     "a IN :a",
     {"{\"a\":[1]}"},
     "error: set 1: a JSON array in IN (…) makes another statement for each set: use "
     "connector_execute"},
};

static void test_plans(void) {
  for (size_t i = 0; i < sizeof plan_cases / sizeof *plan_cases; i++) {
    const PlanCase *test = &plan_cases[i];
    char *text = plan_text(test->dialect, test->sql, test->sets);
    CHECK_TEXT(text, test->wanted);
    sqlite3_free(text);
  }
  parameter_plan_free(NULL);
}

/* ---------------------------------------------------------------- names */

static void test_names(void) {
  static const struct {
    const DriverDialect *dialect;
    const char *sql, *names;
  } cases[] = {
      {&postgresql, "SELECT 1", ""},   {&postgresql, ":b, :a, :b, 'x:c', y::d", "b a "},
      {&sqlite, "@b, $a, :b", "b a "}, {&postgresql, "$2, $1, $2", "p1 p2 "},
      {&mysql, "?, ?", "p1 p2 "},      {&sqlite, "?2, ?1", "p1 p2 "},
      {&postgresql, "j ? 'k'", ""},    {&mysql, "?, :a", "error"},
      {&mysql, "$3", "error"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char **names;
    size_t count;
    char joined[100] = "";
    error_clear(&error);
    int code = parameter_names(cases[i].dialect, cases[i].sql, strlen(cases[i].sql), &names, &count,
                               &error);
    if (code) strcat(joined, "error");
    for (size_t j = 0; j < count; j++)
      strcat(strcat(joined, names[j]), " ");
    CHECK_TEXT(joined, cases[i].names);
    CHECK(code || names[count] == NULL);
    sqlite3_free(names);
  }
}

/* ---------------------------------------------------------------- memory */

static void test_memory(void) {
  static const char sql[] = "a IN (:ids) AND b = :b AND c IN :empty AND d = :b";
  Given given;
  given_parse(&given,
              "{\"ids\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18],\"b\":2,\"empty\":[]}");
  bool done = false;
  for (int i = 1; !done; i++) {
    Bound bound;
    char **names = NULL;
    size_t count;
    error_clear(&error);
    unit_fail_at = i;
    int code = parameters_bind(&mysql, sql, sizeof sql - 1, &given.arguments, &bound, &error);
    if (!code) code = parameter_names(&mysql, sql, sizeof sql - 1, &names, &count, &error);
    done = unit_fail_at > 0;
    unit_fail_at = 0;
    CHECK(code == (done ? SQLITE_OK : SQLITE_NOMEM));
    sqlite3_free(names);
    bound_clear(&bound);
  }
  json_free(given.items);
  given_parse(&given, "{\"a\":1,\"b\":2}");
  done = false;
  for (int i = 1; !done; i++) {
    ParameterPlan *plan;
    Value values[3];
    error_clear(&error);
    unit_fail_at = i;
    int code = parameter_plan(&mysql, ":a,:b,:a", 8, &given.arguments, &plan, &error);
    if (!code) code = parameter_plan_values(plan, &given.arguments, 1, values, &error);
    done = unit_fail_at > 0;
    unit_fail_at = 0;
    CHECK(code == (done ? SQLITE_OK : SQLITE_NOMEM));
    parameter_plan_free(plan);
  }
  json_free(given.items);
  /* a message that cannot be made is out of memory as well */
  done = false;
  for (int i = 1; !done; i++) {
    Bound bound;
    error_clear(&error);
    unit_fail_at = i;
    int code = parameters_bind(&mysql, ":a", 2, NULL, &bound, &error);
    done = unit_fail_at > 0;
    unit_fail_at = 0;
    CHECK(code == SQLITE_ERROR || code == SQLITE_NOMEM);
    CHECK(bound.sql == NULL);
  }
}

int main(void) {
  unit_start();
  test_bind();
  test_text_is_no_array();
  test_limits();
  test_many();
  test_plans();
  test_names();
  test_memory();
  error_clear(&error);
  return unit_report();
}
