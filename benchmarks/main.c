/* main.c - suoyin-bench: measures what Suoyin promises. Each subcommand has its file. */
#include "benchmarks/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int bench_fail(const sy_error *error) {
  char text[1200];
  fprintf(stderr, "suoyin-bench: %s\n", sy_error_format(error, text, sizeof text));
  return 2;
}

int bench_no_memory(void) {
  fprintf(stderr, "suoyin-bench: no memory\n");
  return 2;
}

/* Marks beyond ASCII that the query language reads; each has three bytes. */
static bool is_mark(const char *p) {
  static const char marks[] = "“”「」『』＂（）｜＋－＊：＝";
  for (const char *m = marks; *m; m += 3) {
    if (!strncmp(p, m, 3)) return true;
  }
  return false;
}

sy_status bench_free_text(const char *field, const char *text, sy_query **out, sy_error *error) {
  char *query = malloc(strlen(field) + 2 * strlen(text) + 1), *end;
  if (!query) return SY_NO_MEMORY;
  end = stpcpy(query, field);
  for (const char *p = text; *p; p++) {
    bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z');
    if (is_mark(p)) {
      *end++ = ','; /* all punctuation is the same */
      p += 2;
    } else if (!strncmp(p, "\u3000", 3)) {
      end = stpcpy(end, "\\ ");
      p += 2;
    } else {
      if (!plain && !(*p & 0x80)) *end++ = '\\';
      *end++ = *p;
    }
  }
  sy_status status = sy_query_parse((sy_string){query, (size_t)(end - query)},
                                    SY_QUERY_ANY | SY_QUERY_LITERAL_DATES, out, error);
  free(query);
  return status;
}

static const struct command {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *usage;
} commands[] = {
    {"text", bench_text, "CORPUS.jsonl..."},
    {"index", bench_index,
     "--corpus FILE [--corpus FILE]... [--threads N] [--memory MIB]\n"
     "                          [--level N] [--repeat N] [--keep DIR] [--json]"},
    {"query", bench_query,
     "-i INDEX --queries FILE [--mode top10|count|snippet] [--json]\n"
     "                          [--exhaustive] [--counts FILE] [--threads N] [--repeat N]"},
    {"commits", bench_commits, "--corpus FILE -i DIR [--commits N] [--most N] [--json]"},
    {"generate", bench_generate, "--like FILE [--like FILE]... --size SIZE [--seed N]"},
    {"quality", bench_quality, "--work DIRECTORY [--exhaustive] SET... [-- DISTRACTORS...]"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *to) {
  for (size_t i = 0; i < COMMANDS; i++) {
    const struct command *c = &commands[i];
    fprintf(to, "%s suoyin-bench %s %s\n", i ? "      " : "Usage:", c->name, c->usage);
  }
}

static bool is_help(const char *argument) {
  return !strcmp(argument, "--help") || !strcmp(argument, "-h");
}

int main(int argc, char **argv) {
  if (argc > 1 && (is_help(argv[1]) || (argc == 3 && is_help(argv[2])))) {
    print_usage(stdout);
    printf(
        "Measures indexing and search: what each prints is told in docs/benchmarks.md.\n"
        "Exit status: 0 done, 2 error.\n");
    return 0;
  }
  for (size_t i = 0; argc > 1 && i < COMMANDS; i++) {
    if (!strcmp(argv[1], commands[i].name)) return commands[i].run(argc - 1, argv + 1);
  }
  print_usage(stderr);
  return 2;
}
