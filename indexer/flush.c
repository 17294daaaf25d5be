/*
 * flush.c - the end of a batch: partitions gathered, sorted and coded by the workers, and written in
 * order (described in invert.h).
 */
#include "base/status.h"
#include "indexer/inverter.h"

#define JOBS 32u           /* on their way */
#define JOB_PARTITIONS 16u /* of a job */

/* A coded term: its list is the next bytes of the job. */
typedef struct coded_term {
  uint32_t second; /* of words: the rank */
  sy_encoded_list list;
} coded_term;

/* A coded partition: its terms are the next ones of the job. */
typedef struct coded_run {
  uint32_t first, terms;
  bool words;
} coded_run;

typedef struct flush_job {
  sy_job job;
  const struct flush *flush;
  size_t begin, end; /* of the first characters */
  sy_buffer runs, terms, bytes;
  sy_status status;
  sy_error error;
} flush_job;

/* One field of a batch. */
typedef struct flush {
  sy_inverter *inverter;
  uint32_t field;
  const sy_ranks *ranks;
  const uint32_t *firsts; /* ascending */
  size_t count;
} flush;

/* ---- Coding a partition (by any worker) ------------------------------------------------------ */

/* Replaces numbers of words by their ranks. */
static void rank_words(uint64_t *tuples, size_t count, uint32_t shift, const uint32_t *rank_of) {
  uint64_t rest = (1ull << shift) - 1;
  for (size_t i = 0; i < count; i++) {
    tuples[i] = (uint64_t)rank_of[tuples[i] >> shift] << shift | (tuples[i] & rest);
  }
}

/* All tuples of a partition by article and position, in w->tuples; *count is 0 before. NULL: memory ran
 * out. */
static uint64_t *gather(const flush *f, uint32_t first, bool words, sy_inverter_worker *w,
                        size_t *count) {
  const sy_inverter *v = f->inverter;
  uint32_t shift = sy_tuple_shift(v->widths);
  size_t counts[SY_POOL_THREADS_MAX], all = 0;
  for (uint32_t i = 0; i < v->worker_count; i++) {
    all += counts[i] = sy_tuples_count(&v->workers[i].fields[f->field], first);
  }
  w->tuples.bytes = w->sorted.bytes = 0;
  uint64_t *to = (uint64_t *)sy_buffer_reserve(&w->tuples, all * sizeof *to);
  uint64_t *other = (uint64_t *)sy_buffer_reserve(&w->sorted, all * sizeof *other);
  if (!to || !other) return NULL;
  for (uint32_t i = 0; i < v->worker_count; i++) {
    if (!counts[i]) continue;
    sy_tuples *tuples = &v->workers[i].fields[f->field];
    uint64_t *own = *count ? other + *count : to; /* the first ones need no merging */
    sy_tuples_gather(tuples, first, own, counts[i]);
    sy_tuples_clear(tuples, first);
    if (words) rank_words(own, counts[i], shift, f->ranks->rank_of[i]);
    if (*count) {
      memcpy(other, to, *count * sizeof *to);
      sy_tuples_merge(other, *count, own, counts[i], (1ull << shift) - 1, to);
    }
    *count += counts[i];
  }
  return to;
}

