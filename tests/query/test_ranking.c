/*
 * test_ranking.c - the ranking of free text against a slow computation of docs/ranking.md: scores
 * and order, the second and the third stage, over segments with deletions, and that skipping,
 * pages and exclusions change nothing.
 */
#include "query/closeness.h"
#include "query/presence.h"
#include "storage/lengths.h"
#include "suoyin.h"

#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A text is its units: 0 a break, 1 to 9 a Chinese character, 10 to 12 a word. */
enum { BREAK = 0, CHARACTERS = 9, FIRST_WORD = 10, UNITS = 13, MOST = 300, ARTICLES = 80 };
static const char *const written[UNITS] = {"，", "机", "器", "学",  "习",    "人",  "工",
                                           "智", "能", "天", "sql", "linux", "2024"};

typedef struct units {
  uint8_t at[MOST];
  uint32_t count;
} units;

typedef struct fixture {
  char path[64];
  sy_index *index;
  units title[ARTICLES], body[ARTICLES];
  bool deleted[ARTICLES];
  uint64_t random;
} fixture;

static uint32_t below(fixture *f, uint32_t limit) {
  f->random = f->random * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(f->random >> 33) % limit;
}

/* Characters are as frequent as their number is small. */
static void random_units(fixture *f, uint32_t most, units *out) {
  uint32_t wanted = 1 + below(f, most);
  for (out->count = 0; out->count < wanted; out->count++) {
    uint8_t unit = (uint8_t)(1 + below(f, 1 + below(f, CHARACTERS)));
    bool inside = out->count > 0 && out->count + 1 < wanted && out->at[out->count - 1] != BREAK;
    if (inside && !below(f, 12)) unit = BREAK;
    if (!below(f, 15)) unit = (uint8_t)(FIRST_WORD + below(f, 3));
    out->at[out->count] = unit;
  }
}

static void write_units(const units *u, char *out) {
  for (uint32_t i = 0; i < u->count; i++) {
    if (i && u->at[i] >= FIRST_WORD && u->at[i - 1] >= FIRST_WORD) out = stpcpy(out, " ");
    out = stpcpy(out, written[u->at[i]]);
  }
  *out = 0;
}

static void add_articles(fixture *f, sy_writer *writer) {
  static char title[MOST * 8], body[MOST * 8];
  sy_error error;
  for (int i = 0; i < ARTICLES; i++) {
    char id[16];
    snprintf(id, sizeof id, "%d", i);
    random_units(f, 8, &f->title[i]);
    random_units(f, i % 2 ? 60 : MOST, &f->body[i]);
    write_units(&f->title[i], title);
    write_units(&f->body[i], body);
    sy_article article = {{id, strlen(id)}, {title, strlen(title)}, {body, strlen(body)}, {"", 0}};
    assert_int_equal(sy_writer_add(writer, &article, &error), SY_OK);
    if (i % 30 == 29) assert_int_equal(sy_writer_commit(writer, &error), SY_OK);
  }
  assert_int_equal(sy_writer_commit(writer, &error), SY_OK);
}

/* Articles that are deleted still count in the frequencies and lengths. */
static void delete_articles(fixture *f, sy_writer *writer) {
  sy_error error;
  for (int i = 5; i < ARTICLES; i += 9) {
    char id[16];
    snprintf(id, sizeof id, "%d", i);
    f->deleted[i] = true;
    assert_int_equal(sy_writer_delete(writer, (sy_string){id, strlen(id)}, &error), SY_OK);
  }
  assert_int_equal(sy_writer_commit(writer, &error), SY_OK);
}

