/*
 * ones.h - the places of the ones in a bit string, for codes whose high parts are in unary.
 */
#ifndef SY_ONES_H
#define SY_ONES_H

#include "base/bytes.h"

/* Stores the places of all ones in `bytes` bytes, at most 8,192, ascending and counted from 0;
 * returns how many there are. Writes up to four places behind them. Without a branch: four places
 * are stored for every four bits, those beyond the ones are stored over next. */
static inline uint32_t sy_find_ones(const uint8_t *data, uint32_t bytes, uint16_t *places) {
  /* Of four bits: the places of their ones, 16 bits each, and how many there are. */
  static const uint64_t ones_of[16] = {
      0, 0,       1,       0x10000,     2,       0x20000,     0x20001,     0x200010000,
      3, 0x30000, 0x30001, 0x300010000, 0x30002, 0x300020000, 0x300020001, 0x3000200010000};
  static const uint8_t one_count[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
  const uint64_t each = 0x0001000100010001;
  uint32_t n = 0;
  for (uint32_t i = 0; i < bytes; i++) {
    uint32_t low = data[i] & 15, high = data[i] >> 4;
    sy_store64(places + n, ones_of[low] + each * (8 * i));
    n += one_count[low];
    sy_store64(places + n, ones_of[high] + each * (8 * i + 4));
    n += one_count[high];
  }
  return n;
}

#endif
