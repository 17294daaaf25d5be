/* matcher.c - finding patterns of units in a text (matcher.h). */
#include "query/matcher.h"

#include "base/status.h"

#include <xxhash.h>

void sy_matcher_init(sy_matcher *m, sy_analyzers *analyzers, sy_deadline *deadline) {
  memset(m, 0, sizeof *m);
  m->analyzers = analyzers;
  m->time = (sy_time_budget){deadline, 0};
}

void sy_matcher_free(sy_matcher *m) {
  sy_buffer *buffers[] = {&m->patterns, &m->slots, &m->runs, &m->units, &m->words, &m->matches};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
}

/* A part of a bag, unit `at`; it has a typed form when the two readings agree unit by unit. */
static void add_part(sy_matcher *m, const sy_leaf *leaf, uint32_t at, bool bigram) {
  bool typed = leaf->typed && leaf->typed_count == leaf->count;
  sy_pattern pattern = {.units = leaf->units + at,
                        .count = 1,
                        .next = SY_NO_PATTERN,
                        .typed = typed ? leaf->typed + at : NULL,
                        .typed_count = 1,
                        .bigram = bigram};
  sy_buffer_append(&m->patterns, &pattern, sizeof pattern);
}

sy_status sy_matcher_add(sy_matcher *m, const sy_leaf *leaf, sy_error *error) {
  m->slots.bytes = 0;
  if (!leaf->bag) {
    sy_pattern pattern = {.units = leaf->units,
                          .count = leaf->count,
                          .next = SY_NO_PATTERN,
                          .typed = leaf->typed,
                          .typed_count = leaf->typed_count,
                          .exact = leaf->exact};
    sy_buffer_append(&m->patterns, &pattern, sizeof pattern);
  } else {
    for (uint32_t i = 0; i < leaf->count; i++) {
      const sy_unit *unit = &leaf->units[i];
      bool word = unit->key.word_bytes > 0, bigram = !word && unit->key.second > SY_END_WORD;
      bool before = i > 0 && !unit[-1].key.word_bytes && unit[-1].key.second > SY_END_WORD;
      if (word || bigram || !before) add_part(m, leaf, i, bigram);
    }
  }
  return m->patterns.failed ? sy_fail_memory(error) : SY_OK;
}

