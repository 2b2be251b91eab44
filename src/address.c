/*
** address.c: the hosts and ports of a block, and whether they need TLS.
**
**     postgresql://ann@db.example.com:5433/shop            one TCP address
**     postgresql://ann@/shop?host=a:5432&host=b:5433       tried in order
**     postgresql://ann@%2Frun%2Fpostgresql/shop            a unix socket, also ?host=/run/postgresql
**     mysql://ann@/shop?unix_socket=/run/mysqld/mysqld.sock
**
** TLS: what leaves this machine is verified unless the block says less in so many words. A unix socket
** and a loopback address stay on the machine and use none unless the block asks for it, by tls or by
** naming certificates.
*/
#include "address.h"
#include "url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

void address_list_clear(AddressList *list) {
  for (size_t i = 0; i < list->count; i++)
    sqlite3_free((char *)list->addresses[i].host);
  sqlite3_free(list->addresses);
  list->addresses = NULL;
  list->count = 0;
}

bool address_is_socket(const DriverAddress *address) {
  return address->host == NULL || address->host[0] == '/';
}

bool address_is_loopback(const DriverAddress *address) {
  unsigned char bytes[16];
  static const unsigned char one[16] = {[15] = 1};
  if (address->host == NULL) return false;
  if (strcasecmp(address->host, "localhost") == 0) return true;
  if (inet_pton(AF_INET, address->host, bytes) == 1) return bytes[0] == 127;
  return inet_pton(AF_INET6, address->host, bytes) == 1 && memcmp(bytes, one, 16) == 0;
}

static int host_check(const char *host, Error *error) {
  bool path = host[0] == '/';
  for (const char *at = host; *at; at++) {
    unsigned char c = (unsigned char)*at;
    bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    if (path ? c < ' ' || c == 127 : !plain && strchr("._-:%\\", c) == NULL) {
      return error_set(error, SQLITE_ERROR,
                       "the host holds a character that no host name or address has "
                       "(a password with '@' is written with %%40 in a URL)");
    }
  }
  return SQLITE_OK;
}

/* host is a piece of text, not NUL-terminated; size 0 = none. */
static int add(AddressList *list, const char *host, size_t size, int port, Error *error) {
  DriverAddress *grown = sqlite3_realloc64(list->addresses, (list->count + 1) * sizeof *grown);
  if (grown == NULL) return error_memory(error);
  list->addresses = grown;
  char *copy = NULL;
  if (size) {
    copy = sqlite3_malloc64(size + 1);
    if (copy == NULL) return error_memory(error);
    memcpy(copy, host, size);
    copy[size] = 0;
    if (strncasecmp(copy, "%2f", 3) == 0) url_unquote(copy, size, false);
  }
  grown[list->count].host = copy;
  grown[list->count].port = port;
  list->count++;
  return copy ? host_check(copy, error) : SQLITE_OK;
}

/* Digits up to `end`, 1 to 65535; 0 when it is no such number. */
static int port_read(const char *text, const char *end) {
  int port = 0;
  if (text == end) return 0;
  for (; text < end; text++) {
    if (*text < '0' || *text > '9' || port > 6553) return 0;
    port = port * 10 + (*text - '0');
  }
  return port <= 65535 ? port : 0;
}

/* One of `host`, `host:port`, `[address]:port`, `/path`. */
static int add_written(AddressList *list, const char *text, const char *end, Error *error) {
  const char *host_end = end, *colon = memchr(text, ':', (size_t)(end - text));
  bool path = text < end && (*text == '/' || strncasecmp(text, "%2f", 3) == 0);
  int port = 0;
  if (text < end && *text == '[') {
    host_end = memchr(text, ']', (size_t)(end - text));
    if (host_end == NULL) {
      return error_set(error, SQLITE_ERROR, "a '[' in the host has no ']'");
    }
    text++;
    colon = host_end + 1 < end ? host_end + 1 : NULL;
  } else if (path || (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1)))) {
    colon = NULL; /* a path, or a bare IPv6 address */
  }
  if (colon) {
    if (host_end == end) host_end = colon;
    port = *colon == ':' ? port_read(colon + 1, end) : 0;
    if (port == 0) {
      return error_set(error, SQLITE_ERROR, "the port of a host must be a number from 1 to 65535");
    }
  }
  return add(list, text, (size_t)(host_end - text), port, error);
}

