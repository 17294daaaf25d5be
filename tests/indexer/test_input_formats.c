/* test_input_formats.c - plain text, Markdown and HTML: titles and texts. */
#include "tests/indexer/test_input_helper.h"

static void test_text(void **state) {
  (void)state;
  expect_articles("a.txt", "\n\n　　标题 \r\n正文。\r\n",
                  "a.txt|标题|\n\n　　标题 \r\n正文。\r\n|\n");
  expect_articles("a.txt", "一行", "a.txt|一行|一行|\n");
  expect_articles("a.txt", "", "");
  expect_articles("a.txt", " \n　\n", "");
  expect_articles("./noextension", "一\n二", "noextension|一|一\n二|\n");
}

static void test_text_title_is_cut(void **state) {
  (void)state;
  char text[700] = "", expected[1100];
  for (int i = 0; i < 200; i++) strcat(text, "长");
  snprintf(expected, sizeof expected, "a.txt|%.300s|%s|\n", text, text);
  expect_articles("a.txt", text, expected);
}

static void test_markdown(void **state) {
  (void)state;
  expect_articles("a.md", "前言\n\n## 标题 ##\n正文\n", "a.md|标题|前言\n\n## 标题 ##\n正文\n|\n");
  expect_articles("a.md", "```\n# 注释\n```\n# 标题 {#x}\n",
                  "a.md|标题|```\n# 注释\n```\n# 标题 {#x}\n|\n");
  expect_articles("a.md", "标题\n====\n正文", "a.md|标题|标题\n====\n正文|\n");
  expect_articles("a.md", "---\nlayout: x\ntitle: \"甲：乙\"\n---\n# 丙\n",
                  "a.md|甲：乙|# 丙\n|\n");
  expect_articles("a.md", "---\ntitle: \"甲 # \\\"乙\" # 注\n---\n文\n",
                  "a.md|甲 # \\\"乙|文\n|\n");
  expect_articles("a.md", "---\ntitle: 甲#乙 # 注\n---\n文\n", "a.md|甲#乙|文\n|\n");
  expect_articles("a.md", "---\nlayout: x\n---\n# 丙\n", "a.md|丙|# 丙\n|\n");
  expect_articles("a.md", "+++\ntitle = '甲'\n+++\n正文\n", "a.md|甲|正文\n|\n");
  expect_articles("a.md", "---\n没有结束\n", "a.md|---|---\n没有结束\n|\n");
  expect_articles("a.md", "#不是标题\n正文", "a.md|#不是标题|#不是标题\n正文|\n");
}

static void test_html_title(void **state) {
  (void)state;
  expect_articles(
      "a.html",
      "<html><head><title> 书\n名 </title></head><body><h1>章</h1><p>文</p></body></html>",
      "a.html|书 名|章\n\n文|\n");
  expect_articles("a.html", "<body><h1>章<b>一</b></h1><p>文</p>", "a.html|章一|章一\n\n文|\n");
  expect_articles("a.html", "<p>文</p>", "a.html|a.html|文|\n");
  expect_articles("a.html", "", "");
}

static void test_html_blocks(void **state) {
  (void)state;
  expect_articles("a.html",
                  "<title>t</title><div>一 \n 二<br>三</div>四<ul><li>五<li>六</ul>"
                  "<table><tr><td>七</td><td>八</td></tr></table><p>九<b>十</b>A <i>B</i>",
                  "a.html|t|一 二\n三\n\n四\n\n五\n\n六\n\n七\n\n八\n\n九十A B|\n");
  expect_articles("a.html",
                  "<title>t</title><p>一<br><br>二<pre>a\n  b</pre>&lt;&amp;&nbsp;&#x4e00;&hellip;",
                  "a.html|t|一\n\n二\n\na\n  b\n\n<&\xc2\xa0一…|\n");
}

static void test_html_left_out(void **state) {
  (void)state;
  expect_articles(
      "a.html",
      "<title>t</title><style>p{}</style><header>站名<nav>菜单</nav></header><aside>旁</aside>"
      "<div role=navigation>导航</div><p>正文<script>if (a < b) x('</p>');</script>"
      "<button>按</button><select><option>选</select><svg><text>图</text></svg>"
      "<noscript>无</noscript><template><p>模</p></template><textarea>域</textarea>完</p>"
      "<!-- 注 --><footer>版权</footer>",
      "a.html|t|正文完|\n");
  expect_articles("a.html",
                  "<title>t</title><header><h1>题</h1>作者</header><article><header>甲</header>乙"
                  "<aside>丙</aside><footer>丁</footer></article>",
                  "a.html|t|题\n\n作者\n\n甲\n\n乙\n\n丙\n\n丁|\n");
}

static void test_html_ruby(void **state) {
  (void)state;
  expect_articles("a.html",
                  "<title>t</title><p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>"
                  "と<ruby>機<rt>jī</ruby>器",
                  "a.html|t|漢字と機器|\n");
}

static void test_html_deep(void **state) {
  (void)state;
  sy_buffer file = {0};
  for (int i = 0; i < 100000; i++) sy_buffer_append(&file, "<div>", 5);
  sy_buffer_append(&file, "x", 1);
  write_bytes("a.html", file.data, file.bytes);
  sy_buffer_free(&file);
  collected c = import_path("a.html", NULL);
  assert_int_equal(c.status, SY_BAD_INPUT);
  assert_string_equal(c.error.file, "a.html");
  free_collected(&c);
}

static void test_guesses(void **state) {
  (void)state;
  expect_articles("a", "{\"id\":1,\"body\":\"b\"}\n", "1||b|\n");
  expect_articles("a.dat", "\n <!-- x --><!DOCTYPE html><title>t</title>文", "a.dat|t|文|\n");
  expect_articles("a.json", "{ \"id\": 1, \"body\": \"b\"}\n", "1||b|\n");
  expect_articles("a", "{{ 模板 }}\n", "a|{{ 模板 }}|{{ 模板 }}\n|\n");
  write_text("a.json", "[\n{\"id\":1,\"body\":\"b\"}\n]\n");
  collected c = import_path("a.json", NULL);
  assert_int_equal(c.status, SY_BAD_INPUT);
  assert_non_null(strstr(c.error.reason, "one object a line"));
  free_collected(&c);
}

static void test_forced(void **state) {
  (void)state;
  sy_import_options o = SY_IMPORT_OPTIONS_DEFAULT;
  write_text("a.txt", "{\"id\":1,\"body\":\"b\"}");
  o.format = SY_FORMAT_JSONL;
  collected c = import_path("a.txt", &o);
  assert_string_equal(articles_of(&c), "1||b|\n");
  free_collected(&c);
  o.format = SY_FORMAT_TEXT;
  c = import_path("a.txt", &o);
  assert_string_equal(articles_of(&c),
                      "a.txt|{\"id\":1,\"body\":\"b\"}|{\"id\":1,\"body\":\"b\"}|\n");
  free_collected(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      RUN_IN_DIRECTORY(test_text),        RUN_IN_DIRECTORY(test_text_title_is_cut),
      RUN_IN_DIRECTORY(test_markdown),    RUN_IN_DIRECTORY(test_html_title),
      RUN_IN_DIRECTORY(test_html_blocks), RUN_IN_DIRECTORY(test_html_left_out),
      RUN_IN_DIRECTORY(test_html_ruby),   RUN_IN_DIRECTORY(test_html_deep),
      RUN_IN_DIRECTORY(test_guesses),     RUN_IN_DIRECTORY(test_forced),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
