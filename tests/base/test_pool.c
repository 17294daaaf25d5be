/* test_pool.c - every job runs once, whoever runs it, and is over when it was waited for. */
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define JOBS 2000

typedef struct counting_job {
  sy_job job;
  uint64_t number, sum;
  uint32_t runs, worker;
} counting_job;

static void add_up(sy_job *job, uint32_t worker) {
  counting_job *c = (counting_job *)job;
  for (uint64_t i = 0; i <= c->number; i++) c->sum += i;
  c->runs++;
  c->worker = worker;
}

static void check_done(const counting_job *c, const sy_pool *pool) {
  assert_int_equal(c->runs, 1);
  assert_int_equal(c->sum, c->number * (c->number + 1) / 2);
  assert_true(c->worker < sy_pool_workers(pool));
}

/* In the order they were put, as a ring of `window` jobs, and from the last to the first. */
static void check_pool(uint32_t threads, uint64_t window) {
  static counting_job jobs[JOBS];
  sy_pool *pool;
  sy_error error;
  assert_int_equal(sy_pool_new(threads, &pool, &error), SY_OK);
  assert_int_equal(sy_pool_workers(pool), threads);
  for (uint64_t i = 0; i < JOBS; i++) {
    jobs[i] = (counting_job){.job.run = add_up, .number = i % 512};
    sy_pool_put(pool, &jobs[i].job);
    if (i < window) continue;
    sy_pool_wait(pool, &jobs[i - window].job);
    check_done(&jobs[i - window], pool);
  }
  for (uint64_t i = JOBS; i-- > JOBS - window;) sy_pool_wait(pool, &jobs[i].job);
  for (uint64_t i = 0; i < JOBS; i++) check_done(&jobs[i], pool);
  sy_pool_free(pool);
}

static void test_jobs(void **state) {
  (void)state;
  const uint32_t threads[] = {1, 2, 3, SY_POOL_THREADS_MAX};
  for (int i = 0; i < 4; i++) {
    check_pool(threads[i], 0);
    check_pool(threads[i], 7);
    check_pool(threads[i], JOBS);
  }
}

static void test_unused(void **state) {
  (void)state;
  sy_pool *pool;
  sy_error error;
  assert_int_equal(sy_pool_new(4, &pool, &error), SY_OK);
  sy_pool_free(pool);
  sy_pool_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_jobs), cmocka_unit_test(test_unused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
