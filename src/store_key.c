/*
** store_key.c: the key of the store's secrets.
**
** First found wins: $CONNECTOR_KEY (64 hexadecimal digits, or a passphrase); $CONNECTOR_KEY_FILE (a
** file with one such line); the file <store>.key beside the store, made at first use with 256 random
** bits. The key file beside it protects copies of the store, not against this user's own account.
*/
#include "secret.h"
#include "store.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Written under another name first and then linked, so that it is there whole or not at all, and the
** first of two writers wins. */
static int make_key_file(const char *path, Error *error) {
  unsigned char key[CIPHER_KEY_BYTES];
  char line[2 * CIPHER_KEY_BYTES + 2];
  int code = cipher_random(key, sizeof key, error);
  if (code) return code;
  for (size_t i = 0; i < sizeof key; i++)
    sqlite3_snprintf(3, line + 2 * i, "%02x", key[i]);
  line[2 * CIPHER_KEY_BYTES] = '\n';
  line[2 * CIPHER_KEY_BYTES + 1] = 0;
  explicit_bzero(key, sizeof key);
  char *draft = sqlite3_mprintf("%s.%d.new", path, (int)getpid());
  if (draft == NULL) {
    explicit_bzero(line, sizeof line);
    return error_memory(error);
  }
  int failed = 0;
  unlink(draft);
  int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || fchmod(fd, 0600) != 0 ||
      write(fd, line, sizeof line - 1) != (ssize_t)sizeof line - 1 || fsync(fd) != 0 ||
      (link(draft, path) != 0 && errno != EEXIST)) {
    failed = errno ? errno : EIO;
  }
  if (fd >= 0) {
    close(fd);
    unlink(draft);
  }
  explicit_bzero(line, sizeof line);
  sqlite3_free(draft);
  if (failed == 0) return SQLITE_OK;
  return error_set(error, failed == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN,
                   "cannot make the key file %s: %s; a key can also be given by CONNECTOR_KEY or "
                   "CONNECTOR_KEY_FILE",
                   path, strerror(failed));
}

static int read_key_file(const char *path, SecretLink link, char **key_text, Error *error) {
  size_t size = 0;
  int code = secret_read_file(path, link, key_text, &size, error);
  if (code) {
    if (code == SQLITE_NOTFOUND) error->code = SQLITE_CANTOPEN;
    error_wrap(error, "the key of the store");
    return code;
  }
  bool text = memchr(*key_text, 0, size) == NULL;
  secret_first_line(*key_text);
  if (text && **key_text) return SQLITE_OK;
  text_free(*key_text);
  *key_text = NULL;
  return error_set(error, SQLITE_ERROR,
                   "the key file %s must hold one line: 64 hexadecimal digits or a passphrase",
                   path);
}

int store_key(const char *path, bool make, char **key_text, char **from, Error *error) {
  const char *text = secure_getenv("CONNECTOR_KEY");
  const char *file = secure_getenv("CONNECTOR_KEY_FILE");
  *key_text = *from = NULL;
  int code = SQLITE_OK;
  if (text && text[0]) {
    *key_text = text_copy(text);
    *from = sqlite3_mprintf("CONNECTOR_KEY");
    if (*key_text == NULL || *from == NULL) code = error_memory(error);
  } else if (file && file[0]) {
    *from = sqlite3_mprintf("CONNECTOR_KEY_FILE, %s", file);
    code = *from ? read_key_file(file, SECRET_FOLLOW_LINK, key_text, error) : error_memory(error);
  } else {
    *from = sqlite3_mprintf("%s.key", path);
    code = *from ? read_key_file(*from, SECRET_NO_LINK, key_text, error) : error_memory(error);
    if (code == SQLITE_NOTFOUND && make) {
      error_clear(error);
      code = make_key_file(*from, error);
      if (code == SQLITE_OK) code = read_key_file(*from, SECRET_NO_LINK, key_text, error);
    }
  }
  if (code == SQLITE_NOTFOUND) code = error->code;
  if (code == SQLITE_OK) return SQLITE_OK;
  text_free(*key_text);
  sqlite3_free(*from);
  *key_text = *from = NULL;
  return code;
}
