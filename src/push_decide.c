/*
** push_decide.c: may this test be sent? (push.h)
**
** The rule of each class is a function below. All give supersets: a row that SQLite would keep is never
** lost, whatever the value. What the classes' values are is told in driver.h; the forms they are
** compared in stand in DriverDialect.compare.
**
** A TEXT column compared with a number is never sent: SQLite converts the column to a number or the
** number to a text, by the affinity of the other side, which a virtual table cannot see. The same holds
** for a column without affinity beside a number.
*/
#include "push.h"
#include "driver_support.h"
#include <math.h>
#include <string.h>

#define EXACT INT64_C(9007199254740992) /* integers up to here are doubles */

/* ---------------------------------------------------------------- columns */

/* The class's own affinity: with another one in the declaration the values are changed on their way,
** and what the server compares is not what SQLite sees. */
static const DriverCompare *compare_of(const DriverDialect *dialect, const PushColumn *column) {
  if (!column->class_name || !dialect->compare) return NULL;
  for (const DriverCompare *compare = dialect->compare; compare->class_name; compare++) {
    if (strcmp(compare->class_name, column->class_name)) continue;
    const char *type = driver_class(column->class_name)->sqlite_type;
    return affinity_of(type) == column->affinity ? compare : NULL;
  }
  return NULL;
}

static bool is_class(const PushColumn *column, const char *name) {
  return !strcmp(column->class_name, name);
}

static bool is_text(const PushColumn *column) {
  return is_class(column, "text") || is_class(column, "latin1") || is_class(column, "foreign");
}

static bool is_moment(const PushColumn *column) {
  return !strncmp(column->class_name, "timestamp", 9) || is_class(column, "date");
}

static bool is_number(Affinity affinity) {
  return affinity >= AFFINITY_NUMERIC;
}

/* Does the server call two texts equal exactly when their bytes are? */
static bool equality_is_exact(const PushColumn *column) {
  return column->compare == COMPARE_BYTES || column->compare == COMPARE_EQUALITY;
}

/* ---------------------------------------------------------------- verdicts */

void push_test_clear(PushTest *test) {
  sqlite3_free(test->text);
  test->text = NULL;
}

static void send(PushTest *test, PushOperator op, bool exact, Value value) {
  test->verdict = PUSH_SEND;
  test->op = op;
  test->exact = exact;
  test->value = value;
}

/* The test is true, or false, for every row that is not NULL. */
static void settle(PushTest *test, bool always) {
  test->verdict = always ? PUSH_NON_NULL : PUSH_NO_ROW;
  test->op = PUSH_NOT_NULL;
  test->exact = true;
}

static bool is_upper(PushOperator op) {
  return op == PUSH_LT || op == PUSH_LE;
}

/* All values of the column sort before this one. */
static void settle_before(PushTest *test, PushOperator op) {
  settle(test, is_upper(op) || op == PUSH_NE);
}

/* All values of the column sort after this one. */
static void settle_after(PushTest *test, PushOperator op) {
  settle(test, !is_upper(op) && op != PUSH_EQ);
}

static Value integer_value(int64_t integer) {
  return (Value){.type = VALUE_INTEGER, .integer = integer};
}

static Value real_value(double real) {
  return (Value){.type = VALUE_REAL, .real = real};
}

static bool is_bytes(const Value *value) {
  return value->type == VALUE_TEXT || value->type == VALUE_BLOB;
}

/* ---------------------------------------------------------------- numbers */

static bool fits_integer(double real) {
  return real >= -9223372036854775808.0 && real < 9223372036854775808.0;
}

/* Whole numbers and a REAL: the limit is moved to the next whole number. */
static void integer_and_real(PushOperator op, double real, PushTest *test) {
  if (real >= 9223372036854775808.0) {
    settle_before(test, op);
  } else if (real < -9223372036854775808.0) {
    settle_after(test, op);
  } else if (real == floor(real)) {
    send(test, op, true, integer_value((int64_t)real));
  } else if (op == PUSH_EQ || op == PUSH_NE) {
    settle(test, op == PUSH_NE);
  } else {
    /* floor and ceil of a number with a fraction are far inside the range */
    bool upper = is_upper(op);
    send(test, upper ? PUSH_LE : PUSH_GE, true,
         integer_value((int64_t)(upper ? floor(real) : ceil(real))));
  }
}

