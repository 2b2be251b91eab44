/*
** connect.c: from a target to a session, address by address.
**
** libpq is given every keyword by itself (never a connection string, which its parser would quote
** in errors), with expand_dbname off, and what it would take from the environment, a service file, a
** password file or ~/.postgresql is shut out (environment.c; NOWHERE below). Names are resolved
** here (resolve.c); each address is tried once, with its share of the time that is left. A server that
** answered "no" ends the search; one that could not be reached, or is starting up, does not.
**
** The error text is ours; libpq's is appended without line ends and without the password.
*/
#include "postgresql.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path that cannot exist: libpq takes it as "there is none" and does not look in the home
** directory. (An empty keyword would count as not given.) */
#define NOWHERE "/dev/null/none"

enum { KEYWORDS_MOST = 64 };

typedef struct Keywords {
  const char *keys[KEYWORDS_MOST + 1], *values[KEYWORDS_MOST + 1];
  int count;
} Keywords;

/* One address to try. */
typedef struct Attempt {
  const DriverTarget *target;
  const char *host;     /* name, or directory of the socket; NULL = libpq's own directory */
  const char *hostaddr; /* number of a TCP host, else NULL */
  const char *session;  /* target_session_attrs, or NULL */
  int port;
  char directory[256];
} Attempt;

static void keyword(Keywords *keywords, const char *key, const char *value) {
  if (value == NULL || keywords->count == KEYWORDS_MOST) return;
  keywords->keys[keywords->count] = key;
  keywords->values[keywords->count++] = value;
  keywords->keys[keywords->count] = keywords->values[keywords->count] = NULL;
}

/* ---------------------------------------------------------------- what libpq is told */

static const char *system_bundle(void) {
  static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
                                       "/etc/pki/tls/certs/ca-bundle.crt",
                                       "/etc/ssl/ca-bundle.pem",
                                       "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                       "/etc/ssl/cert.pem",
                                       "/usr/local/share/certs/ca-root-nss.crt"};
  for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
    if (access(places[i], R_OK) == 0) return places[i];
  }
  return NULL;
}

/* libpq goes on without a certificate whose file is not there. */
static DriverStatus tls_file_check(const char *key, const char *path, DriverError *error) {
  if (path == NULL || access(path, R_OK) == 0) return DRIVER_OK;
  return driver_error_set(error, FAILURE_CONNECT, "08001", "%s: cannot read the file \"%.500s\"",
                          key, path);
}

static DriverStatus tls_keywords(Keywords *keywords, const DriverTarget *target,
                                 DriverError *error) {
  static const char *const modes[] = {"disable", "require", "verify-ca", "verify-full"};
  const char *root = target->tls_ca != NULL ? target->tls_ca : NOWHERE;
  if (target->tls != TLS_OFF && (tls_file_check("tls_ca", target->tls_ca, error) != DRIVER_OK ||
                                 tls_file_check("tls_cert", target->tls_cert, error) != DRIVER_OK ||
                                 tls_file_check("tls_key", target->tls_key, error) != DRIVER_OK)) {
    return DRIVER_FAILED;
  }
  if (target->tls >= TLS_VERIFY_CA && target->tls_ca == NULL) {
    /* libpq takes "system" for verify-full only */
    bool named = PQlibVersion() >= 160000 && target->tls == TLS_VERIFY_FULL;
    root = named ? "system" : system_bundle();
    if (root == NULL) {
      driver_error_set(error, FAILURE_CONNECT, "08001",
                       "no bundle of trusted certificates was found on this machine");
      snprintf(error->hint, sizeof(error->hint),
               "install ca-certificates, or name a file: connector_set('%.100s','tls_ca','/path')",
               target->block != NULL ? target->block : "block");
      return DRIVER_FAILED;
    }
  }
  keyword(keywords, "sslmode", modes[target->tls]);
  keyword(keywords, "sslrootcert", root);
  keyword(keywords, "sslcert", target->tls_cert != NULL ? target->tls_cert : NOWHERE);
  keyword(keywords, "sslkey", target->tls_key != NULL ? target->tls_key : NOWHERE);
  keyword(keywords, "sslcrl", NOWHERE);
  keyword(keywords, "sslcompression", "0");
  keyword(keywords, "ssl_min_protocol_version", "TLSv1.2");
  keyword(keywords, "gssencmode", "disable");
  return DRIVER_OK;
}

