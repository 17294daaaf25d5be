/*
 * count.c - how many articles match (contract in suoyin.h), without scores.
 *
 * One list or array is counted by its length. A disjunction is counted by windows of articles, a
 * bit each: lists set bits block by block, and what must be verified - phrases - is verified only
 * where no bit is set yet. Everything else is walked, candidate by candidate; phrases many at a
 * time (phrase_batch.c).
 */
#include "query/index.h"

#include "base/status.h"
#include "storage/simd.h"

#define WINDOW 65536u

/* Articles of the range that match, from the current candidate on: that one or none, or as many as
 * a phrase finds at once. Goes on behind them. */
static uint32_t next_matches(sy_iterator *it, const sy_batch_range *range,
                             uint32_t found[SY_BLOCK]) {
  uint32_t count = 0;
  bool skipped = range->skip && range->skip(range->context, it->article);
  if (!skipped && sy_phrase_iterator_batch(it, range, found, &count)) return count;
  found[0] = it->article;
  count = !skipped && it->matches(it);
  it->advance(it, it->article + 1);
  return count;
}

static bool is_deleted(const void *segment, uint32_t article) {
  return sy_segment_deleted(segment, article);
}

static uint64_t count_matches(const sy_segment *segment, sy_iterator *it) {
  sy_batch_range range = {SY_NO_ARTICLE, segment->deletes ? is_deleted : NULL, segment};
  uint64_t count = 0;
  uint32_t found[SY_BLOCK];
  while (it->article != SY_NO_ARTICLE) {
    uint32_t matches = next_matches(it, &range, found);
    if (sy_spend(&it->context->time, 1)) break; /* then they may only look so */
    count += matches;
  }
  return count;
}

/* What is known without walking anything. */
static bool known_count(const sy_plan_node *root, const sy_segment *segment, uint32_t number,
                        uint64_t *count) {
  if (segment->deletes) return false;
  if (root->kind == SY_PLAN_ARRAY) {
    *count += root->arrays[number].count;
  } else if (root->kind == SY_PLAN_LISTS && root->count == 1) {
    *count += root->lists[number].df;
  } else {
    return false;
  }
  return true;
}

/* ---- Disjunctions ---------------------------------------------------------------------------- */

typedef struct window {
  uint32_t start, end;
  uint64_t bits[WINDOW / 64];
} window;

static inline void set_bit(window *w, uint32_t article) {
  w->bits[(article - w->start) / 64] |= 1ull << (article - w->start) % 64;
}

static bool has_bit(const void *context, uint32_t article) {
  const window *w = context;
  return w->bits[(article - w->start) / 64] >> (article - w->start) % 64 & 1;
}

static void add_list(window *w, sy_postings *p) {
  if (p->article < w->start) sy_postings_advance(p, w->start);
  while (p->article < w->end) {
    uint32_t i = p->at;
    for (; i < p->filled && p->articles[i] < w->end; i++) set_bit(w, p->articles[i]);
    p->at = i - 1;
    sy_postings_next(p);
  }
}

static void add_matches(window *w, sy_iterator *it) {
  sy_time_budget *time = &it->context->time;
  sy_batch_range range = {w->end, has_bit, w};
  uint32_t found[SY_BLOCK];
  sy_iterator_reach(it, w->start);
  while (it->article < w->end && !sy_spend(time, 1)) {
    uint32_t matches = next_matches(it, &range, found);
    if (sy_is_over(time)) return;
    for (uint32_t i = 0; i < matches; i++) set_bit(w, found[i]);
  }
}

static void add_term(window *w, sy_iterator *it) {
  const sy_scorer *unused;
  sy_postings *postings = sy_term_iterator_postings(it, &unused);
  if (!postings) {
    add_matches(w, it);
    return;
  }
  if (!sy_spend(&it->context->time, SY_BLOCK)) add_list(w, postings);
  it->article = postings->article;
  if (postings->corrupt) sy_search_damaged(it->context);
}

