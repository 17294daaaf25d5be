/*
 * merge.c - merging segments (contract in merge.h).
 *
 * Articles keep their order, so the lists of a term are appended one behind the other, numbers
 * shifted. Stored text is copied in compressed blocks when nothing in the segment is deleted.
 *
 * The policy is Lucene's log merge: segments are of a level by their size, and levels grow by
 * MERGE_FACTOR. When the newest segments, as long as they are not above a level, have MERGE_FACTOR of
 * that level among them, they are merged, those of lower levels behind them left alone. An article is
 * rewritten about log8(index size / 64 KB) times, and an index has at most 7 segments of each level.
 */
#include "indexer/merge.h"

#include "base/status.h"
#include "storage/lengths.h"

#define MERGE_FACTOR 8u
#define MERGE_LEAST_BYTES (64ull << 10) /* below: the lowest level */
#define MERGE_MOST_BYTES (4ull << 30)   /* larger segments are left alone */

/* ---- Policy ---------------------------------------------------------------------------------- */

static uint64_t segment_bytes(const sy_segment_info *info) {
  uint64_t bytes = 0;
  for (int p = 0; p < SY_PART_COUNT; p++) bytes += info->bytes[p];
  return bytes;
}

/* Whether the segments from `low` to below `high` bytes, newest of those below `high`, are to be merged. */
static bool is_full(const sy_manifest *m, uint64_t low, uint64_t high, uint32_t *first,
                    uint32_t *count) {
  uint32_t end = m->segment_count, of_level = 0, behind = 0;
  for (*first = end; *first && segment_bytes(&m->segments[*first - 1]) < high; --*first) {
    if (segment_bytes(&m->segments[*first - 1]) < low) continue;
    if (!of_level++) behind = *first;
  }
  *count = behind - *first;
  return of_level >= MERGE_FACTOR;
}

bool sy_merge_choose(const sy_manifest *m, const uint64_t *deleted, uint32_t *first,
                     uint32_t *count) {
  uint64_t low = 0;
  for (uint64_t high = MERGE_LEAST_BYTES; high <= MERGE_MOST_BYTES; high *= MERGE_FACTOR) {
    if (is_full(m, low, high, first, count)) return true;
    low = high;
  }
  for (uint32_t i = 0; i < m->segment_count; i++) { /* mostly deleted: rewrite it by itself */
    if (deleted[i] * 2 > m->segments[i].articles) {
      *first = i;
      *count = 1;
      return true;
    }
  }
  return false;
}

/* ---- Articles -------------------------------------------------------------------------------- */

typedef struct source {
  sy_segment *segment;
  const roaring_bitmap_t *deletes; /* or NULL */
  uint32_t base;                   /* number in the new segment of its first article */
  uint32_t *numbers;               /* by old number; SY_NO_ARTICLE for deleted; NULL: base + old */
  sy_lexicon_cursor cursor;
  uint32_t run; /* in its directory */
  bool in_run;  /* the cursor stands on a term of the current run */
} source;

typedef struct merger {
  sy_segment_writer writer;
  source *sources;
  uint32_t count;
  sy_postings postings;
  sy_buffer positions;
} merger;

static bool is_deleted(const source *s, uint32_t article) {
  return s->deletes && roaring_bitmap_contains(s->deletes, article);
}

