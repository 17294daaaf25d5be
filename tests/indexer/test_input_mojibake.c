/* test_input_mojibake.c - text encoded twice is found, and nothing else is. */
#include "tests/indexer/test_input_helper.h"

#include "indexer/input_mojibake.h"

#include <iconv.h>

static const char text[] = "第一章：中文，以及かな與漢字ｗ。";

/* UTF-8 taken for `charset`; bytes it does not have as U+0080 to U+009F. */
static void encode_twice(const char *once, const char *charset, char *out) {
  iconv_t converter = iconv_open("UTF-8", charset);
  assert_true(converter != (iconv_t)-1);
  for (const char *p = once; *p; p++) {
    char byte[2] = {*p}, *in = byte;
    size_t left = 1, room = 8;
    if (iconv(converter, &in, &left, &out, &room) != (size_t)-1) continue;
    *out++ = (char)0xc2;
    *out++ = *p;
  }
  *out = 0;
  iconv_close(converter);
}

static bool found(const char *in, char sample[10]) {
  return sy_input_mojibake_find((sy_string){in, strlen(in)}, sample);
}

static void test_found(void **state) {
  (void)state;
  char twice[400], sample[10];
  static const char *const charsets[] = {"WINDOWS-1252", "ISO-8859-1"};
  for (size_t i = 0; i < 2; i++) {
    encode_twice(text, charsets[i], twice);
    assert_true(found(twice, sample));
    assert_string_equal(sample, "第一章");
    char mixed[1000];
    snprintf(mixed, sizeof mixed, "正常的文字 %s 正常的文字", twice);
    assert_true(found(mixed, sample));
  }
}

static void test_not_found(void **state) {
  (void)state;
  char sample[10];
  static const char *const sound[] = {
      text,         "",          "ä",      "Ã¤Ã¶Ã¼ ÃŸ", "naïve façade, Ærø, “åäö” – ä“ö” é…",
      "ããã äåæçèé", "§ 1 Â» Ã»", "ä¸­æ–‡", /* two: too few */
  };
  for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) assert_false(found(sound[i], sample));
  /* Cut off within the third. */
  char twice[400];
  encode_twice("中文字", "WINDOWS-1252", twice);
  size_t bytes = strlen(twice);
  for (size_t n = 0; n < bytes; n++) {
    assert_false(sy_input_mojibake_find((sy_string){twice, n}, sample));
  }
  assert_true(sy_input_mojibake_find((sy_string){twice, bytes}, sample));
}

static void test_reported(void **state) {
  (void)state;
  char twice[400], lines[1000];
  encode_twice(text, "WINDOWS-1252", twice);
  snprintf(lines, sizeof lines,
           "{\"id\":1,\"body\":\"文\"}\n{\"id\":2,\"title\":\"%s\",\"body\":\"\"}\n", twice);
  write_text("a.jsonl", lines);
  collected c = import_path("a.jsonl", NULL);
  assert_int_equal(c.status, SY_OK);
  assert_int_equal(c.progress.articles, 2);
  assert_int_equal(c.progress.warnings, 1);
  assert_int_equal(c.progress.skipped, 0);
  assert_string_equal(warnings_of(&c),
                      "a.jsonl:2: \"2\": text encoded twice (UTF-8 taken for Windows-1252), as "
                      "\"第一章\"\n");
  assert_non_null(strstr(articles_of(&c), twice)); /* as it is */
  free_collected(&c);
}

static void test_lost_bytes_reported(void **state) {
  (void)state;
  char gb[1000] = "";
  for (int i = 0; i < 50; i++) strcat(gb, "\xd6\xd0\xce\xc4"); /* 中文 */
  strcat(gb, "\xff");
  write_text("a.txt", gb);
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.encoding = "GB18030";
  collected c = import_path("a.txt", &o);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(warnings_of(&c), "a.txt: 1 bytes that are no GB18030 became U+FFFD\n");
  free_collected(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_found),
      cmocka_unit_test(test_not_found),
      RUN_IN_DIRECTORY(test_reported),
      RUN_IN_DIRECTORY(test_lost_bytes_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
