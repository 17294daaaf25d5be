/*
 * test_pages.c - damage anywhere in data.mdb, LMDB's own pages too: each byte of a small index is
 * changed in turn, and the file cut at every page. Either opening or sy_index_check() says so, or
 * everything that can be asked is answered as before; nothing crashes, and what a writer makes of
 * an index that was found sound is sound.
 *
 * $SUOYIN_DAMAGE_STRIDE: 1 changes every byte; n (11) those at the beginning of each page and of
 * each node, where LMDB keeps what it trusts, and every nth of the others.
 */
#include "storage/pages.h"
#include "tests/storage/storage_helper.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define HEAD_BYTES 160u /* of a page, of which every byte is changed */

typedef struct world {
  char *path, *file;
  uint8_t *original;
  size_t bytes;
  buffer expected; /* what is asked of the sound index, and its answers */
} world;

/* ---- A small index with two segments, deletions, overflow pages and free pages ---- */

static void add(sy_writer *w, uint32_t number, size_t pieces) {
  char id[20];
  buffer body = {0};
  random_source random = {number};
  buffer_add_string(&body, "每篇都有 every one ");
  random_text(&random, pieces, true, &body);
  sy_article article = {
      {id, (size_t)sprintf(id, "id%u", number)}, {"标题", 6}, {body.data, body.bytes}, {"{}", 2}};
  assert_ok(sy_writer_add(w, &article, &test_error));
  free(body.data);
}

static void build(const char *path) {
  sy_writer *w;
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  for (uint32_t i = 0; i < 20; i++) add(w, i, 10);
  assert_ok(sy_writer_commit(w, &test_error));
  add(w, 20, 2000);
  assert_ok(sy_writer_commit(w, &test_error));
  assert_ok(sy_writer_delete(w, string_of("id3"), &test_error));
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_close(w);
}

/* ---- Asking ---- */

static void note(buffer *to, const char *what, uint64_t number) {
  char text[80];
  snprintf(text, sizeof text, "%s %llu\n", what, (unsigned long long)number);
  buffer_add_string(to, text);
}

static void ask_query(sy_index *index, const char *text, buffer *to) {
  sy_query *query;
  sy_results *results;
  uint64_t count = 0;
  require(sy_query_parse(string_of(text), 0, &query, &test_error) == SY_OK);
  note(to, text, (uint64_t)sy_count(index, query, &count, &test_error));
  note(to, "count", count);
  sy_status status = sy_search(index, query, NULL, &results, &test_error);
  note(to, "search", (uint64_t)status);
  for (size_t i = 0; status == SY_OK && i < sy_results_count(results); i++) {
    const sy_hit *hit = sy_results_hit(results, i);
    sy_snippet snippet;
    note(to, "hit", hit->article);
    note(to, "score", (uint64_t)(hit->score * 1000));
    status = sy_snippet_make(index, query, hit->article, NULL, &snippet, &test_error);
    if (status == SY_OK) buffer_add(to, snippet.text.data, snippet.text.bytes);
  }
  if (status == SY_OK) sy_results_free(results);
  sy_query_free(query);
}

static void ask_articles(sy_index *index, buffer *to) {
  for (uint32_t i = 0; i < 22; i++) {
    char id[20];
    uint64_t number = 0;
    sy_article article;
    sy_string name = {id, (size_t)sprintf(id, "id%u", i)};
    sy_status status = sy_index_find(index, name, &number, &test_error);
    note(to, id, (uint64_t)status);
    if (status == SY_OK) status = sy_index_article(index, number, &article, &test_error);
    if (status == SY_OK) buffer_add(to, article.body.data, article.body.bytes);
  }
}

/* Everything; the status is that of the check. */
static sy_status ask(const char *path, buffer *to) {
  static const char *const queries[] = {"每篇",           "篇", "every one",
                                        "\"都有 every\"", "e*", "标题 -one"};
  sy_index *index;
  sy_status status = sy_index_open(path, &index, &test_error);
  if (status != SY_OK) return status;
  for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) ask_query(index, queries[q], to);
  ask_articles(index, to);
  status = sy_index_check(index, NULL, NULL, &test_error);
  sy_index_close(index);
  return status;
}

/* Adds, replaces, deletes and merges. What was sound must be sound behind it. */
static bool write_to(const char *path, bool sound) {
  sy_writer *w;
  sy_status status = sy_writer_open(path, NULL, &w, &test_error);
  if (status != SY_OK) return !sound;
  sy_article article = {{"id5", 3}, {"新", 3}, {"新的正文", 12}, {0}};
  status = sy_writer_add(w, &article, &test_error);
  if (status == SY_OK) status = sy_writer_delete(w, string_of("id7"), &test_error);
  if (status == SY_OK) status = sy_writer_merge(w, 1, &test_error);
  sy_writer_close(w);
  if (!sound) return true;
  buffer answers = {0};
  sy_status after = ask(path, &answers);
  free(answers.data);
  return status == SY_OK && after == SY_OK;
}

/* ---- The world ---- */

