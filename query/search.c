/*
 * search.c - the best articles of a query (contracts in suoyin.h).
 *
 * The best articles by free text get a second look (closeness.h) and a third (presence.h), ties
 * another (typed.h).
 */
#include "query/closeness.h"
#include "query/collect.h"
#include "query/explain.h"
#include "query/index.h"
#include "query/typed.h"

#include "base/status.h"

struct sy_results {
  sy_explainer *explainer; /* NULL: not asked for */
  size_t count;
  sy_hit hits[];
};

static sy_status make_results(const sy_topk *top, const sy_search_options *o, sy_results **out,
                              sy_error *error) {
  size_t offset = o->offset < top->count ? (size_t)o->offset : top->count;
  size_t count = top->count - offset;
  if (count > o->limit) count = (size_t)o->limit;
  sy_results *results = malloc(sizeof *results + count * sizeof *results->hits);
  if (!results) return sy_fail_memory(error);
  results->count = count;
  results->explainer = NULL;
  for (size_t i = 0; i < count; i++) {
    const sy_ranked *ranked = &top->entries[o->offset + i];
    results->hits[i] = (sy_hit){ranked->article, (float)ranked->score / SY_SCORE_ONE};
  }
  *out = results;
  return SY_OK;
}

/* How many of the best are looked for: what the later stages order, too. */
static uint64_t choose_wanted(const sy_plan *plan, const sy_search_options *o) {
  uint64_t wanted = o->limit > UINT64_MAX - o->offset ? UINT64_MAX : o->limit + o->offset;
  if (plan->bags && wanted < SY_CLOSENESS_ARTICLES) wanted = SY_CLOSENESS_ARTICLES;
  return o->typed_first ? sy_typed_wanted(wanted) : wanted;
}

/* The stages of a search; `explanation` times them. */
static sy_status rank(sy_index *index, const sy_query *query, sy_plan *plan,
                      const sy_search_options *o, sy_topk *top, sy_explanation *explanation) {
  sy_search_context *context = plan->context;
  if (o->limit) SY_TRY(sy_collect(plan, o->exhaustive, o->threads, top, &explanation->method));
  sy_topk_sort(top);
  sy_explainer_lap(context->explainer, &explanation->search_seconds);
  if (plan->bags && !sy_is_over(&context->time))
    SY_TRY(sy_closeness_rank(plan, top->entries, top->count, context->error));
  sy_explainer_lap(context->explainer, &explanation->closeness_seconds);
  if (o->typed_first) SY_TRY(sy_typed_order(index, query, top, o->offset, context->error));
  sy_explainer_lap(context->explainer, &explanation->ties_seconds);
  return SY_OK;
}

static sy_status search(sy_index *index, const sy_query *query, const sy_search_options *o,
                        sy_search_context *context, sy_results **out) {
  sy_explanation unused = {0}, *explanation = &unused;
  if (context->explainer) explanation = sy_explainer_explanation(context->explainer);
  sy_plan plan;
  SY_TRY(sy_plan_make(&plan, &index->snapshot, &index->lengths, &index->analyzers, query,
                      o->ranking, context, context->error));
  sy_explainer_lap(context->explainer, &explanation->plan_seconds);
  sy_topk top;
  sy_topk_init(&top, choose_wanted(&plan, o));
  sy_status status = rank(index, query, &plan, o, &top, explanation);
  if (status == SY_OK && context->explainer)
    status = sy_explainer_finish(context->explainer, &plan, context->error);
  if (status == SY_OK) status = make_results(&top, o, out, context->error);
  sy_topk_free(&top);
  return status;
}

sy_status sy_search(sy_index *index, const sy_query *query, const sy_search_options *options,
                    sy_results **out, sy_error *error) {
  sy_search_options o = options ? *options : (sy_search_options)SY_SEARCH_OPTIONS_DEFAULT;
  *out = NULL;
  if (o.threads > SY_HELPERS + 1)
    return sy_fail(error, SY_INVALID, "threads must be 1 to %u", SY_HELPERS + 1);
  if (o.ranking != SY_RANKING_DEFAULT && o.ranking != SY_RANKING_BM25)
    return sy_fail(error, SY_INVALID, "unknown ranking");
  sy_search_context context = sy_index_begin_search(index, true, error);
  if (o.explain && !(context.explainer = sy_explainer_new())) return sy_fail_memory(error);
  sy_status status = search(index, query, &o, &context, out);
  if (status != SY_OK) {
    sy_explainer_free(context.explainer);
    return status;
  }
  (*out)->explainer = context.explainer;
  return SY_OK;
}

size_t sy_results_count(const sy_results *results) { return results->count; }

const sy_hit *sy_results_hit(const sy_results *results, size_t rank) {
  return &results->hits[rank];
}

const sy_explanation *sy_results_explanation(const sy_results *results) {
  return results->explainer ? sy_explainer_explanation(results->explainer) : NULL;
}

void sy_results_free(sy_results *results) {
  if (!results) return;
  sy_explainer_free(results->explainer);
  free(results);
}
