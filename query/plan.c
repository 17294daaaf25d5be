/* plan.c - from the parse tree to nodes with lists and weights, and to iterators (plan.h). */
#include "query/plan_state.h"

#include "base/status.h"
#include "query/closeness.h"

/* ---- Nodes ----------------------------------------------------------------------------------- */

sy_plan_node *sy_plan_new_node(sy_plan *plan, sy_plan_kind kind, sy_occur occur, uint32_t field) {
  sy_plan_node *node = sy_arena_calloc(plan->arena, 1, sizeof *node);
  if (!node) return NULL;
  node->kind = kind;
  node->occur = occur;
  node->field = field;
  return node;
}

sy_plan_node *sy_plan_new_array(sy_plan *plan, sy_occur occur, uint32_t field) {
  sy_plan_node *node = sy_plan_new_node(plan, SY_PLAN_ARRAY, occur, field);
  if (!node) return NULL;
  node->arrays = sy_arena_calloc(plan->arena, plan->snapshot->count + 1, sizeof *node->arrays);
  return node->arrays ? node : NULL;
}

sy_status sy_plan_count_part(sy_plan *plan, sy_error *error) {
  if (++plan->parts <= SY_QUERY_MAX_PARTS) return SY_OK;
  return sy_fail(error, SY_LIMIT, "the query has more than %u parts", SY_QUERY_MAX_PARTS);
}

/* ---- Bags ------------------------------------------------------------------------------------ */

static sy_status add_part(sy_plan *plan, sy_unit *unit, uint32_t times, uint32_t fields,
                          sy_plan_node *group, sy_bag_part *part, sy_error *error) {
  sy_leaf single = {.units = unit, .count = 1};
  bool word = unit->key.word_bytes > 0;
  *part = (sy_bag_part){.times = times, .word = word};
  if (!word) {
    part->characters[0] = unit->key.first;
    part->characters[1] = unit->key.second > SY_END_WORD ? unit->key.second : 0;
  }
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    if (!(fields & 1u << f)) continue;
    sy_plan_node *node;
    SY_TRY(sy_plan_phrase(plan, &single, SY_SHOULD, f, &node, error));
    node->weight *= (float)times;
    node->walked = sy_arena_calloc(plan->arena, plan->snapshot->count + 1, sizeof *node->walked);
    if (!node->walked) return sy_fail_memory(error);
    node->next = group->child;
    part->nodes[f] = group->child = node;
  }
  return SY_OK;
}

/* Bigrams and words, each once, weighed by how often it stands there. The last character of a
 * run is in the bigram before it. */
static sy_status plan_bag(sy_plan *plan, const sy_leaf *leaf, uint32_t fields, sy_plan_node *group,
                          sy_error *error) {
  sy_unit *units = sy_arena_alloc(plan->arena, leaf->count * sizeof *units);
  sy_bag *bag = sy_arena_calloc(plan->arena, 1, sizeof *bag);
  if (!units || !bag) return sy_fail_memory(error);
  bag->parts = sy_arena_alloc(plan->arena, leaf->count * sizeof *bag->parts);
  if (!bag->parts) return sy_fail_memory(error);
  uint32_t count = 0;
  for (uint32_t i = 0; i < leaf->count; i++) {
    bool word = leaf->units[i].key.word_bytes > 0;
    bool alone = i == 0 || !sy_plan_is_bigram(leaf, i - 1);
    if (word || sy_plan_is_bigram(leaf, i) || alone) units[count++] = leaf->units[i];
  }
  qsort(units, count, sizeof *units, sy_plan_compare_units);
  for (uint32_t i = 0, next; i < count; i = next) {
    for (next = i + 1; next < count && !sy_plan_compare_units(&units[i], &units[next]);) next++;
    SY_TRY(
        add_part(plan, &units[i], next - i, fields, group, &bag->parts[bag->part_count++], error));
  }
  if (plan->ranking == SY_RANKING_BM25) return SY_OK;
  if (!plan->negations) {
    bag->next = plan->bags;
    plan->bags = bag;
  }
  return sy_bag_weigh(plan, bag, error);
}

/* ---- Ids ------------------------------------------------------------------------------------- */

typedef struct id_collector {
  sy_plan *plan;
  const sy_segment *segment;
  sy_plan_array *array;
} id_collector;

