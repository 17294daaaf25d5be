/*
 * test_excerpt.c - the parts of a long text that are read for a snippet: what is found in them is
 * what the whole text has there, no more and no less, whatever stands before them; and that the
 * best part is among them.
 */
#include "query/excerpt.h"
#include "tests/query/search_fixture.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 300000 };

static uint64_t random_state = 1;
static uint32_t below(uint32_t limit) {
  random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(random_state >> 33) % limit;
}

/* All that can carry something over a mark: words, joiners, glosses, white space, page numbers,
 * expansions, marks, broken bytes. */
static const char *const pieces[] = {
    "机器",    "学习",     "機",          "器",          "人工智能", "的",   "。",       "，",
    "！",      "；",       "。机",        "，学习",      "\n",       "\n\n", "\t",       "　",
    " ",       "SQL",      "C++",         "c#",          "GPT-4o",   "12",   "3,4",      "机(jī)器",
    "（xué）", "- 12 -\n", "\n第 3 页\n", "\n第 4 页\n", "㍿",       "ガ",   "か\u3099", "\u200b",
    "Ａ",      "é",        "e\u0301",     "\xE6\x9C",    "\xFF",     "(a)",  "·",        "…",
};

/* Regions of 6,000 bytes have some of the pieces each, so that the best parts are far apart. */
static char *random_text(void) {
  enum { PIECES = sizeof pieces / sizeof *pieces, REGION = 6000 };
  char *text = malloc(TEXT_BYTES + 64), *end = text;
  while (end < text + TEXT_BYTES) {
    uint32_t first = below(PIECES), count = 6 + below(PIECES - 6);
    char *region = end + REGION < text + TEXT_BYTES ? end + REGION : text + TEXT_BYTES;
    while (end < region) end = stpcpy(end, pieces[(first + below(count)) % PIECES]);
  }
  return text;
}

typedef struct looking {
  sy_analyzers analyzers;
  sy_deadline deadline;
  sy_arena arena;
  sy_matcher title, whole, parts;
} looking;

/* Matchers for the query: one for the whole text and one for its parts. */
static void look_for(looking *l, const char *text) {
  sy_error error;
  sy_query *query;
  memset(l, 0, sizeof *l);
  sy_analyzers_init(&l->analyzers, SY_TEXT_DEFAULT);
  sy_deadline_init(&l->deadline);
  sy_matcher_init(&l->title, &l->analyzers, &l->deadline);
  sy_matcher_init(&l->whole, &l->analyzers, &l->deadline);
  sy_matcher_init(&l->parts, &l->analyzers, &l->deadline);
  sy_string string = {text, strlen(text)};
  assert_int_equal(sy_query_parse(string, SY_QUERY_ANY, &query, &error), SY_OK);
  sy_matcher *both[] = {&l->whole, &l->parts};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(
        sy_matcher_add_leaves(&l->title, both[i], query->root, false, &l->arena, &error), SY_OK);
  }
  sy_query_free(query);
}

static void look_no_more(looking *l) {
  sy_matcher_free(&l->title);
  sy_matcher_free(&l->whole);
  sy_matcher_free(&l->parts);
  sy_arena_free(&l->arena);
}

static const sy_text_run *run_with(const sy_matcher *m, uint32_t start, uint32_t end) {
  const sy_text_run *run = (const sy_text_run *)m->runs.data;
  for (size_t i = 0; i < m->runs.bytes / sizeof *run; i++) {
    if (run[i].start <= start && end <= run[i].end) return &run[i];
  }
  return NULL;
}

static bool same_match(const sy_match *a, const sy_match *b) {
  return a->start == b->start && a->end == b->end && a->pattern == b->pattern;
}

/* The matches of the parts are those of the whole that lie in the parts. */
static size_t compare(const looking *l) {
  const sy_match *all = sy_matcher_matches(&l->whole), *some = sy_matcher_matches(&l->parts);
  size_t k = 0;
  for (size_t i = 0; i < l->whole.match_count; i++) {
    if (!run_with(&l->parts, all[i].start, all[i].end)) continue;
    assert_true(k < l->parts.match_count);
    assert_true(same_match(&all[i], &some[k]));
    k++;
  }
  assert_int_equal(k, l->parts.match_count);
  return k;
}

