/* test_elias_fano.c - blocks of ascending numbers against their definition; damaged ones are
 * refused. */
#include "storage/elias_fano.h"
#include "tests/storage/storage_helper.h"

/* The layout of elias_fano.h, bit by bit. */
static size_t encode_slowly(const uint32_t *numbers, uint32_t base, uint8_t *out) {
  uint64_t u = (uint64_t)numbers[127] - ((base + 1ull) & UINT32_MAX) - 127, b = 0;
  while (u / 128 >> (b + 1)) b++;
  size_t highs = (128 + (u >> b) + 7) / 8;
  memset(out, 0, 16 * b + highs);
  for (uint32_t i = 0; i < 128; i++) {
    uint64_t x = (uint64_t)numbers[i] - ((base + 1ull) & UINT32_MAX) - i;
    for (uint32_t k = 0; k < b; k++) { /* lane i % 4, place i / 4 */
      uint32_t bit = (uint32_t)(i / 4 * b + k);
      if (x >> k & 1) out[bit / 32 * 16 + i % 4 * 4 + bit % 32 / 8] |= (uint8_t)(1u << bit % 8);
    }
    uint64_t one = (x >> b) + i;
    out[16 * b + one / 8] |= (uint8_t)(1u << one % 8);
  }
  return 16 * b + highs;
}

/* With vectors or without, the same is accepted and decoded. Returns whether it is. */
static bool decode(const uint8_t *p, const uint8_t *end, uint32_t base, uint32_t last,
                   uint32_t numbers[SY_BLOCK]) {
  uint32_t scalar[SY_BLOCK];
  const uint8_t *behind = sy_elias_fano_decode(p, end, base, last, numbers);
  assert_ptr_equal(sy_elias_fano_decode_scalar(p, end, base, last, scalar), behind);
  if (behind) assert_memory_equal(scalar, numbers, sizeof scalar);
  return behind;
}

static void check(const uint32_t *numbers, uint32_t base, bool cut) {
  uint8_t room[SY_ELIAS_FANO_MAX_BYTES + 8], slow[SY_ELIAS_FANO_MAX_BYTES + 8];
  uint32_t decoded[SY_BLOCK];
  size_t bytes = (size_t)(sy_elias_fano_encode(numbers, base, room) - room);
  assert_true(bytes <= SY_ELIAS_FANO_MAX_BYTES);
  assert_int_equal(bytes, encode_slowly(numbers, base, slow));
  assert_memory_equal(room, slow, bytes);
  uint8_t *exact = exact_copy(room, bytes);
  assert_ptr_equal(sy_elias_fano_decode(exact, exact + bytes, base, numbers[127], decoded),
                   exact + bytes);
  assert_memory_equal(decoded, numbers, sizeof decoded);
  assert_true(decode(exact, exact + bytes, base, numbers[127], decoded));
  for (size_t n = 0; cut && n < bytes; n++) {
    assert_false(decode(exact, exact + n, base, numbers[127], decoded));
  }
  free(exact);
}

static void test_example(void **state) {
  (void)state;
  uint32_t numbers[SY_BLOCK];
  for (uint32_t i = 0; i < SY_BLOCK; i++) numbers[i] = 10 + 2 * i;
  uint8_t room[SY_ELIAS_FANO_MAX_BYTES + 8], expected[32];
  memset(expected, 0x55, sizeof expected);
  assert_int_equal(sy_elias_fano_encode(numbers, 9, room) - room, 32);
  assert_memory_equal(room, expected, sizeof expected);
}

static void test_edges(void **state) {
  (void)state;
  uint32_t numbers[SY_BLOCK];
  for (uint32_t i = 0; i < SY_BLOCK; i++) numbers[i] = i;
  check(numbers, UINT32_MAX, true);
  numbers[127] = UINT32_MAX - 1;
  check(numbers, UINT32_MAX, true);
  for (uint32_t i = 0; i < SY_BLOCK; i++) numbers[i] = UINT32_MAX - 128 + i;
  check(numbers, UINT32_MAX, true);
  check(numbers, numbers[0] - 1, true);
  check(numbers, 0, true);
}

static void make_numbers(random_source *random, uint32_t *numbers, uint32_t *base) {
  uint32_t gap = 1u << random_below(random, 23), at;
  *base = random_one_in(random, 4) ? UINT32_MAX : random_below(random, 1u << 30);
  at = *base;
  for (uint32_t i = 0; i < SY_BLOCK; i++) {
    bool near = random_one_in(random, 2);
    numbers[i] = at += 1 + random_below(random, near ? 2 : gap);
  }
}

static void test_random(void **state) {
  (void)state;
  random_source random = seeded(81);
  for (int round = 0; round < 3000; round++) {
    uint32_t numbers[SY_BLOCK], base;
    make_numbers(&random, numbers, &base);
    check(numbers, base, round % 50 == 0);
  }
}

/* What is accepted ascends between its bounds, whatever the bytes. */
static void test_damage(void **state) {
  (void)state;
  random_source random = seeded(82);
  for (int round = 0; round < 20000; round++) {
    uint32_t numbers[SY_BLOCK], decoded[SY_BLOCK], base;
    uint8_t room[SY_ELIAS_FANO_MAX_BYTES + 8];
    make_numbers(&random, numbers, &base);
    size_t bytes = (size_t)(sy_elias_fano_encode(numbers, base, room) - room);
    uint8_t *exact = exact_copy(room, bytes);
    for (uint32_t n = random_below(&random, 4); n; n--) {
      exact[random_below(&random, (uint32_t)bytes)] ^= (uint8_t)(1u << random_below(&random, 8));
    }
    uint32_t last = random_one_in(&random, 8) ? random_below(&random, 1u << 31) : numbers[127];
    if (decode(exact, exact + bytes, base, last, decoded)) {
      for (uint32_t i = 0, before = base; i < SY_BLOCK; before = decoded[i++]) {
        assert_true(before == UINT32_MAX || decoded[i] > before);
      }
      assert_int_equal(decoded[127], last);
    }
    free(exact);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_example), cmocka_unit_test(test_edges),
                                     cmocka_unit_test(test_random), cmocka_unit_test(test_damage)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
