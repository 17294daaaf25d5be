/*
 * bench_text.c - `suoyin-bench text`: how fast text becomes terms, on one core. Reading the JSON
 * lines is not timed, and terms are counted, not kept.
 */
#include "benchmarks/bench.h"
#include "text/analyze.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES 5

typedef struct texts {
  char *bytes; /* all one behind the other */
  size_t used, capacity;
  size_t *ends;
  size_t count, room;
  uint64_t file_bytes;
} texts;

static bool add_text(texts *t, const char *text, size_t bytes) {
  if (!t->bytes || t->used + bytes > t->capacity) {
    t->capacity = 2 * (t->used + bytes) + 1;
    char *grown = realloc(t->bytes, t->capacity);
    if (!grown) return false;
    t->bytes = grown;
  }
  if (!t->ends || t->count == t->room) {
    t->room = t->room ? 2 * t->room : 1 << 16;
    size_t *grown = realloc(t->ends, t->room * sizeof *grown);
    if (!grown) return false;
    t->ends = grown;
  }
  if (bytes) memcpy(t->bytes + t->used, text, bytes);
  t->ends[t->count++] = t->used += bytes;
  return true;
}

static int read_corpus(texts *t, const char *path) {
  static const char *const members[] = {"title", "body"};
  FILE *file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "suoyin-bench: %s: %s\n", path, strerror(errno));
    return 2;
  }
  char *line = NULL;
  size_t capacity = 0, number = 0;
  int failed = 0;
  for (ssize_t bytes; !failed && (bytes = getline(&line, &capacity, file)) > 0;) {
    t->file_bytes += (uint64_t)bytes;
    number++;
    json_t *article = json_loadb(line, (size_t)bytes, 0, NULL);
    if (!article) fprintf(stderr, "suoyin-bench: %s:%zu: no JSON\n", path, number);
    failed = article ? 0 : 2;
    for (int m = 0; m < 2 && !failed; m++) {
      const json_t *text = json_object_get(article, members[m]);
      if (!add_text(t, json_string_value(text), text ? json_string_length(text) : 0))
        failed = bench_no_memory();
    }
    json_decref(article);
  }
  free(line);
  fclose(file);
  return failed;
}

static uint64_t analyze_all(sy_analyzer *a, const texts *t) {
  static sy_term terms[4096];
  uint64_t total = 0;
  for (size_t i = 0, begin = 0; i < t->count; begin = t->ends[i++]) {
    sy_analyzer_begin(a, t->bytes + begin, t->ends[i] - begin);
    for (size_t n; (n = sy_analyzer_next(a, terms, sizeof terms / sizeof *terms)) > 0;) total += n;
  }
  return total;
}

int bench_text(int argc, char **argv) {
  static sy_analyzer a;
  texts t = {0};
  int failed = argc < 2 ? 2 : 0;
  if (failed) fputs("usage: suoyin-bench text CORPUS.jsonl...\n", stderr);
  for (int i = 1; i < argc && !failed; i++) failed = read_corpus(&t, argv[i]);
  double least = 0;
  uint64_t terms = 0;
  sy_analyzer_init(&a, SY_TEXT_DEFAULT);
  for (int pass = 0; pass < PASSES && !failed; pass++) {
    double started = bench_seconds();
    terms = analyze_all(&a, &t);
    double seconds = bench_seconds() - started;
    if (!pass || seconds < least) least = seconds;
  }
  if (!failed) {
    printf(
        "%zu texts, %.1f MB, %llu terms: %.1f MB/s of text, %.1f MB/s of JSON lines, "
        "%.2f ns a term\n",
        t.count, (double)t.used / 1e6, (unsigned long long)terms, (double)t.used / 1e6 / least,
        (double)t.file_bytes / 1e6 / least, least * 1e9 / (double)terms);
  }
  free(t.bytes);
  free(t.ends);
  return failed;
}
