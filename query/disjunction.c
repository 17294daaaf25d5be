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
 * What the heaviest terms have in the block that they begin with is the first threshold: so many
 * articles score so much with one term alone.
 *
 * A phrase is added with what it scores at most, which its frequencies tell; its positions are read
 * only for articles that could enter with it, by a second iterator (`check`) that follows behind.
 * What cannot enter with it, whatever all other terms add, it passes over (sy_iterator.floor).
 *
 * Source: Turtle and Flood, Query evaluation: strategies and optimizations, 1995 (MaxScore).
 * Block-Max WAND lost against it by a factor of three to five on n-grams, whose lists are many and
 * long; and maxima of the blocks in a window (Chakrabarti, Chaudhuri and Ganti 2011) gained nothing
 * over the maxima of the lists, which n-grams reach in nearly every window.
 */
#include "query/topk.h"

#include "base/status.h"
#include "storage/simd.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define WINDOW_LEAST 4096u
#define WINDOW_MOST SY_RANGE
#define WINDOW_CANDIDATES 1024u /* a window is made so large that it has about so many */
#define WINDOW_TERM_STEPS 128u  /* what a term in a window counts for the deadline */
#define GROUP 64u               /* articles whose scores are looked through at once */
#define FLOOR_TERMS 3u          /* that are asked for a first threshold */
#define TOUCHED 16u             /* groups that are looked for at once */
#define TABLE_LEAST 64u         /* a list with fewer articles is scored without a table */
#define TABLE_WIDE 1024u        /* one with so many has a table of more frequencies: */
#define TABLE_ROWS 4u           /* 1 to this */

typedef struct term {
  sy_iterator *it;
  sy_postings *postings; /* of a single list, which is read by blocks; else NULL */
  const sy_scorer *scorer;
  const uint32_t *table; /* of a long list: score by frequency, from 1 on, and length code */
  uint32_t rows;         /* of the table */
  sy_iterator *check;    /* of what must be verified; else NULL */
  uint64_t most;         /* it adds at most this */
  uint64_t sum;          /* in this window, it and all before it add at most this */
} term;

typedef struct disjunction {
  sy_walk base;
  term *terms;
  uint32_t count;
  bool verified;      /* some have `check` */
  uint32_t hopeless;  /* terms that cannot lift an article together, in any window */
  uint32_t essential; /* first essential term of the window */
  uint32_t from;      /* articles below it are done */
  uint32_t window;    /* articles in a window, a power of two */
  uint32_t *scores;   /* of the window */
  uint8_t *touched;   /* groups of the window in which an article has a score */
} disjunction;

/* ---- Gathering the terms --------------------------------------------------------------------- */

/* The scores of sy_scorer_score(), where all of them have 31 bits. */
SY_CLONES static void fill_row(uint32_t *row, const sy_scorer *scorer, float frequency) {
  for (uint32_t code = 0; code < 256; code++) {
    float score = scorer->weight * frequency / (frequency + scorer->saturation[code]);
    row[code] = 1 + (uint32_t)(int32_t)score;
  }
}

/* False when memory is out. */
static bool make_table(disjunction *d, term *t) {
  uint32_t df = t->postings->list.df, rows = df < TABLE_WIDE ? 1 : TABLE_ROWS;
  if (df < TABLE_LEAST || t->scorer->weight >= (float)(1u << 30)) return true;
  uint32_t *table = sy_arena_alloc(d->base.plan->arena, rows * 256 * sizeof *table);
  if (!table) return false;
  for (uint32_t i = 0; i < rows; i++) fill_row(table + 256 * i, t->scorer, (float)(i + 1));
  t->table = table;
  t->rows = rows;
  return true;
}

