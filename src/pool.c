/*
** pool.c: the connections of one block on one SQLite connection; the only place where a Link changes its
** state (the drawing is in remote.h).
**
** A connection is given out to one user at a time. Before it is given out its socket is looked at: one
** that the server closed while it lay idle is replaced silently. There is no background thread: idle
** connections past idle_timeout are closed when the pool is used next (at once when it is 0).
*/
#include "pool.h"
#include "driver_support.h"
#include "log.h"
#include "not_undone.h"
#include "snapshot.h"
#include "stream.h"
#include <string.h>

#define SECOND INT64_C(1000000)
/* The longest silence of a server in one wait when the block sets no statement_timeout. */
#define WAIT_LIMIT (3600 * SECOND)
#define CLEANUP_LIMIT (5 * SECOND)
#define CLEANUP_LIMIT_INTERRUPTED (SECOND / 5)
#define USED_JUST_NOW 10000

static void link_state(Link *link, LinkState state) {
  link->state = state;
  link->since = driver_clock_coarse();
}

/* Closes and frees one connection and takes it out of its pool. */
static void link_close(Link *link) {
  Link **at = &link->remote->links;
  while (*at != link)
    at = &(*at)->next;
  *at = link->next;
  link->remote->driver->close(link->connection);
  sqlite3_free(link);
}

void pool_close_idle(Remote *remote) {
  for (Link *link = remote->links, *next; link; link = next) {
    next = link->next;
    if (link->state == LINK_IDLE)
      link_close(link);
    else
      link->unwanted = true;
  }
}

void pool_close_all(Remote *remote) {
  while (remote->links)
    link_close(remote->links);
}

static void pool_expire(Remote *remote, int64_t now) {
  for (Link *link = remote->links, *next; link; link = next) {
    next = link->next;
    if (link->state == LINK_IDLE && now - link->since > remote->idle_timeout) link_close(link);
  }
}

/* Is it still there? One that was used a moment ago by a reader is not asked: the question costs a system
** call, and a read that finds its session dead is tried again (stream.c), then with the question. */
static bool link_alive(const Link *link, bool read_only, int64_t now) {
  const Remote *remote = link->remote;
  if (read_only && !remote->suspect && now - link->since < USED_JUST_NOW) return true;
  return link->connection->owner != driver_process() || remote->driver->is_alive(link->connection);
}

/* An idle connection that is still alive; dead ones are closed on the way. A memory database has only one
** session, which is never closed for being idle: its data would be gone. */
static Link *pool_take_idle(Remote *remote, bool read_only, int64_t now) {
  Link *best = NULL;
  for (Link *link = remote->links, *next; link; link = next) {
    next = link->next;
    if (link->state != LINK_IDLE) continue;
    if (!link_alive(link, read_only, now)) {
      link_close(link);
      continue;
    }
    if (!best || (best->read_only != read_only && link->read_only == read_only)) best = link;
  }
  remote->suspect = false;
  return best;
}

/* "connector 'shop': all 15 connections are in use by open cursors: SELECT …; SELECT …". */
static int pool_exhausted(Remote *remote, int64_t most, Error *error) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  int shown = 0;
  for (Link *link = remote->links; link; link = link->next) {
    if (!link->stream || shown == 5) continue;
    char *sql = log_mask(stream_sql(link->stream));
    sqlite3_str_appendf(text, "%s%.60s", shown++ ? "; " : "", sql ? sql : "?");
    sqlite3_free(sql);
  }
  char *list = sqlite3_str_finish(text);
  int rc = error_set(error, SQLITE_BUSY,
                     "connector '%s': all %lld connections are in use by open cursors (%s%s): "
                     "connector_reset('%s') closes them, connector_set('%s', 'max_connections', …) "
                     "allows more, and inside BEGIN one is enough",
                     remote->block->name, most, list ? list : "", shown == 5 ? "; …" : "",
                     remote->block->name, remote->block->name);
  sqlite3_free(list);
  return rc;
}

static int link_connect(Remote *remote, Link **link, Error *error) {
  BlockTarget target;
  int rc = block_target(remote->connector, remote->block, &target, error);
  if (rc) return rc;
  Link *made = sqlite3_malloc64(sizeof *made);
  if (!made) {
    block_target_clear(&target);
    return error_memory(error);
  }
  memset(made, 0, sizeof *made);
  int64_t seconds = block_option_integer(remote->block, "connect_timeout");
  int64_t deadline = driver_clock() + (seconds > 0 ? seconds * SECOND : WAIT_LIMIT);
  DriverError failure = {0};
  DriverStatus status = remote->driver->connect(&target.target, &remote->connector->host, deadline,
                                                &made->connection, &failure);
  block_target_clear(&target);
  if (status != DRIVER_OK) {
    sqlite3_free(made);
    return error_remote(error, &failure, remote->block->name, "could not connect", NULL);
  }
  made->remote = remote;
  made->number = ++remote->next_number;
  made->read_only = false;
  made->next = remote->links;
  remote->links = made;
  *link = made;
  return SQLITE_OK;
}

