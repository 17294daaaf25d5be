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

static void offer_all(sy_search_context *context, const sy_segment *segment,
                      const uint32_t *articles, const uint32_t *frequencies, uint32_t count,
                      const sy_scorer *scorer, sy_topk *top) {
  context->candidates += count;
  float threshold = threshold_of(top);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t article = articles[i];
    float tf = (float)frequencies[i], k = scorer->saturation[scorer->lengths[article]];
    if (scorer->weight * tf < threshold * (tf + k)) continue;
    context->scored++;
    uint64_t score = sy_scorer_score(scorer, article, frequencies[i]);
    if (!sy_topk_accepts(top, score) || sy_segment_deleted(segment, article)) continue;
    sy_topk_offer(top, score, segment->base + article);
    threshold = threshold_of(top);
  }
}

static void offer_array(sy_plan *plan, const sy_plan_array *array, const sy_segment *segment,
                        const sy_scorer *scorer, sy_topk *top) {
  for (uint32_t at = 0; at < array->count; at += SY_BLOCK) {
    uint32_t left = array->count - at, count = left < SY_BLOCK ? left : SY_BLOCK;
    if (sy_spend(&plan->context->time, SY_BLOCK)) return;
    offer_all(plan->context, segment, array->articles + at, array->frequencies + at, count, scorer,
              top);
  }
}

static void offer_list(sy_plan *plan, const sy_list *list, const sy_segment *segment,
                       const sy_scorer *scorer, sy_topk *top) {
  sy_postings *p = sy_arena_alloc(plan->arena, sizeof *p);
  if (!p) {
    plan->context->status = sy_fail_memory(plan->context->error);
    return;
  }
  sy_search_open_list(plan->context, list, p);
  while (!sy_spend(&plan->context->time, SY_BLOCK) &&
         sy_postings_next_block(p, least_impact(top, scorer)) != SY_NO_ARTICLE) {
    sy_postings_load_frequencies(p);
    offer_all(plan->context, segment, p->articles, p->frequencies, p->filled, scorer, top);
  }
  if (p->corrupt) sy_search_damaged(plan->context);
}

bool sy_topk_single(sy_plan *plan, uint32_t number, sy_topk *top) {
  const sy_plan_node *node = plan->root;
  if (node->kind == SY_PLAN_GROUP || node->count > 1) return false;
  const sy_segment *segment = &plan->snapshot->segments[number];
  sy_scorer scorer = sy_plan_scorer(plan, node, number);
  if (node->kind == SY_PLAN_LISTS) {
    offer_list(plan, &node->lists[number], segment, &scorer, top);
  } else {
    offer_array(plan, &node->arrays[number], segment, &scorer, top);
  }
  return true;
}
