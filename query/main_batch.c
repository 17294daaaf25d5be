/*
 * main_batch.c - a file of queries, one a line: "qid<TAB>query", or the query alone, whose qid is
 * then the number of the line. Blank lines are passed over. A bad query is reported and the others
 * still run.
 */
#include "query/main_query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef struct batch {
  const session *run;
  const char *name; /* of the file, for messages */
  uint64_t line, queries;
  bool failed;
  outcome all;
} batch;

static void report(batch *b, sy_error *error) {
  b->failed = true;
  uint32_t column = error->status == SY_SYNTAX ? error->column : 0;
  if (!error->reason[0])
    snprintf(error->reason, sizeof error->reason, "%s", sy_status_string(error->status));
  char text[sizeof error->reason + 64];
  snprintf(text, sizeof text, "%s", error->reason);
  if (column) snprintf(text, sizeof text, "%s (column %u)", error->reason, (unsigned)column);
  fflush(stdout); /* so that messages and results stand in the order of the lines */
  cli_put_clean(stderr, (sy_string){b->name, strlen(b->name)}, CLI_LINE);
  if (b->line) fprintf(stderr, ":%llu", (unsigned long long)b->line);
  fputs(": ", stderr);
  cli_put_clean(stderr, (sy_string){text, strlen(text)}, CLI_LINE);
  fputc('\n', stderr);
}

static bool is_blank_line(const char *line, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    if (line[i] != ' ' && line[i] != '\t') return false;
  }
  return true;
}

/* Runs one line; `line` is terminated and can be changed. False: the run must end here. */
static bool run_line(batch *b, char *line, size_t bytes) {
  while (bytes && (line[bytes - 1] == '\n' || line[bytes - 1] == '\r')) line[--bytes] = 0;
  if (is_blank_line(line, bytes)) return true;
  char number[24];
  snprintf(number, sizeof number, "%llu", (unsigned long long)b->line);
  const char *qid = number;
  sy_string query = {line, bytes};
  char *tab = memchr(line, '\t', bytes);
  if (tab && tab > line) {
    *tab = 0;
    qid = line;
    query = (sy_string){tab + 1, bytes - (size_t)(tab + 1 - line)};
  }
  sy_error error = {0};
  outcome out;
  sy_status status = run_query(b->run, qid, query, &out, &error);
  b->queries++;
  b->all.found |= out.found;
  b->all.timed_out |= out.timed_out;
  error.status = status;
  if (status != SY_OK) report(b, &error);
  bool bad_query = status == SY_SYNTAX || status == SY_LIMIT;
  return (status == SY_OK || bad_query) && !(b->run->settings->quiet && b->all.found) &&
         !ferror(stdout);
}

static void run_file(batch *b, FILE *file, bool flush) {
  char *line = NULL;
  size_t capacity = 0;
  for (ssize_t bytes; (bytes = getline(&line, &capacity, file)) >= 0;) {
    static const char mark[] = "\xEF\xBB\xBF"; /* editors on Windows put it first */
    size_t skip = !b->line++ && bytes >= 3 && !memcmp(line, mark, 3) ? 3 : 0;
    if (!run_line(b, line + skip, (size_t)bytes - skip)) break;
    if (flush) fflush(stdout);
  }
  if (ferror(file)) {
    sy_error error = {.status = SY_IO};
    snprintf(error.reason, sizeof error.reason, "cannot read: %s", strerror(errno));
    report(b, &error);
  }
  free(line);
}

int run_batch(const session *run, uint64_t *queries) {
  const char *path = run->settings->batch;
  bool standard_input = !strcmp(path, "-");
  batch b = {.run = run, .name = standard_input ? "standard input" : path};
  FILE *file = standard_input ? stdin : fopen(path, "r");
  if (!file) {
    sy_error error = {.status = SY_IO};
    snprintf(error.reason, sizeof error.reason, "%s", strerror(errno));
    return cli_fail_path(PROGRAM, path, &error);
  }
  /* Whoever writes queries into a pipe may wait for the answer before the next one. */
  run_file(&b, file, standard_input);
  if (!standard_input) fclose(file);
  *queries = b.queries;
  if (run->settings->quiet && b.all.found) return CLI_FOUND;
  return b.failed ? CLI_ERROR : exit_status(b.all);
}
