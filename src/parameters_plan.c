/*
** parameters_plan.c: many sets with one text. The text is scanned and printed once; each set then
** only finds its values.
**
**   execute_many('shop', 'INSERT INTO t VALUES (:a, :b)', '[{"a":1,"b":2},{"b":3,"a":4}]')
*/
#include "parameters_scan.h"

#include <string.h>

struct ParameterPlan {
  Template template; /* points into sql */
  char *sql;
  Print print;
  Value *values;          /* of the parameters of the set at hand */
  bool positional, named; /* what the first set gave: it may decide what a ? is */
};

static void form_of(const Arguments *set, bool *positional, bool *named) {
  *positional = set->positional_count > 0;
  *named = set->named && set->named->count > 0;
}

/* The text would be another one for each set. */
static int refuse_arrays(const ParameterPlan *plan, Error *error) {
  const Template *template = &plan->template;
  for (size_t i = 0; i < template->slot_count; i++) {
    const Slot *slot = &template->slots[i];
    if (slot->in && value_is_array(&plan->values[slot->parameter])) {
      return error_set(error, SQLITE_ERROR,
                       "a JSON array in IN (…) makes another statement for each set: use "
                       "connector_execute");
    }
  }
  return SQLITE_OK;
}

static int plan_set(const ParameterPlan *plan, const Arguments *set, int64_t number, Error *error) {
  int code = template_values(&plan->template, set, "key", plan->values, error);
  if (!code) code = refuse_arrays(plan, error);
  if (code == SQLITE_ERROR) error_wrap(error, "set %lld", (long long)number);
  return code;
}

static int plan_fill(ParameterPlan *plan, const DriverDialect *dialect, const char *sql,
                     size_t size, const Arguments *sample, Error *error) {
  form_of(sample, &plan->positional, &plan->named);
  plan->sql = sqlite3_malloc64((sqlite3_uint64)size + 1);
  if (!plan->sql) return error_memory(error);
  if (size) memcpy(plan->sql, sql, size);
  int code = template_scan(dialect, plan->sql, size, sample, &plan->template, error);
  if (code) return code;
  plan->values = sqlite3_malloc64((plan->template.parameter_count + 1) * sizeof *plan->values);
  if (!plan->values) return error_memory(error);
  code = plan_set(plan, sample, 1, error);
  return code ? code : template_print(&plan->template, NULL, NULL, &plan->print, error);
}

int parameter_plan(const DriverDialect *dialect, const char *sql, size_t size,
                   const Arguments *sample, ParameterPlan **plan, Error *error) {
  *plan = NULL;
  ParameterPlan *made = sqlite3_malloc64(sizeof *made);
  if (!made) return error_memory(error);
  *made = (ParameterPlan){0};
  int code = plan_fill(made, dialect, sql, size, sample, error);
  if (code) {
    parameter_plan_free(made);
  } else {
    *plan = made;
  }
  return code;
}

const char *parameter_plan_sql(const ParameterPlan *plan, size_t *size, size_t *value_count) {
  *size = plan->print.size;
  *value_count = plan->print.count;
  return plan->print.sql;
}

int parameter_plan_values(const ParameterPlan *plan, const Arguments *set, int64_t number,
                          Value *values, Error *error) {
  int code = plan_set(plan, set, number, error);
  if (code) return code;
  for (size_t i = 0; i < plan->print.count; i++) {
    values[i] = plan->values[plan->print.placements[i].parameter];
  }
  return SQLITE_OK;
}

bool parameter_plan_bind(ParameterPlan *plan, const Arguments *set, Bound *bound) {
  bool positional, named;
  Error ignored;
  form_of(set, &positional, &named);
  *bound = (Bound){0};
  if (positional != plan->positional || named != plan->named) return false;
  const Print *print = &plan->print;
  bound->sql = sqlite3_malloc64(print->size + 1);
  bound->values = sqlite3_malloc64((print->count + 1) * sizeof *bound->values);
  error_init(&ignored);
  if (bound->sql && bound->values &&
      parameter_plan_values(plan, set, 1, bound->values, &ignored) == SQLITE_OK) {
    memcpy(bound->sql, print->sql, print->size + 1);
    bound->sql_size = print->size;
    bound->value_count = print->count;
    return true;
  }
  error_clear(&ignored);
  bound_clear(bound);
  return false;
}

void parameter_plan_free(ParameterPlan *plan) {
  if (!plan) return;
  template_clear(&plan->template);
  print_clear(&plan->print);
  sqlite3_free(plan->values);
  sqlite3_free(plan->sql);
  sqlite3_free(plan);
}
