/*
 * env_create.c - LMDB's file at its beginning and its end: a new, empty one, there whole or not at
 * all; and what is cut off.
 *
 * LMDB writes the first two pages of a new file without waiting for them. A machine that loses
 * power then can leave a part of them, which looks like a damaged index. So the file is made in a
 * directory beside, synced, and renamed.
 */
#include "storage/env_create.h"

#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_MAP_BYTES (1u << 20) /* in the file, but nobody goes by it */

static int make_database(const char *directory) {
  MDB_env *mdb;
  int code = mdb_env_create(&mdb);
  if (code) return code;
  code = mdb_env_set_mapsize(mdb, NEW_MAP_BYTES);
  if (!code) code = mdb_env_open(mdb, directory, MDB_NOLOCK, 0666);
  if (!code) code = mdb_env_sync(mdb, 1);
  mdb_env_close(mdb);
  return code;
}

/* Makes the names in the directory durable, and the directory's own. Some file systems cannot. */
static void sync_directory(const char *path) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  int parent = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  (void)fsync(directory);
  if (parent >= 0) {
    (void)fsync(parent);
    close(parent);
  }
  close(directory);
}

/* Removes the directory in which the file is made, also that of a writer that died. */
static void remove_made(const char *directory, const char *file) {
  char lock[PATH_MAX + 16];
  snprintf(lock, sizeof lock, "%s/lock.mdb", directory);
  unlink(lock);
  unlink(file);
  rmdir(directory);
}

sy_status sy_env_create(const char *directory, sy_error *error) {
  char made[PATH_MAX], made_file[PATH_MAX + 16], file[PATH_MAX];
  int length = snprintf(made, sizeof made, "%s/data.new", directory);
  if (length < 0 || (size_t)length >= sizeof made) {
    return sy_fail_at(error, SY_INVALID, directory, 0, "the path is too long");
  }
  snprintf(made_file, sizeof made_file, "%s/data.mdb", made);
  snprintf(file, sizeof file, "%s/data.mdb", directory);
  remove_made(made, made_file);
  int code = mkdir(made, 0777) ? errno : make_database(made);
  if (!code && rename(made_file, file)) code = errno;
  remove_made(made, made_file);
  if (code) {
    return sy_fail_at(error, code == ENOMEM ? SY_NO_MEMORY : SY_IO, directory, 0,
                      "cannot make the index: %s", mdb_strerror(code));
  }
  sync_directory(directory);
  return SY_OK;
}

void sy_env_cut(MDB_env *mdb) {
  MDB_txn *txn;
  MDB_envinfo info;
  MDB_stat pages;
  struct stat file;
  int fd;
  if (mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn)) return;
  if (!mdb_env_info(mdb, &info) && !mdb_env_stat(mdb, &pages) && !mdb_env_get_fd(mdb, &fd) &&
      !fstat(fd, &file)) {
    off_t used = (off_t)((info.me_last_pgno + 1) * pages.ms_psize);
    if (file.st_size > used && ftruncate(fd, used)) (void)0; /* then the next writer uses it */
  }
  mdb_txn_abort(txn);
}
