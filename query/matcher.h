/*
 * matcher.h - finding the leaves of a query in a text: for snippets, and for the few phrases that
 * the index alone cannot decide.
 *
 * The text is analysed like an article; a phrase stands where its units follow each other, unit by
 * unit and position by position. That is the definition of a match (docs/text.md), so highlights
 * need no other rule.
 */
#ifndef SY_MATCHER_H
#define SY_MATCHER_H

#include "query/deadline.h"
#include "query/leaf.h"

/* One thing to look for: a phrase, or one part of a bag. */
typedef struct sy_pattern {
  const sy_unit *units; /* borrowed from the leaf */
  uint32_t count;
  const sy_unit *typed; /* the same as typed, or NULL when that does not matter */
  uint32_t typed_count;
  bool exact;    /* other forms are no match */
  uint32_t next; /* the next pattern with the same first term, or SY_NO_PATTERN */
  bool bigram;   /* a bag's bigram: a match covers the next character too */
} sy_pattern;
#define SY_NO_PATTERN UINT32_MAX

typedef struct sy_match {
  uint32_t start, end; /* bytes of the text */
  uint32_t unit;       /* which unit of the text it begins with */
  uint32_t unit_end;   /* and behind which it ends */
  uint32_t pattern;
  bool typed; /* the text has the form that was typed; false when that was not asked for */
} sy_match;

/* A part of the text that was read: its units follow each other, and their positions count from
 * its beginning. */
typedef struct sy_text_run {
  uint32_t start, end; /* bytes */
  uint32_t first_unit, end_unit;
} sy_text_run;

typedef struct sy_matcher {
  sy_analyzers *analyzers;
  sy_time_budget time;
  sy_buffer patterns; /* sy_pattern */
  sy_buffer slots;    /* hash table of first terms: built when first run */
  uint32_t mask;
  uint64_t firsts[1024]; /* bits: the first characters of all units of the patterns, by 16 bits */
  bool has_open_words;   /* a pattern begins with an open word: each word is compared with it */
  sy_string text;        /* that was read last */
  sy_buffer runs;        /* sy_text_run, by start */
  sy_buffer units;       /* of the text: sy_term */
  sy_buffer words;       /* their words */
  sy_buffer matches;     /* sy_match, by start */
  size_t match_count;
} sy_matcher;

void sy_matcher_init(sy_matcher *m, sy_analyzers *analyzers, sy_deadline *deadline);
/* Adds a leaf, whose memory must outlive the matcher. */
sy_status sy_matcher_add(sy_matcher *m, const sy_leaf *leaf, sy_error *error);
/* Adds the leaves below `node` that can make an article match to the matchers of the fields they
 * search. They are allocated in `arena`, which must outlive the matchers; `typed` as for
 * sy_leaf_analyze(). */
sy_status sy_matcher_add_leaves(sy_matcher *title, sy_matcher *body, const sy_node *node,
                                bool typed, sy_arena *arena, sy_error *error);
/* Finds all matches in `text`: match_count of them, in `matches`. When time is over, it is as if
 * the text ended where the matcher has come to. */
sy_status sy_matcher_run(sy_matcher *m, sy_string text, sy_error *error);

/* The same in parts: prepare, begin with a text, read as much of it as is wanted, from the left to
 * the right, and match. */
sy_status sy_matcher_prepare(sy_matcher *m, sy_error *error);
void sy_matcher_begin(sy_matcher *m, sy_string text);
sy_status sy_matcher_read(sy_matcher *m, uint32_t start, uint32_t end, sy_error *error);
sy_status sy_matcher_match(sy_matcher *m, sy_error *error);

/* The run of a unit. */
const sy_text_run *sy_matcher_run_of(const sy_matcher *m, uint32_t unit);
void sy_matcher_free(sy_matcher *m);

/* Whether a unit that begins with this character can be one of a pattern. */
static inline bool sy_matcher_may_match(const sy_matcher *m, uint32_t first) {
  return m->firsts[first >> 6 & 1023] >> (first & 63) & 1;
}

static inline const sy_match *sy_matcher_matches(const sy_matcher *m) {
  return (const sy_match *)m->matches.data;
}
static inline const sy_term *sy_matcher_units(const sy_matcher *m) {
  return (const sy_term *)m->units.data;
}
static inline size_t sy_matcher_unit_count(const sy_matcher *m) {
  return m->units.bytes / sizeof(sy_term);
}

#endif
