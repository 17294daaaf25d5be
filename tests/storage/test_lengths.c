/* test_lengths.c - length codes keep the order, to within an eighth. */
#include "storage/lengths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void check_length(uint32_t length, uint8_t *last_code) {
  uint8_t code = sy_length_encode(length);
  uint32_t least = sy_length_decode(code), end = sy_length_end(code);
  if (code < *last_code || least > length || length - least > length / 8 ||
      (end <= length && end != UINT32_MAX) || sy_length_encode(least) != code) {
    print_error("length %u: code %u behind %u, least %u, end %u\n", length, code, *last_code, least,
                end);
    fail();
  }
  *last_code = code;
}

static void test_all_to_four_million(void **state) {
  (void)state;
  uint8_t code = 0;
  for (uint32_t length = 0; length < 4000000; length++) {
    uint8_t before = code;
    check_length(length, &code);
    assert_true(code - before <= 1);
  }
}

static void test_samples(void **state) {
  (void)state;
  uint8_t code = 0;
  for (uint64_t length = 4000000; length < 1ull << 32; length += length / 10000 + 1) {
    check_length((uint32_t)length, &code);
  }
  check_length(UINT32_MAX, &code);
  for (uint32_t e = 3; e < 32; e++) { /* around each power of two and each step */
    for (uint32_t m = 8; m < 16; m++) {
      uint32_t least = m << (e - 3);
      code = sy_length_encode(least - 1);
      check_length(least - 1, &code);
      uint8_t below = code;
      check_length(least, &code);
      assert_int_equal(code, below + 1);
    }
  }
}

/* The eight-bit codes that no length has. */
static void test_other_codes(void **state) {
  (void)state;
  uint8_t most = sy_length_encode(UINT32_MAX);
  for (uint32_t code = most + 1u; code < 256; code++) {
    assert_int_equal(sy_length_decode((uint8_t)code), UINT32_MAX);
    assert_int_equal(sy_length_end((uint8_t)code), UINT32_MAX);
  }
  for (uint32_t code = 1; code < 256; code++) {
    assert_true(sy_length_decode((uint8_t)code) >= sy_length_decode((uint8_t)(code - 1)));
    assert_true(sy_length_end((uint8_t)code) >= sy_length_end((uint8_t)(code - 1)));
  }
}

/* lengths.h: 100 has code 36, which stands for 96..103. */
static void test_worked_example(void **state) {
  (void)state;
  assert_int_equal(sy_length_encode(100), 36);
  assert_int_equal(sy_length_encode(96), 36);
  assert_int_equal(sy_length_encode(103), 36);
  assert_int_equal(sy_length_encode(95), 35);
  assert_int_equal(sy_length_encode(104), 37);
  assert_int_equal(sy_length_decode(36), 96);
  assert_int_equal(sy_length_end(36), 104);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_to_four_million),
      cmocka_unit_test(test_samples),
      cmocka_unit_test(test_other_codes),
      cmocka_unit_test(test_worked_example),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
