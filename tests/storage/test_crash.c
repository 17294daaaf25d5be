/*
 * test_crash.c - writers that die and readers that go on beside writers: what is committed is
 * there, what is not is not, and what a dead writer left is swept.
 */
#include "tests/storage/storage_helper.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static sy_writer *open_least(const char *path) {
  sy_writer *w = NULL;
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.memory_bytes = 32u << 20;
  require(sy_writer_open(path, &options, &w, &test_error) == SY_OK);
  return w;
}

/* Text that neither compresses nor repeats. */
static void add_articles(sy_writer *w, const char *prefix, uint32_t count, uint32_t characters) {
  random_source random = {characters};
  for (uint32_t i = 0; i < count; i++) {
    char id[60];
    buffer body = {0};
    for (uint32_t k = 0; k < characters; k++) {
      uint32_t c = 0x4E00 + random_below(&random, 0x5000);
      char utf8[3] = {(char)(0xE0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3F)),
                      (char)(0x80 | (c & 0x3F))};
      buffer_add(&body, utf8, 3);
    }
    sy_article article = {
        {id, (size_t)sprintf(id, "%s%u", prefix, i)}, {"题目", 6}, {body.data, body.bytes}, {0}};
    require(sy_writer_add(w, &article, &test_error) == SY_OK);
    free(body.data);
  }
}

static void commit(sy_writer *w) { require(sy_writer_commit(w, &test_error) == SY_OK); }

/* ---- A writer that dies ---- */

static void commit_and_die(void *context) {
  sy_writer *w = open_least(context);
  add_articles(w, "kept", 50, 100);
  commit(w);
  add_articles(w, "kept", 10, 90);     /* replacements, too, are lost */
  add_articles(w, "lost", 3000, 4000); /* 36 MB: several flushes and transactions */
  require(sy_writer_delete(w, string_of("kept20"), &test_error) == SY_OK);
  _exit(0);
}

static void test_leftovers(void **state) {
  (void)state;
  char *path = make_directory();
  assert_int_equal(run_child(commit_and_die, path), 0);
  sy_index_stats dead = stats_of(path), swept, again;
  assert_int_equal(dead.articles, 50);
  assert_int_equal(dead.deleted, 0);
  assert_true(dead.bytes_file > 20u << 20); /* the flushes are there */
  assert_true(dead.bytes_free < dead.bytes_file / 2);
  assert_sound(path);
  sy_writer *w = open_least(path);
  swept = stats_of(path);
  assert_true(swept.bytes_free > swept.bytes_file / 2);
  add_articles(w, "new", 3000, 4000); /* in the space that became free */
  commit(w);
  sy_writer_close(w);
  again = stats_of(path);
  assert_int_equal(again.articles, 3050);
  assert_true(again.bytes_file < swept.bytes_file / 2 * 5); /* a merge takes as much once more */
  assert_sound(path);
  sy_index *index;
  uint64_t number;
  assert_ok(sy_index_open(path, &index, &test_error));
  assert_ok(sy_index_find(index, string_of("kept20"), &number, &test_error));
  assert_status(sy_index_find(index, string_of("lost0"), &number, &test_error), SY_NOT_FOUND);
  sy_index_close(index);
  remove_directory(path);
}

/* Commits numbered articles for ever: commit N has articles 0 .. 10 N - 1. */
static void write_for_ever(const char *path, int ready) {
  sy_writer *w = open_least(path);
  for (uint32_t n = 0; n < 100000; n++) {
    char prefix[20];
    sprintf(prefix, "%u/", n);
    add_articles(w, prefix, 10, 50 + n % 7 * 400);
    commit(w);
    if (!n) require(write(ready, "", 1) == 1);
  }
}

static pid_t start_writer(const char *path) {
  int ready[2];
  char byte;
  assert_int_equal(pipe(ready), 0);
  fflush(NULL);
  pid_t child = fork();
  if (!child) {
    write_for_ever(path, ready[1]);
    _exit(0);
  }
  close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return child;
}

static void stop_writer(pid_t child) {
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, NULL, 0), child);
}

/* All commits up to the one the snapshot shows, whole, and nothing of later ones. */
static void check_snapshot(sy_index *index) {
  sy_index_stats stats;
  assert_ok(sy_index_get_stats(index, &stats, &test_error));
  assert_int_equal(stats.articles, stats.commit * 10);
  uint64_t number, first = stats.commit > 20 ? stats.commit - 20 : 0;
  for (uint64_t n = first; n <= stats.commit; n++) {
    char id[40];
    snprintf(id, sizeof id, "%u/9", (unsigned)n);
    assert_status(sy_index_find(index, string_of(id), &number, &test_error),
                  n < stats.commit ? SY_OK : SY_NOT_FOUND);
    sy_article article;
    if (n < stats.commit) assert_ok(sy_index_article(index, number, &article, &test_error));
  }
}

/* Killed at any moment, a writer leaves an index that is sound and shows its last commit. */
static void test_killed(void **state) {
  (void)state;
  random_source random = seeded(26);
  for (int round = 0; round < 12; round++) {
    char *path = make_directory();
    pid_t child = start_writer(path);
    usleep(random_below(&random, 80000));
    stop_writer(child);
    sy_index *index;
    assert_ok(sy_index_open(path, &index, &test_error));
    check_snapshot(index);
    sy_index_close(index);
    assert_sound(path);
    sy_writer *w = open_least(path);
    add_articles(w, "after", 3, 100);
    commit(w);
    sy_writer_close(w);
    assert_sound(path);
    remove_directory(path);
  }
}

/* A reader beside a busy writer: a snapshot stays what it is; a refresh shows a later one. */
static void test_reading_beside(void **state) {
  (void)state;
  char *path = make_directory();
  pid_t child = start_writer(path);
  sy_index *index, *old;
  sy_index_stats first, last, still;
  assert_ok(sy_index_open(path, &old, &test_error));
  assert_ok(sy_index_get_stats(old, &first, &test_error));
  assert_ok(sy_index_open(path, &index, &test_error));
  for (int round = 0; round < 100; round++) {
    usleep(5000);
    assert_ok(sy_index_refresh(index, &test_error));
    check_snapshot(index);
    if (round % 25 == 24) assert_ok(sy_index_check(index, NULL, NULL, &test_error));
    if (round % 10 == 0) check_snapshot(old);
  }
  assert_ok(sy_index_get_stats(index, &last, &test_error));
  assert_ok(sy_index_get_stats(old, &still, &test_error));
  assert_true(last.commit > first.commit + 3);
  assert_int_equal(still.commit, first.commit);
  stop_writer(child);
  check_snapshot(old);
  assert_ok(sy_index_check(old, NULL, NULL, &test_error));
  sy_index_close(old);
  sy_index_close(index);
  remove_directory(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_leftovers),
      cmocka_unit_test(test_killed),
      cmocka_unit_test(test_reading_beside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
