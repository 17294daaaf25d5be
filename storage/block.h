/*
 * block.h - 128 integers, patched bit packing (PFor).
 *
 *     width u8        b, 0..32: bits of each packed integer
 *     patches u8      low 6 bits: how many integers need more than b bits; top 2 bits: h - 1
 *     packed          16 * b bytes: integer i is in lane i % 4 of vectors of four words; a lane
 *                     holds its 32 integers one behind the other, least significant bit first
 *     indexes         one byte for each patch: which integer
 *     high parts      h bytes for each patch, little-endian: the integer >> b
 *
 * b is chosen so that the whole is smallest. Example: 120 times 1 and 8 times 300 is 01 08:
 * width 1, 8 patches of 1 byte (300 >> 1 = 150): 2 + 16 + 8 + 8 = 34 bytes, where plain packing
 * takes 2 + 144.
 *
 * Lanes make the unpacking plain vector code on every machine: no shuffles, no unaligned fields.
 * Sources: Zukowski et al., Super-Scalar RAM-CPU Cache Compression, 2006; Lemire and Boytsov,
 * Decoding billions of integers per second through vectorization, 2015 (the layout of SIMD-BP128).
 */
#ifndef SY_BLOCK_H
#define SY_BLOCK_H

#include <stdint.h>

#define SY_BLOCK 128u
#define SY_BLOCK_MAX_BYTES (2 + 16 * 32)

/* Encodes 128 values at `out`, which has room for SY_BLOCK_MAX_BYTES. Returns the byte behind. */
uint8_t *sy_block_encode(const uint32_t values[SY_BLOCK], uint8_t *out);

/* Decodes the block at `p`. Returns the byte behind it, or NULL when it does not end before
 * `end` or contradicts itself. `values` is written either way. */
const uint8_t *sy_block_decode(const uint8_t *p, const uint8_t *end, uint32_t values[SY_BLOCK]);

/* The byte behind the block at `p` without decoding it, or NULL as above. */
const uint8_t *sy_block_skip(const uint8_t *p, const uint8_t *end);

/* The packing alone: the low `width` bits, 0 to 32, of 128 values in 16 * width bytes. */
void sy_block_pack(const uint32_t values[SY_BLOCK], uint8_t *out, uint32_t width);
void sy_block_unpack(const uint8_t *in, uint32_t values[SY_BLOCK], uint32_t width);

#endif
