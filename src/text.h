/*
** text.h: copies of texts that may be secrets. sqlite3_mprintf is not for these: it leaves pieces in
** buffers that nobody wipes.
*/
#ifndef CONNECTOR_TEXT_H
#define CONNECTOR_TEXT_H

#include "sqlite_api.h"

#include <stddef.h>

/* sqlite3_malloc'ed, NUL-terminated; NULL when out of memory. */
char *text_copy(const char *text);
char *text_copy_size(const char *text, size_t size); /* `text` may be NULL when size is 0 */
void text_free(char *text);                          /* wipes; NULL is allowed */

#endif
