/*
** remote.h: a block in use on this SQLite connection: its driver and its pool of connections.
**
** A connection of the pool is in one of these states (changed only in pool.c):
**
**      (none) --connect--> BUSY --give back--> IDLE --take--> BUSY
**                           |                   |
**                           +---- BROKEN <------+   found dead, failed clean-up, idle_timeout
**                                    |
**                                  closed
**
** A BUSY connection has one user: a Stream (a result being read), a call, or the transaction. When the
** pool may have only one connection (memory database) or a writer must not wait for a reader (SQLite
** files), a Stream's owner is asked to displace it: the rest of its rows goes into its spill.
*/
#ifndef CONNECTOR_REMOTE_H
#define CONNECTOR_REMOTE_H

#include "block.h"
#include "spill.h"

typedef struct Remote Remote;

typedef enum LinkState { LINK_IDLE, LINK_BUSY, LINK_BROKEN } LinkState;

/* One pooled connection. */
typedef struct Link {
  Remote *remote;
  struct Link *next;
  int64_t number; /* counts up in this process's log */
  LinkState state;
  DriverConnection *connection;
  bool read_only;      /* last told to the driver's read_only() */
  bool in_snapshot;    /* its transaction is part of the snapshot (snapshot.h) */
  bool snapshot_idle;  /* and it waits there for the next read; it is still BUSY for the pool */
  bool in_transaction; /* belongs to the Transaction until its end */
  bool unwanted;       /* connector_close was called, or the block changed: close when given back */
  bool told_not_undone;  /* not_undone.h */
  struct Stream *stream; /* the result that is being read from it, or NULL */
  int64_t since;         /* driver_clock() of the last change of state */
} Link;

struct Remote {
  Connector *connector;
  Remote *next;
  Block *block; /* retained */
  const Driver *driver;
  const DriverDialect *dialect;
  /* options of the block that every call needs; times in microseconds, 0 = none */
  int64_t statement_timeout, idle_timeout, max_connections;
  Link *links;
  bool suspect; /* a connection was lost: look at each before it is used */
  int64_t next_number;
  int references;    /* the set, virtual tables, cursors, the transaction */
  int cursors;       /* of virtual tables, open now (snapshot.h) */
  bool reading;      /* one of them has been read from */
  char snapshot[64]; /* name of the one they share, "" = none */
  bool no_snapshot;  /* the server cannot share one */
  bool can_prepare;  /* the server was asked, and can prepare transactions */
  struct Beside
      *beside; /* beside.h: sends rows; made in a transaction that needs it, ends with it */
  struct Schema *schemas;   /* schema.h: what is known of the remote catalog; NULL = nothing */
  struct StreamText *texts; /* stream_text.h: what is known of operations; NULL = nothing */
};

RemoteSet *remote_set_new(void);
void remote_set_free(Connector *connector); /* closes everything */

/* The block's Remote, its driver loaded; connects nothing. A block that changed in the store since gets
** a new Remote; the old one lives on until its users let go. Borrowed: retain to keep. */
int remote_get(Connector *connector, const char *name, Remote **remote, Error *error);
Remote *remote_retain(Remote *remote);
void remote_release(Remote *remote);
/* The Remotes in use, by `next`; NULL = none. */
Remote *remote_first(Connector *connector);
/* Closes the idle connections of one block (NULL = all); those in use are closed when given back. */
void remote_close(Connector *connector, const char *name);

/* A connection for one user. Prefers an idle one that is alive and in the wanted read-only mode; connects
** when there is none; at max_connections an error at once that names the open cursors. */
int link_acquire(Remote *remote, bool read_only, Link **link, Error *error);
void link_rollback(Link *link); /* what is still open; when that fails the connection is broken */
void link_release(Link *link);  /* back to the pool, or closed when broken or no longer wanted */
/* Sets the deadline of the next driver calls from statement_timeout. */
void link_deadline(Link *link);
/* The same for one more row of many: by a clock that costs almost nothing and is a little late. */
void link_deadline_row(Link *link);
/* For a further wait of the same call: statement_timeout is for the whole call and goes on, the limit on
** silence starts anew. */
void link_deadline_again(Link *link);
/* Tells the driver to let only reading statements through, when that changes anything. */
void link_read_only(Link *link, bool on);
/* A driver call that tidies up (ROLLBACK …) runs between these: a deadline of its own, 5 s or 200 ms
** after an interrupt, and no interrupt check, so that the session ends in a known state. */
void link_cleanup_begin(Link *link);
void link_cleanup_end(Link *link);
/* Runs one text without rows and logs it. */
DriverStatus link_run(Link *link, const char *sql, DriverError *error);

/* Streams on other connections than `except` (may be NULL) are moved into their spills: before a write
** where dialect->write_waits_for_read. */
int remote_displace(Remote *remote, const Link *except, Error *error);

/* No reader of ours holds a lock on the server after this: the rest of their rows goes aside, and the snapshot
** that they share ends. Before a statement that may wait for readers (ALTER, LOCK …): it would wait for us. */
int remote_end_reads(Remote *remote, Error *error);

/* For connector_connections. */
typedef void (*LinkVisitor)(void *context, const Link *link);
void remote_visit(Connector *connector, LinkVisitor visitor, void *context);

#endif
