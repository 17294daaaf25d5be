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

/* A reader of input_read.h. */
typedef sy_status fuzz_reader(sy_input_source *source, const sy_input_lines *lines,
                              const sy_input_sink *sink, sy_error *error);

/* Reads `data` in one piece and in pieces of `piece` bytes: the articles, the complaints and how it
 * ended must be the same. Returns how: SY_OK, or SY_BAD_INPUT or SY_LIMIT with a reason. */
sy_status fuzz_read_pieces(fuzz_reader *reader, const uint8_t *data, size_t bytes, size_t piece);

/* The same with `data` made valid UTF-8 first, as import.c does. */
sy_status fuzz_read_text_pieces(fuzz_reader *reader, const uint8_t *data, size_t bytes,
                                size_t piece);

#endif
