/*
 * group.c - boolean combination of iterators: MUST, SHOULD, MUST_NOT.
 *
 * With MUST children, candidates are what all of them have, cheapest first. When these are terms
 * and phrases, all their lists are intersected together, rarest first: a phrase alone would look
 * for its own next candidate, which the others seldom have. Without MUST children, candidates are
 * what any SHOULD child has, and the least is found by looking at all of them: queries have few
 * clauses, and the free text of many terms is scored by windows (disjunction.c) and does not come
 * here.
 */
#include "query/iterator.h"

typedef struct group_iterator {
  sy_iterator base;
  sy_iterator **must, **should, **must_not;
  uint32_t must_count, should_count, must_not_count;
  sy_postings **lists; /* of all MUST children, rarest first; NULL when some have none */
  uint32_t list_count;
  uint64_t others;       /* without `lists`: what all but the first MUST child score at most */
  uint64_t should_score; /* of the children that match the current candidate */
} group_iterator;

static uint32_t advance_all(group_iterator *g, uint32_t target) {
  g->must[0]->floor = g->base.floor > g->others ? g->base.floor - g->others : 0;
  uint32_t article = sy_iterator_reach(g->must[0], target);
  for (uint32_t i = 1; i < g->must_count && article != SY_NO_ARTICLE;) {
    uint32_t other = sy_iterator_reach(g->must[i], article);
    if (other == article) {
      i++;
    } else {
      if (sy_spend(&g->base.context->time, 1)) return SY_NO_ARTICLE;
      article = sy_iterator_reach(g->must[0], other);
      i = 1;
    }
  }
  return article;
}

static uint32_t advance_lists(group_iterator *g, uint32_t target) {
  uint32_t article = sy_lists_advance(g->base.context, g->lists, g->list_count, target, NULL);
  for (uint32_t i = 0; i < g->must_count; i++) g->must[i]->article = article;
  return article;
}

static uint32_t advance_any(group_iterator *g, uint32_t target) {
  uint32_t least = SY_NO_ARTICLE;
  for (uint32_t i = 0; i < g->should_count; i++) {
    uint32_t article = sy_iterator_reach(g->should[i], target);
    least = article < least ? article : least;
  }
  return least;
}

static uint32_t group_advance(sy_iterator *it, uint32_t target) {
  group_iterator *g = (group_iterator *)it;
  if (g->lists) return it->article = advance_lists(g, target);
  return it->article = g->must_count ? advance_all(g, target) : advance_any(g, target);
}

/* Brings a child that may be behind to the candidate; whether it is there and matches. */
static bool child_matches(sy_iterator *child, uint32_t article) {
  return sy_iterator_reach(child, article) == article && child->matches(child);
}

static bool group_matches(sy_iterator *it) {
  group_iterator *g = (group_iterator *)it;
  for (uint32_t i = 0; i < g->must_count; i++) {
    if (!g->must[i]->matches(g->must[i])) return false;
  }
  bool any = g->must_count > 0;
  g->should_score = 0;
  for (uint32_t i = 0; i < g->should_count && (it->context->scoring || !any); i++) {
    if (!child_matches(g->should[i], it->article)) continue;
    any = true;
    if (it->context->scoring) g->should_score += g->should[i]->score(g->should[i]);
  }
  if (!any) return false;
  for (uint32_t i = 0; i < g->must_not_count; i++) {
    if (child_matches(g->must_not[i], it->article)) return false;
  }
  return true;
}

static uint64_t group_score(sy_iterator *it) {
  group_iterator *g = (group_iterator *)it;
  uint64_t score = g->should_score;
  for (uint32_t i = 0; i < g->must_count; i++) score += g->must[i]->score(g->must[i]);
  return score;
}

/* The same for an article whoever asks, and whatever was asked before: disjunction.c takes off what
 * it has added. So SHOULD children are brought to the article. */
static uint64_t group_upper(sy_iterator *it) {
  group_iterator *g = (group_iterator *)it;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < g->must_count; i++) sum += g->must[i]->upper(g->must[i]);
  for (uint32_t i = 0; i < g->should_count; i++) {
    sy_iterator *child = g->should[i];
    if (sy_iterator_reach(child, it->article) == it->article) sum += child->upper(child);
  }
  return sum;
}

static uint64_t add_bounds(sy_iterator **children, uint32_t count, uint32_t target,
                           uint32_t *last) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    sy_iterator *child = children[i];
    uint32_t child_last;
    /* A child may be ahead of the target, and then has nothing before its candidate. */
    if (child->article > target) {
      child_last = child->article - 1;
    } else {
      sum += child->bound(child, target, &child_last);
    }
    if (child_last < *last) *last = child_last;
  }
  return sum;
}

static uint64_t group_bound(sy_iterator *it, uint32_t target, uint32_t *last) {
  group_iterator *g = (group_iterator *)it;
  *last = SY_NO_ARTICLE - 1;
  return add_bounds(g->must, g->must_count, target, last) +
         add_bounds(g->should, g->should_count, target, last);
}

static uint64_t group_most(sy_iterator *it) {
  group_iterator *g = (group_iterator *)it;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < g->must_count; i++) sum += g->must[i]->most(g->must[i]);
  for (uint32_t i = 0; i < g->should_count; i++) sum += g->should[i]->most(g->should[i]);
  return sum;
}

static int compare_costs(const void *a, const void *b) {
  uint64_t x = (*(sy_iterator *const *)a)->cost, y = (*(sy_iterator *const *)b)->cost;
  return (x > y) - (x < y);
}

static int compare_lists(const void *a, const void *b) {
  uint32_t x = (*(sy_postings *const *)a)->list.df, y = (*(sy_postings *const *)b)->list.df;
  return (x > y) - (x < y);
}

/* Gathers the lists of the MUST children when all have some. False when memory is out. */
static bool gather_lists(group_iterator *g) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < g->must_count; i++) {
    uint32_t lists = sy_iterator_lists(g->must[i], NULL);
    if (!lists || g->must_count < 2) return true;
    count += lists;
  }
  if (!count) return true;
  g->lists = sy_arena_alloc(g->base.context->arena, count * sizeof(sy_postings *));
  if (!g->lists) return false;
  for (uint32_t i = 0; i < g->must_count; i++)
    g->list_count += sy_iterator_lists(g->must[i], g->lists + g->list_count);
  qsort(g->lists, count, sizeof *g->lists, compare_lists);
  return true;
}

sy_iterator *sy_group_iterator(sy_search_context *context, sy_iterator **must, uint32_t must_count,
                               sy_iterator **should, uint32_t should_count, sy_iterator **must_not,
                               uint32_t must_not_count) {
  group_iterator *g = sy_arena_alloc(context->arena, sizeof *g);
  if (!g) return NULL;
  *g = (group_iterator){.base = {group_advance, group_matches, group_score, group_upper,
                                 group_bound, group_most, 0, 0, 0, context},
                        .must = must,
                        .should = should,
                        .must_not = must_not,
                        .must_count = must_count,
                        .should_count = should_count,
                        .must_not_count = must_not_count};
  if (must_count) qsort(must, must_count, sizeof(sy_iterator *), compare_costs);
  if (must_count) {
    g->base.cost = must[0]->cost;
  } else {
    for (uint32_t i = 0; i < should_count; i++) g->base.cost += should[i]->cost;
  }
  if (!gather_lists(g)) return NULL;
  if (must_count && !g->lists && context->scoring)
    g->others = group_most(&g->base) - must[0]->most(must[0]);
  group_advance(&g->base, 0);
  return &g->base;
}
