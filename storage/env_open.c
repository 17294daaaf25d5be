/*
 * env_open.c - opening, sharing and closing the environment.
 *
 * LMDB must not be opened twice in one process: its lock file is guarded by fcntl() locks, which
 * know processes only, so the second opening would clear the table of readers that keeps the first
 * one's snapshot. Environments are therefore shared within the process, by the directory's inode;
 * the list of them is global state, of which there is little else (input_libxml.c). For the same
 * reason the map is never enlarged: that would move it under other users. It takes address space,
 * not memory, so it is made enormous at once.
 */
#include "storage/env_state.h"

#include "base/status.h"
#include "storage/env_background.h"
#include "storage/env_create.h"
#include "storage/env_readers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SY_MAP_LEAST_BYTES (64ull << 20) /* tried last, where address space is limited */

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static sy_shared_env *shared_list;

static sy_status file_path(const sy_env *env, const char *name, char *out, sy_error *error) {
  if (snprintf(out, PATH_MAX, "%s/%s", env->path, name) >= PATH_MAX) {
    return sy_fail_at(error, SY_INVALID, env->path, 0, "path is too long");
  }
  return SY_OK;
}

/* The kernel drops the lock with the process, so a dead writer never holds it. */
static sy_status take_writer_lock(sy_env *env, sy_error *error) {
  char path[PATH_MAX];
  SY_TRY(file_path(env, "writer.lock", path, error));
  env->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (env->lock_fd < 0) return sy_fail_errno(error, errno, path, "cannot open the writer lock");
  if (flock(env->lock_fd, LOCK_EX | LOCK_NB) == 0) return SY_OK;
  if (errno == EWOULDBLOCK) {
    return sy_fail_at(error, SY_LOCKED, env->path, 0, "another writer is at work on this index");
  }
  return sy_fail_errno(error, errno, path, "cannot lock");
}

static sy_status prepare_directory(sy_env *env, bool create, sy_error *error) {
  char data[PATH_MAX];
  struct stat info;
  SY_TRY(file_path(env, "data.mdb", data, error));
  if (stat(data, &info) == 0) {
    if (S_ISREG(info.st_mode)) return SY_OK; /* of a pipe, the opening would not end */
    return sy_fail_at(error, SY_VERSION, data, 0, "not a Suoyin index (not a file)");
  }
  if (errno != ENOENT && errno != ENOTDIR) return sy_fail_errno(error, errno, data, "cannot open");
  if (stat(env->path, &info) == 0 && !S_ISDIR(info.st_mode)) {
    return sy_fail_at(error, SY_VERSION, env->path, 0, "not a Suoyin index (not a directory)");
  }
  if (!env->writer || !create) {
    return sy_fail_at(error, SY_NOT_FOUND, env->path, 0, "no index here");
  }
  if (mkdir(env->path, 0777) && errno != EEXIST) {
    return sy_fail_errno(error, errno, env->path, "cannot make the index directory");
  }
  return SY_OK;
}

/* Reads the first bytes of data.mdb before LMDB does. */
static sy_status read_head(const sy_env *env, uint8_t *head, uint64_t *bytes, sy_error *error) {
  char path[PATH_MAX];
  SY_TRY(file_path(env, "data.mdb", path, error));
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  *bytes = 0;
  if (fd < 0 && errno == ENOENT) return SY_OK;
  if (fd < 0) return sy_fail_errno(error, errno, path, "cannot open");
  ssize_t got = pread(fd, head, 2 * (size_t)SY_PAGE_MOST_BYTES, 0);
  int saved = errno;
  close(fd);
  if (got < 0) return sy_fail_errno(error, saved, path, "cannot read");
  *bytes = (uint64_t)got;
  return SY_OK;
}

