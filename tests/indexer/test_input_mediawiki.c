/* test_input_mediawiki.c - dumps of MediaWiki, and wiki markup in plain text. */
#include "tests/indexer/test_input_helper.h"

#include "indexer/input_wikitext.h"

#include <time.h>

static const struct {
  const char *wiki, *plain;
} markup[] = {
    {"'''北京'''是[[中华人民共和国|中国]]的''首都''{{来源请求|date={{今天}}}}<ref>书</ref>。",
     "北京是中国的首都。"},
    {"[[甲]]和[[:乙]]、[[丙#节|丁'''戊''']]。", "甲和乙、丁戊。"},
    {"见[https://example.org/ 网站 首页]，[http://example.org]，[注] http://a.b/",
     "见网站 首页，，[注] http://a.b/"},
    {"文[[File:a.jpg|thumb|图[[甲]]说明]]字[[Category:城市]][[分类:乙]]", "文字"},
    {"== 历史 ==\n文\n=== ''古'' ===\n字\n=x", "历史\n文\n古\n字\n=x"},
    {"* 甲\n** 乙\n# 丙\n; 丁: 戊\n:己\n----\n庚", "甲\n乙\n丙\n丁: 戊\n己\n\n庚"},
    {"{| class=\"x\"\n|+ 表\n! 甲 !! scope=col | 乙\n|-\n| style=\"a\" | 一 || 二\n|}\n后",
     "表\n甲\n乙\n\n一\n二\n\n后"},
    {"甲<!-- 注 {{ -->乙<nowiki>[[丙]] {{丁}} &lt;</nowiki>", "甲乙[[丙]] {{丁}} <"},
    {"甲&nbsp;乙&amp;&lt;b&gt;&#20013;&#x6587;&hellip;&bogus; & &#0;",
     "甲 乙&<b>中文…&bogus; & &#0;"},
    {"一<br/>二<span style=\"a\">三</span><ref name=a />四 a<b c<5", "一\n二三四 a<b c<5"},
    {"-{zh-hans:计算机; zh-hant:電腦}-和-{乙}--{H|zh-cn:甲;zh-tw:丙}-完", "计算机和乙完"},
    {"__NOTOC__甲\r\n\n\n\n乙__x__", "甲\n\n乙__x__"},
    {"{{{{未完", "{{{{未完"},
    {"甲}} ]] [[乙", "甲}} ]] [[乙"},
    {"{{甲[[乙}}丙]]", "丙]]"},
    {"[[甲{{乙]]丙}}", "[[甲"},
    {"<ref>没有完", "没有完"},
    {"<!-- 没有完", "<!-- 没有完"},
    {"<ruby>漢<rt>hàn</rt></ruby>字<math>x^2</math><code>if (a<b)</code>", "漢字if (a<b)"},
    {"don't ''''四'''' x", "don't '四' x"},
    {"", ""},
};

static void test_markup(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof markup / sizeof *markup; i++) {
    sy_buffer out = {0};
    sy_input_wikitext_plain((sy_string){markup[i].wiki, strlen(markup[i].wiki)}, &out);
    sy_buffer_u8(&out, 0);
    assert_string_equal(out.data, markup[i].plain);
    sy_buffer_free(&out);
  }
}

/* Cut off everywhere, and without its first bytes: read in bounds (a copy without a byte more). */
static void test_markup_cut(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof markup / sizeof *markup; i++) {
    size_t bytes = strlen(markup[i].wiki);
    for (size_t from = 0; from <= bytes; from += 1 + from / 4) {
      for (size_t n = from; n <= bytes; n++) {
        char *copy = malloc(n - from + !n);
        assert_non_null(copy);
        memcpy(copy, markup[i].wiki + from, n - from);
        sy_buffer out = {0};
        sy_input_wikitext_plain((sy_string){copy, n - from}, &out);
        assert_false(out.failed);
        assert_true(out.bytes <= n - from);
        sy_buffer_free(&out);
        free(copy);
      }
    }
  }
}

/* What would take for ever if anything were searched for twice. */
static void test_hostile_markup(void **state) {
  (void)state;
  static const char *const parts[] = {
      "{{",           "[[",  "[[a|", "<ref>",   "<ref ", "<!--",    "[//",      "-{",  "{{[[",
      "\n{|\n| a ||", "<a ", "\n=",  "[[a]]{{", "''''",  "&#x4e2d", "<nowiki>", "__A", "}}]]"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    sy_buffer text = {0}, out = {0};
    while (text.bytes < 1u << 20) sy_buffer_append(&text, parts[i], strlen(parts[i]));
    clock_t begin = clock();
    sy_input_wikitext_plain((sy_string){(const char *)text.data, text.bytes}, &out);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    if (seconds > 2) fail_msg("%s: %.1f s", parts[i], seconds);
    sy_buffer_free(&text);
    sy_buffer_free(&out);
  }
}

#define HEAD    \
  "<mediawiki " \
  "xmlns=\"http://www.mediawiki.org/xml/export-0.10/\">\n<siteinfo><id>9</id></siteinfo>\n"

