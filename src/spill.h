/*
** spill.h: rows kept aside, in memory up to a limit and then in an unlinked temporary file, read again
** in the order they came. For a displaced stream, a replayed page, connector_rows.
*/
#ifndef CONNECTOR_SPILL_H
#define CONNECTOR_SPILL_H

#include "driver.h"
#include "error.h"

#define SPILL_MEMORY (1024 * 1024) /* bytes kept in memory before the file is opened */

typedef struct Spill Spill;

Spill *spill_new(void); /* NULL when out of memory */
void spill_free(Spill *spill);
/* Appends a row (its number of values may differ from the one before). Values are copied. */
int spill_append(Spill *spill, const Value *values, size_t count, Error *error);
int64_t spill_rows(const Spill *spill);
int64_t spill_bytes(const Spill *spill); /* of its rows, in memory and in the file */
/* Puts the rows of `from`, which is empty then and has no reader, behind those of `to`, in its file. When it fails
** `from` is as it was, and `to` is of no use. */
int spill_move(Spill *to, Spill *from, Error *error);

/* Puts the last row of `from` behind those of `to`. False, and nothing happened: it is not in memory (or a row was taken
** away just now), or there is no memory. No reader of `from` has given it. */
bool spill_take_last(Spill *to, Spill *from);

/* Several readers may read one spill, also while it grows. */
typedef struct SpillReader SpillReader;
SpillReader *spill_reader_new(Spill *spill); /* at the first row; NULL when out of memory */
void spill_reader_rewind(SpillReader *reader);
/* SQLITE_ROW with *values / *count borrowed until the next call, SQLITE_DONE, or an error code. */
int spill_reader_next(SpillReader *reader, const Value **values, size_t *count, Error *error);
void spill_reader_free(SpillReader *reader);

#endif
