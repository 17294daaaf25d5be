/*
 * articles.h - stored articles, compressed.
 *
 * Articles are gathered into blocks of about SY_ARTICLE_BLOCK_BYTES of text. A block has, for each
 * article:
 *
 *     varint bytes, title; varint bytes, body; varint bytes, fields (a JSON object or nothing)
 *
 * Each of these three texts is coded by the block's alphabet (alphabet.h), or stands as it is when
 * the block has none; the bytes are those of the coded text. The block is then compressed by
 * itself: one zstd frame, a record of the articles stream. An article whose body has SY_LONG_BYTES
 * is a block of its own, in several frames (sections.h) if there is a place to cut it, else in one
 * as others. The directory, one value:
 *
 *     count u32                     blocks
 *     first article  count * u32
 *     block bytes    count * u32    uncompressed
 *     bytes          count * u32    of the frame
 *     address        count * u64    of the frame in the articles stream
 *     alphabet       count * u8     its number from 1 on, 0 for none
 *     alphabets u32, at most 255; then these, one behind the other
 *
 * An alphabet is learnt from the text as it comes: the beginning of each block is counted, and with
 * every MB the counts decide whether a new alphabet would be enough better than the current one. A
 * segment's first MB has none, so small segments have none.
 *
 * The block size is a trade: larger ones are smaller on disk and slower for snippets, which need
 * ten articles from ten places (docs/benchmarks.md has the figures).
 */
#ifndef SY_ARTICLES_H
#define SY_ARTICLES_H

#include "base/pool.h"
#include "storage/alphabet.h"
#include "storage/sections.h"
#include "storage/stream.h"

#define SY_ARTICLE_BLOCK_BYTES (16u << 10)
#define SY_ARTICLE_MAX_BYTES 0x7fffffffu /* title, body and fields together */
#define SY_ALPHABETS_MAX 255u            /* of a segment */

/* ---- Writing --------------------------------------------------------------------------------- */

/* What else is to be done with each block: called by the worker that compresses it, before the
 * block's articles are done with. `articles` is read with sy_article_read(); `first` is the number
 * of the first. Where a body is long, sy_marks of where it can be cut are appended to `marks`,
 * about SY_SECTION_BYTES apart. */
typedef void sy_block_visitor(void *context, uint32_t worker, uint32_t first, sy_cursor articles,
                              sy_buffer *marks);

typedef struct sy_articles_options {
  int level;               /* of zstd, 1 to 19 */
  sy_pool *pool;           /* compresses; borrowed */
  sy_block_visitor *visit; /* or NULL */
  void *context;           /* of `visit` */
  bool timed;              /* for sy_articles_writer_nanoseconds() */
} sy_articles_options;

typedef struct sy_articles_writer sy_articles_writer;

sy_status sy_articles_writer_new(sy_env *env, uint32_t segment, const sy_articles_options *options,
                                 sy_articles_writer **out, sy_error *error);
sy_status sy_articles_writer_add(sy_articles_writer *w, const sy_article *article, sy_error *error);
/* Adds a long article with `count` marks that are known, where no visitor tells them. */
sy_status sy_articles_writer_add_marked(sy_articles_writer *w, const sy_article *article,
                                        const sy_mark *marks, size_t count, sy_error *error);
/* Waits until every article added so far was visited. */
sy_status sy_articles_writer_drain(sy_articles_writer *w, sy_error *error);
/* Writes what is left, and the directory. */
sy_status sy_articles_writer_finish(sy_articles_writer *w, sy_error *error);
/* Accepts NULL. */
void sy_articles_writer_free(sy_articles_writer *w);

uint32_t sy_articles_writer_count(const sy_articles_writer *w);
const sy_stream_writer *sy_articles_writer_stream(const sy_articles_writer *w);
uint64_t sy_articles_writer_directory_bytes(const sy_articles_writer *w); /* once finished */
uint64_t sy_articles_writer_nanoseconds(
    const sy_articles_writer *w); /* of compression, all workers */

/* A block as it is stored. */
typedef struct sy_stored_block {
  const uint8_t *record;
  uint32_t record_bytes, block_bytes, articles;
  const uint8_t *alphabet; /* stored form */
  size_t alphabet_bytes;   /* 0: none */
} sy_stored_block;

/* Adds a stored block; not *added when the segment has no room for its alphabet. */
sy_status sy_articles_writer_add_stored(sy_articles_writer *w, const sy_stored_block *block,
                                        bool *added, sy_error *error);

/* The next article of an uncompressed block without alphabet; false (and failed, when the block
 * contradicts itself) behind the last. It has no id; its strings are in the block. */
bool sy_article_read(sy_cursor *block, sy_article *out);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct sy_articles {
  sy_stream stream;
  uint32_t article_count, block_count, alphabet_count;
  const uint8_t *firsts, *raw_sizes, *sizes, *addresses, *alphabet_of;
  const uint8_t *alphabets[SY_ALPHABETS_MAX];
  void *context;  /* ZSTD_DCtx, made when first needed */
  uint32_t block; /* the block in `raw`; UINT32_MAX for none */
  uint8_t *raw;
  size_t raw_capacity;
  uint32_t next; /* the article at `next_at` in `raw`; UINT32_MAX: none was read */
  size_t next_at;
  sy_buffer
      text; /* of the article asked for, when its block has an alphabet or was read in sections */
  sy_buffer section; /* the text of one section */
} sy_articles;

sy_status sy_articles_open(sy_articles *a, sy_env *env, uint32_t segment, uint32_t article_count,
                           uint32_t chunk_count, sy_error *error);
/* Title, body and fields of an article, without its id; borrowed until the next call. */
sy_status sy_articles_get(sy_articles *a, uint32_t article, sy_article *out, sy_error *error);
void sy_articles_close(sy_articles *a);

/* An article that is read section by section: borrowed, as an article is. */
typedef struct sy_sectioned_article {
  sy_articles *articles;
  sy_article article;          /* the body has its size, but only those bytes that were read */
  sy_sections sections;        /* one of them: all of it was read */
  const uint8_t *alphabet;     /* stored form, or NULL */
  size_t body, body_end, text; /* the coded body in the block; the body in `articles->text` */
} sy_sectioned_article;

/* Reads title and fields of an article, and its body if it is not in sections. */
sy_status sy_articles_get_sectioned(sy_articles *a, uint32_t article, sy_sectioned_article *out,
                                    sy_error *error);
/* Reads a section of the body. */
sy_status sy_articles_read_section(sy_sectioned_article *p, uint32_t section, sy_error *error);

/* Adds all articles of block `block` to `w`: as they are stored, when that makes no difference. */
sy_status sy_articles_copy_block(sy_articles *a, uint32_t block, sy_articles_writer *w,
                                 sy_error *error);
/* Adds one article to `w`. */
sy_status sy_articles_copy(sy_articles *a, uint32_t article, sy_articles_writer *w,
                           sy_error *error);
/* Whether it is long: then it is copied faster than it is read and added. */
bool sy_articles_is_long(const sy_articles *a, uint32_t article);

#endif