sy_status sy_matcher_add_leaves(sy_matcher *title, sy_matcher *body, const sy_node *node,
                                bool typed, sy_arena *arena, sy_error *error) {
  if (node->occur == SY_MUST_NOT || node->kind == SY_NODE_NONE) return SY_OK;
  if (node->kind == SY_NODE_GROUP) {
    for (const sy_node *child = node->child; child; child = child->next) {
      SY_TRY(sy_matcher_add_leaves(title, body, child, typed, arena, error));
    }
    return SY_OK;
  }
  if (node->fields & SY_FIELD_ID) return SY_OK;
  sy_leaf leaf;
  SY_TRY(sy_leaf_analyze(title->analyzers, arena, node, typed, &leaf, error));
  if (!node->fields || node->fields & SY_FIELD_TITLE) SY_TRY(sy_matcher_add(title, &leaf, error));
  if (!node->fields || node->fields & SY_FIELD_BODY) SY_TRY(sy_matcher_add(body, &leaf, error));
  return SY_OK;
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
  memset(m->firsts, 0, sizeof m->firsts);
  sy_pattern *patterns = (sy_pattern *)m->patterns.data;
  for (uint32_t i = 0; i < count; i++) {
    const sy_unit *first = patterns[i].units;
    for (uint32_t k = 0; k < patterns[i].count; k++) {
      uint32_t c = first[k].key.first;
      m->firsts[c >> 6 & 1023] |= 1ull << (c & 63);
    }
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

void sy_matcher_begin(sy_matcher *m, sy_string text) {
  m->text = text;
  m->runs.bytes = m->units.bytes = m->words.bytes = 0;
}

/* Keeps the words that can match. `start` is where the part begins that is being read. */
static void keep_units(sy_matcher *m, sy_term *terms, size_t count, uint32_t start) {
  const sy_analyzer *analyzer = &m->analyzers->folded;
  m->units.bytes += count * sizeof *terms;
  for (size_t i = 0; i < count; i++) {
    terms[i].start += start;
    terms[i].end += start;
    if (!terms[i].word_bytes || !sy_matcher_may_match(m, terms[i].first)) continue;
    uint32_t at = (uint32_t)m->words.bytes;
    sy_buffer_append(&m->words, sy_term_word(analyzer, &terms[i]), terms[i].word_bytes);
    terms[i].second = at; /* now in our copy; of words that cannot match there is none */
  }
}

sy_status sy_matcher_read(sy_matcher *m, uint32_t start, uint32_t end, sy_error *error) {
  sy_analyzer *analyzer = &m->analyzers->folded;
  uint32_t first = (uint32_t)sy_matcher_unit_count(m);
  sy_text_run run = {start, start, first, first};
  sy_analyzer_begin(analyzer, m->text.data + start, end - start);
  while (!sy_spend(&m->time, 4 * SY_TERM_BATCH)) {
    sy_term *terms = (sy_term *)sy_buffer_reserve(&m->units, 4 * SY_TERM_BATCH * sizeof *terms);
    if (!terms) return sy_fail_memory(error);
    size_t count = sy_analyzer_next(analyzer, terms, 4 * SY_TERM_BATCH);
    keep_units(m, terms, count, start);
    run.end = count ? terms[count - 1].end : end;
    if (m->words.failed || m->words.bytes > UINT32_MAX - SY_WORD_MAX_BYTES)
      return sy_fail_memory(error);
    if (!count) break;
  }
  run.end_unit = (uint32_t)sy_matcher_unit_count(m);
  sy_buffer_append(&m->runs, &run, sizeof run);
  return m->runs.failed ? sy_fail_memory(error) : SY_OK;
}

const sy_text_run *sy_matcher_run_of(const sy_matcher *m, uint32_t unit) {
  const sy_text_run *run = (const sy_text_run *)m->runs.data;
  while (unit >= run->end_unit && (const uint8_t *)(run + 1) < m->runs.data + m->runs.bytes) run++;
  return run;
}

static bool unit_is(const uint8_t *words, const sy_term *term, const sy_unit *unit) {
  if (term->first != unit->key.first || (term->word_bytes > 0) != (unit->key.word_bytes > 0))
    return false;
  if (!term->word_bytes) return unit->open || term->second == unit->key.second;
  if (unit->open ? term->word_bytes < unit->key.word_bytes
                 : term->word_bytes != unit->key.word_bytes)
    return false;
  return !memcmp(words + term->second, unit->key.word, unit->key.word_bytes);
}

/* Whether a piece of text, read without folding, is the pattern as it was typed. What a character
 * at its end is followed by is not in the piece. */
static bool is_typed(sy_matcher *m, const sy_pattern *pattern, const char *text, uint32_t bytes) {
  sy_analyzer *a = &m->analyzers->typed;
  sy_term terms[SY_TERM_BATCH];
  size_t count;
  uint32_t i = 0;
  sy_analyzer_begin(a, text, bytes);
  while (i < pattern->typed_count && (count = sy_analyzer_next(a, terms, SY_TERM_BATCH)) > 0) {
    for (size_t k = 0; k < count && i < pattern->typed_count; k++, i++) {
      const sy_unit *unit = &pattern->typed[i];
      bool same = unit_is(a->words, &terms[k], unit) &&
                  terms[k].position == unit->offset - pattern->typed[0].offset;
      if (!same) return false;
    }
  }
  return i == pattern->typed_count;
}

static void try_pattern(sy_matcher *m, uint32_t number, size_t at) {
  const sy_pattern *pattern = (const sy_pattern *)m->patterns.data + number;
  const sy_term *units = sy_matcher_units(m) + at;
  size_t left = sy_matcher_unit_count(m) - at;
  if (pattern->count > left) return;
  for (uint32_t i = 0; i < pattern->count; i++) {
    uint32_t offset = pattern->units[i].offset - pattern->units[0].offset;
    if (units[i].position - units[0].position != offset ||
        !unit_is(m->words.data, &units[i], &pattern->units[i]))
      return;
  }
  uint32_t count = pattern->count + (pattern->bigram && left > 1);
  uint32_t start = units[0].start, end = units[count - 1].end;
  bool typed = pattern->typed && is_typed(m, pattern, m->text.data + start, end - start);
  if (pattern->exact && !typed) return;
  sy_match match = {start, end, (uint32_t)at, (uint32_t)at + count, number, typed};
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

sy_status sy_matcher_prepare(sy_matcher *m, sy_error *error) {
  return m->slots.bytes ? SY_OK : build_table(m, error);
}

sy_status sy_matcher_match(sy_matcher *m, sy_error *error) {
  m->matches.bytes = 0;
  m->match_count = 0;
  size_t count = sy_matcher_unit_count(m);
  for (size_t i = 0; i < count; i++) {
    const sy_term *unit = sy_matcher_units(m) + i;
    if (!sy_matcher_may_match(m, unit->first)) continue;
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

sy_status sy_matcher_run(sy_matcher *m, sy_string text, sy_error *error) {
  SY_TRY(sy_matcher_prepare(m, error));
  sy_matcher_begin(m, text);
  SY_TRY(sy_matcher_read(m, 0, (uint32_t)text.bytes, error));
  return sy_matcher_match(m, error);
}
