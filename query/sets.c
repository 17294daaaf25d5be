/* sets.c - gathering the articles of many terms (sets.h). */
#include "query/sets.h"

#include "base/status.h"
#include "storage/simd.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Calls `visit` with the list of each term of the set. */
typedef sy_status (*list_visitor)(void *context, const sy_list *list);

/* Ends early, with SY_OK, when time is over. */
static sy_status each_list(sy_plan *plan, uint32_t segment, uint32_t field, const sy_unit *unit,
                           list_visitor visit, void *context, sy_error *error) {
  sy_lexicon *lexicon = &plan->snapshot->segments[segment].lexicon;
  const sy_term_key *key = &unit->key;
  uint32_t run = sy_lexicon_run(lexicon, field, key->first);
  if (run == lexicon->count || sy_lexicon_run_key(lexicon, run) != (field << 24 | key->first))
    return SY_OK;
  sy_lexicon_cursor cursor;
  SY_TRY(sy_lexicon_open_run(lexicon, run, &cursor, error));
  if (cursor.words != (key->word_bytes > 0)) return SY_OK;
  if (cursor.words) SY_TRY(sy_lexicon_seek_word(&cursor, key->word, key->word_bytes, error));
  sy_status status = SY_OK;
  while (!sy_is_over(&plan->context->time) && (status = sy_lexicon_next(&cursor, error)) == SY_OK) {
    if (cursor.words) {
      uint32_t most =
          cursor.key.word_bytes < key->word_bytes ? cursor.key.word_bytes : key->word_bytes;
      int order = memcmp(cursor.key.word, key->word, most);
      if (order > 0) break;
      if (order < 0 || cursor.key.word_bytes < key->word_bytes) continue;
    }
    sy_list list;
    SY_TRY(sy_lexicon_list(&cursor, &list, error));
    SY_TRY(visit(context, &list));
  }
  return status == SY_NOT_FOUND ? SY_OK : status;
}

/* What the articles of a set come from. */
static void note_list(sy_plan_array *out, const sy_list *list) {
  out->lists++;
  out->postings += list->df;
  out->bytes += list->postings_bytes + list->positions_bytes;
}

/* ---- Union ----------------------------------------------------------------------------------- */

/* Frequencies are summed in a dense array: one pass over the lists and one over the array, with no
 * comparison of lists among themselves. A sum has one byte there, so that the array stays in the
 * cache; what goes beyond it is noted as a carry of 255. So what is not 0 is in use. */
#define MOST_SUM 255u

typedef struct union_state {
  sy_plan *plan;
  uint8_t *sums;     /* by article */
  sy_buffer carries; /* u32: an article whose sum is MOST_SUM more */
  sy_plan_array *out;
  sy_postings postings;
} union_state;

/* Hot: on plain arrays. */
static void add_postings(union_state *u, const uint32_t *restrict articles,
                         const uint32_t *restrict frequencies, uint32_t count) {
  uint8_t *restrict sums = u->sums;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t article = articles[i];
    uint64_t sum = (uint64_t)sums[article] + frequencies[i];
    for (; sum > MOST_SUM; sum -= MOST_SUM) sy_buffer_u32(&u->carries, article);
    sums[article] = (uint8_t)sum;
  }
}

/* Half of all terms are in one article, which the lexicon names. */
static sy_status add_list(void *context, const sy_list *list) {
  union_state *u = context;
  sy_time_budget *time = &u->plan->context->time;
  note_list(u->out, list);
  sy_spend(time, 1);
  if (list->df == 1 && list->article < list->article_count) {
    add_postings(u, &list->article, &list->frequency, 1);
    return SY_OK;
  }
  sy_postings *p = &u->postings;
  sy_postings_open(p, list);
  while (!sy_spend(time, SY_BLOCK) && sy_postings_next_block(p, 0) != SY_NO_ARTICLE) {
    sy_postings_load_frequencies(p);
    add_postings(u, p->articles, p->frequencies, p->filled);
  }
  return p->corrupt ? sy_search_damaged(u->plan->context) : SY_OK;
}

