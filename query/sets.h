/*
 * sets.h - sets of terms as one: all that begin with a character, or with some letters. The
 * articles are gathered while planning, because the sets are large (the commonest characters begin
 * 8,000 terms) and their lists short.
 */
#ifndef SY_SETS_H
#define SY_SETS_H

#include "query/plan.h"

/* Articles of a segment with any term of the set, and how often; `unit` is open. */
sy_status sy_set_gather(sy_plan *plan, uint32_t segment, uint32_t field, const sy_unit *unit,
                        sy_plan_array *out, sy_error *error);

/* Of the phrase matches that `before` finds (all units but the last), those with a term of the
 * set at `offset` from their beginning. */
sy_status sy_set_follow(sy_plan *plan, uint32_t segment, uint32_t field, const sy_unit *unit,
                        uint32_t offset, sy_iterator *before, sy_plan_array *out, sy_error *error);

#endif
