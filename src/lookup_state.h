/*
** lookup_state.h: what the files of a look-up store share.
**
**   lookup.c          the database; rows put in and read
**   lookup_answers.c  remembered answers: keys, limit
**   lookup_search.c   rows of the whole table by terms
*/
#ifndef CONNECTOR_LOOKUP_STATE_H
#define CONNECTOR_LOOKUP_STATE_H

#include "lookup.h"
#include "sqlite_api.h"

#define LOOKUP_INDEXES 8     /* at most, per store */
#define LOOKUP_INDEX_PARTS 4 /* columns of one index, at most */

/* What the store is doing. Any error leads to ANSWERS with nothing in it.
**
**   ANSWERS ── begin ──→ RECORDING ── end ──→ ANSWERS
**                        RECORDING ── abandon, too large ──→ ANSWERS without it
**   any ── fill ──→ FILLING ── end ──→ WHOLE
**                   FILLING ── abandon ──→ ANSWERS, empty */
typedef enum LookupState {
  LOOKUP_ANSWERS,
  LOOKUP_RECORDING,
  LOOKUP_FILLING,
  LOOKUP_WHOLE
} LookupState;

typedef enum LookupAffinity { AFFINITY_NUMBER, AFFINITY_TEXT, AFFINITY_NONE } LookupAffinity;

typedef struct KeptColumn {
  LookupAffinity affinity;
  const char *collation; /* static; NULL = one that is not known here */
  bool json;
  /* of the values of the whole table */
  bool digits; /* there is a TEXT that SQLite could take for a number */
  bool
      mixed; /* there is a number in a TEXT column, which SQLite may compare as text or as number */
} KeptColumn;

/* What becomes of a term with one argument: see lookup_search.c. */
typedef enum LookupForm {
  FORM_FREE,     /* does not restrict */
  FORM_NEVER,    /* no row */
  FORM_NULL,     /* c IS NULL */
  FORM_NOT_NULL, /* c IS NOT NULL */
  FORM_PLAIN,    /* c op ? */
  FORM_NUMBER,   /* = by the numeric value of c */
  FORM_EITHER    /* = by the numeric value of c, which is that of ? or of the text of ? */
} LookupForm;

typedef struct LookupVariant { /* a plan's statement for one run of forms */
  struct LookupVariant *next;
  sqlite3_stmt *statement;
  unsigned char forms[]; /* LookupForm of each term */
} LookupVariant;

struct LookupPlan {
  LookupPlan *next;
  uint32_t number;
  size_t term_count;
  LookupTerm *terms;
  char *text;
  size_t text_size;
  unsigned char *forms;    /* of the current search */
  LookupVariant *variants; /* last used first */
  size_t variant_count;
};

typedef struct LookupIndex {
  size_t count;
  size_t parts[LOOKUP_INDEX_PARTS]; /* column * 2, + 1 for its numeric value */
} LookupIndex;

struct Lookup {
  const DriverHost *host;
  int64_t limit;
  size_t column_count, json_count;
  KeptColumn *columns;
  LookupPlan *plans;
  int64_t next_look; /* driver_clock() of the next look at the interrupt */
  char *key;         /* room for the key of an answer, and what it holds now */
  size_t key_size, key_capacity;
  /* zero from here on when the database is dropped */
  LookupState state;
  sqlite3 *db;
  sqlite3_stmt *insert, *find, *keep, *forget, *answer; /* made at first use */
  LookupIndex indexes[LOOKUP_INDEXES];
  size_t index_count;
  int64_t bytes;        /* of all rows and keys kept */
  sqlite3_stmt *reader; /* a borrowed statement that gives rows, or NULL = none (left) */
  int64_t answer_first, answer_last; /* rowids of the answer being recorded; first 0 = none yet */
  int64_t answer_bytes;
};

static inline bool value_has_bytes(const Value *value) {
  return value->type == VALUE_TEXT || value->type == VALUE_BLOB;
}

/* lookup.c */

/* Opens the database when there is none. */
int lookup_open(Lookup *store, Error *error);
/* Closes it, with all that is in it. */
void lookup_drop(Lookup *store);
/* Makes the Error of what the database said last, drops it, and returns the error's code. */
int lookup_failed(Lookup *store, int code, Error *error);
/* Ends a reading, an unfinished recording or filling. */
void lookup_settle(Lookup *store);
int lookup_prepare(Lookup *store, const char *sql, sqlite3_stmt **statement);
/* These two free sql. */
int lookup_prepare_built(Lookup *store, sqlite3_str *sql, sqlite3_stmt **statement);
int lookup_execute(Lookup *store, sqlite3_str *sql);
/* `keep`: SQLITE_STATIC when the statement is done with it before the value goes. */
int lookup_bind(sqlite3_stmt *statement, int number, const Value *value,
                sqlite3_destructor_type keep);
/* The columns of t, and what lookup_value reads: "c0, c1, …". */
void lookup_column_list(const Lookup *store, sqlite3_str *sql);

/* lookup_answers.c: the answer that is being recorded */

bool lookup_answer_fits(const Lookup *store, int64_t size);
void lookup_answer_row(Lookup *store, int64_t size); /* the row inserted last is one of it */
int lookup_answer_end(Lookup *store, Error *error);
void lookup_answer_forget(Lookup *store); /* takes its rows out again */

/* lookup_search.c */

/* Looks at the values of a row of the whole table for KeptColumn.digits and .mixed. */
void lookup_note_values(Lookup *store, const Value *values);

#endif
