/* plan.c - from the parse tree to looked-up lists and weights (plan.h). */
#include "query/plan.h"

#include "base/status.h"
#include "query/closeness.h"
#include "query/matcher.h"
#include "query/sets.h"

#define LOOK_UP_STEPS 128u /* what looking up a term counts for the deadline */

/* ---- Weights --------------------------------------------------------------------------------- */

static float idf(const sy_plan *plan, uint64_t df) {
  return (float)sy_weight_idf(plan->snapshot->numbers, df);
}

/* ---- Nodes ----------------------------------------------------------------------------------- */

static sy_plan_node *new_node(sy_plan *plan, sy_plan_kind kind, sy_occur occur, uint32_t field) {
  sy_plan_node *node = sy_arena_calloc(plan->arena, 1, sizeof *node);
  if (!node) return NULL;
  node->kind = kind;
  node->occur = occur;
  node->field = field;
  return node;
}

static sy_plan_node *new_array_node(sy_plan *plan, sy_occur occur, uint32_t field) {
  sy_plan_node *node = new_node(plan, SY_PLAN_ARRAY, occur, field);
  if (!node) return NULL;
  node->arrays = sy_arena_calloc(plan->arena, plan->snapshot->count + 1, sizeof *node->arrays);
  return node->arrays ? node : NULL;
}

/* ---- Phrases --------------------------------------------------------------------------------- */

/* Whether unit i is a bigram whose second character is the unit behind it. */
static bool is_bigram(const sy_leaf *leaf, uint32_t i) {
  return !leaf->units[i].key.word_bytes && leaf->units[i].key.second > SY_END_WORD;
}

/* The last unit of a phrase needs no list when the bigram before it ends with it. */
static bool last_is_covered(const sy_leaf *leaf) {
  return leaf->count > 1 && !leaf->units[leaf->count - 1].key.word_bytes &&
         is_bigram(leaf, leaf->count - 2);
}

/* A character is covered by the bigram that begins at it or before it. Taken greedily from the
 * left, bigrams overlap only where a run has an odd number of characters and ends the phrase. */
static void choose_cover(const sy_leaf *leaf, uint32_t lists, bool *cover) {
  bool covered = false; /* unit i, by the bigram before it */
  for (uint32_t i = 0; i < lists; i++) {
    bool ends_phrase = i + 2 == leaf->count && lists < leaf->count;
    cover[i] = !covered || ends_phrase;
    covered = cover[i] && is_bigram(leaf, i);
  }
}

static sy_status find_list(sy_plan *plan, uint32_t segment, uint32_t field, const sy_term_key *key,
                           sy_list *list, sy_error *error) {
  *list = (sy_list){0};
  if (sy_spend(&plan->context->time, LOOK_UP_STEPS)) return SY_OK;
  sy_lexicon_cursor cursor;
  sy_status status =
      sy_lexicon_find(&plan->snapshot->segments[segment].lexicon, field, key, &cursor, error);
  if (status == SY_NOT_FOUND) return SY_OK;
  SY_TRY(status);
  return sy_lexicon_list(&cursor, list, error);
}

/* Looks up the first `lists` units of a leaf in one field. *idf_sum is taken over the cover. */
static sy_status look_up(sy_plan *plan, const sy_leaf *leaf, uint32_t lists, sy_plan_node *node,
                         float *idf_sum, sy_error *error) {
  uint32_t segments = plan->snapshot->count;
  node->count = lists;
  node->offsets = sy_arena_calloc(plan->arena, lists, sizeof *node->offsets);
  node->cover = sy_arena_calloc(plan->arena, lists, sizeof *node->cover);
  node->lists = sy_arena_calloc(plan->arena, (size_t)segments * lists, sizeof *node->lists);
  if (!node->offsets || !node->cover || !node->lists) return sy_fail_memory(error);
  choose_cover(leaf, lists, node->cover);
  *idf_sum = 0;
  for (uint32_t i = 0; i < lists; i++) {
    uint64_t df = 0;
    node->offsets[i] = leaf->units[i].offset;
    for (uint32_t s = 0; s < segments; s++) {
      sy_list *list = &node->lists[(size_t)s * lists + i];
      SY_TRY(find_list(plan, s, node->field, &leaf->units[i].key, list, error));
      df += list->df;
    }
    if (node->cover[i]) *idf_sum += idf(plan, df);
  }
  return SY_OK;
}

