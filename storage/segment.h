/*
 * segment.h - a segment: articles numbered from 0, with everything that finds and shows them.
 * Immutable but for its deletions.
 */
#ifndef SY_SEGMENT_H
#define SY_SEGMENT_H

#include "storage/articles.h"
#include "storage/ids.h"
#include "storage/manifest.h"

#include <roaring/roaring.h>

/* ---- Writing --------------------------------------------------------------------------------- */

/* Articles first, in order; then the runs of the lexicon, through `lexicon` and list writers of the
 * caller's; then finish. */
typedef struct sy_segment_writer {
  sy_env *env;
  sy_segment_info info;
  sy_ids_writer ids;
  sy_articles_writer *articles;
  sy_lexicon_writer lexicon;
  sy_buffer lengths[SY_FIELD_COUNT]; /* a code for each article */
} sy_segment_writer;

sy_status sy_segment_writer_init(sy_segment_writer *w, sy_env *env, uint32_t id,
                                 const sy_articles_options *options, sy_error *error);
/* Registers the next article by its id. Its text goes to `articles`, its lengths to one of the next
 * two functions, beside this. */
sy_status sy_segment_writer_article(sy_segment_writer *w, sy_string id, sy_error *error);
/* The lengths of the next article's fields, in positions. */
sy_status sy_segment_writer_lengths(sy_segment_writer *w, const uint32_t lengths[SY_FIELD_COUNT],
                                    sy_error *error);
/* As above with length codes; `length_sums` are added by the caller. For merges. */
sy_status sy_segment_writer_length_codes(sy_segment_writer *w, const uint8_t codes[SY_FIELD_COUNT],
                                         sy_error *error);
/* All articles and lengths are there: lists can begin. */
void sy_segment_writer_begin_postings(sy_segment_writer *w);
/* Prepares a list writer for a field. It borrows the lengths. */
void sy_segment_writer_init_list(const sy_segment_writer *w, uint32_t field, sy_list_writer *list);
/* Forgets what was added to a list since it was ended last: where a list is read that contradicts
 * itself, and another one will be written. */
void sy_segment_writer_discard_list(const sy_segment_writer *w, uint32_t field,
                                    sy_list_writer *list);
/* Adds a term and its list to the lexicon. */
sy_status sy_segment_writer_list(sy_segment_writer *w, uint32_t field, const sy_term_key *key,
                                 const sy_encoded_list *list, sy_error *error);
/* Writes what is left and completes `info`. */
sy_status sy_segment_writer_finish(sy_segment_writer *w, sy_error *error);
void sy_segment_writer_free(sy_segment_writer *w);

/* ---- Deletions ------------------------------------------------------------------------------- */

/* Stores the set of deleted articles (CRoaring's portable format) as part of the current
 * transaction. */
sy_status sy_deletes_put(sy_env *env, uint32_t segment, const roaring_bitmap_t *deletes,
                         uint64_t *bytes, sy_error *error);

/* ---- Reading --------------------------------------------------------------------------------- */

typedef struct sy_segment {
  sy_segment_info info;
  uint64_t base; /* number of its first article in the snapshot */
  sy_env *env;
  sy_stream streams[3]; /* lexicon, postings, positions */
  sy_lexicon lexicon;
  sy_ids ids;
  sy_articles articles;
  const uint8_t *lengths[SY_FIELD_COUNT];
  roaring_bitmap_t *deletes;           /* NULL when there are none */
  uint8_t *tables[SY_FIELD_COUNT + 1]; /* sy_segment_load_tables() */
} sy_segment;

static inline bool sy_segment_deleted(const sy_segment *s, uint32_t article) {
  return s->deletes && roaring_bitmap_contains(s->deletes, article);
}

/* Copies the lengths and the lexicon's directory, which are looked at in no order, from the map
 * into memory, verified. SY_NO_MEMORY, SY_IO, SY_CORRUPT. */
sy_status sy_segment_load_tables(sy_segment *s, sy_error *error);

/* A segment's lexicon for one more thread: streams remember what they looked up, so they are not
 * shared. Lives no longer than the segment. */
typedef struct sy_lexicon_view {
  sy_stream streams[3];
  sy_lexicon lexicon;
} sy_lexicon_view;

/* `view` stays where it is: its lexicon points into it. SY_NO_MEMORY. */
sy_status sy_lexicon_view_open(sy_lexicon_view *view, const sy_segment *segment, sy_error *error);
void sy_lexicon_view_close(sy_lexicon_view *view); /* accepts one that is all 0 */

/* ---- A snapshot: all segments of one commit -------------------------------------------------- */

typedef struct sy_snapshot {
  sy_env *env;
  sy_manifest manifest;
  sy_segment *segments;
  uint32_t count;
  uint64_t articles; /* live */
  uint64_t numbers;  /* article numbers in use: live and deleted */
} sy_snapshot;

/* Opens the newest snapshot of the environment, in which it begins reading. With `manifest`,
 * opens the segments it names instead of those of the stored one (for a writer's segments to
 * be). */
sy_status sy_snapshot_open(sy_snapshot *s, sy_env *env, const sy_manifest *manifest,
                           sy_error *error);
void sy_snapshot_close(sy_snapshot *s);
/* The segment that holds an article number, or NULL; *local is the number within it. */
sy_segment *sy_snapshot_segment(const sy_snapshot *s, uint64_t article, uint32_t *local);
/* The live article with this id. SY_NOT_FOUND. */
sy_status sy_snapshot_find(sy_snapshot *s, sy_string id, uint64_t *article, sy_error *error);

#endif
