/*
 * invert.h - articles in, a segment's lexicon and postings out: the hot path of indexing.
 *
 * Every worker of a pool analyses articles of its own into tuples of its own (tuples.h),
 * partitioned by field and first character. At the end of a batch each partition, in order of first
 * character, is gathered from all workers, sorted by second character with a stable radix sort
 * (articles and positions are in order already) and coded: that is lexicon order, so nothing is
 * merged or sorted again. A partition of average size stays in the second-level cache. Partitions
 * are coded by all workers at once, and written in order by the caller.
 *
 * Measured by the prototypes against a hash table of growing lists (87 MB/s of JSONL, 140 with
 * prefetching) and sorting by term number (71-121): this order of things did 209. A tuple that held
 * one running number of places instead of article and position needed two look-ups in tables to get
 * them back, and these misses were 40% of the indexing time of short articles.
 */
#ifndef SY_INVERT_H
#define SY_INVERT_H

#include "base/pool.h"
#include "storage/segment.h"

typedef struct sy_inverter sy_inverter;

/* `pool` is borrowed; of the memory of a batch at most `keep_bytes` are kept for the next; `timed`
 * for sy_inverter_get_times(). */
sy_status sy_inverter_new(uint32_t text_rules, sy_pool *pool, uint64_t keep_bytes, bool timed,
                          sy_inverter **out, sy_error *error);
void sy_inverter_free(sy_inverter *inverter); /* accepts NULL */

/* Whether an article of so many bytes of text fits the batch. An empty batch has room for any
 * article: the first one decides how tuples are divided. */
bool sy_inverter_has_room(sy_inverter *inverter, uint64_t text_bytes);
/* Announces the next article, before a worker sees it. */
sy_status sy_inverter_expect(sy_inverter *inverter, uint64_t text_bytes, sy_error *error);
/* Adds a block of announced articles; a sy_block_visitor, `context` is the inverter. */
void sy_inverter_visit(void *context, uint32_t worker, uint32_t first, sy_cursor articles,
                       sy_buffer *marks);

/* Bytes of memory in use by the batch, and bytes of text that were no UTF-8 since the beginning.
 * Both lag behind while workers are busy. */
uint64_t sy_inverter_memory(sy_inverter *inverter);
uint64_t sy_inverter_invalid_bytes(sy_inverter *inverter);

/* Nanoseconds, summed over the workers; not while they are busy. */
typedef struct sy_inverter_times {
  uint64_t analyse, partition, sort, code;
} sy_inverter_times;
sy_inverter_times sy_inverter_get_times(const sy_inverter *inverter);

/* Writes the batch's lengths and runs to `segment`, which has all its articles, each of which was
 * visited, and begins the next batch. */
sy_status sy_inverter_flush(sy_inverter *inverter, sy_segment_writer *segment, sy_error *error);

#endif
