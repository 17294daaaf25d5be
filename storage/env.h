/*
 * env.h - the LMDB environment of an index; the files env* are the only users of lmdb.h.
 *
 * An index is a directory with LMDB's data.mdb and lock.mdb, and writer.lock. All data is in LMDB's
 * one unnamed database, under keys of 8 bytes:
 *
 *     segment u32 | part u8 | ordinal u24     big-endian: the data of a segment is a range of keys
 *
 * Segment 0 is the index itself: part SY_PART_MANIFEST is the manifest (manifest.h), SY_PART_STAMP
 * the number of the LMDB transaction that wrote it, u64. Every transaction writes it, so that a
 * tree shows which commit it is of, whatever LMDB's first pages say.
 *
 * Every value ends with 8 bytes: XXH3-64 of the bytes before, seeded with the key as a number;
 * little-endian. A decoder may read (not use) up to 8 bytes behind what it is given: they are this
 * checksum.
 *
 * A writer puts a new segment's values in as many LMDB transactions as memory asks for. No reader
 * looks at a segment that the manifest does not name, and the manifest is put in the last
 * transaction: that is the commit. What a dead writer left unnamed is swept when the next one
 * opens.
 */
#ifndef SY_ENV_H
#define SY_ENV_H

#include "base/bytes.h"
#include "suoyin.h"

typedef enum sy_part {
  SY_PART_MANIFEST = 0,
  SY_PART_LEXICON = 1,
  SY_PART_LEXICON_DIRECTORY = 2,
  SY_PART_POSTINGS = 3,
  SY_PART_POSITIONS = 4,
  SY_PART_LENGTHS = 5, /* ordinal: field */
  SY_PART_IDS = 6,
  SY_PART_ID_DIRECTORY = 7,
  SY_PART_ID_HASHES = 8,
  SY_PART_ARTICLES = 9,
  SY_PART_ARTICLE_DIRECTORY = 10,
  SY_PART_DELETES = 11,
  SY_PART_COUNT = 12,  /* those of segments */
  SY_PART_STAMP = 255, /* written and read by the files env*.c alone */
} sy_part;

#define SY_ORDINAL_MAX 0xffffffu
#define SY_ENV_READ_BEHIND 8 /* the checksum: bytes behind a value that may be read */

/* A value that fills its LMDB overflow pages exactly: pages of 4096 bytes less LMDB's header of
 * 16 and our checksum of 8. Streams cut their data to this size (stream.h). A record that does not
 * fit begins the next chunk, so the last page of a chunk is half empty: with 64 pages that was 0.6%
 * of the file. */
#define SY_CHUNK_PAGES 256
#define SY_CHUNK_BYTES (SY_CHUNK_PAGES * 4096 - 16 - 8)

typedef struct sy_env sy_env;

typedef struct sy_value {
  const uint8_t *data; /* borrowed: lives until the read transaction it came from ends */
  size_t bytes;        /* without the checksum */
} sy_value;

/* Opens the environment in `path`. A writer takes the writer lock, and makes the index when it
 * is missing and `create`; for it all pages of LMDB's trees are checked (pages.h). SY_NOT_FOUND,
 * SY_LOCKED, SY_VERSION (a file that is no LMDB), SY_CORRUPT, SY_IO. */
sy_status sy_env_open(const char *path, bool writer, bool create, sy_env **out, sy_error *error);
/* Another handle of an environment that is open, for reading. SY_NO_MEMORY. */
sy_status sy_env_share(const sy_env *env, sy_env **out, sy_error *error);
void sy_env_close(sy_env *env); /* accepts NULL; discards what was not committed */
const char *sy_env_path(const sy_env *env);

/* ---- Reading: one snapshot at a time --------------------------------------------------------- */

/* Begins (or begins anew) the read transaction: the newest snapshot. All borrowed values end. */
sy_status sy_env_read(sy_env *env, sy_error *error);
void sy_env_end_read(sy_env *env);
/* The pages that were looked at take no memory of the process any more, until they are looked at
 * again; borrowed values stay. Thread-safe. */
