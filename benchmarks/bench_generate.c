/*
 * bench_generate.c - `suoyin-bench generate`: a corpus of any size like one that is there, as JSON
 * lines on stdout: its n-grams (language.h) and the lengths of its articles. The same seed makes
 * the same corpus.
 */
#include "benchmarks/bench.h"
#include "benchmarks/corpus.h"
#include "benchmarks/language.h"
#include "tools/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROGRAM "suoyin-bench"
#define BYTES_A_CHARACTER \
  2 /* of a Chinese corpus, at least: with these, about all of it is learnt */

enum { SIZE_OPTION = 256, SEED_OPTION };

static const cli_option option_table[] = {
    {'l', "like", "FILE", "the JSON lines to learn from; given several times, all of them"},
    {SIZE_OPTION, "size", "SIZE", "bytes to write, with the line that reaches them: 10G"},
    {SEED_OPTION, "seed", "N", "another one makes another corpus (default: 1)"},
    {0},
};

/* Characters of an article's title and body. */
typedef struct lengths {
  uint32_t title, body;
} lengths;

typedef struct generator {
  const char *like[64];
  size_t like_count;
  uint64_t size, seed;
  language language;
  lengths *lengths;
  uint32_t count, capacity;
  char *title, *body; /* of the article being written */
} generator;

static bool set_option(void *context, int code, const char *value) {
  generator *g = context;
  switch (code) {
    case 'l':
      if (g->like_count == sizeof g->like / sizeof *g->like) return false;
      g->like[g->like_count++] = value;
      return true;
    case SIZE_OPTION: return cli_parse_size(value, &g->size);
    default: return cli_parse_number(value, 0, UINT64_MAX, &g->seed);
  }
}

/* ---- Learning -------------------------------------------------------------------------------- */

static bool learn_member(generator *g, const json_t *article, const char *name, uint32_t *length) {
  const json_t *text = json_object_get(article, name);
  if (!text) return true;
  int64_t characters =
      language_learn(&g->language, json_string_value(text), json_string_length(text));
  *length = characters > 0 ? (uint32_t)characters : 0;
  return characters >= 0;
}

/* A bench_visitor. */
static int learn_article(void *context, const json_t *article, size_t line) {
  generator *g = context;
  (void)line;
  if (g->language.count >= LANGUAGE_MOST_CHARACTERS) return 0;
  if (g->count == g->capacity) {
    g->capacity = g->capacity ? 2 * g->capacity : 1024;
    lengths *grown = realloc(g->lengths, g->capacity * sizeof *grown);
    if (!grown) return bench_no_memory();
    g->lengths = grown;
  }
  lengths *l = &g->lengths[g->count++];
  *l = (lengths){0, 0};
  bool good = learn_member(g, article, "title", &l->title);
  good = good && learn_member(g, article, "body", &l->body);
  return good ? 0 : bench_no_memory();
}

/* Of a large corpus every so many lines, from all of it. */
static int learn(generator *g) {
  uint64_t bytes = 0;
  struct stat about;
  for (size_t i = 0; i < g->like_count; i++) {
    if (!stat(g->like[i], &about)) bytes += (uint64_t)about.st_size;
  }
  size_t stride = 1 + (size_t)(bytes / BYTES_A_CHARACTER / LANGUAGE_MOST_CHARACTERS);
  for (size_t i = 0; i < g->like_count; i++) {
    int failed = bench_read_corpus(g->like[i], stride, learn_article, g);
    if (failed) return failed;
  }
  lengths longest = {1, 1};
  for (uint32_t i = 0; i < g->count; i++) {
    if (g->lengths[i].title > longest.title) longest.title = g->lengths[i].title;
    if (g->lengths[i].body > longest.body) longest.body = g->lengths[i].body;
  }
  g->title = malloc(4ull * longest.title);
  g->body = malloc(4ull * longest.body);
  if (!g->title || !g->body) return bench_no_memory();
  if (language_start(&g->language, g->seed)) return 0;
  fprintf(stderr, PROGRAM ": there is no text to learn from\n");
  return CLI_ERROR;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static int fail_writing(void) {
  fprintf(stderr, PROGRAM ": cannot write: %s\n", strerror(errno));
  return CLI_ERROR;
}

/* Adds the line's bytes to *written. Returns an exit status. */
static int write_article(generator *g, uint64_t number, uint64_t *written) {
  lengths l = g->lengths[language_random(&g->language, g->count)];
  size_t title = language_write(&g->language, l.title, g->title);
  size_t body = language_write(&g->language, l.body, g->body);
  char id[64];
  snprintf(id, sizeof id, "generated/%llu/%llu", (unsigned long long)g->seed,
           (unsigned long long)number);
  json_t *article =
      json_pack("{s:s, s:s%, s:s%}", "id", id, "title", g->title, title, "body", g->body, body);
  char *line = article ? json_dumps(article, 0) : NULL;
  json_decref(article);
  if (!line) return bench_no_memory();
  *written += strlen(line) + 1;
  bool good = puts(line) != EOF;
  free(line);
  return good ? 0 : fail_writing();
}

static int write_all(generator *g) {
  uint64_t written = 0;
  for (uint64_t number = 1; written < g->size; number++) {
    int failed = write_article(g, number, &written);
    if (failed) return failed;
  }
  return fflush(stdout) ? fail_writing() : CLI_FOUND;
}

int bench_generate(int argc, char **argv) {
  generator g = {.seed = 1};
  if (cli_parse_options(PROGRAM, argc, argv, option_table, set_option, &g) < 0) return CLI_ERROR;
  if (!g.like_count || !g.size) return cli_usage_error(PROGRAM, "no --like or no --size given");
  int failed = learn(&g);
  if (!failed) failed = write_all(&g);
  language_free(&g.language);
  free(g.lengths);
  free(g.title);
  free(g.body);
  return failed;
}
