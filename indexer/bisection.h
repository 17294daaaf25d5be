/*
 * bisection.h - an order of articles in which those that share terms are near each other: recursive
 * graph bisection.
 *
 * The articles are halved, and pairs of them exchanged between the halves while that lowers the sum
 * of the logarithms of the gaps which the postings would have; then each half is treated alike.
 * Which pairs: those at the heads of the two halves, each sorted by gain, as long as the two gains
 * together are above a threshold that rises with every round. All halves of a level are treated at
 * once by the workers of a pool, so the first levels have fewer halves than there may be cores. The
 * result does not depend on the number of workers.
 *
 * Sources: Dhulipala et al., Compressing Graphs and Indexes with Recursive Graph Bisection, 2016;
 * the estimate of gains from logarithms of the two document frequencies and the rising threshold:
 * Mackenzie, Petri and Moffat, Tradeoff Options for Bipartite Graph Partitioning, 2022.
 */
#ifndef SY_BISECTION_H
#define SY_BISECTION_H

#include "base/pool.h"

/* The terms of each article: those of article a are terms[offsets[a]] to before terms[offsets[a +
 * 1]], each below `term_count` and in one article once. Borrowed. */
typedef struct sy_forward_index {
  const uint64_t *offsets;
  const uint32_t *terms;
  uint32_t term_count;
} sy_forward_index;

/* Reorders `articles`, `count` numbers of articles of the forward index. Takes 8 bytes for each
 * term and worker and 8 for each article. SY_NO_MEMORY. */
sy_status sy_bisect(const sy_forward_index *index, uint32_t *articles, uint32_t count,
                    sy_pool *pool, sy_error *error);

#endif