/* Which of 64 sums are in use. */
static inline uint64_t used_sums(const uint8_t *sums) {
  uint64_t used = 0;
#ifdef __SSE2__
  for (uint32_t i = 0; i < 64; i += 16) {
    __m128i none = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i_u *)(sums + i)), (__m128i){0});
    used |= (uint64_t)(_mm_movemask_epi8(none) ^ 0xFFFF) << i;
  }
#else
  for (uint32_t i = 0; i < 64; i++) used |= (uint64_t)(sums[i] > 0) << i;
#endif
  return used;
}

#define AT_ONCE 4u /* articles that are stored without asking whether there are so many */

SY_CLONES static sy_status collect(const union_state *u, size_t groups, sy_error *error) {
  uint64_t most = u->out->postings < groups * 64 ? u->out->postings : groups * 64;
  uint32_t *articles = sy_arena_alloc(u->plan->arena, (most + AT_ONCE) * sizeof *articles);
  uint32_t *frequencies = sy_arena_alloc(u->plan->arena, (most + AT_ONCE) * sizeof *frequencies);
  if (!articles || !frequencies) return sy_fail_memory(error);
  uint32_t count = 0;
  for (size_t g = 0; g < groups; g++) {
    uint64_t used = used_sums(u->sums + g * 64);
    uint32_t ones = (uint32_t)__builtin_popcountll(used);
    for (uint32_t i = 0; i < ones; i += AT_ONCE) {
      for (uint32_t k = 0; k < AT_ONCE; k++, used &= used - 1) {
        uint32_t article = (uint32_t)(g * 64) + (uint32_t)__builtin_ctzll(used | 1ull << 63);
        articles[count + i + k] = article;
        frequencies[count + i + k] = u->sums[article];
      }
    }
    count += ones;
  }
  u->out->articles = articles;
  u->out->frequencies = frequencies;
  u->out->count = count;
  return SY_OK;
}

static int compare_articles(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static sy_status add_carries(const union_state *u, sy_error *error) {
  const sy_plan_array *out = u->out;
  if (u->carries.failed) return sy_fail_memory(error);
  for (size_t i = 0; i < u->carries.bytes / sizeof(uint32_t); i++) {
    const uint32_t *found = bsearch((const uint32_t *)u->carries.data + i, out->articles,
                                    out->count, sizeof(uint32_t), compare_articles);
    out->frequencies[found - out->articles] += MOST_SUM;
  }
  return SY_OK;
}

sy_status sy_set_gather(sy_plan *plan, uint32_t segment, uint32_t field, const sy_unit *unit,
                        sy_plan_array *out, sy_error *error) {
  uint32_t articles = plan->snapshot->segments[segment].info.articles;
  size_t groups = (size_t)articles / 64 + 1;
  union_state *u = sy_arena_alloc(plan->arena, sizeof *u);
  if (!u) return sy_fail_memory(error);
  u->plan = plan;
  u->carries = (sy_buffer){0};
  u->out = out;
  u->sums = calloc(groups, 64);
  sy_status status = u->sums ? SY_OK : sy_fail_memory(error);
  if (status == SY_OK) status = each_list(plan, segment, field, unit, add_list, u, error);
  if (status == SY_OK) status = collect(u, groups, error);
  if (status == SY_OK) status = add_carries(u, error);
  free(u->sums);
  sy_buffer_free(&u->carries);
  return status;
}

/* ---- Behind a phrase ------------------------------------------------------------------------- */

/* Where the set's terms are wanted: place = article << 32 | position, ascending. */
typedef struct follow_state {
  sy_plan *plan;
  const uint64_t *wanted;
  uint8_t *found; /* by place */
  size_t count;
  sy_plan_array *out;
  sy_postings postings;
} follow_state;

static void mark_article(follow_state *f, size_t *at) {
  sy_positions positions;
  uint64_t article = f->postings.article;
  if (!sy_postings_positions(&f->postings, &positions)) return;
  uint32_t position = sy_positions_next(&positions);
  for (; *at < f->count && f->wanted[*at] >> 32 == article; ++*at) {
    uint32_t wanted = (uint32_t)f->wanted[*at];
    while (position < wanted) position = sy_positions_next(&positions);
    if (position == wanted && position != SY_NO_POSITION) f->found[*at] = 1;
  }
}

static sy_status follow_list(void *context, const sy_list *list) {
  follow_state *f = context;
  note_list(f->out, list);
  sy_postings_open(&f->postings, list);
  for (size_t at = 0; at < f->count && !sy_spend(&f->plan->context->time, 1);) {
    uint32_t article = (uint32_t)(f->wanted[at] >> 32);
    uint32_t found = sy_postings_advance(&f->postings, article);
    if (found == SY_NO_ARTICLE) break;
    if (found == article) {
      mark_article(f, &at);
    } else {
      size_t step = 1; /* gallop to the first place that is not before the article found */
      uint64_t target = (uint64_t)found << 32;
      while (at + step < f->count && f->wanted[at + step] < target) step *= 2;
      size_t low = at + step / 2, high = at + step < f->count ? at + step : f->count;
      while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->wanted[middle] < target) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      at = low;
    }
  }
  return f->postings.corrupt ? sy_search_damaged(f->plan->context) : SY_OK;
}

