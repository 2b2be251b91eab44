/*
** parameters.h: from an operation as the user wrote it and the values given, to the text and the
** values that the driver gets.
**
**   `:name` takes its value from one JSON object; `?` and `$1` take the remaining arguments by
**   position (in SQLite `?1` is the same as `$1`, and `@name`, `$name` the same as `:name`). Which
**   colons start a name is said in lexer.h. Each may be used several times.
**
**   `?`: always one in a dialect whose own placeholder it is. In PostgreSQL it is one only when values
**   are given by position and no `$n` or `:name` is in the text, else an operator. `$n` without any
**   value given is left alone in CREATE and PREPARE, where it is the routine's own.
**
**   `IN (:ids)`, `IN :ids`, `IN (?)`: a JSON array becomes one placeholder per element, and each
**   element keeps its type; an empty array makes `IN` false and `NOT IN` true for every row. Else a
**   JSON array is one value marked `json` (`= ANY(:ids)` in PostgreSQL). An array is a value with
**   `json` set that starts with `[`: a member of the JSON object, or an argument with SQLite's JSON
**   subtype such as json_array(1,2). A text by position that only looks like one is a text.
*/
#ifndef CONNECTOR_PARAMETERS_H
#define CONNECTOR_PARAMETERS_H

#include "json.h"
#include "lexer.h"

/* What the user gave. At most one of the two forms. */
typedef struct Arguments {
  const Value *positional;
  size_t positional_count;
  const JsonItems *named; /* an object, or NULL */
} Arguments;

/* The text in the dialect's own placeholders and its values in order. */
typedef struct Bound {
  char *sql; /* sqlite3_malloc'ed, NUL-terminated */
  size_t sql_size;
  Value *values; /* own array; the bytes are borrowed from Arguments */
  size_t value_count;
  JsonItems **arrays; /* own: the arrays that were taken apart */
  size_t array_count;
} Bound;

/* Binds one set. Errors (SQLITE_ERROR), each naming the parameter or the counts: a missing name; a
** name given but not used, or given twice; too few or too many positional values; a `$n` left out;
** `?` beside `$n` or `:name`; one form where the text has the other; more parameters than the
** dialect takes. */
int parameters_bind(const DriverDialect *dialect, const char *sql, size_t size,
                    const Arguments *arguments, Bound *bound, Error *error);
void bound_clear(Bound *bound);

/* For many sets with one text: where the placeholders are is found once. */
typedef struct ParameterPlan ParameterPlan;
/* `sample` is the first set and decides the form (and the keys that every later set must have). A
** JSON array in IN (…) is refused here. */
int parameter_plan(const DriverDialect *dialect, const char *sql, size_t size,
                   const Arguments *sample, ParameterPlan **plan, Error *error);
const char *parameter_plan_sql(const ParameterPlan *plan, size_t *size, size_t *value_count);
/* Values of one set in placeholder order, into values[value_count]. `number` is the 1-based set
** number for errors: "set 3: missing key 'b'". */
int parameter_plan_values(const ParameterPlan *plan, const Arguments *set, int64_t number,
                          Value *values, Error *error);
/* As parameters_bind would bind this set to the plan's text. False, with nothing in *bound: this set is
** wrong, or of another form, or needs another text, or there is no memory: parameters_bind says which. */
bool parameter_plan_bind(ParameterPlan *plan, const Arguments *set, Bound *bound);
void parameter_plan_free(ParameterPlan *plan);

/* Names of the parameters of a text, for connector_view's hidden columns: `:name` by name in order
** of first appearance; `$n` and `?` as "p1", "p2" … by position. (In PostgreSQL `?` is an operator
** here, as no values are given.) *names is one sqlite3_malloc'ed block (array and texts). */
int parameter_names(const DriverDialect *dialect, const char *sql, size_t size, char ***names,
                    size_t *count, Error *error);

#endif
