/*
** text.c: copies of texts that may be secrets.
*/
#include "text.h"

#include <string.h>

char *text_copy_size(const char *text, size_t size) {
  char *copy = sqlite3_malloc64(size + 1);
  if (copy == NULL) return NULL;
  if (size) memcpy(copy, text, size);
  copy[size] = 0;
  return copy;
}

char *text_copy(const char *text) {
  return text_copy_size(text, strlen(text));
}

void text_free(char *text) {
  if (text)
    explicit_bzero(text, (size_t)sqlite3_msize(text)); /* also what a decoding left behind */
  sqlite3_free(text);
}
