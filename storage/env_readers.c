/* env_readers.c - LMDB's table of readers, through what LMDB tells of it (env_readers.h). */
#include "storage/env_readers.h"

#include <stdlib.h>

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
