/*
 * test_deadline.c - what comes of queries whose time is over, at every step at which it can be:
 * hits that match, never one that does not; fewer of them, never more; and a mark exactly when
 * something is missing. The clock is one that ticks when it is looked at.
 */
#include "query/index.h"
#include "tests/query/search_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARTICLES = 300, MOST_HITS = ARTICLES };

static uint64_t ticks;
static uint64_t tick(void) { return ticks++; }

/* The deadline of the index comes at the look number `looks`, and every step is a look. */
static void set_looks(fixture *f, uint64_t looks) {
  ticks = 0;
  f->index->deadline.now = tick;
  f->index->deadline.steps = 1;
  sy_index_set_timeout(f->index, SY_NO_TIMEOUT);
  f->index->deadline.at = looks;
}

/* Two segments, and deletions in the first. */
static void add_articles(fixture *f) {
  static const char *const pieces[] = {"机器学习", "人工智能", "深度", "学习",
                                       "机",       "sql ",     "的人", "，"};
  uint64_t random = 1;
  for (int i = 0; i < ARTICLES; i++) {
    char id[16], body[512] = "";
    for (int k = 0; k < 3 + i % 12; k++) {
      random = random * 6364136223846793005ull + 1442695040888963407ull;
      strcat(body, pieces[random >> 33 & 7]);
    }
    snprintf(id, sizeof id, "%d", i);
    add(f, id, i % 7 ? "" : "学习", body);
    if (i == ARTICLES / 2) commit(f);
  }
  for (uint32_t i = 3; i < ARTICLES / 2; i += 5) delete_number(f, i);
  commit(f);
}

static size_t search(fixture *f, const sy_query *query, uint64_t limit, sy_hit *hits) {
  sy_error error;
  sy_results *results;
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.limit = limit;
  options.typed_first = true;
  assert_int_equal(sy_search(f->index, query, &options, &results, &error), SY_OK);
  size_t count = sy_results_count(results);
  assert_true(count <= MOST_HITS);
  for (size_t i = 0; i < count; i++) hits[i] = *sy_results_hit(results, i);
  sy_results_free(results);
  return count;
}

static uint64_t count_of(fixture *f, const sy_query *query) {
  sy_error error;
  uint64_t count;
  assert_int_equal(sy_count(f->index, query, &count, &error), SY_OK);
  return count;
}

static bool is_among(uint64_t article, const sy_hit *hits, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (hits[i].article == article) return true;
  }
  return false;
}

/* Returns how many looks it takes to the end; *partial says whether some but not all was found on
 * the way. */
static uint64_t end_everywhere(fixture *f, const sy_query *query, uint64_t limit, bool *partial) {
  sy_hit all[MOST_HITS], best[MOST_HITS], hits[MOST_HITS];
  set_looks(f, SY_DEADLINE_NEVER);
  size_t all_count = search(f, query, UINT64_MAX, all), best_count = search(f, query, limit, best);
  for (uint64_t looks = 0;; looks++) {
    set_looks(f, looks);
    size_t count = search(f, query, limit, hits);
    for (size_t i = 0; i < count; i++) assert_true(is_among(hits[i].article, all, all_count));
    *partial |= count > 0 && count < all_count && sy_index_timed_out(f->index);
    if (sy_index_timed_out(f->index)) continue;
    assert_int_equal(count, best_count);
    for (size_t i = 0; i < count; i++) {
      assert_int_equal(hits[i].article, best[i].article);
      assert_true(hits[i].score == best[i].score);
    }
    return looks;
  }
}

static void count_everywhere(fixture *f, const sy_query *query) {
  set_looks(f, SY_DEADLINE_NEVER);
  uint64_t all = count_of(f, query), last = 0;
  for (uint64_t looks = 0;; looks++) {
    set_looks(f, looks);
    uint64_t count = count_of(f, query);
    assert_true(count <= all && count >= last);
    last = count;
    if (sy_index_timed_out(f->index)) continue;
    assert_int_equal(count, all);
    return;
  }
}

static const char *const queries[] = {
    "学习",
    "body:学习",
    "body:机",
    "机",
    "sql",
    "机器学习",
    "\"人工智能\"",
    "机器 深度",
    "机 OR 深度",
    "学习 -机器",
    "-学习",
    "s*",
    "机器学习 OR 人工智能",
    "机器学习人工智能深度",
    "=机器",
    "id:1*",
    "(机 OR 深度) -的人",
    "\"学习 s\"*",
};

static void test_everywhere(void **state) {
  fixture *f = *state;
  add_articles(f);
  uint32_t partial_count = 0;
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
    sy_query *query = parse(f, queries[i]);
    bool partial = false;
    uint64_t looks = end_everywhere(f, query, 10, &partial);
    assert_true(looks > 0); /* with no time at all, nothing is searched */
    end_everywhere(f, query, UINT64_MAX, &partial);
    partial_count += partial;
    count_everywhere(f, query);
    sy_query_free(query);
  }
  assert_true(partial_count >= 10);
}

