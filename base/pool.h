/*
 * pool.h - jobs that several threads run, oldest first.
 *
 * One thread, the caller's, puts jobs and waits for them, and runs jobs itself while it waits. A
 * pool without threads of its own is sound too: everything then runs in sy_pool_wait(). The threads
 * start with the first job, with all signals blocked: those are the caller's.
 */
#ifndef SY_POOL_H
#define SY_POOL_H

#include "suoyin.h"

#define SY_POOL_THREADS_MAX 16u /* the caller's included */

/* Part of a larger structure that has what `run` needs. It is the pool's between put and wait. */
typedef struct sy_job {
  void (*run)(struct sy_job *job, uint32_t worker);
  struct sy_job *next;
  bool done;
} sy_job;

typedef struct sy_pool sy_pool;

/* `threads` is 1 to SY_POOL_THREADS_MAX, the caller's included. SY_NO_MEMORY. */
sy_status sy_pool_new(uint32_t threads, sy_pool **out, sy_error *error);
/* Every job must have been waited for. Accepts NULL. */
void sy_pool_free(sy_pool *pool);

/* A job's `worker` is below this: 0 is the caller's thread. No two jobs run as one worker at
 * once. */
uint32_t sy_pool_workers(const sy_pool *pool);

void sy_pool_put(sy_pool *pool, sy_job *job);
/* Returns when the job is done. What it wrote can be read then. */
void sy_pool_wait(sy_pool *pool, sy_job *job);

#endif
