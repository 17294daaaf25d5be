/* gloss.h - recognising a reading in parentheses behind a character (docs/text.md section 6). */
#ifndef SY_GLOSS_H
#define SY_GLOSS_H

#include <stdint.h>

/* `p` points at an opening parenthesis, half- or full-width, before `end`. Returns the byte
 * behind the closing one when the two hold pinyin or Bopomofo, else NULL. `before` is the Chinese
 * character directly in front, 0 for none: it decides about a syllable without a tone mark. */
const uint8_t *sy_gloss_end(const uint8_t *p, const uint8_t *end, uint32_t before);

#endif
