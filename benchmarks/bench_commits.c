/*
 * bench_commits.c - `suoyin-bench commits`: many small commits, each by a writer that is opened for
 * it, as from the shell; how long they take, those that merge among them, and how many segments are
 * left.
 */
#include "benchmarks/bench.h"
#include "benchmarks/corpus.h"
#include "tools/cli.h"

#include <stdio.h>
#include <stdlib.h>

#define PROGRAM "suoyin-bench"

enum { MOST_OPTION = 256 };

static const cli_option option_table[] = {
    {'c', "corpus", "FILE", "JSON lines; so many are taken from the first on"},
    {'i', "index", "DIR", "where the index is made"},
    {'n', "commits", "N", "how many (default: 1000)"},
    {MOST_OPTION, "most", "N", "articles of a commit, from 1 up (default: 100)"},
    {'j', "json", NULL, "print one line of JSON"},
    {0},
};

typedef struct commits {
  const char *corpus, *index;
  uint64_t count, most;
  bool json;
  double *seconds;        /* of each commit */
  uint64_t done, waiting; /* commits; articles still to be added to the next */
  uint64_t articles;
  sy_writer *writer;
  double started; /* the commit under way */
} commits;

static bool set_option(void *context, int code, const char *value) {
  commits *c = context;
  switch (code) {
    case 'c': c->corpus = value; return true;
    case 'i': c->index = value; return true;
    case 'n': return cli_parse_number(value, 1, 1u << 24, &c->count);
    case MOST_OPTION: return cli_parse_number(value, 1, 1u << 20, &c->most);
    default: c->json = true; return true;
  }
}

/* ---- Committing ------------------------------------------------------------------------------ */

static sy_string member(const json_t *article, const char *name) {
  const json_t *text = json_object_get(article, name);
  return text ? (sy_string){json_string_value(text), json_string_length(text)}
              : (sy_string){NULL, 0};
}

static sy_status begin(commits *c, sy_error *error) {
  c->waiting = 1 + c->done * 7919 % c->most; /* all sizes in no order */
  c->started = bench_seconds();
  return sy_writer_open(c->index, NULL, &c->writer, error);
}

static sy_status end(commits *c, sy_error *error) {
  sy_status status = sy_writer_commit(c->writer, error);
  sy_writer_close(c->writer);
  c->writer = NULL;
  c->seconds[c->done++] = bench_seconds() - c->started;
  return status;
}

static sy_status add(commits *c, const json_t *article, sy_error *error) {
  if (!c->writer) CLI_TRY(begin(c, error));
  sy_article a = {member(article, "id"), member(article, "title"), member(article, "body"), {0}};
  CLI_TRY(sy_writer_add(c->writer, &a, error));
  c->articles++;
  return --c->waiting ? SY_OK : end(c, error);
}

/* A bench_visitor. */
static int take_article(void *context, const json_t *article, size_t line) {
  commits *c = context;
  sy_error error;
  (void)line;
  if (c->done == c->count) return 0;
  return add(c, article, &error) == SY_OK ? 0 : bench_fail(&error);
}

/* ---- Telling --------------------------------------------------------------------------------- */

static int compare_seconds(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Milliseconds at percentiles of the sorted commits from `begin` to before `end`. */
static void print_part(const commits *c, const char *name, double *seconds, uint64_t count) {
  static const int percents[] = {50, 90, 99, 100};
  double sum = 0;
  qsort(seconds, count, sizeof *seconds, compare_seconds);
  for (uint64_t i = 0; i < count; i++) sum += seconds[i];
  printf(c->json ? "\"%s\": {\"mean\": %.3f" : "%-12s mean %9.3f ms", name,
         1e3 * sum / (double)count);
  for (int p = 0; p < 4; p++) {
    uint64_t at = count * (uint64_t)percents[p] / 100;
    printf(c->json ? ", \"p%d\": %.3f" : "  p%d %9.3f", percents[p],
           1e3 * seconds[at < count ? at : count - 1]);
  }
  fputs(c->json ? "}, " : "\n", stdout);
}

static int print_all(const commits *c) {
  sy_index *index;
  sy_index_stats stats;
  sy_error error;
  if (sy_index_open(c->index, &index, &error) != SY_OK) return bench_fail(&error);
  sy_status status = sy_index_get_stats(index, &stats, &error);
  sy_index_close(index);
  if (status != SY_OK) return bench_fail(&error);
  uint64_t half = c->done / 2;
  if (c->json) putchar('{');
  if (half) print_part(c, "first_half", c->seconds, half);
  print_part(c, "second_half", c->seconds + half, c->done - half);
  printf(c->json ? "\"commits\": %llu, \"articles\": %llu, \"segments\": %llu}\n"
                 : "%llu commits, %llu articles, %llu segments\n",
         (unsigned long long)c->done, (unsigned long long)c->articles,
         (unsigned long long)stats.segments);
  return CLI_FOUND;
}

int bench_commits(int argc, char **argv) {
  commits c = {.count = 1000, .most = 100};
  if (cli_parse_options(PROGRAM, argc, argv, option_table, set_option, &c) < 0) return CLI_ERROR;
  if (!c.corpus || !c.index) return cli_usage_error(PROGRAM, "no --corpus or no --index given");
  c.seconds = calloc(c.count, sizeof *c.seconds);
  if (!c.seconds) return bench_no_memory();
  int failed = bench_read_corpus(c.corpus, 1, take_article, &c);
  sy_error error;
  if (!failed && c.writer && end(&c, &error) != SY_OK) failed = bench_fail(&error);
  if (!failed && !c.done) failed = cli_usage_error(PROGRAM, "%s is empty", c.corpus);
  sy_writer_close(c.writer);
  if (!failed) failed = print_all(&c);
  free(c.seconds);
  return failed;
}
