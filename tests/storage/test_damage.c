/*
 * test_damage.c - an index of which one byte is not what it was: found by sy_index_check()
 * wherever in a value it is, and nothing that reads it may crash. Bytes of LMDB's own pages are
 * left alone, as LMDB trusts them.
 */
#include "tests/storage/storage_helper.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TARGETS 1500 /* bytes that are damaged, one after the other */

/* ---- The index and where its values lie in the file ---- */

typedef struct place {
  uint64_t at; /* in data.mdb */
  size_t bytes;
  uint32_t part;
} place;

typedef struct world {
  char *path, *file;
  uint8_t *original;
  size_t bytes;
  place *places;
  uint32_t count;
} world;

static void build(const char *path) {
  sy_writer *w;
  random_source random = {27};
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  for (uint32_t i = 0; i < 400; i++) {
    char id[20];
    buffer body = {0};
    buffer_add_string(&body, "每篇都有 every one ");
    random_text(&random, 30, true, &body);
    sy_article article = {
        {id, (size_t)sprintf(id, "id%u", i)}, {"标题", 6}, {body.data, body.bytes}, {"{}", 2}};
    assert_ok(sy_writer_add(w, &article, &test_error));
    free(body.data);
    if (i == 250) assert_ok(sy_writer_commit(w, &test_error));
  }
  assert_ok(sy_writer_commit(w, &test_error));
  for (uint32_t i = 0; i < 60; i += 1 + i % 3) {
    char id[20];
    assert_ok(sy_writer_delete(w, (sy_string){id, (size_t)sprintf(id, "id%u", i)}, &test_error));
  }
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_close(w);
}

static uint8_t *read_file(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  *bytes = (size_t)ftell(file);
  rewind(file);
  uint8_t *data = malloc(*bytes);
  assert_int_equal(fread(data, 1, *bytes, file), *bytes);
  fclose(file);
  return data;
}

/* Values are found in the file by their bytes, all places where they stand: one may be an old
 * page. */
static sy_status find_value(void *context, uint32_t segment, uint32_t part, uint32_t ordinal,
                            sy_value value, bool sound) {
  (void)segment, (void)ordinal;
  world *w = context;
  size_t bytes = value.bytes + 8; /* the checksum too */
  assert_true(sound);
  uint32_t before = w->count;
  for (const uint8_t *p = w->original, *end = p + w->bytes;
       (p = memmem(p, (size_t)(end - p), value.data, bytes)); p += bytes) {
    w->places = realloc(w->places, (w->count + 1) * sizeof *w->places);
    w->places[w->count++] = (place){(uint64_t)(p - w->original), bytes, part};
  }
  assert_true(w->count > before);
  return SY_OK;
}

static void world_make(world *w) {
  char file[4200];
  *w = (world){.path = make_directory()};
  build(w->path);
  snprintf(file, sizeof file, "%s/data.mdb", w->path);
  w->file = strdup(file);
  w->original = read_file(file, &w->bytes);
  sy_env *env;
  assert_ok(sy_env_open(w->path, false, false, &env, &test_error));
  assert_ok(sy_env_read(env, &test_error));
  assert_ok(sy_env_walk(env, find_value, w, &test_error));
  sy_env_close(env);
}

static void world_free(world *w) {
  remove_directory(w->path);
  free(w->file);
  free(w->original);
  free(w->places);
}

/* ---- Damaging and using it ---- */

static void use_article(sy_index *index, uint64_t article, const sy_query *query) {
  sy_article out;
  sy_string id;
  sy_snippet snippet;
  uint64_t number;
  if (sy_index_id(index, article, &id, &test_error) == SY_OK) {
    char copy[65536];
    memcpy(copy, id.data, id.bytes);
    (void)sy_index_find(index, (sy_string){copy, id.bytes}, &number, &test_error);
  }
  if (sy_index_article(index, article, &out, &test_error) == SY_OK) {
    volatile char sum = 0;
    for (size_t i = 0; i < out.body.bytes; i++) sum = (char)(sum + out.body.data[i]);
  }
  (void)sy_snippet_make(index, query, article, NULL, &snippet, &test_error);
}

static bool next_term(void *context, const sy_term_info *term) {
  (void)term;
  return ++*(uint32_t *)context < 10000;
}

