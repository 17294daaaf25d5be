/* utf8.h - decoding and encoding UTF-8 (RFC 3629), one code point at a time. */
#ifndef SY_UTF8_H
#define SY_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#define SY_REPLACEMENT 0xFFFDu

/* Decodes the code point at `p`, which is before `end`. Stores its length in bytes in *length.
 * What is not well formed yields U+FFFD with a length of 1. */
static inline uint32_t sy_utf8_decode(const uint8_t *p, const uint8_t *end, uint32_t *length) {
  uint32_t b = p[0];
  *length = 1;
  if (b < 0x80) return b;
  if (b >= 0xE0 && b < 0xF0) { /* three bytes first: that is what Chinese is made of */
    if (end - p < 3 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80) return SY_REPLACEMENT;
    uint32_t c = (b & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    if (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF)) return SY_REPLACEMENT;
    *length = 3;
    return c;
  }
  if (b >= 0xC2 && b < 0xE0) {
    if (end - p < 2 || (p[1] & 0xC0) != 0x80) return SY_REPLACEMENT;
    *length = 2;
    return (b & 0x1F) << 6 | (p[1] & 0x3F);
  }
  if (b >= 0xF0 && b < 0xF5) {
    if (end - p < 4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80) {
      return SY_REPLACEMENT;
    }
    uint32_t c = (b & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 |
                 (p[3] & 0x3F);
    if (c < 0x10000 || c > 0x10FFFF) return SY_REPLACEMENT;
    *length = 4;
    return c;
  }
  return SY_REPLACEMENT;
}

/* What Chinese is made of, four bytes at a time, the first one lowest: whether the first three look
 * like a character, which is not well formed when it is a surrogate or below U+0800; and that
 * character. */
static inline bool sy_utf8_are_three(uint32_t four) { return (four & 0xC0C0F0) == 0x8080E0; }
static inline uint32_t sy_utf8_of_three(uint32_t four) {
  return (four & 0x0F) << 12 | (four >> 2 & 0x0FC0) | (four >> 16 & 0x3F);
}

/* Encodes `c` (at most U+10FFFF) at `p`, which has room for 4 bytes. Returns the length. */
static inline uint32_t sy_utf8_encode(uint8_t *p, uint32_t c) {
  if (c < 0x80) {
    p[0] = (uint8_t)c;
    return 1;
  }
  if (c < 0x800) {
    p[0] = (uint8_t)(0xC0 | c >> 6);
    p[1] = (uint8_t)(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    p[0] = (uint8_t)(0xE0 | c >> 12);
    p[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    p[2] = (uint8_t)(0x80 | (c & 0x3F));
    return 3;
  }
  p[0] = (uint8_t)(0xF0 | c >> 18);
  p[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
  p[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
  p[3] = (uint8_t)(0x80 | (c & 0x3F));
  return 4;
}

#endif
