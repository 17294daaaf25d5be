/* weights.c - weights from document frequencies (weights.h). */
#include "query/weights.h"

#include <math.h>

void sy_weight_lengths(const sy_snapshot *snapshot, sy_length_weights *out) {
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    double sum = 0;
    for (uint32_t s = 0; s < snapshot->count; s++) {
      sum += (double)snapshot->segments[s].info.fields[f].length_sum;
    }
    uint64_t n = snapshot->numbers;
    out->averages[f] = n && sum > (double)n ? (float)(sum / (double)n) : 1;
    sy_bm25_saturation(out->averages[f], out->saturation[f]);
  }
}

double sy_weight_idf(uint64_t articles, uint64_t df) {
  double n = (double)articles, d = df > articles ? n : (double)df;
  return log(1 + (n - d + 0.5) / (d + 0.5));
}

float sy_weight_unit(uint32_t field, double idf_sum) {
  float boost = field == SY_FIELD_INDEX_TITLE ? SY_TITLE_BOOST : 1;
  return boost * (float)idf_sum * (SY_BM25_K1 + 1) * SY_SCORE_ONE;
}

/* The idf of common parts is lowered further: in free text they are mostly what is not asked for.
 * Divided by the largest idf, the weight of a part stays comparable to that of a term. A word of
 * two Chinese characters is touched by three pairs of a running text, a word of letters or digits
 * is one part only: hence the multiple. */
double sy_weight_part(uint64_t articles, uint64_t df, bool word) {
  double idf = sy_weight_idf(articles, df);
  double weight = idf * sqrt(idf / sy_weight_idf(articles, 0));
  return word ? weight * SY_WORD_MULTIPLE : weight;
}

float sy_weight_scorer(double part_weight, uint32_t times) {
  return (float)(part_weight * times) * (SY_BM25_K1 + 1) * SY_SCORE_ONE;
}
