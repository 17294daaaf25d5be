/* index.c - opening an index and looking into it (contracts in suoyin.h). */
#include "query/index.h"

#include "base/status.h"
#include "storage/check.h"
#include "text/utf8.h"

static sy_status open_snapshot(sy_env *env, sy_snapshot *snapshot, sy_error *error) {
  sy_status status = sy_snapshot_open(snapshot, env, NULL, error);
  if (status != SY_NOT_FOUND) return status;
  /* LMDB's file is there, but nothing was ever committed. */
  return sy_fail_at(error, SY_NOT_FOUND, sy_env_path(env), 0,
                    "no index here: nothing was committed");
}

/* What follows from the snapshot. */
static void use_snapshot(sy_index *index) {
  sy_analyzers_init(&index->analyzers, index->snapshot.manifest.text_rules);
  sy_weight_lengths(&index->snapshot, &index->lengths);
}

static sy_status load_snapshot(sy_index *index, sy_error *error) {
  SY_TRY(open_snapshot(index->env, &index->snapshot, error));
  use_snapshot(index);
  return SY_OK;
}

static void close_snapshot(sy_index *index) {
  sy_snapshot_close(&index->snapshot);
  sy_env_close(index->env);
}

sy_status sy_index_open(const char *path, sy_index **out, sy_error *error) {
  *out = NULL;
  sy_index *index = calloc(1, sizeof *index);
  if (!index) return sy_fail_memory(error);
  sy_deadline_init(&index->deadline);
  sy_status status = sy_env_open(path, false, false, &index->env, error);
  if (status == SY_OK) status = load_snapshot(index, error);
  if (status != SY_OK) {
    sy_index_close(index);
    return status;
  }
  *out = index;
  return SY_OK;
}

/* The new snapshot is opened beside the old one, which stays when that fails; where there is no
 * room for two, the old one is closed first. */
sy_status sy_index_refresh(sy_index *index, sy_error *error) {
  sy_env *env;
  sy_snapshot snapshot;
  SY_TRY(sy_env_share(index->env, &env, error));
  sy_status status = open_snapshot(env, &snapshot, error);
  if (status != SY_OK) {
    sy_env_close(env);
    if (status != SY_LIMIT && status != SY_NO_MEMORY) return status;
    sy_snapshot_close(&index->snapshot);
    return load_snapshot(index, error);
  }
  close_snapshot(index);
  index->env = env;
  index->snapshot = snapshot;
  use_snapshot(index);
  return SY_OK;
}

void sy_index_close(sy_index *index) {
  if (!index) return;
  close_snapshot(index);
  free(index->window);
  for (uint32_t i = 0; i < SY_HELPERS; i++) sy_helper_free(&index->helpers[i]);
  sy_arena_free(&index->arena);
  sy_arena_free(&index->text_arena);
  sy_buffer_free(&index->id);
  sy_buffer_free(&index->only_id);
  free(index);
}

void sy_index_set_timeout(sy_index *index, uint64_t milliseconds) {
  sy_deadline_set(&index->deadline, milliseconds);
}

bool sy_index_timed_out(const sy_index *index) { return index->deadline.is_over; }

sy_search_context sy_index_begin_search(sy_index *index, bool scoring, sy_error *error) {
  sy_arena_reset(&index->arena);
  return (sy_search_context){.arena = &index->arena,
                             .error = error,
                             .path = sy_env_path(index->env),
                             .scoring = scoring,
                             .time = {&index->deadline, 0},
                             .helpers = index->helpers,
                             .window = &index->window};
}

/* ---- Statistics ------------------------------------------------------------------------------ */

sy_status sy_index_get_stats(sy_index *index, sy_index_stats *stats, sy_error *error) {
  const sy_snapshot *s = &index->snapshot;
  *stats = (sy_index_stats){.articles = s->articles,
                            .deleted = s->numbers - s->articles,
                            .segments = s->count,
                            .commit = s->manifest.commit,
                            .text_rules = s->manifest.text_rules,
                            .format_version = SY_FORMAT_VERSION,
                            .bytes_written = s->manifest.written};
  for (uint32_t i = 0; i < s->count; i++) {
    const sy_segment_info *info = &s->segments[i].info;
    for (int f = 0; f < SY_FIELD_COUNT; f++) {
      stats->terms += info->fields[f].terms;
      stats->postings += info->fields[f].postings;
      stats->positions += info->fields[f].positions;
    }
    stats->bytes_lexicon += info->bytes[SY_PART_LEXICON] + info->bytes[SY_PART_LEXICON_DIRECTORY];
    stats->bytes_postings += info->bytes[SY_PART_POSTINGS];
    stats->bytes_positions += info->bytes[SY_PART_POSITIONS];
    stats->bytes_lengths += info->bytes[SY_PART_LENGTHS];
    stats->bytes_ids += info->bytes[SY_PART_IDS] + info->bytes[SY_PART_ID_DIRECTORY] +
                        info->bytes[SY_PART_ID_HASHES];
    stats->bytes_articles += info->bytes[SY_PART_ARTICLES] + info->bytes[SY_PART_ARTICLE_DIRECTORY];
    stats->bytes_deletes += info->bytes[SY_PART_DELETES];
  }
  sy_env_usage usage;
  SY_TRY(sy_env_get_usage(index->env, &usage, error));
  stats->bytes_file = usage.file_bytes;
  stats->bytes_free = usage.free_bytes;
  stats->bytes_held = usage.held_bytes;
  stats->readers = usage.readers;
  stats->oldest_transactions = usage.oldest_transactions;
  return SY_OK;
}

