/*
 * test_readers.c - readers in processes of their own beside a writer that adds, replaces, deletes,
 * merges and optimizes: each sees one commit, whole, until it asks for the next. What a reader
 * costs is told, and what a dead one kept is given back.
 */
#include "tests/storage/storage_helper.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(char *text, const char *prefix, uint64_t number) {
  sprintf(text, "%s%llu", prefix, (unsigned long long)number);
}

static void add(sy_writer *w, const char *id, const char *body) {
  sy_article article = {string_of(id), {"t", 1}, string_of(body), {0}};
  require(sy_writer_add(w, &article, &test_error) == SY_OK);
}

/* ---- One commit, whole ----------------------------------------------------------------------- */

enum { REPLACED = 30, MOST_DELETED = 7, READERS = 3, COMMITS = 60 };

/* Commit n has the articles 0 .. REPLACED - 1, all of generation n, without n % MOST_DELETED of
 * them; and n articles more, one of each commit. */
static void write_generation(sy_writer *w, uint64_t n) {
  char id[40], body[80];
  say(body, "第一代机器学习 g", n);
  for (uint64_t i = 0; i < REPLACED; i++) {
    say(id, "same", i);
    add(w, id, body);
  }
  say(id, "more", n);
  say(body, "后来 m", n);
  add(w, id, body);
  for (uint64_t i = 0; i < n % MOST_DELETED; i++) {
    say(id, "same", i);
    require(sy_writer_delete(w, string_of(id), &test_error) == SY_OK);
  }
}

static uint64_t count_of(sy_index *index, const char *text) {
  sy_query *query;
  uint64_t count;
  require(sy_query_parse(string_of(text), 0, &query, &test_error) == SY_OK);
  require(sy_count(index, query, &count, &test_error) == SY_OK);
  sy_query_free(query);
  return count;
}

static uint64_t generation(sy_index *index) { return count_of(index, "后来"); }

/* The index shows generation n and nothing of another. */
static void require_generation(sy_index *index, uint64_t n) {
  char text[40];
  uint64_t same = REPLACED - n % MOST_DELETED;
  say(text, "g", n);
  require(count_of(index, text) == same);
  require(count_of(index, "机器学习") == same);
  say(text, "m", n);
  require(count_of(index, text) == 1);
  say(text, "m", n + 1);
  require(count_of(index, text) == 0);
  require(generation(index) == n);
  sy_index_stats stats;
  require(sy_index_get_stats(index, &stats, &test_error) == SY_OK);
  require(stats.articles == same + n);
}

/* Looks at each snapshot several times, and reads what it finds, until the last commit is there. */
static void read_on(void *context) {
  sy_index *index;
  uint64_t last = 0, seen = 0;
  require(sy_index_open(context, &index, &test_error) == SY_OK);
  while (last < COMMITS) {
    require(sy_index_refresh(index, &test_error) == SY_OK);
    uint64_t now = generation(index);
    require(now >= last);
    seen += now > last;
    last = now;
    for (int look = 0; look < 3; look++) require_generation(index, now);
    if (now % 10 == 5) require(sy_index_check(index, NULL, NULL, &test_error) == SY_OK);
  }
  require(seen > 3); /* it read while the writer wrote */
  sy_index_close(index);
}

static pid_t start(void (*body)(void *context), void *context) {
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child) return child;
  require(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0); /* not to be left over by a test that fails */
  body(context);
  _exit(0);
}

static void test_generations(void **state) {
  (void)state;
  char *path = make_directory();
  pid_t readers[READERS];
  sy_writer *w;
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  write_generation(w, 1);
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_close(w); /* LMDB must not be open across a fork */
  for (int i = 0; i < READERS; i++) readers[i] = start(read_on, path);
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  for (uint64_t n = 2; n <= COMMITS; n++) {
    write_generation(w, n);
    if (n % 9 == 0) {
      assert_ok(sy_writer_merge(w, 1, &test_error)); /* commits, too */
    } else if (n % 9 == 5) {
      assert_ok(sy_writer_optimize(w, &test_error)); /* too */
    } else {
      assert_ok(sy_writer_commit(w, &test_error));
    }
    usleep(5000);
  }
  for (int i = 0; i < READERS; i++) {
    int status;
    assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
    assert_int_equal(status, 0);
  }
  sy_writer_close(w);
  assert_sound(path);
  remove_directory(path);
}

/* ---- What a reader costs --------------------------------------------------------------------- */

/* A reader process, which takes snapshots when it is asked to, tells how many it has, and keeps
 * them till it dies. It is made before this process opens the index: LMDB must not be open across
 * a fork. */
