/*
** secret.c: passwords that a block only refers to.
**
**     connector_save('shop', 'postgresql://ann@db/shop?password_from=env:SHOP_PASSWORD')
**
**     env:NAME           the environment variable NAME
**     file:PATH          the first line of a file that only its owner may read
**     pgpass             the matching line of ~/.pgpass                       secret_files.c
**     my_cnf             password of [client] in ~/.my.cnf, or in the block's read_default_file
**     command:PROGRAM …  the first line that a program prints                 secret_command.c
**     ask                asked for once, when the block is saved              secret_ask.c
**
** A reference is resolved for each connection that is made, and what was read is wiped after it. A
** command runs for blocks of this user only: in a block that came from the system's store or from an
** environment variable it would be somebody else's program with this user's rights.
*/
#include "secret.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void secret_first_line(char *text) {
  size_t line = strcspn(text, "\r\n");
  explicit_bzero(text + line, strlen(text + line));
}

/* The part behind "env:" and so on; NULL when it is another form. */
static const char *behind(const char *reference, const char *prefix) {
  size_t size = strlen(prefix);
  return strncmp(reference, prefix, size) == 0 ? reference + size : NULL;
}

static bool is_variable(const char *name) {
  if (*name == 0 || (*name >= '0' && *name <= '9')) return false;
  for (; *name; name++) {
    char c = (char)(*name | 32);
    if (!(c >= 'a' && c <= 'z') && !(*name >= '0' && *name <= '9') && *name != '_') return false;
  }
  return true;
}

int secret_reference_check(const char *reference, Error *error) {
  const char *rest;
  if (strcmp(reference, "ask") == 0 || strcmp(reference, "pgpass") == 0 ||
      strcmp(reference, "my_cnf") == 0) {
    return SQLITE_OK;
  }
  if ((rest = behind(reference, "env:")) != NULL) {
    if (is_variable(rest)) return SQLITE_OK;
    return error_set(error, SQLITE_ERROR,
                     "password_from=env:NAME needs the name of an environment variable");
  }
  if ((rest = behind(reference, "file:")) != NULL) {
    if (rest[0] == '/') return SQLITE_OK;
    return error_set(error, SQLITE_ERROR, "password_from=file:PATH needs an absolute path");
  }
  if ((rest = behind(reference, "command:")) != NULL) {
    if (rest[strspn(rest, " ")]) return SQLITE_OK;
    return error_set(error, SQLITE_ERROR, "password_from=command:PROGRAM needs a program");
  }
  return error_set(error, SQLITE_ERROR,
                   "password_from must be ask, env:NAME, file:PATH, pgpass, my_cnf or "
                   "command:PROGRAM and its arguments (a password itself is given as password)");
}

/* ---------------------------------------------------------------- files */

static int check_file(const char *path, int fd, off_t *size, Error *error) {
  struct stat status;
  if (fstat(fd, &status) != 0) {
    return error_set(error, SQLITE_CANTOPEN, "cannot read %s: %s", path, strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return error_set(error, SQLITE_CANTOPEN, "%s is not a regular file", path);
  }
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return error_set(error, SQLITE_PERM,
                     "%s belongs to another user; a file of secrets must be your own", path);
  }
  if (status.st_mode & (S_IRWXG | S_IRWXO)) {
    return error_set(error, SQLITE_PERM,
                     "%s can be read or written by others, so its secret is not used; type: "
                     "chmod 600 '%q'",
                     path, path);
  }
  if (status.st_size > SECRET_LONGEST) {
    return error_set(error, SQLITE_TOOBIG, "%s is longer than %d bytes", path, SECRET_LONGEST);
  }
  *size = status.st_size;
  return SQLITE_OK;
}

static int read_all(const char *path, int fd, size_t most, char **text, size_t *size,
                    Error *error) {
  char *data = sqlite3_malloc64(most + 1);
  size_t got = 0;
  if (data == NULL) return error_memory(error);
  while (got < most) {
    ssize_t count = read(fd, data + got, most - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      int reason = errno;
      text_free(data);
      return error_set(error, SQLITE_IOERR, "cannot read %s: %s", path, strerror(reason));
    }
    if (count == 0) break;
    got += (size_t)count;
  }
  data[got] = 0;
  *text = data;
  *size = got;
  return SQLITE_OK;
}

int secret_read_file(const char *path, SecretLink link, char **text, size_t *size, Error *error) {
  *text = NULL;
  *size = 0;
  /* not to wait at a FIFO */
  int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  int fd = open(path, link == SECRET_NO_LINK ? flags | O_NOFOLLOW : flags);
  if (fd < 0) {
    int reason = errno;
    if (reason == ELOOP) {
      return error_set(error, SQLITE_PERM, "%s is a symbolic link, so its secret is not used",
                       path);
    }
    return error_set(error, reason == ENOENT ? SQLITE_NOTFOUND : SQLITE_CANTOPEN,
                     "cannot read %s: %s", path, strerror(reason));
  }
  off_t length = 0;
  int code = check_file(path, fd, &length, error);
  if (code == SQLITE_OK) code = read_all(path, fd, (size_t)length, text, size, error);
  close(fd);
  return code;
}

int secret_read_text(const char *path, char **text, Error *error) {
  size_t size = 0;
  int code = secret_read_file(path, SECRET_NO_LINK, text, &size, error);
  if (code == SQLITE_NOTFOUND) error->code = code = SQLITE_CANTOPEN;
  if (code || memchr(*text, 0, size) == NULL) return code;
  text_free(*text);
  *text = NULL;
  return error_set(error, SQLITE_ERROR, "%s holds a NUL character", path);
}

/* ---------------------------------------------------------------- references */

static int from_environment(const char *name, char **secret, Error *error) {
  const char *value = secure_getenv(name);
  if (value == NULL) {
    return error_set(error, SQLITE_AUTH, "the environment variable %s of password_from is not set",
                     name);
  }
  *secret = text_copy(value);
  return *secret ? SQLITE_OK : error_memory(error);
}

static int from_file(const char *path, char **secret, Error *error) {
  int code = secret_read_text(path, secret, error);
  if (code)
    error_wrap(error, "password_from=file");
  else
    secret_first_line(*secret);
  return code;
}

static int from_command(Connector *connector, const Block *block, const char *command,
                        char **secret, Error *error) {
  if (block->source == BLOCK_SYSTEM || block->source == BLOCK_ENVIRONMENT) {
    return error_set(error, SQLITE_AUTH,
                     "password_from=command works only in a block of your own store or of "
                     "connector_open, and this one comes from %s",
                     block->source == BLOCK_SYSTEM ? "the system's store" : "the environment");
  }
  return secret_command(connector, command, secret, error);
}

int secret_resolve(Connector *connector, const Block *block, const AddressList *addresses,
                   char **secret, Error *error) {
  const char *reference = block->password_from, *rest;
  int code = SQLITE_OK;
  *secret = NULL;
  if ((rest = behind(reference, "env:")) != NULL) {
    code = from_environment(rest, secret, error);
  } else if ((rest = behind(reference, "file:")) != NULL) {
    code = from_file(rest, secret, error);
  } else if ((rest = behind(reference, "command:")) != NULL) {
    code = from_command(connector, block, rest, secret, error);
  } else if (strcmp(reference, "pgpass") == 0) {
    code = secret_pgpass(block, addresses, secret, error);
  } else if (strcmp(reference, "my_cnf") == 0) {
    code = secret_my_cnf(block, secret, error);
  } else {
    code = error_set(error, SQLITE_ERROR, "password_from=ask asks only when a block is saved");
  }
  return code;
}
