/*
 * test_analyze.c - text to terms, case by case of docs/text.md. Terms are compared as text:
 *
 *   word@0        a word at position 0        机器@0       a bigram
 *   器.@1         a character before a break  用~@1        a character before a word
 *
 * and, where it matters, with their bytes: 机器@0[0-3].
 */
#include "text/analyze.h"

#include "base/bytes.h"
#include "text/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/oracle/random_text.h"

/* ---- Printing ---- */

static void put_code(sy_buffer *out, uint32_t c) {
  uint8_t bytes[4];
  sy_buffer_append(out, bytes, sy_utf8_encode(bytes, c));
}

static void print_term(sy_buffer *out, const sy_analyzer *a, const sy_term *t, bool ranges) {
  char tail[64];
  if (out->bytes) sy_buffer_u8(out, ' ');
  if (t->word_bytes) {
    sy_buffer_append(out, sy_term_word(a, t), t->word_bytes);
  } else {
    put_code(out, t->first);
    if (t->second == SY_END_BREAK || t->second == SY_END_WORD) {
      sy_buffer_u8(out, t->second == SY_END_BREAK ? '.' : '~');
    } else {
      put_code(out, t->second);
    }
  }
  int bytes = snprintf(tail, sizeof tail, "@%u", t->position);
  sy_buffer_append(out, tail, (size_t)bytes);
  if (!ranges) return;
  bytes = snprintf(tail, sizeof tail, "[%u-%u]", t->start, t->end);
  sy_buffer_append(out, tail, (size_t)bytes);
}

/* The terms of a text, taken `capacity` at a time. Terminated; owned by the caller: free(). */
static char *analyze(sy_analyzer *a, const char *text, size_t bytes, size_t capacity, bool ranges) {
  sy_buffer out = {0};
  sy_term *terms = malloc(capacity * sizeof *terms);
  char *copy = malloc(bytes ? bytes : 1); /* so that the sanitizer guards its end */
  memcpy(copy, text, bytes);
  sy_analyzer_begin(a, copy, bytes);
  for (size_t count; (count = sy_analyzer_next(a, terms, capacity)) > 0;) {
    assert_true(count <= capacity);
    for (size_t i = 0; i < count; i++) print_term(&out, a, &terms[i], ranges);
  }
  assert_int_equal(sy_analyzer_next(a, terms, capacity), 0);
  sy_buffer_u8(&out, 0);
  free(copy);
  free(terms);
  return (char *)out.data;
}

/* ---- The table ---- */

typedef struct text_case {
  const char *text, *terms;
} text_case;

static void check_text(sy_analyzer *a, const char *text, size_t bytes, const char *wanted,
                       bool ranges) {
  char *got = analyze(a, text, bytes, SY_TERM_BATCH, ranges);
  if (strcmp(got, wanted)) {
    print_error("\"%.*s\"\n  gives  %s\n  not    %s\n", (int)bytes, text, got, wanted);
    free(got);
    fail();
  }
  free(got);
}

/* All cases are looked at before the first failure ends the test. */
static void check_cases(const text_case *cases, size_t count, uint32_t rules, bool ranges) {
  static sy_analyzer a;
  int wrong = 0;
  sy_analyzer_init(&a, rules);
  for (size_t i = 0; i < count; i++) {
    char *got = analyze(&a, cases[i].text, strlen(cases[i].text), SY_TERM_BATCH, ranges);
    if (strcmp(got, cases[i].terms)) {
      print_error("\"%s\"\n  gives  %s\n  not    %s\n", cases[i].text, got, cases[i].terms);
      wrong++;
    }
    free(got);
  }
  assert_int_equal(wrong, 0);
}

#define CHECK(rules, ranges, ...)                                           \
  do {                                                                      \
    static const text_case cases_[] = {__VA_ARGS__};                        \
    check_cases(cases_, sizeof cases_ / sizeof *cases_, (rules), (ranges)); \
  } while (0)

