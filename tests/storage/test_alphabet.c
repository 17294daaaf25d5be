/* test_alphabet.c - text comes back from its codes, whatever it is; damaged codes are refused. */
#include "storage/alphabet.h"
#include "tests/storage/storage_helper.h"
#include "text/utf8.h"

typedef struct learnt {
  sy_alphabet *alphabet;
  sy_buffer stored;
} learnt;

static learnt learn(const void *text, size_t bytes) {
  learnt l = {malloc(sizeof *l.alphabet), {0}};
  sy_symbol_counts *counts = calloc(1, sizeof *counts);
  sy_symbol_counts_add(counts, text, bytes);
  assert_true(sy_alphabet_learn(l.alphabet, counts));
  sy_alphabet_store(l.alphabet, &l.stored);
  free(counts);
  return l;
}

static void forget(learnt *l) {
  free(l->alphabet);
  sy_buffer_free(&l->stored);
}

/* The rank of a symbol, or the number of symbols. */
static uint32_t rank_of(const learnt *l, uint32_t first, uint32_t second) {
  uint32_t rank = 0;
  for (; rank < l->alphabet->count; rank++) {
    sy_symbol s = l->alphabet->symbols[rank];
    if (s.first == first && s.second == second) break;
  }
  return rank;
}

/* The code of a text by the table in alphabet.h, one symbol at a time. */
static void encode_slowly(const learnt *l, const uint8_t *text, size_t bytes, sy_buffer *out) {
  for (const uint8_t *end = text + bytes; text < end;) {
    uint32_t length, c = sy_utf8_decode(text, end, &length), next_length = 0, next = 0;
    uint32_t rank = c < 0x10000 ? rank_of(l, c, 0) : l->alphabet->count;
    if (text + length < end) next = sy_utf8_decode(text + length, end, &next_length);
    if (length == 3 && next_length == 3 && rank_of(l, c, next) < l->alphabet->count) {
      rank = rank_of(l, c, next);
      text += next_length;
    }
    if (length == 1 && c < 0x80) {
      sy_buffer_u8(out, (uint8_t)c);
    } else if (length == 1) {
      sy_buffer_u8(out, 0xFF);
      sy_buffer_u8(out, *text);
    } else if (c > 0xFFFF) {
      sy_buffer_u8(out, 0xFF);
      for (int shift = 16, i = 0; i < 3; shift = 8 * i++) sy_buffer_u8(out, (uint8_t)(c >> shift));
    } else if (rank == l->alphabet->count) {
      sy_buffer_u8(out, 0xFE);
      sy_buffer_u8(out, (uint8_t)c);
      sy_buffer_u8(out, (uint8_t)(c >> 8));
    } else if (rank < 96) {
      sy_buffer_u8(out, (uint8_t)(0x80 + rank));
    } else {
      sy_buffer_u8(out, (uint8_t)(0xE0 + (rank - 96) / 256));
      sy_buffer_u8(out, (uint8_t)((rank - 96) % 256));
    }
    text += length;
  }
}

static void check_round_trip(const learnt *l, const uint8_t *text, size_t bytes) {
  uint8_t *coded = malloc(2 * bytes + 8);
  size_t coded_bytes = (size_t)(sy_alphabet_encode(l->alphabet, text, bytes, coded) - coded);
  sy_buffer slow = {0}, back = {0};
  encode_slowly(l, text, bytes, &slow);
  assert_int_equal(coded_bytes, slow.bytes);
  if (slow.bytes) assert_memory_equal(coded, slow.data, slow.bytes);
  uint8_t *exact = exact_copy(coded, coded_bytes);
  assert_true(sy_alphabet_decode(l->stored.data, exact, coded_bytes, &back));
  assert_int_equal(back.bytes, bytes);
  if (bytes) assert_memory_equal(back.data, text, bytes);
  free(exact);
  free(coded);
  sy_buffer_free(&slow);
  sy_buffer_free(&back);
}

static void test_example(void **state) {
  (void)state;
#define FIVE(text) text text text text text
  const char *sample = FIVE("的。的 的 的。的 是 是 ") FIVE("我们 我们 我们 我们 ");
#undef FIVE
  const char *text = "是A龜我们";
  learnt l = learn(sample, strlen(sample));
  uint8_t coded[64];
  const uint32_t de = rank_of(&l, 0x7684, 0), shi = rank_of(&l, 0x662F, 0);
  const uint32_t women = rank_of(&l, 0x6211, 0x4EEC);
  assert_true(de < women && women < shi && shi < 96); /* 25, 20 and 10 times */
  const uint8_t expected[] = {(uint8_t)(0x80 + shi),  0x41, 0xFE, 0x9C, 0x9F,
                              (uint8_t)(0x80 + women)};
  size_t bytes =
      (size_t)(sy_alphabet_encode(l.alphabet, (const uint8_t *)text, strlen(text), coded) - coded);
  assert_int_equal(bytes, sizeof expected);
  assert_memory_equal(coded, expected, bytes);
  forget(&l);
}

/* Characters with ranks of both lengths, words, characters that are not learnt, bytes of any
 * kind. */
static void make_text(random_source *random, uint32_t characters, sy_buffer *out) {
  while (characters--) {
    uint8_t bytes[4];
    uint32_t kind = random_below(random, 12), c = 0x4E00 + random_below(random, 20);
    if (kind == 0) c = 0x4E00 + random_below(random, 9000);
    if (kind == 1) c = 0xA0 + random_below(random, 0x300);
    if (kind == 2) c = 0x20000 + random_below(random, 0xE0000);
    if (kind == 3) {
      sy_buffer_u8(out, (uint8_t)random_next(random));
    } else if (kind == 4) {
      for (uint32_t n = random_below(random, 20); n; n--) {
        sy_buffer_u8(out, (uint8_t)random_below(random, 128));
      }
    } else {
      sy_buffer_append(out, bytes, sy_utf8_encode(bytes, c));
    }
  }
}

