/* test_manifest.c - the manifest round trip, and what is said of one that is not ours. */
#include "storage/manifest.h"
#include "tests/storage/storage_helper.h"

typedef struct world {
  char *path;
  sy_env *env;
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

static sy_status read_manifest(world *w, sy_manifest *m) {
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_read(w->env, &test_error));
  test_error = (sy_error){0};
  sy_status status = sy_manifest_read(w->env, m, &test_error);
  sy_env_end_read(w->env);
  return status;
}

static void put_bytes(world *w, const uint8_t *bytes, size_t count) {
  assert_ok(sy_env_put(w->env, 0, SY_PART_MANIFEST, 0, bytes, count, &test_error));
}

static void fill_segment(sy_segment_info *s, random_source *random) {
  s->id = 1 + (uint32_t)random_below(random, UINT32_MAX);
  s->articles = (uint32_t)random_next(random);
  s->deleted = random_below(random, s->articles | 1);
  for (int f = 0; f < SY_FIELD_COUNT; f++) {
    uint64_t *numbers[] = {&s->fields[f].terms, &s->fields[f].postings, &s->fields[f].positions,
                           &s->fields[f].length_sum};
    for (int i = 0; i < 4; i++) *numbers[i] = random_next(random);
    s->fields[f].impact_average = (float)(1 + random_below(random, 100000)) / 7;
  }
  for (int p = 0; p < SY_PART_COUNT; p++) s->bytes[p] = random_next(random);
  for (int e = 0; e < SY_STREAM_COUNT; e++) s->ends[e] = random_next(random) >> 24;
}

static void compare(const sy_manifest *a, const sy_manifest *b) {
  assert_int_equal(a->text_rules, b->text_rules);
  assert_int_equal(a->commit, b->commit);
  assert_int_equal(a->written, b->written);
  assert_int_equal(a->next_segment, b->next_segment);
  assert_int_equal(a->segment_count, b->segment_count);
  for (uint32_t i = 0; i < a->segment_count; i++) {
    const sy_segment_info *x = &a->segments[i], *y = &b->segments[i];
    assert_int_equal(x->id, y->id);
    assert_int_equal(x->articles, y->articles);
    assert_int_equal(x->deleted, y->deleted);
    for (int f = 0; f < SY_FIELD_COUNT; f++) {
      assert_int_equal(x->fields[f].terms, y->fields[f].terms);
      assert_int_equal(x->fields[f].postings, y->fields[f].postings);
      assert_int_equal(x->fields[f].positions, y->fields[f].positions);
      assert_int_equal(x->fields[f].length_sum, y->fields[f].length_sum);
      assert_memory_equal(&x->fields[f].impact_average, &y->fields[f].impact_average, 4);
    }
    assert_memory_equal(x->bytes, y->bytes, sizeof x->bytes);
    assert_memory_equal(x->ends, y->ends, sizeof x->ends);
  }
}

static void test_round_trip(void **state) {
  world *w = *state;
  random_source random = seeded(19);
  for (uint32_t count = 0; count < 40; count += 1 + count / 3) {
    sy_manifest m = {random_below(&random, 16),
                     random_next(&random),
                     random_next(&random),
                     77,
                     count,
                     calloc(count + 1, sizeof(sy_segment_info))};
    for (uint32_t i = 0; i < count; i++) fill_segment(&m.segments[i], &random);
    sy_manifest read, copy;
    assert_ok(sy_manifest_put(w->env, &m, &test_error));
    assert_ok(read_manifest(w, &read));
    compare(&read, &m);
    assert_ok(sy_manifest_copy(&copy, &m, &test_error));
    compare(&copy, &m);
    if (count) assert_ptr_not_equal(copy.segments, m.segments);
    sy_manifest_free(&copy);
    sy_manifest_free(&read);
    sy_manifest_free(&m);
  }
}

