/*
 * disjunction.c - top k of an OR: of terms (free text), of phrases, of whatever has a bound.
 * MaxScore over windows of articles.
 *
 * Scores of a window of SY_WINDOW articles are added up term by term in a small array. Terms are
 * sorted by the most they can add. Those whose sum cannot lift an article over the threshold of the
 * heap are not needed to find candidates ("non-essential"): they are looked up only for articles
 * that the others have lifted near enough, strongest first, and given up as soon as what is left
 * cannot do it.
 *
 *     terms     t1   t2   t3 | t4   t5       ascending by largest score
 *               non-essential| essential     sum(t1..t3) <= threshold
 *
 * Sources: Turtle and Flood, Query evaluation: strategies and optimizations, 1995 (MaxScore);
 * Block-Max WAND lost against it by a factor of three to five on n-grams, whose lists are many and
 * long.
 */
#include "query/topk.h"

#include "base/status.h"

#define SY_WINDOW 4096u

typedef struct term {
  sy_iterator *it;
  sy_postings *postings; /* of a single list, which is read by blocks; else NULL */
  const sy_scorer *scorer;
  uint64_t most;     /* it adds at most this */
  uint64_t most_sum; /* it and all before it */
} term;

typedef struct disjunction {
  sy_plan *plan;
  const sy_segment *segment;
  sy_topk *top;
  term *terms;
  uint32_t count;
  uint32_t essential; /* first essential term */
  uint32_t *scores;   /* of the window */
  uint64_t *touched;  /* bits: articles of the window with a score */
} disjunction;

/* ---- Gathering the terms --------------------------------------------------------------------- */

static bool is_disjunction(const sy_plan_node *node) {
  if (node->kind != SY_PLAN_GROUP || !node->child) return false;
  const sy_plan_node *child = node->child;
  while (child && child->occur == SY_SHOULD) child = child->next;
  return !child;
}

/* A disjunction in a disjunction is part of it; anything else is one term. */
static uint32_t count_terms(const sy_plan_node *node) {
  if (!is_disjunction(node)) return 1;
  uint32_t count = 0;
  for (const sy_plan_node *child = node->child; child; child = child->next) {
    count += count_terms(child);
  }
  return count;
}

static bool add_terms(disjunction *d, const sy_plan_node *node, uint32_t segment) {
  if (is_disjunction(node)) {
    for (const sy_plan_node *child = node->child; child; child = child->next) {
      if (!add_terms(d, child, segment)) return false;
    }
    return true;
  }
  sy_iterator *it = sy_plan_iterator(d->plan, node, segment);
  if (!it) return false;
  if (it->article == SY_NO_ARTICLE) return true;
  term *t = &d->terms[d->count++];
  t->it = it;
  t->postings = sy_term_iterator_postings(it, &t->scorer);
  t->most = it->most(it);
  return true;
}

static int compare_terms(const void *a, const void *b) {
  uint64_t x = ((const term *)a)->most, y = ((const term *)b)->most;
  return (x > y) - (x < y);
}

static void sort_terms(disjunction *d) {
  if (d->count) qsort(d->terms, d->count, sizeof *d->terms, compare_terms);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < d->count; i++) d->terms[i].most_sum = sum += d->terms[i].most;
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
  float weight = t->scorer->weight;
  const float *saturation = t->scorer->saturation;
  const uint8_t *lengths = t->scorer->lengths;
  if (p->article < start) sy_postings_advance(p, start);
  while (p->article < end) {
    sy_postings_load_frequencies(p);
    uint32_t i = p->at;
    for (; i < p->filled && p->articles[i] < end; i++) {
      uint32_t article = p->articles[i];
      float tf = (float)p->frequencies[i];
      add_score(d, article - start, (uint32_t)(weight * tf / (tf + saturation[lengths[article]])));
    }
    p->at = i - 1;
    sy_postings_next(p);
  }
}

