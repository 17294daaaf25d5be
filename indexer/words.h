/*
 * words.h - numbers for the words of a batch: Latin words and numbers, which unlike bigrams do not
 * fit a tuple. A hash table with open addressing; words are numbered as they come, and ranked by
 * their bytes when the batch is flushed.
 *
 * A slot has the word itself when that is short, as nearly all are, so that a look-up is one cache
 * miss and not three.
 */
#ifndef SY_WORDS_H
#define SY_WORDS_H

#include "base/bytes.h"

#include <xxhash.h>

#define SY_WORD_KEY_BYTES 12u

typedef struct sy_word_slot {
  uint32_t number; /* plus one; 0 means empty */
  uint8_t
      key[SY_WORD_KEY_BYTES]; /* a length byte, then the word, then zeros; of words that do not fit:
                                     length byte, three zeros, the hash of the word */
} sy_word_slot;

typedef struct sy_words {
  sy_word_slot *slots;
  uint32_t capacity; /* a power of two, or 0 */
  uint32_t count;
  sy_buffer offsets; /* u32 by number: where its bytes begin: a length byte, then the word */
  sy_buffer text;
  bool failed; /* sticky: memory ran out */
} sy_words;

/* The hash of a word of 1 to 255 bytes, whose slot is fetched from memory meanwhile. */
static inline uint64_t sy_words_hash(const sy_words *w, const char *word, uint32_t bytes) {
  uint64_t hash = XXH3_64bits(word, bytes);
  if (w->capacity) __builtin_prefetch(&w->slots[(uint32_t)hash & (w->capacity - 1)]);
  return hash;
}
/* The number of a word with this hash. */
uint32_t sy_words_number(sy_words *w, const char *word, uint32_t bytes, uint64_t hash);
void sy_words_clear(sy_words *w); /* keeps memory, but not very much */
void sy_words_free(sy_words *w);
uint64_t sy_words_memory(const sy_words *w); /* and what their ranks will take */

/* The words of several tables in order of their bytes, which is that of their code points. Equal
 * ones have the same rank. */
typedef struct sy_ranks {
  const uint8_t **words; /* by rank: a length byte, then the word */
  uint32_t count;
  uint32_t **rank_of; /* by table and number */
  uint32_t tables;
} sy_ranks;

bool sy_words_rank(const sy_words *const *tables, uint32_t count,
                   sy_ranks *ranks); /* false: memory ran out */
void sy_ranks_free(sy_ranks *ranks);
static inline const uint8_t *sy_ranks_word(const sy_ranks *ranks, uint32_t rank, uint32_t *bytes) {
  const uint8_t *p = ranks->words[rank];
  *bytes = *p;
  return p + 1;
}
/* Whether a word begins with this code point (then all terms that do are words). */
bool sy_ranks_begin_word(const sy_ranks *ranks, uint32_t first);

#endif
