/* test_env.c - the environment: values and their checksums, snapshots, transactions, the writer
 * lock. */
#include "tests/storage/storage_helper.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct world {
  char *path;
  sy_env *env; /* the writer */
} world;

static int make_world(void **state) {
  world *w = calloc(1, sizeof *w);
  w->path = make_directory();
  *state = w;
  return sy_env_open(w->path, true, true, &w->env, &test_error) != SY_OK;
}

static int free_world(void **state) {
  world *w = *state;
  sy_env_close(w->env);
  remove_directory(w->path);
  free(w);
  return 0;
}

static int make_path(void **state) {
  *state = make_directory();
  return 0;
}

static int free_path(void **state) {
  remove_directory(*state);
  return 0;
}

static void put(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal, const char *text) {
  assert_ok(sy_env_put(env, segment, part, ordinal, text, strlen(text), &test_error));
}

static void assert_value(sy_env *env, uint32_t segment, sy_part part, uint32_t ordinal,
                         const char *text) {
  sy_value value;
  assert_status(sy_env_get(env, segment, part, ordinal, &value, &test_error),
                text ? SY_OK : SY_NOT_FOUND);
  if (!text) {
    assert_null(value.data);
    return;
  }
  assert_int_equal(value.bytes, strlen(text));
  assert_memory_equal(value.data, text, value.bytes);
}

/* ---- Opening ---- */

static void open_fails(const char *path, bool writer, bool create, sy_status wanted) {
  sy_env *env = (sy_env *)&env;
  test_error = (sy_error){0};
  assert_status(sy_env_open(path, writer, create, &env, &test_error), wanted);
  assert_null(env);
  assert_int_equal(test_error.status, wanted);
  assert_true(test_error.reason[0]);
}

static void write_file(const char *directory, const char *name, const char *bytes, size_t count) {
  char path[4200];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, count, file), count);
  fclose(file);
}

static void test_opening(void **state) {
  const char *path = *state;
  char inner[4200];
  open_fails(path, false, false, SY_NOT_FOUND); /* a directory, and nothing in it */
  open_fails(path, true, false, SY_NOT_FOUND);
  snprintf(inner, sizeof inner, "%s/none", path);
  open_fails(inner, false, true, SY_NOT_FOUND);
  open_fails(inner, true, false, SY_NOT_FOUND);
  snprintf(inner, sizeof inner, "%s/none/deeper", path);
  open_fails(inner, true, true, SY_IO);
  open_fails("", true, true, SY_INVALID);
  char *long_path = malloc(6000);
  memset(long_path, 'p', 5999);
  long_path[5999] = 0;
  open_fails(long_path, true, true, SY_INVALID);
  free(long_path);
  write_file(path, "file", "text", 4);
  snprintf(inner, sizeof inner, "%s/file", path);
  open_fails(inner, false, false, SY_VERSION);
  open_fails(inner, true, true, SY_VERSION);
}

static void test_foreign_file(void **state) {
  const char *path = *state;
  char *bytes = malloc(100000);
  memset(bytes, 'x', 100000);
  write_file(path, "data.mdb", bytes, 100000);
  free(bytes);
  open_fails(path, false, false, SY_VERSION);
  open_fails(path, true, true, SY_VERSION);
  write_file(path, "data.mdb", "short", 5);
  open_fails(path, false, false, SY_VERSION);
}

/* ---- Values ---- */

static uint8_t *bytes_of(uint32_t seed, size_t count) {
  uint8_t *bytes = malloc(count + 1);
  random_source random = {seed};
  for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)random_next(&random);
  return bytes;
}

static const size_t sizes[] = {0,
                               1,
                               8,
                               2000,
                               2024,
                               4000,
                               4072,
                               4096,
                               SY_CHUNK_BYTES - 1,
                               SY_CHUNK_BYTES,
                               SY_CHUNK_BYTES + 1,
                               3000000};
#define SIZES (sizeof sizes / sizeof *sizes)

static sy_status count_sound(void *context, uint32_t segment, uint32_t part, uint32_t ordinal,
                             sy_value value, bool sound) {
  uint32_t *count = context;
  assert_true(sound);
  assert_int_equal(segment, 4);
  assert_int_equal(part, SY_PART_POSTINGS);
  assert_int_equal(ordinal, *count);
  assert_int_equal(value.bytes, sizes[*count]);
  ++*count;
  return SY_OK;
}

static sy_status stop(void *context, uint32_t segment, uint32_t part, uint32_t ordinal,
                      sy_value value, bool sound) {
  (void)segment, (void)part, (void)ordinal, (void)value, (void)sound;
  return ++*(uint32_t *)context == 3 ? SY_CANCELLED : SY_OK;
}

