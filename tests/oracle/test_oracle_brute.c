/*
 * test_oracle_brute.c - the oracle itself, held against the examples that docs/text.md gives, one
 * by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/brute.h"
#include "tests/oracle/oracle_fold.h"

typedef struct example {
  const char *text, *units;
} example;

static void check_examples(uint32_t text_rules, const example *examples, size_t count) {
  brute *reader = brute_new(text_rules);
  brute_text text = {0};
  for (size_t i = 0; i < count; i++) {
    brute_read(reader, examples[i].text, strlen(examples[i].text), &text);
    char *shown = brute_show(reader, &text);
    assert_string_equal(shown, examples[i].units);
    free(shown);
  }
  brute_text_free(&text);
  brute_free(reader);
}
#define CHECK(rules, examples) \
  check_examples(rules, examples, sizeof(examples) / sizeof(examples[0]))

static void test_folding(void **state) {
  (void)state;
  static const example examples[] = {
      {"Ａ", "a"},
      {"ＡＢ", "ab"},
      {"㍿", "株 式 会 社"},
      {"⼈", "人"},
      {"機", "机"},
      {"發髮発", "发 发 发"},
      {"為爲", "为 为"},
      {"芸欠", "芸 欠"},
      {"か\u3099", "が"},
      {"ｶﾞ", "ガ"},
      {"E\u0301te", "éte"},
      {"台臺", "台 台"},
      {"语\u0301言", "语 言"},
      {"q\u0301x", "q\u0301x"},
      {"STRAẞE", "strasse"},
  };
  static const example width[] = {{"Ａ機", "a 機"}};
  static const example variants[] = {{"Ａ機", "Ａ 机"}};
  CHECK(SY_TEXT_DEFAULT, examples);
  CHECK(SY_TEXT_WIDTH, width);
  CHECK(SY_TEXT_VARIANTS, variants);
}

static void test_units(void **state) {
  (void)state;
  static const example examples[] = {
      {"", ""},
      {"，。 \n\n!", ""},
      {"SQL x86 5G 3d été", "sql x86 5g 3d été"},
      {"CamelCase", "camelcase"},
      {"C++ g++ Notepad++", "c++ g++ notepad++"},
      {"C# F#", "c# f#"},
      {"C#7 ab# C#语言", "c | 7 ab | c# 语 言"},
      {"a+b 3++", "a | b 3"},
      {"C++11", "c++ 11"},
      {"机\u200b器 s\u00adql 字\ufe00", "机 器 sql 字"},
      {"👍🏽好", "👍 好"},
      {"C语言", "c 语 言"},
      {"GPT-4o node.js x86_64", "gpt 4o node js x86 64"},
      {"it’s AT&T a@b c:\\d e/f", "it s at t a b c | d e f"},
      {"1,000 a,b 1,b 1, 2", "1 000 a | b 1 | b 1 | 2"},
      {"SQL Server", "sql server"},
      {"机器\n　　之心", "机 器 之 心"},
      {"机器\n \t\n之心", "机 器 | 之 心"},
      {"机器\r\n之\r\n\r\n心", "机 器 之 | 心"},
      {"你好，世界", "你 好 | 世 界"},
      {"你好 ！。\n\n… 世界", "你 好 | 世 界"},
      {"C语言好，用SQL", "c 语 言 好 | 用 sql"},
      {"机\xff器", "机 | 器"},
      {"𠀀𪚥〇々ー한ㄅ\ue000", "𠀀 𪚥 〇 々 ー 한 ㄅ \ue000"},
  };
  static const example no_space[] = {
      {"机 器", "机 | 器"},
      {"机\nsql", "机 | sql"},
      {"sql server", "sql server"},
      {"机器", "机 器"},
  };
  CHECK(SY_TEXT_DEFAULT, examples);
  CHECK(SY_TEXT_DEFAULT & ~(uint32_t)SY_TEXT_SPACE, no_space);
}

static void test_glosses(void **state) {
  (void)state;
  static const example examples[] = {
      {"機(jī)器", "机 器"},
      {"F(xiàn)AIR", "fair"},
      {"银行（yín háng）", "银 行"},
      {"银行(yínháng)", "银 行"},
      {"西安(xī'ān)", "西 安"},
      {"報(ㄅㄠˋ)道", "报 道"},
      {"旅( lǜ )行", "旅 行"},
      {"函数(a) f(x) 甲(a)乙(b) 模型(LLM)", "函 数 | a | f | x | 甲 | a | 乙 | b | 模 型 | llm"},
      {"机(ji)器", "机 | ji | 器"},
      {"机(jīx)器", "机 | jīx | 器"},
      {"机 (jī)器", "机 | jī | 器"},
      {"，(jī)器", "jī | 器"},
      {"机(jī", "机 | jī"},
      {"机()器", "机 | 器"},
  };
  static const example off[] = {{"機(jī)器", "机 | jī | 器"}};
  CHECK(SY_TEXT_DEFAULT, examples);
  CHECK(SY_TEXT_DEFAULT & ~(uint32_t)SY_TEXT_GLOSS, off);
}

static void test_long_words(void **state) {
  (void)state;
  brute *reader = brute_new(SY_TEXT_DEFAULT);
  brute_text text = {0};
  char word[3 * 256];
  for (int i = 0; i < 256; i++) memcpy(word + i * 2, "\u00e9", 2); /* 512 bytes */
  brute_read(reader, word, 512, &text);
  assert_int_equal(text.count, 3);
  assert_int_equal(brute_word(reader, text.ids[0]).bytes, 254); /* 255 would cut a character */
  assert_int_equal(text.ranges[1].start, 254);
  assert_int_equal(text.ranges[2].end, 512);
  brute_text_free(&text);
  brute_free(reader);
}

