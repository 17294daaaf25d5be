/* topk.c - the heap of the best articles (topk.h). */
#include "query/topk.h"

void sy_topk_init(sy_topk *top, uint64_t wanted) { *top = (sy_topk){.wanted = wanted}; }

void sy_topk_free(sy_topk *top) {
  free(top->entries);
  top->entries = NULL;
}

/* Whether `a` ranks behind `b`. */
static inline bool is_worse(const sy_ranked *a, const sy_ranked *b) {
  return a->score != b->score ? a->score < b->score : a->article > b->article;
}

static void sift_up(sy_ranked *heap, size_t at) {
  sy_ranked entry = heap[at];
  for (size_t parent; at && (parent = (at - 1) / 2, is_worse(&entry, &heap[parent])); at = parent) {
    heap[at] = heap[parent];
  }
  heap[at] = entry;
}

static void sift_down(sy_ranked *heap, size_t count, size_t at) {
  sy_ranked entry = heap[at];
  for (size_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && is_worse(&heap[child + 1], &heap[child])) child++;
    if (!is_worse(&heap[child], &entry)) break;
    heap[at] = heap[child];
  }
  heap[at] = entry;
}

static bool grow(sy_topk *top) {
  size_t capacity = top->capacity ? top->capacity * 2 : 64;
  sy_ranked *entries = realloc(top->entries, capacity * sizeof *entries);
  if (!entries) {
    top->failed = true;
    return false;
  }
  top->entries = entries;
  top->capacity = capacity;
  return true;
}

void sy_topk_offer(sy_topk *top, uint64_t score, uint64_t article) {
  sy_ranked entry = {score, article};
  if (top->count < top->wanted) {
    if (top->count == top->capacity && !grow(top)) return;
    top->entries[top->count] = entry;
    sift_up(top->entries, top->count++);
  } else if (top->count && is_worse(&top->entries[0], &entry)) {
    top->entries[0] = entry;
    sift_down(top->entries, top->count, 0);
  }
}

void sy_topk_share(sy_topk *top) {
  if (!top->shared) return;
  uint64_t floor = top->count < top->wanted || !top->count ? 0 : top->entries[0].score;
  if (floor < top->floor) floor = top->floor;
  uint64_t known = atomic_load_explicit(top->shared, memory_order_relaxed);
  while (floor > known &&
         !atomic_compare_exchange_weak_explicit(top->shared, &known, floor, memory_order_relaxed,
                                                memory_order_relaxed)) {
  }
  top->floor = floor > known ? floor : known;
}

void sy_topk_sort(sy_topk *top) {
  for (size_t n = top->count; n > 1;) {
    sy_ranked worst = top->entries[0];
    top->entries[0] = top->entries[--n];
    sift_down(top->entries, n, 0);
    top->entries[n] = worst;
  }
}