static bool add_term(disjunction *d, const sy_plan_node *node, uint32_t segment) {
  sy_iterator *it = sy_plan_iterator(d->base.plan, node, segment);
  if (!it) return false;
  if (it->article == SY_NO_ARTICLE) return true;
  term *t = &d->terms[d->count++];
  t->it = it;
  t->most = it->most(it);
  t->postings = sy_term_iterator_postings(it, &t->scorer);
  if (t->postings) return make_table(d, t);
  t->most++; /* see add_scores() */
  t->check = sy_plan_iterator(d->base.plan, node, segment);
  d->verified = true;
  return t->check != NULL;
}

static int compare_terms(const void *a, const void *b) {
  uint64_t x = ((const term *)a)->most, y = ((const term *)b)->most;
  return (x > y) - (x < y);
}

/* Where a term stands; of a list, the iterator over it does not follow. */
static inline uint32_t article_of(const term *t) {
  return t->postings ? t->postings->article : t->it->article;
}

/* ---- Scoring --------------------------------------------------------------------------------- */

static inline void add_score(uint32_t *scores, uint8_t *touched, uint32_t slot, uint32_t score) {
  scores[slot] += score;
  touched[slot / GROUP] = 1;
}

/* Adds the scores of articles [from, to) of a block. Hot: what does not change is in locals, which
 * the stores cannot be aliases of. */
static void add_block_scores(disjunction *d, const term *t, uint32_t start, uint32_t from,
                             uint32_t to) {
  const uint32_t *articles = t->postings->articles, *frequencies = t->postings->frequencies;
  const uint32_t *table = t->table, rows = t->rows;
  const uint8_t *lengths = t->scorer->lengths;
  uint32_t *scores = d->scores;
  uint8_t *touched = d->touched;
  sy_scorer scorer = *t->scorer;
  for (uint32_t i = from; i < to; i++) {
    uint32_t article = articles[i], row = frequencies[i] - 1;
    uint32_t score = row < rows ? table[256 * row + lengths[article]]
                                : (uint32_t)sy_scorer_score(&scorer, article, frequencies[i]);
    add_score(scores, touched, article - start, score);
  }
}

/* Adds a list's scores for the articles in [start, end), a block at a time. */
static void add_list_scores(disjunction *d, const term *t, uint32_t start, uint32_t end) {
  sy_postings *p = t->postings;
  if (p->article < start) sy_postings_advance(p, start);
  while (p->article < end) {
    sy_postings_load_frequencies(p);
    uint32_t from = p->at, to = p->filled;
    if (p->articles[to - 1] >= end)
      for (to = from; p->articles[to] < end;) to++;
    add_block_scores(d, t, start, from, to);
    p->at = to - 1;
    sy_postings_next(p);
  }
}

/* Of what is verified later, adds the most it can score, and one more: what can score nothing, as
 * NOT does, is a candidate, too. */
static void add_scores(disjunction *d, const term *t, uint32_t start, uint32_t end) {
  if (t->postings) {
    add_list_scores(d, t, start, end);
    return;
  }
  sy_iterator *it = t->it;
  for (sy_iterator_reach(it, start); it->article < end; it->advance(it, it->article + 1)) {
    add_score(d->scores, d->touched, it->article - start, (uint32_t)it->upper(it) + 1);
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
  if (!d->verified) return *score;
  for (uint32_t i = d->essential; i < d->count; i++) {
    sy_iterator *check = d->terms[i].check;
    if (!check || sy_iterator_reach(check, article) != article) continue;
    uint64_t added = check->upper(check) + 1;
    /* What was passed over (raise_floors()) was not added: the article cannot enter. */
    if (!sy_topk_accepts(d->base.top, *score) || *score < added) return false;
    *score -= added;
    if (!check->matches(check)) continue;
    *score += check->score(check);
    matched = true;
  }
  return matched || *score;
}

#ifdef __SSE2__

/* Bits: which of 64 scores are above `below`; all have 31 bits. Adds how many are above 0. */
static inline uint64_t scores_above(const uint32_t *scores, uint32_t below, uint64_t *above_0) {
  __m128i limit = _mm_set1_epi32((int32_t)below), zero = _mm_setzero_si128(), count = zero;
  uint64_t above = 0;
  for (uint32_t i = 0; i < GROUP; i += 16) {
    __m128i good[4];
    for (uint32_t k = 0; k < 4; k++) {
      __m128i four = _mm_loadu_si128((const __m128i *)(scores + i + 4 * k));
      good[k] = _mm_cmpgt_epi32(four, limit);
      count = _mm_sub_epi32(count, _mm_cmpgt_epi32(four, zero));
    }
    __m128i low = _mm_packs_epi32(good[0], good[1]), high = _mm_packs_epi32(good[2], good[3]);
    above |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) << i;
  }
  count = _mm_add_epi32(count, _mm_shuffle_epi32(count, 0x4E));
  count = _mm_add_epi32(count, _mm_shuffle_epi32(count, 0xB1));
  *above_0 += (uint32_t)_mm_cvtsi128_si32(count);
  return above;
}

