/*
** push.h: what of a SQLite query may be done by the server.
**
** push_decide.c answers, for one column and one value: may this test be sent, as what, and does the
** server then give exactly the rows that SQLite would keep, or more (SQLite looks at each row again)?
** push_print.c prints and trusts that. What a backend calls things is data (DriverDialect.compare).
**
** Why a test of a column is safe to send depends on the column's class (driver.h) and on what SQLite
** would do with the two values: the affinity of the column is applied to the value, storage classes
** sort NULL < numbers < text < blob, text is compared by its bytes.
*/
#ifndef CONNECTOR_PUSH_H
#define CONNECTOR_PUSH_H

#include "error.h"
#include "affinity.h"
#include "driver_support.h"
#include "schema.h"

typedef enum PushOperator {
  PUSH_EQ,
  PUSH_NE,
  PUSH_LT,
  PUSH_LE,
  PUSH_GT,
  PUSH_GE,
  PUSH_IS,     /* = that is true for two NULLs */
  PUSH_IS_NOT, /* the contrary */
  PUSH_NULL,
  PUSH_NOT_NULL,
  PUSH_IN,
  PUSH_LIKE,
  PUSH_GLOB
} PushOperator;

/* A column as the virtual table has it. */
typedef struct PushColumn {
  const char *name;       /* on the server, not quoted */
  const char *class_name; /* of its values (driver.h); NULL = nothing is known */
  Affinity affinity;      /* of the declared type */
  bool binary;            /* declared collation is BINARY */
  bool not_null, unique, indexed;
  bool short_text; /* at most 255 characters */
  SchemaCompare compare;
} PushColumn;

/* What becomes of a test. */
typedef enum PushVerdict {
  PUSH_DROP,     /* not sent: every row may satisfy it */
  PUSH_NO_ROW,   /* no row can satisfy it: nothing need be asked */
  PUSH_NON_NULL, /* every row satisfies it whose column is not NULL */
  PUSH_SEND
} PushVerdict;

typedef struct PushTest {
  PushVerdict verdict;
  bool exact;      /* the server keeps the same rows as SQLite; else it may keep more */
  PushOperator op; /* as sent */
  const DriverCompare *compare;
  bool ordered; /* by the ordered form of the column */
  bool fold;    /* LIKE: the column in lower case */
  bool numbers; /* texts that look like numbers are wanted as well */
  bool low;     /* a text range that is not exact beside a column of numbers */
  bool beyond;  /* a date range: rows outside the years 1 to 9999 are wanted as well */
  Value value;  /* what is bound; bytes are borrowed, or stand in `text` */
  Value upper;  /* a second one, for column BETWEEN value AND upper (operator PUSH_EQ) */
  bool has_upper;
  char *text; /* own memory of the value, or NULL */
} PushTest;

void push_test_clear(PushTest *test);

/* One value. `value` is what SQLite compares the column with: for a column of numeric affinity a text
** that looks like a number has already become one. `binary`: text is compared by its bytes in this
** comparison; `constant`: a literal, which has no affinity. SQLITE_OK or SQLITE_NOMEM. */
int push_decide(const DriverDialect *dialect, const PushColumn *column, PushOperator op,
                const Value *value, bool binary, bool constant, PushTest *test);

/* The values of an IN list: those that can be equal to a value of the column are kept in front of the
** array, *count of them. PUSH_NO_ROW when none is left. Values keep borrowing. */
void push_decide_in(const DriverDialect *dialect, const PushColumn *column, Value *values,
                    size_t *count, bool binary, PushTest *test);

/* Can tests with this operator ever be sent, whatever the value? For the planner. */
bool push_possible(const DriverDialect *dialect, const PushColumn *column, PushOperator op);

/* Would the server's ORDER BY on this column be SQLite's, for rows of every kind? */
bool push_sorts(const DriverDialect *dialect, const PushColumn *column);
/* Only when the table has no row of those that push_unsorted finds, or with PushOrder.by_text? */
bool push_sorts_perhaps(const DriverDialect *dialect, const PushColumn *column);
/* Are two rows equal in this column for the server's DISTINCT if and only if SQLite sees the same value? */
bool push_distinguishes(const DriverDialect *dialect, const PushColumn *column);

/* ---- dates (push_dates.c) ---- */

/* A text in the form in which dates are shown here (2024-01-31, with a time of day, fraction, +00:00),
** or the beginning of it up to the day; a real date of the years 1 to 9999. */
bool push_date_text(const char *text, size_t size);

/* ---- printing (push_print.c) ---- */

typedef struct PushOrder {
  const PushColumn *column;
  bool descending;
  bool by_text; /* not by the column, where push_sorts_perhaps */
} PushOrder;

/* Values for the driver, in the order of their placeholders. Zero-initialise. */
typedef struct PushValues {
  Value *values;
  size_t count, room;
  char **texts; /* own memory of some of them */
  size_t text_count;
} PushValues;

void push_values_reset(PushValues *values); /* empty, the array kept */
void push_values_clear(PushValues *values);
bool push_values_add(PushValues *values, const Value *value); /* false: out of memory */

typedef struct PushPrinter {
  const DriverDialect *dialect;
  DriverBuffer *sql;
  PushValues *values; /* NULL: the text is only to be shown */
  size_t parameters;  /* placeholders printed so far */
} PushPrinter;

void push_name(PushPrinter *printer, const char *name); /* quoted */
/* A test that is to be sent (verdict PUSH_SEND or PUSH_NON_NULL). */
void push_test(PushPrinter *printer, const PushColumn *column, const PushTest *test);
/* column IN (…) */
void push_in(PushPrinter *printer, const PushColumn *column, const PushTest *test,
             const Value *values, size_t count);
void push_order(PushPrinter *printer, const PushOrder *order);
/* What is true for a row whose place in ORDER BY column is not that of its text. */
void push_unsorted(PushPrinter *printer, const PushColumn *column);

#endif