/* All places that the set must fill to complete a match. */
static sy_status wanted_places(sy_iterator *before, uint32_t offset, sy_buffer *out,
                               sy_error *error) {
  for (uint32_t a = before->article; a != SY_NO_ARTICLE; a = before->advance(before, a + 1)) {
    if (!before->matches(before)) continue;
    uint32_t count;
    const uint32_t *starts = sy_phrase_iterator_starts(before, &count);
    for (uint32_t i = 0; i < count; i++)
      sy_buffer_u64(out, (uint64_t)a << 32 | (starts[i] + offset));
  }
  if (out->failed) return sy_fail_memory(error);
  return before->context->status;
}

static sy_status found_articles(const follow_state *f, sy_plan_array *out, sy_error *error) {
  out->count = 0;
  out->articles = sy_arena_alloc(f->plan->arena, f->count * sizeof(uint32_t));
  out->frequencies = sy_arena_alloc(f->plan->arena, f->count * sizeof(uint32_t));
  if (!out->articles || !out->frequencies) return sy_fail_memory(error);
  for (size_t i = 0; i < f->count; i++) {
    if (!f->found[i]) continue;
    uint32_t article = (uint32_t)(f->wanted[i] >> 32);
    if (!out->count || out->articles[out->count - 1] != article) {
      out->articles[out->count] = article;
      out->frequencies[out->count++] = 0;
    }
    out->frequencies[out->count - 1]++;
  }
  return SY_OK;
}

sy_status sy_set_follow(sy_plan *plan, uint32_t segment, uint32_t field, const sy_unit *unit,
                        uint32_t offset, sy_iterator *before, sy_plan_array *out, sy_error *error) {
  sy_buffer wanted = {0};
  sy_status status = wanted_places(before, offset, &wanted, error);
  follow_state *f = sy_arena_alloc(plan->arena, sizeof *f);
  size_t count = wanted.bytes / 8;
  uint8_t *found = sy_arena_calloc(plan->arena, count + 1, 1);
  if (status == SY_OK && (!f || !found)) status = sy_fail_memory(error);
  if (status == SY_OK) {
    f->plan = plan;
    f->wanted = (const uint64_t *)wanted.data;
    f->found = found;
    f->count = count;
    f->out = out;
    if (count) status = each_list(plan, segment, field, unit, follow_list, f, error);
    if (status == SY_OK) status = found_articles(f, out, error);
  }
  sy_buffer_free(&wanted);
  return status;
}
