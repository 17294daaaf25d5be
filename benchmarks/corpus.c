/* corpus.c - reading JSON lines (contract in corpus.h). */
#include "benchmarks/corpus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bench_read_corpus(const char *path, size_t stride, bench_visitor *visit, void *context) {
  FILE *file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "suoyin-bench: %s: %s\n", path, strerror(errno));
    return 2;
  }
  char *line = NULL;
  size_t capacity = 0, number = 0;
  int failed = 0;
  for (ssize_t bytes; !failed && (bytes = getline(&line, &capacity, file)) > 0;) {
    if (number++ % stride) continue;
    json_t *article = json_loadb(line, (size_t)bytes, 0, NULL);
    if (!article) fprintf(stderr, "suoyin-bench: %s:%zu: no JSON\n", path, number);
    failed = article ? visit(context, article, number) : 2;
    json_decref(article);
  }
  if (ferror(file)) {
    fprintf(stderr, "suoyin-bench: %s: %s\n", path, strerror(errno));
    failed = 2;
  }
  free(line);
  fclose(file);
  return failed;
}
