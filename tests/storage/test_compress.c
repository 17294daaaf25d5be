/* test_compress.c - blocks come out as they went in, in order, with any number of threads. */
#include "storage/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "tests/oracle/random_text.h"

typedef struct sent {
  buffer text;
} sent;

static void check_frame(const sy_frame *frame, const sent *all) {
  const buffer *text = &all[frame->tag].text;
  char *back = malloc(text->bytes + 1);
  assert_int_equal(frame->raw_bytes, text->bytes);
  assert_int_equal(ZSTD_decompress(back, text->bytes + 1, frame->data, frame->bytes), text->bytes);
  assert_memory_equal(back, text->data, text->bytes);
  free(back);
}

/* Sends `count` blocks; takes frames when it must and now and then. `left`: how many are not
 * taken. */
static void send_blocks(uint32_t threads, uint32_t count, bool take_all) {
  random_source random = {random_seed(threads * 100 + count)};
  sent *all = calloc(count + 1, sizeof *all);
  sy_compressor *c;
  sy_error error;
  sy_frame frame;
  uint32_t taken = 0;
  assert_int_equal(sy_compressor_new((sy_compression){3, threads}, &c, &error), SY_OK);
  assert_int_equal(sy_compressor_take(c, true, &frame, &error), SY_NOT_FOUND);
  for (uint32_t i = 0; i < count; i++) {
    random_text(&random, 1 + random_below(&random, 3000), false, &all[i].text);
    sy_buffer block = {0};
    sy_buffer_append(&block, all[i].text.data, all[i].text.bytes);
    while (sy_compressor_full(c) || random_one_in(&random, 5)) {
      bool wait = sy_compressor_full(c);
      if (sy_compressor_take(c, wait, &frame, &error) != SY_OK) break;
      assert_int_equal(frame.tag, taken++);
      check_frame(&frame, all);
    }
    assert_int_equal(sy_compressor_put(c, &block, i, &error), SY_OK);
    assert_int_equal(block.bytes, 0);
    sy_buffer_free(&block);
  }
  while (take_all && sy_compressor_take(c, true, &frame, &error) == SY_OK) {
    assert_int_equal(frame.tag, taken++);
    check_frame(&frame, all);
  }
  if (take_all) assert_int_equal(taken, count);
  sy_compressor_free(c);
  for (uint32_t i = 0; i < count; i++) free(all[i].text.data);
  free(all);
}

static void test_order(void **state) {
  (void)state;
  for (uint32_t threads = 0; threads < 5; threads++) {
    send_blocks(threads, 0, true);
    send_blocks(threads, 1, true);
    send_blocks(threads, 200, true);
  }
}

/* Freed with work to do: nothing hangs, nothing leaks. */
static void test_given_up(void **state) {
  (void)state;
  for (uint32_t threads = 0; threads < 5; threads++) send_blocks(threads, 50, false);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_given_up)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
