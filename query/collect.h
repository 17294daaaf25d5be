/*
 * collect.h - the best articles of a plan, over all segments, with one thread or several.
 *
 * Articles are cut into ranges of SY_RANGE in one segment. Threads take one after the other; each
 * has a heap, iterators and memory of its own, and what they have in common is the floor: the
 * highest score that is the least of somebody's full heap (sy_topk_share()). At the end the heaps
 * are put together. What enters them depends on who came when, but the best of all are always
 * among it: the result is that of one thread.
 */
#ifndef SY_COLLECT_H
#define SY_COLLECT_H

#include "query/topk.h"

#define SY_HELPERS 15u /* threads beside the caller's */

/* Memory of a thread beside the caller's, kept from search to search. Starts with zeros. */
typedef struct sy_helper {
  sy_arena arena;
  void *window; /* see sy_search_context */
} sy_helper;
void sy_helper_free(sy_helper *helper);

/* Offers to `top` what can enter it, with at most `threads` threads; `exhaustive`: every match is
 * scored. When time is over, some matches are missing. *method says how (sy_explanation.method). */
sy_status sy_collect(sy_plan *plan, bool exhaustive, uint32_t threads, sy_topk *top,
                     const char **method);

#endif
