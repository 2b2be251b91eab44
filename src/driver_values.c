/*
** driver_values.c: integers, dates and exact decimals as text and back, the same for every driver.
** Nothing here depends on the program's locale: an application may have set a decimal comma.
*/
#include "driver_support.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- integers */

int integer_print(int64_t number, char text[24]) {
  char digits[20];
  int count = 0, size = 0;
  uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  do
    digits[count++] = (char)('0' + left % 10);
  while ((left /= 10) > 0);
  if (number < 0) text[size++] = '-';
  while (count > 0)
    text[size++] = digits[--count];
  text[size] = 0;
  return size;
}

/* ---------------------------------------------------------------- decimals */

/* A double is fixed by its first 767 significant digits; the rest only says "a little more". */
#define DIGITS_KEPT 780

/* A decimal text taken apart: digits without leading and trailing zeros; the value is
** digits * 10^exponent. */
typedef struct Decimal {
  bool negative, has_point;
  char digits[DIGITS_KEPT + 2];
  int kept;         /* digits in `digits` */
  int64_t count;    /* significant digits in the text, trailing zeros not counted */
  int64_t exponent; /* of the last kept digit */
} Decimal;

/* False when the text is not a plain decimal number. */
static bool decimal_parse(const char *text, size_t size, Decimal *decimal) {
  const char *at = text, *end = text + size;
  int64_t zeros = 0; /* trailing zeros seen since the last other digit */
  bool any = false;
  decimal->negative = decimal->has_point = false;
  decimal->kept = 0;
  decimal->count = decimal->exponent = 0;
  if (at < end && (*at == '-' || *at == '+')) decimal->negative = *at++ == '-';
  for (; at < end; at++) {
    if (*at == '.' && !decimal->has_point) {
      decimal->has_point = true;
      continue;
    }
    if (*at < '0' || *at > '9') break;
    any = true;
    if (decimal->has_point) decimal->exponent--;
    if (*at == '0') {
      zeros++;
      continue;
    }
    if (decimal->count > 0) {
      decimal->count += zeros;
      for (; zeros > 0 && decimal->kept < DIGITS_KEPT; zeros--) {
        decimal->digits[decimal->kept++] = '0';
      }
    }
    zeros = 0;
    decimal->count++;
    if (decimal->kept < DIGITS_KEPT) decimal->digits[decimal->kept++] = *at;
  }
  decimal->exponent += zeros + (decimal->count - decimal->kept);
  if (decimal->count == 0) decimal->exponent = 0;
  if (decimal->count > decimal->kept) { /* a sticky digit, so that rounding sees "more" */
    decimal->digits[decimal->kept++] = '1';
    decimal->exponent--;
  }
  if (any && at < end && (*at == 'e' || *at == 'E')) {
    char exponent[12] = "";
    size_t length = (size_t)(end - at - 1);
    if (length == 0 || length >= sizeof(exponent)) return false;
    memcpy(exponent, at + 1, length);
    char *rest;
    long number = strtol(exponent, &rest, 10);
    if (*rest != 0 || labs(number) > 1000000) return false;
    decimal->exponent += number;
    decimal->has_point = true; /* as in SQL, a literal with an exponent is not an integer */
    at = end;
  }
  decimal->digits[decimal->kept] = 0;
  return any && at == end;
}

