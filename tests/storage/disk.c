/* disk.c - the system's calls for writing, ours in between (described in disk.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tests/storage/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
  char path[4200]; /* of data.mdb; empty: nothing counts */
  bool recording, failing;
  disk_event *events;
  size_t count, capacity;
  uint64_t good, calls;
  int error;
  bool partly;
} disk;

static void out_of_memory(void) {
  fputs("disk.c: no memory\n", stderr);
  abort();
}

/* Whether the descriptor is the index's file. */
static bool counts(int fd) {
  struct stat a, b;
  return *disk.path && !fstat(fd, &a) && !stat(disk.path, &b) && a.st_ino == b.st_ino &&
         a.st_dev == b.st_dev;
}

/* ---- Remembering ----------------------------------------------------------------------------- */

static void set_path(const char *path) {
  snprintf(disk.path, sizeof disk.path, "%s/data.mdb", path);
}

static disk_event *add_event(disk_kind kind, uint64_t offset) {
  if (disk.count == disk.capacity) {
    disk.capacity = disk.capacity ? 2 * disk.capacity : 256;
    disk.events = realloc(disk.events, disk.capacity * sizeof *disk.events);
    if (!disk.events) out_of_memory();
  }
  disk.events[disk.count] = (disk_event){.kind = kind, .offset = offset};
  return &disk.events[disk.count++];
}

static void add_write(uint64_t offset, const void *data, size_t bytes, bool durable) {
  disk_event *e = add_event(DISK_WRITE, offset);
  e->durable = durable;
  e->data = malloc(bytes + 1);
  if (!e->data) out_of_memory();
  memcpy(e->data, data, bytes);
  e->bytes = bytes;
}

void disk_forget(void) {
  for (size_t i = 0; i < disk.count; i++) free(disk.events[i].data);
  free(disk.events);
  disk.events = NULL;
  disk.count = disk.capacity = 0;
  disk.recording = false;
}

void disk_record(const char *path) {
  disk_forget();
  set_path(path);
  FILE *file = fopen(disk.path, "rb");
  struct stat info;
  if (!file || fstat(fileno(file), &info)) abort();
  uint8_t *all = malloc((size_t)info.st_size + 1);
  if (!all) out_of_memory();
  size_t bytes = fread(all, 1, (size_t)info.st_size, file);
  add_write(0, all, bytes, true);
  free(all);
  fclose(file);
  disk.recording = true;
}

void disk_mark(uint64_t number) { add_event(DISK_MARK, number); }

const disk_event *disk_events(size_t *count) {
  *count = disk.count;
  return disk.events;
}

static void record_write(int fd, uint64_t offset, const void *data, size_t bytes) {
  if (disk.recording) add_write(offset, data, bytes, fcntl(fd, F_GETFL) & O_DSYNC);
}

/* ---- Failing --------------------------------------------------------------------------------- */

void disk_fail(const char *path, uint64_t good, int error, bool partly) {
  set_path(path);
  disk.failing = true;
  disk.good = good;
  disk.calls = 0;
  disk.error = error;
  disk.partly = partly;
}

uint64_t disk_heal(void) {
  disk.failing = false;
  return disk.calls;
}

/* Whether this call fails; *bytes becomes how much of it is done all the same. */
static bool fails(size_t *bytes) {
  if (!disk.failing || disk.calls++ < disk.good) return false;
  bool first = disk.calls - 1 == disk.good;
  *bytes = first && disk.partly ? *bytes / 2 / DISK_SECTOR * DISK_SECTOR : 0;
  errno = disk.error;
  return true;
}

#define VISIBLE __attribute__((visibility("default"))) /* to LMDB */

/* ---- The calls ------------------------------------------------------------------------------- */

VISIBLE ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset) {
  if (counts(fd)) {
    size_t part = bytes;
    if (fails(&part)) {
      if (!part) return -1;
      bytes = part;
    }
    record_write(fd, (uint64_t)offset, data, bytes);
  }
  return syscall(SYS_pwrite64, fd, data, bytes, offset);
}

VISIBLE ssize_t write(int fd, const void *data, size_t bytes) {
  if (counts(fd)) {
    size_t part = bytes;
    if (fails(&part)) {
      if (!part) return -1;
      bytes = part;
    }
    record_write(fd, (uint64_t)lseek(fd, 0, SEEK_CUR), data, bytes);
  }
  return syscall(SYS_write, fd, data, bytes);
}

/* Piece by piece, so that half of it can be written. */
VISIBLE ssize_t writev(int fd, const struct iovec *pieces, int count) {
  if (!counts(fd)) return syscall(SYS_writev, fd, pieces, count);
  size_t all = 0, done = 0;
  for (int i = 0; i < count; i++) all += pieces[i].iov_len;
  size_t part = all;
  if (fails(&part) && !part) return -1;
  for (int i = 0; i < count && done < part; i++) {
    size_t bytes = pieces[i].iov_len < part - done ? pieces[i].iov_len : part - done;
    record_write(fd, (uint64_t)lseek(fd, 0, SEEK_CUR), pieces[i].iov_base, bytes);
    ssize_t wrote = syscall(SYS_write, fd, pieces[i].iov_base, bytes);
    if (wrote != (ssize_t)bytes) return -1;
    done += bytes;
  }
  return (ssize_t)done;
}

static int sync_file(int fd, long call) {
  size_t none = 0;
  if (counts(fd)) {
    if (fails(&none)) return -1;
    if (disk.recording) add_event(DISK_SYNC, 0);
  }
  return (int)syscall(call, fd);
}

VISIBLE int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }
VISIBLE int fsync(int fd) { return sync_file(fd, SYS_fsync); }

VISIBLE int ftruncate(int fd, off_t size) {
  size_t none = 0;
  if (counts(fd)) {
    if (fails(&none)) return -1;
    if (disk.recording) add_event(DISK_TRUNCATE, (uint64_t)size);
  }
  return (int)syscall(SYS_ftruncate, fd, size);
}
