/* positions.c - groups of positions (layout in positions.h). */
#include "storage/positions.h"

#include "storage/simd.h"

#define SLACK 24u /* bytes that a writer may store behind its bits, and those that are pending */

bool sy_bit_string_grow(sy_bit_string *s, uint64_t bits) {
  uint64_t used = (uint64_t)(s->bits.at - s->begin), needed = used + bits / 8 + 1;
  uint64_t room = (uint64_t)(s->end - s->begin) * 2;
  if (room < 256) room = 256;
  while (room < needed) room *= 2;
  uint8_t *begin = realloc(s->begin, room + SLACK);
  if (!begin) return false;
  s->begin = begin;
  s->end = begin + room;
  s->bits.at = begin + used;
  return true;
}

bool sy_positions_group_copy(sy_positions_group *g, const sy_positions_range *range) {
  if (!sy_bit_string_has_room(&g->high, range->high_end - range->high) ||
      !sy_bit_string_has_room(&g->low, range->low_end - range->low)) {
    return false;
  }
  sy_bits_copy(&g->high.bits, range->bits, range->high, range->high_end);
  sy_bits_copy(&g->low.bits, range->bits, range->low, range->low_end);
  return true;
}

uint64_t sy_positions_group_room(const sy_positions_group *g) {
  return (uint64_t)(g->high.bits.at - g->high.begin) + (uint64_t)(g->low.bits.at - g->low.begin) +
         32;
}

static void put_string(sy_bit_writer *out, sy_bit_string *s) {
  uint64_t whole = 8 * (uint64_t)(s->bits.at - s->begin);
  if (whole) sy_bits_copy(out, s->begin, 0, whole);
  sy_bits_put(out, s->bits.pending, s->bits.count);
  s->bits = (sy_bit_writer){s->begin, 0, 0};
}

void sy_positions_group_put(sy_positions_group *g, sy_bit_writer *out) {
  put_string(out, &g->high);
  put_string(out, &g->low);
}

void sy_positions_group_free(sy_positions_group *g) {
  free(g->high.begin);
  free(g->low.begin);
}

static inline uint64_t ones_of_four(const uint8_t *words) {
  uint64_t ones = 0;
  for (uint32_t i = 0; i < 32; i += 8) ones += (uint64_t)__builtin_popcountll(sy_load64(words + i));
  return ones;
}

SY_CLONES uint64_t sy_positions_skip(const uint8_t *bits, uint64_t at, uint64_t end, uint64_t n) {
  while (n && at < end) {
    uint64_t window = sy_load64(bits + (at >> 3)) >> (at & 7);
    uint64_t ones = (uint64_t)__builtin_popcountll(window);
    if (ones < n) {
      n -= ones;
      at += 64 - (at & 7); /* a whole byte from here on */
      for (; n > 256 && end - at >= 256 && at < end; at += 256) n -= ones_of_four(bits + (at >> 3));
      continue;
    }
    while (--n) window &= window - 1;
    at += (uint64_t)__builtin_ctzll(window) + 1;
  }
  return n || at > end ? UINT64_MAX : at;
}
