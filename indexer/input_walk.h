/*
 * input_walk.h - from the paths the user gave to the files to read.
 *
 * In a directory, as ripgrep does: names in order of their bytes, hidden ones (.x) left out,
 * symbolic links not followed (so a loop is harmless and nothing is found twice), only regular
 * files. A path that is given itself is followed and taken, whatever it is.
 */
#ifndef SY_INPUT_WALK_H
#define SY_INPUT_WALK_H

#include "base/status.h"

typedef struct sy_input_file {
  char *path; /* to open; "-" for standard input */
  char *name; /* for ids and messages: the path without leading "./" */
  uint64_t bytes;
  bool given;   /* by the user itself, not found in a directory */
  bool regular; /* so that `bytes` means something */
} sy_input_file;

typedef struct sy_input_files {
  sy_input_file *files;
  size_t count, capacity;
} sy_input_files;

typedef struct sy_input_walker {
  sy_input_files *files;
  /* Hears of a directory that cannot be read. SY_OK: go on without it. */
  sy_status (*bad)(void *context, const sy_error *bad, sy_error *error);
  /* Asked for every directory. May be NULL. */
  sy_status (*tick)(void *context, sy_error *error);
  void *context;
} sy_input_walker;

/* Adds the file, or the files below the directory, `path`. A path that is not there is SY_IO. */
sy_status sy_input_walk(const sy_input_walker *walker, const char *path, sy_error *error);

void sy_input_files_free(sy_input_files *files);

#endif
