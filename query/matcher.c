/* matcher.c - finding patterns of units in a text (matcher.h). */
#include "query/matcher.h"

#include "base/status.h"

#include <xxhash.h>

void sy_matcher_init(sy_matcher *m, sy_analyzer *analyzer) {
  memset(m, 0, sizeof *m);
  m->analyzer = analyzer;
}

void sy_matcher_free(sy_matcher *m) {
  sy_buffer *buffers[] = {&m->patterns, &m->slots, &m->units, &m->words, &m->matches};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
}

static void add_pattern(sy_matcher *m, const sy_unit *units, uint32_t count, bool bigram) {
  sy_pattern pattern = {units, count, SY_NO_PATTERN, bigram};
  sy_buffer_append(&m->patterns, &pattern, sizeof pattern);
}

sy_status sy_matcher_add(sy_matcher *m, const sy_leaf *leaf, sy_error *error) {
  m->slots.bytes = 0;
  if (!leaf->bag) {
    add_pattern(m, leaf->units, leaf->count, false);
  } else {
    for (uint32_t i = 0; i < leaf->count; i++) {
      const sy_unit *unit = &leaf->units[i];
      bool word = unit->key.word_bytes > 0, bigram = !word && unit->key.second > SY_END_WORD;
      bool before = i > 0 && !unit[-1].key.word_bytes && unit[-1].key.second > SY_END_WORD;
      if (word || bigram || !before) add_pattern(m, unit, 1, bigram);
    }
  }
  return m->patterns.failed ? sy_fail_memory(error) : SY_OK;
}

/* ---- Hash table of first terms --------------------------------------------------------------- */

/* Chinese patterns of one open unit know only the first character, all others the whole term.
 * The first unit of a longer pattern is never open. */
static uint64_t chinese_hash(uint32_t first, uint32_t second) {
  return ((uint64_t)first << 32 | second) * 0x9E3779B97F4A7C15ull;
}
#define OPEN_SECOND UINT32_MAX

static uint64_t unit_hash(const sy_unit *unit) {
  if (unit->key.word_bytes) return XXH3_64bits(unit->key.word, unit->key.word_bytes);
  return chinese_hash(unit->key.first, unit->open ? OPEN_SECOND : unit->key.second);
}

static sy_status build_table(sy_matcher *m, sy_error *error) {
  uint32_t count = (uint32_t)(m->patterns.bytes / sizeof(sy_pattern)), capacity = 16;
  while (capacity < 2 * count) capacity *= 2;
  m->mask = capacity - 1;
  m->has_open_words = false;
  uint32_t *slots = (uint32_t *)sy_buffer_reserve(&m->slots, capacity * sizeof *slots);
  if (!slots) return sy_fail_memory(error);
  m->slots.bytes = capacity * sizeof *slots;
  memset(slots, 0xff, m->slots.bytes);
  sy_pattern *patterns = (sy_pattern *)m->patterns.data;
  for (uint32_t i = 0; i < count; i++) {
    const sy_unit *first = patterns[i].units;
    if (first->open && first->key.word_bytes) {
      m->has_open_words = true;
      continue;
    }
    uint32_t at = (uint32_t)(unit_hash(first) >> 32) & m->mask;
    patterns[i].next = slots[at]; /* chained by slot, compared in full when met */
    slots[at] = i;
  }
  return SY_OK;
}

/* ---- Matching -------------------------------------------------------------------------------- */

static sy_status analyze(sy_matcher *m, sy_string text, sy_error *error) {
  m->units.bytes = m->words.bytes = 0;
  sy_analyzer_begin(m->analyzer, text.data, text.bytes);
  for (;;) {
    sy_term *terms = (sy_term *)sy_buffer_reserve(&m->units, 4 * SY_TERM_BATCH * sizeof *terms);
    if (!terms) return sy_fail_memory(error);
    size_t count = sy_analyzer_next(m->analyzer, terms, 4 * SY_TERM_BATCH);
    if (!count) return SY_OK;
    m->units.bytes += count * sizeof *terms;
    for (size_t i = 0; i < count; i++) {
      if (!terms[i].word_bytes) continue;
      uint32_t at = (uint32_t)m->words.bytes;
      sy_buffer_append(&m->words, sy_term_word(m->analyzer, &terms[i]), terms[i].word_bytes);
      terms[i].second = at; /* now in our copy */
    }
    if (m->words.failed || m->words.bytes > UINT32_MAX - SY_WORD_MAX_BYTES)
      return sy_fail_memory(error);
  }
}

static bool unit_is(const sy_matcher *m, const sy_term *term, const sy_unit *unit) {
  if (term->first != unit->key.first || (term->word_bytes > 0) != (unit->key.word_bytes > 0))
    return false;
  if (!term->word_bytes) return unit->open || term->second == unit->key.second;
  if (unit->open ? term->word_bytes < unit->key.word_bytes
                 : term->word_bytes != unit->key.word_bytes)
    return false;
  return !memcmp(m->words.data + term->second, unit->key.word, unit->key.word_bytes);
}

static void try_pattern(sy_matcher *m, uint32_t number, size_t at) {
  const sy_pattern *pattern = (const sy_pattern *)m->patterns.data + number;
  const sy_term *units = sy_matcher_units(m) + at;
  size_t left = sy_matcher_unit_count(m) - at;
  if (pattern->count > left) return;
  for (uint32_t i = 0; i < pattern->count; i++) {
    uint32_t offset = pattern->units[i].offset - pattern->units[0].offset;
    if (units[i].position - units[0].position != offset ||
        !unit_is(m, &units[i], &pattern->units[i]))
      return;
  }
  uint32_t count = pattern->count + (pattern->bigram && left > 1);
  sy_match match = {units[0].start, units[count - 1].end, (uint32_t)at, (uint32_t)at + count,
                    number};
  sy_buffer_append(&m->matches, &match, sizeof match);
  m->match_count++;
}

static void try_slot(sy_matcher *m, uint64_t hash, size_t at) {
  const sy_pattern *patterns = (const sy_pattern *)m->patterns.data;
  uint32_t i = ((const uint32_t *)m->slots.data)[(uint32_t)(hash >> 32) & m->mask];
  for (; i != SY_NO_PATTERN; i = patterns[i].next) {
    if (unit_hash(patterns[i].units) == hash) try_pattern(m, i, at);
  }
}

static void try_open_words(sy_matcher *m, size_t at) {
  const sy_pattern *patterns = (const sy_pattern *)m->patterns.data;
  for (uint32_t i = 0; i < m->patterns.bytes / sizeof *patterns; i++) {
    if (patterns[i].units->open && patterns[i].units->key.word_bytes) try_pattern(m, i, at);
  }
}

sy_status sy_matcher_run(sy_matcher *m, sy_string text, sy_error *error) {
  if (!m->slots.bytes) SY_TRY(build_table(m, error));
  m->matches.bytes = 0;
  m->match_count = 0;
  SY_TRY(analyze(m, text, error));
  size_t count = sy_matcher_unit_count(m);
  for (size_t i = 0; i < count; i++) {
    const sy_term *unit = sy_matcher_units(m) + i;
    if (unit->word_bytes) {
      try_slot(m, XXH3_64bits(m->words.data + unit->second, unit->word_bytes), i);
      if (m->has_open_words) try_open_words(m, i);
    } else {
      try_slot(m, chinese_hash(unit->first, unit->second), i);
      try_slot(m, chinese_hash(unit->first, OPEN_SECOND), i);
    }
  }
  return m->matches.failed ? sy_fail_memory(error) : SY_OK;
}
