/*
 * brute.h - docs/text.md read a second time, with no index: a text becomes its sequence of units
 * and breaks, and a phrase is searched for by comparing at every place. What the engine finds is
 * held against this. Independent of all folders but include/: utf8proc and OpenCC are asked
 * directly.
 */
#ifndef SY_BRUTE_H
#define SY_BRUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "suoyin.h"

/* A unit is a number: a Chinese character its code point, a word BRUTE_WORD plus its place in the
 * list of words seen so far, a break BRUTE_BREAK. Numbers of one brute compare; those of two do
 * not. */
#define BRUTE_WORD 0x80000000u
#define BRUTE_BREAK 0xffffffffu
#define BRUTE_NONE SIZE_MAX

typedef struct brute brute;

/* Owned by the caller: brute_free(). `text_rules` are SY_TEXT_* bits. */
brute *brute_new(uint32_t text_rules);
void brute_free(brute *reader);

/* A text as units. Owned by the caller: brute_text_free(). No break stands first or last. */
typedef struct brute_text {
  uint32_t *ids;
  sy_range *ranges; /* the bytes of the original behind each unit; empty for a break */
  size_t count;
  size_t capacity;
  uint64_t invalid_bytes;
} brute_text;

/* Reads `bytes` bytes. `out` is overwritten but its memory is used again: zero it before the first
 * call. */
void brute_read(brute *reader, const char *text, size_t bytes, brute_text *out);
void brute_text_free(brute_text *text);

/* The units for people, "c 语 言 | 用 sql" with a bar for a break. Owned by the caller: free(). */
char *brute_show(const brute *reader, const brute_text *text);

/* The number of a string, from 0 in the order of first coming; the same list as that of words. */
uint32_t brute_number(brute *reader, const char *text, size_t bytes);

/* The folded word behind an id of at least BRUTE_WORD. Borrowed from `reader` until the next read.
 */
sy_string brute_word(const brute *reader, uint32_t id);

/* The first place at or behind `from` where `phrase` stands in `ids`; BRUTE_NONE when there is
 * none. An empty phrase stands nowhere. */
size_t brute_find_ids(const uint32_t *ids, size_t count, const uint32_t *phrase,
                      size_t phrase_count, size_t from);

/* The same; with `prefix`, the last unit of the phrase, if it is a word, need only begin the word
 * there. */
size_t brute_find(const brute *reader, const brute_text *text, const brute_text *phrase,
                  bool prefix, size_t from);

/* How often the phrase stands in the text; occurrences may overlap. */
size_t brute_count(const brute *reader, const brute_text *text, const brute_text *phrase,
                   bool prefix);

/* The bytes of the original that the occurrence at unit `at` covers, glosses inside included. */
sy_range brute_match_range(const brute_text *text, size_t at, size_t phrase_count);

#endif
