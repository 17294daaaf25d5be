/* bench.h - the subcommands of suoyin-bench, and what they share. */
#ifndef SY_BENCH_H
#define SY_BENCH_H

#include "suoyin.h"

int bench_query(int argc, char **argv);
int bench_text(int argc, char **argv);

/* Seconds of a clock that only goes forward. */
double bench_seconds(void);

/* Prints the error behind the program's name; returns 2, the exit status of a failure. */
int bench_fail(const sy_error *error);
int bench_no_memory(void);

#endif
