/*
** stop.c: stopping a statement that runs on the server.
**
** The protocol has no cancel: a second session says KILL QUERY. It logs in exactly as the first one
** did (same address, same TLS check), on a thread of its own, so that the caller is back in time
** even when that login is slow; the thread then finishes the job alone. The states of a stop:
**
**   none --interrupt, deadline--> STOPPING --the server ends the statement--> settle --> none
**                                    |                                          |
**                                    +---- stop_until passes ---> cut, broken <-+ KILL not answered
**
** A KILL that arrives when the statement was over would hit the next one. So after a stop the
** session is used again only when the KILL was answered, and after an empty statement took what may
** be left.
**
** A KILL QUERY that arrives before the statement has begun does nothing, and a server that works on
** one does not look whether the client is still there. So the server's session is killed, too, when
** ours is given up.
*/
#include "my.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KILL_TIME 5000000 /* microseconds that the second session may take */
#define GIVE_UP_TIME 1000000
#define QUICK_TIME 100000 /* for a statement that does nothing */

struct MyStop {
  atomic_int references; /* the connection's and the thread's */
  atomic_bool abandoned;
  atomic_bool sent; /* the server answered the KILL */
  atomic_int descriptor;
  int pipe[2]; /* readable when the thread is done */
  MyTarget *target;
  size_t address;
  unsigned long session;
  bool whole; /* the session, not only its statement */
};

static void stop_release(MyStop *stop) {
  if (stop == NULL || atomic_fetch_sub(&stop->references, 1) > 1) return;
  my_target_release(stop->target);
  close(stop->pipe[0]);
  close(stop->pipe[1]);
  free(stop);
}

static void *stop_thread(void *argument) {
  MyStop *stop = argument;
  MyLogin login = {.target = stop->target,
                   .deadline = driver_clock() + KILL_TIME,
                   .abandoned = &stop->abandoned,
                   .descriptor = &stop->descriptor};
  DriverError error;
  mysql_thread_init();
  MYSQL *mysql = my_login(&login, &stop->target->addresses[stop->address], &error);
  if (mysql != NULL) {
    char sql[48];
    snprintf(sql, sizeof sql, "KILL %s %lu", stop->whole ? "CONNECTION" : "QUERY", stop->session);
    my_wait_login(&login);
    /* 1094: no such session; then there is nothing to stop either */
    bool sent = mysql_query(mysql, sql) == 0 || mysql_errno(mysql) == 1094;
    my_wait_login(NULL);
    atomic_store(&stop->sent, sent);
    mysql_close(mysql);
  }
  mysql_thread_end();
  ssize_t written = write(stop->pipe[1], "", 1);
  (void)written; /* an empty pipe takes one byte */
  stop_release(stop);
  return NULL;
}

static MyStop *stop_start(MyConnection *connection, bool whole) {
  MyStop *stop = calloc(1, sizeof *stop);
  if (stop == NULL) return NULL;
  if (pipe2(stop->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    free(stop);
    return NULL;
  }
  atomic_init(&stop->references, 2);
  atomic_init(&stop->abandoned, false);
  atomic_init(&stop->sent, false);
  atomic_init(&stop->descriptor, -1);
  stop->target = my_target_retain(connection->target);
  stop->address = connection->address;
  stop->session = connection->session;
  stop->whole = whole;
  if (my_thread_start(stop_thread, stop, NULL)) return stop;
  stop_release(stop);
  stop_release(stop);
  return NULL;
}

void my_stop_begin(MyConnection *connection, DriverFailure reason) {
  if (connection->stopping != FAILURE_NONE) return;
  connection->stopping = reason;
  /* Nobody waits for an answer when a result is given up early: keeping the session is
  ** worth more. But a scan that an interrupt ended is given up, too, and then somebody waits. */
  const DriverHost *host = connection->base.host;
  bool given_up = connection->soft_limit != 0 && !host->interrupted(host->context);
  connection->stop_until = driver_clock() + (given_up ? GIVE_UP_TIME : MY_STOP_TIME);
  connection->stop = stop_start(connection, false);
}

void my_cut(MyConnection *connection) {
  int descriptor = my_wait_descriptor(connection);
  if (descriptor >= 0 && my_is_ours(connection)) shutdown(descriptor, SHUT_RDWR);
  connection->base.broken = true;
}

void my_call_quick(MyConnection *connection, int64_t limit, MyBody body, void *argument) {
  DriverFailure stopping = connection->stopping;
  int64_t stop_until = connection->stop_until;
  connection->stopping = FAILURE_TIMEOUT;
  connection->stop_until = driver_clock() + limit;
  my_call(connection, body, argument);
  connection->stopping = stopping;
  connection->stop_until = stop_until;
}

/* ---- a statement that does nothing ---- */

typedef struct Nothing {
  MYSQL *mysql;
  int number;
} Nothing;

static void do_nothing(void *argument) {
  Nothing *nothing = argument;
  nothing->number = mysql_query(nothing->mysql, "DO 0") == 0 ? 0 : (int)mysql_errno(nothing->mysql);
}

static int nothing_run(MyConnection *connection) {
  Nothing nothing = {.mysql = connection->mysql};
  my_call_quick(connection, QUICK_TIME, do_nothing, &nothing);
  if (my_error_is_loss(nothing.number)) my_cut(connection);
  return nothing.number;
}

void my_status_refresh(MyConnection *connection) {
  if (connection->base.broken || connection->running != NULL) return;
  if ((connection->mysql->server_status & SERVER_STATUS_IN_TRANS) == 0) return;
  nothing_run(connection);
}

bool my_stop_sent(MyConnection *connection, int64_t until) {
  MyStop *stop = connection->stop;
  if (stop == NULL) return false;
  struct pollfd entry = {.fd = stop->pipe[0], .events = POLLIN};
  int count;
  do {
    int64_t left = until - driver_clock();
    count = poll(&entry, 1, left <= 0 ? 0 : (int)(left / 1000));
  } while (count < 0 && errno == EINTR);
  return count > 0 && atomic_load(&stop->sent);
}

void my_stop_end(MyConnection *connection) {
  if (connection->stopping == FAILURE_NONE) return;
  MyStop *stop = connection->stop;
  if (!connection->base.broken) {
    bool sent = my_stop_sent(connection, connection->stop_until);
    /* The first may be hit by the KILL, the second is not. */
    if (!sent || (nothing_run(connection) != 0 && nothing_run(connection) != 0)) {
      my_cut(connection);
    }
  }
  /* An unanswered KILL is not called off: the session it stops is given up, the statement is not
  ** to go on running. */
  stop_release(stop);
  if (connection->base.broken) stop_release(stop_start(connection, true));
  connection->stop = NULL;
  connection->stopping = FAILURE_NONE;
}