/* Bits: which of TOUCHED groups were touched. */
static inline uint32_t touched_groups(const uint8_t *touched) {
  __m128i none = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)touched), _mm_setzero_si128());
  return (uint32_t)_mm_movemask_epi8(none) ^ 0xFFFF;
}

static inline void clear_scores(uint32_t *scores) {
  __m128i zero = _mm_setzero_si128();
  for (uint32_t i = 0; i < GROUP; i += 4) _mm_storeu_si128((__m128i *)(scores + i), zero);
}

#else

static inline uint64_t scores_above(const uint32_t *scores, uint32_t below, uint64_t *above_0) {
  uint64_t above = 0;
  for (uint32_t i = 0; i < GROUP; i++) {
    above |= (uint64_t)(scores[i] > below) << i;
    *above_0 += scores[i] > 0;
  }
  return above;
}

static inline uint32_t touched_groups(const uint8_t *touched) {
  uint32_t some = 0;
  for (uint32_t i = 0; i < TOUCHED; i++) some |= (uint32_t)(touched[i] != 0) << i;
  return some;
}

static inline void clear_scores(uint32_t *scores) { memset(scores, 0, GROUP * sizeof *scores); }

#endif

/* The article lacks `others` at most. */
static void offer(disjunction *d, uint32_t article, uint64_t score, uint64_t others) {
  sy_search_context *context = d->base.plan->context;
  if (!sy_topk_accepts(d->base.top, score + others) || sy_segment_deleted(d->base.segment, article))
    return;
  context->scored++;
  /* Without what was passed over, a score can be too low: never that of an article that enters. */
  if (!sy_spend(&context->time, 1) && complete_score(d, article, &score) &&
      sy_topk_accepts(d->base.top, score) && !sy_is_over(&context->time))
    sy_topk_offer(d->base.top, score, d->base.segment->base + article);
}

/* Offers what can enter, and clears the window. Most groups have nothing that can. */
static void offer_window(disjunction *d, uint32_t start) {
  sy_search_context *context = d->base.plan->context;
  uint64_t others = d->essential ? d->terms[d->essential - 1].sum : 0;
  for (uint32_t g = 0; g < d->window / GROUP; g += TOUCHED) {
    for (uint32_t left = touched_groups(d->touched + g); left; left &= left - 1) {
      uint32_t first = GROUP * (g + (uint32_t)__builtin_ctz(left));
      uint32_t *scores = d->scores + first;
      uint64_t threshold = sy_topk_threshold(d->base.top);
      uint64_t below = threshold > others ? threshold - others : 0;
      uint64_t good = scores_above(scores, below < INT32_MAX ? (uint32_t)below : INT32_MAX,
                                   &context->candidates);
      for (; good; good &= good - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(good);
        offer(d, start + first + i, scores[i], others);
      }
      clear_scores(scores);
    }
    memset(d->touched + g, 0, TOUCHED);
  }
}

