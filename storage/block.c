/* block.c - patched bit packing of 128 integers (layout and sources in block.h). */
#include "storage/block.h"

#include "base/bytes.h"

/* clang-format off */
#define EACH_ROW(X)                                                                            \
  X(0)                                                                                         \
  X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) \
      X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
#define EACH_WIDTH(X) EACH_ROW(X) X(32)
/* clang-format on */

typedef uint32_t vector __attribute__((vector_size(16)));

#define MAX_PATCHES 63

static inline vector load(const void *p) {
  vector v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void store(void *p, vector v) { memcpy(p, &v, sizeof v); }

/* With a constant width every shift below is a constant, and every branch is decided at compile
 * time. */
__attribute__((always_inline)) static inline void unpack(const uint8_t *in, uint32_t *out,
                                                         const int b) {
  const uint32_t mask = b == 32 ? UINT32_MAX : (1u << b) - 1;
#define UNPACK_ROW(r)                                                      \
  {                                                                        \
    const int bit = (r)*b % 32, word = (r)*b / 32;                         \
    vector v = b ? load(in + 16 * word) >> bit : (vector){0};              \
    if (bit + b > 32) v |= load(in + 16 * word + 16) << ((32 - bit) & 31); \
    store(out + 4 * (r), v & mask);                                        \
  }
  EACH_ROW(UNPACK_ROW)
#undef UNPACK_ROW
}

__attribute__((always_inline)) static inline void pack(const uint32_t *in, uint8_t *out,
                                                       const int b) {
  const uint32_t mask = b == 32 ? UINT32_MAX : (1u << b) - 1;
  vector pending = {0};
#define PACK_ROW(r)                                                  \
  {                                                                  \
    const int bit = (r)*b % 32;                                      \
    vector v = load(in + 4 * (r)) & mask;                            \
    pending |= v << bit;                                             \
    if (b && bit + b >= 32) {                                        \
      store(out + 16 * ((r)*b / 32), pending);                       \
      pending = bit + b > 32 ? v >> ((32 - bit) & 31) : (vector){0}; \
    }                                                                \
  }
  EACH_ROW(PACK_ROW)
#undef PACK_ROW
}

void sy_block_unpack(const uint8_t *in, uint32_t values[SY_BLOCK], uint32_t width) {
  switch (width) {
#define UNPACK_CASE(b) \
  case b: unpack(in, values, b); break;
    EACH_WIDTH(UNPACK_CASE)
#undef UNPACK_CASE
    default: break;
  }
}

void sy_block_pack(const uint32_t values[SY_BLOCK], uint8_t *out, uint32_t width) {
  switch (width) {
#define PACK_CASE(b) \
  case b: pack(values, out, b); break;
    EACH_WIDTH(PACK_CASE)
#undef PACK_CASE
    default: break;
  }
}

static inline uint32_t bits_of(uint32_t v) { return v ? 32 - (uint32_t)__builtin_clz(v) : 0; }

/* The width for which the block is smallest, given how many values have each number of bits. */
static uint32_t choose_width(const uint8_t counts[33], uint32_t *patches, uint32_t *high_bytes) {
  uint32_t most = 32;
  while (most && !counts[most]) most--;
  uint32_t best = most, best_bytes = 16 * most, above = 0;
  *patches = 0;
  *high_bytes = 1;
  for (uint32_t width = most; width-- > 0;) {
    above += counts[width + 1];
    if (above > MAX_PATCHES) break;
    uint32_t high = (most - width + 7) / 8, bytes = 16 * width + above * (1 + high);
    if (bytes < best_bytes) {
      best = width;
      best_bytes = bytes;
      *patches = above;
      *high_bytes = high;
    }
  }
  return best;
}

uint8_t *sy_block_encode(const uint32_t values[SY_BLOCK], uint8_t *out) {
  uint8_t counts[33] = {0};
  for (uint32_t i = 0; i < SY_BLOCK; i++) counts[bits_of(values[i])]++;
  uint32_t patches, high_bytes, width = choose_width(counts, &patches, &high_bytes);
  *out++ = (uint8_t)width;
  *out++ = (uint8_t)(patches | (high_bytes - 1) << 6);
  sy_block_pack(values, out, width);
  out += 16 * width;
  if (!patches) return out;
  uint8_t *high = out + patches;
  for (uint32_t i = 0; i < SY_BLOCK; i++) {
    if (bits_of(values[i]) <= width) continue;
    *out++ = (uint8_t)i;
    uint32_t part = values[i] >> width;
    memcpy(high, &part, high_bytes);
    high += high_bytes;
  }
  return high;
}

const uint8_t *sy_block_skip(const uint8_t *p, const uint8_t *end) {
  if (end - p < 2 || p[0] > 32) return NULL;
  uint32_t patches = p[1] & MAX_PATCHES, high_bytes = (p[1] >> 6) + 1u;
  uint32_t bytes = 2 + 16u * p[0] + patches * (1 + high_bytes);
  return bytes <= (size_t)(end - p) ? p + bytes : NULL;
}

const uint8_t *sy_block_decode(const uint8_t *p, const uint8_t *end, uint32_t values[SY_BLOCK]) {
  const uint8_t *behind = sy_block_skip(p, end);
  if (!behind) {
    memset(values, 0, SY_BLOCK * sizeof *values);
    return NULL;
  }
  uint32_t width = p[0], patches = p[1] & MAX_PATCHES, high_bytes = (p[1] >> 6) + 1u;
  sy_block_unpack(p + 2, values, width);
  const uint8_t *index = p + 2 + 16 * width, *high = index + patches;
  for (uint32_t i = 0; i < patches; i++, high += high_bytes) {
    uint32_t part = 0;
    memcpy(&part, high, high_bytes);
    if (width == 32 || index[i] >= SY_BLOCK || part > UINT32_MAX >> width) return NULL;
    values[index[i]] |= part << width;
  }
  return behind;
}
