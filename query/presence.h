/*
 * presence.h - the third stage of ranking free text: when two articles may come first, how much of
 * the query stands anywhere in their bodies, also outside parts of the query.
 *
 * An index of pairs knows where a pair stands, not where a character does. So the second stage
 * tells the least mass that is present in an article, what its pairs and words cover; the most is
 * that and all other characters. Contenders are the articles whose most reaches the best least. Of
 * two, the stored text is read. Mostly there is one. With three or more, the query stands nowhere
 * as it was put, and reading would take longer than the whole search: docs/ranking.md has what
 * that would gain.
 */
#ifndef SY_PRESENCE_H
#define SY_PRESENCE_H

#include "query/plan.h"
#include "query/topk.h"

#define SY_PRESENCE_ARTICLES 5u   /* that may be contenders */
#define SY_PRESENCE_CONTENDERS 2u /* at most; with more of them scores stay as they are */
#define SY_PRESENCE_DIVISOR 2u    /* of the mass that is present */

/* An article that the later stages order. */
typedef struct sy_candidate {
  sy_ranked ranked;
  uint64_t words, characters; /* mass of those that the second stage has found in the body */
  bool too_long;              /* its text is not read: it has what was found and no more */
} sy_candidate;

/* Adds to the scores of the contenders among `candidates`, at most SY_PRESENCE_ARTICLES, best
 * first. masses[i] is that of the i-th character of `bag`, 0 when it does not count. When time is
 * over, scores stay as they are. */
sy_status sy_presence_add(sy_plan *plan, const sy_bag *bag, const uint32_t *masses,
                          sy_candidate *candidates, size_t count, sy_error *error);

#endif
