/* excerpt.c - scanning a long text for its best slices (excerpt.h). */
#include "query/excerpt.h"

#include "base/status.h"
#include "text/utf8.h"

#define BEST 8u                 /* slices, not counting neighbours */
#define SLICE_LEAST_BYTES 2048u /* and at least so much for each passage */
#define BYTES_PER_CHARACTER 4u
#define SLICE_MOST 8u          /* times its least bytes: then it ends without a clause's end */
#define PIECE_BYTES (1u << 20) /* that are read at once where no slice has a match */
#define TABLE_BITS 12u

typedef struct slice {
  uint32_t start, end;
  uint64_t pairs; /* bits: which of the query's stand in it */
  bool chosen;
} slice;

/* A pair has one of 63 bits, found by a hash: two pairs can share one, and what is no pair of the
 * query can look like one. Both make a slice look a little better or worse than it is. */
typedef struct scan {
  const sy_matcher *m;
  const sy_fold_table *fold;
  sy_string text;
  uint8_t bit_of[1u << TABLE_BITS]; /* 0: none */
  sy_buffer slices;
  slice current;
  uint32_t slice_bytes;
} scan;

enum { ALONE = 0, WORD = 1 }; /* in the place of a pair's second character */

static inline uint32_t slot_of(uint32_t first, uint32_t second) {
  uint64_t hash = ((uint64_t)first << 32 | second) * 0x9E3779B97F4A7C15ull;
  return (uint32_t)(hash >> (64 - TABLE_BITS));
}

static void add_units(scan *s) {
  const sy_pattern *patterns = (const sy_pattern *)s->m->patterns.data;
  uint32_t number = 0;
  for (size_t i = 0; i < s->m->patterns.bytes / sizeof *patterns; i++) {
    for (uint32_t k = 0; k < patterns[i].count; k++) {
      const sy_unit *unit = &patterns[i].units[k];
      bool pair = !unit->key.word_bytes && !unit->open && unit->key.second > SY_END_WORD;
      uint32_t second = unit->key.word_bytes ? WORD : pair ? unit->key.second : ALONE;
      /* The last character of a phrase is in the pair before it. */
      if (k && second == ALONE) continue;
      s->bit_of[slot_of(unit->key.first, second)] = (uint8_t)(1 + number++ % 63);
    }
  }
}

static inline void look_up(scan *s, uint32_t first, uint32_t second) {
  s->current.pairs |= 1ull << s->bit_of[slot_of(first, second)];
}

static void end_slice(scan *s, uint32_t at) {
  s->current.end = at;
  s->current.pairs &= ~1ull; /* the bit of no pair */
  sy_buffer_append(&s->slices, &s->current, sizeof s->current);
  s->current = (slice){.start = at};
}

/* Text without clauses must not be one slice: what is analysed takes ten times its bytes of
 * memory. */
static inline bool is_long(const scan *s, uint32_t at) {
  return at - s->current.start >= SLICE_MOST * s->slice_bytes;
}

static inline bool ends_clause(uint32_t c) {
  return c == 0x3002 || c == 0xFF0C || c == 0xFF01 || c == 0xFF1F || c == 0xFF1B; /* 。，！？； */
}

/* Passes over ASCII at `at`; white space leaves *previous as it is. */
static const uint8_t *scan_ascii(scan *s, const uint8_t *at, const uint8_t *end,
                                 uint32_t *previous) {
  const uint8_t *words = s->m->analyzers->folded.ascii_words; /* 0 for other bytes */
  const uint8_t *begin = (const uint8_t *)s->text.data;
  while (at < end && *at < 128) {
    uint32_t first = words[*at];
    if (!first) {
      if (*at > ' ') *previous = 0;
      if (*at <= ' ' && is_long(s, (uint32_t)(at - begin))) end_slice(s, (uint32_t)(at - begin));
      at++;
      continue;
    }
    *previous = 0;
    if (sy_matcher_may_match(s->m, first)) look_up(s, first, WORD);
    while (at < end && words[*at]) at++;
  }
  return at;
}

/* White space and what is transparent stand between nothing. `previous` is the last character, if a
 * pair of the query can begin with it. */
