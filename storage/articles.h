/*
 * articles.h - stored articles, compressed.
 *
 * Articles are gathered into blocks of about SY_ARTICLE_BLOCK_BYTES, each compressed by itself (one
 * zstd frame, a record of the articles stream). An uncompressed block has, for each article:
 *
 *     varint bytes, title; varint bytes, body; varint bytes, fields (a JSON object or nothing)
 *
 * The directory, one value:
 *
 *     count u32                     blocks
 *     first article  count * u32
 *     raw bytes      count * u32    of the block, uncompressed
 *     bytes          count * u32    of the frame
 *     address        count * u64    of the frame in the articles stream
 *
 * The block size is a trade: larger ones are smaller on disk and slower for snippets, which need
 * ten articles from ten places (docs/benchmarks.md has the figures).
 */
#ifndef SY_ARTICLES_H
#define SY_ARTICLES_H

#include "storage/compress.h"
#include "storage/stream.h"

#define SY_ARTICLE_BLOCK_BYTES (32u << 10)
#define SY_ARTICLE_MAX_BYTES 0x7fffffffu /* title, body and fields together */

/* ---- Writing --------------------------------------------------------------------------------- */

typedef struct sy_articles_writer {
  sy_env *env;
  uint32_t segment;
  sy_compressor *compressor;
  sy_stream_writer stream;
  sy_buffer firsts, raw_sizes, sizes, addresses; /* of the directory */
  sy_buffer block;
  uint32_t first; /* first article of the block */
  uint32_t count;
} sy_articles_writer;

sy_status sy_articles_writer_init(sy_articles_writer *w, sy_env *env, uint32_t segment,
                                  sy_compression compression, sy_error *error);
sy_status sy_articles_writer_add(sy_articles_writer *w, const sy_article *article, sy_error *error);
/* Adds a whole compressed block of `articles` articles. */
sy_status sy_articles_writer_add_block(sy_articles_writer *w, const uint8_t *frame, uint32_t bytes,
                                       uint32_t raw_bytes, uint32_t articles, sy_error *error);
sy_status sy_articles_writer_finish(sy_articles_writer *w, sy_error *error);
void sy_articles_writer_free(sy_articles_writer *w);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct sy_articles {
  sy_stream stream;
  uint32_t article_count, block_count;
  const uint8_t *firsts, *raw_sizes, *sizes, *addresses;
  void *context;  /* ZSTD_DCtx, made when first needed */
  uint32_t block; /* the block in `raw`; UINT32_MAX for none */
  uint8_t *raw;
  size_t raw_capacity;
} sy_articles;

sy_status sy_articles_open(sy_articles *a, sy_env *env, uint32_t segment, uint32_t article_count,
                           uint32_t chunk_count, sy_error *error);
/* Title, body and fields of an article, without its id; borrowed until the next call. */
sy_status sy_articles_get(sy_articles *a, uint32_t article, sy_article *out, sy_error *error);
/* Block `block` as it is stored, and how many articles are in it. */
sy_status sy_articles_block(sy_articles *a, uint32_t block, const uint8_t **frame, uint32_t *bytes,
                            uint32_t *raw_bytes, uint32_t *articles, sy_error *error);
void sy_articles_close(sy_articles *a);

#endif
