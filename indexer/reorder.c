/*
 * reorder.c - rewriting a segment in another order (contract in reorder.h; the order is found in
 * reorder_order.c).
 *
 * Stored text and lists are read and coded by all workers of the pool, and written in order by the
 * caller. The positions of an article are copied as they are coded. A list longer than
 * LIST_ARTICLES is read several times, each time for the articles that get some range of new
 * numbers.
 */
#include "indexer/reorder.h"

#include "base/status.h"
#include "indexer/coding.h"
#include "indexer/reorder_order.h"
#include "indexer/tuples.h"
#include "storage/lengths.h"

#define LIST_ARTICLES (256u << 10) /* of a list, in memory at once: 12 MB for a worker */
#define TEXT_JOBS 32u              /* on their way */
#define TEXT_ARTICLES 64u          /* of a job */
#define TEXT_BYTES (256u << 10)    /* of a job; those behind are read by the caller */

/* An article in a list. */
typedef struct occurrence {
  uint32_t frequency;
  sy_positions_range positions;
} occurrence;

typedef struct reorder_worker {
  bool open;
  sy_lexicon_view view;
  sy_articles articles;
  sy_list_writer lists[SY_FIELD_COUNT];
  sy_postings postings;
  occurrence *occurrences; /* LIST_ARTICLES */
  uint64_t *keys, *other;  /* new number << 32 | which occurrence */
} reorder_worker;

typedef struct text_job {
  sy_job job;
  struct reorderer *reorderer;
  uint32_t begin, end; /* new numbers */
  uint32_t read;       /* how many of them are here */
  sy_article articles[TEXT_ARTICLES];
  sy_buffer text;
  sy_status status;
  sy_error error;
} text_job;

typedef struct reorderer {
  sy_segment_writer writer;
  sy_segment *segment;
  sy_pool *pool;
  uint32_t *order;   /* old numbers by new ones */
  uint32_t *numbers; /* new numbers by old ones */
  reorder_worker workers[SY_POOL_THREADS_MAX];
  text_job *text_jobs;
} reorderer;

static sy_status corrupt(const reorderer *r, sy_error *error) {
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(r->writer.env), 0,
                    "a postings list contradicts itself");
}

static void close_worker(reorder_worker *w) {
  sy_lexicon_view_close(&w->view);
  sy_articles_close(&w->articles);
  for (int f = 0; f < SY_FIELD_COUNT; f++) sy_list_writer_free(&w->lists[f]);
  free(w->occurrences);
  free(w->keys);
  free(w->other);
  *w = (reorder_worker){0};
}

static sy_status try_open_worker(reorderer *r, reorder_worker *w, sy_error *error) {
  w->occurrences = malloc(LIST_ARTICLES * sizeof *w->occurrences);
  w->keys = malloc(LIST_ARTICLES * sizeof *w->keys);
  w->other = malloc(LIST_ARTICLES * sizeof *w->other);
  if (!w->occurrences || !w->keys || !w->other) return sy_fail_memory(error);
  SY_TRY(sy_lexicon_view_open(&w->view, r->segment, error));
  const sy_segment_info *info = &r->segment->info;
  return sy_articles_open(&w->articles, r->writer.env, info->id, info->articles,
                          sy_stream_chunk_count(info->ends[SY_STREAM_ARTICLES]), error);
}

/* Open or not: after an error, too, a worker has other jobs to run. */
static sy_status open_worker(reorderer *r, reorder_worker *w, sy_error *error) {
  if (w->open) return SY_OK;
  sy_status status = try_open_worker(r, w, error);
  w->open = status == SY_OK;
  if (!w->open) close_worker(w);
  return status;
}

/* ---- Articles -------------------------------------------------------------------------------- */

/* Ids and lengths. */
static sy_status write_articles(reorderer *r, sy_error *error) {
  const sy_segment_info *info = &r->segment->info;
  for (uint32_t n = 0; n < info->articles; n++) {
    uint8_t codes[SY_FIELD_COUNT];
    for (int f = 0; f < SY_FIELD_COUNT; f++) codes[f] = r->segment->lengths[f][r->order[n]];
    sy_string id;
    SY_TRY(sy_ids_get(&r->segment->ids, r->order[n], &id, error));
    SY_TRY(sy_segment_writer_article(&r->writer, id, error));
    SY_TRY(sy_segment_writer_length_codes(&r->writer, codes, error));
  }
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    r->writer.info.fields[f].length_sum = info->fields[f].length_sum;
  }
  return SY_OK;
}

/* Copies the texts of an article; their places are told by fix_texts() when all are there. */
static bool keep_text(text_job *j, const sy_article *article) {
  const sy_string *strings[] = {&article->title, &article->body, &article->fields};
  for (int i = 0; i < 3; i++) sy_buffer_append(&j->text, strings[i]->data, strings[i]->bytes);
  j->articles[j->read++] = *article;
  return !j->text.failed;
}

