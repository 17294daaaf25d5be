/* arena.c - memory that is given back all at once (drawn in arena.h). */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SY_ARENA_BLOCK (64u << 10)
#define SY_ARENA_ALIGN 16u

struct sy_arena_block {
  struct sy_arena_block *older;
  size_t capacity;
  _Alignas(SY_ARENA_ALIGN) unsigned char data[];
};

static int add_block(sy_arena *arena, size_t bytes) {
  size_t capacity = arena->block ? arena->block->capacity * 2 : SY_ARENA_BLOCK;
  if (capacity < bytes) capacity = bytes;
  struct sy_arena_block *block = malloc(sizeof *block + capacity);
  if (!block) return 0;
  block->older = arena->block;
  block->capacity = capacity;
  arena->block = block;
  arena->used = 0;
  return 1;
}

void *sy_arena_alloc(sy_arena *arena, size_t bytes) {
  if (bytes > SIZE_MAX / 4) return NULL;
  bytes = (bytes + SY_ARENA_ALIGN - 1) & ~(size_t)(SY_ARENA_ALIGN - 1);
  if (!arena->block || arena->block->capacity - arena->used < bytes) {
    if (!add_block(arena, bytes)) return NULL;
  }
  void *p = arena->block->data + arena->used;
  arena->used += bytes;
  return p;
}

void *sy_arena_calloc(sy_arena *arena, size_t count, size_t bytes) {
  if (bytes && count > SIZE_MAX / bytes) return NULL;
  void *p = sy_arena_alloc(arena, count * bytes);
  return p ? memset(p, 0, count * bytes) : NULL;
}

void *sy_arena_copy(sy_arena *arena, const void *data, size_t bytes) {
  void *p = sy_arena_alloc(arena, bytes);
  return p && bytes ? memcpy(p, data, bytes) : p;
}

static void free_older(struct sy_arena_block *block) {
  while (block) {
    struct sy_arena_block *older = block->older;
    free(block);
    block = older;
  }
}

void sy_arena_reset(sy_arena *arena) {
  arena->used = 0;
  if (!arena->block) return;
  free_older(arena->block->older);
  arena->block->older = NULL;
}

void sy_arena_free(sy_arena *arena) {
  free_older(arena->block);
  arena->block = NULL;
  arena->used = 0;
}