static bool collect_id(void *context, uint32_t article) {
  id_collector *c = context;
  if (sy_segment_deleted(c->segment, article)) return false;
  c->array->articles[0] = article;
  c->array->count = 1;
  return true;
}

static sy_status ids_with_prefix(sy_segment *segment, sy_string prefix, sy_time_budget *time,
                                 sy_plan_array *array, sy_error *error) {
  for (uint32_t a = 0; a < segment->info.articles && !sy_spend(time, 1); a++) {
    sy_string id;
    SY_TRY(sy_ids_get(&segment->ids, a, &id, error));
    if (id.bytes < prefix.bytes || memcmp(id.data, prefix.data, prefix.bytes)) continue;
    array->articles[array->count++] = a;
  }
  return SY_OK;
}

static sy_status plan_ids(sy_plan *plan, const sy_node *leaf, sy_plan_node **out, sy_error *error) {
  SY_TRY(sy_plan_count_part(plan, error));
  sy_plan_node *node = *out = sy_plan_new_array(plan, leaf->occur, 0);
  if (!node) return sy_fail_memory(error);
  node->id = leaf->text;
  for (uint32_t s = 0; s < plan->snapshot->count; s++) {
    sy_segment *segment = &plan->snapshot->segments[s];
    sy_plan_array *array = &node->arrays[s];
    uint32_t most = leaf->prefix ? segment->info.articles : 1;
    array->articles = sy_arena_alloc(plan->arena, most * sizeof(uint32_t));
    array->frequencies = sy_arena_calloc(plan->arena, most, sizeof(uint32_t));
    if (!array->articles || !array->frequencies) return sy_fail_memory(error);
    if (leaf->prefix) {
      SY_TRY(ids_with_prefix(segment, leaf->text, &plan->context->time, array, error));
      continue;
    }
    id_collector c = {plan, segment, array};
    sy_status status =
        sy_ids_find(&segment->ids, leaf->text, sy_id_hash(leaf->text), collect_id, &c, error);
    if (status != SY_NOT_FOUND) SY_TRY(status);
  }
  return SY_OK;
}

/* ---- The tree -------------------------------------------------------------------------------- */

/* Bits of SY_FIELD_INDEX_*. */
static uint32_t text_fields(const sy_node *node) {
  if (!node->fields) return 1u << SY_FIELD_INDEX_TITLE | 1u << SY_FIELD_INDEX_BODY;
  return (node->fields & SY_FIELD_TITLE ? 1u << SY_FIELD_INDEX_TITLE : 0) |
         (node->fields & SY_FIELD_BODY ? 1u << SY_FIELD_INDEX_BODY : 0);
}

static sy_status plan_text(sy_plan *plan, const sy_node *node, sy_plan_node **out,
                           sy_error *error) {
  sy_leaf leaf;
  SY_TRY(sy_leaf_analyze(plan->analyzers, plan->arena, node, false, &leaf, error));
  uint32_t fields = text_fields(node);
  bool one_field = (fields & (fields - 1)) == 0;
  if (!leaf.bag && one_field) {
    return sy_plan_phrase(plan, &leaf, node->occur, (uint32_t)__builtin_ctz(fields), out, error);
  }
  sy_plan_node *group = *out = sy_plan_new_node(plan, SY_PLAN_GROUP, node->occur, 0);
  if (!group) return sy_fail_memory(error);
  if (leaf.bag) return plan_bag(plan, &leaf, fields, group, error);
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    sy_plan_node *child;
    SY_TRY(sy_plan_phrase(plan, &leaf, SY_SHOULD, f, &child, error));
    child->next = group->child;
    group->child = child;
  }
  return SY_OK;
}

static sy_status plan_node(sy_plan *plan, const sy_node *node, sy_plan_node **out,
                           sy_error *error) {
  if (node->kind == SY_NODE_NONE) {
    *out = sy_plan_new_array(plan, node->occur, 0);
    return *out ? SY_OK : sy_fail_memory(error);
  }
  if (node->kind != SY_NODE_GROUP) {
    if (node->reading)
      return sy_fail(error, SY_INVALID, "the query has a reading: sy_query_expand() comes first");
    return node->fields & SY_FIELD_ID ? plan_ids(plan, node, out, error)
                                      : plan_text(plan, node, out, error);
  }
  sy_plan_node *group = *out = sy_plan_new_node(plan, SY_PLAN_GROUP, node->occur, 0);
  if (!group) return sy_fail_memory(error);
  sy_plan_node **end = &group->child;
  for (const sy_node *child = node->child; child; child = child->next) {
    plan->negations += child->occur == SY_MUST_NOT;
    SY_TRY(plan_node(plan, child, end, error));
    plan->negations -= child->occur == SY_MUST_NOT;
    end = &(*end)->next;
  }
  return SY_OK;
}

