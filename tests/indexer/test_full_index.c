/*
 * test_full_index.c - an index that has as much address space as it can get: the import ends, also
 * one that steps over bad articles, none of them is called bad, and the last commit stays.
 */
#include "tests/storage/storage_helper.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
int main(void) {
  puts("1..0 # SKIP a sanitizer needs terabytes of address space");
  return 0;
}
#else

enum { LINES = 30000, LINE_BYTES = 3000 };

/* 90 MB of letters that cannot be compressed much, read twice: more than 80 MiB of index. */
static void write_lines(const char *path) {
  random_source random = seeded(105);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  for (int i = 0; i < LINES; i++) {
    char text[LINE_BYTES + 1];
    for (int k = 0; k < LINE_BYTES; k++) {
      uint64_t letter = random_below(&random, 62);
      text[k] = (char)(letter < 26 ? 'a' + letter : letter < 52 ? 'A' + letter - 26 : ' ');
    }
    text[LINE_BYTES] = 0;
    fprintf(file, "{\"id\":\"%d\",\"body\":\"%s\"}\n", i, text);
  }
  assert_int_equal(fclose(file), 0);
}

static sy_writer *open_limited(const char *path) {
  struct rlimit before, limited;
  sy_writer *w;
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.memory_bytes = 32u << 20;
  options.threads = 1;
  assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
  limited = (struct rlimit){320u << 20, before.rlim_max}; /* of which the index gets a quarter */
  assert_int_equal(setrlimit(RLIMIT_AS, &limited), 0);
  sy_status status = sy_writer_open(path, &options, &w, &test_error);
  assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
  assert_ok(status);
  return w;
}

static void test_full_map(void **state) {
  (void)state;
  char *path = make_directory(), *lines;
  mallopt(M_ARENA_MAX, 1); /* threads must not reserve address space of their own */
  assert_true(asprintf(&lines, "%s/lines.jsonl", path) > 0);
  sy_writer *w;
  sy_article article = {string_of("first"), {0}, string_of("第一篇"), {0}};
  sy_writer_options alone = SY_WRITER_OPTIONS_DEFAULT;
  alone.threads = 1; /* what malloc() maps for another thread would stay, and count as ours below */
  assert_ok(sy_writer_open(path, &alone, &w, &test_error));
  assert_ok(sy_writer_add(w, &article, &test_error));
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_close(w);
  write_lines(lines);
  w = open_limited(path);
  sy_import_options options = SY_IMPORT_OPTIONS_DEFAULT;
  sy_import_progress progress;
  options.skip_bad = true;
  const char *const inputs[] = {lines, lines};
  assert_status(sy_import(w, inputs, 2, &options, &progress, &test_error), SY_LIMIT);
  assert_string_equal(test_error.file, path);
  assert_non_null(strstr(test_error.reason, "does not fit the address space"));
  assert_int_equal(progress.skipped, 0);
  assert_status(sy_writer_commit(w, &test_error), SY_LIMIT);
  sy_writer_close(w);
  unlink(lines);
  free(lines);
  assert_int_equal(stats_of(path).articles, 1);
  assert_sound(path);
  remove_directory(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_full_map)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
