/*
 * test_worst.c - the queries that cost most, against a scan of the texts with strstr(): the
 * commonest character, phrases of common ones, queries of thousands of characters and of hundreds
 * of terms, all words with a letter, parentheses as deep as they may be, the same said ten thousand
 * times. How long they take is in docs/benchmarks.md.
 */
#include "tests/query/search_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARTICLES = 1500, MOST_BYTES = 1024, QUERY_BYTES = 1 << 20 };

static char bodies[ARTICLES][MOST_BYTES];
static uint64_t random_state = 1;

static uint32_t below(uint32_t limit) {
  random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(random_state >> 33) % limit;
}

/* Character number `i`: 的 and nine other common ones, then rarer ones: Hangul, which is indexed as
 * Chinese is, and of which none is a variant of another. */
static char *put_character(char *out, uint32_t i) {
  static const char *const common[] = {"的", "一", "不", "是", "在", "有", "人", "中", "和", "大"};
  if (i < 10) return stpcpy(out, common[i]);
  uint32_t code = 0xAC00 + i;
  return out + sprintf(out, "%c%c%c", (int)(0xE0 | code >> 12), (int)(0x80 | (code >> 6 & 63)),
                       (int)(0x80 | (code & 63)));
}

static uint32_t random_character(void) { return below(1 + below(1 + below(510))); }

static void add_articles(fixture *f) {
  for (int i = 0; i < ARTICLES; i++) {
    char id[16], *end = bodies[i];
    for (uint32_t k = 1 + below(100); k > 0; k--) end = put_character(end, random_character());
    if (i % 50 == 0) stpcpy(end, "的一不是在有人中和大");
    if (i % 3 == 0) strcat(bodies[i], i % 2 ? " abc" : " xyz");
    snprintf(id, sizeof id, "%d", i);
    add(f, id, "", bodies[i]);
    if (i == ARTICLES / 2) commit(f);
  }
  commit(f);
}

/* How many bodies have any of the `count` needles. */
static uint64_t count_any(char (*needles)[32], size_t count) {
  uint64_t found = 0;
  for (int i = 0; i < ARTICLES; i++) {
    size_t k = 0;
    while (k < count && !strstr(bodies[i], needles[k])) k++;
    found += k < count;
  }
  return found;
}

static uint64_t count_one(const char *needle) {
  char needles[1][32];
  strcpy(needles[0], needle);
  return count_any(needles, 1);
}

/* sy_count() and the number of all hits are `expected`. */
static void check(fixture *f, const char *name, const char *query, uint64_t expected) {
  sy_error error;
  sy_results *results;
  uint64_t count;
  sy_query *parsed = parse(f, query);
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  if (sy_count(f->index, parsed, &count, &error) != SY_OK) fail_msg("%s: %s", name, error.reason);
  if (count != expected)
    fail_msg("%s: %llu, not %llu", name, (unsigned long long)count, (unsigned long long)expected);
  for (int all = 0; all < 2; all++) {
    options.limit = all ? UINT64_MAX : 10;
    if (sy_search(f->index, parsed, &options, &results, &error) != SY_OK)
      fail_msg("%s: %s", name, error.reason);
    uint64_t wanted = !all && expected > 10 ? 10 : expected;
    if (sy_results_count(results) != wanted) fail_msg("%s: hits", name);
    sy_results_free(results);
  }
  sy_query_free(parsed);
}

static void test_common(void **state) {
  fixture *f = *state;
  add_articles(f);
  check(f, "的", "的", count_one("的"));
  check(f, "ten characters", "\"的一不是在有人中和大\"", count_one("的一不是在有人中和大"));
  check(f, "a*", "a*", count_one("abc"));
  check(f, "all but a*", "-a*", ARTICLES - count_one("abc"));
  char needles[10][32];
  for (uint32_t i = 0; i < 10; i++) *put_character(needles[i], i) = 0;
  check(f, "any of ten", "的 OR 一 OR 不 OR 是 OR 在 OR 有 OR 人 OR 中 OR 和 OR 大",
        count_any(needles, 10));
}

