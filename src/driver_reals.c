/*
** driver_reals.c: doubles as text that reads back as the same double, the same for every driver.
** Nothing here depends on the program's locale: an application may have set a decimal comma.
**
** printf and strtod are right for every number but slow, and rows have millions of them: the usual ones, from 0.0001
** to 1e15, are printed by integer arithmetic, which is exact there.
*/
#include "driver_support.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* printf's number with the locale's decimal point (one or more bytes) turned into '.'. */
static int point_fix(char *text) {
  int used = 0;
  bool point = false;
  for (const char *at = text; *at != 0; at++) {
    bool plain = (*at >= '0' && *at <= '9') || *at == '-' || *at == '+' || *at == 'e';
    if (plain) {
      text[used++] = *at;
    } else if (!point) {
      text[used++] = '.';
      point = true;
    }
  }
  text[used] = 0;
  return used;
}

/* whole.fraction, the latter with this many digits. */
static int parts_print(bool negative, int64_t whole, int64_t fraction, int digits, char *text) {
  int size = 0;
  if (negative) text[size++] = '-';
  size += integer_print(whole, text + size);
  text[size++] = '.';
  for (int i = digits - 1; i >= 0; i--, fraction /= 10)
    text[size + i] = (char)('0' + fraction % 10);
  text[size + digits] = 0;
  return size + digits;
}

/* A number of at most 15 digits, four of them behind the point, as amounts of money are: no other decimal of so
** few digits is the same double, so that it is what printf would find. 0 = it is not one. */
static int short_print(double real, char text[32]) {
  double size = fabs(real);
  if (!(size < 1e15)) return 0;
  if (real == (double)(int64_t)real) return parts_print(signbit(real), (int64_t)size, 0, 1, text);
  if (size < 1e-4) return 0; /* has an exponent */
  int64_t scale = 10;
  for (int digits = 1; digits <= 4; digits++, scale *= 10) {
    double scaled = size * (double)scale;
    if (scaled >= 1e15) return 0;
    int64_t number = (int64_t)(scaled + 0.5);
    if ((double)number / (double)scale == size)
      return parts_print(real < 0, number / scale, number % scale, digits, text);
  }
  return 0;
}

/* printf's 17 digits, which tell every double: real * 10^places as an integer, rounded to even. A double from 0.0001
** to 1e15 is an integer of 53 bits by a power of two from 2^-66 to 2^-3, and 10^places is below 2^67: all of it is
** exact in 128 bits. 0 = the number is not such a one. */
static int exact_print(double real, char text[32]) {
#ifdef __SIZEOF_INT128__
  __extension__ typedef unsigned __int128 Wide;
  static const double starts[] = {0.1, 0.01, 0.001}; /* of one more zero behind the point */
  const int64_t most = INT64_C(1000000000000000000);
  double size = fabs(real);
  int places = 17, exponent;
  int64_t unit = 10;
  if (!(size >= 1e-4 && size < 1e15)) return 0;
  for (int i = 0; i < 3 && size < starts[i]; i++)
    places++;
  for (int64_t whole = (int64_t)size; whole > 0; whole /= 10)
    places--;
  int64_t bits = (int64_t)ldexp(frexp(size, &exponent), 53);
  int shift = 53 - exponent;
  Wide scale = 1;
  for (int i = 0; i < places; i++)
    scale *= 10;
  Wide scaled = (Wide)bits * scale, half = (Wide)1 << (shift - 1);
  Wide rest = scaled & ((half << 1) - 1);
  int64_t digits = (int64_t)(scaled >> shift);
  if (rest > half || (rest == half && (digits & 1))) digits++;
  for (; places > 1 && digits % 10 == 0; places--)
    digits /= 10;
  for (int i = 1; i < places && unit < most; i++)
    unit *= 10;
  if (places > 18) unit = INT64_MAX; /* all of it is behind the point */
  return parts_print(real < 0, digits / unit, digits % unit, places, text);
#else
  (void)real, (void)text;
  return 0;
#endif
}

int real_print_fast(double real, char text[32]) {
  int size = isfinite(real) ? short_print(real, text) : real_print(real, text);
  if (size == 0) size = exact_print(real, text);
  if (size > 0) return size;
  snprintf(text, 32, "%.17g", real);
  return point_fix(text);
}

int real_print(double real, char text[32]) {
  if (isnan(real)) return snprintf(text, 32, "nan");
  if (isinf(real)) return snprintf(text, 32, real < 0 ? "-inf" : "inf");
  int short_size = short_print(real, text);
  if (short_size > 0) return short_size;
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, 32, "%.*g", digits, real);
    if (digits == 17 || strtod(text, NULL) == real) break;
  }
  int size = point_fix(text);
  if (strpbrk(text, ".e") == NULL) size += snprintf(text + size, 32 - (size_t)size, ".0");
  return size;
}
