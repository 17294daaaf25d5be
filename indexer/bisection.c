/* bisection.c - recursive graph bisection (contract in bisection.h). */
#include "indexer/bisection.h"

#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAF 16u             /* articles that are not divided further */
#define ROUNDS 20u           /* of exchanging, at most */
#define LEAST_SHARE 1000u    /* a round that exchanges fewer than one pair in so many is the last */
#define PARTS_PER_WORKER 16u /* from so many on, parts are divided to the end by one worker each */

/* How many articles of each half have a term. */
typedef struct degrees {
  uint32_t of[2];
} degrees;

typedef struct candidate {
  float gain;     /* of moving to the other half */
  uint32_t place; /* in `articles` */
} candidate;

typedef struct bisection {
  const sy_forward_index *index;
  uint32_t *articles;
  candidate *candidates; /* one for each place in `articles` */
  degrees *degrees;      /* `term_count` for each worker; all 0 between parts */
  float fractions[256];  /* log2(1 + i / 256) */
} bisection;

/* The places from `begin` to before `end`. */
typedef struct part {
  sy_job job;
  bisection *bisection;
  uint32_t begin, end;
  bool to_leaves; /* or just once */
} part;

/* ---- One part -------------------------------------------------------------------------------- */

static float log2_of(const bisection *b, uint32_t n) {
  if (!n) return 0;
  uint32_t e = 31 - (uint32_t)__builtin_clz(n);
  return (float)e + b->fractions[(e >= 8 ? n >> (e - 8) : n << (8 - e)) & 255];
}

static void count_terms(const bisection *b, degrees *d, uint32_t begin, uint32_t end, int half) {
  const sy_forward_index *index = b->index;
  for (uint32_t i = begin; i < end; i++) {
    uint32_t article = b->articles[i];
    for (uint64_t t = index->offsets[article]; t < index->offsets[article + 1]; t++) {
      d[index->terms[t]].of[half]++;
    }
  }
}

static void clear_terms(const bisection *b, degrees *d, uint32_t begin, uint32_t end) {
  const sy_forward_index *index = b->index;
  for (uint32_t i = begin; i < end; i++) {
    uint32_t article = b->articles[i];
    for (uint64_t t = index->offsets[article]; t < index->offsets[article + 1]; t++) {
      d[index->terms[t]] = (degrees){{0, 0}};
    }
  }
}

/* What the gaps' logarithms lose, about, if an article moves. */
static float gain_of(const bisection *b, const degrees *d, uint32_t article, int half) {
  const sy_forward_index *index = b->index;
  float gain = 0;
  for (uint64_t t = index->offsets[article]; t < index->offsets[article + 1]; t++) {
    const degrees *of = &d[index->terms[t]];
    gain += log2_of(b, of->of[!half]) - log2_of(b, of->of[half]);
  }
  return gain;
}

/* Fills the candidates of a half; returns the greatest gain. */
static float compute_gains(const bisection *b, const degrees *d, uint32_t begin, uint32_t end,
                           int half) {
  float best = -INFINITY;
  for (uint32_t i = begin; i < end; i++) {
    float gain = gain_of(b, d, b->articles[i], half);
    b->candidates[i] = (candidate){gain, i};
    if (gain > best) best = gain;
  }
  return best;
}

static int compare_candidates(const void *x, const void *y) {
  const candidate *a = x, *b = y;
  if (a->gain != b->gain) return a->gain < b->gain ? 1 : -1;
  return (a->place > b->place) - (a->place < b->place);
}

/* Keeps those that are above `least`, and sorts them by descending gain. Returns how many. */
static uint32_t sort_candidates(candidate *c, uint32_t count, float least) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (c[i].gain > least) c[kept++] = c[i];
  }
  if (kept > 1) qsort(c, kept, sizeof *c, compare_candidates);
  return kept;
}

static void move_terms(const bisection *b, degrees *d, uint32_t article, int from) {
  const sy_forward_index *index = b->index;
  for (uint64_t t = index->offsets[article]; t < index->offsets[article + 1]; t++) {
    d[index->terms[t]].of[from]--;
    d[index->terms[t]].of[!from]++;
  }
}