SY_CLONES static uint64_t count_all_bits(const uint64_t bits[WINDOW / 64]) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < WINDOW / 64; i++) count += (uint64_t)__builtin_popcountll(bits[i]);
  return count;
}

static uint64_t count_bits(const window *w, const sy_segment *segment) {
  uint64_t count = 0;
  if (!segment->deletes) return count_all_bits(w->bits);
  for (uint32_t i = 0; i < WINDOW / 64; i++) {
    for (uint64_t left = w->bits[i]; left; left &= left - 1) {
      count += !sy_segment_deleted(segment, w->start + i * 64 + (uint32_t)__builtin_ctzll(left));
    }
  }
  return count;
}

static int lists_first(const void *a, const void *b) {
  const sy_scorer *unused;
  return !sy_term_iterator_postings(*(sy_iterator *const *)a, &unused) -
         !sy_term_iterator_postings(*(sy_iterator *const *)b, &unused);
}

static uint64_t count_windows(const sy_segment *segment, window *w, sy_iterator **terms,
                              uint32_t count) {
  uint64_t found = 0;
  qsort(terms, count, sizeof *terms, lists_first);
  for (;;) {
    uint32_t next = SY_NO_ARTICLE;
    for (uint32_t i = 0; i < count; i++) next = terms[i]->article < next ? terms[i]->article : next;
    if (next == SY_NO_ARTICLE || sy_is_over(&terms[0]->context->time)) return found;
    w->start = next;
    w->end = next > SY_NO_ARTICLE - WINDOW ? SY_NO_ARTICLE : next + WINDOW;
    memset(w->bits, 0, sizeof w->bits);
    for (uint32_t i = 0; i < count; i++) add_term(w, terms[i]);
    found += count_bits(w, segment);
  }
}

/* Articles of a disjunction of at least two. */
static sy_status count_disjunction(sy_plan *plan, uint32_t number, uint64_t *count,
                                   sy_error *error) {
  uint32_t terms = sy_plan_alternatives(plan->root, NULL);
  const sy_plan_node **nodes = sy_arena_alloc(plan->arena, terms * sizeof *nodes);
  sy_iterator **iterators = sy_arena_alloc(plan->arena, terms * sizeof *iterators);
  window *w = sy_arena_alloc(plan->arena, sizeof *w);
  if (!nodes || !iterators || !w) return sy_fail_memory(error);
  sy_plan_alternatives(plan->root, nodes);
  for (uint32_t i = 0; i < terms; i++) {
    iterators[i] = sy_plan_iterator(plan, nodes[i], number);
    if (!iterators[i]) return sy_fail_memory(error);
  }
  *count += count_windows(&plan->snapshot->segments[number], w, iterators, terms);
  return plan->context->status;
}

/* ---- All segments ---------------------------------------------------------------------------- */

static sy_status count_segment(sy_plan *plan, uint32_t number, uint64_t *count, sy_error *error) {
  const sy_segment *segment = &plan->snapshot->segments[number];
  if (known_count(plan->root, segment, number, count)) return SY_OK;
  if (sy_plan_alternatives(plan->root, NULL) > 1)
    return count_disjunction(plan, number, count, error);
  sy_iterator *it = sy_plan_iterator(plan, plan->root, number);
  if (!it) return sy_fail_memory(error);
  *count += count_matches(segment, it);
  return plan->context->status;
}

sy_status sy_count(sy_index *index, const sy_query *query, uint64_t *count, sy_error *error) {
  sy_search_context context = sy_index_begin_search(index, false, error);
  sy_plan plan;
  *count = 0;
  SY_TRY(sy_plan_make(&plan, &index->snapshot, &index->lengths, &index->analyzers, query,
                      SY_RANKING_BM25, &context, error));
  for (uint32_t s = 0; s < index->snapshot.count && !sy_is_over(&context.time); s++) {
    SY_TRY(count_segment(&plan, s, count, error));
  }
  return SY_OK;
}
