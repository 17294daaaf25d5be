/*
 * test_parse.c - the query language. Trees are compared as text:
 *
 *   x  "x"  x*  "x"*     a word, a phrase, either as a prefix; title:x in a field
 *   (+a ?b -c)           a group of a MUST, a SHOULD and a MUST_NOT
 *   !5 reason            an error at column 5
 */
#include "base/bytes.h"
#include "query/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- Printing trees ---- */

static void put(sy_buffer *out, const char *text) { sy_buffer_append(out, text, strlen(text)); }

static void print_node(sy_buffer *out, const sy_node *node) {
  if (node->kind == SY_NODE_GROUP) {
    put(out, "(");
    for (const sy_node *child = node->child; child; child = child->next) {
      put(out, child->occur == SY_MUST ? "+" : child->occur == SY_SHOULD ? "?" : "-");
      print_node(out, child);
      if (child->next) put(out, " ");
    }
    put(out, ")");
    return;
  }
  const char *quote = node->kind == SY_NODE_PHRASE ? "\"" : "";
  if (node->fields == SY_FIELD_TITLE) put(out, "title:");
  if (node->fields == SY_FIELD_BODY) put(out, "body:");
  if (node->fields == SY_FIELD_ID) put(out, "id:");
  put(out, quote);
  sy_buffer_append(out, node->text.data, node->text.bytes);
  put(out, quote);
  if (node->prefix) put(out, "*");
}

/* The tree or the error as a terminated string. Owned by the caller: free(). */
static char *parse(const char *text, size_t bytes, bool any) {
  sy_buffer out = {0};
  sy_query *query = NULL;
  sy_error error = {0};
  sy_status status = sy_query_parse((sy_string){text, bytes}, any, &query, &error);
  if (status == SY_OK) {
    assert_int_equal(query->root->occur, SY_MUST);
    print_node(&out, query->root);
  } else {
    char head[32];
    snprintf(head, sizeof head, "!%u ", (unsigned)error.column);
    assert_null(query);
    assert_int_equal(error.status, status);
    put(&out, head);
    put(&out, error.reason);
  }
  sy_query_free(query);
  sy_buffer_u8(&out, 0);
  assert_false(out.failed);
  return (char *)out.data;
}

typedef struct parse_case {
  const char *query, *tree;
} parse_case;

static void check_cases(const parse_case *cases, size_t count, bool any) {
  size_t wrong = 0;
  for (size_t i = 0; i < count; i++) {
    char *got = parse(cases[i].query, strlen(cases[i].query), any);
    if (strcmp(got, cases[i].tree)) {
      print_error("query    %s\nexpected %s\ngot      %s\n", cases[i].query, cases[i].tree, got);
      wrong++;
    }
    free(got);
  }
  assert_int_equal(wrong, 0);
}

#define CHECK(cases, any) check_cases(cases, sizeof cases / sizeof *cases, any)

/* ---- Cases ---- */

static void test_words_and_phrases(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"机器", "机器"},
      {"  机器　", "机器"},
      {"机器 学习", "(+机器 +学习)"},
      {"机器　学习\t\n深\xc2\xa0度", "(+机器 +学习 +深 +度)"},
      {"a b c", "(+a +b +c)"},
      {"\"机器 学习\"", "\"机器 学习\""},
      {"“机器”", "\"机器\""},
      {"「机器」", "\"机器\""},
      {"『机器』", "\"机器\""},
      {"＂机器＂", "\"机器\""},
      {"“他说\"好\"了”", "\"他说\"好\"了\""},
      {"「外『内』外」", "\"外『内』外\""},
      {"\"「内」\"", "\"「内」\""},
      {"论“自由”与平等", "(+论 +\"自由\" +与平等)"},
      {"\"a\"\"b\"", "(+\"a\" +\"b\")"},
      {"\"a\\\"b\\\\c\"", "\"a\"b\\c\""},
      {"“a\\”b”", "\"a”b\""},
      {"你好，世界！", "你好，世界！"},
      {"。", "。"},
      {"don't ‘x’", "(+don't +‘x’)"},
      {"and or not", "(+and +or +not)"},
      {"ANDROID ORB NOTE", "(+ANDROID +ORB +NOTE)"},
      {"机器AND学习", "机器AND学习"},
      {"AND, OR: NOT.", "(+AND, +OR: +NOT.)"},
      {"AND*", "AND*"},
  };
  CHECK(cases, false);
}

