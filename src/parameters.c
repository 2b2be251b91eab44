/*
** parameters.c: binds the values of one call to the parameters of its operation:
**
**   connector_value('shop', 'SELECT count(*) FROM t WHERE city = :c AND id IN (:ids)',
**                   '{"c":"Paris","ids":[1,2]}')
**   → SELECT count(*) FROM t WHERE city = $1 AND id IN ($2,$3)      'Paris', 1, 2
**
** In three steps, a file each: where the parameters are (parameters_scan.c), which value each takes
** (parameters_values.c), the text with its placeholders (parameters_print.c).
*/
#include "parameters_scan.h"

#include <string.h>

/* Takes apart each array that some IN wants. */
static int arrays_open(const Template *template, const Value *values, JsonItems **arrays,
                       Error *error) {
  for (size_t i = 0; i < template->slot_count; i++) {
    const Slot *slot = &template->slots[i];
    const Value *value = &values[slot->parameter];
    if (!slot->in || arrays[slot->parameter] || !value_is_array(value)) continue;
    int code = json_open(value, &arrays[slot->parameter], error);
    if (code) return code;
  }
  return SQLITE_OK;
}

/* The printed text becomes the caller's, its values a plain array. */
static int bound_fill(Bound *bound, Print *print, Error *error) {
  bound->values = sqlite3_malloc64((print->count + 1) * sizeof *bound->values);
  if (!bound->values) return error_memory(error);
  for (size_t i = 0; i < print->count; i++)
    bound->values[i] = *print->placements[i].value;
  bound->value_count = print->count;
  bound->sql = print->sql;
  bound->sql_size = print->size;
  print->sql = NULL;
  return SQLITE_OK;
}

static int bind_template(const Template *template, const Arguments *arguments, Value *values,
                         Bound *bound, Error *error) {
  Print print;
  int code = template_values(template, arguments, "parameter", values, error);
  if (!code) code = arrays_open(template, values, bound->arrays, error);
  if (code) return code;
  code = template_print(template, values, bound->arrays, &print, error);
  if (code) return code;
  code = bound_fill(bound, &print, error);
  print_clear(&print);
  return code;
}

int parameters_bind(const DriverDialect *dialect, const char *sql, size_t size,
                    const Arguments *arguments, Bound *bound, Error *error) {
  static const Arguments none = {0};
  *bound = (Bound){0};
  if (!arguments) arguments = &none;
  Template template;
  int code = template_scan(dialect, sql, size, arguments, &template, error);
  if (code) return code;
  size_t count = template.parameter_count;
  Value *values = sqlite3_malloc64((count + 1) * sizeof *values);
  bound->arrays = sqlite3_malloc64((count + 1) * sizeof *bound->arrays);
  if (values && bound->arrays) {
    memset(bound->arrays, 0, (count + 1) * sizeof *bound->arrays);
    bound->array_count = count;
    code = bind_template(&template, arguments, values, bound, error);
  } else {
    code = error_memory(error);
  }
  sqlite3_free(values);
  template_clear(&template);
  if (code) bound_clear(bound);
  return code;
}

void bound_clear(Bound *bound) {
  for (size_t i = 0; i < bound->array_count; i++)
    json_free(bound->arrays[i]);
  sqlite3_free(bound->arrays);
  sqlite3_free(bound->values);
  sqlite3_free(bound->sql);
  *bound = (Bound){0};
}

/* ---------------------------------------------------------------- names */

enum { NUMBER_SIZE = 24 }; /* room for "p1000000" */

/* One block: the array of pointers, then the texts. */
static char **names_copy(const Template *template) {
  size_t count = template->parameter_count;
  size_t total = (count + 1) * sizeof(char *);
  for (size_t i = 0; i < count; i++) {
    size_t size = NUMBER_SIZE;
    if (template->form == FORM_NAMED) template_name(template, i, &size);
    total += size + 1;
  }
  char **names = sqlite3_malloc64(total);
  if (!names) return NULL;
  char *at = (char *)(names + count + 1);
  for (size_t i = 0; i < count; i++) {
    names[i] = at;
    if (template->form == FORM_NAMED) {
      size_t size;
      const char *name = template_name(template, i, &size);
      memcpy(at, name, size);
      at += size;
      *at++ = 0;
    } else {
      sqlite3_snprintf(NUMBER_SIZE, at, "p%lld", (long long)i + 1);
      at += strlen(at) + 1;
    }
  }
  names[count] = NULL;
  return names;
}

int parameter_names(const DriverDialect *dialect, const char *sql, size_t size, char ***names,
                    size_t *count, Error *error) {
  Template template;
  *names = NULL;
  *count = 0;
  int code = template_scan(dialect, sql, size, NULL, &template, error);
  if (code) return code;
  *names = names_copy(&template);
  if (*names) {
    *count = template.parameter_count;
  } else {
    code = error_memory(error);
  }
  template_clear(&template);
  return code;
}
