/*
 * test_presence.c - the third stage of ranking free text: which texts are read, and what comes of
 * it. test_ranking.c holds its scores against a slow computation.
 */
#include "query/closeness.h"
#include "query/index.h"
#include "tests/query/search_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY "天地玄黄宇宙洪荒"

/* Articles that have nothing of the query, so that what it has is rare, and articles are long. */
static void add_others(fixture *f) {
  static char body[4096];
  body[0] = 0;
  for (int i = 0; i < 30; i++) strcat(body, "金生麗水玉出崑岡劍號巨闕");
  for (int i = 0; i < 60; i++) {
    char id[20];
    snprintf(id, sizeof id, "other%d", i);
    add(f, id, "", body);
  }
}

/* What is found; *texts: how many were read for it. */
static const char *find(fixture *f, const char *query, uint64_t *texts) {
  sy_error error;
  sy_results *results;
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.explain = true;
  sy_query *parsed = parse(f, query);
  assert_int_equal(sy_search(f->index, parsed, &options, &results, &error), SY_OK);
  *texts = sy_results_explanation(results)->texts_read;
  sy_results_free(results);
  sy_query_free(parsed);
  options.explain = false;
  return found_with(f, query, &options);
}

static void expect(fixture *f, const char *query, const char *ids, uint64_t texts) {
  uint64_t read;
  const char *got = find(f, query, &read);
  assert_string_equal(got, ids);
  assert_int_equal(read, texts);
}

/* By pairs, the shorter article is the better one. */
static void test_two(void **state) {
  fixture *f = *state;
  add_others(f);
  add(f, "pairs", "", "天地玄黄");
  add(f, "more", "", "天地玄黄，宙。荒，宇。洪");
  commit(f);
  expect(f, QUERY, "more pairs", 2);
  expect(f, "body:" QUERY, "more pairs", 2);
}

static void test_segments(void **state) {
  fixture *f = *state;
  add(f, "pairs", "", "天地玄黄");
  commit(f);
  add_others(f);
  add(f, "gone", "", "天地玄黄，宙。荒，宇。洪");
  commit(f);
  add(f, "more", "", "天地玄黄，宙。荒，宇");
  sy_error error;
  assert_int_equal(sy_writer_delete(f->writer, text("gone"), &error), SY_OK);
  commit(f);
  expect(f, QUERY, "more pairs", 2);
}

/* One that has all by its pairs is not read, and with one contender none is. */
static void test_known(void **state) {
  fixture *f = *state;
  add_others(f);
  add(f, "all", "", QUERY);
  add(f, "pair", "", "天地，宙。荒，宇。洪");
  commit(f);
  expect(f, QUERY, "all pair", 0);
  add(f, "again", "", QUERY);
  commit(f);
  expect(f, QUERY, "all again pair", 0);
}

static void test_three(void **state) {
  fixture *f = *state;
  add_others(f);
  add(f, "a", "", "天地玄黄");
  add(f, "b", "", "天地玄黄，宙");
  add(f, "more", "", "天地玄黄，宙。荒，宇。洪");
  commit(f);
  expect(f, QUERY, "a b more", 0);
}

/* Titles alone, phrases beside free text, and several runs of it. */
static void test_other_queries(void **state) {
  fixture *f = *state;
  add_others(f);
  add(f, "pairs", "天地玄黄", "天地玄黄");
  add(f, "more", "天地玄黄，宙。荒，宇。洪", "天地玄黄，宙。荒，宇。洪");
  commit(f);
  expect(f, "title:" QUERY, "pairs more", 0);
  expect(f, QUERY " OR 金木水火土", "pairs more", 0);
  expect(f, QUERY " 天地", "more pairs", 2);
  expect(f, "天地玄黄", "pairs more", 0);
}

/* A word that the index does not have there, and a character alone at the end, are not looked for
 * in texts; a character between words is. */
static void test_words(void **state) {
  fixture *f = *state;
  add_others(f);
  add(f, "a", "", "天地玄黄宇");
  add(f, "b", "", "天地玄黄宇，金");
  commit(f);
  expect(f, "天地玄黄宇linux", "a b", 0);
  expect(f, "天地玄黄宇linux洪", "a b", 0);
  expect(f, "天地玄黄宇linux洪sql", "a b", 2);
}

/* Of equal articles that are both read, the one with the form that was typed. */
static void test_ties(void **state) {
  fixture *f = *state;
  add_others(f);
  add(f, "traditional", "", "機器學習，能。智");
  add(f, "simplified", "", "机器学习，能。智");
  commit(f);
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.typed_first = true;
  expect(f, "机器学习人工智能", "traditional simplified", 2);
  assert_string_equal(found_with(f, "机器学习人工智能", &options), "simplified traditional");
  assert_string_equal(found_with(f, "機器學習人工智能", &options), "traditional simplified");
}

/* `begin` and as many characters as are looked at. */
static void add_long(fixture *f, const char *id, const char *begin) {
  const size_t characters = SY_CLOSENESS_REACH;
  char *body = malloc(3 * characters + 100), *end = body;
  assert_non_null(body);
  end = stpcpy(end, begin);
  for (size_t i = 0; i < characters; i++) end = stpcpy(end, i % 2 ? "水" : "金");
  add(f, id, "", body);
  free(body);
}

/* A text of more positions than are looked at is not read, though it has what is missing; so it is
 * no contender by what it may have. */
static void test_long(void **state) {
  fixture *f = *state;
  add_others(f);
  add_long(f, "a", "天地玄黄，宙。荒，宇。洪，");
  add_long(f, "b", "天地玄黄，宙。荒，宇。洪，");
  commit(f);
  expect(f, QUERY, "a b", 0);
  add(f, "short", "", "天地玄黄");
  add_long(f, "long", "天地玄黄宇，");
  commit(f);
  expect(f, QUERY "日月盈昃 -宙", "short long", 0);
}

static uint64_t ticks;
static uint64_t tick(void) { return ticks++; }

/* Wherever time ends, the order is that of the pairs, or of both texts when it did not end. */
static void test_deadline(void **state) {
  fixture *f = *state;
  bool by_pairs = false;
  add_others(f);
  add(f, "pairs", "", "天地玄黄");
  add(f, "more", "", "天地玄黄，宙。荒，宇。洪");
  commit(f);
  f->index->deadline.now = tick;
  f->index->deadline.steps = 1;
  for (uint64_t looks = 0;; looks++) {
    ticks = 0;
    sy_index_set_timeout(f->index, SY_NO_TIMEOUT);
    f->index->deadline.at = looks;
    const char *ids = found(f, QUERY, 10, 0);
    bool over = sy_index_timed_out(f->index);
    assert_int_equal(!strcmp(ids, "more pairs"), !over);
    by_pairs |= over && !strcmp(ids, "pairs more");
    if (!over) break;
  }
  assert_true(by_pairs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_two, setup, teardown),
      cmocka_unit_test_setup_teardown(test_segments, setup, teardown),
      cmocka_unit_test_setup_teardown(test_known, setup, teardown),
      cmocka_unit_test_setup_teardown(test_three, setup, teardown),
      cmocka_unit_test_setup_teardown(test_other_queries, setup, teardown),
      cmocka_unit_test_setup_teardown(test_words, setup, teardown),
      cmocka_unit_test_setup_teardown(test_ties, setup, teardown),
      cmocka_unit_test_setup_teardown(test_long, setup, teardown),
      cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