static void test_folding(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT, false, {"", ""}, {"Ａ", "a@0"}, {"ＡＢc", "abc@0"},
        {"㍿", "株式@0 式会@1 会社@2 社.@3"}, {"⼈", "人.@0"}, {"機器", "机器@0 器.@1"},
        {"發髮发", "发发@0 发发@1 发.@2"}, {"為爲为", "为为@0 为为@1 为.@2"}, {"発", "发.@0"},
        {"⻣⺼", "骨肉@0 肉.@1"}, {"⿰亻青", "⿰亻@0 亻青@1 青.@2"}, {"芸", "芸.@0"},
        {"欠", "欠.@0"}, {"ｶﾀ", "カタ@0 タ.@1"}, {"ｶﾞ", "ガ.@0"}, {"か\u3099", "が.@0"},
        {"あか\u3099", "あが@0 が.@1"}, {"は\u309A\u3099", "ぱ.@0"}, {"e\u0301te\u0301", "été@0"},
        {"ÉTÉ", "été@0"}, {"x\u0301y", "x\u0301y@0"}, {"机\u0301器", "机器@0 器.@1"},
        {"\u0301a", "a@0"}, {"a，\u0301b", "a@0 b@2"}, {"a´b", "a@0 b@2"}, {"a˙b", "a@0 b@2"},
        {"½", "1@0 2@2"}, {"Ⅳ", "iv@0"}, {"①②", "12@0"}, {"ﬁn", "fin@0"}, {"Straße", "strasse@0"},
        {"℅", "c@0 o@2"}, {"ＳＱＬ、机器", "sql@0 机器@2 器.@3"});
}

static void test_classes(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT, false, {"〇々〆", "〇々@0 々〆@1 〆.@2"},
        {"ラーメン", "ラー@0 ーメ@1 メン@2 ン.@3"}, {"〱ㄅ", "〱ㄅ@0 ㄅ.@1"},
        {"한국", "한국@0 국.@1"}, {"ꀀ", "ꀀ.@0"}, {"\uE000", "\uE000.@0"},
        {"\U00020000\U0002A6D6", "\U00020000\U0002A6D6@0 \U0002A6D6.@1"},
        {"\U00017000", "\U00017000.@0"}, {"\U0001B170", "\U0001B170.@0"},
        {"\U0003FFFD", "\U0003FFFD.@0"}, {"\U0010FFFD", "\U0010FFFD.@0"}, {"😀☀", "😀☀@0 ☀.@1"},
        {"SQL x86 5G 3d", "sql@0 x86@1 5g@2 3d@3"}, {"JavaScript", "javascript@0"},
        {"Привет", "привет@0"}, {"สวัสดี", "สวัสดี@0"},
        {"\U00010400\U00010401", "\U00010428\U00010429@0"}, {"机\u200B器", "机器@0 器.@1"},
        {"\uFEFF机", "机.@0"}, {"ab\u00ADcd", "abcd@0"}, {"a\u200D\u2060\u202Eb", "ab@0"},
        {"👍🏽好", "👍好@0 好.@1"}, {"☀\uFE0F☀", "☀☀@0 ☀.@1"},
        {"葛\U000E0100城", "葛城@0 城.@1"}, {"a\u034Fb", "ab@0"}, {"か\u200B\u3099", "が.@0"},
        {"e\u200B\u0301", "é@0"}, {"…、。·", ""}, {"a€b", "a@0 b@2"});
}

static void test_units(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT, false, {"C++", "c++@0"}, {"g++", "g++@0"}, {"Notepad++", "notepad++@0"},
        {"C+++", "c+++@0"}, {"C+", "c@0"}, {"C+b", "c@0 b@2"}, {"1++", "1@0"}, {"é++", "é@0"},
        {"机++", "机.@0"}, {"C++11", "c++@0 11@1"}, {"C++机", "c++@0 机.@1"}, {"Ｃ＋＋", "c++@0"},
        {"C+\u200B+", "c++@0"}, {"C# F#", "c#@0 f#@1"}, {"C#", "c#@0"}, {"Ｃ＃", "c#@0"},
        {"C#机", "c#@0 机.@1"}, {"C##", "c#@0"}, {"ab#", "ab@0"}, {"1#", "1@0"}, {"A#b", "a@0 b@2"},
        {"A#\u200Bb", "a@0 b@2"}, {"C++/CLI", "c++@0 cli@1"}, {"C#.NET", "c#@0 net@1"},
        {"C# .NET", "c#@0 net@2"}, {"C++ / CLI", "c++@0 cli@2"}, {"C++，a", "c++@0 a@2"},
        {"C++\u200B/CLI", "c++@0 cli@1"}, {"用C++写", "用~@0 c++@1 写.@2"});
}

