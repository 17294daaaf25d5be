/*
 * language.h - text like that of a corpus, as much as is wanted: a Markov chain of characters.
 *
 * What follows two characters is what followed them somewhere in the corpus; the n-grams so have
 * the corpus's frequencies, which are Zipfian. Some characters are copied before the place is
 * changed, so long n-grams recur as phrases do; and now and then the text goes on anywhere, so that
 * there are ever new n-grams, as there are in a corpus that grows. The same seed makes the same
 * text.
 *
 * Source: Shannon, A Mathematical Theory of Communication, 1948, section 3: a book opened at
 * random.
 */
#ifndef SY_LANGUAGE_H
#define SY_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANGUAGE_MOST_CHARACTERS (48u << 20) /* to learn from; takes 8 bytes each */

typedef struct language {
  uint32_t *characters; /* code points; 0 behind each text */
  uint32_t *places;     /* of characters that two others stand before, by those two */
  uint32_t *buckets; /* where in `places` those begin that have a hash; one more than there are */
  uint32_t count, capacity;
  uint64_t random;
} language;

/* Adds a text to learn from, in UTF-8; what is beyond the most is left out. Returns the characters
 * that were added, or -1: no memory. */
int64_t language_learn(language *l, const char *text, size_t bytes);
/* All is learnt. False: no memory, or nothing was learnt. */
bool language_start(language *l, uint64_t seed);
void language_free(language *l);

/* From 0 to before `bound`, which is not 0. */
uint32_t language_random(language *l, uint32_t bound);

/* Writes `characters` characters in UTF-8 to `out`, which has four bytes for each. Returns the
 * bytes. */
size_t language_write(language *l, size_t characters, char *out);

#endif
