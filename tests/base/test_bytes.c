/* test_bytes.c - loads, stores, varints, the bounded cursor and the growing buffer. */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/oracle/random_text.h"

static void test_varint_examples(void **state) {
  (void)state;
  uint8_t out[SY_VARINT_MAX];
  assert_int_equal(sy_put_varint(out, 300) - out, 2);
  assert_int_equal(out[0], 0xAC);
  assert_int_equal(out[1], 0x02);
  assert_int_equal(sy_put_varint(out, 0) - out, 1);
  assert_int_equal(sy_put_varint(out, 127) - out, 1);
  assert_int_equal(sy_put_varint(out, 128) - out, 2);
  assert_int_equal(sy_put_varint(out, UINT64_MAX) - out, 10);
}

/* Every width, at every truncation, in memory of exactly that size. */
static void test_varint_round_trip(void **state) {
  (void)state;
  random_source random = {5};
  for (int round = 0; round < 5000; round++) {
    uint64_t value = random_next(&random) >> random_below(&random, 64);
    if (round < 64) value = (1ull << round) - 1;
    uint8_t out[SY_VARINT_MAX];
    size_t bytes = (size_t)(sy_put_varint(out, value) - out);
    for (size_t n = 0; n <= bytes; n++) {
      uint8_t *copy = malloc(n ? n : 1);
      memcpy(copy, out, n);
      sy_cursor c = sy_cursor_make(copy, n);
      uint64_t got = sy_read_varint(&c);
      assert_int_equal(c.failed, n < bytes);
      if (n == bytes) assert_int_equal(got, value);
      c = sy_cursor_make(copy, n);
      uint32_t narrow = sy_read_varint32(&c);
      assert_int_equal(c.failed, n < bytes || value > UINT32_MAX);
      if (!c.failed) assert_int_equal(narrow, value);
      free(copy);
    }
  }
}

/* Eleven bytes are no varint; a failure stays. */
static void test_varint_too_long(void **state) {
  (void)state;
  uint8_t bytes[12];
  memset(bytes, 0x80, sizeof bytes);
  bytes[11] = 1;
  sy_cursor c = sy_cursor_make(bytes, sizeof bytes);
  sy_read_varint(&c);
  assert_true(c.failed);
  assert_int_equal(sy_read_u8(&c), 0);
  assert_int_equal(sy_read_varint(&c), 0);
  assert_true(c.failed);
}

static void test_cursor(void **state) {
  (void)state;
  uint8_t bytes[15] = {1, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9, 8};
  sy_cursor c = sy_cursor_make(bytes, sizeof bytes);
  assert_int_equal(sy_read_u8(&c), 1);
  assert_int_equal(sy_read_u32(&c), 2);
  assert_int_equal(sy_read_u64(&c), 3);
  assert_int_equal(sy_cursor_left(&c), 2);
  assert_ptr_equal(sy_read_bytes(&c, 2), bytes + 13);
  assert_false(c.failed);
  assert_ptr_equal(sy_read_bytes(&c, 0), bytes + 15);
  assert_null(sy_read_bytes(&c, 1));
  assert_true(c.failed);
  for (size_t n = 0; n < 8; n++) {
    c = sy_cursor_make(bytes, n);
    assert_int_equal(sy_read_u64(&c), 0);
    assert_true(c.failed);
  }
  c = sy_cursor_make(bytes, sizeof bytes);
  assert_null(sy_read_bytes(&c, UINT64_MAX));
  assert_true(c.failed);
}

static void test_buffer(void **state) {
  (void)state;
  sy_buffer b = {0};
  sy_buffer_append(&b, NULL, 0);
  assert_int_equal(b.bytes, 0);
  for (uint32_t i = 0; i < 1000; i++) {
    sy_buffer_u8(&b, (uint8_t)i);
    sy_buffer_u32(&b, i * 0x01010101u);
    sy_buffer_u64(&b, ~(uint64_t)i);
    sy_buffer_varint(&b, (uint64_t)i << i % 50);
    sy_buffer_append(&b, "索引", 6);
  }
  assert_false(b.failed);
  sy_cursor c = sy_cursor_make(b.data, b.bytes);
  for (uint32_t i = 0; i < 1000; i++) {
    assert_int_equal(sy_read_u8(&c), (uint8_t)i);
    assert_int_equal(sy_read_u32(&c), i * 0x01010101u);
    assert_int_equal(sy_read_u64(&c), ~(uint64_t)i);
    assert_int_equal(sy_read_varint(&c), (uint64_t)i << i % 50);
    const uint8_t *text = sy_read_bytes(&c, 6);
    assert_non_null(text);
    assert_memory_equal(text, "索引", 6);
  }
  assert_int_equal(sy_cursor_left(&c), 0);
  sy_buffer_free(&b);
  assert_null(b.data);
  sy_buffer_free(&b);
}

/* A request that memory cannot hold fails, sticks, and leaves what was there. */
static void test_buffer_fails(void **state) {
  (void)state;
  sy_buffer b = {0};
  sy_buffer_append(&b, "abc", 3);
  b.failed = true;
  assert_null(sy_buffer_reserve(&b, 1));
  sy_buffer_append(&b, "def", 3);
  sy_buffer_varint(&b, 1);
  sy_buffer_u32(&b, 1);
  sy_buffer_u64(&b, 1);
  assert_int_equal(b.bytes, 3);
  assert_memory_equal(b.data, "abc", 3);
  sy_buffer_free(&b);
  assert_false(b.failed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_varint_examples), cmocka_unit_test(test_varint_round_trip),
      cmocka_unit_test(test_varint_too_long), cmocka_unit_test(test_cursor),
      cmocka_unit_test(test_buffer),          cmocka_unit_test(test_buffer_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
