/* test_stream.c - where records go, and that they come back; against the rule of stream.h in
 * plain words. */
#include "storage/stream.h"
#include "tests/storage/storage_helper.h"

#define SEGMENT 7

typedef struct record {
  uint64_t address;
  uint32_t bytes;
  uint32_t seed;
} record;

/* Chunks that fill up: "appended while they fit; a longer record has a chunk of its own". */
typedef struct model {
  uint64_t chunk;
  uint64_t used;
} model;

static uint64_t model_append(model *m, uint64_t bytes) {
  if (m->used && m->used + bytes > SY_CHUNK_BYTES) {
    m->chunk++;
    m->used = 0;
  }
  uint64_t address = m->chunk << SY_ADDRESS_BITS | m->used;
  m->used += bytes;
  if (m->used > SY_CHUNK_BYTES) {
    m->chunk++;
    m->used = 0;
  }
  return address;
}

static uint8_t content(const record *r, size_t i) { return (uint8_t)((i * 31 + r->seed) >> i % 3); }

static uint32_t random_size(random_source *random, uint64_t used) {
  uint32_t left = (uint32_t)(SY_CHUNK_BYTES - used);
  switch (random_below(random, 12)) {
    case 0: return SY_CHUNK_BYTES;
    case 1: return SY_CHUNK_BYTES + 1;
    case 2: return SY_CHUNK_BYTES - 1;
    case 3: return left ? left : 1; /* to the last byte */
    case 4: return left + 1;
    case 5: return left > 1 ? left - 1 : 1;
    case 6: return SY_CHUNK_BYTES * (1 + random_below(random, 3)) + random_below(random, 9);
    case 7: return 1 + random_below(random, 60000);
    default: return 1 + random_below(random, 300);
  }
}

static void write_record(sy_stream_writer *w, record *r, model *m, uint32_t split) {
  uint8_t *data = malloc(r->bytes);
  for (size_t i = 0; i < r->bytes; i++) data[i] = content(r, i);
  uint64_t before = w->end, expected = model_append(m, r->bytes);
  assert_ok(
      sy_stream_append(w, data, split, data + split, r->bytes - split, &r->address, &test_error));
  assert_int_equal(r->address, expected);
  assert_int_equal(sy_stream_place(before, r->bytes), expected);
  assert_int_equal(sy_stream_end(expected, r->bytes), w->end);
  free(data);
}

static void check_record(sy_stream *s, const record *r) {
  const uint8_t *data;
  assert_ok(sy_stream_get(s, r->address, r->bytes, &data, &test_error));
  for (size_t i = 0; i < r->bytes; i++) {
    if (data[i] != content(r, i)) fail_msg("byte %zu of %u is wrong", i, r->bytes);
  }
}

static void check_bad_addresses(sy_stream *s, const record *records, uint32_t count) {
  const uint8_t *data;
  const uint64_t bad[] = {(uint64_t)s->chunk_count << SY_ADDRESS_BITS, UINT64_MAX,
                          UINT64_MAX << SY_ADDRESS_BITS, (uint64_t)UINT32_MAX << SY_ADDRESS_BITS,
                          SY_ADDRESS_MASK};
  bool long_first = records[0].bytes > SY_ADDRESS_MASK; /* it has the last of them */
  for (size_t i = 0; i < sizeof bad / sizeof *bad - long_first; i++) {
    data = (const uint8_t *)"";
    assert_status(sy_stream_get(s, bad[i], 1, &data, &test_error), SY_CORRUPT);
    assert_null(data);
  }
  for (uint32_t i = 0; i < count; i++) {
    const record *r = &records[i];
    assert_status(sy_stream_get(s, r->address, UINT64_MAX, &data, &test_error), SY_CORRUPT);
    assert_status(sy_stream_get(s, r->address, UINT64_MAX - r->address, &data, &test_error),
                  SY_CORRUPT);
    bool last = i + 1 == count || r[1].address >> SY_ADDRESS_BITS != r->address >> SY_ADDRESS_BITS;
    if (last) {
      assert_status(sy_stream_get(s, r->address, r->bytes + 1u, &data, &test_error), SY_CORRUPT);
    }
  }
}

