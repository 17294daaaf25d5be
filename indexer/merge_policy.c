/*
 * merge_policy.c - which segments are merged (contract in merge.h).
 *
 * The policy is Lucene's log merge: segments are of a level by their size. When the newest
 * segments, as long as they are not above a level, have as many of that level among them as it may
 * have, they are merged, those of lower levels behind them left alone. Small levels are full
 * sooner: merging them costs next to nothing beside a commit, and searches take the longer the
 * more segments there are. Where all of a full level would be more than `most_bytes`, the oldest
 * of it are merged, as many as are within that.
 *
 * Simulated, the second half of so many commits, merges of at most 16 MB or a 16th of the index:
 *
 *     commits             index    merged at        segments     times   largest
 *                                                   mean, most  written  wait
 *     1,806, 2-226 KB     196 MB   8 of a level      22.5  38    3.0      19 MB
 *                                  4 of a small one  19.3  31    3.4      15 MB
 *                                  ... of any size   12.3  24    4.4     117 MB
 *     10,000, 20-60 KB    390 MB   4 of a small one  31.2  43    5.4      32 MB
 *     200,000, 20-60 KB  7816 MB                     36.4  49    7.4     706 MB
 */
#include "indexer/merge.h"

#define MERGE_LEAST_BYTES (128ull << 10) /* below: the lowest level */
#define MERGE_SMALL_BYTES (1ull << 20)   /* small levels are below */
#define MERGE_MOST_BYTES (512ull << 20)  /* larger segments are left alone */
#define LEVEL_GROWTH 8u                  /* from one level to the next */
#define MERGE_FACTOR 8u                  /* segments of a level that are merged */
#define MERGE_SMALL_FACTOR 4u            /* of a small one */

/* The first of the segments from *first to before `end`, together within `most_bytes`; returns how
 * many. */
static uint32_t take(const sy_manifest *m, uint64_t most_bytes, uint32_t first, uint32_t end,
                     uint64_t *bytes) {
  uint32_t count = 0;
  for (*bytes = 0; first + count < end; count++) {
    uint64_t more = sy_segment_bytes(&m->segments[first + count]);
    if (*bytes + more > most_bytes) break;
    *bytes += more;
  }
  return count;
}

/* Whether segments from `low` to below `high` bytes, newest of those below `high`, are to be
 * merged. Those that are within `most_bytes` only with fewer than half of it are passed over, and
 * do not count: they would be rewritten for little. */
static bool is_full(const sy_manifest *m, uint64_t low, uint64_t high, uint64_t most_bytes,
                    uint32_t *first, uint32_t *count) {
  uint32_t end = m->segment_count, of_level = 0, behind = 0;
  uint32_t factor = high <= MERGE_SMALL_BYTES ? MERGE_SMALL_FACTOR : MERGE_FACTOR;
  for (*first = end; *first && sy_segment_bytes(&m->segments[*first - 1]) < high; --*first) {
    if (sy_segment_bytes(&m->segments[*first - 1]) < low) continue;
    if (!of_level++) behind = *first;
  }
  for (; of_level >= factor; ++*first) {
    uint64_t bytes;
    *count = take(m, most_bytes, *first, behind, &bytes);
    if (*count > 1 && (*first + *count == behind || bytes >= most_bytes / 2)) return true;
    of_level -= sy_segment_bytes(&m->segments[*first]) >= low;
  }
  return false;
}

bool sy_merge_choose(const sy_manifest *m, const uint64_t *deleted, uint64_t most_bytes,
                     uint32_t *first, uint32_t *count) {
  uint64_t low = 0;
  for (uint64_t high = MERGE_LEAST_BYTES; high <= MERGE_MOST_BYTES; high *= LEVEL_GROWTH) {
    if (is_full(m, low, high, most_bytes, first, count)) return true;
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
