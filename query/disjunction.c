/*
 * disjunction.c - top k of an OR: of terms (free text), of phrases, of whatever has a bound.
 * MaxScore over windows of articles.
 *
 * Scores of a window of 4,096 or more articles are added up term by term in a small array. Terms
 * are sorted by the most they can add. Those whose sum, without the terms that begin behind the
 * window, cannot lift an article over the threshold of the heap are not needed to find candidates
 * ("non-essential"): they are looked up only for articles that the others have lifted near enough,
 * strongest first, and given up as soon as what is left cannot do it.
 *
 *     terms     t1   t2   t3 | t4   t5       ascending by largest score
 *               non-essential| essential     sum(t1..t3) in this window <= threshold
 *
 * A phrase is added with what it scores at most, which its frequencies tell; its positions are read
 * only for articles that could enter with it, by a second iterator (`check`) that follows behind.
 *
 * Source: Turtle and Flood, Query evaluation: strategies and optimizations, 1995 (MaxScore).
 * Block-Max WAND lost against it by a factor of three to five on n-grams, whose lists are many and
 * long; and maxima of the blocks in a window (Chakrabarti, Chaudhuri and Ganti 2011) gained nothing
 * over the maxima of the lists, which n-grams reach in nearly every window.
 */
#include "query/topk.h"

#include "base/status.h"

#define WINDOW_LEAST 4096u
#define WINDOW_MOST SY_RANGE
#define WINDOW_CANDIDATES 1024u /* a window is made so large that it has about so many */
#define WINDOW_TERM_STEPS 128u  /* what a term in a window counts for the deadline */
#define TABLE_LEAST 256u        /* a list with fewer articles is scored without a table */

typedef struct term {
  sy_iterator *it;
  sy_postings *postings; /* of a single list, which is read by blocks; else NULL */
  const sy_scorer *scorer;
  const uint32_t *once; /* of a long list: score by length code when the frequency is 1 */
  sy_iterator *check;   /* of what must be verified; else NULL */
  uint64_t most;        /* it adds at most this */
  uint64_t sum;         /* in this window, it and all before it add at most this */
} term;

typedef struct disjunction {
  sy_walk base;
  term *terms;
  uint32_t count;
  uint32_t hopeless;  /* terms that cannot lift an article together, in any window */
  uint32_t essential; /* first essential term of the window */
  uint32_t from;      /* articles below it are done */
  uint32_t window;    /* articles in a window, a power of two */
  uint32_t *scores;   /* of the window */
  uint64_t *touched;  /* bits: articles of the window with a score */
} disjunction;

/* ---- Gathering the terms --------------------------------------------------------------------- */

/* Scores by length code of an article that has the term once: most have. */
static const uint32_t *make_table(disjunction *d, const term *t) {
  uint32_t *once = sy_arena_alloc(d->base.plan->arena, 256 * sizeof *once);
  for (uint32_t code = 0; once && code < 256; code++) {
    once[code] = 1 + (uint32_t)(t->scorer->weight * 1.0f / (1.0f + t->scorer->saturation[code]));
  }
  return once;
}

static bool add_term(disjunction *d, const sy_plan_node *node, uint32_t segment) {
  sy_iterator *it = sy_plan_iterator(d->base.plan, node, segment);
  if (!it) return false;
  if (it->article == SY_NO_ARTICLE) return true;
  term *t = &d->terms[d->count++];
  t->it = it;
  t->most = it->most(it);
  t->postings = sy_term_iterator_postings(it, &t->scorer);
  if (t->postings) {
    if (t->postings->list.df < TABLE_LEAST) return true;
    t->once = make_table(d, t);
    return t->once != NULL;
  }
  t->check = sy_plan_iterator(d->base.plan, node, segment);
  return t->check != NULL;
}

static int compare_terms(const void *a, const void *b) {
  uint64_t x = ((const term *)a)->most, y = ((const term *)b)->most;
  return (x > y) - (x < y);
}

/* ---- Scoring --------------------------------------------------------------------------------- */

static inline void add_score(disjunction *d, uint32_t slot, uint32_t score) {
  d->scores[slot] += score;
  d->touched[slot / 64] |= 1ull << slot % 64;
}

/* Adds a list's scores for the articles in [start, end). Hot: on plain arrays, a block at a
 * time. */
