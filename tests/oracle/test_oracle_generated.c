/*
 * test_oracle_generated.c - random articles, added, replaced and deleted over many commits, and
 * random queries of every operator: what the engine finds must be exactly what brute force finds,
 * before and after merging and optimizing, in an old snapshot and in the newest.
 *
 * $SUOYIN_SEED repeats a run; $SUOYIN_ARTICLES and $SUOYIN_QUERIES make it longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suoyin.h"
#include "tests/oracle/engine.h"
#include "tests/oracle/model.h"

typedef struct trial {
  uint64_t seed;
  uint32_t text_rules;
  model *list;
  random_source random;
  char directory[256];
  sy_writer *writer;
  sy_index *old;    /* a snapshot of the middle of the run ... */
  bool *old_alive;  /* ... and which versions were live in it */
  size_t old_count; /* versions there were at that time */
} trial;

/* ---- Comparing ----------------------------------------------------------------------------- */

/* What the model says at one moment: alive[0..count) for the versions there were. */
typedef struct moment {
  const bool *alive; /* NULL: as the versions say now */
  size_t count;
} moment;

static bool alive_at(const trial *run, moment when, size_t version) {
  return when.alive ? when.alive[version] : run->list->versions[version].alive;
}

static void show_version(const trial *run, size_t version, const char *complaint) {
  const model_article *article = &run->list->versions[version];
  print_error("%s %s\n  title: %s\n  body: %s\n", complaint, article->id, article->title,
              article->body);
}

static void fail_query(const trial *run, const char *text, bool any, const char *complaint) {
  fail_msg("%s\nseed %llu, text rules %u, any %d, query: %s", complaint,
           (unsigned long long)run->seed, run->text_rules, any, text);
}

/* Marks in found[] the versions behind the hits; false when a hit is doubled or is no live version.
 */
static bool mark_hits(const trial *run, sy_index *index, moment when, const sy_results *results,
                      bool *found) {
  for (size_t rank = 0; rank < sy_results_count(results); rank++) {
    sy_string id = {0};
    sy_error error = {0};
    engine_require(sy_index_id(index, sy_results_hit(results, rank)->article, &id, &error), &error,
                   "sy_index_id");
    uint32_t number = model_number(id);
    size_t version = when.count;
    for (size_t i = 0; i < when.count; i++) {
      if (alive_at(run, when, i) && run->list->versions[i].number == number) version = i;
    }
    if (version == when.count || found[version]) return false;
    const char *expected = run->list->versions[version].id;
    if (strlen(expected) != id.bytes || memcmp(expected, id.data, id.bytes) != 0) return false;
    found[version] = true;
  }
  return true;
}

/* The set of all hits and sy_count() against brute force. Returns how many articles match. */
static size_t check_set(const trial *run, sy_index *index, moment when, const model_query *wanted,
                        const sy_query *query, const char *text, bool any) {
  bool *found = calloc(when.count + 1, sizeof(bool));
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.limit = UINT64_MAX;
  sy_results *results = engine_search(index, query, options);
  if (!mark_hits(run, index, when, results, found)) {
    fail_query(run, text, any, "a hit is doubled, or not of a live article");
  }
  size_t matching = 0, shown = 0;
  for (size_t i = 0; i < when.count; i++) {
    bool expected =
        alive_at(run, when, i) && model_matches(run->list, wanted, &run->list->versions[i]);
    matching += expected;
    if (expected != found[i] && shown++ < 3) {
      show_version(run, i, expected ? "not found:" : "found though it does not match:");
    }
  }
  if (shown > 0) fail_query(run, text, any, "the sets of articles differ");
  if (engine_count(index, query) != matching) fail_query(run, text, any, "sy_count() differs");
  sy_results_free(results);
  free(found);
  return matching;
}

static bool same_hits(const sy_results *some, const sy_results *all, size_t offset) {
  for (size_t i = 0; i < sy_results_count(some); i++) {
    const sy_hit *a = sy_results_hit(some, i), *b = sy_results_hit(all, offset + i);
    if (a->article != b->article || fabsf(a->score - b->score) > 1e-6f * fabsf(b->score))
      return false;
  }
  return true;
}