static int setup(void **state) {
  fixture *f = calloc(1, sizeof *f);
  f->random = 7;
  strcpy(f->path, "/tmp/suoyin-ranking-XXXXXX");
  assert_non_null(mkdtemp(f->path));
  sy_error error;
  sy_writer *writer;
  assert_int_equal(sy_writer_open(f->path, NULL, &writer, &error), SY_OK);
  add_articles(f, writer);
  delete_articles(f, writer);
  sy_writer_close(writer);
  assert_int_equal(sy_index_open(f->path, &f->index, &error), SY_OK);
  sy_index_stats stats;
  assert_int_equal(sy_index_get_stats(f->index, &stats, &error), SY_OK);
  assert_int_equal(stats.segments, 3);
  *state = f;
  return 0;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk) {
  (void)info, (void)flag, (void)walk;
  return remove(path);
}

static int teardown(void **state) {
  fixture *f = *state;
  sy_index_close(f->index);
  nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  free(f);
  return 0;
}

/* ---- The slow computation -------------------------------------------------------------------- */

typedef struct part {
  uint8_t first, second; /* second: 0 for a word */
  uint32_t times;
  double weight;
} part;

typedef struct bag {
  part parts[64];
  uint32_t count;
  double mass[UNITS];
} bag;

static bool stands_at(const part *p, const units *u, uint32_t i) {
  return u->at[i] == p->first && (!p->second || (i + 1 < u->count && u->at[i + 1] == p->second));
}

static uint32_t frequency(const part *p, const units *u) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < u->count; i++) n += stands_at(p, u, i);
  return n;
}

static double idf(uint32_t df) { return log(1 + (ARTICLES - df + 0.5) / (df + 0.5)); }

static double part_weight(const fixture *f, const part *p) {
  uint32_t df[2] = {0};
  for (int i = 0; i < ARTICLES; i++) {
    df[0] += frequency(p, &f->title[i]) > 0;
    df[1] += frequency(p, &f->body[i]) > 0;
  }
  double rarity = idf(df[0] > df[1] ? df[0] : df[1]);
  return rarity * sqrt(rarity / idf(0)) * (p->second ? 1 : 2);
}

static void make_bag(const fixture *f, const units *query, bag *b) {
  b->count = 0;
  for (int u = 0; u < UNITS; u++) b->mass[u] = 1e9;
  for (uint32_t i = 0; i < query->count; i++) {
    part p = {query->at[i], 0, 1, 0};
    bool chinese = p.first < FIRST_WORD;
    if (chinese && (i + 1 == query->count || query->at[i + 1] >= FIRST_WORD)) continue;
    if (chinese) p.second = query->at[i + 1];
    uint32_t k = 0;
    while (k < b->count && (b->parts[k].first != p.first || b->parts[k].second != p.second)) k++;
    if (k < b->count) {
      b->parts[k].times++;
      continue;
    }
    p.weight = part_weight(f, &p);
    b->mass[p.first] = fmin(b->mass[p.first], p.weight);
    if (p.second) b->mass[p.second] = fmin(b->mass[p.second], p.weight);
    b->parts[b->count++] = p;
  }
}

static double bm25(const bag *b, const units *texts, int article) {
  double length = 0, score = 0;
  for (int i = 0; i < ARTICLES; i++) length += texts[i].count;
  float saturation[256];
  sy_bm25_saturation((float)(length / ARTICLES), saturation);
  double k = saturation[sy_length_encode(texts[article].count)];
  for (uint32_t p = 0; p < b->count; p++) {
    double tf = frequency(&b->parts[p], &texts[article]);
    score += b->parts[p].times * b->parts[p].weight * (1.2 + 1) * tf / (tf + k);
  }
  return score;
}

/* Every window that begins at a position: what the parts that begin in it cover. */
static double best_window(const bag *b, const units *u, uint32_t width) {
  double best = 0;
  for (uint32_t start = 0; start < u->count; start++) {
    bool covered[UNITS] = {false};
    double mass = 0;
    for (uint32_t i = start; i < start + width && i < u->count; i++) {
      for (uint32_t p = 0; p < b->count; p++) {
        if (!stands_at(&b->parts[p], u, i)) continue;
        covered[b->parts[p].first] = true;
        if (b->parts[p].second) covered[b->parts[p].second] = true;
      }
    }
    for (int unit = 1; unit < UNITS; unit++) mass += covered[unit] ? b->mass[unit] : 0;
    best = fmax(best, mass);
  }
  return best;
}

