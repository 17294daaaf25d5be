/*
 * deadline.h - how long the work on an index may take (sy_index_set_timeout()).
 *
 * Loops that can be long say how much they do, in steps of about a posting, and the clock is read
 * each SY_DEADLINE_STEPS of them: about ten microseconds apart, so that even with a deadline the
 * clock costs less than a hundredth of the time.
 *
 * Once time is over it stays over, and whoever asks learns it: iterators then end, which can make
 * an article look as if it did not have what it has. So a match counts only when time is not over
 * after it was decided.
 */
#ifndef SY_DEADLINE_H
#define SY_DEADLINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SY_DEADLINE_STEPS 4096u
#define SY_DEADLINE_NEVER UINT64_MAX

/* Shared by the threads of a search. */
typedef struct sy_deadline {
  uint64_t at;           /* of `now`; SY_DEADLINE_NEVER: none */
  uint64_t (*now)(void); /* nanoseconds; tests have a clock of their own */
  uint32_t steps;        /* between two looks at the clock */
  _Atomic bool is_over;  /* somebody found time to be over and left work undone */
} sy_deadline;

/* One that never comes. */
void sy_deadline_init(sy_deadline *d);
/* So many milliseconds from now; UINT64_MAX for never. Takes back that time was over. */
void sy_deadline_set(sy_deadline *d, uint64_t milliseconds);
/* Reads the clock. */
bool sy_deadline_check(sy_deadline *d);

/* What one thread has done since it last read the clock. Starts with zeros, and then with a look at
 * the clock. */
typedef struct sy_time_budget {
  sy_deadline *deadline;
  uint32_t steps_left;
} sy_time_budget;

static inline bool sy_is_over(const sy_time_budget *b) {
  return atomic_load_explicit(&b->deadline->is_over, memory_order_relaxed);
}

/* Does `steps` more; whether time is over. */
static inline bool sy_spend(sy_time_budget *b, uint32_t steps) {
  if (b->steps_left > steps) {
    b->steps_left -= steps;
    return sy_is_over(b);
  }
  b->steps_left = b->deadline->steps;
  return sy_deadline_check(b->deadline);
}

#endif
