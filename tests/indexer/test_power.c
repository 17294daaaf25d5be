/*
 * test_power.c - crashes of the machine and of the process at any moment of a run: what was
 * reported as committed is there, whole, and nothing else; and writing goes on.
 *
 * A run of several commits is recorded write by write (disk.h). Then its file is made anew as it
 * can be found after a crash behind any of these writes:
 *
 *     killed      all writes up to there
 *     power lost  the writes before the last completed sync; of those behind it, in sectors of 512
 *                 bytes, some (a random half), none, or all, in any order
 *
 * and opened, checked and compared with the commits. $SUOYIN_CRASH_POINTS says how many files are
 * made (default 60; make torture: thousands). For one in five of these, up to 250, the run is one
 * of few large commits: batches are flushed, and segments merged, while articles are added,
 * replaced and deleted.
 */
#include "indexer/writer_state.h"
#include "tests/storage/disk.h"
#include "tests/storage/storage_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDS 120
#define COMMITS 14
#define LARGE_COMMITS 2u
#define LARGE_CHANGES 600u /* of a commit: 12 batches, of which 8 are merged beside the rest */
#define LARGE_CHARACTERS 60000u
#define LARGE_LEAST_BESIDE 30u /* changes of a run, at least, are made beside a merge */
#define LEAST_MEMORY (32u << 20)
#define SLACK_BYTES (512u << 10) /* that two indexes of one content differ by */

/* What the index holds after each commit: the version of each id, 0 for none. */
typedef struct history {
  uint32_t versions[COMMITS + 1][IDS];
  uint64_t used_bytes[COMMITS + 1]; /* of the file, by what is not free */
  uint32_t commits;
  bool large;
  uint32_t changes; /* of a large commit */
  uint32_t beside;  /* changes that were made while segments were merged */
} history;

/* Much for the inverter, less on disk: four characters in any order. */
static void make_large_body(random_source *random, buffer *body) {
  static const char *const characters[] = {"的", "是", "不", "人"};
  for (uint32_t i = 0; i < LARGE_CHARACTERS / 30; i++) {
    uint64_t bits = random_next(random);
    for (uint32_t k = 0; k < 30; k++) buffer_add_string(body, characters[bits >> 2 * k & 3]);
  }
}

static void make_body(const history *h, uint32_t id, uint32_t version, buffer *body) {
  random_source random = {id * 7919ull + version};
  body->bytes = 0;
  if (h->large) {
    make_large_body(&random, body);
  } else {
    random_text(&random, 2 + (id * version) % 90, true, body);
  }
}

static sy_status try_add(sy_writer *w, const history *h, uint32_t number, uint32_t version) {
  char id[20];
  buffer body = {0};
  make_body(h, number, version, &body);
  sy_article article = {
      {id, (size_t)sprintf(id, "p%u", number)}, {"t", 1}, {body.data, body.bytes}, {0}};
  sy_status status = sy_writer_add(w, &article, &test_error);
  free(body.data);
  return status;
}

static void add_one(sy_writer *w, const history *h, uint32_t number, uint32_t version) {
  assert_ok(try_add(w, h, number, version));
}

static sy_writer *open_writer(const char *path) {
  sy_writer *w;
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.memory_bytes = LEAST_MEMORY;
  assert_ok(sy_writer_open(path, &options, &w, &test_error));
  return w;
}

static uint64_t used_bytes(const char *path) {
  sy_index_stats stats = stats_of(path);
  return stats.bytes_file - stats.bytes_free;
}

static void delete_one(sy_writer *w, uint32_t number) {
  char id[20];
  sprintf(id, "p%u", number);
  assert_ok(sy_writer_delete(w, string_of(id), &test_error));
}

/* Adds, replaces and deletes, and commits or merges. */
static void change(sy_writer *w, history *h, random_source *random) {
  uint32_t *now = h->versions[h->commits + 1];
  memcpy(now, h->versions[h->commits], sizeof h->versions[0]);
  for (uint32_t n = h->large ? h->changes : 1 + random_below(random, 25); n; n--) {
    uint32_t id = random_below(random, IDS);
    h->beside += w->merge != NULL;
    if (now[id] && random_one_in(random, h->large ? 10 : 3)) {
      delete_one(w, id);
      now[id] = 0;
    } else {
      now[id] = h->commits + 1;
      add_one(w, h, id, now[id]);
    }
  }
  if (random_one_in(random, 4)) {
    assert_ok(sy_writer_merge(w, 1, &test_error));
  } else {
    assert_ok(sy_writer_commit(w, &test_error));
  }
  disk_mark(++h->commits);
}

