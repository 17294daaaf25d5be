/* alphabet.c - coding text by an alphabet, and learning one (format in alphabet.h). */
#include "storage/alphabet.h"

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

/* ---- Learning -------------------------------------------------------------------------------- */

void sy_character_counts_add(sy_character_counts *c, const uint8_t *text, size_t bytes) {
  const uint8_t *end = text + bytes;
  while (text < end) {
    uint32_t length, character = sy_utf8_decode(text, end, &length);
    text += length;
    if (length > 1 && character < 0x10000) c->counts[character]++;
  }
}

void sy_character_counts_age(sy_character_counts *c) {
  for (uint32_t i = 0; i < 0x10000; i++) c->counts[i] /= 2;
}

/* The bytes of the code of the character with this rank, the first one lowest. */
static uint16_t code_of(uint32_t rank) {
  if (rank < SY_ALPHABET_SHORT) return (uint16_t)(0x80 + rank);
  rank -= SY_ALPHABET_SHORT;
  return (uint16_t)((LEAD + (rank >> 8)) | (rank & 0xFF) << 8);
}

typedef struct ranked {
  uint32_t count, character;
} ranked;

static int compare_ranked(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->count != y->count) return x->count > y->count ? -1 : 1;
  return (x->character > y->character) - (x->character < y->character);
}

void sy_alphabet_learn(sy_alphabet *a, const sy_character_counts *c) {
  ranked *all = malloc(0x10000 * sizeof *all);
  uint32_t n = 0;
  for (uint32_t i = 0x80; all && i < 0x10000; i++) {
    if (c->counts[i] > 1) all[n++] = (ranked){c->counts[i], i};
  }
  if (n) qsort(all, n, sizeof *all, compare_ranked);
  a->count = n < SY_ALPHABET_MAX ? n : SY_ALPHABET_MAX;
  for (uint32_t c = 0; c < 0x10000; c++) a->codes[c] = OTHER;
  for (uint32_t i = 0; i < a->count; i++) {
    a->characters[i] = (uint16_t)all[i].character;
    a->codes[all[i].character] = code_of(i);
  }
  free(all);
}

uint64_t sy_alphabet_cost(const sy_alphabet *a, const sy_character_counts *c) {
  uint64_t cost = 0, in_alphabet = 0, all = 0;
  for (uint32_t i = 0; i < a->count; i++) {
    uint64_t count = c->counts[a->characters[i]];
    uint32_t bits =
        34 - (uint32_t)__builtin_clz(i + 32); /* Zipf's law: -log2 of 1 / rank, smoothed */
    cost += count * bits;
    in_alphabet += count;
  }
  for (uint32_t i = 0x80; i < 0x10000; i++) all += c->counts[i];
  return cost + (all - in_alphabet) * 24;
}

/* ---- Storing --------------------------------------------------------------------------------- */

void sy_alphabet_store(const sy_alphabet *a, sy_buffer *out) {
  uint8_t *p = sy_buffer_reserve(out, 2 + 2 * (size_t)a->count);
  if (!p) return;
  p = put16(p, a->count);
  for (uint32_t i = 0; i < a->count; i++) p = put16(p, a->characters[i]);
  out->bytes = (size_t)(p - out->data);
}

bool sy_alphabet_skip(sy_cursor *c) {
  const uint8_t *p = sy_read_bytes(c, 2);
  uint32_t count = p ? load16(p) : 0;
  const uint8_t *characters = sy_read_bytes(c, 2 * (uint64_t)count);
  if (!characters || count > SY_ALPHABET_MAX) return false;
  for (uint32_t i = 0; i < count; i++) {
    if (load16(characters + 2 * (size_t)i) < 0x80) return false;
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
    while (end - text >= 4) { /* three bytes and in the alphabet: that is what Chinese is made of */
      uint32_t four = sy_load32(text);
      if ((four & 0x00C0C0F0) != 0x008080E0) break;
      uint32_t c = (four & 0x0F) << 12 | (four >> 2 & 0x0FC0) | (four >> 16 & 0x3F);
      uint32_t short_code = a->codes[c];
      if (c < 0x800 || (short_code & 0xFF) == OTHER) break;
      put16(out, short_code);
      out += 1 + ((short_code & 0xFF) >= LEAD);
      text += 3;
    }
    if (text == end || *text < 0x80) continue;
    uint32_t length, character = sy_utf8_decode(text, end, &length);
    uint32_t code = length == 1 || character >= 0x10000 ? OTHER : a->codes[character];
    if ((code & 0xFF) == OTHER) {
      out = put_other(out, character, *text, length);
    } else {
      put16(out, code);
      out += 1 + ((code & 0xFF) >= LEAD);
    }
    text += length;
  }
  return out;
}

/* ---- Decoding -------------------------------------------------------------------------------- */

#define PIECE 4096u /* coded bytes for which room is made at once */

/* Decodes what begins before `stop`; `end` is that of the coded text. NULL when it contradicts
 * itself. `out` has room for 3 bytes for each coded byte, and 8. */
static const uint8_t *decode_piece(const uint8_t *stored, const uint8_t *p, const uint8_t *stop,
                                   const uint8_t *end, uint8_t **out) {
  uint32_t count = load16(stored);
  const uint8_t *characters = stored + 2;
  uint8_t *o = *out;
  while (p < stop) {
    uint32_t b = *p, rank, character;
    if (b < 0x80) {
      while (stop - p >= 8 && !(sy_load64(p) & ASCII_MASK)) {
        memcpy(o, p, 8);
        o += 8;
        p += 8;
      }
      while (p < stop && *p < 0x80) *o++ = *p++;
      continue;
    }
    if (b < OTHER) {
      if (b < LEAD) {
        rank = b - 0x80;
        p++;
      } else {
        if (end - p < 2) return NULL;
        rank = SY_ALPHABET_SHORT + ((b - LEAD) << 8 | p[1]);
        p += 2;
      }
      if (rank >= count) return NULL;
      character = load16(characters + 2 * (size_t)rank);
    } else if (b == OTHER) {
      if (end - p < 3) return NULL;
      character = load16(p + 1);
      p += 3;
    } else {
      if (end - p < 2) return NULL;
      if (p[1] >= 0x80) {
        *o++ = p[1];
        p += 2;
        continue;
      }
      if (end - p < 4 || p[1] < 1 || p[1] > 0x10) return NULL;
      character = (uint32_t)p[1] << 16 | load16(p + 2);
      p += 4;
    }
    o += sy_utf8_encode(o, character);
  }
  *out = o;
  return p;
}

bool sy_alphabet_decode(const uint8_t *stored, const uint8_t *coded, size_t bytes, sy_buffer *out) {
  const uint8_t *end = coded + bytes;
  while (coded < end) {
    const uint8_t *stop = end - coded > PIECE ? coded + PIECE : end;
    uint8_t *to = sy_buffer_reserve(out, 3 * PIECE + 8);
    if (!to) return false;
    coded = decode_piece(stored, coded, stop, end, &to);
    if (!coded) return false;
    out->bytes = (size_t)(to - out->data);
  }
  return true;
}