static void test_decoding(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length;
    uint64_t invalid;
  } cases[] = {
      {"a", 1, 0},
      {"\xe6\x9c\xba", 3, 0},
      {"\xf0\xa0\x80\x80", 4, 0},
      {"\xff", 1, 1},
      {"\xe4\xbd", 2, 2},
      {"\xc0\x80", 2, 2},
      {"\xed\xa0\x80", 3, 3},
      {"\x80", 1, 1},
      {"\xf4\x90\x80\x80", 4, 4},
      {"\xe0\x80\x80", 3, 3},
      {"\xf0\x9f\x98", 3, 3},
      {"\xf8\x88\x80\x80", 4, 4},
      {"\xef\xbf\xbd", 3, 0},
  };
  brute *reader = brute_new(SY_TEXT_DEFAULT);
  brute_text text = {0};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    brute_read(reader, cases[i].bytes, cases[i].length, &text);
    assert_int_equal(text.invalid_bytes, cases[i].invalid);
  }
  brute_text_free(&text);
  brute_free(reader);
}

static void test_phrases(void **state) {
  (void)state;
  brute *reader = brute_new(SY_TEXT_DEFAULT);
  brute_text text = {0}, phrase = {0};
  const char *original = "x機(jī)器之心(xīn)，机器";
  brute_read(reader, original, strlen(original), &text);
  brute_read(reader, "机器", strlen("机器"), &phrase);
  assert_int_equal(brute_count(reader, &text, &phrase, false), 2);
  sy_range range = brute_match_range(&text, brute_find(reader, &text, &phrase, false, 0), 2);
  assert_int_equal(range.end - range.start, strlen("機(jī)器"));
  assert_memory_equal(original + range.start, "機(jī)器", strlen("機(jī)器"));
  brute_read(reader, "，心！机，", strlen("，心！机，"), &phrase);
  assert_int_equal(brute_count(reader, &text, &phrase, false), 1);
  brute_read(reader, "心机", strlen("心机"), &phrase);
  assert_int_equal(brute_count(reader, &text, &phrase, false), 0);
  brute_read(reader, "node.js Notes", 13, &text);
  brute_read(reader, "NO", 2, &phrase);
  assert_int_equal(brute_count(reader, &text, &phrase, false), 0);
  assert_int_equal(brute_count(reader, &text, &phrase, true), 2);
  brute_read(reader, "js n", 4, &phrase);
  assert_int_equal(brute_count(reader, &text, &phrase, true), 1);
  brute_text_free(&text);
  brute_text_free(&phrase);
  brute_free(reader);
}

/* Every code point folds, to something that folds to itself. The empty planes are left out. */
static void test_all_points(void **state) {
  (void)state;
  oracle_fold *fold = oracle_fold_new(SY_TEXT_DEFAULT);
  for (uint32_t point = 0; point < 0x110000; point++) {
    size_t count, again;
    if ((point >= 0xd800 && point < 0xe000) || (point >= 0x32400 && point < 0xe0000)) continue;
    if (point >= 0xe0200 && point % 256 != 0) continue;
    const uint32_t *points = oracle_fold_point(fold, point, &count);
    for (size_t i = 0; i < count; i++) {
      const uint32_t *same = oracle_fold_point(fold, points[i], &again);
      assert_int_equal(again, 1);
      assert_int_equal(same[0], points[i]);
    }
  }
  oracle_fold_free(fold);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_decoding),   cmocka_unit_test(test_folding),
      cmocka_unit_test(test_units),      cmocka_unit_test(test_glosses),
      cmocka_unit_test(test_long_words), cmocka_unit_test(test_phrases),
      cmocka_unit_test(test_all_points),
  };
  return cmocka_run_group_tests_name("oracle: docs/text.md by brute force", tests, NULL, NULL);
}
