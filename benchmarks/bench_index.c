/*
 * bench_index.c - `suoyin-bench index`: how fast a corpus becomes an index, in how much memory, how
 * large.
 *
 * Each run is a process of its own that makes an index in a directory of its own: so memory is that
 * of one run, and what the system wrote is known. The index is durable when a run's time ends.
 */
#include "benchmarks/bench.h"
#include "tools/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "suoyin-bench"
#define RUNS_MAX 99

enum { MEMORY_OPTION = 256, LEVEL_OPTION, REPEAT_OPTION, KEEP_OPTION };

static const cli_option option_table[] = {
    {'c', "corpus", "FILE", "what is indexed; given several times, all of them"},
    {'t', "threads", "N", "1 to 16 (default: 2)"},
    {MEMORY_OPTION, "memory", "MIB", "working memory in MiB (default: 512)"},
    {LEVEL_OPTION, "level", "N", "zstd level of stored text (default: 2)"},
    {REPEAT_OPTION, "repeat", "N", "runs, of which the medians are printed (default: 3)"},
    {KEEP_OPTION, "keep", "DIR", "leave the last run's index there"},
    {'j', "json", NULL, "print one line of JSON"},
    {0},
};

typedef struct settings {
  const char *corpus[64];
  size_t corpus_count;
  sy_writer_options writer;
  uint64_t repeat;
  const char *keep;
  bool json;
} settings;

/* What a run tells. */
typedef struct run {
  double seconds;
  uint64_t bytes, articles; /* read */
  uint64_t written;         /* bytes handed to the system */
  uint64_t memory;          /* largest resident set, bytes */
  sy_writer_timings timings;
  sy_index_stats stats;
} run;

static bool set_option(void *context, int code, const char *value) {
  settings *s = context;
  uint64_t number;
  switch (code) {
    case 'c':
      if (s->corpus_count == sizeof s->corpus / sizeof *s->corpus) return false;
      s->corpus[s->corpus_count++] = value;
      return true;
    case 't':
      if (!cli_parse_number(value, 1, 16, &number)) return false;
      s->writer.threads = (uint32_t)number;
      return true;
    case MEMORY_OPTION:
      if (!cli_parse_number(value, 32, 1 << 20, &number)) return false;
      s->writer.memory_bytes = number << 20;
      return true;
    case LEVEL_OPTION:
      if (!cli_parse_number(value, 1, 19, &number)) return false;
      s->writer.compression_level = (int)number;
      return true;
    case REPEAT_OPTION: return cli_parse_number(value, 1, RUNS_MAX, &s->repeat);
    case KEEP_OPTION: s->keep = value; return true;
    default: s->json = true; return true;
  }
}

/* ---- One run, in a child --------------------------------------------------------------------- */

/* Not `write_bytes`: Linux counts the whole folio that a page is in, up to 2 MB, when a page of a
 * file that is in its cache is written again; it told four times what went to the device. */
static uint64_t bytes_written(void) {
  static const char name[] = "wchar: ";
  uint64_t bytes = 0;
  char line[200];
  FILE *io = fopen("/proc/self/io", "r");
  while (io && fgets(line, sizeof line, io)) {
    if (!strncmp(line, name, sizeof name - 1)) bytes = strtoull(line + sizeof name - 1, NULL, 10);
  }
  if (io) fclose(io);
  return bytes;
}

static sy_status index_all(const settings *s, const char *path, run *r, sy_error *error) {
  sy_writer *writer;
  sy_import_options import = SY_IMPORT_OPTIONS_DEFAULT;
  sy_import_progress progress = {0};
  double started = bench_seconds();
  CLI_TRY(sy_writer_open(path, &s->writer, &writer, error));
  sy_status status = sy_import(writer, s->corpus, s->corpus_count, &import, &progress, error);
  if (status == SY_OK) status = sy_writer_commit(writer, error);
  r->seconds = bench_seconds() - started;
  sy_writer_get_timings(writer, &r->timings);
  sy_writer_close(writer);
  r->bytes = progress.bytes;
  r->articles = progress.articles;
  r->written = bytes_written();
  return status;
}

static sy_status measure(const settings *s, const char *path, run *r, sy_error *error) {
  CLI_TRY(index_all(s, path, r, error));
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  r->memory = (uint64_t)usage.ru_maxrss << 10;
  sy_index *index;
  CLI_TRY(sy_index_open(path, &index, error));
  sy_status status = sy_index_get_stats(index, &r->stats, error);
  sy_index_close(index);
  return status;
}

/* The child prints its error itself. */
static bool run_child(const settings *s, const char *path, run *r) {
  int ends[2], status = -1;
  if (pipe(ends)) return false;
  pid_t child = fork();
  if (child == 0) {
    sy_error error;
    bool good = measure(s, path, r, &error) == SY_OK;
    if (!good) bench_fail(&error);
    good = good && write(ends[1], r, sizeof *r) == (ssize_t)sizeof *r;
    _exit(good ? 0 : 2);
  }
  close(ends[1]);
  bool good = child > 0 && read(ends[0], r, sizeof *r) == (ssize_t)sizeof *r;
  close(ends[0]);
  if (child > 0) waitpid(child, &status, 0);
  return good && status == 0;
}

