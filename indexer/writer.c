/*
 * writer.c - sy_writer: adding, deleting, committing (contracts in suoyin.h; merging is in
 * writer_merge.c).
 *
 * Articles gather in a batch: text goes to the new segment's stored blocks at once, terms to the
 * inverter. When the batch has used its share of memory it is flushed and its segment becomes
 * pending: complete in the environment, named only by our own copy of the manifest. A commit
 * flushes, merges, and puts the manifest in one last transaction.
 *
 *     add --> batch --flush--> pending segments --merge--> fewer --commit--> manifest
 *
 * Deletions are kept in memory, a bitmap for each segment, and stored with the commit.
 */
#include "base/status.h"
#include "base/stopwatch.h"
#include "indexer/tuples.h"
#include "indexer/writer_state.h"

#define MIB (1ull << 20)
#define MEMORY_LEAST (32 * MIB)
#define MEMORY_FIXED (64 * MIB)     /* what does not grow with the batch: this, */
#define MEMORY_OF_THREAD (24 * MIB) /* and this for each thread */
#define BATCH_LEAST (16 * MIB)
#define CLAIMS_MOST 16384u /* ids of the batch that are looked up together */

/* ---- Opening and closing --------------------------------------------------------------------- */

/* After a failure nothing but closing makes sense: the batch may be half written. */
static sy_status fail(sy_writer *w, sy_status status) {
  if (status == SY_OK || status == SY_NOT_FOUND) return status;
  if (w->failed == SY_OK) w->failed = status;
  sy_env_give_up(w->env);
  return status;
}

static sy_status check_failed(const sy_writer *w, sy_error *error) {
  if (w->failed == SY_OK) return SY_OK;
  return sy_fail_at(error, w->failed, sy_env_path(w->env), 0,
                    "the writer failed before; nothing can be added");
}

void sy_writer_close_snapshot(sy_writer *w) {
  if (w->has_snapshot) sy_snapshot_close(&w->snapshot);
  w->has_snapshot = false;
}

/* Opens all segments of our manifest, pending ones too. */
static sy_status open_snapshot(sy_writer *w, sy_error *error) {
  sy_writer_close_snapshot(w);
  SY_TRY(sy_snapshot_open(&w->snapshot, w->env, &w->manifest, error));
  w->has_snapshot = true;
  return SY_OK;
}

/* A commit closes it, so that nothing that can fail stands behind it. */
static sy_status need_snapshot(sy_writer *w, sy_error *error) {
  return w->has_snapshot ? SY_OK : open_snapshot(w, error);
}

sy_status sy_writer_commit_pending(sy_writer *w, sy_error *error) {
  SY_TRY(sy_env_commit(w->env, error));
  return open_snapshot(w, error);
}

static bool is_named(const void *context, uint32_t segment) {
  const sy_manifest *m = context;
  if (segment == 0) return true;
  for (uint32_t i = 0; i < m->segment_count; i++) {
    if (m->segments[i].id == segment) return true;
  }
  return false;
}

static sy_status read_manifest(sy_writer *w, sy_error *error) {
  SY_TRY(sy_env_read(w->env, error));
  sy_status status = sy_manifest_read(w->env, &w->manifest, error);
  sy_env_end_read(w->env);
  w->written_before = w->manifest.written;
  if (status != SY_NOT_FOUND) return status;
  w->manifest = (sy_manifest){.text_rules = w->options.text_rules, .next_segment = 1};
  w->changed = true; /* an empty index is committed too */
  w->manifest.segments = calloc(1, sizeof *w->manifest.segments);
  return w->manifest.segments ? SY_OK : sy_fail_memory(error);
}

/* Takes over the deletions that are stored. */
static sy_status load_deletes(sy_writer *w, sy_error *error) {
  w->deletes = calloc(w->manifest.segment_count + 1, sizeof *w->deletes);
  if (!w->deletes) return sy_fail_memory(error);
  for (uint32_t i = 0; i < w->snapshot.count; i++) {
    if (!w->snapshot.segments[i].deletes) continue;
    w->deletes[i].bitmap = roaring_bitmap_copy(w->snapshot.segments[i].deletes);
    if (!w->deletes[i].bitmap) return sy_fail_memory(error);
  }
  w->counts.articles = w->snapshot.articles;
  return SY_OK;
}