/* The order of the hits, and that skipping, limit and offset do not change it. */
static void check_order(const trial *run, sy_index *index, size_t matching, const sy_query *query,
                        const char *text, bool any) {
  sy_results *all =
      engine_search(index, query, (sy_search_options){.limit = UINT64_MAX, .exhaustive = true});
  if (sy_results_count(all) != matching) fail_query(run, text, any, "an exhaustive search differs");
  for (size_t i = 1; i < matching; i++) {
    const sy_hit *a = sy_results_hit(all, i - 1), *b = sy_results_hit(all, i);
    bool ordered = a->score > b->score || (a->score == b->score && a->article < b->article);
    if (!ordered) fail_query(run, text, any, "hits are out of order");
  }
  static const sy_search_options parts[] = {
      {.limit = 10, .exhaustive = true}, {.limit = 10}, {.limit = 1},
      {.limit = 5, .offset = 7},         {.limit = 0},  {.limit = 3, .offset = UINT64_MAX},
      {.limit = UINT64_MAX, .offset = 4}};
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
    sy_results *some = engine_search(index, query, parts[i]);
    size_t left = parts[i].offset < matching ? matching - (size_t)parts[i].offset : 0;
    size_t expected = parts[i].limit < left ? (size_t)parts[i].limit : left;
    if (sy_results_count(some) != expected) fail_query(run, text, any, "limit or offset miscounts");
    if (!same_hits(some, all, left ? (size_t)parts[i].offset : 0)) {
      fail_query(run, text, any,
                 "the best hits of a limited search differ from those of a full one");
    }
    sy_results_free(some);
  }
  sy_results_free(all);
}

/* sy_query_phrase() finds what the quoted text finds. */
static void check_literal(const trial *run, sy_index *index, const model_query *wanted,
                          size_t matching, const char *text) {
  if (wanted->kind != Q_PHRASE || wanted->field == IN_BOTH) return;
  sy_query *query = NULL;
  sy_error error = {0};
  engine_require(sy_query_phrase((sy_string){wanted->text, wanted->bytes},
                                 wanted->field == IN_TITLE, &query, &error),
                 &error, "sy_query_phrase");
  if (engine_count(index, query) != matching)
    fail_query(run, text, false, "sy_query_phrase() differs");
  sy_query_free(query);
}

/* `count` random queries against one snapshot; the same `seed` makes the same queries. */
static void check_queries(trial *run, sy_index *index, moment when, uint64_t seed, size_t count) {
  random_source random = {seed};
  size_t matched = 0;
  for (size_t i = 0; i < count; i++) {
    model_query *wanted = model_query_new(run->list, &random, (int)(i % 4));
    bool any = random_one_in(&random, 3);
    char *text = model_query_render(wanted, any);
    sy_query *query = engine_parse(text, any);
    size_t matching = check_set(run, index, when, wanted, query, text, any);
    check_order(run, index, matching, query, text, any);
    check_literal(run, index, wanted, matching, text);
    matched += matching > 0;
    sy_query_free(query);
    free(text);
    model_query_free(wanted);
  }
  if (when.count >= 100 && matched * 3 < count)
    fail_msg("only %zu of %zu queries match: the test tests little", matched, count);
}

/* ---- A run --------------------------------------------------------------------------------- */

static void delete_some(trial *run, uint32_t numbers) {
  uint32_t number = random_below(&run->random, numbers);
  char id[64];
  model_id(number, id, sizeof(id));
  model_article *live = model_live(run->list, number);
  sy_status status = sy_writer_delete(run->writer, (sy_string){id, strlen(id)}, NULL);
  assert_int_equal(status, live ? SY_OK : SY_NOT_FOUND);
  if (live) live->alive = false;
}

static void put_some(trial *run, uint32_t number) {
  model_article *article = model_put(run->list, number, &run->random, 60);
  engine_add(run->writer, (sy_string){article->id, strlen(article->id)},
             (sy_string){article->title, article->title_bytes},
             (sy_string){article->body, article->body_bytes});
}

static void keep_snapshot(trial *run) {
  run->old = engine_open(run->directory);
  run->old_count = run->list->count;
  run->old_alive = calloc(run->old_count + 1, sizeof(bool));
  for (size_t i = 0; i < run->old_count; i++) run->old_alive[i] = run->list->versions[i].alive;
}

static void commit(trial *run) {
  sy_error error = {0};
  engine_require(sy_writer_commit(run->writer, &error), &error, "sy_writer_commit");
}

static void write_articles(trial *run, uint32_t articles) {
  uint32_t numbers = 0;
  for (uint32_t step = 0; step < articles; step++) {
    if (numbers > 0 && random_one_in(&run->random, 8)) delete_some(run, numbers + 3);
    bool again = numbers > 0 && random_one_in(&run->random, 6);
    put_some(run, again ? random_below(&run->random, numbers) : numbers++);
    if (random_one_in(&run->random, articles / 15 + 1)) commit(run);
    if (step == articles / 2) {
      commit(run);
      keep_snapshot(run);
    }
  }
  sy_writer_counts counts;
  commit(run);
  sy_writer_get_counts(run->writer, &counts);
  assert_int_equal(counts.articles, model_live_count(run->list));
  assert_int_equal(counts.added, articles);
}

