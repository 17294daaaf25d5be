/*
 * env_view.c - the file of an index as we read it: a map of our own, and which commits its first
 * pages say.
 */
#include "storage/env_state.h"

#include "base/bytes.h"
#include "base/status.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define SY_VIEW_LEAST_BYTES (64ull << 20) /* mapped for reading at least: the file may grow */
#define SY_READ_ATTEMPTS 50u              /* while writers keep committing under our eyes */

void sy_view_close(sy_file_view *view) {
  if (view->map) munmap(view->map, view->map_bytes);
  *view = (sy_file_view){0};
}

sy_status sy_view_refresh(const sy_env *env, sy_file_view *view, sy_error *error) {
  int fd;
  struct stat info;
  int code = mdb_env_get_fd(env->shared->mdb, &fd);
  if (code) return sy_env_fail(env, error, code, "cannot read");
  if (fstat(fd, &info)) return sy_fail_errno(error, errno, env->path, "cannot read");
  view->file_bytes = (uint64_t)info.st_size;
  if (view->map && view->file_bytes <= view->map_bytes) return SY_OK;
  uint64_t bytes = view->file_bytes, wanted = 2 * bytes;
  if (wanted < SY_VIEW_LEAST_BYTES) wanted = SY_VIEW_LEAST_BYTES;
  sy_view_close(view);
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

void sy_view_release(const sy_file_view *view) {
  if (view->map) madvise(view->map, view->map_bytes, MADV_DONTNEED);
}

bool sy_view_has_changed(sy_view_watch *w, const uint8_t *data, uint64_t bytes) {
  uint64_t most = 2 * SY_PAGE_MOST_BYTES, hash = XXH3_64bits(data, bytes < most ? bytes : most);
  bool changed = !w->attempts || hash != w->hash;
  w->hash = hash;
  if (changed) usleep(1000);
  return changed && ++w->attempts < SY_READ_ATTEMPTS;
}

sy_pages sy_view_pages(const sy_env *env, const sy_file_view *view, const sy_page_meta *meta) {
  uint64_t count = view->file_bytes / meta->page_bytes;
  if (count > meta->last_page + 1) count = meta->last_page + 1;
  return (sy_pages){env->path, view->map, count, *meta};
}

/* Whether the tree is of the commit that its meta says. Indexes made before there were stamps have
 * none. */
static sy_status check_stamp(const sy_pages *pages, sy_error *error) {
  sy_page_value stamp;
  sy_status status = sy_pages_get(pages, SY_STAMP_KEY, &stamp, error);
  if (status == SY_NOT_FOUND) return SY_OK;
  SY_TRY(status);
  if (stamp.bytes == 8 + SY_CHECKSUM_BYTES && sy_load64(stamp.data) == pages->meta.commit)
    return SY_OK;
  return sy_fail_at(error, SY_CORRUPT, pages->path, 0,
                    "pages 0 and 1 do not say which commit is the last");
}

sy_status sy_view_metas(const sy_env *env, const sy_file_view *view, sy_page_meta metas[2],
                        sy_error *error) {
  SY_TRY(sy_pages_metas(env->path, view->map, view->file_bytes, metas, error));
  for (int i = 0; i < 2; i++) {
    sy_pages pages = sy_view_pages(env, view, &metas[i]);
    SY_TRY(check_stamp(&pages, error));
  }
  return SY_OK;
}
