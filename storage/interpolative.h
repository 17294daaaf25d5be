/*
 * interpolative.h - ascending numbers between known bounds: binary interpolative coding.
 *
 * The number in the middle is coded within what bounds and neighbours leave for it, then those
 * before it within the new bounds, then those behind it. With `count` numbers from `low` to `high`,
 * the middle one, number m = count / 2, lies from low + m to high - (count - 1 - m):
 * sy_bits_put_minimal() of how far it is above the least. What can be only one number takes no
 * bits.
 *
 * Example: 2, 3, 4 of 0 .. 4: first 3 in 1 .. 3, then 2 in 0 .. 2, then 4, which must be.
 *
 * Source: Moffat and Stuiver, Binary interpolative coding for effective index compression, 2000. It
 * is the smallest code for numbers that come in clusters; the recursion is slow to decode, so it is
 * for short lists.
 */
#ifndef SY_INTERPOLATIVE_H
#define SY_INTERPOLATIVE_H

#include "storage/bits.h"

#define SY_INTERPOLATIVE_BITS 32u /* that a number takes at most */

/* `numbers` ascend, from `low` to `high`. */
void sy_interpolative_put(sy_bit_writer *bits, const uint32_t *numbers, uint32_t count,
                          uint32_t low, uint32_t high);
/* The numbers ascend and are within the bounds, whatever the bits; false when there is no room for
 * so many, or the bits end before. */
bool sy_interpolative_get(sy_bit_reader *bits, uint32_t *numbers, uint32_t count, uint32_t low,
                          uint32_t high);

#endif
