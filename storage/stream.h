/*
 * stream.h - a part of a segment as a stream of records, cut into LMDB values.
 *
 * A record is contiguous, so that it can be read in place. Records are appended to a chunk while
 * they fit in SY_CHUNK_BYTES, then a new chunk begins; a record longer than that has a chunk of its
 * own. An address is chunk << SY_ADDRESS_BITS | offset. Where a record of a given length goes
 * depends on nothing but the address where the one before it ended:
 *
 *     place(end, n) = end           if its chunk is empty or holds n more bytes
 *                     next chunk    otherwise
 *
 * so a run of records needs one address and their lengths: the lexicon stores those. A record ends
 * behind its last byte; one that is longer than a chunk, at the start of the next chunk.
 *
 * A writer, whose memory is bounded, does not read in the map: Linux maps with a page all the folio
 * that it is in, up to 2 MB, so that merging eight segments with two threads had 100 MB of them.
 * Records of at most SY_WINDOW_BYTES it reads from the file into a window, with what is behind
 * them when they are read one after the other; of longer ones the map has one at a time.
 */
#ifndef SY_STREAM_H
#define SY_STREAM_H

#include "base/bytes.h"
#include "storage/env.h"

#define SY_WINDOW_BYTES (64u << 10)
#define SY_ADDRESS_BITS 20
#define SY_ADDRESS_MASK ((1u << SY_ADDRESS_BITS) - 1)
_Static_assert(SY_CHUNK_BYTES <= SY_ADDRESS_MASK, "an offset in a chunk must fit its bits");

/* Where a record of `bytes` goes when the last one ended at `end`. */
static inline uint64_t sy_stream_place(uint64_t end, uint64_t bytes) {
  uint64_t offset = end & SY_ADDRESS_MASK;
  return offset && offset + bytes > SY_CHUNK_BYTES
             ? ((end >> SY_ADDRESS_BITS) + 1) << SY_ADDRESS_BITS
             : end;
}

/* Where a record of `bytes` at `address` ends. */
static inline uint64_t sy_stream_end(uint64_t address, uint64_t bytes) {
  return (address & SY_ADDRESS_MASK) + bytes > SY_CHUNK_BYTES
             ? ((address >> SY_ADDRESS_BITS) + 1) << SY_ADDRESS_BITS
             : address + bytes;
}

/* ---- Writing --------------------------------------------------------------------------------- */

typedef struct sy_stream_writer {
  sy_env *env;
  uint32_t segment;
  sy_part part;
  uint64_t end;   /* address where the last record ended */
  uint64_t bytes; /* of all records */
  sy_buffer chunk;
} sy_stream_writer;

void sy_stream_writer_init(sy_stream_writer *w, sy_env *env, uint32_t segment, sy_part part);
/* Appends a record (at least one byte) of two pieces, either of which may be empty; stores its
 * address in *address (may be NULL). */
sy_status sy_stream_append(sy_stream_writer *w, const void *first, size_t first_bytes,
                           const void *second, size_t second_bytes, uint64_t *address,
                           sy_error *error);
sy_status sy_stream_finish(sy_stream_writer *w, sy_error *error);
void sy_stream_writer_free(sy_stream_writer *w);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct sy_stream {
  sy_env *env;
  uint32_t segment;
  sy_part part;
  uint32_t chunk_count;
  sy_value *chunks; /* looked up when first needed */
  bool sparing;     /* as the environment */
  uint8_t *window;  /* made when first needed */
  uint64_t window_address;
  size_t window_bytes;
} sy_stream;

sy_status sy_stream_init(sy_stream *s, sy_env *env, uint32_t segment, sy_part part,
                         uint32_t chunk_count, sy_error *error);
/* The `bytes` bytes at `address`: borrowed from the snapshot, but where the environment spares
 * memory, until the next call. Up to 8 bytes behind them can be read. SY_CORRUPT when they are not
 * all there. */
sy_status sy_stream_get(sy_stream *s, uint64_t address, uint64_t bytes, const uint8_t **data,
                        sy_error *error);
void sy_stream_free(sy_stream *s);

/* Chunks of a stream that ended at `end`. */
static inline uint32_t sy_stream_chunk_count(uint64_t end) {
  return (uint32_t)((end + SY_ADDRESS_MASK) >> SY_ADDRESS_BITS);
}

#endif
