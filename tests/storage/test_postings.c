/* test_postings.c - postings lists of all forms against arrays; damaged ones must end, inside
 * their bytes. */
#include "storage/lengths.h"
#include "tests/storage/list_model.h"

#include <math.h>

static const uint32_t frequencies_of_documents[] = {1,   2,   3,   64,  127, 128,
                                                    129, 255, 256, 257, 640, 10000};
#define DF_COUNT (sizeof frequencies_of_documents / sizeof *frequencies_of_documents)

/* A list with everything it takes to read it. */
typedef struct subject {
  list_model model;
  uint8_t *lengths;
  uint32_t article_count;
  float average;
  sy_list_writer writer;
  stored_list stored;
} subject;

static void subject_make(subject *s, random_source *random, list_shape shape) {
  s->model = list_random(random, shape);
  s->article_count = s->model.articles[shape.df - 1] + 1 + random_below(random, 50);
  s->lengths = list_lengths(random, &s->model, s->article_count);
  s->average = (float)(1 + random_below(random, 1000));
  sy_list_writer_init(&s->writer, s->lengths, s->article_count, s->average);
  sy_encoded_list encoded;
  for (int round = 0; round < 2; round++) { /* the second list of a writer is like the first */
    list_write(&s->writer, &s->model);
    assert_ok(sy_list_writer_finish(&s->writer, &encoded, &test_error));
  }
  assert_int_equal(encoded.df, shape.df);
  assert_int_equal(encoded.frequency_sum, s->model.starts[shape.df]);
  s->stored = list_store(&encoded, s->lengths, s->article_count);
}

static void subject_free(subject *s) {
  list_drop(&s->stored);
  sy_list_writer_free(&s->writer);
  list_free(&s->model);
  free(s->lengths);
}

static list_shape random_shape(random_source *random, uint32_t df, int round) {
  static const uint32_t gaps[] = {0, 1, 30, 3000}, frequencies[] = {1, 2, 20, 3000},
                        steps[] = {1, 5, 300};
  list_shape shape = {df, gaps[(uint32_t)round % 4], frequencies[random_below(random, 4)],
                      steps[random_below(random, 3)]};
  if (df == 10000 && shape.most_frequency > 20) shape.most_frequency = 20;
  return shape;
}

/* ---- Reading ---- */

/* The first article of the model that is not below the target. */
static uint32_t lower_bound(const list_model *m, uint32_t from, uint32_t target) {
  while (from < m->df && m->articles[from] < target) from++;
  return from;
}

static void check_bound(const subject *s, sy_postings *p, uint32_t from, uint32_t target) {
  const list_model *m = &s->model;
  float saturation[256];
  sy_bm25_saturation(s->average, saturation);
  uint32_t impact, before = p->article, bound = sy_postings_block_bound(p, target, &impact);
  assert_int_equal(p->article, before);
  assert_true(impact <= 255 && impact <= sy_postings_max_impact(p));
  uint32_t i = lower_bound(m, from, target);
  if (i < m->df) assert_true(bound >= m->articles[i]);
  for (; i < m->df && m->articles[i] <= bound; i++) {
    float tf = (float)m->frequencies[i];
    float score = 255 * tf / (tf + saturation[s->lengths[m->articles[i]]]);
    if (score > (float)impact + 0.001f)
      fail_msg("impact %u is no bound of %f", impact, (double)score);
  }
}

/* next and advance, mixed, as a query would. */
static void check_walk(const subject *s, random_source *random, uint32_t most_step) {
  const list_model *m = &s->model;
  sy_postings p;
  sy_postings_open(&p, &s->stored.list);
  uint32_t at = 0, last = 0; /* `at`: the model's index that comes next */
  while (true) {
    if (random_one_in(random, 3))
      check_bound(s, &p, at ? at - 1 : 0, last + random_below(random, most_step));
    if (random_one_in(random, 3)) {
      sy_postings_next(&p);
    } else {
      uint32_t target = last + random_below(random, most_step);
      uint32_t current = at ? at - 1 : 0; /* a target may be the current article */
      at = lower_bound(m, current, target);
      sy_postings_advance(&p, target);
    }
    if (at >= m->df) break;
    assert_int_equal(p.article, m->articles[at]);
    if (random_one_in(random, 2)) list_compare_article(m, at, &p);
    last = m->articles[at++];
  }
  assert_int_equal(p.article, SY_NO_ARTICLE);
  assert_int_equal(sy_postings_next(&p), SY_NO_ARTICLE);
  assert_int_equal(sy_postings_advance(&p, SY_NO_ARTICLE - 1), SY_NO_ARTICLE);
  assert_false(p.corrupt);
}

