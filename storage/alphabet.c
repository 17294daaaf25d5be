/* alphabet.c - coding text by an alphabet (format in alphabet.h). */
#include "storage/alphabet.h"

#include "storage/pairs.h"
#include "text/utf8.h"

#define LEAD 0xE0u    /* of two bytes */
#define OTHER 0xFEu   /* a character that is not in the alphabet */
#define SPECIAL 0xFFu /* planes and bytes */
#define ASCII_MASK 0x8080808080808080ull

static inline uint32_t load16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }

static inline uint8_t *put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)v;
  p[1] = (uint8_t)(v >> 8);
  return p + 2;
}

/* ---- Storing --------------------------------------------------------------------------------- */

void sy_alphabet_store(const sy_alphabet *a, sy_buffer *out) {
  uint8_t *p = sy_buffer_reserve(out, 2 + 4 * (size_t)a->count);
  if (!p) return;
  p = put16(p, a->count);
  for (uint32_t i = 0; i < a->count; i++) {
    p = put16(p, a->symbols[i].first);
    p = put16(p, a->symbols[i].second);
  }
  out->bytes = (size_t)(p - out->data);
}

bool sy_alphabet_skip(sy_cursor *c) {
  const uint8_t *p = sy_read_bytes(c, 2);
  uint32_t count = p ? load16(p) : 0;
  const uint8_t *symbols = sy_read_bytes(c, 4 * (uint64_t)count);
  if (!symbols || count > SY_ALPHABET_MAX) return false;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t first = load16(symbols + 4 * (size_t)i), second = load16(symbols + 4 * (size_t)i + 2);
    if (first < 0x80 || (second && second < 0x80)) return false;
  }
  return true;
}

/* ---- Coding ---------------------------------------------------------------------------------- */

/* What has no short code: a character, or a byte that is none. */
static uint8_t *put_other(uint8_t *out, uint32_t character, uint8_t byte, uint32_t length) {
  if (length == 1) {
    *out++ = SPECIAL;
    *out++ = byte;
    return out;
  }
  *out++ = character < 0x10000 ? OTHER : SPECIAL;
  if (character >= 0x10000) *out++ = (uint8_t)(character >> 16);
  return put16(out, character);
}

static inline uint8_t *put_code(uint8_t *out, uint32_t code) {
  put16(out, code);
  return out + 1 + ((code & 0xFF) >= LEAD);
}

/* Runs of what Chinese is made of: three bytes, in the alphabet. Surrogates in three bytes have no
 * code, alone or in a pair; too small numbers in three bytes may have that of the true character.
 * Returns where it stopped: at the latest where there cannot be a pair any more. */
static const uint8_t *encode_run(const sy_alphabet *a, const uint8_t *text, const uint8_t *end,
                                 uint8_t **out) {
  uint8_t *o = *out;
  while (end - text >= 6) {
    uint32_t three = sy_load32(text), next = sy_load32(text + 2) >> 8;
    if (!sy_utf8_are_three(three)) break;
    uint32_t c = sy_utf8_of_three(three), pair = sy_pair(c, sy_utf8_of_three(next));
    uint32_t slot = sy_pair_slot(pair, SY_PAIR_BITS);
    if (a->pairs[slot] == pair && sy_utf8_are_three(next)) {
      o = put_code(o, a->pair_codes[slot]);
      text += 6;
      continue;
    }
    uint32_t code = a->codes[c];
    if ((code & 0xFF) == OTHER || c < 0x800) break;
    o = put_code(o, code);
    text += 3;
  }
  *out = o;
  return text;
}

