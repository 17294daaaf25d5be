/* fuzz_index.c - a small index, and everything a reader can do with one (fuzz_index.h). */
#include "tests/fuzz/fuzz_index.h"

#include "tests/fuzz/fuzz.h"
#include "tests/oracle/random_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_index_make(const char *path, uint32_t articles) {
  sy_writer *w = NULL;
  random_source random = {62};
  fuzz_check(sy_writer_open(path, NULL, &w, NULL) == SY_OK);
  for (uint32_t i = 0; i < articles; i++) {
    char id[20];
    buffer body = {0};
    buffer_add_string(&body, "每篇都有 every one ");
    random_text(&random, 12, true, &body);
    sy_article article = {{id, (size_t)sprintf(id, "id%u", i)},
                          {"标题", 6},
                          {body.data, body.bytes},
                          {"{\"n\":1}", 7}};
    fuzz_check(sy_writer_add(w, &article, NULL) == SY_OK);
    free(body.data);
    if (i == articles / 4 * 3) fuzz_check(sy_writer_commit(w, NULL) == SY_OK);
  }
  fuzz_check(sy_writer_commit(w, NULL) == SY_OK);
  for (uint32_t i = 0; i < articles / 8; i += 1 + i % 3) {
    char id[20];
    sy_string name = {id, (size_t)sprintf(id, "id%u", i)};
    fuzz_check(sy_writer_delete(w, name, NULL) == SY_OK);
  }
  fuzz_check(sy_writer_commit(w, NULL) == SY_OK);
  sy_writer_close(w);
}

static void check_ranges(sy_string text, const sy_range *ranges, size_t count) {
  bool *begins = fuzz_boundaries((const uint8_t *)text.data, text.bytes);
  for (size_t i = 0; i < count; i++) {
    fuzz_check(ranges[i].start < ranges[i].end && ranges[i].end <= text.bytes);
    fuzz_check(begins[ranges[i].start] && begins[ranges[i].end]);
    if (i) fuzz_check(ranges[i].start >= ranges[i - 1].end);
  }
  free(begins);
}

void fuzz_index_snippet(sy_index *index, const sy_query *query, uint64_t article,
                        const sy_snippet_options *options) {
  sy_snippet s;
  if (sy_snippet_make(index, query, article, options, &s, NULL) != SY_OK) return;
  check_ranges(s.title, s.title_highlights, s.title_highlight_count);
  check_ranges(s.text, s.highlights, s.highlight_count);
}

static void use_article(sy_index *index, uint64_t article, const sy_query *query) {
  sy_article out;
  sy_string id;
  uint64_t number;
  if (sy_index_id(index, article, &id, NULL) == SY_OK) {
    char *copy = (char *)fuzz_copy(id.data, id.bytes);
    (void)sy_index_find(index, (sy_string){copy, id.bytes}, &number, NULL);
    free(copy);
  }
  if (sy_index_article(index, article, &out, NULL) == SY_OK) {
    volatile char sum = 0;
    for (size_t i = 0; i < out.body.bytes; i++) sum = (char)(sum + out.body.data[i]);
  }
  fuzz_index_snippet(index, query, article, NULL);
}

static bool next_term(void *context, const sy_term_info *term) {
  volatile char sum = 0;
  for (size_t i = 0; i < term->term.bytes; i++) sum = (char)(sum + term->term.data[i]);
  return ++*(uint32_t *)context < 3000;
}

void fuzz_index_use(sy_index *index) {
  static const char *const queries[] = {"每篇",           "篇",     "every one",
                                        "\"都有 every\"", "e*",     "标题 OR 每",
                                        "每 -one",        "id:id3", "每篇都有每一 every"};
  for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) {
    sy_query *query;
    sy_results *results;
    uint64_t count;
    sy_string text = {queries[q], strlen(queries[q])};
    fuzz_check(sy_query_parse(text, 0, &query, NULL) == SY_OK);
    if (sy_search(index, query, NULL, &results, NULL) == SY_OK) {
      for (size_t i = 0; i < sy_results_count(results); i += 3)
        use_article(index, sy_results_hit(results, i)->article, query);
      sy_results_free(results);
    }
    (void)sy_count(index, query, &count, NULL);
    sy_query_free(query);
  }
  uint32_t terms = 0;
  (void)sy_index_terms(index, (sy_string){"", 0}, next_term, &terms, NULL);
}
