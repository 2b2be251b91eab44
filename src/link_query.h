/*
** link_query.h: a query of our own to a server, for a few texts.
*/
#ifndef CONNECTOR_LINK_QUERY_H
#define CONNECTOR_LINK_QUERY_H

#include "remote.h"

/* `text` is NULL for NULL and for what is no text; valid during the call. False ends the query. */
typedef bool (*LinkVisit)(void *context, const char *text);
/* Runs the SELECT and calls visit with column `column` of each row. Not logged. */
DriverStatus link_query(Link *link, const char *sql, size_t column, LinkVisit visit, void *context,
                        DriverError *failure);
/* The first value of its first row as a text, cut to fit; "" for NULL. */
DriverStatus link_query_text(Link *link, const char *sql, char *text, size_t size,
                             DriverError *failure);

#endif
