/*
 * test_forms.c - what a query finds that is written otherwise than the text, and what it does not:
 * a table of cases (docs/text.md, docs/query.md). Each text is an article of its own index.
 */
#include "tests/query/search_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 12

typedef struct form_case {
  const char *text;
  const char *found[MOST];  /* queries that must find it */
  const char *missed[MOST]; /* queries that must not */
} form_case;

static const form_case cases[] = {
    /* scripts and variants */
    {"機器之心報道", {"机器之心报道", "機器之心報道", "机器", "=機器"}, {"=机器", "器机"}},
    {"机器之心报道", {"機器之心報道", "=机器"}, {"=機器", "=\"機器之心\""}},
    {"頭髮與發展", {"头发", "發展", "头髮", "=頭髮", "发"}, {"=頭发", "=发", "=头发"}},
    {"着裏麵為爲", {"著裡面为为", "=裏麵"}, {"=裡面"}},
    {"経済と発展", {"经济", "發展", "经済"}, {"=经济", "=发展"}},
    {"臺灣大學", {"台湾大学", "台灣", "=臺灣大學"}, {"=台灣"}},
    /* case and width */
    {"ＦＡＩＲ实验室", {"fair", "FAIR", "=ＦＡＩＲ", "Ｆair*"}, {"=FAIR", "=fair", "air"}},
    {"iPhone手机", {"iphone", "IPHONE手机", "=iPhone", "iph*"}, {"=iphone", "phone"}},
    /* glosses */
    {"機(jī)器(qì)之(zhī)心(xīn)", {"机器之心", "=機器之心", "\"機器\""}, {"ji", "qì", "=机器"}},
    {"他們(men)來了(le)", {"他们来了", "們來"}, {"men", "le"}},
    {"F(xiàn)AIR", {"FAIR", "=FAIR"}, {"xian", "air"}},
    {"函数(a)与甲(a)乙(b)", {"a", "函数", "b"}, {"甲乙", "函数与"}},
    {"大模型(LLM)与漢字(かんじ)", {"llm", "大模型", "かんじ", "漢字"}, {"模型与"}},
    /* lines */
    {"机器\n　　之心\n- 12 -\n报道", {"机器之心报道", "心报"}, {"12"}},
    {"姓名\t年龄\n- 机器\n- 之心", {"姓名", "机器", "之心"}, {"名年", "器之"}},
    {"机器\n\n之心", {"机器", "之心"}, {"器之"}},
    {"|机器|之心|", {"机器", "\"机器|之心\""}, {"器之"}},
    /* mixed scripts */
    {"C语言与C++、.NET、node.js",
     {"C语言", "C++", "net", ".NET", "node.js", "node", "js", "\"C\""},
     {"ode", "C++语言"}},
    {"只有C++", {"C++", "c++"}, {"C", "C语言"}},
    {"GPT-4o与5G网络，A股，T恤，x86_64",
     {"GPT-4o", "gpt", "4o", "5G网络", "5g", "A股", "T恤", "x86_64", "x86", "gpt-*", "\"4o与\""},
     {"GPT4o", "G网络", "86", "x8664"}},
    {"3.14、1,000、2025年7月", {"3.14", "1,000", "2025年", "7月"}, {"314", "1000", "025年"}},
    {"见https://example.com/a_b?q=1和a.b@c.cn以及#话题#",
     {"example.com", "example", "\"example.com/a_b\"", "a.b@c.cn", "话题", "q"},
     {"examplecom", "ample"}},
    {"👩‍💻写代码👍🏽", {"👩‍💻", "👩", "💻", "👍", "👍🏿", "写代码"}, {"😀"}},
    /* rare characters */
    {"𠀀𪚥之字，𰻞面",
     {"𠀀", "𠀀𪚥", "𪚥之字", "𰻞面", "\"𰻞\""},
     {"𪚥𠀀", "面𰻞"}},
    {"⿰亻青与⻣⼈、葛\U000E0100城", {"⿰亻青", "骨人", "葛城", "亻"}, {"青人"}},
    {"二〇〇〇年々〇", {"二〇", "々〇", "年々"}, {"〇二"}},
    {"\uE000私\uF8FF", {"\uE000", "\uE000私", "私\uF8FF"}, {"\uE001"}},
    {"机\u200B器e\u0301te\u0301", {"机器", "été", "ÉTÉ"}, {"ete"}},
    {"豈更車賈", {"岂更车贾", "豈更"}, {"岂车"}}, /* CJK compatibility ideographs */
    /* dates */
    {"二〇二五年七月十五日发布",
     {"2025年", "2025年7月", "2025年7月15日", "2025年07月", "二零二五年"},
     {"\"2025年\"", "=2025年", "2026年", "025年", "2025年8月", "7月"}},
    {"2025年12月31日",
     {"二〇二五年", "二零二五年十二月", "二〇二五年十二月三十一日", "２０２５年"},
     {"二〇二五", "十二月", "\"二〇二五年\"", "二〇二四年", "二〇二五年十二月三十日"}},
    {"一九九八年", {"1998年", "1998年*"}, {"998年", "1999年"}},
    /* readings */
    {"機器之心報道",
     {"pinyin:jiqizhixin", "pinyin:\"ji qi\"", "py:jqzx", "pinyin:jīqì", "py:jqzhxbd",
      "PINYIN:JiQi", "body:pinyin:xinbao"},
     {"pinyin:jixin", "py:qj", "title:py:jq", "pinyin:xinbo"}},
    {"西安与绿女重行",
     {"pinyin:xian", "pinyin:\"xi an\"", "pinyin:lvnv", "pinyin:lünü", "pinyin:chongxing",
      "pinyin:zhonghang", "py:lnz"},
     {"pinyin:xiang", "py:lz"}},
};