typedef struct keeper {
  const char *path;
  int go[2], ready[2];
  uint32_t snapshots;
  pid_t pid;
} keeper;

static void keep_snapshots(void *context) {
  keeper *k = context;
  uint32_t opened = 0;
  sy_status status = SY_OK;
  require(read(k->go[0], &k->snapshots, sizeof k->snapshots) == sizeof k->snapshots);
  while (opened < k->snapshots && status == SY_OK) {
    sy_index *index;
    status = sy_index_open(k->path, &index, &test_error);
    opened += status == SY_OK;
  }
  require(status == SY_OK || (status == SY_LIMIT && strstr(test_error.reason, "snapshots")));
  require(write(k->ready[1], &opened, sizeof opened) == sizeof opened);
  while (true) pause();
}

static keeper start_keeper(const char *path) {
  keeper k = {.path = path};
  assert_int_equal(pipe(k.go), 0);
  assert_int_equal(pipe(k.ready), 0);
  k.pid = start(keep_snapshots, &k);
  return k;
}

/* Returns how many it has, which are fewer when there is no room. */
static uint32_t take_snapshots(const keeper *k, uint32_t wanted) {
  uint32_t opened = 0;
  struct pollfd answer = {.fd = k->ready[0], .events = POLLIN};
  assert_int_equal(write(k->go[1], &wanted, sizeof wanted), sizeof wanted);
  assert_int_equal(poll(&answer, 1, 60000), 1); /* it may have failed */
  assert_int_equal(read(k->ready[0], &opened, sizeof opened), sizeof opened);
  return opened;
}

static void kill_keeper(const keeper *k) {
  assert_int_equal(kill(k->pid, SIGKILL), 0);
  assert_int_equal(waitpid(k->pid, NULL, 0), k->pid);
  for (int i = 0; i < 2; i++) {
    close(k->go[i]);
    close(k->ready[i]);
  }
}

static void write_commits(sy_writer *w, uint32_t count) {
  static char body[60000];
  memset(body, 'x', sizeof body - 1);
  for (uint32_t n = 0; n < count; n++) {
    for (char *at = body; at + 6 < body + sizeof body; at += 7)
      sprintf(at, "%06x ", (unsigned)rand());
    add(w, "one", body);
    assert_ok(sy_writer_commit(w, &test_error));
  }
}

static void make_index(const char *path) {
  sy_writer *w;
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  write_commits(w, 1);
  sy_writer_close(w);
}

/* While a reader lives, the pages of its snapshot and of all since are kept; the writer that was
 * there all the time has them again when the reader is gone, also when it was killed. */
static void test_cost(void **state) {
  (void)state;
  char *path = make_directory();
  make_index(path);
  sy_index_stats stats = stats_of(path);
  assert_int_equal(stats.readers, 0);
  assert_int_equal(stats.oldest_transactions, 0);
  assert_int_equal(stats.bytes_held, 0);
  keeper k = start_keeper(path);
  assert_int_equal(take_snapshots(&k, 2), 2);
  sy_writer *w;
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  write_commits(w, 20);
  stats = stats_of(path);
  assert_int_equal(stats.readers, 2); /* behind a commit, the writer has none */
  assert_true(stats.oldest_transactions >= 20);
  assert_true(stats.bytes_held > 20 * 60000);
  assert_true(stats.bytes_held <= stats.bytes_free && stats.bytes_free < stats.bytes_file);
  uint64_t grown = stats.bytes_file;
  kill_keeper(&k);
  write_commits(w, 20);
  stats = stats_of(path);
  assert_true(stats.bytes_file <= grown + 60000); /* it took what the dead one had kept */
  assert_int_equal(stats.readers, 0);
  assert_int_equal(stats.oldest_transactions, 0);
  sy_writer_close(w);
  assert_sound(path);
  remove_directory(path);
}

/* A table of readers that is full: those who have a snapshot keep it, others are told, and dead
 * ones leave room for others who were there before. */