sy_status sy_index_check(sy_index *index, void (*on_problem)(void *context, const char *what),
                         void *context, sy_error *error) {
  return sy_check(&index->snapshot, on_problem, context, error);
}

/* ---- Terms ----------------------------------------------------------------------------------- */

typedef struct term_listing {
  sy_index *index;
  uint8_t prefix[SY_WORD_MAX_BYTES + 1]; /* folded, UTF-8 */
  uint32_t prefix_bytes;
  uint32_t first; /* its first character; 0 for none */
  bool (*on_term)(void *context, const sy_term_info *term);
  void *context;
  bool found, stopped;
} term_listing;

/* The term as UTF-8; returns its length. */
static uint32_t spell(const sy_term_key *key, uint8_t *out) {
  if (key->word_bytes) {
    memcpy(out, key->word, key->word_bytes);
    return key->word_bytes;
  }
  uint32_t bytes = sy_utf8_encode(out, key->first);
  return key->second > SY_END_WORD ? bytes + sy_utf8_encode(out + bytes, key->second) : bytes;
}

static void give_term(term_listing *l, const sy_lexicon_cursor *c, uint64_t df) {
  uint8_t text[SY_WORD_MAX_BYTES + 1];
  uint32_t bytes = spell(&c->key, text);
  if (bytes < l->prefix_bytes || memcmp(text, l->prefix, l->prefix_bytes)) return;
  sy_term_info info = {{(const char *)text, bytes},
                       c->field == SY_FIELD_INDEX_TITLE,
                       !c->words && c->key.second <= SY_END_WORD,
                       df};
  l->found = true;
  l->stopped = !l->on_term(l->context, &info);
}

/* The terms of one run, merged over the segments. The two run-end marks are one term to people. */
static sy_status list_run(term_listing *l, uint32_t field, uint32_t first,
                          sy_lexicon_cursor *cursors, bool *live, sy_error *error) {
  sy_snapshot *s = &l->index->snapshot;
  for (uint32_t i = 0; i < s->count; i++) {
    sy_lexicon *lexicon = &s->segments[i].lexicon;
    uint32_t run = sy_lexicon_run(lexicon, field, first);
    live[i] = run < lexicon->count && sy_lexicon_run_key(lexicon, run) == (field << 24 | first);
    if (!live[i]) continue;
    SY_TRY(sy_lexicon_open_run(lexicon, run, &cursors[i], error));
    SY_TRY(sy_lexicon_next_in_run(&cursors[i], &live[i], error));
  }
  while (!l->stopped) {
    const sy_lexicon_cursor *least = NULL;
    for (uint32_t i = 0; i < s->count; i++) {
      if (live[i] && (!least || sy_term_key_compare(&cursors[i].key, &least->key) < 0))
        least = &cursors[i];
    }
    if (!least) break;
    sy_lexicon_cursor term = *least;
    term.key.word = term.word;
    uint64_t df = 0;
    for (uint32_t i = 0; i < s->count; i++) {
      while (live[i] && (sy_term_key_compare(&cursors[i].key, &term.key) == 0 ||
                         (!term.words && term.key.second <= SY_END_WORD &&
                          cursors[i].key.second <= SY_END_WORD))) {
        df += cursors[i].df;
        SY_TRY(sy_lexicon_next_in_run(&cursors[i], &live[i], error));
      }
    }
    give_term(l, &term, df);
  }
  return SY_OK;
}

/* The least first character above or at `from` that begins a run of the field; UINT32_MAX for
 * none. */
static uint32_t next_first(const sy_snapshot *s, uint32_t field, uint32_t from) {
  uint32_t least = UINT32_MAX;
  for (uint32_t i = 0; i < s->count; i++) {
    const sy_lexicon *lexicon = &s->segments[i].lexicon;
    uint32_t run = sy_lexicon_run(lexicon, field, from);
    if (run == lexicon->count) continue;
    uint32_t key = sy_lexicon_run_key(lexicon, run);
    if (key >> 24 == field && (key & 0xffffff) < least) least = key & 0xffffff;
  }
  return least;
}

