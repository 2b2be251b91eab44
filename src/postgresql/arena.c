/*
** arena.c: memory for the decoded values of one row. A value is borrowed until the next row, and
** the values of several columns at the same time, so what was handed out must not move: blocks, of
** which the largest is kept for the next row.
*/
#include "postgresql.h"

struct PgArenaBlock {
  PgArenaBlock *older;
  size_t used, size;
  char data[];
};

enum { BLOCK_LEAST = 4000 };

void *pg_arena_take(PgArena *arena, size_t size) {
  PgArenaBlock *block = arena->block;
  size = (size + 7) & ~(size_t)7;
  if (block == NULL || block->size - block->used < size) {
    size_t room = block != NULL ? block->size * 2 : BLOCK_LEAST;
    if (room > 1 << 20) room = 1 << 20;
    if (room < size) room = size;
    block = arena->host->allocate(sizeof(*block) + room);
    if (block == NULL) return NULL;
    block->older = arena->block;
    block->used = 0;
    block->size = room;
    arena->block = block;
  }
  void *memory = block->data + block->used;
  block->used += size;
  return memory;
}

static void arena_trim(PgArena *arena, size_t keep) {
  PgArenaBlock *block = arena->block, *kept = NULL;
  while (block != NULL) {
    PgArenaBlock *older = block->older;
    if (kept == NULL && block->size <= keep) {
      kept = block;
      kept->older = NULL;
      kept->used = 0;
    } else {
      arena->host->release(block);
    }
    block = older;
  }
  arena->block = kept;
}

void pg_arena_reset(PgArena *arena) {
  if (arena->block == NULL) return;
  if (arena->block->older == NULL && arena->block->size <= 1 << 20)
    arena->block->used = 0;
  else
    arena_trim(arena, 1 << 20);
}

void pg_arena_rest(PgArena *arena) {
  arena_trim(arena, BLOCK_LEAST);
}

void pg_arena_clear(PgArena *arena) {
  arena_trim(arena, 0);
}
