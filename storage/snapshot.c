/* snapshot.c - opening the segments of one commit for reading. */
#include "base/status.h"
#include "storage/segment.h"

static void close_segment(sy_segment *s) {
  for (int i = 0; i < 3; i++) sy_stream_free(&s->streams[i]);
  sy_ids_close(&s->ids);
  sy_articles_close(&s->articles);
  if (s->deletes) roaring_bitmap_free(s->deletes);
  s->deletes = NULL;
  for (int i = 0; i <= SY_FIELD_COUNT; i++) free(s->tables[i]);
}

static sy_status missing(const sy_segment *s, const char *what, sy_error *error) {
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(s->env), 0,
                    "segment %u: %s missing or too short", s->info.id, what);
}

static sy_status open_lexicon(sy_segment *s, sy_error *error) {
  static const sy_part parts[3] = {SY_PART_LEXICON, SY_PART_POSTINGS, SY_PART_POSITIONS};
  for (int i = 0; i < 3; i++) {
    SY_TRY(sy_stream_init(&s->streams[i], s->env, s->info.id, parts[i],
                          sy_stream_chunk_count(s->info.ends[i]), error));
  }
  s->lexicon = (sy_lexicon){.lexicon = &s->streams[0],
                            .postings = &s->streams[1],
                            .positions = &s->streams[2],
                            .article_count = s->info.articles};
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    sy_value lengths;
    sy_status status = sy_env_get(s->env, s->info.id, SY_PART_LENGTHS, f, &lengths, error);
    if (status == SY_NOT_FOUND || (status == SY_OK && lengths.bytes < s->info.articles)) {
      return missing(s, "lengths", error);
    }
    SY_TRY(status);
    s->lengths[f] = s->lexicon.lengths[f] = lengths.data;
  }
  sy_value directory;
  sy_status status =
      sy_env_get(s->env, s->info.id, SY_PART_LEXICON_DIRECTORY, 0, &directory, error);
  if (status == SY_NOT_FOUND) return missing(s, "lexicon directory", error);
  SY_TRY(status);
  return sy_lexicon_init(&s->lexicon, directory, error);
}

static sy_status open_deletes(sy_segment *s, sy_error *error) {
  if (!s->info.deleted) return SY_OK;
  sy_value value;
  /* CRoaring does not survive all that a damaged set can be. */
  sy_status status = sy_env_get_checked(s->env, s->info.id, SY_PART_DELETES, 0, &value, error);
  if (status == SY_OK) {
    s->deletes = roaring_bitmap_portable_deserialize_safe((const char *)value.data, value.bytes);
  }
  if (status != SY_OK && status != SY_NOT_FOUND) return status;
  if (!s->deletes || roaring_bitmap_get_cardinality(s->deletes) != s->info.deleted ||
      roaring_bitmap_maximum(s->deletes) >= s->info.articles) {
    return missing(s, "deletions", error);
  }
  return SY_OK;
}

static sy_status open_segment(sy_segment *s, sy_error *error) {
  SY_TRY(open_lexicon(s, error));
  const sy_segment_info *info = &s->info;
  SY_TRY(sy_ids_open(&s->ids, s->env, info->id, info->articles,
                     sy_stream_chunk_count(info->ends[SY_STREAM_IDS]), error));
  SY_TRY(sy_articles_open(&s->articles, s->env, info->id, info->articles,
                          sy_stream_chunk_count(info->ends[SY_STREAM_ARTICLES]), error));
  return open_deletes(s, error);
}

/* Copies a value, verified; *table is the copy. */
static sy_status load_table(sy_segment *s, int number, sy_part part, uint32_t ordinal,
                            sy_value *table, sy_error *error) {
  SY_TRY(sy_env_get_checked(s->env, s->info.id, part, ordinal, table, error));
  uint64_t bytes = table->bytes + SY_ENV_READ_BEHIND;
  const uint8_t *from = table->data;
  table->data = s->tables[number] = malloc(bytes);
  if (!s->tables[number]) return sy_fail_memory(error);
  return sy_env_copy(s->env, from, bytes, s->tables[number], error);
}

