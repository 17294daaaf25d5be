/*
 * merge.c - merging segments (contract in merge.h).
 *
 * Articles keep their order, so the lists of a term are appended one behind the other, numbers
 * shifted. What does not depend on the numbers is copied as it is coded: stored text in compressed
 * blocks, when nothing in the segment is deleted, and positions as bit strings, block by block. Runs of the
 * lexicon are merged by all workers of the pool (coding.h).
 */
#include "indexer/merge.h"

#include "base/status.h"
#include "indexer/coding.h"
#include "storage/lengths.h"

/* A segment that is merged. */
typedef struct source {
  sy_segment *segment;
  const roaring_bitmap_t *deletes; /* or NULL */
  uint32_t base;                   /* number in the new segment of its first article */
  uint32_t *numbers;               /* by old number; SY_NO_ARTICLE for deleted; NULL: base + old */
} source;

/* A worker's own view of a source. */
typedef struct reader {
  const source *source;
  sy_lexicon_view view;
  sy_lexicon_cursor cursor;
  bool in_run; /* the cursor stands on a term of the current run */
} reader;

typedef struct merge_worker {
  reader *readers; /* of all sources; NULL until its first run */
  sy_list_writer lists[SY_FIELD_COUNT];
  sy_postings postings;
} merge_worker;

typedef struct merger {
  sy_segment_writer writer;
  source *sources;
  uint32_t count;
  merge_worker workers[SY_POOL_THREADS_MAX];
  sy_buffer run_keys; /* u32, of all sources, ascending */
} merger;

/* ---- Articles -------------------------------------------------------------------------------- */

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

/* ---- Lists (by any worker) ------------------------------------------------------------------- */

static sy_status corrupt(const merger *m, sy_error *error) {
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(m->writer.env), 0,
                    "a postings list contradicts itself");
}

static uint32_t new_number(const source *s, uint32_t article) {
  return s->numbers ? s->numbers[article] : s->base + article;
}

/* Appends the block that `p` stands at the beginning of, as stretches of articles that stay. */
static bool append_block(const source *s, sy_postings *p, sy_list_writer *list) {
  sy_postings_load_frequencies(p);
  for (uint32_t from = 0, to; from < p->filled; from = to) {
    uint32_t numbers[SY_BLOCK], room = sy_list_writer_room(list);
    for (to = from; to < p->filled && to - from < room; to++) {
      uint32_t number = new_number(s, p->articles[to]);
      if (number == SY_NO_ARTICLE) break;
      if (!p->frequencies[to]) return false;
      numbers[to - from] = number;
    }
    if (to == from) { /* deleted */
      to++;
      continue;
    }
    sy_positions_range range;
    if (!sy_postings_positions_range(p, from, to, &range)) return false;
    sy_list_writer_append(list, numbers, p->frequencies + from, to - from, &range);
  }
  return true;
}

static bool append_list(const source *s, const sy_list *list, sy_postings *p, sy_list_writer *out) {
  sy_postings_open(p, list);
  if (list->df == 1 && !list->positions) { /* its position is not coded */
    uint32_t position = (uint32_t)list->single_position, article = sy_postings_next(p);
    uint32_t number = article == SY_NO_ARTICLE ? article : new_number(s, article);
    if (number != SY_NO_ARTICLE) sy_list_writer_add(out, number, &position, 1);
    return !p->corrupt;
  }
  uint32_t count = 0, last = SY_NO_ARTICLE;
  while (sy_postings_next_block(p, 0) != SY_NO_ARTICLE) {
    if (last != SY_NO_ARTICLE && p->article <= last) return false;
    if (!append_block(s, p, out)) return false;
    count += p->filled;
    last = p->articles[p->filled - 1];
  }
  return !p->corrupt && count == list->df;
}

/* ---- Runs (by any worker) -------------------------------------------------------------------- */

/* Moves a reader to the next term of its run. */
static sy_status next_term(reader *r, sy_error *error) {
  sy_status status = sy_lexicon_next(&r->cursor, error);
  r->in_run = status == SY_OK;
  return status == SY_NOT_FOUND ? SY_OK : status;
}

static int compare_terms(const sy_term_key *a, const sy_term_key *b) {
  if (!a->word_bytes || !b->word_bytes) return (a->second > b->second) - (a->second < b->second);
  int order =
      memcmp(a->word, b->word, a->word_bytes < b->word_bytes ? a->word_bytes : b->word_bytes);
  return order ? order : (a->word_bytes > b->word_bytes) - (a->word_bytes < b->word_bytes);
}

/* The least term that any reader stands on, or NULL behind the run. */
static const sy_term_key *least_term(const merger *m, const merge_worker *w) {
  const sy_term_key *least = NULL;
  for (uint32_t i = 0; i < m->count; i++) {
    const reader *r = &w->readers[i];
    if (r->in_run && (!least || compare_terms(&r->cursor.key, least) < 0)) least = &r->cursor.key;
  }
  return least;
}

