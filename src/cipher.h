/*
** cipher.h: sealing of a secret for the store, with libsodium, which is opened only for that.
*/
#ifndef CONNECTOR_CIPHER_H
#define CONNECTOR_CIPHER_H

#include "connector.h"

#define CIPHER_KEY_BYTES 32
#define CIPHER_SALT_BYTES 16
#define CIPHER_KEY_ID_BYTES 8
#define CIPHER_EXTRA_BYTES (24 + 16) /* what a sealed text is longer: nonce and tag */

/* The library and one key. */
typedef struct Cipher {
  void *library;
  unsigned char key[CIPHER_KEY_BYTES];
  unsigned char key_id[CIPHER_KEY_ID_BYTES]; /* tells keys apart, tells nothing of the key */
} Cipher;

/* Opens libsodium and makes the key of a text: 64 hexadecimal digits are a key, anything else is a
** passphrase (Argon2id with the salt, which is the store's). Close it in any case. */
int cipher_open(Cipher *cipher, const char *key_text, const unsigned char salt[CIPHER_SALT_BYTES],
                Error *error);
void cipher_close(Cipher *cipher); /* wipes */

/* `bound` is authenticated with the secret: the sealed text opens only together with it. *sealed is
** sqlite3_malloc'ed. */
int cipher_seal(const Cipher *cipher, const char *secret, size_t size, const char *bound,
                size_t bound_size, unsigned char **sealed, size_t *sealed_size, Error *error);
/* *secret is NUL-terminated and sqlite3_malloc'ed; SQLITE_AUTH when it does not open. */
int cipher_unseal(const Cipher *cipher, const unsigned char *sealed, size_t sealed_size,
                  const char *bound, size_t bound_size, char **secret, Error *error);

/* Random bytes of the system, without libsodium. */
int cipher_random(unsigned char *bytes, size_t size, Error *error);

#endif
