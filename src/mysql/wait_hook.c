/*
** wait_hook.c: waiting with libmariadb. The library lets a program replace the poll() it does
** before every read and write (MARIADB_OPT_IO_WAIT). All its calls then are the plain blocking
** ones, run on the caller's own thread at full speed, and each wait inside them comes here: with
** the deadline, the look at the interrupt, and the stopping of the statement. (Its functions ending
** in _start and _cont would also do, for a coroutine stack per connection and a switch per row; and
** they leave the TLS handshake to a plain poll().)
**
** When the statement is to be stopped the wait goes on for a moment, as the server then usually
** sends the error that ends the statement, and the session stays in step. Only if nothing comes
** until stop_until does the wait fail; the library then closes the socket by itself.
**
** Relies on: the socket being non-blocking after login (SSL_read would else block inside the
** kernel).
*/
#include "my.h"

#if MY_WAIT_HOOK

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#define TLS_SLICE 60000 /* microseconds; more than the 50 ms between two looks at the interrupt */

/* The hook gets no pointer of ours; what a thread waits for is set around each call. Not _Thread_local:
** in a shared object that is loaded late the run time may end the process when it has no memory for
** a thread's copy. */
static pthread_once_t keys_once = PTHREAD_ONCE_INIT;
static pthread_key_t waiting_key, login_key;
static bool keys_ready;

static void make_keys(void) {
  keys_ready =
      pthread_key_create(&waiting_key, NULL) == 0 && pthread_key_create(&login_key, NULL) == 0;
}

static int64_t earlier(int64_t a, int64_t b) {
  return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Until `end`, without a look at the interrupt. 1 = ready, 0 = not in time. */
static int wait_plain(int descriptor, short events, int64_t end) {
  struct pollfd entry = {.fd = descriptor, .events = events};
  for (;;) {
    int64_t left = end - driver_clock();
    int count = poll(&entry, 1, left <= 0 ? 0 : (int)((left + 999) / 1000));
    if (count > 0) return 1;
    if (count < 0 && errno != EINTR && errno != EAGAIN) return -1;
    if (count == 0 && left <= 0) return 0;
  }
}

static int wait_login(const MyLogin *login, int descriptor, short events) {
  for (;;) {
    if (atomic_load(login->abandoned)) break;
    int64_t now = driver_clock();
    if (login->deadline != 0 && now >= login->deadline) break;
    int rc = wait_plain(descriptor, events, earlier(login->deadline, now + 20000));
    if (rc != 0) return rc;
  }
  errno = ETIMEDOUT;
  return 0;
}

/* OpenSSL reads and writes as it likes, and the library says "read" for both. When the send buffer
** is full the wait may be for either. */
static short tls_events(int descriptor) {
  struct pollfd entry = {.fd = descriptor, .events = POLLOUT};
  return poll(&entry, 1, 0) > 0 ? POLLIN : POLLIN | POLLOUT;
}

static int wait_connection(MyConnection *connection, int descriptor, bool is_read) {
  const DriverHost *host = connection->base.host;
  int silence = is_read ? connection->target->read_timeout : connection->target->write_timeout;
  int64_t given_up = silence > 0 ? driver_clock() + (int64_t)silence * 1000000 : 0;
  short events = is_read ? POLLIN : POLLOUT;
  if (connection->tls && is_read) events = tls_events(descriptor);
  while (connection->stopping == FAILURE_NONE) {
    int64_t end = earlier(earlier(connection->base.deadline, connection->soft_limit), given_up);
    int64_t slice = connection->tls ? driver_clock() + TLS_SLICE : 0;
    switch (driver_wait(host, descriptor, events, earlier(end, slice), NULL)) {
    case WAIT_READY: return 1;
    case WAIT_ERROR: return -1;
    case WAIT_INTERRUPTED: my_stop_begin(connection, FAILURE_INTERRUPTED); break;
    case WAIT_TIMEOUT:
      /* A slice over: let OpenSSL try again, in case it wanted the other direction. */
      if (end == 0 || driver_clock() < end) return 1;
      my_stop_begin(connection, FAILURE_TIMEOUT);
      break;
    }
  }
  int rc = wait_plain(descriptor, events, connection->stop_until);
  if (rc == 0) errno = ETIMEDOUT;
  return rc;
}

static int io_wait(my_socket descriptor, my_bool is_read, int timeout) {
  short events = is_read ? POLLIN : POLLOUT;
  const MyLogin *login = pthread_getspecific(login_key);
  MyConnection *connection = pthread_getspecific(waiting_key);
  if (login != NULL) return wait_login(login, descriptor, events);
  if (connection != NULL) return wait_connection(connection, descriptor, is_read);
  int64_t end = driver_clock() + (timeout > 0 ? (int64_t)timeout * 1000 : 5000000);
  return wait_plain(descriptor, events, end);
}

void my_call(MyConnection *connection, MyBody body, void *argument) {
  void *before = pthread_getspecific(waiting_key);
  if (pthread_setspecific(waiting_key, connection) != 0) my_cut(connection); /* no memory */
  body(argument);
  pthread_setspecific(waiting_key, before);
}

bool my_wait_init(void) {
  pthread_once(&keys_once, make_keys);
  return keys_ready;
}

void my_wait_options(MYSQL *mysql) {
  mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT, io_wait);
}

void my_wait_login(const MyLogin *login) {
  pthread_setspecific(login_key, login);
}

void my_wait_socket(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags >= 0) fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

static void close_mysql(void *argument) {
  mysql_close(argument);
}

void my_wait_close(MyConnection *connection) {
  my_call_quick(connection, 0, close_mysql, connection->mysql);
}

int my_wait_descriptor(MyConnection *connection) {
  return connection->mysql == NULL ? -1 : my_socket_of(connection->mysql);
}

#else
typedef int my_wait_hook_is_not_used; /* a translation unit must not be empty */
#endif
