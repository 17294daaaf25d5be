/*
 * readings.h - the generated table of pinyin readings (written by readings_gen.c from Unicode's
 * Unihan database): which syllables exist, and which characters are read so.
 *
 * A syllable is written without its tone, with v for u with two dots: "ji", "lv". For syllable s
 * the characters are sy_readings[sy_syllables[s].first ... sy_syllables[s + 1].first), ascending:
 * each as it is in Unihan and as it folds, so that they can be looked for in any index.
 */
#ifndef SY_READINGS_H
#define SY_READINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SY_SYLLABLE_MAX_BYTES 6u /* zhuang */

typedef struct sy_syllable {
  char text[8];
  uint32_t first;
} sy_syllable;

/* Sorted by strcmp; behind the last stands one more whose `first` ends its characters. */
extern const sy_syllable sy_syllables[];
extern const size_t sy_syllable_count;

/* The code point in the low 21 bits; SY_READING_NEUTRAL when it is read with the neutral tone. */
extern const uint32_t sy_readings[];
#define SY_READING_NEUTRAL (1u << 31)
#define SY_READING_CODE 0x1fffffu

/* The syllable of `bytes` letters; sy_syllable_count when there is none. */
size_t sy_syllable_find(const char *letters, size_t bytes);

/* Whether the character is read so with the neutral tone: 了 le, 们 men. */
bool sy_syllable_is_neutral(size_t syllable, uint32_t c);

/* The plain lower-case letter of a letter that pinyin is written with, v for u with two dots;
 * *toned says whether it has a tone mark. 0 for all other characters. */
char sy_pinyin_letter(uint32_t c, bool *toned);

#endif
