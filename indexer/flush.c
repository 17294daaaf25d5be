/*
 * flush.c - the end of a batch: partitions gathered, sorted and coded by the workers, and written
 * in order (described in invert.h).
 */
#include "base/status.h"
#include "indexer/coding.h"
#include "indexer/inverter.h"

#define KEPT_SCRATCH \
  16u /* of what is kept of a batch: no partition but of a huge article takes more */

/* One field of a batch. */
typedef struct flush {
  sy_inverter *inverter;
  uint32_t field;
  const sy_ranks *ranks;
  sy_buffer firsts; /* u32, ascending */
} flush;

/* ---- Coding a partition (by any worker) ------------------------------------------------------ */

/* Replaces numbers of words by their ranks. */
static void rank_words(uint64_t *tuples, size_t count, uint32_t shift, const uint32_t *rank_of) {
  uint64_t rest = (1ull << shift) - 1;
  for (size_t i = 0; i < count; i++) {
    tuples[i] = (uint64_t)rank_of[tuples[i] >> shift] << shift | (tuples[i] & rest);
  }
}

#define AHEAD 16u /* tuples: the length of an article is fetched from memory */

/* All tuples of a partition by article and position, in w->tuples; *count is 0 before. There and
 * in w->sorted is room for AHEAD more. NULL: memory ran out. */
static uint64_t *gather(const flush *f, uint32_t first, bool words, sy_inverter_worker *w,
                        size_t *count) {
  const sy_inverter *v = f->inverter;
  uint32_t shift = sy_tuple_shift(v->widths);
  size_t counts[SY_POOL_THREADS_MAX], all = 0;
  for (uint32_t i = 0; i < v->worker_count; i++) {
    all += counts[i] = sy_tuples_count(&v->workers[i].fields[f->field], first);
  }
  w->tuples.bytes = w->sorted.bytes = 0;
  uint64_t *to = (uint64_t *)sy_buffer_reserve(&w->tuples, (all + AHEAD) * sizeof *to);
  uint64_t *other = (uint64_t *)sy_buffer_reserve(&w->sorted, (all + AHEAD) * sizeof *other);
  if (!to || !other) return NULL;
  for (uint32_t i = 0; i < v->worker_count; i++) {
    if (!counts[i]) continue;
    sy_tuples *tuples = &v->workers[i].fields[f->field];
    uint64_t *own = *count ? other + *count : to; /* the first ones need no merging */
    sy_tuples_gather(tuples, first, own, counts[i]);
    if (words) rank_words(own, counts[i], shift, f->ranks->rank_of[i]);
    if (*count) {
      memcpy(other, to, *count * sizeof *to);
      sy_tuples_merge(other, *count, own, counts[i], (1ull << shift) - 1, to);
    }
    *count += counts[i];
  }
  return to;
}

/* Stands behind sorted tuples: of no term and no article, so that nobody has to ask for the end. */
#define BEHIND_ALL UINT64_MAX

/* Codes the tuples of the term that begins at `at`; returns those behind it. There are AHEAD and
 * more behind all. */
static const uint64_t *code_term(sy_list_writer *list, sy_tuple_widths widths, const uint64_t *at,
                                 uint32_t *positions) {
  uint32_t shift = sy_tuple_shift(widths);
  uint64_t second = *at >> shift;
  do {
    uint64_t place = *at >> widths.position_bits;
    uint32_t article = sy_tuple_article(widths, *at), n = 0;
    __builtin_prefetch(&list->lengths[sy_tuple_article(widths, at[AHEAD])]);
    do positions[n++] = sy_tuple_position(widths, *at++);
    while (*at >> widths.position_bits == place);
    sy_list_writer_add(list, article, positions, n);
  } while (*at >> shift == second);
  return at;
}

/* The list of a term that occurs once, as very many do. */
static sy_encoded_list once(sy_tuple_widths widths, uint64_t tuple) {
  return (sy_encoded_list){.df = 1,
                           .article = sy_tuple_article(widths, tuple),
                           .frequency = 1,
                           .position = sy_tuple_position(widths, tuple),
                           .frequency_sum = 1};
}

/* The first of the sorted tuples whose second is greater. */
static size_t find_behind(const uint64_t *tuples, size_t count, uint32_t shift, uint32_t second) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (tuples[middle] >> shift <= second) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static void clear_partition(sy_inverter *v, uint32_t field, uint32_t first) {
  for (uint32_t i = 0; i < v->worker_count; i++) {
    sy_tuples_clear(&v->workers[i].fields[field], first);
  }
}

/* Codes the `index`-th partition; a sy_code_run. One that is continued is gathered anew: few are so
 * large. */