sy_status sy_segment_load_tables(sy_segment *s, sy_error *error) {
  sy_value table;
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    SY_TRY(load_table(s, (int)f, SY_PART_LENGTHS, f, &table, error));
    s->lengths[f] = s->lexicon.lengths[f] = table.data;
  }
  SY_TRY(load_table(s, SY_FIELD_COUNT, SY_PART_LEXICON_DIRECTORY, 0, &table, error));
  return sy_lexicon_init(&s->lexicon, table, error);
}

sy_status sy_lexicon_view_open(sy_lexicon_view *view, const sy_segment *segment, sy_error *error) {
  view->lexicon = segment->lexicon;
  sy_stream **used[3] = {&view->lexicon.lexicon, &view->lexicon.postings, &view->lexicon.positions};
  for (int i = 0; i < 3; i++) {
    const sy_stream *shared = *used[i];
    *used[i] = &view->streams[i];
    SY_TRY(sy_stream_init(&view->streams[i], shared->env, shared->segment, shared->part,
                          shared->chunk_count, error));
  }
  return SY_OK;
}

void sy_lexicon_view_close(sy_lexicon_view *view) {
  for (int i = 0; i < 3; i++) sy_stream_free(&view->streams[i]);
}

sy_status sy_snapshot_open(sy_snapshot *s, sy_env *env, const sy_manifest *manifest,
                           sy_error *error) {
  *s = (sy_snapshot){.env = env};
  SY_TRY(sy_env_read(env, error));
  sy_status status = manifest ? sy_manifest_copy(&s->manifest, manifest, error)
                              : sy_manifest_read(env, &s->manifest, error);
  if (status == SY_OK) {
    s->segments = calloc(s->manifest.segment_count + 1, sizeof *s->segments);
    if (!s->segments) status = sy_fail_memory(error);
  }
  for (uint32_t i = 0; status == SY_OK && i < s->manifest.segment_count; i++) {
    sy_segment *segment = &s->segments[s->count++];
    segment->info = s->manifest.segments[i];
    segment->env = env;
    segment->base = s->numbers;
    s->numbers += segment->info.articles;
    s->articles += segment->info.articles - segment->info.deleted;
    status = open_segment(segment, error);
    if (sy_env_is_sparing(env)) sy_env_release(env);
  }
  if (status != SY_OK) sy_snapshot_close(s);
  return status;
}

void sy_snapshot_close(sy_snapshot *s) {
  for (uint32_t i = 0; s->segments && i < s->count; i++) close_segment(&s->segments[i]);
  free(s->segments);
  s->segments = NULL;
  s->count = 0;
  sy_manifest_free(&s->manifest);
  if (s->env) sy_env_end_read(s->env);
}

sy_segment *sy_snapshot_segment(const sy_snapshot *s, uint64_t article, uint32_t *local) {
  uint32_t low = 0, high = s->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (s->segments[middle].base + s->segments[middle].info.articles <= article) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == s->count) return NULL;
  *local = (uint32_t)(article - s->segments[low].base);
  return &s->segments[low];
}

typedef struct live_search {
  const sy_segment *segment;
  uint32_t article;
} live_search;

static bool is_live(void *context, uint32_t article) {
  live_search *search = context;
  if (sy_segment_deleted(search->segment, article)) return false;
  search->article = article;
  return true;
}

sy_status sy_snapshot_find(sy_snapshot *s, sy_string id, uint64_t *article, sy_error *error) {
  uint64_t hash = sy_id_hash(id);
  for (uint32_t i = s->count; i-- > 0;) {
    live_search search = {&s->segments[i], 0};
    sy_status status = sy_ids_find(&s->segments[i].ids, id, hash, is_live, &search, error);
    if (status == SY_OK) *article = s->segments[i].base + search.article;
    if (status != SY_NOT_FOUND) return status;
  }
  return SY_NOT_FOUND;
}