typedef struct scored {
  int article;
  double score;
} scored;

static bool stands_in(const units *u, uint8_t unit) {
  return memchr(u->at, unit, u->count) != NULL;
}

/* How much of the query pairs and words cover in the whole article, its characters wherever they
 * stand, and all of them. */
typedef struct presence {
  double covered, present, most;
} presence;

static presence presence_in(const bag *b, const units *u) {
  presence p = {.covered = best_window(b, u, MOST)};
  for (uint8_t unit = 1; unit < UNITS; unit++) {
    if (b->mass[unit] > 1e8) continue; /* not in the query */
    if (stands_in(u, unit)) p.present += b->mass[unit];
    if (stands_in(u, unit) || unit < FIRST_WORD) p.most += b->mass[unit];
  }
  return p;
}

/* The third stage for the first articles by the second. Returns whether the texts change what pairs
 * and words say about who comes first. */
static bool add_presence(const fixture *f, const bag *b, scored *out, size_t count) {
  presence p[SY_PRESENCE_ARTICLES];
  double best = 0;
  size_t contenders = 0, at[SY_PRESENCE_ARTICLES];
  for (size_t i = 0; i < count && i < 5; i++) {
    p[i] = presence_in(b, &f->body[out[i].article]);
    best = fmax(best, out[i].score + p[i].covered / 2);
  }
  for (size_t i = 0; i < count && i < 5; i++) {
    if (out[i].score + p[i].most / 2 > best - 1e-9) at[contenders++] = i;
  }
  if (contenders > 2) return false;
  if (contenders == 1) {
    out[at[0]].score += p[at[0]].covered / 2;
    return false;
  }
  double before = out[at[0]].score + p[at[0]].covered / 2 - out[at[1]].score - p[at[1]].covered / 2;
  for (size_t k = 0; k < 2; k++) out[at[k]].score += p[at[k]].present / 2;
  return before * (out[at[0]].score - out[at[1]].score) < 0;
}

static int best_first(const void *a, const void *b) {
  const scored *x = a, *y = b;
  if (x->score != y->score) return x->score < y->score ? 1 : -1;
  return x->article - y->article;
}

