/*
 * plan.h - a query made ready for one snapshot: terms looked up in every segment, weights computed.
 *
 *     parse tree --(analyse, look up)--> plan --(for each segment)--> iterators
 */
#ifndef SY_PLAN_H
#define SY_PLAN_H

#include "query/iterator.h"
#include "query/leaf.h"
#include "query/weights.h"

#define SY_QUERY_MAX_PARTS 10000u /* terms, phrases and ids, counted for each field */

typedef enum sy_plan_kind {
  SY_PLAN_LISTS, /* a term or a phrase, by its postings lists */
  SY_PLAN_ARRAY, /* articles found while planning: sets of terms, ids, verified phrases */
  SY_PLAN_GROUP,
} sy_plan_kind;

/* Articles of one segment in memory. */
typedef struct sy_plan_array {
  uint32_t *articles, *frequencies;
  uint32_t count;
  uint64_t lists, postings, bytes; /* of a set of terms: what was gone through */
} sy_plan_array;

typedef struct sy_plan_node sy_plan_node;
struct sy_plan_node {
  sy_plan_kind kind;
  sy_occur occur;
  uint32_t field;        /* SY_FIELD_INDEX_* */
  float weight;          /* see sy_scorer */
  uint32_t count;        /* LISTS: lists for each segment */
  uint32_t *offsets;     /* of each list in the phrase */
  bool *cover;           /* whether its positions are needed */
  sy_list *lists;        /* [segment * count + list] */
  sy_postings **walked;  /* LISTS, part of free text: what went through the list, by segment */
  sy_plan_array *arrays; /* ARRAY: by segment */
  sy_plan_node *child, *next;
  /* For explanations: what a leaf stands for, borrowed from the query and the arena. */
  const sy_unit *units;
  uint32_t unit_count;
  sy_string id;
  bool verified;        /* ARRAY: compared with the stored text */
  sy_plan_node *before; /* ARRAY: the phrase that the set follows, or that was verified */
};

typedef struct sy_bag sy_bag; /* closeness.h */

/* A leaf whose articles were gathered: one that says the same shares them. */
typedef struct sy_gathered {
  struct sy_gathered *next;
  sy_leaf leaf;
  const sy_plan_node *node;
} sy_gathered;

typedef struct sy_plan {
  sy_snapshot *snapshot;
  sy_analyzers *analyzers;
  sy_ranking ranking;
  sy_arena *arena;
  sy_plan_node *root;
  sy_bag *bags; /* free text, but for what is excluded */
  sy_gathered *gathered;
  uint32_t negations; /* around the node that is being planned */
  uint32_t parts;     /* so far */
  bool helps;         /* another thread's: what it walks is not kept */
  const sy_length_weights *lengths;
  sy_search_context *context;
} sy_plan;

/* Everything is allocated in context->arena. The analyzers are borrowed as long as the plan
 * is. When time is over, a plan may lack articles that are found while planning: then nothing can
 * be searched with it. */
sy_status sy_plan_make(sy_plan *plan, sy_snapshot *snapshot, const sy_length_weights *lengths,
                       sy_analyzers *analyzers, const sy_query *query, sy_ranking ranking,
                       sy_search_context *context, sy_error *error);

/* The iterator of a node over segment `segment`; NULL when memory is out. */
sy_iterator *sy_plan_iterator(sy_plan *plan, const sy_plan_node *node, uint32_t segment);

/* The nodes of which any may match, when that is what `node` says: a disjunction in a disjunction
 * is part of it, anything else is one. They are stored in `out` when that is not NULL. Returns how
 * many there are; 1 for a node that is no disjunction. */
uint32_t sy_plan_alternatives(const sy_plan_node *node, const sy_plan_node **out);

static inline sy_scorer sy_plan_scorer(const sy_plan *plan, const sy_plan_node *node,
                                       uint32_t segment) {
  const sy_segment *s = &plan->snapshot->segments[segment];
  float ratio = plan->lengths->averages[node->field] / s->info.fields[node->field].impact_average;
  return (sy_scorer){node->weight, plan->lengths->saturation[node->field], s->lengths[node->field],
                     ratio > 1 ? ratio : 1};
}

#endif
