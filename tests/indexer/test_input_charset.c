/* test_input_charset.c - charsets: marks, detection, declarations, what is not to be guessed. */
#include "tests/indexer/test_input_helper.h"

#include "indexer/input_charset.h"

#include <iconv.h>

static const char simplified[] =
    "人工智能是研究、开发用于模拟、延伸和扩展人的智能的理论、方法、技术及应用系统的一门新的技术科学"
    "。\n"
    "我们在这里说的不是机器，而是人们对于自己的看法。\n";
static const char traditional[] =
    "人工智慧是研究、開發用於模擬、延伸和擴展人的智慧的理論、方法、技術及應用系統的一門新的技術科學"
    "。\n"
    "我們在這裡說的不是機器，而是人們對於自己的看法。\n";

static const char cantonese[] =
    "佢哋話嗰度嘅嘢食真係好好味，我哋聽日一齊去睇下啦，唔好再諗住喺屋企食飯嘞。\n"
    "呢個係香港人講嘅說話，同國語唔同，但係用字大部分都係一樣。\n";
static const char japanese[] =
    "人工知能とは、人間の知的な能力を計算機で実現する研究の分野である。言葉の意味を理解し、"
    "問題を解決する方法を学ぶことができる。\n"
    "日本語の文章は漢字と仮名で書かれる。検索には形態素解析を使う場合が多い。\n";

static sy_buffer encode(const char *charset, const char *text) {
  sy_buffer out = {0};
  iconv_t converter = iconv_open(charset, "UTF-8");
  assert_true(converter != (iconv_t)-1);
  size_t left = strlen(text), room = left * 4 + 16;
  char *in = (char *)(uintptr_t)text, *space = (char *)sy_buffer_reserve(&out, room);
  char *begin = space;
  assert_int_equal(iconv(converter, &in, &left, &space, &room), 0);
  out.bytes = (size_t)(space - begin);
  iconv_close(converter);
  return out;
}

static void write_encoded(const char *path, const char *charset, const char *prefix,
                          size_t prefix_bytes, const char *text) {
  sy_buffer all = {0}, encoded = encode(charset, text);
  sy_buffer_append(&all, prefix, prefix_bytes);
  sy_buffer_append(&all, encoded.data, encoded.bytes);
  write_bytes(path, all.data, all.bytes);
  sy_buffer_free(&all);
  sy_buffer_free(&encoded);
}

static const struct {
  const char *charset, *mark;
  size_t mark_bytes;
  const char *text;
} detected[] = {
    {"UTF-8", "", 0, simplified},
    {"UTF-8", "\xef\xbb\xbf", 3, simplified},
    {"UTF-16LE", "\xff\xfe", 2, simplified},
    {"UTF-16BE", "\xfe\xff", 2, simplified},
    {"UTF-32LE", "\xff\xfe\0\0", 4, simplified},
    {"UTF-32BE", "\0\0\xfe\xff", 4, simplified},
    {"UTF-16LE", "", 0, simplified},
    {"UTF-16BE", "", 0, traditional},
    {"GB18030", "", 0, simplified},
    {"GB2312", "", 0, simplified},
    {"GB18030", "", 0, traditional},
    {"BIG5", "", 0, traditional},
    {"BIG5-HKSCS", "", 0, cantonese},
    {"UTF-32LE", "", 0, simplified},
    {"UTF-32BE", "", 0, traditional},
    {"UTF-16LE", "", 0, japanese},
    {"EUC-JP", "", 0, japanese},
    {"SHIFT_JIS", "", 0, japanese},
};

static void test_detected(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof detected / sizeof *detected; i++) {
    const char *charset = detected[i].charset, *text = detected[i].text;
    write_encoded("a.txt", charset, detected[i].mark, detected[i].mark_bytes, text);
    collected c = import_path("a.txt", NULL);
    if (c.status != SY_OK) print_message("%s: %s\n", charset, c.error.reason);
    assert_int_equal(c.status, SY_OK);
    assert_non_null(strstr(articles_of(&c), text));
    free_collected(&c);

    char line[1000];
    snprintf(line, sizeof line,
             "{\"id\":1,\"title\":\"甲\",\"body\":\"%.*s\"}\n{\"id\":2,\"body\":\"乙\"}",
             (int)strcspn(text, "\n"), text);
    write_encoded("a.jsonl", charset, detected[i].mark, detected[i].mark_bytes, line);
    c = import_path("a.jsonl", NULL);
    if (c.status != SY_OK) print_message("%s: %s\n", charset, c.error.reason);
    assert_int_equal(c.status, SY_OK);
    snprintf(line, sizeof line, "1|甲|%.*s|\n2||乙|\n", (int)strcspn(text, "\n"), text);
    assert_string_equal(articles_of(&c), line);
    free_collected(&c);
  }
}

