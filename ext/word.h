/*
** word.h: words of the arguments of CREATE VIRTUAL TABLE, one after the other. Each function moves *at
** behind what it took and the space that follows.
*/
#ifndef CONNECTOR_WORD_H
#define CONNECTOR_WORD_H

#include <stdbool.h>

bool word_space(char c);
bool word_letter(char c); /* of a name without quotes */
/* The name or quoted text that stands there, without its quotes; sqlite3_malloc'ed, NULL = out of
** memory. */
char *word_take(const char **at);
bool word_is(const char *at, const char *word); /* in upper or lower case */
bool word_skip(const char **at, const char *word);
/* One piece of a type: a word, a quoted one, or what stands in parentheses. False: something else. */
bool word_skip_type(const char **at);

#endif