/* Part of the target itself, or of the client's environment: never a setting. */
static bool setting_refused(const char *key) {
  static const char *const owned[] = {
      "host",       "hostaddr",        "port",        "dbname",      "user",         "password",
      "passfile",   "service",         "sslmode",     "sslcert",     "sslkey",       "sslrootcert",
      "gssencmode", "client_encoding", "replication", "requirepeer", "require_auth", "servicefile"};
  for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++) {
    if (strcmp(key, owned[i]) == 0) return true;
  }
  return false;
}

static const char *setting_find(const DriverTarget *target, const char *key) {
  for (size_t i = 0; i < target->setting_count; i++) {
    if (strcmp(target->settings[i].key, key) == 0) return target->settings[i].value;
  }
  return NULL;
}

static DriverStatus setting_keywords(Keywords *keywords, const DriverTarget *target,
                                     DriverError *error) {
  for (size_t i = 0; i < target->setting_count; i++) {
    const char *key = target->settings[i].key;
    if (strcmp(key, "connect_timeout") == 0 || strcmp(key, "target_session_attrs") == 0 ||
        strcmp(key, "hostaddr") == 0) {
      continue; /* the deadline, and the attempt, say these (hostaddr: only a spare target's) */
    }
    if (setting_refused(key)) {
      return driver_error_set(error, FAILURE_REFUSED, NULL, "\"%s\" cannot be given as a setting",
                              key);
    }
    keyword(keywords, key, target->settings[i].value);
  }
  return DRIVER_OK;
}

static bool attempt_local(const Attempt *attempt) {
  return attempt->hostaddr == NULL;
}

static DriverStatus attempt_keywords(const Attempt *attempt, Keywords *keywords, char port[16],
                                     DriverError *error) {
  const DriverTarget *target = attempt->target;
  snprintf(port, 16, "%d", attempt->port > 0 ? attempt->port : 5432);
  keyword(keywords, "host", attempt->host);
  keyword(keywords, "hostaddr", attempt->hostaddr);
  keyword(keywords, "port", port);
  keyword(keywords, "dbname", target->database);
  keyword(keywords, "user", target->username);
  keyword(keywords, "password", target->password);
  keyword(keywords, "passfile", NOWHERE);
  keyword(keywords, "client_encoding", "UTF8");
  keyword(keywords, "application_name", target->application_name);
  keyword(keywords, "connect_timeout", "0"); /* the deadline is ours */
  keyword(keywords, "target_session_attrs", attempt->session);
  /* The operating system's own credentials are not the block's. */
  if (PQlibVersion() >= 160000) {
    bool open = target->tls == TLS_OFF && !attempt_local(attempt);
    keyword(keywords, "require_auth", open ? "!password,!gss,!sspi" : "!gss,!sspi");
  }
  if (tls_keywords(keywords, target, error) != DRIVER_OK) return DRIVER_FAILED;
  return setting_keywords(keywords, target, error);
}

/* ---------------------------------------------------------------- when it fails */

static void attempt_name(const Attempt *attempt, char *text, size_t size) {
  const DriverTarget *target = attempt->target;
  char place[300];
  if (attempt_local(attempt)) {
    snprintf(place, sizeof(place), "the unix socket %s%s.s.PGSQL.%d",
             attempt->host != NULL ? attempt->host : "", attempt->host != NULL ? "/" : "",
             attempt->port > 0 ? attempt->port : 5432);
  } else if (strcmp(attempt->host, attempt->hostaddr) == 0) {
    snprintf(place, sizeof(place), "host %s port %d", attempt->host,
             attempt->port > 0 ? attempt->port : 5432);
  } else {
    snprintf(place, sizeof(place), "host \"%.180s\" (%s) port %d", attempt->host, attempt->hostaddr,
             attempt->port > 0 ? attempt->port : 5432);
  }
  snprintf(text, size, "%s, database \"%.63s\", user \"%.63s\"", place,
           target->database != NULL ? target->database : "",
           target->username != NULL ? target->username : "");
}

