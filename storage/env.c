/*
 * env.c - the LMDB environment (contract and key layout in env.h).
 *
 * LMDB without MDB_WRITEMAP and with its full syncs: dirty pages live in our memory until their
 * transaction ends, a stray write cannot reach the file, a full disk is an error and not a SIGBUS.
 * Transactions end after SY_TRANSACTION_BYTES so that those pages stay few.
 *
 * LMDB must not be opened twice in one process: its lock file is guarded by fcntl() locks, which
 * know processes only, so the second opening would clear the table of readers that keeps the first
 * one's snapshot. Environments are therefore shared within the process, by the directory's inode;
 * the list of them is the one piece of global state in Suoyin. For the same reason the map is never
 * enlarged: that would move it under other users. It takes address space, not memory, so it is made
 * enormous at once.
 *
 * What is read is read by pages.h from a map of our own, which trusts no page. LMDB keeps the
 * table of readers, so that no page of our snapshot is written over; it reads pages only to write,
 * and only after all of them were checked when the writer opened.
 */
#include "storage/env.h"

#include "base/bytes.h"
#include "base/status.h"
#include "base/stopwatch.h"
#include "storage/env_create.h"
#include "storage/env_readers.h"
#include "storage/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define SY_CHECKSUM_BYTES SY_ENV_READ_BEHIND
#define SY_TRANSACTION_BYTES (12ull << 20)
#define SY_MAP_LEAST_BYTES (64ull << 20)  /* tried last, where address space is limited */
#define SY_VIEW_LEAST_BYTES (64ull << 20) /* mapped for reading at least: the file may grow */
#define SY_RELEASE_VALUES 8u /* looked at one after the other, then their pages are given back */
#define SY_READ_ATTEMPTS 50u /* while writers keep committing under our eyes */

/* An LMDB environment, shared by all who have it open in this process. */
typedef struct shared_env {
  struct shared_env *next;
  dev_t device;
  ino_t inode;
  MDB_env *mdb;
  MDB_dbi dbi;
  uint8_t *map; /* LMDB's own, once a writer found it; NULL before */
  bool read_only;
  unsigned users;
} shared_env;

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static shared_env *shared_list;

/* The file as we read it. */
typedef struct file_view {
  uint8_t *map;
  uint64_t map_bytes;  /* mapped; bytes behind the end of the file must not be touched */
  uint64_t file_bytes; /* when last looked at */
} file_view;

struct sy_env {
  shared_env *shared;
  MDB_txn *read;
  file_view view;
  sy_pages pages; /* of `read` */
  MDB_txn *write;
  uint64_t write_bytes; /* put into `write` so far */
  uint64_t put_bytes;   /* since the environment was opened */
  uint64_t write_nanoseconds;
  bool publishing; /* `write` must not end before sy_env_commit() */
  int lock_fd;
  bool writer;
  bool sound;   /* as a writer found when it opened it */
  bool sparing; /* of memory: a look at a page must not map 2 MB around it */
  char path[PATH_MAX];
};

const char *sy_env_path(const sy_env *env) { return env->path; }

static sy_status fail_mdb(const sy_env *env, sy_error *error, int code, const char *what) {
  sy_status status = SY_IO;
  switch (code) {
    case ENOMEM: status = SY_NO_MEMORY; break;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_BAD_TXN: status = SY_CORRUPT; break;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH: status = SY_VERSION; break;
    case MDB_MAP_FULL:
    case MDB_MAP_RESIZED:
      return sy_fail_at(error, SY_LIMIT, env->path, 0,
                        "%s: the index does not fit the address space (%s)", what,
                        "an index can grow to 1 TiB, less where ulimit -v is set");
    case MDB_READERS_FULL:
      return sy_fail_at(error, SY_LIMIT, env->path, 0,
                        "%s: as many snapshots are open as lock.mdb has room for (%u in a new one)",
                        what, SY_ENV_READERS_MOST);
    case MDB_TXN_FULL: status = SY_LIMIT; break;
    default: break;
  }
  return sy_fail_at(error, status, env->path, 0, "%s: %s", what, mdb_strerror(code));
}

/* ---- Keys and checksums ---------------------------------------------------------------------- */

static uint64_t key_number(uint32_t segment, uint32_t part, uint32_t ordinal) {
  return (uint64_t)segment << 32 | (uint64_t)part << 24 | ordinal;
}

#define STAMP_KEY key_number(0, SY_PART_STAMP, 0)

