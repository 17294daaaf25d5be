/*
 * test_search.c - what a search promises beyond its set of matches, which the oracle tests: order,
 * ties, windows of results, errors, snippets' choice of passage, and snapshots.
 */
#include "tests/query/search_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_order(void **state) {
  fixture *f = *state;
  add(f, "once", "其他", "这里说到机器一次而且后面还有很多别的字");
  add(f, "long", "其他", "这里说到机器一次而且后面还有很多别的字这里没有那里也没有到处都没有了");
  add(f, "often", "其他", "机器和机器还有机器都在这里说到后面还有");
  add(f, "title", "机器", "这里什么也没有说");
  commit(f);
  assert_string_equal(found(f, "机器", 10, 0), "title often once long");
  assert_string_equal(found(f, "body:机器", 10, 0), "often once long");
  assert_string_equal(found(f, "title:机器", 10, 0), "title");
}

/* Equal scores come in article order, also over segments, and windows fit together. */
static void test_ties_and_windows(void **state) {
  fixture *f = *state;
  for (int i = 0; i < 30; i++) {
    char id[16];
    snprintf(id, sizeof id, "%02d", i);
    add(f, id, "", i % 3 ? "一样的文字" : "不同的");
    if (i % 10 == 9) commit(f);
  }
  assert_string_equal(found(f, "一样", 5, 0), "01 02 04 05 07");
  assert_string_equal(found(f, "一样", 5, 5), "08 10 11 13 14");
  assert_string_equal(found(f, "一样", 5, 18), "28 29");
  assert_string_equal(found(f, "一样", 5, 20), "");
  assert_string_equal(found(f, "一样", 0, 0), "");
  char all[256];
  strcpy(all, found(f, "一样", UINT64_MAX, 0));
  assert_int_equal(strlen(all), 20 * 3 - 1);
  assert_string_equal(found(f, "一样", UINT64_MAX, UINT64_MAX), "");
}

/* A break in a phrase is one in the text, at that place: no character, no word there. */
static void test_breaks(void **state) {
  fixture *f = *state;
  add(f, "break", "", "我爱北京，上海菜。");
  add(f, "character", "", "我爱北京的上海菜。去北京。");
  add(f, "word", "", "我爱北京x上海菜。去北京。");
  add(f, "none", "", "我爱北京上海菜。去北京。");
  commit(f);
  assert_string_equal(found(f, "\"北京，上海\"", 10, 0), "break");
  assert_string_equal(found(f, "\"爱北京。上海菜\"", 10, 0), "break");
  assert_string_equal(found(f, "\"北京，上\"", 10, 0), "break");
  assert_string_equal(found(f, "\"北京 - 上海\"", 10, 0), "break");
  assert_string_equal(found(f, "\"北京x上海\"", 10, 0), "word");
  assert_string_equal(found(f, "\"北京上海\"", 10, 0), "none");
  assert_string_equal(found(f, "我 NOT \"北京，上海\"", 10, 0), "none character word");
}

/* One character, as often as one byte counts and more, with different characters behind it. */
static void test_character_frequency(void **state) {
  fixture *f = *state;
  static const int times[] = {254, 255, 256, 257, 400, 509, 510, 511, 512, 600};
  for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
    char id[16], body[8192], *end = body;
    for (int i = 0; i < 600; i++)
      end = stpcpy(stpcpy(end, i < times[t] ? "机" : "器"), i % 2 ? "人" : "会");
    snprintf(id, sizeof id, "%d", times[t]);
    add(f, id, "", body);
  }
  for (int i = 1000; i < 2000; i++) { /* or scores differ by too little */
    char id[16];
    snprintf(id, sizeof id, "%d", i);
    add(f, id, "", "别的");
  }
  commit(f);
  assert_string_equal(found(f, "body:机", 10, 0), "600 512 511 510 509 400 257 256 255 254");
}

