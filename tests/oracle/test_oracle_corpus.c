/*
 * test_oracle_corpus.c - a sample of the development corpora with their queries: every count must
 * be that of a scan. The corpora are data that may not be here: then this test is skipped, and says
 * so. $SUOYIN_STRIDE chooses every n-th article; full_corpus.c is the same for all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "suoyin.h"
#include "tests/oracle/engine.h"
#include "tests/oracle/oracle_corpus.h"
#include "tests/oracle/random_text.h"

#define PATH_BYTES 4096

static const char *const corpora[] = {"corpora/techdocs.jsonl.zst", "corpora/poems.jsonl.zst"};

static void add_sample(sy_writer *writer, corpus_bodies *bodies, const char *path) {
  uint64_t stride = number_from_environment("SUOYIN_STRIDE", 40);
  corpus_source source;
  sy_article article;
  if (!corpus_open(&source, path)) fail_msg("cannot read %s", path);
  while (corpus_next(&source, stride, &article)) {
    engine_add(writer, article.id, article.title, article.body);
    corpus_bodies_add(bodies, &article);
  }
  if (!corpus_close(&source)) fail_msg("cannot read %s: is zstd installed?", path);
}

/* Counts of all queries against the expected ones; returns how many differ. */
static size_t compare(sy_index *index, const uint64_t *expected, const corpus_queries *queries) {
  size_t wrong = 0, matching = 0;
  for (size_t i = 0; i < queries->count; i++) {
    char *text = corpus_render(&queries->at[i]);
    sy_query *query = engine_parse(text, false);
    uint64_t count = engine_count(index, query);
    if (count != expected[i]) {
      print_error("%s: %llu, brute force %llu: %s\n", queries->at[i].class,
                  (unsigned long long)count, (unsigned long long)expected[i], text);
      wrong++;
    }
    matching += expected[i] > 0;
    sy_query_free(query);
    free(text);
  }
  print_message("%zu queries, %zu of them match, %zu counts differ\n", queries->count, matching,
                wrong);
  return wrong;
}

static void test_sample(void **state) {
  (void)state;
  char path[PATH_BYTES], queries_path[PATH_BYTES], directory[256];
  for (size_t i = 0; i < 2; i++) {
    if (corpus_path(corpora[i], path, sizeof(path))) continue;
    print_message("SKIPPED: no %s (set SUOYIN_SHARED)\n", path);
    skip();
  }
  if (!corpus_path("queries/dev.q.tsv", queries_path, sizeof(queries_path))) {
    print_message("SKIPPED: no %s (set SUOYIN_SHARED)\n", queries_path);
    skip();
  }
  corpus_bodies bodies;
  corpus_queries queries;
  sy_error error = {0};
  corpus_bodies_init(&bodies);
  engine_directory(directory, sizeof(directory));
  sy_writer *writer = engine_writer(directory, SY_TEXT_DEFAULT);
  for (size_t i = 0; i < 2; i++) {
    corpus_path(corpora[i], path, sizeof(path));
    add_sample(writer, &bodies, path);
    engine_require(sy_writer_commit(writer, &error), &error, "sy_writer_commit");
  }
  assert_true(corpus_queries_read(&queries, bodies.reader, queries_path));
  uint64_t *expected = calloc(queries.count + 1, sizeof(*expected));
  for (size_t i = 0; i < queries.count; i++) expected[i] = corpus_count(&bodies, &queries.at[i]);
  sy_index *index = engine_open(directory);
  size_t wrong = compare(index, expected, &queries);
  engine_require(sy_writer_merge(writer, 1, &error), &error, "sy_writer_merge");
  engine_require(sy_index_refresh(index, &error), &error, "sy_index_refresh");
  wrong += compare(index, expected, &queries);

  sy_index_close(index);
  sy_writer_close(writer);
  engine_remove(directory);
  free(expected);
  corpus_queries_free(&queries);
  corpus_bodies_free(&bodies);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sample)};
  return cmocka_run_group_tests_name("oracle: a sample of the corpora", tests, NULL, NULL);
}
