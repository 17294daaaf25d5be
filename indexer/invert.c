/* invert.c - partition by first character, sort in cache, code in order (described in invert.h). */
#include "indexer/invert.h"

#include "base/status.h"
#include "indexer/words.h"

#include <sys/mman.h>

#define CODE_POINTS 0x110000u
#define BLOCK_BYTES 512u
#define BLOCK_TUPLES (BLOCK_BYTES / sizeof(uint64_t) - 1)
#define SLAB_BYTES (1u << 20)
#define RADIX_BITS 11
#define RADIX (1u << RADIX_BITS)
#define PASSES 3 /* that many digits hold the widest `second` */

/* How a tuple is divided; `second` has the bits that are left. */
typedef struct tuple_widths {
  uint8_t position_bits, article_bits;
} tuple_widths;

static const tuple_widths all_widths[] = {{20, 23}, {28, 8}, {32, 1}};

/* The tuples of one field and first character. `next` is the slot for the next tuple; on a block
 * boundary (also when NULL) a new block is due, whose slot 0 links to the one before. */
typedef uint64_t *partition;

typedef struct field_batch {
  partition *partitions; /* by first code point; mapped, so that only pages in use take memory */
  sy_buffer touched;     /* u32: first code points with tuples */
} field_batch;

struct sy_inverter {
  sy_analyzer analyzer;
  field_batch fields[SY_FIELD_COUNT];
  tuple_widths widths; /* of this batch */
  uint32_t articles;   /* in the batch */
  sy_words words;
  sy_buffer slabs;          /* void *: all ever made */
  size_t slabs_used;        /* in this batch */
  uint8_t *free, *free_end; /* what is left of the last one */
  /* Scratch of the flush. */
  sy_buffer tuples, sorted, positions;
};

/* ---- Making and freeing ---------------------------------------------------------------------- */

sy_status sy_inverter_new(uint32_t text_rules, sy_inverter **out, sy_error *error) {
  sy_inverter *v = calloc(1, sizeof *v);
  *out = v;
  if (!v) return sy_fail_memory(error);
  sy_analyzer_init(&v->analyzer, text_rules);
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    void *map = mmap(NULL, CODE_POINTS * sizeof(partition), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
      sy_inverter_free(v);
      *out = NULL;
      return sy_fail_memory(error);
    }
    v->fields[f].partitions = map;
  }
  return SY_OK;
}

void sy_inverter_free(sy_inverter *v) {
  if (!v) return;
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    if (v->fields[f].partitions) munmap(v->fields[f].partitions, CODE_POINTS * sizeof(partition));
    sy_buffer_free(&v->fields[f].touched);
  }
  void **slabs = (void **)v->slabs.data;
  for (size_t i = 0; i < v->slabs.bytes / sizeof *slabs; i++) free(slabs[i]);
  sy_buffer *buffers[] = {&v->slabs, &v->tuples, &v->sorted, &v->positions};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
  sy_words_free(&v->words);
  free(v);
}

uint64_t sy_inverter_memory(const sy_inverter *v) {
  return v->slabs_used * (uint64_t)SLAB_BYTES + sy_words_memory(&v->words);
}

uint64_t sy_inverter_invalid_bytes(const sy_inverter *v) { return v->analyzer.invalid_bytes; }

/* A text has at most two positions a byte (U+3316 has three bytes and folds to six Kana), and as
 * many words as bytes. */
static bool fits(tuple_widths widths, uint32_t articles, uint64_t words, uint64_t text_bytes) {
  uint32_t second_bits = 64u - widths.position_bits - widths.article_bits;
  return articles < 1u << widths.article_bits && 2 * text_bytes < 1ull << widths.position_bits &&
         words + text_bytes < 1ull << second_bits;
}

bool sy_inverter_has_room(const sy_inverter *v, size_t text_bytes) {
  return !v->articles || fits(v->widths, v->articles, v->words.count, text_bytes);
}

static void choose_widths(sy_inverter *v, size_t text_bytes) {
  size_t i = 0, last = sizeof all_widths / sizeof *all_widths - 1;
  while (i < last && !fits(all_widths[i], 0, 0, text_bytes)) i++;
  v->widths = all_widths[i];
}

/* ---- Adding ---------------------------------------------------------------------------------- */

/* A new slab, or one of an earlier batch. */
static bool next_slab(sy_inverter *v) {
  if (v->slabs_used == v->slabs.bytes / sizeof(void *)) {
    void *slab = aligned_alloc(BLOCK_BYTES, SLAB_BYTES);
    if (slab) sy_buffer_append(&v->slabs, &slab, sizeof slab);
    if (!slab || v->slabs.failed) {
      free(slab);
      return false;
    }
  }
  v->free = ((uint8_t **)v->slabs.data)[v->slabs_used++];
  v->free_end = v->free + SLAB_BYTES;
  return true;
}