static bool decimal_integer(const Decimal *decimal, int64_t *integer) {
  uint64_t value = 0;
  uint64_t limit = (uint64_t)INT64_MAX + (decimal->negative ? 1 : 0);
  if (decimal->has_point || decimal->count + decimal->exponent > 19) return false;
  for (int64_t i = 0; i < decimal->kept + decimal->exponent; i++) {
    unsigned digit = i < decimal->kept ? (unsigned)(decimal->digits[i] - '0') : 0;
    if (value > (limit - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *integer = decimal->negative ? (int64_t)(0 - value) : (int64_t)value;
  return true;
}

/* Up to 15 digits and a power of ten up to 22 are exact in a double, so that one multiplication or
** division rounds correctly: the usual case, ten times as fast as strtod. */
static double decimal_small(const Decimal *decimal) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  int64_t digits = 0;
  for (int i = 0; i < decimal->kept; i++)
    digits = digits * 10 + (decimal->digits[i] - '0');
  double value = (double)digits;
  value = decimal->exponent < 0 ? value / powers[-decimal->exponent]
                                : value * powers[decimal->exponent];
  return decimal->negative ? -value : value;
}

static double decimal_real(const Decimal *decimal) {
  char text[DIGITS_KEPT + 40]; /* digits and an exponent, no point: the same in every locale */
  if (decimal->kept == 0) return decimal->negative ? -0.0 : 0.0;
  /* FLT_EVAL_METHOD: with wider registers the result would be rounded twice. */
  if (FLT_EVAL_METHOD == 0 && decimal->kept <= 15 && decimal->exponent >= -22 &&
      decimal->exponent <= 22) {
    return decimal_small(decimal);
  }
  snprintf(text, sizeof(text), "%s%se%lld", decimal->negative ? "-" : "", decimal->digits,
           (long long)decimal->exponent);
  return strtod(text, NULL);
}

/* The usual decimal of at most 15 digits, not taken apart: the same value as by the long way. */
static bool decimal_short(const char *text, size_t size, bool as_real, Value *value) {
  static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const char *at = text, *end = text + size, *point = NULL;
  int64_t number = 0;
  if (FLT_EVAL_METHOD != 0 || size > 17) return false; /* sign, point and 15 digits */
  bool negative = at < end && *at == '-';
  at += negative;
  if (end - at > 15 + (memchr(at, '.', (size_t)(end - at)) != NULL)) return false;
  for (; at < end; at++) {
    if (*at == '.' && point == NULL)
      point = at + 1;
    else if (*at >= '0' && *at <= '9')
      number = number * 10 + (*at - '0');
    else
      return false;
  }
  if (size == (size_t)negative + (point != NULL)) return false; /* no digit */
  if (point == NULL && !as_real) {
    value->type = VALUE_INTEGER;
    value->integer = negative ? -number : number;
    return true;
  }
  double real = (double)number / powers[point != NULL ? end - point : 0];
  value->type = VALUE_REAL;
  value->real = negative ? -real : real;
  return true;
}

static bool text_is(const char *text, size_t size, const char *word) {
  return size == strlen(word) && memcmp(text, word, size) == 0;
}

void decimal_value(const char *text, size_t size, int precision, const char *mode, Value *value) {
  bool small = precision > 0 && precision <= 15;
  bool as_text = !small && mode != NULL && strcmp(mode, "text") == 0;
  bool as_real = !small && mode != NULL && strcmp(mode, "real") == 0;
  Decimal decimal;
  memset(value, 0, sizeof(*value));
  value->type = VALUE_TEXT;
  value->bytes.data = text;
  value->bytes.size = size;
  if (as_text) return;
  if (decimal_short(text, size, as_real, value)) return;
  bool minus = text_is(text, size, "-Infinity");
  if (minus || text_is(text, size, "Infinity")) {
    value->type = VALUE_REAL;
    value->real = minus ? -INFINITY : INFINITY;
    return;
  }
  if (!decimal_parse(text, size, &decimal)) return; /* NaN: SQLite would make a REAL one NULL */
  int64_t integer;
  if (!as_real && decimal_integer(&decimal, &integer)) {
    value->type = VALUE_INTEGER;
    value->integer = integer;
    return;
  }
  /* 15 digits survive a double, but only inside its range of full precision. */
  int64_t magnitude = decimal.kept + decimal.exponent;
  bool exact = decimal.count <= 15 && (decimal.count == 0 || (magnitude > -306 && magnitude < 309));
  if (exact || as_real) {
    value->type = VALUE_REAL;
    value->real = decimal_real(&decimal);
  }
}

/* ---------------------------------------------------------------- dates */

/* By hand: a result may have millions of dates, and printf takes longer than all the rest. */
char *digits_print(char *at, unsigned number, int width) {
  static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                              "25262728293031323334353637383940414243444546474849"
                              "50515253545556575859606162636465666768697071727374"
                              "75767778798081828384858687888990919293949596979899";
  char *end = at + width;
  for (; width > 1; width -= 2, number /= 100)
    memcpy(at + width - 2, pairs + number % 100 * 2, 2);
  if (width == 1) *at = (char)('0' + number % 10);
  return end;
}

int iso_date(int64_t days_since_2000_01_01, char *text) {
  /* Days to year, month, day by 400-year eras that start on 1 March of year 0 (proleptic Gregorian,
  ** as servers and SQLite count). The limit keeps the sums in range; no server's dates come near.
  ** */
  const int64_t limit = INT64_C(1000000000000000);
  int64_t days = days_since_2000_01_01;
  if (days > limit) days = limit;
  if (days < -limit) days = -limit;
  days += 730425; /* from 0000-03-01 to 2000-01-01 */
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted = (5 * day_of_year + 2) / 153; /* 0 = March */
  int day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
  int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
  int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  bool before_christ = year <= 0; /* year 0 is 1 BC */
  if (before_christ) year = 1 - year;
  char *at = text;
  if (year <= 9999)
    at = digits_print(at, (unsigned)year, 4);
  else
    at += snprintf(at, 24, "%lld", (long long)year);
  *at++ = '-';
  at = digits_print(at, (unsigned)month, 2);
  *at++ = '-';
  at = digits_print(at, (unsigned)day, 2);
  memcpy(at, before_christ ? " BC" : "", before_christ ? 4 : 1);
  return (int)(at - text) + (before_christ ? 3 : 0);
}

int iso_time(int64_t microseconds, char *text) {
  uint64_t rest = microseconds < 0 ? 0 - (uint64_t)microseconds : (uint64_t)microseconds;
  unsigned fraction = (unsigned)(rest % 1000000);
  rest /= 1000000;
  uint64_t hours = rest / 3600;
  char *at = text;
  if (microseconds < 0) *at++ = '-';
  if (hours <= 99)
    at = digits_print(at, (unsigned)hours, 2);
  else
    at += snprintf(at, 24, "%llu", (unsigned long long)hours);
  *at++ = ':';
  at = digits_print(at, (unsigned)(rest / 60 % 60), 2);
  *at++ = ':';
  at = digits_print(at, (unsigned)(rest % 60), 2);
  if (fraction != 0) {
    *at++ = '.';
    at = digits_print(at, fraction, 6);
    while (at[-1] == '0')
      at--;
  }
  *at = 0;
  return (int)(at - text);
}

int iso_timestamp(int64_t microseconds, bool zone, char text[ISO_TIMESTAMP_SIZE]) {
  const int64_t day = INT64_C(86400000000);
  int64_t days = microseconds / day, time = microseconds % day;
  if (time < 0) {
    time += day;
    days--;
  }
  int length = iso_date(days, text);
  bool before_christ = text[length - 1] == 'C';
  if (before_christ) length -= 3;
  text[length++] = ' ';
  length += iso_time(time, text + length);
  if (zone) {
    memcpy(text + length, "+00:00", 6);
    length += 6;
  }
  if (before_christ) {
    memcpy(text + length, " BC", 3);
    length += 3;
  }
  return length;
}
