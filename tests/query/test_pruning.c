/*
 * test_pruning.c - what a search passes over is nothing that it should have found: random nested
 * queries give the articles and scores of exhaustive scoring, over segments with deletions, texts
 * short and long, with one thread and several.
 */
#include "tests/query/search_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARTICLES = 24000, QUERIES = 1500, WORDS = 24, CHARACTERS = 14 };

static uint64_t random_state = 7;
static uint32_t below(uint32_t limit) {
  random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(random_state >> 33) % limit;
}

/* Small numbers are commoner, the more the larger `skew`. */
static uint32_t skewed(uint32_t limit, uint32_t skew) {
  uint32_t least = below(limit);
  for (; skew; skew--) least = below(least + 1);
  return least;
}

static void put_word(char *text, uint32_t skew) {
  uint32_t word = skewed(WORDS, skew);
  sprintf(text + strlen(text), "w%c%u ", 'a' + (char)(word % 3), (unsigned)word);
}

static void put_characters(char *text, uint32_t count, uint32_t skew) {
  static const char *const characters[CHARACTERS] = {"机", "器", "学", "习", "深", "度", "网",
                                                     "络", "人", "工", "智", "能", "语", "言"};
  while (count--) strcat(text, characters[skewed(CHARACTERS, skew)]);
}

/* ---- Articles -------------------------------------------------------------------------------- */

static void put_text(char *text, uint32_t parts, uint32_t skew) {
  while (parts--) {
    if (below(3)) {
      put_word(text, skew);
    } else {
      put_characters(text, 1 + below(4), skew);
    }
  }
}

/* What is common changes half way. */
static void add_articles(fixture *f) {
  for (uint32_t i = 0; i < ARTICLES; i++) {
    char id[16], title[64] = "", body[4096] = "";
    put_text(body, below(20) ? 1 + below(8) : 1 + below(200), i < ARTICLES / 2 ? 1 : 2);
    if (below(2)) put_text(title, 1 + below(3), 1);
    snprintf(id, sizeof id, "%u", (unsigned)i);
    add(f, id, title, body);
    if (i % (ARTICLES / 3) == 0) commit(f);
  }
  commit(f);
  for (uint32_t i = 0; i < ARTICLES; i += 1 + below(20)) delete_number(f, i);
  commit(f);
}

/* ---- Queries --------------------------------------------------------------------------------- */

static void put_leaf(char *query) {
  uint32_t kind = below(12);
  if (!below(8)) strcat(query, below(2) ? "title:" : "body:");
  if (kind < 5) {
    put_word(query, below(3));
  } else if (kind < 8) {
    put_characters(query, kind < 7 ? 2 + below(3) : 1, below(2));
  } else if (kind < 10) {
    strcat(query, "\"");
    for (uint32_t n = 2 + below(4); n; n--) put_word(query, 1);
    strcat(query, "\"");
  } else if (kind < 11) {
    put_characters(query, 5 + below(4), below(2));
  } else {
    strcat(query, below(2) ? "wa*" : "wb1*");
  }
}

/* Blank, OR, or with - and +. */
static void put_query(char *query, uint32_t depth) {
  uint32_t way = below(3);
  for (uint32_t i = 0, count = 1 + below(3); i < count; i++) {
    uint32_t sign = way == 1 ? 6 : below(6);
    if (i) strcat(query, way == 1 ? " OR " : " ");
    if (sign == 0 && i) strcat(query, "-");
    if (sign == 1 || sign == 2) strcat(query, "+");
    if (depth && below(5) < 2) {
      strcat(query, "(");
      put_query(query, depth - 1);
      strcat(query, ")");
    } else {
      put_leaf(query);
    }
  }
}

/* ---- The test -------------------------------------------------------------------------------- */

/* NULL: there is nothing to search for. */
static sy_results *search(fixture *f, const sy_query *query, const sy_search_options *options) {
  sy_error error;
  sy_results *results;
  sy_status status = sy_search(f->index, query, options, &results, &error);
  if (status != SY_OK && status != SY_SYNTAX) fail_msg("%s", error.reason);
  return status == SY_OK ? results : NULL;
}

static void compare(const char *text, const sy_results *all, const sy_results *some) {
  if (sy_results_count(all) != sy_results_count(some)) fail_msg("%s: not as many", text);
  for (size_t i = 0; i < sy_results_count(all); i++) {
    const sy_hit *x = sy_results_hit(all, i), *y = sy_results_hit(some, i);
    if (x->article == y->article && x->score == y->score) continue;
    fail_msg("%s: at %zu article %llu with %f, not %llu with %f", text, i,
             (unsigned long long)y->article, (double)y->score, (unsigned long long)x->article,
             (double)x->score);
  }
}

static void test_random_queries(void **state) {
  fixture *f = *state;
  static const uint32_t limits[] = {1, 2, 10, 10, 20, 100, 128, 129, 300};
  uint32_t compared = 0;
  add_articles(f);
  for (uint32_t i = 0; i < QUERIES; i++) {
    char text[4096] = "";
    sy_error error;
    sy_query *query;
    put_query(text, 1 + below(3));
    if (sy_query_parse((sy_string){text, strlen(text)}, below(2) ? SY_QUERY_ANY : 0, &query,
                       &error) != SY_OK)
      continue;
    sy_search_options options = {.limit = limits[below(9)],
                                 .offset = below(6) ? 0 : below(20),
                                 .ranking = below(2) ? SY_RANKING_BM25 : SY_RANKING_DEFAULT,
                                 .typed_first = !below(6),
                                 .exhaustive = true,
                                 .threads = 1};
    sy_results *all = search(f, query, &options), *some = NULL;
    options.exhaustive = false;
    options.threads = below(2) ? 1 : 3;
    if (all) some = search(f, query, &options);
    if (some) {
      compare(text, all, some);
      compared++;
    }
    sy_results_free(all);
    sy_results_free(some);
    sy_query_free(query);
  }
  assert_true(compared > QUERIES * 9 / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_random_queries, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
