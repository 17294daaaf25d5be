/*
 * phrase_batch.c - the articles of a phrase, many at a time, for counts.
 *
 * The articles that the decoded blocks of all lists have in common are gathered. Where they are
 * most of each block, as of 請參閱 in manuals, the parts nearly always stand beside each other from
 * the first time on: the first positions of all candidates are read, list by list, and compared;
 * where they do not fit, those behind them. Where few articles are common, the iterator is asked.
 */
#include "query/phrase.h"

#include "storage/simd.h"

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
  return p->count <= MOST_LISTS && p->cover_count > 1 && p->cover_count <= MOST_LISTS &&
         least >= LEAST_DF && most / DENSE <= least;
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

/* Of each list of the cover. False when they cannot be read at once. */
static bool read_firsts(const sy_phrase_state *p, const batch *b, sy_first_positions *firsts) {
  for (uint32_t i = 0; i < p->cover_count; i++) {
    const sy_cover_list *list = &p->cover[i];
    if (!sy_postings_first_positions(list->postings, b->places[list->number], b->count, &firsts[i]))
      return false;
    p->base.context->positions += b->count;
  }
  return true;
}

/* Where the phrase can begin by the first positions, and whether it does not begin there: then the
 * start is no more than where it does. Hot: plain loops, for vectors. */
SY_CLONES static void compare_firsts(const sy_phrase_state *p, const sy_first_positions *firsts,
                                     uint32_t count, uint32_t *restrict starts,
                                     uint32_t *restrict wrong) {
  for (uint32_t i = 0; i < count; i++) starts[i] = wrong[i] = 0;
  for (uint32_t k = 0; k < p->cover_count; k++) {
    const uint32_t *positions = firsts[k].positions, offset = p->cover[k].offset;
    for (uint32_t i = 0; i < count; i++) {
      uint32_t least = positions[i] > offset ? positions[i] - offset : 0;
      starts[i] = least > starts[i] ? least : starts[i];
    }
  }
  for (uint32_t k = 0; k < p->cover_count; k++) {
    const uint32_t *positions = firsts[k].positions, offset = p->cover[k].offset;
    for (uint32_t i = 0; i < count; i++) wrong[i] |= (positions[i] - starts[i]) ^ offset;
  }
}

/* Whether the phrase begins at `start` or behind it. */
static bool match_behind(const sy_phrase_state *p, const batch *b, const sy_first_positions *firsts,
                         uint32_t candidate, uint64_t start) {
  sy_positions behind[MOST_LISTS];
  uint32_t next[MOST_LISTS], open = 0; /* bits: lists of which `behind` is known */
  for (uint32_t i = 0; i < p->cover_count; i++) next[i] = firsts[i].positions[candidate];
  for (uint32_t i = 0, fitting = 0; fitting < p->cover_count;) {
    const sy_cover_list *list = &p->cover[i];
    uint64_t wanted = start + list->offset;
    if (wanted >= SY_NO_POSITION) return false; /* damaged positions are any number */
    if (next[i] < wanted) {
      uint32_t place = b->places[list->number][candidate];
      if (!(open >> i & 1))
        behind[i] = sy_postings_behind_first(list->postings, place, &firsts[i], candidate);
      open |= 1u << i;
      do next[i] = sy_positions_next(&behind[i]);
      while (next[i] < wanted);
    }
    if (next[i] == SY_NO_POSITION) return false;
    fitting = next[i] == wanted ? fitting + 1 : 1;
    start = next[i] - list->offset;
    i = i + 1 < p->cover_count ? i + 1 : 0;
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

static uint32_t match_each(sy_phrase_state *p, const batch *b, uint32_t *found) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->count; i++) {
    found[n] = b->articles[i];
    n += match_one(p, b, i);
  }
  return n;
}

static uint32_t match_all(sy_phrase_state *p, const batch *b, uint32_t *found) {
  sy_first_positions firsts[MOST_LISTS];
  uint32_t starts[SY_BLOCK], wrong[SY_BLOCK], n = 0;
  if (!is_dense(p, b) || !read_firsts(p, b, firsts)) return match_each(p, b, found);
  compare_firsts(p, firsts, b->count, starts, wrong);
  for (uint32_t i = 0; i < b->count; i++) {
    found[n] = b->articles[i];
    n += !wrong[i] || match_behind(p, b, firsts, i, starts[i]);
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