static void decide_integer(PushOperator op, const Value *value, PushTest *test) {
  if (is_bytes(value))
    settle_before(test, op);
  else if (value->type == VALUE_REAL)
    integer_and_real(op, value->real, test);
  else
    send(test, op, true, *value);
}

/* What is beyond the integers is a text, and behind every number, unless SQLite makes a REAL of it beside a
** column of numbers. */
static void decide_unsigned(PushOperator op, const Value *value, PushTest *test) {
  if (is_bytes(value)) return;
  bool integer = value->type == VALUE_INTEGER;
  if (integer ? value->integer < 0 : value->real < 0)
    settle_after(test, op);
  else if (integer)
    send(test, op, true, *value);
  else if (value->real < 9223372036854775808.0)
    integer_and_real(op, value->real, test);
  else if (op == PUSH_GT || op == PUSH_GE)
    send(test, PUSH_GT, false, integer_value(INT64_MAX));
}

/* Decimals of at most 15 digits, whose doubles are all different: they compare as the numbers do. Texts
** are not sent, as NaN is one. */
static void decide_decimal(PushOperator op, const Value *value, PushTest *test) {
  if (value->type == VALUE_INTEGER || (value->type == VALUE_REAL && !isinf(value->real)))
    send(test, op, true, *value);
}

static void decide_real(PushOperator op, const Value *value, PushTest *test) {
  if (value->type == VALUE_REAL && !isinf(value->real)) send(test, op, true, *value);
  if (value->type != VALUE_INTEGER) return;
  int64_t integer = value->integer;
  double real = (double)integer;
  bool exact =
      (integer <= EXACT && integer >= -EXACT) || (fits_integer(real) && (int64_t)real == integer);
  if (exact)
    send(test, op, true, real_value(real));
  else if (op == PUSH_EQ || op == PUSH_NE)
    settle(test, op == PUSH_NE);
}

/* Any number of digits: those that are shown as text may be equal to a number that is not far. */
static void decide_numeric(PushOperator op, const Value *value, PushTest *test) {
  double real = value->type == VALUE_INTEGER ? (double)value->integer : value->real;
  if (is_bytes(value) || op != PUSH_EQ || isinf(real)) return;
  send(test, PUSH_EQ, false, real_value(nextafter(real, -INFINITY)));
  test->upper = real_value(nextafter(real, INFINITY));
  test->has_upper = !isinf(test->value.real) && !isinf(test->upper.real);
  if (!test->has_upper) test->verdict = PUSH_DROP;
}

/* ---------------------------------------------------------------- texts and blobs */

static bool is_ascii(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if ((unsigned char)text[i] >= 0x80) return false;
  return true;
}

/* A text that the server can be given as it is. */
static bool is_plain(const Value *value, const DriverCompare *compare) {
  const char *text = value->bytes.data;
  size_t size = value->bytes.size;
  if (size == 0) return true;
  if (memchr(text, 0, size) || !utf8_valid(text, size)) return false;
  return !compare->ascii || is_ascii(text, size);
}

/* Beside a column of numeric affinity SQLite turns texts that look like numbers into numbers, which come
** before every text: they are wanted as well, unless they come first as texts too. (They begin with a
** character below ':'.) */
static void send_text_range(PushTest *test, PushOperator op, const Value *value) {
  bool low = value->bytes.size == 0 || (unsigned char)*value->bytes.data < ':';
  send(test, op, !low, *value);
  test->low = low;
  test->numbers = low && is_upper(op);
}

static void decide_text(const PushColumn *column, PushOperator op, const Value *value, bool binary,
                        PushTest *test) {
  bool equality = op == PUSH_EQ || op == PUSH_NE;
  if (value->type == VALUE_BLOB) settle_before(test, op);
  if (value->type != VALUE_TEXT || !binary || !is_plain(value, test->compare)) return;
  if (equality) {
    bool exact = equality_is_exact(column);
    if (op == PUSH_EQ || exact) send(test, op, exact, *value);
  } else if (test->compare->ordered &&
             (column->compare != COMPARE_INEXACT || test->compare->orders_inexact)) {
    send_text_range(test, op, value);
    test->ordered = column->compare != COMPARE_BYTES;
  }
}

