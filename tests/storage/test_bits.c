/* test_bits.c - bit strings and prefix codes against strings of '0' and '1'. */
#include "storage/bits.h"
#include "tests/storage/storage_helper.h"

typedef enum code_kind { PLAIN, UNARY, GAMMA, MINIMAL, KINDS } code_kind;

typedef struct code {
  code_kind kind;
  uint64_t value;
  uint32_t width; /* of PLAIN; the range of MINIMAL less one */
} code;

/* ---- The codes as text ---- */

static void add_bits(sy_buffer *text, uint64_t value, uint32_t bits) {
  for (uint32_t i = 0; i < bits; i++) sy_buffer_u8(text, '0' + (value >> i & 1));
}

static void add_zeros(sy_buffer *text, uint64_t count) {
  while (count--) sy_buffer_u8(text, '0');
}

static void write_slowly(sy_buffer *text, const code *c) {
  uint32_t n = 0;
  switch (c->kind) {
    case GAMMA:
      while (c->value >> (n + 1)) n++;
      add_zeros(text, n);
      sy_buffer_u8(text, '1');
      add_bits(text, c->value, n);
      break;
    case UNARY:
      add_zeros(text, c->value);
      sy_buffer_u8(text, '1');
      break;
    case MINIMAL: {
      uint64_t range = c->width + 1ull;
      while (1ull << n < range) n++;
      uint64_t few = (1ull << n) - range, middle = (c->value + range - (range - few) / 2) % range;
      if (middle < few) {
        add_bits(text, middle, n - 1);
      } else if (n) {
        add_bits(text, (middle + few) >> 1, n - 1);
        add_bits(text, (middle + few) & 1, 1);
      }
      break;
    }
    default: add_bits(text, c->value, c->width);
  }
}

static void write_code(sy_bit_writer *w, const code *c) {
  switch (c->kind) {
    case GAMMA: sy_bits_put_gamma(w, (uint32_t)c->value); break;
    case UNARY: sy_bits_put_unary(w, (uint32_t)c->value); break;
    case MINIMAL: sy_bits_put_minimal(w, (uint32_t)c->value, c->width + 1ull); break;
    default: sy_bits_put(w, c->value, c->width);
  }
}

static uint64_t read_code(sy_bit_reader *r, const code *c) {
  switch (c->kind) {
    case GAMMA: return sy_bits_get_gamma(r);
    case UNARY: return sy_bits_get_unary(r);
    case MINIMAL: return sy_bits_get_minimal(r, c->width + 1ull);
    default: return sy_bits_get(r, c->width);
  }
}

/* ---- Round trips ---- */

static code random_code(random_source *random) {
  code c = {(code_kind)random_below(random, KINDS), random_next(random), 0};
  uint32_t value = (uint32_t)c.value >> random_below(random, 32);
  switch (c.kind) {
    case GAMMA: c.value = value ? value : 1; break;
    case UNARY: c.value = value % 5000; break;
    case MINIMAL:
      c.width = (uint32_t)random_next(random) >> random_below(random, 32);
      c.value = c.width == UINT32_MAX ? value : value % (c.width + 1);
      break;
    default: c.width = random_below(random, 57); c.value &= (1ull << c.width) - 1;
  }
  return c;
}

/* Bits that the codes take, by their text. */
static uint64_t check_written(const code *codes, uint32_t count, const uint8_t *bytes,
                              size_t size) {
  sy_buffer text = {0};
  for (uint32_t i = 0; i < count; i++) write_slowly(&text, &codes[i]);
  assert_int_equal(size, (text.bytes + 7) / 8);
  for (size_t i = 0; i < size * 8; i++) {
    int bit = i < text.bytes && text.data[i] == '1';
    assert_int_equal(bytes[i / 8] >> i % 8 & 1, bit);
  }
  uint64_t bits = text.bytes;
  sy_buffer_free(&text);
  return bits;
}

/* Reads `count` codes from a string of `end` bits of which all `bits` are needed. */
static void check_reading(const code *codes, uint32_t count, const uint8_t *bytes, uint64_t end,
                          uint64_t bits) {
  uint8_t *copy = exact_copy(bytes, (end + 7) / 8);
  sy_bit_reader r = {copy, 0, end, false};
  for (uint32_t i = 0; i < count; i++) {
    uint64_t value = read_code(&r, &codes[i]);
    if (r.failed) break;
    assert_int_equal(value, codes[i].value);
  }
  assert_int_equal(r.failed, end < bits);
  if (!r.failed) assert_int_equal(r.at, bits);
  assert_true(r.at <= r.end);
  free(copy);
}

