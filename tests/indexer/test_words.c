/*
 * test_words.c - the word table: numbers are those of an array, and what a table with very many
 * words took is given back when it is cleared.
 */
#include "indexer/words.h"
#include "tests/storage/storage_helper.h"

static uint32_t number_of(sy_words *w, uint32_t i) {
  char word[20];
  uint32_t bytes = (uint32_t)sprintf(word, "w%u", i * 2654435761u);
  return sy_words_number(w, word, bytes, sy_words_hash(w, word, bytes));
}

/* Words are numbered as they come, again after each clearing. */
static void test_numbers(void **state) {
  (void)state;
  static const uint32_t counts[] = {3, 50000, 10, 300000, 1000};
  sy_words w = {0};
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
    for (uint32_t i = 0; i < counts[c]; i++) assert_int_equal(number_of(&w, i), i);
    for (uint32_t i = 0; i < counts[c]; i += 7) assert_int_equal(number_of(&w, i), i);
    assert_false(w.failed);
    assert_int_equal(w.count, counts[c]);
    assert_true(sy_words_memory(&w) >= 16ull * counts[c]);
    sy_words_clear(&w);
    assert_int_equal(w.count, 0);
    assert_true(sy_words_memory(&w) <= 1u << 20);
  }
  sy_words_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
