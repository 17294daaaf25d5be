/*
 * single.c - top k of one postings list, the query of one word or two characters, or of one array
 * of articles, the query of one character.
 *
 * What an article must beat is turned into the least impact a block must have, and blocks below are
 * passed over by their impacts alone. In a block, an article is first held against the threshold
 * without a division.
 */
#include "query/topk.h"

#include "base/status.h"

typedef struct single_walk {
  sy_walk base;
  sy_scorer scorer;
  const sy_plan_array *array; /* NULL: a list */
  sy_postings postings;
} single_walk;

static void offer_all(single_walk *w, const uint32_t *articles, const uint32_t *frequencies,
                      uint32_t count) {
  const sy_scorer *scorer = &w->scorer;
  sy_topk *top = w->base.top;
  w->base.plan->context->candidates += count;
  sy_topk_share(top);
  float threshold = sy_scorer_threshold(sy_topk_threshold(top));
  for (uint32_t i = 0; i < count; i++) {
    uint32_t article = articles[i];
    if (!sy_scorer_may_exceed(scorer, threshold, article, frequencies[i])) continue;
    w->base.plan->context->scored++;
    uint64_t score = sy_scorer_score(scorer, article, frequencies[i]);
    if (!sy_topk_accepts(top, score) || sy_segment_deleted(w->base.segment, article)) continue;
    sy_topk_offer(top, score, w->base.segment->base + article);
    threshold = sy_scorer_threshold(sy_topk_threshold(top));
  }
}

/* The first index of an array whose article is not below `target`. */
static uint32_t find_in_array(const sy_plan_array *array, uint32_t target) {
  uint32_t low = 0, high = array->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (array->articles[middle] < target) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static void run_array(sy_walk *walk, uint32_t from, uint32_t to) {
  single_walk *w = (single_walk *)walk;
  const sy_plan_array *array = w->array;
  uint32_t at = find_in_array(array, from), end = find_in_array(array, to);
  for (uint32_t count; at < end; at += count) {
    count = end - at < SY_BLOCK ? end - at : SY_BLOCK;
    if (sy_spend(&walk->plan->context->time, SY_BLOCK)) return;
    offer_all(w, array->articles + at, array->frequencies + at, count);
  }
}

/* Of blocks in which an article can enter. */
static uint32_t least_impact(const single_walk *w) {
  const sy_topk *top = w->base.top;
  return sy_topk_accepts(top, 0) ? 0 : sy_scorer_least_impact(&w->scorer, sy_topk_threshold(top));
}

/* A block can begin before the range and end behind it. */
static void run_list(sy_walk *walk, uint32_t from, uint32_t to) {
  single_walk *w = (single_walk *)walk;
  sy_postings *p = &w->postings;
  if (from) {
    sy_postings_advance(p, from);
  } else {
    sy_postings_next_block(p, least_impact(w));
  }
  while (p->article < to && !sy_spend(&walk->plan->context->time, SY_BLOCK)) {
    uint32_t first = p->at, end = p->filled;
    while (p->articles[end - 1] >= to) end--;
    sy_postings_load_frequencies(p);
    offer_all(w, p->articles + first, p->frequencies + first, end - first);
    if (end < p->filled) return;
    sy_postings_next_block(p, least_impact(w));
  }
  if (p->corrupt) sy_search_damaged(walk->plan->context);
}

sy_walk *sy_single_walk(sy_plan *plan, uint32_t number, sy_topk *top) {
  const sy_plan_node *node = plan->root;
  if (node->kind == SY_PLAN_GROUP || node->count > 1) return NULL;
  single_walk *w = sy_arena_alloc(plan->arena, sizeof *w);
  if (!w) {
    plan->context->status = sy_fail_memory(plan->context->error);
    return NULL;
  }
  bool list = node->kind == SY_PLAN_LISTS;
  w->base = (sy_walk){list ? run_list : run_array, plan, &plan->snapshot->segments[number], top};
  w->scorer = sy_plan_scorer(plan, node, number);
  w->array = list ? NULL : &node->arrays[number];
  if (list) sy_search_open_list(plan->context, &node->lists[number], &w->postings);
  return &w->base;
}
