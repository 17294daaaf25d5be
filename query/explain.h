/*
 * explain.h - what a search did, for people: gathered only when asked for
 * (sy_search_options.explain).
 *
 * While it runs, every list that is opened is noted, and every phase timed. At the end the plan is
 * walked once: a row for each node, and one for each list of a phrase, with what was read of it,
 * all segments together.
 */
#ifndef SY_EXPLAIN_H
#define SY_EXPLAIN_H

#include "query/plan.h"

typedef struct sy_explainer sy_explainer;

/* NULL when memory is out. */
sy_explainer *sy_explainer_new(void);
/* The phase that has just ended: where its seconds are added. */
void sy_explainer_lap(sy_explainer *e, double *seconds);
/* Walks the plan; afterwards the explanation can be shown, and outlives the search. */
sy_status sy_explainer_finish(sy_explainer *e, const sy_plan *plan, sy_error *error);
sy_explanation *sy_explainer_explanation(sy_explainer *e);
void sy_explainer_free(sy_explainer *e); /* accepts NULL */

#endif
