/*
 * test_fuzz_query.c - the query parser: any bytes are a query or an error with a column; the tree
 * is as parse.h promises, and its leaves can be analysed.
 */
#include "query/leaf.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static sy_analyzers analyzers;

static void check_leaf(const sy_node *node) {
  sy_arena arena = {0};
  sy_leaf leaf;
  sy_error error = {0};
  fuzz_check(node->text.bytes > 0 && !node->child);
  sy_status status = sy_leaf_analyze(&analyzers, &arena, node, true, &leaf, &error);
  if (status == SY_OK) {
    fuzz_check(leaf.count > 0);
    for (uint32_t i = 1; i < leaf.count; i++)
      fuzz_check(leaf.units[i].offset > leaf.units[i - 1].offset);
  } else {
    fuzz_check(status == SY_SYNTAX && error.column == node->column);
  }
  sy_arena_free(&arena);
}

static void check_node(const sy_node *node, uint32_t depth, size_t bytes) {
  fuzz_check(depth <= 3 * SY_QUERY_MAX_DEPTH + 4);
  fuzz_check(node->column >= 1 && node->column <= bytes + 1);
  if (node->kind != SY_NODE_GROUP) {
    check_leaf(node);
    return;
  }
  fuzz_check(node->child != NULL);
  for (const sy_node *child = node->child; child; child = child->next)
    check_node(child, depth + 1, bytes);
}

static void parse(const uint8_t *data, size_t bytes, uint32_t flags) {
  char *text = (char *)fuzz_copy(data, bytes);
  sy_query *query = NULL;
  sy_error error = {0};
  sy_status status = sy_query_parse((sy_string){text, bytes}, flags, &query, &error);
  free(text); /* the query keeps its own */
  if (status == SY_OK) {
    check_node(query->root, 0, bytes);
    fuzz_check(!query->root->next);
  } else {
    fuzz_check(!query && error.status == status && error.reason[0]);
    fuzz_check(status == SY_SYNTAX || status == SY_LIMIT);
    if (status == SY_SYNTAX) fuzz_check(error.column >= 1 && error.column <= bytes + 1);
  }
  sy_query_free(query);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  if (!analyzers.folded.table) sy_analyzers_init(&analyzers, SY_TEXT_DEFAULT);
  parse(data, bytes, 0);
  parse(data, bytes, SY_QUERY_ANY | SY_QUERY_LITERAL_DATES);
  sy_query *query = NULL;
  sy_status status =
      sy_query_phrase((sy_string){(const char *)data, bytes}, bytes % 2, &query, NULL);
  if (status == SY_OK) check_node(query->root, 0, bytes);
  sy_query_free(query);
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const seeds[] = {
      "机器学习",
      "\"機器 學習\" -人工智慧",
      "+a -b c",
      "title:机器 body:\"C++\" id:wiki/7",
      "(机 OR 器) AND NOT (学|习 || x)",
      "sql* title:\"gpt-4o 模\"*",
      "a\\:b \\\"c\\\" \\(",
      "“全角”（引号）",
      "((((((((((x))))))))))",
      "NOT NOT NOT a",
      "-\xFF\xFE title:\xE6\x9C",
      "id:a OR id:b OR id:\"c d\"",
      "\"",
      "title:",
      "OR",
      "機(jī)器 f(x) 銀行（yín háng）",
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i], strlen(seeds[i]));
}
