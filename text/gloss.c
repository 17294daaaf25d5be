/*
 * gloss.c - recognises a reading in parentheses: 機(jī)器, F(xiàn)AIR, 银行（yín háng）, 報(ㄅㄠˋ).
 *
 * The content is first spelt as plain letters with a note of where a tone mark stood; anything that
 * no pinyin has (a digit, a Han character, a b with an accent) ends the attempt at once, which is
 * what happens at nearly every parenthesis that is none. Then each blank-free stretch of letters
 * must split into syllables that exist (yínháng is yin + hang), and at least one tone mark must
 * have been seen - or the one syllable is what the character before it is read with in the neutral
 * tone, which has no mark: 們(men). `(a)`, `(LLM)` and `(en)` are not glosses.
 */
#include "text/gloss.h"

#include "text/readings.h"
#include "text/tables.h"
#include "text/utf8.h"

#include <stddef.h>

#define MAX_LETTERS 48 /* of one stretch: eight syllables */

static bool is_transparent(uint32_t c) {
  return sy_fold_entry(&sy_fold_tables[0], c) >> SY_CLASS_SHIFT == SY_CLASS_TRANSPARENT;
}

static bool is_tone_mark(uint32_t c) {
  return c == 0x300 || c == 0x301 || c == 0x304 || c == 0x30C;
}

/* Whether the letters split into syllables: reached[i] says that the first i do. */
static bool splits(const char *letters, size_t count) {
  bool reached[MAX_LETTERS + 1] = {true};
  for (size_t i = 0; i < count; i++) {
    if (!reached[i]) continue;
    for (size_t n = 1; n <= SY_SYLLABLE_MAX_BYTES && i + n <= count; n++) {
      if (!reached[i + n]) reached[i + n] = sy_syllable_find(letters + i, n) < sy_syllable_count;
    }
  }
  return reached[count];
}

static bool is_space(uint32_t c) { return c == ' ' || c == 0xA0 || c == 0x3000; }

static bool is_bopomofo(uint32_t c) {
  return (c >= 0x3105 && c <= 0x312F) || (c >= 0x31A0 && c <= 0x31BF);
}

static bool is_bopomofo_tone(uint32_t c) {
  return c == 0x2C9 || c == 0x2CA || c == 0x2C7 || c == 0x2CB || c == 0x2D9;
}

typedef struct reading {
  char letters[MAX_LETTERS]; /* of the stretch being read */
  size_t count;
  uint32_t before; /* the character in front of the parenthesis */
  int stretches;
  bool neutral;  /* a stretch that is the character's reading in the neutral tone */
  bool toned;    /* pinyin tone mark seen */
  bool bopomofo; /* a Bopomofo letter seen */
  bool pinyin;   /* a Latin letter seen */
} reading;

/* Ends a stretch of letters; false when it is no sequence of syllables. */
static bool end_stretch(reading *r) {
  if (!r->count) return true;
  bool good = splits(r->letters, r->count);
  size_t syllable = sy_syllable_find(r->letters, r->count);
  r->neutral = syllable < sy_syllable_count && sy_syllable_is_neutral(syllable, r->before);
  r->stretches++;
  r->count = 0;
  return good;
}

/* Takes one character of the content; false when no reading holds it. */
static bool take(reading *r, uint32_t c) {
  if (is_space(c) || c == '\'' || c == 0x2019) return end_stretch(r);
  if (is_bopomofo(c)) {
    r->bopomofo = true;
    return true;
  }
  if (is_bopomofo_tone(c)) return !r->pinyin; /* the neutral tone stands in front */
  if (is_tone_mark(c)) {                      /* behind its letter, as a combining mark */
    r->toned = true;
    return r->count > 0;
  }
  if (c == 0x308) { /* u and a combining diaeresis */
    if (!r->count || r->letters[r->count - 1] != 'u') return false;
    r->letters[r->count - 1] = 'v';
    return true;
  }
  bool toned;
  char letter = sy_pinyin_letter(c, &toned);
  if (!letter) return is_transparent(c);
  r->toned |= toned;
  if (r->count == MAX_LETTERS) return false;
  r->letters[r->count++] = letter;
  r->pinyin = true;
  return true;
}

const uint8_t *sy_gloss_end(const uint8_t *p, const uint8_t *end, uint32_t before) {
  reading r = {.before = before};
  uint32_t length;
  sy_utf8_decode(p, end, &length);
  for (p += length; p < end; p += length) {
    uint32_t c = sy_utf8_decode(p, end, &length);
    if (c == ')' || c == 0xFF09) {
      if (!end_stretch(&r)) return NULL;
      bool toned = r.toned || (r.stretches == 1 && r.neutral);
      return (r.pinyin ? toned && !r.bopomofo : r.bopomofo) ? p + length : NULL;
    }
    if (!take(&r, c)) return NULL;
  }
  return NULL;
}
