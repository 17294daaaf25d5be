/*
 * excerpt.h - which parts of a long text are read for a snippet.
 *
 * Analysing a megabyte takes about 4 ms. Longer texts are first scanned, three times as fast: the
 * scan only folds characters and looks for pairs of the query. It cuts the text into slices where
 * analysis can begin anew, and the slices with the most different pairs are read, with their
 * neighbours, so that passages have something around them.
 *
 *     ...学习。 | 机器学习是...，它 | 们...。这 | 是...
 *     pairs 0     3                 1            0        the second is the best
 *
 * A slice begins with a Chinese character directly behind a mark that ends a clause: there,
 * whatever came before, the analyzer knows nothing but that there is a break. So the units of a
 * slice are those that the whole text has there.
 *
 * Where no clause ends for 8 slices' length, a slice begins with any Chinese character, or white
 * space between words: analysis takes about ten times the bytes of a slice, and an article can be
 * one clause of a gigabyte. A pair that such a cut parts is seen when both slices are read, as
 * neighbours are.
 */
#ifndef SY_EXCERPT_H
#define SY_EXCERPT_H

#include "query/matcher.h"

#define SY_EXCERPT_LEAST_BYTES (64u << 10) /* shorter texts are read whole */

/* Finds matches in the best parts of `text`, to be shown in passages of `characters`; in all of it
 * when it is short; when these parts have none, in the first megabyte that has one. Otherwise as
 * sy_matcher_run(). */
sy_status sy_excerpt_run(sy_matcher *m, sy_string text, uint32_t characters, sy_error *error);

#endif
