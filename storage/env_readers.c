/* env_readers.c - LMDB's table of readers, through what LMDB tells of it (env_readers.h). */
#include "storage/env_readers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* As LMDB makes it: what it knows of the last transaction, and a slot for each reader. */
#define NEW_FILE_BYTES (128 + 64 * (off_t)SY_ENV_READERS_MOST)

int sy_env_readers_reserve(const char *directory) {
  char path[PATH_MAX];
  struct stat info;
  int code = 0;
  if (snprintf(path, sizeof path, "%s/lock.mdb", directory) >= (int)sizeof path) return 0;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return 0;
  if (!fstat(fd, &info)) {
    bool larger = !info.st_size || info.st_size > NEW_FILE_BYTES; /* or as it was made once */
    if (fallocate(fd, 0, 0, larger ? NEW_FILE_BYTES : info.st_size)) code = errno;
  }
  close(fd);
  return code == EOPNOTSUPP ? 0 : code;
}

int sy_env_readers_reclaim(MDB_env *mdb) {
  int dead;
  return mdb_reader_check(mdb, &dead);
}

typedef struct reader_count {
  uint64_t count, oldest;
} reader_count;

/* LMDB shows its table as text only: process, thread in hexadecimal, transaction or "-"; and
 * headings. */
static int count_line(const char *line, void *context) {
  reader_count *c = context;
  char *process, *thread, *end;
  strtoull(line, &process, 10);
  strtoull(process, &thread, 16);
  unsigned long long transaction = strtoull(thread, &end, 10);
  if (process == line || thread == process || end == thread) return 0;
  c->count++;
  if (transaction < c->oldest) c->oldest = transaction;
  return 0;
}

int sy_env_readers_count(MDB_env *mdb, uint64_t *count, uint64_t *oldest) {
  reader_count c = {0, *oldest};
  int code = mdb_reader_list(mdb, count_line, &c);
  *count = c.count;
  *oldest = c.oldest;
  return code < 0 ? code : 0;
}
