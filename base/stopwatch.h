/*
 * stopwatch.h - where time goes, stage by stage, when somebody wants to know.
 *
 *     uint64_t watch = sy_watch_start(wanted);
 *     ... one stage ...
 *     sy_watch_lap(&watch, &nanoseconds_of_that_stage);
 *     ... the next ...
 *
 * A watch that is not wanted is 0, and costs a comparison.
 */
#ifndef SY_STOPWATCH_H
#define SY_STOPWATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t sy_watch_start(bool wanted) {
  struct timespec now;
  if (!wanted) return 0;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Adds the nanoseconds since the last lap to *total. */
static inline void sy_watch_lap(uint64_t *watch, uint64_t *total) {
  if (!*watch) return;
  uint64_t now = sy_watch_start(true);
  *total += now - *watch;
  *watch = now;
}

#endif