static void test_operators(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"a AND b", "(+a +b)"},
      {"a OR b", "(?a ?b)"},
      {"a | b", "(?a ?b)"},
      {"a|b||c", "(?a ?b ?c)"},
      {"机器｜学习", "(?机器 ?学习)"},
      {"a ＯＲ b", "(?a ?b)"},
      {"a NOT b", "(+a -b)"},
      {"a AND NOT b", "(+a -b)"},
      {"a -b", "(+a -b)"},
      {"a －b", "(+a -b)"},
      {"a +b", "(+a +b)"},
      {"＋a ＋b", "(+a +b)"},
      {"a AND -b", "(+a -b)"},
      {"NOT a", "(-a)"},
      {"-a", "(-a)"},
      {"+a", "a"},
      {"-a -b", "(-a -b)"},
      {"NOT NOT a", "a"},
      {"NOT -a", "a"},
      {"NOT +a", "(-a)"},
      {"NOT NOT NOT a", "(-a)"},
      {"a b OR c", "(?(+a +b) ?c)"},
      {"a OR b c", "(?a ?(+b +c))"},
      {"a OR b AND c OR d", "(?a ?(+b +c) ?d)"},
      {"a OR -b", "(?a ?(-b))"},
      {"a OR b -c", "(?a ?(+b -c))"},
      {"a OR NOT b", "(?a ?(-b))"},
      {"NOT a b", "(-a +b)"},
      {"\"a\" -\"b\"", "(+\"a\" -\"b\")"},
      {"\"a\"-b", "(+\"a\" -b)"},
      {"“a”AND“b”", "(+\"a\" +\"b\")"},
      {"“a”OR“b”NOT“c”", "(?\"a\" ?(+\"b\" -\"c\"))"},
  };
  CHECK(cases, false);
}

static void test_groups(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"(a)", "a"},
      {"((a))", "a"},
      {"(a b)", "(+a +b)"},
      {"a (b c)", "(+a +(+b +c))"},
      {"a AND (b OR c)", "(+a +(?b ?c))"},
      {"a（b｜c）", "(+a +(?b ?c))"},
      {"（a OR b)c", "(+(?a ?b) +c)"},
      {"-(a b)", "(-(+a +b))"},
      {"NOT(a OR b)", "(-(?a ?b))"},
      {"a NOT (b OR c)", "(+a -(?b ?c))"},
      {"(-a) b", "(+(-a) +b)"},
      {"a -(-b)", "(+a -(-b))"},
      {"(a)(b)", "(+a +b)"},
      {"( a OR b ) AND ( c )", "(+(?a ?b) +c)"},
      {"(NOT a NOT b)", "(-a -b)"},
  };
  CHECK(cases, false);
}

static void test_signs_in_text(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"Llama-4", "Llama-4"},
      {"C++", "C++"},
      {"a - b", "(+a +- +b)"},
      {"a + b", "(+a ++ +b)"},
      {"a -", "(+a +-)"},
      {"(a -)", "(+a +-)"},
      {"--color", "--color"},
      {"-+a", "-+a"},
      {"a –b", "(+a +–b)"},
      {"-AND", "(-AND)"},
      {"a -OR", "(+a -OR)"},
      {"a !b && c", "(+a +!b +&& +c)"},
      {"x~2 y^3", "(+x~2 +y^3)"},
      {"C:\\dir\\x", "C:\\dir\\x"},
      {"\\-a \\AND b", "(+-a +\\AND +b)"},
      {"a\\ b", "a b"},
      {"\\(a\\)", "(a)"},
      {"a\\|b\\\\", "a|b\\"},
      {"a\\", "a\\"},
      {"\\“a\\”", "“a”"},
  };
  CHECK(cases, false);
}

static void test_fields(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"title:机器", "title:机器"},
      {"TITLE:a Body:b iD:c", "(+title:a +body:b +id:c)"},
      {"title：机器", "title:机器"},
      {"ｔｉｔｌｅ：机器", "title:机器"},
      {"title:\"a b\"", "title:\"a b\""},
      {"title：「a b」*", "title:\"a b\"*"},
      {"title:(a OR \"b\")", "(?title:a ?title:\"b\")"},
      {"body:(a title:b (c -d))", "(+body:a +title:b +(+body:c -body:d))"},
      {"title:(a) b", "(+title:a +b)"},
      {"-title:a", "(-title:a)"},
      {"NOT id:a", "(-id:a)"},
      {"id:-5", "id:-5"},
      {"id:http://x/?a=b", "id:http://x/?a=b"},
      {"id:\"编号 7/x-7\"", "id:\"编号 7/x-7\""},
      {"id:title:x", "id:title:x"},
      {"title:body:x", "title:body:x"},
      {"title:AND", "title:AND"},
      {"title: a", "(+title: +a)"},
      {"title:", "title:"},
      {"(title:)", "title:"},
      {"title\\:a", "title:a"},
      {"http://x", "http://x"},
      {"subtitle:a", "subtitle:a"},
      {"titles:a", "titles:a"},
      {"author:a", "author:a"},
      {"时间：12:30", "时间：12:30"},
      {"title:--a", "title:--a"},
  };
  CHECK(cases, false);
}

