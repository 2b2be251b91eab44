/*
** remote_plan.c: what of a query the server shall do (xBestIndex).
**
** Every test that push.h can ever send is asked for, but for LIMIT, ORDER BY and DISTINCT nothing is
** promised: SQLite checks each row again (`omit` is never set), so that what is sent may be decided when
** the values are known. What is decided here:
**
**   ORDER BY    is left to the server when it sorts as SQLite does, and either few rows come (LIMIT) or
**               an index gives the order
**   DISTINCT    when all columns that are used are among those that must differ
**   count(*)    colUsed = 0 and nothing to check
**   LIMIT       limit + offset; SQLite counts the offset itself
**
** idxStr is the remote statement, for EXPLAIN QUERY PLAN, and behind it in a comment the plan:
**
**   u<hex>          the columns that are used
**   t<column><op><k|b|n>   a test with the next argument; k, b: texts are compared by their bytes;
**                   k: with a literal
**   p<n> q<n> s l f the next argument is: a parameter, one that is checked again, surplus, LIMIT, OFFSET
**   o<column><+|->  a column of ORDER BY
**   d c x m         distinct; count; exact; min() or max(), it seems
**
** Costs: one is about what SQLite needs for one row of a table of its own, a row what it takes to send it.
** A round trip is worth 150 of them, and a statement costs less: a join that looks up often reads the
** table whole in the end (remote_adapt.c). At 150 SQLite would sooner index a million local rows for one
** statement than look up in a remote table a million times, which takes it three times as long.
*/
#include "../src/remote.h"
#include "remote_table.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OMIT_LIMIT 16 /* SQLite obeys `omit` for so many constraints */
#define COST_STATEMENT 50.0
#define COST_ROW 2.0          /* a row that is sent */
#define COST_LOOK 0.05        /* a row that the server looks at */
#define ROWS_UNKNOWN 100000.0 /* of a table whose size nobody has told */

static const char operators[] = "=!<[>]ijnmILG"; /* in the order of PushOperator */

typedef struct Planning {
  RemoteTable *table;
  const DriverDialect *dialect;
  sqlite3_index_info *info;
  RemotePlan plan;
  bool exact;       /* all constraints are claimed */
  bool limited;     /* LIMIT is among the arguments */
  bool single;      /* at most one row is kept */
  double rows;      /* of the table */
  double selected;  /* part of the rows that is sent */
  bool index_found; /* the server need not look at every row */
} Planning;

/* ---------------------------------------------------------------- constraints */

static bool operator_of(unsigned char asked, PushOperator *op) {
  switch (asked) {
  case SQLITE_INDEX_CONSTRAINT_EQ: *op = PUSH_EQ; return true;
  case SQLITE_INDEX_CONSTRAINT_NE: *op = PUSH_NE; return true;
  case SQLITE_INDEX_CONSTRAINT_LT: *op = PUSH_LT; return true;
  case SQLITE_INDEX_CONSTRAINT_LE: *op = PUSH_LE; return true;
  case SQLITE_INDEX_CONSTRAINT_GT: *op = PUSH_GT; return true;
  case SQLITE_INDEX_CONSTRAINT_GE: *op = PUSH_GE; return true;
  case SQLITE_INDEX_CONSTRAINT_IS: *op = PUSH_IS; return true;
  case SQLITE_INDEX_CONSTRAINT_ISNOT: *op = PUSH_IS_NOT; return true;
  case SQLITE_INDEX_CONSTRAINT_ISNULL: *op = PUSH_NULL; return true;
  case SQLITE_INDEX_CONSTRAINT_ISNOTNULL: *op = PUSH_NOT_NULL; return true;
  case SQLITE_INDEX_CONSTRAINT_LIKE: *op = PUSH_LIKE; return true;
  case SQLITE_INDEX_CONSTRAINT_GLOB: *op = PUSH_GLOB; return true;
  default: return false;
  }
}

static int add_argument(Planning *planning, int constraint, PlanArgument argument) {
  RemotePlan *plan = &planning->plan;
  plan->arguments[plan->argument_count++] = argument;
  planning->info->aConstraintUsage[constraint].argvIndex = plan->argument_count;
  return SQLITE_OK;
}