static void test_joiners(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT, false, {"GPT-4o", "gpt@0 4o@1"}, {"node.js", "node@0 js@1"},
        {"x86_64", "x86@0 64@1"}, {"it's it’s", "it@0 s@1 it@2 s@3"},
        {"a@b AT&T", "a@0 b@1 at@2 t@3"}, {"a/b a\\b a:b", "a@0 b@1 a@2 b@3 a@4 b@5"},
        {"a.b.c.d", "a@0 b@1 c@2 d@3"}, {"ａ－ｂ", "a@0 b@1"}, {"1,000", "1@0 000@1"},
        {"１，０００", "1@0 000@1"}, {"a,b", "a@0 b@2"}, {"1,a", "1@0 a@2"}, {"a,1", "a@0 1@2"},
        {"a1,1", "a1@0 1@1"}, {"1, 2", "1@0 2@2"}, {"a--b", "a@0 b@2"}, {"a.-b", "a@0 b@2"},
        {"a-", "a@0"}, {"-a", "a@0"}, {"a -b", "a@0 b@2"}, {"a- b", "a@0 b@2"},
        {"a-机", "a@0 机.@2"}, {"机-a", "机.@0 a@2"}, {"机.器", "机.@0 器.@2"},
        {"a\u200B-b", "a@0 b@1"}, {"a-\u200Bb", "a@0 b@1"}, {"1,\u200B000", "1@0 000@1"},
        {"a-\u200B机", "a@0 机.@2"}, {"a-①", "a@0 1@1"}, {"a\u2010b", "a@0 b@2"},
        {"a~b", "a@0 b@2"});
}

static void test_spaces_and_breaks(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT, false, {"C语言", "c@0 语言@1 言.@2"}, {"SQL Server", "sql@0 server@1"},
        {"机器\n　　之心", "机器@0 器之@1 之心@2 心.@3"}, {"用 SQL", "用~@0 sql@1"},
        {"a\tb\vc\fd\re", "a@0 b@2 c@3 d@4 e@5"}, {"a\u00A0b\u2003c", "a@0 b@1 c@2"},
        {"a\nb", "a@0 b@1"}, {"a\n\nb", "a@0 b@2"}, {"机\n\n器", "机.@0 器.@2"},
        {"a\n \t　\nb", "a@0 b@2"}, {"a\r\nb", "a@0 b@1"}, {"a\r\n\r\nb", "a@0 b@2"},
        {"a\r\rb", "a@0 b@1"},
        {"a\xC2\x85\xC2\x85"
         "b",
         "a@0 b@2"},
        {"a\u2028b", "a@0 b@1"}, {"a\u2028\u2029b", "a@0 b@2"}, {"a\n\u200B\nb", "a@0 b@2"},
        {"a\n\n\n\n\nb", "a@0 b@2"}, {"\n\na\n\n", "a@0"},
        {"你好，世界", "你好@0 好.@1 世界@3 界.@4"},
        {"你好！！ 。…世界", "你好@0 好.@1 世界@3 界.@4"}, {"a，\n\n，b", "a@0 b@2"},
        {"a \n，\n b", "a@0 b@2"}, {"，你好，", "你好@0 好.@1"}, {"a\n，\nb", "a@0 b@2"},
        {"C语言好，用SQL", "c@0 语言@1 言好@2 好.@3 用~@5 sql@6"});
  CHECK(SY_TEXT_DEFAULT, false, {"姓名\t年龄", "姓名@0 名.@1 年龄@3 龄.@4"},
        {"机 \t\t 器", "机.@0 器.@2"}, {"机\n\t器", "机器@0 器.@1"}, {"机\t\n器", "机器@0 器.@1"},
        {"\t机", "机.@0"}, {"机\t", "机.@0"}, {"a\t机", "a@0 机.@2"}, {"机，\t器", "机.@0 器.@2"});
}

