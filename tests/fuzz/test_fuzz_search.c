/*
 * test_fuzz_search.c - queries against an index: the input is a query. Skipping finds what looking
 * at everything finds, as many as are counted, and the snippets of the best are as promised.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sy_index *index_of_all;

static void close_index(void) { sy_index_close(index_of_all); }

static void prepare(void) {
  char path[256];
  if (index_of_all) return;
  snprintf(path, sizeof path, "%s/search", fuzz_directory());
  fuzz_index_make(path, 400);
  fuzz_check(sy_index_open(path, &index_of_all, NULL) == SY_OK);
  atexit(close_index);
}

static void compare(const sy_query *query, const sy_results *all, sy_search_options options) {
  sy_results *some = NULL;
  fuzz_check(sy_search(index_of_all, query, &options, &some, NULL) == SY_OK);
  size_t count = sy_results_count(all), expected = count > options.offset ? count : options.offset;
  expected -= options.offset;
  if (expected > options.limit) expected = options.limit;
  fuzz_check(sy_results_count(some) == expected);
  for (size_t i = 0; i < expected; i++) {
    const sy_hit *a = sy_results_hit(all, i + options.offset), *b = sy_results_hit(some, i);
    fuzz_check(a->article == b->article && a->score == b->score);
  }
  sy_results_free(some);
}

static void search(sy_string text, bool any) {
  sy_query *query = NULL;
  sy_results *all = NULL;
  if (sy_query_parse(text, any, &query, NULL) != SY_OK) return;
  sy_search_options options = {.limit = UINT64_MAX, .exhaustive = true};
  sy_status expanded = sy_query_expand(index_of_all, query, NULL, NULL, NULL);
  fuzz_check(expanded == SY_OK || expanded == SY_SYNTAX || expanded == SY_LIMIT);
  if (expanded != SY_OK) {
    sy_query_free(query);
    return;
  }
  sy_status status = sy_search(index_of_all, query, &options, &all, NULL);
  fuzz_check(status == SY_OK || status == SY_SYNTAX || status == SY_LIMIT);
  if (status == SY_OK) {
    uint64_t count = 0;
    fuzz_check(sy_count(index_of_all, query, &count, NULL) == SY_OK);
    fuzz_check(count == sy_results_count(all));
    compare(query, all, (sy_search_options){.limit = 10});
    compare(query, all, (sy_search_options){.limit = 3, .offset = 2});
    sy_search_options typed = {.limit = 40, .typed_first = true};
    sy_results *ordered = NULL;
    fuzz_check(sy_search(index_of_all, query, &typed, &ordered, NULL) == SY_OK);
    fuzz_check(sy_results_count(ordered) == (count < 40 ? count : 40));
    sy_results_free(ordered);
    for (size_t i = 0; i < count && i < 3; i++)
      fuzz_index_snippet(index_of_all, query, sy_results_hit(all, i)->article, NULL);
    sy_results_free(all);
  }
  sy_query_free(query);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  prepare();
  sy_string text = {(const char *)data, bytes};
  search(text, false);
  search(text, true);
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const seeds[] = {
      "每篇",
      "篇",
      "every one",
      "\"都有 every\"",
      "e* o*",
      "标题 OR 每",
      "title:标 -one",
      "id:id3 OR id:id9",
      "每篇都有每一 every one two",
      "+(每 篇) -(a | \"b c\"*)",
      "机器学习人工智慧模型",
      "NOT title:标题",
      "=每篇 OR =Every",
      "pinyin:meipian py:rgzh -py:x",
      "2025年7月 二〇二五年大会",
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i], strlen(seeds[i]));
}