static bool has_all_lists(const sy_plan_node *node, uint32_t segment) {
  for (uint32_t i = 0; i < node->count; i++) {
    if (!node->lists[(size_t)segment * node->count + i].df) return false;
  }
  return true;
}

static sy_iterator *phrase_iterator(sy_plan *plan, const sy_plan_node *node, uint32_t segment,
                                    sy_search_context *context) {
  sy_scorer scorer = sy_plan_scorer(plan, node, segment);
  if (!has_all_lists(node, segment)) return sy_array_iterator(context, NULL, NULL, 0, scorer);
  sy_phrase_spec *spec = sy_arena_alloc(plan->arena, sizeof *spec);
  if (!spec) return NULL;
  *spec = (sy_phrase_spec){node->count, node->lists + (size_t)segment * node->count, node->offsets,
                           node->cover};
  return sy_phrase_iterator(context, spec, scorer);
}

/* While planning, phrases are walked with all their matches. */
static sy_search_context planning_context(sy_plan *plan) {
  sy_search_context context = *plan->context;
  context.scoring = true;
  return context;
}

/* A phrase whose last unit is open and stands alone: the set of terms it begins, behind the
 * rest. */
static sy_status add_set(sy_plan *plan, const sy_leaf *leaf, sy_plan_node *before,
                         sy_plan_node *node, float idf_sum, sy_error *error) {
  const sy_unit *last = &leaf->units[leaf->count - 1];
  uint64_t df = 0;
  for (uint32_t s = 0; s < plan->snapshot->count; s++) {
    sy_plan_array *array = &node->arrays[s];
    if (!before) {
      SY_TRY(sy_set_gather(plan, s, node->field, last, array, error));
    } else if (has_all_lists(before, s)) {
      sy_search_context context = planning_context(plan);
      sy_iterator *it = phrase_iterator(plan, before, s, &context);
      if (!it) return sy_fail_memory(error);
      SY_TRY(sy_set_follow(plan, s, node->field, last, last->offset, it, array, error));
      plan->context->positions += context.positions;
    }
    df += array->count;
  }
  node->weight = sy_weight_unit(node->field, before ? idf_sum : idf(plan, df));
  return SY_OK;
}

/* A break behind a word leaves no mark in the index (behind a character it is part of the term),
 * nor does the form that folding made the same as others: such a phrase is compared with the stored
 * text. */
static bool needs_text(const sy_leaf *leaf) {
  if (leaf->exact) return true;
  for (uint32_t i = 0; i + 1 < leaf->count; i++) {
    if (leaf->units[i].key.word_bytes && leaf->units[i + 1].offset > leaf->units[i].offset + 1)
      return true;
  }
  return false;
}

static sy_status verify_text(sy_plan *plan, const sy_leaf *leaf, uint32_t segment, uint32_t field,
                             sy_plan_array *array, sy_error *error) {
  sy_matcher matcher;
  sy_matcher_init(&matcher, plan->analyzers, plan->context->time.deadline);
  sy_status status = sy_matcher_add(&matcher, leaf, error);
  uint32_t kept = 0;
  for (uint32_t i = 0; status == SY_OK && i < array->count; i++) {
    if (sy_spend(&plan->context->time, SY_DEADLINE_STEPS)) break; /* a text may be long */
    sy_article article;
    status = sy_articles_get(&plan->snapshot->segments[segment].articles, array->articles[i],
                             &article, error);
    if (status != SY_OK) break;
    plan->context->texts++;
    status = sy_matcher_run(&matcher, field == SY_FIELD_INDEX_TITLE ? article.title : article.body,
                            error);
    if (!matcher.match_count) continue;
    array->articles[kept] = array->articles[i];
    array->frequencies[kept++] = (uint32_t)matcher.match_count;
  }
  array->count = kept;
  sy_matcher_free(&matcher);
  return status;
}

