/*
 * full_corpus.c - grep equivalence at full size: every phrase, AND, OR and NOT query of a TSV file,
 * counted by an existing index and by scanning all articles in memory. No part of `make check`:
 * minutes, and four bytes of memory for each character of the corpus.
 *
 *   full_corpus INDEX CORPUS.jsonl[.zst]... QUERIES.tsv
 *
 * INDEX must hold exactly the articles of the corpora, under the default text rules. "-" as INDEX
 * only prints the counts of the scan, one `COUNT<TAB>QUERY` a line. Exit status: 0 all counts are
 * equal, 1 some differ, 2 something cannot be read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "suoyin.h"
#include "tests/oracle/oracle_corpus.h"

static int fail(const char *what, sy_error *error) {
  char reason[1200] = "";
  if (error) sy_error_format(error, reason, sizeof(reason));
  fprintf(stderr, "full_corpus: %s %s\n", what, reason);
  return 2;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool read_corpora(corpus_bodies *bodies, char **paths, int count) {
  for (int i = 0; i < count; i++) {
    corpus_source source;
    sy_article article;
    if (!corpus_open(&source, paths[i])) return false;
    while (corpus_next(&source, 1, &article)) corpus_bodies_add(bodies, &article);
    if (!corpus_close(&source)) return false;
  }
  return true;
}

/* One query both ways. Returns 0 equal, 1 different, 2 the engine failed. */
static int compare(sy_index *index, const corpus_bodies *bodies, const corpus_query *query) {
  uint64_t expected = corpus_count(bodies, query), count = expected;
  char *text = corpus_render(query);
  int outcome = 0;
  if (!index) {
    printf("%llu\t%s\n", (unsigned long long)expected, text);
  } else {
    sy_query *parsed = NULL;
    sy_error error = {0};
    if (sy_query_parse((sy_string){text, strlen(text)}, 0, &parsed, &error) != SY_OK ||
        sy_count(index, parsed, &count, &error) != SY_OK) {
      outcome = fail(text, &error);
    } else if (count != expected) {
      printf("DIFFERS\t%s\tindex %llu\tscan %llu\t%s\n", query->class, (unsigned long long)count,
             (unsigned long long)expected, text);
      outcome = 1;
    }
    sy_query_free(parsed);
  }
  free(text);
  return outcome;
}

int main(int count, char **arguments) {
  if (count < 4) {
    return fail("usage: full_corpus INDEX CORPUS.jsonl[.zst]... QUERIES.tsv", NULL);
  }
  corpus_bodies bodies;
  corpus_queries queries;
  sy_index *index = NULL;
  sy_error error = {0};
  bool only_scan = strcmp(arguments[1], "-") == 0;
  double began = seconds();
  if (!only_scan && sy_index_open(arguments[1], &index, &error) != SY_OK) {
    return fail(arguments[1], &error);
  }
  corpus_bodies_init(&bodies);
  if (!read_corpora(&bodies, arguments + 2, count - 3)) return fail("cannot read a corpus", NULL);
  if (!corpus_queries_read(&queries, bodies.reader, arguments[count - 1])) {
    return fail("cannot read the queries", NULL);
  }
  fprintf(stderr, "%zu articles (%llu replaced), %zu units, read in %.1f s\n", bodies.count,
          (unsigned long long)bodies.replaced, bodies.unit_count, seconds() - began);

  size_t outcomes[3] = {0};
  for (size_t i = 0; i < queries.count; i++) {
    outcomes[compare(index, &bodies, &queries.at[i])]++;
    if (i % 100 == 99) fprintf(stderr, "%zu queries, %.0f s\n", i + 1, seconds() - began);
  }
  printf("%s: %zu articles, %zu queries, %zu counts equal, %zu differ, %zu failed, %.0f s\n",
         only_scan ? "scan only" : arguments[1], bodies.count, queries.count, outcomes[0],
         outcomes[1], outcomes[2], seconds() - began);
  sy_index_close(index);
  corpus_queries_free(&queries);
  corpus_bodies_free(&bodies);
  return outcomes[2] ? 2 : outcomes[1] ? 1 : 0;
}