static void record(const char *path, history *h, random_source *random) {
  sy_writer *w = open_writer(path); /* the file is made whole or not at all */
  disk_record(path);
  while (h->commits < (h->large ? LARGE_COMMITS : COMMITS)) {
    if (!w) w = open_writer(path);
    change(w, h, random);
    h->used_bytes[h->commits] = used_bytes(path);
    if (random_one_in(random, 3)) {
      sy_writer_close(w);
      w = NULL;
    }
  }
  sy_writer_close(w);
}

/* ---- A file after a crash -------------------------------------------------------------------- */

typedef struct image {
  uint8_t *bytes;
  size_t size, capacity;
} image;

static void image_put(image *m, uint64_t offset, const uint8_t *data, size_t bytes) {
  if (offset + bytes > m->capacity) {
    size_t capacity = 2 * (offset + bytes);
    m->bytes = realloc(m->bytes, capacity);
    assert_non_null(m->bytes);
    memset(m->bytes + m->capacity, 0, capacity - m->capacity);
    m->capacity = capacity;
  }
  memcpy(m->bytes + offset, data, bytes);
  if (offset + bytes > m->size) m->size = offset + bytes;
}

static void apply(image *m, const disk_event *e) {
  if (e->kind == DISK_WRITE) image_put(m, e->offset, e->data, e->bytes);
  if (e->kind == DISK_TRUNCATE && e->offset < m->size) {
    memset(m->bytes + e->offset, 0, m->size - e->offset);
    m->size = e->offset;
  }
}

typedef enum crash { KILLED, POWER_NOTHING, POWER_SOME, POWER_SHUFFLED, CRASHES } crash;

/* Some sectors of a write that was not synced. */
static void apply_some(image *m, const disk_event *e, random_source *random) {
  for (size_t at = 0; at < e->bytes;) {
    size_t bytes = DISK_SECTOR - (e->offset + at) % DISK_SECTOR;
    if (bytes > e->bytes - at) bytes = e->bytes - at;
    if (random_one_in(random, 2)) image_put(m, e->offset + at, e->data + at, bytes);
    at += bytes;
  }
}

static bool is_synced(const disk_event *e, size_t i, size_t last_sync) {
  return i < last_sync || (e->kind == DISK_WRITE && e->durable) || e->kind == DISK_TRUNCATE;
}

/* The file as a crash behind the first `count` events leaves it. */
static void make_image(image *m, const disk_event *events, size_t count, crash kind,
                       random_source *random) {
  size_t last_sync = 0;
  for (size_t i = 0; i < count; i++) {
    if (events[i].kind == DISK_SYNC) last_sync = i;
  }
  if (m->bytes) memset(m->bytes, 0, m->capacity);
  m->size = 0;
  for (size_t i = 0; i < count; i++) {
    if (kind == KILLED || is_synced(&events[i], i, last_sync)) {
      apply(m, &events[i]);
    } else if (kind == POWER_SOME && events[i].kind == DISK_WRITE) {
      apply_some(m, &events[i], random);
    } else if (kind == POWER_SHUFFLED && events[i].kind == DISK_WRITE && random_one_in(random, 2)) {
      apply(m, &events[i]);
    }
  }
}

static void write_image(const image *m, const char *path) {
  char file[4200];
  sprintf(file, "%s/data.mdb", path);
  int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  assert_true(fd >= 0);
  for (size_t at = 0; at < m->size;) {
    ssize_t wrote = write(fd, m->bytes + at, m->size - at);
    assert_true(wrote > 0);
    at += (size_t)wrote;
  }
  close(fd);
}

/* ---- What must be in it ---------------------------------------------------------------------- */

