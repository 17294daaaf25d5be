/*
 * merge.c - merging segments (contract in merge.h).
 *
 * Articles keep their order, so the lists of a term are appended one behind the other, numbers
 * shifted. What does not depend on the numbers is copied as it is coded: stored text in compressed
 * blocks, when nothing in the segment is deleted, and positions as bit strings, block by block.
 * Runs of the lexicon are merged by all workers of the pool (coding.h).
 */
#include "indexer/merge.h"

#include "base/status.h"
#include "base/stopwatch.h"
#include "indexer/coding.h"
#include "storage/lengths.h"

#include <malloc.h>

#define STEP_ARTICLES 8192u
#define STEP_BYTES (1u << 20)

/* A segment that is merged. */
typedef struct source {
  sy_segment *segment;
  roaring_bitmap_t *deletes; /* or NULL; ours */
  uint32_t base;             /* number in the new segment of its first article */
  uint32_t *numbers;         /* by old number; SY_NO_ARTICLE for deleted; NULL: base + old */
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
  uint64_t nanoseconds;
} merge_worker;

typedef enum merge_phase { ARTICLES, TEXT, LISTS, DONE } merge_phase;

struct sy_merge {
  sy_env *env; /* our view of the index */
  sy_snapshot snapshot;
  bool has_snapshot, has_writer;
  sy_pool *pool;
  bool timed;
  sy_segment_writer writer;
  source *sources;
  uint32_t count;
  merge_phase phase;
  uint32_t at, next; /* the source, and its article or block, that the phase has come to */
  sy_coding *coding;
  merge_worker workers[SY_POOL_THREADS_MAX];
  sy_buffer run_keys;   /* u32, of all sources, ascending */
  uint64_t nanoseconds; /* without the workers' */
};

/* ---- Articles -------------------------------------------------------------------------------- */

static bool is_deleted(const source *s, uint32_t article) {
  return s->deletes && roaring_bitmap_contains(s->deletes, article);
}

/* The id and lengths of an article that stays, and its new number. */
static sy_status merge_article(sy_merge *m, source *s, uint32_t a, sy_error *error) {
  bool deleted = is_deleted(s, a);
  if (s->numbers) s->numbers[a] = deleted ? SY_NO_ARTICLE : m->writer.info.articles;
  if (deleted) return SY_OK;
  uint8_t codes[SY_FIELD_COUNT];
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    codes[f] = s->segment->lengths[f][a];
    if (s->deletes) m->writer.info.fields[f].length_sum += sy_length_decode(codes[f]);
  }
  sy_string id;
  SY_TRY(sy_ids_get(&s->segment->ids, a, &id, error));
  SY_TRY(sy_segment_writer_article(&m->writer, id, error));
  return sy_segment_writer_length_codes(&m->writer, codes, error);
}

/* Before the first article of a source. */
static sy_status begin_source(sy_merge *m, source *s, sy_error *error) {
  const sy_segment_info *info = &s->segment->info;
  s->base = m->writer.info.articles;
  if (s->deletes) {
    s->numbers = malloc((info->articles + 1ull) * sizeof *s->numbers);
    return s->numbers ? SY_OK : sy_fail_memory(error);
  }
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    m->writer.info.fields[f].length_sum += info->fields[f].length_sum;
  }
  return SY_OK;
}

static void next_source(sy_merge *m) {
  m->at++;
  m->next = 0;
}

static void next_phase(sy_merge *m) {
  m->at = m->next = 0;
  m->phase++;
}

static sy_status step_articles(sy_merge *m, sy_error *error) {
  if (m->at == m->count) {
    next_phase(m);
    return SY_OK;
  }
  source *s = &m->sources[m->at];
  uint32_t end = s->segment->info.articles;
  if (!m->next) SY_TRY(begin_source(m, s, error));
  for (uint32_t n = 0; n < STEP_ARTICLES && m->next < end; n++) {
    SY_TRY(merge_article(m, s, m->next++, error));
  }
  if (m->next == end) next_source(m);
  return SY_OK;
}

