/*
 * closeness.h - the second stage of ranking free text: the best articles by their parts are ordered
 * again by how much of the query stands close together in them.
 *
 * The units of a bag are its characters and words. A unit has the mass of the least weight of the
 * parts (pairs of characters, words) it belongs to: in 哪个国家 the pair 个国 is rare, but 国 weighs no
 * more than 国家, and so pairs that straddle words or belong to no word hardly count. A unit is
 * covered where a part it belongs to stands. An article's closeness is the mass of the different
 * units that its best window of 8 positions covers (a phrase), and the same for 64 (a sentence).
 *
 * The first SY_CLOSENESS_ARTICLES articles get their closeness added to their score; all further
 * ones stay behind them, as they were. So the result does not depend on how many are asked for.
 *
 * Sources: Metzler and Croft, A Markov random field model for term dependencies, 2005 (unordered
 * windows); Tao and Zhai, An exploration of proximity measures in information retrieval, 2007.
 */
#ifndef SY_CLOSENESS_H
#define SY_CLOSENESS_H

#include "query/plan.h"
#include "query/topk.h"

#define SY_CLOSENESS_ARTICLES 20u
#define SY_CLOSENESS_NARROW 8u
#define SY_CLOSENESS_WIDE 64u
#define SY_CLOSENESS_PARTS 64u        /* the heaviest parts are looked at */
#define SY_CLOSENESS_REACH (1u << 15) /* positions of an article that are looked at */

#define SY_NO_UNIT UINT32_MAX

/* A pair of characters or a word of free text. */
typedef struct sy_bag_part {
  sy_plan_node *nodes[SY_FIELD_COUNT]; /* NULL: not searched there */
  uint32_t times;                      /* it stands in the query */
  bool word;
  uint32_t characters[2]; /* Chinese: the second may be 0 */
  double weight;
  uint32_t units[2]; /* numbers into `masses`; the second may be SY_NO_UNIT */
} sy_bag_part;

/* A run of free text in the plan. All of it lies in the arena of the plan. */
struct sy_bag {
  sy_bag *next;
  sy_bag_part *parts;
  uint32_t part_count;
  uint32_t *masses; /* of the units; SY_SCORE_ONE is 1.0 */
  uint32_t unit_count;
  uint32_t *characters; /* the first units, ascending; the others are words */
  uint32_t character_count;
};

/* Weighs the parts, whose nodes are looked up, and numbers their units. */
sy_status sy_bag_weigh(const sy_plan *plan, sy_bag *bag, sy_error *error);

/* The unit of a character; SY_NO_UNIT when the bag does not have it. */
uint32_t sy_bag_unit(const sy_bag *bag, uint32_t character);

/* Orders the first SY_CLOSENESS_ARTICLES of the `count` entries, best first, again; of these, the
 * first ones a third time (presence.h). */
sy_status sy_closeness_rank(sy_plan *plan, sy_ranked *entries, size_t count, sy_error *error);

#endif
