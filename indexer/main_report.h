/* main_report.h - what suoyin-index says in the end. */
#ifndef SY_MAIN_REPORT_H
#define SY_MAIN_REPORT_H

#include "suoyin.h"

/* To stderr: what was added or deleted, and how fast. */
void print_summary(const char *index, bool deleted, const sy_import_progress *p,
                   const sy_writer_counts *c, double seconds);
/* To stderr: where the time went, and what was written. `elapsed` seconds. */
void print_timings(const sy_writer_timings *t, const sy_writer_counts *c, double elapsed);
/* To stdout, all of it as one line. `timings` may be NULL. */
void print_json(const sy_import_progress *p, const sy_writer_counts *c, uint64_t not_found,
                double seconds, const sy_writer_timings *timings);

#endif
