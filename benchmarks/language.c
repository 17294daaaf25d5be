/* language.c - text like that of a corpus (contract in language.h). */
#include "benchmarks/language.h"

#include <ctype.h>
#include <stdlib.h>

#define BUCKET_BITS 22u
#define COPIED 12u    /* characters copied from a place, about */
#define ANYWHERE 100u /* one change of place in so many leads anywhere */
#define TRIES 16      /* to meet the same two characters among those with their hash */

/* ---- Learning -------------------------------------------------------------------------------- */

static bool add_character(language *l, uint32_t c) {
  if (l->count == l->capacity) {
    uint32_t capacity = l->capacity ? 2 * l->capacity : 1u << 20;
    uint32_t *grown = realloc(l->characters, capacity * sizeof *grown);
    if (!grown) return false;
    l->characters = grown;
    l->capacity = capacity;
  }
  l->characters[l->count++] = c;
  return true;
}

/* The well-formed text's next character. */
static uint32_t next_character(const char **at) {
  const uint8_t *p = (const uint8_t *)*at;
  int more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
  uint32_t c = more ? *p & (0x3fu >> more) : *p;
  for (int i = 1; i <= more; i++) c = c << 6 | (p[i] & 0x3fu);
  *at += more + 1;
  return c;
}

int64_t language_learn(language *l, const char *text, size_t bytes) {
  const char *end = text + bytes;
  int64_t added = 0;
  while (text < end && l->count < LANGUAGE_MOST_CHARACTERS) {
    uint32_t c = next_character(&text);
    if (!c) continue;
    if (!add_character(l, c)) return -1;
    added++;
  }
  return add_character(l, 0) ? added : -1;
}

static uint32_t bucket_of(uint32_t before, uint32_t last) {
  return (before * 0x9e3779b1u ^ last * 0x85ebca6bu) * 0xc2b2ae35u >> (32 - BUCKET_BITS);
}

bool language_start(language *l, uint64_t seed) {
  const uint32_t *c = l->characters;
  l->random = seed;
  l->places = malloc(l->count * sizeof *l->places + 1);
  l->buckets = calloc((1u << BUCKET_BITS) + 1, sizeof *l->buckets);
  if (!l->places || !l->buckets || l->count < 3) return false;
  for (uint32_t i = 2; i < l->count; i++) l->buckets[bucket_of(c[i - 2], c[i - 1]) + 1]++;
  for (uint32_t b = 0; b < 1u << BUCKET_BITS; b++) l->buckets[b + 1] += l->buckets[b];
  for (uint32_t i = l->count; i-- > 2;) { /* buckets[b + 1] goes down to where b begins */
    l->places[--l->buckets[bucket_of(c[i - 2], c[i - 1]) + 1]] = i;
  }
  for (uint32_t b = 0; b < 1u << BUCKET_BITS; b++) l->buckets[b] = l->buckets[b + 1];
  l->buckets[1u << BUCKET_BITS] = l->count - 2;
  return true;
}

void language_free(language *l) {
  free(l->characters);
  free(l->places);
  free(l->buckets);
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Source: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014
 * (SplitMix64). */
uint32_t language_random(language *l, uint32_t bound) {
  uint64_t z = l->random += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (uint32_t)(((z ^ z >> 31) >> 32) * bound >> 32);
}

static uint32_t anywhere(language *l) {
  uint32_t at;
  do at = language_random(l, l->count);
  while (!l->characters[at]);
  return at;
}

/* Another place behind the two characters that stand before `at`. */
static uint32_t elsewhere(language *l, uint32_t at) {
  const uint32_t *c = l->characters;
  uint32_t bucket = bucket_of(c[at - 2], c[at - 1]), begin = l->buckets[bucket];
  for (int i = 0; i < TRIES; i++) {
    uint32_t place = l->places[begin + language_random(l, l->buckets[bucket + 1] - begin)];
    if (c[place - 2] == c[at - 2] && c[place - 1] == c[at - 1]) return place;
  }
  return at;
}

/* The place is never changed within a word of letters and digits: there are not so many new
 * ones. */
static bool in_word(const language *l, uint32_t at) {
  uint32_t c = l->characters[at - 1];
  return c < 0x80 && isalnum((int)c);
}

static char *put_character(char *out, uint32_t c) {
  if (c < 0x80) {
    *out++ = (char)c;
    return out;
  }
  int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  *out++ = (char)(0xff00 >> (more + 1) | c >> 6 * more);
  while (more-- > 0) *out++ = (char)(0x80 | (c >> 6 * more & 0x3f));
  return out;
}

size_t language_write(language *l, size_t characters, char *out) {
  char *end = out;
  uint32_t at = anywhere(l);
  for (size_t i = 0; i < characters; i++) {
    end = put_character(end, l->characters[at++]);
    if (at >= 2 && !language_random(l, COPIED) && !in_word(l, at)) {
      at = language_random(l, ANYWHERE) ? elsewhere(l, at) : anywhere(l);
    }
    if (!l->characters[at]) at = anywhere(l);
  }
  return (size_t)(end - out);
}
