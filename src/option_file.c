/*
** option_file.c: reads MySQL's option files:
**
**     [client]
**     user = ann
**     password = "with # and \" in it"     # a comment
**
** They are read here and not by the client library, so that only the few values that the caller asks
** for have an effect (a plugin directory, an init command or another file to include do not), and so
** that a file with a password that others may read is refused.
*/
#include "option_file.h"
#include "secret.h"
#include "text.h"

#include <string.h>

static char *skip_blank(char *text) {
  return text + strspn(text, " \t");
}

static void cut_blank(char *text) {
  size_t size = strlen(text);
  while (size && strchr(" \t\r", text[size - 1]))
    text[--size] = 0;
}

/* Takes quotes off and reads escapes, in place; outside quotes a '#' starts a comment. */
static char *read_value(char *text) {
  char quote = *text == '\'' || *text == '"' ? *text++ : 0;
  char *to = text;
  const char *from = text;
  for (; *from && (quote ? *from != quote : *from != '#'); from++) {
    if (*from == '\\' && from[1]) {
      static const char letters[] = "btnrs\\'\"", meanings[] = "\b\t\n\r \\'\"";
      const char *letter = strchr(letters, *++from);
      if (letter == NULL) *to++ = '\\';
      *to++ = letter ? meanings[letter - letters] : *from;
    } else {
      *to++ = *from;
    }
  }
  *to = 0;
  if (quote == 0) cut_blank(text);
  return text;
}

/* Is this "[client]" or the wanted group? */
static bool group_counts(char *line, const char *group) {
  char *end = strchr(line, ']');
  if (end == NULL) return false;
  *end = 0;
  return strcmp(line + 1, "client") == 0 || (group && strcmp(line + 1, group) == 0);
}

static int read_line(char *line, OptionList *values, Error *error) {
  char *equal = strchr(line, '=');
  if (equal == NULL || *line == '#' || *line == ';' || *line == '!') return SQLITE_OK;
  *equal = 0;
  cut_blank(line);
  for (char *at = line; *at; at++) {
    if (*at == '-') *at = '_';
  }
  char *value = read_value(skip_blank(equal + 1));
  return option_list_put(values, line, value, error);
}

int option_file_read(const char *path, const char *group, OptionList *values, Error *error) {
  char *text = NULL;
  *values = (OptionList){0};
  int code = secret_read_text(path, &text, error);
  if (code) return code;
  bool counts = false;
  for (char *line = text; code == SQLITE_OK && *line;) {
    char *end = line + strcspn(line, "\n");
    char *next = *end ? end + 1 : end;
    *end = 0;
    line = skip_blank(line);
    if (*line == '[')
      counts = group_counts(line, group);
    else if (counts)
      code = read_line(line, values, error);
    line = next;
  }
  text_free(text);
  return code;
}
