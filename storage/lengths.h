/*
 * lengths.h - article lengths in one byte each.
 *
 * The length of a field of an article is the number of positions it uses (units and breaks). Code:
 *
 *     length < 8     the length itself
 *     otherwise      8 + 8 * (e - 3) + m, e = floor(log2 length), m = the 3 bits behind the top one
 *
 * so a length is known to within an eighth, as in Lucene's norms: 100 = 0b1100100 has e = 6, m = 4,
 * code 36, and stands for 96..103. BM25 takes the least length of a code; the positions codec
 * (positions.h) takes from it how many low bits a position of the article has.
 */
#ifndef SY_LENGTHS_H
#define SY_LENGTHS_H

#include <stdint.h>

static inline uint8_t sy_length_encode(uint32_t length) {
  if (length < 8) return (uint8_t)length;
  uint32_t e = 31 - (uint32_t)__builtin_clz(length);
  return (uint8_t)(8 + 8 * (e - 3) + (length >> (e - 3) & 7));
}

/* The least length with this code. */
static inline uint32_t sy_length_decode(uint8_t code) {
  if (code < 8) return code;
  uint32_t e = 3 + (code - 8u) / 8;
  if (e > 31) return UINT32_MAX; /* no encoder writes such a code */
  return (8u | (code & 7u)) << (e - 3);
}

/* No length with this code reaches this one. */
static inline uint32_t sy_length_end(uint8_t code) {
  return code == UINT8_MAX ? UINT32_MAX : sy_length_decode((uint8_t)(code + 1));
}

#endif
