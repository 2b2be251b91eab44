/*
** row_identity.h: rowids for rows that have none of their own.
**
** SQLite compares rowids to tell whether two scans show the same row: for OR terms, RIGHT and FULL JOIN. A row
** number of the scan would be wrong there, as the scans can have other arguments, or another order. So the
** rowid is a hash of the row's values (and the scan's arguments), and of how many equal rows came before it in
** this scan.
*/
#ifndef CONNECTOR_ROW_IDENTITY_H
#define CONNECTOR_ROW_IDENTITY_H

#include "../src/connector.h"

#define ROW_HASH_START 14695981039346656037u

/* Only rows that are asked for their rowid are counted. Zero-initialise. */
typedef struct RowIdentity {
  struct RowCount *counts; /* open addressing; capacity is a power of two */
  size_t used, capacity;
} RowIdentity;

uint64_t row_hash(uint64_t hash, const void *data, size_t size);
uint64_t row_hash_value(uint64_t hash, const Value *value);
/* The rowid of the next row with this hash; asked once for each row. SQLITE_OK or SQLITE_NOMEM. */
int row_identity_next(RowIdentity *identity, uint64_t hash, sqlite3_int64 *rowid);
void row_identity_clear(RowIdentity *identity); /* for the next scan */

#endif
