/* interpolative.c - binary interpolative coding (described in interpolative.h). */
#include "storage/interpolative.h"

/* The number in the middle and those before it; those behind it take the next turn of the loop. */
void sy_interpolative_put(sy_bit_writer *bits, const uint32_t *numbers, uint32_t count,
                          uint32_t low, uint32_t high) {
  while (count) {
    uint32_t m = count / 2, number = numbers[m];
    uint64_t range = (uint64_t)high - low - count + 2;
    sy_bits_put_minimal(bits, number - low - m, range);
    if (m) sy_interpolative_put(bits, numbers, m, low, number - 1);
    numbers += m + 1;
    count -= m + 1;
    low = number + 1;
  }
}

static void get_between(sy_bit_reader *bits, uint32_t *numbers, uint32_t count, uint32_t low,
                        uint32_t high) {
  while (count) {
    uint32_t m = count / 2;
    uint64_t range = (uint64_t)high - low - count + 2;
    uint32_t number = low + m + sy_bits_get_minimal(bits, range);
    numbers[m] = number;
    if (m) get_between(bits, numbers, m, low, number - 1);
    numbers += m + 1;
    count -= m + 1;
    low = number + 1;
  }
}

bool sy_interpolative_get(sy_bit_reader *bits, uint32_t *numbers, uint32_t count, uint32_t low,
                          uint32_t high) {
  if (high < low || (uint64_t)high - low + 1 < count) return false;
  get_between(bits, numbers, count, low, high);
  return !bits->failed;
}
