/*
** cipher.c: XChaCha20-Poly1305 of libsodium, for the secrets in the store.
**
** A sealed text is nonce (24 bytes), cipher text, tag (16). The library is opened with RTLD_LOCAL for
** one piece of work and closed again: a block without a stored secret never needs it, and a host that
** has a libsodium of its own does not see ours. The few functions are declared here, so that building
** needs no header of it either.
*/
#include "cipher.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define NONCE_BYTES 24
#define TAG_BYTES 16
#define ARGON2ID13 2
#define INTERACTIVE_OPERATIONS 2
#define INTERACTIVE_MEMORY 67108864

typedef int (*Init)(void);
typedef int (*Encrypt)(unsigned char *sealed, unsigned long long *sealed_size,
                       const unsigned char *text, unsigned long long size,
                       const unsigned char *bound, unsigned long long bound_size,
                       const unsigned char *secret_nonce, const unsigned char *nonce,
                       const unsigned char *key);
typedef int (*Decrypt)(unsigned char *text, unsigned long long *size, unsigned char *secret_nonce,
                       const unsigned char *sealed, unsigned long long sealed_size,
                       const unsigned char *bound, unsigned long long bound_size,
                       const unsigned char *nonce, const unsigned char *key);
typedef int (*Hash)(unsigned char *hash, size_t hash_size, const unsigned char *text,
                    unsigned long long size, const unsigned char *key, size_t key_size);
typedef int (*Derive)(unsigned char *key, unsigned long long key_size, const char *passphrase,
                      unsigned long long size, const unsigned char *salt,
                      unsigned long long operations, size_t memory, int algorithm);

/* ISO C has no conversion from dlsym's pointer to a function's; POSIX says that the bytes are the same. */
static int lookup(const Cipher *cipher, const char *name, void *function, Error *error) {
  void *symbol = dlsym(cipher->library, name);
  if (symbol == NULL) {
    return error_set(error, SQLITE_ERROR, "this libsodium has no %s; version 1.0.13 is needed",
                     name);
  }
  memcpy(function, &symbol, sizeof symbol);
  return SQLITE_OK;
}

