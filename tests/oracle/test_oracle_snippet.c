/*
 * test_oracle_snippet.c - snippets of random articles: whatever passages the engine picks, they are
 * the article's own words, and exactly what matched is highlighted. $SUOYIN_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suoyin.h"
#include "tests/oracle/engine.h"
#include "tests/oracle/model.h"
#include "tests/oracle/snippet_check.h"

#define ARTICLES 250
#define QUERIES 400
#define LONG_PIECES 500
#define HITS 12        /* snippets looked at for each query */
#define PHRASE_UNITS 5 /* a passage must have room for the phrase and its glosses */

typedef struct snippet_run {
  uint64_t seed;
  model *list;
  char directory[256];
  sy_writer *writer;
  sy_index *index;
} snippet_run;

static snippet_run run;

/* ---- Set-up -------------------------------------------------------------------------------- */

/* Snippets mark cuts with an ellipsis, so the texts here have none of their own. */
static bool has_ellipsis(const model_article *article) {
  return strstr(article->body, "…") || strstr(article->title, "…");
}

static int set_up(void **state) {
  (void)state;
  run.seed = random_seed(4711);
  random_source random = {run.seed};
  sy_error error = {0};
  print_message("seed %llu\n", (unsigned long long)run.seed);
  run.list = model_new(SY_TEXT_DEFAULT);
  engine_directory(run.directory, sizeof(run.directory));
  run.writer = engine_writer(run.directory, SY_TEXT_DEFAULT);
  for (uint32_t number = 0; number < ARTICLES; number++) {
    model_article *article;
    do {
      article = model_put(run.list, number, &random, number % 3 ? LONG_PIECES : 40);
    } while (has_ellipsis(article));
    engine_add(run.writer, (sy_string){article->id, strlen(article->id)},
               (sy_string){article->title, article->title_bytes},
               (sy_string){article->body, article->body_bytes});
    if (number == ARTICLES / 2) {
      engine_require(sy_writer_commit(run.writer, &error), &error, "sy_writer_commit");
    }
  }
  engine_require(sy_writer_commit(run.writer, &error), &error, "sy_writer_commit");
  run.index = engine_open(run.directory);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  sy_index_close(run.index);
  sy_writer_close(run.writer);
  engine_remove(run.directory);
  model_free(run.list);
  return 0;
}

/* ---- One snippet --------------------------------------------------------------------------- */

/* Adds the phrases of `query` that speak for a match in title or body to `phrases`. */
static void collect(const model_query *query, bool in_title, snippet_phrases *phrases) {
  size_t children = query->kind == Q_NOT ? 1 : query->children;
  for (size_t i = 0; i < children && query->children > 0; i++) {
    collect(query->child[i], in_title, phrases);
  }
  if (query->children > 0 || query->field == (in_title ? IN_BODY : IN_TITLE)) return;
  assert_true(phrases->count < SNIPPET_PHRASES);
  phrases->prefix[phrases->count] = query->kind == Q_PREFIX;
  phrases->at[phrases->count++] = &query->units;
}

static bool occurs(const brute_text *text, const snippet_phrases *phrases) {
  for (size_t i = 0; i < phrases->count; i++) {
    if (brute_find(run.list->reader, text, phrases->at[i], phrases->prefix[i], 0) != BRUTE_NONE) {
      return true;
    }
  }
  return false;
}

