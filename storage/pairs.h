/* pairs.h - pairs of characters in hash tables: what alphabet.c and alphabet_learn.c share. */
#ifndef SY_PAIRS_H
#define SY_PAIRS_H

#include "storage/alphabet.h"

static inline uint32_t sy_pair(uint32_t first, uint32_t second) { return first << 16 | second; }

/* Where to look for a pair in a table of 2^bits slots. */
static inline uint32_t sy_pair_slot(uint32_t pair, uint32_t bits) {
  return pair * 2654435761u >> (32 - bits);
}

/* In slot 0 as long as no pair is: bytes that are no UTF-8 can look like the pair 0, whose slot it
 * is; this one's is another, so that it is found nowhere. */
#define SY_NO_PAIR 1u

#define SY_PAIR_BITS 13 /* of sy_alphabet.pairs */
_Static_assert(SY_PAIR_SLOTS == 1u << SY_PAIR_BITS, "the table has that many slots");

#endif
