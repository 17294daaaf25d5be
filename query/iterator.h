/*
 * iterator.h - walking the articles of one segment that match a part of a query, in ascending
 * order.
 *
 * In two phases, as Lucene does it: advance() goes to the next candidate, which is found from
 * articles alone; matches() decides about it, which may read positions. A conjunction asks no child
 * for positions before all have the article.
 *
 * Scores are whole numbers, SY_SCORE_ONE for 1.0: sums then do not depend on the order of addition,
 * so a search that skips what cannot enter the top k has exactly the scores of one that does not.
 */
#ifndef SY_ITERATOR_H
#define SY_ITERATOR_H

#include "base/arena.h"
#include "query/deadline.h"
#include "storage/segment.h"

#define SY_SCORE_ONE 65536.0f

/* What the iterators of one search share. */
typedef struct sy_search_context {
  sy_arena *arena;
  sy_status status; /* sticky: what went wrong while walking */
  sy_error *error;
  const char *path; /* of the index, for messages; borrowed */
  bool scoring;     /* false: only matches are asked for */
  sy_time_budget time;
  struct sy_explainer *explainer; /* explain.h; NULL: nobody asked */
  uint64_t candidates, scored;    /* articles looked at; of these, whose score was computed */
  uint64_t positions, texts;      /* read */
  struct sy_helper *helpers;      /* of more threads, SY_HELPERS of them (collect.h); NULL: none */
  void **window; /* memory of disjunction.c that outlives the search; NULL: no ranked search */
} sy_search_context;

/* A postings list contradicts itself: that is the status of the search, unless it has failed
 * before. Returns the status. */
sy_status sy_search_damaged(sy_search_context *context);

/* explain.c: notes an opened list, whose postings live as long as the search. */
void sy_search_note_list(sy_search_context *context, const sy_list *list,
                         const sy_postings *postings);
static inline void sy_search_open_list(sy_search_context *context, const sy_list *list,
                                       sy_postings *postings) {
  sy_postings_open(postings, list);
  if (context->explainer) sy_search_note_list(context, list, postings);
}

typedef struct sy_iterator sy_iterator;
struct sy_iterator {
  /* The first candidate not below `target`, which is not below the current one; sets `article`. */
  uint32_t (*advance)(sy_iterator *it, uint32_t target);
  /* Whether the current candidate matches. Called at most once for each. */
  bool (*matches)(sy_iterator *it);
  /* The score of the current article, which matches. */
  uint64_t (*score)(sy_iterator *it);
  /* The current candidate, should it match, scores no more than this: told from frequencies,
   * without positions, and the same whenever it is asked for. */
  uint64_t (*upper)(sy_iterator *it);
  /* No article from `target`, which is not below the current one, to *last scores more than
   * this. */
  uint64_t (*bound)(sy_iterator *it, uint32_t target, uint32_t *last);
  /* No article at all scores more than this. */
  uint64_t (*most)(sy_iterator *it);
  uint32_t article; /* the current candidate; SY_NO_ARTICLE behind the last */
  uint64_t cost;    /* about how many candidates there are */
  uint64_t floor;   /* set by the caller: candidates that score no more may be passed over */
  sy_search_context *context;
};

/* BM25 of one unit in one field. */
typedef struct sy_scorer {
  float weight;            /* boost * idf * (k1 + 1) * SY_SCORE_ONE */
  const float *saturation; /* K by length code */
  const uint8_t *lengths;  /* length code by article */
  float average_ratio;     /* average length now to that of the impacts, at least 1 */
} sy_scorer;

/* At least 1, so that a sum of scores tells whether anything matched. */
static inline uint64_t sy_scorer_score(const sy_scorer *s, uint32_t article, uint32_t frequency) {
  float tf = (float)frequency;
  /* By a signed number: for that the processor has an instruction. */
  return 1 + (uint64_t)(int64_t)(s->weight * tf / (tf + s->saturation[s->lengths[article]]));
}

/* What sy_scorer_may_exceed() compares with, for scores above `floor`: a little below, so that
 * rounding excludes no article. */
static inline float sy_scorer_threshold(uint64_t floor) { return ((float)floor - 1) * 0.99999f; }

/* False only when the article does not score above the floor: without a division. */
static inline bool sy_scorer_may_exceed(const sy_scorer *s, float threshold, uint32_t article,
                                        uint32_t frequency) {
  float tf = (float)frequency, k = s->saturation[s->lengths[article]];
  return s->weight * tf >= threshold * (tf + k);
}

