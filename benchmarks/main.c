/* main.c - suoyin-bench: measures what Suoyin promises. Each subcommand has its file. */
#include "benchmarks/bench.h"

#include <stdio.h>
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

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "query")) return bench_query(argc - 1, argv + 1);
  if (argc > 1 && !strcmp(argv[1], "text")) return bench_text(argc - 1, argv + 1);
  fputs(
      "usage: suoyin-bench text CORPUS.jsonl...\n"
      "       suoyin-bench query -i INDEX --queries FILE [--mode top10|count|snippet] [--json]\n"
      "                          [--exhaustive] [--counts FILE]\n",
      stderr);
  return 2;
}
