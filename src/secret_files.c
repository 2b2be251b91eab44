/*
** secret_files.c: the password files of the servers' own tools: ~/.pgpass and ~/.my.cnf.
**
**     password_from=pgpass    host:port:database:user:password, * for any, \: and \\ for themselves
**     password_from=my_cnf    [client] password=…                                 option_file.c
**
** They are read here and not by the client libraries, so that nothing else in them (hosts, plugins,
** commands) has an effect, and so that a file that others may read is refused and not just warned of.
*/
#include "option_file.h"
#include "secret.h"
#include "text.h"

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

/* ---------------------------------------------------------------- ~/.pgpass */

/* Does the field at *at (up to ':' or the end) match? *at ends behind the ':'; NULL = no such field. */
static bool field_matches(const char **at, const char *value) {
  bool same = true, any = (*at)[0] == '*' && (*at)[1] == ':';
  const char *text = *at;
  for (; *text && *text != ':'; text++) {
    if (*text == '\\' && text[1]) text++;
    if (same && value && *value == *text)
      value++;
    else
      same = false;
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
  if (code == SQLITE_OK) code = secret_read_text(path, &text, error);
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
  text_free(text);
  sqlite3_free(path);
  return code;
}

/* ---------------------------------------------------------------- ~/.my.cnf */

int secret_my_cnf(const Block *block, char **secret, Error *error) {
  char *path = NULL;
  OptionList values = {0};
  const char *file = option_list_get(&block->options, "read_default_file");
  int code = SQLITE_OK;
  *secret = NULL;
  if (file == NULL) code = home_file(".my.cnf", &path, error);
  if (code == SQLITE_OK) {
    const char *group = option_list_get(&block->options, "read_default_group");
    code = option_file_read(file ? file : path, group, &values, error);
  }
  const char *password = option_list_get(&values, "password");
  if (code == SQLITE_OK && password == NULL) {
    code = error_set(error, SQLITE_AUTH, "%s has no password= in its group [client]",
                     file ? file : path);
  }
  if (code == SQLITE_OK && (*secret = text_copy(password)) == NULL) {
    code = error_memory(error);
  }
  option_list_clear(&values);
  sqlite3_free(path);
  return code;
}
