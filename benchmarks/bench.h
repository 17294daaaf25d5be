/* bench.h - the subcommands of suoyin-bench, and what they share. */
#ifndef SY_BENCH_H
#define SY_BENCH_H

#include "suoyin.h"

int bench_query(int argc, char **argv);
int bench_text(int argc, char **argv);
int bench_index(int argc, char **argv);
int bench_commits(int argc, char **argv);
int bench_generate(int argc, char **argv);
int bench_quality(int argc, char **argv);

/* Seconds of a clock that only goes forward. */
double bench_seconds(void);

/* Parses `text` as one run of free text in `field` ("body:" or ""): nothing in it is read as
 * an operator, not even a blank. *out is owned by the caller. */
sy_status bench_free_text(const char *field, const char *text, sy_query **out, sy_error *error);

/* Prints the error behind the program's name; returns 2, the exit status of a failure. */
int bench_fail(const sy_error *error);
int bench_no_memory(void);

#endif
