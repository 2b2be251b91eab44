/*
** remote_arguments.c: the arguments of one xFilter call: the tests that can be sent, LIMIT, and the
** parameters of a query.
**
** argv is copied: a scan that must be done again needs it later. Where SQLite would turn a text into a
** number before it compares (a column of numeric affinity), it is done here, by SQLite.
*/
#include "arguments.h"
#include "outer_join.h"
#include "remote_arguments.h"
#include "value.h"
#include <string.h>

#define LIST_MOST 20000 /* values of an IN list that are sent */

void remote_arguments_clear(RemoteArguments *arguments) {
  for (int i = 0; i < arguments->count; i++)
    sqlite3_value_free(arguments->values[i]);
  sqlite3_free(arguments->values);
  for (size_t i = 0; i < arguments->test_count; i++) {
    push_test_clear(&arguments->tests[i].test);
    sqlite3_free(arguments->tests[i].list);
  }
  sqlite3_free(arguments->tests);
  for (size_t i = 0; i < arguments->member_count; i++)
    sqlite3_value_free(arguments->members[i]);
  sqlite3_free(arguments->members);
  bound_clear(&arguments->query);
  *arguments = (RemoteArguments){.limit = -1, .outer_join = arguments->outer_join};
}

/* What SQLite compares the column with. JSON has no meaning here. */
static int take_value(sqlite3_value *from, Affinity affinity, Value *value) {
  if (affinity >= AFFINITY_NUMERIC && sqlite3_value_type(from) == SQLITE_TEXT)
    sqlite3_value_numeric_type(from);
  int code = value_get(from, value);
  value->json = false;
  return code;
}

int remote_argument_value(const RemoteArguments *arguments, const RemoteTable *table,
                          const RemotePlan *plan, int index, Value *value) {
  const PlanArgument *argument = &plan->arguments[index];
  bool test = argument->use == PLAN_TEST;
  Affinity affinity = test ? table->columns[argument->column].affinity : AFFINITY_NONE;
  /* to a parameter of a query a JSON array is another thing than its text */
  return test ? take_value(arguments->values[index], affinity, value)
              : value_get(arguments->values[index], value);
}

int remote_argument_member(const RemoteArguments *arguments, size_t index, Value *value) {
  return take_value(arguments->members[index], AFFINITY_NONE, value);
}

/* ---------------------------------------------------------------- lists */

static int add_member(RemoteArguments *arguments, sqlite3_value *value, size_t *room) {
  if (arguments->member_count == *room) {
    size_t wanted = *room ? *room * 2 : 64;
    sqlite3_value **larger = sqlite3_realloc64(arguments->members, wanted * sizeof *larger);
    if (!larger) return SQLITE_NOMEM;
    arguments->members = larger;
    *room = wanted;
  }
  sqlite3_value *copy = sqlite3_value_dup(value);
  if (!copy) return SQLITE_NOMEM;
  arguments->members[arguments->member_count++] = copy;
  return SQLITE_OK;
}

