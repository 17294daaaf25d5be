/*
 * invert.h - articles in, a segment's lexicon and postings out: the hot path of indexing.
 *
 * A term occurrence is a tuple of 8 bytes:
 *
 *     second        21 bits   second character of the bigram, a run-end mark, or a word's number
 *     article       23 bits   in the batch
 *     position      20 bits   in the field
 *
 * Articles of a million positions and more get batches with other widths (28, 8, 28 or 31, 1, 32
 * bits). Tuples are partitioned by field and first character as they come:
 *
 *     partitions[field][first] -> block <- block <- block
 *
 * A block has 512 bytes: a link to the block before it and 63 tuples. Slabs of 1 MB hold blocks.
 *
 * At the end of a batch each partition, in order of first character, is gathered, sorted by
 * `second` with a stable radix sort (articles and positions are in order already) and coded: that
 * is lexicon order, so nothing is merged or sorted again. A partition of average size stays in the
 * second-level cache.
 *
 * Measured by the prototypes against a hash table of growing lists (87 MB/s of JSONL, 140 with
 * prefetching) and sorting by term number (71-121): this order of things did 209. A tuple that held
 * one running number of places instead of article and position needed two look-ups in tables to get
 * them back, and these misses were 40% of the indexing time of short articles. Slabs are kept from
 * batch to batch because touching fresh memory costs more than the sort.
 */
#ifndef SY_INVERT_H
#define SY_INVERT_H

#include "storage/segment.h"
#include "text/analyze.h"

typedef struct sy_inverter sy_inverter;

sy_status sy_inverter_new(uint32_t text_rules, sy_inverter **out, sy_error *error);
void sy_inverter_free(sy_inverter *inverter); /* accepts NULL */

/* Adds the next article; stores the positions that each field takes in `lengths`. SY_NO_MEMORY
 * leaves the batch unusable. */
sy_status sy_inverter_add(sy_inverter *inverter, const sy_article *article,
                          uint32_t lengths[SY_FIELD_COUNT], sy_error *error);

/* Whether an article of so many bytes of text fits the widths of the batch. An empty batch has
 * room for any article: its widths are chosen by the first. */
bool sy_inverter_has_room(const sy_inverter *inverter, size_t text_bytes);

/* Bytes of memory in use by the batch, and bytes of text that were no UTF-8 since the beginning. */
uint64_t sy_inverter_memory(const sy_inverter *inverter);
uint64_t sy_inverter_invalid_bytes(const sy_inverter *inverter);

/* Writes the batch's runs to `segment`, which has all its articles and has begun its postings,
 * and begins the next batch. */
sy_status sy_inverter_flush(sy_inverter *inverter, sy_segment_writer *segment, sy_error *error);

#endif
