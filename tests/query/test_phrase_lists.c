/*
 * test_phrase_lists.c - a phrase over random lists, and over damaged ones: many candidates at a
 * time and one by one give the same articles.
 */
#include "query/iterator.h"
#include "tests/storage/list_model.h"

enum { MOST_LISTS = 4, MOST_ARTICLES = 12000 };

typedef struct lists {
  uint32_t count, article_count;
  uint32_t offsets[MOST_LISTS];
  bool cover[MOST_LISTS];
  stored_list stored[MOST_LISTS];
  uint8_t *lengths;
} lists;

/* The lengths that all lists need. */
static void choose_lengths(lists *l, const list_model *models, random_source *random) {
  l->article_count = 0;
  for (uint32_t i = 0; i < l->count; i++) {
    uint32_t needed = models[i].articles[models[i].df - 1] + 1;
    if (needed > l->article_count) l->article_count = needed;
  }
  assert_true(l->article_count <= MOST_ARTICLES);
  l->lengths = calloc(l->article_count, 1);
  for (uint32_t i = 0; i < l->count; i++) {
    uint8_t *lengths = list_lengths(random, &models[i], l->article_count);
    for (uint32_t a = 0; a < l->article_count; a++) {
      if (lengths[a] > l->lengths[a]) l->lengths[a] = lengths[a];
    }
    free(lengths);
  }
}

static lists lists_random(random_source *random) {
  static const uint32_t frequencies[] = {1, 2, 3, 20};
  lists l = {.count = 2 + random_below(random, MOST_LISTS - 1)};
  list_model models[MOST_LISTS];
  uint32_t df = 1024 + random_below(random, 3000), step = 1 + random_below(random, 5);
  for (uint32_t i = 0; i < l.count; i++) {
    list_shape shape = {df + random_below(random, df / 2), random_below(random, 3),
                        frequencies[random_below(random, 4)], step};
    models[i] = list_random(random, shape);
    l.offsets[i] = i;
    l.cover[i] = i % 2 == 0 || i + 1 == l.count;
  }
  choose_lengths(&l, models, random);
  for (uint32_t i = 0; i < l.count; i++) {
    sy_list_writer w;
    sy_encoded_list encoded;
    sy_list_writer_init(&w, l.lengths, l.article_count, 50);
    list_write(&w, &models[i]);
    assert_ok(sy_list_writer_finish(&w, &encoded, &test_error));
    l.stored[i] = list_store(&encoded, l.lengths, l.article_count);
    sy_list_writer_free(&w);
    list_free(&models[i]);
  }
  return l;
}

static void lists_drop(lists *l) {
  for (uint32_t i = 0; i < l->count; i++) list_drop(&l->stored[i]);
  free(l->lengths);
}

/* ---- Walking ---- */

static bool is_skipped(const void *context, uint32_t article) {
  return *(const uint32_t *)context && article % *(const uint32_t *)context == 0;
}

/* The matches, in batches whose ends lie at most `window` (0: anywhere) ahead, or one by one. */
static uint32_t walk(const lists *l, bool batches, uint32_t window, uint32_t skip,
                     random_source *random, uint32_t *articles, sy_status *status) {
  sy_arena arena = {0};
  sy_deadline deadline;
  sy_deadline_init(&deadline);
  sy_search_context context = {
      .arena = &arena, .error = &test_error, .path = "an index", .time = {&deadline, 0}};
  sy_list plain[MOST_LISTS];
  for (uint32_t i = 0; i < l->count; i++) plain[i] = l->stored[i].list;
  sy_phrase_spec spec = {l->count, plain, l->offsets, l->cover};
  sy_iterator *it = sy_phrase_iterator(&context, &spec, (sy_scorer){0});
  assert_non_null(it);
  uint32_t n = 0;
  while (it->article != SY_NO_ARTICLE) {
    uint32_t current = it->article, found[SY_BLOCK], count;
    uint32_t end = window ? current + 1 + random_below(random, window) : SY_NO_ARTICLE;
    sy_batch_range range = {end, skip ? is_skipped : NULL, &skip};
    if (!batches || !sy_phrase_iterator_batch(it, &range, found, &count)) {
      found[0] = current;
      count = !is_skipped(&skip, current) && it->matches(it);
      it->advance(it, current + 1);
    }
    for (uint32_t i = 0; i < count; i++) {
      if (found[i] < current || found[i] >= end || found[i] >= l->article_count)
        fail_msg("article %u, between %u and %u", found[i], current, end);
      assert_true(n < MOST_ARTICLES && (!n || found[i] > articles[n - 1]));
      articles[n++] = found[i];
    }
    assert_true(it->article > current);
  }
  *status = context.status;
  sy_arena_free(&arena);
  return n;
}

/* Returns the number of matches. */
static uint32_t compare(const lists *l, random_source *random, bool sound) {
  static uint32_t each[MOST_ARTICLES], many[MOST_ARTICLES];
  uint32_t window = random_one_in(random, 2) ? 1 + random_below(random, 3000) : 0;
  uint32_t skip = random_one_in(random, 3) ? 1 + random_below(random, 5) : 0;
  sy_status one_by_one, batches;
  uint32_t n = walk(l, false, 0, skip, random, each, &one_by_one);
  uint32_t m = walk(l, true, window, skip, random, many, &batches);
  if (sound) assert_true(one_by_one == SY_OK && batches == SY_OK);
  assert_true(one_by_one == SY_OK || one_by_one == SY_CORRUPT);
  assert_true(batches == SY_OK || batches == SY_CORRUPT);
  if (one_by_one != SY_OK || batches != SY_OK) return 0;
  assert_int_equal(n, m);
  assert_memory_equal(each, many, n * sizeof *each);
  return n;
}

/* ---- Tests ---- */

static void test_sound_lists(void **state) {
  (void)state;
  random_source random = seeded(41);
  uint64_t matches = 0;
  for (int round = 0; round < 80; round++) {
    lists l = lists_random(&random);
    for (int i = 0; i < 4; i++) matches += compare(&l, &random, true);
    lists_drop(&l);
  }
  assert_true(matches > 10000);
}

static void damage(uint8_t *bytes, size_t count, random_source *random) {
  uint8_t *at = bytes + random_below(random, (uint32_t)count);
  switch (random_below(random, 3)) {
    case 0: *at ^= (uint8_t)(1u << random_below(random, 8)); break;
    case 1: *at = 0xFF; break;
    default: {
      size_t left = (size_t)(bytes + count - at);
      memset(at, random_one_in(random, 2) ? 0xFF : 0, left < 100 ? left : 100);
    }
  }
}

static void test_damaged_lists(void **state) {
  (void)state;
  random_source random = seeded(42);
  for (int round = 0; round < 300; round++) {
    lists l = lists_random(&random);
    for (int i = 0; i < 4; i++) {
      stored_list *s = &l.stored[random_below(&random, l.count)];
      if (random_one_in(&random, 2)) {
        damage(s->postings, s->list.postings_bytes, &random);
      } else {
        damage(s->positions, s->list.positions_bytes, &random);
      }
      compare(&l, &random, false);
    }
    lists_drop(&l);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sound_lists),
      cmocka_unit_test(test_damaged_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
