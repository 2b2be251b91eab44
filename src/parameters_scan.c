/*
** parameters_scan.c: finds the parameters of a text with the lexer and gives each place the number
** of its parameter. Everything is found in one walk; names are then put together by sorting, so
** that a text with many names takes no square of time.
**
** Relies on: lexer.c to tell a parameter from what only looks like one.
*/
#include "parameters_scan.h"

#include <stdlib.h>
#include <string.h>

/* The walk: the last three significant tokens are kept to see `NOT IN (`. */
typedef struct Scan {
  Template *template;
  Token before[3]; /* the latest first */
  size_t room;
  bool pending; /* the last slot stands in `IN (`: is `)` next? */
} Scan;

static bool scan_grow(Scan *scan) {
  Template *template = scan->template;
  if (template->slot_count < scan->room) return true;
  size_t room = scan->room ? scan->room * 2 : 16;
  Slot *grown = sqlite3_realloc64(template->slots, room * sizeof *grown);
  if (!grown) return false;
  template->slots = grown;
  scan->room = room;
  return true;
}

static bool scan_slot(Scan *scan, const Token *token) {
  if (!scan_grow(scan)) return false;
  bool bare = token_is(&scan->before[0], "in");
  bool inside = token_is_other(&scan->before[0], '(') && token_is(&scan->before[1], "in");
  scan->template->slots[scan->template->slot_count++] = (Slot){
      .text = token->text,
      .size = token->size,
      .in = bare,
      .negated = token_is(&scan->before[bare ? 1 : 2], "not"),
  };
  scan->pending = inside;
  return true;
}

static void scan_after_slot(Scan *scan, const Token *token) {
  if (!scan->pending) return;
  scan->pending = false;
  if (!token_is_other(token, ')')) return;
  Slot *slot = &scan->template->slots[scan->template->slot_count - 1];
  slot->in = true;
  slot->close = token->text + token->size;
}

/* Takes those kinds of token as slots whose bit is set in `kinds`. */
static bool scan_walk(Scan *scan, unsigned kinds) {
  Lexer lexer;
  lexer_init(&lexer, scan->template->dialect, scan->template->sql, scan->template->size);
  for (Token token = lexer_skip(&lexer); token.kind != TOKEN_END; token = lexer_skip(&lexer)) {
    scan_after_slot(scan, &token);
    if ((kinds >> token.kind & 1) && !scan_slot(scan, &token)) return false;
    memmove(scan->before + 1, scan->before, 2 * sizeof *scan->before);
    scan->before[0] = token;
  }
  return true;
}

/* ---------------------------------------------------------------- the form */

typedef struct Census {
  size_t named, numbered, questions;
  bool keeps_numbers; /* CREATE or PREPARE: $n may be its own */
} Census;

static Census census_take(const DriverDialect *dialect, const char *sql, size_t size) {
  Census census = {0};
  Lexer lexer;
  lexer_init(&lexer, dialect, sql, size);
  Token first = lexer_skip(&lexer);
  census.keeps_numbers = dialect->placeholder == PLACEHOLDER_DOLLAR &&
                         (token_is(&first, "create") || token_is(&first, "prepare"));
  for (Token token = first; token.kind != TOKEN_END; token = lexer_skip(&lexer)) {
    census.named += token.kind == TOKEN_COLON;
    census.numbered += token.kind == TOKEN_DOLLAR;
    census.questions += token.kind == TOKEN_QUESTION;
  }
  return census;
}

static int form_find(const DriverDialect *dialect, const Census *census, const Arguments *given,
                     ParameterForm *form, Error *error) {
  bool positional = given && given->positional_count > 0;
  bool any = positional || (given && given->named && given->named->count > 0);
  if (census->named && census->numbered) {
    return error_set(error, SQLITE_ERROR,
                     "the operation has both :name and $1: use one of the two forms");
  }
  if (census->questions && (census->named || census->numbered) &&
      dialect->placeholder == PLACEHOLDER_QUESTION) {
    return error_set(error, SQLITE_ERROR,
                     "the operation has both ? and %s: use one of the two forms",
                     census->named ? ":name" : "$1");
  }
  *form = FORM_NONE;
  if (census->named) {
    *form = FORM_NAMED;
  } else if (census->numbered) {
    if (any || !census->keeps_numbers) *form = FORM_NUMBERED;
  } else if (census->questions) {
    if (positional || dialect->placeholder == PLACEHOLDER_QUESTION) *form = FORM_QUESTION;
  }
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- numbers and names */

static int number_questions(Template *template) {
  for (size_t i = 0; i < template->slot_count; i++)
    template->slots[i].parameter = i;
  template->parameter_count = template->slot_count;
  return SQLITE_OK;
}

/* The number behind the sigil; 0 when it is none that a statement can have. */
static size_t slot_number(const Slot *slot) {
  size_t number = 0;
  for (size_t i = 1; i < slot->size; i++) {
    number = number * 10 + (size_t)(slot->text[i] - '0');
    if (number > 1000000) return 0;
  }
  return number;
}

/* Every number up to the largest must occur: a value that goes nowhere is a mistake. */
static int number_check(const Template *template, Error *error) {
  bool *used = sqlite3_malloc64(template->parameter_count);
  if (!used) return error_memory(error);
  memset(used, 0, template->parameter_count);
  for (size_t i = 0; i < template->slot_count; i++)
    used[template->slots[i].parameter] = true;
  size_t number = 0;
  while (number < template->parameter_count && used[number])
    number++;
  sqlite3_free(used);
  if (number == template->parameter_count) return SQLITE_OK;
  return error_set(error, SQLITE_ERROR, "the operation has $%lld but no $%lld",
                   (long long)template->parameter_count, (long long)number + 1);
}

static int number_numbered(Template *template, Error *error) {
  for (size_t i = 0; i < template->slot_count; i++) {
    Slot *slot = &template->slots[i];
    size_t number = slot_number(slot);
    if (!number) {
      return error_set(error, SQLITE_ERROR,
                       "the operation has a parameter '%.*s': numbers go from 1 to 1000000",
                       name_shown(slot->text, slot->size), slot->text);
    }
    slot->parameter = number - 1;
    if (number > template->parameter_count) template->parameter_count = number;
  }
  return number_check(template, error);
}

static int name_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
  size_t least = a_size < b_size ? a_size : b_size;
  int order = least ? memcmp(a, b, least) : 0;
  return order ? order : (a_size > b_size) - (a_size < b_size);
}

