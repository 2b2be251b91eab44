/*
** tls.c: what the client library is told about TLS. The rule is that a session which was asked to
** be encrypted never comes about in clear, and that this is known before a credential is sent.
**
** libmariadb's "enforce" option does not do that: Connector/C 3.3 goes on in clear when the server
** offers no TLS. It refuses only when a certificate check is asked for, or a fingerprint. So:
**
**   off          both switched off (Connector/C 3.4 has TLS on by default)
**   require      3.3: an empty fingerprint: the library insists on TLS and has nothing to compare.
**                3.4: a verification callback that accepts every certificate.
**   verify-ca    3.3 with OpenSSL: a CA file makes it check the chain; the empty fingerprint again
**                makes it insist. Elsewhere the host name is checked too, which is the safe side.
**   verify-full  the library's own check: chain, dates and host name
**
** A library that treats an empty fingerprint in another way refuses every server: it fails closed.
** Oracle's library has SSL_MODE, which means what it says.
*/
#include "my.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Where systems keep the certificates they trust. Named outright: the library's own default depends
** on the environment (SSL_CERT_FILE), and without a name it does not check at all. */
static const char *system_bundle(void) {
  static const char *const places[] = {
      "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, Arch */
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
      "/etc/pki/tls/certs/ca-bundle.crt",                  /* older RHEL */
      "/etc/ssl/ca-bundle.pem",                            /* SUSE */
      "/etc/ssl/cert.pem",                                 /* BSD, macOS */
  };
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    if (access(places[i], R_OK) == 0) return places[i];
  }
  return NULL;
}

static DriverStatus check_file(const char *path, const char *key, DriverError *error) {
  if (path == NULL || access(path, R_OK) == 0) return DRIVER_OK;
  return driver_error_set(error, FAILURE_REFUSED, "08001", "%s: cannot read the file '%.200s'", key,
                          path);
}

static DriverStatus check_files(const MyTarget *target, const char **ca, DriverError *error) {
  if (check_file(target->tls_ca, "tls_ca", error) == DRIVER_FAILED ||
      check_file(target->tls_cert, "tls_cert", error) == DRIVER_FAILED ||
      check_file(target->tls_key, "tls_key", error) == DRIVER_FAILED) {
    return DRIVER_FAILED;
  }
  *ca = target->tls_ca;
  if (!my_tls_verified(target)) {
    *ca = NULL; /* a CA file alone would make the library check the chain */
    return DRIVER_OK;
  }
  if (*ca == NULL && target->tls_ca_path == NULL) *ca = system_bundle();
  if (*ca == NULL && target->tls_ca_path == NULL) {
    driver_error_set(error, FAILURE_REFUSED, "08001",
                     "the certificates that this system trusts were not found");
    my_hint(error, "set tls_ca to the file with the certificate authority of the server");
    return DRIVER_FAILED;
  }
  return DRIVER_OK;
}

#if MY_LIBMARIADB

#if MARIADB_PACKAGE_VERSION_ID >= 30402
static int accept_any(MARIADB_TLS *session, unsigned int flags) {
  (void)session;
  (void)flags;
  return 0;
}
#endif

/* Only the OpenSSL build checks the chain without being asked to check the name. */
static bool checks_chain_alone(void) {
  const char *library = NULL;
  if (MARIADB_PACKAGE_VERSION_ID >= 30400 || mysql_get_client_version() < 30000 ||
      mariadb_get_infov(NULL, MARIADB_TLS_LIBRARY, &library) != 0 || library == NULL) {
    return false;
  }
  return strncasecmp(library, "OpenSSL", 7) == 0 || strncasecmp(library, "LibreSSL", 8) == 0;
}

