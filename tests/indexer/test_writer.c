/*
 * test_writer.c - sy_writer against a plain array of articles: whatever is added, replaced and
 * deleted, in whatever batches, segments and commits, the index holds exactly what the array
 * holds, and is sound.
 */
#include "tests/storage/storage_helper.h"
#include "text/utf8.h"

#include <pthread.h>
#include <unistd.h>

#define LEAST_MEMORY (32ull << 20)

/* ---- The model: article N has id "aN" and text made from (N, version) ---- */

typedef struct model {
  uint32_t *versions; /* 0: not there */
  uint32_t count;
} model;

static void make_article(uint32_t number, uint32_t version, char *id, char *title, buffer *body) {
  sprintf(id, "a%u", number);
  sprintf(title, "标题 n%uv%u", number, version);
  body->bytes = 0;
  random_source random = {number * 1000003ull + version};
  char word[40];
  sprintf(word, "n%uv%u ", number, version);
  buffer_add_string(body, word);
  random_text(&random, 3 + number % 40, true, body);
}

static sy_article as_article(const char *id, const char *title, const buffer *body) {
  return (sy_article){string_of(id), string_of(title), {body->data, body->bytes}, {NULL, 0}};
}

static void add(sy_writer *w, model *m, uint32_t number) {
  char id[20], title[60];
  buffer body = {0};
  make_article(number, m->versions[number] + 1, id, title, &body);
  sy_article article = as_article(id, title, &body);
  assert_ok(sy_writer_add(w, &article, &test_error));
  m->versions[number]++;
  free(body.data);
}

static void check_find_word(sy_index *index, const char *word, uint64_t wanted) {
  sy_query *query;
  uint64_t count;
  assert_ok(sy_query_phrase(string_of(word), false, &query, &test_error));
  assert_ok(sy_count(index, query, &count, &test_error));
  assert_int_equal(count, wanted);
  sy_query_free(query);
}

static void check_article(sy_index *index, uint32_t number, uint32_t version) {
  char id[20], title[60], word[40];
  buffer body = {0};
  uint64_t found;
  make_article(number, version, id, title, &body);
  sprintf(word, "n%uv%u", number, version);
  if (!version) {
    assert_status(sy_index_find(index, string_of(id), &found, &test_error), SY_NOT_FOUND);
  } else {
    sy_article got;
    assert_ok(sy_index_find(index, string_of(id), &found, &test_error));
    assert_ok(sy_index_article(index, found, &got, &test_error));
    assert_int_equal(got.id.bytes, strlen(id));
    assert_memory_equal(got.id.data, id, strlen(id));
    assert_int_equal(got.title.bytes, strlen(title));
    assert_memory_equal(got.title.data, title, strlen(title));
    assert_int_equal(got.body.bytes, body.bytes);
    assert_memory_equal(got.body.data, body.data, body.bytes);
    if (number % 7 == 0) check_find_word(index, word, 1);
    sprintf(word, "n%uv%u", number, version - 1);
    if (number % 7 == 0) check_find_word(index, word, 0);
  }
  free(body.data);
}

/* The committed index holds what the array holds. Returns its segments. */
static uint64_t check_index(const char *path, const model *m) {
  sy_index *index;
  sy_index_stats stats;
  uint64_t live = 0;
  assert_ok(sy_index_open(path, &index, &test_error));
  assert_ok(sy_index_get_stats(index, &stats, &test_error));
  for (uint32_t i = 0; i < m->count; i++) {
    check_article(index, i, m->versions[i]);
    live += m->versions[i] > 0;
  }
  assert_int_equal(stats.articles, live);
  sy_index_close(index);
  assert_sound(path);
  return stats.segments;
}

static sy_writer *open_writer(const char *path) {
  sy_writer *w;
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.memory_bytes = LEAST_MEMORY;
  assert_ok(sy_writer_open(path, &options, &w, &test_error));
  return w;
}

static model model_of(uint32_t count) { return (model){calloc(count, sizeof(uint32_t)), count}; }

