/*
** url.h: the text `driver://user:password@host:port/database?query` in and out, by SQLAlchemy's rules.
*/
#ifndef CONNECTOR_URL_H
#define CONNECTOR_URL_H

#include "connector.h"

typedef struct UrlPair {
  char *key, *value;
} UrlPair;

/* Decoded parts; all texts sqlite3_malloc'ed. NULL = not there; an empty text was there and empty. */
typedef struct Url {
  char *scheme, *username, *password, *host, *database;
  int port; /* 0 = not there */
  UrlPair *query;
  size_t query_count;
  bool doubtful; /* another bare '@' follows: the query may be a piece of the password */
} Url;

/* True when the text looks like a URL: a scheme and "://". */
bool url_looks_like(const char *text, size_t size);
/* The error starts with "Invalid URL" and repeats nothing of the text but the scheme. */
int url_parse(const char *text, size_t size, Url *url, Error *error);
void url_clear(Url *url); /* wipes */

/* Appends text percent-encoded as Python's quote(text, safe=" +") does (user, password), or as
** quote_plus does (query). sqlite3_str remembers a failed allocation. */
void url_quote(sqlite3_str *out, const char *text);
void url_quote_plus(sqlite3_str *out, const char *text);
/* %XX decoded in place; a '%' without two digits stays. Returns the new size. */
size_t url_unquote(char *text, size_t size, bool plus_is_space);

#endif
