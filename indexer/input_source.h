/*
 * input_source.h - a stream of input bytes with a name: a file, standard input, a member of an
 * archive, a stream converted to UTF-8. Readers see only this.
 *
 * A source can be peeked at without consuming: the format, the container and the charset are
 * decided on its first SY_INPUT_PEEK_BYTES.
 */
#ifndef SY_INPUT_SOURCE_H
#define SY_INPUT_SOURCE_H

#include "base/bytes.h"
#include "base/status.h"

#define SY_INPUT_PEEK_BYTES (64u << 10)

/* An input that becomes one article is read whole: as long as an article's body may be. */
#define SY_INPUT_FILE_MAX_BYTES ((size_t)INT32_MAX)

/* Counts what is read, and is asked now and then whether to go on. Outlives its sources. */
typedef struct sy_input_monitor {
  sy_status (*tick)(void *context, sy_error *error); /* may be NULL; not SY_OK: stop with that */
  void *context;
  uint64_t read_bytes; /* from disk or standard input */
  uint64_t bytes;      /* delivered by sources that count_bytes */
} sy_input_monitor;

typedef struct sy_input_source sy_input_source;

typedef struct sy_input_source_operations {
  /* Reads 1 to `capacity` bytes, or none at the end. */
  sy_status (*read)(sy_input_source *source, void *buffer, size_t capacity, size_t *got,
                    sy_error *error);
  /* As lseek(); NULL when the source cannot. */
  int64_t (*seek)(sy_input_source *source, int64_t offset, int whence);
  void (*close)(
      sy_input_source *source); /* frees what is behind the common part, not the part itself */
} sy_input_source_operations;

/* The common part; every kind of source begins with it. */
struct sy_input_source {
  const sy_input_source_operations *operations;
  char *name;                /* for messages and ids; owned by the source */
  sy_input_monitor *monitor; /* may be NULL; borrowed */
  bool count_bytes;          /* what is read counts in monitor->bytes: set for what readers read */
  uint8_t *peeked;           /* allocated by the first peek */
  size_t peeked_at, peeked_bytes;
};

/* A regular file, or anything else that opens and reads (a pipe of the shell). Owned by the caller.
 */
sy_status sy_input_source_open_file(const char *path, const char *name, sy_input_monitor *monitor,
                                    sy_input_source **out, sy_error *error);

/* An open file descriptor, which stays open. */
sy_status sy_input_source_open_descriptor(int descriptor, const char *name,
                                          sy_input_monitor *monitor, sy_input_source **out,
                                          sy_error *error);

/* For implementations: allocates `size` zeroed bytes that begin with the common part, filled. */
void *sy_input_source_allocate(size_t size, const sy_input_source_operations *operations,
                               const char *name, sy_input_monitor *monitor, sy_error *error);

/* The first bytes not yet read: SY_INPUT_PEEK_BYTES of them, or all that are left. Only at the
 * start of the source. Borrowed until the next read. */
sy_status sy_input_source_peek(sy_input_source *source, const uint8_t **data, size_t *bytes,
                               sy_error *error);

/* Reads 1 to `capacity` bytes, or none at the end. */
sy_status sy_input_source_read(sy_input_source *source, void *buffer, size_t capacity, size_t *got,
                               sy_error *error);

/* Reads all that is left behind what `buffer` has. SY_LIMIT over SY_INPUT_FILE_MAX_BYTES. */
sy_status sy_input_source_read_all(sy_input_source *source, sy_buffer *buffer, sy_error *error);

/* Absolute position as lseek(), or -1. Drops what was peeked. */
int64_t sy_input_source_seek(sy_input_source *source, int64_t offset, int whence);

/* Accepts NULL. */
void sy_input_source_close(sy_input_source *source);

#endif
