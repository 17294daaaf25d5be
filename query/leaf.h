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

/* The two ways to read a text: folded, by the rules of the index; and as typed, by the same rules
 * without folding. */
typedef struct sy_analyzers {
  sy_analyzer folded, typed;
} sy_analyzers;
void sy_analyzers_init(sy_analyzers *a, uint32_t rules);

/* One unit of the leaf. */
typedef struct sy_unit {
  sy_term_key key;
  uint32_t offset; /* position, from that of the first unit */
  bool open;       /* the last unit, of which only `first` (Chinese) or a prefix (word) is known */
} sy_unit;

typedef struct sy_leaf {
  sy_unit *units; /* borrowed from the arena */
  uint32_t count;
  sy_unit *typed; /* the text without folding, when it was asked for; else NULL */
  uint32_t typed_count;
  bool bag;
  bool prefix; /* the last unit is a word of which only the beginning is known */
  bool exact;  /* only the typed form matches */
} sy_leaf;

/* Units as typed are read when `typed` asks for them, and always for an exact leaf. SY_SYNTAX, with
 * the leaf's column, when the text holds nothing that can be searched. */
sy_status sy_leaf_analyze(sy_analyzers *analyzers, sy_arena *arena, const sy_node *node, bool typed,
                          sy_leaf *leaf, sy_error *error);

#endif