static void add_list_scores(disjunction *d, const term *t, uint32_t start, uint32_t end) {
  sy_postings *p = t->postings;
  const uint8_t *lengths = t->scorer->lengths;
  if (p->article < start) sy_postings_advance(p, start);
  while (p->article < end) {
    sy_postings_load_frequencies(p);
    uint32_t i = p->at;
    for (; i < p->filled && p->articles[i] < end; i++) {
      uint32_t article = p->articles[i], tf = p->frequencies[i];
      bool known = tf == 1 && t->once;
      add_score(
          d, article - start,
          known ? t->once[lengths[article]] : (uint32_t)sy_scorer_score(t->scorer, article, tf));
    }
    p->at = i - 1;
    sy_postings_next(p);
  }
}

/* Of what is verified later, adds the most it can score. */
static void add_scores(disjunction *d, const term *t, uint32_t start, uint32_t end) {
  if (t->postings) {
    add_list_scores(d, t, start, end);
    return;
  }
  sy_iterator *it = t->it;
  for (sy_iterator_reach(it, start); it->article < end; it->advance(it, it->article + 1)) {
    add_score(d, it->article - start, (uint32_t)it->upper(it));
  }
}

/* What a term has for an article. */
static uint64_t score_of(const term *t, uint32_t article) {
  sy_postings *p = t->postings;
  if (!p) {
    bool matches = sy_iterator_reach(t->it, article) == article && t->it->matches(t->it);
    return matches ? t->it->score(t->it) : 0;
  }
  if (p->article < article) sy_postings_advance(p, article);
  return p->article == article ? sy_scorer_score(t->scorer, article, sy_postings_frequency(p)) : 0;
}

/* Adds what the non-essential terms have for a candidate, and puts what the essential ones have in
 * the place of what they could have; false as soon as it cannot enter, or when nothing matches. */
static bool complete_score(disjunction *d, uint32_t article, uint64_t *score) {
  bool matched = false;
  for (uint32_t i = d->essential; i-- > 0;) {
    if (!sy_topk_accepts(d->base.top, *score + d->terms[i].sum)) return false;
    *score += score_of(&d->terms[i], article);
  }
  for (uint32_t i = d->essential; i < d->count; i++) {
    sy_iterator *check = d->terms[i].check;
    if (!check || sy_iterator_reach(check, article) != article) continue;
    if (!sy_topk_accepts(d->base.top, *score)) return false;
    *score -= check->upper(check);
    if (!check->matches(check)) continue;
    *score += check->score(check);
    matched = true;
  }
  return matched || *score;
}

/* Offers what can enter, and clears the window. */
static void offer_window(disjunction *d, uint32_t start) {
  sy_search_context *context = d->base.plan->context;
  sy_stopwatch *time = &context->time;
  uint64_t others = d->essential ? d->terms[d->essential - 1].sum : 0;
  for (uint32_t w = 0; w < d->window / 64; w++) {
    for (uint64_t left = d->touched[w]; left; left &= left - 1) {
      uint32_t slot = w * 64 + (uint32_t)__builtin_ctzll(left);
      uint64_t score = d->scores[slot];
      d->scores[slot] = 0;
      context->candidates++;
      if (!sy_topk_accepts(d->base.top, score + others) ||
          sy_segment_deleted(d->base.segment, start + slot)) {
        continue;
      }
      context->scored++;
      if (!sy_spend(time, 1) && complete_score(d, start + slot, &score) && !sy_is_over(time)) {
        sy_topk_offer(d->base.top, score, d->base.segment->base + start + slot);
      }
    }
    d->touched[w] = 0;
  }
}

/* ---- Windows --------------------------------------------------------------------------------- */

/* The first article that is not done and that a term which is not hopeless may have. */
static uint32_t next_article(const disjunction *d) {
  uint32_t least = SY_NO_ARTICLE;
  for (uint32_t i = d->hopeless; i < d->count; i++) {
    const term *t = &d->terms[i];
    uint32_t article = t->postings ? t->postings->article : t->it->article;
    if (article < d->from) article = d->from; /* where it is from there on is not known */
    least = article < least ? article : least;
  }
  return least;
}