/* What the batch may take: half of the memory, as the rest is for sorting and coding it, LMDB's
 * dirty pages, what waits to be written, a merge and what is mapped; of little memory for many
 * threads, two thirds of what they leave. */
static uint64_t batch_memory_most(const sy_writer_options *o) {
  uint64_t fixed = MEMORY_FIXED + o->threads * MEMORY_OF_THREAD;
  uint64_t left = o->memory_bytes > fixed ? (o->memory_bytes - fixed) / 3 * 2 : 0;
  if (left > o->memory_bytes / 2) left = o->memory_bytes / 2;
  return left > BATCH_LEAST ? left : BATCH_LEAST;
}

static sy_status open_writer(sy_writer *w, const char *path, sy_error *error) {
  const sy_writer_options *o = &w->options;
  if (o->memory_bytes < MEMORY_LEAST)
    return sy_fail(error, SY_INVALID, "memory must be at least 32 MiB");
  if (o->compression_level < 1 || o->compression_level > 19) {
    return sy_fail(error, SY_INVALID, "compression level must be 1 to 19");
  }
  if (o->threads < 1 || o->threads > SY_POOL_THREADS_MAX) {
    return sy_fail(error, SY_INVALID, "threads must be 1 to %u", SY_POOL_THREADS_MAX);
  }
  if (o->text_rules & ~(uint32_t)SY_TEXT_DEFAULT)
    return sy_fail(error, SY_INVALID, "unknown text rule");
  w->batch_memory_most = batch_memory_most(o);
  SY_TRY(sy_pool_new(o->threads, &w->pool, error));
  SY_TRY(sy_env_open(path, true, o->create, &w->env, error));
  SY_TRY(read_manifest(w, error));
  SY_TRY(sy_env_sweep(w->env, is_named, &w->manifest, error));
  SY_TRY(open_snapshot(w, error));
  SY_TRY(load_deletes(w, error));
  w->first_pending = w->manifest.next_segment;
  return sy_inverter_new(w->manifest.text_rules, w->pool, w->batch_memory_most, o->timings,
                         &w->inverter, error);
}

sy_status sy_writer_open(const char *path, const sy_writer_options *options, sy_writer **out,
                         sy_error *error) {
  *out = NULL;
  sy_writer *w = calloc(1, sizeof *w);
  if (!w) return sy_fail_memory(error);
  w->options = options ? *options : (sy_writer_options)SY_WRITER_OPTIONS_DEFAULT;
  sy_status status = open_writer(w, path, error);
  if (status != SY_OK) {
    sy_writer_close(w);
    return status;
  }
  *out = w;
  return SY_OK;
}

void sy_writer_close(sy_writer *w) {
  if (!w) return;
  sy_merge_end(w->merge);
  for (uint32_t i = 0; w->deletes && i <= w->manifest.segment_count; i++) {
    if (w->deletes[i].bitmap) roaring_bitmap_free(w->deletes[i].bitmap);
  }
  free(w->deletes);
  sy_writer_close_snapshot(w);
  if (w->in_batch) sy_segment_writer_free(&w->segment);
  sy_manifest_free(&w->manifest);
  sy_inverter_free(w->inverter);
  free(w->batch_ids);
  free(w->claims);
  sy_buffer_free(&w->id_offsets);
  sy_buffer_free(&w->id_text);
  sy_env_close(w->env);
  sy_pool_free(w->pool);
  free(w);
}

uint32_t sy_writer_text_rules(const sy_writer *w) { return w->manifest.text_rules; }

sy_articles_options sy_writer_articles_options(const sy_writer *w) {
  return (sy_articles_options){
      .level = w->options.compression_level, .pool = w->pool, .timed = w->options.timings};
}

void sy_writer_get_timings(const sy_writer *w, sy_writer_timings *timings) {
  *timings = (sy_writer_timings){0};
  if (!w->options.timings) return;
  sy_inverter_times t = sy_inverter_get_times(w->inverter);
  *timings = (sy_writer_timings){
      .analyse = (double)t.analyse / 1e9,
      .partition = (double)t.partition / 1e9,
      .compress = (double)w->compress_nanoseconds / 1e9,
      .sort = (double)t.sort / 1e9,
      .code = (double)t.code / 1e9,
      .merge = (double)w->merge_nanoseconds / 1e9,
      .write = (double)sy_env_write_nanoseconds(w->env) / 1e9,
      .calls = (double)w->call_nanoseconds / 1e9,
  };
}

