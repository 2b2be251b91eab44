/*
** guard.c: nobody gets the password in clear over a plain TCP connection.
**
** A server (or whoever answers in its place) may ask for the password in clear text, and libpq
** before 16 obeys; it has no option against it (later ones do: require_auth). Looking at the socket before
** libpq reads it is not enough, as more may arrive in between. So while a plain session logs in,
** libpq's descriptor is exchanged for one end of a socket pair, and we carry the messages: one
** whole message at a time, and an authentication request only after a look at it. After "authentication
** ok" libpq gets its real socket back, with nothing left in the pair.
**
**   server <--- guard.server ... guard.ours ---> guard.link (libpq's descriptor number)
*/
#include "postgresql.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AUTH_OK = 0, AUTH_CLEARTEXT = 3, AUTH_GSS = 7, AUTH_SSPI = 9, MESSAGE_MOST = 30000 };

void pg_guard_init(PgGuard *guard) {
  *guard = (PgGuard){.server = -1, .ours = -1, .link = -1};
}

bool pg_guard_begin(PgGuard *guard, int link) {
  int pair[2], server = fcntl(link, F_DUPFD_CLOEXEC, 0);
  if (server < 0) return false;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
    close(server);
    return false;
  }
  bool done = fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 &&
              fcntl(pair[1], F_SETFL, O_NONBLOCK) == 0 &&
              fcntl(pair[1], F_SETFD, FD_CLOEXEC) == 0 && dup2(pair[0], link) == link &&
              fcntl(link, F_SETFD, FD_CLOEXEC) == 0;
  close(pair[0]);
  if (!done) {
    close(pair[1]);
    close(server);
    return false;
  }
  *guard = (PgGuard){.server = server, .ours = pair[1], .link = link};
  return true;
}

/* Writes all of it; the login's messages are small. */
static DriverWait write_all(const DriverHost *host, int fd, const char *data, size_t size,
                            int64_t deadline) {
  while (size > 0) {
    ssize_t done = send(fd, data, size, MSG_NOSIGNAL);
    if (done > 0) {
      data += done;
      size -= (size_t)done;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      DriverWait wait = driver_wait(host, fd, POLLOUT, deadline, NULL);
      if (wait != WAIT_READY) return wait;
    } else if (errno != EINTR) {
      return WAIT_ERROR;
    }
  }
  return WAIT_READY;
}

/* What libpq wrote goes to the server as it is. */
static DriverWait carry_out(PgGuard *guard, const DriverHost *host, int64_t deadline) {
  char data[4096];
  for (;;) {
    ssize_t size = recv(guard->ours, data, sizeof(data), 0);
    if (size <= 0) return WAIT_READY;
    DriverWait wait = write_all(host, guard->server, data, (size_t)size, deadline);
    if (wait == WAIT_ERROR) return WAIT_READY; /* the reading side will see the end */
    if (wait != WAIT_READY) return wait;
  }
}

/* Lets libpq see the end of the stream. */
static DriverWait end_of_stream(PgGuard *guard) {
  shutdown(guard->ours, SHUT_WR);
  return WAIT_READY;
}

/* One message from the server, whole, into libpq's end. */
static DriverWait carry_in(PgGuard *guard, const DriverHost *host, int64_t deadline) {
  char data[MESSAGE_MOST + 8];
  size_t have = 0, want = 5; /* a type and a length, then the rest */
  while (have < want) {
    DriverWait wait = driver_wait(host, guard->server, POLLIN, deadline, NULL);
    if (wait != WAIT_READY) return wait;
    ssize_t size = recv(guard->server, data + have, want - have, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) continue;
    if (size <= 0) {
      write_all(host, guard->ours, data, have, deadline);
      return end_of_stream(guard);
    }
    have += (size_t)size;
    if (want > 5 || have < 5) continue;
    uint32_t length = pg_get32(data + 1);
    if (length < 4 || length > MESSAGE_MOST) {
      /* not this protocol, or too old to be worth more than its first words */
      write_all(host, guard->ours, data, have, deadline);
      return end_of_stream(guard);
    }
    want = 1 + (size_t)length;
  }
  if (data[0] == 'R' && have >= 9) {
    uint32_t request = pg_get32(data + 5);
    if (request == AUTH_CLEARTEXT || request == AUTH_GSS || request == AUTH_SSPI) {
      guard->refused = (int)request;
      return WAIT_ERROR;
    }
    if (request == AUTH_OK) guard->logged_in = true;
  }
  return write_all(host, guard->ours, data, have, deadline);
}

DriverWait pg_guard_wait(PgGuard *guard, const DriverHost *host, int64_t deadline) {
  int unread = 0;
  DriverWait wait = carry_out(guard, host, deadline);
  if (wait != WAIT_READY) return wait;
  if (ioctl(guard->link, FIONREAD, &unread) == 0 && unread > 0) return WAIT_READY;
  return carry_in(guard, host, deadline);
}

bool pg_guard_end(PgGuard *guard) {
  int unread = 0, unsent = 0;
  if (guard->server < 0 || !guard->logged_in) return true;
  if (ioctl(guard->link, FIONREAD, &unread) != 0 || ioctl(guard->ours, FIONREAD, &unsent) != 0) {
    return false;
  }
  if (unread > 0 || unsent > 0) return true; /* not yet */
  bool done = dup2(guard->server, guard->link) == guard->link &&
              fcntl(guard->link, F_SETFD, FD_CLOEXEC) == 0;
  if (done) pg_guard_close(guard);
  return done;
}

void pg_guard_close(PgGuard *guard) {
  if (guard->server >= 0) close(guard->server);
  if (guard->ours >= 0) close(guard->ours);
  pg_guard_init(guard);
}