static int count_wrong(fixture *f, const form_case *c) {
  int wrong = 0;
  for (size_t i = 0; i < MOST && c->found[i]; i++) {
    if (*found(f, c->found[i], 10, 0)) continue;
    print_error("\"%s\" is not found by %s\n", c->text, c->found[i]);
    wrong++;
  }
  for (size_t i = 0; i < MOST && c->missed[i]; i++) {
    if (!*found(f, c->missed[i], 10, 0)) continue;
    print_error("\"%s\" is found by %s\n", c->text, c->missed[i]);
    wrong++;
  }
  return wrong;
}

static void test_table(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture *f = fixture_new(SY_TEXT_DEFAULT);
    void *of = f;
    add(f, "it", "", cases[i].text);
    commit(f);
    wrong += count_wrong(f, &cases[i]);
    teardown(&of);
  }
  assert_int_equal(wrong, 0);
}

/* Without folding every search is an exact one. */
static void test_unfolded(void **state) {
  fixture *f = fixture_new(SY_TEXT_GLOSS | SY_TEXT_SPACE);
  *state = f;
  add(f, "t", "", "機器 FAIR");
  add(f, "s", "", "机器 fair");
  commit(f);
  assert_string_equal(found(f, "機器", 10, 0), "t");
  assert_string_equal(found(f, "=機器", 10, 0), "t");
  assert_string_equal(found(f, "=fair", 10, 0), "s");
  assert_string_equal(found(f, "pinyin:jiqi", 10, 0), "t s");
}

/* Equal scores: the form that was typed comes first, on whatever page. */
static void test_typed_first(void **state) {
  fixture *f = *state;
  char id[16], all[512] = "", wanted[512] = "";
  for (int i = 0; i < 60; i++) {
    snprintf(id, sizeof id, "%c%d", i % 2 ? 't' : 's', i);
    add(f, id, "", i % 2 ? "機器" : "机器");
  }
  commit(f);
  sy_search_options options = SY_SEARCH_OPTIONS_DEFAULT;
  options.typed_first = true;
  options.limit = 60;
  strcpy(all, found_with(f, "機器", &options));
  assert_true(strstr(all, "t31 s0") != NULL && !strncmp(all, "t1 t3 ", 6)); /* groups of 32 */
  for (options.offset = 0, options.limit = 7; options.offset < 60; options.offset += 7) {
    if (options.offset) strcat(wanted, " ");
    strcat(wanted, found_with(f, "機器", &options));
  }
  assert_string_equal(wanted, all);
  options = (sy_search_options)SY_SEARCH_OPTIONS_DEFAULT;
  options.limit = 3;
  assert_string_equal(found_with(f, "機器", &options), "s0 t1 s2");
  options.typed_first = true;
  assert_string_equal(found_with(f, "机器", &options), "s0 s2 s4");
  assert_string_equal(found_with(f, "机器之心与机器", &options), "s0 s2 s4");
}

/* Highlights of an exact query are the exact ones. */
static void test_exact_snippet(void **state) {
  fixture *f = *state;
  add(f, "a", "机器與機器", "机器、機(jī)器、機器");
  commit(f);
  sy_query *query = parse(f, "=機器");
  sy_snippet snippet;
  sy_error error;
  assert_int_equal(sy_snippet_make(f->index, query, 0, NULL, &snippet, &error), SY_OK);
  assert_int_equal(snippet.title_highlight_count, 1);
  assert_int_equal(snippet.title_highlights[0].start, 9);
  assert_int_equal(snippet.highlight_count, 2);
  assert_int_equal(snippet.highlights[0].start, 9);
  assert_int_equal(snippet.highlights[0].end, 9 + 3 + 5 + 3);
  sy_query_free(query);
}

/* ---- Readings ---- */

static void remember(void *context, const sy_expansion *expansion) {
  char *out = context, number[32];
  for (size_t i = 0; i < expansion->count; i++) {
    snprintf(number, sizeof number, " %llu ", (unsigned long long)expansion->articles[i]);
    strncat(out, expansion->phrases[i].data, expansion->phrases[i].bytes);
    strcat(out, number);
  }
  if (!expansion->complete) strcat(out, "...");
}

