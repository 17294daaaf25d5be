/*
 * env_background.h - a thread that puts values and commits full transactions, so that whoever makes
 * the values does not wait for the disk. Of the files env*.c alone.
 *
 * It begins when a writer's first transaction is full: who writes little needs none. LMDB wants a
 * transaction to end in the thread where it began, so the one that is open then is the thread's,
 * and all else that is written waits until the thread has ended (sy_background_end()).
 *
 *     sy_env_put() --> slots, oldest first --> sy_env_store(), by the thread
 *
 * At most SY_BACKGROUND_SLOTS values wait, which are chunks of streams but for a few.
 */
#ifndef SY_ENV_BACKGROUND_H
#define SY_ENV_BACKGROUND_H

#include "base/bytes.h"
#include "storage/env.h"

#define SY_BACKGROUND_SLOTS 3u

typedef struct sy_background sy_background;

/* The environment has no transaction open. NULL: there is no thread to be had. */
sy_background *sy_background_begin(sy_env *env);
/* Takes what is in `value`, which is empty then; waits for a slot. Returns what has failed so far:
 * nothing is written after that. */
sy_status sy_background_put(sy_background *b, uint64_t key, sy_buffer *value, sy_error *error);
/* Waits until all is put, commits that, or with `discard` forgets what is not committed, and frees
 * `b`. Returns what has failed. */
sy_status sy_background_end(sy_background *b, bool discard, sy_error *error);

#endif
