/*
 * bench_quality.c - how good the ranking is: questions whose answer stands in one known article.
 *
 * An evaluation set is a directory with topics.tsv (question id, tab, question) and qrels.txt (as
 * TREC has it: question id, 0, article id, relevance). Its docs.jsonl and the distractors are
 * indexed together, twice: as they are, for the default ranking, and with title and body as one
 * text, for the baseline, which is BM25 over pairs of characters and words in one field and nothing
 * else. Both get every question as free text.
 *
 * MRR@10 is the mean of 1 / rank of the first relevant article, 0 when it is not among ten;
 * success@1 the share of questions with a relevant article in front. Intervals are 95%, from 2,000
 * bootstrap samples of the questions of a set.
 */
#include "benchmarks/bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 10
#define SAMPLES 2000

enum { BASELINE, DEFAULT, SYSTEMS };

typedef struct question {
  char *id, *text;
  char **relevant; /* article ids, NULL behind the last */
  size_t relevant_count;
  double reciprocal[SYSTEMS];
} question;

typedef struct set {
  const char *directory;
  question *questions;
  size_t count;
} set;

typedef struct quality {
  const char *work;
  const char *const *sets, *const *distractors;
  size_t set_count, distractor_count;
  bool exhaustive;
  sy_index *indexes[SYSTEMS];
} quality;

/* ---- Indexes --------------------------------------------------------------------------------- */

static char *join(const char *directory, const char *name) {
  char *path = malloc(strlen(directory) + strlen(name) + 2);
  if (path) sprintf(path, "%s/%s", directory, name);
  return path;
}

/* The articles of all sets and the distractors, as they are. */
static sy_status make_index(const quality *q, const char *path, sy_error *error) {
  sy_writer *writer;
  sy_status status = sy_writer_open(path, NULL, &writer, error);
  if (status != SY_OK) return status;
  for (size_t i = 0; i < q->set_count && status == SY_OK; i++) {
    char *docs = join(q->sets[i], "docs.jsonl");
    const char *paths[] = {docs};
    status = docs ? sy_import(writer, paths, 1, NULL, NULL, error) : SY_NO_MEMORY;
    free(docs);
  }
  if (status == SY_OK && q->distractor_count)
    status = sy_import(writer, q->distractors, q->distractor_count, NULL, NULL, error);
  if (status == SY_OK) status = sy_writer_merge(writer, 1, error);
  sy_writer_close(writer);
  return status;
}

static sy_status add_joined(sy_writer *writer, const sy_article *article, sy_error *error) {
  size_t bytes = article->title.bytes + 2 + article->body.bytes;
  char *text = malloc(bytes), *end = text;
  if (!text) return SY_NO_MEMORY;
  end = mempcpy(end, article->title.data, article->title.bytes);
  end = mempcpy(end, "\n\n", 2); /* a break */
  memcpy(end, article->body.data, article->body.bytes);
  sy_article joined = {article->id, {"", 0}, {text, bytes}, {"", 0}};
  sy_status status = sy_writer_add(writer, &joined, error);
  free(text);
  return status;
}

/* The articles of `from`, with title and body as the body. */
static sy_status make_joined_index(sy_index *from, const char *path, sy_error *error) {
  sy_writer *writer;
  sy_index_stats stats;
  sy_status status = sy_writer_open(path, NULL, &writer, error);
  if (status != SY_OK) return status;
  status = sy_index_get_stats(from, &stats, error);
  for (uint64_t i = 0; status == SY_OK && i < stats.articles; i++) { /* one segment, none deleted */
    sy_article article;
    status = sy_index_article(from, i, &article, error);
    if (status == SY_OK) status = add_joined(writer, &article, error);
  }
  if (status == SY_OK) status = sy_writer_merge(writer, 1, error);
  sy_writer_close(writer);
  return status;
}

static int open_indexes(quality *q) {
  static const char *const names[SYSTEMS] = {"joined.idx", "quality.idx"};
  sy_error error = {0};
  for (int s = SYSTEMS; s-- > 0;) {
    char *path = join(q->work, names[s]);
    if (!path) return bench_no_memory();
    sy_status status = sy_index_open(path, &q->indexes[s], &error);
    if (status == SY_NOT_FOUND) {
      status = s == DEFAULT ? make_index(q, path, &error)
                            : make_joined_index(q->indexes[DEFAULT], path, &error);
      if (status == SY_OK) status = sy_index_open(path, &q->indexes[s], &error);
    }
    free(path);
    if (status == SY_NO_MEMORY) return bench_no_memory();
    if (status != SY_OK) return bench_fail(&error);
  }
  return 0;
}