/* ---- Windows --------------------------------------------------------------------------------- */

/* The first article that is not done and that a term which is not hopeless may have. */
static uint32_t next_article(const disjunction *d) {
  uint32_t least = SY_NO_ARTICLE;
  for (uint32_t i = d->hopeless; i < d->count; i++) {
    const term *t = &d->terms[i];
    uint32_t article = article_of(t);
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
    bool behind = article_of(t) >= end;
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

/* Lets what is verified pass over articles which cannot enter, whatever all others add. The sums
 * only fall, so this holds for later windows, too. */
static void raise_floors(disjunction *d) {
  uint64_t threshold = sy_topk_threshold(d->base.top), sum = 0;
  for (uint32_t i = 0; i < d->count; i++) {
    const term *t = &d->terms[i];
    bool over = article_of(t) == SY_NO_ARTICLE;
    sum += over ? 0 : t->most;
  }
  for (uint32_t i = 0; i < d->count; i++) {
    const term *t = &d->terms[i];
    if (t->check && threshold + t->most > sum) t->it->floor = threshold + t->most - sum;
  }
}

/* A score that is not complete when time is over is offered to nobody: offer_window() sees to
 * it. */
static void run(sy_walk *walk, uint32_t from, uint32_t to) {
  disjunction *d = (disjunction *)walk;
  sy_time_budget *time = &walk->plan->context->time;
  d->from = from;
  for (uint32_t start; !sy_is_over(time) && d->from < to; d->from = start + d->window) {
    sy_topk_share(walk->top);
    drop_hopeless(d);
    if (d->verified) raise_floors(d);
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
  size_t bytes = WINDOW_MOST * sizeof *d->scores + WINDOW_MOST / GROUP;
  if (!*context->window) *context->window = calloc(1, bytes);
  d->scores = *context->window;
  d->touched = d->scores ? (uint8_t *)(d->scores + WINDOW_MOST) : NULL;
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

/* The `wanted`-th best score that a term has among the articles of its decoded block; 0 when there
 * are not so many. */
static uint64_t score_in_block(const disjunction *d, const term *t, uint64_t wanted) {
  sy_postings *p = t->postings;
  uint64_t best[SY_BLOCK] = {0}, count = 0; /* descending */
  float threshold = 0;
  sy_postings_load_frequencies(p);
  for (uint32_t i = 0; i < p->filled; i++) {
    if (!sy_scorer_may_exceed(t->scorer, threshold, p->articles[i], p->frequencies[i])) continue;
    uint64_t score = sy_scorer_score(t->scorer, p->articles[i], p->frequencies[i]);
    if (count == wanted && score <= best[count - 1]) continue;
    if (sy_segment_deleted(d->base.segment, p->articles[i])) continue;
    uint64_t at = count < wanted ? count++ : count - 1;
    for (; at && best[at - 1] < score; at--) best[at] = best[at - 1];
    best[at] = score;
    if (count == wanted) threshold = sy_scorer_threshold(best[count - 1]);
  }
  return count == wanted ? best[count - 1] : 0;
}

/* Before anything is scored: so many articles have this much from one term alone. The heaviest
 * terms tell it, from the block that they stand on. */
static void find_floor(disjunction *d) {
  sy_topk *top = d->base.top;
  uint32_t left = FLOOR_TERMS;
  if (!top->wanted || top->wanted > SY_BLOCK) return;
  for (uint32_t i = d->count; i-- > 0 && left && d->terms[i].most > top->floor;) {
    const term *t = &d->terms[i];
    if (!t->postings || t->postings->filled < top->wanted) continue;
    uint64_t score = score_in_block(d, t, top->wanted);
    if (score > top->floor) top->floor = score;
    left--;
  }
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
  if (sum > INT32_MAX) return NULL; /* sums of a window have 31 bits */
  choose_window(d);
  find_floor(d);
  return &d->base;
}
