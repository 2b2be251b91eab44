/*
** connect.c: opening and closing a session.
**
** Login runs on a thread of its own: resolving a host name, and in some builds the TLS handshake,
** block without a limit that we could set. The caller waits for the thread under its deadline and
** interrupt; when it goes away first, the thread finds that out and cleans up alone. So connect()
** returns in time whatever the name server or the host does, and the library still gets the *name*,
** which it compares with the certificate.
**
**      caller                          thread
**      JOB_RUNNING  --waits-->         logs in at one address after the other
**      takes the handle                <--done-- writes one byte into the pipe
**      or sets `abandoned`             notices, closes what it has
**
** The last of the two to let go frees the job. It comes from malloc, as the thread may outlive the
** host.
*/
#include "my.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CACHE_SIZE 32 /* servers allow 16,382 prepared statements for all sessions together */

typedef struct Job {
  atomic_int references;
  atomic_bool abandoned;
  atomic_bool done; /* the thread has written what follows `deadline` */
  atomic_int descriptor;
  int pipe[2];
  MyTarget *target;
  int64_t deadline;
  MYSQL *mysql; /* the session, until the caller takes it */
  size_t address;
  DriverError error;
} Job;

static void job_release(Job *job) {
  if (atomic_fetch_sub(&job->references, 1) > 1) return;
  if (job->mysql != NULL) mysql_close(job->mysql);
  my_target_release(job->target);
  close(job->pipe[0]);
  close(job->pipe[1]);
  explicit_bzero(job, sizeof *job);
  free(job);
}

