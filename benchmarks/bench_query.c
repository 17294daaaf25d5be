/*
 * bench_query.c - search times by query class, inside one warm process.
 *
 * The query file has CLASS, KIND and TEXT separated by tabs. KIND is phrase (the contiguous
 * string), and, or, not (TEXT is phrases separated by a blank; not is the first without the second)
 * or bag (OR of the text's terms). The field body is searched. One pass is not timed, then each
 * query's time is the least of three, or of --repeat N. The digest is over all results, so that two
 * builds can be compared.
 *
 * With --threads N a query is searched by at most N threads. The throughput is that of as many
 * threads, each with an index of its own and one query at a time, over all queries of the file.
 */
#include "benchmarks/bench.h"

#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES 3u
#define MOST_THREADS 16
#define THROUGHPUT_PASSES 4 /* over the file, all threads together */

typedef enum mode { MODE_TOP10, MODE_COUNT, MODE_SNIPPET } mode;

typedef struct item {
  char *class_name, *kind, *text;
  sy_query *query;
  double least; /* seconds */
  uint64_t count;
} item;

typedef struct bench {
  const char *index_path, *queries_path, *counts_path;
  mode mode;
  bool json, exhaustive;
  uint32_t threads, passes;
  double queries_per_second;
  sy_index *index;
  item *items;
  size_t count;
  uint64_t digest;
} bench;

/* ---- Queries --------------------------------------------------------------------------------- */

/* Appends body:"phrase" to `out`. */
static char *append_phrase(char *out, const char *phrase, size_t bytes) {
  out = stpcpy(out, "body:\"");
  for (size_t i = 0; i < bytes; i++) {
    if (phrase[i] == '"' || phrase[i] == '\\') *out++ = '\\';
    *out++ = phrase[i];
  }
  return stpcpy(out, "\"");
}

/* and, or, not: the parts of TEXT as quoted phrases with the operator between. */
static sy_status parse_boolean(const item *it, sy_query **out, sy_error *error) {
  const char *operator= !strcmp(it->kind, "and") ? " AND "
  : !strcmp(it->kind, "or")                      ? " OR "
                                                 : " NOT ";
  char *text = malloc(2 * strlen(it->text) + 16 * (strlen(it->text) + 1)), *end = text;
  if (!text) return SY_NO_MEMORY;
  for (const char *part = it->text; part;) {
    const char *blank = strchr(part, ' ');
    if (part != it->text) end = stpcpy(end, operator);
    end = append_phrase(end, part, blank ? (size_t)(blank - part) : strlen(part));
    part = blank ? blank + 1 : NULL;
  }
  sy_status status =
      sy_query_parse((sy_string){text, (size_t)(end - text)}, SY_QUERY_LITERAL_DATES, out, error);
  free(text);
  return status;
}

static sy_status parse_item(item *it, sy_error *error) {
  sy_string text = {it->text, strlen(it->text)};
  if (!strcmp(it->kind, "phrase")) return sy_query_phrase(text, false, &it->query, error);
  if (!strcmp(it->kind, "bag")) return bench_free_text("body:", it->text, &it->query, error);
  return parse_boolean(it, &it->query, error);
}

static int read_queries(bench *b) {
  sy_error error = {0};
  FILE *file = fopen(b->queries_path, "r");
  if (!file) {
    perror(b->queries_path);
    return 2;
  }
  char *line = NULL;
  size_t capacity = 0, items = 0;
  ssize_t bytes;
  while ((bytes = getline(&line, &capacity, file)) > 0) {
    if (line[bytes - 1] == '\n') line[bytes - 1] = 0;
    char *kind = strchr(line, '\t'), *text = kind ? strchr(kind + 1, '\t') : NULL;
    if (!text) {
      fprintf(stderr, "%s:%zu: expected CLASS<TAB>KIND<TAB>TEXT\n", b->queries_path, b->count + 1);
      return 2;
    }
    if (b->count == items) {
      items = items ? 2 * items : 1024;
      item *grown = realloc(b->items, items * sizeof *grown);
      if (!grown) return bench_no_memory();
      b->items = grown;
    }
    *kind++ = *text++ = 0;
    item *it = &b->items[b->count++];
    *it = (item){strdup(line), strdup(kind), strdup(text), NULL, 1e9, 0};
    if (!it->class_name || !it->kind || !it->text) return bench_no_memory();
    if (parse_item(it, &error) != SY_OK) return bench_fail(&error);
  }
  free(line);
  fclose(file);
  return 0;
}

