/* test_block.c - the codec of 128 integers against a bit-by-bit reader of the format in block.h. */
#include "storage/block.h"
#include "tests/storage/storage_helper.h"

/* ---- The format, read slowly ---- */

static uint32_t packed_at(const uint8_t *packed, uint32_t width, uint32_t i) {
  uint32_t value = 0;
  for (uint32_t k = 0; k < width; k++) {
    uint32_t bit = i / 4 * width + k; /* of the lane */
    uint32_t byte = 16 * (bit / 32) + 4 * (i % 4) + bit % 32 / 8;
    value |= (uint32_t)(packed[byte] >> bit % 8 & 1) << k;
  }
  return value;
}

/* Bytes read; 0 when the block contradicts itself. */
static size_t decode_slowly(const uint8_t *p, size_t bytes, uint32_t values[SY_BLOCK]) {
  if (bytes < 2 || p[0] > 32) return 0;
  uint32_t width = p[0], patches = p[1] & 63, high_bytes = (p[1] >> 6) + 1u;
  size_t size = 2 + 16 * width + patches * (1 + high_bytes);
  if (size > bytes) return 0;
  for (uint32_t i = 0; i < SY_BLOCK; i++) values[i] = packed_at(p + 2, width, i);
  const uint8_t *index = p + 2 + 16 * width, *high = index + patches;
  for (uint32_t i = 0; i < patches; i++) {
    uint64_t part = 0;
    for (uint32_t k = 0; k < high_bytes; k++) part |= (uint64_t)high[i * high_bytes + k] << 8 * k;
    if (index[i] >= SY_BLOCK || (width && part << width > UINT32_MAX)) return 0;
    if (width < 32) values[index[i]] |= (uint32_t)(part << width);
  }
  return size;
}

static uint32_t bits_of(uint32_t v) {
  uint32_t bits = 0;
  for (; v; v >>= 1) bits++;
  return bits;
}

/* The smallest size the format allows. */
static size_t least_size(const uint32_t values[SY_BLOCK]) {
  size_t least = SIZE_MAX;
  for (uint32_t width = 0; width <= 32; width++) {
    uint32_t patches = 0, most = width;
    for (uint32_t i = 0; i < SY_BLOCK; i++) {
      uint32_t bits = bits_of(values[i]);
      patches += bits > width;
      if (bits > most) most = bits;
    }
    size_t size = 2 + 16 * width + patches * (1 + (most - width + 7) / 8);
    if (patches <= 63 && size < least) least = size;
  }
  return least;
}

/* ---- Round trips ---- */

static void check_truncated(const uint8_t *block, size_t bytes) {
  for (size_t n = 0; n < bytes; n++) {
    uint32_t values[SY_BLOCK];
    uint8_t *copy = exact_copy(block, n);
    assert_null(sy_block_decode(copy, copy + n, values));
    assert_null(sy_block_skip(copy, copy + n));
    free(copy);
  }
}

static size_t check_block(const uint32_t values[SY_BLOCK], bool truncate) {
  uint32_t decoded[SY_BLOCK], slowly[SY_BLOCK];
  uint8_t *room = malloc(SY_BLOCK_MAX_BYTES);
  size_t bytes = (size_t)(sy_block_encode(values, room) - room);
  assert_true(bytes <= SY_BLOCK_MAX_BYTES);
  assert_int_equal(bytes, least_size(values));
  uint8_t *block = exact_copy(room, bytes);
  free(room);
  memset(decoded, 0xEE, sizeof decoded);
  assert_ptr_equal(sy_block_decode(block, block + bytes, decoded), block + bytes);
  assert_ptr_equal(sy_block_skip(block, block + bytes), block + bytes);
  assert_int_equal(decode_slowly(block, bytes, slowly), bytes);
  assert_memory_equal(decoded, values, sizeof decoded);
  assert_memory_equal(slowly, values, sizeof slowly);
  if (truncate) check_truncated(block, bytes);
  free(block);
  return bytes;
}

static void fill(uint32_t values[SY_BLOCK], uint32_t v) {
  for (uint32_t i = 0; i < SY_BLOCK; i++) values[i] = v;
}