static void test_none(void **state) {
  sy_manifest m;
  assert_status(read_manifest(*state, &m), SY_NOT_FOUND);
  sy_manifest_free(&m);
}

/* An index of one segment, as bytes. free(). */
static uint8_t *sample(world *w, size_t *bytes) {
  random_source random = {20};
  sy_segment_info segment;
  fill_segment(&segment, &random);
  sy_manifest m = {15, 3, 1000, 9, 1, &segment};
  assert_ok(sy_manifest_put(w->env, &m, &test_error));
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_read(w->env, &test_error));
  sy_value value;
  assert_ok(sy_env_get(w->env, 0, SY_PART_MANIFEST, 0, &value, &test_error));
  uint8_t *copy = exact_copy(value.data, value.bytes);
  *bytes = value.bytes;
  sy_env_end_read(w->env);
  return copy;
}

/* manifest.h: what stands where. */
static void test_layout(void **state) {
  size_t bytes;
  uint8_t *m = sample(*state, &bytes);
  assert_memory_equal(m, "SUOYIN\r\n", 8);
  assert_memory_equal(m + 8,
                      "\2\0\0\0"
                      "\x0F\0\0\0"
                      "\3\0\0\0\0\0\0\0"
                      "\xE8\3\0\0\0\0\0\0"
                      "\x09\0\0\0"
                      "\1\0\0\0",
                      32);
  assert_int_equal(bytes, 40 + 12 + SY_FIELD_COUNT * 36 + 8 * SY_PART_COUNT + 8 * SY_STREAM_COUNT);
  free(m);
}

static void test_foreign(void **state) {
  world *w = *state;
  size_t bytes;
  uint8_t *good = sample(w, &bytes);
  sy_manifest m;
  for (size_t i = 0; i < 8; i++) {
    uint8_t *bad = exact_copy(good, bytes);
    bad[i] ^= 1;
    put_bytes(w, bad, bytes);
    assert_status(read_manifest(w, &m), SY_VERSION);
    assert_non_null(strstr(test_error.reason, "not a Suoyin index"));
    free(bad);
  }
  good[8] = 3;
  put_bytes(w, good, bytes);
  assert_status(read_manifest(w, &m), SY_VERSION);
  assert_non_null(strstr(test_error.reason, "version 3"));
  assert_non_null(strstr(test_error.reason, "version 2"));
  assert_non_null(strstr(test_error.file, w->path));
  put_bytes(w, good, 40); /* also when the rest is missing */
  assert_status(read_manifest(w, &m), SY_VERSION);
  free(good);
}

static void test_damage(void **state) {
  world *w = *state;
  size_t bytes;
  uint8_t *good = sample(w, &bytes);
  sy_manifest m;
  for (size_t n = 0; n < bytes; n++) {
    put_bytes(w, good, n);
    sy_status status = read_manifest(w, &m);
    assert_int_equal(status, n < 12 && status == SY_VERSION ? SY_VERSION : SY_CORRUPT);
    assert_int_equal(test_error.status, status);
    assert_null(m.segments);
  }
  uint8_t *longer = exact_copy(good, bytes + 1);
  put_bytes(w, longer, bytes + 1);
  assert_status(read_manifest(w, &m), SY_CORRUPT);
  free(longer);
  /* Zero segment id; more deleted than there are; segments without end; an average that is no
   * number. */
  const struct {
    size_t at;
    uint32_t value;
  } faults[] = {{40, 0}, {48, UINT32_MAX}, {36, UINT32_MAX},
                {36, 2}, {36, 0},          {52 + 32, 0x7FC00000}};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    uint8_t *bad = exact_copy(good, bytes);
    sy_store32(bad + faults[i].at, faults[i].value);
    put_bytes(w, bad, bytes);
    assert_status(read_manifest(w, &m), SY_CORRUPT);
    assert_null(m.segments);
    free(bad);
  }
  free(good);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_round_trip, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_none, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_layout, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_foreign, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_damage, make_world, free_world),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