/* By name, then by place. */
static int slot_compare(const void *left, const void *right) {
  const Slot *a = *(const Slot *const *)left, *b = *(const Slot *const *)right;
  int order = name_compare(a->text + 1, a->size - 1, b->text + 1, b->size - 1);
  return order ? order : (a > b) - (a < b);
}

static bool same_name(const Slot *a, const Slot *b) {
  return name_compare(a->text + 1, a->size - 1, b->text + 1, b->size - 1) == 0;
}

/* `by_name` are all slots, sorted. The first slot of each name leads: the others get its index for
** now; then leaders are numbered in order of the text. */
static void names_number(Template *template, Slot **by_name) {
  size_t count = template->slot_count;
  for (size_t i = 0; i < count; i++) {
    bool leads = i == 0 || !same_name(by_name[i], by_name[i - 1]);
    by_name[i]->parameter =
        leads ? (size_t)(by_name[i] - template->slots) : by_name[i - 1]->parameter;
  }
  for (size_t i = 0; i < count; i++) {
    Slot *slot = &template->slots[i];
    bool leads = slot->parameter == i;
    if (leads) template->first[template->parameter_count] = i;
    slot->parameter =
        leads ? template->parameter_count++ : template->slots[slot->parameter].parameter;
  }
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    if (i == 0 || !same_name(by_name[i], by_name[i - 1])) {
      template->sorted[found++] = by_name[i]->parameter;
    }
  }
}

static int number_names(Template *template, Error *error) {
  size_t count = template->slot_count;
  Slot **by_name = sqlite3_malloc64(count * sizeof *by_name);
  template->first = sqlite3_malloc64(count * sizeof *template->first);
  template->sorted = sqlite3_malloc64(count * sizeof *template->sorted);
  bool good = by_name && template->first && template->sorted;
  if (good) {
    for (size_t i = 0; i < count; i++)
      by_name[i] = &template->slots[i];
    qsort(by_name, count, sizeof *by_name, slot_compare);
    names_number(template, by_name);
  }
  sqlite3_free(by_name);
  return good ? SQLITE_OK : error_memory(error);
}

static int slots_number(Template *template, Error *error) {
  switch (template->form) {
  case FORM_NAMED: return number_names(template, error);
  case FORM_NUMBERED: return number_numbered(template, error);
  case FORM_QUESTION: return number_questions(template);
  default: return SQLITE_OK;
  }
}

/* ---------------------------------------------------------------- for the other files */

int template_scan(const DriverDialect *dialect, const char *sql, size_t size,
                  const Arguments *given, Template *template, Error *error) {
  static const unsigned kinds[] = {0, 1U << TOKEN_COLON, 1U << TOKEN_DOLLAR, 1U << TOKEN_QUESTION};
  *template = (Template){.dialect = dialect, .sql = sql, .size = size};
  Census census = census_take(dialect, sql, size);
  int code = form_find(dialect, &census, given, &template->form, error);
  if (code || template->form == FORM_NONE) return code;
  Scan scan = {.template = template};
  if (!scan_walk(&scan, kinds[template->form])) {
    code = error_memory(error);
  } else {
    code = slots_number(template, error);
  }
  if (code) template_clear(template);
  return code;
}

void template_clear(Template *template) {
  sqlite3_free(template->slots);
  sqlite3_free(template->first);
  sqlite3_free(template->sorted);
  *template = (Template){0};
}

const char *template_name(const Template *template, size_t parameter, size_t *size) {
  const Slot *slot = &template->slots[template->first[parameter]];
  *size = slot->size - 1;
  return slot->text + 1;
}

bool template_find(const Template *template, const char *name, size_t *parameter) {
  size_t low = 0, high = template->parameter_count, name_size = strlen(name);
  while (low < high) {
    size_t middle = low + (high - low) / 2, size;
    const char *candidate = template_name(template, template->sorted[middle], &size);
    int order = name_compare(name, name_size, candidate, size);
    if (order == 0) {
      *parameter = template->sorted[middle];
      return true;
    }
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return false;
}

int name_shown(const char *name, size_t size) {
  if (size <= 64) return (int)size;
  size = 64;
  while (size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80)
    size--;
  return (int)size;
}

char *template_list(const Template *template) {
  enum { SHOWN = 20 };
  sqlite3_str *list = sqlite3_str_new(NULL);
  for (size_t i = 0; i < template->parameter_count && i <= SHOWN; i++) {
    size_t size;
    const char *name = template_name(template, i, &size);
    if (i == SHOWN) {
      sqlite3_str_appendall(list, ", …");
    } else {
      sqlite3_str_appendf(list, "%s%.*s", i ? ", " : "", name_shown(name, size), name);
    }
  }
  return sqlite3_str_finish(list);
}