static void test_random(void **state) {
  (void)state;
  random_source random = seeded(61);
  sy_buffer sample = {0};
  make_text(&random, 60000, &sample);
  learnt l = learn(sample.data, sample.bytes), none = learn("", 0);
  assert_true(l.alphabet->count > 1000);
  assert_int_equal(none.alphabet->count, 0);
  /* Numbers in more bytes than they need, and surrogates: not UTF-8, alone and in pairs. */
  static const char *const odd[] = {
      "\xE0\x80\x80",     "\xE0\x80\x81", "\xE0\x9F\xBF", "\xED\xA0\x80",
      "\xF0\x80\x80\x80", "\xC0\x80",     "的",           "。"};
  enum { ODD = sizeof odd / sizeof *odd };
  for (int i = 0; i < ODD * ODD * ODD; i++) {
    char text[20];
    sprintf(text, "%s%s%s", odd[i % ODD], odd[i / ODD % ODD], odd[i / ODD / ODD]);
    check_round_trip(&l, (const uint8_t *)text, strlen(text));
    check_round_trip(&none, (const uint8_t *)text, strlen(text));
  }
  for (int i = 0; i < 300; i++) {
    sy_buffer text = {0};
    make_text(&random, random_below(&random, i % 50 ? 100 : 20000), &text);
    check_round_trip(&l, text.data, text.bytes);
    check_round_trip(&none, text.data, text.bytes);
    sy_buffer_free(&text);
  }
  sy_buffer_free(&sample);
  forget(&l);
  forget(&none);
}

static void test_full(void **state) {
  (void)state;
  sy_buffer sample = {0};
  for (uint32_t c = 0x800; c < 0xD800; c++) {
    uint8_t bytes[4];
    uint32_t length = sy_utf8_encode(bytes, c);
    sy_buffer_append(&sample, bytes, length);
    sy_buffer_append(&sample, bytes, length);
  }
  learnt l = learn(sample.data, sample.bytes);
  assert_int_equal(l.alphabet->count, SY_ALPHABET_MAX);
  check_round_trip(&l, sample.data, 3000);
  check_round_trip(&l, sample.data + sample.bytes - 3000, 3000);
  check_round_trip(&l, sample.data + 6 * (SY_ALPHABET_MAX - 50), 600);
  sy_buffer_free(&sample);
  forget(&l);
}

static void test_cost(void **state) {
  (void)state;
  sy_symbol_counts *counts = calloc(1, sizeof *counts);
  const char *own = "天地天地天地天地天地天地天地天地天地玄黃宇宙", *other = "山水山水";
  sy_symbol_counts_add(counts, (const uint8_t *)own, strlen(own));
  learnt a = learn(own, strlen(own)), b = learn(other, strlen(other));
  uint64_t before = sy_alphabet_cost(a.alphabet, counts);
  assert_true(before < sy_alphabet_cost(b.alphabet, counts));
  sy_symbol_counts_age(counts);
  assert_true(sy_alphabet_cost(a.alphabet, counts) < before);
  forget(&a);
  forget(&b);
  free(counts);
}

/* Any bytes are decoded or refused, and nothing beyond them is read. */
static void test_hostile(void **state) {
  (void)state;
  random_source random = seeded(62);
  const char *sample = "的的是是";
  learnt l = learn(sample, strlen(sample));
  const uint8_t refused[][4] = {{0x82},       {0xE0},         {0xE0, 0},
                                {0xFE, 1},    {0xFF},         {0xFF, 0x11, 0, 0},
                                {0xFF, 1, 2}, {0xFF, 0, 0, 0}};
  const size_t lengths[] = {1, 1, 2, 2, 1, 4, 3, 4};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    sy_buffer out = {0};
    uint8_t *exact = exact_copy(refused[i], lengths[i]);
    assert_false(sy_alphabet_decode(l.stored.data, exact, lengths[i], &out));
    free(exact);
    sy_buffer_free(&out);
  }
  for (int i = 0; i < 20000; i++) {
    uint8_t bytes[32];
    size_t n = random_below(&random, sizeof bytes);
    for (size_t k = 0; k < n; k++) bytes[k] = (uint8_t)(random_next(&random) | (k % 2 ? 0x80 : 0));
    sy_buffer out = {0};
    uint8_t *exact = exact_copy(bytes, n);
    sy_alphabet_decode(l.stored.data, exact, n, &out);
    assert_true(out.bytes <= 6 * n);
    free(exact);
    sy_buffer_free(&out);
  }
  for (size_t cut = 0; cut < l.stored.bytes; cut++) {
    uint8_t *exact = exact_copy(l.stored.data, cut);
    sy_cursor c = sy_cursor_make(exact, cut);
    assert_false(sy_alphabet_skip(&c));
    free(exact);
  }
  uint8_t ascii[] = {1, 0, 0x41, 0, 0, 0}, ascii_pair[] = {1, 0, 0, 0x4E, 0x41, 0};
  uint8_t many[2] = {0x61, 0x1E};
  sy_cursor c = sy_cursor_make(ascii, sizeof ascii);
  assert_false(sy_alphabet_skip(&c));
  c = sy_cursor_make(ascii_pair, sizeof ascii_pair);
  assert_false(sy_alphabet_skip(&c));
  c = sy_cursor_make(many, sizeof many);
  assert_false(sy_alphabet_skip(&c));
  forget(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_example), cmocka_unit_test(test_random),  cmocka_unit_test(test_full),
      cmocka_unit_test(test_cost),    cmocka_unit_test(test_hostile),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