static void expect_unknown(const char *path) {
  collected c = import_path(path, NULL);
  assert_int_equal(c.status, SY_BAD_INPUT);
  assert_string_equal(c.error.file, path);
  assert_non_null(strstr(c.error.reason, "--encoding"));
  assert_string_equal(articles_of(&c), "");
  free_collected(&c);
}

static void test_not_guessed(void **state) {
  (void)state;
  write_encoded("short.txt", "GB18030", "", 0, "花间集");
  expect_unknown("short.txt");
  write_encoded("latin.txt", "ISO-8859-1", "", 0,
                "déjà vu, où est le café près de l'hôtel à Genève?\n");
  expect_unknown("latin.txt");
  write_encoded("russian.txt", "KOI8-R", "", 0,
                "Съешь же ещё этих мягких французских булок да выпей чаю\n");
  expect_unknown("russian.txt");
  write_encoded("utf16.txt", "UTF-16LE", "", 0, "花间集 1");
  expect_unknown("utf16.txt");
  write_encoded("lines.jsonl", "GB18030", "", 0, "{\"id\":1,\"body\":\"花间集\"}\n");
  expect_unknown("lines.jsonl");
  write_encoded("same.txt", "EUC-JP", "", 0, "設定: 1\n設定: 2\n設定: 3\n設定: 4\n設定: 5\n");
  expect_unknown("same.txt");
  write_encoded("noextension", "GB18030", "", 0, "花间集");
  expect_unknown("noextension");
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.skip_bad = true;
  collected c = import_path(".", &o);
  assert_int_equal(c.status, SY_OK);
  assert_int_equal(c.progress.skipped, 7);
  assert_int_equal(c.progress.articles, 0);
  assert_non_null(strstr(bad_of(&c), "short.txt: not UTF-8"));
  free_collected(&c);
}

/* However little there is of a text: it is read right, or the user is asked. */
static void test_never_wrong(void **state) {
  (void)state;
  static const char *const charsets[] = {"GB18030",  "BIG5-HKSCS", "EUC-JP",   "SHIFT_JIS",
                                         "UTF-16LE", "UTF-16BE",   "UTF-32LE", "UTF-32BE"};
  static const char *const texts[] = {simplified, traditional, cantonese, japanese};
  size_t right = 0;
  for (size_t i = 0; i < 8 * 4; i++) {
    const char *charset = charsets[i / 4], *text = texts[i % 4];
    if (i / 4 == 1 && (i % 4 == 0 || i % 4 == 3)) continue; /* not all characters are in it */
    if ((i / 4 == 2 || i / 4 == 3) && i % 4 != 3) continue;
    /* Less in UTF-16 can be valid UTF-8: 佢 is "bO", 佢哋話 is "ObTˊq". */
    for (size_t n = 15; n < strlen(text); n += 3) {
      while (((uint8_t)text[n] & 0xc0) == 0x80) n++;
      char part[600];
      snprintf(part, sizeof part, "%.*s", (int)n, text);
      write_encoded("a.txt", charset, "", 0, part);
      collected c = import_path("a.txt", NULL);
      if (c.status == SY_OK) assert_non_null(strstr(articles_of(&c), part));
      right += c.status == SY_OK;
      free_collected(&c);
    }
  }
  assert_true(right > 500);
}

/* Big5's commonest characters are GB18030's Kana: must not count as a sign of right reading. */
static void test_big5_is_not_kana(void **state) {
  (void)state;
  write_encoded("a.txt", "BIG5", "", 0,
                "# ID3DX11EffectVariable GetParentConstantBuffer 方法\n\n取得常數緩衝區的父代\n");
  collected c = import_path("a.txt", NULL);
  if (c.status == SY_OK) assert_non_null(strstr(articles_of(&c), "取得常數緩衝區"));
  free_collected(&c);
}

static void test_forced(void **state) {
  (void)state;
  write_encoded("a.txt", "GB18030", "", 0, "花间集");
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.encoding = "gb2312";
  collected c = import_path("a.txt", &o);
  assert_string_equal(articles_of(&c), "a.txt|花间集|花间集|\n");
  free_collected(&c);
  o.encoding = "klingon";
  c = import_path("a.txt", &o);
  assert_int_equal(c.status, SY_INVALID);
  free_collected(&c);
  o.encoding = "BIG5";
  write_bytes("c.txt", "\xff\xff\xff\xff abc", 8);
  c = import_path("c.txt", &o);
  assert_int_equal(c.status, SY_BAD_INPUT);
  free_collected(&c);
}