/* ---- The batch ------------------------------------------------------------------------------- */

static sy_status begin_batch(sy_writer *w, sy_error *error) {
  w->in_batch = true; /* first: the segment writer is freed with the writer, complete or not */
  sy_articles_options options = sy_writer_articles_options(w);
  options.visit = sy_inverter_visit;
  options.context = w->inverter;
  return sy_segment_writer_init(&w->segment, w->env, w->manifest.next_segment++, &options, error);
}

static sy_string batch_id(const sy_writer *w, uint32_t article) {
  uint64_t at = sy_load64(w->id_offsets.data + 8 * (size_t)article);
  uint64_t end = (size_t)(article + 1) * 8 < w->id_offsets.bytes
                     ? sy_load64(w->id_offsets.data + 8 * ((size_t)article + 1))
                     : w->id_text.bytes;
  return (sy_string){(const char *)w->id_text.data + at, end - at};
}

static uint64_t batch_hash(const sy_writer *w, uint32_t article) {
  return sy_load64(w->segment.ids.hashes.data + 8 * (size_t)article);
}

/* The slot of an id in the batch's table: with its article, or empty. */
static uint32_t *batch_slot(const sy_writer *w, sy_string id, uint64_t hash) {
  uint32_t mask = w->batch_capacity - 1, at = (uint32_t)hash & mask;
  for (; w->batch_ids[at]; at = (at + 1) & mask) {
    uint32_t article = w->batch_ids[at] - 1;
    if (batch_hash(w, article) != hash) continue;
    sy_string found = batch_id(w, article);
    if (found.bytes == id.bytes && !memcmp(found.data, id.data, id.bytes)) break;
  }
  return &w->batch_ids[at];
}

static sy_status grow_batch_ids(sy_writer *w, sy_error *error) {
  uint32_t capacity = w->batch_capacity ? w->batch_capacity * 2 : 1024;
  uint32_t *old = w->batch_ids, old_capacity = w->batch_capacity;
  uint32_t *grown = calloc(capacity, sizeof *grown);
  if (!grown) return sy_fail_memory(error);
  for (uint32_t i = 0; i < old_capacity; i++) {
    if (!old[i]) continue;
    uint32_t at = (uint32_t)batch_hash(w, old[i] - 1) & (capacity - 1);
    while (grown[at]) at = (at + 1) & (capacity - 1);
    grown[at] = old[i];
  }
  free(old);
  w->batch_ids = grown;
  w->batch_capacity = capacity;
  return SY_OK;
}

/* ---- Deleting -------------------------------------------------------------------------------- */

static sy_status mark_deleted(sy_writer *w, uint32_t segment, uint32_t article, sy_error *error) {
  sy_segment_deletes *d = &w->deletes[segment];
  if (!d->bitmap) d->bitmap = roaring_bitmap_create();
  if (!d->bitmap) return sy_fail_memory(error);
  roaring_bitmap_add(d->bitmap, article);
  d->changed = w->changed = true;
  w->counts.articles--;
  return SY_OK;
}

typedef struct id_search {
  const roaring_bitmap_t *deletes;
  uint32_t article;
} id_search;

static bool is_live(void *context, uint32_t article) {
  id_search *search = context;
  if (search->deletes && roaring_bitmap_contains(search->deletes, article)) return false;
  search->article = article;
  return true;
}

/* Deletes the article of segment `i` of the snapshot that has this id. SY_NOT_FOUND. */
static sy_status delete_in(sy_writer *w, uint32_t i, sy_string id, uint64_t hash, sy_error *error) {
  id_search search = {w->deletes[i].bitmap, 0};
  SY_TRY(sy_ids_find(&w->snapshot.segments[i].ids, id, hash, is_live, &search, error));
  return mark_deleted(w, i, search.article, error);
}

/* Deletes the article of an earlier segment that has this id. SY_NOT_FOUND. */
static sy_status delete_stored(sy_writer *w, sy_string id, uint64_t hash, sy_error *error) {
  sy_status status = SY_NOT_FOUND;
  SY_TRY(need_snapshot(w, error));
  for (uint32_t i = w->snapshot.count; i-- > 0 && status == SY_NOT_FOUND;) {
    status = delete_in(w, i, id, hash, error);
  }
  return status;
}

