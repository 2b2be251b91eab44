/*
** driver_wait.c: the one place where a driver waits. No wait is without a deadline and the look at
** the user's interrupt, and both work while signals arrive and when the wall clock jumps.
*/
#include "driver_support.h"
#include <errno.h>
#include <poll.h>
#include <time.h>

#define SLICE 50000 /* microseconds between two looks at the interrupt */

int64_t driver_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t driver_clock_coarse(void) {
#ifdef CLOCK_MONOTONIC_COARSE /* Linux: the time of the last timer tick, 100 to 1000 a second */
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
#else
  return driver_clock();
#endif
}

/* One system call when the answer comes soon. What is there already is taken, interrupted or not. */
DriverWait driver_wait(const DriverHost *host, int fd, short events, int64_t deadline,
                       short *ready) {
  struct pollfd entry = {.fd = fd, .events = events};
  int64_t now = driver_clock(), next_look = now;
  bool interrupted = false;
  if (ready != NULL) *ready = 0;
  for (;;) {
    if (now >= next_look) { /* signals may wake poll() far more often than every 50 ms */
      interrupted = host->interrupted(host->context);
      now = driver_clock();
      next_look = now + SLICE;
    }
    int64_t wait = interrupted ? 0 : next_look - now;
    if (deadline != 0 && deadline - now < wait) wait = deadline - now;
    entry.revents = 0;
    int count = poll(&entry, fd >= 0 ? 1 : 0, wait <= 0 ? 0 : (int)((wait + 999) / 1000));
    if (count > 0) {
      if (ready != NULL) *ready = entry.revents;
      return (entry.revents & POLLNVAL) != 0 ? WAIT_ERROR : WAIT_READY;
    }
    if (count < 0 && errno != EINTR && errno != EAGAIN) return WAIT_ERROR;
    if (interrupted && count == 0) return WAIT_INTERRUPTED;
    now = driver_clock();
    if (deadline != 0 && now >= deadline) return WAIT_TIMEOUT;
  }
}
