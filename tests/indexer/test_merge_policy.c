/* test_merge_policy.c - sizes of segments over thousands of commits, without their contents. */
#include "indexer/merge.h"
#include "tests/storage/storage_helper.h"

#define SEGMENTS_MAX 5000

typedef struct sizes {
  sy_segment_info segments[SEGMENTS_MAX];
  uint64_t deleted[SEGMENTS_MAX];
  uint32_t count;
  uint64_t added, rewritten; /* bytes */
  uint64_t most, largest;    /* bytes of a merge: allowed, found */
} sizes;

static sizes *new_sizes(uint64_t most_bytes) {
  sizes *s = calloc(1, sizeof *s);
  s->most = most_bytes;
  return s;
}

static void add_segment(sizes *s, uint64_t bytes) {
  assert_true(s->count < SEGMENTS_MAX);
  s->segments[s->count] = (sy_segment_info){.articles = 100};
  s->segments[s->count].bytes[SY_PART_POSTINGS] = bytes;
  s->deleted[s->count++] = 0;
  s->added += bytes;
}

/* As the writer does after each commit. */
static void merge(sizes *s) {
  uint32_t first, count;
  sy_manifest m = {.segments = s->segments};
  for (m.segment_count = s->count; sy_merge_choose(&m, s->deleted, s->most, &first, &count);
       m.segment_count = s->count) {
    assert_true(count >= 1 && first + count <= s->count);
    uint64_t bytes = 0;
    for (uint32_t i = first; i < first + count; i++) {
      bytes += s->segments[i].bytes[SY_PART_POSTINGS];
    }
    s->segments[first].bytes[SY_PART_POSTINGS] = bytes;
    s->deleted[first] = 0;
    uint32_t behind = s->count - first - count;
    memmove(&s->segments[first + 1], &s->segments[first + count], behind * sizeof *s->segments);
    memmove(&s->deleted[first + 1], &s->deleted[first + count], behind * sizeof *s->deleted);
    s->count -= count - 1;
    s->rewritten += bytes;
    if (bytes > s->largest) s->largest = bytes;
  }
}

/* Bytes written again for each byte added, in so many commits of about so many bytes. */
static double amplification(uint32_t commits, uint64_t bytes, uint32_t most_segments) {
  random_source random = {bytes};
  sizes *s = new_sizes(UINT64_MAX);
  for (uint32_t i = 0; i < commits; i++) {
    add_segment(s, bytes / 2 + random_below(&random, (uint32_t)bytes));
    merge(s);
    assert_true(s->count <= most_segments);
  }
  double times = (double)s->rewritten / (double)s->added;
  free(s);
  return times;
}

static void test_commits(void **state) {
  (void)state;
  assert_true(amplification(3000, 200 << 10, 30) <
              4); /* 600 MB: levels of 128 KB, 1, 8, 64, 512 MB */
  assert_true(amplification(20000, 40 << 10, 35) < 5.5);
  assert_true(amplification(40, 300 << 20, 20) < 2);
}

/* Commits that may merge no more than 16 MB, or a part of the index. */
static void test_bounded(void **state) {
  (void)state;
  random_source random = seeded(5);
  sizes *s = new_sizes(16 << 20);
  for (uint32_t i = 0; i < 20000; i++) {
    add_segment(s, (20 << 10) + random_below(&random, 40 << 10));
    if (s->added / 16 > s->most) s->most = s->added / 16;
    merge(s);
    assert_true(s->largest <= s->most);
    if (s->count > 50) fail_msg("%u commits made %u segments", i + 1, s->count);
  }
  assert_true(s->largest > s->most / 2);
  assert_true((double)s->rewritten / (double)s->added < 6);
  free(s);
}

/* A large segment is not taken into the merge of three small ones. */
static void test_large_one_left(void **state) {
  (void)state;
  sizes *s = new_sizes(UINT64_MAX);
  add_segment(s, 7 << 20);
  for (int i = 0; i < 3; i++) add_segment(s, 100 << 10);
  merge(s);
  assert_int_equal(s->count, 4);
  add_segment(s, 100 << 10);
  merge(s);
  assert_int_equal(s->count, 2);
  assert_int_equal(s->segments[0].bytes[SY_PART_POSTINGS], 7 << 20);
  add_segment(s, 1); /* and a small one behind is not taken either */
  for (int i = 0; i < 2; i++) add_segment(s, 800 << 10);
  add_segment(s, 2);
  uint32_t before = s->count;
  merge(s);
  assert_int_equal(s->count, before);
  free(s);
}

static void test_deleted(void **state) {
  (void)state;
  sizes *s = new_sizes(UINT64_MAX);
  for (int i = 0; i < 3; i++) add_segment(s, 1 << 20);
  s->deleted[1] = 50;
  merge(s);
  assert_int_equal(s->rewritten, 0);
  s->deleted[1] = 51;
  merge(s);
  assert_int_equal(s->rewritten, 1 << 20);
  assert_int_equal(s->count, 3);
  free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_commits), cmocka_unit_test(test_bounded),
                                     cmocka_unit_test(test_large_one_left),
                                     cmocka_unit_test(test_deleted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
