/*
 * typed.h - the form of a query as it was typed, as what decides between articles of equal score:
 * who types 機器 sees 機器 before 机器, when nothing else is between them.
 */
#ifndef SY_TYPED_H
#define SY_TYPED_H

#include "query/index.h"
#include "query/topk.h"

/* Ties are looked into in groups of so many ranks, up to so many: what an article's rank is does
 * not depend on which page of results is asked for. */
#define SY_TYPED_GROUP 32u
#define SY_TYPED_RANKS 96u

/* How many results must be ranked so that sy_typed_order() can give those up to `wanted`. */
uint64_t sy_typed_wanted(uint64_t wanted);

/* Orders articles of equal score within each group by how many parts of the query they have as
 * typed. `top` is sorted; ranks below `from` are not needed. Uses index->text_arena. */
sy_status sy_typed_order(sy_index *index, const sy_query *query, sy_topk *top, uint64_t from,
                         sy_error *error);

#endif
