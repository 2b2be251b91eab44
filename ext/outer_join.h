/*
** outer_join.h: may the running statement have an outer join?
**
** SQLite (3.40 and others) offers a virtual table the terms `column <> x`, IS NOT, IS NOT NULL, LIKE and GLOB
** of an ON clause also when the table is on the left side of a LEFT JOIN, where such a term must not filter
** its rows. For = < > it does not. Nothing in sqlite3_index_info tells such a term from one of WHERE, so
** where an outer join may be, terms of that kind are not sent.
*/
#ifndef CONNECTOR_OUTER_JOIN_H
#define CONNECTOR_OUTER_JOIN_H

#include "../src/push.h"

/* One of the terms that SQLite offers wrongly? */
bool outer_join_matters(PushOperator op);
/* False when no running statement, view or trigger has one of the words of an outer join. */
bool outer_join_possible(sqlite3 *db);

#endif
