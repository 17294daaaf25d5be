/*
 * test_threads.c - several threads find what one finds, in its order: on enough articles for
 * several ranges in several segments, with deletions, and texts so short that most scores are
 * equal.
 */
#include "query/topk.h"
#include "tests/query/search_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARTICLES = 12 * SY_RANGE, SEGMENTS = 3 };

static uint64_t random_state = 1;
static uint32_t below(uint32_t limit) {
  random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(random_state >> 33) % limit;
}

/* One segment is larger than all others together: ranges of one and of several segments. */
static void add_articles(fixture *f) {
  static const char *const pieces[] = {"机器", "学习", "人工", "智能", "机", "的", "sql ", "，"};
  for (uint32_t i = 0; i < ARTICLES; i++) {
    char id[16], body[128] = "";
    for (uint32_t k = below(6) + 1; k > 0; k--) strcat(body, pieces[below(1 + below(8))]);
    snprintf(id, sizeof id, "%u", (unsigned)i);
    add(f, id, below(9) ? "" : "学习", body);
    if (i == 2 * SY_RANGE || i == 4 * SY_RANGE) commit(f);
  }
  commit(f);
  sy_error error;
  for (uint32_t i = 0; i < ARTICLES; i += 1 + below(20)) delete_number(f, i);
  commit(f);
  sy_index_stats stats;
  assert_int_equal(sy_index_get_stats(f->index, &stats, &error), SY_OK);
  assert_true(stats.segments >= SEGMENTS && stats.deleted > 0);
}

static sy_results *search(fixture *f, const sy_query *query, sy_search_options options) {
  sy_error error;
  sy_results *results;
  if (sy_search(f->index, query, &options, &results, &error) != SY_OK) fail_msg("%s", error.reason);
  return results;
}

static void assert_same(const char *query, const sy_results *a, const sy_results *b) {
  if (sy_results_count(a) != sy_results_count(b)) fail_msg("%s: not as many", query);
  for (size_t i = 0; i < sy_results_count(a); i++) {
    const sy_hit *x = sy_results_hit(a, i), *y = sy_results_hit(b, i);
    if (x->article != y->article || x->score != y->score)
      fail_msg("%s: rank %zu differs", query, i);
  }
}

static void test_same_results(void **state) {
  fixture *f = *state;
  static const char *const queries[] = {
      "学习",
      "body:机器",
      "机",
      "body:的",
      "机器学习",
      "body:\"机器学习\"",
      "机器 学习",
      "机器 -学习",
      "机器 OR 智能 OR 的",
      "-机器",
      "人工智能机器学习的sql",
      "sql",
      "s*",
      "(机器 OR sql) 学习",
      "的 OR \"智能的\"",
  };
  static const sy_search_options sizes[] = {
      {.limit = 10}, {.limit = 1}, {.limit = 50, .offset = 1000}, {.limit = UINT64_MAX}};
  add_articles(f);
  for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) {
    sy_query *query = parse(f, queries[q]);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      sy_search_options options = sizes[s];
      options.exhaustive = true;
      sy_results *all = search(f, query, options);
      options.exhaustive = false;
      for (uint32_t threads = 1; threads <= 16; threads = 2 * threads + (threads == 1)) {
        options.threads = threads;
        sy_results *results = search(f, query, options);
        assert_same(queries[q], all, results);
        sy_results_free(results);
      }
      options.exhaustive = true;
      sy_results *results = search(f, query, options);
      assert_same(queries[q], all, results);
      sy_results_free(results);
      sy_results_free(all);
    }
    sy_query_free(query);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_same_results, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