static sy_status merge_term(const merger *m, merge_worker *w, uint32_t field,
                            const sy_term_key *least, sy_coded_runs *out, sy_error *error) {
  uint8_t word[256];
  sy_term_key key = *least;
  sy_list_writer *merged = &w->lists[field];
  if (key.word_bytes) key.word = memcpy(word, key.word, key.word_bytes);
  for (uint32_t i = 0; i < m->count; i++) {
    reader *r = &w->readers[i];
    if (!r->in_run || compare_terms(&r->cursor.key, &key)) continue;
    sy_list list;
    SY_TRY(sy_lexicon_list(&r->cursor, &list, error));
    if (!append_list(r->source, &list, &w->postings, merged)) return corrupt(m, error);
    SY_TRY(next_term(r, error));
  }
  if (!merged->df) return SY_OK; /* all its articles are deleted */
  return sy_coded_runs_add(out, &key, merged, error);
}

static sy_status open_readers(const merger *m, merge_worker *w, sy_error *error) {
  w->readers = calloc(m->count, sizeof *w->readers);
  if (!w->readers) return sy_fail_memory(error);
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    sy_segment_writer_init_list(&m->writer, f, &w->lists[f]);
  }
  for (uint32_t i = 0; i < m->count; i++) {
    w->readers[i].source = &m->sources[i];
    SY_TRY(sy_lexicon_view_open(&w->readers[i].view, m->sources[i].segment, error));
  }
  return SY_OK;
}

static void close_readers(const merger *m, merge_worker *w) {
  if (!w->readers) return;
  for (uint32_t i = 0; i < m->count; i++) sy_lexicon_view_close(&w->readers[i].view);
  free(w->readers);
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) sy_list_writer_free(&w->lists[f]);
}

/* Merges the `index`-th run; a sy_code_run. */
static sy_status merge_run(void *context, size_t index, uint32_t worker, sy_coded_runs *out,
                           sy_error *error) {
  merger *m = context;
  merge_worker *w = &m->workers[worker];
  uint32_t run_key = ((const uint32_t *)m->run_keys.data)[index];
  uint32_t field = run_key >> 24, first = run_key & 0xffffff;
  if (field >= SY_FIELD_COUNT) return corrupt(m, error);
  if (!w->readers) SY_TRY(open_readers(m, w, error));
  bool words = false;
  for (uint32_t i = 0; i < m->count; i++) {
    reader *r = &w->readers[i];
    sy_lexicon *lexicon = &r->view.lexicon;
    uint32_t run = sy_lexicon_run(lexicon, field, first);
    r->in_run = false;
    if (run >= lexicon->count || sy_lexicon_run_key(lexicon, run) != run_key) continue;
    SY_TRY(sy_lexicon_open_run(lexicon, run, &r->cursor, error));
    SY_TRY(next_term(r, error));
    words |= r->cursor.words;
  }
  sy_coded_runs_begin(out, field, first, words);
  for (const sy_term_key *least; (least = least_term(m, w));) {
    if (!least->word_bytes == words) return corrupt(m, error);
    SY_TRY(merge_term(m, w, field, least, out, error));
  }
  return SY_OK;
}

/* ---- All ------------------------------------------------------------------------------------- */

static int compare_u32(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static bool collect_runs(merger *m) {
  sy_buffer *keys = &m->run_keys;
  for (uint32_t i = 0; i < m->count; i++) {
    const sy_lexicon *l = &m->sources[i].segment->lexicon;
    for (uint32_t run = 0; run < l->count; run++) sy_buffer_u32(keys, sy_lexicon_run_key(l, run));
  }
  if (!keys->bytes) return !keys->failed;
  uint32_t *key = (uint32_t *)keys->data;
  size_t all = keys->bytes / sizeof *key, count = 0;
  qsort(key, all, sizeof *key, compare_u32);
  for (size_t i = 0; i < all; i++) {
    if (!i || key[i] != key[i - 1]) key[count++] = key[i];
  }
  keys->bytes = count * sizeof *key;
  return !keys->failed;
}

static sy_status merge_all(merger *m, sy_pool *pool, sy_error *error) {
  for (uint32_t i = 0; i < m->count; i++) SY_TRY(merge_articles(m, &m->sources[i], error));
  for (uint32_t i = 0; i < m->count; i++) SY_TRY(merge_text(m, &m->sources[i], error));
  sy_segment_writer_begin_postings(&m->writer);
  if (!collect_runs(m)) return sy_fail_memory(error);
  SY_TRY(sy_code_runs(pool, m->run_keys.bytes / 4, merge_run, m, &m->writer, error));
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
  if (status == SY_OK) status = merge_all(m, options->pool, error);
  *info = m->writer.info;
  for (uint32_t i = 0; i < SY_POOL_THREADS_MAX; i++) close_readers(m, &m->workers[i]);
  for (uint32_t i = 0; m->sources && i < count; i++) free(m->sources[i].numbers);
  free(m->sources);
  sy_buffer_free(&m->run_keys);
  sy_segment_writer_free(&m->writer);
  free(m);
  return status;
}