static const char dump[] = HEAD
    "<page><title>北京&amp;</title><ns>0</ns><id>13</id>\n"
    "<revision><id>1</id><text>旧</text></revision>\n"
    "<revision><id>2</id><contributor><id>7</id></contributor><text xml:space=\"preserve\">"
    "[[甲|乙]]&lt;br/&gt;'''丙'''</text></revision></page>\n"
    "<page><title>Talk:x</title><ns>1</ns><id>14</id><revision><text>谈</text></revision></page>\n"
    "<page><title>r</title><ns>0</ns><id>15</id><redirect title=\"a\"/>"
    "<revision><text>x</text></revision></page>\n"
    "<page><title>r</title><id>16</id><revision><text>#重定向 [[a]]</text></revision></page>\n"
    "<page><title>上海</title><ns>0</ns><id>17</id><revision><text>文</text></revision></page>\n"
    "</mediawiki>\n";
static const char pages[] = "13|北京&|乙\n丙|\n17|上海|文|\n";

static void test_dump(void **state) {
  (void)state;
  expect_articles("a.xml", dump, pages);
  char declared[3000];
  snprintf(declared, sizeof declared, "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n%s",
           dump);
  expect_articles("a.xml", declared, pages);
  assert_int_equal(system("bzip2 -kf a.xml"), 0);
  collected c = import_path("a.xml.bz2", NULL);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), pages);
  free_collected(&c);
  snprintf(declared, sizeof declared, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n%s", dump);
  write_text("u.xml", declared);
  assert_int_equal(system("iconv -f UTF-8 -t UTF-16 u.xml >v.xml"), 0);
  c = import_path("v.xml", NULL);
  assert_int_equal(c.status, SY_OK);
  assert_string_equal(articles_of(&c), pages);
  free_collected(&c);
  expect_articles("other.xml", "<?xml version=\"1.0\"?><a>文</a>",
                  "other.xml|<?xml version=\"1.0\"?><a>文</a>|<?xml version=\"1.0\"?><a>文</a>|\n");
}

static void test_cut_dump(void **state) {
  (void)state;
  for (size_t n = sizeof HEAD; n < sizeof dump - 15; n += 7) {
    write_bytes("a.xml", dump, n);
    collected c = import_path("a.xml", NULL);
    assert_int_equal(c.status, SY_BAD_INPUT);
    assert_string_equal(c.error.file, "a.xml");
    /* Within a character it is the bytes that are wrong. */
    assert_true(c.error.line >= 1 || strstr(c.error.reason, "UTF-8"));
    assert_memory_equal(articles_of(&c), pages, strlen(articles_of(&c)));
    free_collected(&c);
  }
}

static void expect_refused(const char *content, const char *reason) {
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.format = SY_FORMAT_MEDIAWIKI;
  write_text("a.xml", content);
  collected c = import_path("a.xml", &o);
  assert_int_equal(c.status, SY_BAD_INPUT);
  if (!strstr(c.error.reason, reason)) fail_msg("%s", c.error.reason);
  assert_string_equal(articles_of(&c), "");
  free_collected(&c);
}

static void test_hostile_xml(void **state) {
  (void)state;
  expect_refused(
      "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><mediawiki>&b;"
      "</mediawiki>",
      "document type");
  write_text("secret.txt", "秘密");
  expect_refused(
      "<!DOCTYPE mediawiki [<!ENTITY a SYSTEM \"secret.txt\">]><mediawiki><page><id>1</id>"
      "<revision><text>&a;</text></revision></page></mediawiki>",
      "document type");
  expect_refused("<!DOCTYPE mediawiki SYSTEM \"http://127.0.0.1:1/x.dtd\"><mediawiki/>",
                 "document type");
  expect_refused(HEAD "<page><id>1</id><revision><text>&a;</text></revision></page></mediawiki>",
                 "XML: ");
  expect_refused("<html/>", "no dump");
  sy_buffer deep = {0};
  sy_buffer_append(&deep, "<mediawiki>", 11);
  for (int i = 0; i < 100000; i++) sy_buffer_append(&deep, "<a>", 3);
  sy_buffer_u8(&deep, 0);
  expect_refused((const char *)deep.data, "deep");
  sy_buffer_free(&deep);
}

/* Pages longer than the blocks in which they come, and one that is too long. */
static void test_long_pages(void **state) {
  (void)state;
  FILE *file = fopen("a.xml", "wb");
  assert_non_null(file);
  fputs(HEAD, file);
  for (int page = 0; page < 3; page++) {
    fprintf(file, "<page><title>t</title><ns>0</ns><id>%d</id><revision><text>", page);
    for (int i = 0; i < (page == 1 ? 80 << 16 : 11 << 16); i++) fputs("中文文字&lt;", file);
    fputs("</text></revision></page>\n", file);
  }
  fputs("</mediawiki>\n", file);
  assert_int_equal(fclose(file), 0);
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  o.skip_bad = true;
  collected c = import_path("a.xml", &o);
  assert_int_equal(c.status, SY_OK);
  assert_int_equal(c.progress.articles, 2);
  assert_string_equal(bad_of(&c), "a.xml:4: a page of more than 64 MiB\n");
  assert_true(c.articles.bytes > 2 * 13 * (11u << 16));
  free_collected(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_markup),         cmocka_unit_test(test_markup_cut),
      cmocka_unit_test(test_hostile_markup), RUN_IN_DIRECTORY(test_dump),
      RUN_IN_DIRECTORY(test_cut_dump),       RUN_IN_DIRECTORY(test_hostile_xml),
      RUN_IN_DIRECTORY(test_long_pages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
