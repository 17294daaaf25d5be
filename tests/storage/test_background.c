/* test_background.c - values that a thread of the environment puts, against a table of what was
 * put. */
#include "tests/storage/storage_helper.h"

#include <signal.h>
#include <sys/resource.h>

#define KEYS 96u
#define MOST_BYTES (SY_CHUNK_BYTES + 300000u) /* some are longer than the thread is given */

/* What a key's value is: bytes that go on from a number. */
typedef struct expected {
  bool there;
  uint64_t seed;
  uint32_t bytes;
} expected;

static int make_path(void **state) {
  *state = make_directory();
  return 0;
}

static int free_path(void **state) {
  remove_directory(*state);
  return 0;
}

static void fill(uint8_t *to, expected e) {
  for (uint32_t i = 0; i < e.bytes; i++) to[i] = (uint8_t)((e.seed + i) * 0x9E3779B97F4A7C15 >> 56);
}

static sy_status put(sy_env *env, uint32_t key, expected e, bool chunk) {
  sy_buffer value = {0};
  fill(sy_buffer_reserve(&value, e.bytes + 1), e);
  value.bytes = e.bytes;
  uint32_t segment = 1 + key % 3;
  sy_status status =
      chunk ? sy_env_put_chunk(env, segment, SY_PART_IDS, key, &value, &test_error)
            : sy_env_put(env, segment, SY_PART_IDS, key, value.data, value.bytes, &test_error);
  if (chunk && status == SY_OK) assert_int_equal(value.bytes, 0);
  sy_buffer_free(&value);
  return status;
}

static expected any_value(random_source *random) {
  bool small = random_one_in(random, 3);
  return (expected){true, random_next(random), random_below(random, small ? 5000 : MOST_BYTES)};
}

static void assert_values(sy_env *env, const expected *all) {
  uint8_t *wanted = malloc(MOST_BYTES);
  assert_ok(sy_env_read(env, &test_error));
  for (uint32_t key = 0; key < KEYS; key++) {
    sy_value value;
    assert_status(sy_env_get_checked(env, 1 + key % 3, SY_PART_IDS, key, &value, &test_error),
                  all[key].there ? SY_OK : SY_NOT_FOUND);
    if (!all[key].there) continue;
    fill(wanted, all[key]);
    assert_int_equal(value.bytes, all[key].bytes);
    assert_memory_equal(value.data, wanted, value.bytes);
  }
  sy_env_end_read(env);
  free(wanted);
}

/* Values short and long, put anew, deleted and committed, while others read. */
static void test_values(void **state) {
  random_source random = seeded(20261128);
  expected all[KEYS] = {{false, 0, 0}};
  sy_env *env, *reader;
  assert_ok(sy_env_open(*state, true, true, &env, &test_error));
  for (uint32_t i = 0; i < 300; i++) {
    uint32_t key = random_below(&random, KEYS);
    all[key] = any_value(&random);
    assert_ok(put(env, key, all[key], random_one_in(&random, 2)));
    if (random_one_in(&random, 40)) {
      uint32_t segment = random_below(&random, 3);
      assert_ok(sy_env_delete_segment(env, 1 + segment, &test_error));
      for (uint32_t k = segment; k < KEYS; k += 3) all[k].there = false;
    }
    if (random_one_in(&random, 60)) {
      assert_ok(sy_env_commit(env, &test_error));
      assert_values(env, all);
    }
  }
  assert_ok(sy_env_commit(env, &test_error));
  assert_ok(sy_env_share(env, &reader, &test_error));
  assert_values(reader, all);
  assert_true(sy_env_write_nanoseconds(env) > 0);
  sy_env_close(reader);
  sy_env_close(env);
  assert_ok(sy_env_open(*state, false, false, &env, &test_error));
  assert_values(env, all);
  sy_env_close(env);
}

static bool none(const void *context, uint32_t segment) {
  (void)context;
  return segment == 0;
}

/* What is not committed when the environment is closed may be there in part: it is whole then, and
 * can be swept. */
static void test_closing(void **state) {
  random_source random = seeded(7);
  expected all[KEYS];
  sy_env *env;
  assert_ok(sy_env_open(*state, true, true, &env, &test_error));
  for (uint32_t key = 0; key < KEYS; key++) {
    all[key] = any_value(&random);
    assert_ok(put(env, key, all[key], true));
  }
  sy_env_close(env);
  assert_ok(sy_env_open(*state, true, false, &env, &test_error));
  assert_ok(sy_env_read(env, &test_error));
  for (uint32_t key = 0; key < KEYS; key++) {
    sy_value value;
    all[key].there = sy_env_get(env, 1 + key % 3, SY_PART_IDS, key, &value, NULL) == SY_OK;
    if (key) assert_true(all[key - 1].there || !all[key].there); /* in the order of the puts */
  }
  sy_env_end_read(env);
  assert_true(all[0].there && !all[KEYS - 1].there);
  assert_values(env, all);
  assert_ok(sy_env_sweep(env, none, NULL, &test_error));
  for (uint32_t key = 0; key < KEYS; key++) all[key].there = false;
  assert_values(env, all);
  sy_env_close(env);
}

/* A full disk, as a limit of file size: a later call says it, and what was committed stays. */
static void fill_disk(void *path) {
  random_source random = {5};
  expected kept = {true, 1, 1000};
  sy_env *env;
  require(sy_env_open(path, true, true, &env, &test_error) == SY_OK);
  require(put(env, 0, kept, false) == SY_OK && sy_env_commit(env, &test_error) == SY_OK);
  struct rlimit limit = {30 << 20, RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  require(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  sy_status status = SY_OK;
  for (uint32_t i = 0; i < 200 && status == SY_OK; i++) {
    status = put(env, 1 + i % (KEYS - 1), any_value(&random), true);
  }
  require(status == SY_IO && strstr(test_error.reason, "disk"));
  require(sy_env_commit(env, &test_error) == SY_IO && strstr(test_error.reason, "disk"));
  sy_env_close(env);
}

static void test_full_disk(void **state) {
  assert_int_equal(run_child(fill_disk, *state), 0);
  expected all[KEYS] = {{true, 1, 1000}};
  sy_env *env;
  assert_ok(sy_env_open(*state, true, false, &env, &test_error));
  assert_ok(sy_env_read(env, &test_error));
  sy_value value;
  for (uint32_t key = 1; key < KEYS; key++) {
    sy_status status = sy_env_get_checked(env, 1 + key % 3, SY_PART_IDS, key, &value, &test_error);
    assert_true(status == SY_OK || status == SY_NOT_FOUND);
  }
  sy_env_end_read(env);
  for (uint32_t segment = 2; segment < 4; segment++) {
    assert_ok(sy_env_delete_segment(env, segment, &test_error));
  }
  assert_ok(sy_env_commit(env, &test_error));
  assert_ok(sy_env_read(env, &test_error));
  assert_ok(sy_env_get_checked(env, 1, SY_PART_IDS, 0, &value, &test_error));
  assert_int_equal(value.bytes, all[0].bytes);
  sy_env_close(env);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_values, make_path, free_path),
      cmocka_unit_test_setup_teardown(test_closing, make_path, free_path),
      cmocka_unit_test_setup_teardown(test_full_disk, make_path, free_path),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