static uint64_t text_bytes(const sy_merge *m) {
  return sy_articles_writer_stream(m->writer.articles)->bytes;
}

/* Of a source without deletions, blocks; of another one, articles. */
static sy_status step_text(sy_merge *m, sy_error *error) {
  if (m->at == m->count) {
    next_phase(m);
    return SY_OK;
  }
  source *s = &m->sources[m->at];
  sy_articles *articles = &s->segment->articles;
  uint64_t begin = text_bytes(m);
  uint32_t end = s->deletes ? s->segment->info.articles : articles->block_count;
  for (uint32_t n = 0; n < STEP_ARTICLES && m->next < end; n++) {
    uint32_t next = m->next++;
    if (!s->deletes) {
      SY_TRY(sy_articles_copy_block(articles, next, m->writer.articles, error));
    } else if (!is_deleted(s, next)) {
      SY_TRY(sy_articles_copy(articles, next, m->writer.articles, error));
    }
    if (text_bytes(m) - begin > STEP_BYTES) break;
  }
  if (m->next == end) next_source(m);
  return SY_OK;
}

/* ---- Lists (by any worker) ------------------------------------------------------------------- */

static sy_status corrupt(const sy_merge *m, sy_error *error) {
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
/* The least term that any reader stands on, or NULL behind the run. */
static const sy_term_key *least_term(const sy_merge *m, const merge_worker *w) {
  const sy_term_key *least = NULL;
  for (uint32_t i = 0; i < m->count; i++) {
    const reader *r = &w->readers[i];
    if (r->in_run && (!least || sy_term_key_compare(&r->cursor.key, least) < 0))
      least = &r->cursor.key;
  }
  return least;
}

static sy_status merge_term(const sy_merge *m, merge_worker *w, uint32_t field,
                            const sy_term_key *least, sy_coded_runs *out, sy_error *error) {
  uint8_t word[256];
  sy_term_key key = *least;
  sy_list_writer *merged = &w->lists[field];
  if (key.word_bytes) key.word = memcpy(word, key.word, key.word_bytes);
  for (uint32_t i = 0; i < m->count; i++) {
    reader *r = &w->readers[i];
    if (!r->in_run || sy_term_key_compare(&r->cursor.key, &key)) continue;
    sy_list list;
    SY_TRY(sy_lexicon_list(&r->cursor, &list, error));
    if (!append_list(r->source, &list, &w->postings, merged)) return corrupt(m, error);
    SY_TRY(sy_lexicon_next_in_run(&r->cursor, &r->in_run, error));
  }
  if (sy_list_writer_is_empty(merged)) return SY_OK; /* all its articles are deleted */
  sy_encoded_list coded;
  SY_TRY(sy_list_writer_finish(merged, &coded, error));
  return sy_coded_runs_add(out, &key, &coded, error);
}

static void close_readers(const sy_merge *m, merge_worker *w) {
  if (!w->readers) return;
  for (uint32_t i = 0; i < m->count; i++) sy_lexicon_view_close(&w->readers[i].view);
  free(w->readers);
  w->readers = NULL;
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) sy_list_writer_free(&w->lists[f]);
}

/* All are open or none: after an error, too, a worker has other jobs to run. */
static sy_status open_readers(const sy_merge *m, merge_worker *w, sy_error *error) {
  w->readers = calloc(m->count, sizeof *w->readers);
  if (!w->readers) return sy_fail_memory(error);
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    sy_segment_writer_init_list(&m->writer, f, &w->lists[f]);
  }
  sy_status status = SY_OK;
  for (uint32_t i = 0; i < m->count && status == SY_OK; i++) {
    w->readers[i].source = &m->sources[i];
    status = sy_lexicon_view_open(&w->readers[i].view, m->sources[i].segment, error);
  }
  if (status != SY_OK) close_readers(m, w);
  return status;
}

