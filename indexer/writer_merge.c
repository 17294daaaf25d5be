/*
 * writer_merge.c - when a writer merges, and what then takes the place of what (described in
 * writer.c).
 *
 * Merges go on while articles are added, one at a time, by as many bytes as the articles have times
 * MERGE_PACE; a commit waits for the one that is under way, and for all that the policy wants then.
 * Articles that are deleted meanwhile are deleted in the new segment in the end.
 *
 * No merge is begun that is large beside both the index and what is being added: the commit of a
 * few articles waits for SMALL_MERGE_BYTES or LEAST_SHARE at most, again for each level that
 * becomes full. merge_policy.c tells how many segments there are then.
 */
#include "base/status.h"
#include "indexer/reorder.h"
#include "indexer/writer_state.h"

#define MERGE_PACE 2u
#define SMALL_MERGE_BYTES (16ull << 20) /* a fifth of a second */
#define LEAST_SHARE 16u                 /* of the index */

/* Puts `info` in the place of `count` segments of the manifest, which have no deletions any
 * more; drops them altogether when nothing is left of them. */
static void replace_segments(sy_writer *w, uint32_t first, uint32_t count,
                             const sy_segment_info *info) {
  uint32_t kept = info->articles > 0, behind = w->manifest.segment_count - first - count;
  for (uint32_t i = first; i < first + count; i++) {
    if (w->deletes[i].bitmap) roaring_bitmap_free(w->deletes[i].bitmap);
  }
  sy_segment_info *segments = w->manifest.segments;
  if (kept) {
    segments[first] = *info;
    w->deletes[first] = (sy_segment_deletes){NULL, false};
  }
  memmove(segments + first + kept, segments + first + count, behind * sizeof *segments);
  memmove(w->deletes + first + kept, w->deletes + first + count, (behind + 1) * sizeof *w->deletes);
  w->manifest.segment_count = first + kept + behind;
}

static roaring_bitmap_t **bitmaps_of(const sy_writer *w, uint32_t first, uint32_t count) {
  roaring_bitmap_t **bitmaps = calloc(count + 1ull, sizeof(roaring_bitmap_t *));
  for (uint32_t i = 0; bitmaps && i < count; i++) bitmaps[i] = w->deletes[first + i].bitmap;
  return bitmaps;
}

/* Begins to merge adjacent segments, all of which are committed to the environment. */
static sy_status begin_merge(sy_writer *w, uint32_t first, uint32_t count, sy_error *error) {
  roaring_bitmap_t **deletes = bitmaps_of(w, first, count);
  if (!deletes) return sy_fail_memory(error);
  sy_articles_options options = sy_writer_articles_options(w);
  w->merge_first = first;
  w->merge_count = count;
  w->merge_text_bytes = 0;
  sy_status status = sy_merge_begin(w->env, &w->manifest, first, count, deletes,
                                    w->manifest.next_segment++, &options, &w->merge, error);
  free(deletes);
  return status;
}

/* Deletes those of the merged segments that no commit has named; a commit that no longer names them
 * deletes the others. A transaction for each: LMDB keeps the free pages of a transaction as one
 * list, which it takes up as a whole and writes anew with every transaction until all of them are
 * used. */
static sy_status delete_pending(sy_writer *w, sy_error *error) {
  for (uint32_t i = w->merge_first; i < w->merge_first + w->merge_count; i++) {
    uint32_t id = w->manifest.segments[i].id;
    if (id < w->first_pending) continue;
    SY_TRY(sy_env_delete_segment(w->env, id, error));
    SY_TRY(sy_env_commit(w->env, error));
  }
  return SY_OK;
}

/* When nothing was left of the merged segments, no manifest will name the new one. */
static sy_status delete_empty(sy_writer *w, sy_error *error) {
  const sy_segment_info *info = sy_merge_info(w->merge);
  if (info->articles) return SY_OK;
  SY_TRY(sy_env_commit(w->env, error));
  return sy_env_delete_segment(w->env, info->id, error);
}

/* The merge is done: its segment takes the place of the old ones. */
static sy_status take_merged(sy_writer *w, sy_error *error) {
  roaring_bitmap_t *gone = NULL, **deletes = bitmaps_of(w, w->merge_first, w->merge_count);
  if (!deletes) return sy_fail_memory(error);
  sy_status status = sy_merge_deletes(w->merge, deletes, &gone, error);
  free(deletes);
  if (status == SY_OK) status = delete_pending(w, error);
  if (status == SY_OK) status = delete_empty(w, error);
  if (status == SY_OK) {
    replace_segments(w, w->merge_first, w->merge_count, sy_merge_info(w->merge));
    w->merge_nanoseconds += sy_merge_nanoseconds(w->merge);
    w->changed = true;
  }
  if (status == SY_OK && gone) {
    w->deletes[w->merge_first] = (sy_segment_deletes){gone, true};
  } else if (gone) {
    roaring_bitmap_free(gone);
  }
  sy_merge_end(w->merge);
  w->merge = NULL;
  return status;
}

