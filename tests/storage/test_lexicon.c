/* test_lexicon.c - a random lexicon with its lists, written and read back; and the bytes of the
 * format. */
#include "storage/lexicon.h"

#include "storage/lengths.h"
#include "tests/storage/list_model.h"

#define SEGMENT 3
#define ARTICLES 400
#define MAX_TERMS 6000

typedef struct model_term {
  uint32_t field, first, second;
  uint8_t word[256];
  uint32_t word_bytes;
  list_model list;
} model_term;

typedef struct world {
  char *path;
  sy_env *env;
  model_term *terms; /* in order */
  uint32_t count;
  uint8_t lengths[SY_FIELD_COUNT][ARTICLES];
  sy_stream streams[3];
  sy_lexicon lexicon;
} world;

static sy_term_key key_of(const model_term *t) {
  return (sy_term_key){t->first, t->second, t->word_bytes ? t->word : NULL, t->word_bytes};
}

/* ---- Making one ---- */

static int compare_bytes(const uint8_t *a, uint32_t a_bytes, const uint8_t *b, uint32_t b_bytes) {
  int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
  return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int compare_terms(const void *x, const void *y) {
  const model_term *a = x, *b = y;
  if (a->field != b->field) return a->field < b->field ? -1 : 1;
  if (a->first != b->first) return a->first < b->first ? -1 : 1;
  if (!a->word_bytes) return (a->second > b->second) - (a->second < b->second);
  return compare_bytes(a->word, a->word_bytes, b->word, b->word_bytes);
}

/* Words that share long beginnings; some as long as words get. */
static void random_model_word(random_source *random, model_term *t) {
  static const char letters[] = "ab";
  t->first = (uint32_t) "cxz"[random_below(random, 3)];
  t->word[0] = (uint8_t)t->first;
  t->word_bytes = 1 + random_below(random, random_one_in(random, 5) ? 255 : 12);
  for (uint32_t i = 1; i < t->word_bytes; i++) {
    t->word[i] = random_one_in(random, 6) ? (uint8_t)letters[random_below(random, 2)] : 'a';
  }
}

static void random_term(random_source *random, model_term *t) {
  t->field = random_below(random, SY_FIELD_COUNT);
  if (random_one_in(random, 2)) {
    random_model_word(random, t);
    return;
  }
  static const uint32_t firsts[] = {0x4E00, 0x673A, 0x9FFF, 0x20000, 0x3042, 0x10FFFD, 0x3400};
  t->first = firsts[random_below(random, 7) * random_below(random, 2)];
  t->second =
      random_below(random, 4) ? 0x4E00 + random_below(random, 3000) : random_below(random, 2);
  if (random_one_in(random, 30)) t->second = 0x10FFFF;
}

static list_shape term_shape(random_source *random) {
  uint32_t df = random_below(random, 3) ? 1 : 2 + random_below(random, 5);
  if (random_one_in(random, 20)) df = 100 + random_below(random, ARTICLES - 100);
  return (list_shape){df, (ARTICLES - df) / df, 1 + random_below(random, 20),
                      1 + random_below(random, 30)};
}

static void make_terms(world *w, random_source *random, uint32_t count) {
  w->terms = calloc(count, sizeof *w->terms);
  for (uint32_t i = 0; i < count; i++) random_term(random, &w->terms[i]);
  qsort(w->terms, count, sizeof *w->terms, compare_terms);
  for (uint32_t i = 0; i < count; i++) {
    if (w->count && !compare_terms(&w->terms[w->count - 1], &w->terms[i])) continue;
    w->terms[w->count++] = w->terms[i];
  }
  for (uint32_t i = 0; i < w->count; i++)
    w->terms[i].list = list_random(random, term_shape(random));
  for (uint32_t f = 0; f < SY_FIELD_COUNT;
       f++) { /* long enough for the longest list of each article */
    uint32_t least[ARTICLES] = {0};
    for (uint32_t i = 0; i < w->count; i++) {
      const list_model *m = &w->terms[i].list;
      for (uint32_t k = 0; w->terms[i].field == f && k < m->df; k++) {
        uint32_t most = m->positions[m->starts[k + 1] - 1] + 1;
        if (most > least[m->articles[k]]) least[m->articles[k]] = most;
      }
    }
    for (int a = 0; a < ARTICLES; a++) w->lengths[f][a] = sy_length_encode(least[a]);
  }
}

static void write_terms(world *w) {
  sy_lexicon_writer lexicon;
  sy_list_writer lists[SY_FIELD_COUNT];
  sy_lexicon_writer_init(&lexicon, w->env, SEGMENT);
  for (int f = 0; f < SY_FIELD_COUNT; f++)
    sy_list_writer_init(&lists[f], w->lengths[f], ARTICLES, 40);
  for (uint32_t i = 0; i < w->count; i++) {
    const model_term *t = &w->terms[i];
    sy_term_key key = key_of(t);
    if (!i || t[-1].field != t->field || t[-1].first != t->first) {
      if (i) assert_ok(sy_lexicon_writer_end(&lexicon, &test_error));
      sy_lexicon_writer_begin(&lexicon, t->field, t->first, t->word_bytes > 0);
    }
    sy_encoded_list encoded;
    list_write(&lists[t->field], &t->list);
    assert_ok(sy_list_writer_finish(&lists[t->field], &encoded, &test_error));
    assert_ok(sy_lexicon_writer_add(&lexicon, &key, &encoded, &test_error));
  }
  assert_ok(sy_lexicon_writer_end(&lexicon, &test_error));
  assert_ok(sy_lexicon_writer_finish(&lexicon, &test_error));
  const sy_stream_writer *ends[] = {&lexicon.lexicon, &lexicon.postings, &lexicon.positions};
  for (int i = 0; i < 3; i++) w->streams[i].chunk_count = sy_stream_chunk_count(ends[i]->end);
  for (int f = 0; f < SY_FIELD_COUNT; f++) sy_list_writer_free(&lists[f]);
  sy_lexicon_writer_free(&lexicon);
}

static void open_lexicon(world *w) {
  static const sy_part parts[3] = {SY_PART_LEXICON, SY_PART_POSTINGS, SY_PART_POSITIONS};
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_read(w->env, &test_error));
  for (int i = 0; i < 3; i++) {
    assert_ok(sy_stream_init(&w->streams[i], w->env, SEGMENT, parts[i], w->streams[i].chunk_count,
                             &test_error));
  }
  w->lexicon = (sy_lexicon){.lexicon = &w->streams[0],
                            .postings = &w->streams[1],
                            .positions = &w->streams[2],
                            .lengths = {w->lengths[0], w->lengths[1]},
                            .article_count = ARTICLES};
  sy_value directory;
  assert_ok(sy_env_get(w->env, SEGMENT, SY_PART_LEXICON_DIRECTORY, 0, &directory, &test_error));
  assert_ok(sy_lexicon_init(&w->lexicon, directory, &test_error));
}

