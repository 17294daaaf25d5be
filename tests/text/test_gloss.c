/* test_gloss.c - what is a reading in parentheses and what is not (docs/text.md section 6). */
#include "text/gloss.h"

#include "text/readings.h"
#include "text/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/oracle/random_text.h"

/* Bytes of the gloss at the start of `text`, 0 for none; the text lies in memory of its size. */
static size_t gloss_bytes_behind(uint32_t before, const char *text, size_t bytes) {
  uint8_t *copy = malloc(bytes);
  memcpy(copy, text, bytes);
  const uint8_t *end = sy_gloss_end(copy, copy + bytes, before);
  size_t found = end ? (size_t)(end - copy) : 0;
  assert_true(found <= bytes);
  free(copy);
  return found;
}

static size_t gloss_bytes(const char *text, size_t bytes) {
  return gloss_bytes_behind(0, text, bytes);
}

static void check_all(const char *const *texts, size_t count, bool wanted) {
  int wrong = 0;
  for (size_t i = 0; i < count; i++) {
    char text[300];
    size_t bytes = strlen(texts[i]);
    snprintf(text, sizeof text, "%s器)", texts[i]);
    if (gloss_bytes(texts[i], bytes) != (wanted ? bytes : 0) ||
        gloss_bytes(text, strlen(text)) != (wanted ? bytes : 0)) {
      print_error("%s is %s gloss\n", texts[i], wanted ? "a" : "no");
      wrong++;
    }
    for (size_t n = 1; n < bytes; n++) { /* without its end it is none; `(` is never cut */
      if ((uint8_t)texts[i][0] == 0xEF && n < 3) continue;
      assert_int_equal(gloss_bytes(texts[i], n), 0);
    }
  }
  assert_int_equal(wrong, 0);
}

#define CHECK_ALL(wanted, ...)                                   \
  do {                                                           \
    static const char *const texts_[] = {__VA_ARGS__};           \
    check_all(texts_, sizeof texts_ / sizeof *texts_, (wanted)); \
  } while (0)

static void test_pinyin(void **state) {
  (void)state;
  CHECK_ALL(true, "(jī)", "（jī）", "(jī）", "（jī)", "(yín háng)", "(yínháng)", "( yín  háng )",
            "(xī'ān)", "(xī’ān)", "(Zhōngguó)", "(ZHŌNG)", "(nǚ)", "(lǜ)", "(nǘ)", "(lǖ)",
            "(nv\u030C)", "(nu\u0308\u030C)", "(ji\u0304)", "(zhuàng)", "(ér)", "(à)", "(de hǎo)",
            "(JĪ)", "(Ā)", "(ÈR)", "(ǸG)", "(ḿ)", "(j\u200Bī)", "(\uFEFFjī)", "(yín\u3000háng)",
            "(yín\u00A0háng)", "(fāng)", "(ń)", "(ňg)", "(ó)", "(dǒu)");
}

static void test_bopomofo(void **state) {
  (void)state;
  CHECK_ALL(true, "(ㄅㄠˋ)", "(ㄐㄧ)", "（ㄐㄧ）", "(˙ㄉㄜ)", "(ㄉㄜ˙)", "(ㄧㄣˊ ㄏㄤˊ)",
            "(ㄧㄣˊㄏㄤˊ)", "(ㄇㄚˇ)", "(ㄐ\u200Bㄧ)");
}

static void test_others(void **state) {
  (void)state;
  CHECK_ALL(false, "()", "( )", "(')", "(a)", "(x)", "(LLM)", "(en)", "(ji)", "(nv)", "(nü)",
            "(yin hang)", "(jī1)", "(jī,)", "(jī，)", "(jī\n)", "(jī\t)", "(bcó)", "(jīx)", "(xjī)",
            "(jī机)", "(机)", "(jī(", "(jīㄐ)", "(ㄐjī)", "(ˋ)", "(\u0304)", "(\u0304a)",
            "(\u200B)", "(café)", "(naïve)", "(jī", "(jī]", "(ㄐ1)", "(ㄐ，)", "((jī)",
            "(b\u0308ī)", "(1)", "(..)", "(über)");
}

