/* collect.c - walking a plan by its iterators, and the threads that walk (collect.h). */
#include "query/collect.h"

#include "base/status.h"
#include "base/thread.h"

#include <pthread.h>

/* With fewer candidates than this, starting a thread takes longer than it saves. */
#define LEAST_CANDIDATES 50000u

/* ---- Walking candidate by candidate ---------------------------------------------------------- */

typedef struct iterator_walk {
  sy_walk base;
  sy_iterator *it;
  bool exhaustive;
} iterator_walk;

/* The first article from `target` on that is in blocks which can lift it into the best; from there
 * to *known_to that is so. SY_NO_ARTICLE when there is none, or time is over. Bounds come from skip
 * data: nothing is decoded here. */
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
static void run(sy_walk *walk, uint32_t from, uint32_t to) {
  iterator_walk *w = (iterator_walk *)walk;
  sy_iterator *it = w->it;
  sy_topk *top = walk->top;
  sy_search_context *context = it->context;
  uint32_t known_to = 0; /* articles below it have been found worth looking at */
  sy_topk_share(top);
  sy_iterator_reach(it, from);
  while (it->article < to && !sy_spend(&context->time, 1)) {
    context->candidates++;
    bool full = !w->exhaustive && !sy_topk_accepts(top, 0);
    it->floor = full ? sy_topk_threshold(top) : 0;
    if (full && it->article >= known_to) {
      sy_topk_share(top);
      uint32_t target = next_promising(it, top, it->article, &known_to);
      if (target == SY_NO_ARTICLE) return;
      if (target != it->article) {
        it->advance(it, target);
        continue;
      }
    }
    bool skip = sy_segment_deleted(walk->segment, it->article) ||
                (full && !sy_topk_accepts(top, it->upper(it)));
    if (!skip && it->matches(it)) {
      uint64_t score = it->score(it);
      context->scored++;
      if (!sy_is_over(&context->time)) sy_topk_offer(top, score, walk->segment->base + it->article);
    }
    it->advance(it, it->article + 1);
  }
}

static sy_walk *iterator_walk_of(sy_plan *plan, uint32_t number, bool exhaustive, sy_topk *top) {
  iterator_walk *w = sy_arena_alloc(plan->arena, sizeof *w);
  sy_iterator *it = sy_plan_iterator(plan, plan->root, number);
  if (!w || !it) {
    plan->context->status = sy_fail_memory(plan->context->error);
    return NULL;
  }
  *w = (iterator_walk){{run, plan, &plan->snapshot->segments[number], top}, it, exhaustive};
  return &w->base;
}

/* The first way that fits the plan. NULL when it failed. */
static sy_walk *choose_walk(sy_plan *plan, uint32_t number, bool exhaustive, sy_topk *top,
                            const char **method) {
  sy_search_context *context = plan->context;
  sy_walk *walk = NULL;
  if (!exhaustive) {
    *method = "list";
    walk = sy_single_walk(plan, number, top);
    if (walk || context->status != SY_OK) return walk;
    *method = "windows";
    walk = sy_disjunction_walk(plan, number, top);
    if (walk || context->status != SY_OK) return walk;
  }
  *method = "iterator";
  return iterator_walk_of(plan, number, exhaustive, top);
}

/* ---- Threads --------------------------------------------------------------------------------- */

typedef struct team {
  bool exhaustive;
  uint32_t range_articles; /* SY_RANGE; for one thread all of a segment */
  atomic_uint next;        /* number of the range that nobody has taken */
  _Atomic uint64_t floor;
} team;

typedef struct member {
  team *team;
  sy_plan plan; /* with a context of its own */
  sy_search_context context;
  sy_error error;
  sy_topk top;
  const char *method;
  pthread_t thread;
} member;

static uint32_t range_count(const team *t, const sy_segment *segment) {
  return segment->info.articles / t->range_articles +
         (segment->info.articles % t->range_articles != 0);
}

/* Walks ranges until there are no more: they ascend, so the walk of a segment goes on. */
static void walk_ranges(member *m) {
  const sy_snapshot *snapshot = m->plan.snapshot;
  uint32_t segment = 0, before = 0; /* ranges of the segments before this one */
  sy_walk *walk = NULL;
  while (m->context.status == SY_OK && !m->top.failed && !sy_is_over(&m->context.time)) {
    uint32_t number = atomic_fetch_add_explicit(&m->team->next, 1, memory_order_relaxed);
    while (segment < snapshot->count &&
           number - before >= range_count(m->team, &snapshot->segments[segment])) {
      before += range_count(m->team, &snapshot->segments[segment++]);
      walk = NULL;
    }
    if (segment == snapshot->count) return;
    if (!walk) walk = choose_walk(&m->plan, segment, m->team->exhaustive, &m->top, &m->method);
    if (!walk) return;
    uint64_t from = (uint64_t)(number - before) * m->team->range_articles;
    uint64_t to = from + m->team->range_articles;
    walk->run(walk, (uint32_t)from, to < SY_NO_ARTICLE ? (uint32_t)to : SY_NO_ARTICLE);
  }
}

