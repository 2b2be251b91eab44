/*
** column_names.c: see column_names.h. Results are a few columns wide, so looking through the names made so
** far is enough; SQLite's limit is 2,000 (32,767 at most).
*/
#include "column_names.h"
#include <string.h>

#define SUFFIX_ROOM 24 /* "column_" or "_" and a number */

static bool is_taken(char *const *names, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (sqlite3_stricmp(names[i], name) == 0) return true;
  }
  return false;
}

char **column_names_unique(char *const *names, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++)
    size += strlen(names[i]) + SUFFIX_ROOM;
  char **unique = sqlite3_malloc64((count + 1) * sizeof *unique + size);
  if (!unique) return NULL;
  char *at = (char *)(unique + count + 1);
  for (size_t i = 0; i < count; i++) {
    size_t length = strlen(names[i]), room = length + SUFFIX_ROOM;
    unique[i] = at;
    at += room;
    if (length) {
      memcpy(unique[i], names[i], length + 1);
    } else {
      sqlite3_snprintf((int)room, unique[i], "column_%d", (int)i + 1);
    }
    size_t base = strlen(unique[i]);
    for (int number = 2; is_taken(unique, i, unique[i]); number++) {
      sqlite3_snprintf((int)(room - base), unique[i] + base, "_%d", number);
    }
  }
  unique[count] = NULL;
  return unique;
}