static void test_prefixes(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"Llama*", "Llama*"},
      {"Llama＊", "Llama*"},
      {"机*", "机*"},
      {"\"Llama 4\"*", "\"Llama 4\"*"},
      {"“开放”＊ 源", "(+\"开放\"* +源)"},
      {"(Llama* OR b)", "(?Llama* ?b)"},
      {"a*|b", "(?a* ?b)"},
      {"a**", "a*"},
      {"a*b", "a*b"},
      {"\"a\"*b", "(+\"a\" +*b)"},
      {"2 * 3", "(+2 +* +3)"},
      {"*a", "*a"},
      {"*", "*"},
      {"a\\*", "a*"}, /* the same letters; test_escaped_star() tells them apart */
      {"-a*", "(-a*)"},
      {"title:a*", "title:a*"},
  };
  CHECK(cases, false);
}

static void test_any(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"a", "a"},
      {"a b", "(?a ?b)"},
      {"+a b", "(+a ?b)"},
      {"a -b", "(?a -b)"},
      {"a NOT b", "(?a -b)"},
      {"a b AND c d", "(?a +b +c ?d)"},
      {"a AND NOT b", "(+a -b)"},
      {"NOT NOT a b", "(+a ?b)"},
      {"a OR b c", "(?a ?(?b ?c))"},
      {"(a b) c", "(?(?a ?b) ?c)"},
      {"\"a b\" c*", "(?\"a b\" ?c*)"},
      {"-a", "(-a)"},
      {"+a", "a"},
      {"title:(a b)", "(?title:a ?title:b)"},
  };
  CHECK(cases, true);
}

static void test_errors(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"", "!1 empty query"},
      {" 　\n", "!1 empty query"},
      {"\"a", "!1 unclosed quotation mark"},
      {"机器 “学习\"", "!4 unclosed quotation mark"},
      {"机器 「学习”", "!4 unclosed quotation mark"},
      {"\"a\\\"", "!1 unclosed quotation mark"},
      {"5\"", "!2 unclosed quotation mark"},
      {"\"\"", "!1 nothing between the quotation marks"},
      {"a “　”", "!3 nothing between the quotation marks"},
      {"a”", "!2 closing quotation mark without an opening one"},
      {"”a”", "!1 closing quotation mark without an opening one"},
      {"a NOT 」", "!7 closing quotation mark without an opening one"},
      {"(a", "!1 unclosed parenthesis"},
      {"a （b (c)", "!3 unclosed parenthesis"},
      {"a)", "!2 closing parenthesis without an opening one"},
      {"a b) c", "!4 closing parenthesis without an opening one"},
      {")", "!1 expected a term, found )"},
      {"()", "!2 expected a term, found )"},
      {"机器（）", "!4 expected a term, found )"},
      {"(", "!2 expected a term, found the end of the query"},
      {"AND", "!1 expected a term, found AND"},
      {"AND a", "!1 expected a term, found AND"},
      {"OR a", "!1 expected a term, found OR"},
      {"| a", "!1 expected a term, found |"},
      {"NOT", "!4 expected a term, found the end of the query"},
      {"机器 AND", "!7 expected a term, found the end of the query"},
      {"机器 AND ", "!8 expected a term, found the end of the query"},
      {"a OR", "!5 expected a term, found the end of the query"},
      {"a |", "!4 expected a term, found the end of the query"},
      {"a NOT", "!6 expected a term, found the end of the query"},
      {"a AND OR b", "!7 expected a term, found OR"},
      {"a OR AND b", "!6 expected a term, found AND"},
      {"a ||| b", "!5 expected a term, found |"},
      {"a NOT AND b", "!7 expected a term, found AND"},
      {"(a OR) b", "!6 expected a term, found )"},
      {"NOT)", "!4 expected a term, found )"},
      {"(a b)*", "!6 * can follow only a word or a phrase"},
      {"\"a b\"~5", "!6 ~ is no operator of this query language"},
      {"(a)^2 b", "!4 ^ is no operator of this query language"},
      {"title:-a", "!7 - belongs before the name of the field"},
      {"a body：＋b", "!8 + belongs before the name of the field"},
      {"𠀀𠀀 )", "!4 closing parenthesis without an opening one"},
  };
  CHECK(cases, false);
}