/* Opens a reader's part of a run, at the first term that is greater than `behind`. */
static sy_status open_run(reader *r, uint32_t run_key, const sy_term_key *behind, sy_error *error) {
  sy_lexicon *lexicon = &r->view.lexicon;
  uint32_t run = sy_lexicon_run(lexicon, run_key >> 24, run_key & 0xffffff);
  r->in_run = false;
  if (run >= lexicon->count || sy_lexicon_run_key(lexicon, run) != run_key) return SY_OK;
  SY_TRY(sy_lexicon_open_run(lexicon, run, &r->cursor, error));
  if (behind && behind->word_bytes && r->cursor.words) {
    SY_TRY(sy_lexicon_seek_word(&r->cursor, behind->word, behind->word_bytes, error));
  }
  do SY_TRY(sy_lexicon_next_in_run(&r->cursor, &r->in_run, error));
  while (behind && r->in_run && sy_term_key_compare(&r->cursor.key, behind) <= 0);
  return SY_OK;
}

/* Merges the `index`-th run; a sy_code_run. */
static sy_status merge_run(void *context, size_t index, uint32_t worker, const sy_term_key *behind,
                           sy_coded_runs *out, sy_error *error) {
  sy_merge *m = context;
  merge_worker *w = &m->workers[worker];
  uint64_t watch = sy_watch_start(m->timed);
  uint32_t run_key = ((const uint32_t *)m->run_keys.data)[index], field = run_key >> 24;
  if (field >= SY_FIELD_COUNT) return corrupt(m, error);
  if (!w->readers) {
    sy_status status = open_readers(m, w, error);
    if (!w->readers) return status;
  }
  bool words = false;
  for (uint32_t i = 0; i < m->count; i++) {
    reader *r = &w->readers[i];
    SY_TRY(open_run(r, run_key, behind, error));
    words |= r->in_run && r->cursor.words;
  }
  sy_coded_runs_begin(out, field, run_key & 0xffffff, words);
  for (const sy_term_key *least; !out->full && (least = least_term(m, w));) {
    if (!least->word_bytes == words) return corrupt(m, error);
    sy_status status = merge_term(m, w, field, least, out, error);
    if (status == SY_OK) continue;
    sy_segment_writer_discard_list(&m->writer, field, &w->lists[field]);
    return status;
  }
  sy_watch_lap(&watch, &w->nanoseconds);
  return SY_OK;
}

/* ---- All ------------------------------------------------------------------------------------- */