static void test_values(void **state) {
  world *w = *state;
  for (uint32_t i = 0; i < SIZES; i++) {
    uint8_t *bytes = bytes_of(i, sizes[i]);
    assert_ok(sy_env_put(w->env, 4, SY_PART_POSTINGS, i, bytes, sizes[i], &test_error));
    free(bytes);
  }
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_commit(w->env, &test_error)); /* with nothing begun */
  assert_ok(sy_env_read(w->env, &test_error));
  for (uint32_t i = 0; i < SIZES; i++) {
    sy_value value;
    uint8_t *bytes = bytes_of(i, sizes[i]);
    assert_ok(sy_env_get(w->env, 4, SY_PART_POSTINGS, i, &value, &test_error));
    assert_int_equal(value.bytes, sizes[i]);
    if (sizes[i]) assert_memory_equal(value.data, bytes, sizes[i]);
    free(bytes);
  }
  uint32_t count = 0;
  assert_ok(sy_env_walk(w->env, count_sound, &count, &test_error));
  assert_int_equal(count, SIZES);
  count = 0;
  assert_int_equal(sy_env_walk(w->env, stop, &count, &test_error), SY_CANCELLED);
  assert_value(w->env, 4, SY_PART_POSTINGS, SIZES, NULL);
  assert_value(w->env, 4, SY_PART_LEXICON, 0, NULL);
  assert_value(w->env, 5, SY_PART_POSTINGS, 0, NULL);
  assert_status(sy_env_put(w->env, 4, SY_PART_POSTINGS, SY_ORDINAL_MAX + 1, "", 0, &test_error),
                SY_LIMIT);
  assert_status(sy_env_put(w->env, 4, SY_PART_POSTINGS, 0, "", UINT32_MAX, &test_error), SY_LIMIT);
}

/* Keys that differ in one part only, at the ends of their ranges. */
static void test_keys(void **state) {
  world *w = *state;
  const uint32_t segments[] = {0, 1, 255, 256, UINT32_MAX},
                 ordinals[] = {0, 1, 255, 256, SY_ORDINAL_MAX};
  for (int write = 1; write >= 0; write--) {
    for (uint32_t s = 0; s < 5; s++) {
      for (uint32_t p = 0; p < SY_PART_COUNT; p++) {
        for (uint32_t o = 0; o < 5; o++) {
          char text[40];
          sprintf(text, "%u %u %u", s, p, o);
          if (write) {
            put(w->env, segments[s], (sy_part)p, ordinals[o], text);
          } else {
            assert_value(w->env, segments[s], (sy_part)p, ordinals[o], text);
          }
        }
      }
    }
    assert_ok(sy_env_commit(w->env, &test_error));
    assert_ok(sy_env_read(w->env, &test_error));
  }
}

static bool is_even(const void *context, uint32_t segment) {
  (void)context;
  return segment % 2 == 0;
}

static void test_deleting(void **state) {
  world *w = *state;
  for (uint32_t s = 0; s < 10; s++) {
    for (uint32_t o = 0; o < 300; o++) put(w->env, s, (sy_part)(o % SY_PART_COUNT), o, "value");
  }
  put(w->env, UINT32_MAX, SY_PART_IDS, 1, "last");
  assert_ok(sy_env_delete_segment(w->env, 4, &test_error));  /* in the transaction that put it */
  assert_ok(sy_env_delete_segment(w->env, 77, &test_error)); /* there is none */
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_delete_segment(w->env, 6, &test_error));
  put(w->env, 6, SY_PART_MANIFEST, 0, "again");
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_sweep(w->env, is_even, NULL, &test_error));
  assert_ok(sy_env_read(w->env, &test_error));
  for (uint32_t s = 0; s < 10; s++) {
    bool there = s % 2 == 0 && s != 4;
    assert_value(w->env, s, SY_PART_MANIFEST, 0, !there ? NULL : s == 6 ? "again" : "value");
    assert_value(w->env, s, (sy_part)(299 % SY_PART_COUNT), 299, there && s != 6 ? "value" : NULL);
  }
  assert_value(w->env, UINT32_MAX, SY_PART_IDS, 1, NULL);
}

/* ---- Snapshots and transactions ---- */

static void test_snapshots(void **state) {
  world *w = *state;
  sy_env *reader;
  put(w->env, 1, SY_PART_IDS, 0, "one");
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_open(w->path, false, false, &reader, &test_error));
  assert_ok(sy_env_read(reader, &test_error));
  put(w->env, 1, SY_PART_IDS, 0, "two");
  assert_value(reader, 1, SY_PART_IDS, 0, "one");
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_value(reader, 1, SY_PART_IDS, 0, "one");
  /* The file grows to many times what it was when the reader opened it. */
  uint8_t *bytes = bytes_of(1, 1 << 20);
  for (uint32_t i = 0; i < 100; i++) {
    assert_ok(sy_env_put(w->env, 2, SY_PART_POSTINGS, i, bytes, 1 << 20, &test_error));
  }
  free(bytes);
  assert_value(reader, 1, SY_PART_IDS, 0, "one");
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_value(reader, 1, SY_PART_IDS, 0, "one");
  assert_value(reader, 2, SY_PART_POSTINGS, 99, NULL);
  assert_ok(sy_env_read(reader, &test_error));
  assert_value(reader, 1, SY_PART_IDS, 0, "two");
  sy_value value;
  assert_ok(sy_env_get(reader, 2, SY_PART_POSTINGS, 99, &value, &test_error));
  assert_int_equal(value.bytes, 1 << 20);
  sy_env_usage usage, more;
  assert_ok(sy_env_get_usage(reader, &usage, &test_error));
  assert_true(usage.file_bytes >= 100u << 20 && usage.free_bytes < usage.file_bytes / 10);
  assert_ok(sy_env_delete_segment(w->env, 2, &test_error));
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_read(reader, &test_error));
  assert_ok(sy_env_get_usage(reader, &more, &test_error));
  assert_true(more.free_bytes >= 100u << 20 && more.free_bytes <= more.file_bytes);
  sy_env_close(reader);
  sy_env_close(NULL);
}

