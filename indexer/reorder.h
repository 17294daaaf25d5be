/*
 * reorder.h - a segment anew, with articles that share terms near each other: gaps get smaller, and
 * so do postings; blocks of articles that a query does not want get longer.
 */
#ifndef SY_REORDER_H
#define SY_REORDER_H

#include "storage/segment.h"

/* Writes segment `number` of the snapshot, which has no deletions, as the new segment `id`, its
 * articles in an order found by bisection.h. *info is filled.
 *
 * `memory_bytes` bounds what bisection takes, but for a few bytes a term and thread. An index of
 * terms by article that would be larger than half of it is made, and its articles reordered, for
 * one range of articles after the other. */
sy_status sy_reorder(sy_snapshot *snapshot, uint32_t number, uint64_t memory_bytes, uint32_t id,
                     const sy_articles_options *options, sy_segment_info *info, sy_error *error);

#endif