/* Links a new block to the partition; returns its first slot for tuples, or NULL. */
static uint64_t *add_block(sy_inverter *v, field_batch *field, uint32_t first, uint64_t *next) {
  if (v->free == v->free_end && !next_slab(v)) return NULL;
  uint64_t *block = (uint64_t *)v->free;
  v->free += BLOCK_BYTES;
  block[0] = next ? (uint64_t)(uintptr_t)(next - BLOCK_BYTES / sizeof *next) : 0;
  if (!next) sy_buffer_u32(&field->touched, first);
  return block + 1;
}

static inline bool put_tuple(sy_inverter *v, field_batch *field, uint32_t first, uint64_t tuple) {
  uint64_t *next = field->partitions[first];
  if (((uintptr_t)next & (BLOCK_BYTES - 1)) == 0) {
    next = add_block(v, field, first, next);
    if (!next) return false;
  }
  *next = tuple;
  field->partitions[first] = next + 1;
  return true;
}

static bool put_terms(sy_inverter *v, field_batch *field, const sy_term *terms, size_t count) {
  bool good = true;
  uint32_t second_shift = (uint32_t)v->widths.position_bits + v->widths.article_bits;
  uint64_t article = (uint64_t)v->articles << v->widths.position_bits;
  for (size_t i = 0; i < count; i++) {
    const sy_term *t = &terms[i];
    uint64_t second = t->second;
    if (t->word_bytes) {
      second = sy_words_number(&v->words, sy_term_word(&v->analyzer, t), t->word_bytes);
    }
    good &= put_tuple(v, field, t->first, second << second_shift | article | t->position);
  }
  return good;
}

static bool add_field(sy_inverter *v, field_batch *field, sy_string text, uint32_t *length) {
  sy_term terms[4 * SY_TERM_BATCH];
  bool good = true;
  size_t count;
  *length = 0;
  sy_analyzer_begin(&v->analyzer, text.data, text.bytes);
  while ((count = sy_analyzer_next(&v->analyzer, terms, 4 * SY_TERM_BATCH)) > 0) {
    good &= put_terms(v, field, terms, count);
    *length = terms[count - 1].position + 1;
  }
  return good && !field->touched.failed && !v->words.failed;
}

sy_status sy_inverter_add(sy_inverter *v, const sy_article *article,
                          uint32_t lengths[SY_FIELD_COUNT], sy_error *error) {
  if (!v->articles) choose_widths(v, article->title.bytes + article->body.bytes);
  bool good = add_field(v, &v->fields[SY_FIELD_INDEX_TITLE], article->title,
                        &lengths[SY_FIELD_INDEX_TITLE]);
  good &=
      add_field(v, &v->fields[SY_FIELD_INDEX_BODY], article->body, &lengths[SY_FIELD_INDEX_BODY]);
  v->articles++;
  return good ? SY_OK : sy_fail_memory(error);
}

/* ---- Flushing: gather, sort ------------------------------------------------------------------ */

static size_t count_tuples(const uint64_t *next) {
  size_t in_last = ((uintptr_t)next & (BLOCK_BYTES - 1)) / sizeof *next;
  const uint64_t *block = next - (in_last ? in_last : BLOCK_BYTES / sizeof *next);
  size_t count = (size_t)(next - block) - 1;
  while ((block = (const uint64_t *)(uintptr_t)block[0])) count += BLOCK_TUPLES;
  return count;
}

/* Copies the partition's tuples, oldest first. The blocks are linked from the newest to the
 * oldest. */
static void gather(const uint64_t *next, uint64_t *out, size_t count) {
  size_t in_last = ((uintptr_t)next & (BLOCK_BYTES - 1)) / sizeof *next;
  const uint64_t *block = next - (in_last ? in_last : BLOCK_BYTES / sizeof *next);
  size_t in_block = (size_t)(next - block) - 1;
  uint64_t *to = out + count;
  while (block) {
    to -= in_block;
    memcpy(to, block + 1, in_block * sizeof *to);
    block = (const uint64_t *)(uintptr_t)block[0];
    in_block = BLOCK_TUPLES;
  }
}

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
                       int shift) {
  uint32_t sum = 0;
  for (uint32_t d = 0; d < RADIX; d++) {
    uint32_t n = counts[d];
    counts[d] = sum;
    sum += n;
  }
  for (size_t i = 0; i < count; i++) to[counts[from[i] >> shift & (RADIX - 1)]++] = from[i];
}

/* Sorts by `second`, which is at `shift`; what is below ascends already. The result is in `a` or
 * in `b`. */
static uint64_t *sort_tuples(uint64_t *a, uint64_t *b, size_t count, int shift) {
  if (count < 64) {
    insertion_sort(a, count);
    return a;
  }
  uint32_t counts[PASSES][RADIX] = {{0}};
  int digits = (64 - shift + RADIX_BITS - 1) / RADIX_BITS;
  for (size_t i = 0; i < count; i++) {
    uint64_t second = a[i] >> shift;
    for (int d = 0; d < digits; d++) counts[d][second >> (d * RADIX_BITS) & (RADIX - 1)]++;
  }
  for (int d = 0; d < digits; d++) {
    int at = shift + d * RADIX_BITS;
    if (counts[d][a[0] >> at & (RADIX - 1)] == count) continue; /* all the same */
    radix_pass(a, b, count, counts[d], at);
    uint64_t *t = a;
    a = b;
    b = t;
  }
  return a;
}

