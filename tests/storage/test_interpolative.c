/* test_interpolative.c - interpolative codes against their definition. */
#include "storage/interpolative.h"
#include "tests/storage/storage_helper.h"

/* Bits that the definition takes. */
static uint64_t count_bits(const uint32_t *numbers, uint64_t count, uint64_t low, uint64_t high) {
  if (!count) return 0;
  uint64_t m = count / 2, range = high - low - count + 2, n = 0, value = numbers[m] - low - m;
  while (1ull << n < range) n++;
  uint64_t few = (1ull << n) - range, first = (range - few) / 2;
  uint64_t bits = value >= first && value < first + few && range > 1 ? n - 1 : n;
  uint64_t before = m ? count_bits(numbers, m, low, numbers[m] - 1ull) : 0;
  return bits + before + count_bits(numbers + m + 1, count - m - 1, numbers[m] + 1ull, high);
}

static void check(const uint32_t *numbers, uint32_t count, uint32_t low, uint32_t high) {
  uint8_t *room = malloc(4 * (size_t)count + 64);
  uint32_t *decoded = malloc(4 * (size_t)count + 4);
  sy_bit_writer w = {room, 0, 0};
  sy_interpolative_put(&w, numbers, count, low, high);
  size_t bytes = (size_t)(sy_bits_end(&w) - room);
  uint64_t bits = count_bits(numbers, count, low, high);
  assert_int_equal(bytes, (bits + 7) / 8);
  uint8_t *exact = exact_copy(room, bytes);
  sy_bit_reader r = {exact, 0, bits, false};
  assert_true(sy_interpolative_get(&r, decoded, count, low, high));
  assert_int_equal(r.at, bits);
  if (count) assert_memory_equal(decoded, numbers, 4 * (size_t)count);
  r = (sy_bit_reader){exact, 0, bits ? bits - 1 : 0, false};
  assert_int_equal(sy_interpolative_get(&r, decoded, count, low, high), !bits);
  free(exact);
  free(room);
  free(decoded);
}

static void test_example(void **state) {
  (void)state;
  const uint32_t numbers[] = {2, 3, 4};
  uint8_t room[32];
  sy_bit_writer w = {room, 0, 0};
  sy_interpolative_put(&w, numbers, 3, 0, 4);
  /* 3 of 1 .. 3 is number 2, second in the turned order: 2 bits, 2 + 0 and 1 + 1; 2 of 0 .. 2: the
   * same */
  assert_int_equal(count_bits(numbers, 3, 0, 4), 4);
  check(numbers, 3, 0, 4);
  assert_int_equal(sy_bits_end(&w) - room, 1);
}

static void test_random(void **state) {
  (void)state;
  random_source random = seeded(91);
  for (int round = 0; round < 5000; round++) {
    uint32_t count = random_below(&random, 129), numbers[129];
    uint32_t low = round % 3 ? random_below(&random, 1u << 30) : 0, next = low;
    uint32_t most = 1 + random_below(&random, 1u << random_below(&random, 20));
    for (uint32_t i = 0; i < count; i++) {
      next += random_below(&random, random_one_in(&random, 3) ? most : 2);
      numbers[i] = next++;
    }
    uint32_t least_high = count ? numbers[count - 1] : low;
    check(numbers, count, low, least_high + random_below(&random, most));
    if (round % 10 == 0) check(numbers, count, 0, UINT32_MAX - 1);
  }
}

/* Any bits give ascending numbers within the bounds. */
static void test_any_bits(void **state) {
  (void)state;
  random_source random = seeded(92);
  for (int round = 0; round < 20000; round++) {
    uint8_t bytes[600];
    uint32_t numbers[128], count = 1 + random_below(&random, 128);
    uint32_t low = random_below(&random, 1000), high = low + random_below(&random, 5000);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)random_next(&random);
    uint64_t bits = random_below(&random, 8 * (sizeof bytes - 8));
    sy_bit_reader r = {bytes, 0, bits, false};
    bool good = sy_interpolative_get(&r, numbers, count, low, high);
    if (high - low + 1 < count) assert_false(good);
    if (!good) continue;
    for (uint32_t i = 0; i < count; i++) {
      assert_true(numbers[i] >= (i ? numbers[i - 1] + 1 : low) && numbers[i] <= high);
    }
  }
  sy_bit_reader r = {(const uint8_t *)"12345678", 0, 64, false};
  uint32_t number;
  assert_false(sy_interpolative_get(&r, &number, 1, 5, 4));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_example), cmocka_unit_test(test_random),
                                     cmocka_unit_test(test_any_bits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
