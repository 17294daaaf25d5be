/*
 * env_write.c - putting and deleting values, commits.
 *
 * LMDB without MDB_WRITEMAP and with its full syncs: dirty pages live in our memory until their
 * transaction ends, a stray write cannot reach the file, a full disk is an error and not a SIGBUS.
 * Transactions end after SY_TRANSACTION_BYTES so that those pages stay few; from the second on
 * they are written by a thread of their own (env_background.h).
 */
#include "storage/env_state.h"

#include "base/bytes.h"
#include "base/status.h"
#include "base/stopwatch.h"
#include "storage/env_background.h"
#include "storage/env_readers.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#define SY_TRANSACTION_BYTES (4ull << 20)
#define SY_RELEASE_VALUES 8u /* looked at one after the other, then their pages are given back */

/* LMDB looks at pages wherever it writes, and the system maps those around them: for each
 * transaction a bit more. What is not known is not given back. */
static void release_lmdb(const sy_env *env) {
  MDB_envinfo info;
  MDB_stat stat;
  if (!env->shared->map || mdb_env_info(env->shared->mdb, &info)) return;
  if (mdb_env_stat(env->shared->mdb, &stat)) return;
  madvise(env->shared->map, (info.me_last_pgno + 1) * stat.ms_psize, MADV_DONTNEED);
}

static sy_status begin_write(sy_env *env, sy_error *error) {
  if (env->write) return SY_OK;
  /* What a reader died in would stay as long as this writer lives. */
  int code = sy_env_readers_reclaim(env->shared->mdb);
  if (!code) code = mdb_txn_begin(env->shared->mdb, NULL, 0, &env->write);
  if (!code) return SY_OK;
  env->write = NULL;
  return sy_env_fail(env, error, code, "cannot begin writing");
}

static sy_status put_value(sy_env *env, uint64_t number, const void *data, size_t bytes,
                           sy_error *error) {
  sy_env_stored_key key = sy_env_encode_key(number);
  MDB_val k = {sizeof key.bytes, key.bytes}, v = {bytes + SY_CHECKSUM_BYTES, NULL};
  int code = mdb_put(env->write, env->shared->dbi, &k, &v, MDB_RESERVE | MDB_NOOVERWRITE);
  if (code == MDB_KEYEXIST) { /* LMDB would keep the pages of a longer value for a shorter one */
    v = (MDB_val){bytes + SY_CHECKSUM_BYTES, NULL};
    code = mdb_del(env->write, env->shared->dbi, &k, NULL);
    if (!code) code = mdb_put(env->write, env->shared->dbi, &k, &v, MDB_RESERVE);
  }
  if (code) return sy_env_fail(env, error, code, "cannot write");
  if (bytes) memcpy(v.mv_data, data, bytes);
  sy_store64((uint8_t *)v.mv_data + bytes, XXH3_64bits_withSeed(v.mv_data, bytes, number));
  return SY_OK;
}

static sy_status put_stamp(sy_env *env, sy_error *error) {
  uint64_t commit = mdb_txn_id(env->write);
  return put_value(env, SY_STAMP_KEY, &commit, sizeof commit, error);
}

static void add_time(sy_env *env, uint64_t since) {
  uint64_t nanoseconds = 0;
  sy_watch_lap(&since, &nanoseconds);
  env->write_nanoseconds += nanoseconds;
}

/* What is committed to a file without a name is lost when it is closed. */
static sy_status check_name(const sy_env *env, sy_error *error) {
  int fd;
  struct stat file;
  if (mdb_env_get_fd(env->shared->mdb, &fd) || fstat(fd, &file) || file.st_nlink) return SY_OK;
  return sy_fail_at(error, SY_IO, env->path, 0,
                    "data.mdb was deleted or replaced while it is written");
}

sy_status sy_env_end_transaction(sy_env *env, sy_error *error) {
  if (!env->write) return SY_OK;
  SY_TRY(check_name(env, error));
  SY_TRY(put_stamp(env, error));
  uint64_t watch = sy_watch_start(true);
  int code = mdb_txn_commit(env->write);
  add_time(env, watch);
  env->write = NULL;
  env->write_bytes = 0;
  release_lmdb(env);
  if (code == EIO) { /* also what LMDB makes of a write that was done in part */
    return sy_fail_at(error, SY_IO, env->path, 0,
                      "cannot commit: %s (is the disk full, or a limit of file size reached?)",
                      mdb_strerror(code));
  }
  return code ? sy_env_fail(env, error, code, "cannot commit") : SY_OK;
}

void sy_env_abort(sy_env *env) {
  if (env->write) mdb_txn_abort(env->write);
  env->write = NULL;
  env->write_bytes = 0;
}

/* Whether so many bytes more are too many for the transaction. */
static bool is_full(const sy_env *env, size_t bytes) {
  return env->write_bytes && env->write_bytes + bytes > SY_TRANSACTION_BYTES;
}

sy_status sy_env_store(sy_env *env, uint64_t key, const void *data, size_t bytes, sy_error *error) {
  if (!env->publishing && is_full(env, bytes)) SY_TRY(sy_env_end_transaction(env, error));
  SY_TRY(begin_write(env, error));
  env->write_bytes += bytes;
  uint64_t watch = sy_watch_start(true);
  sy_status status = put_value(env, key, data, bytes, error);
  add_time(env, watch);
  return status;
}

/* Ends the thread that writes, if there is one: what it has put is durable. */
static sy_status end_background(sy_env *env, sy_error *error) {
  if (!env->background) return SY_OK;
  sy_background *background = env->background;
  env->background = NULL;
  return sy_background_end(background, false, error);
}

