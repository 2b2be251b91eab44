/*
** replay.c: a hash table from argument bytes to kept rows. It grows with the number of distinct arguments
** that one statement uses; the rows themselves spill to disk when they are many.
*/
#include "replay.h"
#include "row_identity.h"
#include <string.h>

typedef struct Entry {
  struct Entry *next;
  uint64_t hash;
  RowSet *rows;
  size_t size;
  char key[];
} Entry;

struct Replay {
  size_t count, bucket_count; /* bucket_count is a power of two */
  Entry **buckets;
};

static Entry **buckets_new(size_t count) {
  Entry **buckets = sqlite3_malloc64(count * sizeof *buckets);
  if (buckets) memset(buckets, 0, count * sizeof *buckets);
  return buckets;
}

Replay *replay_new(void) {
  Replay *replay = sqlite3_malloc64(sizeof *replay);
  if (!replay) return NULL;
  *replay = (Replay){.bucket_count = 8, .buckets = buckets_new(8)};
  if (replay->buckets) return replay;
  sqlite3_free(replay);
  return NULL;
}

void replay_free(Replay *replay) {
  if (!replay) return;
  for (size_t i = 0; i < replay->bucket_count; i++) {
    while (replay->buckets[i]) {
      Entry *entry = replay->buckets[i];
      replay->buckets[i] = entry->next;
      rowset_free(entry->rows);
      sqlite3_free(entry);
    }
  }
  sqlite3_free(replay->buckets);
  sqlite3_free(replay);
}

RowSet *replay_find(const Replay *replay, const char *key, size_t size) {
  uint64_t hash = row_hash(ROW_HASH_START, key, size);
  Entry *entry = replay->buckets[hash & (replay->bucket_count - 1)];
  for (; entry; entry = entry->next) {
    if (entry->hash == hash && entry->size == size && memcmp(entry->key, key, size) == 0) {
      return entry->rows;
    }
  }
  return NULL;
}

/* Without memory for more buckets the chains just get longer. */
static void grow(Replay *replay) {
  size_t count = replay->bucket_count * 2;
  Entry **buckets = buckets_new(count);
  if (!buckets) return;
  for (size_t i = 0; i < replay->bucket_count; i++) {
    while (replay->buckets[i]) {
      Entry *entry = replay->buckets[i];
      replay->buckets[i] = entry->next;
      entry->next = buckets[entry->hash & (count - 1)];
      buckets[entry->hash & (count - 1)] = entry;
    }
  }
  sqlite3_free(replay->buckets);
  replay->buckets = buckets;
  replay->bucket_count = count;
}

bool replay_add(Replay *replay, const char *key, size_t size, RowSet *rows) {
  Entry *entry = sqlite3_malloc64(sizeof *entry + size);
  if (!entry) return false;
  if (replay->count >= replay->bucket_count) grow(replay);
  *entry = (Entry){.hash = row_hash(ROW_HASH_START, key, size), .rows = rows, .size = size};
  if (size) memcpy(entry->key, key, size);
  Entry **bucket = &replay->buckets[entry->hash & (replay->bucket_count - 1)];
  entry->next = *bucket;
  *bucket = entry;
  replay->count++;
  return true;
}
