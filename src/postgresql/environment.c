/*
** environment.c: keeps the process's PG… variables away from libpq.
**
** A session is made from the block alone. Most variables lose against an explicit keyword, but not
** all: PGSERVICE makes libpq read a service file (and fail when it does not know the name), PGTZ,
** PGDATESTYLE and PGGEQO go into the startup packet, and an empty keyword counts as none. libpq has
** no switch for it, so around each of its connect calls (none of which blocks) the entries of
** `environ` are exchanged for empty ones. Only pointers are exchanged, no text is touched, and each
** one finds its way back by the placeholder it was given, also when another thread has moved the
** array meanwhile. The environment is one per process, hence the lock.
*/
#include "postgresql.h"
#include <pthread.h>
#include <string.h>

extern char **environ;

enum { HIDDEN_MOST = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char placeholders[HIDDEN_MOST][2]; /* "=": a variable without a name */
static char *hidden[HIDDEN_MOST];
static int hidden_count;

void pg_environment_hide(void) {
  pthread_mutex_lock(&lock);
  hidden_count = 0;
  for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
    if (strncmp(*entry, "PG", 2) != 0 || hidden_count == HIDDEN_MOST) continue;
    placeholders[hidden_count][0] = '=';
    hidden[hidden_count] = *entry;
    *entry = placeholders[hidden_count++];
  }
}

void pg_environment_show(void) {
  for (char **entry = environ; hidden_count > 0 && entry != NULL && *entry != NULL; entry++) {
    for (int i = 0; i < hidden_count; i++) {
      if (*entry == placeholders[i]) *entry = hidden[i];
    }
  }
  pthread_mutex_unlock(&lock);
}