static void world_make(world *w, random_source *random, uint32_t count) {
  memset(w, 0, sizeof *w);
  w->path = make_directory();
  assert_ok(sy_env_open(w->path, true, true, &w->env, &test_error));
  make_terms(w, random, count);
  write_terms(w);
  open_lexicon(w);
}

static void world_free(world *w) {
  for (int i = 0; i < 3; i++) sy_stream_free(&w->streams[i]);
  for (uint32_t i = 0; i < w->count; i++) list_free(&w->terms[i].list);
  free(w->terms);
  sy_env_close(w->env);
  remove_directory(w->path);
}

/* ---- Reading ---- */

static void check_cursor(const world *w, uint32_t i, const sy_lexicon_cursor *c) {
  const model_term *t = &w->terms[i];
  sy_list list;
  assert_int_equal(c->field, t->field);
  assert_int_equal(c->key.first, t->first);
  assert_int_equal(c->key.word_bytes, t->word_bytes);
  if (t->word_bytes) {
    assert_memory_equal(c->key.word, t->word, t->word_bytes);
  } else {
    assert_int_equal(c->key.second, t->second);
  }
  assert_ok(sy_lexicon_list(c, &list, &test_error));
  list_compare(&t->list, &list);
}

static void check_finding(world *w) {
  for (uint32_t i = 0; i < w->count; i++) {
    sy_lexicon_cursor c;
    sy_term_key key = key_of(&w->terms[i]);
    assert_ok(sy_lexicon_find(&w->lexicon, w->terms[i].field, &key, &c, &test_error));
    check_cursor(w, i, &c);
  }
}

