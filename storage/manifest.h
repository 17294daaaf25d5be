/*
 * manifest.h - what an index consists of: its rules and its segments. Replacing it is the commit.
 *
 * One value (segment 0, SY_PART_MANIFEST), little-endian:
 *
 *     magic            8 bytes  "SUOYIN\r\n"
 *     format version   u32      SY_FORMAT_VERSION
 *     text rules       u32      1 width, 2 variants, 4 gloss, 8 space (SY_TEXT_* in suoyin.h)
 *     commit           u64      1 for the first
 *     written          u64      bytes of all values put so far, checksums included, but for stamps
 *                               and the last manifest of each writer
 *     next segment     u32      id for the next segment; ids are not used again
 *     segments         u32
 *     for each segment, in article order:
 *       id             u32
 *       articles       u32      deleted ones included
 *       deleted        u32
 *       for each field (title, body):
 *         terms, postings, positions, length sum   u64 each
 *         impact average                           f32
 *       for each part: bytes    u64 * SY_PART_COUNT, without checksums; 0 of part 0
 *       stream ends             u64 * 5: lexicon, postings, positions, ids, articles: where the
 *                               last record ended; 0: there is no value. A stream has as many
 *                               chunks as are begun before its end (stream.h)
 *
 * The length sum is exact until a segment with deletions is merged: of its articles only the codes
 * of their lengths are known, and each counts with the least length of its code (lengths.h). The
 * impact average is the mean length, but at least 1.
 */
#ifndef SY_MANIFEST_H
#define SY_MANIFEST_H

#include "storage/lexicon.h"

#define SY_FORMAT_VERSION 2u
#define SY_SEGMENTS_MAX (1u << 20)

typedef struct sy_field_info {
  uint64_t terms, postings, positions;
  uint64_t length_sum;  /* of the articles' lengths, in positions */
  float impact_average; /* average length that the impacts were computed with */
} sy_field_info;

enum {
  SY_STREAM_LEXICON,
  SY_STREAM_POSTINGS,
  SY_STREAM_POSITIONS,
  SY_STREAM_IDS,
  SY_STREAM_ARTICLES,
  SY_STREAM_COUNT,
};

typedef struct sy_segment_info {
  uint32_t id;
  uint32_t articles;
  uint32_t deleted;
  sy_field_info fields[SY_FIELD_COUNT];
  uint64_t bytes[SY_PART_COUNT];
  uint64_t ends[SY_STREAM_COUNT];
} sy_segment_info;

/* Of all parts. */
uint64_t sy_segment_bytes(const sy_segment_info *info);

typedef struct sy_manifest {
  uint32_t text_rules;
  uint64_t commit;
  uint64_t written; /* bytes, in all commits; divided by those of segments: write amplification */
  uint32_t next_segment;
  uint32_t segment_count;
  sy_segment_info *segments; /* owned: sy_manifest_free() */
} sy_manifest;

/* Of all segments. */
uint64_t sy_manifest_bytes(const sy_manifest *manifest);

/* Reads the manifest of the environment's snapshot. SY_NOT_FOUND when there is none (nothing was
 * ever committed); SY_VERSION; SY_CORRUPT. */
sy_status sy_manifest_read(sy_env *env, sy_manifest *manifest, sy_error *error);
/* Puts it, as part of the current transaction. */
sy_status sy_manifest_put(sy_env *env, const sy_manifest *manifest, sy_error *error);
void sy_manifest_free(sy_manifest *manifest);
/* A deep copy. */
sy_status sy_manifest_copy(sy_manifest *to, const sy_manifest *from, sy_error *error);

#endif
