/*
 * test_phrase_batch.c - phrases whose parts most articles have in common: counts by many candidates
 * at once against a scan of the texts, over segments with deletions.
 */
#include "tests/oracle/random_text.h"
#include "tests/query/search_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARTICLES = 9000, SEGMENTS = 3, ROOM = 1 << 16 };

static random_source source = {5};
static uint32_t below(uint32_t limit) { return random_below(&source, limit); }

static char *titles[ARTICLES], *bodies[ARTICLES]; /* NULL: deleted */

/* What the phrase consists of, apart: nearly every article has all of it. */
static void put_parts(char *text) {
  static const char *const parts[] = {"另請", "請參", "參閱", "閱以", "以下", "下文", "文章"};
  for (uint32_t i = 0; i < 7; i++) {
    if (!below(20)) continue;
    strcat(text, parts[i]);
    strcat(text, "。"); /* no phrase goes across it, but one without this part's end could */
    if (!below(3)) strcat(text, "其他的字");
  }
}

/* `crowded`: many positions, with small or large gaps between them. */
static char *make_text(bool crowded) {
  char text[ROOM] = "";
  uint32_t parts = crowded ? 40 + below(60) : below(4);
  for (uint32_t i = 0; i < parts; i++) {
    if (below(3)) put_parts(text);
    if (!below(crowded ? 60 : 4)) strcat(text, "另請參閱以下文章");
    if (!below(6)) strcat(text, "請參閱");
    for (uint32_t k = below(crowded ? 3 : 20); k; k--) strcat(text, "甲乙丙");
  }
  return strdup(text);
}

static void fill(fixture *f) {
  for (uint32_t i = 0; i < ARTICLES; i++) {
    char id[16];
    snprintf(id, sizeof id, "%u", (unsigned)i);
    titles[i] = strdup(below(10) ? "參閱" : "請參閱以下");
    bodies[i] = make_text(!below(i < ARTICLES / 2 ? 1000 : 8));
    add(f, id, titles[i], bodies[i]);
    if (i % (ARTICLES / SEGMENTS) == 0) commit(f);
  }
  commit(f);
  for (uint32_t i = 0; i < ARTICLES; i += 1 + below(40)) {
    delete_number(f, i);
    free(titles[i]);
    free(bodies[i]);
    titles[i] = bodies[i] = NULL;
  }
  commit(f);
}

static uint64_t count(fixture *f, const char *text) {
  sy_query *query = parse(f, text);
  sy_error error;
  uint64_t articles;
  if (sy_count(f->index, query, &articles, &error) != SY_OK) fail_msg("%s", error.reason);
  sy_query_free(query);
  return articles;
}

/* The articles with one phrase or the other; fields are those of `which`: 1 title, 2 body. */
static uint64_t scan(const char *one, const char *other, uint32_t which) {
  uint64_t articles = 0;
  for (uint32_t i = 0; i < ARTICLES; i++) {
    if (!bodies[i]) continue;
    bool in_title = strstr(titles[i], one) || strstr(titles[i], other);
    bool in_body = strstr(bodies[i], one) || strstr(bodies[i], other);
    articles += (which & 1 && in_title) || (which & 2 && in_body);
  }
  return articles;
}

static void compare(fixture *f, const char *one, const char *other) {
  static const char *const fields[] = {"", "title:", "body:", ""};
  for (uint32_t which = 1; which < 4; which++) {
    char query[256];
    snprintf(query, sizeof query, "%s\"%s\"", fields[which], one);
    if (other != one)
      snprintf(query, sizeof query, "%s(\"%s\" OR \"%s\")", fields[which], one, other);
    uint64_t counted = count(f, query), expected = scan(one, other, which);
    if (counted != expected)
      fail_msg("%s: %llu, not %llu", query, (unsigned long long)counted,
               (unsigned long long)expected);
  }
}

static void test_dense_phrases(void **state) {
  fixture *f = *state;
  static const char *const phrases[] = {"請參閱",       "另請參閱", "參閱以",           "參閱以下",
                                        "請參閱以下",   "文章另請", "另請參閱以下文章", "以下文",
                                        "另請參閱以下", "乙丙甲",   "甲乙丙甲乙丙甲乙", "章請參閱"};
  const size_t n = sizeof phrases / sizeof *phrases;
  fill(f);
  assert_in_range(scan("請參閱", "請參閱", 2), ARTICLES / 4, ARTICLES * 9 / 10);
  for (size_t i = 0; i < n; i++) {
    compare(f, phrases[i], phrases[i]);
    compare(f, phrases[i], phrases[(i * 5 + 1) % n]);
  }
  for (uint32_t i = 0; i < ARTICLES; i++) {
    free(titles[i]);
    free(bodies[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_dense_phrases, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