/* Where a failed login's text has a password in it, nothing of it is shown. */
static bool holds_secret(const char *text, const char *password) {
  return password != NULL && *password != 0 && strstr(text, password) != NULL;
}

/* libpq, in verbose mode, ends with "FATAL:  28P01: password authentication failed …\nHINT:  …". */
static const char *find_state(const char *text, char state[6]) {
  for (const char *at = strstr(text, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
    size_t span = strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (span == 5 && at[8] == ':' && at[9] == ' ') {
      memcpy(state, at + 3, 5);
      state[5] = 0;
      return at + 10;
    }
  }
  return NULL;
}

static void tls_hint(const DriverTarget *target, const char *text, DriverError *error) {
  const char *block = target->block != NULL ? target->block : "block";
  if (strstr(text, "certificate") != NULL) {
    snprintf(error->hint, sizeof(error->hint),
             "name the certificate authority that signed the server's certificate: "
             "SELECT connector_set('%.100s','tls_ca','/path/to/ca.crt'); or encrypt without "
             "verifying the server: SELECT connector_set('%.100s','tls','require')",
             block, block);
  } else {
    snprintf(error->hint, sizeof(error->hint),
             "the server offers no usable TLS; if the network between is trusted: "
             "SELECT connector_set('%.100s','tls','off')",
             block);
  }
}

static void cleartext_hint(const DriverTarget *target, DriverError *error) {
  snprintf(error->hint, sizeof(error->hint),
           "encrypt the connection: SELECT connector_set('%.100s','tls','verify-full'); or let the "
           "server use scram-sha-256 in pg_hba.conf",
           target->block != NULL ? target->block : "block");
}

/* What to look at when the server, or nobody, has given a hint. */
static void usual_hint(const char *state, DriverError *error) {
  static const char *const hints[][2] = {
      {"08001", "is the server running, and are host and port of the block right?"},
      {"28000", "pg_hba.conf on the server says who may log in from where, and how"},
      {"28P01", "check username and password of the block"},
      {"3D000", "check the database's name in the block"},
      {"53300", "the server has no connection to spare: close others, or raise max_connections"},
      {"57P03", "the server is starting, stopping or a standby; try again"},
  };
  for (size_t i = 0; error->hint[0] == 0 && i < sizeof(hints) / sizeof(*hints); i++) {
    if (strcmp(state, hints[i][0]) == 0) {
      snprintf(error->hint, sizeof(error->hint), "%s", hints[i][1]);
    }
  }
}

static DriverStatus attempt_failed(const Attempt *attempt, PGconn *link, const PgGuard *guard,
                                   bool in_tls, DriverError *error) {
  const DriverTarget *target = attempt->target;
  char name[560], state[6] = "08001";
  const char *text = PQerrorMessage(link);
  if (guard->refused != 0) {
    driver_error_set(
        error, FAILURE_CONNECT, "28000",
        guard->refused == 3
            ? "the server asked for the password in clear text over an unencrypted connection; "
              "it was not sent"
            : "the server asked for a Kerberos or Windows login, which a block does not have");
    if (guard->refused == 3) cleartext_hint(target, error);
    return DRIVER_FAILED;
  }
  if (strstr(text, "out of memory") != NULL || strstr(text, "allocation failure") != NULL) {
    return driver_error_memory(error);
  }
  attempt_name(attempt, name, sizeof(name));
  const char *said = find_state(text, state);
  bool server = said != NULL;
  if (!server) {
    said = strstr(text, " failed: "); /* libpq's own words begin with the address we named */
    said = said != NULL ? said + 9 : text;
  }
  size_t size = strcspn(said, "\n"); /* further lines of libpq only guess */
  if (holds_secret(text, target->password)) size = 0;
  driver_error_set(error, FAILURE_CONNECT, state, "cannot connect to %s%s%.*s", name,
                   size > 0 ? ": " : "", (int)size, said);
  const char *hint = server && size > 0 ? strstr(said, "\nHINT:  ") : NULL;
  if (hint != NULL)
    driver_text(error->hint, sizeof(error->hint), hint + 8, strcspn(hint + 8, "\n"));
  if (in_tls && !server) tls_hint(target, text, error);
  if (!server && strstr(text, "cleartext password") != NULL) cleartext_hint(target, error);
  if (PQconnectionNeedsPassword(link)) {
    snprintf(error->sqlstate, sizeof(error->sqlstate), "28000");
    snprintf(error->message, sizeof(error->message),
             "cannot connect to %s: the server asks for a password, and the block has none", name);
    snprintf(error->hint, sizeof(error->hint),
             "SELECT connector_set('%.100s','password_from','ask')",
             target->block != NULL ? target->block : "block");
  }
  usual_hint(state, error);
  return DRIVER_FAILED;
}

/* ---------------------------------------------------------------- one address */

static void notice(void *context, const PGresult *result) {
  PgConnection *connection = context;
  const DriverHost *host = connection->base.host;
  const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  char clean[500], line[700];
  if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)) {
    connection->ended = true;
  }
  if (text == NULL || connection->base.owner != driver_process()) return;
  driver_text(clean, sizeof(clean), text, strlen(text));
  snprintf(line, sizeof(line), "connector '%s': %s: %s", connection->block,
           severity != NULL ? severity : "NOTICE", clean);
  host->log(host->context, line);
}