static int compare_u32(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static bool collect_runs(sy_merge *m) {
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

static sy_status step_lists(sy_merge *m, sy_error *error) {
  if (!m->coding) {
    sy_segment_writer_begin_postings(&m->writer);
    if (!collect_runs(m)) return sy_fail_memory(error);
    SY_TRY(sy_coding_begin(m->pool, m->run_keys.bytes / 4, merge_run, m, &m->writer, &m->coding,
                           error));
  }
  bool done;
  SY_TRY(sy_coding_step(m->coding, &done, error));
  if (!done) return SY_OK;
  next_phase(m);
  return sy_segment_writer_finish(&m->writer, error);
}

sy_status sy_merge_step(sy_merge *m, bool *done, sy_error *error) {
  sy_status status = SY_OK;
  uint64_t watch = sy_watch_start(m->timed && m->phase != LISTS);
  switch (m->phase) {
    case ARTICLES: status = step_articles(m, error); break;
    case TEXT: status = step_text(m, error); break;
    case LISTS: status = step_lists(m, error); break;
    case DONE: break;
  }
  sy_watch_lap(&watch, &m->nanoseconds);
  *done = m->phase == DONE;
  return status;
}

static sy_status open_sources(sy_merge *m, const sy_env *env, const sy_manifest *manifest,
                              roaring_bitmap_t *const *deletes, sy_error *error) {
  SY_TRY(sy_env_share(env, &m->env, error));
  SY_TRY(sy_snapshot_open(&m->snapshot, m->env, manifest, error));
  m->has_snapshot = true;
  for (uint32_t i = 0; i < m->count; i++) {
    m->sources[i].segment = &m->snapshot.segments[i];
    SY_TRY(sy_segment_load_tables(&m->snapshot.segments[i], error));
    if (!deletes[i]) continue;
    m->sources[i].deletes = roaring_bitmap_copy(deletes[i]);
    if (!m->sources[i].deletes) return sy_fail_memory(error);
  }
  return SY_OK;
}

sy_status sy_merge_begin(sy_env *env, const sy_manifest *manifest, uint32_t first, uint32_t count,
                         roaring_bitmap_t *const *deletes, uint32_t id,
                         const sy_articles_options *options, sy_merge **out, sy_error *error) {
  sy_merge *m = *out = calloc(1, sizeof *m);
  if (!m) return sy_fail_memory(error);
  m->pool = options->pool;
  m->timed = options->timed;
  m->sources = calloc(count, sizeof *m->sources);
  if (!m->sources) return sy_fail_memory(error);
  m->count = count;
  sy_manifest of_range = *manifest;
  of_range.segments += first;
  of_range.segment_count = count;
  SY_TRY(open_sources(m, env, &of_range, deletes, error));
  m->has_writer = true;
  return sy_segment_writer_init(&m->writer, env, id, options, error);
}

void sy_merge_end(sy_merge *m) {
  if (!m) return;
  sy_coding_end(m->coding);
  for (uint32_t i = 0; i < SY_POOL_THREADS_MAX; i++) close_readers(m, &m->workers[i]);
  for (uint32_t i = 0; i < m->count; i++) {
    free(m->sources[i].numbers);
    if (m->sources[i].deletes) roaring_bitmap_free(m->sources[i].deletes);
  }
  free(m->sources);
  sy_buffer_free(&m->run_keys);
  if (m->has_writer) sy_segment_writer_free(&m->writer);
  if (m->has_snapshot) sy_snapshot_close(&m->snapshot);
  if (m->env) sy_env_close(m->env);
  free(m);
  /* Lists are coded beside a batch, so what they took lies between what the batch has. */
  malloc_trim(0);
}

const sy_segment_info *sy_merge_info(const sy_merge *m) { return &m->writer.info; }

uint64_t sy_merge_nanoseconds(const sy_merge *m) {
  uint64_t all = m->nanoseconds;
  for (uint32_t i = 0; i < SY_POOL_THREADS_MAX; i++) all += m->workers[i].nanoseconds;
  return all;
}

uint64_t sy_merge_bytes(const sy_merge *m) {
  const sy_lexicon_writer *l = &m->writer.lexicon;
  return text_bytes(m) + m->writer.ids.stream.bytes + l->lexicon.bytes + l->postings.bytes +
         l->positions.bytes;
}

static sy_status add_deletes(const source *s, const roaring_bitmap_t *now, roaring_bitmap_t *out) {
  roaring_uint32_iterator_t *i = roaring_create_iterator(now);
  if (!i) return SY_NO_MEMORY;
  for (; i->has_value; roaring_advance_uint32_iterator(i)) {
    uint32_t number = new_number(s, i->current_value);
    if (number != SY_NO_ARTICLE) roaring_bitmap_add(out, number);
  }
  roaring_free_uint32_iterator(i);
  return SY_OK;
}

sy_status sy_merge_deletes(const sy_merge *m, roaring_bitmap_t *const *deletes,
                           roaring_bitmap_t **out, sy_error *error) {
  for (uint32_t i = 0; i < m->count; i++) {
    const source *s = &m->sources[i];
    uint64_t before = s->deletes ? roaring_bitmap_get_cardinality(s->deletes) : 0;
    if (!deletes[i] || roaring_bitmap_get_cardinality(deletes[i]) == before) continue;
    if (!*out) *out = roaring_bitmap_create();
    if (!*out || add_deletes(s, deletes[i], *out) != SY_OK) return sy_fail_memory(error);
  }
  return SY_OK;
}