static void check_order(world *w) {
  uint32_t i = 0;
  for (uint32_t run = 0; run < w->lexicon.count; run++) {
    sy_lexicon_cursor c;
    assert_ok(sy_lexicon_open_run(&w->lexicon, run, &c, &test_error));
    assert_int_equal(sy_lexicon_run(&w->lexicon, w->terms[i].field, w->terms[i].first), run);
    assert_int_equal(sy_lexicon_run_key(&w->lexicon, run),
                     w->terms[i].field << 24 | w->terms[i].first);
    uint32_t terms = c.terms;
    for (uint32_t k = 0; k < terms; k++) {
      assert_ok(sy_lexicon_next(&c, &test_error));
      check_cursor(w, i++, &c);
    }
    for (int k = 0; k < 2; k++) assert_status(sy_lexicon_next(&c, &test_error), SY_NOT_FOUND);
  }
  assert_int_equal(i, w->count);
}

static bool model_has(const world *w, const model_term *t) {
  return bsearch(t, w->terms, w->count, sizeof *w->terms, compare_terms) != NULL;
}

static void check_absent(world *w, random_source *random) {
  for (int round = 0; round < 5000; round++) {
    model_term t = w->terms[random_below(random, w->count)];
    switch (random_below(random, 6)) {
      case 0: random_term(random, &t); break;
      case 1: t.field = 1 - t.field; break;
      case 2: t.first += random_below(random, 2) ? 1 : UINT32_MAX; break;
      case 3: t.second += random_below(random, 5) - 2; break;
      case 4: t.word_bytes -= t.word_bytes > 1; break;
      default: t.word[t.word_bytes / 2] ^= 1;
    }
    if (t.word_bytes && t.word[0] != t.first) t.word[0] = (uint8_t)t.first;
    sy_lexicon_cursor c;
    sy_term_key key = key_of(&t);
    sy_status wanted = model_has(w, &t) ? SY_OK : SY_NOT_FOUND;
    assert_status(sy_lexicon_find(&w->lexicon, t.field, &key, &c, &test_error), wanted);
  }
}

/* Behind seek_word() come the first word not below the one sought, and at most one block before
 * it. */
static void check_seeking(world *w, random_source *random) {
  for (int round = 0; round < 2000; round++) {
    model_term t = w->terms[random_below(random, w->count)];
    if (!t.word_bytes) continue;
    if (random_one_in(random, 2)) t.word_bytes = 1 + random_below(random, t.word_bytes);
    if (random_one_in(random, 4)) t.word[t.word_bytes - 1]++;
    if (t.word[0] != t.first) continue;
    uint32_t i = 0, run = sy_lexicon_run(&w->lexicon, t.field, t.first), skipped = 0;
    while (i < w->count && compare_terms(&w->terms[i], &t) < 0) i++;
    bool more = i < w->count && w->terms[i].field == t.field && w->terms[i].first == t.first;
    sy_lexicon_cursor c;
    assert_ok(sy_lexicon_open_run(&w->lexicon, run, &c, &test_error));
    assert_ok(sy_lexicon_seek_word(&c, t.word, t.word_bytes, &test_error));
    sy_status status;
    while ((status = sy_lexicon_next(&c, &test_error)) == SY_OK) {
      if (compare_bytes(c.key.word, c.key.word_bytes, t.word, t.word_bytes) >= 0) break;
      skipped++;
    }
    assert_status(status, more ? SY_OK : SY_NOT_FOUND);
    if (more) check_cursor(w, i, &c);
    assert_true(skipped <= SY_LEXICON_BLOCK);
  }
}

