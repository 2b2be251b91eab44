/*
** json_reader.h: a checked walk over a JSON text, for json.c and json_write.c only.
**
** The walk goes over a private copy that ends with a NUL. A check_… function passes what it names
** and tells where it stood; nothing is changed. decode_… functions work on what was checked: a
** string is decoded where it stands, as it never becomes longer.
*/
#ifndef CONNECTOR_JSON_READER_H
#define CONNECTOR_JSON_READER_H

#include "json.h"

/* After the first problem every step answers false. */
typedef struct Reader {
  const char *start;
  char *at, *end; /* *end is a NUL, so looking at *at is always allowed */
  int depth;
  const char *problem; /* what was expected; never a piece of the text, which may be a secret */
  bool no_memory;
} Reader;

/* One checked value: where it stands, and of a number whether it is an integer. */
typedef struct Span {
  char *start, *end;
  bool integer;
} Span;

/* Copies the text (Reader.start is the caller's, for reader_close) and refuses bytes that cannot be
** JSON anywhere: NUL and what is not UTF-8. */
int reader_open(Reader *reader, const char *text, size_t size, Error *error);
void reader_close(Reader *reader); /* wipes: it may be a definition with its password */
bool reader_fail(Reader *reader, const char *problem); /* false */
int reader_error(const Reader *reader, Error *error);

void reader_space(Reader *reader);
/* At '{' or '[': passes it and the space behind. */
bool reader_enter(Reader *reader);
/* Behind reader_enter: true when the list is empty; its end is then passed. */
bool reader_empty(Reader *reader, char close);
/* Behind an element: true when another follows, false at the end (passed) or at a problem. */
bool reader_another(Reader *reader, char close);
/* Only space is left. */
bool reader_finish(Reader *reader);

bool check_string(Reader *reader, Span *span); /* span without the quotes */
bool check_name(Reader *reader, Span *name);   /* a member's name and the ':' behind it */
bool check_value(Reader *reader, Span *span);  /* any value; a string as check_string does */

/* Decodes in place, with a NUL behind (at the closing quote at the latest); its size. */
size_t decode_string(Span string);
bool decode_integer(Span number, int64_t *result); /* false: it does not fit 64 bits */
double decode_real(Span number);

#endif
