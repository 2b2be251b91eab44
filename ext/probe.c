/*
** probe.c: see probe.h.
**
** getaddrinfo() cannot be told to stop, so it runs in a thread of its own with everything it touches in a job
** that the last of the two frees: a resolver that hangs leaves one sleeping thread behind, not a sleeping
** user. The thread has only the C library's memory.
*/
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- names ---- */

typedef struct Lookup {
  pthread_mutex_t mutex;
  int users; /* the caller and the thread; guarded by mutex */
  int pipe[2];
  int code;
  struct addrinfo *list;
  char port[8];
  char name[];
} Lookup;

static void lookup_leave(Lookup *lookup) {
  pthread_mutex_lock(&lookup->mutex);
  bool last = --lookup->users == 0;
  pthread_mutex_unlock(&lookup->mutex);
  if (!last) return;
  if (lookup->list) freeaddrinfo(lookup->list);
  close(lookup->pipe[0]);
  close(lookup->pipe[1]);
  pthread_mutex_destroy(&lookup->mutex);
  free(lookup);
}

static void *lookup_run(void *memory) {
  Lookup *lookup = memory;
  struct addrinfo want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  lookup->code = getaddrinfo(lookup->name, lookup->port, &want, &lookup->list);
  while (write(lookup->pipe[1], "", 1) < 0 && errno == EINTR)
    continue;
  lookup_leave(lookup);
  return NULL;
}

static Lookup *lookup_new(const char *name, int port) {
  Lookup *lookup = calloc(1, sizeof *lookup + strlen(name) + 1);
  if (!lookup) return NULL;
  strcpy(lookup->name, name);
  snprintf(lookup->port, sizeof lookup->port, "%d", port);
  lookup->users = 2;
  if (pipe2(lookup->pipe, O_CLOEXEC) != 0) {
    free(lookup);
    return NULL;
  }
  pthread_mutex_init(&lookup->mutex, NULL);
  return lookup;
}

/* The host's signals stay with the host's threads. */
static bool lookup_start(Lookup *lookup) {
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&thread, NULL, lookup_run, lookup) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started) pthread_detach(thread);
  return started;
}

static DriverStatus waited(DriverWait wait, const char *what, DriverError *error) {
  if (wait == WAIT_INTERRUPTED) {
    return driver_error_set(error, FAILURE_INTERRUPTED, "57014", "interrupted");
  }
  if (wait == WAIT_TIMEOUT) {
    return driver_error_set(error, FAILURE_TIMEOUT, "08001",
                            "no answer from %s within the time allowed", what);
  }
  return driver_error_set(error, FAILURE_CONNECT, "08001", "waiting for %s failed", what);
}

DriverStatus probe_resolve(const DriverHost *host, const char *name, int port, int64_t deadline,
                           struct addrinfo **list, DriverError *error) {
  Lookup *lookup = lookup_new(name, port);
  if (!lookup) return driver_error_memory(error);
  if (!lookup_start(lookup)) {
    lookup->users = 1;
    lookup_leave(lookup);
    return driver_error_set(error, FAILURE_CONNECT, "08001", "no thread could be started");
  }
  DriverStatus status = DRIVER_OK;
  DriverWait wait = driver_wait(host, lookup->pipe[0], POLLIN, deadline, NULL);
  if (wait != WAIT_READY) {
    status = waited(wait, "the name service", error);
  } else if (lookup->code != 0) {
    status = driver_error_set(error, FAILURE_CONNECT, "08001", "host \"%s\" is not known: %s", name,
                              gai_strerror(lookup->code));
  } else {
    *list = lookup->list;
    lookup->list = NULL;
  }
  lookup_leave(lookup);
  return status;
}

/* ---- ports ---- */

static DriverStatus try_connect(const DriverHost *host, int family, const struct sockaddr *address,
                                socklen_t size, const char *what, int64_t deadline,
                                DriverError *error) {
  int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return driver_error_set(error, FAILURE_CONNECT, "08001", "no socket: %s", strerror(errno));
  }
  DriverStatus status = DRIVER_OK;
  int failure = connect(fd, address, size) == 0 ? 0 : errno;
  if (failure == EINPROGRESS) {
    DriverWait wait = driver_wait(host, fd, POLLOUT, deadline, NULL);
    socklen_t length = sizeof failure;
    if (wait != WAIT_READY) {
      status = waited(wait, what, error);
      failure = 0;
    } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) != 0) {
      failure = errno;
    }
  }
  close(fd);
  if (failure) {
    status = driver_error_set(error, FAILURE_CONNECT, "08001", "%s: %s", what, strerror(failure));
  }
  return status;
}

DriverStatus probe_tcp(const DriverHost *host, const struct addrinfo *list, int64_t deadline,
                       char address[64], DriverError *error) {
  DriverStatus status = DRIVER_FAILED;
  for (const struct addrinfo *each = list; each; each = each->ai_next) {
    char name[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?", what[64];
    getnameinfo(each->ai_addr, each->ai_addrlen, name, sizeof name, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(what, sizeof what, strchr(name, ':') ? "[%.46s]:%.6s" : "%.46s:%.6s", name, port);
    snprintf(address, 64, "%s", what);
    status =
        try_connect(host, each->ai_family, each->ai_addr, each->ai_addrlen, what, deadline, error);
    if (status == DRIVER_OK || error->failure == FAILURE_INTERRUPTED) break;
  }
  return status;
}