static sy_status settle_in(sy_writer *w, uint32_t i, const uint64_t *claims, uint32_t count,
                           sy_error *error) {
  for (uint32_t c = 0; c < count; c++) {
    uint32_t article = (uint32_t)claims[c];
    sy_status status = delete_in(w, i, batch_id(w, article), batch_hash(w, article), error);
    if (status == SY_OK) w->counts.replaced++;
    if (status != SY_OK && status != SY_NOT_FOUND) return status;
  }
  if (count > CLAIMS_MOST / 16) sy_env_release(w->env);
  return SY_OK;
}

/* Deletes the stored articles whose ids the batch's articles have, from the first on that was not
 * looked up yet. A segment's table of hashes is walked once for all of them, in order, instead of
 * all segments' tables for each: this takes neither cache misses nor much of the map. */
static sy_status settle_claims(sy_writer *w, sy_error *error) {
  uint32_t count = w->segment.info.articles - w->claims_begin;
  if (!w->claims) w->claims = malloc(2 * CLAIMS_MOST * sizeof *w->claims);
  if (!w->claims) return sy_fail_memory(error);
  SY_TRY(need_snapshot(w, error));
  for (uint32_t c = 0; c < count; c++) {
    uint32_t article = w->claims_begin + c;
    w->claims[c] = batch_hash(w, article) >> 32 << 32 | article;
  }
  const uint64_t *sorted = sy_tuples_sort(w->claims, w->claims + CLAIMS_MOST, count, 32);
  for (uint32_t i = w->snapshot.count; i-- > 0;) SY_TRY(settle_in(w, i, sorted, count, error));
  w->claims_begin += count;
  return SY_OK;
}

sy_status sy_writer_delete(sy_writer *w, sy_string id, sy_error *error) {
  SY_TRY(check_failed(w, error));
  if (w->in_batch) SY_TRY(fail(w, settle_claims(w, error)));
  uint64_t hash = sy_id_hash(id);
  sy_status status = SY_NOT_FOUND;
  if (w->in_batch && w->batch_capacity) {
    uint32_t article = *batch_slot(w, id, hash);
    const roaring_bitmap_t *gone = w->deletes[w->manifest.segment_count].bitmap;
    if (article && !(gone && roaring_bitmap_contains(gone, article - 1))) {
      status = mark_deleted(w, w->manifest.segment_count, article - 1, error);
    }
  }
  if (status == SY_NOT_FOUND) status = delete_stored(w, id, hash, error);
  if (status == SY_OK) w->counts.deleted++;
  return fail(w, status);
}

void sy_writer_get_counts(sy_writer *w, sy_writer_counts *counts) {
  if (w->in_batch && w->failed == SY_OK) fail(w, settle_claims(w, NULL));
  *counts = w->counts;
  counts->invalid_bytes = sy_inverter_invalid_bytes(w->inverter);
  counts->written_bytes = sy_env_put_bytes(w->env);
  counts->index_bytes = sy_manifest_bytes(&w->manifest);
}

/* ---- Adding ---------------------------------------------------------------------------------- */

/* Makes `id` the id of the batch's next article; the one of the batch that had it is deleted, and
 * one of a segment when claims are settled. */
static sy_status claim_id(sy_writer *w, sy_string id, sy_error *error) {
  uint32_t article = w->segment.info.articles;
  if (article * 2 >= w->batch_capacity) SY_TRY(grow_batch_ids(w, error));
  if (article - w->claims_begin == CLAIMS_MOST) SY_TRY(settle_claims(w, error));
  uint32_t *slot = batch_slot(w, id, sy_id_hash(id));
  const roaring_bitmap_t *gone = w->deletes[w->manifest.segment_count].bitmap;
  if (*slot && !(gone && roaring_bitmap_contains(gone, *slot - 1))) {
    SY_TRY(mark_deleted(w, w->manifest.segment_count, *slot - 1, error));
    w->counts.replaced++;
  }
  *slot = article + 1;
  sy_buffer_u64(&w->id_offsets, w->id_text.bytes);
  sy_buffer_append(&w->id_text, id.data, id.bytes);
  return w->id_offsets.failed || w->id_text.failed ? sy_fail_memory(error) : SY_OK;
}

static sy_status flush(sy_writer *w, sy_error *error);
static sy_status flush_and_merge(sy_writer *w, sy_error *error);

/* What the batch takes, but for the text being compressed; what putting the ids will take is in
 * it. */
