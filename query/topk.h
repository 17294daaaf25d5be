/*
 * topk.h - the k best articles: a heap with the worst of them on top, and the scoring of
 * disjunctions by windows.
 */
#ifndef SY_TOPK_H
#define SY_TOPK_H

#include "query/plan.h"

typedef struct sy_ranked {
  uint64_t score;
  uint64_t article;
} sy_ranked;

typedef struct sy_topk {
  uint64_t wanted;
  size_t count, capacity;
  sy_ranked *entries;
  bool failed; /* sticky: memory ran out */
} sy_topk;

void sy_topk_init(sy_topk *top, uint64_t wanted);
void sy_topk_free(sy_topk *top);
/* Articles of equal score must be offered in ascending order. */
void sy_topk_offer(sy_topk *top, uint64_t score, uint64_t article);
/* Best first; equal scores in article order. Ends the heap. */
void sy_topk_sort(sy_topk *top);

/* A later article enters only with a score above this; 0 while there is room for any. */
static inline uint64_t sy_topk_threshold(const sy_topk *top) {
  return top->count < top->wanted ? 0 : top->entries[0].score;
}

/* Whether an article with this score, later than all so far, enters. */
static inline bool sy_topk_accepts(const sy_topk *top, uint64_t score) {
  return top->count < top->wanted || (top->count && score > top->entries[0].score);
}

/* Scores segment `segment` when the plan is one postings list or one array; false when it is not.
 * Errors go to the plan's context. */
bool sy_topk_single(sy_plan *plan, uint32_t segment, sy_topk *top);
/* Scores segment `segment` when the plan is a disjunction; false, with nothing done,
 * when it is not. Errors go to the plan's context. */
bool sy_topk_disjunction(sy_plan *plan, uint32_t segment, sy_topk *top);

#endif
