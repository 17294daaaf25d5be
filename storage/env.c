/*
 * env.c - reading the LMDB environment (contract and key layout in env.h).
 *
 * What is read is read by pages.h from a map of our own, which trusts no page. LMDB keeps the
 * table of readers, so that no page of our snapshot is written over; it reads pages only to write,
 * and only after all of them were checked when the writer opened.
 */
#include "storage/env_state.h"

#include "base/bytes.h"
#include "base/status.h"
#include "storage/env_readers.h"

#include <errno.h>
#include <sys/mman.h>
#include <xxhash.h>

const char *sy_env_path(const sy_env *env) { return env->path; }

sy_status sy_env_fail(const sy_env *env, sy_error *error, int code, const char *what) {
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

void sy_env_release(const sy_env *env) { sy_view_release(&env->view); }

bool sy_env_is_sparing(const sy_env *env) { return env->sparing; }

sy_status sy_env_copy(const sy_env *env, const uint8_t *data, size_t bytes, uint8_t *out,
                      sy_error *error) {
  int fd, code = mdb_env_get_fd(env->shared->mdb, &fd);
  if (code) return sy_env_fail(env, error, code, "cannot read");
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
    return sy_env_fail(env, error, code, "cannot begin reading");
  }
  sy_page_meta metas[2];
  uint64_t commit = mdb_txn_id(env->read);
  SY_TRY(sy_view_refresh(env, &env->view, error));
  SY_TRY(sy_view_metas(env, &env->view, metas, error));
  env->pages = sy_view_pages(env, &env->view, &metas[commit % 2]);
  if (env->pages.meta.commit == commit) return SY_OK;
  return sy_fail_at(error, SY_CORRUPT, env->path, 0, "page %u is not of the last commit",
                    (unsigned)(commit % 2));
}

/* Finds LMDB's own map, which it does not tell: a value lies as far behind its beginning as in our
 * view. */
static void find_lmdb_map(sy_env *env) {
  sy_page_value stamp;
  MDB_txn *txn;
  if (sy_pages_get(&env->pages, SY_STAMP_KEY, &stamp, NULL) != SY_OK) return;
  if (mdb_txn_begin(env->shared->mdb, NULL, MDB_RDONLY, &txn)) return;
  sy_env_stored_key key = sy_env_encode_key(SY_STAMP_KEY);
  MDB_val k = {sizeof key.bytes, key.bytes}, v;
  if (mdb_txn_id(txn) == env->pages.meta.commit && !mdb_get(txn, env->shared->dbi, &k, &v)) {
    env->shared->map = (uint8_t *)v.mv_data - (stamp.data - env->view.map);
    madvise(env->shared->map, env->view.file_bytes, MADV_NOHUGEPAGE);
  }
  mdb_txn_abort(txn);
}

sy_status sy_env_read(sy_env *env, sy_error *error) {
  sy_view_watch watch = {0, 0};
  sy_status status;
  do {
    status = try_read(env, error);
  } while (status == SY_CORRUPT &&
           sy_view_has_changed(&watch, env->view.map, env->view.file_bytes));
  if (status != SY_OK) sy_env_end_read(env);
  if (status == SY_OK && env->writer && !env->shared->map) find_lmdb_map(env);
  return status;
}

sy_status sy_env_get(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal, sy_value *out,
                     sy_error *error) {
  sy_page_value value;
  *out = (sy_value){NULL, 0};
  SY_TRY(sy_pages_get(&env->pages, sy_env_key(segment, (uint32_t)part, ordinal), &value, error));
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
  if (has_checksum(*out, sy_env_key(segment, (uint32_t)part, ordinal))) return SY_OK;
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
  if (v->key == SY_STAMP_KEY && sound) return SY_OK;
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
  bool of_index = value->key == SY_STAMP_KEY;
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
  if (code) return sy_env_fail(env, error, code, "cannot read the table of readers");
  SY_TRY(sy_pages_freed(&env->pages, oldest, newest, &held_pages, error));
  uint64_t page_bytes = env->pages.meta.page_bytes;
  *usage = (sy_env_usage){.file_bytes = (env->pages.meta.last_page + 1) * page_bytes,
                          .free_bytes = free_pages * page_bytes,
                          .held_bytes = held_pages * page_bytes,
                          .readers = readers ? readers - 1 : 0,
                          .oldest_transactions = newest - oldest};
  return SY_OK;
}