static const sy_explain_row *row_of(const sy_explanation *e, const char *kind, const char *field,
                                    const char *term) {
  for (size_t i = 0; i < e->row_count; i++) {
    const sy_explain_row *row = &e->rows[i];
    bool same = row->field && !strcmp(row->field, field) && !strcmp(row->kind, kind) &&
                row->text.bytes == strlen(term) && !memcmp(row->text.data, term, strlen(term));
    if (same) return row;
  }
  fail_msg("no row %s %s:%s", kind, field, term);
  return NULL;
}

/* 机 is in all articles, 器 behind it in every fourth, 械 in one; the last ones are rich in both. */
static void add_many(fixture *f) {
  for (int i = 0; i < 2000; i++) {
    char id[16], body[256] = "这里";
    for (int k = 0; k < (i < 300 ? 6 : 1); k++) strcat(body, i % 4 ? "机会，" : "机器，");
    if (i == 1000) strcat(body, "机械");
    strcat(body, i < 300 ? "" : "后面还有很多别的没有意思的字");
    snprintf(id, sizeof id, "%d", i);
    add(f, id, "", body);
  }
  commit(f);
}

/* The figures of an explanation are those of the lists and of what must have been read of them. */
static void test_explanation(void **state) {
  fixture *f = *state;
  add_many(f);
  sy_error error;
  sy_results *results;
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  sy_query *query = parse(f, "body:机器");
  assert_int_equal(sy_search(f->index, query, &options, &results, &error), SY_OK);
  assert_null(sy_results_explanation(results));
  sy_results_free(results);

  options.explain = true;
  assert_int_equal(sy_search(f->index, query, &options, &results, &error), SY_OK);
  const sy_explanation *e = sy_results_explanation(results);
  const sy_explain_row *row = row_of(e, "term", "body", "机器");
  assert_string_equal(e->method, "list");
  assert_int_equal(e->row_count, 1);
  assert_int_equal(row->depth, 0);
  assert_int_equal(row->articles, 500);
  assert_int_equal(row->blocks, 4);
  assert_true(row->blocks_read >= 1 && row->blocks_read < 4); /* the rich ones are in the first */
  assert_int_equal(row->postings_read, 128 * row->blocks_read);
  assert_int_equal(e->postings_read, row->postings_read);
  assert_int_equal(e->candidates, row->postings_read);
  assert_true(e->scored >= 10 && e->scored <= e->candidates);
  assert_int_equal(e->positions_read, 0);
  sy_results_free(results);
  options.exhaustive = true;
  assert_int_equal(sy_search(f->index, query, &options, &results, &error), SY_OK);
  e = sy_results_explanation(results);
  assert_string_equal(e->method, "iterator");
  assert_int_equal(e->candidates, 500);
  assert_int_equal(e->scored, 500);
  assert_int_equal(e->rows[0].blocks_read, 4);
  sy_results_free(results);
  sy_query_free(query);

  options.exhaustive = false;
  query = parse(f, "\"这里机器\" -机械 机");
  assert_int_equal(sy_search(f->index, query, &options, &results, &error), SY_OK);
  e = sy_results_explanation(results);
  assert_string_equal(e->rows[0].kind, "and");
  assert_int_equal(row_of(e, "positions", "body", "这里")->articles, 2000);
  assert_int_equal(row_of(e, "articles", "body", "里机")->articles, 2000);
  assert_int_equal(row_of(e, "positions", "body", "机器")->articles, 500);
  assert_int_equal(row_of(e, "term", "body", "机械")->articles, 1);
  assert_string_equal(row_of(e, "term", "body", "机械")->occur, "should");
  assert_string_equal(e->rows[row_of(e, "term", "body", "机械") - e->rows - 1].occur, "must not");
  row = row_of(e, "terms", "body", "机*");
  assert_int_equal(row->articles, 2000);
  assert_int_equal(row->lists, 3);
  assert_int_equal(row->postings_read, 2001);
  assert_true(e->positions_read >= 20);
  sy_results_free(results);
  sy_query_free(query);
}

static void test_ids(void **state) {
  fixture *f = *state;
  add(f, "a/1", "", "文字");
  add(f, "a/2", "", "文字");
  add(f, "b/1", "", "文字");
  commit(f);
  assert_string_equal(found(f, "id:a/1", 10, 0), "a/1");
  assert_string_equal(found(f, "id:a*", 10, 0), "a/1 a/2");
  assert_string_equal(found(f, "文字 -id:a/2", 10, 0), "a/1 b/1");
  assert_string_equal(found(f, "id:A/1", 10, 0), "");
}

