/*
** value_pool.h: values on which SQLite's rules of comparison differ: numbers at the edges, texts that look like
** numbers or nearly do, texts that a collation takes for equal.
*/
#ifndef CONNECTOR_UNIT_VALUE_POOL_H
#define CONNECTOR_UNIT_VALUE_POOL_H

#include "unit.h"
#include "values.h"

#include <math.h>

enum { KINDS = 10 };

static Value pool[400];
static size_t pool_count;
static char pool_texts[200][8], pool_prints[20][32];

static void pool_make(void) {
  static const int64_t integers[] = {0,
                                     1,
                                     -1,
                                     5,
                                     9,
                                     2024,
                                     INT64_C(9007199254740992),
                                     1067,
                                     INT64_MAX,
                                     INT64_MIN + 1,
                                     INT64_MIN,
                                     INT64_C(9007199254740993)};
  static const double reals[] = {0.0,
                                 -0.0,
                                 1.0,
                                 5.0,
                                 0.5,
                                 0.3,
                                 0.1 + 0.2,
                                 1e15,
                                 1e16,
                                 1e17,
                                 9007199254740992.0,
                                 9.3e18,
                                 9223372036854775808.0,
                                 18446744073709551615.0,
                                 1e300,
                                 5e-324,
                                 INFINITY,
                                 -INFINITY,
                                 123456789.123456789,
                                 -2024.0};
  static const char *const texts[] = {"",
                                      " ",
                                      "5",
                                      "05",
                                      "5.0",
                                      "+5",
                                      " 5",
                                      "5 ",
                                      "\t5\n",
                                      "5e0",
                                      "5E0",
                                      "5e",
                                      "5e+",
                                      "50e-1",
                                      "0.3",
                                      "0.30000000000000004",
                                      "0.300000000000000044",
                                      "1e400",
                                      "-1e400",
                                      "Inf",
                                      "-Inf",
                                      "inf",
                                      "NaN",
                                      "abc",
                                      "ABC",
                                      "Abc",
                                      "abc ",
                                      "abc  ",
                                      "abd",
                                      "5abc",
                                      "9",
                                      "+abc",
                                      "2024-01-31",
                                      "2024",
                                      "01067",
                                      "1067",
                                      "18446744073709551615",
                                      "18446744073709551614",
                                      "9223372036854775807",
                                      "9223372036854775807.0",
                                      "9223372036854775808",
                                      "-9223372036854775808",
                                      "9007199254740993",
                                      "9007199254740993.0",
                                      "9.007199254740993e15",
                                      "1.0e+15",
                                      "1e15",
                                      "1.0e+300",
                                      "123456789.123457",
                                      "0x10",
                                      "-",
                                      "+",
                                      ".",
                                      "-.",
                                      "1.",
                                      ".5",
                                      "-0",
                                      "-0.0",
                                      "0",
                                      "0.0",
                                      "1_000",
                                      "\xc3\xa4",
                                      "\xc3\x84",
                                      "\xff\xfe",
                                      "5\xff",
                                      "\xc2\xa0"
                                      "5"};
  static const char *const characters = "0159+-.eE \tx";
  for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++)
    pool[pool_count++] = integer(integers[i]);
  for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++)
    pool[pool_count++] = real(reals[i]);
  /* as SQLite prints them */
  for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
    sqlite3_snprintf(sizeof(pool_prints[i]), pool_prints[i], "%!.15g", reals[i]);
    pool[pool_count++] = text(pool_prints[i]);
  }
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    pool[pool_count++] = text(texts[i]);
    if (i % 3 == 0) pool[pool_count++] = bytes(VALUE_BLOB, texts[i], strlen(texts[i]));
  }
  pool[pool_count++] = bytes(VALUE_TEXT, "5\0", 2);
  pool[pool_count++] = bytes(VALUE_TEXT, "5\0abc", 5);
  pool[pool_count++] = bytes(VALUE_TEXT, "5\0xyz", 5);
  pool[pool_count++] = bytes(VALUE_TEXT, "\0", 1);
  pool[pool_count++] = bytes(VALUE_BLOB, "\0", 1);
  pool[pool_count++] = null();
  for (int i = 0; i < 200; i++) {
    size_t size = random_below(7);
    for (size_t k = 0; k < size; k++)
      pool_texts[i][k] = characters[random_below(strlen(characters))];
    pool[pool_count++] = bytes(VALUE_TEXT, pool_texts[i], size);
  }
}

static bool has_digit(const Value *value) {
  for (size_t i = 0; i < value->bytes.size; i++) {
    if (value->bytes.data[i] >= '0' && value->bytes.data[i] <= '9') return true;
  }
  return false;
}

/* Which kinds of values a table has decides what can be searched: some have only one kind. */
static const Value *pool_pick(int kind) {
  for (;;) {
    const Value *value = &pool[random_below(pool_count)];
    bool is_text = value->type == VALUE_TEXT;
    char first = is_text && value->bytes.size > 0 ? value->bytes.data[0] : 0;
    bool letters = (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z');
    if (kind == 0 || value->type == VALUE_NULL) return value;
    if (kind == 1 && value->type == VALUE_INTEGER) return value;
    if (kind == 2 && (value->type == VALUE_INTEGER || value->type == VALUE_REAL)) return value;
    if (kind == 3 && is_text) return value;
    if (kind == 4 && is_text && letters) return value;
    if (kind == 5 && (letters || value->type == VALUE_BLOB)) return value;
    if (kind == 6 && !is_text) return value;
    if (kind == 7 && (letters || !is_text)) return value;
    if (kind == 8 && is_text && !has_digit(value)) return value;
    if (kind == 9 && is_text && value->bytes.data >= pool_prints[0] &&
        value->bytes.data < pool_prints[0] + sizeof(pool_prints))
      return value;
  }
}

#endif