/* Whether LMDB may look at the file. Where there is none, or an empty one, a writer makes it. */
static sy_status check_file(const sy_env *env, bool create, sy_error *error) {
  uint8_t *head = malloc(2 * (size_t)SY_PAGE_MOST_BYTES);
  if (!head) return sy_fail_memory(error);
  sy_view_watch watch = {0, 0};
  sy_status status;
  uint64_t bytes;
  do {
    sy_page_meta metas[2];
    status = read_head(env, head, &bytes, error);
    if (status != SY_OK) break;
    if (bytes) {
      status = sy_pages_metas(env->path, head, bytes, metas, error);
    } else if (!env->writer || !create) {
      status = sy_fail_at(error, SY_NOT_FOUND, env->path, 0, "no index here: data.mdb is empty");
    } else {
      status = sy_env_create(env->path, error);
    }
  } while (status == SY_CORRUPT && sy_view_has_changed(&watch, head, bytes));
  free(head);
  return status;
}

/* The largest map to try: where address space is limited, a quarter of it; our own views and all
 * memory have to fit, too. */
static uint64_t most_map_bytes(void) {
  struct rlimit limit;
  bool limited = !getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur / 4 < SY_FILE_MOST_BYTES;
  if (!limited) return SY_FILE_MOST_BYTES;
  uint64_t bytes = limit.rlim_cur / 4 / SY_PAGE_MOST_BYTES * SY_PAGE_MOST_BYTES;
  return bytes > SY_MAP_LEAST_BYTES ? bytes : SY_MAP_LEAST_BYTES;
}

/* Opens LMDB with the largest map that the process may have; LMDB takes a larger one when the file
 * is larger. Returns LMDB's code. */
static int open_mdb(sy_shared_env *shared, const char *path, unsigned flags) {
  int code = ENOMEM;
  for (uint64_t map_bytes = most_map_bytes(); map_bytes >= SY_MAP_LEAST_BYTES && code == ENOMEM;
       map_bytes /= 4) {
    code = mdb_env_create(&shared->mdb);
    if (code) return code;
    code = mdb_env_set_mapsize(shared->mdb, map_bytes);
    if (!code) code = mdb_env_set_maxreaders(shared->mdb, SY_ENV_READERS_MOST);
    if (!code) code = mdb_env_open(shared->mdb, path, flags | MDB_NOTLS | MDB_NORDAHEAD, 0666);
    if (!code) return 0;
    mdb_env_close(shared->mdb);
    shared->mdb = NULL;
  }
  return code;
}

static int open_database(sy_shared_env *shared) {
  MDB_txn *txn;
  int code = shared->read_only ? 0 : sy_env_readers_reclaim(shared->mdb);
  if (!code) code = mdb_txn_begin(shared->mdb, NULL, MDB_RDONLY, &txn);
  if (code) return code;
  code = mdb_dbi_open(txn, NULL, 0, &shared->dbi);
  mdb_txn_abort(txn);
  return code;
}

/* Whether data.mdb still is the file that is open. */
static bool is_file_of(const sy_env *env, const sy_shared_env *shared) {
  char path[PATH_MAX];
  struct stat here, open;
  int fd;
  return file_path(env, "data.mdb", path, NULL) == SY_OK && !stat(path, &here) &&
         !mdb_env_get_fd(shared->mdb, &fd) && !fstat(fd, &open) && here.st_dev == open.st_dev &&
         here.st_ino == open.st_ino;
}

/* Finds or opens the environment of the directory. A reader who may not write opens it read-
 * only. ESTALE: another file is open. */
static int share(sy_env *env, const struct stat *directory) {
  sy_shared_env *shared = shared_list;
  while (shared && (shared->device != directory->st_dev || shared->inode != directory->st_ino))
    shared = shared->next;
  if (shared) {
    if (!is_file_of(env, shared)) return ESTALE;
    if (env->writer && shared->read_only) return EACCES;
    shared->users++;
    env->shared = shared;
    return 0;
  }
  shared = calloc(1, sizeof *shared);
  if (!shared) return ENOMEM;
  *shared = (sy_shared_env){
      .next = shared_list, .device = directory->st_dev, .inode = directory->st_ino, .users = 1};
  int code = sy_env_readers_reserve(env->path);
  if (!code) code = open_mdb(shared, env->path, 0);
  if (!env->writer && (code == EACCES || code == EROFS || code == EPERM)) {
    shared->read_only = true;
    code = open_mdb(shared, env->path, MDB_RDONLY);
  }
  if (!code) code = open_database(shared);
  if (code) {
    if (shared->mdb) mdb_env_close(shared->mdb);
    free(shared);
    return code;
  }
  env->shared = shared_list = shared;
  return 0;
}

