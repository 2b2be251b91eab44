/*
** parameters_scan.h: where the parameters of a text are, and the text printed anew with the
** dialect's own placeholders. For parameters.c and parameters_plan.c only.
*/
#ifndef CONNECTOR_PARAMETERS_SCAN_H
#define CONNECTOR_PARAMETERS_SCAN_H

#include "parameters.h"

typedef enum ParameterForm {
  FORM_NONE,
  FORM_NAMED,    /* :name */
  FORM_NUMBERED, /* $1 */
  FORM_QUESTION  /* ? */
} ParameterForm;

/* One place in the text. */
typedef struct Slot {
  const char *text; /* borrowed from the SQL, with its sigil */
  size_t size;
  size_t parameter;  /* index of what it takes */
  bool in;           /* directly behind IN, or alone in the parentheses behind it */
  bool negated;      /* … behind NOT IN */
  const char *close; /* behind those parentheses, or NULL when there are none */
} Slot;

/* A text with its places. Parameters are counted from 0: names in order of first appearance, $n at
** n-1, ? in order. */
typedef struct Template {
  const DriverDialect *dialect;
  const char *sql; /* borrowed */
  size_t size;
  ParameterForm form;
  Slot *slots;
  size_t slot_count;
  size_t parameter_count;
  size_t *first;  /* named: the slot that a parameter first appears in */
  size_t *sorted; /* named: parameters in order of their names, for template_find */
} Template;

/* `given`: what is known of the arguments decides whether a `?` of PostgreSQL is a placeholder;
** NULL = nothing is given. */
int template_scan(const DriverDialect *dialect, const char *sql, size_t size,
                  const Arguments *given, Template *template, Error *error);
void template_clear(Template *template);

/* Name of a parameter of FORM_NAMED. */
const char *template_name(const Template *template, size_t parameter, size_t *size);
/* Its parameter, or false. */
bool template_find(const Template *template, const char *name, size_t *parameter);
/* How much of a name a message shows, for %.*s: at most 64 bytes, whole characters. */
int name_shown(const char *name, size_t size);
/* "a, b, c" for messages, cut after some; sqlite3_malloc'ed, NULL when out of memory. */
char *template_list(const Template *template);

/* Finds the value of each parameter: values[parameter_count]. `noun`: "parameter", or "key" of a
** set. */
int template_values(const Template *template, const Arguments *given, const char *noun,
                    Value *values, Error *error);

/* What one placeholder of the printed text takes. */
typedef struct Placement {
  size_t parameter;
  const Value *value; /* borrowed from values or arrays; NULL when no values were given */
} Placement;

typedef struct Print {
  char *sql; /* sqlite3_malloc'ed */
  size_t size;
  Placement *placements;
  size_t count, room;
} Print;

/* Prints the text. values may be NULL; arrays[parameter_count] are those taken apart for IN, else
** NULL. */
int template_print(const Template *template, const Value *values, JsonItems *const *arrays,
                   Print *print, Error *error);
void print_clear(Print *print);

/* TEXT marked as JSON that is an array. */
bool value_is_array(const Value *value);

#endif
