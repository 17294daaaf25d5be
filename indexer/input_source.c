/*
 * input_source.c - peeking, and sources that are file descriptors.
 *
 * Plain read() in the caller's blocks: mmap() was rejected because the JSON parser wants writable
 * padding behind the text, because a file cut short while it is read would kill the process with
 * SIGBUS, and because pages are faulted in one by one.
 */
#include "indexer/input_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct descriptor_source {
  sy_input_source source;
  int descriptor;
  bool owned;
} descriptor_source;

static sy_status descriptor_read(sy_input_source *source, void *buffer, size_t capacity,
                                 size_t *got, sy_error *error) {
  int descriptor = ((descriptor_source *)source)->descriptor;
  sy_input_monitor *monitor = source->monitor;
  for (;;) {
    ssize_t n = read(descriptor, buffer, capacity < (1u << 30) ? capacity : 1u << 30);
    int saved = errno;
    if (n > 0 && monitor) monitor->read_bytes += (uint64_t)n;
    /* Asked also when a signal interrupted: a program that waits at a pipe must be able to stop. */
    if (monitor && monitor->tick) SY_TRY(monitor->tick(monitor->context, error));
    if (n >= 0) {
      *got = (size_t)n;
      return SY_OK;
    }
    if (saved != EINTR) return sy_fail_errno(error, saved, source->name, "cannot read");
  }
}

static int64_t descriptor_seek(sy_input_source *source, int64_t offset, int whence) {
  return lseek(((descriptor_source *)source)->descriptor, offset, whence);
}

static void descriptor_close(sy_input_source *source) {
  descriptor_source *self = (descriptor_source *)source;
  if (self->owned) close(self->descriptor);
}

static const sy_input_source_operations file_operations = {descriptor_read, descriptor_seek,
                                                           descriptor_close};
static const sy_input_source_operations pipe_operations = {descriptor_read, NULL, descriptor_close};

void *sy_input_source_allocate(size_t size, const sy_input_source_operations *operations,
                               const char *name, sy_input_monitor *monitor, sy_error *error) {
  sy_input_source *source = calloc(1, size);
  char *copy = strdup(name);
  if (!source || !copy) {
    free(source);
    free(copy);
    sy_fail_memory(error);
    return NULL;
  }
  source->operations = operations;
  source->name = copy;
  source->monitor = monitor;
  return source;
}

sy_status sy_input_source_open_descriptor(int descriptor, const char *name,
                                          sy_input_monitor *monitor, sy_input_source **out,
                                          sy_error *error) {
  struct stat status;
  if (fstat(descriptor, &status)) return sy_fail_errno(error, errno, name, "cannot read");
  if (S_ISDIR(status.st_mode)) return sy_fail_errno(error, EISDIR, name, "cannot read");
  descriptor_source *self = sy_input_source_allocate(
      sizeof *self, S_ISREG(status.st_mode) ? &file_operations : &pipe_operations, name, monitor,
      error);
  if (!self) return SY_NO_MEMORY;
  self->descriptor = descriptor;
  *out = &self->source;
  return SY_OK;
}

sy_status sy_input_source_open_file(const char *path, const char *name, sy_input_monitor *monitor,
                                    sy_input_source **out, sy_error *error) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return sy_fail_errno(error, errno, name, "cannot open");
  posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  sy_status status = sy_input_source_open_descriptor(descriptor, name, monitor, out, error);
  if (status != SY_OK) {
    close(descriptor);
    return status;
  }
  ((descriptor_source *)*out)->owned = true;
  return SY_OK;
}

sy_status sy_input_source_peek(sy_input_source *source, const uint8_t **data, size_t *bytes,
                               sy_error *error) {
  if (!source->peeked) {
    source->peeked = malloc(SY_INPUT_PEEK_BYTES);
    if (!source->peeked) return sy_fail_memory(error);
    while (source->peeked_bytes < SY_INPUT_PEEK_BYTES) {
      size_t got = 0;
      SY_TRY(source->operations->read(source, source->peeked + source->peeked_bytes,
                                      SY_INPUT_PEEK_BYTES - source->peeked_bytes, &got, error));
      if (!got) break;
      source->peeked_bytes += got;
    }
  }
  *data = source->peeked + source->peeked_at;
  *bytes = source->peeked_bytes - source->peeked_at;
  return SY_OK;
}

sy_status sy_input_source_read(sy_input_source *source, void *buffer, size_t capacity, size_t *got,
                               sy_error *error) {
  size_t left = source->peeked_bytes - source->peeked_at;
  if (left) {
    *got = left < capacity ? left : capacity;
    memcpy(buffer, source->peeked + source->peeked_at, *got);
    source->peeked_at += *got;
  } else {
    SY_TRY(source->operations->read(source, buffer, capacity, got, error));
  }
  if (source->count_bytes && source->monitor) source->monitor->bytes += *got;
  return SY_OK;
}

sy_status sy_input_source_read_all(sy_input_source *source, sy_buffer *buffer, sy_error *error) {
  size_t block = SY_INPUT_PEEK_BYTES;
  for (;;) {
    uint8_t *space = sy_buffer_reserve(buffer, block);
    if (!space) return sy_fail_memory(error);
    size_t got = 0;
    SY_TRY(sy_input_source_read(source, space, block, &got, error));
    if (!got) return SY_OK;
    buffer->bytes += got;
    if (buffer->bytes > SY_INPUT_FILE_MAX_BYTES) {
      return sy_fail_at(error, SY_LIMIT, source->name, 0, "an article may have at most %zu bytes",
                        SY_INPUT_FILE_MAX_BYTES);
    }
    if (block < (4u << 20) && got == block) block *= 2;
  }
}

int64_t sy_input_source_seek(sy_input_source *source, int64_t offset, int whence) {
  if (!source->operations->seek) return -1;
  if (whence == SEEK_CUR) offset -= (int64_t)(source->peeked_bytes - source->peeked_at);
  source->peeked_at = source->peeked_bytes = 0;
  return source->operations->seek(source, offset, whence);
}

void sy_input_source_close(sy_input_source *source) {
  if (!source) return;
  source->operations->close(source);
  free(source->peeked);
  free(source->name);
  free(source);
}