static void test_damaged_utf8(void **state) {
  (void)state;
  char text[1000], expected[2000];
  snprintf(text, sizeof text, "%s%s\xff结尾", simplified, simplified);
  write_text("a.txt", text);
  snprintf(expected, sizeof expected, "a.txt|%.*s|%s|\n", (int)strcspn(text, "\n"), text, text);
  collected c = import_path("a.txt", NULL);
  assert_int_equal(c.status, SY_OK); /* the writer reads U+FFFD and counts it */
  assert_string_equal(articles_of(&c), expected);
  free_collected(&c);
  snprintf(text, sizeof text, "<title>t</title>%s%s\xff结尾", simplified, simplified);
  write_text("a.html", text);
  c = import_path("a.html", NULL);
  assert_non_null(strstr(articles_of(&c), "\xef\xbf\xbd结尾"));
  free_collected(&c);
}

static void test_declared(void **state) {
  (void)state;
  write_encoded("a.html", "GB2312", "", 0, "<meta charset=\"gb2312\"><title>花</title>间");
  collected c = import_path("a.html", NULL);
  assert_string_equal(articles_of(&c), "a.html|花|间|\n");
  free_collected(&c);
  write_encoded(
      "a.html", "BIG5", "", 0,
      "<META http-equiv=Content-Type content='text/html; charset=Big5'><title>花</title>間");
  c = import_path("a.html", NULL);
  assert_string_equal(articles_of(&c), "a.html|花|間|\n");
  free_collected(&c);
  expect_articles("a.html", "<meta charset=gb2312><title>花</title>间", "a.html|花|间|\n");
  write_encoded("a.html", "EUC-JP", "", 0,
                "<?xml version='1.0' encoding='euc-jp'?><title>花</title>間");
  c = import_path("a.html", NULL);
  assert_string_equal(articles_of(&c), "a.html|花|間|\n");
  free_collected(&c);
}

/* A line that is not in the charset of the file is bad, with its number. */
static void test_bad_bytes_in_lines(void **state) {
  (void)state;
  sy_buffer file = {0}, encoded = encode("GB18030", simplified);
  sy_buffer_append(&file, "{\"id\":1,\"body\":\"", 16);
  sy_buffer_append(&file, encoded.data,
                   (size_t)((uint8_t *)memchr(encoded.data, '\n', encoded.bytes) - encoded.data));
  sy_buffer_append(&file, "\"}\n{\"id\":2,\"body\":\"\xff\"}\n{\"id\":3,\"body\":\"c\"}", 42);
  write_bytes("a.jsonl", file.data, file.bytes);
  sy_buffer_free(&file);
  sy_buffer_free(&encoded);
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.skip_bad = true;
  o.encoding = "GBK";
  collected c = import_path("a.jsonl", &o);
  assert_int_equal(c.status, SY_OK);
  assert_int_equal(c.progress.articles, 2);
  assert_string_equal(bad_of(&c), "a.jsonl:2: bytes that are no GBK\n");
  free_collected(&c);
}

/* Conversion block by block: characters cut by every block. */
static void test_long_conversion(void **state) {
  (void)state;
  sy_buffer text = {0}, expected = {0};
  for (int i = 0; i < 20000; i++) {
    char line[400];
    int bytes = snprintf(line, sizeof line, "{\"id\":%d,\"body\":\"%.*s\"}\n", i, 60 + i % 20 * 3,
                         simplified);
    sy_buffer_append(&text, line, (size_t)bytes);
    bytes = snprintf(line, sizeof line, "%d||%.*s|\n", i, 60 + i % 20 * 3, simplified);
    sy_buffer_append(&expected, line, (size_t)bytes);
  }
  sy_buffer_u8(&text, 0);
  sy_buffer_u8(&expected, 0);
  write_encoded("a.jsonl", "UTF-16LE", "\xff\xfe", 2, (const char *)text.data);
  collected c = import_path("a.jsonl", NULL);
  assert_int_equal(c.status, SY_OK);
  assert_true(c.articles.bytes == expected.bytes);
  assert_memory_equal(c.articles.data, expected.data, expected.bytes);
  free_collected(&c);
  sy_buffer_free(&text);
  sy_buffer_free(&expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN_IN_DIRECTORY(test_detected),        RUN_IN_DIRECTORY(test_not_guessed),
      RUN_IN_DIRECTORY(test_forced),          RUN_IN_DIRECTORY(test_damaged_utf8),
      RUN_IN_DIRECTORY(test_declared),        RUN_IN_DIRECTORY(test_bad_bytes_in_lines),
      RUN_IN_DIRECTORY(test_long_conversion), RUN_IN_DIRECTORY(test_big5_is_not_kana),
      RUN_IN_DIRECTORY(test_never_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
