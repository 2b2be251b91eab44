/*
** stream_text.h: what is known of the text of an operation before it runs. Finding it out (does it write, is
** it a script, where are its parameters) means reading the text several times over, more work than a small
** answer; so that of a reading one is kept for the next call with the same text, such as the look-up that a
** join does for each row.
*/
#ifndef CONNECTOR_STREAM_TEXT_H
#define CONNECTOR_STREAM_TEXT_H

#include "parameters.h"
#include "remote.h"
#include "transaction.h"

typedef struct StreamFacts {
  TurnUse use;
  bool rows_known; /* whether it gives rows is known before it runs */
  bool exclusive;  /* it may wait until nobody reads its tables */
} StreamFacts;

/* A text that no stream can be made of (empty, a script, BEGIN …) is an error. */
int stream_text_facts(Remote *remote, const char *sql, size_t size, StreamFacts *facts,
                      Error *error);
/* As parameters_bind. */
int stream_text_bind(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
                     Bound *bound, Error *error);
void stream_texts_free(struct StreamText *first); /* NULL is allowed */

#endif
