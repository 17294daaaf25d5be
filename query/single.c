/*
 * single.c - top k of one postings list: the query of one word or two characters.
 *
 * What an article must beat is turned into the least impact a block must have, and blocks below are
 * passed over by their impacts alone. In a block, an article is first held against the threshold
 * without a division.
 */
#include "query/topk.h"

#include "base/status.h"

/* The least impact whose bound is accepted; 256 when none is. Bounds ascend with impacts. */
static uint32_t least_impact(const sy_topk *top, const sy_scorer *scorer) {
  uint32_t low = 0, high = 256;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (sy_topk_accepts(top, sy_scorer_bound(scorer, middle))) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* A little below what a score must be above, so that rounding excludes no article. */
static float threshold_of(const sy_topk *top) {
  return ((float)sy_topk_threshold(top) - 1) * 0.99999f;
}

static void offer_block(const sy_segment *segment, sy_postings *p, const sy_scorer *scorer,
                        sy_topk *top) {
  float threshold = threshold_of(top);
  sy_postings_load_frequencies(p);
  for (uint32_t i = 0; i < p->filled; i++) {
    uint32_t article = p->articles[i];
    float tf = (float)p->frequencies[i], k = scorer->saturation[scorer->lengths[article]];
    if (scorer->weight * tf < threshold * (tf + k)) continue;
    uint64_t score = sy_scorer_score(scorer, article, p->frequencies[i]);
    if (!sy_topk_accepts(top, score) || sy_segment_deleted(segment, article)) continue;
    sy_topk_offer(top, score, segment->base + article);
    threshold = threshold_of(top);
  }
}

bool sy_topk_list(sy_plan *plan, uint32_t number, sy_topk *top) {
  const sy_plan_node *node = plan->root;
  if (node->kind != SY_PLAN_LISTS || node->count != 1) return false;
  sy_scorer scorer = sy_plan_scorer(plan, node, number);
  sy_postings *p = sy_arena_alloc(plan->arena, sizeof *p);
  if (!p) {
    plan->context->status = sy_fail_memory(plan->context->error);
    return true;
  }
  sy_postings_open(p, &node->lists[number]);
  while (sy_postings_next_block(p, least_impact(top, &scorer)) != SY_NO_ARTICLE) {
    offer_block(&plan->snapshot->segments[number], p, &scorer, top);
  }
  if (p->corrupt) sy_search_damaged(plan->context);
  return true;
}
