/*
 * test_bisection.c - the order that bisection finds: a permutation, the same for any number of
 * threads, and one that brings scattered clusters together.
 */
#include "tests/storage/storage_helper.h"

#include <math.h>

#include "indexer/bisection.h"

#define CLUSTERS 20u
#define CLUSTER_TERMS 50u
#define COMMON_TERMS 30u
#define TERM_COUNT (CLUSTERS * CLUSTER_TERMS + COMMON_TERMS)
#define ARTICLE_TERMS 20u /* at most */

/* Articles of clusters in random order; two terms in three are of the article's cluster. */
typedef struct forward {
  uint64_t *offsets;
  uint32_t *terms;
  uint32_t *clusters;
  uint32_t count;
} forward;

static forward make_forward(random_source *random, uint32_t count) {
  forward f = {calloc(count + 1ull, sizeof(uint64_t)),
               malloc((count * ARTICLE_TERMS + 1ull) * sizeof(uint32_t)),
               calloc(count + 1ull, sizeof(uint32_t)), count};
  uint64_t n = 0;
  for (uint32_t a = 0; a < count; a++) {
    bool seen[TERM_COUNT] = {false};
    f.clusters[a] = random_below(random, CLUSTERS);
    for (uint32_t i = random_below(random, ARTICLE_TERMS + 1); i-- > 0;) {
      uint32_t term = i % 3 ? f.clusters[a] * CLUSTER_TERMS + random_below(random, CLUSTER_TERMS)
                            : random_below(random, TERM_COUNT);
      if (!seen[term]) f.terms[n++] = term;
      seen[term] = true;
    }
    f.offsets[a + 1] = n;
  }
  return f;
}

static void free_forward(forward *f) {
  free(f->offsets);
  free(f->terms);
  free(f->clusters);
}

/* Bits of all gaps, by their logarithms. */
static double cost_of(const forward *f, const uint32_t *order) {
  uint32_t last[TERM_COUNT] = {0};
  double cost = 0;
  for (uint32_t n = 0; n < f->count; n++) {
    for (uint64_t t = f->offsets[order[n]]; t < f->offsets[order[n] + 1]; t++) {
      cost += log2(n + 1 - last[f->terms[t]]);
      last[f->terms[t]] = n + 1;
    }
  }
  return cost;
}

static uint32_t *order_of(const forward *f, uint32_t threads) {
  sy_pool *pool;
  uint32_t *order = malloc((f->count + 1ull) * sizeof *order);
  for (uint32_t a = 0; a < f->count; a++) order[a] = a;
  assert_ok(sy_pool_new(threads, &pool, &test_error));
  sy_forward_index index = {f->offsets, f->terms, TERM_COUNT};
  assert_ok(sy_bisect(&index, order, f->count, pool, &test_error));
  sy_pool_free(pool);
  return order;
}

static void check_permutation(const uint32_t *order, uint32_t count) {
  bool *seen = calloc(count + 1ull, sizeof *seen);
  for (uint32_t n = 0; n < count; n++) {
    assert_true(order[n] < count);
    assert_false(seen[order[n]]);
    seen[order[n]] = true;
  }
  free(seen);
}

static void test_permutations(void **state) {
  (void)state;
  random_source random = seeded(41);
  static const uint32_t counts[] = {0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 65, 100, 999, 4096};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    forward f = make_forward(&random, counts[i]);
    uint32_t *one = order_of(&f, 1);
    check_permutation(one, counts[i]);
    for (uint32_t threads = 2; threads <= 5; threads += 3) {
      uint32_t *other = order_of(&f, threads);
      assert_memory_equal(one, other, counts[i] * sizeof *one);
      free(other);
    }
    free(one);
    free_forward(&f);
  }
}

/* The order by clusters is the best that can be hoped for. */
static double cost_by_clusters(const forward *f) {
  uint32_t *order = malloc(f->count * sizeof *order), n = 0;
  for (uint32_t c = 0; c < CLUSTERS; c++) {
    for (uint32_t a = 0; a < f->count; a++) {
      if (f->clusters[a] == c) order[n++] = a;
    }
  }
  assert_int_equal(n, f->count);
  double cost = cost_of(f, order);
  free(order);
  return cost;
}

static void test_clusters(void **state) {
  (void)state;
  random_source random = seeded(42);
  forward f = make_forward(&random, 20000);
  uint32_t *order = malloc(f.count * sizeof *order);
  for (uint32_t a = 0; a < f.count; a++) order[a] = a;
  double scattered = cost_of(&f, order), clustered = cost_by_clusters(&f);
  free(order);
  order = order_of(&f, 2);
  double found = cost_of(&f, order);
  print_message("bits: %.0f scattered, %.0f by clusters, %.0f found\n", scattered, clustered,
                found);
  assert_true(found < clustered + (scattered - clustered) / 10);
  free(order);
  free_forward(&f);
}

/* Nothing is gained, nothing exchanged. */
static void test_no_terms(void **state) {
  (void)state;
  forward f = {calloc(1001, sizeof(uint64_t)), malloc(4), calloc(1001, 4), 1000};
  uint32_t *order = order_of(&f, 2);
  for (uint32_t n = 0; n < f.count; n++) assert_int_equal(order[n], n);
  free(order);
  free_forward(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_permutations),
      cmocka_unit_test(test_clusters),
      cmocka_unit_test(test_no_terms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
