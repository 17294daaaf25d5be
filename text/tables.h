/*
 * tables.h - the generated tables of the text layer (written by text_gen.c, rules in
 * docs/text.md).
 *
 * A fold table gives, for each code point and one choice of SY_TEXT_WIDTH | SY_TEXT_VARIANTS, one
 * 32-bit entry: the class in the top bits, in the low 21 bits the folded code point minus the code
 * point (modulo 2^21) - or, for SY_CLASS_EXPANSION, the index in `expansions` of a count followed
 * by that many entries, these with the code point itself in the low bits.
 *
 * Two stages: index[c >> SY_FOLD_BLOCK_BITS] names a block of entries; equal blocks are stored
 * once. Differences instead of code points make all blocks that fold to themselves equal (a table
 * is 330 KB instead of 4.4 MB; the flat one was 20% slower in the prototypes).
 *
 * What most texts are made of, Han characters from U+3400 to U+9FFF, is in a flat table of code
 * points besides: half as large as its entries are, it stays in the nearest cache more often
 * (0.8 to 0.9 of the time of text to terms, 0.97 of indexing).
 */
#ifndef SY_TABLES_H
#define SY_TABLES_H

#include "suoyin.h"

enum {
  SY_CLASS_PUNCTUATION, /* breaks adjacency */
  SY_CLASS_CHINESE,     /* a unit by itself */
  SY_CLASS_WORD,        /* letters and digits: a run is a unit */
  SY_CLASS_SPACE,       /* folded to ' ', or to '\n' when it ends a line; a tab stays */
  SY_CLASS_TRANSPARENT, /* as if it were not there */
  SY_CLASS_MARK,        /* combining: composed with what it follows, or part of the word */
  SY_CLASS_EXPANSION,   /* several folded characters */
};

#define SY_CLASS_SHIFT 21
#define SY_CODE_MASK 0x1fffffu
#define SY_FOLD_BLOCK_BITS 7
#define SY_HAN_FIRST 0x3400u
#define SY_HAN_COUNT 0x6C00u

typedef struct sy_fold_table {
  const uint16_t *han; /* from SY_HAN_FIRST on */
  const uint16_t *index;
  const uint32_t *entries;
  const uint32_t *expansions;
} sy_fold_table;

/* Indexed by text_rules & (SY_TEXT_WIDTH | SY_TEXT_VARIANTS). */
extern const sy_fold_table sy_fold_tables[4];

static inline uint32_t sy_fold_entry(const sy_fold_table *table, uint32_t c) {
  return table->entries[((uint32_t)table->index[c >> SY_FOLD_BLOCK_BITS] << SY_FOLD_BLOCK_BITS) |
                        (c & ((1u << SY_FOLD_BLOCK_BITS) - 1))];
}

/* The folded code point of a Han character, which is one from SY_HAN_FIRST to U+FFFF and of
 * SY_CLASS_CHINESE; 0 of any other character, and of one that does not fold to such a one. */
static inline uint32_t sy_folded_han(const sy_fold_table *table, uint32_t c) {
  return c - SY_HAN_FIRST < SY_HAN_COUNT ? table->han[c - SY_HAN_FIRST] : 0;
}

/* The folded code point of `c`, given its entry (not SY_CLASS_EXPANSION). */
static inline uint32_t sy_folded(uint32_t c, uint32_t entry) { return (c + entry) & SY_CODE_MASK; }

/* base + mark = composed, canonical; sorted by mark, then base. */
typedef struct sy_composition {
  uint32_t mark, base, composed;
} sy_composition;
extern const sy_composition sy_compositions[];
extern const size_t sy_composition_count;

#endif
