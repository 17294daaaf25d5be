/*
 * ids.h - the ids of a segment's articles: number to id, and id to numbers.
 *
 * Number to id: the ids stream has a record for each 64 articles; in it, for each id:
 *
 *     varint s     left out for the first; 0: the id before, the number it ends with counted up by
 *                  one, and no more follows; else 1 + bytes shared with the id before. The number
 *                  is all ASCII digits at the end and keeps their count (099, 100), but behind
 *                  nines alone there is one more (99, 100)
 *     varint n, n further bytes
 *
 * Articles that follow each other tend to have ids that do: "a/x9", "a/x10", "a/y" is 04 "a/x9" 00
 * 03 01 "y". On the dev set, most of whose ids count up, a quarter smaller than without. The
 * directory, one value:
 *
 *     count u32                 records
 *     bytes     count * u32     of each record
 *     addresses count * u64     of each record in the ids stream
 *
 * Id to numbers: one value, a hash table that is written once:
 *
 *     articles u32, bits u32    there are 2^bits buckets
 *     offsets  (2^bits + 1) * u32   where each bucket begins, in entries
 *     entries  articles * u32   article in the low n bits, n = bits of `articles`; above them as
 *                               many low bits of the hash as there is room for
 *
 * `bits of articles` is how many that number has: 11 for 1,812. The hash is XXH3-64 of the id, seed
 * 0; its top bits are the bucket. A candidate is compared with the stored id.
 */
#ifndef SY_IDS_H
#define SY_IDS_H

#include "storage/stream.h"

#define SY_ID_BLOCK 64u
#define SY_ID_MAX_BYTES 65535u

/* ---- Writing --------------------------------------------------------------------------------- */

typedef struct sy_ids_writer {
  sy_env *env;
  uint32_t segment;
  sy_stream_writer stream;
  sy_buffer sizes, addresses; /* of the directory */
  sy_buffer hashes;           /* u64 by article */
  uint64_t hash_bytes;        /* of the hash table, once it is put */
  sy_buffer block;
  sy_buffer previous; /* the last id */
  uint32_t count;
} sy_ids_writer;

void sy_ids_writer_init(sy_ids_writer *w, sy_env *env, uint32_t segment);
/* Adds the id of the next article. */
sy_status sy_ids_writer_add(sy_ids_writer *w, sy_string id, sy_error *error);
sy_status sy_ids_writer_finish(sy_ids_writer *w, sy_error *error);
void sy_ids_writer_free(sy_ids_writer *w);

uint64_t sy_id_hash(sy_string id);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct sy_ids {
  sy_stream stream;
  uint32_t article_count;
  const uint8_t *sizes, *addresses;
  const uint8_t *offsets, *entries;
  uint32_t bucket_bits;
  uint8_t *id; /* buffer of the last id read */
  /* The article behind it in its record, where that begins in the record, and the length of the
   * id in the buffer: ids are often read in order. UINT32_MAX: none. */
  uint32_t next, next_at;
  uint64_t length;
} sy_ids;

sy_status sy_ids_open(sy_ids *ids, sy_env *env, uint32_t segment, uint32_t article_count,
                      uint32_t chunk_count, sy_error *error);
/* The id of an article; borrowed until the next call. */
sy_status sy_ids_get(sy_ids *ids, uint32_t article, sy_string *id, sy_error *error);
/* Calls `visit` with each article that has this id until it returns true; SY_NOT_FOUND if it
 * never does. */
sy_status sy_ids_find(sy_ids *ids, sy_string id, uint64_t hash,
                      bool (*visit)(void *context, uint32_t article), void *context,
                      sy_error *error);
void sy_ids_close(sy_ids *ids);

#endif
