/*
 * test_merge.c - what is merged from many segments is what is built at once: of the same articles
 * in the same order, lexicon, lists, lengths and ids are the same byte for byte, and so are all
 * texts. Where articles were deleted on the way, the impacts in the postings may differ, whose
 * average length is then summed up from codes of lengths: articles and frequencies are compared.
 *
 * And what is written, and what the file grows to, is bounded by the size of the index.
 */
#include "storage/segment.h"
#include "tests/storage/storage_helper.h"

#define ARTICLES 3000u
#define LEAST_MEMORY (32ull << 20)

/* Article N: words that all articles have, many, few and one. */
static void make_article(uint32_t number, char *id, char *title, buffer *body) {
  random_source random = {number * 31ull + 7};
  sprintf(id, "a%u", number);
  sprintf(title, "第%u篇", number);
  body->bytes = 0;
  buffer_add_string(body, "每篇都有 every ");
  random_text(&random, 3 + random_below(&random, 60), true, body);
  if (number % 3 == 0) buffer_add_string(body, " third 三分之一");
  char word[40];
  sprintf(word, " n%u", number);
  buffer_add_string(body, word);
}

static void add(sy_writer *w, uint32_t number) {
  char id[20], title[40];
  buffer body = {0};
  make_article(number, id, title, &body);
  sy_article article = {string_of(id), string_of(title), {body.data, body.bytes}, {NULL, 0}};
  assert_ok(sy_writer_add(w, &article, &test_error));
  free(body.data);
}

static sy_writer *open_writer(const char *path, uint32_t threads) {
  sy_writer *w;
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.memory_bytes = LEAST_MEMORY;
  options.threads = threads;
  assert_ok(sy_writer_open(path, &options, &w, &test_error));
  return w;
}

/* With `replaced`, articles that are added again later stand between those that stay, whose order
 * is the same in the end. */
static char *build_in_commits(uint32_t threads, bool replaced, random_source *random) {
  char *path = make_directory();
  sy_writer *w = open_writer(path, threads);
  uint32_t ahead = replaced ? 0 : ARTICLES; /* articles below may have been added once */
  for (uint32_t i = 0, until = 0; i < ARTICLES; i++) {
    for (; ahead < i + 50 && ahead < ARTICLES; ahead++) {
      if (ahead > i && random_one_in(random, 5)) add(w, ahead);
    }
    add(w, i);
    if (i < until) continue;
    assert_ok(sy_writer_commit(w, &test_error));
    until = i + 1 + random_below(random, 60);
  }
  assert_ok(sy_writer_merge(w, 1, &test_error));
  sy_writer_close(w);
  return path;
}

