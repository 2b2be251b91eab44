/*
** option_specs.c: the table of everything that may be set on a block.
**
** One row per word. A word is an option of ours (fetch_size, tls …), a keyword of a client library that
** is handed on as it is (`setting`), or another spelling of one of these (`alias_of`). What is not in
** the table is refused: a keyword that is let through unseen could name another host, another password
** file or a library to load. Words that people do write and that are refused on purpose have their
** reason in refused_words. A word may occur twice when it means different things to two backends.
*/
#include "options.h"

#include <string.h>

#define SERVERS (BACKEND_POSTGRESQL | BACKEND_MYSQL | BACKEND_ODBC)
#define PG BACKEND_POSTGRESQL
#define MY BACKEND_MYSQL
#define LITE BACKEND_SQLITE

#define MANY 1000000000

/* key, type, choices, least, most, fallback, backends, setting, secret, alias_of, meaning */
const OptionSpec option_specs[] = {
    /* ours */
    {"fetch_size", OPTION_INTEGER, NULL, 1, 10000000, "1", BACKEND_ALL, false, false, NULL,
     "rows that connector_fetch_many gives when no size is said"},
    {"connect_timeout", OPTION_SECONDS, NULL, 1, 3600, "10", BACKEND_ALL, false, false, NULL,
     "seconds that connecting may take, all addresses together"},
    {"statement_timeout", OPTION_MILLISECONDS, NULL, 0, MANY, "0", BACKEND_ALL, false, false, NULL,
     "milliseconds that one statement may take; 0 = no limit"},
    {"transaction_timeout", OPTION_MILLISECONDS, NULL, 0, MANY, "0", SERVERS, false, false, NULL,
     "milliseconds that a transaction may stand idle before the server ends it; 0 = no limit"},
    {"max_connections", OPTION_INTEGER, NULL, 1, 10000, "15", BACKEND_ALL, false, false, NULL,
     "connections that one SQLite connection may have open to this block"},
    {"idle_timeout", OPTION_SECONDS, NULL, 0, 1000000, "300", BACKEND_ALL, false, false, NULL,
     "seconds after which an unused connection is closed; 0 = at once"},
    {"readonly", OPTION_BOOLEAN, NULL, 0, 0, "false", BACKEND_ALL, false, false, NULL,
     "the session refuses to write, on the server"},
    {"tls", OPTION_CHOICE, "verify-full|verify-ca|require|off", 0, 0, NULL, SERVERS, false, false,
     NULL, "verify-full unless the server is a unix socket or on this machine"},
    {"tls_ca", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
     "file of the certificates to trust; without it the system's"},
    {"tls_cert", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
     "file of the client's certificate"},
    {"tls_key", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
     "file of the client's private key, without a passphrase"},
    {"password_from", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ALL, false, false, NULL,
     "where the password is read when connecting: env:NAME, file:PATH, pgpass, my_cnf, "
     "command:PROGRAM …; or ask, once, when the block is saved"},
    {"numeric", OPTION_CHOICE, "auto|text|real", 0, 0, "auto", BACKEND_ALL, false, false, NULL,
     "exact numerics: a number when nothing is lost and else text; always text; always REAL"},
    {"timestamp", OPTION_CHOICE, "iso|unix", 0, 0, "iso", BACKEND_ALL, false, false, NULL,
     "dates and times as ISO-8601 text or as seconds since 1970"},
    {"two_phase", OPTION_BOOLEAN, NULL, 0, 0, "false", SERVERS, false, false, NULL,
     "commit in two phases, so that several servers commit together"},
    {"batch", OPTION_CHOICE, "auto|on|off", 0, 0, "auto", BACKEND_ALL, false, false, NULL,
     "send written rows in batches: when there are many, always, never"},
    {"lock_rows", OPTION_BOOLEAN, NULL, 0, 0, "false", BACKEND_ALL, false, false, NULL,
     "UPDATE and DELETE of remote tables lock the rows that they read"},
    {"ssl_check_hostname", OPTION_BOOLEAN, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
     "false: at most tls=verify-ca"},
    {"ssl_verify_cert", OPTION_BOOLEAN, NULL, 0, 0, NULL, SERVERS, false, false, NULL,
     "false: at most tls=require"},
    /* other spellings of ours */
    {"sslmode", OPTION_CHOICE, NULL, 0, 0, NULL, SERVERS, false, false, "tls", "as tls"},
    {"ssl_mode", OPTION_CHOICE, NULL, 0, 0, NULL, SERVERS, false, false, "tls", "as tls"},
    {"ssl-mode", OPTION_CHOICE, NULL, 0, 0, NULL, SERVERS, false, false, "tls", "as tls"},
    {"ssl", OPTION_CHOICE, NULL, 0, 0, NULL, SERVERS, false, false, "tls",
     "as tls; true is verify-full, false is off"},
    {"ssl_disabled", OPTION_BOOLEAN, NULL, 0, 0, NULL, MY, false, false, "tls", "true: tls=off"},
    {"sslrootcert", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_ca", "as tls_ca"},
    {"ssl_ca", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_ca", "as tls_ca"},
    {"sslcert", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_cert", "as tls_cert"},
    {"ssl_cert", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_cert", "as tls_cert"},
    {"sslkey", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_key", "as tls_key"},
    {"ssl_key", OPTION_TEXT, NULL, 0, 0, NULL, SERVERS, false, false, "tls_key", "as tls_key"},
    {"ssl_verify_identity", OPTION_BOOLEAN, NULL, 0, 0, NULL, SERVERS, false, false,
     "ssl_check_hostname", "as ssl_check_hostname"},
    {"connection_timeout", OPTION_SECONDS, NULL, 1, 3600, NULL, MY, false, false, "connect_timeout",
     "as connect_timeout"},
    {"timeout", OPTION_SECONDS, NULL, 1, 3600, NULL, PG, false, false, "connect_timeout",
     "as connect_timeout"},
    /* PostgreSQL */
    {"application_name", OPTION_TEXT, NULL, 0, 0, NULL, PG | MY, true, false, NULL,
     "the name of our sessions on the server, in place of sqlite-connector/version block"},
    {"program_name", OPTION_TEXT, NULL, 0, 0, NULL, PG | MY, true, false, "application_name",
     "as application_name"},
    {"options", OPTION_TEXT, NULL, 0, 0, NULL, PG, true, false, NULL,
     "server settings of the session, as \"-c name=value\""},
    {"target_session_attrs", OPTION_CHOICE,
     "any|read-write|read-only|primary|standby|prefer-standby", 0, 0, NULL, PG, true, false, NULL,
     "which of several hosts will do"},
    {"load_balance_hosts", OPTION_CHOICE, "disable|random", 0, 0, "disable", PG | MY, false, false,
     NULL, "random: several hosts are tried in random order"},
    {"keepalives", OPTION_INTEGER, NULL, 0, 1, NULL, PG, true, false, NULL,
     "1: TCP keepalives (the default); 0: none"},
    {"keepalives_idle", OPTION_INTEGER, NULL, 0, 1000000, NULL, PG, true, false, NULL,
     "seconds without traffic before a keepalive is sent"},
    {"keepalives_interval", OPTION_INTEGER, NULL, 0, 1000000, NULL, PG, true, false, NULL,
     "seconds between keepalives"},
    {"keepalives_count", OPTION_INTEGER, NULL, 0, 1000000, NULL, PG, true, false, NULL,
     "lost keepalives after which the connection counts as dead"},
    {"tcp_user_timeout", OPTION_MILLISECONDS, NULL, 0, MANY, NULL, PG, true, false, NULL,
     "milliseconds that sent data may stay unacknowledged"},
    {"channel_binding", OPTION_CHOICE, "disable|prefer|require", 0, 0, NULL, PG, true, false, NULL,
     "ties the login to the TLS session"},
    {"client_encoding", OPTION_CHOICE, "utf8|utf-8|unicode", 0, 0, "utf8", PG, false, false, NULL,
     "text is always UTF-8 here"},
    {"gssencmode", OPTION_CHOICE, "disable", 0, 0, "disable", PG, false, false, NULL,
     "GSSAPI encryption is not used here"},
    /* MySQL */
    {"charset", OPTION_CHOICE, "utf8mb4|utf8", 0, 0, "utf8mb4", MY, false, false, NULL,
     "text is always UTF-8 here"},
    {"use_unicode", OPTION_CHOICE, "true|1", 0, 0, "true", MY, false, false, NULL,
     "text is always UTF-8 here"},
    {"local_infile", OPTION_CHOICE, "false|0|off", 0, 0, "false", MY, false, false, NULL,
     "LOAD DATA LOCAL is never allowed here: with it a server can read any file of this machine"},
    {"read_timeout", OPTION_SECONDS, NULL, 1, 1000000, NULL, MY, true, false, NULL,
     "seconds without an answer after which the connection counts as dead"},
    {"write_timeout", OPTION_SECONDS, NULL, 1, 1000000, NULL, MY, true, false, NULL,
     "seconds that sending may stand still"},
    {"compress", OPTION_BOOLEAN, NULL, 0, 0, NULL, MY, true, false, NULL, "compress the traffic"},
    {"unix_socket", OPTION_TEXT, NULL, 0, 0, NULL, MY, false, false, NULL,
     "path of the server's socket, in place of host and port"},
    {"read_default_file", OPTION_TEXT, NULL, 0, 0, NULL, MY, false, false, NULL,
     "an option file: its host, port, socket, user, password and database count where the block "
     "has "
     "none"},
    {"read_default_group", OPTION_TEXT, NULL, 0, 0, NULL, MY, false, false, NULL,
     "a group of read_default_file that counts beside [client]"},
    {"ssl_capath", OPTION_TEXT, NULL, 0, 0, NULL, MY, true, false, NULL,
     "directory of the certificates to trust"},
    {"ssl_cipher", OPTION_TEXT, NULL, 0, 0, NULL, MY, true, false, NULL, "TLS ciphers to offer"},
    /* SQLite */
    {"mode", OPTION_CHOICE, "ro|rw|rwc|memory", 0, 0, NULL, LITE, true, false, NULL,
     "open read-only, for writing, for writing and creating (the default), in memory"},
    {"cache", OPTION_CHOICE, "private|shared", 0, 0, NULL, LITE, true, false, NULL,
     "SQLite's page cache"},
    {"immutable", OPTION_BOOLEAN, NULL, 0, 0, NULL, LITE, true, false, NULL,
     "the file cannot change: no locks are taken"},
    {"timeout", OPTION_SECONDS, NULL, 0, 1000000, "5", LITE, true, false, NULL,
     "seconds to wait for a lock of somebody else"},
    {"uri", OPTION_BOOLEAN, NULL, 0, 0, NULL, LITE, false, false, NULL,
     "the database is a file: URI"},
    {"check_same_thread", OPTION_BOOLEAN, NULL, 0, 0, NULL, LITE, false, false, NULL,
     "accepted, without meaning here"},
    /* ODBC */
    {"driver", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
     "name of the ODBC driver"},
    {"dsn", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
     "name of the ODBC data source"},
    {"service_name", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
     "Oracle service"},
    {"encoding", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, false, false, NULL,
     "accepted, text is always UTF-8 here"},
    {"nencoding", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, false, false, NULL,
     "accepted, text is always UTF-8 here"},
    {"Encrypt", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
     "the ODBC driver's own word for TLS"},
    {"TrustServerCertificate", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
     "the ODBC driver's own word"},
    {"ApplicationIntent", OPTION_TEXT, NULL, 0, 0, NULL, BACKEND_ODBC, true, false, NULL,
     "the ODBC driver's own word"},
};
const size_t option_spec_count = sizeof option_specs / sizeof option_specs[0];

/* Words that are refused with their reason. */
static const struct {
  const char *word, *reason;
} refused_words[] = {
    {"service", "write the service's host, port and database into the block"},
    {"servicefile", "write the service's host, port and database into the block"},
    {"passfile", "use password_from=pgpass or password_from=file:PATH"},
    {"hostaddr", "write the address as host"},
    {"sslpassword", "use a tls_key file without a passphrase that only you can read"},
    {"ssl_password", "use a tls_key file without a passphrase that only you can read"},
    {"krbsrvname", "Kerberos logins are not supported"},
    {"gsslib", "Kerberos logins are not supported"},
    {"requirepeer", "it is not supported"},
    {"replication", "a replication session cannot run statements"},
    {"allow_local_infile", "with it a server can read any file of this machine"},
    {"allow_local_infile_in_path", "with it a server can read files of this machine"},
    {"init_command", "the session's settings are set by the connector"},
    {"plugin_dir", "it would load code"},
    {"plugin-dir", "it would load code"},
    {"defaults_file", "use read_default_file"},
    {"odbc_connect", "write its parts as username, password, host, database and options"},
};

const char *option_refusal(const char *key) {
  for (size_t i = 0; i < sizeof refused_words / sizeof refused_words[0]; i++) {
    if (strcmp(refused_words[i].word, key) == 0) return refused_words[i].reason;
  }
  return NULL;
}

unsigned option_backends(const char *backend) {
  if (backend == NULL) return BACKEND_ALL;
  if (strcmp(backend, "sqlite") == 0) return BACKEND_SQLITE;
  if (strcmp(backend, "postgresql") == 0) return BACKEND_POSTGRESQL;
  if (strcmp(backend, "mysql") == 0) return BACKEND_MYSQL;
  return BACKEND_ODBC;
}

static const OptionSpec *spec_find(const char *key, unsigned backends) {
  for (size_t i = 0; i < option_spec_count; i++) {
    const OptionSpec *spec = &option_specs[i];
    if ((spec->backends & backends) && strcmp(spec->key, key) == 0) return spec;
  }
  return NULL;
}

const OptionSpec *option_find(const char *key) {
  return spec_find(key, BACKEND_ALL);
}

const OptionSpec *option_find_for(const char *backend, const char *key) {
  return spec_find(key, option_backends(backend));
}