/* Folds the prefix as text is folded. False when no term can begin with it: a term is a word or two
 * characters side by side. */
static bool fold_prefix(term_listing *l, sy_string prefix) {
  sy_analyzer *a = &l->index->analyzers.folded;
  sy_term terms[SY_TERM_BATCH];
  sy_analyzer_begin(a, prefix.data, prefix.bytes);
  size_t count = sy_analyzer_next(a, terms, SY_TERM_BATCH);
  if (!count) return !prefix.bytes;
  l->first = terms[0].first;
  if (terms[0].word_bytes) {
    memcpy(l->prefix, sy_term_word(a, &terms[0]), terms[0].word_bytes);
    l->prefix_bytes = terms[0].word_bytes;
    return count == 1;
  }
  sy_term_key key = {terms[0].first, terms[0].second, NULL, 0};
  l->prefix_bytes = spell(&key, l->prefix);
  return count == 1 || (count == 2 && key.second > SY_END_WORD);
}

sy_status sy_index_terms(sy_index *index, sy_string prefix,
                         bool (*on_term)(void *context, const sy_term_info *term), void *context,
                         sy_error *error) {
  term_listing l = {.index = index, .on_term = on_term, .context = context};
  if (!fold_prefix(&l, prefix)) return SY_NOT_FOUND;
  size_t count = index->snapshot.count + 1;
  sy_lexicon_cursor *cursors = malloc(count * sizeof *cursors);
  bool *live = malloc(count * sizeof *live);
  sy_status status = cursors && live ? SY_OK : sy_fail_memory(error);
  static const uint32_t fields[] = {SY_FIELD_INDEX_BODY, SY_FIELD_INDEX_TITLE};
  for (int f = 0; f < SY_FIELD_COUNT && status == SY_OK; f++) {
    uint32_t first = next_first(&index->snapshot, fields[f], l.first);
    while (first != UINT32_MAX && status == SY_OK && !l.stopped && (!l.first || first == l.first)) {
      status = list_run(&l, fields[f], first, cursors, live, error);
      first = next_first(&index->snapshot, fields[f], first + 1);
    }
  }
  free(cursors);
  free(live);
  return status == SY_OK && !l.found ? SY_NOT_FOUND : status;
}

/* ---- Articles -------------------------------------------------------------------------------- */

sy_status sy_index_find(sy_index *index, sy_string id, uint64_t *article, sy_error *error) {
  return sy_snapshot_find(&index->snapshot, id, article, error);
}

static sy_status find_segment(sy_index *index, uint64_t article, sy_segment **segment,
                              uint32_t *local, sy_error *error) {
  *segment = sy_snapshot_segment(&index->snapshot, article, local);
  if (*segment) return SY_OK;
  return sy_fail(error, SY_INVALID, "there is no article number %llu", (unsigned long long)article);
}

/* Finds an article's segment, and copies its id: other look-ups of ids use the same memory. */
static sy_status begin_article(sy_index *index, uint64_t article, sy_segment **segment,
                               uint32_t *local, sy_buffer *copy, sy_error *error) {
  sy_string id;
  SY_TRY(find_segment(index, article, segment, local, error));
  SY_TRY(sy_ids_get(&(*segment)->ids, *local, &id, error));
  copy->bytes = 0;
  sy_buffer_append(copy, id.data, id.bytes);
  return copy->failed ? sy_fail_memory(error) : SY_OK;
}

sy_status sy_index_id(sy_index *index, uint64_t article, sy_string *id, sy_error *error) {
  sy_segment *segment;
  uint32_t local;
  SY_TRY(begin_article(index, article, &segment, &local, &index->only_id, error));
  *id = (sy_string){(const char *)index->only_id.data, index->only_id.bytes};
  return SY_OK;
}

sy_status sy_index_article(sy_index *index, uint64_t article, sy_article *out, sy_error *error) {
  sy_segment *segment;
  uint32_t local;
  SY_TRY(begin_article(index, article, &segment, &local, &index->id, error));
  SY_TRY(sy_articles_get(&segment->articles, local, out, error));
  out->id = (sy_string){(const char *)index->id.data, index->id.bytes};
  return SY_OK;
}

sy_status sy_index_article_sections(sy_index *index, uint64_t article, sy_segment **segment,
                                    uint32_t *local, sy_sectioned_article *out, sy_error *error) {
  SY_TRY(begin_article(index, article, segment, local, &index->id, error));
  SY_TRY(sy_articles_get_sectioned(&(*segment)->articles, *local, out, error));
  out->article.id = (sy_string){(const char *)index->id.data, index->id.bytes};
  return SY_OK;
}
