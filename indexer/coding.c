/* coding.c - runs coded by workers and written in order (contract in coding.h). */
#include "indexer/coding.h"

#include "base/status.h"

#define JOBS 32u     /* on their way */
#define JOB_RUNS 16u /* of a job */

/* Its pieces, and those of the terms before it, lie in this order in `bytes`. */
typedef struct coded_term {
  sy_term_key key;
  sy_encoded_list list;
} coded_term;

typedef struct coded_run {
  uint32_t field, first, terms;
  bool words;
} coded_run;

typedef struct coding_job {
  sy_job job;
  const struct coding *coding;
  size_t begin, end;
  sy_coded_runs coded;
  sy_status status;
  sy_error error;
} coding_job;

typedef struct coding {
  sy_pool *pool;
  sy_code_run *code;
  void *context;
  sy_segment_writer *segment;
  coding_job jobs[JOBS];
  size_t put, taken;
} coding;

/* ---- Coded runs ------------------------------------------------------------------------------ */

void sy_coded_runs_begin(sy_coded_runs *c, uint32_t field, uint32_t first, bool words) {
  coded_run run = {field, first, 0, words};
  sy_buffer_append(&c->runs, &run, sizeof run);
}

sy_status sy_coded_runs_add(sy_coded_runs *c, const sy_term_key *key, sy_list_writer *list,
                            sy_error *error) {
  coded_term term = {.key = *key};
  SY_TRY(sy_list_writer_finish(list, &term.list, error));
  const sy_encoded_list *l = &term.list;
  if (key->word_bytes) sy_buffer_append(&c->bytes, key->word, key->word_bytes);
  sy_buffer_append(&c->bytes, l->head, l->head_bytes);
  sy_buffer_append(&c->bytes, l->body, l->body_bytes);
  sy_buffer_append(&c->bytes, l->positions, l->positions_bytes);
  sy_buffer_append(&c->terms, &term, sizeof term);
  if (c->runs.failed || c->bytes.failed || c->terms.failed) return sy_fail_memory(error);
  ((coded_run *)(c->runs.data + c->runs.bytes))[-1].terms++;
  return SY_OK;
}

/* Where a piece lies now. */
static const uint8_t *piece(const uint8_t **at, const uint8_t *was, size_t bytes) {
  const uint8_t *here = *at;
  *at += bytes;
  return was ? here : NULL;
}

static sy_status write_runs(const sy_coded_runs *c, sy_segment_writer *segment, sy_error *error) {
  const uint8_t *at = c->bytes.data;
  coded_term *term = (coded_term *)c->terms.data;
  const coded_run *run = (const coded_run *)c->runs.data, *end = run + c->runs.bytes / sizeof *run;
  for (; run < end; run++) {
    if (!run->terms) continue;
    sy_lexicon_writer_begin(&segment->lexicon, run->field, run->first, run->words);
    for (uint32_t i = 0; i < run->terms; i++, term++) {
      sy_encoded_list *l = &term->list;
      term->key.word = piece(&at, term->key.word, term->key.word_bytes);
      l->head = piece(&at, l->head, l->head_bytes);
      l->body = piece(&at, l->body, l->body_bytes);
      l->positions = piece(&at, l->positions, l->positions_bytes);
      SY_TRY(sy_segment_writer_list(segment, run->field, &term->key, l, error));
    }
    SY_TRY(sy_lexicon_writer_end(&segment->lexicon, error));
  }
  return SY_OK;
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static void run_job(sy_job *job, uint32_t worker) {
  coding_job *j = (coding_job *)job;
  j->coded.runs.bytes = j->coded.terms.bytes = j->coded.bytes.bytes = 0;
  j->status = SY_OK;
  for (size_t i = j->begin; i < j->end && j->status == SY_OK; i++) {
    j->status = j->coding->code(j->coding->context, i, worker, &j->coded, &j->error);
  }
}

static void put_job(coding *c, size_t begin, size_t end) {
  coding_job *j = &c->jobs[c->put++ % JOBS];
  j->job.run = run_job;
  j->coding = c;
  j->begin = begin;
  j->end = end;
  sy_pool_put(c->pool, &j->job);
}

/* Waits for the oldest job and writes what it coded, if all went well so far. */
static sy_status take_job(coding *c, sy_status so_far, sy_error *error) {
  coding_job *j = &c->jobs[c->taken++ % JOBS];
  sy_pool_wait(c->pool, &j->job);
  if (so_far != SY_OK) return so_far;
  if (j->status == SY_OK) return write_runs(&j->coded, c->segment, error);
  if (error) *error = j->error;
  return j->status;
}

sy_status sy_code_runs(sy_pool *pool, size_t count, sy_code_run *code, void *context,
                       sy_segment_writer *segment, sy_error *error) {
  coding *c = calloc(1, sizeof *c);
  if (!c) return sy_fail_memory(error);
  *c = (coding){.pool = pool, .code = code, .context = context, .segment = segment};
  sy_status status = SY_OK;
  for (size_t begin = 0; begin < count && status == SY_OK; begin += JOB_RUNS) {
    if (c->put - c->taken == JOBS) status = take_job(c, status, error);
    put_job(c, begin, count - begin < JOB_RUNS ? count : begin + JOB_RUNS);
  }
  while (c->taken < c->put) status = take_job(c, status, error);
  for (uint32_t i = 0; i < JOBS; i++) {
    sy_coded_runs *coded = &c->jobs[i].coded;
    sy_buffer *buffers[] = {&coded->runs, &coded->terms, &coded->bytes};
    for (int b = 0; b < 3; b++) sy_buffer_free(buffers[b]);
  }
  free(c);
  return status;
}
