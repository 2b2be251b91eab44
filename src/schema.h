/*
** schema.h: what tables and columns a block's database has, as one snapshot per remote schema.
**
** The driver's dialect has the statements (DriverDialect.catalog_columns and its neighbours, in
** src/<backend>/schema_sql.c); what their rows mean is the same for every backend and is said here:
**
**   part table number index  name    kind      type                  the rest
**   0    ''    –      –      schema  –         –                     –
**   1    table –      –      –       its kind  its identity          rows, bytes, comment
**   2    table place  –      column  class     as the server prints  not_null, default, generated,
**                                                                    compare, comment
**   3    table place  index  column  'primary' | 'unique' | 'index'  –
**
** in the order of table (by bytes), part, index, number. No row at all: there is no such schema,
** or the user may not use it. Part 3 has one row per key column of each index that can find single
** rows in order (a B-tree over whole rows); its name is NULL where an expression or a part of a
** value is indexed. An identity is the name of a DriverIdentity that tells the table's rows apart, or NULL. The
** classes are those of driver.h; compare is the
** word of a SchemaCompare, with " short" behind it for a text of at most 255 characters. Tables without a column
** that may be selected are left out, and so are columns and indexes of tables that part 1 does not
** have (sequences).
**
** A snapshot is read by one statement, as any other read: it is logged, may be interrupted, and
** inside a transaction sees what that transaction made. It is kept with the Remote, but not while
** the block takes part in SQLite's transaction, whose tables may be gone after ROLLBACK.
*/
#ifndef CONNECTOR_SCHEMA_H
#define CONNECTOR_SCHEMA_H

#include "remote.h"

/* How the server's own =, < and ORDER BY go with SQLite's comparison of the values by bytes. */
typedef enum SchemaCompare {
  COMPARE_NONE,     /* not a text in SQLite */
  COMPARE_BYTES,    /* the same equality and the same order */
  COMPARE_EQUALITY, /* the same equality, another order */
  COMPARE_INEXACT   /* values equal there may differ here: case, spaces at the end, notation … */
} SchemaCompare;

typedef struct SchemaColumn {
  const char *name;
  int64_t position;        /* the server's number; dropped columns leave gaps */
  const char *remote_type; /* as the server prints it */
  const char *sqlite_type; /* by the rule of DriverColumn.sqlite_type */
  const char *class_name;  /* what its values are: driver.h has the table; static, never NULL */
  const char *fallback;    /* DEFAULT or generating expression, in the server's SQL; NULL = none */
  const char
      *generated; /* "stored", "virtual" (an expression); "always", "by default", "auto" (a key that
                              the server makes); NULL */
  const char *lossy;   /* why values may lose something on the way here, NULL = they do not */
  const char *comment; /* NULL = none */
  SchemaCompare compare;
  bool short_text; /* at most 255 characters, where the server tells */
  bool not_null;   /* never NULL */
  bool json;       /* its texts are JSON documents */
  bool unique;     /* an index forbids equal values in this column alone */
  bool indexed;    /* first in some ordered index: found and sorted without reading the table */
  int key;         /* place in the key that tells rows apart, from 1; 0 = not in it */
} SchemaColumn;

typedef struct SchemaTable {
  const char *name;
  const char
      *kind; /* "table", "partitioned table", "partition", "view", "materialized view", "foreign
                          table", "virtual table", "shadow table", "system table", "system view" */
  const char *comment; /* NULL = none */
  const char
      *identity;       /* what tells its rows apart beside a key (DriverIdentity), NULL = nothing */
  int64_t rows, bytes; /* the server's estimates; -1 = it has none */
  SchemaColumn *columns;
  size_t column_count; /* at least 1 */
  /* The key is the primary key, else the unique index with the fewest columns, all of them NOT
  ** NULL. (A SQLite primary key may hold NULLs: look at not_null.) */
  int key_count;
} SchemaTable;

/* One remote schema, or one table of it. Never changed once made. All texts belong to it. */
typedef struct Schema {
  int references;
  struct Schema *next; /* in the Remote's cache */
  const char *name;    /* as the server spells it */
  bool is_default;     /* was read as the default schema */
  bool whole;          /* false: only the table asked for */
  SchemaTable *tables; /* sorted by name, by bytes */
  size_t table_count;
  struct SchemaMemory *memory;
} Schema;

/* All tables of a schema (NULL = the default one). `fresh`: ask the server even when it is known.
** *schema is retained. */
int schema_load(Remote *remote, const char *name, bool fresh, Schema **schema, Error *error);

/* One table by the name that a user gave: `orders`, `public.orders`, `"my.schema"."my.table"`. It
** is split at the dots outside quotes ("…", and what else the dialect quotes names with; a
** doubled quote is one quote). A part is taken as it is written; without quotes, upper and lower
** case are the same when there is no such table and one alone differs only in that. *schema is
** retained, *table borrowed from it. An unknown table is an error with near names. */
int schema_find(Remote *remote, const char *text, Schema **schema, const SchemaTable **table,
                Error *error);

/* `schema.table` as schema_find takes it, quoted where needed. sqlite3_malloc'ed; NULL: out of
** memory. */
char *schema_qualified(const DriverDialect *dialect, const char *schema, const char *table);

void schema_release(Schema *schema); /* NULL is allowed */

/* Forgets what is known of one block (NULL = of all); gives the number of schemas forgotten. */
int schema_forget(Connector *connector, const char *name);
/* The Remote's cache, when the Remote goes. */
void schema_cache_free(Schema *first);

#endif