/* The values of `column IN (…)`; too many are not sent. */
static int take_list(RemoteArguments *arguments, const DriverDialect *dialect,
                     const PlanArgument *argument, sqlite3_value *list, ScanTest *test) {
  sqlite3_value *value;
  size_t first = arguments->member_count, room = first;
  int code = sqlite3_vtab_in_first(list, &value);
  for (; code == SQLITE_OK; code = sqlite3_vtab_in_next(list, &value))
    if (add_member(arguments, value, &room) != SQLITE_OK) return SQLITE_NOMEM;
  if (code != SQLITE_DONE) return code;
  size_t count = arguments->member_count - first;
  if (count > LIST_MOST) return SQLITE_OK; /* verdict: drop */
  test->list = sqlite3_malloc64((count + 1) * sizeof *test->list);
  if (!test->list) return SQLITE_NOMEM;
  for (size_t i = 0; i < count; i++)
    if (take_value(arguments->members[first + i], test->column->affinity, &test->list[i]) !=
        SQLITE_OK)
      return SQLITE_NOMEM;
  test->list_count = count;
  push_decide_in(dialect, test->column, test->list, &test->list_count, argument->binary,
                 &test->test);
  if (test->test.verdict != PUSH_SEND || test->test.compare->array) return SQLITE_OK;
  /* all lists of a statement share its placeholders */
  if (test->list_count <= (size_t)dialect->max_parameters / 2 - arguments->places)
    arguments->places += test->list_count;
  else
    test->test = (PushTest){0}; /* verdict: drop */
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- tests */

static int take_test(RemoteArguments *arguments, const RemoteTable *table,
                     const DriverDialect *dialect, const PlanArgument *argument, int index,
                     sqlite3_value *given) {
  ScanTest *test = &arguments->tests[arguments->test_count];
  *test = (ScanTest){.column = &table->columns[argument->column]};
  int code;
  if (outer_join_matters(argument->op) && arguments->outer_join == OUTER_JOIN_UNKNOWN)
    arguments->outer_join =
        outer_join_possible(table->connector->db) ? OUTER_JOIN_POSSIBLE : OUTER_JOIN_NONE;
  if (outer_join_matters(argument->op) && arguments->outer_join == OUTER_JOIN_POSSIBLE) {
    arguments->exact = false;
    return SQLITE_OK;
  }
  if (argument->op == PUSH_IN) {
    code = take_list(arguments, dialect, argument, given, test);
  } else {
    Value value;
    code = take_value(arguments->values[index], test->column->affinity, &value);
    if (code == SQLITE_OK)
      code = push_decide(dialect, test->column, argument->op, &value, argument->binary,
                         argument->constant, &test->test);
  }
  arguments->exact = arguments->exact && test->test.verdict != PUSH_DROP && test->test.exact;
  arguments->none |= test->test.verdict == PUSH_NO_ROW;
  if (code == SQLITE_OK &&
      (test->test.verdict == PUSH_SEND || test->test.verdict == PUSH_NON_NULL)) {
    arguments->test_count++;
  } else {
    push_test_clear(&test->test);
    sqlite3_free(test->list);
  }
  return code;
}

/* LIMIT and OFFSET are integers here, or SQLite refuses the statement before. */
static void take_limit(RemoteArguments *arguments, const RemotePlan *plan) {
  int64_t limit = -1, offset = 0;
  for (int i = 0; i < plan->argument_count; i++) {
    if (plan->arguments[i].use == PLAN_LIMIT) limit = sqlite3_value_int64(arguments->values[i]);
    if (plan->arguments[i].use == PLAN_OFFSET) offset = sqlite3_value_int64(arguments->values[i]);
  }
  if (limit < 0 || !plan->exact || !arguments->exact) return;
  if (offset < 0) offset = 0;
  if (limit <= INT64_MAX - offset) arguments->limit = limit + offset;
}

int remote_arguments_take(RemoteTable *table, const DriverDialect *dialect, const RemotePlan *plan,
                          int argc, sqlite3_value **argv, RemoteArguments *arguments,
                          Error *error) {
  remote_arguments_clear(arguments);
  size_t room = (size_t)plan->argument_count + 1;
  arguments->values = sqlite3_malloc64(room * sizeof *arguments->values);
  arguments->tests = sqlite3_malloc64(room * sizeof *arguments->tests);
  if (!arguments->values || !arguments->tests) return error_memory(error);
  arguments->exact = true;
  for (int i = 0; i < plan->argument_count && i < argc; i++) {
    arguments->values[i] = sqlite3_value_dup(argv[i]);
    if (!arguments->values[i]) return error_memory(error);
    arguments->count++;
    if (plan->arguments[i].use != PLAN_TEST || table->connector->no_pushdown) continue;
    int code = take_test(arguments, table, dialect, &plan->arguments[i], i, argv[i]);
    if (code == SQLITE_NOMEM) return error_memory(error);
    if (code != SQLITE_OK) return error_set(error, code, "%s", sqlite3_errstr(code));
  }
  take_limit(arguments, plan);
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- the query's parameters */

/* The parameter of a hidden column: that of its name, or when one of them has the name of none, that of its
** place, as parameters without a name have it. */
static int parameter_of(const RemoteTable *table, char **names, size_t count, int hidden) {
  const ModuleColumn *columns = table->arguments.columns + table->arguments.visible_count;
  int found = hidden;
  for (size_t h = 0; h < count; h++) {
    size_t i = 0;
    while (i < count && sqlite3_stricmp(names[i], columns[h].name))
      i++;
    if (i == count) return hidden;
    if ((int)h == hidden) found = (int)i;
  }
  return found;
}

/* The hidden columns are as many as the parameters. */
static int name_values(const RemoteTable *table, const RemoteArguments *arguments,
                       const RemotePlan *plan, char **names, size_t count, JsonItem *items,
                       Error *error) {
  for (size_t i = 0; i < count; i++)
    items[i] = (JsonItem){.key = NULL};
  for (int i = 0; i < arguments->count; i++) {
    const PlanArgument *argument = &plan->arguments[i];
    sqlite3_value *given = arguments->values[i];
    if (argument->use == PLAN_SURPLUS) return remote_table_usage(table, error);
    if (argument->use != PLAN_PARAMETER && argument->use != PLAN_PARAMETER_CHECKED) continue;
    int parameter = parameter_of(table, names, count, argument->column);
    if (argument->use == PLAN_PARAMETER_CHECKED && sqlite3_value_type(given) == SQLITE_NULL)
      return error_set(error, SQLITE_ERROR,
                       "parameter '%s' is NULL: SQLite drops the rows of a table function whose "
                       "argument after the 16th is NULL",
                       names[parameter]);
    Value value;
    if (value_get(given, &value) != SQLITE_OK) return error_memory(error);
    JsonItem *item = &items[parameter];
    *item = (JsonItem){.key = names[parameter], .kind = JSON_TEXT, .value = value};
    if (value.type == VALUE_NULL) item->kind = JSON_NULL;
    if (value.type == VALUE_INTEGER) item->kind = JSON_INTEGER;
    if (value.type == VALUE_REAL) item->kind = JSON_REAL;
    if (value.json)
      item->kind = value.bytes.size && *value.bytes.data == '[' ? JSON_ARRAY : JSON_OBJECT;
  }
  for (size_t i = 0; i < count; i++) {
    if (items[i].key) continue;
    char *usage = remote_table_usage_text(table);
    error_set(error, SQLITE_ERROR, "connector '%s': missing parameter '%s': %s",
              table->arguments.block, names[i], usage ? usage : "");
    sqlite3_free(usage);
    return error->code;
  }
  return SQLITE_OK;
}

static int bind_query(const RemoteTable *table, const DriverDialect *dialect,
                      const RemotePlan *plan, char **names, size_t count, JsonItem *items,
                      Value *values, RemoteArguments *arguments, Error *error) {
  const char *query = table->arguments.query;
  size_t size = strlen(query);
  JsonItems object = {.is_object = true, .count = count, .items = items};
  Arguments given = {0};
  int code = name_values(table, arguments, plan, names, count, items, error);
  if (code != SQLITE_OK) return code;
  if (arguments_are_named(dialect, query, size)) {
    given.named = &object;
  } else {
    for (size_t i = 0; i < count; i++)
      values[i] = items[i].value;
    given.positional = values;
    given.positional_count = count;
  }
  return parameters_bind(dialect, query, size, &given, &arguments->query, error);
}

int remote_arguments_bind(const RemoteTable *table, const DriverDialect *dialect,
                          const RemotePlan *plan, RemoteArguments *arguments, Error *error) {
  const char *query = table->arguments.query;
  char **names;
  size_t count;
  int code = parameter_names(dialect, query, strlen(query), &names, &count, error);
  if (code != SQLITE_OK) return code;
  int declared = table->arguments.column_count - table->arguments.visible_count;
  JsonItem *items = sqlite3_malloc64((count + 1) * sizeof *items);
  Value *values = sqlite3_malloc64((count + 1) * sizeof *values);
  if (!items || !values) {
    code = error_memory(error);
  } else if (count != (size_t)declared) {
    code = error_set(
        error, SQLITE_ERROR,
        "connector '%s': the query of table %s has %d parameter%s and its table %d HIDDEN "
        "column%s: declare one for each, as \"name\" HIDDEN",
        table->arguments.block, table->place.table, (int)count, count == 1 ? "" : "s", declared,
        declared == 1 ? "" : "s");
  } else {
    code = bind_query(table, dialect, plan, names, count, items, values, arguments, error);
  }
  sqlite3_free(items);
  sqlite3_free(values);
  sqlite3_free(names);
  return code;
}
