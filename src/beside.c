/*
** beside.c: see beside.h. The thread lives as long as the transaction whose rows it sends, so none is left when the
** extension goes. (A new thread for each call is made on the processor of its maker, and waited there for
** milliseconds while the other one was idle; one that is woken goes to an idle one.) All signals are blocked in
** it: they are the application's.
**
** Whether the user has interrupted can only be asked on the host's own thread (connector_interrupted). The
** driver asks its DriverHost, so for the time of the call the connection has another one, which answers with
** what the waiting side has seen.
*/
#include "beside.h"
#include "driver_support.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define LEAVE_AFTER 2000000 /* microseconds */

struct Beside {
  Connector *connector;
  pthread_t thread;
  pid_t owner;
  int asked[2]; /* pipe to the thread: GO for each call and each resume, QUIT */
  int told[2];  /* pipe to the caller: PAUSED or ENDED */
  DriverConnection *connection;
  void (*call)(void *argument);
  void *argument;
  bool running, paused; /* as the caller has heard */
};

enum { GO = 'g', QUIT = 'q', PAUSED = 'p', ENDED = 'e' };

/* Nothing depends on an end that is closed: a forked child keeps it open. */
static char await_byte(int descriptor) {
  char byte;
  ssize_t got;
  do
    got = read(descriptor, &byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1 ? byte : 0;
}

static void put_byte(int descriptor, char byte) {
  while (write(descriptor, &byte, 1) < 0 && errno == EINTR)
    ;
}

static void *run(void *argument) {
  Beside *beside = argument;
  while (await_byte(beside->asked[0]) == GO) {
    beside->call(beside->argument);
    put_byte(beside->told[1], ENDED);
  }
  return NULL;
}

void beside_pause(Beside *beside) {
  put_byte(beside->told[1], PAUSED);
  await_byte(beside->asked[0]);
}

void beside_resume(Beside *beside) {
  beside->paused = false;
  put_byte(beside->asked[1], GO);
}

static bool start_thread(Beside *beside) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&beside->thread, NULL, run, beside) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

static void close_both(const int ends[2]) {
  close(ends[0]);
  close(ends[1]);
}

/* May SQLite's memory be used by two threads? Without mutexes (SQLITE_CONFIG_SINGLETHREAD) each one that is made is
** the same. */
static bool threads_allowed(void) {
  if (!sqlite3_threadsafe()) return false;
  sqlite3_mutex *one = sqlite3_mutex_alloc(SQLITE_MUTEX_FAST);
  sqlite3_mutex *other = sqlite3_mutex_alloc(SQLITE_MUTEX_FAST);
  bool allowed = one && other && one != other;
  sqlite3_mutex_free(one);
  sqlite3_mutex_free(other);
  return allowed;
}

Beside *beside_new(Connector *connector) {
  Beside *beside = threads_allowed() ? sqlite3_malloc64(sizeof *beside) : NULL;
  if (!beside) return NULL;
  *beside = (Beside){.connector = connector, .owner = driver_process()};
  if (pipe2(beside->asked, O_CLOEXEC) == 0) {
    if (pipe2(beside->told, O_CLOEXEC) == 0) {
      if (start_thread(beside)) return beside;
      close_both(beside->told);
    }
    close_both(beside->asked);
  }
  sqlite3_free(beside);
  return NULL;
}

void beside_free(Beside *beside) {
  if (!beside) return;
  if (beside->owner == driver_process()) { /* a forked child has no such thread */
    put_byte(beside->asked[1], QUIT);
    pthread_join(beside->thread, NULL);
  }
  close_both(beside->asked);
  close_both(beside->told);
  sqlite3_free(beside);
}

void beside_call(Beside *beside, DriverConnection *connection, void (*call)(void *),
                 void *argument) {
  beside->connection = connection;
  beside->call = call;
  beside->argument = argument;
  beside->running = true;
  connection->host = &beside->connector->beside_host;
  beside_resume(beside);
}

bool beside_wait(Beside *beside, bool leave) {
  Connector *connector = beside->connector;
  int64_t end = leave ? driver_clock() + LEAVE_AFTER : 0;
  if (!beside->running || beside->owner != driver_process()) return false;
  if (beside->paused) return true;
  if (driver_wait(&connector->host, beside->told[0], POLLIN, end, NULL) != WAIT_READY)
    atomic_store(&connector->stop_beside, true);
  beside->paused = beside->running = await_byte(beside->told[0]) == PAUSED;
  atomic_store(&connector->stop_beside, false);
  if (!beside->running) beside->connection->host = &connector->host;
  return beside->running;
}