/* Codes the tuples of one term. */
static void code_term(sy_list_writer *list, sy_tuple_widths widths, const uint64_t *tuples,
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

static sy_status keep_list(flush_job *j, sy_list_writer *list, uint32_t second) {
  coded_term term = {.second = second};
  SY_TRY(sy_list_writer_finish(list, &term.list, &j->error));
  const sy_encoded_list *l = &term.list;
  sy_buffer_append(&j->bytes, l->head, l->head_bytes);
  sy_buffer_append(&j->bytes, l->body, l->body_bytes);
  sy_buffer_append(&j->bytes, l->positions, l->positions_bytes);
  sy_buffer_append(&j->terms, &term, sizeof term);
  return j->bytes.failed || j->terms.failed ? sy_fail_memory(&j->error) : SY_OK;
}

static sy_status code_partition(flush_job *j, uint32_t first, sy_inverter_worker *w) {
  const flush *f = j->flush;
  sy_tuple_widths widths = f->inverter->widths;
  uint32_t shift = sy_tuple_shift(widths);
  coded_run run = {.first = first, .words = sy_ranks_begin_word(f->ranks, first)};
  uint64_t watch = sy_watch_start(f->inverter->timed);
  size_t count = 0;
  uint64_t *tuples = gather(f, first, run.words, w, &count);
  w->positions.bytes = 0;
  uint32_t *positions = (uint32_t *)sy_buffer_reserve(&w->positions, count * sizeof *positions);
  if (!tuples || !positions) return sy_fail_memory(&j->error);
  tuples = sy_tuples_sort(tuples, (uint64_t *)w->sorted.data, count, shift);
  sy_watch_lap(&watch, &w->times.sort);
  for (size_t i = 0; i < count; run.terms++) {
    uint32_t second = (uint32_t)(tuples[i] >> shift);
    size_t end = i + 1;
    while (end < count && tuples[end] >> shift == second) end++;
    code_term(&w->lists[f->field], widths, tuples + i, end - i, positions);
    SY_TRY(keep_list(j, &w->lists[f->field], second));
    i = end;
  }
  sy_watch_lap(&watch, &w->times.code);
  sy_buffer_append(&j->runs, &run, sizeof run);
  return j->runs.failed ? sy_fail_memory(&j->error) : SY_OK;
}

static void run_job(sy_job *job, uint32_t worker) {
  flush_job *j = (flush_job *)job;
  j->runs.bytes = j->terms.bytes = j->bytes.bytes = 0;
  j->status = SY_OK;
  for (size_t i = j->begin; i < j->end && j->status == SY_OK; i++) {
    j->status = code_partition(j, j->flush->firsts[i], &j->flush->inverter->workers[worker]);
  }
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Where a piece of a list lies now. */
static const uint8_t *piece(const uint8_t **at, const uint8_t *was, size_t bytes) {
  const uint8_t *here = *at;
  *at += bytes;
  return was ? here : NULL;
}

static sy_status write_job(flush_job *j, sy_segment_writer *segment, sy_error *error) {
  const flush *f = j->flush;
  const uint8_t *at = j->bytes.data;
  coded_term *term = (coded_term *)j->terms.data;
  coded_run *run = (coded_run *)j->runs.data, *end = run + j->runs.bytes / sizeof *run;
  for (; run < end; run++) {
    sy_lexicon_writer_begin(&segment->lexicon, f->field, run->first, run->words);
    for (uint32_t i = 0; i < run->terms; i++, term++) {
      sy_encoded_list *l = &term->list;
      l->head = piece(&at, l->head, l->head_bytes);
      l->body = piece(&at, l->body, l->body_bytes);
      l->positions = piece(&at, l->positions, l->positions_bytes);
      sy_term_key key = {run->first, term->second, NULL, 0};
      if (run->words) key.word = sy_ranks_word(f->ranks, term->second, &key.word_bytes);
      SY_TRY(sy_segment_writer_list(segment, f->field, &key, l, error));
    }
    SY_TRY(sy_lexicon_writer_end(&segment->lexicon, error));
  }
  return SY_OK;
}

static sy_status take_job(flush_job *j, sy_segment_writer *segment, sy_error *error) {
  sy_pool_wait(j->flush->inverter->pool, &j->job);
  if (j->status == SY_OK) return write_job(j, segment, error);
  *error = j->error;
  return j->status;
}

static sy_status run_jobs(const flush *f, flush_job *jobs, sy_segment_writer *segment,
                          sy_error *error) {
  sy_status status = SY_OK;
  size_t put = 0, taken = 0;
  for (size_t begin = 0; begin < f->count && status == SY_OK; begin += JOB_PARTITIONS) {
    if (put - taken == JOBS) status = take_job(&jobs[taken++ % JOBS], segment, error);
    flush_job *j = &jobs[put++ % JOBS];
    j->job.run = run_job;
    j->flush = f;
    j->begin = begin;
    j->end = f->count - begin < JOB_PARTITIONS ? f->count : begin + JOB_PARTITIONS;
    sy_pool_put(f->inverter->pool, &j->job);
  }
  while (taken < put) {
    flush_job *j = &jobs[taken++ % JOBS];
    if (status == SY_OK) {
      status = take_job(j, segment, error);
    } else {
      sy_pool_wait(f->inverter->pool, &j->job);
    }
  }
  return status;
}

/* ---- A field, a batch ------------------------------------------------------------------------ */

static int compare_u32(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* The first characters that any worker has tuples of, ascending. */
static bool collect_firsts(sy_inverter *v, uint32_t field, sy_buffer *out, size_t *count) {
  for (uint32_t i = 0; i < v->worker_count; i++) {
    sy_buffer *touched = &v->workers[i].fields[field].touched;
    sy_buffer_append(out, touched->data, touched->bytes);
    touched->bytes = 0;
  }
  uint32_t *firsts = (uint32_t *)out->data;
  size_t all = out->bytes / sizeof *firsts;
  *count = 0;
  if (all) qsort(firsts, all, sizeof *firsts, compare_u32);
  for (size_t i = 0; i < all; i++) {
    if (!i || firsts[i] != firsts[i - 1]) firsts[(*count)++] = firsts[i];
  }
  return !out->failed;
}

static sy_status flush_field(sy_inverter *v, sy_segment_writer *segment, uint32_t field,
                             const sy_ranks *ranks, sy_error *error) {
  sy_buffer firsts = {0};
  flush f = {.inverter = v, .field = field, .ranks = ranks};
  flush_job *jobs = calloc(JOBS, sizeof *jobs);
  bool good = jobs && collect_firsts(v, field, &firsts, &f.count);
  f.firsts = (const uint32_t *)firsts.data;
  sy_status status = good ? run_jobs(&f, jobs, segment, error) : sy_fail_memory(error);
  for (uint32_t i = 0; jobs && i < JOBS; i++) {
    sy_buffer *buffers[] = {&jobs[i].runs, &jobs[i].terms, &jobs[i].bytes};
    for (int b = 0; b < 3; b++) sy_buffer_free(buffers[b]);
  }
  free(jobs);
  sy_buffer_free(&firsts);
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
    sy_words_clear(&v->workers[i].words);
    v->workers[i].room.at = v->workers[i].room.end = NULL;
  }
  sy_slabs_reset(&v->slabs);
  v->articles = 0;
  v->text_bytes = 0;
  v->inverted_bytes = 0;
  v->words = 0;
  return SY_OK;
}