/* Page numbers between lines are as if they were not there. */
static void test_furniture(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT, false, {"机\n- 12 -\n器", "机器@0 器.@1"},
        {"机\n\n  — 12 —\n\n器", "机器@0 器.@1"}, {"机\n·5·\n器", "机器@0 器.@1"},
        {"机\r\n第 12 页\r\n器", "机器@0 器.@1"}, {"机\n第12頁 共 30 頁\n器", "机器@0 器.@1"},
        {"机\n12\n\f器", "机器@0 器.@1"}, {"机\n 12 \f\n器", "机器@0 器.@1"},
        {"机\n- 12 -", "机.@0"}, {"a\n- 12 -\nb", "a@0 b@1"}, {"机\n12\n器", "机~@0 12@1 器.@2"},
        {"机\n- 12345 -\n器", "机.@0 12345@2 器.@4"}, {"机\n- 12\n器", "机.@0 12@2 器.@3"},
        {"机\n- 12 - a\n器", "机.@0 12@2 a@4 器.@5"},
        {"机\n第页\n器", "机第@0 第页@1 页器@2 器.@3"}, {"- 12 -\n器", "12@0 器.@2"},
        {"机，\n- 12 -\n器", "机.@0 器.@2"}, {"机\n12\n\n器", "机~@0 12@1 器.@3"});
  CHECK(SY_TEXT_DEFAULT & ~SY_TEXT_SPACE, false, {"机\n- 12 -\n器", "机.@0 12@2 器.@4"});
}

static void test_glosses(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT, false, {"機(jī)器", "机器@0 器.@1"}, {"機（jī）器", "机器@0 器.@1"},
        {"機（jī)器", "机器@0 器.@1"}, {"F(xiàn)AIR", "fair@0"},
        {"银行（yín háng）业", "银行@0 行业@1 业.@2"}, {"银行(yínháng)", "银行@0 行.@1"},
        {"報(ㄅㄠˋ)紙", "报纸@0 纸.@1"}, {"機(ㄐㄧ)器", "机器@0 器.@1"},
        {"的(˙ㄉㄜ)人", "的人@0 人.@1"}, {"女(nǚ)人", "女人@0 人.@1"},
        {"西安(xī'ān)市", "西安@0 安市@1 市.@2"}, {"機(JĪ)器", "机器@0 器.@1"},
        {"機(j\u200Bī)器", "机器@0 器.@1"}, {"機\u200B(jī)器", "机器@0 器.@1"},
        {"行(xíng)(háng)业", "行业@0 业.@1"}, {"用(yòng)SQL", "用~@0 sql@1"},
        {"函数(a)", "函数@0 数.@1 a@3"}, {"f(x)", "f@0 x@2"}, {"甲(a)乙(b)", "甲.@0 a@2 乙.@4 b@6"},
        {"(LLM)", "llm@0"}, {"模型(LLM)", "模型@0 型.@1 llm@3"}, {"機 (jī)器", "机.@0 jī@2 器.@4"},
        {"，(jī)器", "jī@0 器.@2"}, {"(jī)器", "jī@0 器.@2"}, {"機(jī器", "机.@0 jī@2 器.@3"},
        {"機(j\nī)器", "机.@0 j@2 ī@3 器.@5"}, {"機(jī，)器", "机.@0 jī@2 器.@4"},
        {"我們(men)好", "我们@0 们好@1 好.@2"}, {"好的(de)", "好的@0 的.@1"},
        {"好(de)", "好.@0 de@2"}, {"機(xqó)器", "机.@0 xqó@2 器.@4"}, {"機()器", "机.@0 器.@2"});
}

static void test_rules_off(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT & ~SY_TEXT_WIDTH, false, {"ABc", "ABc@0"}, {"Ａ", "Ａ@0"},
        {"C++ C# C++/CLI", "C++@0 C#@1 C++@2 CLI@3"}, {"機", "机.@0"}, {"㍿", ""},
        {"a－b", "a@0 b@2"}, {"node.JS", "node@0 JS@1"}, {"機(jī)器", "机器@0 器.@1"});
  CHECK(SY_TEXT_DEFAULT & ~SY_TEXT_VARIANTS, false, {"機器", "機器@0 器.@1"}, {"發", "發.@0"},
        {"⼈", "人.@0"}, {"ＡＢ", "ab@0"});
  CHECK(SY_TEXT_DEFAULT & ~SY_TEXT_GLOSS, false, {"機(jī)器", "机.@0 jī@2 器.@4"},
        {"F(xiàn)AIR", "f@0 xiàn@2 air@4"});
  CHECK(SY_TEXT_DEFAULT & ~SY_TEXT_SPACE, false, {"机 器", "机.@0 器.@2"},
        {"机\n　器", "机.@0 器.@2"}, {"C 语", "c@0 语.@2"}, {"语 C", "语.@0 c@2"},
        {" 语 ", "语.@0"}, {"SQL Server", "sql@0 server@1"}, {"机 ， 器", "机.@0 器.@2"},
        {"机器(jī qì)人", "机器@0 器人@1 人.@2"});
  CHECK(0, false, {"Ａ機 器(jī)x", "Ａ@0 機.@1 器.@3 jī@5 x@7"});
}

