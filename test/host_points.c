/*
** host_points.c: part of the program of host.c: the moments at which the program does something that lasts (sends
** to a server, changes a file) are counted, and at one of them it dies, or halts until it is told to go on, or its
** disk is full from there on.
**
** The program's own send, pwrite … stand before libc's for all libraries that it loads, so each such moment of
** SQLite and of the client libraries is met, in its order.
*/
#include "host_points.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool armed, halts, fills, full;
static long wanted, met;

void points_arm(const char *how, long number) {
  halts = strcmp(how, "halt") == 0;
  fills = strcmp(how, "full") == 0;
  wanted = number;
  met = 0;
  armed = true;
}

long points_met(void) {
  armed = full = false;
  return met;
}

/* Says so on standard output, and waits for a line. */
static void halt(void) {
  static const char text[] = "halted\n";
  char byte = 0;
  armed = false;
  syscall(SYS_write, 1, text, sizeof text - 1);
  while (syscall(SYS_read, 0, &byte, 1) == 1 && byte != '\n')
    continue;
}

/* Before and after each deed: two points. */
static void point(void) {
  if (!armed || ++met != wanted) return;
  if (fills)
    full = true;
  else if (halts)
    halt();
  else
    syscall(SYS_kill, getpid(), SIGKILL);
}

static long write_at(int fd, const void *data, size_t size, off64_t at) {
  if (!full) return syscall(SYS_pwrite64, fd, data, size, at);
  errno = ENOSPC;
  return -1;
}

/* errno is that of the deed. */
#define DEED(type, name, parameters, ...)                                                          \
  type name parameters {                                                                           \
    point();                                                                                       \
    type result = (type)(__VA_ARGS__);                                                             \
    int number = errno;                                                                            \
    point();                                                                                       \
    errno = number;                                                                                \
    return result;                                                                                 \
  }

DEED(ssize_t, send, (int fd, const void *data, size_t size, int flags),
     syscall(SYS_sendto, fd, data, size, flags, NULL, 0))
DEED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
     syscall(SYS_sendmsg, fd, message, flags))
DEED(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at),
     write_at(fd, data, size, at))
DEED(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at),
     write_at(fd, data, size, at))
DEED(int, fsync, (int fd), syscall(SYS_fsync, fd))
DEED(int, fdatasync, (int fd), syscall(SYS_fdatasync, fd))
DEED(int, unlink, (const char *path), syscall(SYS_unlink, path))
DEED(int, ftruncate, (int fd, off_t size), syscall(SYS_ftruncate, fd, size))
DEED(int, ftruncate64, (int fd, off64_t size), syscall(SYS_ftruncate, fd, size))