sy_status sy_writer_go_on_merging(sy_writer *w, sy_error *error) {
  bool done = false;
  while (!done && sy_merge_bytes(w->merge) < w->merge_text_bytes * MERGE_PACE) {
    SY_TRY(sy_merge_step(w->merge, &done, error));
  }
  if (!done) return SY_OK;
  SY_TRY(take_merged(w, error));
  return sy_writer_commit_pending(w, error);
}

static sy_status finish_merge(sy_writer *w, sy_error *error) {
  bool done = false;
  while (!done) SY_TRY(sy_merge_step(w->merge, &done, error));
  return take_merged(w, error);
}

static sy_status merge_range(sy_writer *w, uint32_t first, uint32_t count, sy_error *error) {
  SY_TRY(sy_env_commit(w->env, error));
  SY_TRY(begin_merge(w, first, count, error));
  return finish_merge(w, error);
}

static uint64_t deleted_count(const sy_writer *w, uint32_t segment) {
  return w->deletes[segment].bitmap ? roaring_bitmap_get_cardinality(w->deletes[segment].bitmap)
                                    : 0;
}

/* What a merge may have: it is small, or a small part of the index, or as much was added. */
static uint64_t most_merged_bytes(const sy_writer *w) {
  uint64_t most = SMALL_MERGE_BYTES, share = sy_manifest_bytes(&w->manifest) / LEAST_SHARE;
  if (most < share) most = share;
  return most > w->added_bytes ? most : w->added_bytes;
}

/* Which segments the policy wants to be merged now, if any. */
static sy_status choose_merge(const sy_writer *w, uint32_t *first, uint32_t *count, bool *any,
                              sy_error *error) {
  uint64_t *deleted = calloc(w->manifest.segment_count + 1, sizeof *deleted);
  if (!deleted) return sy_fail_memory(error);
  for (uint32_t i = 0; i < w->manifest.segment_count; i++) deleted[i] = deleted_count(w, i);
  *any = sy_merge_choose(&w->manifest, deleted, most_merged_bytes(w), first, count);
  free(deleted);
  return SY_OK;
}

sy_status sy_writer_begin_merging(sy_writer *w, sy_error *error) {
  if (w->merge) return SY_OK;
  uint32_t first, count;
  bool any;
  SY_TRY(choose_merge(w, &first, &count, &any, error));
  return any ? begin_merge(w, first, count, error) : SY_OK;
}

sy_status sy_writer_merge_by_policy(sy_writer *w, sy_error *error) {
  uint32_t first, count;
  bool any;
  sy_writer_close_snapshot(w); /* it would keep the space of what is merged */
  if (w->merge) SY_TRY(finish_merge(w, error));
  for (;;) {
    SY_TRY(choose_merge(w, &first, &count, &any, error));
    if (!any) return SY_OK;
    SY_TRY(merge_range(w, first, count, error));
  }
}

sy_status sy_writer_merge_to(sy_writer *w, uint32_t segments, sy_error *error) {
  sy_writer_close_snapshot(w);
  if (w->merge) SY_TRY(finish_merge(w, error));
  if (w->manifest.segment_count > segments) {
    SY_TRY(merge_range(w, segments - 1, w->manifest.segment_count - segments + 1, error));
  }
  for (uint32_t i = 0; i < w->manifest.segment_count; i++) {
    uint32_t before = w->manifest.segment_count;
    if (!deleted_count(w, i)) continue;
    SY_TRY(merge_range(w, i, 1, error));
    if (w->manifest.segment_count < before) i--; /* nothing was left of it */
  }
  return SY_OK;
}

sy_status sy_writer_reorder(sy_writer *w, sy_error *error) {
  SY_TRY(sy_writer_commit_pending(w, error));
  sy_segment_info info;
  sy_articles_options options = sy_writer_articles_options(w);
  SY_TRY(sy_reorder(&w->snapshot, 0, w->options.memory_bytes, w->manifest.next_segment++, &options,
                    &info, error));
  uint32_t old = w->manifest.segments[0].id;
  if (old >= w->first_pending) SY_TRY(sy_env_delete_segment(w->env, old, error));
  replace_segments(w, 0, 1, &info);
  w->changed = true;
  return SY_OK;
}