typedef struct stored_key {
  uint8_t bytes[8];
} stored_key;

static stored_key encode_key(uint64_t number) {
  stored_key key;
  for (int i = 0; i < 8; i++) key.bytes[i] = (uint8_t)(number >> (56 - 8 * i));
  return key;
}

static uint64_t decode_key(const uint8_t *bytes) {
  uint64_t number = 0;
  for (int i = 0; i < 8; i++) number = number << 8 | bytes[i];
  return number;
}

/* ---- The view -------------------------------------------------------------------------------- */

static void close_view(file_view *view) {
  if (view->map) munmap(view->map, view->map_bytes);
  *view = (file_view){0};
}

/* Maps the file as large as it is now. What was borrowed from the map before may be gone. */
static sy_status refresh_view(const sy_env *env, file_view *view, sy_error *error) {
  int fd;
  struct stat info;
  int code = mdb_env_get_fd(env->shared->mdb, &fd);
  if (code) return fail_mdb(env, error, code, "cannot read");
  if (fstat(fd, &info)) return sy_fail_errno(error, errno, env->path, "cannot read");
  view->file_bytes = (uint64_t)info.st_size;
  if (view->map && view->file_bytes <= view->map_bytes) return SY_OK;
  uint64_t bytes = view->file_bytes, wanted = 2 * bytes;
  if (wanted < SY_VIEW_LEAST_BYTES) wanted = SY_VIEW_LEAST_BYTES;
  close_view(view);
  view->file_bytes = bytes;
  void *map = mmap(NULL, wanted, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) { /* address space may be short */
    wanted = bytes ? bytes : 1;
    map = mmap(NULL, wanted, PROT_READ, MAP_SHARED, fd, 0);
  }
  if (map == MAP_FAILED) return sy_fail_errno(error, errno, env->path, "cannot map the index");
  madvise(map, wanted, MADV_RANDOM); /* as LMDB's MDB_NORDAHEAD */
  if (env->sparing) madvise(map, wanted, MADV_NOHUGEPAGE);
  view->map = map;
  view->map_bytes = wanted;
  return SY_OK;
}

/* The pages that were looked at take no memory of the process any more; the system may keep
 * them. */
static void release_view(const file_view *view) {
  if (view->map) madvise(view->map, view->map_bytes, MADV_DONTNEED);
}

/* A writer that commits while we look makes metas and trees disagree. It has changed the metas
 * then: where nothing has changed since the last attempt, what was seen is damage. */
typedef struct watch {
  uint64_t hash;
  uint32_t attempts;
} watch;

static bool has_changed(watch *w, const uint8_t *data, uint64_t bytes) {
  uint64_t most = 2 * SY_PAGE_MOST_BYTES, hash = XXH3_64bits(data, bytes < most ? bytes : most);
  bool changed = !w->attempts || hash != w->hash;
  w->hash = hash;
  if (changed) usleep(1000);
  return changed && ++w->attempts < SY_READ_ATTEMPTS;
}

static sy_pages pages_of(const sy_env *env, const file_view *view, const sy_page_meta *meta) {
  uint64_t count = view->file_bytes / meta->page_bytes;
  if (count > meta->last_page + 1) count = meta->last_page + 1;
  return (sy_pages){env->path, view->map, count, *meta};
}

/* Whether the tree is of the commit that its meta says. Indexes made before there were stamps have
 * none. */
static sy_status check_stamp(const sy_pages *pages, sy_error *error) {
  sy_page_value stamp;
  sy_status status = sy_pages_get(pages, STAMP_KEY, &stamp, error);
  if (status == SY_NOT_FOUND) return SY_OK;
  SY_TRY(status);
  if (stamp.bytes == 8 + SY_CHECKSUM_BYTES && sy_load64(stamp.data) == pages->meta.commit)
    return SY_OK;
  return sy_fail_at(error, SY_CORRUPT, pages->path, 0,
                    "pages 0 and 1 do not say which commit is the last");
}

/* The metas as they are now, and both trees of the commits they say. */
static sy_status read_metas(const sy_env *env, const file_view *view, sy_page_meta metas[2],
                            sy_error *error) {
  SY_TRY(sy_pages_metas(env->path, view->map, view->file_bytes, metas, error));
  for (int i = 0; i < 2; i++) {
    sy_pages pages = pages_of(env, view, &metas[i]);
    SY_TRY(check_stamp(&pages, error));
  }
  return SY_OK;
}

/* ---- Reading --------------------------------------------------------------------------------- */