static void scan_text(scan *s, sy_stopwatch *time) {
  const uint8_t *begin = (const uint8_t *)s->text.data, *end = begin + s->text.bytes, *at = begin;
  uint32_t previous = 0;
  bool behind_clause = false;
  while (at < end) {
    if (*at < 128) {
      at = scan_ascii(s, at, end, &previous);
      behind_clause = false;
      continue;
    }
    uint32_t length, c = sy_utf8_decode(at, end, &length), entry = sy_fold_entry(s->fold, c);
    uint32_t folded = sy_folded(c, entry), class = entry >> SY_CLASS_SHIFT;
    uint32_t offset = (uint32_t)(at - begin);
    at += length;
    if (class == SY_CLASS_CHINESE) {
      if ((behind_clause && offset - s->current.start >= s->slice_bytes) || is_long(s, offset)) {
        end_slice(s, offset);
        if (sy_spend(time, s->slice_bytes / 3)) break;
      }
      if (previous) look_up(s, previous, folded);
      previous = sy_matcher_may_match(s->m, folded) ? folded : 0;
      if (previous) look_up(s, folded, ALONE);
    } else if (class != SY_CLASS_SPACE && class != SY_CLASS_TRANSPARENT) {
      if (class == SY_CLASS_WORD && sy_matcher_may_match(s->m, folded)) look_up(s, folded, WORD);
      previous = 0;
    }
    behind_clause = ends_clause(c);
  }
  end_slice(s, (uint32_t)s->text.bytes);
}

/* ---- Choosing -------------------------------------------------------------------------------- */

static uint32_t worth_of(const slice *s) { return (uint32_t)__builtin_popcountll(s->pairs); }

/* Marks the best slices, the earlier of equals. Returns how many there are. */
static uint32_t choose_slices(slice *slices, size_t count) {
  const slice *best[BEST];
  uint32_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t worth = worth_of(&slices[i]), at = found;
    if (!worth || (found == BEST && worth <= worth_of(best[BEST - 1]))) continue;
    if (found == BEST) {
      at--;
    } else {
      found++;
    }
    for (; at && worth_of(best[at - 1]) < worth; at--) best[at] = best[at - 1];
    best[at] = &slices[i];
  }
  for (uint32_t i = 0; i < found; i++) slices[best[i] - slices].chosen = true;
  return found;
}

/* Reads the chosen slices and those beside them; what lies together is one run. */
static sy_status read_slices(sy_matcher *m, sy_string text, const slice *slices, size_t count,
                             sy_error *error) {
  sy_matcher_begin(m, text);
  for (size_t i = 0; i < count;) {
    size_t first = i;
    while (i < count && (slices[i].chosen || (i && slices[i - 1].chosen) ||
                         (i + 1 < count && slices[i + 1].chosen)))
      i++;
    if (i > first)
      SY_TRY(sy_matcher_read(m, slices[first].start, slices[i - 1].end, error));
    else
      i++;
  }
  return sy_matcher_match(m, error);
}

static sy_status read_piece(sy_matcher *m, sy_string text, uint32_t start, uint32_t end,
                            sy_error *error) {
  sy_matcher_begin(m, text);
  SY_TRY(sy_matcher_read(m, start, end, error));
  return sy_matcher_match(m, error);
}

/* Reads slices one behind the other, up to PIECE_BYTES of them at once and the last one again with
 * the next, until there is a match; the first ones when there is none. */
static sy_status read_pieces(sy_matcher *m, sy_string text, const slice *slices, size_t count,
                             sy_error *error) {
  size_t first = 0, next = 0, first_end = 0;
  while (next < count) {
    while (next < count && slices[next].end - slices[first].start <= PIECE_BYTES) next++;
    if (next < first + 2) next = first + 2 < count ? first + 2 : count;
    if (!first) first_end = slices[next - 1].end;
    SY_TRY(read_piece(m, text, slices[first].start, slices[next - 1].end, error));
    if (m->match_count) return SY_OK;
    first = next - 1;
  }
  return first_end < text.bytes ? read_piece(m, text, 0, (uint32_t)first_end, error) : SY_OK;
}

sy_status sy_excerpt_run(sy_matcher *m, sy_string text, uint32_t characters, sy_error *error) {
  if (text.bytes < SY_EXCERPT_LEAST_BYTES) return sy_matcher_run(m, text, error);
  SY_TRY(sy_matcher_prepare(m, error));
  scan s = {.m = m, .fold = m->analyzers->folded.table, .text = text};
  s.slice_bytes = characters * BYTES_PER_CHARACTER;
  if (s.slice_bytes < SLICE_LEAST_BYTES) s.slice_bytes = SLICE_LEAST_BYTES;
  add_units(&s);
  scan_text(&s, &m->time);
  slice *slices = (slice *)s.slices.data;
  size_t count = s.slices.bytes / sizeof *slices;
  sy_status status = s.slices.failed ? sy_fail_memory(error) : SY_OK;
  m->match_count = 0;
  if (status == SY_OK && choose_slices(slices, count))
    status = read_slices(m, text, slices, count, error);
  if (status == SY_OK && !m->match_count) status = read_pieces(m, text, slices, count, error);
  sy_buffer_free(&s.slices);
  return status;
}