/* Free text finds what has any pair of it. */
static void test_long(void **state) {
  fixture *f = *state;
  enum { CHARACTERS = 2000 };
  static char needles[CHARACTERS - 1][32];
  char *query = malloc(QUERY_BYTES), *end = query, *starts[CHARACTERS + 1];
  add_articles(f);
  for (int i = 0; i < CHARACTERS; i++) {
    starts[i] = end;
    end = put_character(end, 100 + below(400));
  }
  starts[CHARACTERS] = end;
  for (int i = 0; i + 1 < CHARACTERS; i++) {
    memcpy(needles[i], starts[i], (size_t)(starts[i + 2] - starts[i]));
  }
  uint64_t expected = count_any(needles, CHARACTERS - 1);
  assert_true(expected > 0 && expected < ARTICLES);
  check(f, "free text", query, expected);
  memmove(query + 1, query, strlen(query) + 1);
  query[0] = '"';
  check(f, "a phrase", strcat(query, "\""), 0);
  free(query);
}

/* 500 pairs of characters, some of which stand somewhere. */
static void test_many_terms(void **state) {
  fixture *f = *state;
  enum { TERMS = 500 };
  static char needles[TERMS][32];
  char *query = malloc(QUERY_BYTES), *end = query;
  add_articles(f);
  for (int i = 0; i < TERMS; i++) {
    *put_character(put_character(needles[i], 100 + below(400)), 100 + below(400)) = 0;
    end += sprintf(end, "%s%s", i ? " OR " : "", needles[i]);
  }
  uint64_t expected = count_any(needles, TERMS);
  assert_true(expected > 0 && expected < ARTICLES);
  check(f, "OR of 500", query, expected);
  end = query;
  for (int i = 0; i < 2500; i++) end = stpcpy(end, "的 ");
  check(f, "的, 2,500 times", query, count_one("的"));
  end = query;
  for (int i = 0; i < 2500; i++) end += sprintf(end, "%s=的", i ? " OR " : "");
  check(f, "=的, 2,500 times", query, count_one("的"));
  free(query);
}

/* A phrase of one character, or two in turn, finds the texts that have it so often in a row. */
static void test_repeated(void **state) {
  fixture *f = *state;
  enum { MOST = 5000 };
  static const uint32_t lengths[] = {1, 2, 3, 4, 5, 255, 256, 257, 2000, MOST - 1, MOST};
  static const uint32_t wanted[] = {2, 3, 4, 5, 6, 7, 8, 200, 256, 257, 258, 2000, MOST};
  const size_t n = sizeof lengths / sizeof *lengths;
  char *text = calloc(MOST + 8, 6);
  for (size_t i = 0; i < 2 * n; i++) {
    char id[16], *end = text;
    for (uint32_t k = 0; k < lengths[i / 2]; k++) end = stpcpy(end, i % 2 ? "重复" : "重");
    snprintf(id, sizeof id, "%zu", i);
    add(f, id, "", text);
    if (i == n) commit(f);
  }
  commit(f);
  for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
    uint64_t expected = 0;
    for (size_t i = 0; i < n; i++) expected += lengths[i] >= wanted[w];
    for (int pairs = 0; pairs < 2; pairs++) {
      char *end = stpcpy(text, "\"");
      for (uint32_t k = 0; k < wanted[w]; k++) end = stpcpy(end, pairs ? "重复" : "重");
      strcpy(end, "\"");
      check(f, pairs ? "pairs" : "one", text, expected);
    }
  }
  free(text);
}

/* ((((的) -一) 不) -一) ... is 的 and 不 without 一. */
static void test_deep(void **state) {
  fixture *f = *state;
  enum { DEEPEST = 200 };
  char *query = malloc(QUERY_BYTES), *end = query;
  add_articles(f);
  uint64_t expected = 0;
  for (int i = 0; i < ARTICLES; i++)
    expected += strstr(bodies[i], "的") && strstr(bodies[i], "不") && !strstr(bodies[i], "一");
  memset(query, '(', DEEPEST);
  end = stpcpy(query + DEEPEST, "的");
  for (int i = 0; i < DEEPEST; i++) end = stpcpy(end, i % 2 ? " -一)" : " 不)");
  check(f, "deep", query, expected);
  memmove(query + 1, query, strlen(query) + 1);
  strcat(query, ")");
  sy_error error;
  sy_query *parsed;
  assert_int_equal(sy_query_parse(text(query), 0, &parsed, &error), SY_LIMIT);
  free(query);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_common, setup, teardown),
      cmocka_unit_test_setup_teardown(test_long, setup, teardown),
      cmocka_unit_test_setup_teardown(test_many_terms, setup, teardown),
      cmocka_unit_test_setup_teardown(test_repeated, setup, teardown),
      cmocka_unit_test_setup_teardown(test_deep, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
