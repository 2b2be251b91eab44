/*
** snapshot.c: see snapshot.h. The first connection exports its snapshot and keeps its transaction open as long
** as there may be others; each further one imports it as the first thing in its own transaction.
*/
#include "snapshot.h"
#include "link_query.h"
#include "pool.h"
#include <string.h>

void snapshot_cursor_opened(Remote *remote) {
  remote->cursors++;
}

void snapshot_end(Remote *remote) {
  if (!*remote->snapshot) return;
  *remote->snapshot = 0;
  remote_retain(remote);
  for (Link *link = remote->links, *next; link; link = next) {
    next = link->next;
    bool idle = link->in_snapshot && link->snapshot_idle;
    link->in_snapshot = link->snapshot_idle = false;
    if (idle) link_release(link); /* rolls the transaction back */
  }
  remote_release(remote);
}

void snapshot_cursor_closed(Remote *remote) {
  if (--remote->cursors > 0) return;
  remote->reading = false;
  snapshot_end(remote);
}

bool snapshot_wanted(const Remote *remote) {
  if (!remote->dialect->export_snapshot || remote->no_snapshot) return false;
  return *remote->snapshot || (remote->cursors > 1 && !remote->reading);
}

/* The name under which others find this link's snapshot. */
static bool take_name(void *context, const char *text) {
  Remote *remote = context;
  size_t size = text ? strlen(text) : 0;
  if (size && size < sizeof remote->snapshot) memcpy(remote->snapshot, text, size + 1);
  return false;
}

static DriverStatus export_snapshot(Link *link, DriverError *failure) {
  Remote *remote = link->remote;
  return link_query(link, remote->dialect->export_snapshot, 0, take_name, remote, failure);
}

static DriverStatus join_snapshot(Link *link, DriverError *failure) {
  Remote *remote = link->remote;
  DriverStatus status = link_run(link, remote->dialect->begin_snapshot, failure);
  if (status != DRIVER_OK) return status;
  if (!*remote->snapshot) return export_snapshot(link, failure);
  char *sql = sqlite3_mprintf(remote->dialect->import_snapshot, remote->snapshot);
  if (!sql) {
    failure->failure = FAILURE_MEMORY;
    return DRIVER_FAILED;
  }
  status = link_run(link, sql, failure);
  sqlite3_free(sql);
  return status;
}

static Link *find_idle(const Remote *remote) {
  for (Link *link = remote->links; link; link = link->next)
    if (link->in_snapshot && link->snapshot_idle) return link;
  return NULL;
}

int snapshot_acquire(Remote *remote, Link **link, Error *error) {
  Link *found = find_idle(remote);
  *link = found;
  if (found) {
    found->snapshot_idle = false;
    link_deadline(found);
    return SQLITE_OK;
  }
  int code = link_acquire(remote, true, &found, error);
  if (code != SQLITE_OK) return code;
  DriverError failure = {0};
  if (join_snapshot(found, &failure) == DRIVER_OK && *remote->snapshot) {
    found->in_snapshot = true;
    *link = found;
    return SQLITE_OK;
  }
  link_release(found);
  if (failure.failure != FAILURE_NONE && failure.failure != FAILURE_REMOTE)
    return error_remote(error, &failure, remote->block->name, "a snapshot for several tables",
                        NULL);
  remote->no_snapshot = true; /* the server does not know such statements */
  return SQLITE_OK;
}

bool snapshot_keeps(Link *link) {
  if (!link->in_snapshot) return false;
  const Driver *driver = link->remote->driver;
  bool good = !link->connection->broken && !link->unwanted &&
              driver->transaction(link->connection) == TRANSACTION_OPEN;
  link->snapshot_idle = good;
  link->in_snapshot = good;
  link->stream = NULL;
  return good;
}