/* ---- Adding, replacing, deleting ---- */

static void delete_one(sy_writer *w, model *m, uint32_t number) {
  char id[20];
  sprintf(id, "a%u", number);
  assert_status(sy_writer_delete(w, string_of(id), &test_error),
                m->versions[number] ? SY_OK : SY_NOT_FOUND);
  m->versions[number] = 0;
}

/* `versions` restart at 1 when an article comes back; that is fine: its text comes back too. */
static void random_changes(sy_writer *w, model *m, random_source *random, uint32_t count) {
  sy_writer_counts before, after;
  sy_writer_get_counts(w, &before);
  uint64_t added = 0, replaced = 0, deleted = 0, live = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = random_below(random, m->count);
    bool there = m->versions[number] > 0;
    if (random_below(random, 3)) {
      add(w, m, number);
      added++;
      replaced += there;
    } else {
      delete_one(w, m, number);
      deleted += there;
    }
  }
  sy_writer_get_counts(w, &after);
  for (uint32_t i = 0; i < m->count; i++) live += m->versions[i] > 0;
  assert_int_equal(after.added - before.added, added);
  assert_int_equal(after.replaced - before.replaced, replaced);
  assert_int_equal(after.deleted - before.deleted, deleted);
  assert_int_equal(after.articles, live);
}

static void test_random_changes(void **state) {
  (void)state;
  random_source random = seeded(24);
  char *path = make_directory();
  model m = model_of(300);
  sy_writer *w = open_writer(path);
  for (uint32_t round = 0; round < 30; round++) {
    random_changes(w, &m, &random, random_below(&random, round % 5 ? 40 : 500));
    uint32_t choice = random_below(&random, 5);
    if (choice == 0) {
      uint32_t segments = 1 + random_below(&random, 4);
      assert_ok(sy_writer_merge(w, segments, &test_error));
      assert_true(check_index(path, &m) <= segments);
      assert_int_equal(stats_of(path).deleted, 0);
    } else if (choice == 1) {
      assert_ok(sy_writer_optimize(w, &test_error));
      assert_true(check_index(path, &m) <= 1);
    } else {
      assert_ok(sy_writer_commit(w, &test_error));
      check_index(path, &m);
    }
    if (choice == 2) {
      sy_writer_close(w);
      w = open_writer(path);
    }
  }
  sy_writer_close(w);
  check_index(path, &m);
  free(m.versions);
  remove_directory(path);
}

/* The same id again and again: within a batch, across commits, deleted and added anew. */
static void test_one_id(void **state) {
  (void)state;
  char *path = make_directory();
  model m = model_of(2);
  sy_writer *w = open_writer(path);
  for (int i = 0; i < 5; i++) add(w, &m, 1);
  delete_one(w, &m, 1);
  delete_one(w, &m, 1);
  assert_ok(sy_writer_commit(w, &test_error));
  check_index(path, &m);
  for (int i = 0; i < 20; i++) {
    add(w, &m, 1);
    if (i % 3 == 0) assert_ok(sy_writer_commit(w, &test_error));
    if (i % 4 == 0) delete_one(w, &m, 1);
    if (i % 5 == 0) add(w, &m, 0);
    assert_ok(sy_writer_commit(w, &test_error));
    check_index(path, &m);
  }
  sy_writer_close(w);
  free(m.versions);
  remove_directory(path);
}