static void fix_texts(text_job *j) {
  const char *at = (const char *)j->text.data;
  for (uint32_t i = 0; i < j->read; i++) {
    sy_article *a = &j->articles[i];
    sy_string *strings[] = {&a->title, &a->body, &a->fields};
    for (int s = 0; s < 3; s++) {
      strings[s]->data = at;
      at += strings[s]->bytes;
    }
  }
}

static sy_status read_texts(text_job *j, uint32_t worker) {
  reorderer *r = j->reorderer;
  reorder_worker *w = &r->workers[worker];
  SY_TRY(open_worker(r, w, &j->error));
  while (j->begin + j->read < j->end && j->text.bytes < TEXT_BYTES) {
    sy_article article = {0};
    uint32_t number = r->order[j->begin + j->read];
    if (!sy_articles_is_long(&w->articles, number)) /* the others are copied */
      SY_TRY(sy_articles_get(&w->articles, number, &article, &j->error));
    if (!keep_text(j, &article)) return sy_fail_memory(&j->error);
  }
  fix_texts(j);
  return SY_OK;
}

static void run_text_job(sy_job *job, uint32_t worker) {
  text_job *j = (text_job *)job;
  j->read = 0;
  j->text.bytes = 0;
  j->status = read_texts(j, worker);
}

static sy_status write_texts(reorderer *r, text_job *j, sy_error *error) {
  if (j->status != SY_OK) {
    if (error) *error = j->error;
    return j->status;
  }
  for (uint32_t i = 0; i < j->end - j->begin; i++) {
    uint32_t number = r->order[j->begin + i];
    sy_articles *from = &r->segment->articles;
    if (i < j->read && !sy_articles_is_long(from, number)) {
      SY_TRY(sy_articles_writer_add(r->writer.articles, &j->articles[i], error));
    } else {
      SY_TRY(sy_articles_copy(from, number, r->writer.articles, error));
    }
  }
  return SY_OK;
}

static sy_status take_text_job(reorderer *r, text_job *j, sy_status so_far, sy_error *error) {
  sy_pool_wait(r->pool, &j->job);
  return so_far == SY_OK ? write_texts(r, j, error) : so_far;
}

static sy_status write_text(reorderer *r, sy_error *error) {
  uint32_t count = r->segment->info.articles, put = 0, taken = 0;
  sy_status status = SY_OK;
  r->text_jobs = calloc(TEXT_JOBS, sizeof *r->text_jobs);
  if (!r->text_jobs) return sy_fail_memory(error);
  for (uint32_t begin = 0; begin < count && status == SY_OK; begin += TEXT_ARTICLES) {
    if (put - taken == TEXT_JOBS) {
      status = take_text_job(r, &r->text_jobs[taken++ % TEXT_JOBS], status, error);
    }
    text_job *j = &r->text_jobs[put++ % TEXT_JOBS];
    j->job.run = run_text_job;
    j->reorderer = r;
    j->begin = begin;
    j->end = count - begin < TEXT_ARTICLES ? count : begin + TEXT_ARTICLES;
    sy_pool_put(r->pool, &j->job);
  }
  while (taken < put) {
    status = take_text_job(r, &r->text_jobs[taken++ % TEXT_JOBS], status, error);
  }
  return status;
}

/* ---- Lists (by any worker) ------------------------------------------------------------------- */

/* Collects the articles whose new numbers are from `low` to `high`. False: the list is corrupt. */
static bool collect(const reorderer *r, reorder_worker *w, const sy_list *list, uint32_t low,
                    uint32_t high, uint32_t *count) {
  sy_postings *p = &w->postings;
  uint32_t n = 0, all = 0, last = SY_NO_ARTICLE;
  sy_postings_open(p, list);
  while (sy_postings_next_block(p, 0) != SY_NO_ARTICLE) {
    sy_postings_load_frequencies(p);
    if (last != SY_NO_ARTICLE && p->article <= last) return false;
    for (uint32_t i = 0; i < p->filled; i++) {
      uint32_t number = r->numbers[p->articles[i]];
      if (number < low || number > high) continue;
      occurrence *o = &w->occurrences[n];
      o->frequency = p->frequencies[i];
      if (!o->frequency || !sy_postings_positions_range(p, i, i + 1, &o->positions)) return false;
      w->keys[n] = (uint64_t)number << 32 | n;
      n++;
    }
    all += p->filled;
    last = p->articles[p->filled - 1];
  }
  *count = n;
  return !p->corrupt && all == list->df;
}

/* A list of one whose position is not coded. */
static bool reorder_single(const reorderer *r, const sy_list *list, sy_list_writer *out) {
  uint32_t position = (uint32_t)list->single_position;
  if (list->article >= r->segment->info.articles) return false;
  sy_list_writer_add(out, r->numbers[list->article], &position, 1);
  return true;
}

