/*
 * test_memory.c - memory that runs out: in a run that adds, deletes, commits, merges, optimises and
 * searches, the n-th allocation fails, or all from the n-th on. Every call then says SY_NO_MEMORY
 * or does its work, nothing is leaked, and the index has the last commit that was reported.
 *
 * $SUOYIN_MEMORY_POINTS: how many n there are (default 200; make torture: all).
 */
#include "tests/indexer/failing_memory.h"
#include "tests/storage/storage_helper.h"

#include <limits.h>

#ifdef SANITIZED
int main(void) {
  puts("1..0 # SKIP a sanitizer has an allocator of its own");
  return 0;
}
#else

/* ---- The run --------------------------------------------------------------------------------- */

#define ARTICLES 60u /* of each step */

typedef struct run {
  const char *path;
  uint32_t threads;
  buffer bodies[ARTICLES];
  uint64_t reported; /* articles of the last commit that was reported */
  bool warm;         /* what is made once in a process is made */
  bool failed;
  sy_status other; /* what a call said that is neither success nor SY_NO_MEMORY */
} run;

/* Whether it did its work; memory is the only reason not to. */
static bool good(run *r, sy_status status) {
  if (status == SY_OK || status == SY_NOT_FOUND) return true;
  r->failed = true;
  if (status != SY_NO_MEMORY && r->other == SY_OK) r->other = status;
  return false;
}

static bool add(run *r, sy_writer *w, uint32_t first) {
  for (uint32_t i = 0; i < ARTICLES; i++) {
    char id[20];
    sy_article article = {{id, (size_t)sprintf(id, "m%u", first + i)},
                          {"题目", 6},
                          {r->bodies[i].data, r->bodies[i].bytes},
                          {"{\"k\":1}", 7}};
    if (!good(r, sy_writer_add(w, &article, &test_error))) return false;
  }
  return true;
}

/* Commits of 120 articles (60 in each of two batches), then of 118, then merged and in another
 * order. */
static void write_all(run *r, sy_writer *w) {
  for (uint32_t first = 0; first < 2 * ARTICLES; first += ARTICLES) {
    if (!add(r, w, first) || !good(r, sy_writer_commit(w, &test_error))) return;
    r->reported = first + ARTICLES;
  }
  if (!good(r, sy_writer_delete(w, string_of("m3"), &test_error))) return;
  if (!good(r, sy_writer_delete(w, string_of("m70"), &test_error))) return;
  if (!add(r, w, ARTICLES / 2) || !good(r, sy_writer_commit(w, &test_error))) return;
  r->reported = 2 * ARTICLES - 1; /* m70 came back */
  if (!good(r, sy_writer_merge(w, 1, &test_error))) return;
  good(r, sy_writer_optimize(w, &test_error));
}

static void write_part(run *r) {
  sy_writer *w;
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.memory_bytes = 32u << 20;
  options.threads = r->threads;
  if (good(r, sy_writer_open(r->path, &options, &w, &test_error))) write_all(r, w);
  sy_writer_close(w);
}

static void show_hits(run *r, sy_index *index, const sy_query *query) {
  sy_results *results;
  if (!good(r, sy_search(index, query, NULL, &results, &test_error))) return;
  for (size_t i = 0; i < sy_results_count(results) && i < 3; i++) {
    sy_snippet snippet;
    uint64_t article = sy_results_hit(results, i)->article;
    if (!good(r, sy_snippet_make(index, query, article, NULL, &snippet, &test_error))) break;
  }
  sy_results_free(results);
}

static void search(run *r, sy_index *index, const char *text) {
  sy_query *query;
  uint64_t count;
  if (!good(r, sy_query_parse(string_of(text), 0, &query, &test_error))) return;
  show_hits(r, index, query);
  good(r, sy_count(index, query, &count, &test_error));
  sy_query_free(query);
}

static void read_part(run *r) {
  static const char *const queries[] = {
      "每篇", "\"每篇都有 every\"", "e*", "题 OR 每 -zz", "每篇都有每一 every", "=每", "id:m7"};
  sy_index *index;
  uint64_t number;
  sy_article article;
  if (!good(r, sy_index_open(r->path, &index, &test_error))) return;
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) search(r, index, queries[i]);
  if (good(r, sy_index_find(index, string_of("m20"), &number, &test_error)) && r->reported) {
    good(r, sy_index_article(index, number, &article, &test_error));
  }
  good(r, sy_index_check(index, NULL, NULL, &test_error));
  sy_index_close(index);
}

/* A run in which allocation `n` fails, and with `on` those behind it. Returns how many there
 * were. */
static long run_all(run *r, long n, bool on) {
  char *path = make_directory();
  r->path = path;
  r->reported = 0;
  r->failed = false;
  r->other = SY_OK;
  long before = blocks;
  calls = 0;
  fails_on = on;
  first_failing = n;
  write_part(r);
  if (r->reported) read_part(r);
  first_failing = -1;
  long count = calls;
  if (r->other != SY_OK) fail_msg("allocation %ld fails: %s", n, test_error.reason);
  if (r->warm && blocks != before)
    fail_msg("allocation %ld fails: %ld blocks are left", n, blocks - before);
  if (r->reported) {
    assert_int_equal(stats_of(path).articles, r->reported);
    assert_sound(path);
  }
  write_part(r); /* it goes on */
  assert_int_equal(stats_of(path).articles, 2 * ARTICLES - 1);
  remove_directory(path);
  return count;
}

static void fail_everywhere(uint32_t threads) {
  random_source random = seeded(104);
  const char *wanted = getenv("SUOYIN_MEMORY_POINTS");
  long points = wanted ? atol(wanted) : 200, failed = 0, all;
  run r = {.threads = threads};
  for (uint32_t i = 0; i < ARTICLES; i++) {
    buffer_add_string(&r.bodies[i], "每篇都有 every one ");
    random_text(&random, 40, true, &r.bodies[i]);
  }
  run_all(&r, LONG_MAX, false);
  r.warm = true;
  all = run_all(&r, LONG_MAX, false);
  for (long i = 0; i < points && i < all; i++) {
    run_all(&r, all <= points ? i : (long)((double)all * (double)i / (double)points), i % 2);
    failed += r.failed;
  }
  printf("# %ld allocations\n", all);
  assert_true(failed > points / 2 || failed > all / 2);
  for (uint32_t i = 0; i < ARTICLES; i++) free(r.bodies[i].data);
}

static void test_one_thread(void **state) {
  (void)state;
  fail_everywhere(1);
}

static void test_threads(void **state) {
  (void)state;
  fail_everywhere(2);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_thread),
                                     cmocka_unit_test(test_threads)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
