/*
 * compress.h - blocks in, zstd frames out, in the same order: by threads beside the caller's, or at
 * once when there are none.
 *
 *     put --> slot | slot | slot | slot --> take      a ring; threads take full slots, oldest first
 *
 * The threads start with the first block, so a small segment costs none.
 */
#ifndef SY_COMPRESS_H
#define SY_COMPRESS_H

#include "base/bytes.h"
#include "suoyin.h"

#define SY_COMPRESS_THREADS_MAX 16u

typedef struct sy_compression {
  int level;        /* of zstd, 1 to 19 */
  uint32_t threads; /* beside the caller's, at most SY_COMPRESS_THREADS_MAX */
} sy_compression;

typedef struct sy_compressor sy_compressor;

sy_status sy_compressor_new(sy_compression compression, sy_compressor **out, sy_error *error);
/* Stops the threads; what was not taken is lost. Accepts NULL. */
void sy_compressor_free(sy_compressor *c);

/* Whether sy_compressor_put() must wait for a frame to be taken. */
bool sy_compressor_full(const sy_compressor *c);
/* Gives a block; `block` gets an empty buffer back. `tag` comes out with the frame. Not when
 * full. */
sy_status sy_compressor_put(sy_compressor *c, sy_buffer *block, uint32_t tag, sy_error *error);

typedef struct sy_frame {
  const uint8_t *data; /* borrowed until the next sy_compressor_take() or _put() */
  size_t bytes;
  uint32_t raw_bytes, tag;
} sy_frame;

/* The oldest frame; SY_NOT_FOUND when there is none, or, without `wait`, when it is not done
 * yet. */
sy_status sy_compressor_take(sy_compressor *c, bool wait, sy_frame *out, sy_error *error);

#endif
