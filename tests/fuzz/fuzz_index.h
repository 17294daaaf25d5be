/* fuzz_index.h - a small index, and everything a reader can do with one. */
#ifndef SY_FUZZ_INDEX_H
#define SY_FUZZ_INDEX_H

#include "suoyin.h"

/* Makes an index of `articles` articles in `path`: two segments, deletions, lists of more than one
 * block, words and Chinese, stored fields. */
void fuzz_index_make(const char *path, uint32_t articles);

/* Searches, counts, lists terms, reads articles and snippets. With whatever statuses, it
 * must end. */
void fuzz_index_use(sy_index *index);

/* The snippet of an article for a query, when there is one, is as suoyin.h promises. */
void fuzz_index_snippet(sy_index *index, const sy_query *query, uint64_t article,
                        const sy_snippet_options *options);

#endif