/* ---- Questions ------------------------------------------------------------------------------- */

/* A file of the set; NULL, with the reason on stderr, when it cannot be read. */
static FILE *open_file(const set *s, const char *name) {
  char *path = join(s->directory, name);
  FILE *file = path ? fopen(path, "r") : NULL;
  if (!file) perror(path ? path : name);
  free(path);
  return file;
}

static int read_topics(set *s) {
  char *line = NULL;
  FILE *file = open_file(s, "topics.tsv");
  if (!file) return 2;
  size_t capacity = 0, room = 0;
  for (ssize_t bytes; (bytes = getline(&line, &capacity, file)) > 0;) {
    if (line[bytes - 1] == '\n') line[bytes - 1] = 0;
    char *tab = strchr(line, '\t');
    if (!tab) continue;
    if (s->count == room) {
      room = room ? 2 * room : 1024;
      question *grown = realloc(s->questions, room * sizeof *grown);
      if (!grown) return bench_no_memory();
      s->questions = grown;
    }
    *tab = 0;
    s->questions[s->count++] = (question){.id = strdup(line), .text = strdup(tab + 1)};
  }
  free(line);
  fclose(file);
  return 0;
}

/* Judgements come in the order of the questions, nearly always. */
static question *find_question(set *s, const char *id, size_t *at) {
  for (size_t i = 0; i < s->count; i++, ++*at) {
    question *q = &s->questions[*at % s->count];
    if (!strcmp(q->id, id)) return q;
  }
  return NULL;
}

static int read_judgements(set *s) {
  char *line = NULL;
  FILE *file = open_file(s, "qrels.txt");
  if (!file) return 2;
  size_t capacity = 0, at = 0;
  while (getline(&line, &capacity, file) > 0) {
    char *rest, *id = strtok_r(line, " \t\n", &rest);
    strtok_r(NULL, " \t\n", &rest);
    char *article = strtok_r(NULL, " \t\n", &rest), *grade = strtok_r(NULL, " \t\n", &rest);
    question *q = id && grade && strtol(grade, NULL, 10) > 0 ? find_question(s, id, &at) : NULL;
    if (!q) continue;
    char **grown = realloc(q->relevant, (q->relevant_count + 1) * sizeof *grown);
    if (!grown) return bench_no_memory();
    q->relevant = grown;
    q->relevant[q->relevant_count++] = strdup(article);
  }
  free(line);
  fclose(file);
  return 0;
}

static void free_set(set *s) {
  for (size_t i = 0; i < s->count; i++) {
    question *q = &s->questions[i];
    for (size_t k = 0; k < q->relevant_count; k++) free(q->relevant[k]);
    free(q->relevant);
    free(q->id);
    free(q->text);
  }
  free(s->questions);
}

/* ---- Running --------------------------------------------------------------------------------- */

static bool is_relevant(const question *q, sy_string id) {
  for (size_t i = 0; i < q->relevant_count; i++) {
    const char *r = q->relevant[i];
    if (strlen(r) == id.bytes && !memcmp(r, id.data, id.bytes)) return true;
  }
  return false;
}

static sy_status ask(const quality *q, question *question, int system, sy_error *error) {
  sy_query *query;
  sy_status status =
      bench_free_text(system == BASELINE ? "body:" : "", question->text, &query, error);
  if (status == SY_SYNTAX) return SY_OK; /* an empty question finds nothing */
  if (status != SY_OK) return status;
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.limit = DEPTH;
  options.exhaustive = q->exhaustive;
  options.ranking = system == BASELINE ? SY_RANKING_BM25 : SY_RANKING_DEFAULT;
  sy_results *results = NULL;
  status = sy_search(q->indexes[system], query, &options, &results, error);
  for (size_t i = 0; status == SY_OK && i < sy_results_count(results); i++) {
    sy_string id;
    status = sy_index_id(q->indexes[system], sy_results_hit(results, i)->article, &id, error);
    if (status == SY_OK && is_relevant(question, id)) {
      question->reciprocal[system] = 1 / (double)(i + 1);
      break;
    }
  }
  sy_results_free(results);
  sy_query_free(query);
  return status;
}

/* ---- Reporting ------------------------------------------------------------------------------- */

