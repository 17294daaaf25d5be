/* inverter.h - what invert.c and flush.c know of an inverter; nobody else includes this. */
#ifndef SY_INVERTER_H
#define SY_INVERTER_H

#include "base/stopwatch.h"
#include "indexer/invert.h"
#include "indexer/tuples.h"
#include "indexer/words.h"
#include "text/analyze.h"

#define SY_LENGTHS_CHUNK 65536u /* articles */

/* What one worker has of a batch. */
typedef struct sy_inverter_worker {
  sy_analyzer analyzer;
  sy_tuples fields[SY_FIELD_COUNT];
  sy_tuple_room room;
  sy_words words;
  uint64_t words_memory, invalid_bytes; /* as last added to the totals below */
  bool failed;                          /* memory ran out */
  sy_inverter_times times;
  /* Scratch of the flush. */
  sy_buffer tuples, sorted, positions;
  sy_list_writer lists[SY_FIELD_COUNT];
} sy_inverter_worker;

struct sy_inverter {
  sy_pool *pool;
  sy_tuple_widths widths; /* of this batch */
  uint32_t articles;      /* in the batch */
  uint64_t text_bytes;    /* of them */
  sy_buffer
      lengths; /* uint32_t *: chunks of the lengths of SY_LENGTHS_CHUNK articles, all fields */
  sy_slabs slabs;
  uint64_t keep_bytes; /* of their memory, from batch to batch */
  bool timed;
  sy_inverter_worker *workers;
  uint32_t worker_count;
  /* Totals that workers add to, and the caller reads meanwhile. */
  _Atomic uint64_t inverted_bytes, words, words_memory, invalid_bytes;
};

static inline uint32_t *sy_inverter_lengths(const sy_inverter *v, uint32_t article) {
  uint32_t **chunks = (uint32_t **)v->lengths.data;
  return chunks[article / SY_LENGTHS_CHUNK] + (size_t)SY_FIELD_COUNT * (article % SY_LENGTHS_CHUNK);
}

/* Gives the scratch of the flush back, buffers of at most `keep_bytes` aside. */
static inline void sy_inverter_free_scratch(sy_inverter_worker *w, uint64_t keep_bytes) {
  sy_buffer *buffers[] = {&w->tuples, &w->sorted, &w->positions};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
    if (buffers[i]->capacity > keep_bytes) sy_buffer_free(buffers[i]);
  }
}

/* Takes what the worker's words take now into the total. */
void sy_inverter_count_words(sy_inverter *v, sy_inverter_worker *w);

#endif