static void check_codes(const code *codes, uint32_t count, bool truncate) {
  size_t room = 64;
  for (uint32_t i = 0; i < count; i++) {
    room += 8 + (codes[i].kind == UNARY ? (size_t)codes[i].value / 8 : 0);
  }
  uint8_t *bytes = malloc(room);
  sy_bit_writer w = {bytes, 0, 0};
  for (uint32_t i = 0; i < count; i++) write_code(&w, &codes[i]);
  size_t size = (size_t)(sy_bits_end(&w) - bytes);
  assert_true(size <= room);
  uint64_t bits = check_written(codes, count, bytes, size);
  check_reading(codes, count, bytes, bits, bits);
  for (uint64_t end = 0; truncate && end < bits; end++)
    check_reading(codes, count, bytes, end, bits);
  free(bytes);
}

/* Every value of every small range: within it, and none longer than the others by more than a
 * bit. */
static void test_ranges(void **state) {
  (void)state;
  for (uint32_t range = 1; range < 140; range++) {
    for (uint32_t value = 0; value < range; value++) {
      code c = {MINIMAL, value, range - 1};
      check_codes(&c, 1, true);
    }
    for (uint32_t bits = 0; bits < 256; bits++) {
      uint8_t bytes[9] = {(uint8_t)bits};
      sy_bit_reader r = {bytes, 0, 8, false};
      assert_true(sy_bits_get_minimal(&r, range) < range);
    }
  }
}

static void test_random(void **state) {
  (void)state;
  random_source random = seeded(4);
  for (int round = 0; round < 600; round++) {
    code codes[60];
    uint32_t count = 1 + random_below(&random, round < 100 ? 6 : 60);
    for (uint32_t i = 0; i < count; i++) codes[i] = random_code(&random);
    check_codes(codes, count, round < 100);
  }
}

static void test_extremes(void **state) {
  (void)state;
  for (uint32_t n = 0; n < 32; n++) {
    code codes[] = {{GAMMA, 1u << n, 0},
                    {GAMMA, (2ull << n) - 1, 0},
                    {MINIMAL, UINT32_MAX >> n, UINT32_MAX >> n},
                    {PLAIN, 0, 0},
                    {MINIMAL, 0, UINT32_MAX >> n},
                    {MINIMAL, 1u << n, 1u << n},
                    {MINIMAL, (1u << n) / 2, 1u << n},
                    {PLAIN, (1ull << 56) - 1, 56},
                    {PLAIN, 1, 1}};
    check_codes(codes, sizeof codes / sizeof *codes, n % 8 == 0);
  }
  code codes[] = {{GAMMA, UINT32_MAX, 0}, {UNARY, 3000000, 0}, {GAMMA, 1, 0},  {UNARY, 96, 0},
                  {UNARY, 48, 0},         {UNARY, 57, 0},      {UNARY, 56, 0}, {UNARY, 58, 0}};
  check_codes(codes, sizeof codes / sizeof *codes, false);
}

/* Codes of numbers that no 32 bits hold, and strings that are nothing but zeros. */
static void test_overflow(void **state) {
  (void)state;
  uint8_t *zeros = calloc(1, 1000 + 8);
  for (uint64_t end = 0; end <= 8000; end += 7) {
    sy_bit_reader r = {zeros, 0, end, false};
    sy_bits_get_unary(&r);
    assert_true(r.failed);
    r = (sy_bit_reader){zeros, 0, end, false};
    sy_bits_get_gamma(&r);
    assert_true(r.failed);
  }
  zeros[4] = 1; /* gamma with 32 zeros: 33 bits */
  sy_bit_reader r = {zeros, 0, 8000, false};
  sy_bits_get_gamma(&r);
  assert_true(r.failed);
  free(zeros);
}

/* A failure stays. */
static void test_sticky(void **state) {
  (void)state;
  uint8_t *bytes = exact_copy("\xFF\xFF", 2);
  sy_bit_reader r = {bytes, 0, 16, false};
  assert_int_equal(sy_bits_get(&r, 16), 0xFFFF);
  assert_false(r.failed);
  sy_bits_get(&r, 1);
  assert_true(r.failed);
  assert_int_equal(sy_bits_get_unary(&r), 0);
  assert_int_equal(sy_bits_get_gamma(&r), 1);
  assert_true(r.failed);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ranges),   cmocka_unit_test(test_random),
      cmocka_unit_test(test_extremes), cmocka_unit_test(test_overflow),
      cmocka_unit_test(test_sticky),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
