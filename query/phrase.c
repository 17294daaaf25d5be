/*
 * phrase.c - the phrase iterator.
 *
 * Articles are found by all the phrase's lists, rarest first: each list more is a filter, and with
 * only the non-overlapping cover the candidates grow (2-3 times slower at p95 on common phrases).
 * Positions are read for the cover only: of ABCDE the bigrams AB and CD and DE say where it stands,
 * BC says nothing more.
 *
 * In an article, the list with the fewest positions leads; the others follow it with an index each,
 * because wanted positions ascend.
 */
#include "base/status.h"
#include "query/iterator.h"

typedef struct phrase_list {
  sy_postings postings;
  uint32_t offset;
  bool cover;
} phrase_list;

typedef struct phrase_iterator {
  sy_iterator base;
  sy_scorer scorer;
  phrase_list *lists;     /* rarest first */
  sy_postings **postings; /* of the lists */
  uint32_t count;
  sy_positions *positions;  /* of the cover, in the current article */
  uint32_t *offsets, *next; /* of the cover: offset in the phrase; first position not passed yet */
  uint32_t cover_count;
  uint32_t frequency;
  uint32_t *starts; /* `frequency` of them, when scoring */
  uint32_t starts_capacity;
} phrase_iterator;

static uint32_t phrase_advance(sy_iterator *it, uint32_t target) {
  phrase_iterator *p = (phrase_iterator *)it;
  sy_contest contest = {&p->scorer, it->floor};
  return it->article = sy_lists_advance(it->context, p->postings, p->count, target,
                                        it->floor ? &contest : NULL);
}

/* Positions of the cover, the list with the fewest in front. */
static bool load_positions(phrase_iterator *p) {
  uint32_t n = 0, fewest = 0;
  for (uint32_t i = 0; i < p->count; i++) {
    if (p->lists[i].cover) sy_postings_fetch_positions(&p->lists[i].postings);
  }
  for (uint32_t i = 0; i < p->count; i++) {
    phrase_list *list = &p->lists[i];
    if (!list->cover) continue;
    if (!sy_postings_positions(&list->postings, &p->positions[n])) {
      sy_search_damaged(p->base.context);
      return false;
    }
    p->base.context->positions += p->positions[n].count;
    p->offsets[n] = list->offset;
    p->next[n] = sy_positions_next(&p->positions[n]);
    if (p->positions[n].count < p->positions[fewest].count) fewest = n;
    n++;
  }
  sy_positions lead = p->positions[fewest];
  p->positions[fewest] = p->positions[0];
  p->positions[0] = lead;
  uint32_t offset = p->offsets[fewest];
  p->offsets[fewest] = p->offsets[0];
  p->offsets[0] = offset;
  uint32_t next = p->next[fewest];
  p->next[fewest] = p->next[0];
  p->next[0] = next;
  return true;
}

/* Whether list `i` of the cover has `wanted`, which is above all asked for before. */
static inline bool has_position(phrase_iterator *p, uint32_t i, uint32_t wanted) {
  uint32_t position = p->next[i];
  while (position < wanted) position = sy_positions_next(&p->positions[i]);
  p->next[i] = position;
  return position == wanted;
}

static bool keep_start(phrase_iterator *p, uint32_t start) {
  if (p->frequency == p->starts_capacity) {
    uint32_t capacity = p->starts_capacity ? p->starts_capacity * 2 : 16;
    uint32_t *grown = sy_arena_alloc(p->base.context->arena, capacity * sizeof *grown);
    if (!grown) {
      p->base.context->status = sy_fail_memory(p->base.context->error);
      return false;
    }
    if (p->frequency) memcpy(grown, p->starts, p->frequency * sizeof *grown);
    p->starts = grown;
    p->starts_capacity = capacity;
  }
  p->starts[p->frequency++] = start;
  return true;
}

static bool phrase_matches(sy_iterator *it) {
  phrase_iterator *p = (phrase_iterator *)it;
  p->frequency = 0;
  if (!load_positions(p)) return false;
  for (uint32_t position = p->next[0]; position != SY_NO_POSITION;
       position = sy_positions_next(&p->positions[0])) {
    if (p->positions[0].left % SY_DEADLINE_STEPS == SY_DEADLINE_STEPS - 1 &&
        sy_spend(&it->context->time, SY_DEADLINE_STEPS)) {
      return false;
    }
    if (position < p->offsets[0]) continue;
    uint32_t start = position - p->offsets[0], i = 1;
    while (i < p->cover_count && has_position(p, i, start + p->offsets[i])) i++;
    if (i < p->cover_count) continue;
    if (!keep_start(p, start)) return false;
    if (!it->context->scoring) return true;
  }
  return p->frequency > 0;
}