/* ---- Running --------------------------------------------------------------------------------- */

static void digest_add(bench *b, uint64_t value) {
  b->digest = (b->digest ^ value) * 0x100000001b3ull;
}

/* Runs a query as the mode says. With `digest`, a bench of which nobody else has hold, results are
 * added to its digest. */
static sy_status run_once(const bench *b, sy_index *index, const sy_query *query, uint32_t threads,
                          bench *digest, uint64_t *count, sy_error *error) {
  if (b->mode == MODE_COUNT) {
    sy_status status = sy_count(index, query, count, error);
    if (digest) digest_add(digest, *count);
    return status;
  }
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.exhaustive = b->exhaustive;
  options.threads = threads;
  sy_results *results;
  sy_status status = sy_search(index, query, &options, &results, error);
  if (status != SY_OK) return status;
  *count = sy_results_count(results);
  for (size_t i = 0; i < *count && status == SY_OK; i++) {
    const sy_hit *hit = sy_results_hit(results, i);
    uint32_t score;
    memcpy(&score, &hit->score, sizeof score);
    if (digest) digest_add(digest, hit->article << 32 ^ score);
    sy_snippet snippet;
    if (b->mode == MODE_SNIPPET)
      status = sy_snippet_make(index, query, hit->article, NULL, &snippet, error);
  }
  sy_results_free(results);
  return status;
}

static int run_all(bench *b) {
  sy_error error = {0};
  for (uint32_t pass = 0; pass <= b->passes; pass++) {
    for (size_t i = 0; i < b->count; i++) {
      double start = bench_seconds();
      if (run_once(b, b->index, b->items[i].query, b->threads, pass ? NULL : b, &b->items[i].count,
                   &error) != SY_OK)
        return bench_fail(&error);
      double seconds = bench_seconds() - start;
      if (pass && seconds < b->items[i].least) b->items[i].least = seconds;
    }
  }
  return 0;
}

/* ---- Throughput ------------------------------------------------------------------------------ */

typedef struct crew {
  const bench *bench;
  atomic_size_t next; /* number of the query that nobody has taken, over all passes */
  atomic_bool failed;
  pthread_barrier_t start;
} crew;

static void *work(void *argument) {
  crew *c = argument;
  const bench *b = c->bench;
  sy_index *index = NULL;
  sy_error error = {0};
  uint64_t count;
  bool failed = sy_index_open(b->index_path, &index, &error) != SY_OK;
  pthread_barrier_wait(&c->start);
  for (size_t i; !failed && (i = atomic_fetch_add(&c->next, 1)) < THROUGHPUT_PASSES * b->count;)
    failed = run_once(b, index, b->items[i % b->count].query, 1, NULL, &count, &error) != SY_OK;
  if (failed) bench_fail(&error);
  if (failed) atomic_store(&c->failed, true);
  sy_index_close(index);
  return NULL;
}

static int measure_throughput(bench *b) {
  pthread_t threads[MOST_THREADS];
  crew c = {.bench = b};
  pthread_barrier_init(&c.start, NULL, b->threads + 1);
  for (uint32_t i = 0; i < b->threads; i++) {
    if (pthread_create(&threads[i], NULL, work, &c)) return bench_no_memory();
  }
  pthread_barrier_wait(&c.start);
  double start = bench_seconds();
  for (uint32_t i = 0; i < b->threads; i++) pthread_join(threads[i], NULL);
  double seconds = bench_seconds() - start;
  pthread_barrier_destroy(&c.start);
  b->queries_per_second = (double)(THROUGHPUT_PASSES * b->count) / seconds;
  return atomic_load(&c.failed) ? 2 : 0;
}

/* ---- Reporting ------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* One line for the queries of a class, or for `all` but the one-character ones. */
static void report(const bench *b, const char *class_name, bool all) {
  double *us = malloc((b->count + 1) * sizeof *us), sum = 0;
  size_t n = 0;
  if (!us) return;
  for (size_t i = 0; i < b->count; i++) {
    const char *name = b->items[i].class_name;
    bool wanted = all ? strcmp(name, "han1") != 0 : !strcmp(name, class_name);
    if (!wanted) continue;
    us[n++] = b->items[i].least * 1e6;
    sum += us[n - 1];
  }
  if (!n) {
    free(us);
    return;
  }
  qsort(us, n, sizeof *us, compare_doubles);
  double p50 = us[n / 2], p95 = us[n * 95 / 100], p99 = us[n * 99 / 100], max = us[n - 1];
  const char *format = b->json
                           ? "{\"class\":\"%s\",\"n\":%zu,\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,"
                             "\"max\":%.1f,\"mean\":%.1f}\n"
                           : "%-14s %6zu %9.1f %9.1f %9.1f %9.1f %9.1f\n";
  printf(format, class_name, n, p50, p95, p99, max, sum / (double)n);
  free(us);
}