static bool holds(sy_index *index, const history *h, uint32_t commit) {
  const uint32_t *versions = h->versions[commit];
  uint64_t live = 0;
  bool same = true;
  buffer body = {0};
  for (uint32_t i = 0; i < IDS && same; i++) {
    char id[20];
    uint64_t number;
    sy_article got;
    sprintf(id, "p%u", i);
    sy_status status = sy_index_find(index, string_of(id), &number, &test_error);
    if (!versions[i]) {
      same = status == SY_NOT_FOUND;
      continue;
    }
    live++;
    make_body(h, i, versions[i], &body);
    same = status == SY_OK && sy_index_article(index, number, &got, &test_error) == SY_OK &&
           got.body.bytes == body.bytes && !memcmp(got.body.data, body.data, body.bytes);
  }
  free(body.data);
  sy_index_stats stats;
  return same && sy_index_get_stats(index, &stats, &test_error) == SY_OK && stats.articles == live;
}

/* The index shows commit `reported` or, when that was being made, the next one. */
static void check_content(const char *path, const history *h, uint32_t reported) {
  sy_index *index = NULL;
  sy_status status = sy_index_open(path, &index, &test_error);
  if (!reported && status == SY_NOT_FOUND) return; /* before the first commit */
  if (status != SY_OK) check_status(status, SY_OK, "opening after a crash", __FILE__, __LINE__);
  bool good = holds(index, h, reported) || (reported < h->commits && holds(index, h, reported + 1));
  if (!good) fail_msg("behind commit %u: another content", reported);
  assert_ok(sy_index_check(index, NULL, NULL, &test_error));
  sy_index_close(index);
}

/* Writing goes on, and what a dead writer left is swept. */
static void check_writing(const char *path) {
  sy_writer *w;
  sy_index *index;
  uint64_t number;
  sy_article article = {{"later", 5}, {"后", 3}, {"来", 3}, {0}};
  assert_ok(sy_writer_open(path, NULL, &w, &test_error));
  assert_ok(sy_writer_add(w, &article, &test_error));
  assert_ok(sy_writer_commit(w, &test_error));
  sy_writer_close(w);
  assert_ok(sy_index_open(path, &index, &test_error));
  assert_ok(sy_index_find(index, string_of("later"), &number, &test_error));
  assert_ok(sy_index_check(index, NULL, NULL, &test_error));
  sy_index_close(index);
}

static void crash_at(const disk_event *events, size_t count, crash kind, const history *h, image *m,
                     random_source *random) {
  char *path = make_directory();
  uint32_t reported = 0;
  for (size_t i = 0; i < count; i++) {
    if (events[i].kind == DISK_MARK) reported = (uint32_t)events[i].offset;
  }
  make_image(m, events, count, kind, random);
  write_image(m, path);
  check_content(path, h, reported);
  check_writing(path);
  uint64_t most = h->used_bytes[reported];
  if (reported < h->commits && most < h->used_bytes[reported + 1])
    most = h->used_bytes[reported + 1];
  assert_true(used_bytes(path) <= most + SLACK_BYTES);
  remove_directory(path);
}

static void crash_runs(uint64_t points, bool large, random_source *source) {
  random_source random = *source;
  uint64_t made = 0;
  image m = {0};
  while (made < points) {
    history h = {.large = large, .changes = LARGE_CHANGES};
    char *path = make_directory();
    record(path, &h, &random);
    size_t count;
    const disk_event *events = disk_events(&count);
    assert_true(count > 3 * h.commits && (!large || h.beside > LARGE_LEAST_BESIDE));
    /* All points of the run, or as many of them as are wanted, spread over it. */
    uint64_t left = points - made, all = count * CRASHES, step = all > left ? all / left : 1;
    for (uint64_t i = random_below(&random, (uint32_t)step); i < all && made < points; i += step) {
      crash_at(events, 1 + i / CRASHES, (crash)(i % CRASHES), &h, &m, &random);
      made++;
    }
    disk_forget();
    remove_directory(path);
  }
  printf("# %llu crashes%s\n", (unsigned long long)made, large ? " beside merges" : "");
  free(m.bytes);
}

static uint64_t points_wanted(void) {
  const char *wanted = getenv("SUOYIN_CRASH_POINTS");
  return wanted ? strtoull(wanted, NULL, 10) : 60;
}

