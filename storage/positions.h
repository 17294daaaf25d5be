/*
 * positions.h - where a term stands in its articles: split Rice codes, any article of a group at
 * once.
 *
 * A group is the articles of a block, of a tail, of a short list, or a single one. Their positions
 * are taken as gaps: position - previous - 1, the first of an article from -1. With the article's
 * parameter k (sy_positions_parameter) a gap has a high part, gap >> k, and k low bits. A group is
 * a bit string, least significant bit first:
 *
 *     unary of the high part   for each position of each article
 *     the k low bits           for each position of each article
 *
 * Both are found for any article without decoding those before it: its high parts begin behind as
 * many ones as there are positions before it, and are found by counting bits in words; its low bits
 * begin behind the sum of frequency times k of the articles before it. The frequencies are known
 * from elsewhere.
 *
 * k is about log2(length / frequency) - 5/8: then the codes are near their shortest if positions
 * are spread at random. It is (code + 16 - log - 5) / 8, rounded down, 0 to 31. The code is that of
 * the length: with 16 it is 8 log2 of it from a length of 8 on, straight between powers of two. log
 * is the same of the frequency, or of 2^24 - 1 when that is less: in a float, 8 times the exponent
 * and the first three bits behind the point. On the dev set a position takes 1.09 bytes, where the
 * bound is 1.07; PFor of gaps 1.38, positions in as many bits as the article's length needs 1.22
 * (docs/benchmarks.md).
 *
 * Example: an article of length 100 (code 36) with positions 3 and 70: log of the frequency is 8, k
 * = (36 + 16 - 8 - 5) / 8 = 4. Gaps 3 and 66: high parts 0 and 4, low bits 3 and 2: 1 00001 | 1100
 * 0100 from the first bit on: bytes E1 08.
 *
 * Source: Rice, Some practical universal noiseless coding techniques, 1979; the split of codes in
 * two strings is that of Elias-Fano (elias_fano.h).
 */
#ifndef SY_POSITIONS_H
#define SY_POSITIONS_H

#include "storage/bits.h"
#include "storage/lengths.h"

#define SY_NO_POSITION UINT32_MAX

/* The number of low bits. Hot: no branch, no table. */
static inline uint32_t sy_positions_parameter(uint8_t length_code, uint32_t frequency) {
  float exact = (float)(int32_t)(frequency < 1u << 24 ? frequency : (1u << 24) - 1);
  int32_t bits;
  memcpy(&bits, &exact, sizeof bits);
  int32_t log = (bits >> 20) - 8 * 127, eighths = length_code + 16 - log - 5;
  if (eighths < 0) eighths = 0;
  return (uint32_t)(eighths < 255 ? eighths : 255) / 8;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* A bit string as it comes, in memory of its own. */
typedef struct sy_bit_string {
  sy_bit_writer bits;
  uint8_t *begin, *end; /* the memory but the slack behind it */
} sy_bit_string;

/* The two strings of a group. */
typedef struct sy_positions_group {
  sy_bit_string high, low;
} sy_positions_group;

/* Part of a group that is written already: of consecutive articles. */
typedef struct sy_positions_range {
  const uint8_t *bits;
  uint64_t high, high_end; /* in bits */
  uint64_t low, low_end;
} sy_positions_range;

/* Makes room for so many bits more. False when memory ran out. */
bool sy_bit_string_grow(sy_bit_string *s, uint64_t bits);

static inline bool sy_bit_string_has_room(sy_bit_string *s, uint64_t bits) {
  return (uint64_t)(s->end - s->bits.at) > bits / 8 || sy_bit_string_grow(s, bits);
}

/* Adds an article with ascending positions. False when memory ran out. Hot: in the header for the
 * one who writes postings. */
static inline bool sy_positions_group_add(sy_positions_group *g, uint8_t length_code,
                                          const uint32_t *positions, uint32_t frequency) {
  uint32_t k = sy_positions_parameter(length_code, frequency), mask = (1u << k) - 1, least = 0;
  if (!sy_bit_string_has_room(&g->high, frequency + (positions[frequency - 1] >> k)) ||
      !sy_bit_string_has_room(&g->low, (uint64_t)frequency * k)) {
    return false;
  }
  sy_bit_writer high = g->high.bits, low = g->low.bits; /* copies, which stay in registers */
  for (uint32_t i = 0; i < frequency; i++) {
    uint32_t gap = positions[i] - least;
    least = positions[i] + 1;
    sy_bits_put_unary(&high, gap >> k);
    sy_bits_put(&low, gap & mask, k);
  }
  g->high.bits = high;
  g->low.bits = low;
  return true;
}

/* Adds articles as they are in another group. */
bool sy_positions_group_copy(sy_positions_group *g, const sy_positions_range *range);
/* Bytes that the group takes at most when written behind other bits, the writer's slack
 * included. */
uint64_t sy_positions_group_room(const sy_positions_group *g);
/* Writes the group and begins the next. */
void sy_positions_group_put(sy_positions_group *g, sy_bit_writer *out);
void sy_positions_group_free(sy_positions_group *g);

/* ---- Reading --------------------------------------------------------------------------------- */

/* The positions of one article, ascending. Borrowed from the snapshot. */
typedef struct sy_positions {
  const uint8_t *bits;
  uint64_t high, low, high_end; /* bits of the next one's parts, and behind all high parts */
  uint32_t parameter;
  uint32_t count; /* of all */
  uint32_t left;
  uint32_t least; /* that the next can be */
} sy_positions;

/* Of damaged bits. */
static inline uint32_t sy_positions_end(sy_positions *p) {
  p->high = p->high_end;
  p->left = 0;
  return SY_NO_POSITION;
}

/* The next position, or SY_NO_POSITION. */
static inline uint32_t sy_positions_next(sy_positions *p) {
  if (!p->left) return SY_NO_POSITION;
  p->left--;
  uint64_t window = sy_load64(p->bits + (p->high >> 3)) >> (p->high & 7), high_part;
  if (window) { /* nearly always: at most 56 zeros */
    high_part = (uint64_t)__builtin_ctzll(window);
    p->high += high_part + 1;
    if (p->high > p->high_end) return sy_positions_end(p);
  } else {
    sy_bit_reader high = {p->bits, p->high, p->high_end, false};
    high_part = sy_bits_get_unary(&high);
    p->high = high.at;
  }
  uint64_t low = sy_load64(p->bits + (p->low >> 3)) >> (p->low & 7);
  p->low += p->parameter;
  low &= (1ull << p->parameter) - 1;
  uint32_t position = p->least + (uint32_t)(high_part << p->parameter | low);
  p->least = position + 1;
  return position;
}

/* The bit behind the n-th one from bit `at` on, or UINT64_MAX when there are not so many before
 * `end`. */
uint64_t sy_positions_skip(const uint8_t *bits, uint64_t at, uint64_t end, uint64_t n);

#endif