/* What a user does, with no answer expected but an end. */
static void use_index(sy_index *index) {
  static const char *const queries[] = {"每篇", "篇",         "every one", "\"都有 every\"",
                                        "e*",   "标题 OR 每", "每 -one"};
  for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) {
    sy_query *query;
    sy_results *results;
    require(sy_query_parse(string_of(queries[q]), 0, &query, &test_error) == SY_OK);
    if (sy_search(index, query, NULL, &results, &test_error) == SY_OK) {
      size_t count = sy_results_count(results);
      for (size_t i = 0; i < count; i++)
        use_article(index, sy_results_hit(results, i)->article, query);
      sy_results_free(results);
    }
    uint64_t count;
    (void)sy_count(index, query, &count, &test_error);
    sy_query_free(query);
  }
  uint32_t terms = 0;
  (void)sy_index_terms(index, string_of(""), next_term, &terms, &test_error);
}

/* A merge reads all there is. Returns whether it succeeded. */
static bool use_writer(const char *path) {
  sy_writer *w;
  if (sy_writer_open(path, NULL, &w, &test_error) != SY_OK) return false;
  (void)sy_writer_delete(w, string_of("id300"), &test_error);
  sy_status status = sy_writer_merge(w, 1, &test_error);
  sy_writer_close(w);
  return status == SY_OK;
}

/* What merges copy or read as it is: damage there would get a checksum that is right. */
static bool is_copied(uint32_t part) {
  static const sy_part parts[] = {SY_PART_LEXICON,   SY_PART_LEXICON_DIRECTORY, SY_PART_POSTINGS,
                                  SY_PART_POSITIONS, SY_PART_LENGTHS,           SY_PART_IDS,
                                  SY_PART_ARTICLES};
  bool copied = false;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) copied |= part == (uint32_t)parts[i];
  return copied;
}

typedef struct attempt {
  const world *world;
  const place *place;
  bool write;
} attempt;

/* Exit status 0: the check found it, and a merge did not take it over; 3: it did. */
static void check_damaged(void *context) {
  const attempt *a = context;
  const char *path = a->world->path;
  sy_index *index;
  alarm(20);
  test_error = (sy_error){0};
  sy_status status = sy_index_open(path, &index, &test_error);
  if (status == SY_OK) {
    use_index(index);
    status = sy_index_check(index, NULL, NULL, &test_error);
    sy_index_close(index);
  }
  bool found = status == SY_CORRUPT || status == SY_VERSION;
  if (a->write && use_writer(path)) found &= !is_copied(a->place->part);
  _exit(found ? 0 : 3);
}

static void write_at(const char *path, uint64_t at, const uint8_t *bytes, size_t count) {
  int fd = open(path, O_WRONLY);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, bytes, count, (off_t)at), count);
  close(fd);
}

static void restore(const world *w) {
  assert_int_equal(truncate(w->file, (off_t)w->bytes), 0);
  write_at(w->file, 0, w->original, w->bytes);
}

/* Whether the copy at this place is the one in use: damage to others goes unseen, rightly. */
static bool in_use(const world *w, const place *p) {
  for (uint32_t i = 0; i < w->count; i++) {
    const place *other = &w->places[i];
    if (other == p || other->bytes != p->bytes) continue;
    if (!memcmp(w->original + other->at, w->original + p->at, p->bytes)) return false;
  }
  return true;
}

static bool damage(const world *w, const place *p, size_t offset, uint8_t mask, bool write) {
  attempt a = {w, p, write};
  uint8_t byte = w->original[p->at + offset] ^ mask;
  write_at(w->file, p->at + offset, &byte, 1);
  int status = run_child(check_damaged, &a);
  if (write) {
    restore(w);
  } else {
    write_at(w->file, p->at + offset, w->original + p->at + offset, 1);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 3 && !in_use(w, p)) return true;
  print_error("byte %llu of data.mdb (byte %zu of a value of %zu) ^ %02x: wait status %x\n",
              (unsigned long long)(p->at + offset), offset, p->bytes, mask, (unsigned)status);
  return false;
}

static void test_damage(void **state) {
  (void)state;
  world w;
  random_source random = seeded(28);
  world_make(&w);
  size_t total = 0, next, wrong = 0;
  for (uint32_t i = 0; i < w.count; i++) total += w.places[i].bytes;
  size_t step = 2 * total / TARGETS + 1;
  for (uint32_t i = 0; i < w.count;
       i++) { /* small values are looked at more closely than large ones */
    const place *p = &w.places[i];
    size_t stride = p->bytes / 60 + 1 < step ? p->bytes / 60 + 1 : step;
    for (next = random_below(&random, (uint32_t)stride); next < p->bytes; next += stride) {
      uint8_t mask = next % 2 ? 0xFF : (uint8_t)(1u << random_below(&random, 8));
      wrong += !damage(&w, p, next, mask, random_one_in(&random, 12));
    }
  }
  assert_int_equal(wrong, 0);
  assert_sound(w.path);
  world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_damage)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
