/*
 * plan_phrase.c - terms and phrases in a plan: their lists, and of which of them positions are
 * read; where lists do not tell - sets of terms, exact forms - their articles, gathered.
 */
#include "query/plan_state.h"

#include "base/status.h"
#include "query/matcher.h"
#include "query/sets.h"

#define LOOK_UP_STEPS 128u /* what looking up a term counts for the deadline */

static float idf(const sy_plan *plan, uint64_t df) {
  return (float)sy_weight_idf(plan->snapshot->numbers, df);
}

/* ---- Phrases --------------------------------------------------------------------------------- */

bool sy_plan_is_bigram(const sy_leaf *leaf, uint32_t i) {
  return !leaf->units[i].key.word_bytes && leaf->units[i].key.second > SY_END_WORD;
}

/* The last unit of a phrase needs no list when the bigram before it ends with it. */
static bool last_is_covered(const sy_leaf *leaf) {
  return leaf->count > 1 && !leaf->units[leaf->count - 1].key.word_bytes &&
         sy_plan_is_bigram(leaf, leaf->count - 2);
}

static bool is_before_break(const sy_leaf *leaf, uint32_t i) {
  return i + 1 < leaf->count && leaf->units[i + 1].offset > leaf->units[i].offset + 1;
}

/* A character is covered by the bigram that begins at it or before it. Taken greedily from the
 * left, bigrams overlap only where a run has an odd number of characters and ends the phrase. A
 * break is told by the term of the character before it, and by nothing else: whatever has one
 * position could stand in its place. */
static void choose_cover(const sy_leaf *leaf, uint32_t lists, bool *cover) {
  bool covered = false; /* unit i, by the bigram before it */
  for (uint32_t i = 0; i < lists; i++) {
    bool ends_phrase = i + 2 == leaf->count && lists < leaf->count;
    cover[i] = !covered || ends_phrase || is_before_break(leaf, i);
    covered = cover[i] && sy_plan_is_bigram(leaf, i);
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
  SY_TRY(sy_lexicon_list(&cursor, list, error));
  sy_list_fetch(list);
  return SY_OK;
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

bool sy_plan_has_all_lists(const sy_plan_node *node, uint32_t segment) {
  for (uint32_t i = 0; i < node->count; i++) {
    if (!node->lists[(size_t)segment * node->count + i].df) return false;
  }
  return true;
}

sy_iterator *sy_plan_phrase_iterator(sy_plan *plan, const sy_plan_node *node, uint32_t segment,
                                     sy_search_context *context) {
  sy_scorer scorer = sy_plan_scorer(plan, node, segment);
  if (!sy_plan_has_all_lists(node, segment))
    return sy_array_iterator(context, NULL, NULL, 0, scorer);
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
    } else if (sy_plan_has_all_lists(before, s)) {
      sy_search_context context = planning_context(plan);
      sy_iterator *it = sy_plan_phrase_iterator(plan, before, s, &context);
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
  for (uint32_t i = 0; i < leaf->count; i++) {
    if (leaf->units[i].key.word_bytes && is_before_break(leaf, i)) return true;
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
  if (!sy_plan_has_all_lists(node, segment)) return SY_OK;
  sy_search_context context = planning_context(plan);
  sy_iterator *it = sy_plan_phrase_iterator(plan, node, segment, &context);
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

/* ---- Gathered before ------------------------------------------------------------------------- */

int sy_plan_compare_units(const void *a, const void *b) {
  const sy_term_key *x = &((const sy_unit *)a)->key, *y = &((const sy_unit *)b)->key;
  if (x->first != y->first) return x->first < y->first ? -1 : 1;
  if (x->second != y->second) return x->second < y->second ? -1 : 1;
  if (x->word_bytes != y->word_bytes) return x->word_bytes < y->word_bytes ? -1 : 1;
  return x->word_bytes ? memcmp(x->word, y->word, x->word_bytes) : 0;
}

static bool same_units(const sy_unit *a, uint32_t a_count, const sy_unit *b, uint32_t b_count) {
  if (a_count != b_count) return false;
  for (uint32_t i = 0; i < a_count; i++) {
    if (a[i].offset != b[i].offset || a[i].open != b[i].open || sy_plan_compare_units(&a[i], &b[i]))
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

sy_status sy_plan_phrase(sy_plan *plan, const sy_leaf *leaf, sy_occur occur, uint32_t field,
                         sy_plan_node **out, sy_error *error) {
  SY_TRY(sy_plan_count_part(plan, error));
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
    phrase = sy_plan_new_node(plan, SY_PLAN_LISTS, occur, field);
    if (!phrase) return sy_fail_memory(error);
    SY_TRY(look_up(plan, leaf, lists, phrase, &idf_sum, error));
    phrase->weight = sy_weight_unit(field, idf_sum);
    phrase->units = leaf->units;
    phrase->unit_count = leaf->count;
  }
  *out = phrase;
  bool verify = needs_text(leaf);
  if (phrase && !set && !verify) return SY_OK;
  sy_plan_node *node = *out = sy_plan_new_array(plan, occur, field);
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