/* For whom reads much while writing. */
static void release_now_and_then(sy_env *env, size_t bytes) {
  env->unreleased_bytes += bytes;
  if (env->unreleased_bytes < SY_TRANSACTION_BYTES) return;
  env->unreleased_bytes = 0;
  sy_env_release(env);
}

/* What comes before any put. */
static sy_status prepare(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                         size_t bytes, sy_error *error) {
  if (ordinal > SY_ORDINAL_MAX || bytes > UINT32_MAX - SY_CHECKSUM_BYTES) {
    return sy_fail_at(error, SY_LIMIT, env->path, 0, "part %d of segment %u is too large",
                      (int)part, segment);
  }
  env->put_bytes += bytes + SY_CHECKSUM_BYTES;
  release_now_and_then(env, bytes);
  if (env->background || env->publishing || !(env->paused || is_full(env, bytes))) return SY_OK;
  SY_TRY(sy_env_end_transaction(env, error));
  if (bytes <= SY_CHUNK_BYTES) env->background = sy_background_begin(env);
  return SY_OK;
}

sy_status sy_env_put_chunk(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                           sy_buffer *chunk, sy_error *error) {
  SY_TRY(prepare(env, segment, part, ordinal, chunk->bytes, error));
  uint64_t key = sy_env_key(segment, (uint32_t)part, ordinal);
  if (env->background) return sy_background_put(env->background, key, chunk, error);
  SY_TRY(sy_env_store(env, key, chunk->data, chunk->bytes, error));
  chunk->bytes = 0;
  return SY_OK;
}

sy_status sy_env_put(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                     const void *data, size_t bytes, sy_error *error) {
  SY_TRY(prepare(env, segment, part, ordinal, bytes, error));
  if (bytes > SY_CHUNK_BYTES) SY_TRY(end_background(env, error)); /* not worth another copy */
  uint64_t key = sy_env_key(segment, (uint32_t)part, ordinal);
  if (!env->background) return sy_env_store(env, key, data, bytes, error);
  sy_buffer copy = {0};
  if (bytes) sy_buffer_append(&copy, data, bytes);
  sy_status status =
      copy.failed ? sy_fail_memory(error) : sy_background_put(env->background, key, &copy, error);
  sy_buffer_free(&copy);
  return status;
}

sy_status sy_env_pause(sy_env *env, sy_error *error) {
  if (env->background || !env->write) return SY_OK;
  env->paused = true;
  return sy_env_end_transaction(env, error);
}

void sy_env_give_up(sy_env *env) {
  if (!env->background) sy_env_abort(env);
}

static uint64_t decode_key(const uint8_t *bytes) {
  uint64_t number = 0;
  for (int i = 0; i < 8; i++) number = number << 8 | bytes[i];
  return number;
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
  const sy_file_view *view;
  uint32_t values;
} overflow_check;

static sy_status check_overflow(void *context, const sy_page_value *value, sy_error *error) {
  overflow_check *check = context;
  if (++check->values % SY_RELEASE_VALUES == 0) sy_view_release(check->view);
  return sy_pages_overflow(check->pages, value, error);
}

/* LMDB frees as many pages of a value as its first page says: that is checked before. What the
 * current transaction put is not looked at: it has not been on disk. */
static sy_status check_before_delete(sy_env *env, uint32_t segment, sy_error *error) {
  sy_file_view view = {0};
  sy_page_meta metas[2];
  sy_status status = sy_view_refresh(env, &view, error);
  if (status == SY_OK) status = sy_view_metas(env, &view, metas, error);
  if (status == SY_OK) {
    sy_pages pages = sy_view_pages(env, &view, &metas[metas[0].commit < metas[1].commit]);
    overflow_check check = {&pages, &view, 0};
    uint64_t first = sy_env_key(segment, 0, 0);
    status = sy_pages_walk(&pages, first, first | UINT32_MAX, check_overflow, &check, error);
  }
  sy_view_close(&view);
  return status;
}

sy_status sy_env_delete_segment(sy_env *env, uint32_t segment, sy_error *error) {
  SY_TRY(end_background(env, error));
  SY_TRY(check_before_delete(env, segment, error));
  SY_TRY(begin_write(env, error));
  MDB_cursor *cursor;
  int code = mdb_cursor_open(env->write, env->shared->dbi, &cursor);
  if (code) return sy_env_fail(env, error, code, "cannot write");
  sy_env_stored_key key = sy_env_encode_key(sy_env_key(segment, 0, 0));
  MDB_val k = {sizeof key.bytes, key.bytes}, v;
  code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
  code = delete_run(env, cursor, segment, &k, &v, code);
  mdb_cursor_close(cursor);
  release_lmdb(env);
  return code && code != MDB_NOTFOUND ? sy_env_fail(env, error, code, "cannot delete") : SY_OK;
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
  SY_TRY(end_background(env, error));
  if (env->write_bytes > SY_TRANSACTION_BYTES / 4) SY_TRY(sy_env_commit(env, error));
  env->publishing = true;
  return begin_write(env, error);
}

sy_status sy_env_commit(sy_env *env, sy_error *error) {
  SY_TRY(end_background(env, error));
  env->publishing = env->paused = false;
  if (env->write) sy_env_release(env); /* who reads all of a large segment writes meanwhile */
  return sy_env_end_transaction(env, error);
}

uint64_t sy_env_put_bytes(const sy_env *env) { return env->put_bytes; }

uint64_t sy_env_write_nanoseconds(const sy_env *env) { return env->write_nanoseconds; }