/* Divides the terms for a window; false when nothing in it can enter. */
static bool divide_terms(disjunction *d, uint32_t end) {
  d->essential = 0;
  if (sy_topk_accepts(d->base.top, 0)) return true; /* there is room for anything */
  uint64_t sum = 0;
  for (uint32_t i = 0; i < d->count; i++) {
    const term *t = &d->terms[i];
    bool behind = (t->postings ? t->postings->article : t->it->article) >= end;
    d->terms[i].sum = sum += behind ? 0 : t->most;
    if (!sy_topk_accepts(d->base.top, sum)) d->essential = i + 1;
  }
  return d->essential < d->count;
}

static void drop_hopeless(disjunction *d) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < d->hopeless; i++) sum += d->terms[i].most;
  while (d->hopeless < d->count && !sy_topk_accepts(d->base.top, sum + d->terms[d->hopeless].most))
    sum += d->terms[d->hopeless++].most;
}

/* A score that is not complete when time is over is offered to nobody: offer_window() sees to
 * it. */
static void run(sy_walk *walk, uint32_t from, uint32_t to) {
  disjunction *d = (disjunction *)walk;
  sy_stopwatch *time = &walk->plan->context->time;
  d->from = from;
  for (uint32_t start; !sy_is_over(time) && d->from < to; d->from = start + d->window) {
    sy_topk_share(walk->top);
    drop_hopeless(d);
    start = next_article(d);
    if (start >= to) break;
    start &= ~(d->window - 1);
    uint32_t end = start > SY_NO_ARTICLE - d->window ? SY_NO_ARTICLE : start + d->window;
    if (divide_terms(d, end)) {
      for (uint32_t i = d->essential; i < d->count && !sy_spend(time, WINDOW_TERM_STEPS); i++) {
        add_scores(d, &d->terms[i], start, end);
      }
      offer_window(d, start);
    }
    if (end >= walk->segment->info.articles) break;
  }
  for (uint32_t i = 0; i < d->count; i++) {
    if (d->terms[i].postings && d->terms[i].postings->corrupt)
      sy_search_damaged(walk->plan->context);
  }
}

/* The window's arrays: zero between searches, so that a query need not clear them. */
static bool take_window(disjunction *d) {
  sy_search_context *context = d->base.plan->context;
  size_t bytes = WINDOW_MOST * sizeof *d->scores + WINDOW_MOST / 8;
  if (!*context->window) *context->window = calloc(1, bytes);
  d->scores = *context->window;
  d->touched = d->scores ? (uint64_t *)(d->scores + WINDOW_MOST) : NULL;
  return d->scores != NULL;
}

static void choose_window(disjunction *d) {
  uint64_t candidates = 0, articles = d->base.segment->info.articles;
  for (uint32_t i = 0; i < d->count; i++) candidates += d->terms[i].it->cost;
  d->window = WINDOW_LEAST;
  while (d->window < WINDOW_MOST && candidates * d->window < WINDOW_CANDIDATES * articles)
    d->window *= 2;
}

static bool add_all_terms(disjunction *d, uint32_t count, uint32_t segment) {
  const sy_plan_node **nodes = sy_arena_alloc(d->base.plan->arena, count * sizeof *nodes);
  d->terms = sy_arena_calloc(d->base.plan->arena, count, sizeof *d->terms);
  if (!nodes || !d->terms) return false;
  sy_plan_alternatives(d->base.plan->root, nodes);
  for (uint32_t i = 0; i < count; i++) {
    if (!add_term(d, nodes[i], segment)) return false;
  }
  if (d->count) qsort(d->terms, d->count, sizeof *d->terms, compare_terms);
  return true;
}

sy_walk *sy_disjunction_walk(sy_plan *plan, uint32_t segment, sy_topk *top) {
  uint32_t count = sy_plan_alternatives(plan->root, NULL);
  if (count < 2) return NULL;
  disjunction *d = sy_arena_calloc(plan->arena, 1, sizeof *d);
  if (d) d->base = (sy_walk){run, plan, &plan->snapshot->segments[segment], top};
  if (!d || !take_window(d) || !add_all_terms(d, count, segment)) {
    plan->context->status = sy_fail_memory(plan->context->error);
    return NULL;
  }
  uint64_t sum = 0;
  for (uint32_t i = 0; i < d->count; i++) sum += d->terms[i].most;
  if (sum > UINT32_MAX) return NULL; /* sums of a window have 32 bits */
  choose_window(d);
  return &d->base;
}
