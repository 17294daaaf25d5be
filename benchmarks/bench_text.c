/*
 * bench_text.c - `suoyin-bench text`: how fast text becomes terms, on one core. Reading the JSON
 * lines is not timed, and terms are counted, not kept.
 */
#include "benchmarks/bench.h"
#include "benchmarks/corpus.h"
#include "text/analyze.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* A bench_visitor. */
static int add_article(void *context, const json_t *article, size_t line) {
  static const char *const members[] = {"title", "body"};
  (void)line;
  for (int m = 0; m < 2; m++) {
    const json_t *text = json_object_get(article, members[m]);
    if (!add_text(context, json_string_value(text), text ? json_string_length(text) : 0)) {
      return bench_no_memory();
    }
  }
  return 0;
}

static int read_corpus(texts *t, const char *path) {
  struct stat about;
  if (!stat(path, &about)) t->file_bytes += (uint64_t)about.st_size;
  return bench_read_corpus(path, 1, add_article, t);
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
