/* leaf.c - analysing the text of a leaf (leaf.h). */
#include "query/leaf.h"

#include "base/status.h"

static sy_status add_units(sy_analyzer *a, sy_arena *arena, const sy_term *terms, size_t count,
                           sy_leaf *leaf, size_t *capacity, sy_error *error) {
  if (leaf->count + count > *capacity) {
    *capacity = 2 * (leaf->count + count);
    sy_unit *grown = sy_arena_alloc(arena, *capacity * sizeof *grown);
    if (!grown) return sy_fail_memory(error);
    if (leaf->count) memcpy(grown, leaf->units, leaf->count * sizeof *grown);
    leaf->units = grown;
  }
  for (size_t i = 0; i < count; i++) {
    sy_unit *unit = &leaf->units[leaf->count++];
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

sy_status sy_leaf_analyze(sy_analyzer *analyzer, sy_arena *arena, const sy_node *node,
                          sy_leaf *leaf, sy_error *error) {
  sy_term terms[SY_TERM_BATCH];
  size_t count, capacity = 0;
  *leaf = (sy_leaf){0};
  sy_analyzer_begin(analyzer, node->text.data, node->text.bytes);
  while ((count = sy_analyzer_next(analyzer, terms, SY_TERM_BATCH)) > 0) {
    SY_TRY(add_units(analyzer, arena, terms, count, leaf, &capacity, error));
  }
  if (!leaf->count) {
    sy_error_set(error, SY_SYNTAX, NULL, 0,
                 "nothing here can be searched: it has no letters, digits or characters");
    if (error) error->column = node->column;
    return SY_SYNTAX;
  }
  uint32_t chinese = 0;
  for (uint32_t i = 0; i < leaf->count; i++) chinese += is_chinese(&leaf->units[i]);
  leaf->bag = node->kind == SY_NODE_TEXT && chinese > SY_PHRASE_CHARACTERS;
  sy_unit *last = &leaf->units[leaf->count - 1];
  leaf->prefix = node->prefix && !is_chinese(last);
  last->open = is_chinese(last) || leaf->prefix;
  return SY_OK;
}
