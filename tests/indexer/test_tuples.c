/* test_tuples.c - partitions give back what was put, in order; sorting and merging against
 * qsort(). */
#include "indexer/tuples.h"
#include "tests/storage/storage_helper.h"
#include "text/tables.h"

static int compare_u64(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void test_partitions(void **state) {
  (void)state;
  random_source random = seeded(71);
  const uint32_t firsts[] = {0, 7, 0x4E00, 0x10FFFF};
  sy_slabs slabs;
  sy_slabs_init(&slabs);
  for (int round = 0; round < 3; round++) {
    sy_tuples tuples;
    sy_tuple_room room = {.slabs = &slabs};
    assert_true(sy_tuples_init(&tuples, round % 2));
    sy_buffer expected[4] = {{0}};
    for (uint32_t n = random_below(&random, 600000); n; n--) {
      uint32_t i = random_below(&random, 40) / 13;
      uint64_t tuple = random_next(&random);
      sy_buffer_u64(&expected[i], tuple);
      assert_true(sy_tuples_put(&tuples, firsts[i], tuple, &room));
    }
    uint64_t in_use = sy_slabs_bytes_used(&slabs);
    for (int i = 0; i < 4; i++) {
      size_t count = sy_tuples_count(&tuples, firsts[i]);
      assert_int_equal(count, expected[i].bytes / 8);
      uint64_t *got = malloc(count * 8 + 1);
      sy_tuples_gather(&tuples, firsts[i], got, count);
      if (count) assert_memory_equal(got, expected[i].data, count * 8);
      sy_tuples_clear(&tuples, firsts[i]);
      assert_int_equal(sy_tuples_count(&tuples, firsts[i]), 0);
      in_use -= in_use < count * 8 ? 0 : count * 8;
      free(got);
      sy_buffer_free(&expected[i]);
    }
    assert_true(in_use <= SY_SLAB_BYTES + (1u << 18)); /* links, and what is not full */
    assert_true(tuples.touched.bytes <= sizeof firsts);
    uint64_t most = (uint64_t)round * SY_SLAB_BYTES;
    sy_slabs_reset(&slabs, most);
    assert_int_equal(sy_slabs_bytes_used(&slabs), 0);
    assert_true(slabs.all.bytes / sizeof(void *) * SY_SLAB_BYTES <= most);
    sy_tuples_free(&tuples);
  }
  sy_slabs_free(&slabs);
}

/* Tuples whose low bits ascend, as those of a partition do. */
static uint64_t *make_tuples(random_source *random, size_t count, uint32_t shift,
                             uint32_t seconds) {
  uint64_t *tuples = malloc((count + 1) * sizeof *tuples), low = 0;
  for (size_t i = 0; i < count; i++) {
    low += 1 + random_below(random, 50);
    tuples[i] = (uint64_t)random_below(random, seconds) << shift | low;
  }
  return tuples;
}

static void test_sort(void **state) {
  (void)state;
  random_source random = seeded(72);
  const uint32_t shifts[] = {42, 36, 33}, seconds[] = {1, 2, 3000, 0x110000, 1u << 22};
  for (int i = 0; i < 300; i++) {
    size_t count = random_below(&random, i % 20 ? 300 : 40000);
    uint32_t shift = shifts[i % 3];
    uint64_t *a = make_tuples(&random, count, shift, seconds[i % 5]);
    uint64_t *expected = (uint64_t *)exact_copy(a, count * 8), *b = malloc((count + 1) * 8);
    qsort(expected, count, sizeof *expected, compare_u64);
    uint64_t *sorted = sy_tuples_sort(a, b, count, shift);
    assert_true(sorted == a || sorted == b);
    if (count) assert_memory_equal(sorted, expected, count * 8);
    free(a);
    free(b);
    free(expected);
  }
}

/* An ascending array dealt out in runs to two workers. */
static void test_merge(void **state) {
  (void)state;
  random_source random = seeded(73);
  for (int i = 0; i < 300; i++) {
    size_t count = random_below(&random, 2000), a_count = 0, b_count = 0;
    uint64_t *all = make_tuples(&random, count, 42, 1u << 22);
    uint64_t *a = malloc((count + 1) * 8), *b = malloc((count + 1) * 8);
    uint64_t *out = malloc((count + 1) * 8);
    bool to_a = true;
    for (size_t k = 0; k < count; k++) {
      if (random_one_in(&random, 1 + (uint32_t)i % 100)) to_a = !to_a;
      if (to_a) a[a_count++] = all[k];
      if (!to_a) b[b_count++] = all[k];
    }
    sy_tuples_merge(a, a_count, b, b_count, (1ull << 42) - 1, out);
    if (count) assert_memory_equal(out, all, count * 8);
    free(all);
    free(a);
    free(b);
    free(out);
  }
}

static void test_widths(void **state) {
  (void)state;
  sy_tuple_widths usual = sy_tuple_widths_for(0), wide = sy_tuple_widths_for(1u << 21);
  assert_true(64 - sy_tuple_shift(usual) >= 21); /* a code point fits */
  assert_true(sy_tuple_widths_fit(usual, 0, 0, (1u << 21) - 1));
  assert_false(sy_tuple_widths_fit(usual, 0, 0, 1u << 21));
  assert_false(sy_tuple_widths_fit(usual, 1u << usual.article_bits, 0, 1));
  assert_false(sy_tuple_widths_fit(usual, 0, 1u << 22, 1));
  assert_true(sy_tuple_widths_fit(wide, 255, 0, 1u << 21));
  assert_true(sy_tuple_widths_fit(sy_tuple_widths_for(0x7fffffff), 0, 0, 0x7fffffff));
}

/* No unit begins with a character that has no line. */
static void test_planes(void **state) {
  (void)state;
  for (uint32_t t = 0; t < 4; t++) {
    for (uint32_t c = SY_NO_PLANES_BEGIN; c < SY_NO_PLANES_END; c++) {
      assert_int_equal(sy_fold_entry(&sy_fold_tables[t], c) >> SY_CLASS_SHIFT,
                       SY_CLASS_PUNCTUATION);
    }
  }
  assert_int_equal(sy_tuple_line_number(SY_NO_PLANES_END), SY_NO_PLANES_BEGIN);
  assert_int_equal(sy_tuple_line_number(0x10FFFF), SY_TUPLE_LINES - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_partitions), cmocka_unit_test(test_sort),
                                     cmocka_unit_test(test_merge), cmocka_unit_test(test_widths),
                                     cmocka_unit_test(test_planes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
