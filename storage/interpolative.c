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

/* As above. Returns the bit behind the last number: where it reads is handed on in a register. */
static uint64_t get_between(sy_bit_reader *bits, uint64_t at, uint32_t *numbers, uint32_t count,
                            uint32_t low, uint32_t high) {
  sy_bit_reader r = {bits->data, at, bits->end, false};
  while (count) {
    uint32_t m = count / 2;
    uint64_t range = (uint64_t)high - low - count + 2;
    uint32_t number = low + m + sy_bits_get_minimal(&r, range);
    numbers[m] = number;
    if (m == 1) {
      numbers[0] = low + sy_bits_get_minimal(&r, (uint64_t)number - low);
    } else if (m) {
      r.at = get_between(bits, r.at, numbers, m, low, number - 1);
    }
    numbers += m + 1;
    count -= m + 1;
    low = number + 1;
  }
  bits->failed |= r.failed;
  return r.at;
}

bool sy_interpolative_get(sy_bit_reader *bits, uint32_t *numbers, uint32_t count, uint32_t low,
                          uint32_t high) {
  if (high < low || (uint64_t)high - low + 1 < count) return false;
  bits->at = get_between(bits, bits->at, numbers, count, low, high);
  return !bits->failed;
}
