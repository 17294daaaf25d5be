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

/* Letters with a tone mark, and u with two dots. The plain letter, in upper case when it has a
 * tone; 0 for others. */
static char toned_letter(uint32_t c) {
  switch (c) {
    case 0x101:
    case 0xE1:
    case 0x1CE:
    case 0xE0:
    case 0x100:
    case 0xC1:
    case 0x1CD:
    case 0xC0: return 'A';
    case 0x113:
    case 0xE9:
    case 0x11B:
    case 0xE8:
    case 0x112:
    case 0xC9:
    case 0x11A:
    case 0xC8:
    case 0x1EBF:
    case 0x1EC1:
    case 0x1EBE:
    case 0x1EC0: return 'E';
    case 0x12B:
    case 0xED:
    case 0x1D0:
    case 0xEC:
    case 0x12A:
    case 0xCD:
    case 0x1CF:
    case 0xCC: return 'I';
    case 0x14D:
    case 0xF3:
    case 0x1D2:
    case 0xF2:
    case 0x14C:
    case 0xD3:
    case 0x1D1:
    case 0xD2: return 'O';
    case 0x16B:
    case 0xFA:
    case 0x1D4:
    case 0xF9:
    case 0x16A:
    case 0xDA:
    case 0x1D3:
    case 0xD9: return 'U';
    case 0x1D6:
    case 0x1D8:
    case 0x1DA:
    case 0x1DC:
    case 0x1D5:
    case 0x1D7:
    case 0x1D9:
    case 0x1DB: return 'V';
    case 0x144:
    case 0x148:
    case 0x1F9:
    case 0x143:
    case 0x147:
    case 0x1F8: return 'N';
    case 0x1E3F:
    case 0x1E3E: return 'M';
    case 0xFC:
    case 0xDC: return 'v';
    default: return 0;
  }
}

char sy_pinyin_letter(uint32_t c, bool *toned) {
  *toned = false;
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return (char)(c | 0x20);
  char letter = toned_letter(c);
  *toned = letter >= 'A' && letter <= 'Z';
  return letter ? (char)(letter | 0x20) : 0;
}
