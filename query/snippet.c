/*
 * snippet.c - the passages of an article that show why it matches (contract in suoyin.h).
 *
 * A passage is a window of units. It is worth the units of the different things it shows - a phrase
 * of six characters more than a bigram - and a little for repetitions. The best windows that do not
 * overlap are taken, moved to begin at a sentence where one begins near, and given in text order.
 */
#include "base/status.h"
#include "query/excerpt.h"
#include "query/index.h"

#define ELLIPSIS " \xE2\x80\xA6 "
#define ELLIPSIS_BYTES 5u

typedef struct passage {
  uint32_t first, last; /* units [first, last) */
  uint32_t worth;
} passage;

/* ---- Choosing -------------------------------------------------------------------------------- */

typedef struct window {
  uint32_t *shown; /* matches of each pattern in the window */
  uint32_t worth;  /* of 16ths */
} window;

static void window_add(window *w, const sy_pattern *patterns, uint32_t pattern) {
  w->worth += w->shown[pattern]++ ? 1 : 16 * (patterns[pattern].count + patterns[pattern].bigram);
}

static void window_remove(window *w, const sy_pattern *patterns, uint32_t pattern) {
  w->worth -= --w->shown[pattern] ? 1 : 16 * (patterns[pattern].count + patterns[pattern].bigram);
}

static bool overlaps(const passage *chosen, uint32_t count, uint32_t first, uint32_t last) {
  for (uint32_t i = 0; i < count; i++) {
    if (first < chosen[i].last && last > chosen[i].first) return true;
  }
  return false;
}

/* The window of `units` units that begins with a match and is worth most, away from those
 * chosen. */
static passage best_window(const sy_matcher *m, uint32_t units, const passage *chosen,
                           uint32_t count, window *w) {
  const sy_match *matches = sy_matcher_matches(m);
  const sy_pattern *patterns = (const sy_pattern *)m->patterns.data;
  passage best = {0, 0, 0};
  size_t end = 0;
  memset(w->shown, 0, m->patterns.bytes / sizeof *patterns * sizeof *w->shown);
  w->worth = 0;
  for (size_t i = 0; i < m->match_count; i++) {
    uint32_t first = matches[i].unit, limit = sy_matcher_run_of(m, first)->end_unit;
    if (limit > first + units) limit = first + units;
    if (end < i) end = i;
    for (; end < m->match_count && matches[end].unit_end <= limit; end++) {
      window_add(w, patterns, matches[end].pattern);
    }
    uint32_t last = matches[i].unit_end > first + units ? matches[i].unit_end : first + units;
    uint32_t worth = end > i ? w->worth : 16;
    if (worth > best.worth && !overlaps(chosen, count, first, last))
      best = (passage){first, last, worth};
    if (end > i) window_remove(w, patterns, matches[i].pattern);
  }
  return best;
}

/* Whether a sentence ends between two bytes: a mark that ends one, or a line end. */
static bool sentence_between(sy_string text, uint32_t from, uint32_t to) {
  if (from >= to) return false; /* units of one character, as in ㍿ */
  static const char *const ends[] = {"\n", "。", "！", "？", "；", "!", "?", "…"};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    if (memmem(text.data + from, to - from, ends[i], strlen(ends[i]))) return true;
  }
  return false;
}

/* Moves the beginning of a window back: to the beginning of the sentence if that is near, else
 * so that the matches stand towards the middle. */
static void place_window(const sy_matcher *m, sy_string text, passage *p, uint32_t units) {
  const sy_term *terms = sy_matcher_units(m);
  const sy_match *matches = sy_matcher_matches(m);
  const sy_text_run *run = sy_matcher_run_of(m, p->first);
  uint32_t used = p->first, before = p->first - run->first_unit;
  for (size_t i = 0; i < m->match_count; i++) {
    if (matches[i].unit >= p->first && matches[i].unit_end <= p->last) used = matches[i].unit_end;
  }
  if (used > run->end_unit) used = run->end_unit;
  uint32_t slack = p->last > used ? p->last - used : 0, back = 0;
  if (slack > before) slack = before;
  while (back < slack &&
         !sentence_between(text, terms[p->first - back - 1].end, terms[p->first - back].start)) {
    back++;
  }
  /* No sentence begins near, nor the text: the matches stand in the middle. */
  if (back == slack && back < before) back = slack / 2;
  p->first -= back;
  p->last = p->first + units > used ? p->first + units : used;
  if (p->last > run->end_unit) p->last = run->end_unit;
}

static uint32_t choose_passages(const sy_matcher *m, sy_string text, const sy_snippet_options *o,
                                window *w, passage *out) {
  uint32_t count = 0, most = o->passages;
  uint32_t units = o->passage_characters, have = (uint32_t)sy_matcher_unit_count(m);
  if (most && have && have <= units && m->runs.bytes == sizeof(sy_text_run)) { /* all of it fits */
    out[0] = (passage){0, have, 1};
    return 1;
  }
  for (; count < most; count++) {
    passage p = best_window(m, units, out, count, w);
    if (!p.worth) break;
    passage placed = p;
    place_window(m, text, &placed, units);
    if (overlaps(out, count, placed.first, placed.last)) {
      uint32_t end = sy_matcher_run_of(m, p.first)->end_unit;
      placed = p;
      if (placed.last > end) placed.last = end;
    }
    uint32_t at = count; /* keep them in text order */
    for (; at && out[at - 1].first > placed.first; at--) out[at] = out[at - 1];
    out[at] = placed;
  }
  if (!count && most && have) out[count++] = (passage){0, units < have ? units : have, 0};
  return count;
}