static void test_random(void **state) {
  (void)state;
  random_source random = seeded(12);
  for (uint32_t count = 1; count <= MAX_TERMS; count *= 9) {
    world w;
    world_make(&w, &random, count);
    check_finding(&w);
    check_order(&w);
    check_absent(&w, &random);
    check_seeking(&w, &random);
    world_free(&w);
  }
}

static void test_empty(void **state) {
  (void)state;
  uint8_t directory[12] = {0};
  sy_env *env;
  char *path = make_directory();
  assert_ok(sy_env_open(path, true, true, &env, &test_error));
  sy_stream stream = {.env = env};
  sy_lexicon l = {.lexicon = &stream};
  assert_ok(sy_lexicon_init(&l, (sy_value){directory, 4}, &test_error));
  assert_int_equal(sy_lexicon_run(&l, 0, 0), 0);
  sy_lexicon_cursor c;
  sy_term_key key = {'a', 0, (const uint8_t *)"a", 1};
  assert_status(sy_lexicon_find(&l, 1, &key, &c, &test_error), SY_NOT_FOUND);
  for (uint32_t n = 0; n < 4; n++) {
    assert_status(sy_lexicon_init(&l, (sy_value){directory, n}, &test_error), SY_CORRUPT);
  }
  directory[0] = 1; /* one run, and no room for it */
  assert_status(sy_lexicon_init(&l, (sy_value){directory, 12}, &test_error), SY_CORRUPT);
  memset(directory, 0xFF, 4);
  assert_status(sy_lexicon_init(&l, (sy_value){directory, 12}, &test_error), SY_CORRUPT);
  sy_env_close(env);
  remove_directory(path);
}

/* Articles of one unit have positions of no bits: the record of a long list has no bytes. */
static void test_no_positions(void **state) {
  (void)state;
  world w = {.path = make_directory(), .count = 2};
  assert_ok(sy_env_open(w.path, true, true, &w.env, &test_error));
  random_source random = {29};
  const uint32_t dfs[2] = {127, 128};
  w.terms = calloc(2, sizeof *w.terms);
  memset(w.lengths, 1, sizeof w.lengths);
  for (uint32_t i = 0; i < 2; i++) {
    w.terms[i].first = 0x9898;
    w.terms[i].second = i;
    w.terms[i].list = list_random(&random, (list_shape){dfs[i], 1, 1, 1});
  }
  write_terms(&w);
  open_lexicon(&w);
  check_finding(&w);
  world_free(&w);
}

/* ---- Damage ---- */

/* Walks and looks up everything; nothing is known but that it ends. */
static void use(world *w) {
  for (uint32_t run = 0; run < w->lexicon.count; run++) {
    sy_lexicon_cursor c;
    if (sy_lexicon_open_run(&w->lexicon, run, &c, &test_error) != SY_OK) continue;
    uint8_t word[] = "caab";
    if (c.words) (void)sy_lexicon_seek_word(&c, word, 4, &test_error);
    c.term = UINT32_MAX;
    uint32_t count = 0;
    while (sy_lexicon_next(&c, &test_error) == SY_OK && count++ < 200) {
      sy_list list;
      sy_postings p;
      if (sy_lexicon_list(&c, &list, &test_error) != SY_OK) continue;
      sy_postings_open(&p, &list);
      for (uint32_t i = 0; sy_postings_next(&p) != SY_NO_ARTICLE; i++) {
        sy_positions positions;
        if (i > list.df + SY_BLOCK) fail_msg("a list does not end");
        if (sy_postings_positions(&p, &positions) && positions.count)
          (void)sy_positions_next(&positions);
      }
    }
  }
  for (uint32_t i = 0; i < w->count; i += 3) {
    sy_lexicon_cursor c;
    sy_term_key key = key_of(&w->terms[i]);
    (void)sy_lexicon_find(&w->lexicon, w->terms[i].field, &key, &c, &test_error);
  }
}