static void test_discarding(void **state) {
  world *w = *state;
  put(w->env, 1, SY_PART_IDS, 0, "kept");
  assert_ok(sy_env_commit(w->env, &test_error));
  put(w->env, 1, SY_PART_IDS, 0, "lost");
  put(w->env, 1, SY_PART_IDS, 1, "lost");
  sy_env_close(w->env);
  assert_ok(sy_env_open(w->path, true, false, &w->env, &test_error));
  assert_ok(sy_env_read(w->env, &test_error));
  assert_value(w->env, 1, SY_PART_IDS, 0, "kept");
  assert_value(w->env, 1, SY_PART_IDS, 1, NULL);
}

/* ---- The lock ---- */

static void test_lock_in_process(void **state) {
  world *w = *state;
  open_fails(w->path, true, true, SY_LOCKED);
  assert_non_null(strstr(test_error.file, w->path));
  sy_env *reader;
  assert_ok(sy_env_open(w->path, false, false, &reader, &test_error));
  sy_env_close(reader);
  open_fails(w->path, true, true, SY_LOCKED); /* still: the reader's closing took no lock away */
  sy_env_close(w->env);
  assert_ok(sy_env_open(w->path, true, false, &w->env, &test_error));
}

/* A child that holds the lock until it is killed. */
static void test_lock_of_process(void **state) {
  const char *path = *state;
  int ready[2];
  char byte;
  assert_int_equal(pipe(ready), 0);
  fflush(NULL);
  pid_t child = fork();
  if (!child) {
    sy_env *env;
    require(sy_env_open(path, true, true, &env, &test_error) == SY_OK);
    require(sy_env_put(env, 1, SY_PART_IDS, 0, "x", 1, &test_error) == SY_OK);
    require(write(ready[1], "", 1) == 1);
    while (true) pause();
  }
  close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  open_fails(path, true, true, SY_LOCKED);
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, NULL, 0), child);
  sy_env *env;
  assert_ok(sy_env_open(path, true, false, &env, &test_error));
  assert_ok(sy_env_read(env, &test_error));
  assert_value(env, 1, SY_PART_IDS, 0, NULL);
  sy_env_close(env);
}

/* A reader that may not write: the directory and its files are read-only, but for the readers'
 * lock. */
static void read_in_read_only(void *context) {
  const char *path = context;
  sy_env *env;
  sy_value value;
  if (!geteuid() && seteuid(65534)) _exit(77);
  require(sy_env_open(path, false, false, &env, &test_error) == SY_OK);
  require(sy_env_read(env, &test_error) == SY_OK);
  require(sy_env_get(env, 1, SY_PART_IDS, 0, &value, &test_error) == SY_OK);
  require(value.bytes == 4 && !memcmp(value.data, "text", 4));
  sy_env_close(env);
  require(sy_env_open(path, true, false, &env, &test_error) == SY_IO);
}

static void test_read_only(void **state) {
  char *path = *state, file[4200];
  sy_env *env;
  assert_ok(sy_env_open(path, true, true, &env, &test_error));
  put(env, 1, SY_PART_IDS, 0, "text");
  assert_ok(sy_env_commit(env, &test_error));
  sy_env_close(env);
  static const char *const names[] = {"data.mdb", "lock.mdb", "writer.lock"};
  for (int i = 0; i < 3; i++) {
    snprintf(file, sizeof file, "%s/%s", path, names[i]);
    assert_int_equal(chmod(file, i == 1 ? 0666 : 0444), 0); /* LMDB's table of readers */
  }
  assert_int_equal(chmod(path, 0555), 0);
  int status = run_child(read_in_read_only, path);
  assert_int_equal(chmod(path, 0755), 0);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) skip();
  assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_opening, make_path, free_path),
      cmocka_unit_test_setup_teardown(test_foreign_file, make_path, free_path),
      cmocka_unit_test_setup_teardown(test_values, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_keys, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_deleting, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_snapshots, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_discarding, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_lock_in_process, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_lock_of_process, make_path, free_path),
      cmocka_unit_test_setup_teardown(test_read_only, make_path, free_path),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
