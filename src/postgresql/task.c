/*
** task.c: work that may block for longer than we are allowed to (the system's resolver, libpq's
** blocking cancel) runs in a thread of its own, and we wait for it only so long.
**
** Two parties hold the task, the thread and the caller; whoever lets go last frees it. So a
** resolver that hangs costs a sleeping thread and nothing else. Its memory is malloc'ed, because it may
** outlive the host. All signals are blocked in the thread: they are the application's.
*/
#include "postgresql.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void task_let_go(PgTask *task) {
  if (__atomic_sub_fetch(&task->references, 1, __ATOMIC_ACQ_REL) > 0) return;
  close(task->done[0]);
  close(task->done[1]);
  task->destroy(task);
}

static void *task_thread(void *argument) {
  PgTask *task = argument;
  task->run(task);
  ssize_t ignored = write(task->done[1], "", 1);
  (void)ignored;
  task_let_go(task);
  return NULL;
}

bool pg_task_start(PgTask *task) {
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t all, before;
  if (pipe(task->done) != 0) return false;
  fcntl(task->done[0], F_SETFD, FD_CLOEXEC);
  fcntl(task->done[1], F_SETFD, FD_CLOEXEC);
  task->references = 2;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_attr_init(&attributes) == 0;
  if (started) {
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    started = pthread_create(&thread, &attributes, task_thread, task) == 0;
    pthread_attr_destroy(&attributes);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!started) {
    close(task->done[0]);
    close(task->done[1]);
  }
  return started;
}

DriverWait pg_task_wait(PgTask *task, const DriverHost *host, int64_t deadline) {
  return driver_wait(host, task->done[0], POLLIN, deadline, NULL);
}

void pg_task_release(PgTask *task) {
  task_let_go(task);
}
