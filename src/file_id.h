/*
** file_id.h: the random id of a database file, by which allow.c tells one file from another.
*/
#ifndef CONNECTOR_FILE_ID_H
#define CONNECTOR_FILE_ID_H

#include "connector.h"

#define FILE_ID_BYTES 16

/* *found is false when the file of this schema has no id, or something else stands in its place. Reads
** as data, runs nothing of the file. */
int file_id_read(sqlite3 *db, const char *schema, unsigned char id[FILE_ID_BYTES], bool *found,
                 Error *error);
/* The same, and makes one when there is none, as part of the host's transaction. */
int file_id_make(sqlite3 *db, const char *schema, unsigned char id[FILE_ID_BYTES], Error *error);

#endif