static void test_parts_of_whole(void **state) {
  (void)state;
  static const char *const queries[] = {
      "机器",         "\"机器学习\"", "\"习。机器\"", "sql",
      "c++ c#",       "\"gpt 4o\"",   "的",           "人工智能机器学习",
      "\"学习 sql\"", "机器 -的",     "12",           "\"器学 12\"",
      "s*",           "か",           "ガ",           "第",
      "页",
  };
  size_t partial = 0;
  for (int n = 0; n < 150; n++) {
    looking l;
    sy_error error;
    char *body = random_text();
    sy_string string = {body, strlen(body)};
    look_for(&l, queries[n % (sizeof queries / sizeof *queries)]);
    assert_int_equal(sy_matcher_run(&l.whole, string, &error), SY_OK);
    assert_int_equal(sy_excerpt_run(&l.parts, string, 80, &error), SY_OK);
    size_t found = compare(&l);
    assert_true(found > 0 || !l.whole.match_count);
    partial += found < l.whole.match_count;
    look_no_more(&l);
    free(body);
  }
  assert_true(partial > 100); /* most were not read whole */
}

/* Of a text full of parts of the phrase, the place of the phrase is read. */
static void test_best_part(void **state) {
  (void)state;
  looking l;
  sy_error error;
  char *body = malloc(TEXT_BYTES + 64), *end = body;
  while (end < body + TEXT_BYTES) end = stpcpy(end, below(2) ? "这里有机器，" : "那里有学习。");
  size_t place = TEXT_BYTES / 18 * 18 - 18 * 2000;
  memcpy(body + place, "机器学习导论", 18);
  look_for(&l, "\"机器学习导论\"");
  assert_int_equal(sy_excerpt_run(&l.parts, (sy_string){body, strlen(body)}, 80, &error), SY_OK);
  assert_int_equal(l.parts.match_count, 1);
  assert_int_equal(sy_matcher_matches(&l.parts)->start, place);
  assert_true(sy_matcher_unit_count(&l.parts) < TEXT_BYTES / 3 / 2);
  look_no_more(&l);
  free(body);
}

/* What the scan does not see - here a gloss in every match - is found by reading all. */
static void test_hidden(void **state) {
  (void)state;
  looking l;
  sy_error error;
  char *body = malloc(TEXT_BYTES + 64), *end = body;
  while (end < body + TEXT_BYTES) end = stpcpy(end, "这里没有，");
  memcpy(body + 150000, "机(jī)器", strlen("机(jī)器"));
  look_for(&l, "机器");
  assert_int_equal(sy_excerpt_run(&l.parts, (sy_string){body, strlen(body)}, 80, &error), SY_OK);
  assert_int_equal(l.parts.match_count, 1);
  assert_int_equal(sy_matcher_matches(&l.parts)->start, 150000);
  look_no_more(&l);
  free(body);
}

/* Text that is one clause is not read whole either, whether its best part is seen by the scan or
 * not. */
static void test_one_clause(void **state) {
  (void)state;
  static const char *const filler[] = {"这里没有", "not here at all ", "这里 not"};
  static const char *const places[] = {"机器学习", " machine learning ", "机(jī)器学习"};
  for (int i = 0; i < 9; i++) {
    looking l;
    sy_error error;
    char *body = malloc(8 * TEXT_BYTES + 64), *end = body;
    while (end < body + 8 * TEXT_BYTES) end = stpcpy(end, filler[i / 3]);
    size_t bytes = (size_t)(end - body), most = bytes, place = strlen(filler[i / 3]);
    place *= 7 * TEXT_BYTES / place;
    end = body + place + strlen(places[i % 3]);
    memcpy(body + place, places[i % 3], strlen(places[i % 3]));
    while ((*end & 0xC0) == 0x80) *end++ = ' '; /* what is left of a character */
    look_for(&l, i % 3 == 1 ? "machine" : "\"机器学习\"");
    assert_int_equal(sy_matcher_run(&l.whole, (sy_string){body, bytes}, &error), SY_OK);
    assert_int_equal(sy_excerpt_run(&l.parts, (sy_string){body, bytes}, 80, &error), SY_OK);
    assert_int_equal(compare(&l), 1);
    if (i % 3 == 2) most = 2 << 20; /* hidden: a megabyte at a time */
    assert_true(sy_matcher_unit_count(&l.parts) < most / 5);
    look_no_more(&l);
    free(body);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parts_of_whole),
      cmocka_unit_test(test_best_part),
      cmocka_unit_test(test_hidden),
      cmocka_unit_test(test_one_clause),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
