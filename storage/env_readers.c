/* env_readers.c - LMDB's table of readers, through what LMDB tells of it (env_readers.h). */
#include "storage/env_readers.h"

#include <stdio.h>

int sy_env_readers_reclaim(MDB_env *mdb) {
  int dead;
  return mdb_reader_check(mdb, &dead);
}

typedef struct reader_count {
  uint64_t count, oldest;
} reader_count;

/* LMDB shows its table as text only: process, thread, and the transaction or "-"; and headings. */
static int count_line(const char *line, void *context) {
  reader_count *c = context;
  unsigned long long transaction;
  if (sscanf(line, "%*d %*x %llu", &transaction) != 1) return 0;
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