void sy_env_release(const sy_env *env);
/* Whether what is read should take little memory: a writer's environment, and those that share
 * it. */
bool sy_env_is_sparing(const sy_env *env);
/* Copies bytes of a borrowed value, or of it and its checksum, to `out`, without looking at the
 * map. Thread-safe. SY_IO. */
sy_status sy_env_copy(const sy_env *env, const uint8_t *data, size_t bytes, uint8_t *out,
                      sy_error *error);
/* SY_NOT_FOUND when there is no such value; SY_CORRUPT when a page on the way to it is damaged, or
 * it is too short for its checksum. */
sy_status sy_env_get(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal, sy_value *out,
                     sy_error *error);
/* The same for a small value that is read whole: SY_CORRUPT, too, when its checksum is wrong. */
sy_status sy_env_get_checked(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                             sy_value *out, sy_error *error);
/* Checks all pages, then calls `visit` for every value of the snapshot in key order, with whether
 * its checksum is right; a status other than SY_OK ends the walk and is returned. Last, that no
 * page is lost, neither used nor free. */
typedef sy_status (*sy_env_visitor)(void *context, uint32_t segment, uint32_t part,
                                    uint32_t ordinal, sy_value value, bool sound);
sy_status sy_env_walk(sy_env *env, sy_env_visitor visit, void *context, sy_error *error);
/* Where the manifest is missing: SY_OK when nothing was ever committed, SY_CORRUPT when it was
 * lost. */
sy_status sy_env_check_new(sy_env *env, sy_error *error);
/* The file, and who keeps it from being used again. */
typedef struct sy_env_usage {
  uint64_t file_bytes;          /* in use */
  uint64_t free_bytes;          /* of these, in pages that no longer belong to the snapshot */
  uint64_t held_bytes;          /* of these, what older snapshots still see */
  uint64_t readers;             /* snapshots open in all processes, without this one */
  uint64_t oldest_transactions; /* LMDB transactions from the oldest of them to this one */
} sy_env_usage;
sy_status sy_env_get_usage(sy_env *env, sy_env_usage *usage, sy_error *error);

/* ---- Writing --------------------------------------------------------------------------------- */

/* Stores a value (copied). Goes to disk with the current transaction, or soon when that is full: by
 * another thread then, and what fails there is returned by a later call, at the latest by
 * sy_env_commit(). */
sy_status sy_env_put(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                     const void *data, size_t bytes, sy_error *error);
/* The same for what is in `chunk`, which is empty then and may have other memory: it is not copied
 * if another thread is to write it. */
sy_status sy_env_put_chunk(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                           sy_buffer *chunk, sy_error *error);
/* To be called before a put can come from another thread than the one before: LMDB wants a
 * transaction ended by the thread that began it. What was put in this thread is made durable;
 * nobody sees it before sy_env_commit(). */
sy_status sy_env_pause(sy_env *env, sy_error *error);
/* Instead, when what was put is of no use any more. */
void sy_env_give_up(sy_env *env);
/* Deletes all values of a segment, as part of the current transaction. */
sy_status sy_env_delete_segment(sy_env *env, uint32_t segment, sy_error *error);
/* Calls `wanted` for each segment that has values, and deletes those for which it returns false. */
sy_status sy_env_sweep(sy_env *env, bool (*wanted)(const void *context, uint32_t segment),
                       const void *context, sy_error *error);
/* From here on all puts and deletions go into one transaction, until sy_env_commit(): for what must
 * become visible at once. */
sy_status sy_env_begin_publishing(sy_env *env, sy_error *error);
/* Ends the current transaction: all that was put is durable. */
sy_status sy_env_commit(sy_env *env, sy_error *error);
/* Bytes of all values that were put since the environment was opened. LMDB writes a bit more: its
 * tree, whole pages, the list of free ones. */
uint64_t sy_env_put_bytes(const sy_env *env);
/* Time spent in LMDB for puts and commits since the environment was opened. */
uint64_t sy_env_write_nanoseconds(const sy_env *env);

#endif