static uint64_t phrase_score(sy_iterator *it) {
  phrase_iterator *p = (phrase_iterator *)it;
  return sy_scorer_score(&p->scorer, it->article, p->frequency);
}

/* A phrase is not more frequent in an article than any of its terms. */
static uint64_t phrase_upper(sy_iterator *it) {
  phrase_iterator *p = (phrase_iterator *)it;
  uint32_t least = UINT32_MAX;
  for (uint32_t i = 0; i < p->count && least > 1; i++) {
    uint32_t frequency = sy_postings_frequency(&p->lists[i].postings);
    if (frequency < least) least = frequency;
  }
  return sy_scorer_score(&p->scorer, it->article, least);
}

static uint64_t phrase_bound(sy_iterator *it, uint32_t target, uint32_t *last) {
  phrase_iterator *p = (phrase_iterator *)it;
  uint32_t least = 255;
  *last = SY_NO_ARTICLE - 1;
  for (uint32_t i = 0; i < p->count; i++) {
    uint32_t impact, block_last = sy_postings_block_bound(&p->lists[i].postings, target, &impact);
    if (impact < least) least = impact;
    if (block_last < *last) *last = block_last;
  }
  return sy_scorer_bound(&p->scorer, least);
}

static uint64_t phrase_most(sy_iterator *it) {
  phrase_iterator *p = (phrase_iterator *)it;
  uint32_t least = 255;
  for (uint32_t i = 0; i < p->count; i++) {
    uint32_t impact = sy_postings_max_impact(&p->lists[i].postings);
    if (impact < least) least = impact;
  }
  return sy_scorer_bound(&p->scorer, least);
}

uint32_t sy_phrase_iterator_lists(sy_iterator *it, sy_postings **lists) {
  if (it->advance != phrase_advance) return 0;
  phrase_iterator *p = (phrase_iterator *)it;
  for (uint32_t i = 0; lists && i < p->count; i++) lists[i] = p->postings[i];
  return p->count;
}

const uint32_t *sy_phrase_iterator_starts(sy_iterator *it, uint32_t *count) {
  phrase_iterator *p = (phrase_iterator *)it;
  *count = p->frequency;
  return p->starts;
}

/* Opens the lists, rarest first. Selection sort: phrases are short. */
static void open_lists(phrase_iterator *p, const sy_phrase_spec *spec, bool *taken) {
  for (uint32_t i = 0; i < p->count; i++) {
    uint32_t rarest = UINT32_MAX;
    for (uint32_t k = 0; k < p->count; k++) {
      if (!taken[k] && (rarest == UINT32_MAX || spec->lists[k].df < spec->lists[rarest].df))
        rarest = k;
    }
    taken[rarest] = true;
    p->postings[i] = &p->lists[i].postings;
    sy_search_open_list(p->base.context, &spec->lists[rarest], p->postings[i]);
    p->lists[i].offset = spec->offsets[rarest];
    p->lists[i].cover = spec->cover[rarest];
    p->cover_count += spec->cover[rarest];
  }
}

sy_iterator *sy_phrase_iterator(sy_search_context *context, const sy_phrase_spec *spec,
                                sy_scorer scorer) {
  phrase_iterator *p = sy_arena_calloc(context->arena, 1, sizeof *p);
  bool *taken = sy_arena_calloc(context->arena, spec->count, sizeof *taken);
  if (!p || !taken) return NULL;
  p->base = (sy_iterator){phrase_advance,
                          phrase_matches,
                          phrase_score,
                          phrase_upper,
                          phrase_bound,
                          phrase_most,
                          0,
                          0,
                          0,
                          context};
  p->scorer = scorer;
  p->count = spec->count;
  p->lists = sy_arena_alloc(context->arena, spec->count * sizeof *p->lists);
  p->postings = sy_arena_alloc(context->arena, spec->count * sizeof(sy_postings *));
  p->positions = sy_arena_calloc(context->arena, spec->count, sizeof *p->positions);
  p->offsets = sy_arena_calloc(context->arena, spec->count, sizeof *p->offsets);
  p->next = sy_arena_calloc(context->arena, spec->count, sizeof *p->next);
  if (!p->lists || !p->postings || !p->positions || !p->offsets || !p->next) return NULL;
  open_lists(p, spec, taken);
  p->base.cost = p->lists[0].postings.list.df;
  phrase_advance(&p->base, 0);
  return &p->base;
}
