/*
 * reorder_order.c - the terms of each article, and the order they ask for (contract in
 * reorder_order.h).
 *
 * Terms of very few articles have little to gain, and there are many of them; terms of a large part
 * of all articles are everywhere whatever the order. Both are left out.
 */
#include "indexer/reorder_order.h"

#include "base/status.h"
#include "indexer/bisection.h"

#define LEAST_DF 8u
#define MOST_SHARE 4u /* one in so many articles */

/* A range of articles and their terms. */
typedef struct forward {
  sy_segment *segment;
  uint32_t begin, end;
  uint32_t least_df, most_df;
  uint32_t term_count; /* that were walked */
  uint32_t *counts;    /* of terms, by article of the segment */
  uint64_t *next;      /* place of the next term, by article of the range; NULL while counting */
  uint32_t *terms;
} forward;

static sy_status walk_list(forward *f, const sy_list *list, sy_error *error) {
  sy_postings p;
  sy_postings_open(&p, list);
  uint32_t a = f->begin ? sy_postings_advance(&p, f->begin) : sy_postings_next(&p);
  for (; a < f->end; a = sy_postings_next(&p)) {
    if (f->next) {
      f->terms[f->next[a - f->begin]++] = f->term_count;
    } else {
      f->counts[a]++;
    }
  }
  if (p.corrupt) {
    return sy_fail_at(error, SY_CORRUPT, sy_env_path(f->segment->env), 0,
                      "a postings list contradicts itself");
  }
  f->term_count++;
  return SY_OK;
}

/* Walks the lists of all terms that count, as far as they are of the range. */
static sy_status walk_terms(forward *f, sy_error *error) {
  f->term_count = 0;
  sy_lexicon *lexicon = &f->segment->lexicon;
  for (uint32_t run = 0; run < lexicon->count; run++) {
    sy_lexicon_cursor c;
    SY_TRY(sy_lexicon_open_run(lexicon, run, &c, error));
    sy_status status;
    while ((status = sy_lexicon_next(&c, error)) == SY_OK) {
      if (c.df < f->least_df || c.df > f->most_df) continue;
      sy_list list;
      SY_TRY(sy_lexicon_list(&c, &list, error));
      SY_TRY(walk_list(f, &list, error));
    }
    if (status != SY_NOT_FOUND) return status;
  }
  return SY_OK;
}

/* Reorders the articles of the range. */
static sy_status order_range(forward *f, sy_pool *pool, uint32_t *order, sy_error *error) {
  uint32_t count = f->end - f->begin;
  uint64_t all = 0;
  uint64_t *offsets = malloc((count + 1ull) * sizeof *offsets);
  f->next = malloc((count + 1ull) * sizeof *f->next);
  for (uint32_t a = 0; offsets && f->next && a < count; a++) {
    offsets[a] = f->next[a] = all;
    all += f->counts[f->begin + a];
  }
  f->terms = malloc((all + 1) * sizeof *f->terms);
  sy_status status = SY_OK;
  if (!offsets || !f->next || !f->terms) {
    status = sy_fail_memory(error);
  } else {
    offsets[count] = all;
    status = walk_terms(f, error);
  }
  free(f->next);
  f->next = NULL;
  sy_forward_index index = {offsets, f->terms, f->term_count};
  if (status == SY_OK) {
    for (uint32_t a = 0; a < count; a++) order[a] = a;
    status = sy_bisect(&index, order, count, pool, error);
    for (uint32_t a = 0; a < count; a++) order[a] += f->begin;
  }
  free(f->terms);
  free(offsets);
  return status;
}

/* Ranges of as many articles as have `most` terms together. */
static sy_status order_ranges(forward *f, uint64_t most, sy_pool *pool, uint32_t *order,
                              sy_error *error) {
  f->end = f->segment->info.articles;
  SY_TRY(walk_terms(f, error));
  for (uint32_t articles = f->end; f->begin < articles; f->begin = f->end) {
    uint64_t all = 0;
    for (f->end = f->begin; f->end < articles; f->end++) {
      all += f->counts[f->end];
      if (all > most && f->end > f->begin) break;
    }
    SY_TRY(order_range(f, pool, order + f->begin, error));
  }
  return SY_OK;
}

sy_status sy_find_order(sy_segment *segment, uint64_t memory_bytes, sy_pool *pool, uint32_t *order,
                        sy_error *error) {
  uint32_t articles = segment->info.articles;
  forward f = {.segment = segment, .least_df = LEAST_DF, .most_df = articles / MOST_SHARE};
  f.counts = calloc(articles + 1ull, sizeof *f.counts);
  sy_status status = f.counts
                         ? order_ranges(&f, memory_bytes / 2 / sizeof *f.terms, pool, order, error)
                         : sy_fail_memory(error);
  free(f.counts);
  return status;
}