static void *work(void *argument) {
  walk_ranges(argument);
  return NULL;
}

void sy_helper_free(sy_helper *helper) {
  sy_arena_free(&helper->arena);
  free(helper->window);
}

/* About how many candidates a node has in all segments: those of its rarest part when all must
 * match. */
static uint64_t estimate(const sy_plan *plan, const sy_plan_node *node) {
  uint64_t least = plan->snapshot->numbers, sum = 0;
  bool all = node->kind == SY_PLAN_LISTS;
  for (uint32_t i = 0; node->kind == SY_PLAN_LISTS && i < node->count; i++) {
    uint64_t df = 0;
    for (uint32_t s = 0; s < plan->snapshot->count; s++) df += node->lists[s * node->count + i].df;
    least = df < least ? df : least;
  }
  for (uint32_t s = 0; node->kind == SY_PLAN_ARRAY && s < plan->snapshot->count; s++)
    sum += node->arrays[s].count;
  for (const sy_plan_node *child = node->child; child; child = child->next) {
    uint64_t part = child->occur == SY_MUST_NOT ? 0 : estimate(plan, child);
    all |= child->occur == SY_MUST;
    if (child->occur == SY_MUST && part < least) least = part;
    sum += part;
  }
  return all || (node->kind == SY_PLAN_GROUP && !sum) ? least : sum;
}

static uint32_t choose_threads(const sy_plan *plan, uint32_t threads) {
  bool alone = threads < 2 || !plan->context->helpers || plan->context->explainer ||
               plan->snapshot->numbers <= SY_RANGE;
  return alone || estimate(plan, plan->root) < LEAST_CANDIDATES ? 1 : threads;
}

/* Starts as many helpers as can be started. */
static uint32_t start_helpers(member *helpers, uint32_t wanted, const member *caller) {
  uint32_t started = 0;
  for (; started < wanted; started++) {
    member *m = &helpers[started];
    sy_helper *memory = &caller->context.helpers[started];
    *m = *caller;
    m->context.error = &m->error;
    m->context.arena = m->plan.arena = &memory->arena;
    m->context.window = &memory->window;
    m->context.candidates = m->context.scored = m->context.positions = 0;
    m->plan.context = &m->context;
    m->plan.helps = true;
    sy_arena_reset(&memory->arena);
    if (!sy_thread_start(&m->thread, work, m)) break;
  }
  return started;
}

/* What a helper found, or what went wrong. */
static void take_over(sy_search_context *context, member *helper, sy_topk *top) {
  if (context->status == SY_OK && helper->context.status != SY_OK) {
    context->status = helper->context.status;
    if (context->error) *context->error = helper->error;
  }
  top->failed |= helper->top.failed;
  top->floor = 0;
  for (size_t i = 0; i < helper->top.count; i++)
    sy_topk_offer(top, helper->top.entries[i].score, helper->top.entries[i].article);
  sy_topk_free(&helper->top);
}

sy_status sy_collect(sy_plan *plan, bool exhaustive, uint32_t threads, sy_topk *top,
                     const char **method) {
  sy_search_context *context = plan->context;
  team t = {.exhaustive = exhaustive, .range_articles = SY_NO_ARTICLE};
  member caller = {.team = &t, .plan = *plan, .top = *top, .context = *context, .method = "none"};
  caller.plan.context = &caller.context;
  member helpers[SY_HELPERS];
  uint32_t wanted = choose_threads(plan, threads) - 1, started = 0;
  if (wanted) {
    t.range_articles = SY_RANGE;
    caller.top.shared = &t.floor;
    started = start_helpers(helpers, wanted, &caller);
  }
  walk_ranges(&caller);
  *context = caller.context;
  *method = caller.method;
  *top = caller.top;
  for (uint32_t i = 0; i < started; i++) {
    pthread_join(helpers[i].thread, NULL);
    take_over(context, &helpers[i], top);
  }
  top->shared = NULL;
  if (context->status == SY_OK && top->failed) context->status = sy_fail_memory(context->error);
  return context->status;
}
