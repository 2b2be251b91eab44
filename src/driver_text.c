/*
** driver_text.c: is a text UTF-8, and what of a server's text may be shown.
**
** A remote error text is untrusted: it can hold terminal escapes, raw garbage, or megabytes. All of
** it passes through driver_text, which is the only place that decides what reaches the user.
** Relies on nothing but the bytes it is given (no locale, no allocation).
*/
#include "driver_support.h"
#include <string.h>

/* Length of the character that starts at text, 0 when it is not one by RFC 3629 (overlong forms,
** surrogates and anything above U+10FFFF are refused). size is at least 1. */
static size_t utf8_decode(const unsigned char *text, size_t size, uint32_t *character) {
  unsigned char lead = text[0];
  size_t length = lead < 0x80   ? 1
                  : lead < 0xc2 ? 0
                  : lead < 0xe0 ? 2
                  : lead < 0xf0 ? 3
                  : lead < 0xf5 ? 4
                                : 0;
  if (length == 0 || length > size) return 0;
  if (length == 1) {
    *character = lead;
    return 1;
  }
  uint32_t value = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((text[i] & 0xc0) != 0x80) return 0;
    value = value << 6 | (text[i] & 0x3fu);
  }
  if ((length == 3 && value < 0x800) || (length == 4 && value < 0x10000)) return 0;
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
  *character = value;
  return length;
}

bool utf8_valid(const char *text, size_t size) {
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + size;
  while (at < end) {
    uint64_t eight;
    /* Nearly all text is ASCII: eight bytes at a time. */
    while (end - at >= 8 && (memcpy(&eight, at, 8), (eight & 0x8080808080808080u) == 0))
      at += 8;
    if (at == end) break;
    uint32_t character;
    size_t length = utf8_decode(at, (size_t)(end - at), &character);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

void driver_text(char *field, size_t field_size, const char *text, size_t text_size) {
  const unsigned char *at = (const unsigned char *)text;
  const unsigned char *end = at + (text != NULL ? text_size : 0);
  size_t used = 0;
  if (field_size == 0) return;
  while (at < end) {
    uint32_t character;
    const char *copy = (const char *)at;
    size_t length = utf8_decode(at, (size_t)(end - at), &character);
    at += length > 0 ? length : 1;
    if (length == 0) {
      copy = "\xef\xbf\xbd";
      length = 3;
    } else if (character == '\r' && at < end && *at == '\n') {
      continue; /* CR LF is one line end */
    } else if (character == '\n' || character == '\r' || character == '\t') {
      copy = " ";
      length = 1;
    } else if (character < 0x20 || (character >= 0x7f && character < 0xa0)) {
      continue;
    }
    if (used + length >= field_size) break;
    memcpy(field + used, copy, length);
    used += length;
  }
  while (used > 0 && field[used - 1] == ' ')
    used--; /* libraries end their texts with a newline */
  field[used] = 0;
}