static void test_discarding(void **state) {
  (void)state;
  char *path = make_directory();
  model m = model_of(50), uncommitted = model_of(50);
  sy_writer *w = open_writer(path);
  sy_writer_close(w); /* nothing was ever committed */
  sy_index *index;
  assert_status(sy_index_open(path, &index, &test_error), SY_NOT_FOUND);
  assert_int_equal(test_error.status, SY_NOT_FOUND);
  assert_null(index);
  w = open_writer(path);
  assert_ok(sy_writer_commit(w, &test_error));
  assert_int_equal(check_index(path, &m), 0);
  for (uint32_t i = 0; i < 30; i++) add(w, &m, i);
  assert_ok(sy_writer_commit(w, &test_error));
  uint64_t commit = stats_of(path).commit;
  assert_ok(sy_writer_commit(w, &test_error)); /* nothing to do */
  assert_int_equal(stats_of(path).commit, commit);
  memcpy(uncommitted.versions, m.versions, 50 * sizeof *m.versions);
  for (uint32_t i = 20; i < 50; i++) add(w, &uncommitted, i);
  for (uint32_t i = 0; i < 10; i++) delete_one(w, &uncommitted, i);
  check_index(path, &m);
  sy_writer_close(w);
  check_index(path, &m);
  sy_writer_close(NULL);
  w = open_writer(path);
  sy_writer_counts counts;
  sy_writer_get_counts(w, &counts);
  assert_int_equal(counts.articles, 30);
  assert_int_equal(counts.added, 0);
  sy_writer_close(w);
  free(m.versions);
  free(uncommitted.versions);
  remove_directory(path);
}

/* ---- Merging ---- */

static void test_tiny_commits(void **state) {
  (void)state;
  char *path = make_directory();
  model m = model_of(200);
  sy_writer *w = open_writer(path);
  for (uint32_t i = 0; i < 200; i++) {
    add(w, &m, i);
    if (i % 10 == 9) delete_one(w, &m, i - 5);
    assert_ok(sy_writer_commit(w, &test_error));
    uint64_t segments = stats_of(path).segments;
    if (segments > 16) fail_msg("%u commits made %u segments", i + 1, (unsigned)segments);
    if (i % 50 == 0) check_index(path, &m);
  }
  check_index(path, &m);
  sy_index_stats before = stats_of(path);
  assert_ok(sy_writer_merge(w, 1, &test_error));
  assert_int_equal(check_index(path, &m), 1);
  assert_int_equal(stats_of(path).deleted, 0);
  assert_true(stats_of(path).commit >= before.commit);
  sy_writer_close(w);
  free(m.versions);
  remove_directory(path);
}

static void test_everything_deleted(void **state) {
  (void)state;
  char *path = make_directory();
  model m = model_of(60);
  sy_writer *w = open_writer(path);
  for (int round = 0; round < 3; round++) {
    for (uint32_t i = 0; i < 60; i++) {
      add(w, &m, i);
      if (i % 20 == 19) assert_ok(sy_writer_commit(w, &test_error));
    }
    for (uint32_t i = 0; i < 60; i++) delete_one(w, &m, i);
    if (round != 1) assert_ok(sy_writer_commit(w, &test_error));
    if (round != 0) assert_ok(sy_writer_merge(w, 1, &test_error));
    uint64_t segments = check_index(path, &m);
    if (round != 0) assert_int_equal(segments, 0);
    assert_ok(
        (round == 2 ? sy_writer_merge(w, 1, &test_error) : sy_writer_optimize(w, &test_error)));
    assert_int_equal(check_index(path, &m), 0);
  }
  add(w, &m, 5);
  assert_ok(sy_writer_merge(w, 1, &test_error));
  assert_int_equal(check_index(path, &m), 1);
  assert_status(sy_writer_merge(w, 0, &test_error), SY_INVALID);
  add(w, &m, 6); /* the writer goes on */
  assert_ok(sy_writer_commit(w, &test_error));
  check_index(path, &m);
  sy_writer_close(w);
  free(m.versions);
  remove_directory(path);
}

/* ---- Sizes ---- */

static void add_text(sy_writer *w, const char *id, const buffer *body) {
  sy_article article = as_article(id, "", body);
  assert_ok(sy_writer_add(w, &article, &test_error));
}

static void repeat(buffer *to, const char *piece, uint32_t count) {
  to->bytes = 0;
  for (uint32_t i = 0; i < count; i++) buffer_add_string(to, piece);
}

