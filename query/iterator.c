/* iterator.c - the simple iterators: a list, an array, all articles; and the intersection of lists
 * that phrases and groups have in common. */
#include "query/iterator.h"

#include "base/status.h"

sy_status sy_search_damaged(sy_search_context *context) {
  if (context->status == SY_OK) {
    context->status = sy_fail_at(context->error, SY_CORRUPT, context->path, 0,
                                 "a postings list contradicts itself");
  }
  return context->status;
}

static bool always(sy_iterator *it) {
  (void)it;
  return true;
}

/* The first article from `target` on that can win the contest. */
static uint32_t advance_contender(sy_search_context *context, sy_postings *p, uint32_t target,
                                  const sy_contest *contest) {
  uint32_t article = sy_postings_advance(p, target);
  if (!contest) return article;
  float threshold = sy_scorer_threshold(contest->floor);
  while (article != SY_NO_ARTICLE && !sy_spend(&context->time, 1)) {
    sy_postings_load_frequencies(p);
    if (p->corrupt) {
      sy_search_damaged(context);
      return SY_NO_ARTICLE;
    }
    for (uint32_t i = p->at; i < p->filled; i++) {
      if (!sy_scorer_may_exceed(contest->scorer, threshold, p->articles[i], p->frequencies[i]))
        continue;
      p->at = i;
      return p->article = p->articles[i];
    }
    article = sy_postings_next_block(p, sy_scorer_least_impact(contest->scorer, contest->floor));
  }
  return SY_NO_ARTICLE;
}

/* ---- One postings list ----------------------------------------------------------------------- */

typedef struct term_iterator {
  sy_iterator base;
  sy_scorer scorer;
  sy_postings postings;
} term_iterator;

static uint32_t term_advance(sy_iterator *it, uint32_t target) {
  term_iterator *t = (term_iterator *)it;
  sy_contest contest = {&t->scorer, it->floor};
  it->article = advance_contender(it->context, &t->postings, target, it->floor ? &contest : NULL);
  if (t->postings.corrupt) sy_search_damaged(it->context);
  return it->article;
}

static uint64_t term_score(sy_iterator *it) {
  term_iterator *t = (term_iterator *)it;
  return sy_scorer_score(&t->scorer, it->article, sy_postings_frequency(&t->postings));
}

static uint64_t term_bound(sy_iterator *it, uint32_t target, uint32_t *last) {
  term_iterator *t = (term_iterator *)it;
  uint32_t impact;
  *last = sy_postings_block_bound(&t->postings, target, &impact);
  return sy_scorer_bound(&t->scorer, impact);
}

static uint64_t term_most(sy_iterator *it) {
  term_iterator *t = (term_iterator *)it;
  return sy_scorer_bound(&t->scorer, sy_postings_max_impact(&t->postings));
}

sy_iterator *sy_term_iterator(sy_search_context *context, const sy_list *list, sy_scorer scorer) {
  term_iterator *t = sy_arena_alloc(context->arena, sizeof *t);
  if (!t) return NULL;
  t->base = (sy_iterator){term_advance, always, term_score, term_score, term_bound,
                          term_most,    0,      list->df,   0,          context};
  t->scorer = scorer;
  sy_search_open_list(context, list, &t->postings);
  term_advance(&t->base, 0);
  return &t->base;
}

sy_postings *sy_term_iterator_postings(sy_iterator *it, const sy_scorer **scorer) {
  if (it->advance != term_advance) return NULL;
  term_iterator *t = (term_iterator *)it;
  *scorer = &t->scorer;
  return &t->postings;
}

/* ---- Several lists --------------------------------------------------------------------------- */