static int make_world(void **state) {
  char file[4200];
  world *w = calloc(1, sizeof *w);
  w->path = make_directory();
  build(w->path);
  snprintf(file, sizeof file, "%s/data.mdb", w->path);
  w->file = strdup(file);
  FILE *in = fopen(file, "rb");
  assert_non_null(in);
  w->original = malloc(4u << 20);
  w->bytes = fread(w->original, 1, 4u << 20, in);
  fclose(in);
  assert_int_equal(w->bytes % PAGE, 0);
  assert_ok(ask(w->path, &w->expected));
  *state = w;
  return 0;
}

static int free_world(void **state) {
  world *w = *state;
  remove_directory(w->path);
  free(w->file);
  free(w->original);
  free(w->expected.data);
  free(w);
  return 0;
}

static void put_back(const world *w, bool all) {
  int fd = open(w->file, O_RDWR);
  require(fd >= 0 && ftruncate(fd, (off_t)w->bytes) == 0);
  if (all) require(pwrite(fd, w->original, w->bytes, 0) == (ssize_t)w->bytes);
  close(fd);
}

static void write_byte(const world *w, size_t at, uint8_t byte) {
  int fd = open(w->file, O_WRONLY);
  require(fd >= 0 && pwrite(fd, &byte, 1, (off_t)at) == 1);
  close(fd);
}

/* Whether the damaged index is reported, or answers as before. */
static bool holds(const world *w, bool write) {
  buffer answers = {0};
  sy_status status = ask(w->path, &answers);
  bool same = answers.bytes == w->expected.bytes &&
              (!answers.bytes || !memcmp(answers.data, w->expected.data, answers.bytes));
  free(answers.data);
  bool good = status == SY_OK ? same : status == SY_CORRUPT || status == SY_VERSION;
  if (!good) fprintf(stderr, "# status %d, answers %s\n", status, same ? "same" : "differ");
  return write ? write_to(w->path, status == SY_OK) && good : good;
}

/* ---- In children, so that a crash is one byte's and not the test's ---- */

typedef struct job {
  const world *world;
  size_t from, to, stride;
  volatile size_t *at; /* shared with the parent */
} job;

/* Of a node, what LMDB goes by: its size, flags and the size of its key. */
static bool is_head_of_node(const uint8_t *page, size_t at) {
  uint32_t lower = page[12] | (uint32_t)page[13] << 8;
  if (page[10] != 1 && page[10] != 2) return false; /* neither branch nor leaf */
  for (uint32_t i = 16; i + 1 < lower && i + 1 < PAGE; i += 2) {
    uint32_t node = page[i] | (uint32_t)page[i + 1] << 8;
    if (at >= node && at < node + 8) return true;
  }
  return false;
}

static bool is_chosen(const job *j, size_t at) {
  if (is_head_of_node(j->world->original + at / PAGE * PAGE, at % PAGE)) return true;
  return at % PAGE < HEAD_BYTES || at % j->stride == j->from / PAGE % j->stride;
}

static void change_bytes(void *context) {
  const job *j = context;
  const world *w = j->world;
  random_source random = {j->from};
  uint32_t wrong = 0;
  for (size_t at = j->from; at < j->to; at++) {
    if (!is_chosen(j, at)) continue;
    *j->at = at;
    alarm(60);
    bool head = is_head_of_node(w->original + at / PAGE * PAGE, at % PAGE);
    bool write = random_one_in(&random, 16) || head;
    uint8_t mask = at % 3 ? (uint8_t)(1u << random_below(&random, 8)) : 0xFF;
    write_byte(w, at, w->original[at] ^ mask);
    if (!holds(w, write)) {
      fprintf(stderr, "# byte %zu (page %zu byte %zu) ^ %02x\n", at, at / PAGE, at % PAGE, mask);
      wrong++;
    }
    if (write) {
      put_back(w, true);
    } else {
      write_byte(w, at, w->original[at]);
    }
  }
  _exit(wrong != 0);
}

static void cut_file(void *context) {
  const job *j = context;
  *j->at = j->from;
  alarm(60);
  require(truncate(j->world->file, (off_t)j->from) == 0);
  buffer answers = {0};
  sy_status status = ask(j->world->path, &answers);
  bool empty = j->from == 0 && status == SY_NOT_FOUND;
  bool same = status == SY_OK && answers.bytes == j->world->expected.bytes &&
              !memcmp(answers.data, j->world->expected.data, answers.bytes);
  free(answers.data);
  bool good = status == SY_CORRUPT || status == SY_VERSION || empty || same;
  if (j->from) good &= write_to(j->world->path, same);
  if (!good) fprintf(stderr, "# cut at %zu: status %d\n", j->from, status);
  _exit(!good);
}

static bool run_job(job *j, void (*body)(void *context)) {
  int status = run_child(body, j);
  if (status && !WIFEXITED(status))
    print_error("byte %zu: wait status %x\n", (size_t)*j->at, (unsigned)status);
  put_back(j->world, true);
  return status == 0;
}

static job make_job(const world *w) {
  size_t *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(at != MAP_FAILED);
  return (job){w, 0, 0, number_from_environment("SUOYIN_DAMAGE_STRIDE", 11), at};
}

