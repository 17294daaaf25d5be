/* corpus.h - JSON lines read one by one, for what is measured without the engine's own import. */
#ifndef SY_BENCH_CORPUS_H
#define SY_BENCH_CORPUS_H

#include <jansson.h>

/* Returns an exit status; anything but 0 ends the reading. `line` counts from 1. */
typedef int bench_visitor(void *context, const json_t *article, size_t line);

/* Calls `visit` for every `stride`-th line (at least 1). Returns the exit status; errors are
 * printed. */
int bench_read_corpus(const char *path, size_t stride, bench_visitor *visit, void *context);

#endif
