/*
 * leaf.h - what a leaf of the query tree asks for: its text as terms, by the rules of an index.
 *
 * A leaf is a phrase - quoted, or with at most SY_PHRASE_CHARACTERS Chinese characters - or a bag,
 * of which any part may match. The planner looks its terms up; the snippet maker looks for them in
 * a text.
 */
#ifndef SY_LEAF_H
#define SY_LEAF_H

#include "base/arena.h"
#include "query/parse.h"
#include "storage/lexicon.h"
#include "text/analyze.h"

#define SY_PHRASE_CHARACTERS 4u /* an unquoted run with more is ranked by its parts */

/* One unit of the leaf. */
typedef struct sy_unit {
  sy_term_key key;
  uint32_t offset; /* position, from that of the first unit */
  bool open;       /* the last unit, of which only `first` (Chinese) or a prefix (word) is known */
} sy_unit;

typedef struct sy_leaf {
  sy_unit *units; /* borrowed from the arena */
  uint32_t count;
  bool bag;
  bool prefix; /* the last unit is a word of which only the beginning is known */
} sy_leaf;

/* SY_SYNTAX, with the leaf's column, when the text holds nothing that can be searched. */
sy_status sy_leaf_analyze(sy_analyzer *analyzer, sy_arena *arena, const sy_node *node,
                          sy_leaf *leaf, sy_error *error);

#endif
