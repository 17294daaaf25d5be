/* test_ids.c - ids by number and numbers by id, against an array of strings. */
#include "storage/ids.h"
#include "tests/storage/storage_helper.h"

#define SEGMENT 9

typedef struct world {
  char *path;
  sy_env *env;
  sy_string *ids;
  uint32_t count;
  sy_ids reader;
} world;

static void world_make(world *w, sy_string *ids, uint32_t count) {
  *w = (world){.path = make_directory(), .ids = ids, .count = count};
  assert_ok(sy_env_open(w->path, true, true, &w->env, &test_error));
  sy_ids_writer writer;
  sy_ids_writer_init(&writer, w->env, SEGMENT);
  for (uint32_t i = 0; i < count; i++) assert_ok(sy_ids_writer_add(&writer, ids[i], &test_error));
  assert_ok(sy_ids_writer_finish(&writer, &test_error));
  uint32_t chunks = sy_stream_chunk_count(writer.stream.end);
  sy_ids_writer_free(&writer);
  assert_ok(sy_env_commit(w->env, &test_error));
  assert_ok(sy_env_read(w->env, &test_error));
  assert_ok(sy_ids_open(&w->reader, w->env, SEGMENT, count, chunks, &test_error));
}

static void world_free(world *w) {
  sy_ids_close(&w->reader);
  sy_env_close(w->env);
  remove_directory(w->path);
}

/* ---- Against the array ---- */

typedef struct found {
  uint32_t articles[64];
  uint32_t count, stop_at;
} found;

static bool collect_article(void *context, uint32_t article) {
  found *f = context;
  if (f->count < 64) f->articles[f->count] = article;
  return ++f->count == f->stop_at;
}

static bool same(sy_string a, sy_string b) {
  return a.bytes == b.bytes && !memcmp(a.data, b.data, a.bytes);
}

static void check_find(world *w, sy_string id, uint32_t stop_at) {
  found f = {.stop_at = stop_at};
  uint32_t wanted = 0;
  for (uint32_t i = 0; i < w->count; i++) wanted += same(w->ids[i], id);
  bool stopped = stop_at && wanted >= stop_at;
  assert_status(sy_ids_find(&w->reader, id, sy_id_hash(id), collect_article, &f, &test_error),
                stopped ? SY_OK : SY_NOT_FOUND);
  assert_int_equal(f.count, stopped ? stop_at : wanted);
  for (uint32_t k = 0; k < f.count && k < 64; k++) {
    assert_true(f.articles[k] < w->count);
    assert_true(same(w->ids[f.articles[k]], id));
    if (k) assert_int_not_equal(f.articles[k], f.articles[k - 1]);
  }
}

static void check_get(world *w, uint32_t article) {
  sy_string id;
  assert_ok(sy_ids_get(&w->reader, article, &id, &test_error));
  assert_int_equal(id.bytes, w->ids[article].bytes);
  assert_memory_equal(id.data, w->ids[article].data, id.bytes);
}

static void check_all(world *w, random_source *random) {
  sy_string id;
  for (uint32_t i = 0; i < w->count; i++) check_get(w, i % 2 ? random_below(random, w->count) : i);
  for (uint32_t i = 0; i < w->count; i += random_below(random, 4) / 2) /* now and then again */
    check_get(w, i);
  for (int i = 0; i < 200 && w->count; i++)
    check_find(w, w->ids[random_below(random, w->count)], i % 3);
  for (int i = 0; i < 50; i++) {
    char text[20];
    check_find(w, (sy_string){text, (size_t)sprintf(text, "no/%d", i)}, 1);
  }
  check_find(w, (sy_string){"", 0}, 1);
  assert_status(sy_ids_get(&w->reader, w->count, &id, &test_error), SY_CORRUPT);
  assert_status(sy_ids_get(&w->reader, UINT32_MAX, &id, &test_error), SY_CORRUPT);
}

static sy_string random_id(random_source *random, bool may_be_long) {
  uint32_t bytes = 1 + random_below(random, 30);
  if (may_be_long && random_one_in(random, 40)) bytes = SY_ID_MAX_BYTES - random_below(random, 3);
  char *data = malloc(bytes);
  for (uint32_t i = 0; i < bytes; i++) data[i] = (char)random_below(random, i < 8 ? 3 : 256);
  return (sy_string){data, bytes};
}

/* An id that ends with a number, and often is another one's with one more. */
static sy_string numbered_id(random_source *random) {
  static const char *const forms[] = {"%u", "a/%u", "a/%03u", "a%u9", "%ux"};
  char text[32];
  uint32_t number = random_below(random, 4) * 99 + random_below(random, 12);
  int bytes = sprintf(text, forms[random_below(random, 5)], number);
  return (sy_string){memcpy(malloc((size_t)bytes), text, (size_t)bytes), (size_t)bytes};
}

