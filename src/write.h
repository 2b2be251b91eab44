/*
** write.h: the text of a statement that changes one row of a table, in the server's own form.
**
**   INSERT INTO "public"."orders" ("id", "city") VALUES ($1, $2)
**   UPDATE "public"."orders" SET "city" = $1 WHERE "id" = $2
**   DELETE FROM "public"."orders" WHERE "id" = $1
**
** The values of `columns` come first, then those of `keys` that are not NULL.
*/
#ifndef CONNECTOR_WRITE_H
#define CONNECTOR_WRITE_H

#include "error.h"
#include "driver_support.h"

typedef enum WriteKind {
  WRITE_INSERT,
  WRITE_INSERT_OR_IGNORE,  /* a row that is there already stays */
  WRITE_INSERT_OR_REPLACE, /* it gets the new values */
  WRITE_COPY,              /* COPY … FROM STDIN: many rows of INSERT */
  WRITE_UPDATE,
  WRITE_DELETE
} WriteKind;

/* Names are those on the server, not quoted. All is borrowed. */
typedef struct WriteText {
  WriteKind kind;
  const DriverDialect *dialect;
  const char *target; /* the table, quoted */
  const char *const *columns;
  size_t column_count;
  const char *const *defaults; /* OR REPLACE: columns that get what the server has for them */
  size_t default_count;
  const char *const *keys; /* UPDATE, DELETE: WHERE; OR REPLACE: what tells that a row is there */
  size_t key_count;
  const bool
      *key_plain; /* UPDATE, DELETE: it is an expression of SQL, not a name; NULL = all are names */
  const bool *key_nulls; /* UPDATE, DELETE: IS NULL is asked for */
  const char *returning; /* a column whose value the server makes; NULL = none */
} WriteText;

/* Appends the text; sql->failed when out of memory. */
void write_print(const WriteText *text, DriverBuffer *sql);
/* write_together.c: can many rows of this UPDATE or DELETE go by one statement, and its text. */
bool write_goes_together(const WriteText *text);
void write_together_print(const WriteText *text, DriverBuffer *sql);

#endif
