/* status.h - filling a caller-owned sy_error, and the macro that returns on failure. */
#ifndef SY_STATUS_H
#define SY_STATUS_H

#include "suoyin.h"

#include <errno.h>
#include <string.h>

/* Fills `error` (may be NULL) with `status`, a formatted reason, and a file (NULL for none) and its
 * 1-based line (0 for none). */
void sy_error_set(sy_error *error, sy_status status, const char *file, uint64_t line,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same as expressions with the value `status`, so that `return sy_fail(...)` reads well.
 * Macros, so that compilers and analysers see that the value is not SY_OK. `status` is evaluated
 * twice. */
#define sy_fail(error, status, ...) \
  (sy_error_set((error), (status), NULL, 0, __VA_ARGS__), (status))
#define sy_fail_at(error, status, file, line, ...) \
  (sy_error_set((error), (status), (file), (line), __VA_ARGS__), (status))

/* SY_IO with the file's name and strerror(errno_value) behind `what`; SY_NO_MEMORY for ENOMEM. */
static inline sy_status sy_fail_errno(sy_error *error, int errno_value, const char *file,
                                      const char *what) {
  sy_status status = errno_value == ENOMEM ? SY_NO_MEMORY : SY_IO;
  return sy_fail_at(error, status, file, 0, "%s: %s", what, strerror(errno_value));
}

static inline sy_status sy_fail_memory(sy_error *error) {
  return sy_fail(error, SY_NO_MEMORY, "out of memory");
}

#define SY_TRY(expression)                              \
  do {                                                  \
    sy_status sy_try_status_ = (expression);            \
    if (sy_try_status_ != SY_OK) return sy_try_status_; \
  } while (0)

#endif