static void test_random(void **state) {
  (void)state;
  random_source random = seeded(14);
  const uint32_t counts[] = {0, 1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 129, 500, 4096, 20000};
  for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
    sy_string *ids = calloc(counts[n] + 1, sizeof *ids);
    for (uint32_t i = 0; i < counts[n]; i++) {
      sy_string *copied = i && random_one_in(&random, 10) ? &ids[random_below(&random, i)] : NULL;
      ids[i] = n % 2 ? numbered_id(&random) : random_id(&random, counts[n] <= 500);
      if (!copied) continue;
      free((void *)(uintptr_t)ids[i].data); /* the same id again: an article that was replaced */
      ids[i].data = memcpy(malloc(copied->bytes), copied->data, copied->bytes);
      ids[i].bytes = copied->bytes;
    }
    world w;
    world_make(&w, ids, counts[n]);
    check_all(&w, &random);
    world_free(&w);
    for (uint32_t i = 0; i < counts[n]; i++) free((void *)(uintptr_t)ids[i].data);
    free(ids);
  }
}

/* ---- Damage ---- */

static void use(world *w) {
  sy_string id;
  for (uint32_t i = 0; i < w->count; i += 5) {
    found f = {.stop_at = 1};
    if (sy_ids_get(&w->reader, i, &id, &test_error) == SY_OK) {
      volatile char last = id.bytes ? id.data[id.bytes - 1] : 0;
      (void)last;
    }
    (void)sy_ids_find(&w->reader, w->ids[i], sy_id_hash(w->ids[i]), collect_article, &f,
                      &test_error);
  }
}

/* Flips each byte of the ids' stream, which is put into memory of its size. */
static void test_damage(void **state) {
  (void)state;
  random_source random = seeded(15);
  sy_string ids[70];
  for (uint32_t i = 0; i < 70; i++) ids[i] = random_id(&random, false);
  for (uint32_t i = 20; i < 50; i++) { /* 80 to 109 */
    char *text = malloc(8);
    free((void *)(uintptr_t)ids[i].data);
    ids[i] = (sy_string){text, (size_t)sprintf(text, "a%u", 60 + i)};
  }
  world w;
  world_make(&w, ids, 70);
  const uint8_t *data;
  assert_ok(sy_stream_get(&w.reader.stream, 0, 1, &data, &test_error));
  sy_value *chunk = &w.reader.stream.chunks[0];
  size_t bytes = chunk->bytes;
  uint8_t *copy = exact_copy(data, bytes);
  chunk->data = copy;
  for (size_t i = 0; i < bytes; i++) {
    for (int bit = 0; bit < 9; bit += 2) {
      uint8_t was = copy[i];
      copy[i] ^= (uint8_t)(bit == 8 ? 0xFF : 1 << bit);
      use(&w);
      copy[i] = was;
    }
  }
  for (chunk->bytes = 0; chunk->bytes < bytes; chunk->bytes++) {
    chunk->data = exact_copy(copy, chunk->bytes);
    use(&w);
    free((void *)(uintptr_t)chunk->data);
  }
  free(copy);
  world_free(&w);
  for (uint32_t i = 0; i < 70; i++) free((void *)(uintptr_t)ids[i].data);
}

/* Directory and hash table: values cut short at every length, and each byte changed. */
static void damage_value(world *w, sy_part part, uint32_t chunks) {
  static const sy_part parts[3] = {SY_PART_IDS, SY_PART_ID_DIRECTORY, SY_PART_ID_HASHES};
  sy_value values[3];
  for (int i = 0; i < 3; i++) {
    assert_ok(sy_env_get(w->env, SEGMENT, parts[i], 0, &values[i], &test_error));
  }
  const sy_value *bad = part == SY_PART_ID_HASHES ? &values[2] : &values[1];
  uint32_t segment = SEGMENT + 1;
  for (size_t n = 0; n < bad->bytes; n++) {
    for (int cut = 0; cut < 2; cut++, segment++) {
      uint8_t *copy = exact_copy(bad->data, bad->bytes);
      if (!cut) copy[n] ^= 0xFF;
      for (int i = 0; i < 3; i++) {
        size_t bytes = parts[i] == part && cut ? n : values[i].bytes;
        const uint8_t *data = parts[i] == part ? copy : values[i].data;
        assert_ok(sy_env_put(w->env, segment, parts[i], 0, data, bytes, &test_error));
      }
      free(copy);
    }
  }
  uint32_t end = segment;
  assert_ok(sy_env_commit(w->env, &test_error));
  sy_ids_close(&w->reader);
  assert_ok(sy_env_read(w->env, &test_error));
  for (segment = SEGMENT + 1; segment < end; segment++) {
    bool cut = (segment - SEGMENT - 1) % 2;
    sy_status status = sy_ids_open(&w->reader, w->env, segment, w->count, chunks, &test_error);
    if (status == SY_OK) use(w);
    if (cut) assert_int_equal(status, SY_CORRUPT);
    sy_ids_close(&w->reader);
  }
  assert_ok(sy_ids_open(&w->reader, w->env, SEGMENT, w->count, chunks, &test_error));
}

