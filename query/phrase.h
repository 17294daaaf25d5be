/*
 * phrase.h - the state of a phrase iterator, for phrase.c (one candidate at a time) and
 * phrase_batch.c (many).
 */
#ifndef SY_PHRASE_H
#define SY_PHRASE_H

#include "query/iterator.h"

/* A list whose positions are read. */
typedef struct sy_cover_list {
  sy_postings *postings;
  uint32_t number; /* among all lists of the phrase */
  uint32_t offset; /* in the phrase */
  bool loaded;     /* in the current article: what follows is known */
  sy_positions positions;
  uint32_t next; /* the first of them that is not passed yet */
} sy_cover_list;

typedef struct sy_phrase_state {
  sy_iterator base;
  sy_scorer scorer;
  sy_postings **postings; /* rarest first */
  uint32_t count;
  sy_cover_list *cover;
  uint32_t cover_count;
  sy_cover_list *lead; /* in the current article */
  uint32_t frequency;
  uint32_t *starts; /* `frequency` of them, when scoring */
  uint32_t starts_capacity;
} sy_phrase_state;

/* Its advance(). */
uint32_t sy_phrase_advance(sy_iterator *it, uint32_t target);

#endif
