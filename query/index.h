/* index.h - what is behind sy_index: a snapshot and the memory its searches reuse. */
#ifndef SY_INDEX_H
#define SY_INDEX_H

#include "query/collect.h"
#include "query/matcher.h"
#include "query/plan.h"

struct sy_index {
  sy_env *env;
  sy_snapshot snapshot;
  sy_length_weights lengths; /* of the snapshot */
  sy_analyzers analyzers;
  sy_deadline deadline;
  sy_arena arena; /* of one search */
  void *window;   /* see sy_search_context */
  sy_helper helpers[SY_HELPERS];
  sy_arena text_arena; /* of one snippet or article */
  sy_buffer id;        /* copy of the id of the last article given out */
  sy_buffer only_id;   /* of the last id given out alone */
};

/* Empties `arena` for a search. */
sy_search_context sy_index_begin_search(sy_index *index, bool scoring, sy_error *error);

/* Like sy_index_article(), but a long body is not read yet; where it is: article `local` of
 * `segment`. */
sy_status sy_index_article_sections(sy_index *index, uint64_t article, sy_segment **segment,
                                    uint32_t *local, sy_sectioned_article *out, sy_error *error);

#endif
