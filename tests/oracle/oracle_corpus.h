/*
 * oracle_corpus.h - the development corpora and queries for the oracle: JSON lines read one article
 * at a time, bodies kept in memory as units, and the queries of a TSV file counted by brute force
 * over them.
 */
#ifndef SY_ORACLE_CORPUS_H
#define SY_ORACLE_CORPUS_H

#include <stdio.h>

#include "suoyin.h"
#include "tests/oracle/brute.h"

/* Writes the path of `file` in $SUOYIN_SHARED, or in ../shared seen from the current directory (the
 * root of the repository), to out[capacity]. Returns whether it is there and can be read. */
bool corpus_path(const char *file, char *out, size_t capacity);

/* An open JSON-lines file; ".zst" is read through `zstd -dc`. */
typedef struct corpus_source {
  FILE *stream;
  bool piped;
  char *line;
  size_t line_capacity;
  uint64_t lines; /* read so far */
  void *json;     /* of the article last read */
} corpus_source;
bool corpus_open(corpus_source *source, const char *path);
bool corpus_close(corpus_source *source); /* false when the pipe failed */

/* Reads the next of every `stride` lines. False at the end. The strings are borrowed until the next
 * call. Stops the program at a line that is no article. */
bool corpus_next(corpus_source *source, uint64_t stride, sy_article *out);

/* Bodies as units, one behind the other. A body whose id comes again later is emptied. */
typedef struct corpus_bodies {
  brute *reader;
  brute *ids;      /* only for its list of words: which ids there were */
  uint32_t *units; /* of all bodies */
  size_t *starts;  /* starts[i]..ends[i] are those of body i */
  size_t *ends;
  size_t count, capacity, unit_count, unit_capacity;
  brute_text text; /* the body last read */
  uint64_t replaced;
} corpus_bodies;
void corpus_bodies_init(corpus_bodies *bodies);
void corpus_bodies_add(corpus_bodies *bodies, const sy_article *article);
void corpus_bodies_free(corpus_bodies *bodies);

typedef enum corpus_kind {
  CORPUS_PHRASE,
  CORPUS_AND,
  CORPUS_OR,
  CORPUS_NOT,
  CORPUS_OTHER
} corpus_kind;
#define CORPUS_PHRASES 16

/* A line of the query file: CLASS<TAB>KIND<TAB>TEXT. */
typedef struct corpus_query {
  corpus_kind kind;
  char *line;
  const char *class, *text;      /* inside `line` */
  char *phrases[CORPUS_PHRASES]; /* owned */
  brute_text units[CORPUS_PHRASES];
  size_t phrase_count;
} corpus_query;

typedef struct corpus_queries {
  corpus_query *at;
  size_t count;
} corpus_queries;
bool corpus_queries_read(corpus_queries *queries, brute *reader, const char *path);
void corpus_queries_free(corpus_queries *queries);

/* How many bodies match, by looking at all of them. */
uint64_t corpus_count(const corpus_bodies *bodies, const corpus_query *query);

/* The same as a query in Suoyin's language. Owned by the caller: free(). */
char *corpus_render(const corpus_query *query);

#endif
