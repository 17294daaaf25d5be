/*
 * collect.c - the best articles of a plan (collect.h).
 *
 * Segments are searched one after the other into one heap of the best so far; its least score is
 * what an article has to beat.
 */
#include "query/collect.h"

#include "base/status.h"

/* The first article from `target` on that is in blocks which can lift it into the best; from there
 * to *known_to that is so. SY_NO_ARTICLE when there is none, or time is over. Bounds come from skip
 * data: nothing is decoded here. */
static uint32_t next_promising(sy_iterator *it, const sy_topk *top, uint32_t target,
                               uint32_t *known_to) {
  for (;;) {
    uint32_t last;
    if (sy_spend(&it->context->time, 1)) return SY_NO_ARTICLE;
    bool accepted = sy_topk_accepts(top, it->bound(it, target, &last));
    *known_to = last + 1;
    if (accepted) return target;
    if (last >= SY_NO_ARTICLE - 1) return SY_NO_ARTICLE;
    target = last + 1;
  }
}

/* Offers every match that can enter: first whole blocks are passed over, then candidates whose
 * frequencies tell that they cannot, and only for what is left positions are read. */
static void offer_matches(const sy_segment *segment, sy_iterator *it, bool exhaustive,
                          sy_topk *top) {
  uint32_t known_to = 0; /* articles below it have been found worth looking at */
  sy_search_context *context = it->context;
  while (it->article != SY_NO_ARTICLE && !sy_spend(&context->time, 1)) {
    context->candidates++;
    bool full = !exhaustive && !sy_topk_accepts(top, 0);
    if (full && it->article >= known_to) {
      uint32_t target = next_promising(it, top, it->article, &known_to);
      if (target == SY_NO_ARTICLE) return;
      if (target != it->article) {
        it->advance(it, target);
        continue;
      }
    }
    bool skip =
        sy_segment_deleted(segment, it->article) || (full && !sy_topk_accepts(top, it->upper(it)));
    if (!skip && it->matches(it)) {
      uint64_t score = it->score(it);
      context->scored++;
      if (!sy_is_over(&context->time)) sy_topk_offer(top, score, segment->base + it->article);
    }
    it->advance(it, it->article + 1);
  }
}

static void collect_segment(sy_plan *plan, uint32_t number, bool exhaustive, sy_topk *top,
                            const char **method) {
  *method = "list";
  if (!exhaustive && sy_topk_single(plan, number, top)) return;
  *method = "windows";
  if (!exhaustive && sy_topk_disjunction(plan, number, top)) return;
  *method = "iterator";
  sy_iterator *it = sy_plan_iterator(plan, plan->root, number);
  if (!it) {
    plan->context->status = sy_fail_memory(plan->context->error);
    return;
  }
  offer_matches(&plan->snapshot->segments[number], it, exhaustive, top);
}

sy_status sy_collect(sy_plan *plan, bool exhaustive, sy_topk *top, const char **method) {
  sy_search_context *context = plan->context;
  *method = "none";
  for (uint32_t s = 0; s < plan->snapshot->count && !sy_is_over(&context->time); s++) {
    collect_segment(plan, s, exhaustive, top, method);
    if (context->status == SY_OK && top->failed) context->status = sy_fail_memory(context->error);
    SY_TRY(context->status);
  }
  return SY_OK;
}
