/*
 * env_readers.h - LMDB's table of readers; only the files env*.c use it.
 *
 * Every snapshot that any process has open has a slot in lock.mdb, with its transaction. LMDB uses
 * no page again that was freed after the oldest of them. A process that died in its snapshot leaves
 * its slot taken until somebody looks whether it lives.
 */
#ifndef SY_ENV_READERS_H
#define SY_ENV_READERS_H

#include <lmdb.h>
#include <stdint.h>

/* Slots of a new table: snapshots that can be open at a time, of 64 bytes each. */
#define SY_ENV_READERS_MOST 1024u

/*
 * Gives lock.mdb of the directory all its blocks, made if there is none. LMDB writes it through a
 * map, where a disk that is full is SIGBUS. To be called before LMDB opens it, and not while this
 * process has it open: closing it gives back LMDB's locks. 0, or the system's reason why there is
 * no room; whether it can be opened is LMDB's to say.
 */
int sy_env_readers_reserve(const char *directory);

/* Frees the slots of dead processes. Takes a system call for each process that has one. LMDB's
 * code. */
int sy_env_readers_reclaim(MDB_env *mdb);

/* Counts the snapshots that are open, our own too, and lowers *oldest to the transaction of the
 * oldest. LMDB's code. */
int sy_env_readers_count(MDB_env *mdb, uint64_t *count, uint64_t *oldest);

#endif
