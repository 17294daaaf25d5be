/* expand.c - replacing the readings of a query by the phrases of an index (contract in
 * suoyin.h). */
#include "base/status.h"
#include "query/pinyin.h"

typedef struct expander {
  sy_index *index;
  sy_query *query;
  void (*on_expansion)(void *context, const sy_expansion *expansion);
  void *context;
} expander;

static sy_status expand_leaf(expander *e, sy_node *leaf, sy_error *error) {
  sy_reading found;
  sy_string phrases[SY_READING_PHRASES];
  uint64_t articles[SY_READING_PHRASES];
  if (leaf->prefix) {
    sy_error_set(error, SY_SYNTAX, NULL, 0, "* cannot follow pinyin");
    if (error) error->column = leaf->column;
    return SY_SYNTAX;
  }
  SY_TRY(sy_reading_find(e->index, leaf, &found, error));
  sy_query_begin_phrases(leaf);
  for (size_t i = 0; i < found.count; i++) {
    phrases[i] = (sy_string){found.phrases[i].text, found.phrases[i].bytes};
    articles[i] = found.phrases[i].articles;
    SY_TRY(sy_query_add_phrase(e->query, leaf, phrases[i], error));
  }
  sy_expansion expansion = {leaf->text, phrases, articles, found.count, found.complete};
  if (e->on_expansion) e->on_expansion(e->context, &expansion);
  return SY_OK;
}

static sy_status expand_node(expander *e, sy_node *node, sy_error *error) {
  if (node->kind != SY_NODE_GROUP) return node->reading ? expand_leaf(e, node, error) : SY_OK;
  for (sy_node *child = node->child; child; child = child->next) {
    SY_TRY(expand_node(e, child, error));
  }
  return SY_OK;
}

sy_status sy_query_expand(sy_index *index, sy_query *query,
                          void (*on_expansion)(void *context, const sy_expansion *expansion),
                          void *context, sy_error *error) {
  expander e = {index, query, on_expansion, context};
  if (!query->readings) return SY_OK;
  SY_TRY(expand_node(&e, query->root, error));
  query->readings = false;
  return SY_OK;
}
