/*
** lookup.h: rows of a remote table kept in a private temporary database, so that a cursor that is asked
** again and again (the inner side of a join) can answer here. It knows no driver, stream or virtual
** table.
**
**   remembered answers   lookup_find: was exactly this asked before? If not, while the remote's rows go
**                        by: lookup_begin, lookup_add for each, lookup_end. Bounded by a limit.
**   the whole table      lookup_fill, lookup_add for each row, lookup_end; from then on lookup_search.
**
** One cursor, one store, one reader: lookup_find and lookup_search set it, lookup_next and lookup_value
** read from it. Each of find, begin, fill and search ends what was before: a reading, or a recording
** or filling that did not come to its lookup_end, as lookup_abandon does.
**
** An error empties the store: what was remembered or filled is gone, but it may be used anew. So after
** a failed lookup_begin, lookup_add or lookup_end of an answer the caller may clear the error and go on
** without remembering. Errors: SQLITE_INTERRUPT (host->interrupted said so), SQLITE_FULL, SQLITE_NOMEM,
** SQLITE_TOOBIG, and what SQLite has for a file that cannot be made or read. The message names no
** block: wrap it.
*/
#ifndef CONNECTOR_LOOKUP_H
#define CONNECTOR_LOOKUP_H

#include "driver.h"
#include "error.h"

typedef struct Lookup Lookup;
typedef struct LookupPlan LookupPlan; /* of one store, freed with it */

/* A column of the rows, in their order, as the virtual table declares it. Borrowed for the call. */
typedef struct LookupColumn {
  const char *type; /* "" = none; its affinity counts */
  const char
      *collation; /* NULL = BINARY. Texts of one but BINARY, NOCASE, RTRIM are never searched by */
  bool json;      /* its TEXT values may be marked as JSON documents; elsewhere the mark is lost */
} LookupColumn;

typedef enum LookupRelation {
  LOOKUP_EQ,
  LOOKUP_IS, /* = that finds NULL too */
  LOOKUP_LT,
  LOOKUP_LE,
  LOOKUP_GT,
  LOOKUP_GE,
  LOOKUP_IS_NULL,
  LOOKUP_NOT_NULL
} LookupRelation;

typedef struct LookupTerm { /* column relation argument */
  size_t column;
  LookupRelation relation;
  size_t argument; /* its number among the arguments of a search; of no meaning to the last two */
  bool own_collation; /* the comparison's collation is the one of the column, and still SQLite's own
                         (a program can replace NOCASE and RTRIM) */
} LookupTerm;

/* Nothing is opened before there is a row to keep. Rows have column_count values (0 is allowed).
** Answers are remembered up to `limit` bytes in all, one of them up to an eighth of that. `host` is
** borrowed for the store's life; only its `interrupted` is used. */
int lookup_new(const DriverHost *host, const LookupColumn *columns, size_t column_count,
               int64_t limit, Lookup **store, Error *error);
void lookup_free(Lookup *store); /* NULL is allowed */

/* The handle for what is asked: the same text gives the same one. `text` (operators, columns, whatever
** makes one question differ from another but for its arguments) is for remembered answers, `terms`
** (may be none) for a search; one text has always the same terms. All is copied. */
int lookup_plan(Lookup *store, const char *text, const LookupTerm *terms, size_t count,
                LookupPlan **plan, Error *error);

/* ---------------------------------------------------------------- keeping rows */

/* Starts to record the answer for these arguments. When the limit is near, all older ones are dropped
** first. Does nothing once the whole table is here. */
int lookup_begin(Lookup *store, LookupPlan *plan, const Value *arguments, size_t count,
                 Error *error);
/* Starts to take the whole table. Remembered answers are dropped. */
int lookup_fill(Lookup *store, Error *error);
/* False when rows given to lookup_add would be thrown away. */
bool lookup_wants_rows(const Lookup *store);
/* Adds a row; values are copied. An answer that gets too large is abandoned, which is no error. */
int lookup_add(Lookup *store, const Value *values, Error *error);
/* The answer, or the table, is complete. */
int lookup_end(Lookup *store, Error *error);
/* It never will be: as if it had not been begun. */
void lookup_abandon(Lookup *store);

/* True from the lookup_end of a lookup_fill on. */
bool lookup_is_whole(const Lookup *store);
/* Bytes of the values kept: about what the temporary file takes without indexes. */
int64_t lookup_bytes(const Lookup *store);

/* ---------------------------------------------------------------- finding and reading them */

/* *found: this plan was answered completely for these very arguments (types count: 1, 1.0 and '1' are
** three), and lookup_next gives the rows in the order they were added. */
int lookup_find(Lookup *store, LookupPlan *plan, const Value *arguments, size_t count, bool *found,
                Error *error);
/* Needs lookup_is_whole. lookup_next gives, in no promised order, every row for which all terms of the
** plan can be true, and each once. There may be more rows than that: the caller checks the terms
** again. Arguments are copied. The first search by a new set of columns makes an index on them. */
int lookup_search(Lookup *store, LookupPlan *plan, const Value *arguments, size_t count,
                  Error *error);
/* SQLITE_ROW, SQLITE_DONE or an error code. */
int lookup_next(Lookup *store, Error *error);
/* Column of the current row, exactly as it was added. Borrowed until the next call for this store that
** is not lookup_value. */
int lookup_value(Lookup *store, size_t index, Value *value, Error *error);

#endif
