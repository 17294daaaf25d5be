/*
 * pinyin.h - which phrases of an index are read so: jiqizhixin, or the initials jqzx.
 *
 * There is no index of readings. Every pair of characters that follow each other is a term, so the
 * lexicon is a graph of characters, and a reading is a path through it. Paths are taken best first:
 * a phrase is in no more articles than the rarest of its pairs (A*, Hart, Nilsson and Raphael
 * 1968), and from three characters on the beginning of a phrase is looked up before it is followed.
 */
#ifndef SY_PINYIN_H
#define SY_PINYIN_H

#include "query/index.h"

#define SY_READING_PHRASES 16u    /* at most so many phrases for one reading, the most frequent */
#define SY_READING_CHARACTERS 16u /* of a phrase */

typedef struct sy_reading_phrase {
  char text[SY_READING_CHARACTERS * 4];
  uint32_t bytes;
  uint64_t articles;
} sy_reading_phrase;

typedef struct sy_reading {
  sy_reading_phrase phrases[SY_READING_PHRASES]; /* most articles first */
  size_t count;
  bool complete; /* no phrase was left out */
} sy_reading;

/* Finds the phrases for the text of `node`, a leaf with a reading, in the fields it searches. Uses
 * index->arena. SY_SYNTAX when the text is no pinyin; SY_LIMIT when it has too many syllables. */
sy_status sy_reading_find(sy_index *index, const sy_node *node, sy_reading *out, sy_error *error);

#endif