/* Ids and lengths of the articles that stay, and their new numbers. */
static sy_status merge_articles(merger *m, source *s, sy_error *error) {
  const sy_segment_info *info = &s->segment->info;
  s->base = m->writer.info.articles;
  if (s->deletes) {
    s->numbers = malloc((info->articles + 1ull) * sizeof *s->numbers);
    if (!s->numbers) return sy_fail_memory(error);
  }
  for (uint32_t a = 0; a < info->articles; a++) {
    bool deleted = is_deleted(s, a);
    if (s->numbers) s->numbers[a] = deleted ? SY_NO_ARTICLE : m->writer.info.articles;
    if (deleted) continue;
    uint8_t codes[SY_FIELD_COUNT];
    for (int f = 0; f < SY_FIELD_COUNT; f++) {
      codes[f] = s->segment->lengths[f][a];
      if (s->deletes) m->writer.info.fields[f].length_sum += sy_length_decode(codes[f]);
    }
    sy_string id;
    SY_TRY(sy_ids_get(&s->segment->ids, a, &id, error));
    SY_TRY(sy_segment_writer_article(&m->writer, id, error));
    SY_TRY(sy_segment_writer_length_codes(&m->writer, codes, error));
  }
  if (!s->deletes) {
    for (int f = 0; f < SY_FIELD_COUNT; f++)
      m->writer.info.fields[f].length_sum += info->fields[f].length_sum;
  }
  return SY_OK;
}

static sy_status merge_text(merger *m, source *s, sy_error *error) {
  sy_articles *articles = &s->segment->articles;
  if (s->deletes) {
    for (uint32_t a = 0; a < s->segment->info.articles; a++) {
      if (is_deleted(s, a)) continue;
      sy_article article;
      SY_TRY(sy_articles_get(articles, a, &article, error));
      SY_TRY(sy_articles_writer_add(m->writer.articles, &article, error));
    }
    return SY_OK;
  }
  for (uint32_t b = 0; b < articles->block_count; b++) {
    SY_TRY(sy_articles_copy_block(articles, b, m->writer.articles, error));
  }
  return SY_OK;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

static sy_status corrupt(const merger *m, sy_error *error) {
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(m->writer.env), 0,
                    "a postings list contradicts itself");
}

static sy_status append_article(merger *m, sy_list_writer *list, uint32_t number, sy_error *error) {
  sy_positions positions;
  if (!sy_postings_positions(&m->postings, &positions)) return corrupt(m, error);
  m->positions.bytes = 0;
  uint32_t *out =
      (uint32_t *)sy_buffer_reserve(&m->positions, (positions.count + 1ull) * sizeof *out);
  if (!out) return sy_fail_memory(error);
  for (uint32_t i = 0; i < positions.count; i++) out[i] = sy_positions_next(&positions);
  sy_list_writer_add(list, number, out, positions.count);
  return SY_OK;
}

static sy_status append_list(merger *m, source *s, uint32_t field, sy_error *error) {
  sy_list list;
  SY_TRY(sy_lexicon_list(&s->cursor, &list, error));
  sy_postings_open(&m->postings, &list);
  uint32_t count = 0, last = SY_NO_ARTICLE;
  for (uint32_t a; (a = sy_postings_next(&m->postings)) != SY_NO_ARTICLE; last = a) {
    if (last != SY_NO_ARTICLE && a <= last) return corrupt(m, error);
    uint32_t number = s->numbers ? s->numbers[a] : s->base + a;
    count++;
    if (number != SY_NO_ARTICLE) SY_TRY(append_article(m, &m->writer.lists[field], number, error));
  }
  return m->postings.corrupt || count != list.df ? corrupt(m, error) : SY_OK;
}

/* Moves a source to the next term of its run. */
static sy_status next_term(source *s, sy_error *error) {
  sy_status status = sy_lexicon_next(&s->cursor, error);
  s->in_run = status == SY_OK;
  if (!s->in_run) s->run++;
  return status == SY_NOT_FOUND ? SY_OK : status;
}

static int compare_terms(const sy_term_key *a, const sy_term_key *b) {
  if (!a->word_bytes || !b->word_bytes) return (a->second > b->second) - (a->second < b->second);
  int order =
      memcmp(a->word, b->word, a->word_bytes < b->word_bytes ? a->word_bytes : b->word_bytes);
  return order ? order : (a->word_bytes > b->word_bytes) - (a->word_bytes < b->word_bytes);
}

/* The least term that any source stands on, or NULL behind the run. */
static const sy_lexicon_cursor *least_term(const merger *m) {
  const sy_lexicon_cursor *least = NULL;
  for (uint32_t i = 0; i < m->count; i++) {
    const source *s = &m->sources[i];
    if (s->in_run && (!least || compare_terms(&s->cursor.key, &least->key) < 0)) least = &s->cursor;
  }
  return least;
}

