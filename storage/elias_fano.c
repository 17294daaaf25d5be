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

/* The places of the ones of four bits, 16 bits each, and how many there are. */
static const uint64_t ones_of[16] = {
    0, 0,       1,       0x10000,     2,       0x20000,     0x20001,     0x200010000,
    3, 0x30000, 0x30001, 0x300010000, 0x30002, 0x300020000, 0x300020001, 0x3000200010000};
static const uint8_t one_count[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

#define MOST_HIGH_BYTES 48 /* ceil((128 + 255) / 8) */

/* The places of all ones; returns how many there are. Without a branch: four places are stored for
 * every four bits, those beyond the ones are stored over next. */
static uint32_t find_ones(const uint8_t *highs, uint32_t bytes,
                          uint16_t places[8 * MOST_HIGH_BYTES + 4]) {
  const uint64_t each = 0x0001000100010001;
  uint32_t n = 0;
  for (uint32_t i = 0; i < bytes; i++) {
    uint32_t low = highs[i] & 15, high = highs[i] >> 4;
    sy_store64(places + n, ones_of[low] + each * (8 * i));
    n += one_count[low];
    sy_store64(places + n, ones_of[high] + each * (8 * i + 4));
    n += one_count[high];
  }
  return n;
}

typedef uint32_t vector __attribute__((vector_size(16)));
typedef uint16_t half_vector __attribute__((vector_size(8)));

/* Adds the high parts to the low ones, and what all numbers begin at. */
static void add_highs(const uint16_t *places, uint32_t b, uint32_t base,
                      uint32_t numbers[SY_BLOCK]) {
  vector i = {0, 1, 2, 3};
  for (uint32_t at = 0; at < SY_BLOCK; at += 4, i += 4) {
    half_vector place;
    vector number;
    memcpy(&place, places + at, sizeof place);
    memcpy(&number, numbers + at, sizeof number);
    number += ((__builtin_convertvector(place, vector) - i) << b) + i + (base + 1);
    memcpy(numbers + at, &number, sizeof number);
  }
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
  uint16_t places[8 * MOST_HIGH_BYTES + 4];
  if (find_ones(p, highs, places) != SY_BLOCK) return NULL;
  add_highs(places, b, base, numbers);
  bool sound = numbers[0] - base - 1 < last - base && numbers[SY_BLOCK - 1] == last;
  return sound && ascends(numbers) ? p + highs : NULL;
}