static void check_huge(const char *piece, uint32_t count, const char *last,
                       uint64_t least_positions) {
  char *path = make_directory();
  sy_writer *w = open_writer(path);
  buffer small = {0}, huge = {0};
  buffer_add_string(&small, "小文章 unique");
  repeat(&huge, piece, count);
  buffer_add_string(&huge, last);
  add_text(w, "before", &small);
  add_text(w, "huge", &huge);
  add_text(w, "after", &small);
  add_text(w, "after2", &small);
  add_text(w, "huge2", &huge);
  assert_ok(sy_writer_commit(w, &test_error));
  assert_sound(path);
  assert_ok(sy_writer_merge(w, 1, &test_error));
  assert_sound(path);
  sy_writer_close(w);
  assert_true(stats_of(path).positions >= 2 * least_positions);
  sy_index *index;
  assert_ok(sy_index_open(path, &index, &test_error));
  check_find_word(index, "小文章 unique", 3);
  check_find_word(index, last, 2);
  buffer phrase = {0};
  repeat(&phrase, piece, 1);
  buffer_add_string(&phrase, last);
  check_find_word(index, phrase.data, 2);
  sy_index_close(index);
  free(phrase.data);
  free(small.data);
  free(huge.data);
  remove_directory(path);
}

static sy_status count_value(void *context, uint32_t segment, uint32_t part, uint32_t ordinal,
                             sy_value value, bool sound) {
  (void)part, (void)ordinal, (void)value;
  assert_true(sound);
  *(uint32_t *)context += segment != 0;
  return SY_OK;
}

/* A merge that leaves no article leaves no values: nobody would ever delete them. */
static void test_nothing_left(void **state) {
  (void)state;
  char *path = make_directory();
  sy_writer *w;
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  for (int i = 0; i < 20; i++) {
    sy_article article = {string_of("a"), {"t", 1}, string_of("机器"), {0}};
    assert_ok(sy_writer_add(w, &article, &test_error));
    assert_ok(sy_writer_commit(w, &test_error));
    assert_ok(sy_writer_delete(w, string_of("a"), &test_error));
    assert_ok(sy_writer_commit(w, &test_error));
  }
  sy_env *env;
  uint32_t values = 0;
  assert_ok(sy_env_open(path, false, false, &env, &test_error));
  assert_ok(sy_env_read(env, &test_error));
  assert_ok(sy_env_walk(env, count_value, &values, &test_error));
  assert_int_equal(values, 0);
  sy_env_close(env);
  sy_writer_close(w);
  assert_sound(path);
  remove_directory(path);
}

/* Over 2^20 bytes and over 2^20 positions: tuples of other widths. */
static void test_huge_article(void **state) {
  (void)state;
  check_huge("ab ", 1100000, "尾末", 1100000);
  check_huge("机", 1100000, "尾末", 1100000);
}

/* What one code point expands to: six positions in three bytes, below 2^20 bytes and above. */
static void test_expanding_article(void **state) {
  (void)state;
  check_huge("㌖", 340000, "尾末", 6 * 340000);
  check_huge("㍿", 340000, "尾末", 4 * 340000);
  check_huge("ﷺ,", 250000, "尾末", 4 * 250000);
}

/* 100 MB through 32 MiB: several flushes, with replacements of what they wrote. */
static void test_little_memory(void **state) {
  (void)state;
  char *path = make_directory();
  sy_writer *w = open_writer(path);
  random_source random = seeded(25);
  buffer piece = {0}, body = {0};
  random_text(&random, 4000, true, &piece);
  uint32_t count = 0;
  uint64_t total = 0;
  for (; total < 100u << 20; count++) {
    char id[30];
    sprintf(id, "id%u", count % 3000);
    body.bytes = 0;
    buffer_add_string(&body, id);
    buffer_add_string(&body, "号 ");
    uint32_t start = random_below(&random, (uint32_t)piece.bytes / 2);
    while (start && ((uint8_t)piece.data[start] & 0xC0) == 0x80) start--;
    buffer_add(&body, piece.data + start, piece.bytes - start);
    if (count % 200 == 0) repeat(&body, "很长的文章 very long ", 20000);
    total += body.bytes;
    add_text(w, id, &body);
  }
  sy_writer_counts counts;
  sy_writer_get_counts(w, &counts);
  uint32_t live = count < 3000 ? count : 3000;
  assert_int_equal(counts.added, count);
  assert_int_equal(counts.articles, live);
  assert_int_equal(counts.replaced, count - live);
  assert_int_equal(counts.text_bytes, total);
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_close(w);
  assert_int_equal(stats_of(path).articles, live);
  assert_sound(path);
  free(piece.data);
  free(body.data);
  remove_directory(path);
}

