/*
** push_print.c: tests, lists and orders as SQL text. It trusts push_decide.c; values go as parameters.
*/
#include "driver_support.h"
#include "json.h"
#include "push.h"
#include <stdio.h>
#include <string.h>

static void print(PushPrinter *printer, const char *text) {
  buffer_text(printer->sql, text);
}

/* SQLite takes "x" for a text when there is no column x; `x` is always a name. */
void push_name(PushPrinter *printer, const char *name) {
  const DriverDialect *dialect = printer->dialect;
  char quote = dialect->backtick_names ? '`' : dialect->identifier_quote;
  buffer_append(printer->sql, &quote, 1);
  for (; *name; name++) {
    if (*name == quote) buffer_append(printer->sql, &quote, 1);
    buffer_append(printer->sql, name, 1);
  }
  buffer_append(printer->sql, &quote, 1);
}

void push_values_reset(PushValues *values) {
  for (size_t i = 0; i < values->text_count; i++)
    sqlite3_free(values->texts[i]);
  values->text_count = values->count = 0;
}

void push_values_clear(PushValues *values) {
  push_values_reset(values);
  sqlite3_free(values->texts);
  sqlite3_free(values->values);
  *values = (PushValues){0};
}

bool push_values_add(PushValues *values, const Value *value) {
  if (values->count == values->room) {
    size_t room = values->room ? values->room * 2 : 16;
    Value *larger = sqlite3_realloc64(values->values, room * sizeof *larger);
    if (!larger) return false;
    values->values = larger;
    values->room = room;
  }
  values->values[values->count++] = *value;
  return true;
}

/* The text is the list's from now on. */
static bool values_own(PushValues *values, char *text) {
  char **larger =
      text ? sqlite3_realloc64(values->texts, (values->text_count + 1) * sizeof *larger) : NULL;
  if (!larger) {
    sqlite3_free(text);
    return false;
  }
  values->texts = larger;
  values->texts[values->text_count++] = text;
  return true;
}

/* Binds a value and prints its place. */
static void place(PushPrinter *printer, const Value *value) {
  printer->parameters++;
  if (printer->dialect->placeholder == PLACEHOLDER_DOLLAR)
    buffer_format(printer->sql, "$%zu", printer->parameters);
  else
    print(printer, "?");
  if (printer->values && !push_values_add(printer->values, value)) printer->sql->failed = true;
}

/* A form with the column's name in the place of %s. */
static void form_name(PushPrinter *printer, const char *form, const char *name) {
  const char *at = strstr(form, "%s");
  buffer_append(printer->sql, form, (size_t)(at - form));
  push_name(printer, name);
  print(printer, at + 2);
}

/* The name in the place of each %s. */
static void form_names(PushPrinter *printer, const char *form, const char *name) {
  for (const char *at; (at = strstr(form, "%s")) != NULL; form = at + 2) {
    buffer_append(printer->sql, form, (size_t)(at - form));
    push_name(printer, name);
  }
  print(printer, form);
}

static void form_value(PushPrinter *printer, const char *form, const Value *value) {
  const char *at = strstr(form, "%s");
  buffer_append(printer->sql, form, (size_t)(at - form));
  place(printer, value);
  print(printer, at + 2);
}

/* Two places: the column, then a value; the column again in a third. */
static void form_both(PushPrinter *printer, const char *form, const char *name,
                      const Value *value) {
  const char *at = strstr(form, "%s");
  buffer_append(printer->sql, form, (size_t)(at - form));
  push_name(printer, name);
  const char *rest = strstr(at + 2, "%s") + 2, *again = strstr(rest, "%s");
  buffer_append(printer->sql, at + 2, (size_t)(rest - 2 - (at + 2)));
  place(printer, value);
  if (again)
    form_name(printer, rest, name);
  else
    print(printer, rest);
}

static void print_operator(PushPrinter *printer, PushOperator op) {
  static const char *const words[] = {[PUSH_EQ] = "=",  [PUSH_NE] = "<>", [PUSH_LT] = "<",
                                      [PUSH_LE] = "<=", [PUSH_GT] = ">",  [PUSH_GE] = ">="};
  const char *form = printer->dialect->operator_form;
  print(printer, " ");
  const char *at = form ? strstr(form, "%s") : NULL;
  if (at) buffer_append(printer->sql, form, (size_t)(at - form));
  print(printer, words[op]);
  if (at) print(printer, at + 2);
  print(printer, " ");
}

