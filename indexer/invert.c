/* invert.c - a batch: articles analysed and partitioned by the workers (described in invert.h). */
#include "base/status.h"
#include "indexer/inverter.h"

/* ---- Making and freeing ---------------------------------------------------------------------- */

#define HUGE_PAGES_THREADS 4u /* with more, they take too much of what a batch has */

static bool init_worker(sy_inverter *v, sy_inverter_worker *w, uint32_t text_rules) {
  sy_analyzer_init(&w->analyzer, text_rules);
  w->room.slabs = &v->slabs;
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    bool many = f == SY_FIELD_INDEX_BODY && sy_pool_workers(v->pool) <= HUGE_PAGES_THREADS;
    if (!sy_tuples_init(&w->fields[f], many)) return false;
  }
  return true;
}

sy_status sy_inverter_new(uint32_t text_rules, sy_pool *pool, uint64_t keep_bytes, bool timed,
                          sy_inverter **out, sy_error *error) {
  sy_inverter *v = *out = calloc(1, sizeof *v);
  if (!v) return sy_fail_memory(error);
  sy_slabs_init(&v->slabs);
  v->pool = pool;
  v->keep_bytes = keep_bytes;
  v->timed = timed;
  v->workers = calloc(sy_pool_workers(pool), sizeof *v->workers);
  bool good = v->workers;
  while (good && v->worker_count < sy_pool_workers(pool)) {
    good = init_worker(v, &v->workers[v->worker_count++], text_rules);
  }
  if (good) return SY_OK;
  sy_inverter_free(v);
  *out = NULL;
  return sy_fail_memory(error);
}

static void free_worker(sy_inverter_worker *w) {
  for (int f = 0; f < SY_FIELD_COUNT; f++) sy_tuples_free(&w->fields[f]);
  sy_words_free(&w->words);
  sy_inverter_free_scratch(w, 0);
}

void sy_inverter_free(sy_inverter *v) {
  if (!v) return;
  for (uint32_t i = 0; v->workers && i < v->worker_count; i++) free_worker(&v->workers[i]);
  free(v->workers);
  uint32_t **chunks = (uint32_t **)v->lengths.data;
  for (size_t i = 0; i < v->lengths.bytes / sizeof *chunks; i++) free(chunks[i]);
  sy_buffer_free(&v->lengths);
  sy_slabs_free(&v->slabs);
  free(v);
}

/* ---- What the caller asks while workers are busy --------------------------------------------- */

uint64_t sy_inverter_memory(sy_inverter *v) {
  return sy_slabs_bytes_used(&v->slabs) + v->words_memory + 4ull * SY_FIELD_COUNT * v->articles;
}

uint64_t sy_inverter_invalid_bytes(sy_inverter *v) { return v->invalid_bytes; }

sy_inverter_times sy_inverter_get_times(const sy_inverter *v) {
  sy_inverter_times all = {0};
  for (uint32_t i = 0; i < v->worker_count; i++) {
    const sy_inverter_times *t = &v->workers[i].times;
    all.analyse += t->analyse;
    all.partition += t->partition;
    all.sort += t->sort;
    all.code += t->code;
  }
  return all;
}

bool sy_inverter_has_room(sy_inverter *v, uint64_t text_bytes) {
  uint64_t on_their_way = v->text_bytes - v->inverted_bytes;
  return !v->articles ||
         sy_tuple_widths_fit(v->widths, v->articles, v->words + on_their_way, text_bytes);
}

sy_status sy_inverter_expect(sy_inverter *v, uint64_t text_bytes, sy_error *error) {
  if (!v->articles) v->widths = sy_tuple_widths_for(text_bytes);
  if ((size_t)v->articles / SY_LENGTHS_CHUNK == v->lengths.bytes / sizeof(uint32_t *)) {
    uint32_t **chunk = (uint32_t **)sy_buffer_reserve(&v->lengths, sizeof *chunk);
    if (chunk) *chunk = malloc(sizeof **chunk * SY_FIELD_COUNT * SY_LENGTHS_CHUNK);
    if (!chunk || !*chunk) return sy_fail_memory(error);
    v->lengths.bytes += sizeof *chunk;
  }
  v->articles++;
  v->text_bytes += text_bytes;
  return SY_OK;
}

/* ---- Adding ---------------------------------------------------------------------------------- */

#define AHEAD 64u /* terms whose words are looked for together, so that cache misses overlap */

