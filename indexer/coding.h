/*
 * coding.h - runs of the lexicon, coded by all workers of a pool and written in order by the
 * caller.
 *
 * A run is the terms of a field that begin with one character (lexicon.h). Workers code runs into
 * memory, several to a job; the caller writes the jobs to the segment as they are done, oldest
 * first. A flush codes runs of tuples, a merge runs of other segments.
 */
#ifndef SY_CODING_H
#define SY_CODING_H

#include "base/pool.h"
#include "storage/segment.h"

/* Coded runs, one behind the other. */
typedef struct sy_coded_runs {
  sy_buffer runs, terms, bytes;
  /* So much was coded that it has to be written first. The coder returns, and is called again later
   * to code what is behind `last`. */
  bool full;
  sy_term_key last; /* the last term of the run; `word` points into `last_word` */
  uint8_t last_word[256];
} sy_coded_runs;

void sy_coded_runs_begin(sy_coded_runs *c, uint32_t field, uint32_t first, bool words);
/* Adds a term and its list, both copied, to the current run. */
sy_status sy_coded_runs_add(sy_coded_runs *c, const sy_term_key *key, const sy_encoded_list *list,
                            sy_error *error);

/* Codes the terms of the `index`-th run into `out`, or with `behind` those that are greater, until
 * `out` is full: called by any worker, in any order. */
typedef sy_status sy_code_run(void *context, size_t index, uint32_t worker,
                              const sy_term_key *behind, sy_coded_runs *out, sy_error *error);

/* The coding of `count` runs, ascending by field and first character, and their writing to
 * `segment`. Runs without terms are left out. Takes at most SY_CODING_BYTES for each worker, and a
 * list for each. */
typedef struct sy_coding sy_coding;

sy_status sy_coding_begin(sy_pool *pool, size_t count, sy_code_run *code, void *context,
                          sy_segment_writer *segment, sy_coding **out, sy_error *error);
/* Writes some runs, having waited for them to be coded. *done: there are no more. After an error,
 * only sy_coding_end(). */
sy_status sy_coding_step(sy_coding *c, bool *done, sy_error *error);
/* No run is being coded any more when this returns. Accepts NULL. */
void sy_coding_end(sy_coding *c);

/* All of it. */
sy_status sy_code_runs(sy_pool *pool, size_t count, sy_code_run *code, void *context,
                       sy_segment_writer *segment, sy_error *error);

#define SY_CODING_BYTES (4u << 20)

#endif