int cipher_random(unsigned char *bytes, size_t size, Error *error) {
  while (size) {
    ssize_t count = getrandom(bytes, size, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return error_set(error, SQLITE_ERROR, "the system gives no random bytes: %s",
                       strerror(errno));
    }
    bytes += count;
    size -= (size_t)count;
  }
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- library and key */

static int open_library(Cipher *cipher, Error *error) {
  static const char *const names[] = {
#ifdef __APPLE__
      "libsodium.dylib",
      "/opt/homebrew/lib/libsodium.dylib",
      "/usr/local/lib/libsodium.dylib",
#else
      "libsodium.so.23",
      "libsodium.so.26",
      "libsodium.so",
#endif
  };
  for (size_t i = 0; cipher->library == NULL && i < sizeof names / sizeof names[0]; i++) {
    cipher->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (cipher->library == NULL) {
    return error_set(error, SQLITE_ERROR,
                     "libsodium is needed to store or read a secret and is not installed "
                     "(Debian: apt install libsodium23); without it use password_from");
  }
  Init init = NULL;
  int code = lookup(cipher, "sodium_init", &init, error);
  if (code == SQLITE_OK && init() < 0) {
    code = error_set(error, SQLITE_ERROR, "libsodium cannot be started");
  }
  return code;
}

static bool hex_key(const char *text, unsigned char key[CIPHER_KEY_BYTES]) {
  if (strlen(text) != 2 * CIPHER_KEY_BYTES) return false;
  for (size_t i = 0; i < 2 * CIPHER_KEY_BYTES; i++) {
    char c = text[i];
    int digit = c >= '0' && c <= '9'                 ? c - '0'
                : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                     : -1;
    if (digit < 0) return false;
    key[i / 2] = (unsigned char)(i % 2 ? key[i / 2] | digit : digit << 4);
  }
  return true;
}

static int make_key(Cipher *cipher, const char *text, const unsigned char *salt, Error *error) {
  static const unsigned char purpose[] = "sqlite-connector key id";
  Hash hash = NULL;
  int code = lookup(cipher, "crypto_generichash", &hash, error);
  if (code == SQLITE_OK && !hex_key(text, cipher->key)) {
    Derive derive = NULL;
    code = lookup(cipher, "crypto_pwhash", &derive, error);
    if (code == SQLITE_OK && derive(cipher->key, CIPHER_KEY_BYTES, text, strlen(text), salt,
                                    INTERACTIVE_OPERATIONS, INTERACTIVE_MEMORY, ARGON2ID13) != 0) {
      code = error_memory(error); /* its 64 MiB are the only thing that fails */
    }
  }
  unsigned char id[32];
  if (code == SQLITE_OK &&
      hash(id, sizeof id, purpose, sizeof purpose - 1, cipher->key, CIPHER_KEY_BYTES) != 0) {
    code = error_set(error, SQLITE_ERROR, "libsodium cannot hash the key");
  }
  if (code == SQLITE_OK) memcpy(cipher->key_id, id, sizeof cipher->key_id);
  return code;
}

int cipher_open(Cipher *cipher, const char *key_text, const unsigned char salt[CIPHER_SALT_BYTES],
                Error *error) {
  memset(cipher, 0, sizeof *cipher);
  int code = open_library(cipher, error);
  return code ? code : make_key(cipher, key_text, salt, error);
}

void cipher_close(Cipher *cipher) {
  if (cipher->library) dlclose(cipher->library);
  explicit_bzero(cipher, sizeof *cipher);
}

/* ---------------------------------------------------------------- seal, unseal */

int cipher_seal(const Cipher *cipher, const char *secret, size_t size, const char *bound,
                size_t bound_size, unsigned char **sealed, size_t *sealed_size, Error *error) {
  Encrypt encrypt = NULL;
  unsigned long long written = 0;
  *sealed = NULL;
  int code = lookup(cipher, "crypto_aead_xchacha20poly1305_ietf_encrypt", &encrypt, error);
  if (code) return code;
  unsigned char *bytes = sqlite3_malloc64(size + CIPHER_EXTRA_BYTES);
  if (bytes == NULL) return error_memory(error);
  code = cipher_random(bytes, NONCE_BYTES, error);
  if (code == SQLITE_OK &&
      encrypt(bytes + NONCE_BYTES, &written, (const unsigned char *)secret, size,
              (const unsigned char *)bound, bound_size, NULL, bytes, cipher->key) != 0) {
    code = error_set(error, SQLITE_ERROR, "libsodium cannot encrypt");
  }
  if (code) {
    sqlite3_free(bytes);
    return code;
  }
  *sealed = bytes;
  *sealed_size = NONCE_BYTES + (size_t)written;
  return SQLITE_OK;
}

int cipher_unseal(const Cipher *cipher, const unsigned char *sealed, size_t sealed_size,
                  const char *bound, size_t bound_size, char **secret, Error *error) {
  Decrypt decrypt = NULL;
  unsigned long long size = 0;
  *secret = NULL;
  int code = lookup(cipher, "crypto_aead_xchacha20poly1305_ietf_decrypt", &decrypt, error);
  if (code) return code;
  if (sealed_size < CIPHER_EXTRA_BYTES) {
    return error_set(error, SQLITE_AUTH, "the stored secret is damaged");
  }
  char *text = sqlite3_malloc64(sealed_size);
  if (text == NULL) return error_memory(error);
  if (decrypt((unsigned char *)text, &size, NULL, sealed + NONCE_BYTES, sealed_size - NONCE_BYTES,
              (const unsigned char *)bound, bound_size, sealed, cipher->key) != 0) {
    sqlite3_free(text);
    return error_set(error, SQLITE_AUTH, "the stored secret was changed outside");
  }
  text[size] = 0;
  *secret = text;
  return SQLITE_OK;
}
