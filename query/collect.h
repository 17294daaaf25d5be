/* collect.h - the best articles of a plan, over all segments. */
#ifndef SY_COLLECT_H
#define SY_COLLECT_H

#include "query/topk.h"

/* Offers to `top` what can enter it; `exhaustive`: every match is scored. When time is over, some
 * matches are missing. *method says how (sy_explanation.method). */
sy_status sy_collect(sy_plan *plan, bool exhaustive, sy_topk *top, const char **method);

#endif
