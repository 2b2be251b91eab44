/*
** tls.c: what a TLS session is: protocol, cipher, and the server's certificate.
**
** libpq tells the first two and hands out OpenSSL's own object for the rest. We do not link
** OpenSSL: the functions are taken from the copy that libpq has loaded already; where there is none under a
** known name the certificate's texts stay empty.
*/
#include "postgresql.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Of OpenSSL's API, unchanged since 1.1.0 but for one name. */
typedef struct OpenSsl {
  void *(*certificate)(const void *ssl);
  void *(*subject)(const void *certificate);
  void *(*issuer)(const void *certificate);
  char *(*name_line)(const void *name, char *text, int size);
  const void *(*not_after)(const void *certificate);
  int (*time_parts)(const void *time, struct tm *parts);
  int (*digest)(const void *certificate, const void *kind, unsigned char *digest, unsigned *size);
  const void *(*sha256)(void);
  void (*release)(void *certificate);
} OpenSsl;

static bool find(void *library, const char *name, void *target) {
  void *symbol = dlsym(library, name);
  memcpy(target, &symbol, sizeof(symbol));
  return symbol != NULL;
}

static bool openssl_find(OpenSsl *openssl) {
  static const char *const names[][2] = {{"libssl.so.3", "libcrypto.so.3"},
                                         {"libssl.so.1.1", "libcrypto.so.1.1"},
                                         {"libssl.3.dylib", "libcrypto.3.dylib"}};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    void *ssl = dlopen(names[i][0], RTLD_NOW | RTLD_NOLOAD);
    void *crypto = dlopen(names[i][1], RTLD_NOW | RTLD_NOLOAD);
    bool found = ssl != NULL && crypto != NULL &&
                 (find(ssl, "SSL_get1_peer_certificate", &openssl->certificate) ||
                  find(ssl, "SSL_get_peer_certificate", &openssl->certificate)) &&
                 find(crypto, "X509_get_subject_name", &openssl->subject) &&
                 find(crypto, "X509_get_issuer_name", &openssl->issuer) &&
                 find(crypto, "X509_NAME_oneline", &openssl->name_line) &&
                 find(crypto, "X509_get0_notAfter", &openssl->not_after) &&
                 find(crypto, "ASN1_TIME_to_tm", &openssl->time_parts) &&
                 find(crypto, "X509_digest", &openssl->digest) &&
                 find(crypto, "EVP_sha256", &openssl->sha256) &&
                 find(crypto, "X509_free", &openssl->release);
    if (ssl != NULL) dlclose(ssl); /* libpq keeps it loaded */
    if (crypto != NULL) dlclose(crypto);
    if (found) return true;
  }
  return false;
}

static void certificate_describe(PgConnection *connection, const OpenSsl *openssl,
                                 void *certificate) {
  char line[512];
  unsigned char digest[64];
  unsigned size = 0;
  struct tm expiry;
  if (openssl->name_line(openssl->subject(certificate), line, sizeof(line)) != NULL) {
    driver_text(connection->tls_subject, sizeof(connection->tls_subject), line, strlen(line));
  }
  if (openssl->name_line(openssl->issuer(certificate), line, sizeof(line)) != NULL) {
    driver_text(connection->tls_issuer, sizeof(connection->tls_issuer), line, strlen(line));
  }
  memset(&expiry, 0, sizeof(expiry));
  if (openssl->time_parts(openssl->not_after(certificate), &expiry) == 1) {
    strftime(connection->tls_expiry, sizeof(connection->tls_expiry), "%Y-%m-%dT%H:%M:%SZ", &expiry);
  }
  if (openssl->digest(certificate, openssl->sha256(), digest, &size) == 1) {
    for (unsigned i = 0; i < size && i < 32; i++) {
      snprintf(connection->tls_fingerprint + i * 3, 4, i + 1 < size ? "%02X:" : "%02X", digest[i]);
    }
  }
}

void pg_tls_describe(PgConnection *connection) {
  PGconn *link = connection->link;
  OpenSsl openssl;
  if (!PQsslInUse(link)) return;
  const char *protocol = PQsslAttribute(link, "protocol"), *cipher = PQsslAttribute(link, "cipher");
  snprintf(connection->tls, sizeof(connection->tls), "%s %s", protocol != NULL ? protocol : "TLS",
           cipher != NULL ? cipher : "");
  void *ssl = PQsslStruct(link, "OpenSSL");
  if (ssl == NULL || !openssl_find(&openssl)) return;
  void *certificate = openssl.certificate(ssl);
  if (certificate == NULL) return;
  certificate_describe(connection, &openssl, certificate);
  openssl.release(certificate);
}
