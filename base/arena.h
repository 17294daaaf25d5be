/*
 * arena.h - memory that is given back all at once.
 *
 *     block -> block -> block      each at least SY_ARENA_BLOCK bytes; allocations never move
 *
 * A reset keeps the largest block, so that an arena that serves one query after the other soon
 * allocates nothing.
 */
#ifndef SY_ARENA_H
#define SY_ARENA_H

#include <stddef.h>

typedef struct sy_arena {
  struct sy_arena_block *block; /* the one in use; links to older ones */
  size_t used;
} sy_arena;

/* `bytes` bytes, not cleared, aligned for any type; NULL when memory is out. */
void *sy_arena_alloc(sy_arena *arena, size_t bytes);
/* The same for `count` elements, cleared; NULL also when the product overflows. */
void *sy_arena_calloc(sy_arena *arena, size_t count, size_t bytes);
/* A copy of `bytes` bytes. */
void *sy_arena_copy(sy_arena *arena, const void *data, size_t bytes);
void sy_arena_reset(sy_arena *arena);
void sy_arena_free(sy_arena *arena);

#endif
