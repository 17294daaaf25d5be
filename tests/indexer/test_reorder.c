/*
 * test_reorder.c - an index optimized: the same articles, byte for byte, the same hits with the
 * same scores, and smaller postings.
 *
 * The oracle's tests (test_oracle_generated.c) and test_writer.c optimize small indexes; here are
 * those with lists and forward indexes too large to be in memory at once.
 */
#include "tests/storage/storage_helper.h"

#define ARTICLES 270000u
#define TOPICS 40u
#define LEAST_MEMORY (32ull << 20)

/* Article N is of one topic in TOPICS, and so are most of its words. */
static void make_article(uint32_t number, char *id, buffer *body) {
  random_source random = {number * 77ull + 5};
  uint32_t topic = random_below(&random, TOPICS);
  char word[40];
  sprintf(id, "%06u", number);
  body->bytes = 0;
  buffer_add_string(body, "每篇都有");
  for (uint32_t i = 0; i < 18; i++) {
    sprintf(word, " t%uw%u", i % 6 ? topic : random_below(&random, TOPICS),
            random_below(&random, 30));
    buffer_add_string(body, word);
  }
  sprintf(word, " n%u", number / 3);
  buffer_add_string(body, word);
}

static void add_articles(sy_writer *w) {
  buffer body = {0};
  char id[20];
  for (uint32_t i = 0; i < ARTICLES; i++) {
    make_article(i, id, &body);
    sy_article article = {string_of(id), {NULL, 0}, {body.data, body.bytes}, {NULL, 0}};
    assert_ok(sy_writer_add(w, &article, &test_error));
  }
  free(body.data);
}

static sy_writer *open_writer(const char *path, uint32_t threads) {
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.memory_bytes = LEAST_MEMORY;
  options.threads = threads;
  sy_writer *w;
  assert_ok(sy_writer_open(path, &options, &w, &test_error));
  return w;
}

/* The number that an article has as its id. */
static uint32_t number_of(sy_index *index, uint64_t article) {
  sy_string id;
  assert_ok(sy_index_id(index, article, &id, &test_error));
  assert_int_equal(id.bytes, 6);
  char digits[7] = {0};
  memcpy(digits, id.data, 6);
  uint32_t number = (uint32_t)atoi(digits);
  assert_true(number < ARTICLES);
  return number;
}

/* All articles, in their order: that of the ids would read every block of stored text many
 * times. */
static void check_stored(sy_index *index) {
  buffer body = {0};
  char id[20];
  bool *seen = calloc(ARTICLES, sizeof *seen);
  for (uint32_t i = 0; i < ARTICLES; i++) {
    sy_article got;
    uint32_t number = number_of(index, i);
    assert_false(seen[number]);
    seen[number] = true;
    make_article(number, id, &body);
    assert_ok(sy_index_article(index, i, &got, &test_error));
    assert_int_equal(got.body.bytes, body.bytes);
    assert_memory_equal(got.body.data, body.data, body.bytes);
  }
  free(seen);
  free(body.data);
}

/* The scores of all hits by the numbers that are their ids; 0: no hit. */
static float *scores_of(sy_index *index, const char *text) {
  float *scores = calloc(ARTICLES, sizeof *scores);
  sy_query *query;
  sy_results *results;
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.limit = UINT64_MAX;
  assert_ok(sy_query_parse(string_of(text), SY_QUERY_ANY, &query, &test_error));
  assert_ok(sy_search(index, query, &options, &results, &test_error));
  for (size_t i = 0; i < sy_results_count(results); i++) {
    const sy_hit *hit = sy_results_hit(results, i);
    uint32_t number = number_of(index, hit->article);
    assert_true(scores[number] == 0 && hit->score > 0);
    scores[number] = hit->score;
  }
  sy_results_free(results);
  sy_query_free(query);
  return scores;
}

static const char *const queries[] = {"都有",          "t3w7", "t3w7 t3w8 t4w1",
                                      "\"t5w1 t5w2\"", "n77",  "t1w1 -t1w2"};
enum { QUERIES = sizeof queries / sizeof *queries };

static sy_index *open_index(const char *path) {
  sy_index *index;
  assert_ok(sy_index_open(path, &index, &test_error));
  return index;
}

static void test_large(void **state) {
  (void)state;
  char *path = make_directory();
  sy_writer *w = open_writer(path, 3);
  add_articles(w);
  assert_ok(sy_writer_merge(w, 1, &test_error));
  sy_index_stats before = stats_of(path);
  sy_index *index = open_index(path);
  float *wanted[QUERIES];
  for (int i = 0; i < QUERIES; i++) wanted[i] = scores_of(index, queries[i]);
  assert_ok(sy_writer_optimize(w, &test_error));
  sy_writer_close(w);
  assert_ok(sy_index_refresh(index, &test_error));
  sy_index_stats after = stats_of(path);
  print_message("bytes of postings: %llu, %llu optimized\n",
                (unsigned long long)before.bytes_postings,
                (unsigned long long)after.bytes_postings);
  assert_int_equal(after.articles, ARTICLES);
  assert_int_equal(after.segments, 1);
  assert_int_equal(after.postings, before.postings);
  assert_int_equal(after.positions, before.positions);
  assert_int_equal(after.terms, before.terms);
  assert_true(after.bytes_postings < before.bytes_postings / 4 * 3);
  assert_sound(path);
  check_stored(index);
  for (int i = 0; i < QUERIES; i++) {
    float *got = scores_of(index, queries[i]);
    assert_memory_equal(got, wanted[i], ARTICLES * sizeof *got);
    free(got);
    free(wanted[i]);
  }
  sy_index_close(index);
  remove_directory(path);
}

/* Texts that do not fit the jobs' room, between small ones. */
static void test_long_articles(void **state) {
  (void)state;
  char *path = make_directory();
  buffer bodies[30] = {{0}};
  random_source random = seeded(43);
  for (uint32_t threads = 1; threads <= 3; threads += 2) {
    sy_writer *w = open_writer(path, threads);
    for (uint32_t i = 0; i < 30; i++) {
      char id[20];
      sprintf(id, "%u", i);
      bodies[i].bytes = 0;
      random_text(&random, i % 4 ? 20 : 40000 + i * 1000, true, &bodies[i]);
      sy_article article = {
          string_of(id), string_of("题"), {bodies[i].data, bodies[i].bytes}, string_of("{}")};
      assert_ok(sy_writer_add(w, &article, &test_error));
      if (i == 20) assert_ok(sy_writer_commit(w, &test_error));
    }
    assert_ok(sy_writer_optimize(w, &test_error));
    sy_writer_close(w);
    sy_index *index = open_index(path);
    for (uint32_t i = 0; i < 30; i++) {
      char id[20];
      uint64_t article;
      sy_article got;
      sprintf(id, "%u", i);
      assert_ok(sy_index_find(index, string_of(id), &article, &test_error));
      assert_ok(sy_index_article(index, article, &got, &test_error));
      assert_int_equal(got.body.bytes, bodies[i].bytes);
      assert_memory_equal(got.body.data, bodies[i].data, bodies[i].bytes);
    }
    sy_index_close(index);
    assert_sound(path);
  }
  for (uint32_t i = 0; i < 30; i++) free(bodies[i].data);
  remove_directory(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_large),
      cmocka_unit_test(test_long_articles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
