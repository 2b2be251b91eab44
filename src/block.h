/*
** block.h: a connector block: a named, validated description of one database. Immutable once made;
** connector_set makes a new one. A Block is what definition.c, store.c, url.c … make and what remote.c
** connects with.
*/
#ifndef CONNECTOR_BLOCK_H
#define CONNECTOR_BLOCK_H

#include "options.h"
#include "registry.h"

typedef enum BlockSource {
  BLOCK_OPENED,      /* connector_open of this SQLite connection */
  BLOCK_ENVIRONMENT, /* CONNECTOR_BLOCK_<NAME> */
  BLOCK_STORE,       /* $CONNECTOR_STORE */
  BLOCK_USER,        /* the user's store */
  BLOCK_SYSTEM       /* /etc/sqlite-connector/blocks.db */
} BlockSource;

typedef struct BlockQuery {
  char *key, *value;
} BlockQuery;

/* All texts are own sqlite3_malloc'ed memory; NULL = not given. */
typedef struct Block {
  char *name;
  char *id; /* random, kept by overwrite */
  BlockSource source;
  int references;
  const DriverName *driver;
  /* components, literal (not percent-encoded) */
  char *username, *password, *host, *database;
  int port;          /* 0 = not given */
  BlockQuery *query; /* in order; repeated keys stay repeated */
  size_t query_count;
  char *connect_args;  /* JSON object or NULL, checked against the same allow-list */
  char *password_from; /* "env:NAME", "file:PATH", "pgpass", "my_cnf", "command:…" or NULL */
  /* options: canonical key → checked value, only those given, wherever: an option beats connect_args,
  ** and these beat the query. `own` are the ones among them that were given as options. */
  OptionList options;
  OptionList own;
  struct Sealed *sealed; /* store.h: the stored password, still encrypted; password is NULL then */
  char *broken;          /* only in block_list: why it cannot be used (other parts may be NULL) */
  char *created_at, *updated_at; /* ISO-8601 UTC */
} Block;

/* Makes a Block from a definition (URL, JSON components, flat credentials, or a saved Prefect block's
** JSON) and options, and validates all of it. Never connects, never reads a secret reference (except
** password_from=ask when `may_ask`). `old` (may be NULL) supplies the secrets that are given as
** `********`, and the identity. */
int block_parse(Connector *connector, const char *name, const char *definition, size_t size,
                const char *options, size_t options_size, bool may_ask, const Block *old,
                Block **block, Error *error);
/* connector_set: the same block with one part or option changed (value NULL = taken out). */
int block_change(Connector *connector, const Block *old, const char *key, const char *value,
                 Block **block, Error *error);
Block *block_retain(Block *block);
void block_release(Block *block); /* wipes secrets at the last reference; NULL is allowed */

/* The block as JSON: the shape that block_parse accepts. masked: secrets as `********`. Result is
** sqlite3_malloc'ed; with secrets inside when not masked, so wipe it. */
char *block_json(const Block *block, bool masked);
/* Only the options: a JSON object of canonical keys, wherever they were given. NULL: out of memory. */
char *block_options_json(const Block *block);
/* `driver://user:********@host:port/database?query`, by SQLAlchemy's rules. */
char *block_url(const Block *block, bool masked);
bool block_has_password(const Block *block); /* its own, not a password_from */
/* Effective value of an option (given, else default); NULL when it has none. */
const char *block_option(const Block *block, const char *key);
int64_t block_option_integer(const Block *block, const char *key);
bool block_option_true(const Block *block, const char *key);
bool block_option_is(const Block *block, const char *key, const char *value);

/* Everything that a driver needs, in one piece: applies the TLS default of DESIGN promise 8 (a TCP
** address that is not loopback: verify-full), resolves password_from now. Free with
** block_target_clear, which wipes the password. */
typedef struct BlockTarget {
  DriverTarget target;
  void *memory; /* all texts */
} BlockTarget;
int block_target(Connector *connector, const Block *block, BlockTarget *result, Error *error);
void block_target_clear(BlockTarget *target);

/* `[a-z0-9_-]+`, not main, temp, sqlite_*, connector*. */
int block_name_check(const char *name, Error *error);

#endif