static void compare(PushPrinter *printer, const PushColumn *column, const PushTest *test,
                    PushOperator op, bool ordered, const Value *value) {
  const DriverCompare *forms = test->compare;
  form_name(printer, ordered ? forms->ordered : forms->column, column->name);
  print_operator(printer, op);
  form_value(printer, ordered ? forms->ordered_parameter : forms->parameter, value);
}

void push_test(PushPrinter *printer, const PushColumn *column, const PushTest *test) {
  switch (test->op) {
  case PUSH_NULL:
  case PUSH_NOT_NULL:
    push_name(printer, column->name);
    print(printer, test->op == PUSH_NULL ? " IS NULL" : " IS NOT NULL");
    return;
  case PUSH_LIKE: form_both(printer, printer->dialect->like, column->name, &test->value); return;
  default: break;
  }
  if (test->beyond || test->numbers) print(printer, "(");
  if (test->has_upper) {
    bool ordered = test->ordered || test->op == PUSH_EQ;
    compare(printer, column, test, PUSH_GE, ordered, &test->value);
    print(printer, " AND ");
    compare(printer, column, test, test->op == PUSH_EQ ? PUSH_LE : PUSH_LT, ordered, &test->upper);
  } else {
    compare(printer, column, test, test->op, test->ordered, &test->value);
  }
  if (!test->beyond && !test->numbers) return;
  print(printer, " OR ");
  form_names(printer, test->beyond ? printer->dialect->beyond : printer->dialect->numbers,
             column->name);
  print(printer, ")");
}

/* The values as one JSON array, which the driver takes for an array of its own. */
static void place_array(PushPrinter *printer, const char *form, const char *name,
                        const Value *values, size_t count) {
  Value array = {.type = VALUE_TEXT, .json = true};
  if (printer->values) {
    DriverBuffer json;
    buffer_init(&json, printer->sql->host);
    for (size_t i = 0; i < count; i++) {
      buffer_append(&json, i ? "," : "[", 1);
      json_value(&json, &values[i]);
    }
    buffer_append(&json, "]", 1);
    char *text = json.failed ? NULL : sqlite3_mprintf("%s", json.data);
    array.bytes.data = text;
    array.bytes.size = json.size;
    if (!values_own(printer->values, text)) printer->sql->failed = true;
    buffer_clear(&json);
  }
  form_both(printer, form, name, &array);
}

void push_in(PushPrinter *printer, const PushColumn *column, const PushTest *test,
             const Value *values, size_t count) {
  const DriverCompare *forms = test->compare;
  if (forms->array) {
    place_array(printer, forms->array, column->name, values, count);
    return;
  }
  form_name(printer, test->ordered ? forms->ordered : forms->column, column->name);
  print(printer, " IN (");
  for (size_t i = 0; i < count; i++) {
    if (i) print(printer, ", ");
    form_value(printer, forms->parameter, &values[i]);
  }
  print(printer, ")");
}

/* There is a line for the class, or the column would not be sorted by the server. */
static const DriverCompare *forms_of(const PushPrinter *printer, const PushColumn *column) {
  const DriverCompare *forms = printer->dialect->compare;
  while (strcmp(forms->class_name, column->class_name))
    forms++;
  return forms;
}

void push_unsorted(PushPrinter *printer, const PushColumn *column) {
  const DriverCompare *forms = forms_of(printer, column);
  form_names(printer, forms->unsorted, column->name);
}

void push_order(PushPrinter *printer, const PushOrder *order) {
  const PushColumn *column = order->column;
  const DriverCompare *forms = forms_of(printer, column);
  bool plain = column->compare == COMPARE_BYTES || !forms->ordered;
  if (order->by_text && forms->sorted_text)
    form_names(printer, forms->sorted_text, column->name);
  else
    form_name(printer, plain ? "%s" : forms->ordered, column->name);
  if (order->descending) print(printer, " DESC");
  if (printer->dialect->nulls_last && !column->not_null)
    print(printer, order->descending ? " NULLS LAST" : " NULLS FIRST");
}