/* The articles of a phrase, gathered. */
static sy_status gather_phrase(sy_plan *plan, const sy_plan_node *node, uint32_t segment,
                               sy_plan_array *array, sy_error *error) {
  if (!has_all_lists(node, segment)) return SY_OK;
  sy_search_context context = planning_context(plan);
  sy_iterator *it = phrase_iterator(plan, node, segment, &context);
  if (!it) return sy_fail_memory(error);
  uint64_t most = it->cost;
  array->articles = sy_arena_alloc(plan->arena, most * sizeof(uint32_t));
  array->frequencies = sy_arena_alloc(plan->arena, most * sizeof(uint32_t));
  if (!array->articles || !array->frequencies) return sy_fail_memory(error);
  for (; it->article != SY_NO_ARTICLE && array->count < most; it->advance(it, it->article + 1)) {
    if (sy_spend(&plan->context->time, 1)) break;
    if (!it->matches(it)) continue;
    array->articles[array->count] = it->article;
    sy_phrase_iterator_starts(it, &array->frequencies[array->count++]);
  }
  plan->context->positions += context.positions;
  return context.status;
}

static sy_status count_part(sy_plan *plan, sy_error *error) {
  if (++plan->parts <= SY_QUERY_MAX_PARTS) return SY_OK;
  return sy_fail(error, SY_LIMIT, "the query has more than %u parts", SY_QUERY_MAX_PARTS);
}

/* ---- Gathered before ------------------------------------------------------------------------- */

static int compare_units(const void *a, const void *b) {
  const sy_term_key *x = &((const sy_unit *)a)->key, *y = &((const sy_unit *)b)->key;
  if (x->first != y->first) return x->first < y->first ? -1 : 1;
  if (x->second != y->second) return x->second < y->second ? -1 : 1;
  if (x->word_bytes != y->word_bytes) return x->word_bytes < y->word_bytes ? -1 : 1;
  return x->word_bytes ? memcmp(x->word, y->word, x->word_bytes) : 0;
}

static bool same_units(const sy_unit *a, uint32_t a_count, const sy_unit *b, uint32_t b_count) {
  if (a_count != b_count) return false;
  for (uint32_t i = 0; i < a_count; i++) {
    if (a[i].offset != b[i].offset || a[i].open != b[i].open || compare_units(&a[i], &b[i]))
      return false;
  }
  return true;
}

/* A node like one of this leaf that was planned before; NULL when there is none. Gathering can take
 * long and much memory, and a query can say a thing ten thousand times. */
static const sy_plan_node *find_gathered(const sy_plan *plan, const sy_leaf *leaf, uint32_t field) {
  for (const sy_gathered *g = plan->gathered; g; g = g->next) {
    bool same = g->node->field == field && g->leaf.exact == leaf->exact &&
                same_units(g->leaf.units, g->leaf.count, leaf->units, leaf->count) &&
                (!leaf->exact ||
                 same_units(g->leaf.typed, g->leaf.typed_count, leaf->typed, leaf->typed_count));
    if (same) return g->node;
  }
  return NULL;
}

static sy_status note_gathered(sy_plan *plan, const sy_leaf *leaf, const sy_plan_node *node,
                               sy_error *error) {
  sy_gathered *g = sy_arena_alloc(plan->arena, sizeof *g);
  sy_plan_node *copy = sy_arena_copy(plan->arena, node, sizeof *node);
  if (!g || !copy) return sy_fail_memory(error);
  *g = (sy_gathered){plan->gathered, *leaf, copy};
  plan->gathered = g;
  return SY_OK;
}

/* ---- Terms and phrases ----------------------------------------------------------------------- */