static void drop_share(sy_shared_env *shared) {
  if (--shared->users) return;
  sy_shared_env **link = &shared_list;
  while (*link != shared) link = &(*link)->next;
  *link = shared->next;
  mdb_env_close(shared->mdb);
  free(shared);
}

static sy_status open_shared(sy_env *env, sy_error *error) {
  struct stat directory;
  if (stat(env->path, &directory)) return sy_fail_errno(error, errno, env->path, "cannot open");
  pthread_mutex_lock(&shared_lock);
  int code = share(env, &directory);
  pthread_mutex_unlock(&shared_lock);
  if (code == EACCES && !env->writer) {
    return sy_fail_at(error, SY_IO, env->path, 0, "%s (readers must be able to write lock.mdb)",
                      mdb_strerror(code));
  }
  if (code == ESTALE) {
    return sy_fail_at(error, SY_IO, env->path, 0,
                      "data.mdb was replaced while this process has the index open: close it "
                      "everywhere, then open it again");
  }
  if (code == ENOMEM) {
    return sy_fail_at(error, SY_NO_MEMORY, env->path, 0,
                      "cannot open: %s (ulimit -v must leave twice the index and 64 MiB)",
                      mdb_strerror(code));
  }
  return code ? sy_env_fail(env, error, code, "cannot open") : SY_OK;
}

/* What a writer puts anew; LMDB frees the pages that they had, as their heads say. */
static bool is_replaced(uint64_t key) {
  uint64_t part = key >> 24 & 0xff;
  return part == SY_PART_MANIFEST || part == SY_PART_DELETES || part == SY_PART_STAMP;
}

static sy_status check_for_writing(sy_env *env, sy_error *error) {
  SY_TRY(sy_env_read(env, error));
  sy_status status = sy_pages_check(&env->pages, is_replaced, NULL, error);
  sy_env_end_read(env);
  sy_env_release(env);
  return status;
}

sy_status sy_env_open(const char *path, bool writer, bool create, sy_env **out, sy_error *error) {
  *out = NULL;
  sy_env *env = calloc(1, sizeof *env);
  if (!env) return sy_fail_memory(error);
  env->lock_fd = -1;
  env->writer = env->sparing = writer;
  sy_status status = SY_OK;
  if (!path[0] || strlen(path) >= sizeof env->path) {
    status = sy_fail(error, SY_INVALID, "the index path is empty or too long");
  } else {
    strcpy(env->path, path);
  }
  if (status == SY_OK) status = prepare_directory(env, create, error);
  if (status == SY_OK && writer) status = take_writer_lock(env, error);
  if (status == SY_OK) status = check_file(env, create, error);
  if (status == SY_OK) status = open_shared(env, error);
  if (status == SY_OK && writer) status = check_for_writing(env, error);
  env->sound = status == SY_OK && writer;
  if (status != SY_OK) {
    sy_env_close(env);
    return status;
  }
  *out = env;
  return SY_OK;
}

sy_status sy_env_share(const sy_env *env, sy_env **out, sy_error *error) {
  sy_env *reader = *out = calloc(1, sizeof *reader);
  if (!reader) return sy_fail_memory(error);
  reader->lock_fd = -1;
  reader->sparing = env->sparing;
  strcpy(reader->path, env->path);
  pthread_mutex_lock(&shared_lock);
  reader->shared = env->shared;
  reader->shared->users++;
  pthread_mutex_unlock(&shared_lock);
  return SY_OK;
}

void sy_env_close(sy_env *env) {
  if (!env) return;
  if (env->background) sy_background_end(env->background, true, NULL);
  sy_env_abort(env);
  if (env->read) mdb_txn_abort(env->read);
  if (env->sound) sy_env_cut(env->shared->mdb);
  sy_view_close(&env->view);
  if (env->shared) {
    pthread_mutex_lock(&shared_lock);
    drop_share(env->shared);
    pthread_mutex_unlock(&shared_lock);
  }
  if (env->lock_fd >= 0) close(env->lock_fd);
  free(env);
}
