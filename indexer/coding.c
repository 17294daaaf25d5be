/* coding.c - runs coded by workers and written in order (contract in coding.h). */
#include "indexer/coding.h"

#include "base/status.h"

#define WORKER_JOBS 4u                            /* on their way, for each worker */
#define JOB_RUNS 16u                              /* of a job */
#define JOB_BYTES (SY_CODING_BYTES / WORKER_JOBS) /* from so many on, the job ends */

/* A term and its list, small because there are so many. The word, head, body and positions lie in
 * this order in `bytes`, behind those of the terms before it. */
typedef struct coded_term {
  uint32_t second, df;
  uint64_t frequency_sum;
  uint32_t article, position; /* when df = 1 */
  uint32_t head_bytes, body_bytes, positions_bytes;
  uint32_t word_bytes;
} coded_term;

typedef struct coded_run {
  uint32_t field, first, terms;
  bool words, continued; /* the job before has its first terms */
} coded_run;

typedef struct coding_job {
  sy_job job;
  const sy_coding *coding;
  size_t begin, end;
  bool continued; /* run `begin`, behind its term `coded.last` */
  sy_coded_runs coded;
  sy_status status;
  sy_error error;
} coding_job;

struct sy_coding {
  sy_pool *pool;
  sy_code_run *code;
  void *context;
  sy_segment_writer *segment;
  size_t count, next; /* runs, and the first that no job has */
  coding_job *jobs;
  size_t job_count, put, taken;
  bool in_run; /* of the lexicon being written */
};

/* ---- Coded runs ------------------------------------------------------------------------------ */

void sy_coded_runs_begin(sy_coded_runs *c, uint32_t field, uint32_t first, bool words) {
  coded_run run = {field, first, 0, words, false};
  sy_buffer_append(&c->runs, &run, sizeof run);
}

static uint8_t *put_piece(uint8_t *to, const uint8_t *from, size_t bytes) {
  if (bytes) memcpy(to, from, bytes); /* there may be none at all */
  return to + bytes;
}

sy_status sy_coded_runs_add(sy_coded_runs *c, const sy_term_key *key, const sy_encoded_list *l,
                            sy_error *error) {
  coded_term *term = (coded_term *)sy_buffer_reserve(&c->terms, sizeof *term);
  size_t bytes = key->word_bytes + l->head_bytes + l->body_bytes + l->positions_bytes;
  uint8_t *to = sy_buffer_reserve(&c->bytes, bytes + 1); /* never NULL: there may be no bytes */
  if (c->terms.failed || c->bytes.failed || c->runs.failed) return sy_fail_memory(error);
  *term = (coded_term){.second = key->second,
                       .df = l->df,
                       .frequency_sum = l->frequency_sum,
                       .article = l->article,
                       .position = l->position,
                       .head_bytes = (uint32_t)l->head_bytes,
                       .body_bytes = (uint32_t)l->body_bytes,
                       .positions_bytes = (uint32_t)l->positions_bytes,
                       .word_bytes = key->word_bytes};
  to = put_piece(to, key->word, key->word_bytes);
  to = put_piece(to, l->head, l->head_bytes);
  to = put_piece(to, l->body, l->body_bytes);
  put_piece(to, l->positions, l->positions_bytes);
  c->terms.bytes += sizeof *term;
  c->bytes.bytes += bytes;
  ((coded_run *)(c->runs.data + c->runs.bytes))[-1].terms++;
  c->full = c->terms.bytes + c->bytes.bytes > JOB_BYTES;
  if (!c->full) return SY_OK;
  c->last = *key;
  if (key->word_bytes) c->last.word = memcpy(c->last_word, key->word, key->word_bytes);
  return SY_OK;
}

static const uint8_t *take_piece(const uint8_t **at, size_t bytes) {
  if (!bytes) return NULL;
  *at += bytes;
  return *at - bytes;
}

/* Adds a term whose pieces begin at *at, which moves behind them. */
static sy_status write_term(sy_coding *c, const coded_run *run, const coded_term *t,
                            const uint8_t **at, sy_error *error) {
  sy_term_key key = {.first = run->first, .second = t->second, .word_bytes = t->word_bytes};
  sy_encoded_list list = {.df = t->df,
                          .article = t->article,
                          .frequency = t->df == 1 ? (uint32_t)t->frequency_sum : 0,
                          .position = t->position,
                          .frequency_sum = t->frequency_sum,
                          .head_bytes = t->head_bytes,
                          .body_bytes = t->body_bytes,
                          .positions_bytes = t->positions_bytes};
  key.word = take_piece(at, t->word_bytes);
  list.head = take_piece(at, t->head_bytes);
  list.body = take_piece(at, t->body_bytes);
  list.positions = take_piece(at, t->positions_bytes);
  return sy_segment_writer_list(c->segment, run->field, &key, &list, error);
}

