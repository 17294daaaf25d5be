/* tuples.c - partitions of tuples, gathered and sorted (described in tuples.h). */
#include "indexer/tuples.h"

#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BLOCK_SLOTS (SY_TUPLE_BLOCK_BYTES / sizeof(uint64_t))
#define BLOCK_TUPLES (BLOCK_SLOTS - 1)
#define RADIX_BITS 11
#define RADIX (1u << RADIX_BITS)
#define PASSES 3 /* that many digits hold the widest `second` */

/* ---- Widths ---------------------------------------------------------------------------------- */

static const sy_tuple_widths all_widths[] = {{22, 20}, {28, 8}, {32, 1}};

/* A text has at most two positions a byte (U+3316 has three bytes and folds to six Kana), and as
 * many words as bytes. */
bool sy_tuple_widths_fit(sy_tuple_widths widths, uint32_t articles, uint64_t words,
                         uint64_t text_bytes) {
  return articles < 1u << widths.article_bits && 2 * text_bytes < 1ull << widths.position_bits &&
         words + text_bytes < 1ull << (64 - sy_tuple_shift(widths));
}

sy_tuple_widths sy_tuple_widths_for(uint64_t text_bytes) {
  size_t i = 0, last = sizeof all_widths / sizeof *all_widths - 1;
  while (i < last && !sy_tuple_widths_fit(all_widths[i], 0, 0, text_bytes)) i++;
  return all_widths[i];
}

/* ---- Memory ---------------------------------------------------------------------------------- */

void sy_slabs_init(sy_slabs *s) {
  memset(s, 0, sizeof *s);
  pthread_mutex_init(&s->mutex, NULL);
}

void sy_slabs_free(sy_slabs *s) {
  void **slabs = (void **)s->all.data;
  for (size_t i = 0; i < s->all.bytes / sizeof *slabs; i++) free(slabs[i]);
  sy_buffer_free(&s->all);
  pthread_mutex_destroy(&s->mutex);
}

uint64_t sy_slabs_bytes_used(sy_slabs *s) {
  pthread_mutex_lock(&s->mutex);
  uint64_t bytes = s->used * (uint64_t)SY_SLAB_BYTES;
  pthread_mutex_unlock(&s->mutex);
  return bytes;
}

void sy_slabs_reset(sy_slabs *s, uint64_t keep_bytes) {
  s->used = 0;
  while (s->all.bytes / sizeof(void *) > keep_bytes / SY_SLAB_BYTES) {
    s->all.bytes -= sizeof(void *);
    free(((void **)s->all.data)[s->all.bytes / sizeof(void *)]);
  }
}

/* One of an earlier batch, or a new one, in a huge page where there are such. */
static uint8_t *take_slab(sy_slabs *s) {
  pthread_mutex_lock(&s->mutex);
  if (s->used == s->all.bytes / sizeof(void *)) {
    void *slab = aligned_alloc(SY_SLAB_BYTES, SY_SLAB_BYTES);
    if (slab) {
      madvise(slab, SY_SLAB_BYTES, MADV_HUGEPAGE);
      sy_buffer_append(&s->all, &slab, sizeof slab);
      if (s->all.failed) free(slab);
    }
  }
  bool have = s->used < s->all.bytes / sizeof(void *);
  uint8_t *slab = have ? ((uint8_t **)s->all.data)[s->used++] : NULL;
  pthread_mutex_unlock(&s->mutex);
  return slab;
}

/* ---- Partitions ------------------------------------------------------------------------------ */

#define MAP_BYTES (SY_TUPLE_LINES * (sizeof(sy_tuple_line) + sizeof(uint32_t)))

bool sy_tuples_init(sy_tuples *t, bool many) {
  void *map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  *t = (sy_tuples){0};
  if (map == MAP_FAILED) return false;
  if (many) madvise(map, MAP_BYTES, MADV_HUGEPAGE); /* lines in use are spread over small pages */
  t->lines = map;
  t->blocks = (uint32_t *)(t->lines + SY_TUPLE_LINES);
  return true;
}

void sy_tuples_free(sy_tuples *t) {
  if (t->lines) munmap(t->lines, MAP_BYTES);
  sy_buffer_free(&t->touched);
}

/* NULL: memory ran out. */
static uint8_t *take_block(sy_tuple_room *room) {
  if (room->at == room->end) {
    room->at = take_slab(room->slabs);
    room->end = room->at ? room->at + SY_SLAB_BYTES : NULL;
    if (!room->at) return NULL;
  }
  uint8_t *block = room->at;
  room->at += SY_TUPLE_BLOCK_BYTES;
  return block;
}

/* A line goes to memory that nothing reads soon: not through the caches, where there is a way. */
static void store_line(uint8_t *to, const uint64_t *slots) {
#ifdef __SSE2__
  for (uint32_t i = 0; i < 4; i++) {
    _mm_stream_si128((__m128i *)to + i, _mm_load_si128((const __m128i *)slots + i));
  }
#else
  memcpy(to, slots, sizeof(sy_tuple_line));
#endif
}

