/*
 * phrase_batch.c - the articles of a phrase, many at a time, for counts.
 *
 * The articles that the decoded blocks of all lists have in common are gathered. Where they are
 * most of each block, as of 請參閱 in manuals, the parts nearly always stand beside each other from
 * the first time on: the first positions of all candidates are read, list by list, and compared;
 * where they do not fit, those behind them. Where few articles are common, the iterator is asked.
 */
#include "query/phrase.h"

enum {
  MOST_LISTS = 8,
  LEAST_DF = 1024, /* shorter lists take microseconds either way */
  /* The least share of a block's articles that must be candidates, one in so many, and the least
   * share of the longest list's that the shortest must have. Measured: 3 takes 6 to 10% longer for
   * the slowest phrases, 8 the same. */
  DENSE = 6,
};

typedef struct batch {
  uint32_t count;
  uint32_t articles[SY_BLOCK];
  uint8_t places[MOST_LISTS][SY_BLOCK]; /* of the articles in the block of each list */
} batch;

/* Whether the lists are so long, and so even, that most articles may be common. */
static bool is_worth(const sy_phrase_state *p) {
  uint32_t least = p->postings[0]->list.df, most = p->postings[p->count - 1]->list.df;
  return p->count <= MOST_LISTS && p->cover_count > 1 && least >= LEAST_DF && most / DENSE <= least;
}

/* ---- Articles -------------------------------------------------------------------------------- */

/* The rest of the block of the first list, to the article `last`. */
static void begin_batch(batch *b, const sy_postings *p, uint32_t last) {
  b->count = 0;
  for (uint32_t at = p->at; at < p->filled && p->articles[at] <= last; at++) {
    b->places[0][b->count] = (uint8_t)at;
    b->articles[b->count++] = p->articles[at];
  }
}

/* Leaves the articles that the block of one list more has. `list`: its number, that is how many
 * there were before. */
static void intersect_articles(batch *b, const sy_postings *p, uint32_t list) {
  uint32_t n = 0;
  for (uint32_t i = 0, at = p->at; i < b->count && at < p->filled;) {
    uint32_t ours = b->articles[i], theirs = p->articles[at];
    b->articles[n] = ours;
    for (uint32_t k = 0; k < list; k++) b->places[k][n] = b->places[k][i];
    b->places[list][n] = (uint8_t)at;
    n += ours == theirs;
    i += ours <= theirs;
    at += theirs <= ours;
  }
  b->count = n;
}

/* Leaves out what the range skips. */
static void skip_articles(batch *b, const sy_batch_range *range, uint32_t lists) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->count; i++) {
    b->articles[n] = b->articles[i];
    for (uint32_t k = 0; k < lists; k++) b->places[k][n] = b->places[k][i];
    n += !range->skip(range->context, b->articles[n]);
  }
  b->count = n;
}

/* The candidates of the range up to where the first of the decoded blocks ends; returns where. */
static uint32_t gather(const sy_phrase_state *p, const sy_batch_range *range, batch *b) {
  uint32_t last = range->end - 1;
  for (uint32_t i = 0; i < p->count; i++) {
    const sy_postings *list = p->postings[i];
    if (list->articles[list->filled - 1] < last) last = list->articles[list->filled - 1];
  }
  begin_batch(b, p->postings[0], last);
  for (uint32_t i = 1; i < p->count; i++) intersect_articles(b, p->postings[i], i);
  if (range->skip) skip_articles(b, range, p->count);
  return last;
}

/* ---- Matches --------------------------------------------------------------------------------- */

/* Whether most of the blocks' articles are candidates, so that looking into all of them pays. */
static bool is_dense(const sy_phrase_state *p, const batch *b) {
  for (uint32_t i = 0; i < p->cover_count; i++) {
    if (b->count < p->cover[i].postings->filled / DENSE) return false;
  }
  return true;
}

typedef sy_first_position first_positions[SY_BLOCK];

/* Of each list of the cover. False when they cannot be read at once. */
static bool read_firsts(const sy_phrase_state *p, const batch *b, first_positions *firsts) {
  for (uint32_t i = 0; i < p->cover_count; i++) {
    const sy_cover_list *list = &p->cover[i];
    if (!sy_postings_first_positions(list->postings, b->places[list->number], b->count, firsts[i]))
      return false;
    p->base.context->positions += b->count;
  }
  return true;
}

/* Whether the phrase begins with the first positions; else *start is no more than where it does. */
static bool match_first(const sy_phrase_state *p, const first_positions *firsts, uint32_t candidate,
                        uint64_t *start) {
  *start = 0;
  for (uint32_t i = 0; i < p->cover_count; i++) {
    uint32_t position = firsts[i][candidate].position, offset = p->cover[i].offset;
    if (position > offset && position - offset > *start) *start = position - offset;
  }
  for (uint32_t i = 0; i < p->cover_count; i++) {
    if (firsts[i][candidate].position != *start + p->cover[i].offset) return false;
  }
  return true;
}

/* Whether the phrase begins at `start` or behind it. */
static bool match_behind(sy_phrase_state *p, const batch *b, const first_positions *firsts,
                         uint32_t candidate, uint64_t start) {
  for (uint32_t i = 0; i < p->cover_count; i++) {
    sy_cover_list *list = &p->cover[i];
    const sy_first_position *first = &firsts[i][candidate];
    list->positions =
        sy_postings_behind_first(list->postings, b->places[list->number][candidate], first);
    list->next = first->position;
  }
  for (uint32_t i = 0, fitting = 0; fitting < p->cover_count; i = (i + 1) % p->cover_count) {
    sy_cover_list *list = &p->cover[i];
    while (list->next < start + list->offset) list->next = sy_positions_next(&list->positions);
    if (list->next == SY_NO_POSITION) return false;
    fitting = list->next == start + list->offset ? fitting + 1 : 1;
    start = list->next - list->offset;
  }
  return true;
}

/* Asks the iterator itself. */
static bool match_one(sy_phrase_state *p, const batch *b, uint32_t candidate) {
  p->base.article = b->articles[candidate];
  for (uint32_t i = 0; i < p->count; i++) {
    p->postings[i]->at = b->places[i][candidate];
    p->postings[i]->article = p->base.article;
  }
  return p->base.matches(&p->base);
}

static uint32_t match_all(sy_phrase_state *p, const batch *b, uint32_t *found) {
  first_positions firsts[MOST_LISTS];
  bool together = is_dense(p, b) && read_firsts(p, b, firsts);
  uint32_t n = 0;
  uint64_t start; /* in 64 bits: damaged positions are any number */
  for (uint32_t i = 0; i < b->count; i++) {
    found[n] = b->articles[i];
    n += together ? match_first(p, firsts, i, &start) || match_behind(p, b, firsts, i, start)
                  : match_one(p, b, i);
  }
  return n;
}

bool sy_phrase_iterator_batch(sy_iterator *it, const sy_batch_range *range, uint32_t *found,
                              uint32_t *count) {
  sy_phrase_state *p = (sy_phrase_state *)it;
  if (it->advance != sy_phrase_advance || !is_worth(p)) return false;
  batch b = {0};
  uint32_t last = gather(p, range, &b);
  *count = match_all(p, &b, found);
  sy_spend(&it->context->time, b.count);
  sy_phrase_advance(it, last + 1);
  return true;
}