static void test_damaged_values(void **state) {
  (void)state;
  sy_string ids[40];
  char text[40][8];
  for (int i = 0; i < 40; i++) ids[i] = (sy_string){text[i], (size_t)sprintf(text[i], "id%d", i)};
  world w;
  world_make(&w, ids, 40);
  damage_value(&w, SY_PART_ID_DIRECTORY, 1);
  world_free(&w);
  world_make(&w, ids, 40);
  damage_value(&w, SY_PART_ID_HASHES, 1);
  sy_ids other;
  assert_status(sy_ids_open(&other, w.env, SEGMENT, 41, 1, &test_error), SY_CORRUPT);
  sy_ids_close(&other);
  assert_status(sy_ids_open(&other, w.env, SEGMENT + 99999, 40, 1, &test_error), SY_CORRUPT);
  sy_ids_close(&other);
  world_free(&w);
}

/* ---- The bytes of the format ---- */

/* ids.h: "a/x9", "a/x10", "a/y" is 04 "a/x9" 00 03 01 "y". */
/* A record that ends too early gives the ids that are there, and no other. */
static void test_truncated(void **state) {
  (void)state;
  static const char *const texts[] = {"aaa1", "aaa2", "aaa3", "zzz", "zzz9", "zzz10", "b", "b1"};
  enum { COUNT = sizeof texts / sizeof *texts };
  sy_string ids[COUNT];
  for (int i = 0; i < COUNT; i++) ids[i] = string_of(texts[i]);
  world w;
  world_make(&w, ids, COUNT);
  uint32_t whole = sy_load32(w.reader.sizes), refused = 0;
  for (uint32_t bytes = 0; bytes <= whole; bytes++) {
    uint8_t size[4];
    memcpy(size, &bytes, 4);
    w.reader.sizes = size;
    for (uint32_t i = 0; i < COUNT; i++) {
      sy_string id;
      sy_status status = sy_ids_get(&w.reader, i, &id, &test_error);
      refused += status == SY_CORRUPT;
      if (status != SY_CORRUPT) assert_true(status == SY_OK && same(id, ids[i]));
    }
  }
  assert_true(refused >= whole); /* all of them in a record of no bytes, the last in all others */
  world_free(&w);
}

static void test_worked_example(void **state) {
  (void)state;
  sy_string ids[] = {string_of("a/x9"), string_of("a/x10"), string_of("a/y")};
  world w;
  sy_value value;
  world_make(&w, ids, 3);
  random_source random = seeded(16);
  check_all(&w, &random);
  assert_ok(sy_env_get(w.env, SEGMENT, SY_PART_IDS, 0, &value, &test_error));
  assert_int_equal(value.bytes, 9);
  assert_memory_equal(value.data,
                      "\x04"
                      "a/x9"
                      "\0"
                      "\x03\x01"
                      "y",
                      9);
  assert_ok(sy_env_get(w.env, SEGMENT, SY_PART_ID_DIRECTORY, 0, &value, &test_error));
  assert_int_equal(value.bytes, 16);
  assert_memory_equal(value.data,
                      "\1\0\0\0"
                      "\x09\0\0\0"
                      "\0\0\0\0\0\0\0\0",
                      16);
  assert_ok(sy_env_get(w.env, SEGMENT, SY_PART_ID_HASHES, 0, &value, &test_error));
  assert_int_equal(value.bytes, 28); /* one bucket */
  assert_memory_equal(value.data,
                      "\3\0\0\0"
                      "\0\0\0\0"
                      "\0\0\0\0"
                      "\3\0\0\0",
                      16);
  for (uint32_t i = 0; i < 3; i++) { /* two bits of article, 30 of the hash */
    uint32_t entry = (uint32_t)sy_id_hash(ids[i]) << 2 | i;
    assert_memory_equal(value.data + 16 + 4 * i, &entry, 4);
  }
  world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random),         cmocka_unit_test(test_damage),
      cmocka_unit_test(test_damaged_values), cmocka_unit_test(test_truncated),
      cmocka_unit_test(test_worked_example),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