void sy_tuples_settle(void) {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

bool sy_tuples_put_edge(sy_tuples *t, uint32_t first, uint64_t tuple, sy_tuple_room *room) {
  uint32_t line = sy_tuple_line_number(first);
  uint64_t *slots = t->lines[line].slots, next = slots[SY_LINE_LAST];
  if (!next) {
    sy_buffer_u32(&t->touched, first);
    t->blocks[line] = 0;
    slots[0] = 0;
    slots[1] = tuple;
    slots[SY_LINE_LAST] = 2 * sizeof tuple;
    return true;
  }
  if (next < sizeof(sy_tuple_line)) { /* the first line of a block */
    const uint8_t *block = take_block(room);
    if (!block) return false;
    next += (uintptr_t)block;
    t->blocks[line]++;
  }
  slots[SY_LINE_LAST] = tuple;
  next += sizeof tuple;
  store_line((uint8_t *)(uintptr_t)(next - sizeof(sy_tuple_line)), slots);
  if (next % SY_TUPLE_BLOCK_BYTES == 0) {
    slots[0] = next - SY_TUPLE_BLOCK_BYTES;
    next = sizeof tuple;
  }
  slots[SY_LINE_LAST] = next;
  return true;
}

/* What of a partition is not in full blocks. */
typedef struct rest {
  const uint64_t *line; /* the tuples in it */
  size_t in_line;
  const uint64_t *block; /* the newest, or NULL */
  size_t in_block;       /* tuples, without the line's */
} rest;

static rest find_rest(const sy_tuples *t, uint32_t first) {
  const uint64_t *slots = t->lines[sy_tuple_line_number(first)].slots;
  uint64_t next = slots[SY_LINE_LAST], slot = next / sizeof *slots % SY_LINE_SLOTS;
  if (next < sizeof(sy_tuple_line)) {
    const uint64_t *full = (const uint64_t *)(uintptr_t)slots[0];
    return (rest){slots + 1, slot - 1, full, full ? BLOCK_TUPLES : 0};
  }
  uint64_t offset = next % SY_TUPLE_BLOCK_BYTES;
  return (rest){slots, slot, (const uint64_t *)(uintptr_t)(next - offset),
                offset / sizeof *slots - slot - 1};
}

size_t sy_tuples_count(const sy_tuples *t, uint32_t first) {
  uint32_t line = sy_tuple_line_number(first);
  if (!t->lines[line].slots[SY_LINE_LAST]) return 0;
  rest r = find_rest(t, first);
  size_t before = r.block ? (t->blocks[line] - 1) * BLOCK_TUPLES : 0;
  return before + r.in_block + r.in_line;
}

void sy_tuples_gather(const sy_tuples *t, uint32_t first, uint64_t *out, size_t count) {
  if (!count) return;
  rest r = find_rest(t, first);
  uint64_t *to = out + count - r.in_line;
  memcpy(to, r.line, r.in_line * sizeof *to);
  size_t in_block = r.in_block;
  for (const uint64_t *block = r.block; block; in_block = BLOCK_TUPLES) {
    const uint64_t *older = (const uint64_t *)(uintptr_t)block[0];
    for (uint32_t i = 0; older && i < BLOCK_SLOTS; i += 8) __builtin_prefetch(older + i);
    to -= in_block;
    memcpy(to, block + 1, in_block * sizeof *to);
    block = older;
  }
}

/* The two come in long runs: an article is one worker's. */
void sy_tuples_merge(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
                     uint64_t mask, uint64_t *out) {
  const uint64_t *a_end = a + a_count, *b_end = b + b_count;
  while (a < a_end && b < b_end) {
    while (a < a_end && (*a & mask) < (*b & mask)) *out++ = *a++;
    if (a == a_end) break;
    while (b < b_end && (*b & mask) <= (*a & mask)) *out++ = *b++;
  }
  while (a < a_end) *out++ = *a++;
  while (b < b_end) *out++ = *b++;
}

/* ---- Sorting --------------------------------------------------------------------------------- */

static void insertion_sort(uint64_t *a, size_t count) {
  for (size_t i = 1; i < count; i++) {
    uint64_t t = a[i];
    size_t k = i;
    for (; k && a[k - 1] > t; k--) a[k] = a[k - 1];
    a[k] = t;
  }
}

/* One stable pass by the digit at `shift`; `counts` has the digit's histogram. */
static void radix_pass(const uint64_t *from, uint64_t *to, size_t count, uint32_t *counts,
                       uint32_t shift) {
  uint32_t sum = 0;
  for (uint32_t d = 0; d < RADIX; d++) {
    uint32_t n = counts[d];
    counts[d] = sum;
    sum += n;
  }
  for (size_t i = 0; i < count; i++) to[counts[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

uint64_t *sy_tuples_sort(uint64_t *a, uint64_t *b, size_t count, uint32_t shift) {
  if (count < 64) {
    insertion_sort(a, count);
    return a;
  }
  uint32_t counts[PASSES][RADIX] = {{0}};
  uint32_t digits = (64 - shift + RADIX_BITS - 1) / RADIX_BITS;
  for (size_t i = 0; i < count; i++) {
    uint64_t second = a[i] >> shift;
    for (uint32_t d = 0; d < digits; d++) counts[d][second >> (d * RADIX_BITS) & (RADIX - 1)]++;
  }
  for (uint32_t d = 0; d < digits; d++) {
    uint32_t at = shift + d * RADIX_BITS;
    if (counts[d][a[0] >> at & (RADIX - 1)] == count) continue; /* all the same */
    radix_pass(a, b, count, counts[d], at);
    uint64_t *t = a;
    a = b;
    b = t;
  }
  return a;
}
