/* check.h - verifying a whole snapshot: every value's checksum, and every structure against the
 * others. */
#ifndef SY_CHECK_H
#define SY_CHECK_H

#include "storage/segment.h"

/* Calls `on_problem` (may be NULL) with a line for each fault. SY_OK when there is none, else
 * SY_CORRUPT. */
sy_status sy_check(sy_snapshot *snapshot, void (*on_problem)(void *context, const char *what),
                   void *context, sy_error *error);

#endif