static sy_query *must_parse(const char *text) {
  sy_query *query = NULL;
  sy_error error = {0};
  assert_int_equal(sy_query_parse((sy_string){text, strlen(text)}, 0, &query, &error), SY_OK);
  return query;
}

static void test_escaped_star(void **state) {
  (void)state;
  sy_query *query = must_parse("a\\*");
  assert_false(query->root->prefix);
  assert_int_equal(query->root->text.bytes, 2);
  sy_query_free(query);
}

static void test_columns(void **state) {
  (void)state;
  sy_query *query = must_parse("机器 -title:“学习” (a OR bc)");
  const sy_node *node = query->root;
  assert_int_equal(node->column, 1);
  node = node->child;
  assert_int_equal(node->column, 1);
  node = node->next;
  assert_int_equal(node->column, 5); /* behind the sign, before the field */
  node = node->next;
  assert_int_equal(node->column, 17);
  assert_int_equal(node->child->column, 17);
  assert_int_equal(node->child->next->column, 22);
  sy_query_free(query);
}

static void test_literal_phrase(void **state) {
  (void)state;
  static const char text[] = " a\" OR (b* \\title:x";
  sy_query *query = NULL;
  assert_int_equal(sy_query_phrase((sy_string){text, strlen(text)}, true, &query, NULL), SY_OK);
  const sy_node *root = query->root;
  assert_int_equal(root->kind, SY_NODE_PHRASE);
  assert_int_equal(root->fields, SY_FIELD_TITLE);
  assert_false(root->prefix);
  assert_null(root->next);
  assert_int_equal(root->text.bytes, strlen(text));
  assert_memory_equal(root->text.data, text, strlen(text));
  sy_query_free(query);
  assert_int_equal(sy_query_phrase((sy_string){"甲", 3}, false, &query, NULL), SY_OK);
  assert_int_equal(query->root->fields, SY_FIELD_BODY);
  sy_query_free(query);
  assert_int_equal(sy_query_phrase((sy_string){NULL, 0}, false, &query, NULL), SY_SYNTAX);
  assert_null(query);
  sy_query_free(NULL);
}

/* Bytes that are no UTF-8 count as one character each and come through. */
static void test_invalid_utf8(void **state) {
  (void)state;
  static const parse_case cases[] = {
      {"\xff", "\xff"},
      {"\xe6\x9c", "\xe6\x9c"},
      {"\xe6\x9c a", "(+\xe6\x9c +a)"},
      {"\"\xc0\x80\xed\xa0\x80\"", "\"\xc0\x80\xed\xa0\x80\""},
      {"\xf5\x80 )", "!4 closing parenthesis without an opening one"},
      {"\xf0\x9f (", "!5 expected a term, found the end of the query"},
  };
  CHECK(cases, false);
  char *tree = parse("a\0b \0", 5, false);
  assert_memory_equal(tree, "(+a\0b +\0)", 10);
  free(tree);
}

/* ---- Limits ---- */

static sy_status parse_repeated(const char *before, const char *middle, const char *after,
                                size_t times, size_t *children, sy_error *error) {
  sy_buffer text = {0};
  for (size_t i = 0; i < times; i++) put(&text, before);
  put(&text, middle);
  for (size_t i = 0; i < times; i++) put(&text, after);
  assert_false(text.failed);
  sy_query *query = NULL;
  sy_status status = sy_query_parse((sy_string){(char *)text.data, text.bytes}, 0, &query, error);
  *children = 0;
  if (status == SY_OK) {
    for (const sy_node *at = query->root->child; at; at = at->next) (*children)++;
  }
  sy_query_free(query);
  sy_buffer_free(&text);
  return status;
}