static PostgresPollingStatusType poll_link(PGconn *link) {
  pg_environment_hide();
  PostgresPollingStatusType state = PQconnectPoll(link);
  pg_environment_show();
  return state;
}

/* Drives libpq until it is in or out. *in_tls: it failed while TLS was being set up. */
static DriverStatus attempt_poll(const Attempt *attempt, PgConnection *connection, int64_t deadline,
                                 PgGuard *guard, bool *in_tls, DriverError *error) {
  PGconn *link = connection->link;
  const DriverHost *host = connection->base.host;
  bool guarded =
      !attempt_local(attempt) && attempt->target->tls == TLS_OFF && PQlibVersion() < 160000;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    DriverWait wait;
    if (guarded && guard->server < 0 && PQstatus(link) == CONNECTION_MADE) {
      if (!pg_guard_begin(guard, PQsocket(link))) {
        return driver_error_set(error, FAILURE_CONNECT, "08001", "too many open files");
      }
      guarded = false; /* once */
    }
    if (guard->server >= 0 && state == PGRES_POLLING_READING) {
      wait = pg_guard_wait(guard, host, deadline);
    } else {
      wait = driver_wait(host, PQsocket(link), state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                         deadline, NULL);
    }
    if (wait == WAIT_INTERRUPTED) {
      return driver_error_set(error, FAILURE_INTERRUPTED, "57014", "interrupted");
    }
    if (wait == WAIT_TIMEOUT) {
      char name[560];
      attempt_name(attempt, name, sizeof(name));
      return driver_error_set(error, FAILURE_TIMEOUT, "08001",
                              "no answer from %s within the time allowed", name);
    }
    if (wait == WAIT_ERROR) return attempt_failed(attempt, link, guard, false, error);
    *in_tls = PQstatus(link) == CONNECTION_SSL_STARTUP;
    state = poll_link(link);
    if (state == PGRES_POLLING_FAILED) {
      return attempt_failed(attempt, link, guard, *in_tls, error);
    }
    if (!pg_guard_end(guard)) {
      return driver_error_set(error, FAILURE_CONNECT, "08001", "too many open files");
    }
  }
  return DRIVER_OK;
}

/* What libpq reports must agree with what was asked for. */
static DriverStatus attempt_check(const Attempt *attempt, PGconn *link, DriverError *error) {
  const char *encoding = PQparameterStatus(link, "client_encoding");
  if (attempt->target->tls > TLS_OFF && !attempt_local(attempt) && !PQsslInUse(link)) {
    driver_error_set(error, FAILURE_CONNECT, "08001", "the session is not encrypted");
    tls_hint(attempt->target, "", error);
    return DRIVER_FAILED;
  }
  if (encoding == NULL || (strcmp(encoding, "UTF8") != 0 && strcmp(encoding, "utf8") != 0)) {
    return driver_error_set(error, FAILURE_CONNECT, "08001",
                            "the server does not speak UTF-8 (client_encoding is %s)",
                            encoding != NULL ? encoding : "unknown");
  }
  return DRIVER_OK;
}