static void test_edges(void **state) {
  (void)state;
  uint32_t values[SY_BLOCK];
  fill(values, 0);
  assert_int_equal(check_block(values, true), 2);
  fill(values, UINT32_MAX);
  assert_int_equal(check_block(values, true), SY_BLOCK_MAX_BYTES);
  for (uint32_t width = 1; width <= 32; width++) { /* uniform, and one outlier of each width */
    uint32_t most = width == 32 ? UINT32_MAX : (1u << width) - 1;
    fill(values, most);
    check_block(values, true);
    for (uint32_t at = 0; at < SY_BLOCK; at += 31) {
      fill(values, 0);
      values[at] = most;
      check_block(values, true);
      fill(values, 1);
      values[at] = 1u << (width - 1);
      check_block(values, false);
    }
  }
  for (uint32_t i = 0; i < SY_BLOCK; i++) values[i] = i * 0x01020305u;
  check_block(values, true);
}

/* From one large value to all: around 63 the patches run out. */
static void test_patches(void **state) {
  (void)state;
  for (uint32_t high = 1; high <= 32; high++) {
    for (uint32_t count = 0; count <= SY_BLOCK; count++) {
      uint32_t values[SY_BLOCK];
      for (uint32_t i = 0; i < SY_BLOCK; i++) {
        values[i] = i * 37 % SY_BLOCK < count ? UINT32_MAX >> (32 - high) : i % 2;
      }
      check_block(values, count >= 62 && count <= 64);
    }
  }
}

static void test_random(void **state) {
  (void)state;
  random_source random = seeded(1);
  for (int round = 0; round < 3000; round++) {
    uint32_t values[SY_BLOCK], width = random_below(&random, 33), wide = random_below(&random, 33);
    uint32_t chances = 1 + random_below(&random, 128);
    for (uint32_t i = 0; i < SY_BLOCK; i++) {
      uint32_t bits = random_below(&random, 128) < chances ? width : wide;
      values[i] = bits ? (uint32_t)random_next(&random) >> (32 - bits) : 0;
    }
    check_block(values, round % 30 == 0);
  }
}

/* Whatever the bytes are, the decoder says what the slow one says. */
static void test_garbage(void **state) {
  (void)state;
  random_source random = seeded(2);
  for (int round = 0; round < 30000; round++) {
    uint8_t bytes[700];
    size_t count = random_below(&random, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
      bytes[i] = (uint8_t)(random_next(&random) >> (round % 3 ? 33 : 32));
    }
    bytes[0] = (uint8_t)random_below(&random, 36);
    uint32_t decoded[SY_BLOCK], slowly[SY_BLOCK];
    uint8_t *copy = exact_copy(bytes, count);
    const uint8_t *behind = sy_block_decode(copy, copy + count, decoded);
    size_t size = decode_slowly(copy, count, slowly);
    assert_ptr_equal(behind, size ? copy + size : NULL);
    if (behind) {
      assert_ptr_equal(sy_block_skip(copy, copy + count), behind);
      assert_memory_equal(decoded, slowly, sizeof decoded);
    }
    free(copy);
  }
}

/* 120 times 1 and 8 times 300 is 01 08, 16 bytes packed, 8 indexes, 8 parts of a byte: 150 is
 * 300 >> 1. */
static void test_worked_example(void **state) {
  (void)state;
  uint32_t values[SY_BLOCK], decoded[SY_BLOCK];
  fill(values, 1);
  uint8_t bytes[34] = {1, 8};
  memset(bytes + 2, 0xFF, 16);
  for (uint8_t i = 0; i < 8; i++) { /* 300 is even: its low bit is 0, the rest is 150 */
    uint32_t at = 5u * i;
    values[at] = 300;
    uint32_t bit = at / 4;
    bytes[2 + 4 * (at % 4) + bit / 8] &= (uint8_t) ~(1u << bit % 8);
    bytes[18 + i] = (uint8_t)at;
    bytes[26 + i] = 150;
  }
  uint8_t encoded[SY_BLOCK_MAX_BYTES];
  assert_int_equal(sy_block_encode(values, encoded) - encoded, sizeof bytes);
  assert_memory_equal(encoded, bytes, sizeof bytes);
  uint8_t *copy = exact_copy(bytes, sizeof bytes);
  assert_ptr_equal(sy_block_decode(copy, copy + sizeof bytes, decoded), copy + sizeof bytes);
  assert_memory_equal(decoded, values, sizeof values);
  free(copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_edges),          cmocka_unit_test(test_patches),
      cmocka_unit_test(test_random),         cmocka_unit_test(test_garbage),
      cmocka_unit_test(test_worked_example),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