/* ---- Directories ----------------------------------------------------------------------------- */

static void remove_index(const char *path) {
  char file[4200];
  static const char *const names[] = {"data.mdb", "lock.mdb", "writer.lock"};
  for (int i = 0; i < 3; i++) {
    snprintf(file, sizeof file, "%s/%s", path, names[i]);
    unlink(file);
  }
  rmdir(path);
}

/* ---- Printing -------------------------------------------------------------------------------- */

static int compare_runs(const void *a, const void *b) {
  double x = ((const run *)a)->seconds, y = ((const run *)b)->seconds;
  return (x > y) - (x < y);
}

typedef struct figure {
  const char *name;
  double value;
  const char *unit;
} figure;

enum { FIGURES = 27 };

static void list_figures(const run *r, figure figures[FIGURES]) {
  const sy_index_stats *s = &r->stats;
  const sy_writer_timings *t = &r->timings;
  double bytes = (double)r->bytes, index = (double)s->bytes_file - (double)s->bytes_free;
  double inverted = (double)(s->bytes_lexicon + s->bytes_postings + s->bytes_positions);
  const figure all[FIGURES] = {
      {"speed", bytes / 1e6 / r->seconds, "MB/s of input"},
      {"articles_per_second", (double)r->articles / r->seconds, "articles/s"},
      {"seconds", r->seconds, "s"},
      {"memory", (double)r->memory / 1048576, "MiB resident at most"},
      {"written", (double)r->written / 1e6, "MB handed to the system"},
      {"write_amplification", (double)r->written / index, "times the index"},
      {"input", bytes / 1e6, "MB"},
      {"index", index / 1e6, "MB"},
      {"index_share", index / bytes, "of the input"},
      {"file_share", (double)s->bytes_file / bytes, "of the input: the file at its largest"},
      {"inverted_share", inverted / bytes, "of the input: lexicon, postings, positions"},
      {"lexicon", (double)s->bytes_lexicon / 1e6, "MB"},
      {"postings", (double)s->bytes_postings / 1e6, "MB"},
      {"positions", (double)s->bytes_positions / 1e6, "MB"},
      {"ids", (double)s->bytes_ids / 1e6, "MB"},
      {"articles", (double)s->bytes_articles / 1e6, "MB"},
      {"per_posting", (double)s->bytes_postings / (double)s->postings, "bytes"},
      {"per_position", (double)s->bytes_positions / (double)s->positions, "bytes"},
      {"segments", (double)s->segments, ""},
      {"read_seconds", r->seconds - t->calls, "s, one thread"},
      {"analyse_seconds", t->analyse, "s, all threads"},
      {"partition_seconds", t->partition, "s, all threads"},
      {"compress_seconds", t->compress, "s, all threads"},
      {"sort_seconds", t->sort, "s, all threads"},
      {"code_seconds", t->code, "s, all threads"},
      {"merge_seconds", t->merge, "s, all threads"},
      {"write_seconds", t->write, "s, one thread"},
  };
  memcpy(figures, all, sizeof all);
}

static void print_figures(const run *r, bool json) {
  figure figures[FIGURES];
  list_figures(r, figures);
  if (json) putchar('{');
  for (int i = 0; i < FIGURES; i++) {
    if (json) {
      printf("%s\"%s\": %.4f", i ? ", " : "", figures[i].name, figures[i].value);
    } else {
      printf("%-20s %12.3f  %s\n", figures[i].name, figures[i].value, figures[i].unit);
    }
  }
  if (json) puts("}");
}

/* ---- The subcommand -------------------------------------------------------------------------- */

static int run_all(const settings *s) {
  static run runs[RUNS_MAX];
  char made[] = "suoyin-bench-XXXXXX";
  if (!s->keep && !mkdtemp(made)) {
    fprintf(stderr, PROGRAM ": cannot make a directory: %s\n", strerror(errno));
    return CLI_ERROR;
  }
  const char *path = s->keep ? s->keep : made;
  bool good = true;
  for (uint64_t i = 0; i < s->repeat && good; i++) {
    remove_index(path);
    good = run_child(s, path, &runs[i]);
  }
  if (!s->keep) remove_index(path);
  if (!good) return CLI_ERROR;
  qsort(runs, s->repeat, sizeof *runs, compare_runs);
  print_figures(&runs[s->repeat / 2], s->json);
  return CLI_FOUND;
}

int bench_index(int argc, char **argv) {
  settings s = {.writer = SY_WRITER_OPTIONS_DEFAULT, .repeat = 3};
  s.writer.timings = true;
  if (cli_parse_options(PROGRAM, argc, argv, option_table, set_option, &s) < 0) return CLI_ERROR;
  if (!s.corpus_count) return cli_usage_error(PROGRAM, "no --corpus given");
  return run_all(&s);
}