/* From anywhere back to the first article, when all of the list is decoded. */
static void check_rewind(const subject *s, random_source *random) {
  const list_model *m = &s->model;
  sy_postings p;
  sy_postings_open(&p, &s->stored.list);
  assert_false(sy_postings_rewind(&p));
  sy_postings_advance(&p, random_below(random, s->article_count + 1));
  if (p.article != SY_NO_ARTICLE) list_compare_article(m, lower_bound(m, 0, p.article), &p);
  bool good = sy_postings_rewind(&p);
  assert_int_equal(good, m->df > 0 && m->df < SY_BLOCK);
  for (uint32_t i = 0; good && i < m->df; i++) {
    assert_int_equal(p.article, m->articles[i]);
    if (random_one_in(random, 2)) list_compare_article(m, i, &p);
    sy_postings_next(&p);
  }
  assert_true(!good || p.article == SY_NO_ARTICLE);
}

/* The first positions of some articles of each full block. Returns how many blocks could be
 * read. */
static uint32_t check_firsts(const subject *s, random_source *random) {
  const list_model *m = &s->model;
  uint32_t read = 0;
  sy_postings p;
  sy_postings_open(&p, &s->stored.list);
  for (uint32_t start = 0; sy_postings_next_block(&p, 0) != SY_NO_ARTICLE; start += SY_BLOCK) {
    uint8_t places[SY_BLOCK];
    sy_first_positions firsts;
    uint32_t count = 0, one_in = 1 + random_below(random, 3);
    for (uint32_t i = 0; i < p.filled; i++) {
      if (random_one_in(random, one_in)) places[count++] = (uint8_t)i;
    }
    if (!sy_postings_first_positions(&p, places, count, &firsts)) continue;
    assert_int_equal(p.filled, SY_BLOCK);
    for (uint32_t i = 0; i < count; i++) {
      const uint32_t *expected = &m->positions[m->starts[start + places[i]]];
      sy_positions others = sy_postings_behind_first(&p, places[i], &firsts, i);
      assert_int_equal(firsts.positions[i], *expected);
      assert_int_equal(others.left + 1, m->frequencies[start + places[i]]);
      while (others.left) assert_int_equal(sy_positions_next(&others), *++expected);
    }
    read++;
  }
  assert_false(p.corrupt);
  return read;
}

static void test_lists(void **state) {
  (void)state;
  random_source random = seeded(8);
  for (size_t d = 0; d < DF_COUNT; d++) {
    uint32_t df = frequencies_of_documents[d];
    for (int round = 0; round < (df > 1000 ? 4 : 24); round++) {
      subject s;
      list_shape shape = random_shape(&random, df, round);
      subject_make(&s, &random, shape);
      uint32_t read = check_firsts(&s, &random), blocks = df / SY_BLOCK;
      if (shape.most_frequency <= 2 && shape.most_step <= 5) assert_int_equal(read, blocks);
      list_compare(&s.model, &s.stored.list);
      for (uint32_t step = 2; step<2 * s.article_count; step *= df> 1000 ? 40 : 5) {
        check_walk(&s, &random, step);
        check_rewind(&s, &random);
      }
      sy_postings p;
      sy_postings_open(&p, &s.stored.list);
      assert_int_equal(sy_postings_advance(&p, s.article_count), SY_NO_ARTICLE);
      assert_false(p.corrupt);
      subject_free(&s);
    }
  }
}

