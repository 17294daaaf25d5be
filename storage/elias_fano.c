/* elias_fano.c - Elias-Fano blocks (layout in elias_fano.h). */
#include "storage/elias_fano.h"

#include "storage/ones.h"
#include "storage/simd.h"

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

#define MOST_HIGH_BYTES 48 /* ceil((128 + 255) / 8) */

typedef uint32_t vector __attribute__((vector_size(32)));

/* Adds the high parts to the low ones, and what all numbers begin at. */
static inline void add_highs(const uint16_t *places, uint32_t b, uint32_t base,
                             uint32_t numbers[SY_BLOCK]) {
  vector i = {0, 1, 2, 3, 4, 5, 6, 7};
  for (uint32_t at = 0; at < SY_BLOCK; at += 8, i += 8) {
    sy_eight_places place;
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

/* Where the parts of a block lie; false when they are not all there. */
static bool find_parts(const uint8_t *p, const uint8_t *end, uint32_t base, uint32_t last,
                       uint32_t *b, uint32_t *highs) {
  uint32_t universe = last - base - SY_BLOCK;
  *b = low_bits(universe);
  *highs = high_bytes(universe, *b);
  return last - base >= SY_BLOCK && universe <= last && 16 * *b + *highs <= (size_t)(end - p);
}

SY_CLONES
const uint8_t *sy_elias_fano_decode_scalar(const uint8_t *p, const uint8_t *end, uint32_t base,
                                           uint32_t last, uint32_t numbers[SY_BLOCK]) {
  uint32_t b, highs;
  if (!find_parts(p, end, base, last, &b, &highs)) return NULL;
  sy_block_unpack(p, numbers, b);
  p += 16 * b;
  uint16_t places[8 * MOST_HIGH_BYTES + SY_ONES_SLACK];
  if (sy_find_ones(p, highs, places) != SY_BLOCK) return NULL;
  add_highs(places, b, base, numbers);
  bool sound = numbers[0] - base - 1 < last - base && numbers[SY_BLOCK - 1] == last;
  return sound && ascends(numbers) ? p + highs : NULL;
}

#ifndef SY_SIMD_512

const uint8_t *sy_elias_fano_decode(const uint8_t *p, const uint8_t *end, uint32_t base,
                                    uint32_t last, uint32_t numbers[SY_BLOCK]) {
  return sy_elias_fano_decode_scalar(p, end, base, last, numbers);
}

#else /* ---- With vectors of 64 bytes ---------------------------------------------------------- */

/* As sy_find_ones(): the numbers 0 to 63 are compressed to those whose bits are set. */
SY_SIMD_512 static uint32_t find_ones_512(const uint8_t *highs, uint32_t bytes,
                                          uint16_t places[8 * MOST_HIGH_BYTES + 64]) {
  static const uint8_t numbers[64] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
      44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  __m512i each = _mm512_loadu_si512(numbers), first = _mm512_setzero_si512();
  uint32_t n = 0;
  for (uint32_t i = 0; i < bytes; i += 8, first = _mm512_add_epi16(first, _mm512_set1_epi16(64))) {
    uint64_t word = sy_load64(highs + i);
    if (bytes - i < 8) word &= (1ull << 8 * (bytes - i)) - 1;
    __m512i found = _mm512_maskz_compress_epi8(word, each);
    uint32_t ones = (uint32_t)__builtin_popcountll(word);
    __m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(found));
    _mm512_storeu_si512(places + n, _mm512_add_epi16(low, first));
    if (ones > 32) {
      __m512i high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(found, 1));
      _mm512_storeu_si512(places + n + 32, _mm512_add_epi16(high, first));
    }
    n += ones;
  }
  return n;
}

/* As add_highs(); whether the numbers ascend. */
SY_SIMD_512 static bool add_highs_512(const uint16_t *places, uint32_t b, uint32_t base,
                                      uint32_t numbers[SY_BLOCK]) {
  __m512i i = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i before = _mm512_setzero_si512(), begin = _mm512_set1_epi32((int)(base + 1));
  __m128i shift = _mm_cvtsi32_si128((int)b);
  uint32_t right = 0xFFFF;
  for (uint32_t at = 0; at < SY_BLOCK; at += 16, i = _mm512_add_epi32(i, _mm512_set1_epi32(16))) {
    __m512i place = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i_u *)(places + at)));
    __m512i high = _mm512_sll_epi32(_mm512_sub_epi32(place, i), shift);
    __m512i number = _mm512_add_epi32(_mm512_loadu_si512(numbers + at), high);
    number = _mm512_add_epi32(number, _mm512_add_epi32(i, begin));
    _mm512_storeu_si512(numbers + at, number);
    __m512i previous = _mm512_alignr_epi32(number, before, 15);
    right &= _mm512_cmplt_epu32_mask(previous, number) | (at == 0);
    before = number;
  }
  return right == 0xFFFF;
}

SY_SIMD_512 static const uint8_t *decode_512(const uint8_t *p, const uint8_t *end, uint32_t base,
                                             uint32_t last, uint32_t numbers[SY_BLOCK]) {
  uint32_t b, highs;
  if (!find_parts(p, end, base, last, &b, &highs)) return NULL;
  sy_block_unpack(p, numbers, b);
  p += 16 * b;
  uint16_t places[8 * MOST_HIGH_BYTES + 64];
  if (find_ones_512(p, highs, places) != SY_BLOCK) return NULL;
  bool sound = add_highs_512(places, b, base, numbers);
  sound = sound && numbers[0] - base - 1 < last - base && numbers[SY_BLOCK - 1] == last;
  return sound ? p + highs : NULL;
}

const uint8_t *sy_elias_fano_decode(const uint8_t *p, const uint8_t *end, uint32_t base,
                                    uint32_t last, uint32_t numbers[SY_BLOCK]) {
  return sy_simd_has_512() ? decode_512(p, end, base, last, numbers)
                           : sy_elias_fano_decode_scalar(p, end, base, last, numbers);
}

#endif