/* Frees the only session of a memory database by moving its reader's rows aside. */
static int pool_displace_single(Remote *remote, Link **link, Error *error) {
  for (Link *busy = remote->links; busy; busy = busy->next) {
    if (!busy->stream || busy->in_transaction) continue;
    int rc = stream_displace(busy->stream, error);
    if (rc) return rc;
    break;
  }
  *link = pool_take_idle(remote, false, driver_clock());
  return SQLITE_OK;
}

int link_acquire(Remote *remote, bool read_only, Link **link, Error *error) {
  Link *found = NULL;
  int64_t now = driver_clock_coarse();
  bool single = remote->links && remote->links->connection->single;
  int64_t most = remote->max_connections;
  if (!single) pool_expire(remote, now);
  found = pool_take_idle(remote, read_only, now);
  if (!found) {
    int64_t count = 0;
    for (Link *other = remote->links; other; other = other->next)
      count++;
    int rc = SQLITE_OK;
    if (single)
      rc = pool_displace_single(remote, &found, error);
    else if (most > 0 && count >= most)
      return pool_exhausted(remote, most, error);
    else
      rc = link_connect(remote, &found, error);
    if (rc) return rc;
    if (!found)
      return error_set(error, SQLITE_BUSY,
                       "connector '%s': its memory database has one session, which is in use",
                       remote->block->name);
  }
  link_state(found, LINK_BUSY);
  link_deadline(found);
  link_read_only(found, read_only);
  remote_retain(remote);
  *link = found;
  return SQLITE_OK;
}

void link_rollback(Link *link) {
  const Remote *remote = link->remote;
  DriverError ignored = {0};
  if (link->connection->broken || remote->driver->transaction(link->connection) == TRANSACTION_NONE)
    return;
  link_cleanup_begin(link);
  if (link_run(link, remote->dialect->rollback, &ignored) != DRIVER_OK)
    link->connection->broken = true;
  link_cleanup_end(link);
}

void link_release(Link *link) {
  Remote *remote = link->remote;
  if (snapshot_keeps(link)) return;
  link->stream = NULL;
  link->in_transaction = false;
  link_rollback(link);
  not_undone_forget(link);
  link_state(link, link->connection->broken ? LINK_BROKEN : LINK_IDLE);
  remote->suspect |= link->connection->broken;
  bool keep = link->connection->single || remote->idle_timeout > 0;
  if (link->state == LINK_BROKEN || link->unwanted || !keep) link_close(link);
  remote_release(remote);
}

/* How long a call may last, or with no statement_timeout one wait of it. */
static int64_t link_limit(const Link *link) {
  int64_t limit = link->remote->statement_timeout;
  return limit > 0 ? limit : WAIT_LIMIT;
}

void link_deadline(Link *link) {
  link->connection->deadline = driver_clock() + link_limit(link);
}

void link_deadline_row(Link *link) {
  link->connection->deadline = driver_clock_coarse() + DRIVER_CLOCK_COARSE + link_limit(link);
}

void link_deadline_again(Link *link) {
  if (link->remote->statement_timeout == 0) link_deadline_row(link);
}

void link_read_only(Link *link, bool on) {
  if (link->read_only == on) return;
  link->remote->driver->read_only(link->connection, on);
  link->read_only = on;
}

void link_cleanup_begin(Link *link) {
  Connector *connector = link->remote->connector;
  bool interrupted = !connector->uninterruptible && connector_interrupted(connector);
  connector->uninterruptible++;
  link->connection->deadline =
      driver_clock() + (interrupted ? CLEANUP_LIMIT_INTERRUPTED : CLEANUP_LIMIT);
}

void link_cleanup_end(Link *link) {
  link->remote->connector->uninterruptible--;
  link_deadline(link);
}

DriverStatus link_run(Link *link, const char *sql, DriverError *error) {
  Log *log = link->remote->connector->log;
  int64_t entry = log_begin(log, link->remote->block->name, link->number, sql);
  link->connection->not_undone = false;
  DriverStatus status = link->remote->driver->run(link->connection, sql, NULL, error);
  if (status == DRIVER_OK && link->connection->not_undone)
    not_undone_log(link, entry);
  else
    log_end(log, entry, status == DRIVER_OK ? NULL : error);
  return status;
}

int remote_displace(Remote *remote, const Link *except, Error *error) {
  /* displacing gives the connection back, which may close it: start anew after each */
  Link *link = remote->links;
  while (link) {
    bool reads = link->stream && link != except;
    int rc = reads ? stream_displace(link->stream, error) : SQLITE_OK;
    if (rc) return rc;
    link = reads ? remote->links : link->next;
  }
  return SQLITE_OK;
}

int remote_end_reads(Remote *remote, Error *error) {
  int rc = remote_displace(remote, NULL, error);
  if (!rc) snapshot_end(remote);
  return rc;
}