/* ---- Arguments ---- */

static void test_ids(void **state) {
  (void)state;
  char *path = make_directory();
  sy_writer *w = open_writer(path);
  buffer body = {0};
  buffer_add_string(&body, "正文");
  char *id = malloc(65536);
  memset(id, 'i', 65536);
  sy_article article = {{id, 65536}, {"t", 1}, {body.data, body.bytes}, {NULL, 0}};
  assert_status(sy_writer_add(w, &article, &test_error), SY_LIMIT);
  article.id.bytes = 0;
  assert_status(sy_writer_add(w, &article, &test_error), SY_INVALID);
  article.id.bytes = 65535;
  assert_ok(sy_writer_add(w, &article, &test_error)); /* the writer goes on */
  assert_ok(sy_writer_add(w, &article, &test_error));
  article.id = (sy_string){"a\0b", 3};
  assert_ok(sy_writer_add(w, &article, &test_error));
  article.id = (sy_string){"a\0c", 3};
  article.title = article.body = (sy_string){NULL, 0}; /* nothing but an id */
  assert_ok(sy_writer_add(w, &article, &test_error));
  article.id = (sy_string){"\xFF\xFE", 2};
  article.fields = string_of("{\"k\": 1}");
  article.body = string_of("\xFF");
  assert_ok(sy_writer_add(w, &article, &test_error));
  assert_status(sy_writer_delete(w, (sy_string){"", 0}, &test_error), SY_NOT_FOUND);
  assert_status(sy_writer_delete(w, (sy_string){id, 65536}, &test_error), SY_NOT_FOUND);
  sy_writer_counts counts;
  sy_writer_get_counts(w, &counts);
  assert_int_equal(counts.articles, 4);
  assert_int_equal(counts.replaced, 1);
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_get_counts(w, &counts);
  assert_int_equal(counts.invalid_bytes, 1);
  assert_ok(sy_writer_delete(w, (sy_string){"a\0b", 3}, &test_error));
  assert_ok(sy_writer_commit(w, &test_error));
  assert_sound(path);
  sy_index *index;
  uint64_t number;
  assert_ok(sy_index_open(path, &index, &test_error));
  assert_ok(sy_index_find(index, (sy_string){id, 65535}, &number, &test_error));
  assert_ok(sy_index_find(index, (sy_string){"a\0c", 3}, &number, &test_error));
  assert_ok(sy_index_article(index, number, &article, &test_error));
  assert_int_equal(article.title.bytes + article.body.bytes + article.fields.bytes, 0);
  assert_status(sy_index_find(index, (sy_string){"a\0b", 3}, &number, &test_error), SY_NOT_FOUND);
  assert_status(sy_index_find(index, (sy_string){"a", 1}, &number, &test_error), SY_NOT_FOUND);
  assert_ok(sy_index_find(index, (sy_string){"\xFF\xFE", 2}, &number, &test_error));
  assert_ok(sy_index_article(index, number, &article, &test_error));
  assert_int_equal(article.fields.bytes, 8);
  sy_index_close(index);
  sy_writer_close(w);
  free(id);
  free(body.data);
  remove_directory(path);
}

