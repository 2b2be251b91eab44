/*
** word.c: see word.h.
*/
#include "word.h"
#include "../src/sqlite_api.h"
#include <ctype.h>
#include <string.h>

bool word_space(char c) {
  return isspace((unsigned char)c) != 0;
}

bool word_letter(char c) {
  return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static const char *skip_space(const char *at) {
  while (word_space(*at))
    at++;
  return at;
}

char *word_take(const char **at) {
  const char *from = *at;
  char open = *from, close = open == '[' ? ']' : open;
  char *text = sqlite3_malloc64(strlen(from) + 1), *to = text;
  if (!text) return NULL;
  if (!open || !strchr("'\"`[", open)) {
    while (word_letter(*from) || (*from && strchr("$-", *from)))
      *to++ = *from++;
  } else {
    for (from++; *from; *to++ = *from++) {
      if (*from != close) continue;
      from++;
      if (close == ']' || *from != close) break;
    }
  }
  *to = 0;
  *at = skip_space(from);
  return text;
}

bool word_is(const char *at, const char *word) {
  int size = (int)strlen(word);
  return sqlite3_strnicmp(at, word, size) == 0 && !word_letter(at[size]);
}

bool word_skip(const char **at, const char *word) {
  if (!word_is(*at, word)) return false;
  *at = skip_space(*at + strlen(word));
  return true;
}

bool word_skip_type(const char **at) {
  const char *from = *at;
  if (*from == '(') {
    from += strcspn(from, ")");
    if (*from) from++;
  } else if (*from && strchr("'\"`[", *from)) {
    char close = *from == '[' ? ']' : *from;
    for (from++; *from && *from != close;)
      from++;
    if (*from) from++;
  } else {
    while (word_letter(*from))
      from++;
  }
  if (from == *at) return false;
  *at = skip_space(from);
  return true;
}