/* ---- Putting together ------------------------------------------------------------------------ */

/* The matches within [from, to) of the text, as ranges shifted by `shift`, overlapping ones
 * joined. */
static void add_ranges(const sy_matcher *m, uint32_t from, uint32_t to, int64_t shift,
                       sy_buffer *out) {
  const sy_match *matches = sy_matcher_matches(m);
  size_t begin = out->bytes;
  for (size_t i = 0; i < m->match_count; i++) {
    if (matches[i].start < from || matches[i].end > to) continue;
    sy_range range = {(uint32_t)(matches[i].start + shift), (uint32_t)(matches[i].end + shift)};
    sy_range *last = out->bytes > begin ? (sy_range *)(out->data + out->bytes) - 1 : NULL;
    if (last && range.start < last->end) {
      if (range.end > last->end) last->end = range.end;
    } else {
      sy_buffer_append(out, &range, sizeof range);
    }
  }
}

/* Adds a passage's bytes, up to where the next unit begins if nothing is cut there but punctuation.
 * Returns where in the text they end. */
static uint32_t add_passage(const sy_matcher *m, const passage *p, sy_buffer *out,
                            sy_buffer *ranges) {
  const sy_term *terms = sy_matcher_units(m);
  const sy_text_run *run = sy_matcher_run_of(m, p->first);
  uint32_t from = p->first > run->first_unit ? terms[p->first].start : run->start;
  uint32_t to = p->last < run->end_unit ? terms[p->last].start : run->end;
  if (from) sy_buffer_append(out, ELLIPSIS, ELLIPSIS_BYTES);
  int64_t shift = (int64_t)out->bytes - from;
  sy_buffer_append(out, m->text.data + from, to - from);
  add_ranges(m, from, to, shift, ranges);
  return to;
}

static sy_status make_text(sy_index *index, const sy_matcher *m, const sy_snippet_options *o,
                           sy_snippet *out, sy_error *error) {
  window w = {
      sy_arena_alloc(&index->text_arena, m->patterns.bytes / sizeof(sy_pattern) * sizeof(uint32_t)),
      0};
  if (!w.shown) return sy_fail_memory(error);
  passage passages[SY_PASSAGES_MAX];
  uint32_t count = choose_passages(m, m->text, o, &w, passages), end = (uint32_t)m->text.bytes;
  sy_buffer bytes = {0}, ranges = {0};
  for (uint32_t i = 0; i < count; i++) end = add_passage(m, &passages[i], &bytes, &ranges);
  if (end < m->text.bytes) sy_buffer_append(&bytes, ELLIPSIS, ELLIPSIS_BYTES);
  out->text = (sy_string){sy_arena_copy(&index->text_arena, bytes.data, bytes.bytes), bytes.bytes};
  out->highlights = sy_arena_copy(&index->text_arena, ranges.data, ranges.bytes);
  out->highlight_count = ranges.bytes / sizeof(sy_range);
  bool failed = bytes.failed || ranges.failed || !out->text.data || !out->highlights;
  sy_buffer_free(&bytes);
  sy_buffer_free(&ranges);
  return failed ? sy_fail_memory(error) : SY_OK;
}

static sy_status make_title(sy_index *index, const sy_matcher *m, sy_snippet *out,
                            sy_error *error) {
  sy_buffer ranges = {0};
  add_ranges(m, 0, (uint32_t)out->title.bytes, 0, &ranges);
  out->title_highlights = sy_arena_copy(&index->text_arena, ranges.data, ranges.bytes);
  out->title_highlight_count = ranges.bytes / sizeof(sy_range);
  bool failed = ranges.failed || !out->title_highlights;
  sy_buffer_free(&ranges);
  return failed ? sy_fail_memory(error) : SY_OK;
}

sy_status sy_snippet_make(sy_index *index, const sy_query *query, uint64_t article,
                          const sy_snippet_options *options, sy_snippet *out, sy_error *error) {
  sy_snippet_options o = options ? *options : (sy_snippet_options)SY_SNIPPET_OPTIONS_DEFAULT;
  if (o.passage_characters < 20 || o.passage_characters > 10000) {
    return sy_fail(error, SY_INVALID, "a passage has 20 to 10,000 characters");
  }
  if (o.passages > SY_PASSAGES_MAX)
    return sy_fail(error, SY_INVALID, "at most %u passages", SY_PASSAGES_MAX);
  *out = (sy_snippet){0};
  sy_segment *segment;
  uint32_t local;
  sy_sectioned_article stored;
  SY_TRY(sy_index_article_sections(index, article, &segment, &local, &stored, error));
  out->id = stored.article.id;
  out->title = stored.article.title;
  out->fields = stored.article.fields;
  sy_arena_reset(&index->text_arena);
  sy_matcher title, body;
  sy_matcher_init(&title, &index->analyzers, &index->deadline);
  sy_matcher_init(&body, &index->analyzers, &index->deadline);
  sy_status status =
      sy_matcher_add_leaves(&title, &body, query->root, false, &index->text_arena, error);
  if (status == SY_OK) status = sy_matcher_run(&title, out->title, error);
  if (status == SY_OK) status = make_title(index, &title, out, error);
  if (status == SY_OK) status = sy_excerpt_run(&body, segment, local, &stored, &o, error);
  if (status == SY_OK) status = make_text(index, &body, &o, out, error);
  sy_matcher_free(&title);
  sy_matcher_free(&body);
  return status;
}
