/*
 * bits.h - bit strings, least significant bit first: writing, reading, and the two prefix codes of
 * short lists.
 *
 *     Elias gamma of v >= 1:  n zeros, a one, the low n bits of v, where n = floor(log2 v)
 *     Rice of v, parameter k: v >> k zeros, a one, the low k bits of v
 *
 * Both store 8 bytes at a time, so a writer's buffer has 16 bytes of slack; a reader may look at up
 * to 8 bytes behind the string (every value in the index is followed by 8, see env.h).
 */
#ifndef SY_BITS_H
#define SY_BITS_H

#include "base/bytes.h"

typedef struct sy_bit_writer {
  uint8_t *at;
  uint64_t pending; /* bits not stored yet, fewer than 8 between calls */
  uint32_t count;
} sy_bit_writer;

/* `bits` at most 56; `value` has no bits above them. */
static inline void sy_bits_put(sy_bit_writer *w, uint64_t value, uint32_t bits) {
  w->pending |= value << w->count;
  w->count += bits;
  sy_store64(w->at, w->pending);
  w->at += w->count >> 3;
  w->pending = w->count >= 64 ? 0 : w->pending >> (w->count & ~7u);
  w->count &= 7;
}

static inline void sy_bits_put_zeros(sy_bit_writer *w, uint64_t zeros) {
  for (; zeros > 48; zeros -= 48) sy_bits_put(w, 0, 48);
  sy_bits_put(w, 0, (uint32_t)zeros);
}

static inline void sy_bits_put_gamma(sy_bit_writer *w, uint32_t value) {
  uint32_t n = 31 - (uint32_t)__builtin_clz(value);
  sy_bits_put(w, 1ull << n, n + 1);
  sy_bits_put(w, value & ((1ull << n) - 1), n);
}

static inline void sy_bits_put_rice(sy_bit_writer *w, uint32_t value, uint32_t k) {
  sy_bits_put_zeros(w, value >> k);
  sy_bits_put(w, 1 | (uint64_t)(value & ((1ull << k) - 1)) << 1, k + 1);
}

/* Stores what is pending, with zeros up to a whole byte; returns the byte behind. */
static inline uint8_t *sy_bits_end(sy_bit_writer *w) {
  if (w->count) *w->at++ = (uint8_t)w->pending;
  w->pending = w->count = 0;
  return w->at;
}

typedef struct sy_bit_reader {
  const uint8_t *data;
  uint64_t at;  /* in bits */
  uint64_t end; /* in bits */
  bool failed;
} sy_bit_reader;

/* The next bits, at least 57 of them, the first in the lowest place. Needs at <= end. */
static inline uint64_t sy_bits_window(const sy_bit_reader *r) {
  return sy_load64(r->data + (r->at >> 3)) >> (r->at & 7);
}

static inline void sy_bits_skip(sy_bit_reader *r, uint64_t bits) {
  if (bits > r->end - r->at) {
    r->failed = true;
    r->at = r->end;
  } else {
    r->at += bits;
  }
}

/* Zeros before the next one, which is read too. */
static inline uint64_t sy_bits_get_unary(sy_bit_reader *r) {
  uint64_t zeros = 0;
  while (!r->failed) {
    uint64_t window = sy_bits_window(r) & ((1ull << 57) - 1);
    if (window) {
      uint32_t n = (uint32_t)__builtin_ctzll(window);
      sy_bits_skip(r, n + 1);
      return zeros + n;
    }
    zeros += 57;
    sy_bits_skip(r, 57);
  }
  return 0;
}

/* `bits` at most 56. */
static inline uint64_t sy_bits_get(sy_bit_reader *r, uint32_t bits) {
  uint64_t value = sy_bits_window(r) & ((1ull << bits) - 1);
  sy_bits_skip(r, bits);
  return value;
}

static inline uint32_t sy_bits_get_gamma(sy_bit_reader *r) {
  uint64_t n = sy_bits_get_unary(r);
  if (n > 31) r->failed = true;
  if (r->failed) return 1;
  return 1u << n | (uint32_t)sy_bits_get(r, (uint32_t)n);
}

static inline uint32_t sy_bits_get_rice(sy_bit_reader *r, uint32_t k) {
  uint64_t high = sy_bits_get_unary(r);
  if (high > UINT32_MAX >> k) r->failed = true;
  if (r->failed) return 0;
  return (uint32_t)(high << k) | (uint32_t)sy_bits_get(r, k);
}

#endif