static sy_status code_partition(void *context, size_t index, uint32_t worker,
                                const sy_term_key *behind, sy_coded_runs *out, sy_error *error) {
  const flush *f = context;
  sy_inverter_worker *w = &f->inverter->workers[worker];
  sy_tuple_widths widths = f->inverter->widths;
  uint32_t first = ((const uint32_t *)f->firsts.data)[index], shift = sy_tuple_shift(widths);
  bool words = sy_ranks_begin_word(f->ranks, first);
  uint64_t watch = sy_watch_start(f->inverter->timed);
  size_t count = 0;
  uint64_t *tuples = gather(f, first, words, w, &count);
  w->positions.bytes = 0;
  uint32_t *positions = (uint32_t *)sy_buffer_reserve(&w->positions, count * sizeof *positions);
  if (!tuples || !positions) return sy_fail_memory(error);
  tuples = sy_tuples_sort(tuples, (uint64_t *)w->sorted.data, count, shift);
  sy_watch_lap(&watch, &w->times.sort);
  sy_coded_runs_begin(out, f->field, first, words);
  for (uint32_t i = 0; i < AHEAD; i++) tuples[count + i] = BEHIND_ALL;
  const uint64_t *at = tuples, *end = tuples + count;
  if (behind) at += find_behind(tuples, count, shift, behind->second);
  while (at < end && !out->full) {
    sy_term_key key = {first, (uint32_t)(*at >> shift), NULL, 0};
    sy_encoded_list list;
    if (at[1] >> shift != key.second) {
      list = once(widths, *at++);
    } else {
      at = code_term(&w->lists[f->field], widths, at, positions);
      SY_TRY(sy_list_writer_finish(&w->lists[f->field], &list, error));
    }
    if (words) key.word = sy_ranks_word(f->ranks, key.second, &key.word_bytes);
    SY_TRY(sy_coded_runs_add(out, &key, &list, error));
  }
  if (!out->full) clear_partition(f->inverter, f->field, first);
  sy_watch_lap(&watch, &w->times.code);
  return SY_OK;
}

/* ---- A field, a batch ------------------------------------------------------------------------ */

static int compare_u32(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* The first characters that any worker has tuples of, ascending. */
static bool collect_firsts(sy_inverter *v, uint32_t field, sy_buffer *out) {
  for (uint32_t i = 0; i < v->worker_count; i++) {
    sy_buffer *touched = &v->workers[i].fields[field].touched;
    sy_buffer_append(out, touched->data, touched->bytes);
    touched->bytes = 0;
  }
  if (!out->bytes) return !out->failed;
  uint32_t *firsts = (uint32_t *)out->data;
  size_t all = out->bytes / sizeof *firsts, count = 0;
  qsort(firsts, all, sizeof *firsts, compare_u32);
  for (size_t i = 0; i < all; i++) {
    if (!i || firsts[i] != firsts[i - 1]) firsts[count++] = firsts[i];
  }
  out->bytes = count * sizeof *firsts;
  return !out->failed;
}

static sy_status flush_field(sy_inverter *v, sy_segment_writer *segment, uint32_t field,
                             const sy_ranks *ranks, sy_error *error) {
  flush f = {.inverter = v, .field = field, .ranks = ranks};
  sy_status status =
      collect_firsts(v, field, &f.firsts)
          ? sy_code_runs(v->pool, f.firsts.bytes / 4, code_partition, &f, segment, error)
          : sy_fail_memory(error);
  sy_buffer_free(&f.firsts);
  return status;
}

static sy_status write_lengths(sy_inverter *v, sy_segment_writer *segment, sy_error *error) {
  for (uint32_t a = 0; a < v->articles; a++) {
    SY_TRY(sy_segment_writer_lengths(segment, sy_inverter_lengths(v, a), error));
  }
  sy_segment_writer_begin_postings(segment);
  return SY_OK;
}

static sy_status flush_fields(sy_inverter *v, sy_segment_writer *segment, sy_error *error) {
  const sy_words *tables[SY_POOL_THREADS_MAX];
  for (uint32_t i = 0; i < v->worker_count; i++) tables[i] = &v->workers[i].words;
  sy_ranks ranks;
  if (!sy_words_rank(tables, v->worker_count, &ranks)) return sy_fail_memory(error);
  sy_status status = SY_OK;
  for (uint32_t f = 0; f < SY_FIELD_COUNT && status == SY_OK; f++) {
    for (uint32_t i = 0; i < v->worker_count; i++) {
      sy_segment_writer_init_list(segment, f, &v->workers[i].lists[f]);
    }
    status = flush_field(v, segment, f, &ranks, error);
    for (uint32_t i = 0; i < v->worker_count; i++) sy_list_writer_free(&v->workers[i].lists[f]);
  }
  sy_ranks_free(&ranks);
  return status;
}

sy_status sy_inverter_flush(sy_inverter *v, sy_segment_writer *segment, sy_error *error) {
  bool failed = false;
  for (uint32_t i = 0; i < v->worker_count; i++) failed |= v->workers[i].failed;
  if (failed) return sy_fail_memory(error);
  SY_TRY(write_lengths(v, segment, error));
  SY_TRY(flush_fields(v, segment, error));
  for (uint32_t i = 0; i < v->worker_count; i++) {
    sy_inverter_worker *w = &v->workers[i];
    sy_words_clear(&w->words);
    sy_inverter_count_words(v, w);
    w->room.at = w->room.end = NULL;
    sy_inverter_free_scratch(w, v->keep_bytes / KEPT_SCRATCH);
  }
  sy_slabs_reset(&v->slabs, v->keep_bytes);
  v->articles = 0;
  v->text_bytes = 0;
  v->inverted_bytes = 0;
  v->words = 0;
  return SY_OK;
}
