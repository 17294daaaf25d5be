/* excerpt.c - choosing and reading the best sections of a long article (excerpt.h). */
#include "query/excerpt.h"

#include "base/status.h"

#define MOST_STRETCHES (1u << 16)
#define READ_AT_ONCE 64u /* sections, where no passage is known: about a megabyte */

/* The article's positions in stretches of equal length. A passage lies in two of them that follow
 * each other. */
typedef struct map {
  uint32_t length; /* of a stretch */
  uint32_t count;
  uint64_t *patterns; /* of each stretch: bits, the patterns found in it, by number modulo 64 */
  sy_buffer starts;   /* u32: positions at which a pattern may begin */
} map;

/* ---- Where the patterns stand ---------------------------------------------------------------- */

/* The positions of a term in the article; none when it is not there. */
static sy_status find_positions(sy_segment *segment, uint32_t article, const sy_term_key *key,
                                sy_positions *out, sy_error *error) {
  sy_lexicon_cursor cursor;
  sy_list list;
  sy_postings postings;
  *out = (sy_positions){0};
  sy_status status = sy_lexicon_find(&segment->lexicon, SY_FIELD_INDEX_BODY, key, &cursor, error);
  if (status != SY_OK) return status == SY_NOT_FOUND ? SY_OK : status;
  SY_TRY(sy_lexicon_list(&cursor, &list, error));
  sy_postings_open(&postings, &list);
  bool found = sy_postings_advance(&postings, article) == article;
  if (found) sy_postings_positions(&postings, out);
  if (!postings.corrupt) return SY_OK;
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(segment->env), 0,
                    "a postings list contradicts itself");
}

static void keep_all(map *map, sy_positions *positions, uint32_t offset) {
  for (uint32_t at; (at = sy_positions_next(positions)) != SY_NO_POSITION;) {
    if (at >= offset) sy_buffer_u32(&map->starts, at - offset);
  }
}

/* Keeps the starts that have the term at `offset`. */
static void keep_common(map *map, sy_positions *positions, uint32_t offset) {
  uint32_t *starts = (uint32_t *)map->starts.data, at = sy_positions_next(positions);
  size_t kept = 0;
  for (size_t i = 0; i < map->starts.bytes / sizeof *starts; i++) {
    while (at < starts[i] + offset) at = sy_positions_next(positions);
    if (at == SY_NO_POSITION) break;
    if (at == starts[i] + offset) starts[kept++] = starts[i];
  }
  map->starts.bytes = kept * sizeof *starts;
}

/* Finds where the units of a pattern follow each other, as far as they are terms. */
static sy_status find_starts(map *map, sy_matcher *m, sy_segment *segment, uint32_t article,
                             const sy_pattern *pattern, sy_error *error) {
  bool any = false;
  map->starts.bytes = 0;
  for (uint32_t i = 0; i < pattern->count && (!any || map->starts.bytes); i++) {
    const sy_unit *unit = &pattern->units[i];
    sy_positions positions;
    if (unit->open) continue;
    SY_TRY(find_positions(segment, article, &unit->key, &positions, error));
    if (sy_spend(&m->time, SY_DEADLINE_STEPS + positions.count)) return SY_OK;
    if (any) {
      keep_common(map, &positions, unit->offset - pattern->units->offset);
    } else {
      keep_all(map, &positions, unit->offset - pattern->units->offset);
    }
    any = true;
  }
  return map->starts.failed ? sy_fail_memory(error) : SY_OK;
}

static sy_status fill_map(map *map, sy_matcher *m, sy_segment *segment, uint32_t article,
                          sy_error *error) {
  const sy_pattern *patterns = (const sy_pattern *)m->patterns.data;
  for (size_t i = 0; i < m->patterns.bytes / sizeof *patterns; i++) {
    SY_TRY(find_starts(map, m, segment, article, &patterns[i], error));
    const uint32_t *starts = (const uint32_t *)map->starts.data;
    for (size_t k = 0; k < map->starts.bytes / sizeof *starts; k++) {
      uint32_t stretch = starts[k] / map->length;
      map->patterns[stretch < map->count ? stretch : map->count - 1] |= 1ull << (i % 64);
    }
  }
  return SY_OK;
}

/* ---- Choosing -------------------------------------------------------------------------------- */

/* Of stretch `at` and the next. */
static uint64_t patterns_of(const map *map, uint32_t at) {
  return map->patterns[at] | (at + 1 < map->count ? map->patterns[at + 1] : 0);
}

/* What a passage with these patterns is worth; as in snippet.c, but for repetitions. */
static uint32_t worth_of(const sy_matcher *m, uint64_t bits) {
  const sy_pattern *patterns = (const sy_pattern *)m->patterns.data;
  uint32_t worth = 0;
  for (; bits; bits &= bits - 1) {
    const sy_pattern *p = &patterns[__builtin_ctzll(bits)];
    worth += p->count + p->bigram;
  }
  return worth;
}

