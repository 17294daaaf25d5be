/*
 * input_mojibake.c - how "中" (E4 B8 AD) looks when it was encoded twice:
 *
 *     bytes, taken for characters of Windows-1252     E4 ä        B8 ¸     AD soft hyphen
 *     these in UTF-8                                  C3 A4       C2 B8    C2 AD
 *
 * All characters from U+3000 to U+FFFF have a lead byte of E3 to EF, which is C3 A3 to C3 AF: only
 * behind these is looked at all. Three such triples are asked for: in languages with letters like
 * ä, two symbols behind one are rare, and three times in a text unheard of.
 */
#include "indexer/input_mojibake.h"

#include "indexer/input_plausible.h"

/* The characters of Windows-1252 for bytes 80 to 9F. 0: none; programs write U+0081 and so on. */
static const uint16_t windows[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* The byte that this character stands for; -1: none beyond ASCII. */
static int byte_of(uint32_t c) {
  if (c >= 0x80 && c <= 0xff) return (int)c;
  for (int i = 0; i < 32; i++) {
    if (c == windows[i] && c) return 0x80 + i;
  }
  return -1;
}

/* Reads a character encoded twice at p: its length there, 0 if there is none. */
static size_t read_triple(const uint8_t *p, const uint8_t *end, char out[3]) {
  const uint8_t *begin = p;
  for (int i = 0; i < 3; i++) {
    int length = p < end ? sy_input_sequence_bytes(p, end) : 0;
    if (length < 2) return 0;
    int byte = byte_of(sy_input_sequence_decode(p, length));
    if (i ? byte < 0x80 || byte > 0xbf : byte < 0xe3 || byte > 0xef) return 0;
    out[i] = (char)byte;
    p += length;
  }
  return sy_input_sequence_bytes((const uint8_t *)out, (const uint8_t *)out + 3) == 3
             ? (size_t)(p - begin)
             : 0;
}

bool sy_input_mojibake_find(sy_string text, char sample[10]) {
  const uint8_t *p = (const uint8_t *)text.data, *end = p + text.bytes;
  size_t found = 0;
  while (found < 3 && p < end && (p = memchr(p, 0xc3, (size_t)(end - p)))) {
    size_t length = read_triple(p, end, sample + 3 * found);
    found += length > 0;
    p += length ? length : 1;
  }
  sample[9] = 0;
  return found == 3;
}