static sy_status end_run(sy_coding *c, sy_error *error) {
  if (!c->in_run) return SY_OK;
  c->in_run = false;
  return sy_lexicon_writer_end(&c->segment->lexicon, error);
}

static sy_status write_runs(sy_coding *c, const sy_coded_runs *coded, sy_error *error) {
  const uint8_t *at = coded->bytes.data;
  const coded_term *term = (const coded_term *)coded->terms.data;
  const coded_run *run = (const coded_run *)coded->runs.data,
                  *end = run + coded->runs.bytes / sizeof *run;
  for (; run < end; run++) {
    if (!run->terms) continue;
    if (!run->continued) {
      SY_TRY(end_run(c, error));
      sy_lexicon_writer_begin(&c->segment->lexicon, run->field, run->first, run->words);
      c->in_run = true;
    }
    for (uint32_t i = 0; i < run->terms; i++, term++) {
      SY_TRY(write_term(c, run, term, &at, error));
    }
  }
  return SY_OK;
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static void run_job(sy_job *job, uint32_t worker) {
  coding_job *j = (coding_job *)job;
  sy_coded_runs *out = &j->coded;
  const sy_term_key *behind = j->continued ? &out->last : NULL;
  out->runs.bytes = out->terms.bytes = out->bytes.bytes = 0;
  out->full = false;
  j->status = SY_OK;
  while (j->begin < j->end && j->status == SY_OK && !out->full) {
    j->status = j->coding->code(j->coding->context, j->begin, worker, behind, out, &j->error);
    if (behind && out->runs.bytes) ((coded_run *)out->runs.data)->continued = true;
    behind = NULL;
    if (!out->full) j->begin++;
  }
  j->continued = out->full;
}

static void put_job(sy_coding *c) {
  coding_job *j = &c->jobs[c->put++ % c->job_count];
  j->job.run = run_job;
  j->coding = c;
  j->begin = c->next;
  j->end = c->count - c->next < JOB_RUNS ? c->count : c->next + JOB_RUNS;
  j->continued = false;
  c->next = j->end;
  sy_pool_put(c->pool, &j->job);
}

/* Writes what a job coded, and lets it go on when that is not all. */
static sy_status write_job(sy_coding *c, coding_job *j, sy_error *error) {
  if (j->status != SY_OK) {
    if (error) *error = j->error;
    return j->status;
  }
  SY_TRY(write_runs(c, &j->coded, error));
  if (j->begin == j->end) {
    c->taken++;
  } else {
    sy_pool_put(c->pool, &j->job);
  }
  return SY_OK;
}

sy_status sy_coding_begin(sy_pool *pool, size_t count, sy_code_run *code, void *context,
                          sy_segment_writer *segment, sy_coding **out, sy_error *error) {
  sy_coding *c = *out = calloc(1, sizeof *c);
  if (!c) return sy_fail_memory(error);
  *c = (sy_coding){
      .pool = pool, .code = code, .context = context, .segment = segment, .count = count};
  c->job_count = WORKER_JOBS * sy_pool_workers(pool);
  c->jobs = calloc(c->job_count, sizeof *c->jobs);
  return c->jobs ? SY_OK : sy_fail_memory(error);
}

sy_status sy_coding_step(sy_coding *c, bool *done, sy_error *error) {
  while (c->next < c->count && c->put - c->taken < c->job_count) put_job(c);
  *done = c->put == c->taken;
  if (*done) return end_run(c, error);
  coding_job *oldest = &c->jobs[c->taken % c->job_count];
  sy_pool_wait(c->pool, &oldest->job);
  return write_job(c, oldest, error);
}

void sy_coding_end(sy_coding *c) {
  if (!c) return;
  for (; c->taken < c->put; c->taken++) {
    sy_pool_wait(c->pool, &c->jobs[c->taken % c->job_count].job);
  }
  for (size_t i = 0; c->jobs && i < c->job_count; i++) {
    sy_coded_runs *coded = &c->jobs[i].coded;
    sy_buffer *buffers[] = {&coded->runs, &coded->terms, &coded->bytes};
    for (int b = 0; b < 3; b++) sy_buffer_free(buffers[b]);
  }
  free(c->jobs);
  free(c);
}

sy_status sy_code_runs(sy_pool *pool, size_t count, sy_code_run *code, void *context,
                       sy_segment_writer *segment, sy_error *error) {
  sy_coding *c;
  bool done = false;
  sy_status status = sy_coding_begin(pool, count, code, context, segment, &c, error);
  while (status == SY_OK && !done) status = sy_coding_step(c, &done, error);
  sy_coding_end(c);
  return status;
}