static DriverStatus attempt_connect(const Attempt *attempt, PgConnection *connection,
                                    int64_t deadline, DriverError *error) {
  Keywords keywords = {.count = 0};
  char port[16];
  PgGuard guard;
  bool in_tls = false;
  pg_guard_init(&guard);
  if (attempt_keywords(attempt, &keywords, port, error) != DRIVER_OK) return DRIVER_FAILED;
  pg_environment_hide();
  PGconn *link = PQconnectStartParams(keywords.keys, keywords.values, 0);
  pg_environment_show();
  pg_wipe(&keywords, sizeof(keywords));
  if (link == NULL) return driver_error_memory(error);
  connection->link = link;
  PQsetErrorVerbosity(link, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(link, notice, connection);
  DriverStatus status = PQstatus(link) == CONNECTION_BAD
                            ? attempt_failed(attempt, link, &guard, false, error)
                            : attempt_poll(attempt, connection, deadline, &guard, &in_tls, error);
  pg_guard_close(&guard);
  if (status == DRIVER_OK) status = attempt_check(attempt, link, error);
  if (status == DRIVER_OK && PQsetnonblocking(link, 1) != 0) status = driver_error_memory(error);
  if (status == DRIVER_OK) {
    PQsetErrorVerbosity(link, PQERRORS_DEFAULT);
    connection->base.deadline = deadline;
    connection->encoding = PQclientEncoding(link);
    status = pg_session_set_up(connection, attempt->target, error);
  }
  if (status != DRIVER_OK) {
    PQfinish(link);
    connection->link = NULL;
    connection->ended = connection->base.broken = false;
  }
  return status;
}

/* ---------------------------------------------------------------- all addresses */

/* May the next address do better? Not when the user stopped us, nor when a server said no. */
static bool try_next(const DriverError *error) {
  if (error->failure == FAILURE_INTERRUPTED || error->failure == FAILURE_MEMORY ||
      error->failure == FAILURE_REFUSED) {
    return false;
  }
  return strncmp(error->sqlstate, "08", 2) == 0 || strncmp(error->sqlstate, "57P", 3) == 0;
}

/* This attempt's share of what is left, when `others` are still to come. */
static int64_t share(int64_t deadline, size_t others) {
  if (deadline == 0) return 0;
  int64_t now = driver_clock();
  return now + (deadline > now ? deadline - now : 0) / (int64_t)(others + 1);
}

static DriverStatus connect_socket(Attempt *attempt, const DriverAddress *address,
                                   PgConnection *connection, int64_t deadline, DriverError *error) {
  struct stat what;
  const char *mark = address->host != NULL ? strstr(address->host, "/.s.PGSQL.") : NULL;
  attempt->host = address->host;
  attempt->hostaddr = NULL;
  if (mark != NULL && (size_t)(mark - address->host) < sizeof(attempt->directory) &&
      !(stat(address->host, &what) == 0 && S_ISDIR(what.st_mode))) {
    snprintf(attempt->directory, sizeof(attempt->directory), "%.*s", (int)(mark - address->host),
             address->host);
    attempt->host = *attempt->directory != 0 ? attempt->directory : "/";
    attempt->port = atoi(mark + 10);
  }
  return attempt_connect(attempt, connection, deadline, error);
}

static DriverStatus connect_host(Attempt *attempt, const DriverAddress *address, size_t others,
                                 PgConnection *connection, int64_t deadline, DriverError *error) {
  char *numbers = NULL;
  const char *pinned = setting_find(attempt->target, "hostaddr");
  const DriverHost *host = connection->base.host;
  DriverStatus status = pg_resolve(host, pinned != NULL ? pinned : address->host,
                                   share(deadline, others), &numbers, error);
  if (status != DRIVER_OK) return status;
  size_t left = 0;
  for (const char *at = numbers; *at != 0; at += strlen(at) + 1)
    left++;
  status = driver_error_set(error, FAILURE_CONNECT, "08001", "host \"%s\" has no address",
                            address->host);
  for (const char *at = numbers; *at != 0 && status != DRIVER_OK; at += strlen(at) + 1) {
    if (at != numbers && !try_next(error)) break;
    attempt->host = address->host;
    attempt->hostaddr = at;
    status = attempt_connect(attempt, connection, share(deadline, others + --left), error);
  }
  host->release(numbers);
  return status;
}

static DriverStatus connect_all(const DriverTarget *target, const char *session,
                                PgConnection *connection, int64_t deadline, DriverError *error) {
  DriverStatus status = DRIVER_FAILED;
  for (size_t i = 0; i < target->address_count && status != DRIVER_OK; i++) {
    const DriverAddress *address = &target->addresses[i];
    Attempt attempt = {.target = target, .session = session, .port = address->port};
    size_t others = target->address_count - 1 - i;
    if (i > 0 && !try_next(error)) break;
    if (deadline != 0 && driver_clock() >= deadline && i > 0) break;
    bool local = address->host == NULL || address->host[0] == '/' || address->host[0] == '@';
    status = local ? connect_socket(&attempt, address, connection, share(deadline, others), error)
                   : connect_host(&attempt, address, others, connection, deadline, error);
  }
  return status;
}

/* The same target, one address, pinned to the server that this session reached. */
static DriverTarget *spare_target(PgConnection *connection, const DriverTarget *target) {
  DriverTarget spare = *target;
  DriverAddress address = {.host = PQhost(connection->link),
                           .port = atoi(PQport(connection->link))};
  DriverSetting settings[16];
  size_t count = 0;
  for (size_t i = 0; i < target->setting_count && count < 15; i++) {
    if (strcmp(target->settings[i].key, "options") != 0) settings[count++] = target->settings[i];
  }
  settings[count++] = (DriverSetting){.key = "hostaddr", .value = PQhostaddr(connection->link)};
  spare.addresses = &address;
  spare.address_count = 1;
  spare.settings = settings;
  spare.setting_count = count;
  return pg_target_copy(&spare, connection->base.host);
}

/* PgConnection.quiet: what stops and drains a statement must not be stopped by the same interrupt. */
static bool not_now(void *context) {
  (void)context;
  return false;
}

DriverStatus pg_open(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                     bool spare, PgConnection **result, DriverError *error) {
  const char *session = setting_find(target, "target_session_attrs");
  bool prefer = session != NULL && strcmp(session, "prefer-standby") == 0;
  PgConnection *connection = host->allocate(sizeof(*connection));
  if (connection == NULL) return driver_error_memory(error);
  memset(connection, 0, sizeof(*connection));
  connection->base.host = host;
  connection->base.owner = driver_process();
  connection->quiet = *host;
  connection->quiet.interrupted = not_now;
  snprintf(connection->block, sizeof(connection->block), "%s",
           target->block != NULL ? target->block : "");
  snprintf(connection->numeric, sizeof(connection->numeric), "%s",
           target->numeric != NULL ? target->numeric : "auto");
  connection->unix_time = target->timestamp != NULL && strcmp(target->timestamp, "unix") == 0;
  connection->readonly = target->readonly;
  buffer_init(&connection->forgotten, host);
  buffer_init(&connection->settings.text, host);
  connection->cache = pg_cache_new(host);
  if (connection->cache == NULL) {
    pg_close(&connection->base);
    return driver_error_memory(error);
  }
  driver_error_set(error, FAILURE_CONNECT, "08001", "the block names no host");
  DriverStatus status =
      connect_all(target, prefer ? "standby" : session, connection, deadline, error);
  if (status != DRIVER_OK && prefer && try_next(error)) {
    status = connect_all(target, "any", connection, deadline, error);
  }
  if (status == DRIVER_OK && spare && *connection->started != 0 && !connection->pooled) {
    connection->spare = spare_target(connection, target);
    if (connection->spare == NULL) status = driver_error_memory(error);
  }
  if (status != DRIVER_OK) {
    pg_close(&connection->base);
    return status;
  }
  memset(error, 0, sizeof(*error));
  pg_tls_describe(connection);
  *result = connection;
  return DRIVER_OK;
}