/* Padding, notation or case may count in SQLite and not there. */
static void decide_similar(PushOperator op, const Value *value, bool binary, PushTest *test) {
  if (value->type == VALUE_TEXT && binary && op == PUSH_EQ && is_plain(value, test->compare))
    send(test, PUSH_EQ, false, *value);
}

static void decide_enum(const PushColumn *column, PushOperator op, const Value *value, bool binary,
                        PushTest *test) {
  decide_similar(op, value, binary, test);
  test->exact = column->compare == COMPARE_EQUALITY;
}

static bool is_uuid(const Value *value) {
  if (value->bytes.size != 36) return false;
  for (int i = 0; i < 36; i++) {
    char c = value->bytes.data[i];
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

static void decide_uuid(PushOperator op, const Value *value, bool binary, PushTest *test) {
  if (value->type != VALUE_TEXT || !binary) return;
  bool equality = op == PUSH_EQ || op == PUSH_NE;
  if (!is_uuid(value)) {
    if (equality) settle(test, op == PUSH_NE);
  } else if (equality || test->compare->ordered) {
    send(test, op, true, *value);
  }
}

/* Dates sort as their texts do within the years 1 to 9999; a limit between two of them is moved
** outwards to one of them. `=` is sent as it is: the same text is the same date. */
static void decide_moment(const PushColumn *column, PushOperator op, const Value *value,
                          bool binary, PushTest *test) {
  if (value->type != VALUE_TEXT || !binary) return;
  const char *text = value->bytes.data;
  size_t size = value->bytes.size;
  if (!push_date_text(text, size) || op == PUSH_NE) return;
  Value sent = *value;
  if (size > 16 && text[size - 6] == '+') sent.bytes.size -= 6; /* all is in UTC */
  if (is_class(column, "date")) sent.bytes.size = 10;
  PushOperator closed = op == PUSH_EQ ? PUSH_EQ : is_upper(op) ? PUSH_LE : PUSH_GE;
  send(test, closed, false, sent);
  test->beyond = closed != PUSH_EQ && test->compare->beyond;
}

static void decide_blob(PushOperator op, const Value *value, PushTest *test) {
  bool range = op != PUSH_EQ && op != PUSH_NE;
  if (value->type == VALUE_BLOB && !(range && !test->compare->ordered))
    send(test, op, true, *value);
}

/* A SQLite file in UTF-16 sorts its texts by other bytes, and any of its columns may hold texts. */
static bool orders_as_here(const PushColumn *column) {
  return column->compare != COMPARE_EQUALITY;
}

/* The server is SQLite too and does to the value what is done here, as far as that can be seen. */
static void decide_same(const PushColumn *column, PushOperator op, const Value *value, bool binary,
                        PushTest *test) {
  bool number = value->type == VALUE_INTEGER || value->type == VALUE_REAL;
  if (number && !is_number(column->affinity)) return;
  if (value->type == VALUE_TEXT && !binary) return;
  bool range = op != PUSH_EQ && op != PUSH_NE;
  if (range && !orders_as_here(column)) return;
  if (range && value->type == VALUE_TEXT && !is_number(column->affinity))
    send_text_range(test, op, value);
  else
    send(test, op, true, *value);
  test->ordered = column->compare != COMPARE_BYTES;
}

/* ---------------------------------------------------------------- patterns */

static void fold(char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = (char)(text[i] | 32);
}

/* LIKE of SQLite takes ASCII letters of both cases for the same: so are column and pattern folded.
** Without ESCAPE, SQLite has no escape character, and others have one. */
static int decide_like(char escape, const Value *value, PushTest *test) {
  size_t size = value->bytes.size, length = 0;
  test->text = sqlite3_malloc64(2 * size + 1);
  if (!test->text) return SQLITE_NOMEM;
  for (size_t i = 0; i < size; i++) {
    if (value->bytes.data[i] == escape) test->text[length++] = escape;
    test->text[length++] = value->bytes.data[i];
  }
  fold(test->text, length);
  send(test, PUSH_LIKE, false,
       (Value){.type = VALUE_TEXT, .bytes = {.data = test->text, .size = length}});
  return SQLITE_OK;
}

/* The first text behind all that begin with the prefix: its last character one up. 0: there is none. */
static size_t next_prefix(char *text, size_t size) {
  while (size > 0) {
    size_t at = size - 1;
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
      at--;
    unsigned char first = (unsigned char)text[at];
    /* within ASCII and within the characters of two bytes one up is a character again; others are cut */
    if (size - at == 1 && first < 0x7f) {
      text[at]++;
      return size;
    }
    size = at;
  }
  return 0;
}

/* GLOB 'abc*' begins with abc: a range of bytes. */
static int decide_glob(const PushColumn *column, const Value *value, PushTest *test) {
  size_t size = value->bytes.size, length = 0;
  while (length < size && !strchr("*?[", value->bytes.data[length]))
    length++;
  if (length == 0 || !test->compare->ordered ||
      (column->compare == COMPARE_INEXACT && !test->compare->orders_inexact))
    return SQLITE_OK;
  test->text = sqlite3_malloc64(length + 1);
  if (!test->text) return SQLITE_NOMEM;
  memcpy(test->text, value->bytes.data, length);
  send(test, PUSH_GE, false,
       (Value){.type = VALUE_TEXT, .bytes = {.data = value->bytes.data, .size = length}});
  size_t next = next_prefix(test->text, length);
  test->has_upper = next > 0;
  test->upper = (Value){.type = VALUE_TEXT, .bytes = {.data = test->text, .size = next}};
  test->ordered = column->compare != COMPARE_BYTES;
  return SQLITE_OK;
}

static int decide_pattern(const DriverDialect *dialect, const PushColumn *column, PushOperator op,
                          const Value *value, PushTest *test) {
  bool text = is_text(column);
  if (value->type != VALUE_TEXT || !text || !is_plain(value, test->compare)) return SQLITE_OK;
  if (dialect->dynamic_types) {
    if (op == PUSH_LIKE && dialect->like) send(test, PUSH_LIKE, false, *value);
    if (op != PUSH_GLOB || !orders_as_here(column)) return SQLITE_OK;
  }
  if (op == PUSH_GLOB) return decide_glob(column, value, test);
  return dialect->like && !dialect->dynamic_types ? decide_like(dialect->like_escape, value, test)
                                                  : SQLITE_OK;
}

/* ---------------------------------------------------------------- the decision */

static void decide_value(const DriverDialect *dialect, const PushColumn *column, PushOperator op,
                         const Value *value, bool binary, PushTest *test) {
  if (dialect->dynamic_types)
    decide_same(column, op, value, binary, test);
  else if (is_class(column, "integer") || is_class(column, "boolean"))
    decide_integer(op, value, test);
  else if (is_class(column, "whole") || is_class(column, "decimal"))
    decide_decimal(op, value, test);
  else if (is_class(column, "real") || is_class(column, "single"))
    decide_real(op, value, test);
  else if (is_class(column, "unsigned"))
    decide_unsigned(op, value, test);
  else if (is_class(column, "numeric"))
    decide_numeric(op, value, test);
  else if (is_text(column))
    decide_text(column, op, value, binary, test);
  else if (is_class(column, "char"))
    decide_similar(op, value, binary, test);
  else if (is_class(column, "enum"))
    decide_enum(column, op, value, binary, test);
  else if (is_class(column, "uuid"))
    decide_uuid(op, value, binary, test);
  else if (is_moment(column))
    decide_moment(column, op, value, binary, test);
  else if (is_class(column, "blob"))
    decide_blob(op, value, test);
}

/* A composite is NULL for a server when all its fields are. */
static bool null_is_null(const DriverDialect *dialect, const PushColumn *column) {
  if (!column->class_name) return false;
  return dialect->dynamic_types || (strcmp(column->class_name, "json") != 0);
}

int push_decide(const DriverDialect *dialect, const PushColumn *column, PushOperator op,
                const Value *value, bool binary, bool constant, PushTest *test) {
  memset(test, 0, sizeof *test);
  bool null = value->type == VALUE_NULL;
  if (op == PUSH_IS || op == PUSH_IS_NOT) {
    if (null) op = op == PUSH_IS ? PUSH_NULL : PUSH_NOT_NULL;
    if (op == PUSH_IS_NOT) return SQLITE_OK; /* also true for NULL */
    if (op == PUSH_IS) op = PUSH_EQ;
  }
  if (op == PUSH_NULL || op == PUSH_NOT_NULL) {
    if (null_is_null(dialect, column)) send(test, op, true, (Value){0});
    return SQLITE_OK;
  }
  if (null) {
    settle(test, false);
    return SQLITE_OK;
  }
  test->compare = compare_of(dialect, column);
  if (!test->compare) return SQLITE_OK;
  if (op == PUSH_LIKE || op == PUSH_GLOB) return decide_pattern(dialect, column, op, value, test);
  decide_value(dialect, column, op, value, binary, test);
  if (constant && test->verdict == PUSH_SEND && is_bytes(value)) {
    /* a literal has no affinity */
    test->exact = test->exact || test->low;
    test->numbers = false;
  }
  if (test->verdict == PUSH_NON_NULL && !null_is_null(dialect, column)) test->verdict = PUSH_DROP;
  return SQLITE_OK;
}

void push_decide_in(const DriverDialect *dialect, const PushColumn *column, Value *values,
                    size_t *count, bool binary, PushTest *test) {
  size_t kept = 0;
  bool exact = true, first = true;
  PushTest all = {.verdict = PUSH_NO_ROW, .op = PUSH_IN, .exact = true};
  for (size_t i = 0; i < *count; i++) {
    PushTest one;
    push_decide(dialect, column, PUSH_EQ, &values[i], binary, false, &one);
    if (one.verdict == PUSH_NO_ROW) continue;
    /* a value that is not equal to itself alone cannot stand in a list */
    if (one.verdict != PUSH_SEND || one.has_upper ||
        (!first && values[0].type != one.value.type && !dialect->dynamic_types)) {
      memset(test, 0, sizeof *test);
      return;
    }
    exact = exact && one.exact;
    if (first) all = one;
    first = false;
    values[kept++] = one.value;
  }
  *test = all;
  test->op = PUSH_IN;
  test->exact = exact;
  *count = kept;
}

/* ---------------------------------------------------------------- for the planner */

bool push_possible(const DriverDialect *dialect, const PushColumn *column, PushOperator op) {
  if (op == PUSH_NULL || op == PUSH_NOT_NULL) return null_is_null(dialect, column);
  const DriverCompare *compare = compare_of(dialect, column);
  if (!compare) return op == PUSH_IS || op == PUSH_IS_NOT; /* the value may be NULL */
  bool text = is_text(column);
  if (is_class(column, "unsigned")) return op != PUSH_LIKE && op != PUSH_GLOB;
  switch (op) {
  case PUSH_LIKE:
  case PUSH_GLOB: return text;
  case PUSH_EQ:
  case PUSH_IS:
  case PUSH_IS_NOT: return true;
  case PUSH_IN: return !is_class(column, "numeric");
  case PUSH_NE:
    return dialect->dynamic_types || is_number(column->affinity) || is_class(column, "uuid") ||
           is_class(column, "blob") || (text && equality_is_exact(column));
  default:
    if (dialect->dynamic_types) return orders_as_here(column);
    if (is_number(column->affinity)) return true;
    if (!compare->ordered || is_class(column, "numeric")) return false;
    return !text || column->compare != COMPARE_INEXACT || compare->orders_inexact;
  }
}

bool push_sorts_perhaps(const DriverDialect *dialect, const PushColumn *column) {
  const DriverCompare *compare = compare_of(dialect, column);
  return compare && compare->sorted_text && column->binary;
}

bool push_sorts(const DriverDialect *dialect, const PushColumn *column) {
  const DriverCompare *compare = compare_of(dialect, column);
  if (push_sorts_perhaps(dialect, column)) return true;
  if (!compare || !column->binary) return false;
  if (!compare->sorts && !(compare->sorts_short && column->short_text)) return false;
  if (dialect->dynamic_types && !orders_as_here(column)) return false;
  if (is_text(column) && column->compare == COMPARE_INEXACT) return compare->orders_inexact;
  return true;
}

bool push_distinguishes(const DriverDialect *dialect, const PushColumn *column) {
  static const char *const classes[] = {"integer", "boolean", "whole",     "decimal",
                                        "uuid",    "date",    "timestamp", "timestamptz",
                                        "blob",    "unsigned"};
  if (!compare_of(dialect, column) || !column->binary) return false;
  if (dialect->dynamic_types) return equality_is_exact(column);
  if (is_text(column) || is_class(column, "enum")) return equality_is_exact(column);
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (is_class(column, classes[i])) return true;
  return false;
}
