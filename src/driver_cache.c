/*
** driver_cache.c: statements that a connection keeps prepared, by their SQL text. A statement in
** use is not in the cache: take() gives it away, put() brings it back, so two users never share
** one. The cache is small (tens of entries), so a scan over the hashes is all the search there is.
*/
#include "driver_support.h"
#include <string.h>

typedef struct CacheEntry {
  uint64_t hash;
  uint64_t used; /* value of StatementCache.clock when it was put in: the smallest is the oldest */
  size_t size;
  const char *sql; /* the statement's own */
  DriverStatement *statement;
} CacheEntry;

struct StatementCache {
  const DriverHost *host;
  void (*destroy)(DriverStatement *statement);
  uint64_t clock;
  size_t capacity, count;
  CacheEntry entries[];
};

/* FNV-1a */
static uint64_t text_hash(const char *text, size_t size) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < size; i++) {
    hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
  }
  return hash;
}

StatementCache *statement_cache_new(const DriverHost *host, size_t capacity,
                                    void (*destroy)(DriverStatement *statement)) {
  size_t size = sizeof(StatementCache) + capacity * sizeof(CacheEntry);
  StatementCache *cache = host->allocate(size);
  if (cache == NULL) return NULL;
  memset(cache, 0, size);
  cache->host = host;
  cache->destroy = destroy;
  cache->capacity = capacity;
  return cache;
}

/* Removes entry number i and gives its statement. */
static DriverStatement *cache_remove(StatementCache *cache, size_t i) {
  DriverStatement *statement = cache->entries[i].statement;
  cache->entries[i] = cache->entries[--cache->count];
  return statement;
}

static DriverStatement *cache_take(StatementCache *cache, uint64_t hash, const char *sql,
                                   size_t size) {
  for (size_t i = 0; i < cache->count; i++) {
    const CacheEntry *entry = &cache->entries[i];
    if (entry->hash == hash && entry->size == size && memcmp(entry->sql, sql, size) == 0) {
      return cache_remove(cache, i);
    }
  }
  return NULL;
}

DriverStatement *statement_cache_take(StatementCache *cache, const char *sql, size_t size) {
  return cache_take(cache, text_hash(sql, size), sql, size);
}

void statement_cache_put(StatementCache *cache, const char *sql, size_t size,
                         DriverStatement *statement) {
  uint64_t hash = text_hash(sql, size);
  DriverStatement *double_one = cache_take(cache, hash, sql, size);
  if (double_one != NULL) cache->destroy(double_one);
  if (cache->capacity == 0) {
    cache->destroy(statement);
    return;
  }
  if (cache->count == cache->capacity) {
    size_t oldest = 0;
    for (size_t i = 1; i < cache->count; i++) {
      if (cache->entries[i].used < cache->entries[oldest].used) oldest = i;
    }
    cache->destroy(cache_remove(cache, oldest));
  }
  cache->entries[cache->count++] = (CacheEntry){
      .hash = hash, .used = ++cache->clock, .size = size, .sql = sql, .statement = statement};
}

void statement_cache_free(StatementCache *cache) {
  if (cache == NULL) return;
  while (cache->count > 0)
    cache->destroy(cache_remove(cache, cache->count - 1));
  cache->host->release(cache);
}
