/* status.c - statuses in words, and filling a caller-owned sy_error. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *sy_status_string(sy_status status) {
  switch (status) {
    case SY_OK: return "success";
    case SY_NOT_FOUND: return "not found";
    case SY_INVALID: return "invalid argument";
    case SY_SYNTAX: return "query syntax error";
    case SY_BAD_INPUT: return "bad input";
    case SY_NO_MEMORY: return "out of memory";
    case SY_IO: return "input/output error";
    case SY_CORRUPT: return "index is damaged";
    case SY_VERSION: return "wrong format version";
    case SY_LOCKED: return "index is locked by another writer";
    case SY_LIMIT: return "limit reached";
    case SY_CANCELLED: return "cancelled";
  }
  return "unknown status";
}

const char *sy_version(void) { return SY_VERSION_STRING; }

const char *sy_error_format(const sy_error *error, char *buffer, size_t capacity) {
  if (!capacity) return buffer;
  const char *reason = error->reason[0] ? error->reason : sy_status_string(error->status);
  if (error->file[0] && error->line) {
    snprintf(buffer, capacity, "%s:%llu: %s", error->file, (unsigned long long)error->line, reason);
  } else if (error->file[0]) {
    snprintf(buffer, capacity, "%s: %s", error->file, reason);
  } else {
    snprintf(buffer, capacity, "%s", reason);
  }
  return buffer;
}

void sy_error_set(sy_error *error, sy_status status, const char *file, uint64_t line,
                  const char *format, ...) {
  if (!error) return;
  char reason[sizeof error->reason]; /* the arguments may point into `error` itself */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  size_t length = file ? strlen(file) : 0;
  size_t cut = length < sizeof error->file ? 0 : length - (sizeof error->file - 1);
  if (length) memmove(error->file, file + cut, length - cut);
  error->file[length - cut] = 0;
  error->status = status;
  error->line = line;
  error->column = 0;
  memcpy(error->reason, reason, sizeof reason);
}