static const char *expand(fixture *f, const char *query) {
  static char out[4096];
  sy_error error;
  sy_query *parsed;
  out[0] = 0;
  assert_int_equal(sy_query_parse(text(query), 0, &parsed, &error), SY_OK);
  assert_int_equal(sy_query_expand(f->index, parsed, remember, out, &error), SY_OK);
  sy_query_free(parsed);
  return out;
}

/* Phrases that occur, the most frequent first, in whatever segments they are. */
static void test_expansion(void **state) {
  fixture *f = *state;
  add(f, "1", "机器", "机器之心，集齐，几期");
  add(f, "2", "", "机器人，集齐了");
  commit(f);
  add(f, "3", "", "機器、器之心，机，之期");
  commit(f);
  assert_string_equal(expand(f, "pinyin:jiqi"), "机器 3 集齐 2 几期 1 ");
  assert_string_equal(expand(f, "title:pinyin:jiqi"), "机器 1 ");
  assert_string_equal(expand(f, "pinyin:jiqizhixin"), "机器之心 1 ");
  assert_string_equal(expand(f, "pinyin:zhixin"), "之心 2 ");
  assert_string_equal(expand(f, "py:jqzx"), "机器之心 1 ");
  assert_string_equal(expand(f, "py:xj"), "");
  assert_string_equal(expand(f, "pinyin:ren"), "人 1 ");
  assert_string_equal(expand(f, "pinyin:ren OR py:jqr"), "人 1 机器人 1 ");
  assert_string_equal(found(f, "pinyin:jiqi -集齐", 10, 0), "3");
  assert_string_equal(found(f, "py:xj", 10, 0), "");
  assert_string_equal(found(f, "-py:xj", 10, 0), "1 2 3");
}

/* Every phrase of a small vocabulary that is read so, against a scan of all of them. */
static void test_expansion_is_complete(void **state) {
  fixture *f = *state;
  static const char *const ji[] = {"机", "集", "几", "鸡"}, *const qi[] = {"器", "期", "七"},
                           *const shi[] = {"是", "时", "十"};
  size_t wanted = 0;
  for (size_t i = 0; i < 36; i++) {
    if (i % 5 == 0) continue; /* these do not occur; more articles have those with a larger i */
    char body[64];
    snprintf(body, sizeof body, "%s%s%s", ji[i % 4], qi[i / 4 % 3], shi[i / 12]);
    for (size_t k = 0; k <= i; k++) {
      char id[32];
      snprintf(id, sizeof id, "%zu-%zu", i, k);
      add(f, id, "", body);
    }
    wanted++;
  }
  commit(f);
  const char *got = expand(f, "pinyin:jiqishi");
  assert_true(!strncmp(got, "集七十 35 ", strlen("集七十 35 ")) || strstr(got, " 35 ") == got + 9);
  assert_true(wanted > 16 && strstr(got, "...") != NULL);
  unsigned long long last = 1000;
  for (const char *at = got; (at = strchr(at, ' ')); at++) {
    unsigned long long count = strtoull(at, NULL, 10);
    if (!count) continue;
    assert_true(count <= last);
    last = count;
  }
  assert_int_equal(last, 17); /* the 16 most frequent: 36 to 17 articles, without 5, 10, ... */
}

static void test_bad_readings(void **state) {
  fixture *f = *state;
  add(f, "1", "", "机器");
  commit(f);
  static const struct {
    const char *query;
    sy_status status;
    uint32_t column;
  } bad[] = {
      {"pinyin:jiqx", SY_SYNTAX, 1}, {"机器 pinyin:机器", SY_SYNTAX, 4}, {"py:iu", SY_SYNTAX, 1},
      {"pinyin:ji*", SY_SYNTAX, 1},  {"pinyin:\"  '\"", SY_SYNTAX, 1},
  };
  sy_error error;
  sy_query *query;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(sy_query_parse(text(bad[i].query), 0, &query, &error), SY_OK);
    assert_int_equal(sy_query_expand(f->index, query, NULL, NULL, &error), bad[i].status);
    assert_int_equal(error.column, bad[i].column);
    sy_query_free(query);
  }
  char many[256] = "pinyin:";
  for (int i = 0; i < 17; i++) strcat(many, "qi");
  add(f, "2", "", "器器器器器器器器器器器器器器器器器器器器");
  commit(f);
  assert_int_equal(sy_query_parse(text(many), 0, &query, &error), SY_OK);
  assert_int_equal(sy_query_expand(f->index, query, NULL, NULL, &error), SY_LIMIT);
  sy_query_free(query);
  assert_int_equal(sy_query_parse(text("pinyin:jiqi"), 0, &query, &error), SY_OK);
  sy_results *results;
  assert_int_equal(sy_search(f->index, query, NULL, &results, &error), SY_INVALID);
  sy_query_free(query);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table), cmocka_unit_test_teardown(test_unfolded, teardown),
      TEST(test_typed_first),       TEST(test_exact_snippet),
      TEST(test_expansion),         TEST(test_expansion_is_complete),
      TEST(test_bad_readings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