static Job *job_new(MyTarget *target, int64_t deadline) {
  Job *job = calloc(1, sizeof *job);
  if (job == NULL) return NULL;
  if (pipe2(job->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    free(job);
    return NULL;
  }
  atomic_init(&job->references, 1);
  atomic_init(&job->abandoned, false);
  atomic_init(&job->done, false);
  atomic_init(&job->descriptor, -1);
  job->target = my_target_retain(target);
  job->deadline = deadline;
  return job;
}

static bool job_over(const Job *job) {
  return atomic_load(&job->abandoned) || (job->deadline != 0 && driver_clock() >= job->deadline);
}

static void job_work(Job *job) {
  MyLogin login = {.target = job->target,
                   .deadline = job->deadline,
                   .abandoned = &job->abandoned,
                   .descriptor = &job->descriptor};
  DriverError first = {0};
  for (size_t i = 0; i < job->target->address_count; i++) {
    MYSQL *mysql = my_login(&login, &job->target->addresses[i], &job->error);
    if (mysql != NULL) {
      my_wait_login(&login);
      DriverStatus status = my_session_settings(mysql, job->target, &job->error);
      my_wait_login(NULL);
      if (status == DRIVER_OK) {
        job->mysql = mysql;
        job->address = i;
        return;
      }
      atomic_store(&job->descriptor, -1);
      mysql_close(mysql);
    }
    if (i == 0) first = job->error;
    if (job_over(job)) break;
    /* A server that was reached and said no would say it again elsewhere; one login attempt. */
    if (job->error.native > 0 && (job->error.native < 2000 || job->error.native >= 3000)) return;
  }
  if (first.failure != FAILURE_NONE && job->error.failure != FAILURE_TIMEOUT) job->error = first;
}

static void *job_thread(void *argument) {
  Job *job = argument;
  mysql_thread_init();
  job_work(job);
  mysql_thread_end();
  atomic_store(&job->done, true);
  ssize_t written = write(job->pipe[1], "", 1);
  (void)written; /* an empty pipe takes one byte */
  job_release(job);
  return NULL;
}

bool my_thread_start(void *(*work)(void *), void *argument, pthread_t *thread) {
  pthread_attr_t attributes;
  pthread_t unused;
  sigset_t all, before;
  if (pthread_attr_init(&attributes) != 0) return false;
  if (thread == NULL) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, (size_t)1 << 20);
  sigfillset(&all); /* the host's handlers run on the host's threads */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int rc = pthread_create(thread == NULL ? &unused : thread, &attributes, work, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return rc == 0;
}

/* ---- fork ---- */

static atomic_int forks;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void count_fork(void) {
  atomic_fetch_add(&forks, 1);
}

static void watch_forks(void) {
  pthread_atfork(NULL, NULL, count_fork);
}

bool my_is_ours(const MyConnection *connection) {
  return connection->forks == atomic_load_explicit(&forks, memory_order_relaxed);
}

bool my_usable(MyConnection *connection, DriverError *error) {
  if (!my_is_ours(connection) || connection->base.owner != driver_process()) {
    driver_error_set(error, FAILURE_REFUSED, "08003",
                     "the connection belongs to the process that this one was forked from");
    my_hint(error, "close the SQLite connection before fork(), and open a new one in the child");
    return false;
  }
  if (connection->base.broken) {
    driver_error_set(error, FAILURE_LOST, "08003", "the connection to the server is lost");
    return false;
  }
  return true;
}

/* ---- connect ---- */

static void describe_server(MyConnection *connection) {
  MYSQL *mysql = connection->mysql;
  const char *text = mysql_get_server_info(mysql);
  bool mariadb = my_is_mariadb(mysql);
  if (strncmp(text, "5.5.5-", 6) == 0 && mariadb) text += 6;
  size_t size = mariadb ? strcspn(text, "-") : strlen(text);
  driver_text(connection->version, sizeof connection->version, text, size);
  strcpy(connection->product, mariadb ? "MariaDB" : "MySQL");
  my_tls_describe(mysql, connection->cipher, sizeof connection->cipher);
  connection->tls = connection->cipher[0] != 0;
#if MY_LIBMARIADB
  unsigned long extended = 0, server = 0;
  mariadb_get_infov(mysql, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended);
  mariadb_get_infov(mysql, MARIADB_CONNECTION_SERVER_CAPABILITIES, &server);
  connection->bulk = (server & CLIENT_MYSQL) == 0 &&
                     (extended & (unsigned long)(MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
#endif
#if MY_LIBMARIADB && MARIADB_PACKAGE_VERSION_ID >= 30402
  const MARIADB_X509_INFO *peer = NULL;
  if (connection->tls && mariadb_get_infov(mysql, MARIADB_TLS_PEER_CERT_INFO, &peer, 256) == 0 &&
      peer != NULL) {
    const char *subject = peer->subject == NULL ? "" : peer->subject;
    const char *issuer = peer->issuer == NULL ? "" : peer->issuer;
    driver_text(connection->subject, sizeof connection->subject, subject, strlen(subject));
    driver_text(connection->issuer, sizeof connection->issuer, issuer, strlen(issuer));
    driver_text(connection->fingerprint, sizeof connection->fingerprint, peer->fingerprint,
                strnlen(peer->fingerprint, sizeof peer->fingerprint));
    strftime(connection->expiry, sizeof connection->expiry, "%Y-%m-%d %H:%M:%S+00:00",
             &peer->not_after);
  }
#endif
}

static MyConnection *connection_new(Job *job, const DriverTarget *target, const DriverHost *host) {
  MyConnection *connection = host->allocate(sizeof *connection);
  if (connection == NULL) return NULL;
  memset(connection, 0, sizeof *connection);
  connection->base.host = host;
  connection->base.owner = driver_process();
  connection->forks = atomic_load(&forks);
  connection->cache = statement_cache_new(host, CACHE_SIZE, my_statement_destroy);
  if (connection->cache == NULL) {
    host->release(connection);
    return NULL;
  }
  connection->mysql = job->mysql;
  job->mysql = NULL;
  connection->address = job->address;
  connection->session = mysql_thread_id(connection->mysql);
  connection->target = my_target_retain(job->target);
  connection->numeric = "auto";
  if (target->numeric != NULL && strcmp(target->numeric, "text") == 0) connection->numeric = "text";
  if (target->numeric != NULL && strcmp(target->numeric, "real") == 0) connection->numeric = "real";
  connection->unix_time = target->timestamp != NULL && strcmp(target->timestamp, "unix") == 0;
  connection->read_only = connection->read_only_sent = target->readonly;
  describe_server(connection);
  return connection;
}

static void job_abandon(Job *job) {
  atomic_store(&job->abandoned, true);
  int descriptor = atomic_load(&job->descriptor);
  if (descriptor >= 0) shutdown(descriptor, SHUT_RDWR); /* wakes a thread that reads from it */
}

/* Where no answer came from: the first address stands for all. */
static void describe_addresses(const MyTarget *target, DriverError *error) {
  const MyAddress *first = &target->addresses[0];
  char where[400];
  int length = first->host != NULL
                   ? snprintf(where, sizeof where, "%.255s port %d", first->host, first->port)
                   : snprintf(where, sizeof where, "socket %.255s", first->socket_path);
  if (length > 0 && target->address_count > 1) {
    length += snprintf(where + length, sizeof where - (size_t)length, " and %zu more",
                       target->address_count - 1);
  }
  driver_text(error->detail, sizeof error->detail, where, length < 0 ? 0 : (size_t)length);
}

/* TLS did not come about: what the user can type, for this block. */
static void tls_hint(const DriverTarget *target, DriverError *error) {
  const char *block = target->block != NULL ? target->block : "block";
  char text[600];
  if (error->native != 2026 /* CR_SSL_CONNECTION_ERROR */ || target->tls == TLS_OFF) return;
  if (strstr(error->message, "does not support") != NULL) {
    snprintf(text, sizeof text,
             "the server offers no TLS; if the network between is trusted: "
             "SELECT connector_set('%.100s','tls','off')",
             block);
  } else {
    snprintf(text, sizeof text,
             "name the certificate authority that signed the server's certificate: "
             "SELECT connector_set('%.100s','tls_ca','/path/to/ca.crt'); or encrypt without "
             "verifying the server: SELECT connector_set('%.100s','tls','require')",
             block, block);
  }
  my_hint(error, text);
}

DriverStatus my_connect(const DriverTarget *target, const DriverHost *host, int64_t deadline,
                        DriverConnection **connection, DriverError *error) {
  pthread_once(&fork_once, watch_forks);
  if (!my_library_init() || !my_wait_init()) {
    return driver_error_set(error, FAILURE_CONNECT, NULL, "the client library does not start");
  }
  MyTarget *copy = my_target_new(target, error);
  if (copy == NULL) return DRIVER_FAILED;
  Job *job = job_new(copy, deadline);
  my_target_release(copy); /* the job has its own hold on it */
  if (job == NULL) {
    return driver_error_set(error, FAILURE_CONNECT, "08001",
                            "no memory or no file descriptor left for another connection");
  }
  atomic_fetch_add(&job->references, 1); /* the thread's */
  if (!my_thread_start(job_thread, job, NULL)) {
    job_release(job);
    job_release(job);
    return driver_error_set(error, FAILURE_CONNECT, "08001", "no thread can be started");
  }
  DriverStatus status = DRIVER_FAILED;
  switch (driver_wait(host, job->pipe[0], POLLIN, deadline, NULL)) {
  case WAIT_READY:
    if (!atomic_load(&job->done) || job->mysql == NULL) {
      *error = job->error;
      tls_hint(target, error);
      break;
    }
    *connection = (DriverConnection *)connection_new(job, target, host);
    status = *connection != NULL ? DRIVER_OK : driver_error_memory(error);
    break;
  case WAIT_INTERRUPTED:
    job_abandon(job);
    driver_error_set(error, FAILURE_INTERRUPTED, "57014", "interrupted while connecting");
    break;
  case WAIT_TIMEOUT:
    job_abandon(job);
    driver_error_set(error, FAILURE_TIMEOUT, "08001", "no connection in the time given");
    describe_addresses(job->target, error);
    my_hint(error, "is the host right and reachable? the option connect_timeout gives it longer");
    break;
  case WAIT_ERROR:
    job_abandon(job);
    driver_error_set(error, FAILURE_CONNECT, "08001", "waiting for the server failed");
    break;
  }
  job_release(job);
  return status;
}

/* In a forked child the socket is the parent's too: a goodbye sent here would end the parent's
** session. The descriptor is replaced by one that leads nowhere before the library says it. */
static void disarm(MYSQL *mysql) {
  int descriptor = my_socket_of(mysql);
  int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  if (nowhere >= 0) {
    dup2(nowhere, descriptor);
    close(nowhere);
  } else {
    close(descriptor);
  }
}

void my_close(DriverConnection *base) {
  MyConnection *connection = (MyConnection *)base;
  const DriverHost *host = base->host;
  bool ours = my_is_ours(connection) && base->owner == driver_process();
  if (!ours) {
    disarm(connection->mysql);
  } else if (base->broken) {
    my_cut(connection);
  }
  connection->running = NULL;
  my_wait_close(connection);
  connection->mysql = NULL; /* the server forgets the session's statements with it */
  statement_cache_free(connection->cache);
  while (connection->leftovers != NULL) {
    MyStatement *statement = connection->leftovers;
    connection->leftovers = statement->next_leftover;
    my_statement_destroy(&statement->base);
  }
  my_target_release(connection->target);
  host->release(connection);
}