static char *build_at_once(void) {
  char *path = make_directory();
  sy_writer *w = open_writer(path, 1);
  for (uint32_t i = 0; i < ARTICLES; i++) add(w, i);
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_close(w);
  return path;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

typedef struct opened {
  sy_env *env;
  sy_snapshot snapshot;
  sy_segment *segment;
} opened;

static opened open_only_segment(const char *path) {
  opened o;
  assert_ok(sy_env_open(path, false, false, &o.env, &test_error));
  assert_ok(sy_snapshot_open(&o.snapshot, o.env, NULL, &test_error));
  assert_int_equal(o.snapshot.count, 1);
  o.segment = &o.snapshot.segments[0];
  assert_int_equal(o.segment->info.deleted, 0);
  return o;
}

static void close_opened(opened *o) {
  sy_snapshot_close(&o->snapshot);
  sy_env_close(o->env);
}

/* Values of a part of both segments; returns their bytes. */
static uint64_t compare_values(const opened *a, const opened *b, sy_part part) {
  uint64_t bytes = 0;
  for (uint32_t ordinal = 0;; ordinal++) {
    sy_value x, y;
    sy_status status = sy_env_get(a->env, a->segment->info.id, part, ordinal, &x, &test_error);
    assert_status(sy_env_get(b->env, b->segment->info.id, part, ordinal, &y, &test_error), status);
    if (status == SY_NOT_FOUND) return bytes;
    assert_ok(status);
    assert_int_equal(x.bytes, y.bytes);
    assert_memory_equal(x.data, y.data, x.bytes);
    bytes += x.bytes;
  }
}

static void assert_same_string(sy_string a, sy_string b) {
  assert_int_equal(a.bytes, b.bytes);
  if (a.bytes) assert_memory_equal(a.data, b.data, a.bytes);
}

static void compare_articles(const opened *a, const opened *b) {
  for (uint32_t i = 0; i < ARTICLES; i++) {
    sy_article x, y;
    assert_ok(sy_articles_get(&a->segment->articles, i, &x, &test_error));
    assert_ok(sy_articles_get(&b->segment->articles, i, &y, &test_error));
    assert_same_string(x.title, y.title);
    assert_same_string(x.body, y.body);
  }
}

/* Articles and frequencies of the current term; returns how many. */
static uint32_t compare_list(const sy_lexicon_cursor *a, const sy_lexicon_cursor *b) {
  sy_list x, y;
  sy_postings p, q;
  assert_ok(sy_lexicon_list(a, &x, &test_error));
  assert_ok(sy_lexicon_list(b, &y, &test_error));
  assert_int_equal(x.df, y.df);
  sy_postings_open(&p, &x);
  sy_postings_open(&q, &y);
  for (uint32_t i = 0; i < x.df; i++) {
    assert_int_equal(sy_postings_next(&p), sy_postings_next(&q));
    assert_int_equal(sy_postings_frequency(&p), sy_postings_frequency(&q));
  }
  return x.df;
}

/* The lexicons are the same. */
static void compare_postings(const opened *a, const opened *b) {
  sy_lexicon *l = &a->segment->lexicon;
  uint64_t postings = 0;
  for (uint32_t run = 0; run < l->count; run++) {
    sy_lexicon_cursor c, d;
    assert_ok(sy_lexicon_open_run(l, run, &c, &test_error));
    assert_ok(sy_lexicon_open_run(&b->segment->lexicon, run, &d, &test_error));
    while (sy_lexicon_next(&c, &test_error) == SY_OK) {
      assert_ok(sy_lexicon_next(&d, &test_error));
      postings += compare_list(&c, &d);
    }
  }
  const sy_field_info *fields = a->segment->info.fields;
  assert_int_equal(postings, fields[0].postings + fields[1].postings);
}

static void compare(const char *once_path, const char *merged_path, bool replaced) {
  static const sy_part parts[] = {
      SY_PART_LEXICON, SY_PART_LEXICON_DIRECTORY, SY_PART_POSITIONS,    SY_PART_LENGTHS,
      SY_PART_IDS,     SY_PART_ID_HASHES,         SY_PART_ID_DIRECTORY, SY_PART_POSTINGS};
  opened once = open_only_segment(once_path), merged = open_only_segment(merged_path);
  assert_int_equal(merged.segment->info.articles, ARTICLES);
  size_t count = sizeof parts / sizeof *parts - replaced;
  for (size_t p = 0; p < count; p++) {
    assert_true(compare_values(&once, &merged, parts[p]) > 100);
  }
  compare_postings(&once, &merged);
  compare_articles(&once, &merged);
  close_opened(&merged);
  close_opened(&once);
}

static void test_same_as_at_once(void **state) {
  (void)state;
  random_source random = seeded(31);
  char *once = build_at_once();
  for (uint32_t threads = 1; threads <= 3; threads++) {
    for (int replaced = 0; replaced < 2; replaced++) {
      char *merged = build_in_commits(threads, replaced, &random);
      assert_sound(merged);
      compare(once, merged, replaced);
      remove_directory(merged);
    }
  }
  remove_directory(once);
}

/* ---- Bounds ---------------------------------------------------------------------------------- */

/* A dozen batches, merged while articles are added. Each byte is written once, and again when eight
 * batches are merged; the file holds the index, and once more what was being merged. */
static void test_bounds(void **state) {
  (void)state;
  random_source random = seeded(32);
  char *path = make_directory();
  sy_writer *w = open_writer(path, 2);
  buffer body = {0};
  for (uint32_t i = 0; i < 35000; i++) {
    char id[20];
    sprintf(id, "%u", i);
    body.bytes = 0;
    random_text(&random, 700, true, &body);
    sy_article article = {string_of(id), {NULL, 0}, {body.data, body.bytes}, {NULL, 0}};
    assert_ok(sy_writer_add(w, &article, &test_error));
  }
  free(body.data);
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_counts counts;
  sy_writer_get_counts(w, &counts);
  sy_writer_close(w);
  sy_index_stats stats = stats_of(path);
  printf("# %u segments, index %.1f MB, written %.2f times, file %.2f times\n",
         (unsigned)stats.segments, (double)counts.index_bytes / 1e6,
         (double)counts.written_bytes / (double)counts.index_bytes,
         (double)stats.bytes_file / (double)counts.index_bytes);
  assert_int_equal(counts.index_bytes, stats.bytes_lexicon + stats.bytes_postings +
                                           stats.bytes_positions + stats.bytes_lengths +
                                           stats.bytes_ids + stats.bytes_articles);
  assert_in_range(stats.segments, 2, 12);
  assert_true(counts.index_bytes > 50 << 20);
  assert_true(counts.written_bytes > counts.index_bytes * 5 / 4); /* something was merged */
  assert_true(counts.written_bytes < counts.index_bytes * 5 / 2);
  assert_true(stats.bytes_file < 2 * counts.index_bytes + (4 << 20));
  remove_directory(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_at_once),
                                     cmocka_unit_test(test_bounds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
