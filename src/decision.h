/*
** decision.h: the record, in the local main database, that a two-phase transaction is to be committed.
**
** The row is written in the transaction that it decides, before any server is asked to prepare. So it is there,
** durably, if and only if the local part has been committed: a prepared transaction on a server with a row is to
** be committed, one without a row is to be rolled back.
**
** A transaction's name (gid) says whose it is: `sqlc:<file>:<random>:<number>`. <file> is what the file system
** tells of the main database file: inode and time of birth. Not an id inside the file: a first transaction would
** have to make that id durable before it is decided itself, and a copy of the file would take the undecided
** transactions of the original for its own and roll them back.
*/
#ifndef CONNECTOR_DECISION_H
#define CONNECTOR_DECISION_H

#include "connector.h"

#define GID_BYTES 65       /* with the NUL; an XA name has at most 64 bytes */
#define DECISION_FILE 33   /* 32 hexadecimal digits */
#define DECISION_RANDOM 17 /* 16 of them */

/* <file> of this connection's main database; an error when it is not a file. */
int decision_file(Connector *connector, char file[DECISION_FILE], Error *error);
/* An error, in words for the user, when main could lose a committed transaction (in memory, synchronous or
** journal off) or cannot be written to. */
int decision_durable(Connector *connector, Error *error);
/* At COMMIT: an error when SQLite could commit main and fail with another file after that. */
int decision_alone(Connector *connector, Error *error);
/* After the local commit, and without a statement on the host's connection: writes it through to the disk where
** SQLite has not (synchronous NORMAL in WAL mode; the end of the journal in the others). */
void decision_sync(Connector *connector);
/* <random> for one transaction. */
int decision_random(char random[DECISION_RANDOM], Error *error);
void decision_gid(char gid[GID_BYTES], const char *file, const char *random, int number);
/* Is it a name that decision_gid makes, of whatever file? Then it can stand in an SQL text as it is. */
bool decision_is_gid(const char *gid);
bool decision_of_file(const char *gid, const char *file);

/* In the host's transaction, also out of xSync. `server` tells rows of a block apart that has been pointed
** elsewhere. The same gid again does nothing. */
int decision_write(Connector *connector, const char *gid, const char *block, const char *server,
                   Error *error);
int decision_forget(Connector *connector, const char *gid, Error *error);
/* False also when there is no table. `at` (may be NULL, with size 0) becomes the time of the decision. */
int decision_find(Connector *connector, const char *gid, bool *found, char *at, size_t size,
                  Error *error);
/* Calls visit for each row of the block and server that is older than a day, until it returns other than
** SQLITE_OK. */
typedef int (*DecisionVisitor)(void *context, const char *gid);
int decision_visit_old(Connector *connector, const char *block, const char *server,
                       DecisionVisitor visit, void *context, Error *error);

#endif