static bool is_new_class(const bench *b, size_t i) {
  for (size_t k = 0; k < i; k++) {
    if (!strcmp(b->items[k].class_name, b->items[i].class_name)) return false;
  }
  return true;
}

static void report_all(const bench *b) {
  if (!b->json)
    printf("%-14s %6s %9s %9s %9s %9s %9s  us\n", "class", "n", "p50", "p95", "p99", "max", "mean");
  for (size_t i = 0; i < b->count; i++) {
    if (is_new_class(b, i)) report(b, b->items[i].class_name, false);
  }
  report(b, "all but han1", true);
  printf(b->json ? "{\"threads\":%u,\"queries_per_second\":%.0f}\n"
                 : "throughput of %u threads: %.0f queries/s\n",
         (unsigned)b->threads, b->queries_per_second);
  printf(b->json ? "{\"digest\":\"%016llx\"}\n" : "digest %016llx\n",
         (unsigned long long)b->digest);
}

static int write_counts(const bench *b) {
  FILE *file = fopen(b->counts_path, "w");
  if (!file) {
    perror(b->counts_path);
    return 2;
  }
  for (size_t i = 0; i < b->count; i++) {
    fprintf(file, "%s\t%s\t%llu\n", b->items[i].text, b->items[i].kind,
            (unsigned long long)b->items[i].count);
  }
  return fclose(file) ? 2 : 0;
}

static int parse_options(bench *b, int argc, char **argv) {
  static const struct option options[] = {{"index", required_argument, NULL, 'i'},
                                          {"queries", required_argument, NULL, 'q'},
                                          {"mode", required_argument, NULL, 'm'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"counts", required_argument, NULL, 'c'},
                                          {"threads", required_argument, NULL, 't'},
                                          {"exhaustive", no_argument, NULL, 'x'},
                                          {"repeat", required_argument, NULL, 'r'},
                                          {NULL, 0, NULL, 0}};
  static const char *const modes[] = {"top10", "count", "snippet"};
  for (int option; (option = getopt_long(argc, argv, "i:q:m:", options, NULL)) != -1;) {
    int m = 0;
    switch (option) {
      case 'i': b->index_path = optarg; break;
      case 'q': b->queries_path = optarg; break;
      case 'c': b->counts_path = optarg; break;
      case 'j': b->json = true; break;
      case 't':
        b->threads = (uint32_t)strtoul(optarg, NULL, 10);
        if (b->threads < 1 || b->threads > MOST_THREADS) return 2;
        break;
      case 'r':
        b->passes = (uint32_t)strtoul(optarg, NULL, 10);
        if (b->passes < 1) return 2;
        break;
      case 'x': b->exhaustive = true; break;
      case 'm':
        while (m < 3 && strcmp(optarg, modes[m])) m++;
        if (m == 3) return 2;
        b->mode = (mode)m;
        break;
      default: return 2;
    }
  }
  return b->index_path && b->queries_path ? 0 : 2;
}

int bench_query(int argc, char **argv) {
  bench b = {.threads = 1, .passes = PASSES};
  sy_error error = {0};
  if (parse_options(&b, argc, argv)) {
    fputs(
        "suoyin-bench query: needs -i INDEX and --queries FILE; --mode is top10, count or "
        "snippet; --threads 1 to 16; --repeat N, --json, --counts FILE, --exhaustive\n",
        stderr);
    return 2;
  }
  if (sy_index_open(b.index_path, &b.index, &error) != SY_OK) return bench_fail(&error);
  int failed = read_queries(&b);
  if (!failed) failed = run_all(&b);
  if (!failed) failed = measure_throughput(&b);
  if (!failed) report_all(&b);
  if (!failed && b.counts_path) failed = write_counts(&b);
  for (size_t i = 0; i < b.count; i++) {
    sy_query_free(b.items[i].query);
    free(b.items[i].class_name);
    free(b.items[i].kind);
    free(b.items[i].text);
  }
  free(b.items);
  sy_index_close(b.index);
  return failed;
}