static void estimate(Planning *planning, const PushColumn *column, PushOperator op) {
  double rows = planning->rows;
  switch (op) {
  case PUSH_EQ:
  case PUSH_IS:
  case PUSH_IN:
    planning->index_found |= column->indexed;
    if (column->unique) {
      /* a text can be equal to several: '5' and '05' are 5 */
      planning->single |= op == PUSH_EQ && column->affinity >= AFFINITY_NUMERIC;
      planning->selected = fmin(planning->selected, (op == PUSH_IN ? 25 : 1) / rows);
    } else {
      planning->selected *= column->indexed ? fmax(1 / sqrt(rows), 10 / rows) : 0.1;
    }
    break;
  case PUSH_LT:
  case PUSH_LE:
  case PUSH_GT:
  case PUSH_GE:
  case PUSH_GLOB:
    planning->index_found |= column->indexed;
    planning->selected *= 0.3;
    break;
  case PUSH_NULL: planning->selected *= 0.1; break;
  case PUSH_LIKE: planning->selected *= 0.2; break;
  default: planning->selected *= 0.9;
  }
}

/* A parameter of the query, or one too many. SQLITE_CONSTRAINT: this plan cannot give it. */
static int plan_parameter(Planning *planning, int constraint, int column) {
  const RemoteTable *table = planning->table;
  const struct sqlite3_index_constraint *asked = &planning->info->aConstraint[constraint];
  if (asked->op != SQLITE_INDEX_CONSTRAINT_EQ) {
    planning->exact = false;
    return SQLITE_OK;
  }
  if (!asked->usable) return SQLITE_CONSTRAINT;
  PlanArgument argument = {.use = PLAN_PARAMETER, .column = column - table->column_count};
  if (column == table->surplus)
    argument.use = PLAN_SURPLUS;
  else if (constraint >= OMIT_LIMIT)
    argument.use = PLAN_PARAMETER_CHECKED;
  planning->info->aConstraintUsage[constraint].omit = 1;
  return add_argument(planning, constraint, argument);
}

static int plan_test(Planning *planning, int constraint, int column) {
  const RemoteTable *table = planning->table;
  sqlite3_index_info *info = planning->info;
  PlanArgument argument = {.use = PLAN_TEST, .column = column};
  bool claimed = column >= 0 && column < table->column_count && table->wrappable &&
                 operator_of(info->aConstraint[constraint].op, &argument.op);
  if (claimed && sqlite3_vtab_in(info, constraint, -1)) argument.op = PUSH_IN;
  claimed = claimed && push_possible(planning->dialect, &table->columns[column], argument.op);
  if (!claimed) {
    planning->exact = false;
    return SQLITE_OK;
  }
  if (argument.op == PUSH_IN) sqlite3_vtab_in(info, constraint, 1);
  const char *collation = sqlite3_vtab_collation(info, constraint);
  argument.binary = !table->utf16 && (!collation || sqlite3_stricmp(collation, "BINARY") == 0);
  sqlite3_value *literal;
  argument.constant = sqlite3_vtab_rhs_value(info, constraint, &literal) == SQLITE_OK;
  estimate(planning, &table->columns[column], argument.op);
  return add_argument(planning, constraint, argument);
}

