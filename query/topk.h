/*
 * topk.h - the k best articles: a heap with the worst of them on top, and the ways to walk the
 * articles of a segment that offer to it what can enter.
 */
#ifndef SY_TOPK_H
#define SY_TOPK_H

#include "query/plan.h"

#include <stdatomic.h>

typedef struct sy_ranked {
  uint64_t score;
  uint64_t article;
} sy_ranked;

typedef struct sy_topk {
  uint64_t wanted;
  uint64_t floor;           /* so many articles score as much, as is known from elsewhere */
  _Atomic uint64_t *shared; /* the highest floor of all; NULL: one thread */
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

/* Tells the other threads the floor or what the worst of a full heap scores, and learns theirs.
 * An article below it is not among the k best; one that equals it may be, if it comes before
 * theirs. */
void sy_topk_share(sy_topk *top);

/* A later article enters only with a score above this; 0 while there is room for any. */
static inline uint64_t sy_topk_threshold(const sy_topk *top) {
  uint64_t own = top->count < top->wanted ? 0 : top->entries[0].score;
  return top->floor > own + 1 ? top->floor - 1 : own;
}

/* Whether an article with this score, later than all so far, enters. */
static inline bool sy_topk_accepts(const sy_topk *top, uint64_t score) {
  return score >= top->floor &&
         (top->count < top->wanted || (top->count && score > top->entries[0].score));
}

/* A way to walk a segment. Ranges are walked in ascending order; they begin at multiples of
 * SY_RANGE. Errors go to the context of the plan. */
typedef struct sy_walk sy_walk;
struct sy_walk {
  /* Offers the matches in [from, to). */
  void (*run)(sy_walk *walk, uint32_t from, uint32_t to);
  sy_plan *plan;
  const sy_segment *segment;
  sy_topk *top;
};
#define SY_RANGE 16384u

/* Each allocates in the arena of the plan; NULL when the plan has another shape, or memory is out,
 * which the context then says. */

/* Of one postings list or one array. */
sy_walk *sy_single_walk(sy_plan *plan, uint32_t segment, sy_topk *top);
/* Of a disjunction. */
sy_walk *sy_disjunction_walk(sy_plan *plan, uint32_t segment, sy_topk *top);

#endif
