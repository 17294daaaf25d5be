/*
 * elias_fano.h - a block of 128 ascending numbers whose last is known: Elias-Fano.
 *
 * With `base` before the first (-1: none) and `last` the last number, number i is taken as
 * x[i] = number - base - 1 - i, which does not descend, and is at most u = last - base - 128.
 * b = floor(log2(u / 128)), 0 when u < 128.
 *
 *     packed     16 * b bytes: the low b bits of each x, as in block.h
 *     highs      ceil((128 + (u >> b)) / 8) bytes: for each x, the one bit number (x >> b) + i is
 *                set; bits from the least significant of the first byte on
 *
 * Example: base 9, the numbers 10, 12, 14, ... 264: x[i] = i, u = 127, b = 0; bits 0, 2, 4, ... 254
 * are set: 32 bytes 55.
 *
 * Every number takes b + 2 to b + 3 bits, within half a bit of the best for numbers without
 * clusters. Sources: Elias, Efficient storage and retrieval by content and address of static files,
 * 1974; Vigna, Quasi-succinct indices, 2013.
 */
#ifndef SY_ELIAS_FANO_H
#define SY_ELIAS_FANO_H

#include "storage/block.h"

#define SY_ELIAS_FANO_MAX_BYTES (16 * 25 + 48)

/* Encodes `numbers`, which ascend from base + 1 on, at `out`, which has room for
 * SY_ELIAS_FANO_MAX_BYTES and 8. Returns the byte behind. */
uint8_t *sy_elias_fano_encode(const uint32_t numbers[SY_BLOCK], uint32_t base, uint8_t *out);

/* Decodes the block at `p`. Returns the byte behind it, or NULL when it does not end before `end`
 * or contradicts itself; then the numbers are of no use. Otherwise they ascend from base + 1 to
 * last. May read up to 8 bytes behind `end`. */
const uint8_t *sy_elias_fano_decode(const uint8_t *p, const uint8_t *end, uint32_t base,
                                    uint32_t last, uint32_t numbers[SY_BLOCK]);
/* The same without vectors of 64 bytes (simd.h), for tests. */
const uint8_t *sy_elias_fano_decode_scalar(const uint8_t *p, const uint8_t *end, uint32_t base,
                                           uint32_t last, uint32_t numbers[SY_BLOCK]);

#endif