uint8_t *sy_alphabet_encode(const sy_alphabet *a, const uint8_t *text, size_t bytes, uint8_t *out) {
  const uint8_t *end = text + bytes;
  while (text < end) {
    if (*text < 0x80) {
      while (end - text >= 8 && !(sy_load64(text) & ASCII_MASK)) {
        memcpy(out, text, 8);
        out += 8;
        text += 8;
      }
      while (text < end && *text < 0x80) *out++ = *text++;
      continue;
    }
    text = encode_run(a, text, end, &out);
    if (text == end || *text < 0x80) continue;
    uint32_t length, character = sy_utf8_decode(text, end, &length);
    uint32_t code = length == 1 || character >= 0x10000 ? OTHER : a->codes[character];
    if ((code & 0xFF) == OTHER) {
      out = put_other(out, character, *text, length);
    } else {
      out = put_code(out, code);
    }
    text += length;
  }
  return out;
}

/* ---- Decoding -------------------------------------------------------------------------------- */

#define PIECE 4096u /* coded bytes for which room is made at once */

/* A character up to U+FFFF, mostly of three bytes; stores a fourth one behind it, too. */
static inline uint8_t *put_character(uint8_t *out, uint32_t c) {
  if (c < 0x800) return out + sy_utf8_encode(out, c);
  sy_store32(out, 0x8080E0 | c >> 12 | (c >> 6 & 0x3F) << 8 | (c & 0x3F) << 16);
  return out + 3;
}

/* What has no short code: see put_other(). NULL when it contradicts itself. */
static const uint8_t *decode_other(const uint8_t *p, const uint8_t *end, uint8_t **out) {
  if (*p == OTHER) {
    if (end - p < 3) return NULL;
    *out = put_character(*out, load16(p + 1));
    return p + 3;
  }
  if (end - p < 2) return NULL;
  if (p[1] >= 0x80) {
    *(*out)++ = p[1];
    return p + 2;
  }
  if (end - p < 4 || p[1] < 1 || p[1] > 0x10) return NULL;
  *out += sy_utf8_encode(*out, (uint32_t)p[1] << 16 | load16(p + 2));
  return p + 4;
}

/* Decodes what begins before `stop`; `end` is that of the coded text. NULL when it contradicts
 * itself. `out` has room for 6 bytes for each coded byte, and 8. */
static const uint8_t *decode_piece(const uint8_t *stored, const uint8_t *p, const uint8_t *stop,
                                   const uint8_t *end, uint8_t **out) {
  uint32_t count = load16(stored);
  const uint8_t *symbols = stored + 2;
  uint8_t *o = *out;
  while (p < stop) {
    uint32_t b = *p, rank;
    if (b < 0x80) {
      while (stop - p >= 8 && !(sy_load64(p) & ASCII_MASK)) {
        memcpy(o, p, 8);
        o += 8;
        p += 8;
      }
      while (p < stop && *p < 0x80) *o++ = *p++;
      continue;
    }
    if (b >= OTHER) {
      p = decode_other(p, end, &o);
      if (!p) return NULL;
      continue;
    }
    if (b < LEAD) {
      rank = b - 0x80;
      p++;
    } else {
      if (end - p < 2) return NULL;
      rank = SY_ALPHABET_SHORT + ((b - LEAD) << 8 | p[1]);
      p += 2;
    }
    if (rank >= count) return NULL;
    uint32_t symbol = sy_load32(symbols + 4 * (size_t)rank);
    o = put_character(o, symbol & 0xFFFF);
    if (symbol >> 16) o = put_character(o, symbol >> 16);
  }
  *out = o;
  return p;
}

bool sy_alphabet_decode(const uint8_t *stored, const uint8_t *coded, size_t bytes, sy_buffer *out) {
  const uint8_t *end = coded + bytes;
  while (coded < end) {
    const uint8_t *stop = end - coded > PIECE ? coded + PIECE : end;
    uint8_t *to = sy_buffer_reserve(out, 6 * PIECE + 8);
    if (!to) return false;
    coded = decode_piece(stored, coded, stop, end, &to);
    if (!coded) return false;
    out->bytes = (size_t)(to - out->data);
  }
  return true;
}