sy_status sy_plan_make(sy_plan *plan, sy_snapshot *snapshot, const sy_length_weights *lengths,
                       sy_analyzers *analyzers, const sy_query *query, sy_ranking ranking,
                       sy_search_context *context, sy_error *error) {
  *plan = (sy_plan){.snapshot = snapshot,
                    .lengths = lengths,
                    .analyzers = analyzers,
                    .ranking = ranking,
                    .arena = context->arena,
                    .context = context};
  return plan_node(plan, query->root, &plan->root, error);
}

/* ---- Disjunctions ---------------------------------------------------------------------------- */

static bool is_disjunction(const sy_plan_node *node) {
  if (node->kind != SY_PLAN_GROUP || !node->child) return false;
  const sy_plan_node *child = node->child;
  while (child && child->occur == SY_SHOULD) child = child->next;
  return !child;
}

uint32_t sy_plan_alternatives(const sy_plan_node *node, const sy_plan_node **out) {
  if (!is_disjunction(node)) {
    if (out) *out = node;
    return 1;
  }
  uint32_t count = 0;
  for (const sy_plan_node *child = node->child; child; child = child->next) {
    count += sy_plan_alternatives(child, out ? out + count : NULL);
  }
  return count;
}

/* ---- Iterators ------------------------------------------------------------------------------- */

static sy_iterator *group_iterator(sy_plan *plan, const sy_plan_node *node, uint32_t segment) {
  uint32_t counts[3] = {0};
  for (const sy_plan_node *child = node->child; child; child = child->next) counts[child->occur]++;
  bool all = !counts[SY_MUST] && !counts[SY_SHOULD];
  sy_iterator **children[3];
  for (int o = 0; o < 3; o++) {
    children[o] = sy_arena_alloc(plan->arena, (counts[o] + 1) * sizeof(sy_iterator *));
    if (!children[o]) return NULL;
    counts[o] = 0;
  }
  if (all) {
    uint32_t articles = plan->snapshot->segments[segment].info.articles;
    sy_iterator *it = children[SY_MUST][counts[SY_MUST]++] =
        sy_all_iterator(plan->context, articles);
    if (!it) return NULL;
  }
  for (const sy_plan_node *child = node->child; child; child = child->next) {
    sy_iterator *it = sy_plan_iterator(plan, child, segment);
    if (!it) return NULL;
    children[child->occur][counts[child->occur]++] = it;
  }
  if (counts[SY_MUST] + counts[SY_SHOULD] == 1 && !counts[SY_MUST_NOT]) {
    return counts[SY_MUST] ? children[SY_MUST][0] : children[SY_SHOULD][0];
  }
  return sy_group_iterator(plan->context, children[SY_MUST], counts[SY_MUST], children[SY_SHOULD],
                           counts[SY_SHOULD], children[SY_MUST_NOT], counts[SY_MUST_NOT]);
}

sy_iterator *sy_plan_iterator(sy_plan *plan, const sy_plan_node *node, uint32_t segment) {
  switch (node->kind) {
    case SY_PLAN_GROUP: return group_iterator(plan, node, segment);
    case SY_PLAN_ARRAY: {
      const sy_plan_array *array = &node->arrays[segment];
      return sy_array_iterator(plan->context, array->articles, array->frequencies, array->count,
                               sy_plan_scorer(plan, node, segment));
    }
    default: break;
  }
  if (node->count == 1 && sy_plan_has_all_lists(node, segment)) {
    const sy_scorer *scorer;
    sy_iterator *it =
        sy_term_iterator(plan->context, &node->lists[segment], sy_plan_scorer(plan, node, segment));
    if (it && node->walked && !plan->helps)
      node->walked[segment] = sy_term_iterator_postings(it, &scorer);
    return it;
  }
  return sy_plan_phrase_iterator(plan, node, segment, plan->context);
}
