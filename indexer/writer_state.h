/* writer_state.h - what writer.c and writer_merge.c know of a writer; nobody else but a test
 * includes this. */
#ifndef SY_WRITER_STATE_H
#define SY_WRITER_STATE_H

#include "indexer/invert.h"
#include "indexer/merge.h"

typedef struct sy_segment_deletes {
  roaring_bitmap_t *bitmap; /* NULL when there are none */
  bool changed;
} sy_segment_deletes;

struct sy_writer {
  sy_env *env;
  sy_writer_options options;
  sy_manifest manifest;        /* committed and pending segments */
  sy_segment_deletes *deletes; /* for each of its segments, and one behind them for the batch */
  sy_snapshot snapshot;        /* of the manifest's segments, when has_snapshot */
  bool has_snapshot;
  bool changed;     /* since the last commit */
  sy_status failed; /* sticky */

  sy_pool *pool;
  sy_inverter *inverter;
  bool in_batch;
  sy_segment_writer segment;
  uint64_t batch_text_bytes;
  uint32_t *batch_ids; /* hash table: article of the batch plus one, by id */
  uint32_t batch_capacity;
  sy_buffer id_offsets, id_text; /* ids of the batch */
  uint32_t claims_begin; /* articles of the batch before this one took the ids of stored ones */
  uint64_t *claims;      /* room to sort the others: twice CLAIMS_MOST */

  sy_merge *merge; /* under way, or NULL */
  uint32_t merge_first, merge_count;
  uint32_t first_pending;     /* segments from this id on are named by no commit */
  uint64_t merge_text_bytes;  /* added since it began */
  uint64_t batch_memory_most; /* bytes */
  uint64_t written_before;    /* in commits before this writer was opened */
  uint64_t added_bytes;       /* of the batches' segments since the last commit */

  sy_writer_counts counts;
  uint64_t compress_nanoseconds, merge_nanoseconds, call_nanoseconds;
};

/* ---- writer.c -------------------------------------------------------------------------------- */

void sy_writer_close_snapshot(sy_writer *w);
/* So that the snapshot, and those that are opened from now on, see what was put. */
sy_status sy_writer_commit_pending(sy_writer *w, sy_error *error);
sy_articles_options sy_writer_articles_options(const sy_writer *w);

/* ---- writer_merge.c: no batch is under way, but for the first two
 * -------------------------------- */

/* Begins the merge that the policy wants now, if any, unless one is under way. All segments are
 * committed to the environment. */
sy_status sy_writer_begin_merging(sy_writer *w, sy_error *error);
/* Goes on with the merge that is under way, until its segment has as many bytes as it should by
 * now. */
sy_status sy_writer_go_on_merging(sy_writer *w, sy_error *error);
/* All merges that the policy wants. The snapshot is closed then. */
sy_status sy_writer_merge_by_policy(sy_writer *w, sy_error *error);
/* At most so many segments, none of them with deletions. The snapshot is closed then. */
sy_status sy_writer_merge_to(sy_writer *w, uint32_t segments, sy_error *error);
/* Writes the only segment anew in an order of articles that makes it small. */
sy_status sy_writer_reorder(sy_writer *w, sy_error *error);

#endif