/* All targets, from the start each. */
static void test_every_target(void **state) {
  (void)state;
  random_source random = seeded(9);
  for (size_t d = 0; d < DF_COUNT - 2; d++) {
    subject s;
    subject_make(&s, &random, (list_shape){frequencies_of_documents[d], 6, 4, 3});
    for (uint32_t target = 0; target < s.article_count + 3; target++) {
      sy_postings p;
      sy_postings_open(&p, &s.stored.list);
      uint32_t i = lower_bound(&s.model, 0, target);
      uint32_t wanted = i < s.model.df ? s.model.articles[i] : SY_NO_ARTICLE;
      assert_int_equal(sy_postings_advance(&p, target), wanted);
      if (i < s.model.df) list_compare_article(&s.model, i, &p);
      check_bound(&s, &p, i, target);
      uint32_t after = i + 1 < s.model.df ? s.model.articles[i + 1] : SY_NO_ARTICLE;
      assert_int_equal(sy_postings_next(&p), after);
    }
    subject_free(&s);
  }
}

/* One article with very many positions, one with a very high one. */
static void test_extremes(void **state) {
  (void)state;
  uint8_t lengths[3] = {sy_length_encode(0x80000000u), sy_length_encode(1),
                        sy_length_encode(300000)};
  uint32_t high[2] = {0x7ffffffe, 0x7fffffff}, zero = 0, *many = malloc(300000 * sizeof *many);
  for (uint32_t i = 0; i < 300000; i++) many[i] = i;
  size_t starts[] = {0, 2, 3, 300003};
  uint32_t articles[] = {0, 1, 2}, frequencies[] = {2, 1, 300000};
  uint32_t *positions = malloc(300003 * sizeof *positions);
  memcpy(positions, high, sizeof high);
  positions[2] = zero;
  memcpy(positions + 3, many, 300000 * sizeof *many);
  list_model m = {3, articles, frequencies, positions, starts};
  sy_list_writer w;
  sy_encoded_list encoded;
  sy_list_writer_init(&w, lengths, 3, 0);
  list_write(&w, &m);
  assert_ok(sy_list_writer_finish(&w, &encoded, &test_error));
  stored_list stored = list_store(&encoded, lengths, 3);
  list_compare(&m, &stored.list);
  list_drop(&stored);
  sy_list_writer_free(&w);
  free(positions);
  free(many);
}

/* An article of a full block with more positions than its parameter depends on, and so long that
 * the parameter would be another one. */
static void test_many_positions(void **state) {
  (void)state;
  const uint32_t length = 50400000, many = (1u << 24) + 5;
  uint8_t lengths[SY_BLOCK];
  uint32_t *positions = malloc(many * sizeof *positions), zero = 0;
  memset(lengths, sy_length_encode(length), sizeof lengths);
  assert_int_equal(sy_positions_parameter(lengths[0], many), 1);
  for (uint32_t i = 0; i < many; i++) positions[i] = i;
  positions[many - 1] = length - 1;
  sy_list_writer w;
  sy_encoded_list encoded;
  sy_list_writer_init(&w, lengths, SY_BLOCK, 0);
  for (uint32_t i = 0; i < SY_BLOCK; i++)
    sy_list_writer_add(&w, i, i == 7 ? positions : &zero, i == 7 ? many : 1);
  assert_ok(sy_list_writer_finish(&w, &encoded, &test_error));
  stored_list stored = list_store(&encoded, lengths, SY_BLOCK);
  sy_postings p;
  sy_positions read;
  sy_postings_open(&p, &stored.list);
  assert_int_equal(sy_postings_advance(&p, 7), 7);
  assert_true(sy_postings_positions(&p, &read));
  for (uint32_t i = 0; i < many; i++) {
    if (sy_positions_next(&read) != positions[i]) fail_msg("position %u", i);
  }
  assert_int_equal(sy_postings_advance(&p, 8), 8);
  assert_true(sy_postings_positions(&p, &read));
  assert_int_equal(sy_positions_next(&read), 0);
  list_drop(&stored);
  sy_list_writer_free(&w);
  free(positions);
}

/* ---- Damage ---- */

