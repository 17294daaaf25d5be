/* status.h - filling a caller-owned sy_error, and the one macro that returns on failure. */
#ifndef SY_STATUS_H
#define SY_STATUS_H

#include "suoyin.h"

#include <stdarg.h>

/* Fills `error` (may be NULL) with `status` and a formatted reason, clearing file, line and column.
 * Returns `status`, so that `return sy_fail(...)` reads well. */
sy_status sy_fail(sy_error *error, sy_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As sy_fail(), naming a file and a 1-based line (0 for none). */
sy_status sy_fail_at(sy_error *error, sy_status status, const char *file, uint64_t line,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* SY_IO with the file's name and strerror(errno_value) behind `what`; SY_NO_MEMORY for ENOMEM. */
sy_status sy_fail_errno(sy_error *error, int errno_value, const char *file, const char *what);

/* SY_NO_MEMORY. */
sy_status sy_fail_memory(sy_error *error);

#define SY_TRY(expression)                              \
  do {                                                  \
    sy_status sy_try_status_ = (expression);            \
    if (sy_try_status_ != SY_OK) return sy_try_status_; \
  } while (0)

#endif
