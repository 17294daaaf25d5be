/*
 * snippet_check.h - what must hold of every snippet, whatever the engine chose to show.
 */
#ifndef SY_ORACLE_SNIPPET_CHECK_H
#define SY_ORACLE_SNIPPET_CHECK_H

#include "suoyin.h"
#include "tests/oracle/brute.h"

#define SNIPPET_PHRASES 8

/* The phrases that may be highlighted in one string. */
typedef struct snippet_phrases {
  const brute_text *at[SNIPPET_PHRASES];
  bool prefix[SNIPPET_PHRASES];
  size_t count;
} snippet_phrases;

/* Each of these returns NULL when all is well, else what is wrong. Static. */

/* The ranges are sound and each highlighted text consists of occurrences of the phrases: every unit
 * of it belongs to one, and one begins with its first unit and one ends with its last. */
const char *snippet_check_highlights(brute *reader, sy_string text, const sy_range *ranges,
                                     size_t count, const snippet_phrases *phrases);

/* `text`, cut at its ellipses, consists of pieces of `body` in their order, cut between characters,
 * and no highlight reaches over an ellipsis. `body` itself must not contain U+2026. */
const char *snippet_check_pieces(sy_string text, const sy_range *ranges, size_t count,
                                 sy_string body);

/* Occurrences of the phrases well inside a piece are highlighted (near its edges the cut may have
 * taken away what made them one). */
const char *snippet_check_complete(brute *reader, sy_string text, const sy_range *ranges,
                                   size_t count, const snippet_phrases *phrases);

#endif
