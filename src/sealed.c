/*
** sealed.c: a password as it stands in the store.
**
** It is encrypted (cipher.c) with the key of the store (store_key.c) and bound to the block's name and
** document: it opens only for the host, user and TLS mode that it was saved with, whoever edits the
** file. Beside it stands an identifier of the key, which tells a wrong key from a damaged secret.
*/
#include "secret.h"
#include "store.h"
#include "text.h"

#include <string.h>

struct Sealed {
  int references;
  char *path;  /* of the store */
  char *name;  /* of the block */
  char *bound; /* what the secret is bound to */
  size_t bound_size;
  unsigned char salt[CIPHER_SALT_BYTES];
  unsigned char key_id[CIPHER_KEY_ID_BYTES];
  unsigned char *bytes;
  size_t size;
};

Sealed *sealed_retain(Sealed *sealed) {
  sealed->references++;
  return sealed;
}

void sealed_release(Sealed *sealed) {
  if (sealed == NULL || --sealed->references > 0) return;
  sqlite3_free(sealed->path);
  sqlite3_free(sealed->name);
  sqlite3_free(sealed->bound);
  sqlite3_free(sealed->bytes);
  sqlite3_free(sealed);
}

bool sealed_same(const Sealed *a, const Sealed *b) {
  if (a == NULL || b == NULL) return a == b;
  return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* name, NUL, document */
static char *bound_text(const char *name, const char *document, size_t *size) {
  size_t name_size = strlen(name), document_size = strlen(document);
  char *text = sqlite3_malloc64(name_size + document_size + 2);
  if (text == NULL) return NULL;
  memcpy(text, name, name_size + 1);
  memcpy(text + name_size + 1, document, document_size + 1);
  *size = name_size + 1 + document_size;
  return text;
}

int sealed_open(const Sealed *sealed, char **secret, Error *error) {
  char *key_text = NULL, *from = NULL;
  Cipher cipher = {0};
  *secret = NULL;
  int code = store_key(sealed->path, false, &key_text, &from, error);
  if (code == SQLITE_OK) {
    code = cipher_open(&cipher, key_text, sealed->salt, error);
    if (code == SQLITE_OK && memcmp(cipher.key_id, sealed->key_id, CIPHER_KEY_ID_BYTES) != 0) {
      code = error_set(error, SQLITE_AUTH,
                       "the stored password was saved with another key than the one of %s; set the "
                       "key of then (CONNECTOR_KEY or CONNECTOR_KEY_FILE), or give the password "
                       "again: SELECT connector_set('%q', 'password', …)",
                       from, sealed->name);
    }
    if (code == SQLITE_OK) {
      code = cipher_unseal(&cipher, sealed->bytes, sealed->size, sealed->bound, sealed->bound_size,
                           secret, error);
      if (code == SQLITE_AUTH) {
        error_set(error, SQLITE_AUTH,
                  "the stored password does not belong to this block as it stands in %s (the file "
                  "was changed outside, or is damaged); give it again: SELECT connector_set('%q', "
                  "'password', …)",
                  sealed->path, sealed->name);
      }
    }
    cipher_close(&cipher);
  } else {
    error_wrap(error, "the stored password cannot be read");
  }
  text_free(key_text);
  sqlite3_free(from);
  return code;
}

Sealed *sealed_new(const char *path, const char *name, const char *document,
                   const unsigned char salt[CIPHER_SALT_BYTES],
                   const unsigned char key_id[CIPHER_KEY_ID_BYTES], const unsigned char *bytes,
                   size_t size) {
  Sealed *sealed = sqlite3_malloc64(sizeof *sealed);
  if (sealed == NULL) return NULL;
  memset(sealed, 0, sizeof *sealed);
  sealed->references = 1;
  sealed->size = size;
  sealed->bytes = sqlite3_malloc64(size + 1);
  sealed->path = sqlite3_mprintf("%s", path);
  sealed->name = sqlite3_mprintf("%s", name);
  sealed->bound = bound_text(name, document, &sealed->bound_size);
  memcpy(sealed->salt, salt, CIPHER_SALT_BYTES);
  memcpy(sealed->key_id, key_id, CIPHER_KEY_ID_BYTES);
  if (sealed->bytes && sealed->path && sealed->name && sealed->bound) {
    memcpy(sealed->bytes, bytes, size);
    return sealed;
  }
  sealed_release(sealed);
  return NULL;
}

int sealed_make(const char *path, const char *name, const char *document,
                const unsigned char salt[CIPHER_SALT_BYTES], const char *secret,
                unsigned char key_id[CIPHER_KEY_ID_BYTES], unsigned char **bytes, size_t *size,
                Error *error) {
  char *key_text = NULL, *from = NULL, *bound = NULL;
  size_t bound_size = 0;
  Cipher cipher = {0};
  int code = store_key(path, true, &key_text, &from, error);
  if (code == SQLITE_OK) code = cipher_open(&cipher, key_text, salt, error);
  if (code == SQLITE_OK) {
    memcpy(key_id, cipher.key_id, CIPHER_KEY_ID_BYTES);
    bound = bound_text(name, document, &bound_size);
    code = bound
               ? cipher_seal(&cipher, secret, strlen(secret), bound, bound_size, bytes, size, error)
               : error_memory(error);
  }
  cipher_close(&cipher);
  text_free(key_text);
  sqlite3_free(from);
  sqlite3_free(bound);
  return code;
}