/* Each stream's only chunk is put into memory of its size, and each byte of the lexicon is
 * changed. */
static void test_damage(void **state) {
  (void)state;
  random_source random = seeded(13);
  for (int round = 0; round < 3; round++) {
    world w;
    world_make(&w, &random, 120);
    uint8_t *copies[3] = {NULL};
    for (int i = 0; i < 3; i++) {
      const uint8_t *data;
      assert_true(w.streams[i].chunk_count <= 1);
      if (!w.streams[i].chunk_count) continue;
      assert_ok(sy_stream_get(&w.streams[i], 0, 1, &data, &test_error));
      w.streams[i].chunks[0].data = copies[i] = exact_copy(data, w.streams[i].chunks[0].bytes);
    }
    for (size_t i = 0; i < w.streams[0].chunks[0].bytes; i++) {
      uint8_t was = copies[0][i];
      copies[0][i] ^= (uint8_t)(round ? 1u << random_below(&random, 8) : 0xFF);
      use(&w);
      copies[0][i] = was;
    }
    sy_value *chunk = &w.streams[0].chunks[0];
    for (size_t bytes = chunk->bytes; bytes-- > 0;) {
      chunk->data = exact_copy(copies[0], bytes);
      chunk->bytes = bytes;
      if (bytes % 5 == 0) use(&w);
      free((void *)(uintptr_t)chunk->data);
    }
    for (int i = 0; i < 3; i++) free(copies[i]);
    world_free(&w);
  }
}

/* ---- The bytes of the format ---- */

/* lexicon.h: 机器 in article 5 at position 3, once: 00 01000000 68560000 0D000000 00 00 0B 06. */
static void test_worked_example(void **state) {
  (void)state;
  static const uint8_t wanted[] = {0, 1, 0, 0, 0, 0x68, 0x56, 0, 0, 0x0D, 0, 0, 0, 0, 0, 0x0B, 6};
  static const uint8_t directory[] = {1, 0, 0, 0, 0x3A, 0x67, 0, 1, 17, 0,
                                      0, 0, 0, 0, 0,    0,    0, 0, 0,  0};
  world w = {.path = make_directory()};
  assert_ok(sy_env_open(w.path, true, true, &w.env, &test_error));
  uint32_t article = 5, frequency = 1, position = 3;
  size_t starts[] = {0, 1};
  model_term term = {
      SY_FIELD_INDEX_BODY, 0x673A, 0x5668, {0}, 0, {1, &article, &frequency, &position, starts}};
  w.terms = &term;
  w.count = 1;
  memset(w.lengths, sy_length_encode(100), sizeof w.lengths);
  write_terms(&w);
  open_lexicon(&w);
  sy_value value;
  assert_ok(sy_env_get(w.env, SEGMENT, SY_PART_LEXICON, 0, &value, &test_error));
  assert_int_equal(value.bytes, sizeof wanted);
  assert_memory_equal(value.data, wanted, sizeof wanted);
  assert_ok(sy_env_get(w.env, SEGMENT, SY_PART_LEXICON_DIRECTORY, 0, &value, &test_error));
  assert_int_equal(value.bytes, sizeof directory);
  assert_memory_equal(value.data, directory, sizeof directory);
  check_finding(&w);
  for (int i = 0; i < 3; i++) sy_stream_free(&w.streams[i]);
  sy_env_close(w.env);
  remove_directory(w.path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random),         cmocka_unit_test(test_empty),
      cmocka_unit_test(test_no_positions),   cmocka_unit_test(test_damage),
      cmocka_unit_test(test_worked_example),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
