/*
 * alphabet.h - Chinese text in one or two bytes a character, to be compressed by zstd.
 *
 * UTF-8 spends three bytes on a Chinese character, and an entropy coder of bytes pays for all three.
 * An alphabet is a list of the commonest characters of a corpus, commonest first; coded text is
 *
 *     00 .. 7F          ASCII, as it is
 *     80 .. DF          the first 96 characters of the alphabet
 *     E0 .. FD, b       character 96 + (byte - E0) * 256 + b
 *     FE, u16           any other character up to U+FFFF
 *     FF, 01 .. 10, u16 a character beyond: plane, the rest
 *     FF, 80 .. FF      the second byte as it is: one that is not part of well-formed UTF-8
 *
 * so any bytes come back as they were. An alphabet is stored as
 *
 *     count u16, at most 7776; count * u16 code points, from U+0080 on
 *
 * Example: with the alphabet 的 是, "是A龜" is 81 41 FE 9C 9F.
 *
 * On the dev set, blocks of 16 KB, zstd level 2: 112 MB where UTF-8 takes 137, in less time, because
 * zstd has two thirds of the bytes to look at; a zstd dictionary on top gained 1% and cost half the
 * speed (docs/benchmarks.md).
 *
 * Sources: the idea of small codes for a document's own script is that of SCSU (Unicode Technical
 * Standard 6); codes by rank with one or two bytes are end-tagged dense codes' simpler kin (Brisaboa
 * et al., Lightweight natural language text compression, 2007).
 */
#ifndef SY_ALPHABET_H
#define SY_ALPHABET_H

#include "base/bytes.h"

#define SY_ALPHABET_SHORT 96u                            /* characters of one byte */
#define SY_ALPHABET_MAX (SY_ALPHABET_SHORT + 30u * 256u) /* characters of one or two */

/* ---- Learning and coding --------------------------------------------------------------------- */

typedef struct sy_alphabet {
  uint32_t count;
  uint16_t characters[SY_ALPHABET_MAX];
  uint16_t codes[0x10000]; /* by code point: the bytes of its code, the first one lowest */
} sy_alphabet;

/* How often each character up to U+FFFF was seen. */
typedef struct sy_character_counts {
  uint32_t counts[0x10000];
} sy_character_counts;

void sy_character_counts_add(sy_character_counts *counts, const uint8_t *text, size_t bytes);
/* Halves all counts, so that what was seen long ago weighs less. */
void sy_character_counts_age(sy_character_counts *counts);

/* The best alphabet for what was counted: the characters seen twice or more. */
void sy_alphabet_learn(sy_alphabet *alphabet, const sy_character_counts *counts);
/* About how many bits the characters counted take with the alphabet. */
uint64_t sy_alphabet_cost(const sy_alphabet *alphabet, const sy_character_counts *counts);
void sy_alphabet_store(const sy_alphabet *alphabet, sy_buffer *out);

/* Codes `text` at `out`, which has room for 2 * bytes + 8. Returns the byte behind. */
uint8_t *sy_alphabet_encode(const sy_alphabet *alphabet, const uint8_t *text, size_t bytes,
                            uint8_t *out);

/* ---- Decoding -------------------------------------------------------------------------------- */

/* Appends the text to `out`. `stored` is the alphabet, that sy_alphabet_skip() found sound. False when
 * the coded text contradicts it, or memory is out (out->failed). */
bool sy_alphabet_decode(const uint8_t *stored, const uint8_t *coded, size_t bytes, sy_buffer *out);
/* Whether a whole alphabet stands at the cursor, which moves behind it. */
bool sy_alphabet_skip(sy_cursor *c);
/* Bytes of a sound stored alphabet. */
static inline size_t sy_alphabet_bytes(const uint8_t *stored) {
  return 2 + 2 * (stored[0] | (size_t)stored[1] << 8);
}

#endif
