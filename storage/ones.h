/*
 * ones.h - the places of the ones in a bit string, for codes whose high parts are in unary.
 */
#ifndef SY_ONES_H
#define SY_ONES_H

#include "base/bytes.h"

#define SY_ONES_SLACK 8u /* places that are written behind the last one */

typedef uint16_t sy_eight_places __attribute__((vector_size(16)));

/* By byte: the places of its ones, 0 to 7, then zeros. */
extern const sy_eight_places sy_ones_places[256];
/* By byte: how many ones it has. */
extern const uint8_t sy_ones_count[256];

/* Stores the places of all ones in `bytes` bytes, at most 8,192, ascending and counted from 0;
 * returns how many there are. Writes SY_ONES_SLACK places behind them: eight are stored for every
 * byte without a branch, those beyond its ones are stored over next. */
static inline uint32_t sy_find_ones(const uint8_t *data, uint32_t bytes, uint16_t *places) {
  sy_eight_places first = {0};
  uint32_t n = 0;
  for (uint32_t i = 0; i < bytes; i++, first += 8) {
    sy_eight_places found = sy_ones_places[data[i]] + first;
    memcpy(places + n, &found, sizeof found);
    n += sy_ones_count[data[i]];
  }
  return n;
}

#endif