void sy_env_release(const sy_env *env) { release_view(&env->view); }

bool sy_env_is_sparing(const sy_env *env) { return env->sparing; }

sy_status sy_env_copy(const sy_env *env, const uint8_t *data, size_t bytes, uint8_t *out,
                      sy_error *error) {
  int fd, code = mdb_env_get_fd(env->shared->mdb, &fd);
  if (code) return fail_mdb(env, error, code, "cannot read");
  return sy_pages_copy(&env->pages, fd, (uint64_t)(data - env->view.map), bytes, out, error);
}

void sy_env_end_read(sy_env *env) {
  if (env->read) mdb_txn_abort(env->read);
  env->read = NULL;
}

/* SY_CORRUPT may mean that writers committed while we looked. */
static sy_status try_read(sy_env *env, sy_error *error) {
  sy_env_end_read(env);
  MDB_env *mdb = env->shared->mdb;
  int code = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &env->read);
  if (code == MDB_READERS_FULL) { /* dead ones, too */
    code = sy_env_readers_reclaim(mdb);
    if (!code) code = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &env->read);
  }
  if (code) {
    env->read = NULL;
    return fail_mdb(env, error, code, "cannot begin reading");
  }
  sy_page_meta metas[2];
  uint64_t commit = mdb_txn_id(env->read);
  SY_TRY(refresh_view(env, &env->view, error));
  SY_TRY(read_metas(env, &env->view, metas, error));
  env->pages = pages_of(env, &env->view, &metas[commit % 2]);
  if (env->pages.meta.commit == commit) return SY_OK;
  return sy_fail_at(error, SY_CORRUPT, env->path, 0, "page %u is not of the last commit",
                    (unsigned)(commit % 2));
}

/* Finds LMDB's own map, which it does not tell: a value lies as far behind its beginning as in our
 * view. */
static void find_lmdb_map(sy_env *env) {
  sy_page_value stamp;
  MDB_txn *txn;
  if (sy_pages_get(&env->pages, STAMP_KEY, &stamp, NULL) != SY_OK) return;
  if (mdb_txn_begin(env->shared->mdb, NULL, MDB_RDONLY, &txn)) return;
  stored_key key = encode_key(STAMP_KEY);
  MDB_val k = {sizeof key.bytes, key.bytes}, v;
  if (mdb_txn_id(txn) == env->pages.meta.commit && !mdb_get(txn, env->shared->dbi, &k, &v)) {
    env->shared->map = (uint8_t *)v.mv_data - (stamp.data - env->view.map);
    madvise(env->shared->map, env->view.file_bytes, MADV_NOHUGEPAGE);
  }
  mdb_txn_abort(txn);
}

/* LMDB looks at pages wherever it writes, and the system maps those around them: for each
 * transaction a bit more. What is not known is not given back. */
static void release_lmdb(const sy_env *env) {
  MDB_envinfo info;
  MDB_stat stat;
  if (!env->shared->map || mdb_env_info(env->shared->mdb, &info)) return;
  if (mdb_env_stat(env->shared->mdb, &stat)) return;
  madvise(env->shared->map, (info.me_last_pgno + 1) * stat.ms_psize, MADV_DONTNEED);
}

sy_status sy_env_read(sy_env *env, sy_error *error) {
  watch watch = {0, 0};
  sy_status status;
  do {
    status = try_read(env, error);
  } while (status == SY_CORRUPT && has_changed(&watch, env->view.map, env->view.file_bytes));
  if (status != SY_OK) sy_env_end_read(env);
  if (status == SY_OK && env->writer && !env->shared->map) find_lmdb_map(env);
  return status;
}

sy_status sy_env_get(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal, sy_value *out,
                     sy_error *error) {
  sy_page_value value;
  *out = (sy_value){NULL, 0};
  SY_TRY(sy_pages_get(&env->pages, key_number(segment, (uint32_t)part, ordinal), &value, error));
  if (value.bytes < SY_CHECKSUM_BYTES) {
    return sy_fail_at(error, SY_CORRUPT, env->path, 0, "segment %u part %d value %u is too short",
                      segment, (int)part, ordinal);
  }
  *out = (sy_value){value.data, value.bytes - SY_CHECKSUM_BYTES};
  return SY_OK;
}

static bool has_checksum(sy_value value, uint64_t key) {
  return XXH3_64bits_withSeed(value.data, value.bytes, key) == sy_load64(value.data + value.bytes);
}

