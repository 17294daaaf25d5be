/*
 * test_excerpt.c - the sections of a long article that are read for a snippet: what is found in
 * them is what the whole text has there, no more and no less, whatever stands before them; and that
 * the best section is among them.
 */
#include "query/excerpt.h"
#include "query/index.h"
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

/* Regions of 6,000 bytes have some of the pieces each, so that the best sections are far apart. */
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
  sy_arena arena;
  sy_matcher title, whole, sections;
  sy_query *query;
  sy_sectioned_article body;
} looking;

/* Matchers for the query: one for the whole text and one for its sections. */
static void look_for(looking *l, fixture *f, const char *query) {
  memset(l, 0, sizeof *l);
  sy_analyzers *analyzers = &f->index->analyzers;
  sy_matcher_init(&l->title, analyzers, &f->index->deadline);
  sy_matcher_init(&l->whole, analyzers, &f->index->deadline);
  sy_matcher_init(&l->sections, analyzers, &f->index->deadline);
  l->query = parse(f, query);
  sy_matcher *both[] = {&l->whole, &l->sections};
  for (int i = 0; i < 2; i++) {
    sy_error error;
    assert_int_equal(
        sy_matcher_add_leaves(&l->title, both[i], l->query->root, false, &l->arena, &error), SY_OK);
  }
}

static void look_no_more(looking *l) {
  sy_matcher_free(&l->title);
  sy_matcher_free(&l->whole);
  sy_matcher_free(&l->sections);
  sy_arena_free(&l->arena);
  sy_query_free(l->query);
}

/* Looks for the query in the article of that id, whose body is `text`: all of it, and its
 * sections. */