/* A reading that finds no time for all its phrases says so. */
static void note_expansion(void *context, const sy_expansion *expansion) {
  *(bool *)context = expansion->complete;
}

static void test_readings(void **state) {
  fixture *f = *state;
  add_articles(f);
  sy_error error;
  for (uint64_t looks = 0;; looks += 7) {
    sy_query *query;
    bool complete;
    assert_int_equal(sy_query_parse(text("py:jqxx"), 0, &query, &error), SY_OK);
    set_looks(f, looks);
    assert_int_equal(sy_query_expand(f->index, query, note_expansion, &complete, &error), SY_OK);
    bool timed_out = sy_index_timed_out(f->index);
    sy_query_free(query);
    assert_true(looks > 0 || timed_out);
    assert_true(complete == !timed_out);
    if (!timed_out) return;
  }
}

/* A snippet is of the text up to where it was read. */
static void test_snippets(void **state) {
  fixture *f = *state;
  char *body = malloc(60001);
  for (int i = 0; i < 60000; i += 20) memcpy(body + i, "填充的句子。 a", 20);
  memcpy(body + 50000, "机器学习", 12);
  body[60000] = 0;
  add(f, "1", "机器", body);
  commit(f);
  sy_error error;
  sy_query *query = parse(f, "机器");
  sy_snippet snippet;
  set_looks(f, 0);
  assert_int_equal(sy_snippet_make(f->index, query, 0, NULL, &snippet, &error), SY_OK);
  assert_true(sy_index_timed_out(f->index));
  assert_int_equal(snippet.title.bytes, strlen("机器"));
  assert_int_equal(snippet.text.bytes, 0);
  set_looks(f, 10);
  assert_int_equal(sy_snippet_make(f->index, query, 0, NULL, &snippet, &error), SY_OK);
  assert_true(sy_index_timed_out(f->index));
  assert_int_equal(snippet.title_highlight_count, 1);
  assert_true(snippet.text.bytes > 0 && snippet.text.bytes < 1000);
  assert_int_equal(snippet.highlight_count, 0);
  set_looks(f, 1000000);
  assert_int_equal(sy_snippet_make(f->index, query, 0, NULL, &snippet, &error), SY_OK);
  assert_false(sy_index_timed_out(f->index));
  assert_int_equal(snippet.highlight_count, 1);
  sy_query_free(query);
  free(body);
}

/* How often the clock is looked at, every SY_DEADLINE_STEPS, to count `expected` articles. */
static uint64_t looks_of_count(fixture *f, const sy_query *query, uint64_t looks,
                               uint64_t expected) {
  set_looks(f, looks);
  f->index->deadline.steps = SY_DEADLINE_STEPS;
  assert_int_equal(count_of(f, query), expected);
  return ticks;
}

/* A phrase of one character many times, in one article: each of its units passes over thousands of
 * positions, and the clock is looked at on the way. */
static void test_repeated_unit(void **state) {
  fixture *f = *state;
  enum { IN_TEXT = 6000, IN_QUERY = 4001 };
  char *body = calloc(IN_TEXT, 3), *wanted = calloc(IN_QUERY + 1, 3), *end = body;
  for (int i = 0; i + 1 < IN_TEXT; i++) end = stpcpy(end, "机");
  *wanted = '"';
  for (int i = 0; i < IN_QUERY; i++) memcpy(wanted + 1 + 3 * (size_t)i, "机", 3);
  wanted[1 + 3 * IN_QUERY] = '"';
  add(f, "0", "", "机机");
  commit(f);
  sy_query *query = parse(f, wanted);
  uint64_t plan = looks_of_count(f, query, 1000000, 0);
  add(f, "1", "", body);
  commit(f);
  uint64_t all = looks_of_count(f, query, 1000000, 1);
  assert_true(all >= plan + 20);
  assert_true(looks_of_count(f, query, plan + 10, 0) < all);
  assert_true(sy_index_timed_out(f->index));
  sy_query_free(query);
  free(body);
  free(wanted);
}

/* The clock of the machine: no time, and more than any test takes. */
static void test_milliseconds(void **state) {
  fixture *f = *state;
  add_articles(f);
  sy_query *query = parse(f, "学习");
  sy_hit hits[MOST_HITS];
  sy_index_set_timeout(f->index, 0);
  assert_int_equal(search(f, query, 10, hits), 0);
  assert_true(sy_index_timed_out(f->index));
  sy_index_set_timeout(f->index, 3600 * 1000);
  assert_int_equal(search(f, query, 10, hits), 10);
  assert_false(sy_index_timed_out(f->index));
  sy_index_set_timeout(f->index, SY_NO_TIMEOUT);
  assert_int_equal(search(f, query, 10, hits), 10);
  assert_false(sy_index_timed_out(f->index));
  sy_query_free(query);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_everywhere, setup, teardown),
      cmocka_unit_test_setup_teardown(test_readings, setup, teardown),
      cmocka_unit_test_setup_teardown(test_snippets, setup, teardown),
      cmocka_unit_test_setup_teardown(test_repeated_unit, setup, teardown),
      cmocka_unit_test_setup_teardown(test_milliseconds, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
