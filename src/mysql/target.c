/*
** target.c: the private copy of a DriverTarget. The caller wipes its own when connect() returns,
** but stopping a statement later needs a second login with the same address, TLS and password; and
** a thread that logs in may still be at work when nobody waits for it any more. All texts are in
** one block of memory, overwritten before it is freed.
*/
#include "my.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#ifndef MYSQL_UNIX_ADDR
#define MYSQL_UNIX_ADDR "/run/mysqld/mysqld.sock"
#endif

/* The server's usual socket: the first that is there, else what the client library was
** built for. */
static const char *usual_socket(void) {
  static const char *const places[] = {MYSQL_UNIX_ADDR, "/run/mysqld/mysqld.sock",
                                       "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"};
  struct stat status;
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    if (stat(places[i], &status) == 0 && S_ISSOCK(status.st_mode)) return places[i];
  }
  return MYSQL_UNIX_ADDR;
}

static size_t text_size(const char *text) {
  return text == NULL ? 0 : strlen(text) + 1;
}

static const char *keep(char **at, const char *text) {
  if (text == NULL) return NULL;
  size_t size = strlen(text) + 1;
  char *copy = memcpy(*at, text, size);
  *at += size;
  return copy;
}

static const char *setting(const DriverTarget *target, const char *key) {
  for (size_t i = 0; i < target->setting_count; i++) {
    if (strcmp(target->settings[i].key, key) == 0) return target->settings[i].value;
  }
  return NULL;
}

static bool setting_true(const char *value) {
  return value != NULL && (strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0 ||
                           strcasecmp(value, "on") == 0 || strcasecmp(value, "yes") == 0);
}

static int setting_seconds(const char *value) {
  long seconds = value == NULL ? 0 : strtol(value, NULL, 10);
  return seconds < 0 ? 0 : seconds > 1000000 ? 1000000 : (int)seconds;
}

/* The client library reads more into a host than a name: lists with commas, connection strings with
** '=' or ';', plugin schemes with "://". None of these may come in by that door. */
static DriverStatus check_host(const char *host, DriverError *error) {
  if (strlen(host) > 255 || host[0] == 0 || strpbrk(host, ",;=/ \t\r\n") != NULL) {
    return driver_error_set(error, FAILURE_REFUSED, "08001",
                            "the host '%.60s' is neither a name nor an address", host);
  }
  return DRIVER_OK;
}

static DriverStatus check_target(const DriverTarget *target, DriverError *error) {
  if (target->address_count == 0) {
    return driver_error_set(error, FAILURE_REFUSED, NULL, "no address to connect to");
  }
  if (target->username == NULL || target->username[0] == 0) {
    /* The library would take the name of the account that runs this process. */
    driver_error_set(error, FAILURE_REFUSED, "28000", "no user name is given");
    my_hint(error, "write it into the block: mysql://USER@host/database");
    return DRIVER_FAILED;
  }
  for (size_t i = 0; i < target->address_count; i++) {
    const char *host = target->addresses[i].host;
    if (host == NULL || host[0] == '/') continue;
    if (check_host(host, error) == DRIVER_FAILED) return DRIVER_FAILED;
  }
  return DRIVER_OK;
}

MyTarget *my_target_new(const DriverTarget *target, DriverError *error) {
  if (check_target(target, error) == DRIVER_FAILED) return NULL;
  const char *usual = usual_socket();
  const char *socket_setting = setting(target, "unix_socket");
  const char *name_setting = setting(target, "application_name");
  const char *name = name_setting != NULL ? name_setting : target->application_name;
  size_t size = text_size(target->block) + text_size(name) + text_size(target->database) +
                text_size(target->username) + text_size(target->password) +
                text_size(target->tls_ca) + text_size(target->tls_cert) +
                text_size(target->tls_key) + text_size(setting(target, "ssl_capath")) +
                text_size(setting(target, "ssl_cipher"));
  for (size_t i = 0; i < target->address_count; i++) {
    const char *host = target->addresses[i].host;
    size += text_size(socket_setting != NULL ? socket_setting : host != NULL ? host : usual);
  }

  MyTarget *copy = calloc(1, sizeof *copy);
  char *storage = calloc(1, size + 1);
  MyAddress *addresses = calloc(target->address_count, sizeof *addresses);
  if (copy == NULL || storage == NULL || addresses == NULL) {
    free(copy);
    free(storage);
    free(addresses);
    driver_error_memory(error);
    return NULL;
  }
  atomic_init(&copy->references, 1);
  copy->storage = storage;
  copy->storage_size = size;
  char *at = storage;
  copy->block = keep(&at, target->block);
  copy->application_name = keep(&at, name);
  copy->database = keep(&at, target->database);
  copy->username = keep(&at, target->username);
  copy->password = keep(&at, target->password);
  copy->tls_ca = keep(&at, target->tls_ca);
  copy->tls_cert = keep(&at, target->tls_cert);
  copy->tls_key = keep(&at, target->tls_key);
  copy->tls_ca_path = keep(&at, setting(target, "ssl_capath"));
  copy->tls_cipher = keep(&at, setting(target, "ssl_cipher"));
  copy->addresses = addresses;
  copy->address_count = target->address_count;
  for (size_t i = 0; i < target->address_count; i++) {
    const DriverAddress *given = &target->addresses[i];
    bool is_socket = socket_setting != NULL || given->host == NULL || given->host[0] == '/';
    const char *place = socket_setting != NULL ? socket_setting
                        : given->host != NULL  ? given->host
                                               : usual;
    const char *kept = keep(&at, place);
    addresses[i].host = is_socket ? NULL : kept;
    addresses[i].socket_path = is_socket ? kept : NULL;
    addresses[i].port = given->port > 0 ? given->port : 3306;
  }
  copy->tls = target->tls;
  copy->readonly = target->readonly;
  copy->compress = setting_true(setting(target, "compress"));
  copy->statement_timeout = target->statement_timeout;
  copy->transaction_timeout = target->transaction_timeout;
  copy->read_timeout = setting_seconds(setting(target, "read_timeout"));
  copy->write_timeout = setting_seconds(setting(target, "write_timeout"));
  return copy;
}

MyTarget *my_target_retain(MyTarget *target) {
  atomic_fetch_add(&target->references, 1);
  return target;
}

void my_target_release(MyTarget *target) {
  if (target == NULL || atomic_fetch_sub(&target->references, 1) > 1) return;
  explicit_bzero(target->storage, target->storage_size);
  free(target->storage);
  free(target->addresses);
  free(target);
}
