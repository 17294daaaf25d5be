/*
 * search.c - the best articles of a query, and how many there are (contracts in suoyin.h).
 *
 * Segments are searched one after the other into one heap of the best so far; its least score is
 * what an article has to beat. The best articles by free text then get a second look
 * (closeness.h).
 */
#include "query/closeness.h"
#include "query/index.h"
#include "query/topk.h"
#include "query/typed.h"

#include "base/status.h"

struct sy_results {
  size_t count;
  sy_hit hits[];
};

static sy_search_context begin(sy_index *index, bool scoring, sy_error *error) {
  sy_arena_reset(&index->arena);
  sy_stopwatch time = {&index->deadline, 0};
  return (sy_search_context){&index->arena, SY_OK, error,         sy_env_path(index->env),
                             scoring,       time,  &index->window};
}

/* ---- Ranked search --------------------------------------------------------------------------- */

/* The first article from `target` on that is in blocks which can lift it into the best; from there
 * to *known_to that is so. SY_NO_ARTICLE when there is none, or time is over. Bounds come from skip data: nothing is
 * decoded here. */
static uint32_t next_promising(sy_iterator *it, const sy_topk *top, uint32_t target,
                               uint32_t *known_to) {
  for (;;) {
    uint32_t last;
    if (sy_spend(&it->context->time, 1)) return SY_NO_ARTICLE;
    bool accepted = sy_topk_accepts(top, it->bound(it, target, &last));
    *known_to = last + 1;
    if (accepted) return target;
    if (last >= SY_NO_ARTICLE - 1) return SY_NO_ARTICLE;
    target = last + 1;
  }
}

/* Offers every match that can enter: first whole blocks are passed over, then candidates whose
 * frequencies tell that they cannot, and only for what is left positions are read. */
static void offer_matches(const sy_segment *segment, sy_iterator *it, bool exhaustive,
                          sy_topk *top) {
  uint32_t known_to = 0; /* articles below it have been found worth looking at */
  sy_stopwatch *time = &it->context->time;
  while (it->article != SY_NO_ARTICLE && !sy_spend(time, 1)) {
    bool full = !exhaustive && !sy_topk_accepts(top, 0);
    if (full && it->article >= known_to) {
      uint32_t target = next_promising(it, top, it->article, &known_to);
      if (target == SY_NO_ARTICLE) return;
      if (target != it->article) {
        it->advance(it, target);
        continue;
      }
    }
    bool skip =
        sy_segment_deleted(segment, it->article) || (full && !sy_topk_accepts(top, it->upper(it)));
    if (!skip && it->matches(it)) {
      uint64_t score = it->score(it);
      if (!sy_is_over(time)) sy_topk_offer(top, score, segment->base + it->article);
    }
    it->advance(it, it->article + 1);
  }
}

static sy_status collect(sy_plan *plan, uint32_t number, bool exhaustive, sy_topk *top,
                         sy_error *error) {
  if (!exhaustive && (sy_topk_single(plan, number, top) || sy_topk_disjunction(plan, number, top)))
    return plan->context->status;
  sy_iterator *it = sy_plan_iterator(plan, plan->root, number);
  if (!it) return sy_fail_memory(error);
  offer_matches(&plan->snapshot->segments[number], it, exhaustive, top);
  return plan->context->status;
}

static sy_status make_results(const sy_topk *top, const sy_search_options *o, sy_results **out,
                              sy_error *error) {
  size_t offset = o->offset < top->count ? (size_t)o->offset : top->count;
  size_t count = top->count - offset;
  if (count > o->limit) count = (size_t)o->limit;
  sy_results *results = malloc(sizeof *results + count * sizeof *results->hits);
  if (!results) return sy_fail_memory(error);
  results->count = count;
  for (size_t i = 0; i < count; i++) {
    const sy_ranked *ranked = &top->entries[o->offset + i];
    results->hits[i] = (sy_hit){ranked->article, (float)ranked->score / SY_SCORE_ONE};
  }
  *out = results;
  return SY_OK;
}

sy_status sy_search(sy_index *index, const sy_query *query, const sy_search_options *options,
                    sy_results **out, sy_error *error) {
  sy_search_options o = options ? *options : (sy_search_options)SY_SEARCH_OPTIONS_DEFAULT;
  sy_search_context context = begin(index, true, error);
  sy_plan plan;
  *out = NULL;
  SY_TRY(
      sy_plan_make(&plan, &index->snapshot, &index->analyzers, query, o.ranking, &context, error));
  uint64_t wanted = o.limit > UINT64_MAX - o.offset ? UINT64_MAX : o.limit + o.offset;
  if (plan.bags && wanted < SY_CLOSENESS_ARTICLES) wanted = SY_CLOSENESS_ARTICLES;
  if (o.typed_first) wanted = sy_typed_wanted(wanted);
  sy_topk top = {0};
  sy_topk_init(&top, wanted);
  sy_status status = SY_OK;
  for (uint32_t s = 0; s < index->snapshot.count && status == SY_OK && o.limit; s++) {
    if (sy_is_over(&context.time)) break;
    status = collect(&plan, s, o.exhaustive, &top, error);
  }
  if (status == SY_OK && top.failed) status = sy_fail_memory(error);
  sy_topk_sort(&top);
  if (status == SY_OK && plan.bags && !sy_is_over(&context.time))
    status = sy_closeness_rank(&plan, top.entries, top.count, error);
  if (status == SY_OK && o.typed_first) {
    status = sy_typed_order(index, query, &top, o.offset, error);
  }
  if (status == SY_OK) status = make_results(&top, &o, out, error);
  sy_topk_free(&top);
  return status;
}

size_t sy_results_count(const sy_results *results) { return results->count; }

const sy_hit *sy_results_hit(const sy_results *results, size_t rank) {
  return &results->hits[rank];
}

void sy_results_free(sy_results *results) { free(results); }

/* ---- Counting -------------------------------------------------------------------------------- */

static uint64_t count_matches(const sy_segment *segment, sy_iterator *it) {
  uint64_t count = 0;
  sy_stopwatch *time = &it->context->time;
  for (; it->article != SY_NO_ARTICLE && !sy_spend(time, 1); it->advance(it, it->article + 1)) {
    bool matches = !sy_segment_deleted(segment, it->article) && it->matches(it);
    count += matches && !sy_is_over(time);
  }
  return count;
}

/* What is known without walking anything. */
static bool known_count(const sy_plan_node *root, const sy_segment *segment, uint32_t number,
                        uint64_t *count) {
  if (segment->deletes) return false;
  if (root->kind == SY_PLAN_ARRAY) {
    *count += root->arrays[number].count;
  } else if (root->kind == SY_PLAN_LISTS && root->count == 1) {
    *count += root->lists[number].df;
  } else {
    return false;
  }
  return true;
}

sy_status sy_count(sy_index *index, const sy_query *query, uint64_t *count, sy_error *error) {
  sy_search_context context = begin(index, false, error);
  sy_plan plan;
  *count = 0;
  SY_TRY(sy_plan_make(&plan, &index->snapshot, &index->analyzers, query, SY_RANKING_BM25, &context,
                      error));
  for (uint32_t s = 0; s < index->snapshot.count; s++) {
    const sy_segment *segment = &index->snapshot.segments[s];
    if (sy_is_over(&context.time)) break;
    if (known_count(plan.root, segment, s, count)) continue;
    sy_iterator *it = sy_plan_iterator(&plan, plan.root, s);
    if (!it) return sy_fail_memory(error);
    *count += count_matches(segment, it);
    SY_TRY(context.status);
  }
  return SY_OK;
}
