/*
 * input_plausible.h - does this read like text, or like bytes read in the wrong charset?
 */
#ifndef SY_INPUT_PLAUSIBLE_H
#define SY_INPUT_PLAUSIBLE_H

#include "base/bytes.h"

typedef enum sy_input_script {
  SY_INPUT_SCRIPT_CHINESE,  /* of Chinese characters only */
  SY_INPUT_SCRIPT_JAPANESE, /* EUC-JP, Shift_JIS: of Chinese characters, Kana left aside */
  SY_INPUT_SCRIPT_KOREAN,   /* Hangul */
  SY_INPUT_SCRIPT_UNICODE,  /* Chinese characters and Kana */
} sy_input_script;

/* The percentage of common characters among the letters beyond ASCII in this UTF-8; or one of
 * these: */
enum {
  SY_INPUT_TOO_SHORT = -1, /* too few letters, or too few different ones, to tell */
  SY_INPUT_NO_TEXT = -2,   /* control characters */
};
int sy_input_plausible_percent(const uint8_t *text, size_t bytes, sy_input_script script);

/* Whether so many characters of this UTF-8 are Kana that it must be Japanese. */
bool sy_input_plausible_kana(const uint8_t *text, size_t bytes);

/* The length of the well-formed sequence at p (RFC 3629), 0 if there is none, -1 if it is cut off.
 */
int sy_input_sequence_bytes(const uint8_t *p, const uint8_t *end);

/* The character of such a sequence. */
uint32_t sy_input_sequence_decode(const uint8_t *p, int bytes);

#endif