static void test_ranges(void **state) {
  (void)state;
  CHECK(SY_TEXT_DEFAULT, true, {"机器", "机器@0[0-3] 器.@1[3-6]"}, {"ab cd", "ab@0[0-2] cd@1[3-5]"},
        {"C++机", "c++@0[0-3] 机.@1[3-6]"}, {"C#", "c#@0[0-2]"}, {"ab\u00ADcd", "abcd@0[0-6]"},
        {"e\u0301", "é@0[0-3]"}, {"か\u3099", "が.@0[0-6]"},
        {"㍿", "株式@0[0-3] 式会@1[0-3] 会社@2[0-3] 社.@3[0-3]"},
        {"機(jī)器", "机器@0[0-3] 器.@1[8-11]"}, {"F(xiàn)AIR", "fair@0[0-11]"},
        {"\U00020000a", "\U00020000~@0[0-4] a@1[4-5]"}, {"，机", "机.@0[3-6]"},
        {"node.js", "node@0[0-4] js@1[5-7]"}, {"Ａ", "a@0[0-3]"});
}

/* ---- Long words ---- */

static void check_cut(const char *piece, uint32_t count, uint32_t in_first) {
  static sy_analyzer a;
  sy_term terms[SY_TERM_BATCH];
  buffer text = {0};
  size_t bytes = strlen(piece);
  for (uint32_t i = 0; i < count; i++) buffer_add(&text, piece, bytes);
  sy_analyzer_init(&a, SY_TEXT_DEFAULT);
  sy_analyzer_begin(&a, text.data, text.bytes);
  size_t got = sy_analyzer_next(&a, terms, SY_TERM_BATCH), at = 0;
  assert_int_equal(got, (count + in_first - 1) / in_first);
  for (size_t i = 0; i < got; i++) {
    assert_int_equal(terms[i].position, i);
    assert_int_equal(terms[i].start, at);
    size_t left = text.bytes - at, most = in_first * bytes;
    assert_int_equal(terms[i].word_bytes, left < most ? left : most);
    assert_memory_equal(sy_term_word(&a, &terms[i]), text.data + at, terms[i].word_bytes);
    at += terms[i].word_bytes;
    assert_int_equal(terms[i].end, at);
  }
  assert_int_equal(at, text.bytes);
  free(text.data);
}

static void test_long_words(void **state) {
  (void)state;
  for (uint32_t count = 250; count < 260; count++) check_cut("a", count, 255);
  check_cut("a", 20000, 255);
  check_cut("é", 127, 127);
  check_cut("é", 128, 127);
  check_cut("é", 5000, 127);
  check_cut("ก", 500, 85);
  check_cut("\U00010428", 500, 63);
}

/* A character that grows by a mark beyond what a word may have begins the next one. */
static void test_cut_at_mark(void **state) {
  (void)state;
  static sy_analyzer a;
  sy_analyzer_init(&a, SY_TEXT_DEFAULT);
  for (uint32_t letters = 250; letters < 260; letters++) {
    char text[300];
    memset(text, 'b', letters);
    strcpy(text + letters - 1, "a\u200b\u0323\u0302!"); /* ậ, three bytes */
    sy_term terms[SY_TERM_BATCH];
    sy_analyzer_begin(&a, text, strlen(text));
    size_t got = sy_analyzer_next(&a, terms, SY_TERM_BATCH);
    uint32_t before = letters - 1, whole = before <= SY_WORD_MAX_BYTES - 3;
    assert_int_equal(got, whole ? 1 : 2);
    assert_int_equal(terms[0].word_bytes, whole ? before + 3 : before < 255 ? before : 255);
    assert_int_equal(terms[0].end, whole ? strlen(text) - 1 : terms[0].word_bytes);
    if (whole) continue;
    assert_int_equal(terms[1].position, 1);
    assert_int_equal(terms[1].start, terms[0].word_bytes);
    assert_int_equal(terms[1].end, strlen(text) - 1);
    assert_int_equal(terms[1].word_bytes, before - terms[0].word_bytes + 3);
    assert_int_equal(terms[1].first, before > 255 ? 'b' : 0x1EAD);
  }
}