static bool put_terms(sy_inverter_worker *w, sy_tuples *field, sy_tuple_widths widths,
                      uint32_t article, const sy_term *terms, size_t count) {
  bool good = true;
  uint32_t shift = sy_tuple_shift(widths);
  uint64_t place = (uint64_t)article << widths.position_bits, hashes[AHEAD];
  for (size_t i = 0; i < count; i++) {
    const sy_term *t = &terms[i];
    for (size_t n = i; i % AHEAD == 0 && n < i + AHEAD && n < count; n++) {
      sy_tuples_prefetch(field, terms[n].first);
      if (!terms[n].word_bytes) continue;
      hashes[n % AHEAD] =
          sy_words_hash(&w->words, sy_term_word(&w->analyzer, &terms[n]), terms[n].word_bytes);
    }
    uint64_t second = t->second;
    if (t->word_bytes) {
      second = sy_words_number(&w->words, sy_term_word(&w->analyzer, t), t->word_bytes,
                               hashes[i % AHEAD]);
    }
    good &= sy_tuples_put(field, t->first, second << shift | place | t->position, &w->room);
  }
  return good;
}

static bool ends_clause(const char *text, uint32_t at) {
  static const char ends[][4] = {"。", "，", "！", "？", "；"};
  bool found = false;
  for (size_t i = 0; at >= 3 && i < sizeof ends / sizeof *ends; i++) {
    found |= !memcmp(text + at - 3, ends[i], 3);
  }
  return found;
}

/* Marks where a long body can be cut: at the first Chinese unit directly behind the end of a
 * clause, or at any unit when no clause ends for as long again. */
static void mark_terms(const char *text, const sy_term *terms, size_t count, sy_buffer *marks) {
  const sy_mark *last = marks->bytes ? (const sy_mark *)(marks->data + marks->bytes) - 1 : NULL;
  uint32_t due = (last ? last->offset : 0) + SY_SECTION_BYTES;
  for (size_t i = 0; i < count; i++) {
    const sy_term *t = &terms[i];
    if (t->start < due) continue;
    bool good = !t->word_bytes && ends_clause(text, t->start);
    if (!good && t->start < due + SY_SECTION_BYTES) continue;
    sy_mark mark = {t->start, t->position};
    sy_buffer_append(marks, &mark, sizeof mark);
    due = t->start + SY_SECTION_BYTES;
  }
}

/* `marks` is NULL for a text that is not cut. */
static bool add_field(sy_inverter *v, sy_inverter_worker *w, sy_tuples *field, uint32_t article,
                      sy_string text, sy_buffer *marks, uint32_t *length) {
  uint64_t watch = sy_watch_start(v->timed);
  sy_term terms[4 * SY_TERM_BATCH];
  bool good = true;
  size_t count;
  *length = 0;
  sy_analyzer_begin(&w->analyzer, text.data, text.bytes);
  while ((count = sy_analyzer_next(&w->analyzer, terms, 4 * SY_TERM_BATCH)) > 0) {
    sy_watch_lap(&watch, &w->times.analyse);
    good &= put_terms(w, field, v->widths, article, terms, count);
    if (marks) mark_terms(text.data, terms, count, marks);
    *length = terms[count - 1].position + 1;
    sy_watch_lap(&watch, &w->times.partition);
  }
  sy_watch_lap(&watch, &w->times.analyse);
  return good && !field->touched.failed && !w->words.failed;
}

void sy_inverter_count_words(sy_inverter *v, sy_inverter_worker *w) {
  uint64_t memory = sy_words_memory(&w->words);
  v->words_memory += memory - w->words_memory;
  w->words_memory = memory;
}

void sy_inverter_visit(void *context, uint32_t worker, uint32_t first, sy_cursor articles,
                       sy_buffer *marks) {
  sy_inverter *v = context;
  sy_inverter_worker *w = &v->workers[worker];
  uint32_t article = first, words = w->words.count;
  uint64_t bytes = 0;
  for (sy_article a; sy_article_read(&articles, &a); article++) {
    uint32_t *lengths = sy_inverter_lengths(v, article);
    sy_string texts[SY_FIELD_COUNT] = {
        [SY_FIELD_INDEX_TITLE] = a.title, [SY_FIELD_INDEX_BODY] = a.body};
    for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
      bool cut = f == SY_FIELD_INDEX_BODY && a.body.bytes >= SY_LONG_BYTES;
      if (!add_field(v, w, &w->fields[f], article, texts[f], cut ? marks : NULL, &lengths[f]))
        w->failed = true;
    }
    bytes += a.title.bytes + a.body.bytes + a.fields.bytes;
  }
  sy_tuples_settle();
  v->words += w->words.count - words;
  sy_inverter_count_words(v, w);
  v->invalid_bytes += w->analyzer.invalid_bytes - w->invalid_bytes;
  w->invalid_bytes = w->analyzer.invalid_bytes;
  v->inverted_bytes += bytes;
}
