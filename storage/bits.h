/*
 * bits.h - bit strings, least significant bit first: writing, reading, and the codes that need
 * nothing but these.
 *
 *     unary of v:             v zeros, a one
 *     Elias gamma of v >= 1:  unary of n, the low n bits of v, where n = floor(log2 v)
 *     centred minimal binary of v < r: with n = ceil(log2 r), the 2^n - r values in the middle of
 *         the range take n - 1 bits, the others n. Let s = 2^n - r and w = (v + r - (r - s) / 2)
 *         mod r, so that the middle comes first; w < s is n - 1 bits, otherwise w + s is its upper
 *         n - 1 bits, then its lowest (Moffat and Stuiver, Binary interpolative coding for
 *         effective index compression, 2000)
 *
 * All store 8 bytes at a time, so a writer's buffer has 16 bytes of slack; a reader may look at up
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
  uint64_t low = value & ((1ull << n) - 1);
  if (2 * n + 1 <= 56) {
    sy_bits_put(w, 1ull << n | low << (n + 1), 2 * n + 1);
  } else {
    sy_bits_put(w, 1ull << n, n + 1);
    sy_bits_put(w, low, n);
  }
}

static inline void sy_bits_put_unary(sy_bit_writer *w, uint32_t value) {
  if (value > 48) {
    sy_bits_put_zeros(w, value);
    value = 0;
  }
  sy_bits_put(w, 1ull << value, value + 1);
}

/* `value` below `range`, which is 1 to 2^32. */
static inline void sy_bits_put_minimal(sy_bit_writer *w, uint32_t value, uint64_t range) {
  if (range <= 1) return;
  uint32_t n = 64 - (uint32_t)__builtin_clzll(range - 1);
  uint64_t few = (1ull << n) - range, first = (range - few) / 2;
  uint64_t rotated = value >= first ? value - first : value + range - first;
  if (rotated < few) {
    sy_bits_put(w, rotated, n - 1);
  } else {
    rotated += few;
    sy_bits_put(w, rotated >> 1 | (rotated & 1) << (n - 1), n);
  }
}

/* Appends the bits from `from` to before `to` of another string. */
static inline void sy_bits_copy(sy_bit_writer *w, const uint8_t *data, uint64_t from, uint64_t to) {
  for (; to - from > 56; from += 56) {
    sy_bits_put(w, sy_load64(data + (from >> 3)) >> (from & 7) & ((1ull << 56) - 1), 56);
  }
  uint64_t rest = to - from;
  if (rest)
    sy_bits_put(w, sy_load64(data + (from >> 3)) >> (from & 7) & ((1ull << rest) - 1),
                (uint32_t)rest);
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
  uint64_t window = sy_bits_window(r);
  if (window & 1 && r->at < r->end) {
    r->at++;
    return 1;
  }
  uint64_t n = sy_bits_get_unary(r);
  if (n > 31) r->failed = true;
  if (r->failed) return 1;
  return 1u << n | (uint32_t)sy_bits_get(r, (uint32_t)n);
}

/* Always below `range`. Hot: without a branch where the range leaves a choice. */
static inline uint32_t sy_bits_get_minimal(sy_bit_reader *r, uint64_t range) {
  if (range <= 1) return 0;
  uint32_t n = 31 - (uint32_t)__builtin_clz((uint32_t)(range - 1)); /* bits of the short ones */
  uint64_t half = 1ull << n, first = range - half, few = half - first;
  uint64_t window = sy_bits_window(r), rotated = window & (half - 1);
  uint64_t longer = (rotated << 1 | (window >> n & 1)) - few + first;
  if (longer >= range) longer -= range;
  bool is_long = rotated >= few;
  uint64_t next = r->at + n + is_long;
  r->failed |= next > r->end;
  r->at = next < r->end ? next : r->end;
  return (uint32_t)(is_long ? longer : rotated + first);
}

#endif
