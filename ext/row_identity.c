/*
** row_identity.c: see row_identity.h. 64 bits: among a million different rows the chance that two hash alike is
** one in thirty million.
*/
#include "row_identity.h"
#include <string.h>

struct RowCount {
  uint64_t hash;
  uint64_t count; /* rows with this hash so far; 0 = free place */
};

/* FNV-1a */
uint64_t row_hash(uint64_t hash, const void *data, size_t size) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; i++) {
    hash = (hash ^ bytes[i]) * 1099511628211u;
  }
  return hash;
}

uint64_t row_hash_value(uint64_t hash, const Value *value) {
  unsigned char type = (unsigned char)value->type;
  hash = row_hash(hash, &type, 1);
  switch (value->type) {
  case VALUE_NULL: return hash;
  case VALUE_INTEGER: return row_hash(hash, &value->integer, sizeof value->integer);
  case VALUE_REAL: return row_hash(hash, &value->real, sizeof value->real);
  default: break;
  }
  hash = row_hash(hash, &value->bytes.size, sizeof value->bytes.size);
  return row_hash(hash, value->bytes.data, value->bytes.size);
}

/* Spreads the bits: FNV's low bits alone are no good index. */
static uint64_t mix(uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  return hash ^ (hash >> 33);
}

static struct RowCount *place(const RowIdentity *identity, uint64_t hash) {
  size_t at = (size_t)hash & (identity->capacity - 1);
  while (identity->counts[at].count && identity->counts[at].hash != hash) {
    at = (at + 1) & (identity->capacity - 1);
  }
  return &identity->counts[at];
}

static bool grow(RowIdentity *identity) {
  RowIdentity larger = {.used = identity->used,
                        .capacity = identity->capacity ? identity->capacity * 2 : 64};
  larger.counts = sqlite3_malloc64(larger.capacity * sizeof *larger.counts);
  if (!larger.counts) return false;
  memset(larger.counts, 0, larger.capacity * sizeof *larger.counts);
  for (size_t i = 0; i < identity->capacity; i++) {
    if (identity->counts[i].count) {
      *place(&larger, identity->counts[i].hash) = identity->counts[i];
    }
  }
  sqlite3_free(identity->counts);
  *identity = larger;
  return true;
}

int row_identity_next(RowIdentity *identity, uint64_t hash, sqlite3_int64 *rowid) {
  hash = mix(hash);
  if (identity->used * 2 >= identity->capacity && !grow(identity)) return SQLITE_NOMEM;
  struct RowCount *found = place(identity, hash);
  if (!found->count) {
    found->hash = hash;
    identity->used++;
  }
  *rowid = (sqlite3_int64)mix(hash + found->count++ * 0x9e3779b97f4a7c15u);
  return SQLITE_OK;
}

void row_identity_clear(RowIdentity *identity) {
  sqlite3_free(identity->counts);
  *identity = (RowIdentity){0};
}