static void test_full_table(void **state) {
  (void)state;
  char *path = make_directory();
  make_index(path);
  keeper first = start_keeper(path), second = start_keeper(path), third = start_keeper(path);
  uint32_t most = take_snapshots(&first, 5000);
  assert_true(most >= 1000 && most < 5000);
  sy_index *index, *others[50];
  test_error = (sy_error){0};
  assert_status(sy_index_open(path, &index, &test_error), SY_LIMIT);
  assert_non_null(strstr(test_error.reason, "snapshots"));
  kill_keeper(&first);
  assert_int_equal(take_snapshots(&second, most - 1), most - 1);
  assert_ok(sy_index_open(path, &index, &test_error)); /* the last one */
  kill_keeper(&second);
  for (int i = 0; i < 50; i++) assert_ok(sy_index_open(path, &others[i], &test_error));
  for (int i = 0; i < 50; i++) sy_index_close(others[i]);
  assert_int_equal(take_snapshots(&third, most - 1), most - 1);
  kill_keeper(&third);
  assert_ok(sy_index_refresh(index, &test_error));
  sy_index_close(index);
  assert_sound(path);
  remove_directory(path);
}

/* ---- A writer that dies beside a reader --------------------------------------------------
 * */

static void die_in_transaction(void *context) {
  sy_env *env;
  require(sy_env_open(context, true, false, &env, &test_error) == SY_OK);
  require(sy_env_put(env, 99, SY_PART_IDS, 0, "lost", 4, &test_error) == SY_OK);
  raise(SIGKILL);
}

/* With a reader, lock.mdb is not made anew: LMDB's lock is one whose owner died. */
static void test_dead_lock(void **state) {
  (void)state;
  char *path = make_directory();
  make_index(path);
  keeper k = start_keeper(path);
  assert_int_equal(take_snapshots(&k, 1), 1);
  int status = run_child(die_in_transaction, path);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  sy_writer *w;
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  write_commits(w, 3);
  sy_writer_close(w);
  assert_int_equal(stats_of(path).articles, 1);
  kill_keeper(&k);
  assert_sound(path);
  remove_directory(path);
}

/* ---- A file that is not the same any more ---------------------------------------------------- */

/* As an operator who puts a backup in the place of an index that is in use. */
static void replace_file(const char *path) {
  char data[300], copy[300], command[700];
  sprintf(data, "%s/data.mdb", path);
  sprintf(copy, "%s/copy", path);
  sprintf(command, "cp '%s' '%s'", data, copy);
  require(system(command) == 0 && rename(copy, data) == 0);
}

/* Who has the old file goes on with it; nobody gets it as the new one, nor commits to it. */
static void test_replaced_file(void **state) {
  (void)state;
  char *path = make_directory();
  make_index(path);
  sy_index *old, *index = NULL;
  sy_writer *w;
  assert_ok(sy_index_open(path, &old, &test_error));
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  replace_file(path);
  assert_status(sy_index_open(path, &index, &test_error), SY_IO);
  assert_non_null(strstr(test_error.reason, "replaced"));
  assert_ok(sy_index_refresh(old, &test_error));
  add(w, "lost", "找不到");
  assert_status(sy_writer_commit(w, &test_error), SY_IO);
  assert_non_null(strstr(test_error.reason, "replaced"));
  sy_writer_close(w);
  assert_status(sy_writer_open(path, NULL, &w, &test_error), SY_IO);
  sy_index_close(old);
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  add(w, "kept", "找得到");
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_close(w);
  assert_ok(sy_index_open(path, &index, &test_error));
  assert_int_equal(count_of(index, "找得到"), 1);
  sy_index_close(index);
  assert_sound(path);
  remove_directory(path);
}

/* The old snapshot stays when there is no new one to be had. */
static void test_failed_refresh(void **state) {
  (void)state;
  char *path = make_directory(), data[300];
  make_index(path);
  sy_index *index;
  assert_ok(sy_index_open(path, &index, &test_error));
  sy_index_stats before, after;
  assert_ok(sy_index_get_stats(index, &before, &test_error));
  sprintf(data, "%s/data.mdb", path);
  static uint8_t heads[2 * 4096], zeros[sizeof heads];
  FILE *file = fopen(data, "r+b");
  assert_int_equal(fread(heads, 1, sizeof heads, file), sizeof heads);
  for (int damaged = 1; damaged >= 0; damaged--) {
    rewind(file);
    assert_int_equal(fwrite(damaged ? zeros : heads, 1, sizeof heads, file), sizeof heads);
    fflush(file);
    assert_status(sy_index_refresh(index, &test_error), damaged ? SY_VERSION : SY_OK);
    assert_ok(sy_index_get_stats(index, &after, &test_error));
    assert_int_equal(after.articles, before.articles);
    assert_true(after.articles > 0);
  }
  fclose(file);
  sy_index_close(index);
  remove_directory(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_generations),   cmocka_unit_test(test_cost),
      cmocka_unit_test(test_full_table),    cmocka_unit_test(test_dead_lock),
      cmocka_unit_test(test_replaced_file), cmocka_unit_test(test_failed_refresh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
