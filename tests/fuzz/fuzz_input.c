/* fuzz_input.c - taking inputs apart, guarded memory, a directory in memory (fuzz.h). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw() */
#endif

#include "tests/fuzz/fuzz.h"

#include "text/utf8.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fuzz_check_at(bool good, const char *what, const char *file, int line) {
  if (good) return;
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  abort();
}

size_t fuzz_left(const fuzz_input *in) { return (size_t)(in->end - in->at); }

uint8_t fuzz_u8(fuzz_input *in) { return in->at < in->end ? *in->at++ : 0; }

uint32_t fuzz_u16(fuzz_input *in) {
  uint32_t low = fuzz_u8(in);
  return low | (uint32_t)fuzz_u8(in) << 8;
}

uint32_t fuzz_u32(fuzz_input *in) {
  uint32_t low = fuzz_u16(in);
  return low | fuzz_u16(in) << 16;
}

const uint8_t *fuzz_bytes(fuzz_input *in, size_t most, size_t *bytes) {
  const uint8_t *data = in->at;
  *bytes = fuzz_left(in) < most ? fuzz_left(in) : most;
  in->at += *bytes;
  return data;
}

const uint8_t *fuzz_text(fuzz_input *in, size_t *bytes) {
  const uint8_t *data = in->at, *zero = in->at < in->end ? memchr(data, 0, fuzz_left(in)) : NULL;
  *bytes = zero ? (size_t)(zero - data) : fuzz_left(in);
  in->at = zero ? zero + 1 : in->end;
  return data;
}

uint8_t *fuzz_copy(const void *data, size_t bytes) {
  uint8_t *copy = malloc(bytes ? bytes : 1);
  fuzz_check(copy != NULL);
  if (bytes) memcpy(copy, data, bytes);
  return copy;
}

static char directory[64];
static pid_t owner;

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
  (void)info, (void)type, (void)walk;
  return remove(path);
}

static void remove_directory_at_exit(void) {
  if (getpid() == owner) nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_directory(void) {
  if (directory[0]) return directory;
  const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(directory, sizeof directory, "%s/suoyin-fuzz-XXXXXX", parent);
  fuzz_check(mkdtemp(directory) != NULL);
  owner = getpid();
  atexit(remove_directory_at_exit);
  return directory;
}

bool *fuzz_boundaries(const uint8_t *text, size_t bytes) {
  bool *begins = calloc(bytes + 1, sizeof *begins);
  fuzz_check(begins != NULL);
  for (size_t at = 0; at < bytes;) {
    uint32_t length;
    begins[at] = true;
    sy_utf8_decode(text + at, text + bytes, &length);
    at += length;
  }
  begins[bytes] = true;
  return begins;
}
