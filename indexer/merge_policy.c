/*
 * merge_policy.c - which segments are merged (contract in merge.h).
 *
 * The policy is Lucene's log merge: segments are of a level by their size, and levels grow by
 * MERGE_FACTOR. When the newest segments, as long as they are not above a level, have MERGE_FACTOR
 * of that level among them, they are merged, those of lower levels behind them left alone. An
 * article is rewritten about log8(index size / 128 KB) times, and an index has at most 7 segments
 * of each level.
 */
#include "indexer/merge.h"

#define MERGE_FACTOR 8u
#define MERGE_LEAST_BYTES (128ull << 10) /* below: the lowest level */
#define MERGE_MOST_BYTES (512ull << 20)  /* larger segments are left alone */

/* Whether the segments from `low` to below `high` bytes, newest of those below `high`, are to be
 * merged. */
static bool is_full(const sy_manifest *m, uint64_t low, uint64_t high, uint32_t *first,
                    uint32_t *count) {
  uint32_t end = m->segment_count, of_level = 0, behind = 0;
  for (*first = end; *first && sy_segment_bytes(&m->segments[*first - 1]) < high; --*first) {
    if (sy_segment_bytes(&m->segments[*first - 1]) < low) continue;
    if (!of_level++) behind = *first;
  }
  *count = behind - *first;
  return of_level >= MERGE_FACTOR;
}

bool sy_merge_choose(const sy_manifest *m, const uint64_t *deleted, uint32_t *first,
                     uint32_t *count) {
  uint64_t low = 0;
  for (uint64_t high = MERGE_LEAST_BYTES; high <= MERGE_MOST_BYTES; high *= MERGE_FACTOR) {
    if (is_full(m, low, high, first, count)) return true;
    low = high;
  }
  for (uint32_t i = 0; i < m->segment_count; i++) { /* mostly deleted: rewrite it by itself */
    if (deleted[i] * 2 > m->segments[i].articles) {
      *first = i;
      *count = 1;
      return true;
    }
  }
  return false;
}