static sy_status plan_phrase(sy_plan *plan, const sy_leaf *leaf, sy_occur occur, uint32_t field,
                             sy_plan_node **out, sy_error *error) {
  SY_TRY(count_part(plan, error));
  const sy_plan_node *before = find_gathered(plan, leaf, field);
  if (before) {
    *out = sy_arena_copy(plan->arena, before, sizeof *before);
    if (!*out) return sy_fail_memory(error);
    (*out)->occur = occur;
    return SY_OK;
  }
  bool covered = last_is_covered(leaf);
  bool set = leaf->units[leaf->count - 1].open && !covered;
  uint32_t lists = leaf->count - (set || covered);
  sy_plan_node *phrase = NULL;
  float idf_sum = 0;
  if (lists) {
    phrase = new_node(plan, SY_PLAN_LISTS, occur, field);
    if (!phrase) return sy_fail_memory(error);
    SY_TRY(look_up(plan, leaf, lists, phrase, &idf_sum, error));
    phrase->weight = sy_weight_unit(field, idf_sum);
    phrase->units = leaf->units;
    phrase->unit_count = leaf->count;
  }
  *out = phrase;
  bool verify = needs_text(leaf);
  if (phrase && !set && !verify) return SY_OK;
  sy_plan_node *node = *out = new_array_node(plan, occur, field);
  if (!node) return sy_fail_memory(error);
  node->weight = phrase ? phrase->weight : 0;
  node->units = leaf->units;
  node->unit_count = leaf->count;
  node->before = phrase;
  node->verified = verify;
  if (set) SY_TRY(add_set(plan, leaf, phrase, node, idf_sum, error));
  for (uint32_t s = 0; verify && s < plan->snapshot->count; s++) {
    if (phrase && !set) SY_TRY(gather_phrase(plan, phrase, s, &node->arrays[s], error));
    SY_TRY(verify_text(plan, leaf, s, field, &node->arrays[s], error));
  }
  return note_gathered(plan, leaf, node, error);
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
    SY_TRY(plan_phrase(plan, &single, SY_SHOULD, f, &node, error));
    node->weight *= (float)times;
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
    bool alone = i == 0 || !is_bigram(leaf, i - 1);
    if (word || is_bigram(leaf, i) || alone) units[count++] = leaf->units[i];
  }
  qsort(units, count, sizeof *units, compare_units);
  for (uint32_t i = 0, next; i < count; i = next) {
    for (next = i + 1; next < count && !compare_units(&units[i], &units[next]);) next++;
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

static sy_status ids_with_prefix(sy_segment *segment, sy_string prefix, sy_stopwatch *time,
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
  SY_TRY(count_part(plan, error));
  sy_plan_node *node = *out = new_array_node(plan, leaf->occur, 0);
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
    return plan_phrase(plan, &leaf, node->occur, (uint32_t)__builtin_ctz(fields), out, error);
  }
  sy_plan_node *group = *out = new_node(plan, SY_PLAN_GROUP, node->occur, 0);
  if (!group) return sy_fail_memory(error);
  if (leaf.bag) return plan_bag(plan, &leaf, fields, group, error);
  for (uint32_t f = 0; f < SY_FIELD_COUNT; f++) {
    sy_plan_node *child;
    SY_TRY(plan_phrase(plan, &leaf, SY_SHOULD, f, &child, error));
    child->next = group->child;
    group->child = child;
  }
  return SY_OK;
}

static sy_status plan_node(sy_plan *plan, const sy_node *node, sy_plan_node **out,
                           sy_error *error) {
  if (node->kind == SY_NODE_NONE) {
    *out = new_array_node(plan, node->occur, 0);
    return *out ? SY_OK : sy_fail_memory(error);
  }
  if (node->kind != SY_NODE_GROUP) {
    if (node->reading)
      return sy_fail(error, SY_INVALID, "the query has a reading: sy_query_expand() comes first");
    return node->fields & SY_FIELD_ID ? plan_ids(plan, node, out, error)
                                      : plan_text(plan, node, out, error);
  }
  sy_plan_node *group = *out = new_node(plan, SY_PLAN_GROUP, node->occur, 0);
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
  if (node->count == 1 && has_all_lists(node, segment)) {
    return sy_term_iterator(plan->context, &node->lists[segment],
                            sy_plan_scorer(plan, node, segment));
  }
  return phrase_iterator(plan, node, segment, plan->context);
}