static void test_errors(void **state) {
  fixture *f = *state;
  add(f, "1", "", "文字");
  commit(f);
  sy_error error;
  sy_results *results;
  sy_query *query = parse(f, "文字 \"，。\"");
  assert_int_equal(sy_search(f->index, query, NULL, &results, &error), SY_SYNTAX);
  assert_int_equal(error.column, 4);
  assert_null(results);
  sy_query_free(query);

  char *many = malloc(12 * 20000 + 1), *end = many;
  for (int i = 0; i < 20000; i++) end += sprintf(end, "w%d ", i);
  query = parse(f, many);
  assert_int_equal(sy_search(f->index, query, NULL, &results, &error), SY_LIMIT);
  uint64_t count;
  assert_int_equal(sy_count(f->index, query, &count, &error), SY_LIMIT);
  sy_query_free(query);
  free(many);

  query = parse(f, "文字");
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.threads = 17;
  assert_int_equal(sy_search(f->index, query, &options, &results, &error), SY_INVALID);
  assert_null(results);
  options.threads = 0;
  assert_int_equal(sy_search(f->index, query, &options, &results, &error), SY_OK);
  sy_results_free(results);
  options.ranking = (sy_ranking)77;
  assert_int_equal(sy_search(f->index, query, &options, &results, &error), SY_INVALID);
  sy_query_free(query);
  assert_int_equal(sy_query_parse(text("文字"), 1u << 8, &query, &error), SY_INVALID);
  assert_null(query);
}

/* A reader keeps its snapshot, in the process of the writer too, whatever the writer does. */
static void test_snapshots(void **state) {
  fixture *f = *state;
  add(f, "1", "", "旧的文字");
  commit(f);
  sy_index *old;
  sy_error error;
  assert_int_equal(sy_index_open(f->path, &old, &error), SY_OK);
  for (int round = 0; round < 20; round++) {
    add(f, "1", "", "新的文字");
    commit(f);
  }
  sy_query *query = parse(f, "旧的");
  uint64_t count;
  assert_int_equal(sy_count(old, query, &count, &error), SY_OK);
  assert_int_equal(count, 1);
  assert_int_equal(sy_index_check(old, NULL, NULL, &error), SY_OK);
  assert_int_equal(sy_count(f->index, query, &count, &error), SY_OK);
  assert_int_equal(count, 0);
  assert_int_equal(sy_index_refresh(old, &error), SY_OK);
  assert_int_equal(sy_count(old, query, &count, &error), SY_OK);
  assert_int_equal(count, 0);
  sy_query_free(query);
  sy_index_close(old);
}

/* The passage that shows all of the query beats an earlier one that shows a part, and begins
 * with its sentence. */
static void test_passages(void **state) {
  fixture *f = *state;
  char body[4096] = "开头提到苹果。";
  for (int i = 0; i < 60; i++) strcat(body, "填充的句子没有意思。");
  strcat(body, "这里苹果和香蕉在一起。");
  for (int i = 0; i < 60; i++) strcat(body, "填充的句子没有意思。");
  add(f, "1", "", body);
  commit(f);
  sy_error error;
  sy_query *query = parse(f, "苹果 香蕉");
  sy_snippet_options options = SY_SNIPPET_OPTIONS_DEFAULT;
  options.passages = 1;
  sy_snippet snippet;
  assert_int_equal(sy_snippet_make(f->index, query, 0, &options, &snippet, &error), SY_OK);
  assert_int_equal(snippet.highlight_count, 2);
  const char *sentence = "\xE2\x80\xA6 这里苹果和香蕉在一起";
  assert_non_null(memmem(snippet.text.data, snippet.text.bytes, sentence, strlen(sentence)));
  options.passage_characters = 5;
  assert_int_equal(sy_snippet_make(f->index, query, 0, &options, &snippet, &error), SY_INVALID);
  sy_query_free(query);
}

