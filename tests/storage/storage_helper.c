/* storage_helper.c - what storage_helper.h declares. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw() */
#endif

#include "tests/storage/storage_helper.h"

#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

sy_error test_error;

void check_status(sy_status got, sy_status wanted, const char *what, const char *file, int line) {
  if (got != wanted) {
    char text[1200] = "";
    if (got != SY_OK && got != SY_NOT_FOUND) sy_error_format(&test_error, text, sizeof text);
    print_error("%s: \"%s\", not \"%s\" (%s)\n", what, sy_status_string(got),
                sy_status_string(wanted), text);
    _fail(file, line);
  }
  if (got != SY_OK && got != SY_NOT_FOUND && test_error.status != got) {
    print_error("%s: the error was not filled\n", what);
    _fail(file, line);
  }
}

char *make_directory(void) {
  const char *parent = getenv("TMPDIR");
  char path[4096];
  snprintf(path, sizeof path, "%s/suoyin-test-XXXXXX", parent && *parent ? parent : "/tmp");
  if (!mkdtemp(path)) {
    print_error("cannot make %s\n", path);
    fail();
  }
  return strdup(path);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
  (void)info, (void)type, (void)walk;
  return remove(path);
}

void remove_directory(char *path) {
  nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  free(path);
}

random_source seeded(uint64_t otherwise) {
  uint64_t seed = random_seed(otherwise);
  printf("# SUOYIN_SEED=%llu\n", (unsigned long long)seed);
  return (random_source){seed};
}

uint8_t *exact_copy(const void *data, size_t bytes) {
  uint8_t *copy = malloc(bytes + 8);
  assert_non_null(copy);
  if (bytes) memcpy(copy, data, bytes);
  memset(copy + bytes, 0xA5, 8);
  return copy;
}

/* cmocka catches them, and would go on with its other tests in the child. */
static void default_signals(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
}

int run_child(void (*body)(void *context), void *context) {
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    default_signals();
    body(context);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return status;
}

void require_at(bool good, const char *what, const char *file, int line) {
  if (good) return;
  fprintf(stderr, "# %s:%d: not %s (%s)\n", file, line, what, test_error.reason);
  _exit(1);
}

static void print_problem(void *context, const char *what) {
  (void)context;
  print_error("%s\n", what);
}

void assert_sound(const char *path) {
  sy_index *index;
  assert_ok(sy_index_open(path, &index, &test_error));
  assert_ok(sy_index_check(index, print_problem, NULL, &test_error));
  sy_index_close(index);
}

sy_index_stats stats_of(const char *path) {
  sy_index *index;
  sy_index_stats stats;
  assert_ok(sy_index_open(path, &index, &test_error));
  assert_ok(sy_index_get_stats(index, &stats, &test_error));
  sy_index_close(index);
  return stats;
}