static void add_scores(disjunction *d, const term *t, uint32_t start, uint32_t end) {
  if (t->postings) {
    add_list_scores(d, t, start, end);
    return;
  }
  sy_iterator *it = t->it;
  for (sy_iterator_reach(it, start); it->article < end; it->advance(it, it->article + 1)) {
    if (it->matches(it)) add_score(d, it->article - start, (uint32_t)it->score(it));
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

/* Adds what the non-essential terms have for a candidate; false as soon as it cannot enter. */
static bool complete_score(disjunction *d, uint32_t article, uint64_t *score) {
  for (uint32_t i = d->essential; i-- > 0;) {
    if (!sy_topk_accepts(d->top, *score + d->terms[i].most_sum)) return false;
    *score += score_of(&d->terms[i], article);
  }
  return true;
}

static void offer_window(disjunction *d, uint32_t start) {
  for (uint32_t w = 0; w < SY_WINDOW / 64; w++) {
    for (uint64_t left = d->touched[w]; left; left &= left - 1) {
      uint32_t slot = w * 64 + (uint32_t)__builtin_ctzll(left);
      uint64_t score = d->scores[slot];
      d->scores[slot] = 0;
      uint64_t possible = score + (d->essential ? d->terms[d->essential - 1].most_sum : 0);
      if (!sy_topk_accepts(d->top, possible) || sy_segment_deleted(d->segment, start + slot))
        continue;
      if (complete_score(d, start + slot, &score)) {
        sy_topk_offer(d->top, score, d->segment->base + start + slot);
      }
    }
    d->touched[w] = 0;
  }
}

/* The first article that any essential term has. */
static uint32_t next_article(const disjunction *d) {
  uint32_t least = SY_NO_ARTICLE;
  for (uint32_t i = d->essential; i < d->count; i++) {
    const term *t = &d->terms[i];
    uint32_t article = t->postings ? t->postings->article : t->it->article;
    least = article < least ? article : least;
  }
  return least;
}

static void run(disjunction *d) {
  for (;;) {
    while (d->essential < d->count && !sy_topk_accepts(d->top, d->terms[d->essential].most_sum))
      d->essential++;
    uint32_t start = next_article(d);
    if (start == SY_NO_ARTICLE) break;
    start &= ~(SY_WINDOW - 1);
    uint32_t end = start > SY_NO_ARTICLE - SY_WINDOW ? SY_NO_ARTICLE : start + SY_WINDOW;
    for (uint32_t i = d->essential; i < d->count; i++) add_scores(d, &d->terms[i], start, end);
    offer_window(d, start);
  }
  for (uint32_t i = 0; i < d->count; i++) {
    if (d->terms[i].postings && d->terms[i].postings->corrupt) {
      d->plan->context->status =
          sy_fail(d->plan->context->error, SY_CORRUPT, "a postings list contradicts itself");
    }
  }
}

bool sy_topk_disjunction(sy_plan *plan, uint32_t segment, sy_topk *top) {
  uint32_t count = is_disjunction(plan->root) ? count_terms(plan->root) : 1;
  if (count < 2) return false;
  disjunction d = {.plan = plan, .segment = &plan->snapshot->segments[segment], .top = top};
  d.terms = sy_arena_calloc(plan->arena, count, sizeof *d.terms);
  d.scores = sy_arena_calloc(plan->arena, SY_WINDOW, sizeof *d.scores);
  d.touched = sy_arena_calloc(plan->arena, SY_WINDOW / 64, sizeof *d.touched);
  if (!d.terms || !d.scores || !d.touched || !add_terms(&d, plan->root, segment)) {
    plan->context->status = sy_fail_memory(plan->context->error);
    return true;
  }
  sort_terms(&d);
  if (d.count && d.terms[d.count - 1].most_sum > UINT32_MAX) return false; /* sums have 32 bits */
  run(&d);
  return true;
}