/* The first list leads; whoever has not its article tells where it goes on. */
uint32_t sy_lists_advance(sy_search_context *context, sy_postings *const *lists, uint32_t count,
                          uint32_t target, const sy_contest *contest) {
  uint32_t article = advance_contender(context, lists[0], target, contest);
  for (uint32_t i = 1; i < count && article != SY_NO_ARTICLE;) {
    uint32_t other = sy_postings_advance(lists[i], article);
    if (other == article) {
      i++;
    } else {
      if (sy_spend(&context->time, 1)) return SY_NO_ARTICLE;
      article =
          other == SY_NO_ARTICLE ? other : advance_contender(context, lists[0], other, contest);
      i = 1;
    }
  }
  for (uint32_t i = 0; i < count && article == SY_NO_ARTICLE; i++) {
    if (lists[i]->corrupt) sy_search_damaged(context); /* a damaged list ends */
  }
  return article;
}

uint32_t sy_iterator_lists(sy_iterator *it, sy_postings **lists) {
  if (it->advance != term_advance) return sy_phrase_iterator_lists(it, lists);
  if (lists) lists[0] = &((term_iterator *)it)->postings;
  return 1;
}

/* ---- An array -------------------------------------------------------------------------------- */

typedef struct array_iterator {
  sy_iterator base;
  sy_scorer scorer;
  const uint32_t *articles, *frequencies;
  uint32_t count, at;
} array_iterator;

static uint32_t array_advance(sy_iterator *it, uint32_t target) {
  array_iterator *a = (array_iterator *)it;
  uint32_t at = a->at, step = 1, count = a->count;
  while (at + step < count && a->articles[at + step] < target) { /* gallop, then halve */
    at += step;
    step *= 2;
  }
  uint32_t high = at + step < count ? at + step : count;
  while (at < high) {
    uint32_t middle = at + (high - at) / 2;
    if (a->articles[middle] < target) {
      at = middle + 1;
    } else {
      high = middle;
    }
  }
  a->at = at;
  return it->article = at < count ? a->articles[at] : SY_NO_ARTICLE;
}

static uint64_t array_score(sy_iterator *it) {
  array_iterator *a = (array_iterator *)it;
  return sy_scorer_score(&a->scorer, it->article, a->frequencies[a->at]);
}

static uint64_t array_most(sy_iterator *it) {
  return sy_scorer_bound(&((array_iterator *)it)->scorer, 255);
}

static uint64_t array_bound(sy_iterator *it, uint32_t target, uint32_t *last) {
  (void)target;
  *last = SY_NO_ARTICLE - 1;
  return array_most(it);
}

sy_iterator *sy_array_iterator(sy_search_context *context, const uint32_t *articles,
                               const uint32_t *frequencies, uint32_t count, sy_scorer scorer) {
  array_iterator *a = sy_arena_alloc(context->arena, sizeof *a);
  if (!a) return NULL;
  a->base = (sy_iterator){array_advance, always, array_score, array_score, array_bound,
                          array_most,    0,      count,       0,           context};
  a->scorer = scorer;
  a->articles = articles;
  a->frequencies = frequencies;
  a->count = count;
  a->at = 0;
  array_advance(&a->base, 0);
  return &a->base;
}

/* ---- All articles ---------------------------------------------------------------------------- */

static uint32_t all_advance(sy_iterator *it, uint32_t target) {
  return it->article = target < it->cost ? target : SY_NO_ARTICLE;
}

static uint64_t all_score(sy_iterator *it) {
  (void)it;
  return 0;
}

static uint64_t all_bound(sy_iterator *it, uint32_t target, uint32_t *last) {
  (void)it;
  (void)target;
  *last = SY_NO_ARTICLE - 1;
  return 0;
}

sy_iterator *sy_all_iterator(sy_search_context *context, uint32_t article_count) {
  sy_iterator *it = sy_arena_alloc(context->arena, sizeof *it);
  if (!it) return NULL;
  *it = (sy_iterator){all_advance, always, all_score,     all_score, all_bound,
                      all_score,   0,      article_count, 0,         context};
  all_advance(it, 0);
  return it;
}
