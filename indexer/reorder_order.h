/* reorder_order.h - the order of a segment's articles by bisection.h: the terms of each article are
 * got from the postings. Part of reorder.h's work. */
#ifndef SY_REORDER_ORDER_H
#define SY_REORDER_ORDER_H

#include "base/pool.h"
#include "storage/segment.h"

/* Fills `order`, old numbers by new ones, with room for all articles of the segment. */
sy_status sy_find_order(sy_segment *segment, uint64_t memory_bytes, sy_pool *pool, uint32_t *order,
                        sy_error *error);

#endif