static void test_limits(void **state) {
  (void)state;
  size_t children;
  sy_error error = {0};
  assert_int_equal(parse_repeated("(", "a", ")", SY_QUERY_MAX_DEPTH, &children, &error), SY_OK);
  assert_int_equal(parse_repeated("(", "a", ")", SY_QUERY_MAX_DEPTH + 1, &children, &error),
                   SY_LIMIT);
  assert_int_equal(error.status, SY_LIMIT);
  assert_non_null(strstr(error.reason, "(column 201)"));
  assert_int_equal(parse_repeated("(", "", "", 500000, &children, &error), SY_LIMIT);
  assert_int_equal(parse_repeated("(a OR NOT ", "b", " c)", SY_QUERY_MAX_DEPTH, &children, &error),
                   SY_OK);
  assert_int_equal(parse_repeated("(a) ", "b", "", 100000, &children, &error), SY_OK);
  assert_int_equal(children, 100001);
  assert_int_equal(parse_repeated("", "b", " OR 机器", 100000, &children, &error), SY_OK);
  assert_int_equal(children, 100001);
  assert_int_equal(parse_repeated("NOT ", "b", "", 100000, &children, &error), SY_OK);
  assert_int_equal(parse_repeated("a", "", "", SY_QUERY_MAX_BYTES, &children, &error), SY_OK);
  assert_int_equal(parse_repeated("a", "", "", SY_QUERY_MAX_BYTES + 1, &children, &error),
                   SY_LIMIT);
  assert_int_equal(parse_repeated("a", "", "", SY_QUERY_MAX_BYTES + 1, &children, NULL), SY_LIMIT);
}

/* ---- Random queries ---- */

static uint32_t random_below(uint64_t *state, uint32_t bound) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33) % bound;
}

static void check_node(const sy_node *node, size_t *text_bytes, int depth) {
  assert_true(depth <= 3 * SY_QUERY_MAX_DEPTH);
  assert_true(node->column >= 1);
  if (node->kind != SY_NODE_GROUP) {
    assert_null(node->child);
    assert_true(node->text.bytes >= 1);
    *text_bytes += node->text.bytes;
    return;
  }
  assert_non_null(node->child);
  assert_true(node->child->next || node->child->occur == SY_MUST_NOT);
  for (const sy_node *child = node->child; child; child = child->next) {
    check_node(child, text_bytes, depth + 1);
  }
}

static void test_random(void **state) {
  (void)state;
  static const char *const pieces[] = {
      "AND", "OR", "NOT", " AND ", " OR ", " NOT ",  "(",      ")",    "（",       "）", "\"", "\"",
      "“",   "”",  "「",  "」",    "『",   "』",     "＂",     "+",    "-",        "－", "＋", "|",
      "｜",  "*",  "＊",  ":",     "：",   "title:", "body：", "id:",  " ",        " ",  "　", "\\",
      "a",   "机", "器",  "~",     "^",    "\n",     "\xff",   "\xe6", "\xf0\x9f", "𠀀",
  };
  uint64_t seed = 20240601;
  size_t good = 0;
  for (int round = 0; round < 100000; round++) {
    char text[256];
    size_t bytes = 0;
    for (uint32_t count = random_below(&seed, 20); count > 0; count--) {
      const char *piece = pieces[random_below(&seed, sizeof pieces / sizeof *pieces)];
      memcpy(text + bytes, piece, strlen(piece));
      bytes += strlen(piece);
    }
    if (round % 4 == 0) { /* raw bytes as well */
      for (size_t i = 0; i < bytes; i++) text[i] = (char)random_below(&seed, 256);
    }
    char *exact = malloc(bytes ? bytes : 1); /* so that ASan sees a read past the end */
    assert_non_null(exact);
    memcpy(exact, text, bytes);
    sy_query *query = NULL;
    sy_error error = {0};
    sy_status status = sy_query_parse((sy_string){exact, bytes}, round % 2, &query, &error);
    if (status == SY_OK) {
      size_t text_bytes = 0;
      good++;
      check_node(query->root, &text_bytes, 0);
      assert_true(text_bytes <= bytes);
    } else {
      assert_int_equal(status, SY_SYNTAX);
      assert_in_range(error.column, 1, bytes + 1);
      assert_int_not_equal(error.reason[0], 0);
    }
    sy_query_free(query);
    free(exact);
  }
  assert_true(good > 5000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_words_and_phrases),
      cmocka_unit_test(test_operators),
      cmocka_unit_test(test_groups),
      cmocka_unit_test(test_signs_in_text),
      cmocka_unit_test(test_fields),
      cmocka_unit_test(test_prefixes),
      cmocka_unit_test(test_any),
      cmocka_unit_test(test_errors),
      cmocka_unit_test(test_escaped_star),
      cmocka_unit_test(test_columns),
      cmocka_unit_test(test_literal_phrase),
      cmocka_unit_test(test_invalid_utf8),
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
