/*
 * plan_state.h - what plan.c and plan_phrase.c share.
 */
#ifndef SY_PLAN_STATE_H
#define SY_PLAN_STATE_H

#include "query/plan.h"

/* A node with nothing in it, and one with an empty array for each segment; NULL when memory is
 * out. */
sy_plan_node *sy_plan_new_node(sy_plan *plan, sy_plan_kind kind, sy_occur occur, uint32_t field);
sy_plan_node *sy_plan_new_array(sy_plan *plan, sy_occur occur, uint32_t field);

/* SY_LIMIT when the query has too many parts with this one. */
sy_status sy_plan_count_part(sy_plan *plan, sy_error *error);

/* ---- plan_phrase.c --------------------------------------------------------------------------- */

/* Whether unit i is a bigram whose second character is the unit behind it. */
bool sy_plan_is_bigram(const sy_leaf *leaf, uint32_t i);

/* For qsort(): units by their terms. */
int sy_plan_compare_units(const void *a, const void *b);

/* The node of a leaf that is a term or a phrase, in one field. */
sy_status sy_plan_phrase(sy_plan *plan, const sy_leaf *leaf, sy_occur occur, uint32_t field,
                         sy_plan_node **out, sy_error *error);

/* Whether the segment has all terms of a node of lists. */
bool sy_plan_has_all_lists(const sy_plan_node *node, uint32_t segment);

/* The iterator of a node of lists over a segment; NULL when memory is out. */
sy_iterator *sy_plan_phrase_iterator(sy_plan *plan, const sy_plan_node *node, uint32_t segment,
                                     sy_search_context *context);

#endif
