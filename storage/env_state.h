/*
 * env_state.h - what the files env*.c share: the state of an environment, keys, and the view of the
 * file.
 */
#ifndef SY_ENV_STATE_H
#define SY_ENV_STATE_H

#include "storage/env.h"
#include "storage/pages.h"

#include <limits.h>
#include <lmdb.h>
#include <sys/types.h>

#define SY_CHECKSUM_BYTES SY_ENV_READ_BEHIND

/* An LMDB environment, shared by all who have it open in this process. */
typedef struct sy_shared_env {
  struct sy_shared_env *next;
  dev_t device;
  ino_t inode;
  MDB_env *mdb;
  MDB_dbi dbi;
  uint8_t *_Atomic map; /* LMDB's own, once a writer found it; NULL before */
  bool read_only;
  unsigned users;
} sy_shared_env;

/* The file as we read it. */
typedef struct sy_file_view {
  uint8_t *map;
  uint64_t map_bytes;  /* mapped; bytes behind the end of the file must not be touched */
  uint64_t file_bytes; /* when last looked at */
} sy_file_view;

struct sy_env {
  sy_shared_env *shared;
  MDB_txn *read;
  sy_file_view view;
  sy_pages pages;                   /* of `read` */
  struct sy_background *background; /* while there is one, the next two are its thread's */
  MDB_txn *write;
  uint64_t write_bytes;      /* put into `write` so far */
  uint64_t put_bytes;        /* since the environment was opened */
  uint64_t unreleased_bytes; /* put since what was read was last released */
  _Atomic uint64_t write_nanoseconds;
  bool publishing; /* `write` must not end before sy_env_commit() */
  bool paused;     /* since the last commit: puts are another thread's, if there can be one */
  int lock_fd;
  bool writer;
  bool sound;   /* as a writer found when it opened it */
  bool sparing; /* of memory: a look at a page must not map 2 MB around it */
  char path[PATH_MAX];
};

/* A failure of LMDB as one of ours; `what` could not be done. */
sy_status sy_env_fail(const sy_env *env, sy_error *error, int code, const char *what);

/* ---- Transactions (env_write.c), by the thread that `write` belongs to ----------------------- */

/* Puts a value, having committed what was put before when that is enough for a transaction. */
sy_status sy_env_store(sy_env *env, uint64_t key, const void *data, size_t bytes, sy_error *error);
/* Commits what was put. */
sy_status sy_env_end_transaction(sy_env *env, sy_error *error);
/* Forgets what was put since the last commit. */
void sy_env_abort(sy_env *env);

/* ---- Keys ------------------------------------------------------------------------------------ */

static inline uint64_t sy_env_key(uint32_t segment, uint32_t part, uint32_t ordinal) {
  return (uint64_t)segment << 32 | (uint64_t)part << 24 | ordinal;
}

#define SY_STAMP_KEY sy_env_key(0, SY_PART_STAMP, 0)

typedef struct sy_env_stored_key {
  uint8_t bytes[8];
} sy_env_stored_key;

static inline sy_env_stored_key sy_env_encode_key(uint64_t number) {
  sy_env_stored_key key;
  for (int i = 0; i < 8; i++) key.bytes[i] = (uint8_t)(number >> (56 - 8 * i));
  return key;
}

/* ---- The view (env_view.c) ------------------------------------------------------------------- */

/* Maps the file as large as it is now. What was borrowed from the map before may be gone. */
sy_status sy_view_refresh(const sy_env *env, sy_file_view *view, sy_error *error);
void sy_view_close(sy_file_view *view);

/* The pages that were looked at take no memory of the process any more; the system may keep
 * them. */
void sy_view_release(const sy_file_view *view);

/* The pages of the commit that a meta says. */
sy_pages sy_view_pages(const sy_env *env, const sy_file_view *view, const sy_page_meta *meta);

/* The metas as they are now; both trees are of the commits they say. SY_CORRUPT also when a writer
 * committed meanwhile. */
sy_status sy_view_metas(const sy_env *env, const sy_file_view *view, sy_page_meta metas[2],
                        sy_error *error);

/* A writer that commits while we look makes metas and trees disagree. It has changed the metas
 * then: where nothing has changed since the last attempt, what was seen is damage. */
typedef struct sy_view_watch {
  uint64_t hash;
  uint32_t attempts;
} sy_view_watch;

/* Whether to look again at the beginning of the file, `bytes` of `data`: waits a moment then. */
bool sy_view_has_changed(sy_view_watch *w, const uint8_t *data, uint64_t bytes);

#endif
