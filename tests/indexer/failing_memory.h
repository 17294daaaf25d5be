/*
 * failing_memory.h - an allocator that fails, for the whole program of the test that includes
 * this: the `first_failing`-th allocation, and with `fails_on` all behind it. `calls` counts those
 * that could fail, `blocks` what is not freed.
 *
 * Not with a sanitizer, which has an allocator of its own: SANITIZED is then defined.
 */
#ifndef SY_TEST_FAILING_MEMORY_H
#define SY_TEST_FAILING_MEMORY_H

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED
#else

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static atomic_long calls, blocks;
static long first_failing = -1; /* none */
static bool fails_on;           /* behind the first, too */
static bool failed_in_losing;   /* in a library that then loses blocks */

#define VISIBLE __attribute__((visibility("default"))) /* to the libraries */

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

/*
 * Allocations of these do not fail here: CRoaring goes on with what it was not given, and
 * libarchive does or ends the program; of what fails in the libraries that it unpacks with, it says
 * that the archive is damaged.
 */
static const char *const excepted[] = {"libroaring", "libarchive", "libz.", "liblzma", NULL};

/* newlocale(), iconv_open() and uchardet lose blocks when they are not given others. */
static const char *const losing[] = {"libc.so", "ld-linux", "libstdc++", NULL};

static bool is_among(const char *library, const char *const *names) {
  for (; *names; names++) {
    if (strstr(library, *names)) return true;
  }
  return false;
}

static bool fails(const void *caller) {
  if (first_failing < 0) return false;
  Dl_info info;
  const char *library = dladdr(caller, &info) && info.dli_fname ? info.dli_fname : "";
  if (is_among(library, excepted)) return false;
  long call = calls++;
  if (fails_on ? call < first_failing : call != first_failing) return false;
  if (is_among(library, losing)) failed_in_losing = true;
  errno = ENOMEM;
  return true;
}

VISIBLE void *malloc(size_t bytes) {
  void *block = fails(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes);
  blocks += block != NULL;
  return block;
}

VISIBLE void *calloc(size_t count, size_t bytes) {
  void *block = fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, bytes);
  blocks += block != NULL;
  return block;
}

VISIBLE void *realloc(void *old, size_t bytes) {
  void *block = fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, bytes);
  blocks += !old && block;
  return block;
}

VISIBLE void *aligned_alloc(size_t alignment, size_t bytes) {
  void *block = fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, bytes);
  blocks += block != NULL;
  return block;
}

VISIBLE int posix_memalign(void **out, size_t alignment, size_t bytes) {
  void *block = aligned_alloc(alignment, bytes);
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}

VISIBLE void free(void *block) {
  blocks -= block != NULL;
  __libc_free(block);
}

#endif
#endif
