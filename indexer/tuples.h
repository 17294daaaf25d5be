/*
 * tuples.h - term occurrences of a batch, partitioned by first character as they come: the memory
 * of the inversion.
 *
 * An occurrence is a tuple of 8 bytes, `second` on top:
 *
 *     second        22 bits   second character of the bigram, a run-end mark, or a word's number
 *     article       20 bits   in the batch
 *     position      22 bits   in the field
 *
 * Articles of two million positions and more get batches with other widths (28, 8, 28 or 31, 1, 32
 * bits).
 *
 * Tuples of a first character gather in a line of 64 bytes, one cache line, and leave it for a
 * block when it is full: so a tuple touches one line of few that are in use all the time, and
 * memory far away is written a whole line at a time, past the caches.
 *
 *     lines[first] -> block <- block <- block
 *
 * A block has 1024 bytes, 16 lines: a link to the block before it and 127 tuples (of 512 bytes,
 * gathering took a quarter longer, of 2048 an eighth less, but a batch of ten articles twice the
 * memory). Slabs of 2 MB hold blocks; as many as a batch usually needs are kept from batch to
 * batch, because touching fresh memory costs more than sorting.
 *
 * Source of the lines: Balkesen et al., Main-memory hash joins on multi-core CPUs: tuning to the
 * underlying hardware, 2013 (software write-combine buffers), which has the count in the line, too.
 */
#ifndef SY_TUPLES_H
#define SY_TUPLES_H

#include "base/bytes.h"

#include <pthread.h>

/* ---- Widths ---------------------------------------------------------------------------------- */

/* How a tuple is divided; `second` has the bits that are left. */
typedef struct sy_tuple_widths {
  uint8_t position_bits, article_bits;
} sy_tuple_widths;

/* Whether a batch of so many articles and words has room for one more of so many bytes. */
bool sy_tuple_widths_fit(sy_tuple_widths widths, uint32_t articles, uint64_t words,
                         uint64_t text_bytes);
/* The widths for a batch that begins with an article of so many bytes. */
sy_tuple_widths sy_tuple_widths_for(uint64_t text_bytes);

/* The bit at which `second` begins. */
static inline uint32_t sy_tuple_shift(sy_tuple_widths w) {
  return (uint32_t)w.position_bits + w.article_bits;
}

static inline uint32_t sy_tuple_article(sy_tuple_widths w, uint64_t tuple) {
  return (uint32_t)(tuple >> w.position_bits & ((1ull << w.article_bits) - 1));
}

static inline uint32_t sy_tuple_position(sy_tuple_widths w, uint64_t tuple) {
  return (uint32_t)(tuple & ((1ull << w.position_bits) - 1));
}

/* ---- Memory ---------------------------------------------------------------------------------- */

#define SY_SLAB_BYTES (2u << 20)
#define SY_TUPLE_BLOCK_BYTES 1024u

/* All slabs ever made. Workers take them under the mutex. */
typedef struct sy_slabs {
  pthread_mutex_t mutex;
  sy_buffer all; /* void * */
  size_t used;   /* in this batch */
} sy_slabs;

void sy_slabs_init(sy_slabs *slabs);
void sy_slabs_free(sy_slabs *slabs);
uint64_t sy_slabs_bytes_used(sy_slabs *slabs);
/* None is in use any more; those beyond `keep_bytes` are given back. */
void sy_slabs_reset(sy_slabs *slabs, uint64_t keep_bytes);

/* ---- Partitions ------------------------------------------------------------------------------ */

#define SY_LINE_SLOTS 8u
#define SY_LINE_LAST (SY_LINE_SLOTS - 1)

/* Where the next tuple of a first character goes: its address in a block, as soon as there is the
 * block; before, in the first line of a block, only the offset in the line. 0 before the first
 * tuple. It stands in the last slot of the line, until that is filled and the line leaves. */
typedef struct sy_tuple_line {
  _Alignas(64) uint64_t slots[SY_LINE_SLOTS];
} sy_tuple_line;

/* Planes 4 to 13 of Unicode have no characters, and so no lines: address space. */
#define SY_NO_PLANES_BEGIN 0x40000u
#define SY_NO_PLANES_END 0xE0000u
#define SY_TUPLE_LINES (0x110000u - (SY_NO_PLANES_END - SY_NO_PLANES_BEGIN))

static inline uint32_t sy_tuple_line_number(uint32_t first) {
  return first < SY_NO_PLANES_BEGIN ? first : first - (SY_NO_PLANES_END - SY_NO_PLANES_BEGIN);
}

/* The tuples that one worker has of one field. */
typedef struct sy_tuples {
  /* By sy_tuple_line_number(); mapped, so that only pages in use take memory. */
  sy_tuple_line *lines;
  uint32_t *blocks;  /* how many there are; stale when the line was never used */
  sy_buffer touched; /* u32: first characters that have tuples */
} sy_tuples;

/* What is left of a worker's last slab. */
typedef struct sy_tuple_room {
  sy_slabs *slabs;
  uint8_t *at, *end;
} sy_tuple_room;

/* `many` come, so that it pays to have the lines in huge pages: 4 MiB. False: memory ran out. */
bool sy_tuples_init(sy_tuples *t, bool many);
void sy_tuples_free(sy_tuples *t);

/* Puts the first tuple of a partition, or the last of a line. False: memory ran out. */
bool sy_tuples_put_edge(sy_tuples *t, uint32_t first, uint64_t tuple, sy_tuple_room *room);

static inline void sy_tuples_prefetch(const sy_tuples *t, uint32_t first) {
  __builtin_prefetch(&t->lines[sy_tuple_line_number(first)], 1);
}

/* False: memory ran out. */
static inline bool sy_tuples_put(sy_tuples *t, uint32_t first, uint64_t tuple,
                                 sy_tuple_room *room) {
  uint64_t *slots = t->lines[sy_tuple_line_number(first)].slots, next = slots[SY_LINE_LAST];
  uint32_t slot = next / sizeof tuple % SY_LINE_SLOTS;
  if (slot == SY_LINE_LAST || !next) return sy_tuples_put_edge(t, first, tuple, room);
  slots[slot] = tuple;
  slots[SY_LINE_LAST] = next + sizeof tuple;
  return true;
}

/* After the last tuple that a worker puts before another one reads: lines go past the caches, and
 * past the order of other stores. */
void sy_tuples_settle(void);

/* ---- Partitions, one at a time --------------------------------------------------------------- */

size_t sy_tuples_count(const sy_tuples *t, uint32_t first);
/* Copies the tuples of a partition, in the order they were put. `count` is theirs. */
void sy_tuples_gather(const sy_tuples *t, uint32_t first, uint64_t *out, size_t count);
/* Forgets them. */
static inline void sy_tuples_clear(sy_tuples *t, uint32_t first) {
  t->lines[sy_tuple_line_number(first)].slots[SY_LINE_LAST] = 0;
}

/* Merges two arrays that ascend by the bits of `mask`. */
void sy_tuples_merge(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
                     uint64_t mask, uint64_t *out);
/* Sorts by the bits from `shift` on; what is below ascends already. Returns `a` or `b`, both of
 * `count`: the one in which the result is. */
uint64_t *sy_tuples_sort(uint64_t *a, uint64_t *b, size_t count, uint32_t shift);

#endif
