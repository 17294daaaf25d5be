/*
 * random_text.h - a seeded source of numbers, and texts of few different pieces, so that they often
 * match, with every kind of dirt that docs/text.md has a rule for.
 */
#ifndef SY_RANDOM_TEXT_H
#define SY_RANDOM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct random_source {
  uint64_t state;
} random_source;

uint64_t random_next(random_source *random);
uint32_t random_below(random_source *random, uint32_t bound); /* bound > 0 */
bool random_one_in(random_source *random, uint32_t chances);

/* A growing string of bytes. Owned by the caller: free(data). Always terminated. */
typedef struct buffer {
  char *data;
  size_t bytes, capacity;
} buffer;
void buffer_add(buffer *to, const char *bytes, size_t count);
void buffer_add_string(buffer *to, const char *text);

/* Appends `pieces` random pieces. `clean`: no invalid bytes and no words beyond 255 bytes. */
void random_text(random_source *random, size_t pieces, bool clean, buffer *to);

/* One of the words that texts are made of, plain ASCII letters and digits. Static. */
const char *random_word(random_source *random);

/* 1 to 3 of the Chinese characters that texts are made of. */
void random_chinese(random_source *random, buffer *to);

/* The seed: $SUOYIN_SEED or `otherwise`. A number from the environment variable `name`, or
 * `otherwise`. */
uint64_t random_seed(uint64_t otherwise);
uint64_t number_from_environment(const char *name, uint64_t otherwise);

#endif
