/*
** remote.c: the blocks in use on one SQLite connection (remote.h). A Remote pairs a block with its driver;
** its connections are pool.c's. A block that changed since (connector_set, another process) gets a new
** Remote, and the old one lives on, without being found any more, until its last user lets go.
**
** A Remote that takes part in SQLite's transaction stays until its end, so that what was written is read: new
** options hold from the next transaction on, and a block that now leads somewhere else waits for it.
*/
#include "remote.h"
#include "pool.h"
#include "block_set.h"
#include "schema.h"
#include "stream_text.h"
#include "transaction.h"
#include <string.h>

struct RemoteSet {
  Remote *first;
};

RemoteSet *remote_set_new(void) {
  RemoteSet *set = sqlite3_malloc64(sizeof *set);
  if (set) set->first = NULL;
  return set;
}

Remote *remote_retain(Remote *remote) {
  remote->references++;
  return remote;
}

void remote_release(Remote *remote) {
  if (!remote || --remote->references > 0) return;
  pool_close_all(remote);
  schema_cache_free(remote->schemas);
  stream_texts_free(remote->texts);
  block_release(remote->block);
  sqlite3_free(remote);
}

/* Takes a Remote out of the set: nobody finds it any more. */
static void set_drop(Connector *connector, Remote **at) {
  Remote *remote = *at;
  *at = remote->next;
  remote->next = NULL;
  pool_close_idle(remote);
  (void)connector;
  remote_release(remote);
}

void remote_set_free(Connector *connector) {
  if (!connector->remotes) return;
  while (connector->remotes->first)
    set_drop(connector, &connector->remotes->first);
  sqlite3_free(connector->remotes);
  connector->remotes = NULL;
}

static int remote_new(Connector *connector, Block *block, Remote **remote, Error *error) {
  const Driver *driver;
  int rc = driver_load(connector, block->driver->backend, &driver, error);
  if (rc) {
    error_wrap(error, "connector '%s'", block->name);
    return rc;
  }
  Remote *made = sqlite3_malloc64(sizeof *made);
  if (!made) return error_memory(error);
  memset(made, 0, sizeof *made);
  made->connector = connector;
  made->block = block_retain(block);
  made->driver = driver;
  made->dialect = driver->dialect;
  made->statement_timeout = block_option_integer(block, "statement_timeout") * 1000;
  made->idle_timeout = block_option_integer(block, "idle_timeout") * 1000000;
  made->max_connections = block_option_integer(block, "max_connections");
  made->references = 1;
  made->next = connector->remotes->first;
  connector->remotes->first = made;
  *remote = made;
  return SQLITE_OK;
}

/* Do both blocks lead to the same database as the same user? */
static int same_place(const Block *old, const Block *block, Error *error) {
  char *from = block_url(old, true), *to = block_url(block, true);
  int rc = SQLITE_OK;
  if (!from || !to)
    rc = error_memory(error);
  else if (strcmp(from, to))
    rc = error_set(
        error, SQLITE_ERROR,
        "connector '%s': the block was changed while this transaction uses the old one: COMMIT "
        "or ROLLBACK first",
        block->name);
  sqlite3_free(from);
  sqlite3_free(to);
  return rc;
}

int remote_get(Connector *connector, const char *name, Remote **remote, Error *error) {
  Block *block;
  int rc = block_find(connector, name, &block, error);
  if (rc) return rc;
  for (Remote **at = &connector->remotes->first; *at; at = &(*at)->next) {
    if (strcmp((*at)->block->name, block->name)) continue;
    bool kept = (*at)->block != block && transaction_has(*at);
    if (kept) rc = same_place((*at)->block, block, error);
    if ((*at)->block == block || kept) {
      *remote = *at;
      block_release(block);
      return rc;
    }
    set_drop(connector, at);
    break;
  }
  rc = remote_new(connector, block, remote, error);
  block_release(block);
  return rc;
}

Remote *remote_first(Connector *connector) {
  return connector->remotes->first;
}

void remote_close(Connector *connector, const char *name) {
  for (Remote *remote = connector->remotes->first; remote; remote = remote->next)
    if (!name || !strcmp(remote->block->name, name)) pool_close_idle(remote);
}

void remote_visit(Connector *connector, LinkVisitor visitor, void *context) {
  for (Remote *remote = connector->remotes->first; remote; remote = remote->next)
    for (Link *link = remote->links; link; link = link->next)
      visitor(context, link);
}
