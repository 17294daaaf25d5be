/*
 * test_oracle_seed.c - the article the project began with, when it is here, and one of our own with
 * the same dirt: Traditional text with pinyin in parentheses behind many characters. Each query
 * must find it, and the highlights of the original must be exactly what matched, the glosses inside
 * included.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suoyin.h"
#include "tests/oracle/engine.h"
#include "tests/oracle/oracle_corpus.h"
#include "tests/oracle/random_text.h"

#define LOOK_ALIKE "tests/golden/seed_like.txt"

static const char *const queries[] = {
    "机器之心报道", "機器之心報道", "FAIR", "超级智能实验室", "朱泽园", "Llama-4", "两亿美元",
};
#define QUERIES (sizeof(queries) / sizeof(queries[0]))

typedef struct seed_run {
  brute *reader;
  buffer body;
  brute_text units;
  char directory[256];
  sy_writer *writer;
  sy_index *index;
} seed_run;

static void read_file(const char *path, buffer *out) {
  FILE *file = fopen(path, "rb");
  char part[4096];
  if (!file) fail_msg("cannot read %s (the tests run in the root of the repository)", path);
  for (size_t got; (got = fread(part, 1, sizeof(part), file)) > 0;) buffer_add(out, part, got);
  fclose(file);
}

/* An index of the file and of one article that no query finds. */
static void open_run(seed_run *run, const char *path) {
  sy_error error = {0};
  *run = (seed_run){.reader = brute_new(SY_TEXT_DEFAULT)};
  read_file(path, &run->body);
  brute_read(run->reader, run->body.data, run->body.bytes, &run->units);
  engine_directory(run->directory, sizeof(run->directory));
  run->writer = engine_writer(run->directory, SY_TEXT_DEFAULT);
  engine_add(run->writer, (sy_string){"other", 5}, (sy_string){"", 0}, (sy_string){"無關", 6});
  engine_add(run->writer, (sy_string){"seed", 4}, (sy_string){"", 0},
             (sy_string){run->body.data, run->body.bytes});
  engine_require(sy_writer_commit(run->writer, &error), &error, "sy_writer_commit");
  run->index = engine_open(run->directory);
}

static void close_run(seed_run *run) {
  sy_index_close(run->index);
  sy_writer_close(run->writer);
  engine_remove(run->directory);
  brute_text_free(&run->units);
  brute_free(run->reader);
  free(run->body.data);
}

/* The snippet of the one article that the query must find. */
static void find_one(seed_run *run, const char *text, sy_snippet *snippet) {
  sy_error error = {0};
  sy_query *query = engine_parse(text, false);
  sy_results *results = engine_search(run->index, query, (sy_search_options){.limit = 10});
  if (sy_results_count(results) != 1) {
    fail_msg("%s finds %zu articles, not 1", text, sy_results_count(results));
  }
  assert_int_equal(engine_count(run->index, query), 1);
  engine_require(sy_snippet_make(run->index, query, sy_results_hit(results, 0)->article, NULL,
                                 snippet, &error),
                 &error, "sy_snippet_make");
  assert_int_equal(snippet->id.bytes, 4);
  assert_memory_equal(snippet->id.data, "seed", 4);
  assert_true(snippet->highlight_count > 0);
  assert_true(engine_ranges_sound(snippet->text, snippet->highlights, snippet->highlight_count));
  sy_results_free(results);
  sy_query_free(query);
}

/* Does some occurrence of the phrase cover exactly these bytes of the original? */
static bool is_occurrence(const seed_run *run, const brute_text *phrase, sy_string bytes) {
  for (size_t at = 0;; at++) {
    at = brute_find(run->reader, &run->units, phrase, false, at);
    if (at == BRUTE_NONE) return false;
    sy_range match = brute_match_range(&run->units, at, phrase->count);
    bool same = match.end - match.start == bytes.bytes;
    if (same && memcmp(run->body.data + match.start, bytes.data, bytes.bytes) == 0) return true;
  }
}

