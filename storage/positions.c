/* positions.c - groups of positions (layout in positions.h). */
#include "storage/positions.h"

#include "storage/simd.h"

/* A writer behind what a buffer holds, with room for so many bits more. */
static bool begin_bits(sy_buffer *b, sy_bit_writer *pending, uint64_t bits) {
  pending->at = sy_buffer_reserve(b, bits / 8 + 24);
  return pending->at;
}

static void end_bits(sy_buffer *b, const sy_bit_writer *pending) {
  b->bytes = (size_t)(pending->at - b->data);
}

bool sy_positions_group_add(sy_positions_group *g, uint8_t length_code, const uint32_t *positions,
                            uint32_t frequency) {
  uint32_t k = sy_positions_parameter(length_code, frequency), mask = (1u << k) - 1, least = 0;
  if (!begin_bits(&g->highs, &g->high, frequency + (positions[frequency - 1] >> k)) ||
      !begin_bits(&g->lows, &g->low, (uint64_t)frequency * k)) {
    return false;
  }
  sy_bit_writer high = g->high, low = g->low; /* copies, which stay in registers */
  for (uint32_t i = 0; i < frequency; i++) {
    uint32_t gap = positions[i] - least;
    least = positions[i] + 1;
    sy_bits_put_unary(&high, gap >> k);
    sy_bits_put(&low, gap & mask, k);
  }
  g->high = high;
  g->low = low;
  end_bits(&g->highs, &high);
  end_bits(&g->lows, &low);
  return true;
}

bool sy_positions_group_copy(sy_positions_group *g, const sy_positions_range *range) {
  if (!begin_bits(&g->highs, &g->high, range->high_end - range->high) ||
      !begin_bits(&g->lows, &g->low, range->low_end - range->low)) {
    return false;
  }
  sy_bits_copy(&g->high, range->bits, range->high, range->high_end);
  sy_bits_copy(&g->low, range->bits, range->low, range->low_end);
  end_bits(&g->highs, &g->high);
  end_bits(&g->lows, &g->low);
  return true;
}

uint64_t sy_positions_group_room(const sy_positions_group *g) {
  return g->highs.bytes + g->lows.bytes + 32;
}

static void put_string(sy_bit_writer *out, sy_buffer *string, sy_bit_writer *pending) {
  uint64_t whole = 8 * (uint64_t)string->bytes;
  if (whole) sy_bits_copy(out, string->data, 0, whole);
  sy_bits_put(out, pending->pending, pending->count);
  string->bytes = 0;
  *pending = (sy_bit_writer){NULL, 0, 0};
}

void sy_positions_group_put(sy_positions_group *g, sy_bit_writer *out) {
  put_string(out, &g->highs, &g->high);
  put_string(out, &g->lows, &g->low);
}

void sy_positions_group_free(sy_positions_group *g) {
  sy_buffer_free(&g->highs);
  sy_buffer_free(&g->lows);
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