static uint64_t batch_memory(const sy_writer *w) {
  uint64_t ids = w->id_text.bytes + w->id_offsets.bytes + w->segment.ids.hashes.bytes +
                 (uint64_t)w->batch_capacity * sizeof *w->batch_ids;
  return sy_inverter_memory(w->inverter) + ids + 16ull * w->segment.info.articles;
}

/* What it may take now: an eighth is left to the merge that is under way. More would make many
 * small segments of little memory, and merging those takes more. */
static uint64_t batch_memory_limit(const sy_writer *w) {
  return w->merge ? w->batch_memory_most / 8 * 7 : w->batch_memory_most;
}

static sy_status add_article(sy_writer *w, const sy_article *article, uint64_t bytes,
                             sy_error *error) {
  if (w->in_batch && !sy_inverter_has_room(w->inverter, bytes)) SY_TRY(flush_and_merge(w, error));
  if (!w->in_batch) SY_TRY(begin_batch(w, error));
  SY_TRY(claim_id(w, article->id, error));
  SY_TRY(sy_inverter_expect(w->inverter, bytes, error));
  SY_TRY(sy_segment_writer_article(&w->segment, article->id, error));
  SY_TRY(sy_articles_writer_add(w->segment.articles, article, error));
  w->changed = true;
  w->counts.added++;
  w->counts.articles++;
  w->counts.text_bytes += article->title.bytes + article->body.bytes;
  w->batch_text_bytes += bytes;
  w->merge_text_bytes += bytes;
  bool full =
      batch_memory(w) > batch_memory_limit(w) || w->batch_text_bytes > 3 * w->options.memory_bytes;
  if (full) SY_TRY(flush_and_merge(w, error));
  return w->merge ? sy_writer_go_on_merging(w, error) : SY_OK;
}

sy_status sy_writer_add(sy_writer *w, const sy_article *article, sy_error *error) {
  SY_TRY(check_failed(w, error));
  if (!article->id.bytes) return sy_fail(error, SY_INVALID, "the article has an empty id");
  if (article->id.bytes > SY_ID_MAX_BYTES) {
    return sy_fail(error, SY_LIMIT, "the id is over %u bytes", SY_ID_MAX_BYTES);
  }
  uint64_t bytes = (uint64_t)article->title.bytes + article->body.bytes + article->fields.bytes;
  if (bytes > SY_ARTICLE_MAX_BYTES) return sy_fail(error, SY_LIMIT, "the article is over 2 GiB");
  uint64_t watch = sy_watch_start(w->options.timings);
  sy_status status = add_article(w, article, bytes, error);
  if (status == SY_OK) status = sy_env_pause(w->env, error);
  sy_watch_lap(&watch, &w->call_nanoseconds);
  if (status != SY_OK && error && !error->file[0])
    snprintf(error->file, sizeof error->file, "%s", sy_env_path(w->env));
  return fail(w, status);
}

/* ---- Flushing --------------------------------------------------------------------------- */

/* The batch's deletions become the segment's. Both arrays grow before anything is changed: closing
 * goes by the count. */
static sy_status append_segment(sy_writer *w, const sy_segment_info *info, sy_error *error) {
  size_t count = w->manifest.segment_count + 1;
  sy_segment_info *segments = realloc(w->manifest.segments, count * sizeof *segments);
  if (!segments) return sy_fail_memory(error);
  w->manifest.segments = segments;
  sy_segment_deletes *deletes = realloc(w->deletes, (count + 1) * sizeof *deletes);
  if (!deletes) return sy_fail_memory(error);
  w->deletes = deletes;
  segments[count - 1] = *info;
  deletes[count] = (sy_segment_deletes){NULL, false};
  w->manifest.segment_count = (uint32_t)count;
  return SY_OK;
}

/* Ends the batch: its segment becomes pending. */
static sy_status flush(sy_writer *w, sy_error *error) {
  if (!w->in_batch) return SY_OK;
  SY_TRY(settle_claims(w, error));
  SY_TRY(sy_articles_writer_drain(w->segment.articles, error));
  SY_TRY(sy_inverter_flush(w->inverter, &w->segment, error));
  SY_TRY(sy_segment_writer_finish(&w->segment, error));
  SY_TRY(append_segment(w, &w->segment.info, error));
  w->added_bytes += sy_segment_bytes(&w->segment.info);
  w->compress_nanoseconds += sy_articles_writer_nanoseconds(w->segment.articles);
  sy_segment_writer_free(&w->segment);
  w->in_batch = false;
  w->batch_text_bytes = 0;
  w->claims_begin = 0;
  w->id_offsets.bytes = w->id_text.bytes = 0;
  if (w->batch_ids) memset(w->batch_ids, 0, w->batch_capacity * sizeof *w->batch_ids);
  return SY_OK;
}

