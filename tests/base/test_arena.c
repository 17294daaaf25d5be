/* test_arena.c - allocations do not overlap, are aligned, stay where they are, and are given
 * back. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/oracle/random_text.h"

#define COUNT 500

static void test_allocations(void **state) {
  (void)state;
  random_source random = {6};
  sy_arena arena = {0};
  for (int round = 0; round < 5; round++) {
    unsigned char *pieces[COUNT];
    size_t sizes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
      sizes[i] = random_below(&random, i % 50 ? 1000 : 300000);
      pieces[i] = sy_arena_alloc(&arena, sizes[i]);
      assert_non_null(pieces[i]);
      assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
      memset(pieces[i], (int)(i % 251), sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
      for (size_t k = 0; k < sizes[i]; k++) {
        if (pieces[i][k] != i % 251) fail_msg("allocation %zu was overwritten", i);
      }
    }
    sy_arena_reset(&arena);
  }
  sy_arena_free(&arena);
  assert_null(arena.block);
  sy_arena_free(&arena);
}

static void test_calloc_and_copy(void **state) {
  (void)state;
  sy_arena arena = {0};
  memset(sy_arena_alloc(&arena, 1000), 0xFF, 1000);
  sy_arena_reset(&arena); /* the same memory comes again, dirty */
  unsigned char *clear = sy_arena_calloc(&arena, 10, 100);
  for (int i = 0; i < 1000; i++) assert_int_equal(clear[i], 0);
  char text[] = "机器";
  char *copy = sy_arena_copy(&arena, text, sizeof text);
  text[0] = 0;
  assert_string_equal(copy, "机器");
  assert_non_null(sy_arena_copy(&arena, NULL, 0));
  sy_arena_free(&arena);
}

static void test_too_much(void **state) {
  (void)state;
  sy_arena arena = {0};
  assert_null(sy_arena_alloc(&arena, SIZE_MAX));
  assert_null(sy_arena_alloc(&arena, SIZE_MAX - 15));
  assert_null(sy_arena_calloc(&arena, SIZE_MAX / 2, 3));
  assert_null(sy_arena_calloc(&arena, 3, SIZE_MAX / 2));
  assert_non_null(sy_arena_alloc(&arena, 0));
  sy_arena_reset(&arena);
  sy_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_allocations),
      cmocka_unit_test(test_calloc_and_copy),
      cmocka_unit_test(test_too_much),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