/* All articles that match, best first. *changed: as add_presence(). */
static size_t rank_slowly(const fixture *f, const units *query, scored *out, bool *changed) {
  bag b;
  make_bag(f, query, &b);
  size_t count = 0;
  for (int i = 0; i < ARTICLES; i++) {
    double score = bm25(&b, f->title, i) + bm25(&b, f->body, i);
    if (score > 0 && !f->deleted[i]) out[count++] = (scored){i, score};
  }
  qsort(out, count, sizeof *out, best_first);
  size_t second = count < SY_CLOSENESS_ARTICLES ? count : SY_CLOSENESS_ARTICLES;
  for (size_t i = 0; i < second; i++) {
    const units *body = &f->body[out[i].article];
    out[i].score += best_window(&b, body, 8) + best_window(&b, body, 64);
  }
  qsort(out, second, sizeof *out, best_first);
  *changed = add_presence(f, &b, out, second);
  qsort(out, second, sizeof *out, best_first);
  return count;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static sy_results *search(fixture *f, const char *text, sy_search_options options) {
  sy_error error;
  sy_query *query;
  sy_results *results;
  sy_status status = sy_query_parse((sy_string){text, strlen(text)}, 0, &query, &error);
  if (status == SY_OK) status = sy_search(f->index, query, &options, &results, &error);
  if (status != SY_OK) fail_msg("%s: %s", text, error.reason);
  sy_query_free(query);
  return results;
}

/* At least five characters without a break, and perhaps words between them. */
static void random_query(fixture *f, units *query, char *text) {
  query->count = 0;
  for (uint32_t runs = 1 + below(f, 3); runs; runs--) {
    uint32_t n = 5 + below(f, 5);
    for (uint32_t i = 0; i < n; i++)
      query->at[query->count++] = (uint8_t)(1 + below(f, CHARACTERS));
    if (runs > 1) query->at[query->count++] = (uint8_t)(FIRST_WORD + below(f, 3));
  }
  write_units(query, text);
}

static const sy_search_options all = {.limit = UINT64_MAX, .exhaustive = true};

static void test_scores(void **state) {
  fixture *f = *state;
  units query;
  char text[MOST * 8];
  scored expected[ARTICLES];
  uint32_t changed_count = 0;
  for (int n = 0; n < 400; n++) {
    bool changed;
    random_query(f, &query, text);
    size_t count = rank_slowly(f, &query, expected, &changed);
    changed_count += changed;
    sy_results *results = search(f, text, all);
    assert_int_equal(sy_results_count(results), count);
    for (size_t i = 0; i < count; i++) {
      const sy_hit *hit = sy_results_hit(results, i);
      if (fabs(hit->score - expected[i].score) > 1e-3 * expected[i].score)
        fail_msg("%s: rank %zu has score %f, not %f", text, i, hit->score, expected[i].score);
    }
    assert_int_equal(sy_results_hit(results, 0)->article, expected[0].article);
    sy_results_free(results);
  }
  assert_true(changed_count >= 3);
}

/* However many are asked for, and whether matches are skipped, the order is one. */
static void test_windows(void **state) {
  fixture *f = *state;
  static const sy_search_options parts[] = {{.limit = 10},
                                            {.limit = 1},
                                            {.limit = 7, .offset = 5},
                                            {.limit = 10, .offset = 15},
                                            {.limit = 30, .exhaustive = true},
                                            {.limit = 10, .offset = 19, .exhaustive = true},
                                            {.limit = UINT64_MAX, .offset = 21}};
  units query;
  char text[MOST * 8];
  for (int n = 0; n < 50; n++) {
    random_query(f, &query, text);
    sy_results *whole = search(f, text, all);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
      sy_results *some = search(f, text, parts[p]);
      size_t left = sy_results_count(whole) - (size_t)parts[p].offset;
      size_t expected = parts[p].limit < left ? (size_t)parts[p].limit : left;
      assert_int_equal(sy_results_count(some), expected);
      for (size_t i = 0; i < expected; i++) {
        const sy_hit *a = sy_results_hit(some, i);
        const sy_hit *b = sy_results_hit(whole, i + (size_t)parts[p].offset);
        assert_int_equal(a->article, b->article);
        assert_true(a->score == b->score);
      }
      sy_results_free(some);
    }
    sy_results_free(whole);
  }
}

/* Excluded free text takes articles away, and changes no score. */
static void test_exclusion(void **state) {
  fixture *f = *state;
  sy_results *with = search(f, "机器学习人工智能", all);
  sy_results *without = search(f, "机器学习人工智能 -天天天天天天", all);
  size_t k = 0;
  assert_true(sy_results_count(without) > 0);
  for (size_t i = 0; i < sy_results_count(without) && i < 10; i++) {
    const sy_hit *hit = sy_results_hit(without, i);
    while (k < sy_results_count(with) && sy_results_hit(with, k)->article != hit->article) k++;
    assert_true(k < SY_CLOSENESS_ARTICLES);
    assert_true(sy_results_hit(with, k)->score == hit->score);
  }
  sy_results_free(with);
  sy_results_free(without);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_scores, setup, teardown),
      cmocka_unit_test_setup_teardown(test_windows, setup, teardown),
      cmocka_unit_test_setup_teardown(test_exclusion, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