typedef struct figures {
  double mrr[SYSTEMS], success[SYSTEMS];
} figures;

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static figures measure(const set *s) {
  figures f = {0};
  for (size_t i = 0; i < s->count; i++) {
    for (int k = 0; k < SYSTEMS; k++) {
      f.mrr[k] += s->questions[i].reciprocal[k] / (double)s->count;
      f.success[k] += (s->questions[i].reciprocal[k] == 1) / (double)s->count;
    }
  }
  return f;
}

static double fewer_errors(double baseline, double ours) {
  return baseline < 1 ? 1 - (1 - ours) / (1 - baseline) : 0;
}

/* Sorted samples: of each system's MRR, and behind them of the share of errors saved. */
static void sample(const set *s, double *out) {
  uint64_t random = 88172645463325252ull;
  for (int n = 0; n < SAMPLES; n++) {
    double sum[SYSTEMS] = {0};
    for (size_t i = 0; i < s->count; i++) {
      random ^= random << 13, random ^= random >> 7, random ^= random << 17; /* xorshift */
      const question *q = &s->questions[random % s->count];
      for (int k = 0; k < SYSTEMS; k++) sum[k] += q->reciprocal[k] / (double)s->count;
    }
    for (int k = 0; k < SYSTEMS; k++) out[k * SAMPLES + n] = sum[k];
    out[SYSTEMS * SAMPLES + n] = fewer_errors(sum[BASELINE], sum[DEFAULT]);
  }
  for (int k = 0; k <= SYSTEMS; k++)
    qsort(out + k * SAMPLES, SAMPLES, sizeof *out, compare_doubles);
}

static int report(const set *s) {
  static const char *const names[SYSTEMS] = {"bigram BM25", "default"};
  double *samples = malloc((SYSTEMS + 1) * SAMPLES * sizeof *samples);
  if (!samples) return bench_no_memory();
  sample(s, samples);
  figures f = measure(s);
  const size_t low = SAMPLES / 40, high = SAMPLES - 1 - SAMPLES / 40;
  printf("%s: %zu questions\n", s->directory, s->count);
  for (int k = 0; k < SYSTEMS; k++) {
    const double *p = samples + k * SAMPLES;
    printf("  %-12s MRR@10 %.4f [%.4f, %.4f]  success@1 %.4f\n", names[k], f.mrr[k], p[low],
           p[high], f.success[k]);
  }
  const double *p = samples + SYSTEMS * SAMPLES;
  printf("  fewer errors (1 - MRR): %.1f%% [%.1f%%, %.1f%%]\n",
         100 * fewer_errors(f.mrr[BASELINE], f.mrr[DEFAULT]), 100 * p[low], 100 * p[high]);
  free(samples);
  return 0;
}

static int run_set(const quality *q, const char *directory) {
  set s = {.directory = directory};
  sy_error error = {0};
  int failed = read_topics(&s);
  if (!failed) failed = read_judgements(&s);
  for (size_t i = 0; !failed && i < s.count; i++) {
    for (int k = 0; k < SYSTEMS && !failed; k++) {
      if (ask(q, &s.questions[i], k, &error) != SY_OK) failed = bench_fail(&error);
    }
  }
  if (!failed && s.count) failed = report(&s);
  free_set(&s);
  return failed;
}

static int parse_options(quality *q, int argc, char **argv) {
  static const struct option options[] = {{"work", required_argument, NULL, 'w'},
                                          {"exhaustive", no_argument, NULL, 'x'},
                                          {NULL, 0, NULL, 0}};
  for (int option; (option = getopt_long(argc, argv, "+w:", options, NULL)) != -1;) {
    switch (option) {
      case 'w': q->work = optarg; break;
      case 'x': q->exhaustive = true; break;
      default: return 2;
    }
  }
  q->sets = (const char *const *)argv + optind;
  while (optind < argc && strcmp(argv[optind], "--") != 0) optind++, q->set_count++;
  if (optind < argc) optind++;
  q->distractors = (const char *const *)argv + optind;
  q->distractor_count = (size_t)(argc - optind);
  return q->work && q->set_count ? 0 : 2;
}

int bench_quality(int argc, char **argv) {
  quality q = {0};
  if (parse_options(&q, argc, argv)) {
    fputs("suoyin-bench quality: needs --work DIRECTORY and at least one evaluation set\n", stderr);
    return 2;
  }
  int failed = open_indexes(&q);
  for (size_t i = 0; i < q.set_count && !failed; i++) failed = run_set(&q, q.sets[i]);
  for (int s = 0; s < SYSTEMS; s++) sy_index_close(q.indexes[s]);
  return failed;
}