/* Reads all there is; the result does not matter, only that it ends and stays inside. */
static uint64_t use(const sy_list *list, uint32_t stride) {
  sy_postings p;
  uint64_t seen = 0;
  uint32_t most = (list->df / SY_BLOCK + 1) * SY_BLOCK, count = 0, impact, target = 0;
  sy_postings_open(&p, list);
  while (true) {
    uint32_t article = stride ? sy_postings_advance(&p, target) : sy_postings_next(&p);
    if (article == SY_NO_ARTICLE) break;
    if (article >= list->article_count) fail_msg("article %u of %u", article, list->article_count);
    if (++count > most) fail_msg("the list does not end");
    seen += sy_postings_frequency(&p) + sy_postings_max_impact(&p);
    seen += sy_postings_block_bound(&p, article, &impact) + impact;
    sy_positions positions;
    uint8_t place = (uint8_t)p.at;
    sy_first_positions first;
    if (count % 2 && sy_postings_first_positions(&p, &place, 1, &first)) {
      sy_positions others = sy_postings_behind_first(&p, place, &first, 0);
      while (others.left) seen += sy_positions_next(&others);
    }
    if (sy_postings_positions(&p, &positions)) {
      for (uint32_t k = 0; k < positions.count && k < 500; k++) {
        seen += sy_positions_next(&positions);
      }
    } else {
      assert_true(p.corrupt);
    }
    if (stride && article + stride <= target) break; /* went back: articles out of order */
    target = article + stride;
  }
  return seen;
}

static void use_damaged(const sy_list *list) {
  use(list, 0);
  use(list, 1);
  use(list, 97);
}

static void damage_bytes(const sy_list *list, uint8_t *bytes, size_t count, random_source *random) {
  for (size_t i = 0; i < count; i++) {
    uint8_t was = bytes[i];
    bytes[i] = (uint8_t)~was;
    use_damaged(list);
    bytes[i] = was ^ (uint8_t)(1u << random_below(random, 8));
    use_damaged(list);
    bytes[i] = 0xFF;
    use_damaged(list);
    bytes[i] = was;
  }
}

static void truncate_all(const subject *s) {
  sy_list list = s->stored.list;
  for (size_t n = 0; n < s->stored.list.postings_bytes; n++) {
    uint8_t *copy = exact_copy(s->stored.postings, n);
    list.postings = copy;
    list.postings_bytes = n;
    use_damaged(&list);
    free(copy);
  }
  list = s->stored.list;
  for (size_t n = 0; list.positions && n < s->stored.list.positions_bytes; n++) {
    uint8_t *copy = exact_copy(s->stored.positions, n);
    list.positions = copy;
    list.positions_bytes = n;
    use_damaged(&list);
    free(copy);
  }
}

/* A record cut short must not pass for the whole. */
static void check_truncation_noticed(const subject *s) {
  if (s->stored.list.postings_bytes < 2) return;
  sy_list list = s->stored.list;
  list.postings_bytes = 1;
  sy_postings p;
  sy_postings_open(&p, &list);
  while (sy_postings_next(&p) != SY_NO_ARTICLE) {
    sy_positions positions;
    sy_postings_positions(&p, &positions);
  }
  assert_true(p.corrupt);
}

static void test_damage(void **state) {
  (void)state;
  random_source random = seeded(10);
  const uint32_t dfs[] = {1, 2, 3, 40, 127, 128, 129, 257};
  for (size_t d = 0; d < sizeof dfs / sizeof *dfs; d++) {
    for (int round = 0; round < 2; round++) {
      subject s;
      subject_make(&s, &random,
                   (list_shape){dfs[d], round ? 200 : 1, round ? 30 : 3, round ? 50 : 2});
      damage_bytes(&s.stored.list, s.stored.postings, s.stored.list.postings_bytes, &random);
      damage_bytes(&s.stored.list, s.stored.positions, s.stored.list.positions_bytes, &random);
      list_compare(&s.model, &s.stored.list);
      truncate_all(&s);
      check_truncation_noticed(&s);
      subject_free(&s);
    }
  }
}

