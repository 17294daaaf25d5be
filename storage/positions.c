/* positions.c - groups of positions (layout in positions.h). */
#include "storage/positions.h"

void sy_positions_group_add(sy_positions_group *g, uint8_t length_code, const uint32_t *positions,
                            uint32_t frequency) {
  uint32_t *gaps = (uint32_t *)sy_buffer_reserve(&g->gaps, frequency * sizeof *gaps);
  if (!gaps) return;
  uint32_t k = sy_positions_parameter(length_code, frequency), least = 0;
  for (uint32_t i = 0; i < frequency; i++) {
    gaps[i] = positions[i] - least;
    least = positions[i] + 1;
    g->high_sum += gaps[i] >> k;
  }
  g->low_bits += (uint64_t)frequency * k;
  g->gaps.bytes += frequency * sizeof *gaps;
  g->parameters[g->articles] = (uint8_t)k;
  g->counts[g->articles++] = frequency;
}

uint64_t sy_positions_group_room(const sy_positions_group *g) {
  return (g->high_sum + g->gaps.bytes / sizeof(uint32_t) + g->low_bits) / 8 + 32;
}

void sy_positions_group_put(sy_positions_group *g, sy_bit_writer *out) {
  sy_bit_writer bits = *out; /* a copy, which stays in registers */
  const uint32_t *gap = (const uint32_t *)g->gaps.data;
  for (uint32_t a = 0; a < g->articles; a++) {
    uint32_t k = g->parameters[a];
    for (const uint32_t *end = gap + g->counts[a]; gap < end; gap++) {
      sy_bits_put_unary(&bits, *gap >> k);
    }
  }
  gap = (const uint32_t *)g->gaps.data;
  for (uint32_t a = 0; a < g->articles; a++) {
    uint32_t k = g->parameters[a], mask = (1u << k) - 1;
    for (const uint32_t *end = gap + g->counts[a]; gap < end; gap++) {
      sy_bits_put(&bits, *gap & mask, k);
    }
  }
  *out = bits;
  g->articles = 0;
  g->high_sum = g->low_bits = 0;
  g->gaps.bytes = 0;
}

#define WINDOW 56 /* bits that a load holds wherever in a byte it begins */

uint64_t sy_positions_skip(const uint8_t *bits, uint64_t at, uint64_t end, uint64_t n) {
  while (n && at < end) {
    uint64_t window = sy_load64(bits + (at >> 3)) >> (at & 7) & ((1ull << WINDOW) - 1);
    uint64_t ones = (uint64_t)__builtin_popcountll(window);
    if (ones < n) {
      n -= ones;
      at += WINDOW;
      continue;
    }
    while (--n) window &= window - 1;
    at += (uint64_t)__builtin_ctzll(window) + 1;
  }
  return n || at > end ? UINT64_MAX : at;
}