/* What fits is shown whole. */
static void test_short_article(void **state) {
  fixture *f = *state;
  add(f, "1", "", "機器翻譯使用深度學習。");
  commit(f);
  sy_error error;
  sy_query *query = parse(f, "深度学习");
  sy_snippet snippet;
  assert_int_equal(sy_snippet_make(f->index, query, 0, NULL, &snippet, &error), SY_OK);
  assert_int_equal(snippet.text.bytes, strlen("機器翻譯使用深度學習。"));
  assert_memory_equal(snippet.text.data, "機器翻譯使用深度學習。", snippet.text.bytes);
  assert_int_equal(snippet.highlight_count, 1);
  assert_int_equal(snippet.highlights[0].start, strlen("機器翻譯使用"));
  assert_int_equal(snippet.highlights[0].end, strlen("機器翻譯使用深度學習"));
  sy_query_free(query);
}

/* An id given out stays what it is whatever else is looked up. */
static void test_borrowed_id(void **state) {
  fixture *f = *state;
  add(f, "aaaa-one", "", "第一");
  add(f, "bbbb-two", "", "第二");
  add(f, "cccc-three", "", "第三");
  commit(f);
  sy_error error;
  sy_string id;
  sy_article article;
  uint64_t number;
  assert_int_equal(sy_index_id(f->index, 0, &id, &error), SY_OK);
  assert_int_equal(sy_index_article(f->index, 1, &article, &error), SY_OK);
  assert_int_equal(sy_index_find(f->index, text("cccc-three"), &number, &error), SY_OK);
  assert_string_equal(found(f, "id:bbbb*", 10, 0), "bbbb-two");
  sy_query *query = parse(f, "id:bbbb* 第二");
  sy_snippet snippet;
  assert_int_equal(sy_index_id(f->index, 0, &id, &error), SY_OK);
  assert_int_equal(sy_count(f->index, query, &number, &error), SY_OK);
  assert_int_equal(sy_snippet_make(f->index, query, 1, NULL, &snippet, &error), SY_OK);
  assert_int_equal(id.bytes, strlen("aaaa-one"));
  assert_memory_equal(id.data, "aaaa-one", id.bytes);
  sy_query_free(query);
}

static bool append_term(void *context, const sy_term_info *term) {
  char *out = context;
  snprintf(out + strlen(out), 200 - strlen(out), "%.*s ", (int)term->term.bytes, term->term.data);
  return true;
}

/* A prefix that is longer than a term begins none. */
static void test_terms(void **state) {
  fixture *f = *state;
  add(f, "1", "", "北京，北京城；foo foobar");
  commit(f);
  static const struct {
    const char *prefix, *terms;
  } cases[] = {{"北京", "北京 "}, {"北", "北京 "}, {"京", "京 京城 "}, {"FO", "foo foobar "},
               {"北京城", ""},    {"北，京", ""},  {"foo bar", ""},    {"foo京", ""},
               {"京foo", ""},     {"foobar2", ""}, {"。", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char terms[200] = "";
    sy_error error;
    sy_status status = sy_index_terms(f->index, text(cases[i].prefix), append_term, terms, &error);
    assert_string_equal(terms, cases[i].terms);
    assert_int_equal(status, *cases[i].terms ? SY_OK : SY_NOT_FOUND);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_order, setup, teardown),
      cmocka_unit_test_setup_teardown(test_ties_and_windows, setup, teardown),
      cmocka_unit_test_setup_teardown(test_breaks, setup, teardown),
      cmocka_unit_test_setup_teardown(test_character_frequency, setup, teardown),
      cmocka_unit_test_setup_teardown(test_explanation, setup, teardown),
      cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
      cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
      cmocka_unit_test_setup_teardown(test_snapshots, setup, teardown),
      cmocka_unit_test_setup_teardown(test_passages, setup, teardown),
      cmocka_unit_test_setup_teardown(test_short_article, setup, teardown),
      cmocka_unit_test_setup_teardown(test_borrowed_id, setup, teardown),
      cmocka_unit_test_setup_teardown(test_terms, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
