/*
 * alphabet.h - Chinese text in one or two bytes for a character or two, to be compressed by zstd.
 *
 * UTF-8 spends three bytes on a Chinese character, and an entropy coder of bytes pays for all
 * three. An alphabet is a list of symbols, the commonest characters of a corpus and its commonest
 * pairs of characters, commonest first; coded text is
 *
 *     00 .. 7F          ASCII, as it is
 *     80 .. DF          the first 96 symbols of the alphabet
 *     E0 .. FD, b       symbol 96 + (byte - E0) * 256 + b
 *     FE, u16           any other character up to U+FFFF
 *     FF, 01 .. 10, u16 a character beyond: plane, the rest
 *     FF, 80 .. FF      the second byte as it is: one that is not part of well-formed UTF-8
 *
 * so any bytes come back as they were. Two characters that are a pair are coded as that. An
 * alphabet is stored as
 *
 *     count u16, at most 7776; then for each symbol: first u16, second u16: code points from U+0080
 *     on; second is 0 for a single character
 *
 * Example: with the alphabet 的, 是, 我们, "是A龜我们" is 81 41 FE 9C 9F 82.
 *
 * On the dev set, blocks of 16 KB, zstd level 2: 108.6 MB; with characters only 112.5, UTF-8 137;
 * in less time, because zstd has less to look at. A zstd dictionary on top gained 1% and cost half
 * the speed (docs/benchmarks.md).
 *
 * Sources: small codes for a document's own script are the idea of SCSU (Unicode Technical Standard
 * 6); codes of one or two bytes by rank are simpler kin of dense codes (Brisaboa et al.,
 * Lightweight natural language text compression, 2007); pairs as symbols are one step of byte pair
 * encoding (Gage, A new algorithm for data compression, 1994).
 */
#ifndef SY_ALPHABET_H
#define SY_ALPHABET_H

#include "base/bytes.h"

#define SY_ALPHABET_SHORT 96u                            /* symbols of one byte */
#define SY_ALPHABET_MAX (SY_ALPHABET_SHORT + 30u * 256u) /* symbols of one or two */
#define SY_ALPHABET_PAIRS 2048u                          /* of them at most */
#define SY_PAIR_SLOTS 8192u

/* ---- Counting -------------------------------------------------------------------------------- */

#define SY_COUNTED_SLOTS 65536u

/* A pair of characters: the first one in the upper 16 bits; 0 for none. */
typedef struct sy_pair_count {
  uint32_t pair, count;
} sy_pair_count;

/* How often each character up to U+FFFF was seen, and pairs of them: those that found room in the
 * bucket that is theirs. */
typedef struct sy_symbol_counts {
  uint32_t characters[0x10000];
  sy_pair_count pairs[SY_COUNTED_SLOTS]; /* hash table of buckets */
} sy_symbol_counts;

void sy_symbol_counts_add(sy_symbol_counts *counts, const uint8_t *text, size_t bytes);
/* Halves all counts, so that what was seen long ago weighs less, and forgets the rarest pairs. */
void sy_symbol_counts_age(sy_symbol_counts *counts);

/* ---- Learning and coding --------------------------------------------------------------------- */

typedef struct sy_symbol {
  uint16_t first, second; /* second is 0 for a single character */
} sy_symbol;

typedef struct sy_alphabet {
  uint32_t count;
  sy_symbol symbols[SY_ALPHABET_MAX];
  uint16_t codes[0x10000]; /* of characters: the bytes of the code, the first one lowest */
  uint32_t
      pairs[SY_PAIR_SLOTS]; /* pairs.h; 0 (in slot 0 SY_NO_PAIR): none. In its slot, or no code */
  uint16_t pair_codes[SY_PAIR_SLOTS]; /* as codes; looked at when the pair is the right one */
} sy_alphabet;

/* The best alphabet for what was counted. False: memory ran out. */
bool sy_alphabet_learn(sy_alphabet *alphabet, const sy_symbol_counts *counts);
/* About how many bits what was counted takes with the alphabet; UINT64_MAX: memory ran out. */
uint64_t sy_alphabet_cost(const sy_alphabet *alphabet, const sy_symbol_counts *counts);
void sy_alphabet_store(const sy_alphabet *alphabet, sy_buffer *out);

/* Codes `text` at `out`, which has room for 2 * bytes + 8. Returns the byte behind. */
uint8_t *sy_alphabet_encode(const sy_alphabet *alphabet, const uint8_t *text, size_t bytes,
                            uint8_t *out);

/* ---- Decoding -------------------------------------------------------------------------------- */

/* Appends the text to `out`. `stored` is the alphabet, that sy_alphabet_skip() found sound. False
 * when the coded text contradicts it, or memory is out (out->failed). */
bool sy_alphabet_decode(const uint8_t *stored, const uint8_t *coded, size_t bytes, sy_buffer *out);
/* Whether a whole alphabet stands at the cursor, which moves behind it. */
bool sy_alphabet_skip(sy_cursor *c);
/* Bytes of a sound stored alphabet. */
static inline size_t sy_alphabet_bytes(const uint8_t *stored) {
  return 2 + 4 * (stored[0] | (size_t)stored[1] << 8);
}

#endif
