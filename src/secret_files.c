/*
** secret_files.c: the password files of the servers' own tools: ~/.pgpass and ~/.my.cnf.
**
**     password_from=pgpass    host:port:database:user:password, * for any, \: and \\ for themselves
**     password_from=my_cnf    [client] password=… (quotes, # comments and \n-like escapes as there)
**
** They are read here and not by the client libraries, so that nothing else in them (hosts, plugins,
** commands) has an effect, and so that a file that others may read is refused and not just warned of.
*/
#include "secret.h"

#include <stdlib.h>
#include <string.h>

static int home_file(const char *name, char **path, Error *error) {
  const char *home = secure_getenv("HOME");
  if (home == NULL || home[0] != '/') {
    return error_set(error, SQLITE_CANTOPEN,
                     "there is no home directory (HOME) to find %s in; use password_from=file:PATH",
                     name);
  }
  *path = sqlite3_mprintf("%s/%s", home, name);
  return *path ? SQLITE_OK : error_memory(error);
}

static int read_home_file(const char *path, char **text, Error *error) {
  size_t size = 0;
  int code = secret_read_file(path, SECRET_NO_LINK, text, &size, error);
  if (code == SQLITE_NOTFOUND) error->code = code = SQLITE_CANTOPEN;
  if (code == SQLITE_OK && memchr(*text, 0, size)) {
    explicit_bzero(*text, size);
    sqlite3_free(*text);
    *text = NULL;
    return error_set(error, SQLITE_ERROR, "%s holds a NUL character", path);
  }
  return code;
}

/* ---------------------------------------------------------------- ~/.pgpass */

/* Does the field at *at (up to ':' or the end) match? *at ends behind the ':'; NULL = no such field. */
static bool field_matches(const char **at, const char *value) {
  bool same = true, any = (*at)[0] == '*' && (*at)[1] == ':';
  const char *text = *at;
  for (; *text && *text != ':'; text++) {
    if (*text == '\\' && text[1]) text++;
    if (same && value && *value == *text) value++;
    else same = false;
  }
  *at = *text == ':' ? text + 1 : NULL;
  return any || (same && value && *value == 0);
}

static char *line_password(const char *text) {
  char *password = sqlite3_malloc64(strlen(text) + 1);
  size_t size = 0;
  if (password == NULL) return NULL;
  for (; *text; text++) {
    if (*text == '\\' && text[1]) text++;
    password[size++] = *text;
  }
  password[size] = 0;
  return password;
}

static bool line_matches(const char **at, const Block *block, const DriverAddress *address) {
  char port[16];
  const char *host = address->host;
  /* what libpq looks up for its usual socket */
  if (host == NULL || strcmp(host, "/var/run/postgresql") == 0 || strcmp(host, "/tmp") == 0) {
    host = "localhost";
  }
  sqlite3_snprintf(sizeof port, port, "%d", address->port ? address->port : 5432);
  const char *values[] = {host, port, block->database ? block->database : block->username,
                          block->username};
  for (size_t i = 0; i < 4; i++) {
    if (!field_matches(at, values[i]) || *at == NULL) return false;
  }
  return true;
}

int secret_pgpass(const Block *block, const AddressList *addresses, char **secret, Error *error) {
  char *path = NULL, *text = NULL;
  *secret = NULL;
  int code = home_file(".pgpass", &path, error);
  if (code == SQLITE_OK) code = read_home_file(path, &text, error);
  bool found = false;
  for (char *line = text; line && *line && !found;) {
    char *end = line + strcspn(line, "\n");
    char *next = *end ? end + 1 : end;
    *end = 0;
    if (end > line && end[-1] == '\r') end[-1] = 0;
    for (size_t i = 0; i < addresses->count && !found && line[0] != '#'; i++) {
      const char *at = line;
      if (!line_matches(&at, block, &addresses->addresses[i])) continue;
      found = true;
      *secret = line_password(at);
      if (*secret == NULL) code = error_memory(error);
    }
    explicit_bzero(line, strlen(line));
    line = next;
  }
  if (code == SQLITE_OK && !found) {
    code = error_set(error, SQLITE_AUTH,
                     "%s has no line for this host, port, database and user "
                     "(host:port:database:user:password)",
                     path);
  }
  /* what is behind the line that was found */
  if (text) explicit_bzero(text, (size_t)sqlite3_msize(text));
  sqlite3_free(text);
  sqlite3_free(path);
  return code;
}

/* ---------------------------------------------------------------- ~/.my.cnf */

static char *skip_blank(char *text) {
  return text + strspn(text, " \t");
}

static void cut_blank(char *text) {
  size_t size = strlen(text);
  while (size && strchr(" \t\r", text[size - 1])) text[--size] = 0;
}

/* The value behind "password" or "password =", quotes taken off and escapes read, in place. */
static char *option_value(char *text) {
  text = skip_blank(text);
  if (*text != '=') return NULL;
  text = skip_blank(text + 1);
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

/* "[client]", or the group that the block names. */
static bool group_counts(char *line, const char *group) {
  char *end = strchr(line, ']');
  if (end == NULL) return false;
  *end = 0;
  return strcmp(line + 1, "client") == 0 || (group && strcmp(line + 1, group) == 0);
}

int secret_my_cnf(const Block *block, char **secret, Error *error) {
  char *path = NULL, *text = NULL;
  const char *file = option_list_get(&block->options, "read_default_file");
  const char *group = option_list_get(&block->options, "read_default_group");
  *secret = NULL;
  int code = SQLITE_OK;
  if (file == NULL) code = home_file(".my.cnf", &path, error);
  else if ((path = sqlite3_mprintf("%s", file)) == NULL) code = error_memory(error);
  if (code == SQLITE_OK) code = read_home_file(path, &text, error);
  bool counts = false;
  for (char *line = text; code == SQLITE_OK && line && *line;) {
    char *end = line + strcspn(line, "\n");
    char *next = *end ? end + 1 : end;
    *end = 0;
    line = skip_blank(line);
    if (*line == '[') {
      counts = group_counts(line, group);
    } else if (counts && strncmp(line, "password", 8) == 0) {
      char *value = option_value(line + 8);
      if (value) {
        secret_free(*secret); /* the last one wins */
        *secret = sqlite3_mprintf("%s", value);
        if (*secret == NULL) code = error_memory(error);
      }
    }
    line = next;
  }
  if (code == SQLITE_OK && *secret == NULL) {
    code = error_set(error, SQLITE_AUTH, "%s has no password= in its group [client]", path);
  }
  if (text) explicit_bzero(text, (size_t)sqlite3_msize(text));
  sqlite3_free(text);
  sqlite3_free(path);
  return code;
}