static void test_options(void **state) {
  (void)state;
  char *path = make_directory();
  sy_writer_options good = SY_WRITER_OPTIONS_DEFAULT,
                    bad[8] = {good, good, good, good, good, good, good, good};
  bad[0].memory_bytes = LEAST_MEMORY - 1;
  bad[1].compression_level = 0;
  bad[2].compression_level = 20;
  bad[3].compression_level = -1;
  bad[4].text_rules = 16;
  bad[5].memory_bytes = 0;
  bad[6].threads = 0;
  bad[7].threads = 17;
  sy_writer *w;
  for (int i = 0; i < 8; i++) {
    assert_status(sy_writer_open(path, &bad[i], &w, &test_error), SY_INVALID);
    assert_null(w);
  }
  good.create = false;
  assert_status(sy_writer_open(path, &good, &w, &test_error), SY_NOT_FOUND);
  assert_null(w);
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  sy_writer *second;
  assert_status(sy_writer_open(path, NULL, &second, &test_error), SY_LOCKED);
  assert_null(second);
  sy_writer_close(w);
  good = (sy_writer_options)SY_WRITER_OPTIONS_DEFAULT;
  good.compression_level = 19;
  assert_ok(sy_writer_open(path, &good, &w, &test_error));
  sy_writer_close(w);
  remove_directory(path);
}

/* An index keeps the rules it was made with. */
static void test_text_rules(void **state) {
  (void)state;
  for (uint32_t rules = 0; rules <= SY_TEXT_DEFAULT; rules++) {
    char *path = make_directory();
    sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
    options.text_rules = rules;
    sy_writer *w;
    buffer body = {0};
    buffer_add_string(&body, "ＳＱＬ 機(jī)器 之 心");
    assert_ok(sy_writer_open(path, &options, &w, &test_error));
    add_text(w, "1", &body);
    assert_ok(sy_writer_commit(w, &test_error));
    sy_writer_close(w);
    options.text_rules = ~rules & SY_TEXT_DEFAULT;
    assert_ok(sy_writer_open(path, &options, &w, &test_error));
    add_text(w, "2", &body);
    assert_ok(sy_writer_merge(w, 1, &test_error));
    sy_writer_close(w);
    assert_int_equal(stats_of(path).text_rules, rules);
    assert_sound(path);
    sy_index *index;
    assert_ok(sy_index_open(path, &index, &test_error));
    check_find_word(index, "sql", rules & SY_TEXT_WIDTH ? 2 : 0);
    check_find_word(index, "机", rules & SY_TEXT_VARIANTS ? 2 : 0);
    check_find_word(index, "機器", rules & SY_TEXT_GLOSS ? 2 : 0);
    check_find_word(index, "之心", rules & SY_TEXT_SPACE ? 2 : 0);
    sy_index_close(index);
    free(body.data);
    remove_directory(path);
  }
}

/* Fields of one unit: their positions take no bits, so a long list has none stored. */
static void test_one_unit(void **state) {
  (void)state;
  char *path = make_directory();
  sy_writer *w = open_writer(path);
  for (uint32_t i = 0; i < 400; i++) {
    char id[20];
    sprintf(id, "%u", i);
    sy_article article = {
        string_of(id), string_of("题"), string_of(i % 2 ? "word" : "字"), {NULL, 0}};
    assert_ok(sy_writer_add(w, &article, &test_error));
    if (i % 50 == 49) assert_ok(sy_writer_commit(w, &test_error));
  }
  assert_ok(sy_writer_merge(w, 1, &test_error));
  assert_sound(path);
  assert_ok(sy_writer_optimize(w, &test_error));
  sy_writer_close(w);
  assert_sound(path);
  sy_index *index;
  assert_ok(sy_index_open(path, &index, &test_error));
  check_find_word(index, "word", 200);
  check_find_word(index, "字", 200);
  check_find_word(index, "word word", 0);
  check_find_word(index, "字字", 0);
  sy_index_close(index);
  remove_directory(path);
}