sy_status sy_env_get_checked(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                             sy_value *out, sy_error *error) {
  SY_TRY(sy_env_get(env, segment, part, ordinal, out, error));
  if (has_checksum(*out, key_number(segment, (uint32_t)part, ordinal))) return SY_OK;
  *out = (sy_value){NULL, 0};
  return sy_fail_at(error, SY_CORRUPT, env->path, 0, "segment %u part %d value %u: wrong checksum",
                    segment, (int)part, ordinal);
}

typedef struct value_walk {
  sy_env_visitor visit;
  void *context;
} value_walk;

static sy_status visit_value(void *context, const sy_page_value *v, sy_error *error) {
  const value_walk *walk = context;
  (void)error;
  bool sound = v->bytes >= SY_CHECKSUM_BYTES;
  sy_value value = {v->data, sound ? v->bytes - SY_CHECKSUM_BYTES : 0};
  sound = sound && has_checksum(value, v->key);
  if (v->key == STAMP_KEY && sound) return SY_OK;
  return walk->visit(walk->context, (uint32_t)(v->key >> 32), (uint32_t)(v->key >> 24 & 0xff),
                     (uint32_t)(v->key & SY_ORDINAL_MAX), value, sound);
}

sy_status sy_env_walk(sy_env *env, sy_env_visitor visit, void *context, sy_error *error) {
  value_walk walk = {visit, context};
  uint64_t free_pages;
  SY_TRY(sy_pages_check(&env->pages, NULL, &free_pages, error));
  SY_TRY(sy_pages_walk(&env->pages, 0, UINT64_MAX, visit_value, &walk, error));
  uint64_t lost = sy_pages_lost(&env->pages, free_pages);
  if (!lost) return SY_OK;
  return sy_fail_at(error, SY_CORRUPT, env->path, 0, "%llu pages are neither used nor free",
                    (unsigned long long)lost);
}

static bool no_overflow(uint64_t key) {
  (void)key;
  return false;
}

static sy_status check_new(void *context, const sy_page_value *value, sy_error *error) {
  const sy_env *env = context;
  uint64_t part = value->key >> 24 & 0xff;
  bool of_index = value->key == STAMP_KEY;
  if (of_index || (value->key >> 32 && part && part < SY_PART_COUNT)) return SY_OK;
  return sy_fail_at(error, SY_CORRUPT, env->path, 0, "there is a value with a key that none has");
}

sy_status sy_env_check_new(sy_env *env, sy_error *error) {
  SY_TRY(sy_pages_check(&env->pages, no_overflow, NULL, error));
  return sy_pages_walk(&env->pages, 0, UINT64_MAX, check_new, env, error);
}

sy_status sy_env_get_usage(sy_env *env, sy_env_usage *usage, sy_error *error) {
  uint64_t free_pages, held_pages, readers, newest = env->pages.meta.commit, oldest = newest;
  SY_TRY(sy_pages_check(&env->pages, no_overflow, &free_pages, error));
  int code = env->shared->read_only ? 0 : sy_env_readers_reclaim(env->shared->mdb);
  if (!code) code = sy_env_readers_count(env->shared->mdb, &readers, &oldest);
  if (code) return fail_mdb(env, error, code, "cannot read the table of readers");
  SY_TRY(sy_pages_freed(&env->pages, oldest, newest, &held_pages, error));
  uint64_t page_bytes = env->pages.meta.page_bytes;
  *usage = (sy_env_usage){.file_bytes = (env->pages.meta.last_page + 1) * page_bytes,
                          .free_bytes = free_pages * page_bytes,
                          .held_bytes = held_pages * page_bytes,
                          .readers = readers ? readers - 1 : 0,
                          .oldest_transactions = newest - oldest};
  return SY_OK;
}