/* ---- Invalid bytes ---- */

static void test_invalid(void **state) {
  (void)state;
  static const struct {
    const char *text, *terms;
    uint64_t invalid;
  } cases[] = {
      {"a\xFF"
       "b",
       "a@0 b@2", 1},
      {"a\xC0\xAF"
       "b",
       "a@0 b@2", 2},
      {"a\xED\xA0\x80"
       "b",
       "a@0 b@2", 3},
      {"a\xF4\x90\x80\x80"
       "b",
       "a@0 b@2", 4},
      {"a\xE0\x80\x80"
       "b",
       "a@0 b@2", 3},
      {"a\xF0\x80\x80\x80"
       "b",
       "a@0 b@2", 4},
      {"机\xE5\x99", "机.@0", 2},
      {"\xE6\x9C", "", 2},
      {"\xF0\x9F\x98", "", 3},
      {"\x80", "", 1},
      {"a\uFFFD"
       "b",
       "a@0 b@2", 0},
      {"机\xE6\x9C"
       "器",
       "机.@0 器.@2", 2},
      {"a-\xFF", "a@0", 1},
      {"机(j\xFF)", "机.@0 j@2", 1},
  };
  static sy_analyzer a;
  uint64_t total = 0;
  sy_analyzer_init(&a, SY_TEXT_DEFAULT);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check_text(&a, cases[i].text, strlen(cases[i].text), cases[i].terms, false);
    total += cases[i].invalid;
    assert_int_equal(a.invalid_bytes, total);
  }
  check_text(&a, "a\0b", 3, "a@0 b@2", false);
  assert_int_equal(a.invalid_bytes, total);
}

/* ---- Any text ---- */

/* What every stream of terms keeps to, whatever the text. */
static void check_terms(const sy_analyzer *a, const sy_term *terms, size_t count, sy_term *before,
                        size_t bytes) {
  for (size_t i = 0; i < count; i++) {
    const sy_term *t = &terms[i];
    assert_true(t->start < t->end && t->end <= bytes);
    assert_true(t->word_bytes <= SY_WORD_MAX_BYTES);
    if (t->word_bytes) {
      uint32_t length;
      const uint8_t *word = (const uint8_t *)sy_term_word(a, t);
      assert_int_equal(sy_utf8_decode(word, word + t->word_bytes, &length), t->first);
    }
    if (before->end) {
      assert_true(t->start >= before->start && t->end >= before->end);
      uint32_t step = t->position - before->position;
      assert_true(step == 1 || step == 2);
      if (!before->word_bytes) {
        uint32_t wanted = step == 2 ? SY_END_BREAK : t->word_bytes ? SY_END_WORD : t->first;
        assert_int_equal(before->second, wanted);
      }
    } else {
      assert_int_equal(t->position, 0);
    }
    *before = *t;
  }
}

static void check_invariants(sy_analyzer *a, const char *text, size_t bytes) {
  sy_term terms[SY_TERM_BATCH], before = {0};
  char *copy = malloc(bytes ? bytes : 1);
  memcpy(copy, text, bytes);
  sy_analyzer_begin(a, copy, bytes);
  for (size_t count; (count = sy_analyzer_next(a, terms, SY_TERM_BATCH)) > 0;) {
    check_terms(a, terms, count, &before, bytes);
  }
  if (before.end && !before.word_bytes) assert_int_equal(before.second, SY_END_BREAK);
  free(copy);
}

static void check_batches(sy_analyzer *a, const char *text, size_t bytes) {
  static const size_t capacities[] = {SY_TERM_BATCH, SY_TERM_BATCH + 1, 300, 1000};
  char *whole = analyze(a, text, bytes, 1u << 17, true);
  for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
    char *parts = analyze(a, text, bytes, capacities[i], true);
    assert_string_equal(parts, whole);
    free(parts);
  }
  free(whole);
}

