/*
 * excerpt.h - which sections of a long article are read for a snippet.
 *
 * The index knows where the terms of a query stand in an article. So of a book only those sections
 * (sections.h) are read and analysed that hold the passages with the most different matches, and
 * what may stand around these:
 *
 *     positions     |....AB........|.......AB.BC.CD..|.........AB...|
 *     sections      0              1                 2
 *     one passage:                   this one is read
 *
 * Positions do not tell everything: not what a prefix or a single character stands for, nor in
 * which form something was written. When the sections chosen have no match, all are read, some at a
 * time, until one is found.
 */
#ifndef SY_EXCERPT_H
#define SY_EXCERPT_H

#include "query/matcher.h"
#include "storage/segment.h"

/* Finds matches in the best sections of the body of article `article`, whose number counts in
 * `segment`; in all of it when it is not in sections. `body` was begun by
 * sy_articles_get_sectioned(). Otherwise as sy_matcher_run(). */
sy_status sy_excerpt_run(sy_matcher *m, sy_segment *segment, uint32_t article,
                         sy_sectioned_article *body, const sy_snippet_options *options,
                         sy_error *error);

#endif
