/* main_report.c - what suoyin-index says in the end: as a line, as a table of times, as JSON. */
#include "indexer/main_report.h"

#include "tools/cli.h"

#include <stdio.h>
#include <string.h>

typedef struct stage {
  const char *name, *what;
  double seconds;
} stage;

enum { STAGES = 9 };

/* The stages of indexing. What the caller's thread did in the writer beside them is not told from
 * its waiting. */
static void list_stages(const sy_writer_timings *t, double elapsed, stage stages[STAGES]) {
  double read = elapsed > t->calls ? elapsed - t->calls : 0;
  const stage all[STAGES] = {
      {"read", "files, decompression, JSON", read},
      {"analyse", "text to terms: decode, fold, split", t->analyse},
      {"partition", "terms by first character", t->partition},
      {"compress", "stored text", t->compress},
      {"sort", "partitions gathered and sorted", t->sort},
      {"code", "postings and positions", t->code},
      {"merge", "segments", t->merge},
      {"write", "LMDB and the system, durable", t->write},
      {"calls", "one thread's time in the writer: of the above, ids, waiting", t->calls},
  };
  memcpy(stages, all, sizeof all);
}

void print_timings(const sy_writer_timings *t, const sy_writer_counts *c, double elapsed) {
  stage stages[STAGES];
  list_stages(t, elapsed, stages);
  fprintf(stderr, "seconds, summed over threads:\n");
  for (int i = 0; i < STAGES; i++) {
    fprintf(stderr, "  %-10s %8.3f  %s\n", stages[i].name, stages[i].seconds, stages[i].what);
  }
  double written = (double)c->written_bytes, index = (double)c->index_bytes;
  fprintf(stderr, "%.1f MB written", written / 1e6);
  if (c->index_bytes)
    fprintf(stderr, ", %.2f times the index's %.1f", written / index, index / 1e6);
  fputc('\n', stderr);
}

void print_json(const sy_import_progress *p, const sy_writer_counts *c, uint64_t not_found,
                double seconds, const sy_writer_timings *timings) {
  const struct {
    const char *name;
    uint64_t value;
  } members[] = {{"files", p->files},
                 {"added", c->added},
                 {"replaced", c->replaced},
                 {"deleted", c->deleted},
                 {"not_found", not_found},
                 {"skipped", p->skipped},
                 {"warnings", p->warnings},
                 {"bytes", p->bytes},
                 {"read_bytes", p->read_bytes},
                 {"text_bytes", c->text_bytes},
                 {"invalid_bytes", c->invalid_bytes},
                 {"written_bytes", c->written_bytes},
                 {"index_bytes", c->index_bytes},
                 {"articles", c->articles}};
  putchar('{');
  for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
    printf("\"%s\": %llu, ", members[i].name, (unsigned long long)members[i].value);
  }
  if (timings) {
    stage stages[STAGES];
    list_stages(timings, seconds, stages);
    fputs("\"timings\": {", stdout);
    for (int i = 0; i < STAGES; i++) {
      printf("%s\"%s\": %.3f", i ? ", " : "", stages[i].name, stages[i].seconds);
    }
    fputs("}, ", stdout);
  }
  printf("\"seconds\": %.3f}\n", seconds);
}

void print_summary(const char *index, bool deleted, const sy_import_progress *p,
                   const sy_writer_counts *c, double seconds) {
  if (deleted) {
    fprintf(stderr, "%llu articles deleted", (unsigned long long)c->deleted);
  } else {
    fprintf(stderr, "%llu articles added", (unsigned long long)c->added);
    if (c->replaced) fprintf(stderr, " (%llu replaced)", (unsigned long long)c->replaced);
    fprintf(stderr, " from %llu files", (unsigned long long)p->files);
    if (p->skipped) fprintf(stderr, ", %llu skipped", (unsigned long long)p->skipped);
    if (p->warnings) fprintf(stderr, ", %llu warnings", (unsigned long long)p->warnings);
    fprintf(stderr, ", %.1f MB in %.1f s", (double)p->bytes / 1e6, seconds);
    if (seconds > 0.05) fprintf(stderr, " (%.1f MB/s)", (double)p->bytes / 1e6 / seconds);
    if (c->invalid_bytes) {
      fprintf(stderr, ", %llu bytes were no UTF-8", (unsigned long long)c->invalid_bytes);
    }
  }
  fprintf(stderr, "; %llu articles in ", (unsigned long long)c->articles);
  cli_put_clean(stderr, (sy_string){index, strlen(index)}, CLI_LINE);
  fputc('\n', stderr);
}