/* ---- Flushing: code -------------------------------------------------------------------------- */

/* Codes the tuples of one term. */
static void code_term(sy_list_writer *list, tuple_widths widths, const uint64_t *tuples,
                      size_t count, uint32_t *positions) {
  uint64_t position_mask = (1ull << widths.position_bits) - 1,
           article_mask = (1ull << widths.article_bits) - 1;
  for (size_t i = 0; i < count;) {
    uint64_t place = tuples[i] & ~position_mask;
    uint32_t n = 0;
    do positions[n++] = (uint32_t)(tuples[i++] & position_mask);
    while (i < count && (tuples[i] & ~position_mask) == place);
    sy_list_writer_add(list, (uint32_t)(place >> widths.position_bits & article_mask), positions,
                       n);
  }
}

static sy_status code_partition(sy_inverter *v, sy_segment_writer *segment, uint32_t field,
                                uint32_t first, const uint64_t *tuples, size_t count,
                                const sy_ranks *ranks, sy_error *error) {
  v->positions.bytes = 0;
  uint32_t *positions = (uint32_t *)sy_buffer_reserve(&v->positions, count * sizeof *positions);
  if (!positions) return sy_fail_memory(error);
  int shift = v->widths.position_bits + v->widths.article_bits;
  sy_lexicon_writer_begin(&segment->lexicon, field, first, ranks != NULL);
  for (size_t i = 0; i < count;) {
    uint32_t second = (uint32_t)(tuples[i] >> shift);
    size_t end = i + 1;
    while (end < count && tuples[end] >> shift == second) end++;
    code_term(&segment->lists[field], v->widths, tuples + i, end - i, positions);
    sy_term_key key = {first, second, NULL, 0};
    if (ranks) key.word = sy_ranks_word(ranks, second, &key.word_bytes);
    SY_TRY(sy_segment_writer_term(segment, field, &key, error));
    i = end;
  }
  return sy_lexicon_writer_end(&segment->lexicon, error);
}

static sy_status flush_partition(sy_inverter *v, sy_segment_writer *segment, uint32_t field,
                                 uint32_t first, const sy_ranks *ranks, sy_error *error) {
  const uint64_t *next = v->fields[field].partitions[first];
  size_t count = count_tuples(next);
  v->tuples.bytes = v->sorted.bytes = 0;
  uint64_t *tuples = (uint64_t *)sy_buffer_reserve(&v->tuples, count * sizeof *tuples);
  uint64_t *sorted = (uint64_t *)sy_buffer_reserve(&v->sorted, count * sizeof *sorted);
  if (!tuples || !sorted) return sy_fail_memory(error);
  gather(next, tuples, count);
  bool words = sy_ranks_begin_word(ranks, first);
  int shift = v->widths.position_bits + v->widths.article_bits;
  if (words) {
    uint64_t rest = (1ull << shift) - 1;
    for (size_t i = 0; i < count; i++) {
      tuples[i] = (uint64_t)sy_ranks_of(ranks, (uint32_t)(tuples[i] >> shift)) << shift |
                  (tuples[i] & rest);
    }
  }
  tuples = sort_tuples(tuples, sorted, count, shift);
  return code_partition(v, segment, field, first, tuples, count, words ? ranks : NULL, error);
}

static int compare_u32(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static sy_status flush_field(sy_inverter *v, sy_segment_writer *segment, uint32_t f,
                             const sy_ranks *ranks, sy_error *error) {
  field_batch *field = &v->fields[f];
  uint32_t *touched = (uint32_t *)field->touched.data;
  size_t count = field->touched.bytes / sizeof *touched;
  if (count) qsort(touched, count, sizeof *touched, compare_u32);
  for (size_t i = 0; i < count; i++) {
    SY_TRY(flush_partition(v, segment, f, touched[i], ranks, error));
    field->partitions[touched[i]] = NULL;
  }
  field->touched.bytes = 0;
  return SY_OK;
}

sy_status sy_inverter_flush(sy_inverter *v, sy_segment_writer *segment, sy_error *error) {
  sy_ranks ranks;
  if (!sy_words_rank(&v->words, &ranks)) return sy_fail_memory(error);
  sy_status status = SY_OK;
  for (uint32_t f = 0; f < SY_FIELD_COUNT && status == SY_OK; f++) {
    status = flush_field(v, segment, f, &ranks, error);
  }
  sy_ranks_free(&ranks);
  sy_words_clear(&v->words);
  v->slabs_used = 0;
  v->articles = 0;
  v->free = v->free_end = NULL;
  return status;
}
