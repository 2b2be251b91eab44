/*
** numeric.c: PostgreSQL's binary numeric as exact decimal text.
**
** The form: four 16-bit numbers (count of digits, weight of the first, sign, digits after the point
** to be shown), then base-10000 digits. The value is the sum of digit[i] * 10000^(weight - i).
*/
#include "postgresql.h"
#include <string.h>

enum {
  SIGN_MINUS = 0x4000,
  SIGN_NAN = 0xC000,
  SIGN_PLUS_INFINITY = 0xD000,
  SIGN_MINUS_INFINITY = 0xF000,
  SCALE_MOST = 0x3fff
};

static void four_digits(unsigned digit, char text[4]) {
  text[0] = (char)('0' + digit / 1000);
  text[1] = (char)('0' + digit / 100 % 10);
  text[2] = (char)('0' + digit / 10 % 10);
  text[3] = (char)('0' + digit % 10);
}

bool pg_numeric_text(const char *data, size_t size, DriverBuffer *text) {
  if (size < 8) return false;
  int count = pg_get16(data), weight = (int16_t)pg_get16(data + 2), sign = pg_get16(data + 4);
  int scale = pg_get16(data + 6) & SCALE_MOST;
  const char *digits = data + 8;
  if (size != 8 + 2 * (size_t)count) return false;
  if (sign == SIGN_NAN) buffer_text(text, "NaN");
  if (sign == SIGN_PLUS_INFINITY) buffer_text(text, "Infinity");
  if (sign == SIGN_MINUS_INFINITY) buffer_text(text, "-Infinity");
  if (sign == SIGN_NAN || sign == SIGN_PLUS_INFINITY || sign == SIGN_MINUS_INFINITY) return true;
  if (sign == SIGN_MINUS) buffer_append(text, "-", 1);
  if (weight < 0) buffer_append(text, "0", 1);
  for (int i = 0; i <= weight; i++) {
    unsigned digit = i < count ? pg_get16(digits + 2 * i) : 0;
    char four[4];
    if (digit > 9999) return false;
    four_digits(digit, four);
    int skip = i == 0 ? (digit >= 1000 ? 0 : digit >= 100 ? 1 : digit >= 10 ? 2 : 3) : 0;
    buffer_append(text, four + skip, (size_t)(4 - skip));
  }
  if (scale > 0) buffer_append(text, ".", 1);
  for (int i = weight + 1, left = scale; left > 0; i++, left -= 4) {
    unsigned digit = i >= 0 && i < count ? pg_get16(digits + 2 * i) : 0;
    char four[4];
    if (digit > 9999) return false;
    four_digits(digit, four);
    buffer_append(text, four, (size_t)(left < 4 ? left : 4));
  }
  return true;
}