static inline uint32_t sy_iterator_reach(sy_iterator *it, uint32_t target) {
  return it->article < target ? it->advance(it, target) : it->article;
}

/* The largest score of an article in a block with this impact. The impact is a bound y of tf /
 * (tf + K) with the average length of the segment when it was written. With an average r times
 * as large, K is at least K / r of then, and y becomes at most 1 / (1 + (1 - y) / (y r)). */
static inline uint64_t sy_scorer_bound(const sy_scorer *s, uint32_t impact) {
  if (!impact) return 0;
  double y = impact / 255.0;
  if (s->average_ratio > 1) y = 1 / (1 + (1 - y) / (y * s->average_ratio));
  return (uint64_t)(s->weight * y * 1.00001) + 2; /* the score itself is computed in floats */
}

/* The least impact of a block in which an article can score above `floor`; 256 when there is none:
 * bounds ascend with impacts. */
static inline uint32_t sy_scorer_least_impact(const sy_scorer *s, uint64_t floor) {
  uint32_t low = 0, high = 256;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (sy_scorer_bound(s, middle) > floor) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* Constructors return an iterator on its first candidate, or NULL when memory is out. */

/* One postings list. */
sy_iterator *sy_term_iterator(sy_search_context *context, const sy_list *list, sy_scorer scorer);
/* The postings under it, for windowed scoring; NULL for other iterators. */
sy_postings *sy_term_iterator_postings(sy_iterator *it, const sy_scorer **scorer);

/* Which articles of a list are worth looking for in others: those that can score above `floor`. */
typedef struct sy_contest {
  const sy_scorer *scorer;
  uint64_t floor;
} sy_contest;

/* The first article from `target` on that all `count` lists have; SY_NO_ARTICLE behind the last, or
 * when time is over. Fast when the rarest is the first. With a contest, what loses it with its
 * frequency in the first list may be passed over; NULL: there is none. */
uint32_t sy_lists_advance(sy_search_context *context, sy_postings *const *lists, uint32_t count,
                          uint32_t target, const sy_contest *contest);

/* The postings lists that an iterator intersects, to be intersected together with others:
 * `count` of them are stored from lists[0] on when that is not NULL. Whoever moves them sets
 * `article` of the iterator to a common one. 0 for iterators that are no intersection of lists. */
uint32_t sy_iterator_lists(sy_iterator *it, sy_postings **lists);

/* Articles and frequencies that are in memory, borrowed. */
sy_iterator *sy_array_iterator(sy_search_context *context, const uint32_t *articles,
                               const uint32_t *frequencies, uint32_t count, sy_scorer scorer);

/* All articles of a segment, each with score 0. */
sy_iterator *sy_all_iterator(sy_search_context *context, uint32_t article_count);

/* A phrase: lists[i] at offsets[i] from the beginning of a match; cover[i] says whether its
 * positions are needed. At least one list; the arrays are borrowed. */
typedef struct sy_phrase_spec {
  uint32_t count;
  const sy_list *lists;
  const uint32_t *offsets;
  const bool *cover;
} sy_phrase_spec;
sy_iterator *sy_phrase_iterator(sy_search_context *context, const sy_phrase_spec *spec,
                                sy_scorer scorer);
/* Which articles a batch is about: those before `end`, but for what `skip` says true of (NULL: of
 * none). */
typedef struct sy_batch_range {
  uint32_t end;
  bool (*skip)(const void *context, uint32_t article);
  const void *context;
} sy_batch_range;

/* For counts: articles of the range that match, ascending, from the current candidate on, which is
 * before its end; `found` has room for SY_BLOCK. Goes on behind them. False, and nothing has
 * happened, when it is no phrase, or one that is better asked one candidate at a time. */
bool sy_phrase_iterator_batch(sy_iterator *it, const sy_batch_range *range, uint32_t *found,
                              uint32_t *count);
/* For sy_iterator_lists(). */
uint32_t sy_phrase_iterator_lists(sy_iterator *it, sy_postings **lists);
/* Where the matches in the current article begin; borrowed until the iterator moves. Only after
 * matches(). */
const uint32_t *sy_phrase_iterator_starts(sy_iterator *it, uint32_t *count);

/* Boolean combination (parse.h has the semantics). The arrays are borrowed. */
sy_iterator *sy_group_iterator(sy_search_context *context, sy_iterator **must, uint32_t must_count,
                               sy_iterator **should, uint32_t should_count, sy_iterator **must_not,
                               uint32_t must_not_count);

#endif