/* "a,b:1,c" */
static int add_list(AddressList *list, const char *text, Error *error) {
  int code = SQLITE_OK;
  if (text[0] == '/') return add_written(list, text, text + strlen(text), error);
  for (const char *at = text; code == SQLITE_OK; at++) {
    const char *end = at + strcspn(at, ",");
    code = add_written(list, at, end, error);
    at = end;
    if (*at == 0) break;
  }
  return code;
}

/* ?port=1&port=2 or ?port=1,2: one for all hosts, or one each. */
static int set_ports(AddressList *list, const Block *block, Error *error) {
  size_t count = 0;
  int first = block->port;
  for (size_t i = 0; i < block->query_count; i++) {
    if (strcmp(block->query[i].key, "port") != 0) continue;
    for (const char *at = block->query[i].value;; at++) {
      const char *end = at + strcspn(at, ",");
      int port = port_read(at, end);
      if (port == 0) {
        return error_set(error, SQLITE_ERROR, "port must be a number from 1 to 65535");
      }
      if (count == 0) first = port;
      if (count < list->count && list->addresses[count].port == 0) {
        list->addresses[count].port = port;
      }
      count++;
      at = end;
      if (*at == 0) break;
    }
  }
  if (count > 1 && count != list->count) {
    return error_set(error, SQLITE_ERROR, "there are %lld ports for %lld hosts", (long long)count,
                     (long long)list->count);
  }
  for (size_t i = 0; i < list->count; i++) {
    if (list->addresses[i].port == 0) list->addresses[i].port = first;
  }
  return SQLITE_OK;
}

int address_list(const Block *block, AddressList *list, Error *error) {
  int code = SQLITE_OK;
  list->addresses = NULL;
  list->count = 0;
  const char *socket = option_list_get(&block->options, "unix_socket");
  if (socket) {
    code = add(list, socket, strlen(socket), 0, error);
    if (code == SQLITE_OK && socket[0] != '/') {
      code = error_set(error, SQLITE_ERROR, "unix_socket must be an absolute path");
    }
  } else {
    if (block->host && block->host[0]) {
      bool one = strchr(block->host, ',') == NULL || block->host[0] == '/';
      code = one ? add(list, block->host, strlen(block->host), 0, error)
                 : add_list(list, block->host, error);
    }
    for (size_t i = 0; code == SQLITE_OK && i < block->query_count; i++) {
      if (strcmp(block->query[i].key, "host") != 0) continue;
      if (block->host && block->host[0]) {
        code = error_set(error, SQLITE_ERROR, "the host is given twice");
      } else {
        code = add_list(list, block->query[i].value, error);
      }
    }
    if (code == SQLITE_OK && list->count == 0) code = add(list, "", 0, 0, error);
    if (code == SQLITE_OK) code = set_ports(list, block, error);
  }
  if (code) address_list_clear(list);
  return code;
}

/* ---------------------------------------------------------------- TLS */

/* An option that is given and true / given and false. */
static bool given_as(const Block *block, const char *key, bool wanted) {
  bool on;
  return option_boolean(option_list_get(&block->options, key), &on) && on == wanted;
}

TlsMode address_tls(const Block *block, const AddressList *list) {
  static const char *const names[] = {
      [TLS_OFF] = "off",
      [TLS_REQUIRE] = "require",
      [TLS_VERIFY_CA] = "verify-ca",
      [TLS_VERIFY_FULL] = "verify-full",
  };
  const char *given = option_list_get(&block->options, "tls");
  TlsMode mode = TLS_OFF;
  if (given) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
      if (strcmp(names[i], given) == 0) mode = (TlsMode)i;
    }
  } else {
    bool asked = option_list_get(&block->options, "tls_ca") ||
                 option_list_get(&block->options, "tls_cert") ||
                 option_list_get(&block->options, "ssl_capath") ||
                 given_as(block, "ssl_check_hostname", true) ||
                 given_as(block, "ssl_verify_cert", true);
    for (size_t i = 0; i < list->count; i++) {
      const DriverAddress *address = &list->addresses[i];
      if (address_is_socket(address)) continue;
      if (asked || !address_is_loopback(address)) mode = TLS_VERIFY_FULL;
    }
  }
  if (mode > TLS_VERIFY_CA && given_as(block, "ssl_check_hostname", false)) mode = TLS_VERIFY_CA;
  if (mode > TLS_REQUIRE && given_as(block, "ssl_verify_cert", false)) mode = TLS_REQUIRE;
  return mode;
}