static void test_bytes(void **state) {
  const world *w = *state;
  job j = make_job(w);
  size_t wrong = 0;
  for (j.from = 0; j.from < w->bytes; j.from = j.to) {
    j.to = j.from + PAGE;
    wrong += !run_job(&j, change_bytes);
  }
  munmap((void *)j.at, sizeof *j.at);
  assert_int_equal(wrong, 0);
  assert_sound(w->path);
}

static void test_cuts(void **state) {
  const world *w = *state;
  job j = make_job(w);
  size_t wrong = 0;
  for (j.from = 0; j.from < w->bytes; j.from += PAGE) {
    wrong += !run_job(&j, cut_file);
    j.from += 100;
    wrong += !run_job(&j, cut_file);
    j.from -= 100;
  }
  munmap((void *)j.at, sizeof *j.at);
  assert_int_equal(wrong, 0);
  assert_sound(w->path);
}

/* ---- Pages as LMDB writes them ---- */

typedef struct tally {
  uint64_t values, overflow, last;
} tally;

static sy_status count_value(void *context, const sy_page_value *value, sy_error *error) {
  tally *t = context;
  (void)error;
  assert_true(!t->values || value->key > t->last);
  t->values++;
  t->overflow += value->overflow != 0;
  t->last = value->key;
  return SY_OK;
}

static sy_pages newest(const world *w) {
  sy_page_meta metas[2];
  assert_ok(sy_pages_metas("index", w->original, w->bytes, metas, &test_error));
  const sy_page_meta *meta = &metas[metas[1].commit > metas[0].commit];
  return (sy_pages){"index", w->original, w->bytes / PAGE, *meta};
}

static void test_reading(void **state) {
  sy_pages pages = newest(*state);
  tally all = {0}, some = {0};
  uint64_t free_pages = 0;
  assert_ok(sy_pages_check(&pages, NULL, &free_pages, &test_error));
  assert_true(free_pages > 0);
  assert_int_equal(sy_pages_lost(&pages, free_pages), 0);
  assert_int_equal(sy_pages_lost(&pages, free_pages - 1), 1);
  uint64_t freed, by_last, newest_commit = pages.meta.commit;
  assert_ok(sy_pages_freed(&pages, 0, newest_commit + 1, &freed, &test_error));
  assert_int_equal(freed, free_pages);
  assert_ok(sy_pages_freed(&pages, newest_commit, newest_commit + 1, &by_last, &test_error));
  assert_ok(sy_pages_freed(&pages, 0, newest_commit, &freed, &test_error));
  assert_true(by_last > 0);
  assert_int_equal(freed + by_last, free_pages);
  assert_ok(sy_pages_walk(&pages, 0, UINT64_MAX, count_value, &all, &test_error));
  assert_int_equal(all.values, pages.meta.data.entries);
  assert_int_equal(all.overflow, 2);
  assert_ok(sy_pages_walk(&pages, 1ull << 32, (2ull << 32) - 1, count_value, &some, &test_error));
  assert_true(some.values > 5 && some.values < all.values && some.last >> 32 == 1);
  sy_page_value value;
  assert_ok(sy_pages_get(&pages, some.last, &value, &test_error));
  assert_int_equal(value.key, some.last);
  assert_status(sy_pages_get(&pages, some.last + 1, &value, &test_error), SY_NOT_FOUND);
  assert_status(sy_pages_get(&pages, UINT64_MAX, &value, &test_error), SY_NOT_FOUND);
}

static sy_status take_any(void *context, uint32_t segment, uint32_t part, uint32_t ordinal,
                          sy_value value, bool sound) {
  (void)context, (void)segment, (void)part, (void)ordinal, (void)value;
  assert_true(sound);
  return SY_OK;
}

/* Many values, in many transactions, deleted and put again: what LMDB makes of them is in order,
 * and no page is lost. */
static void test_growth(void **state) {
  (void)state;
  char *path = make_directory();
  sy_env *env;
  random_source random = seeded(63);
  static uint8_t bytes[20000];
  assert_ok(sy_env_open(path, true, true, &env, &test_error));
  for (uint32_t round = 0; round < 40; round++) {
    for (uint32_t i = 0; i < 150; i++) {
      uint32_t most = random_one_in(&random, 4) ? sizeof bytes : 300;
      assert_ok(sy_env_put(env, 1 + random_below(&random, 8), SY_PART_IDS,
                           random_below(&random, 1000), bytes, random_below(&random, most),
                           &test_error));
    }
    uint32_t gone = 1 + random_below(&random, 8);
    if (round % 3 == 2) assert_ok(sy_env_delete_segment(env, gone, &test_error));
    assert_ok(sy_env_commit(env, &test_error));
    assert_ok(sy_env_read(env, &test_error));
    assert_ok(sy_env_walk(env, take_any, NULL, &test_error)); /* checks all pages */
  }
  sy_env_close(env);
  assert_ok(sy_env_open(path, true, false, &env, &test_error));
  sy_env_close(env);
  remove_directory(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_reading, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_cuts, make_world, free_world),
      cmocka_unit_test_setup_teardown(test_bytes, make_world, free_world),
      cmocka_unit_test(test_growth),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
