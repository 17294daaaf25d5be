/*
 * snippet_check.c - properties of snippets, by brute force.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif

#include "tests/oracle/snippet_check.h"

#include <stdlib.h>
#include <string.h>

#include "tests/oracle/engine.h"

#define ELLIPSIS "…"
#define ELLIPSIS_BYTES (sizeof(ELLIPSIS) - 1)
#define EDGE_BYTES 48 /* longer than any gloss or word of the random texts */

/* Is every unit of the whole text part of an occurrence of a phrase? */
static bool all_covered(brute *reader, const brute_text *text, const snippet_phrases *phrases) {
  bool *covered = calloc(text->count + 1, sizeof(bool));
  bool all = text->count > 0;
  for (size_t i = 0; i < phrases->count; i++) {
    const brute_text *phrase = phrases->at[i];
    for (size_t at = 0;; at++) {
      at = brute_find(reader, text, phrase, phrases->prefix[i], at);
      if (at == BRUTE_NONE) break;
      for (size_t j = 0; j < phrase->count; j++) covered[at + j] = true;
    }
  }
  for (size_t i = 0; i < text->count; i++) all = all && covered[i];
  free(covered);
  return all;
}

const char *snippet_check_highlights(brute *reader, sy_string text, const sy_range *ranges,
                                     size_t count, const snippet_phrases *phrases) {
  if (!engine_ranges_sound(text, ranges, count))
    return "highlights are out of order or cut characters";
  brute_text units = {0};
  const char *wrong = NULL;
  for (size_t i = 0; i < count && !wrong; i++) {
    brute_read(reader, text.data + ranges[i].start, ranges[i].end - ranges[i].start, &units);
    if (!all_covered(reader, &units, phrases)) wrong = "a highlight does not fold to the phrase";
  }
  brute_text_free(&units);
  return wrong;
}

/* The next piece of text[*at..): from there to an ellipsis or the end. False when there is none
 * left. */
static bool next_piece(sy_string text, size_t *at, sy_range *piece) {
  if (*at >= text.bytes) return false;
  const char *cut = memmem(text.data + *at, text.bytes - *at, ELLIPSIS, ELLIPSIS_BYTES);
  size_t end = cut ? (size_t)(cut - text.data) : text.bytes;
  *piece = (sy_range){(uint32_t)*at, (uint32_t)end};
  *at = cut ? end + ELLIPSIS_BYTES : text.bytes;
  return true;
}

/* Finds text[piece] in the body at or behind `from`, on characters. SIZE_MAX when it is not there.
 */
static size_t find_piece(sy_string text, sy_range piece, sy_string body, size_t from) {
  size_t length = piece.end - piece.start;
  while (from + length <= body.bytes) {
    const char *there =
        memmem(body.data + from, body.bytes - from, text.data + piece.start, length);
    if (!there) return SIZE_MAX;
    size_t start = (size_t)(there - body.data);
    if (engine_whole_characters(body, (sy_range){(uint32_t)start, (uint32_t)(start + length)})) {
      return start;
    }
    from = start + 1;
  }
  return SIZE_MAX;
}

const char *snippet_check_pieces(sy_string text, const sy_range *ranges, size_t count,
                                 sy_string body) {
  size_t at = 0, from = 0;
  sy_range piece;
  while (next_piece(text, &at, &piece)) {
    while (piece.start < piece.end && text.data[piece.start] == ' ') piece.start++;
    while (piece.start < piece.end && text.data[piece.end - 1] == ' ') piece.end--;
    if (piece.start == piece.end) continue;
    size_t found = find_piece(text, piece, body, from);
    if (found == SIZE_MAX) return "a passage is not in the body, or cuts a character";
    from = found + piece.end - piece.start;
  }
  for (size_t i = 0; i < count; i++) {
    size_t length = ranges[i].end - ranges[i].start;
    if (memmem(text.data + ranges[i].start, length, ELLIPSIS, ELLIPSIS_BYTES)) {
      return "a highlight reaches over an ellipsis";
    }
  }
  return NULL;
}

static bool inside_one(const sy_range *ranges, size_t count, sy_range wanted) {
  for (size_t i = 0; i < count; i++) {
    if (ranges[i].start <= wanted.start && wanted.end <= ranges[i].end) return true;
  }
  return false;
}

const char *snippet_check_complete(brute *reader, sy_string text, const sy_range *ranges,
                                   size_t count, const snippet_phrases *phrases) {
  brute_text units = {0};
  const char *wrong = NULL;
  sy_range piece;
  for (size_t next = 0; next_piece(text, &next, &piece);) {
    brute_read(reader, text.data + piece.start, piece.end - piece.start, &units);
    for (size_t i = 0; i < phrases->count; i++) {
      const brute_text *phrase = phrases->at[i];
      for (size_t at = 0;; at++) {
        at = brute_find(reader, &units, phrase, phrases->prefix[i], at);
        if (at == BRUTE_NONE) break;
        sy_range match = brute_match_range(&units, at, phrase->count);
        match.start += piece.start;
        match.end += piece.start;
        if (match.start < piece.start + EDGE_BYTES || match.end + EDGE_BYTES > piece.end) continue;
        if (!inside_one(ranges, count, match))
          wrong = "an occurrence in the snippet is not highlighted";
      }
    }
  }
  brute_text_free(&units);
  return wrong;
}