static void test_crashes(void **state) {
  (void)state;
  random_source random = seeded(101);
  crash_runs(points_wanted(), false, &random);
}

static void test_crashes_beside_merges(void **state) {
  (void)state;
  random_source random = seeded(102);
  uint64_t points = points_wanted() / 5;
  crash_runs(points < 250 ? points : 250, true, &random);
}

/* ---- Calls that fail ------------------------------------------------------------------------- */

/* One commit on top of two others, in which every call from the n-th on fails. Returns false when
 * there were fewer calls. */
static bool fail_at(uint64_t n, int error, bool partly) {
  char *path = make_directory();
  history h = {.commits = 0};
  random_source random = {n};
  sy_writer *w = open_writer(path);
  change(w, &h, &random);
  change(w, &h, &random);
  uint32_t *now = h.versions[3];
  memcpy(now, h.versions[2], sizeof h.versions[0]);
  for (uint32_t i = 0; i < IDS; i += 2) add_one(w, &h, i, now[i] = 3);
  disk_fail(path, n, error, partly);
  sy_status status = sy_writer_commit(w, &test_error);
  bool reached = disk_heal() > n;
  if (reached) {
    check_status(status, error == ENOMEM ? SY_NO_MEMORY : SY_IO, "a commit that fails", __FILE__,
                 __LINE__);
    assert_true(strlen(test_error.reason) > 5 && strstr(test_error.file, path));
    assert_int_equal(sy_writer_commit(w, &test_error), status); /* it says so again */
  } else {
    assert_ok(status);
  }
  sy_writer_close(w);
  h.commits = 3;
  check_content(path, &h, reached ? 2 : 3);
  uint64_t before = stats_of(path).bytes_file;
  check_writing(path);
  check_writing(path);
  assert_true(stats_of(path).bytes_file <= before + (256u << 10)); /* what was lost is used again */
  remove_directory(path);
  return reached;
}

static void test_failures(void **state) {
  (void)state;
  const int errors[] = {ENOSPC, EIO, EDQUOT, EROFS};
  uint64_t n = 0;
  while (fail_at(n, errors[n % 4], n % 3 == 0)) n++;
  assert_true(n >= 3); /* pages, a sync, the page that makes them current */
  for (uint64_t k = 0; k < n; k++) fail_at(k, errors[(k + 1) % 4], true);
  disk_forget();
}

/* One large commit on top of another, in which every call from the n-th on fails. Returns how many
 * calls there were. */
static uint64_t fail_beside_merges(uint64_t n, int error) {
  char *path = make_directory();
  history h = {.large = true, .changes = IDS};
  random_source random = {103};
  sy_writer *w = open_writer(path);
  change(w, &h, &random);
  uint64_t used = used_bytes(path);
  disk_fail(path, n, error, n % 2);
  uint32_t *now = h.versions[2];
  memcpy(now, h.versions[1], sizeof h.versions[0]);
  sy_status status = SY_OK;
  for (uint32_t i = 0; i < LARGE_CHANGES / 3 * 2 && status == SY_OK; i++) {
    status = try_add(w, &h, i * 7 % IDS, now[i * 7 % IDS] = 2);
  }
  if (status == SY_OK) status = sy_writer_commit(w, &test_error);
  uint64_t calls = disk_heal();
  assert_status(status, calls > n ? SY_IO : SY_OK);
  sy_writer_close(w);
  h.commits = 2;
  check_content(path, &h, calls > n ? 1 : 2);
  check_writing(path);
  if (calls > n) assert_true(used_bytes(path) <= used + SLACK_BYTES);
  remove_directory(path);
  return calls;
}

static void test_failures_beside_merges(void **state) {
  (void)state;
  uint64_t calls = fail_beside_merges(UINT64_MAX, EIO), points = points_wanted() / 20;
  if (points > 50) points = 50;
  for (uint64_t i = 0; i < points; i++) {
    fail_beside_merges(calls * i / points, i % 2 ? ENOSPC : EIO);
  }
  disk_forget();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_crashes), cmocka_unit_test(test_crashes_beside_merges),
      cmocka_unit_test(test_failures_beside_merges), cmocka_unit_test(test_failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
