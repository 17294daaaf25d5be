/* pool.c - a queue of jobs under a mutex (contracts in pool.h). */
#include "base/pool.h"

#include "base/status.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct worker {
  struct sy_pool *pool;
  uint32_t number;
  pthread_t thread;
} worker;

struct sy_pool {
  uint32_t threads, started; /* without the caller's */
  worker workers[SY_POOL_THREADS_MAX - 1];
  bool begun;
  pthread_mutex_t mutex; /* over all below, and `done` of the jobs */
  pthread_cond_t filled, finished;
  bool stop;
  sy_job *first, **last;
};

sy_status sy_pool_new(uint32_t threads, sy_pool **out, sy_error *error) {
  sy_pool *p = *out = calloc(1, sizeof *p);
  if (!p) return sy_fail_memory(error);
  p->threads = threads - 1;
  p->last = &p->first;
  pthread_mutex_init(&p->mutex, NULL);
  pthread_cond_init(&p->filled, NULL);
  pthread_cond_init(&p->finished, NULL);
  return SY_OK;
}

uint32_t sy_pool_workers(const sy_pool *p) { return p->threads + 1; }

/* Runs the oldest job. Called, and returns, with the mutex held. */
static void run_first(sy_pool *p, uint32_t number) {
  sy_job *job = p->first;
  p->first = job->next;
  if (!p->first) p->last = &p->first;
  pthread_mutex_unlock(&p->mutex);
  job->run(job, number);
  pthread_mutex_lock(&p->mutex);
  job->done = true;
  pthread_cond_signal(&p->finished);
}

static void *work(void *argument) {
  worker *w = argument;
  sy_pool *p = w->pool;
  pthread_mutex_lock(&p->mutex);
  while (!p->stop) {
    if (p->first) {
      run_first(p, w->number);
    } else {
      pthread_cond_wait(&p->filled, &p->mutex);
    }
  }
  pthread_mutex_unlock(&p->mutex);
  return NULL;
}

/* Fewer threads than asked for will do. */
static void start_threads(sy_pool *p) {
  while (p->started < p->threads) {
    worker *w = &p->workers[p->started];
    *w = (worker){.pool = p, .number = p->started + 1};
    if (!sy_thread_start(&w->thread, work, w)) break;
    p->started++;
  }
}

void sy_pool_put(sy_pool *p, sy_job *job) {
  if (!p->begun) start_threads(p);
  p->begun = true;
  job->next = NULL;
  job->done = false;
  pthread_mutex_lock(&p->mutex);
  *p->last = job;
  p->last = &job->next;
  pthread_cond_signal(&p->filled);
  pthread_mutex_unlock(&p->mutex);
}

void sy_pool_wait(sy_pool *p, sy_job *job) {
  pthread_mutex_lock(&p->mutex);
  while (!job->done) {
    if (p->first) {
      run_first(p, 0);
    } else {
      pthread_cond_wait(&p->finished, &p->mutex);
    }
  }
  pthread_mutex_unlock(&p->mutex);
}

void sy_pool_free(sy_pool *p) {
  if (!p) return;
  pthread_mutex_lock(&p->mutex);
  p->stop = true;
  pthread_cond_broadcast(&p->filled);
  pthread_mutex_unlock(&p->mutex);
  for (uint32_t i = 0; i < p->started; i++) pthread_join(p->workers[i].thread, NULL);
  pthread_mutex_destroy(&p->mutex);
  pthread_cond_destroy(&p->filled);
  pthread_cond_destroy(&p->finished);
  free(p);
}
