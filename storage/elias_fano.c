/* elias_fano.c - Elias-Fano blocks (layout in elias_fano.h). */
#include "storage/elias_fano.h"

#include "base/bytes.h"

static uint32_t low_bits(uint32_t universe) {
  return universe < SY_BLOCK ? 0 : 31 - (uint32_t)__builtin_clz(universe / SY_BLOCK);
}

static uint32_t high_bytes(uint32_t universe, uint32_t b) {
  return (SY_BLOCK + (universe >> b) + 7) / 8;
}

uint8_t *sy_elias_fano_encode(const uint32_t numbers[SY_BLOCK], uint32_t base, uint8_t *out) {
  uint32_t universe = numbers[SY_BLOCK - 1] - base - SY_BLOCK, b = low_bits(universe);
  uint32_t values[SY_BLOCK];
  for (uint32_t i = 0; i < SY_BLOCK; i++) values[i] = numbers[i] - base - 1 - i;
  sy_block_pack(values, out, b);
  out += 16 * b;
  memset(out, 0, high_bytes(universe, b));
  for (uint32_t i = 0; i < SY_BLOCK; i++) {
    uint32_t bit = (values[i] >> b) + i;
    out[bit / 8] |= (uint8_t)(1u << (bit & 7));
  }
  return out + high_bytes(universe, b);
}

/* Whether each number is greater than the one before. */
static bool ascends(const uint32_t numbers[SY_BLOCK]) {
  uint32_t wrong = 0;
  for (uint32_t i = 1; i < SY_BLOCK; i++) wrong |= numbers[i - 1] >= numbers[i];
  return !wrong;
}

const uint8_t *sy_elias_fano_decode(const uint8_t *p, const uint8_t *end, uint32_t base,
                                    uint32_t last, uint32_t numbers[SY_BLOCK]) {
  uint32_t universe = last - base - SY_BLOCK, b = low_bits(universe);
  uint32_t highs = high_bytes(universe, b);
  if (last - base < SY_BLOCK || universe > last || 16 * b + highs > (size_t)(end - p)) return NULL;
  sy_block_unpack(p, numbers, b);
  p += 16 * b;
  uint32_t i = 0;
  for (uint32_t at = 0; at < highs; at += 8) {
    uint64_t word = sy_load64(p + at);
    if (highs - at < 8) word &= (1ull << 8 * (highs - at)) - 1;
    for (; word && i < SY_BLOCK; word &= word - 1, i++) {
      uint32_t high = 8 * at + (uint32_t)__builtin_ctzll(word) - i;
      numbers[i] += (high << b) + base + 1 + i;
    }
    if (word) return NULL;
  }
  bool sound = i == SY_BLOCK && numbers[0] - base - 1 < last - base && ascends(numbers);
  return sound && numbers[SY_BLOCK - 1] == last ? p + highs : NULL;
}