static void look_into(looking *l, fixture *f, const char *id, const char *query, sy_string text) {
  sy_snippet_options options = SY_SNIPPET_OPTIONS_DEFAULT;
  sy_error error;
  uint64_t article;
  uint32_t local;
  sy_segment *segment;
  look_for(l, f, query);
  assert_int_equal(sy_index_find(f->index, (sy_string){id, strlen(id)}, &article, &error), SY_OK);
  assert_int_equal(sy_index_article_sections(f->index, article, &segment, &local, &l->body, &error),
                   SY_OK);
  assert_true(l->body.sections.count > 1);
  assert_int_equal(l->body.article.body.bytes, text.bytes);
  assert_int_equal(sy_excerpt_run(&l->sections, segment, local, &l->body, &options, &error), SY_OK);
  assert_int_equal(sy_matcher_run(&l->whole, text, &error), SY_OK);
  const sy_text_run *run = (const sy_text_run *)l->sections.runs.data;
  for (size_t i = 0; i < l->sections.runs.bytes / sizeof *run; i++) {
    assert_memory_equal(l->body.article.body.data + run[i].start, text.data + run[i].start,
                        run[i].end - run[i].start);
  }
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

/* The matches of the sections are those of the whole that lie in them. */
static size_t compare(const looking *l) {
  const sy_match *all = sy_matcher_matches(&l->whole), *some = sy_matcher_matches(&l->sections);
  size_t k = 0;
  for (size_t i = 0; i < l->whole.match_count; i++) {
    if (!run_with(&l->sections, all[i].start, all[i].end)) continue;
    assert_true(k < l->sections.match_count);
    assert_true(same_match(&all[i], &some[k]));
    k++;
  }
  assert_int_equal(k, l->sections.match_count);
  return k;
}

static void test_sections_of_whole(void **state) {
  fixture *f = *state;
  static const char *const queries[] = {
      "机器",         "\"机器学习\"", "\"习。机器\"", "sql",
      "c++ c#",       "\"gpt 4o\"",   "的",           "人工智能机器学习",
      "\"学习 sql\"", "机器 -的",     "12",           "\"器学 12\"",
      "s*",           "か",           "ガ",           "第",
      "页",           "=機器",
  };
  enum { TEXTS = 40 };
  char *bodies[TEXTS], id[16];
  size_t partial = 0;
  for (int n = 0; n < TEXTS; n++) {
    bodies[n] = random_text();
    snprintf(id, sizeof id, "%d", n);
    add(f, id, "题", bodies[n]);
    if (n % 16 == 15) commit(f);
  }
  commit(f);
  for (int n = 0; n < 4 * TEXTS; n++) {
    looking l;
    snprintf(id, sizeof id, "%d", n % TEXTS);
    look_into(&l, f, id, queries[(size_t)n % (sizeof queries / sizeof *queries)],
              text(bodies[n % TEXTS]));
    size_t found = compare(&l);
    assert_true(found > 0 || !l.whole.match_count);
    partial += found < l.whole.match_count;
    look_no_more(&l);
  }
  for (int n = 0; n < TEXTS; n++) free(bodies[n]);
  assert_true(partial > 80); /* most were not read whole */
}

/* Of a text full of parts of the phrase, the place of the phrase is read, and no more than what is
 * around it; also when the phrase is cut by the border of two sections. */
static void test_best_section(void **state) {
  fixture *f = *state;
  looking l;
  char *body = malloc(TEXT_BYTES + 64), *end = body;
  while (end < body + TEXT_BYTES) end = stpcpy(end, below(2) ? "这里有机器，" : "那里有学习。");
  for (size_t i = 1; i <= 200; i++) {
    size_t place = TEXT_BYTES / 200 / 18 * 18 * i - 18, most = 0;
    char kept[18];
    memcpy(kept, body + place, 18);
    memcpy(body + place, "机器学习导论", 18);
    add(f, "1", "题", body);
    commit(f);
    look_into(&l, f, "1", "\"机器学习导论\"", text(body));
    assert_int_equal(l.sections.match_count, 1);
    assert_int_equal(sy_matcher_matches(&l.sections)->start, place);
    for (uint32_t k = 0; k < l.body.sections.count; k++) {
      uint32_t begin = sy_sections_get(&l.body.sections, k).offset;
      uint32_t behind = sy_sections_get(&l.body.sections, k + 1).offset;
      if (behind - begin > most) most = behind - begin;
    }
    assert_true(most < 2 * SY_SECTION_BYTES);
    assert_true(sy_matcher_unit_count(&l.sections) <= 2 * most / 3);
    look_no_more(&l);
    memcpy(body + place, kept, 18);
  }
  free(body);
}

/* What the terms do not tell - which form was written - is found by reading on. */
static void test_hidden(void **state) {
  fixture *f = *state;
  looking l;
  char *body = malloc(TEXT_BYTES + 64), *end = body;
  while (end < body + TEXT_BYTES) end = stpcpy(end, "这里有机器，");
  size_t place = 18 * 12000 + 9;
  memcpy(body + place, "機器", 6);
  add(f, "1", "题", body);
  commit(f);
  look_into(&l, f, "1", "=機器", text(body));
  assert_int_equal(l.sections.match_count, 1);
  assert_int_equal(sy_matcher_matches(&l.sections)->start, place);
  look_no_more(&l);
  look_into(&l, f, "1", "=機械", text(body));
  assert_int_equal(l.sections.match_count, 0);
  assert_true(sy_matcher_unit_count(&l.sections) > 0); /* the beginning is shown */
  look_no_more(&l);
  free(body);
}

/* Text that is one clause is not read whole either, whether the index knows the place or not. */
static void test_one_clause(void **state) {
  fixture *f = *state;
  static const char *const filler[] = {"这里没有", "not here at all ", "这里 not"};
  static const char *const places[] = {"机器学习", " machine learning ", "机(jī)器学习", "机"};
  static const char *const queries[] = {"\"机器学习\"", "machine", "\"机器学习\"", "机"};
  for (int i = 0; i < 12; i++) {
    looking l;
    char *body = malloc(8 * TEXT_BYTES + 64), *end = body;
    while (end < body + 8 * TEXT_BYTES) end = stpcpy(end, filler[i / 4]);
    size_t bytes = (size_t)(end - body), most = bytes, place = strlen(filler[i / 4]);
    place *= 7 * TEXT_BYTES / place;
    end = body + place + strlen(places[i % 4]);
    memcpy(body + place, places[i % 4], strlen(places[i % 4]));
    while ((*end & 0xC0) == 0x80) *end++ = ' '; /* what is left of a character */
    add(f, "1", "题", body);
    commit(f);
    look_into(&l, f, "1", queries[i % 4], (sy_string){body, bytes});
    assert_int_equal(compare(&l), 1);
    /* Hidden, as one character is: a megabyte or two at a time. */
    most = i % 4 == 3 ? 64 * 2 * SY_SECTION_BYTES : 5 * SY_SECTION_BYTES;
    assert_true(sy_matcher_unit_count(&l.sections) <= most / 3);
    look_no_more(&l);
    free(body);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_sections_of_whole, setup, teardown),
      cmocka_unit_test_setup_teardown(test_best_section, setup, teardown),
      cmocka_unit_test_setup_teardown(test_hidden, setup, teardown),
      cmocka_unit_test_setup_teardown(test_one_clause, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
