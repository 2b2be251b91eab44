/*
** parameters_print.c: prints a text anew with the dialect's placeholders and says what each takes.
**
**   WHERE city = :c OR :c IS NULL        $1 … $1  (one value)     ? … ?  (the value twice)
**   id IN (:ids), "ids": [1, 2]          id IN ($1,$2)            id IN (?,?)
**   id NOT IN (:ids), "ids": []          id NOT IN (NULL) IS NULL
**
** The last form is true for every row, and IN (NULL) IS NOT NULL false: an empty list as SQL has
** it, also inside NOT ( … ). A space keeps a placeholder apart from words: LIMIT:n must not become
** the name LIMIT$1.
*/
#include "parameters_scan.h"

#include <string.h>

typedef struct Printer {
  const Template *template;
  const Value *values;
  JsonItems *const *arrays;
  sqlite3_str *out;
  size_t *numbers; /* $ dialects: number of a parameter's placeholder, of its first when in IN */
  Print *print;
  bool no_memory;
} Printer;

static void place(Printer *printer, size_t parameter, const Value *value) {
  Print *print = printer->print;
  if (print->count == print->room) {
    size_t room = print->room ? print->room * 2 : 16;
    Placement *grown = sqlite3_realloc64(print->placements, room * sizeof *grown);
    if (!grown) {
      printer->no_memory = true;
      return;
    }
    print->placements = grown;
    print->room = room;
  }
  print->placements[print->count++] = (Placement){parameter, value};
}

static void print_placeholder(Printer *printer, size_t number) {
  if (printer->template->dialect->placeholder == PLACEHOLDER_DOLLAR) {
    sqlite3_str_appendf(printer->out, "$%lld", (long long)number);
  } else {
    sqlite3_str_appendchar(printer->out, 1, '?');
  }
}

/* Where the parameter's value stands already, or 0. Two uses of one parameter, in IN and elsewhere,
** are different values. */
static size_t *known_number(Printer *printer, const Slot *slot, bool expanded) {
  return &printer->numbers[slot->parameter * 2 + expanded];
}

/* All elements of an array, or the one value. */
static void print_values(Printer *printer, const Slot *slot, const JsonItems *array) {
  size_t count = array ? array->count : 1;
  size_t *known = known_number(printer, slot, array != NULL);
  bool again = *known && printer->template->dialect->placeholder == PLACEHOLDER_DOLLAR;
  if (!again) *known = printer->print->count + 1;
  for (size_t i = 0; i < count && !printer->no_memory; i++) {
    const Value *value = printer->values ? &printer->values[slot->parameter] : NULL;
    if (!again) place(printer, slot->parameter, array ? &array->items[i].value : value);
    if (i) sqlite3_str_appendchar(printer->out, 1, ',');
    print_placeholder(printer, *known + i);
  }
}

static void keep_apart(Printer *printer, bool is_word) {
  if (is_word) sqlite3_str_appendchar(printer->out, 1, ' ');
}

/* Prints what stands for the slot, and gives where the text goes on. */
static const char *print_slot(Printer *printer, const Slot *slot) {
  const char *end = printer->template->sql + printer->template->size;
  const char *at = slot->text + slot->size;
  const JsonItems *array = slot->in && printer->arrays ? printer->arrays[slot->parameter] : NULL;
  bool bare = slot->in && !slot->close;
  keep_apart(printer, slot->text > printer->template->sql && lexer_is_word(slot->text[-1]));
  if (bare) sqlite3_str_appendchar(printer->out, 1, '(');
  if (array && array->count == 0) {
    sqlite3_str_appendall(printer->out, "NULL");
    if (slot->close) sqlite3_str_append(printer->out, at, (int)(slot->close - at));
    if (bare) sqlite3_str_appendchar(printer->out, 1, ')');
    sqlite3_str_appendall(printer->out, slot->negated ? " IS NULL" : " IS NOT NULL");
    if (slot->close) at = slot->close;
  } else {
    print_values(printer, slot, array);
    if (bare) sqlite3_str_appendchar(printer->out, 1, ')');
  }
  keep_apart(printer, at < end && lexer_is_word(*at));
  return at;
}

static void print_text(Printer *printer) {
  const Template *template = printer->template;
  const char *at = template->sql;
  for (size_t i = 0; i < template->slot_count && !printer->no_memory; i++) {
    const Slot *slot = &template->slots[i];
    sqlite3_str_append(printer->out, at, (int)(slot->text - at));
    at = print_slot(printer, slot);
  }
  sqlite3_str_append(printer->out, at, (int)(template->sql + template->size - at));
}

/* Ends the text and checks what can only be known now. */
static int print_finish(Printer *printer, Error *error) {
  const DriverDialect *dialect = printer->template->dialect;
  Print *print = printer->print;
  int code = sqlite3_str_errcode(printer->out);
  print->size = (size_t)sqlite3_str_length(printer->out);
  sqlite3_str_appendchar(printer->out, 1, 0); /* an empty text is a text too */
  print->sql = sqlite3_str_finish(printer->out);
  if (code == SQLITE_TOOBIG) return error_set(error, code, "the operation is too long");
  if (!print->sql || printer->no_memory) return error_memory(error);
  if (dialect->max_parameters > 0 && print->count > (size_t)dialect->max_parameters) {
    return error_set(error, SQLITE_ERROR,
                     "the operation has %lld parameters; %s takes at most %d in one statement",
                     (long long)print->count, dialect->name, dialect->max_parameters);
  }
  return SQLITE_OK;
}

int template_print(const Template *template, const Value *values, JsonItems *const *arrays,
                   Print *print, Error *error) {
  *print = (Print){0};
  if (template->size > 1000000000) {
    return error_set(error, SQLITE_TOOBIG, "the operation is too long");
  }
  size_t size = (template->parameter_count + 1) * 2 * sizeof(size_t);
  Printer printer = {.template = template, .values = values, .arrays = arrays, .print = print};
  printer.numbers = sqlite3_malloc64(size);
  if (!printer.numbers) return error_memory(error);
  memset(printer.numbers, 0, size);
  printer.out = sqlite3_str_new(NULL);
  print_text(&printer);
  int code = print_finish(&printer, error);
  sqlite3_free(printer.numbers);
  if (code) print_clear(print);
  return code;
}

void print_clear(Print *print) {
  sqlite3_free(print->sql);
  sqlite3_free(print->placements);
  *print = (Print){0};
}