/* NULL, or what is wrong with the snippet of `article` for `query`. */
static const char *check_snippet(const sy_snippet *snippet, const model_query *query,
                                 const model_article *article) {
  brute *reader = run.list->reader;
  snippet_phrases in_title = {0}, in_body = {0};
  const char *wrong;
  collect(query, true, &in_title);
  collect(query, false, &in_body);

  if (snippet->title.bytes != article->title_bytes ||
      memcmp(snippet->title.data, article->title, article->title_bytes) != 0) {
    return "the title is not the article's";
  }
  wrong = snippet_check_highlights(reader, snippet->title, snippet->title_highlights,
                                   snippet->title_highlight_count, &in_title);
  if (wrong) return wrong;
  wrong = snippet_check_highlights(reader, snippet->text, snippet->highlights,
                                   snippet->highlight_count, &in_body);
  if (wrong) return wrong;
  wrong = snippet_check_pieces(snippet->text, snippet->highlights, snippet->highlight_count,
                               (sy_string){article->body, article->body_bytes});
  if (wrong) return wrong;
  wrong = snippet_check_complete(reader, snippet->text, snippet->highlights,
                                 snippet->highlight_count, &in_body);
  if (wrong) return wrong;
  if (occurs(&article->title_units, &in_title) != (snippet->title_highlight_count > 0)) {
    return "title highlights where there is no match, or none where there is one";
  }
  if (occurs(&article->body_units, &in_body) != (snippet->highlight_count > 0)) {
    return "body highlights where there is no match, or none where there is one";
  }
  if (article->body_units.count > 0 && snippet->text.bytes == 0) return "the text is empty";
  return NULL;
}

static void fail_snippet(const sy_snippet *snippet, const char *text, const model_article *article,
                         const char *wrong) {
  print_error("title: %.*s\n", (int)snippet->title.bytes, snippet->title.data);
  print_error("snippet: %.*s\n", (int)snippet->text.bytes, snippet->text.data);
  for (size_t i = 0; i < snippet->highlight_count; i++) {
    sy_range range = snippet->highlights[i];
    print_error("highlight %u-%u: %.*s\n", range.start, range.end, (int)(range.end - range.start),
                snippet->text.data + range.start);
  }
  print_error("body: %s\n", article->body);
  fail_msg("%s\nseed %llu, article %s, query: %s", wrong, (unsigned long long)run.seed, article->id,
           text);
}

static void check_query(random_source *random, const model_query *wanted) {
  char *text = model_query_render(wanted, false);
  sy_query *query = engine_parse(text, false);
  sy_results *results = engine_search(run.index, query, (sy_search_options){.limit = HITS});
  for (size_t rank = 0; rank < sy_results_count(results); rank++) {
    sy_snippet_options options = SY_SNIPPET_OPTIONS_DEFAULT;
    sy_snippet snippet = {0};
    sy_error error = {0};
    bool chosen = random_one_in(random, 2);
    if (chosen) options.passages = 1 + random_below(random, 4);
    if (chosen) options.passage_characters = 100 + random_below(random, 200);
    uint64_t number = sy_results_hit(results, rank)->article;
    engine_require(
        sy_snippet_make(run.index, query, number, chosen ? &options : NULL, &snippet, &error),
        &error, "sy_snippet_make");
    model_article *article = model_live(run.list, model_number(snippet.id));
    if (!article) fail_msg("the snippet has the id of no article");
    const char *wrong = check_snippet(&snippet, wanted, article);
    if (wrong) fail_snippet(&snippet, text, article, wrong);
  }
  sy_results_free(results);
  sy_query_free(query);
  free(text);
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void test_phrases(void **state) {
  (void)state;
  random_source random = {run.seed + 1};
  for (int i = 0; i < QUERIES; i++) {
    query_field field = (query_field)random_below(&random, 3);
    model_query *wanted = model_query_phrase(run.list, &random, field, PHRASE_UNITS);
    check_query(&random, wanted);
    model_query_free(wanted);
  }
}

/* AND, OR and NOT of two phrases: only what is wanted is highlighted. */
static void test_groups(void **state) {
  (void)state;
  random_source random = {run.seed + 2};
  for (int i = 0; i < QUERIES; i++) {
    static const query_kind kinds[] = {Q_AND, Q_OR, Q_NOT};
    model_query *wanted = calloc(1, sizeof(*wanted));
    wanted->kind = kinds[i % 3];
    wanted->children = 2;
    for (size_t j = 0; j < 2; j++) {
      query_field field = (query_field)random_below(&random, 3);
      wanted->child[j] = model_query_phrase(run.list, &random, field, 3);
    }
    check_query(&random, wanted);
    model_query_free(wanted);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_phrases),
      cmocka_unit_test(test_groups),
  };
  return cmocka_run_group_tests_name("oracle: snippets", tests, set_up, tear_down);
}