/* Skip data that says of a block that it begins before those passed over: whoever adds up scores by
 * article must not be sent back. */
static void test_descending(void **state) {
  (void)state;
  random_source random = seeded(12);
  subject s;
  subject_make(&s, &random, random_shape(&random, 6 * SY_BLOCK, 0));
  sy_list list = s.stored.list;
  uint8_t *bytes = exact_copy(s.stored.postings, list.postings_bytes), *impacts = bytes + 12 * 6;
  uint32_t shift = sy_load32(bytes + 4 * 3);
  for (size_t i = 3; i < 5; i++) sy_store32(bytes + 4 * i, sy_load32(bytes + 4 * i) - shift);
  memset(impacts, 0, 6);
  impacts[0] = impacts[4] = 255;
  list.postings = bytes;
  sy_postings p;
  sy_postings_open(&p, &list);
  assert_int_equal(sy_postings_next_block(&p, 1), s.model.articles[0]);
  sy_postings_advance(&p, s.model.articles[SY_BLOCK - 1]);
  assert_int_equal(sy_postings_next_block(&p, 1), SY_NO_ARTICLE);
  assert_true(p.corrupt);
  free(bytes);
  subject_free(&s);
}

static void test_random_bytes(void **state) {
  (void)state;
  random_source random = seeded(11);
  uint8_t lengths[5000];
  for (size_t i = 0; i < sizeof lengths; i++) lengths[i] = (uint8_t)random_below(&random, 256);
  for (int round = 0; round < 4000; round++) {
    uint8_t bytes[900], positions[900];
    size_t n = random_below(&random, sizeof bytes), m = random_below(&random, sizeof positions);
    uint32_t mask = round % 2 ? 0xFF : 0x1F;
    for (size_t i = 0; i < sizeof bytes; i++) {
      bytes[i] = (uint8_t)(random_next(&random) & mask);
      positions[i] = (uint8_t)random_next(&random);
    }
    stored_list s = {
        {.df = 1 + random_below(&random, 700), .lengths = lengths, .article_count = 5000},
        exact_copy(bytes, n),
        exact_copy(positions, m)};
    s.list.postings = s.postings;
    s.list.postings_bytes = n;
    s.list.positions = s.positions;
    s.list.positions_bytes = m;
    s.list.article = random_below(&random, 6000);
    s.list.frequency = (uint32_t)random_next(&random);
    use_damaged(&s.list);
    list_drop(&s);
  }
}

/* A frequency is stored less one; 2^32 - 1 there is none. */
static void test_no_frequency(void **state) {
  (void)state;
  random_source random = seeded(12);
  subject s;
  subject_make(&s, &random, (list_shape){SY_BLOCK, 3, 2, 3});
  sy_postings p;
  sy_postings_open(&p, &s.stored.list);
  sy_postings_next(&p);
  size_t before = (size_t)(p.frequencies_at - s.stored.list.postings);
  uint32_t values[SY_BLOCK] = {[77] = UINT32_MAX};
  uint8_t *bytes = calloc(1, before + SY_BLOCK_MAX_BYTES + 8);
  memcpy(bytes, s.stored.list.postings, before);
  sy_list list = s.stored.list;
  list.postings = bytes;
  list.postings_bytes = (size_t)(sy_block_encode(values, bytes + before) - bytes);
  sy_postings_open(&p, &list);
  assert_int_not_equal(sy_postings_next(&p), SY_NO_ARTICLE);
  sy_postings_load_frequencies(&p);
  assert_true(p.corrupt);
  free(bytes);
  subject_free(&s);
}

/* ---- The bytes of the format ---- */

/* positions.h: log2(length / frequency) - 5/8, rounded down; codes and logs are off by at most an
 * eighth for the length and 0.09 for lines in the place of curves. */