/* Reads them in no order and in order. What stands behind a record is the same in the map and
 * where that is spared, as decoders may look at it. */
static void read_records(sy_env *env, uint32_t chunks, const record *records, uint32_t count,
                         random_source *random) {
  sy_stream s;
  assert_ok(sy_env_read(env, &test_error));
  assert_ok(sy_stream_init(&s, env, SEGMENT, SY_PART_POSTINGS, chunks, &test_error));
  for (uint32_t i = 0; i < count * 2; i++) check_record(&s, &records[random_below(random, count)]);
  for (uint32_t i = 0; i < count; i++) {
    const record *r = &records[i];
    const uint8_t *data;
    check_record(&s, r);
    assert_ok(sy_stream_get(&s, r->address, r->bytes, &data, &test_error));
    const uint8_t *mapped = s.chunks[r->address >> SY_ADDRESS_BITS].data;
    mapped += r->address & SY_ADDRESS_MASK;
    assert_int_equal(data == mapped, !sy_env_is_sparing(env) || r->bytes > SY_WINDOW_BYTES);
    assert_memory_equal(data + r->bytes, mapped + r->bytes, SY_ENV_READ_BEHIND);
  }
  check_bad_addresses(&s, records, count);
  sy_stream_free(&s);
  sy_env_close(env);
}

static void round_trip(random_source *random, uint32_t count) {
  char *path = make_directory();
  sy_env *env;
  assert_ok(sy_env_open(path, true, true, &env, &test_error));
  sy_stream_writer w;
  sy_stream_writer_init(&w, env, SEGMENT, SY_PART_POSTINGS);
  record *records = calloc(count + 1, sizeof *records);
  model m = {0, 0};
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) {
    records[i].bytes = random_size(random, m.used);
    records[i].seed = (uint32_t)random_next(random);
    bytes += records[i].bytes;
    write_record(&w, &records[i], &m, random_below(random, records[i].bytes + 1));
  }
  assert_ok(sy_stream_finish(&w, &test_error));
  assert_int_equal(w.bytes, bytes);
  uint32_t chunks = sy_stream_chunk_count(w.end);
  assert_int_equal(chunks, m.chunk + (m.used > 0));
  sy_stream_writer_free(&w);
  assert_ok(sy_env_commit(env, &test_error));
  read_records(env, chunks, records, count, random);
  assert_ok(sy_env_open(path, false, false, &env, &test_error));
  read_records(env, chunks, records, count, random);
  free(records);
  remove_directory(path);
}

static void test_round_trip(void **state) {
  (void)state;
  random_source random = seeded(7);
  for (uint32_t i = 0; i < 8; i++) round_trip(&random, 1 + i * i);
}

/* A stream that says it has more chunks than there are; and none at all. */
static void test_missing(void **state) {
  (void)state;
  char *path = make_directory();
  sy_env *env;
  const uint8_t *data;
  assert_ok(sy_env_open(path, true, true, &env, &test_error));
  assert_ok(sy_env_read(env, &test_error));
  sy_stream s;
  assert_ok(sy_stream_init(&s, env, SEGMENT, SY_PART_IDS, 3, &test_error));
  assert_status(sy_stream_get(&s, 0, 1, &data, &test_error), SY_CORRUPT);
  assert_status(sy_stream_get(&s, 2ull << SY_ADDRESS_BITS, 0, &data, &test_error), SY_CORRUPT);
  sy_stream_free(&s);
  assert_ok(sy_stream_init(&s, env, SEGMENT, SY_PART_IDS, 0, &test_error));
  assert_status(sy_stream_get(&s, 0, 0, &data, &test_error), SY_CORRUPT);
  sy_stream_free(&s);
  assert_status(sy_stream_init(&s, env, SEGMENT, SY_PART_IDS, UINT32_MAX, &test_error), SY_CORRUPT);
  sy_stream_free(&s);
  sy_env_close(env);
  remove_directory(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
