/* readings.c - look-ups in the generated table of readings (readings.h). */
#include "text/readings.h"

#include <string.h>

size_t sy_syllable_find(const char *letters, size_t bytes) {
  if (!bytes || bytes > SY_SYLLABLE_MAX_BYTES) return sy_syllable_count;
  size_t low = 0, high = sy_syllable_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strncmp(sy_syllables[middle].text, letters, bytes);
    if (!order && !sy_syllables[middle].text[bytes]) return middle;
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return sy_syllable_count;
}

bool sy_syllable_is_neutral(size_t syllable, uint32_t c) {
  size_t low = sy_syllables[syllable].first, high = sy_syllables[syllable + 1].first;
  while (low < high) {
    size_t middle = (low + high) / 2;
    uint32_t found = sy_readings[middle] & SY_READING_CODE;
    if (found == c) return sy_readings[middle] & SY_READING_NEUTRAL;
    if (found < c) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return false;
}
