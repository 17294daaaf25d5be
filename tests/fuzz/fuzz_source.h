/* fuzz_source.h - inputs for the readers of indexer/: a source in memory that hands out bytes in
 * pieces, and a sink that keeps all articles and complaints. */
#ifndef SY_FUZZ_SOURCE_H
#define SY_FUZZ_SOURCE_H

#include "indexer/input_read.h"

/* Hands out `data` (borrowed), at most `piece` bytes at a time. Owned by the caller. */
sy_input_source *fuzz_source(const uint8_t *data, size_t bytes, size_t piece);

/* What a reader handed over, as bytes that can be compared. */
typedef struct fuzz_articles {
  sy_buffer log; /* each article's strings with their lengths; each complaint */
  uint32_t added, bad;
} fuzz_articles;

/* A sink into `articles`; strings must be valid UTF-8. */
sy_input_sink fuzz_sink(fuzz_articles *articles);

#endif