static void test_random_texts(void **state) {
  (void)state;
  random_source random = {random_seed(21)};
  static sy_analyzer a;
  for (uint32_t round = 0; round < 300; round++) {
    buffer text = {0};
    buffer_add(&text, "", 0);
    random_text(&random, random_below(&random, 2000), round % 2, &text);
    sy_analyzer_init(&a, round % 16);
    check_invariants(&a, text.data, text.bytes);
    check_batches(&a, text.data, text.bytes);
    free(text.data);
  }
}

/* What is put out and kept back at the end of a batch, at every place. */
static void test_batch_boundaries(void **state) {
  (void)state;
  static const char *const pieces[] = {"㌖",       "ﷺ",        "a++ ", "C#",      "机(jī)",
                                       "か\u3099", "ab\u0301", "½",    "，机\n\n"};
  static sy_analyzer a;
  sy_analyzer_init(&a, SY_TEXT_DEFAULT);
  for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
    buffer text = {0};
    for (uint32_t i = 0; i < 20; i++) { /* shifted by one unit each */
      buffer_add_string(&text, "机");
      size_t bytes = text.bytes;
      for (uint32_t k = 0; k < 500; k++) buffer_add_string(&text, pieces[p]);
      check_batches(&a, text.data, text.bytes);
      check_invariants(&a, text.data, text.bytes);
      text.bytes = bytes;
    }
    free(text.data);
  }
}

/* Words so long that the buffer of words fills before that of terms. */
static void test_many_long_words(void **state) {
  (void)state;
  static sy_analyzer a;
  buffer text = {0};
  for (uint32_t i = 0; i < 2000; i++) {
    for (uint32_t k = 0; k < 200 + i % 300; k++) buffer_add(&text, &"abcdefgh"[(i + k) % 8], 1);
    if (i % 3) buffer_add_string(&text, i % 2 ? " " : "-");
  }
  sy_analyzer_init(&a, SY_TEXT_DEFAULT);
  check_batches(&a, text.data, text.bytes);
  check_invariants(&a, text.data, text.bytes);
  free(text.data);
}

static void test_random_bytes(void **state) {
  (void)state;
  random_source random = {random_seed(22)};
  static sy_analyzer a;
  for (uint32_t round = 0; round < 4000; round++) {
    char bytes[600];
    size_t count = random_below(&random, sizeof bytes);
    sy_analyzer_init(&a, round % 16);
    for (size_t i = 0; i < count; i++) {
      uint64_t bits = random_next(&random);
      static const char often[] =
          "(（\xEF\xBC\x88)+#-.,' \n\xE6\x9C\xBA"
          "a\xC4\xABj\xCC\x84\xE2\x80\x8B";
      bytes[i] = round % 3 ? often[bits % (sizeof often - 1)] : (char)bits;
    }
    check_invariants(&a, bytes, count);
  }
}

/* The flat table of Han characters says what the other one does, of each rule and character. */
static void test_han_table(void **state) {
  (void)state;
  for (size_t rules = 0; rules < 4; rules++) {
    const sy_fold_table *table = &sy_fold_tables[rules];
    uint32_t simple = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
      uint32_t entry = sy_fold_entry(table, c), folded = sy_folded(c, entry), wanted = 0;
      bool from = c >= 0x3400 && c < 0xA000, to = folded >= 0x3400 && folded < 0x10000;
      if (from && to && entry >> SY_CLASS_SHIFT == SY_CLASS_CHINESE) wanted = folded;
      if (sy_folded_han(table, c) != wanted) fail_msg("rules %zu, U+%04X", rules, (unsigned)c);
      simple += wanted > 0;
    }
    assert_in_range(simple, 26000, 0x6C00);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_folding),
      cmocka_unit_test(test_classes),
      cmocka_unit_test(test_units),
      cmocka_unit_test(test_joiners),
      cmocka_unit_test(test_spaces_and_breaks),
      cmocka_unit_test(test_furniture),
      cmocka_unit_test(test_glosses),
      cmocka_unit_test(test_rules_off),
      cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_long_words),
      cmocka_unit_test(test_cut_at_mark),
      cmocka_unit_test(test_invalid),
      cmocka_unit_test(test_random_texts),
      cmocka_unit_test(test_batch_boundaries),
      cmocka_unit_test(test_many_long_words),
      cmocka_unit_test(test_random_bytes),
      cmocka_unit_test(test_han_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
