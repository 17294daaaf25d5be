/*
 * merge.h - several segments into one: term by term, list by list, without the deleted articles.
 */
#ifndef SY_MERGE_H
#define SY_MERGE_H

#include "storage/segment.h"

/* A merge under way. It has a view of the index of its own, and is done step by step, between other
 * things that the writer does; the workers of the pool go on meanwhile. */
typedef struct sy_merge sy_merge;

/* Begins to merge `count` segments of the manifest, number `first` and those behind it, into the
 * new segment `id`, in their order. They are committed to the environment. `deletes[i]` (may be
 * NULL) are the deleted articles of segment first + i, as they are now; they are copied. On errors,
 * too, *out is the caller's: sy_merge_end(). */
sy_status sy_merge_begin(sy_env *env, const sy_manifest *manifest, uint32_t first, uint32_t count,
                         roaring_bitmap_t *const *deletes, uint32_t id,
                         const sy_articles_options *options, sy_merge **out, sy_error *error);
/* Goes on a bit, of about a megabyte. *done: the new segment is there. */
sy_status sy_merge_step(sy_merge *m, bool *done, sy_error *error);
/* Waits for the workers; what was written is nobody's then unless it is done. Accepts NULL. */
void sy_merge_end(sy_merge *m);

/* Bytes of the new segment so far. */
uint64_t sy_merge_bytes(const sy_merge *m);
/* Nanoseconds that it took, of all threads; when its options say that it is timed. */
uint64_t sy_merge_nanoseconds(const sy_merge *m);
/* When it is done: the new segment. */
const sy_segment_info *sy_merge_info(const sy_merge *m);
/* When it is done: adds to *out, which is made if it is NULL, the numbers in the new segment of
 * articles that were deleted since the beginning. `deletes` are those of all segments as they are
 * now. SY_NO_MEMORY. */
sy_status sy_merge_deletes(const sy_merge *m, roaring_bitmap_t *const *deletes,
                           roaring_bitmap_t **out, sy_error *error);

/* Which segments the tiered policy merges next: *first and *count (at least 1) of adjacent ones.
 * False when none should be. `deleted[i]` is how many articles of segment i are deleted. Together
 * they have at most `most_bytes`, unless it is one that is mostly deleted. */
bool sy_merge_choose(const sy_manifest *manifest, const uint64_t *deleted, uint64_t most_bytes,
                     uint32_t *first, uint32_t *count);

#endif