static void test_parameter(void **state) {
  (void)state;
  random_source random = seeded(29);
  for (uint32_t i = 0; i < 100000; i++) {
    uint32_t length = 8 + (uint32_t)random_next(&random) % (1u << (4 + i % 28));
    uint32_t frequency = 1 + (uint32_t)random_next(&random) % (1u << (1 + i % 24)) % length;
    double exact = log2((double)length / frequency) - 5.0 / 8;
    uint32_t k = sy_positions_parameter(sy_length_encode(length), frequency);
    double most = exact + 0.22 > 0 ? exact + 0.22 : 0;
    if (k > most || k + 1 < exact - 0.22)
      fail_msg("length %u, frequency %u: %u for %f", length, frequency, k, exact);
  }
  for (uint32_t code = 0; code < 256; code++) { /* whatever the bytes say */
    assert_int_equal(sy_positions_parameter((uint8_t)code, UINT32_MAX),
                     sy_positions_parameter((uint8_t)code, (1u << 24) - 1));
    assert_true(sy_positions_parameter((uint8_t)code, 1) <= 31);
    if (code < 29) assert_int_equal(sy_positions_parameter((uint8_t)code, 100), 0);
  }
}

/* positions.h: an article of length 100, positions 3 and 70: E1 08. As a list of one article. */
static void test_position_example(void **state) {
  (void)state;
  uint8_t length = sy_length_encode(100);
  uint32_t positions[] = {3, 70};
  sy_list_writer w;
  sy_encoded_list encoded;
  sy_list_writer_init(&w, &length, 1, 100);
  sy_list_writer_add(&w, 0, positions, 2);
  assert_ok(sy_list_writer_finish(&w, &encoded, &test_error));
  assert_int_equal(encoded.positions_bytes, 2);
  assert_memory_equal(encoded.positions, "\xE1\x08", 2);
  stored_list stored = list_store(&encoded, &length, 1);
  sy_postings p;
  sy_positions read;
  sy_postings_open(&p, &stored.list);
  assert_int_equal(sy_postings_next(&p), 0);
  assert_true(sy_postings_positions(&p, &read));
  assert_int_equal(sy_positions_next(&read), 3);
  assert_int_equal(sy_positions_next(&read), 70);
  assert_int_equal(sy_positions_next(&read), SY_NO_POSITION);
  list_drop(&stored);
  sy_list_writer_free(&w);
}

/*
 * A short list by hand: of 6 articles, 2 (once, at 3) and 5 (twice, at 3 and 70), both of length
 * 100. The middle one of two is 5: it lies in 1 .. 5, of which it is number 4: n = 3, s = 3, w = (4
 * + 5 - 1) mod 5 = 3, not below s, 3 + 3 = 6 is 11 and 0. Then 2 in 0 .. 4: w = (2 + 5 - 1) mod 5 =
 * 1, below s: 10 from the lowest bit on. Gamma of 1: 1, of 2: 010. Gaps 3 with k = 5 (52 - 5 = 47),
 * and 3 and 66 with k = 4: 1 1 00001, 11000 1100 0100. All: 11010101 01100001 11000110 00100--- =
 * AB 86 63 04.
 */
static void test_short_example(void **state) {
  (void)state;
  uint8_t lengths[6];
  memset(lengths, sy_length_encode(100), sizeof lengths);
  uint32_t positions[] = {3, 3, 70};
  sy_list_writer w;
  sy_encoded_list encoded;
  sy_list_writer_init(&w, lengths, 6, 100);
  sy_list_writer_add(&w, 2, positions, 1);
  sy_list_writer_add(&w, 5, positions + 1, 2);
  assert_ok(sy_list_writer_finish(&w, &encoded, &test_error));
  assert_int_equal(encoded.head_bytes, 4);
  assert_memory_equal(encoded.head, "\xAB\x86\x63\x04", 4);
  assert_int_equal(encoded.body_bytes, 0);
  sy_list_writer_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lists),
      cmocka_unit_test(test_every_target),
      cmocka_unit_test(test_extremes),
      cmocka_unit_test(test_many_positions),
      cmocka_unit_test(test_damage),
      cmocka_unit_test(test_descending),
      cmocka_unit_test(test_random_bytes),
      cmocka_unit_test(test_no_frequency),
      cmocka_unit_test(test_position_example),
      cmocka_unit_test(test_short_example),
      cmocka_unit_test(test_parameter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