/* One plain syllable counts when the character in front has it as its neutral reading. */
static void test_neutral(void **state) {
  (void)state;
  static const struct {
    uint32_t before;
    const char *text;
    bool gloss;
  } cases[] = {
      {0x7684, "(de)", true},      {0x4E86, "（le）", true},    {0x4EEC, "(men)", true},
      {0x5B50, "(Zi)", true},      {0x4E48, "( me )", true},    {0x5973, "(nv)", true},
      {0x5973, "(nü)", true},      {0x554A, "(a)", true},       {0x7684, "(le)", false},
      {0x6570, "(a)", false},      {0x7532, "(a)", false},      {0x673A, "(ji)", false},
      {0x4EEC, "(men de)", false}, {0x4EEC, "(menmen)", false}, {0x7684, "(d)", false},
      {0, "(de)", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t bytes = strlen(cases[i].text);
    assert_int_equal(gloss_bytes_behind(cases[i].before, cases[i].text, bytes),
                     cases[i].gloss ? bytes : 0);
  }
}

/* Each syllable of the table, with a tone mark behind each of its letters; and none of them
 * without. */
static void test_syllables(void **state) {
  (void)state;
  assert_true(sy_syllable_count > 350 && sy_syllable_count < 600);
  for (size_t i = 0; i < sy_syllable_count; i++) {
    const char *syllable = sy_syllables[i].text;
    if (i) assert_true(strcmp(sy_syllables[i - 1].text, syllable) < 0);
    size_t letters = strlen(syllable);
    char text[40];
    snprintf(text, sizeof text, "(%s)", syllable);
    assert_int_equal(gloss_bytes(text, strlen(text)), 0);
    for (size_t at = 1; at <= letters; at++) {
      snprintf(text, sizeof text, "(%.*s\u0301%s)", (int)at, syllable, syllable + at);
      assert_int_equal(gloss_bytes(text, strlen(text)), strlen(text));
    }
  }
}

/* At most 48 letters in a stretch; any number of stretches. */
static void test_long(void **state) {
  (void)state;
  for (uint32_t count = 1; count < 60; count++) {
    char text[400] = "(";
    for (uint32_t i = 0; i < count; i++) strcat(text, i ? "a" : "ā");
    strcat(text, ")");
    assert_int_equal(gloss_bytes(text, strlen(text)), count <= 48 ? strlen(text) : 0);
  }
  char text[2000] = "(";
  for (uint32_t i = 0; i < 200; i++) strcat(text, "zhuàng ");
  strcat(text, ")");
  assert_int_equal(gloss_bytes(text, strlen(text)), strlen(text));
}

/* Only the end matters: pieces of readings in any order stay within their bytes. */
static void test_random(void **state) {
  (void)state;
  static const char *const pieces[] = {"j",      "ī",    "a",      "\u0304", "\u0308",   "u",  " ",
                                       "'",      "ㄐ",   "ˋ",      "˙",      ")",        "）", "(",
                                       "\u200B", "\xC4", "zhuang", "ǚ",      "\xF0\x9F", "v"};
  random_source random = {random_seed(23)};
  for (uint32_t round = 0; round < 20000; round++) {
    buffer text = {0};
    buffer_add_string(&text, round % 2 ? "(" : "（");
    for (uint32_t n = random_below(&random, 70); n > 0; n--) {
      buffer_add_string(&text, pieces[random_below(&random, sizeof pieces / sizeof *pieces)]);
    }
    size_t bytes = gloss_bytes(text.data, text.bytes);
    if (bytes) { /* ends with its parenthesis, and is one without what follows */
      assert_true(text.data[bytes - 1] == ')' || !memcmp(text.data + bytes - 3, "）", 3));
      assert_int_equal(gloss_bytes(text.data, bytes), bytes);
    }
    free(text.data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pinyin),  cmocka_unit_test(test_bopomofo),
      cmocka_unit_test(test_others),  cmocka_unit_test(test_syllables),
      cmocka_unit_test(test_neutral), cmocka_unit_test(test_long),
      cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