static void check_sound(sy_index *index, uint64_t articles) {
  sy_error error = {0};
  sy_index_stats stats;
  engine_require(sy_index_check(index, NULL, NULL, &error), &error, "sy_index_check");
  engine_require(sy_index_get_stats(index, &stats, &error), &error, "sy_index_get_stats");
  assert_int_equal(stats.articles, articles);
}

/* The stored articles come back byte for byte. */
static void check_stored(trial *run, sy_index *index) {
  for (size_t i = 0; i < run->list->count; i++) {
    const model_article *article = &run->list->versions[i];
    sy_string id = {article->id, strlen(article->id)};
    uint64_t number = 0;
    sy_article stored;
    sy_error error = {0};
    if (!model_live(run->list, article->number)) {
      assert_int_equal(sy_index_find(index, id, &number, NULL), SY_NOT_FOUND);
    }
    if (!article->alive) continue;
    engine_require(sy_index_find(index, id, &number, &error), &error, "sy_index_find");
    engine_require(sy_index_article(index, number, &stored, &error), &error, "sy_index_article");
    assert_int_equal(stored.title.bytes, article->title_bytes);
    assert_memory_equal(stored.title.data, article->title, article->title_bytes);
    assert_int_equal(stored.body.bytes, article->body_bytes);
    assert_memory_equal(stored.body.data, article->body, article->body_bytes);
  }
}

/* All that the newest snapshot has. */
static void check_all(trial *run, sy_index *index, uint64_t seed, size_t queries) {
  check_sound(index, model_live_count(run->list));
  check_stored(run, index);
  check_queries(run, index, (moment){NULL, run->list->count}, seed, queries);
}

/* Goes on to the newest snapshot, which has been merged. */
static void check_one_segment(sy_index *index) {
  sy_error error = {0};
  sy_index_stats stats;
  engine_require(sy_index_refresh(index, &error), &error, "sy_index_refresh");
  engine_require(sy_index_get_stats(index, &stats, &error), &error, "sy_index_get_stats");
  assert_true(stats.segments <= 1);
  assert_int_equal(stats.deleted, 0);
}

static void run_round(uint64_t seed, uint32_t text_rules, uint32_t articles, size_t queries) {
  trial run = {.seed = seed, .text_rules = text_rules, .random = {seed}};
  sy_error error = {0};
  run.list = model_new(text_rules);
  engine_directory(run.directory, sizeof(run.directory));
  run.writer = engine_writer(run.directory, text_rules);
  write_articles(&run, articles);
  sy_index *index = engine_open(run.directory);
  moment now = {NULL, run.list->count}, then = {run.old_alive, run.old_count};

  check_all(&run, index, seed + 1, queries);
  check_queries(&run, run.old, then, seed + 2, queries / 5 + 1);
  engine_require(sy_writer_merge(run.writer, 1, &error), &error, "sy_writer_merge");
  check_queries(&run, index, now, seed + 3, queries / 5 + 1); /* the snapshot before the merge */
  check_one_segment(index);
  check_all(&run, index, seed + 1, queries); /* the same queries as before */
  engine_require(sy_writer_optimize(run.writer, &error), &error, "sy_writer_optimize");
  check_queries(&run, index, now, seed + 4, queries / 5 + 1);
  check_one_segment(index);
  check_all(&run, index, seed + 1, queries);
  check_queries(&run, run.old, then, seed + 2, queries / 5 + 1);

  sy_index_close(run.old);
  sy_index_close(index);
  sy_writer_close(run.writer);
  engine_remove(run.directory);
  free(run.old_alive);
  model_free(run.list);
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void test_all_operators(void **state) {
  (void)state;
  uint64_t seed = random_seed(20250711);
  uint32_t articles = (uint32_t)number_from_environment("SUOYIN_ARTICLES", 2500);
  size_t queries = (size_t)number_from_environment("SUOYIN_QUERIES", 2500);
  print_message("seed %llu\n", (unsigned long long)seed);
  run_round(seed, SY_TEXT_DEFAULT, articles, queries);
}

static void test_few_articles(void **state) {
  (void)state;
  uint64_t seed = random_seed(7);
  for (uint32_t i = 0; i < 12; i++) run_round(seed + i, SY_TEXT_DEFAULT, 1 + i * 3, 60);
}

/* Every choice of text rules: the index keeps its own, and queries obey it. */
static void test_text_rules(void **state) {
  (void)state;
  uint64_t seed = random_seed(99);
  for (uint32_t rules = 0; rules <= SY_TEXT_DEFAULT; rules++)
    run_round(seed + rules, rules, 150, 150);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_few_articles),
      cmocka_unit_test(test_all_operators),
      cmocka_unit_test(test_text_rules),
  };
  return cmocka_run_group_tests_name("oracle: generated articles and queries", tests, NULL, NULL);
}
