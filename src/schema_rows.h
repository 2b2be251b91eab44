/*
** schema_rows.h: from the rows of a catalog statement (schema.h tells them) to a Schema.
*/
#ifndef CONNECTOR_SCHEMA_ROWS_H
#define CONNECTOR_SCHEMA_ROWS_H

#include "schema.h"
#include "stream.h"

typedef struct SchemaReader SchemaReader;

/* The block's options `numeric` and `timestamp` decide some types. NULL: out of memory. */
SchemaReader *schema_reader_new(const Block *block);
/* Reads the stream to its end. Several may be read one after the other, each with other tables. */
int schema_reader_read(SchemaReader *reader, Stream *stream, Error *error);
/* The finished snapshot, with one reference; NULL when there was no row. Frees the reader. */
int schema_reader_finish(SchemaReader *reader, Schema **schema, Error *error);
void schema_reader_free(SchemaReader *reader); /* NULL is allowed */
void schema_memory_free(struct SchemaMemory *memory);

#endif