static bool reorder_list(const reorderer *r, reorder_worker *w, const sy_list *list,
                         sy_list_writer *out) {
  if (list->df == 1 && !list->positions) return reorder_single(r, list, out);
  uint32_t articles = r->segment->info.articles;
  uint32_t step = list->df <= LIST_ARTICLES ? articles : LIST_ARTICLES;
  for (uint64_t low = 0; low < articles; low += step) {
    uint32_t count, high = low + step < articles ? (uint32_t)low + step - 1 : articles - 1;
    if (!collect(r, w, list, (uint32_t)low, high, &count)) return false;
    const uint64_t *sorted = sy_tuples_sort(w->keys, w->other, count, 32);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t number = (uint32_t)(sorted[i] >> 32);
      const occurrence *o = &w->occurrences[(uint32_t)sorted[i]];
      sy_list_writer_append(out, &number, &o->frequency, 1, &o->positions);
    }
  }
  return true;
}

static sy_status reorder_term(const reorderer *r, reorder_worker *w, const sy_lexicon_cursor *c,
                              sy_list_writer *writer, sy_coded_runs *out, sy_error *error) {
  sy_list list;
  SY_TRY(sy_lexicon_list(c, &list, error));
  if (!reorder_list(r, w, &list, writer)) return corrupt(r, error);
  sy_encoded_list coded;
  SY_TRY(sy_list_writer_finish(writer, &coded, error));
  return sy_coded_runs_add(out, &c->key, &coded, error);
}

/* Codes run `index` of the lexicon; a sy_code_run. */
static sy_status reorder_run(void *context, size_t index, uint32_t worker,
                             const sy_term_key *behind, sy_coded_runs *out, sy_error *error) {
  reorderer *r = context;
  reorder_worker *w = &r->workers[worker];
  SY_TRY(open_worker(r, w, error));
  sy_lexicon *lexicon = &w->view.lexicon;
  uint32_t run_key = sy_lexicon_run_key(lexicon, (uint32_t)index);
  sy_lexicon_cursor c;
  SY_TRY(behind ? sy_lexicon_find(lexicon, run_key >> 24, behind, &c, error)
                : sy_lexicon_open_run(lexicon, (uint32_t)index, &c, error));
  if (c.field >= SY_FIELD_COUNT) return corrupt(r, error);
  sy_list_writer *writer = &w->lists[c.field];
  if (!writer->lengths) sy_segment_writer_init_list(&r->writer, c.field, writer);
  sy_coded_runs_begin(out, c.field, run_key & 0xffffff, c.words);
  sy_status status = SY_OK;
  while (status == SY_OK && !out->full && (status = sy_lexicon_next(&c, error)) == SY_OK) {
    status = reorder_term(r, w, &c, writer, out, error);
  }
  if (status == SY_OK || status == SY_NOT_FOUND) return SY_OK;
  sy_segment_writer_discard_list(&r->writer, c.field, writer);
  return status;
}

/* ---- All ------------------------------------------------------------------------------------- */

static sy_status reorder_all(reorderer *r, uint64_t memory_bytes, sy_error *error) {
  uint32_t count = r->segment->info.articles;
  r->order = malloc((count + 1ull) * sizeof *r->order);
  r->numbers = malloc((count + 1ull) * sizeof *r->numbers);
  if (!r->order || !r->numbers) return sy_fail_memory(error);
  SY_TRY(sy_find_order(r->segment, memory_bytes, r->pool, r->order, error));
  for (uint32_t n = 0; n < count; n++) r->numbers[r->order[n]] = n;
  SY_TRY(write_articles(r, error));
  SY_TRY(write_text(r, error));
  sy_segment_writer_begin_postings(&r->writer);
  SY_TRY(sy_code_runs(r->pool, r->segment->lexicon.count, reorder_run, r, &r->writer, error));
  return sy_segment_writer_finish(&r->writer, error);
}

sy_status sy_reorder(sy_snapshot *snapshot, uint32_t number, uint64_t memory_bytes, uint32_t id,
                     const sy_articles_options *options, sy_segment_info *info, sy_error *error) {
  reorderer *r = calloc(1, sizeof *r);
  if (!r) return sy_fail_memory(error);
  r->segment = &snapshot->segments[number];
  r->pool = options->pool;
  sy_status status = sy_segment_writer_init(&r->writer, snapshot->env, id, options, error);
  if (status == SY_OK) status = reorder_all(r, memory_bytes, error);
  *info = r->writer.info;
  for (uint32_t i = 0; i < SY_POOL_THREADS_MAX; i++) close_worker(&r->workers[i]);
  for (uint32_t i = 0; r->text_jobs && i < TEXT_JOBS; i++) sy_buffer_free(&r->text_jobs[i].text);
  free(r->text_jobs);
  free(r->order);
  free(r->numbers);
  sy_segment_writer_free(&r->writer);
  free(r);
  return status;
}
