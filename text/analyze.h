/*
 * analyze.h - text to terms: the only place that knows what a term is. Articles, queries and
 * snippets all come through here, by the rules of docs/text.md.
 *
 * An analyzer is pulled: begin a text, then take terms in batches until none is left. It allocates
 * nothing; one analyzer serves any number of texts, one after the other.
 */
#ifndef SY_ANALYZE_H
#define SY_ANALYZE_H

#include "suoyin.h"
#include "text/tables.h"

/* What stands for the second character of a Chinese unit that has none: a run-end mark. */
enum { SY_END_BREAK = 0, SY_END_WORD = 1 };

#define SY_WORD_MAX_BYTES 255u
#define SY_TERM_BATCH 256u /* the least capacity sy_analyzer_next() accepts */

typedef struct sy_term {
  uint32_t first;  /* first folded code point */
  uint32_t second; /* Chinese: the next code point or a run-end mark; word: offset in the words */
  uint32_t word_bytes; /* 0 for a Chinese unit */
  uint32_t position;
  uint32_t start, end; /* the unit's bytes in the text; a bigram's unit is its first character */
} sy_term;

typedef struct sy_analyzer {
  const sy_fold_table *table;
  uint32_t rules;
  uint8_t ascii_words[256]; /* the folded form of ASCII word characters, 0 for other bytes */
  uint8_t ascii_kinds[128]; /* of the others: see analyze.c */
  const uint8_t *text, *at, *end;
  uint64_t invalid_bytes; /* counted over all texts */

  uint32_t position;  /* of the next unit */
  uint32_t unit_end;  /* byte behind the last unit or what is transparent behind it */
  bool gap;           /* a break since the last unit */
  bool space;         /* white space since the last unit */
  bool tab;           /* a tab in it, before any line end */
  uint32_t line_ends; /* in the white space just read */

  bool pending; /* a Chinese unit waits for what follows it */
  sy_term held; /* that unit */

  sy_term *out, *out_end;

  bool in_word;
  sy_term word;        /* the word being read; its bytes are at words[word.second] */
  uint32_t last;       /* its last code point */
  uint32_t last_bytes; /* and how many bytes that takes */
  uint32_t last_start,
      end_before_last; /* where it begins in the text, and what is before it ends */
  uint8_t words[1u << 15];
} sy_analyzer;

/* `rules` are SY_TEXT_* bits. */
void sy_analyzer_init(sy_analyzer *a, uint32_t rules);

/* `text` is borrowed until the last sy_analyzer_next(). At most UINT32_MAX bytes. */
void sy_analyzer_begin(sy_analyzer *a, const char *text, size_t bytes);

/* Stores up to `capacity` (at least SY_TERM_BATCH) terms, in order of position. Returns how
 * many; 0 at the end of the text. The words they refer to are valid until the next call. */
size_t sy_analyzer_next(sy_analyzer *a, sy_term *terms, size_t capacity);

/* The bytes of a word term, not terminated. */
static inline const char *sy_term_word(const sy_analyzer *a, const sy_term *term) {
  return (const char *)a->words + term->second;
}

#endif
