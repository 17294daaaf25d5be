/* env_create.h - making the file of a new index, and cutting it; for the files env*.c. */
#ifndef SY_ENV_CREATE_H
#define SY_ENV_CREATE_H

#include "suoyin.h"

#include <lmdb.h>

/* Puts a new, empty data.mdb into the directory, durably; one that is there, and empty, is
 * replaced. The caller holds the writer lock. SY_IO. */
sy_status sy_env_create(const char *directory, sy_error *error);

/* A writer's, found sound when it was opened: gives back what lies behind the last page of the last
 * commit, which was written, by it or by a writer that died, and not committed. Not after a failure
 * that makes LMDB itself doubt which commit is the last: it begins no transaction then. */
void sy_env_cut(MDB_env *mdb);

#endif
