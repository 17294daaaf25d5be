/* deadline.c - reading the clock (deadline.h). */
#include "query/deadline.h"

#include <time.h>

static uint64_t monotonic_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void sy_deadline_init(sy_deadline *d) {
  d->now = monotonic_now;
  d->steps = SY_DEADLINE_STEPS;
  sy_deadline_set(d, UINT64_MAX);
}

void sy_deadline_set(sy_deadline *d, uint64_t milliseconds) {
  uint64_t now = d->now();
  bool ever = milliseconds < (SY_DEADLINE_NEVER - now) / 1000000u;
  d->at = ever ? now + milliseconds * 1000000u : SY_DEADLINE_NEVER;
  atomic_store_explicit(&d->is_over, false, memory_order_relaxed);
}

bool sy_deadline_check(sy_deadline *d) {
  if (d->at == SY_DEADLINE_NEVER) return false;
  if (d->now() >= d->at) atomic_store_explicit(&d->is_over, true, memory_order_relaxed);
  return atomic_load_explicit(&d->is_over, memory_order_relaxed);
}