static int plan_constraint(Planning *planning, int constraint) {
  const RemoteTable *table = planning->table;
  const struct sqlite3_index_constraint *asked = &planning->info->aConstraint[constraint];
  int column = asked->iColumn < 0 ? table->rowid_column : asked->iColumn;
  if (asked->op == SQLITE_INDEX_CONSTRAINT_LIMIT || asked->op == SQLITE_INDEX_CONSTRAINT_OFFSET)
    return SQLITE_OK;
  if (column >= table->column_count && column != table->identity)
    return plan_parameter(planning, constraint, column);
  if (asked->usable) return plan_test(planning, constraint, column);
  planning->exact = false;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- LIMIT, ORDER BY, DISTINCT */

static void plan_limit(Planning *planning) {
  sqlite3_index_info *info = planning->info;
  for (int i = 0; i < info->nConstraint; i++) {
    unsigned char op = info->aConstraint[i].op;
    if (!info->aConstraint[i].usable) continue;
    if (op == SQLITE_INDEX_CONSTRAINT_LIMIT) {
      add_argument(planning, i, (PlanArgument){.use = PLAN_LIMIT});
      planning->limited = true;
    } else if (op == SQLITE_INDEX_CONSTRAINT_OFFSET) {
      add_argument(planning, i, (PlanArgument){.use = PLAN_OFFSET});
    }
  }
}

/* The column of an ORDER BY term when the server sorts it as SQLite does, else -1. */
static int sorted_column(const Planning *planning, int term) {
  const RemoteTable *table = planning->table;
  int column = planning->info->aOrderBy[term].iColumn;
  if (column < 0) column = table->rowid_column;
  if (column < 0 || column >= table->column_count || !table->wrappable) return -1;
  if (push_sorts_perhaps(planning->dialect, &table->columns[column])) {
    /* that there are no rows which sort in another way is looked up: in an index, or in a table, not in a
    ** view or query, which would be computed twice */
    bool cheap = table->columns[column].indexed || table->arguments.rows >= 0;
    if (!table->arguments.table || !cheap || planning->plan.distinct) return -1;
  }
  return push_sorts(planning->dialect, &table->columns[column]) ? column : -1;
}

/* Are the columns that are used among those of DISTINCT, and do they differ there when they do here? */
static bool distinct_fits(const Planning *planning) {
  const RemoteTable *table = planning->table;
  const sqlite3_index_info *info = planning->info;
  uint64_t left = info->colUsed;
  if (!table->wrappable || !left || left >> 63) return false;
  for (int i = 0; i < info->nOrderBy; i++) {
    int column = info->aOrderBy[i].iColumn;
    if (column < 0 || column >= table->column_count || column >= 63) return false;
    if (!push_distinguishes(planning->dialect, &table->columns[column])) return false;
    left &= ~(UINT64_C(1) << column);
  }
  return left == 0;
}

static void plan_order(Planning *planning) {
  const RemoteTable *table = planning->table;
  sqlite3_index_info *info = planning->info;
  RemotePlan *plan = &planning->plan;
  int mode = sqlite3_vtab_distinct(info);
  if (info->nOrderBy == 0) return;
  if (mode >= 2) {
    plan->distinct = distinct_fits(planning);
    if (plan->distinct) planning->selected *= 0.5;
    if (mode == 2) info->orderByConsumed = plan->distinct;
    if (mode == 2) return;
  }
  int count = 0;
  for (int i = 0; i < info->nOrderBy; i++) {
    int column = sorted_column(planning, i);
    if (column < 0) return;
    plan->order[count++] = (PlanOrder){column, info->aOrderBy[i].desc != 0};
    /* rows that differ in a unique column are sorted by what comes before */
    if (table->columns[column].unique && table->columns[column].not_null) break;
  }
  /* min() and max() come as ORDER BY of their column alone */
  int first = plan->order[0].column;
  plan->extreme = mode == 0 && count == 1 && first < 63 && info->colUsed == UINT64_C(1) << first;
  if (!plan->extreme && !planning->limited && !table->columns[first].indexed &&
      !(planning->single || planning->selected * planning->rows < 1000))
    return;
  plan->order_count = count;
  info->orderByConsumed = 1;
}

/* ---------------------------------------------------------------- the plan as text */

static void print_plan(sqlite3_str *text, const RemotePlan *plan) {
  sqlite3_str_appendf(text, " /*u%llx", (unsigned long long)plan->used);
  for (int i = 0; i < plan->argument_count; i++) {
    const PlanArgument *argument = &plan->arguments[i];
    switch (argument->use) {
    case PLAN_TEST:
      sqlite3_str_appendf(text, " t%d%c%c", argument->column, operators[argument->op],
                          argument->binary ? (argument->constant ? 'k' : 'b') : 'n');
      break;
    case PLAN_PARAMETER: sqlite3_str_appendf(text, " p%d", argument->column); break;
    case PLAN_PARAMETER_CHECKED: sqlite3_str_appendf(text, " q%d", argument->column); break;
    case PLAN_SURPLUS: sqlite3_str_appendall(text, " s"); break;
    case PLAN_LIMIT: sqlite3_str_appendall(text, " l"); break;
    case PLAN_OFFSET: sqlite3_str_appendall(text, " f"); break;
    }
  }
  for (int i = 0; i < plan->order_count; i++)
    sqlite3_str_appendf(text, " o%d%c", plan->order[i].column,
                        plan->order[i].descending ? '-' : '+');
  if (plan->distinct) sqlite3_str_appendall(text, " d");
  if (plan->count) sqlite3_str_appendall(text, " c");
  if (plan->exact) sqlite3_str_appendall(text, " x");
  if (plan->extreme) sqlite3_str_appendall(text, " m");
  sqlite3_str_appendall(text, "*/");
}

static int plan_room(RemotePlan *plan, int arguments, int order) {
  *plan = (RemotePlan){0};
  plan->arguments = sqlite3_malloc64((size_t)(arguments + 1) * sizeof *plan->arguments);
  plan->order = sqlite3_malloc64((size_t)(order + 1) * sizeof *plan->order);
  return plan->arguments && plan->order ? SQLITE_OK : SQLITE_NOMEM;
}

void remote_plan_clear(RemotePlan *plan) {
  sqlite3_free(plan->arguments);
  sqlite3_free(plan->order);
  *plan = (RemotePlan){0};
}

static int plan_damaged(Error *error) {
  return error_set(error, SQLITE_INTERNAL, "the plan of a remote table cannot be read");
}

int remote_plan_parse(const char *text, RemotePlan *plan, Error *error) {
  const char *at = text ? strrchr(text, '/') : NULL; /* of the closing mark */
  while (at && at > text && !(at[0] == '/' && at[1] == '*'))
    at--;
  if (!at || at[0] != '/' || at[1] != '*') return plan_damaged(error);
  if (plan_room(plan, (int)strlen(at), (int)strlen(at)) != SQLITE_OK) return error_memory(error);
  at += 2;
  while (*at && *at != '*') {
    char *end = (char *)at + 1;
    PlanArgument *argument = &plan->arguments[plan->argument_count];
    long number = *at == 'u' || strchr("tpqo", *at) == NULL ? 0 : strtol(at + 1, &end, 10);
    *argument = (PlanArgument){.column = (int)number};
    switch (*at) {
    case 'u': plan->used = strtoull(at + 1, &end, 16); break;
    case 't': {
      const char *op = strchr(operators, *end);
      if (!op || !*end) return plan_damaged(error);
      argument->op = (PushOperator)(op - operators);
      argument->binary = end[1] != 'n';
      argument->constant = end[1] == 'k';
      end += 2;
      plan->argument_count++;
      break;
    }
    case 'p':
      argument->use = PLAN_PARAMETER;
      plan->argument_count++;
      break;
    case 'q':
      argument->use = PLAN_PARAMETER_CHECKED;
      plan->argument_count++;
      break;
    case 's':
      argument->use = PLAN_SURPLUS;
      plan->argument_count++;
      break;
    case 'l':
      argument->use = PLAN_LIMIT;
      plan->argument_count++;
      break;
    case 'f':
      argument->use = PLAN_OFFSET;
      plan->argument_count++;
      break;
    case 'o':
      plan->order[plan->order_count++] = (PlanOrder){(int)number, *end == '-'};
      end++;
      break;
    case 'd': plan->distinct = true; break;
    case 'c': plan->count = true; break;
    case 'x': plan->exact = true; break;
    case 'm': plan->extreme = true; break;
    default: return plan_damaged(error);
    }
    at = end;
    if (*at == ' ') at++;
  }
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- what will be sent */

/* A value as it could come, to show the statement with. */
static Value typical(const PushColumn *column) {
  const char *class_name = column->class_name ? column->class_name : "";
  const char *text = "a";
  if (column->affinity >= AFFINITY_NUMERIC || !strcmp(class_name, "numeric") ||
      !strcmp(class_name, "unsigned"))
    return (Value){.type = VALUE_INTEGER, .integer = 1};
  if (!strcmp(class_name, "blob"))
    return (Value){.type = VALUE_BLOB, .bytes = {.data = text, .size = 1}};
  if (!strcmp(class_name, "uuid")) text = "00000000-0000-0000-0000-000000000000";
  if (!strcmp(class_name, "date") || !strncmp(class_name, "timestamp", 9)) text = "2000-01-01";
  return (Value){.type = VALUE_TEXT, .bytes = {.data = text, .size = strlen(text)}};
}

/* The tests with values that are typical, as the real ones are not known yet. */
static int typical_tests(const Planning *planning, ScanTest *tests, size_t *count) {
  const RemotePlan *plan = &planning->plan;
  *count = 0;
  for (int i = 0; i < plan->argument_count; i++) {
    const PlanArgument *argument = &plan->arguments[i];
    if (argument->use != PLAN_TEST) continue;
    ScanTest *test = &tests[*count];
    const PushColumn *column = &planning->table->columns[argument->column];
    *test = (ScanTest){.column = column};
    Value value = typical(column);
    PushOperator op = argument->op == PUSH_IN ? PUSH_EQ : argument->op;
    if (push_decide(planning->dialect, column, op, &value, argument->binary, argument->constant,
                    &test->test) != SQLITE_OK)
      return SQLITE_NOMEM;
    if (argument->op == PUSH_IN && test->test.verdict == PUSH_SEND) {
      test->test.op = PUSH_IN;
      test->list = sqlite3_malloc64(sizeof *test->list);
      if (!test->list) return SQLITE_NOMEM;
      *test->list = test->test.value;
      test->list_count = 1;
    }
    if (test->test.verdict != PUSH_DROP && test->test.verdict != PUSH_NO_ROW) ++*count;
  }
  return SQLITE_OK;
}

static int show_statement(Planning *planning, sqlite3_str *text, Error *error) {
  const RemotePlan *plan = &planning->plan;
  ScanTest *tests = sqlite3_malloc64((size_t)(plan->argument_count + 1) * sizeof *tests);
  size_t count = 0;
  DriverBuffer sql;
  if (!tests) return error_memory(error);
  buffer_init(&sql, &planning->table->connector->host);
  int code = typical_tests(planning, tests, &count);
  const char *query = planning->table->arguments.query;
  Bound bound = {.sql = (char *)query, .sql_size = query ? strlen(query) : 0};
  RemoteSelect select = {.table = planning->table,
                         .dialect = planning->dialect,
                         .source = remote_table_source(planning->table, planning->dialect, error),
                         .plan = plan,
                         .tests = tests,
                         .test_count = count,
                         .query = query ? &bound : NULL,
                         .limit = planning->limited && plan->exact ? 0 : -1};
  if (!query && !select.source) code = error->code;
  if (code == SQLITE_OK) code = remote_select_print(&select, &sql, NULL, error);
  if (code == SQLITE_OK) sqlite3_str_append(text, sql.data, (int)sql.size);
  for (size_t i = 0; i < count; i++) {
    push_test_clear(&tests[i].test);
    sqlite3_free(tests[i].list);
  }
  sqlite3_free(tests);
  buffer_clear(&sql);
  return code;
}

/* ---------------------------------------------------------------- xBestIndex */

static void set_costs(Planning *planning) {
  sqlite3_index_info *info = planning->info;
  double rows = planning->single ? 1 : fmax(planning->selected * planning->rows, 1);
  double looked = planning->index_found ? rows : planning->rows;
  info->estimatedRows = (sqlite3_int64)fmin(rows, 1e15);
  info->estimatedCost = COST_STATEMENT + rows * COST_ROW + looked * COST_LOOK;
  /* a parameter that is not given here is given by a plan that was meant, in each of several OR terms */
  int missing = planning->table->arguments.column_count - planning->table->column_count;
  for (int i = 0; i < planning->plan.argument_count; i++)
    missing -= planning->plan.arguments[i].use <= PLAN_PARAMETER_CHECKED &&
               planning->plan.arguments[i].use != PLAN_TEST;
  if (missing > 0) info->estimatedCost *= 1e9;
  if (planning->single) info->idxFlags |= SQLITE_INDEX_SCAN_UNIQUE;
}

static int make_plan(Planning *planning, Error *error) {
  sqlite3_index_info *info = planning->info;
  RemoteTable *table = planning->table;
  RemotePlan *plan = &planning->plan;
  if (plan_room(plan, info->nConstraint, info->nOrderBy) != SQLITE_OK) return error_memory(error);
  plan->used = info->colUsed;
  bool pushdown = !table->connector->no_pushdown;
  for (int i = 0; i < info->nConstraint; i++) {
    bool parameter = info->aConstraint[i].iColumn >= table->column_count;
    if (!pushdown && !parameter) continue;
    int code = plan_constraint(planning, i);
    if (code != SQLITE_OK) return code;
  }
  if (pushdown) {
    bool all = planning->exact;
    plan_limit(planning);
    plan_order(planning);
    plan->exact = all && (info->nOrderBy == 0 || info->orderByConsumed);
    plan->count = info->colUsed == 0 && info->nOrderBy == 0 && all && table->wrappable;
    for (int i = 0; i < plan->argument_count; i++)
      if (plan->arguments[i].use == PLAN_TEST) plan->count = false;
  }
  set_costs(planning);
  sqlite3_str *text = sqlite3_str_new(NULL);
  int code = show_statement(planning, text, error);
  print_plan(text, plan);
  if (code == SQLITE_OK && sqlite3_str_errcode(text)) code = error_memory(error);
  info->idxStr = sqlite3_str_finish(text);
  info->needToFreeIdxStr = 1;
  return code;
}

int remote_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  RemoteTable *table = (RemoteTable *)base;
  Error error = {0};
  Remote *remote;
  int code = remote_table_remote(table, &remote, &error);
  if (code == SQLITE_OK) {
    double rows = table->arguments.rows >= 0 ? (double)table->arguments.rows : ROWS_UNKNOWN;
    Planning planning = {.table = table,
                         .dialect = remote->dialect,
                         .info = info,
                         .exact = true,
                         .rows = fmax(rows, 1),
                         .selected = 1};
    code = make_plan(&planning, &error);
    remote_plan_clear(&planning.plan);
    remote_release(remote);
    if (code == SQLITE_CONSTRAINT && !error.code) return code;
  }
  if (code == SQLITE_OK) return code;
  sqlite3_free(base->zErrMsg);
  base->zErrMsg = error.message ? sqlite3_mprintf("%s", error.message) : NULL;
  error_move(&table->connector->last_error, &error);
  return code;
}
