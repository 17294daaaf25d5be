/*
 * merge.h - several segments into one: term by term, list by list, without the deleted articles.
 */
#ifndef SY_MERGE_H
#define SY_MERGE_H

#include "storage/segment.h"

/* Merges `count` segments of a snapshot, beginning with number `first`, into the new segment
 * `id`, in their order. `deletes[i]` (may be NULL) are the deleted articles of segment first +
 * i. *info is filled. */
sy_status sy_merge(sy_snapshot *snapshot, uint32_t first, uint32_t count,
                   roaring_bitmap_t *const *deletes, uint32_t id,
                   const sy_articles_options *options, sy_segment_info *info, sy_error *error);

/* Which segments the tiered policy merges next: *first and *count (at least 1) of adjacent ones.
 * False when none should be. `deleted[i]` is how many articles of segment i are deleted. */
bool sy_merge_choose(const sy_manifest *manifest, const uint64_t *deleted, uint32_t *first,
                     uint32_t *count);

#endif