static bool set_mode(MYSQL *mysql, const MyTarget *target) {
  MyBool yes = 1, no = 0;
  if (target->tls == TLS_OFF) {
    return mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &no) == 0 &&
           mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &no) == 0;
  }
  bool by_library =
      target->tls == TLS_VERIFY_FULL || (target->tls == TLS_VERIFY_CA && !checks_chain_alone());
  if (mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes) != 0) return false;
#if MARIADB_PACKAGE_VERSION_ID >= 30402
  if (!by_library) {
    mysql_optionsv(mysql, MARIADB_OPT_TLS_VERIFICATION_CALLBACK, accept_any);
    by_library = true;
  }
#endif
  if (mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, by_library ? &yes : &no) != 0) {
    return false;
  }
  return by_library || mysql_optionsv(mysql, MARIADB_OPT_TLS_PEER_FP, "") == 0;
}

#else /* Oracle's library */

static bool set_mode(MYSQL *mysql, const MyTarget *target) {
  unsigned int mode = target->tls == TLS_OFF         ? SSL_MODE_DISABLED
                      : target->tls == TLS_REQUIRE   ? SSL_MODE_REQUIRED
                      : target->tls == TLS_VERIFY_CA ? SSL_MODE_VERIFY_CA
                                                     : SSL_MODE_VERIFY_IDENTITY;
  return mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode) == 0;
}

#endif

DriverStatus my_tls_options(MYSQL *mysql, const MyTarget *target, DriverError *error) {
  const char *ca = NULL;
  if (target->tls != TLS_OFF) {
    if (check_files(target, &ca, error) == DRIVER_FAILED) return DRIVER_FAILED;
    if (my_tls_verified(target) && getenv("MARIADB_TLS_DISABLE_PEER_VERIFICATION") != NULL) {
      return driver_error_set(error, FAILURE_REFUSED, "08001",
                              "the environment variable MARIADB_TLS_DISABLE_PEER_VERIFICATION "
                              "would switch off the check of the server's certificate");
    }
  }
  bool done = set_mode(mysql, target);
  if (target->tls != TLS_OFF) {
    done = done && (ca == NULL || mysql_options(mysql, MYSQL_OPT_SSL_CA, ca) == 0);
    done = done && (target->tls_cert == NULL ||
                    mysql_options(mysql, MYSQL_OPT_SSL_CERT, target->tls_cert) == 0);
    done = done && (target->tls_key == NULL ||
                    mysql_options(mysql, MYSQL_OPT_SSL_KEY, target->tls_key) == 0);
    done = done && (target->tls_ca_path == NULL || !my_tls_verified(target) ||
                    mysql_options(mysql, MYSQL_OPT_SSL_CAPATH, target->tls_ca_path) == 0);
    done = done && (target->tls_cipher == NULL ||
                    mysql_options(mysql, MYSQL_OPT_SSL_CIPHER, target->tls_cipher) == 0);
  }
  if (done) return DRIVER_OK;
  return driver_error_set(error, FAILURE_REFUSED, "08001",
                          "the client library does not take the TLS settings");
}

DriverStatus my_tls_check(MYSQL *mysql, const MyTarget *target, DriverError *error) {
  if (target->tls == TLS_OFF || mysql_get_ssl_cipher(mysql) != NULL) return DRIVER_OK;
  return driver_error_set(error, FAILURE_CONNECT, "08001",
                          "the session is not encrypted although TLS was asked for");
}

void my_tls_describe(MYSQL *mysql, char *text, size_t size) {
  const char *cipher = mysql_get_ssl_cipher(mysql);
  const char *version = NULL;
  text[0] = 0;
  if (cipher == NULL) return;
#if MY_LIBMARIADB
  if (mariadb_get_infov(mysql, MARIADB_CONNECTION_TLS_VERSION, &version) != 0) version = NULL;
#endif
  char line[160];
  int length =
      snprintf(line, sizeof line, "%.32s%s%.100s", version == NULL ? "TLS" : version, " ", cipher);
  driver_text(text, size, line, length < 0 ? 0 : (size_t)length);
}