/* The query in quotes: highlights are occurrences, to the byte. */
static void check_quoted(seed_run *run, const char *query) {
  brute_text phrase = {0};
  sy_snippet snippet = {0};
  char *text = engine_quoted("", query);
  brute_read(run->reader, query, strlen(query), &phrase);
  assert_true(brute_count(run->reader, &run->units, &phrase, false) > 0);
  find_one(run, text, &snippet);
  for (size_t i = 0; i < snippet.highlight_count; i++) {
    sy_range range = snippet.highlights[i];
    sy_string bytes = {snippet.text.data + range.start, range.end - range.start};
    if (!is_occurrence(run, &phrase, bytes)) {
      fail_msg("%s: highlighted is %.*s", text, (int)bytes.bytes, bytes.data);
    }
  }
  free(text);
  brute_text_free(&phrase);
}

/* The query as typed: what is highlighted consists of units of the query. */
static void check_bare(seed_run *run, const char *query) {
  brute_text phrase = {0}, marked = {0};
  sy_snippet snippet = {0};
  brute_read(run->reader, query, strlen(query), &phrase);
  find_one(run, query, &snippet);
  for (size_t i = 0; i < snippet.highlight_count; i++) {
    sy_range range = snippet.highlights[i];
    brute_read(run->reader, snippet.text.data + range.start, range.end - range.start, &marked);
    assert_true(marked.count > 0);
    for (size_t j = 0; j < marked.count; j++) {
      size_t place = brute_find_ids(phrase.ids, phrase.count, &marked.ids[j], 1, 0);
      if (place == BRUTE_NONE) {
        fail_msg("%s: highlighted is %.*s", query, (int)(range.end - range.start),
                 snippet.text.data + range.start);
      }
    }
  }
  brute_text_free(&phrase);
  brute_text_free(&marked);
}

static void check_file(const char *path) {
  seed_run run;
  open_run(&run, path);
  for (size_t i = 0; i < QUERIES; i++) {
    check_quoted(&run, queries[i]);
    check_bare(&run, queries[i]);
  }
  close_run(&run);
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void test_look_alike(void **state) {
  (void)state;
  check_file(LOOK_ALIKE);
}

/* What the look-alike is made to show: where glosses lie inside a match, and what is no match. */
static void test_look_alike_matches(void **state) {
  (void)state;
  static const struct {
    const char *query;
    size_t occurrences, with_gloss;
  } expected[] = {
      {"机器之心报道", 1, 1}, {"FAIR", 2, 2},     {"超级智能实验室", 2, 2}, {"朱泽园", 2, 1},
      {"Llama-4", 3, 0},      {"两亿美元", 1, 1}, {"机器之心", 2, 2},       {"函数", 1, 0},
  };
  brute *reader = brute_new(SY_TEXT_DEFAULT);
  brute_text text = {0}, phrase = {0};
  buffer body = {0};
  read_file(LOOK_ALIKE, &body);
  brute_read(reader, body.data, body.bytes, &text);
  assert_int_equal(text.invalid_bytes, 0);
  for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
    size_t occurrences = 0, with_gloss = 0;
    brute_read(reader, expected[i].query, strlen(expected[i].query), &phrase);
    for (size_t at = 0;; at++) {
      at = brute_find(reader, &text, &phrase, false, at);
      if (at == BRUTE_NONE) break;
      sy_range match = brute_match_range(&text, at, phrase.count);
      occurrences++;
      with_gloss += memchr(body.data + match.start, '(', match.end - match.start) != NULL;
    }
    if (occurrences != expected[i].occurrences || with_gloss != expected[i].with_gloss) {
      fail_msg("%s: %zu occurrences, %zu with glosses", expected[i].query, occurrences, with_gloss);
    }
  }
  free(body.data);
  brute_text_free(&text);
  brute_text_free(&phrase);
  brute_free(reader);
}

static void test_seed(void **state) {
  (void)state;
  char pattern[4096];
  glob_t found = {0};
  corpus_path("seed/*.txt", pattern, sizeof(pattern));
  if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0) {
    print_message("SKIPPED: no %s (set SUOYIN_SHARED)\n", pattern);
    globfree(&found);
    skip();
  }
  for (size_t i = 0; i < found.gl_pathc; i++) check_file(found.gl_pathv[i]);
  globfree(&found);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_look_alike_matches),
      cmocka_unit_test(test_look_alike),
      cmocka_unit_test(test_seed),
  };
  return cmocka_run_group_tests_name("oracle: the seed article", tests, NULL, NULL);
}