/* Exchanges pairs that gain more than `threshold`; returns how many. */
static uint32_t exchange(const bisection *b, degrees *d, uint32_t begin, uint32_t middle,
                         uint32_t end, float threshold) {
  float left_best = compute_gains(b, d, begin, middle, 0);
  float right_best = compute_gains(b, d, middle, end, 1);
  const candidate *left = b->candidates + begin, *right = b->candidates + middle;
  uint32_t n = sort_candidates(b->candidates + begin, middle - begin, threshold - right_best);
  uint32_t m = sort_candidates(b->candidates + middle, end - middle, threshold - left_best);
  uint32_t i = 0;
  for (; i < n && i < m && left[i].gain + right[i].gain > threshold; i++) {
    uint32_t *x = &b->articles[left[i].place], *y = &b->articles[right[i].place], kept = *x;
    move_terms(b, d, *x, 0);
    move_terms(b, d, *y, 1);
    *x = *y;
    *y = kept;
  }
  return i;
}

static void divide(const bisection *b, degrees *d, uint32_t begin, uint32_t end) {
  uint32_t middle = begin + (end - begin) / 2;
  count_terms(b, d, begin, middle, 0);
  count_terms(b, d, middle, end, 1);
  for (uint32_t round = 0; round < ROUNDS; round++) {
    if (exchange(b, d, begin, middle, end, (float)round) <= (end - begin) / LEAST_SHARE) break;
  }
  clear_terms(b, d, begin, end);
}

static int compare_u32(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void divide_to_leaves(const bisection *b, degrees *d, uint32_t begin, uint32_t end) {
  if (end - begin <= LEAF) {
    qsort(b->articles + begin, end - begin, sizeof *b->articles, compare_u32);
    return;
  }
  divide(b, d, begin, end);
  uint32_t middle = begin + (end - begin) / 2;
  divide_to_leaves(b, d, begin, middle);
  divide_to_leaves(b, d, middle, end);
}

static void run_part(sy_job *job, uint32_t worker) {
  const part *p = (const part *)job;
  degrees *d = p->bisection->degrees + (size_t)worker * p->bisection->index->term_count;
  (p->to_leaves ? divide_to_leaves : divide)(p->bisection, d, p->begin, p->end);
}

/* ---- All ------------------------------------------------------------------------------------- */

/* Divides `parts` parts of equal size; 2^level of them. */
static sy_status divide_level(bisection *b, uint32_t count, uint32_t level, bool to_leaves,
                              sy_pool *pool, sy_error *error) {
  uint32_t parts = 1u << level;
  part *jobs = calloc(parts, sizeof *jobs);
  if (!jobs) return sy_fail_memory(error);
  for (uint32_t i = 0; i < parts; i++) {
    jobs[i] = (part){.job.run = run_part, .bisection = b, .end = count, .to_leaves = to_leaves};
    for (uint32_t l = level; l-- > 0;) { /* as divide_to_leaves() halves */
      uint32_t middle = jobs[i].begin + (jobs[i].end - jobs[i].begin) / 2;
      *(i >> l & 1 ? &jobs[i].begin : &jobs[i].end) = middle;
    }
    sy_pool_put(pool, &jobs[i].job);
  }
  for (uint32_t i = 0; i < parts; i++) sy_pool_wait(pool, &jobs[i].job);
  free(jobs);
  return SY_OK;
}

static sy_status divide_all(bisection *b, uint32_t count, sy_pool *pool, sy_error *error) {
  uint32_t most = PARTS_PER_WORKER * sy_pool_workers(pool), level = 0;
  for (; 1u << level < most && count >> level > 2 * LEAF; level++) {
    SY_TRY(divide_level(b, count, level, false, pool, error));
  }
  return divide_level(b, count, level, true, pool, error);
}

sy_status sy_bisect(const sy_forward_index *index, uint32_t *articles, uint32_t count,
                    sy_pool *pool, sy_error *error) {
  if (count < 2) return SY_OK;
  bisection *b = calloc(1, sizeof *b);
  if (!b) return sy_fail_memory(error);
  b->index = index;
  b->articles = articles;
  b->candidates = malloc(count * sizeof *b->candidates);
  b->degrees = calloc((size_t)index->term_count * sy_pool_workers(pool) + 1, sizeof *b->degrees);
  for (int i = 0; i < 256; i++) b->fractions[i] = log2f(1 + (float)i / 256);
  sy_status status =
      b->candidates && b->degrees ? divide_all(b, count, pool, error) : sy_fail_memory(error);
  free(b->candidates);
  free(b->degrees);
  free(b);
  return status;
}