/* While more articles wait. */
static sy_status flush_and_merge(sy_writer *w, sy_error *error) {
  SY_TRY(flush(w, error));
  SY_TRY(sy_writer_commit_pending(w, error));
  return sy_writer_begin_merging(w, error);
}

/* ---- Committing ------------------------------------------------------------------------------ */

static sy_status put_deletes(sy_writer *w, sy_error *error) {
  for (uint32_t i = 0; i < w->manifest.segment_count; i++) {
    sy_segment_deletes *d = &w->deletes[i];
    sy_segment_info *info = &w->manifest.segments[i];
    if (!d->changed) continue;
    roaring_bitmap_run_optimize(d->bitmap);
    SY_TRY(sy_deletes_put(w->env, info->id, d->bitmap, &info->bytes[SY_PART_DELETES], error));
    info->deleted = (uint32_t)roaring_bitmap_get_cardinality(d->bitmap);
    d->changed = false;
  }
  return SY_OK;
}

/* Deletes the segments of the stored manifest that ours does not name. */
static sy_status delete_merged(sy_writer *w, sy_error *error) {
  sy_manifest stored;
  SY_TRY(sy_env_read(w->env, error));
  sy_status status = sy_manifest_read(w->env, &stored, error);
  sy_env_end_read(w->env);
  if (status != SY_OK) return status == SY_NOT_FOUND ? SY_OK : status;
  for (uint32_t i = 0; i < stored.segment_count && status == SY_OK; i++) {
    if (!is_named(&w->manifest, stored.segments[i].id)) {
      status = sy_env_delete_segment(w->env, stored.segments[i].id, error);
    }
  }
  sy_manifest_free(&stored);
  return status;
}

/* Nothing that can fail stands behind the commit: it would be reported as lost. */
static sy_status publish(sy_writer *w, sy_error *error) {
  if (!w->changed) return SY_OK;
  sy_writer_close_snapshot(w);
  SY_TRY(sy_env_begin_publishing(w->env, error));
  SY_TRY(put_deletes(w, error));
  SY_TRY(delete_merged(w, error));
  w->manifest.commit++;
  w->manifest.written = w->written_before + sy_env_put_bytes(w->env);
  SY_TRY(sy_manifest_put(w->env, &w->manifest, error));
  SY_TRY(sy_env_commit(w->env, error));
  w->changed = false;
  w->first_pending = w->manifest.next_segment;
  w->added_bytes = 0;
  return SY_OK;
}

sy_status sy_writer_commit(sy_writer *w, sy_error *error) {
  SY_TRY(check_failed(w, error));
  uint64_t watch = sy_watch_start(w->options.timings);
  sy_status status = flush(w, error);
  if (status == SY_OK) status = sy_writer_merge_by_policy(w, error);
  if (status == SY_OK) status = publish(w, error);
  sy_watch_lap(&watch, &w->call_nanoseconds);
  return fail(w, status);
}

sy_status sy_writer_merge(sy_writer *w, uint32_t segments, sy_error *error) {
  SY_TRY(check_failed(w, error));
  if (segments < 1) return sy_fail(error, SY_INVALID, "an index has at least one segment");
  uint64_t watch = sy_watch_start(w->options.timings);
  sy_status status = flush(w, error);
  if (status == SY_OK) status = sy_writer_merge_to(w, segments, error);
  if (status == SY_OK) status = publish(w, error);
  sy_watch_lap(&watch, &w->call_nanoseconds);
  return fail(w, status);
}

sy_status sy_writer_optimize(sy_writer *w, sy_error *error) {
  SY_TRY(check_failed(w, error));
  uint64_t watch = sy_watch_start(w->options.timings);
  sy_status status = flush(w, error);
  if (status == SY_OK) status = sy_writer_merge_to(w, 1, error);
  if (status == SY_OK && w->manifest.segment_count) status = sy_writer_reorder(w, error);
  if (status == SY_OK) status = publish(w, error);
  sy_watch_lap(&watch, &w->call_nanoseconds);
  return fail(w, status);
}
