/*
** login.c: one login attempt at one address. Everything that the client library would otherwise
** take from the environment, from an option file or from its defaults is said outright here.
**
** It runs on a thread of its own (connect.c, stop.c), because resolving a name cannot be
** interrupted.
*/
#include "my.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static bool library_ready;

static void library_start(void) {
  library_ready = mysql_library_init(0, NULL, NULL) == 0;
}

bool my_library_init(void) {
  pthread_once(&library_once, library_start);
  return library_ready;
}

/* Whole seconds until the deadline, at least 1. */
static unsigned int seconds_left(int64_t deadline) {
  if (deadline == 0) return 30;
  int64_t left = deadline - driver_clock();
  return left <= 0 ? 1 : (unsigned int)((left + 999999) / 1000000);
}

/* The methods by which no password can be read on the way or by the server's mere asking. In clear
** only to a server that has proved who it is. */
static DriverStatus set_authentication(MYSQL *mysql, const MyTarget *target, DriverError *error) {
#if MY_LIBMARIADB
  const char *allowed = my_tls_verified(target)
                            ? "mysql_native_password,client_ed25519,parsec,caching_sha2_password,"
                              "sha256_password,mysql_clear_password"
                            : "mysql_native_password,client_ed25519,parsec,caching_sha2_password,"
                              "sha256_password";
  if (mysql_optionsv(mysql, MARIADB_OPT_RESTRICTED_AUTH, allowed) != 0) {
    return driver_error_set(error, FAILURE_REFUSED, NULL,
                            "the client library cannot restrict the authentication methods");
  }
#ifdef MARIADB_PLUGINDIR
  /* else MARIADB_PLUGIN_DIR of the environment says where code is loaded from */
  if (MARIADB_PLUGINDIR[0] == '/') mysql_options(mysql, MYSQL_PLUGIN_DIR, MARIADB_PLUGINDIR);
#endif
#else
  MyBool clear = my_tls_verified(target);
  mysql_options(mysql, MYSQL_ENABLE_CLEARTEXT_PLUGIN, &clear);
  if (!clear && getenv("LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN") != NULL) {
    return driver_error_set(error, FAILURE_REFUSED, NULL,
                            "the environment variable LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN would let "
                            "any server ask for the password in clear");
  }
#endif
  return DRIVER_OK;
}

static void set_options(MYSQL *mysql, const MyLogin *login, const MyAddress *address) {
  const MyTarget *target = login->target;
  unsigned int timeout = seconds_left(login->deadline), off = 0;
  MyBool no = 0;
  unsigned int protocol = address->host != NULL ? (unsigned int)MYSQL_PROTOCOL_TCP
                                                : (unsigned int)MYSQL_PROTOCOL_SOCKET;
  unsigned long packet = 1UL << 30;
  mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
  mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
  mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
  mysql_options(mysql, MYSQL_REPORT_DATA_TRUNCATION, &no); /* lengths are looked at instead */
#if MY_LIBMARIADB
  mysql_options(mysql, MYSQL_OPT_RECONNECT, &no); /* Oracle's default, where naming it warns */
  MyBool yes = 1;
  mysql_options(mysql, MYSQL_SECURE_AUTH, &yes); /* never the hash of before 4.1 */
#endif
  if (target->compress) mysql_options(mysql, MYSQL_OPT_COMPRESS, NULL);
  if (target->read_timeout > 0) {
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &target->read_timeout);
  }
  if (target->write_timeout > 0) {
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &target->write_timeout);
  }
  if (target->application_name != NULL) {
    mysql_options4(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", target->application_name);
  }
  my_wait_options(mysql);
}

/* A peer that vanished without a word is noticed by the kernel, also by a session
** without deadline. */
static void set_keepalive(int descriptor) {
#ifdef TCP_KEEPIDLE
  int on = 1, idle = 60, interval = 10, count = 6;
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
#else
  (void)descriptor;
#endif
}

static DriverStatus login_error(MYSQL *mysql, const MyLogin *login, const MyAddress *address,
                                DriverError *error) {
  int number = (int)mysql_errno(mysql);
  if (login->deadline != 0 && driver_clock() >= login->deadline &&
      (number == 0 || number >= 2000)) {
    return driver_error_set(error, FAILURE_TIMEOUT, "08001", "no answer from %s in time",
                            address->host != NULL ? address->host : address->socket_path);
  }
  my_error_fill(error, true, number, mysql_sqlstate(mysql), mysql_error(mysql));
  char where[320];
  int length = address->host != NULL
                   ? snprintf(where, sizeof where, "%.255s port %d", address->host, address->port)
                   : snprintf(where, sizeof where, "socket %.255s", address->socket_path);
  driver_text(error->detail, sizeof error->detail, where, length < 0 ? 0 : (size_t)length);
  return DRIVER_FAILED;
}

MYSQL *my_login(const MyLogin *login, const MyAddress *address, DriverError *error) {
  const MyTarget *target = login->target;
  MYSQL *mysql = mysql_init(NULL);
  if (mysql == NULL) {
    driver_error_memory(error);
    return NULL;
  }
  DriverStatus status = set_authentication(mysql, target, error);
  if (status == DRIVER_OK) status = my_tls_options(mysql, target, error);
  if (status == DRIVER_OK) {
    set_options(mysql, login, address);
    my_wait_login(login);
    /* A password that is not given is an empty one: NULL would mean MYSQL_PWD. */
    MYSQL *done = mysql_real_connect(
        mysql, address->host, target->username, target->password == NULL ? "" : target->password,
        target->database, address->host != NULL ? (unsigned int)address->port : 0,
        address->host != NULL ? NULL : address->socket_path,
        CLIENT_FOUND_ROWS | CLIENT_MULTI_RESULTS);
    my_wait_login(NULL);
    if (done == NULL) status = login_error(mysql, login, address, error);
  }
  if (status == DRIVER_OK) status = my_tls_check(mysql, target, error);
  if (status == DRIVER_FAILED) {
    mysql_close(mysql);
    return NULL;
  }
  int descriptor = my_socket_of(mysql);
  if (address->host != NULL) set_keepalive(descriptor);
  my_wait_socket(descriptor);
  atomic_store(login->descriptor, descriptor);
  return mysql;
}
