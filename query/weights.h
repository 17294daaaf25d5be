/*
 * weights.h - what a term, a phrase and a part of free text weigh. docs/ranking.md has the formulas
 * and the measurements behind them.
 */
#ifndef SY_WEIGHTS_H
#define SY_WEIGHTS_H

#include "query/iterator.h"

#define SY_TITLE_BOOST 2.0f   /* of terms and phrases; free text counts the same in both fields */
#define SY_WORD_MULTIPLE 2.0f /* a word of free text, in pairs of characters */

/* What BM25 takes from the lengths of the articles, by field: computed once for a snapshot. */
typedef struct sy_length_weights {
  float saturation[SY_FIELD_COUNT][256]; /* K by length code */
  float averages[SY_FIELD_COUNT];        /* length, over all segments */
} sy_length_weights;
void sy_weight_lengths(const sy_snapshot *snapshot, sy_length_weights *out);

/* Lucene's inverse document frequency, never negative: of a term that `df` of `articles` have. */
double sy_weight_idf(uint64_t articles, uint64_t df);

/* The weight of a scorer for terms and phrases, `idf_sum` over the parts of a phrase. */
float sy_weight_unit(uint32_t field, double idf_sum);

/* What one part of free text weighs, in idf: idf * sqrt(idf / the largest idf), and more for a
 * word. */
double sy_weight_part(uint64_t articles, uint64_t df, bool word);

/* The weight of its scorer when it stands `times` times in the query. */
float sy_weight_scorer(double part_weight, uint32_t times);

#endif