/* ---- Opening --------------------------------------------------------------------------------- */

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
  watch watch = {0, 0};
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
  } while (status == SY_CORRUPT && has_changed(&watch, head, bytes));
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
static int open_mdb(shared_env *shared, const char *path, unsigned flags) {
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

static int open_database(shared_env *shared) {
  MDB_txn *txn;
  int code = shared->read_only ? 0 : sy_env_readers_reclaim(shared->mdb);
  if (!code) code = mdb_txn_begin(shared->mdb, NULL, MDB_RDONLY, &txn);
  if (code) return code;
  code = mdb_dbi_open(txn, NULL, 0, &shared->dbi);
  mdb_txn_abort(txn);
  return code;
}

/* Finds or opens the environment of the directory. A reader who may not write opens it read-
 * only. */
static int share(sy_env *env, const struct stat *directory) {
  shared_env *shared = shared_list;
  while (shared && (shared->device != directory->st_dev || shared->inode != directory->st_ino))
    shared = shared->next;
  if (shared) {
    if (env->writer && shared->read_only) return EACCES;
    shared->users++;
    env->shared = shared;
    return 0;
  }
  shared = calloc(1, sizeof *shared);
  if (!shared) return ENOMEM;
  *shared = (shared_env){
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

static void drop_share(shared_env *shared) {
  if (--shared->users) return;
  shared_env **link = &shared_list;
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
  if (code == ENOMEM) {
    return sy_fail_at(error, SY_NO_MEMORY, env->path, 0,
                      "cannot open: %s (ulimit -v must leave twice the index and 64 MiB)",
                      mdb_strerror(code));
  }
  return code ? fail_mdb(env, error, code, "cannot open") : SY_OK;
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
  if (env->write) mdb_txn_abort(env->write);
  if (env->read) mdb_txn_abort(env->read);
  if (env->sound) sy_env_cut(env->shared->mdb);
  close_view(&env->view);
  if (env->shared) {
    pthread_mutex_lock(&shared_lock);
    drop_share(env->shared);
    pthread_mutex_unlock(&shared_lock);
  }
  if (env->lock_fd >= 0) close(env->lock_fd);
  free(env);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static sy_status begin_write(sy_env *env, sy_error *error) {
  if (env->write) return SY_OK;
  /* What a reader died in would stay as long as this writer lives. */
  int code = sy_env_readers_reclaim(env->shared->mdb);
  if (!code) code = mdb_txn_begin(env->shared->mdb, NULL, 0, &env->write);
  if (!code) return SY_OK;
  env->write = NULL;
  return fail_mdb(env, error, code, "cannot begin writing");
}

static sy_status put_value(sy_env *env, uint64_t number, const void *data, size_t bytes,
                           sy_error *error) {
  stored_key key = encode_key(number);
  MDB_val k = {sizeof key.bytes, key.bytes}, v = {bytes + SY_CHECKSUM_BYTES, NULL};
  int code = mdb_put(env->write, env->shared->dbi, &k, &v, MDB_RESERVE | MDB_NOOVERWRITE);
  if (code == MDB_KEYEXIST) { /* LMDB would keep the pages of a longer value for a shorter one */
    v = (MDB_val){bytes + SY_CHECKSUM_BYTES, NULL};
    code = mdb_del(env->write, env->shared->dbi, &k, NULL);
    if (!code) code = mdb_put(env->write, env->shared->dbi, &k, &v, MDB_RESERVE);
  }
  if (code) return fail_mdb(env, error, code, "cannot write");
  if (bytes) memcpy(v.mv_data, data, bytes);
  sy_store64((uint8_t *)v.mv_data + bytes, XXH3_64bits_withSeed(v.mv_data, bytes, number));
  return SY_OK;
}

static sy_status put_stamp(sy_env *env, sy_error *error) {
  uint64_t commit = mdb_txn_id(env->write);
  return put_value(env, STAMP_KEY, &commit, sizeof commit, error);
}

sy_status sy_env_put(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                     const void *data, size_t bytes, sy_error *error) {
  if (ordinal > SY_ORDINAL_MAX || bytes > UINT32_MAX - SY_CHECKSUM_BYTES) {
    return sy_fail_at(error, SY_LIMIT, env->path, 0, "part %d of segment %u is too large",
                      (int)part, segment);
  }
  if (!env->publishing && env->write_bytes && env->write_bytes + bytes > SY_TRANSACTION_BYTES) {
    SY_TRY(sy_env_commit(env, error));
  }
  SY_TRY(begin_write(env, error));
  env->write_bytes += bytes;
  env->put_bytes += bytes + SY_CHECKSUM_BYTES;
  uint64_t watch = sy_watch_start(true);
  sy_status status =
      put_value(env, key_number(segment, (uint32_t)part, ordinal), data, bytes, error);
  sy_watch_lap(&watch, &env->write_nanoseconds);
  return status;
}

/* Deletes from the cursor's key to the end of its segment. */
static int delete_run(const sy_env *env, MDB_cursor *cursor, uint32_t segment, MDB_val *k,
                      MDB_val *v, int code) {
  for (uint32_t n = 1; !code && decode_key(k->mv_data) >> 32 == segment; n++) {
    if (n % SY_RELEASE_VALUES == 0) release_lmdb(env);
    code = mdb_cursor_del(cursor, 0);
    if (!code)
      code = mdb_cursor_get(cursor, k, v, MDB_NEXT); /* behind a deletion: the one that followed */
  }
  return code;
}

typedef struct overflow_check {
  const sy_pages *pages;
  const file_view *view;
  uint32_t values;
} overflow_check;

static sy_status check_overflow(void *context, const sy_page_value *value, sy_error *error) {
  overflow_check *check = context;
  if (++check->values % SY_RELEASE_VALUES == 0) release_view(check->view);
  return sy_pages_overflow(check->pages, value, error);
}

/* LMDB frees as many pages of a value as its first page says: that is checked before. What the
 * current transaction put is not looked at: it has not been on disk. */
static sy_status check_before_delete(sy_env *env, uint32_t segment, sy_error *error) {
  file_view view = {0};
  sy_page_meta metas[2];
  sy_status status = refresh_view(env, &view, error);
  if (status == SY_OK) status = read_metas(env, &view, metas, error);
  if (status == SY_OK) {
    sy_pages pages = pages_of(env, &view, &metas[metas[0].commit < metas[1].commit]);
    overflow_check check = {&pages, &view, 0};
    uint64_t first = key_number(segment, 0, 0);
    status = sy_pages_walk(&pages, first, first | UINT32_MAX, check_overflow, &check, error);
  }
  close_view(&view);
  return status;
}

sy_status sy_env_delete_segment(sy_env *env, uint32_t segment, sy_error *error) {
  SY_TRY(check_before_delete(env, segment, error));
  SY_TRY(begin_write(env, error));
  MDB_cursor *cursor;
  int code = mdb_cursor_open(env->write, env->shared->dbi, &cursor);
  if (code) return fail_mdb(env, error, code, "cannot write");
  stored_key key = encode_key(key_number(segment, 0, 0));
  MDB_val k = {sizeof key.bytes, key.bytes}, v;
  code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
  code = delete_run(env, cursor, segment, &k, &v, code);
  mdb_cursor_close(cursor);
  release_lmdb(env);
  return code && code != MDB_NOTFOUND ? fail_mdb(env, error, code, "cannot delete") : SY_OK;
}

/* Stops at the first value: its segment is what is asked for. */
static sy_status take_segment(void *context, const sy_page_value *value, sy_error *error) {
  (void)error;
  *(uint64_t *)context = value->key >> 32;
  return SY_CANCELLED;
}

sy_status sy_env_sweep(sy_env *env, bool (*wanted)(const void *context, uint32_t segment),
                       const void *context, sy_error *error) {
  for (uint64_t segment = 0; segment <= UINT32_MAX; segment++) {
    SY_TRY(sy_env_read(env, error));
    sy_status status =
        sy_pages_walk(&env->pages, segment << 32, UINT64_MAX, take_segment, &segment, error);
    sy_env_end_read(env);
    if (status != SY_CANCELLED) return status;
    if (!wanted(context, (uint32_t)segment)) {
      SY_TRY(sy_env_delete_segment(env, (uint32_t)segment, error));
      SY_TRY(sy_env_commit(env, error));
    }
  }
  return SY_OK;
}

sy_status sy_env_begin_publishing(sy_env *env, sy_error *error) {
  if (env->write_bytes > SY_TRANSACTION_BYTES / 4) SY_TRY(sy_env_commit(env, error));
  env->publishing = true;
  return begin_write(env, error);
}

sy_status sy_env_commit(sy_env *env, sy_error *error) {
  env->publishing = false;
  if (!env->write) return SY_OK;
  sy_env_release(env); /* who reads all of a large segment writes meanwhile */
  SY_TRY(put_stamp(env, error));
  uint64_t watch = sy_watch_start(true);
  int code = mdb_txn_commit(env->write);
  sy_watch_lap(&watch, &env->write_nanoseconds);
  env->write = NULL;
  env->write_bytes = 0;
  release_lmdb(env);
  if (code == EIO) { /* also what LMDB makes of a write that was done in part */
    return sy_fail_at(error, SY_IO, env->path, 0,
                      "cannot commit: %s (is the disk full, or a limit of file size reached?)",
                      mdb_strerror(code));
  }
  return code ? fail_mdb(env, error, code, "cannot commit") : SY_OK;
}

uint64_t sy_env_put_bytes(const sy_env *env) { return env->put_bytes; }

uint64_t sy_env_write_nanoseconds(const sy_env *env) { return env->write_nanoseconds; }
