/*
** draft.h: a block that is being made: its parts are put in one by one, in any order and from any form
** (URL, JSON, option list, an older block), and checked together at the end.
*/
#ifndef CONNECTOR_DRAFT_H
#define CONNECTOR_DRAFT_H

#include "block.h"
#include "json.h"

typedef struct Draft {
  Connector *connector;
  Block *block;          /* under construction, owned */
  const Block *old;      /* supplies a secret that is given as ********; NULL = there is none */
  struct Sealed *stored; /* or the sealed form does: a document that is read from its store */
  bool from_url;         /* errors say "Invalid URL" */
  bool doubtful;         /* a key of the query may be a piece of a password: not to be shown */
  bool keep_secret;      /* the password was given masked */
  bool changing;         /* connector_set: a part may replace what was there */
  bool ask;              /* password_from=ask */
} Draft;

int draft_start(Draft *draft, Connector *connector, const char *name, const Block *old,
                Error *error);
void draft_clear(Draft *draft);

/* A component ("driver", "username" …), or an option. NULL = not given (when changing: taken out). */
int draft_put(Draft *draft, const char *key, const char *value, Error *error);
int draft_put_item(Draft *draft, const char *key, const JsonItem *item, Error *error);
bool draft_is_component(const char *key); /* or another name of one: "user", "dbname" … */
/* One key of the URL's query. */
int draft_put_query(Draft *draft, const char *key, const char *value, Error *error);
/* A JSON object. `without` (may be NULL) is an option that is left out, whatever it is called there. */
int draft_put_connect_args(Draft *draft, const char *json, size_t size, const char *without,
                           Error *error);

/* draft_check.c: checks the whole, fetches the kept secret, asks for the password, and hands the block
** over. The draft is cleared in any case. */
int draft_finish(Draft *draft, bool may_ask, Block **block, Error *error);

/* True when the word means this option to the backend: "sslmode" is "tls". */
bool draft_means(const char *backend, const char *word, const char *key);
/* Every option in the query and in connect_args, checked, later ones over earlier ones. */
int draft_flatten(Draft *draft, OptionList *options, Error *error);
/* The words of a definition that are not options, for "valid: …". */
extern const char *const draft_components[];
extern const size_t draft_component_count;

/* block_parse of a stored document: a masked password is `stored` (NULL when there is none). */
int block_parse_stored(Connector *connector, const char *name, const char *document,
                       struct Sealed *stored, Block **block, Error *error);
/* A JSON scalar as text, sqlite3_malloc'ed; NULL for null. Arrays and objects are an error. */
int draft_item_text(const char *key, const JsonItem *item, char **text, Error *error);

#endif