static sy_status merge_term(merger *m, const sy_lexicon_cursor *least, sy_error *error) {
  uint8_t word[256];
  sy_term_key key = least->key;
  uint32_t field = least->field;
  if (key.word_bytes) key.word = memcpy(word, key.word, key.word_bytes);
  for (uint32_t i = 0; i < m->count; i++) {
    source *s = &m->sources[i];
    if (!s->in_run || compare_terms(&s->cursor.key, &key)) continue;
    SY_TRY(append_list(m, s, field, error));
    SY_TRY(next_term(s, error));
  }
  if (!m->writer.lists[field].df) return SY_OK; /* all its articles are deleted */
  return sy_segment_writer_term(&m->writer, field, &key, error);
}

/* The least run key at which any source stands, or UINT32_MAX. */
static uint32_t least_run(const merger *m) {
  uint32_t least = UINT32_MAX;
  for (uint32_t i = 0; i < m->count; i++) {
    const source *s = &m->sources[i];
    if (s->run >= s->segment->lexicon.count) continue;
    uint32_t key = sy_lexicon_run_key(&s->segment->lexicon, s->run);
    least = key < least ? key : least;
  }
  return least;
}

static sy_status merge_run(merger *m, uint32_t run_key, sy_error *error) {
  bool words = false;
  for (uint32_t i = 0; i < m->count; i++) {
    source *s = &m->sources[i];
    s->in_run = false;
    sy_lexicon *lexicon = &s->segment->lexicon;
    if (s->run >= lexicon->count || sy_lexicon_run_key(lexicon, s->run) != run_key) continue;
    SY_TRY(sy_lexicon_open_run(lexicon, s->run, &s->cursor, error));
    SY_TRY(next_term(s, error));
    words |= s->cursor.words;
  }
  sy_lexicon_writer_begin(&m->writer.lexicon, run_key >> 24, run_key & 0xffffff, words);
  for (const sy_lexicon_cursor *least; (least = least_term(m));) {
    if (least->words != words) return corrupt(m, error);
    SY_TRY(merge_term(m, least, error));
  }
  return sy_lexicon_writer_end(&m->writer.lexicon, error);
}

static sy_status merge_all(merger *m, sy_error *error) {
  for (uint32_t i = 0; i < m->count; i++) SY_TRY(merge_articles(m, &m->sources[i], error));
  for (uint32_t i = 0; i < m->count; i++) SY_TRY(merge_text(m, &m->sources[i], error));
  sy_segment_writer_begin_postings(&m->writer);
  for (uint32_t key; (key = least_run(m)) != UINT32_MAX;) SY_TRY(merge_run(m, key, error));
  return sy_segment_writer_finish(&m->writer, error);
}

sy_status sy_merge(sy_snapshot *snapshot, uint32_t first, uint32_t count,
                   roaring_bitmap_t *const *deletes, uint32_t id,
                   const sy_articles_options *options, sy_segment_info *info, sy_error *error) {
  merger *m = calloc(1, sizeof *m);
  if (!m) return sy_fail_memory(error);
  m->sources = calloc(count, sizeof *m->sources);
  m->count = count;
  sy_status status = m->sources ? SY_OK : sy_fail_memory(error);
  for (uint32_t i = 0; status == SY_OK && i < count; i++) {
    m->sources[i].segment = &snapshot->segments[first + i];
    m->sources[i].deletes = deletes[i];
  }
  if (status == SY_OK)
    status = sy_segment_writer_init(&m->writer, snapshot->env, id, options, error);
  if (status == SY_OK) status = merge_all(m, error);
  *info = m->writer.info;
  for (uint32_t i = 0; m->sources && i < count; i++) free(m->sources[i].numbers);
  free(m->sources);
  sy_buffer_free(&m->positions);
  sy_segment_writer_free(&m->writer);
  free(m);
  return status;
}
