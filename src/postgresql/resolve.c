/*
** resolve.c: host names to addresses with a bounded wait.
**
** getaddrinfo() is the one wait that poll() cannot bound, and libpq calls it itself when it is
** given a name. So it is called here in a task of its own (task.c), and libpq gets the numbers (hostaddr)
** beside the name, which it still needs to check a certificate.
*/
#include "postgresql.h"
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef struct ResolveTask {
  PgTask base; /* must be first */
  int code;    /* of getaddrinfo */
  struct addrinfo *list;
  char name[];
} ResolveTask;

static int resolve_name(const char *name, int flags, struct addrinfo **list) {
  struct addrinfo want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
  return getaddrinfo(name, NULL, &want, list);
}

static void resolve_run(PgTask *base) {
  ResolveTask *task = (ResolveTask *)base;
  task->code = resolve_name(task->name, 0, &task->list);
}

static void resolve_destroy(PgTask *base) {
  ResolveTask *task = (ResolveTask *)base;
  if (task->list != NULL) freeaddrinfo(task->list);
  free(task);
}

static DriverStatus addresses_print(const DriverHost *host, const struct addrinfo *list,
                                    char **addresses, DriverError *error) {
  DriverBuffer buffer;
  buffer_init(&buffer, host);
  for (; list != NULL; list = list->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) ==
        0) {
      buffer_append(&buffer, text, strlen(text) + 1);
    }
  }
  buffer_append(&buffer, "", 1); /* an empty text ends the list */
  if (buffer.failed) {
    buffer_clear(&buffer);
    return driver_error_memory(error);
  }
  *addresses = buffer.data;
  return DRIVER_OK;
}

DriverStatus pg_resolve(const DriverHost *host, const char *name, int64_t deadline,
                        char **addresses, DriverError *error) {
  struct addrinfo *list = NULL;
  *addresses = NULL;
  if (resolve_name(name, AI_NUMERICHOST, &list) == 0) {
    DriverStatus status = addresses_print(host, list, addresses, error);
    freeaddrinfo(list);
    return status;
  }
  size_t size = strlen(name) + 1;
  ResolveTask *task = calloc(1, sizeof(*task) + size);
  if (task == NULL) return driver_error_memory(error);
  memcpy(task->name, name, size);
  task->base.run = resolve_run;
  task->base.destroy = resolve_destroy;
  if (!pg_task_start(&task->base)) {
    free(task);
    return driver_error_set(error, FAILURE_CONNECT, "08001",
                            "no thread could be started to look up host \"%s\"", name);
  }
  DriverWait wait = pg_task_wait(&task->base, host, deadline);
  DriverStatus status = DRIVER_FAILED;
  if (wait == WAIT_INTERRUPTED) {
    driver_error_set(error, FAILURE_INTERRUPTED, "57014", "interrupted");
  } else if (wait != WAIT_READY) {
    driver_error_set(error, FAILURE_TIMEOUT, "08001",
                     "host \"%s\" could not be looked up within the time allowed", name);
  } else if (task->code == EAI_MEMORY) {
    driver_error_memory(error);
  } else if (task->code != 0) {
    driver_error_set(error, FAILURE_CONNECT, "08001", "host \"%s\" could not be looked up: %s",
                     name, gai_strerror(task->code));
    driver_text(error->hint, sizeof(error->hint), "check the host's name in the block", 34);
  } else {
    status = addresses_print(host, task->list, addresses, error);
  }
  pg_task_release(&task->base);
  return status;
}
