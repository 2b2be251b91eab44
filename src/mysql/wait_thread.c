/*
** wait_thread.c: waiting with any client library. Oracle's libmysqlclient has no hook and no
** non-blocking prepared statements, so each call of the library runs on a worker thread of the
** connection, and the caller waits for it with one eye on the clock and one on the interrupt (which
** must be looked at on the caller's thread: the probe of an older SQLite needs it).
**
**      caller                         worker
**      body, argument; ASKED  ------> runs the body
**      waits                  <------ DONE
**
** A call that only takes a row out of the library's buffer lasts less than waking a thread, so both
** sides first spin for a moment before they sleep. When a statement was stopped and the server does
** not answer by stop_until, the socket is shut down; the library call then ends at once.
*/
#include "my.h"

#if !MY_WAIT_HOOK

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SPINS 200   /* about a microsecond */
#define SLICE 50000 /* microseconds between two looks at the interrupt */

enum { WORK_NONE, WORK_ASKED, WORK_DONE, WORK_QUIT };

struct MyWorker {
  pthread_t thread;
  int descriptor; /* a second one for the socket: right also when the library has closed its own */
  pthread_mutex_t lock;
  pthread_cond_t asked, done;
  atomic_int state;
  atomic_bool worker_sleeps, caller_sleeps;
  MyBody body;
  void *argument;
};

static inline void breathe(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/* ---- the worker's side ---- */

static int await_work(MyWorker *worker) {
  for (int i = 0; i < SPINS; i++) {
    int state = atomic_load(&worker->state);
    if (state == WORK_ASKED || state == WORK_QUIT) return state;
    breathe();
  }
  pthread_mutex_lock(&worker->lock);
  atomic_store(&worker->worker_sleeps, true);
  int state;
  while ((state = atomic_load(&worker->state)) != WORK_ASKED && state != WORK_QUIT) {
    pthread_cond_wait(&worker->asked, &worker->lock);
  }
  atomic_store(&worker->worker_sleeps, false);
  pthread_mutex_unlock(&worker->lock);
  return state;
}

static void change(MyWorker *worker, int state, atomic_bool *sleeps, pthread_cond_t *wake) {
  atomic_store(&worker->state, state);
  if (!atomic_load(sleeps)) return;
  pthread_mutex_lock(&worker->lock);
  pthread_cond_signal(wake);
  pthread_mutex_unlock(&worker->lock);
}

static void *work(void *argument) {
  MyWorker *worker = argument;
  mysql_thread_init();
  while (await_work(worker) == WORK_ASKED) {
    worker->body(worker->argument);
    change(worker, WORK_DONE, &worker->caller_sleeps, &worker->done);
  }
  mysql_thread_end();
  return NULL;
}

/* ---- the caller's side ---- */

static bool is_done(MyWorker *worker) {
  return atomic_load(&worker->state) == WORK_DONE;
}

/* Until done or `end`; false when the time is over. */
static bool sleep_until(MyWorker *worker, int64_t end) {
  struct timespec time = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
  pthread_mutex_lock(&worker->lock);
  atomic_store(&worker->caller_sleeps, true);
  int rc = 0;
  while (!is_done(worker) && rc != ETIMEDOUT) {
    rc = pthread_cond_timedwait(&worker->done, &worker->lock, &time);
  }
  atomic_store(&worker->caller_sleeps, false);
  pthread_mutex_unlock(&worker->lock);
  return is_done(worker);
}

static void await_done(MyConnection *connection, MyWorker *worker) {
  const DriverHost *host = connection->base.host;
  for (int i = 0; i < SPINS; i++) {
    if (is_done(worker)) return;
    breathe();
  }
  bool cut = false;
  int64_t limit = connection->base.deadline;
  if (connection->soft_limit != 0 && (limit == 0 || connection->soft_limit < limit)) {
    limit = connection->soft_limit;
  }
  while (!is_done(worker)) {
    int64_t now = driver_clock();
    if (connection->stopping == FAILURE_NONE) {
      if (limit != 0 && now >= limit) {
        my_stop_begin(connection, FAILURE_TIMEOUT);
      } else if (host->interrupted(host->context)) {
        my_stop_begin(connection, FAILURE_INTERRUPTED);
      }
    } else if (now >= connection->stop_until && !cut) {
      my_cut(connection);
      cut = true;
    }
    int64_t end = driver_clock() + SLICE;
    if (connection->stopping != FAILURE_NONE) {
      if (!cut && connection->stop_until < end) end = connection->stop_until;
    } else if (limit != 0 && limit < end) {
      end = limit;
    }
    sleep_until(worker, end);
  }
}

static MyWorker *worker_new(int descriptor) {
  MyWorker *worker = calloc(1, sizeof *worker);
  if (worker == NULL) return NULL;
  worker->descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (worker->descriptor < 0) {
    free(worker);
    return NULL;
  }
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
#ifndef __APPLE__
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC); /* the clock of driver_clock */
#endif
  pthread_mutex_init(&worker->lock, NULL);
  pthread_cond_init(&worker->asked, &monotonic);
  pthread_cond_init(&worker->done, &monotonic);
  pthread_condattr_destroy(&monotonic);
  atomic_init(&worker->state, WORK_NONE);
  if (my_thread_start(work, worker, &worker->thread)) return worker;
  close(worker->descriptor);
  pthread_cond_destroy(&worker->asked);
  pthread_cond_destroy(&worker->done);
  pthread_mutex_destroy(&worker->lock);
  free(worker);
  return NULL;
}

void my_call(MyConnection *connection, MyBody body, void *argument) {
  if (!my_is_ours(connection)) { /* fork() does not take the worker along; nothing is sent anyway */
    body(argument);
    return;
  }
  if (connection->worker == NULL) {
    connection->worker = worker_new(my_socket_of(connection->mysql));
  }
  MyWorker *worker = connection->worker;
  if (worker == NULL) { /* no thread to be had: the session cannot be used safely */
    my_cut(connection);
    body(argument);
    return;
  }
  worker->body = body;
  worker->argument = argument;
  change(worker, WORK_ASKED, &worker->worker_sleeps, &worker->asked);
  await_done(connection, worker);
}

bool my_wait_init(void) {
  return true;
}

void my_wait_options(MYSQL *mysql) {
  (void)mysql;
}

void my_wait_login(const MyLogin *login) {
  (void)login;
}

void my_wait_socket(int descriptor) {
  (void)descriptor;
}

void my_wait_close(MyConnection *connection) {
  MyWorker *worker = connection->worker;
  connection->worker = NULL;
  if (worker != NULL && my_is_ours(connection)) {
    pthread_mutex_lock(&worker->lock);
    atomic_store(&worker->state, WORK_QUIT);
    pthread_cond_signal(&worker->asked);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL); /* it has nothing to do, so it ends at once */
  }
  if (worker != NULL) {
    close(worker->descriptor);
    free(worker);
  }
  mysql_close(connection->mysql); /* a few bytes into an idle socket, or a socket shut down */
}

int my_wait_descriptor(MyConnection *connection) {
  MyWorker *worker = connection->worker;
  if (worker != NULL) return worker->descriptor;
  return connection->mysql == NULL ? -1 : my_socket_of(connection->mysql);
}

#else
typedef int my_wait_thread_is_not_used; /* a translation unit must not be empty */
#endif
