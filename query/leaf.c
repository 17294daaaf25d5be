/* leaf.c - analysing the text of a leaf (leaf.h). */
#include "query/leaf.h"

#include "base/status.h"

void sy_analyzers_init(sy_analyzers *a, uint32_t rules) {
  sy_analyzer_init(&a->folded, rules);
  sy_analyzer_init(&a->typed, rules & ~(uint32_t)(SY_TEXT_WIDTH | SY_TEXT_VARIANTS));
}

typedef struct unit_list {
  sy_unit *units;
  uint32_t count;
  size_t capacity;
} unit_list;

static sy_status add_units(const sy_analyzer *a, sy_arena *arena, const sy_term *terms,
                           size_t count, unit_list *list, sy_error *error) {
  if (list->count + count > list->capacity) {
    list->capacity = 2 * (list->count + count);
    sy_unit *grown = sy_arena_alloc(arena, list->capacity * sizeof *grown);
    if (!grown) return sy_fail_memory(error);
    if (list->count) memcpy(grown, list->units, list->count * sizeof *grown);
    list->units = grown;
  }
  for (size_t i = 0; i < count; i++) {
    sy_unit *unit = &list->units[list->count++];
    *unit = (sy_unit){
        {terms[i].first, terms[i].second, NULL, terms[i].word_bytes}, terms[i].position, false};
    if (!terms[i].word_bytes) continue;
    unit->key.second = 0;
    unit->key.word = sy_arena_copy(arena, sy_term_word(a, &terms[i]), terms[i].word_bytes);
    if (!unit->key.word) return sy_fail_memory(error);
  }
  return SY_OK;
}

static bool is_chinese(const sy_unit *unit) { return unit->key.word_bytes == 0; }

/* The units of a text. What stands behind the last one is not known when it is a Chinese character,
 * or a word that may go on. */
static sy_status read_units(sy_analyzer *a, sy_arena *arena, const sy_node *node, unit_list *list,
                            sy_error *error) {
  sy_term terms[SY_TERM_BATCH];
  size_t count;
  *list = (unit_list){0};
  sy_analyzer_begin(a, node->text.data, node->text.bytes);
  while ((count = sy_analyzer_next(a, terms, SY_TERM_BATCH)) > 0) {
    SY_TRY(add_units(a, arena, terms, count, list, error));
  }
  if (!list->count) return SY_OK;
  sy_unit *last = &list->units[list->count - 1];
  last->open = is_chinese(last) || node->prefix;
  return SY_OK;
}

static sy_status nothing_to_search(const sy_node *node, sy_error *error) {
  sy_error_set(error, SY_SYNTAX, NULL, 0,
               "nothing here can be searched: it has no letters, digits or characters");
  if (error) error->column = node->column;
  return SY_SYNTAX;
}

sy_status sy_leaf_analyze(sy_analyzers *analyzers, sy_arena *arena, const sy_node *node, bool typed,
                          sy_leaf *leaf, sy_error *error) {
  unit_list list;
  SY_TRY(read_units(&analyzers->folded, arena, node, &list, error));
  if (!list.count) return nothing_to_search(node, error);
  uint32_t chinese = 0;
  for (uint32_t i = 0; i < list.count; i++) chinese += is_chinese(&list.units[i]);
  bool bag = node->kind == SY_NODE_TEXT && chinese > SY_PHRASE_CHARACTERS && !node->exact;
  bool prefix = node->prefix && !is_chinese(&list.units[list.count - 1]);
  *leaf = (sy_leaf){list.units, list.count, NULL, 0, bag, prefix, node->exact};
  if (!typed && !node->exact) return SY_OK;
  SY_TRY(read_units(&analyzers->typed, arena, node, &list, error));
  if (!list.count && node->exact) return nothing_to_search(node, error);
  leaf->typed = list.units;
  leaf->typed_count = list.count;
  return SY_OK;
}
