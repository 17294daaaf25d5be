/*
 * coding.h - runs of the lexicon, coded by all workers of a pool and written in order by the caller.
 *
 * A run is the terms of a field that begin with one character (lexicon.h). Workers code runs into memory,
 * several to a job; the caller writes the jobs to the segment as they are done, oldest first. A flush codes
 * runs of tuples, a merge runs of other segments.
 */
#ifndef SY_CODING_H
#define SY_CODING_H

#include "base/pool.h"
#include "storage/segment.h"

/* Coded runs, one behind the other. */
typedef struct sy_coded_runs {
  sy_buffer runs, terms, bytes;
} sy_coded_runs;

void sy_coded_runs_begin(sy_coded_runs *c, uint32_t field, uint32_t first, bool words);
/* Ends the list that `list` holds and adds it with its term, both copied, to the current run. */
sy_status sy_coded_runs_add(sy_coded_runs *c, const sy_term_key *key, sy_list_writer *list,
                            sy_error *error);

/* Codes the `index`-th run into `out`: called by any worker, in any order. */
typedef sy_status sy_code_run(void *context, size_t index, uint32_t worker, sy_coded_runs *out,
                              sy_error *error);

/* Codes `count` runs, ascending by field and first character, and writes them to `segment`. Runs without
 * terms are left out. The first error ends it; no run is being coded any more when this returns. */
sy_status sy_code_runs(sy_pool *pool, size_t count, sy_code_run *code, void *context,
                       sy_segment_writer *segment, sy_error *error);

#endif