/* One article in two would be gone for good, were the batch's deletions lost when it is flushed. */
static void test_many_in_one_batch(void **state) {
  (void)state;
  char *path = make_directory();
  model m = model_of(6000);
  sy_writer *w = open_writer(path);
  for (int round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < m.count; i += 1 + (uint32_t)round) add(w, &m, i);
  }
  for (uint32_t i = 0; i < m.count; i += 3) delete_one(w, &m, i);
  assert_ok(sy_writer_commit(w, &test_error));
  check_index(path, &m);
  for (uint32_t i = 1; i < m.count; i += 3) delete_one(w, &m, i);
  assert_ok(sy_writer_commit(w, &test_error)); /* mostly deleted: rewritten by the policy */
  check_index(path, &m);
  assert_true(stats_of(path).deleted < 3000);
  sy_writer_close(w);
  free(m.versions);
  remove_directory(path);
}

/* ---- Threads ---- */

/* Han at random, which compresses badly: `characters` for each of the articles from `first` on. */
static void add_random_articles(sy_writer *w, uint32_t first, uint32_t count, uint32_t characters) {
  random_source random = {first + 1};
  char *body = malloc(3 * (size_t)characters + 1), id[20];
  for (uint32_t i = first; i < first + count; i++) {
    char *end = body;
    for (uint32_t k = 0; k < characters; k++) {
      end += sy_utf8_encode((uint8_t *)end, 0x4E00 + random_below(&random, 6000));
    }
    sy_article article = {
        {id, (size_t)sprintf(id, "r%u", i)}, {"", 0}, {body, (size_t)(end - body)}, {NULL, 0}};
    assert_ok(sy_writer_add(w, &article, &test_error));
  }
  free(body);
}

typedef struct helper {
  pthread_t thread;
  pthread_barrier_t added, over;
  sy_writer *writer;
} helper;

static void *add_and_live(void *context) {
  helper *h = context;
  add_random_articles(h->writer, 0, 3000, 1000);
  pthread_barrier_wait(&h->added);
  pthread_barrier_wait(&h->over);
  return NULL;
}

/* A writer is handed from thread to thread, while LMDB wants each of its transactions to stay in
 * one: what another one adds, which lives on, is committed here. */
static void test_handed_over(void **state) {
  (void)state;
  char *path = make_directory();
  helper h;
  sy_index *index;
  pthread_barrier_init(&h.added, NULL, 2);
  pthread_barrier_init(&h.over, NULL, 2);
  assert_ok(sy_writer_open(path, NULL, &h.writer, &test_error));
  alarm(120);
  pthread_create(&h.thread, NULL, add_and_live, &h);
  pthread_barrier_wait(&h.added);
  assert_ok(sy_writer_commit(h.writer, &test_error));
  add_random_articles(h.writer, 3000, 10, 1000);
  assert_ok(sy_writer_commit(h.writer, &test_error));
  sy_writer_close(h.writer);
  alarm(0);
  pthread_barrier_wait(&h.over);
  pthread_join(h.thread, NULL);
  assert_ok(sy_index_open(path, &index, &test_error));
  assert_int_equal(stats_of(path).articles, 3010);
  assert_ok(sy_index_check(index, NULL, NULL, &test_error));
  sy_index_close(index);
  pthread_barrier_destroy(&h.added);
  pthread_barrier_destroy(&h.over);
  remove_directory(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_changes),
      cmocka_unit_test(test_one_id),
      cmocka_unit_test(test_discarding),
      cmocka_unit_test(test_tiny_commits),
      cmocka_unit_test(test_everything_deleted),
      cmocka_unit_test(test_nothing_left),
      cmocka_unit_test(test_huge_article),
      cmocka_unit_test(test_expanding_article),
      cmocka_unit_test(test_little_memory),
      cmocka_unit_test(test_ids),
      cmocka_unit_test(test_options),
      cmocka_unit_test(test_text_rules),
      cmocka_unit_test(test_many_in_one_batch),
      cmocka_unit_test(test_one_unit),
      cmocka_unit_test(test_handed_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