/* Chooses the sections of the best passages, the earlier of equals. */
static void choose_sections(map *map, const sy_matcher *m, const sy_sections *sections,
                            uint32_t passages, bool *chosen) {
  for (; passages; passages--) {
    uint32_t best = 0, most = 0;
    uint64_t seen = 0;
    for (uint32_t at = 0; at < map->count; at++) {
      uint64_t bits = patterns_of(map, at);
      if (bits == seen) continue; /* worth no more than those before */
      seen = bits;
      uint32_t worth = worth_of(m, bits);
      if (worth > most) {
        most = worth;
        best = at;
      }
    }
    if (!most) return;
    /* Around a passage as much as it has itself. */
    uint32_t begin = best ? (best - 1) * map->length : 0;
    uint64_t end = (best + 3ull) * map->length;
    uint32_t last = sy_sections_find(sections, end < UINT32_MAX ? (uint32_t)end : UINT32_MAX);
    for (uint32_t i = sy_sections_find(sections, begin); i <= last; i++) chosen[i] = true;
    map->patterns[best] = 0;
    if (best + 1 < map->count) map->patterns[best + 1] = 0;
  }
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* Reads sections [first, end) as one run. */
static sy_status read_run(sy_matcher *m, sy_sectioned_article *body, uint32_t first, uint32_t end,
                          sy_error *error) {
  for (uint32_t i = first; i < end; i++) SY_TRY(sy_articles_read_section(body, i, error));
  return sy_matcher_read(m, sy_sections_get(&body->sections, first).offset,
                         sy_sections_get(&body->sections, end).offset, error);
}

static sy_status read_chosen(sy_matcher *m, sy_sectioned_article *body, const bool *chosen,
                             sy_error *error) {
  uint32_t count = body->sections.count;
  sy_matcher_begin(m, body->article.body);
  for (uint32_t i = 0; i < count;) {
    uint32_t first = i;
    while (i < count && chosen[i]) i++;
    if (i > first) SY_TRY(read_run(m, body, first, i, error));
    if (i < count) i++;
  }
  return sy_matcher_match(m, error);
}

static sy_status read_only(sy_matcher *m, sy_sectioned_article *body, uint32_t first, uint32_t end,
                           sy_error *error) {
  sy_matcher_begin(m, body->article.body);
  SY_TRY(read_run(m, body, first, end, error));
  return sy_matcher_match(m, error);
}

/* Reads sections from the first on, the last one again with the next, until there is a match; the
 * first one when there is none. */
static sy_status read_on(sy_matcher *m, sy_sectioned_article *body, sy_error *error) {
  uint32_t count = body->sections.count, first = 0, end = 1;
  bool looking = m->patterns.bytes > 0;
  while (looking && end < count && !sy_is_over(&m->time)) {
    first = end - 1;
    end = count - first > READ_AT_ONCE ? first + READ_AT_ONCE : count;
    SY_TRY(read_only(m, body, first, end, error));
    if (m->match_count) return SY_OK;
  }
  return read_only(m, body, 0, 1, error);
}

static sy_status read_sections(sy_matcher *m, sy_segment *segment, uint32_t article,
                               sy_sectioned_article *body, const sy_snippet_options *options,
                               map *map, bool *chosen, sy_error *error) {
  SY_TRY(fill_map(map, m, segment, article, error));
  choose_sections(map, m, &body->sections, options->passages, chosen);
  SY_TRY(read_chosen(m, body, chosen, error));
  return m->match_count ? SY_OK : read_on(m, body, error);
}

sy_status sy_excerpt_run(sy_matcher *m, sy_segment *segment, uint32_t article,
                         sy_sectioned_article *body, const sy_snippet_options *options,
                         sy_error *error) {
  const sy_sections *sections = &body->sections;
  if (sections->count == 1) return sy_matcher_run(m, body->article.body, error);
  SY_TRY(sy_matcher_prepare(m, error));
  sy_section last = sy_sections_get(sections, sections->count - 1);
  /* There are at most two positions a byte. */
  uint64_t positions = last.position + 2 * (uint64_t)(sections->text_bytes - last.offset);
  map map = {.length = options->passage_characters};
  while (positions / map.length >= MOST_STRETCHES) map.length *= 2;
  map.count = (uint32_t)(positions / map.length) + 1;
  map.patterns = calloc(map.count, sizeof *map.patterns);
  bool *chosen = calloc(sections->count, sizeof *chosen);
  sy_status status = map.patterns && chosen
                         ? read_sections(m, segment, article, body, options, &map, chosen, error)
                         : sy_fail_memory(error);
  sy_buffer_free(&map.starts);
  free(map.patterns);
  free(chosen);
  return status;
}
