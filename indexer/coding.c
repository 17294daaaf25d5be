/* coding.c - runs coded by workers and written in order (contract in coding.h). */
#include "indexer/coding.h"

#include "base/status.h"

#define WORKER_JOBS 4u                            /* on their way, for each worker */
#define JOB_RUNS 16u                              /* of a job */
#define JOB_BYTES (SY_CODING_BYTES / WORKER_JOBS) /* from so many on, the job ends */

/* Its pieces, and those of the terms before it, lie in this order in `bytes`. */
typedef struct coded_term {
  sy_term_key key;
  sy_encoded_list list;
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
  c->full = c->terms.bytes + c->bytes.bytes > JOB_BYTES;
  if (!c->full) return SY_OK;
  c->last = *key;
  if (key->word_bytes) c->last.word = memcpy(c->last_word, key->word, key->word_bytes);
  return SY_OK;
}

/* Where a piece lies now. */
static const uint8_t *piece(const uint8_t **at, const uint8_t *was, size_t bytes) {
  const uint8_t *here = *at;
  if (bytes) *at += bytes; /* there may be none at all */
  return was ? here : NULL;
}

static sy_status end_run(sy_coding *c, sy_error *error) {
  if (!c->in_run) return SY_OK;
  c->in_run = false;
  return sy_lexicon_writer_end(&c->segment->lexicon, error);
}

static sy_status write_runs(sy_coding *c, const sy_coded_runs *coded, sy_error *error) {
  const uint8_t *at = coded->bytes.data;
  coded_term *term = (coded_term *)coded->terms.data;
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
      sy_encoded_list *l = &term->list;
      term->key.word = piece(&at, term->key.word, term->key.word_bytes);
      l->head = piece(&at, l->head, l->head_bytes);
      l->body = piece(&at, l->body, l->body_bytes);
      l->positions = piece(&at, l->positions, l->positions_bytes);
      SY_TRY(sy_segment_writer_list(c->segment, run->field, &term->key, l, error));
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
