/*
 * test_fuzz_markup.c - plain text, Markdown and HTML: the first byte chooses, the rest is a file.
 * The articles are valid UTF-8, as the file is made before, and plain text keeps its body.
 */
#include "indexer/input_charset.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_source.h"

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  uint32_t format = fuzz_u8(&in) % 3;
  sy_buffer text = {0};
  uint64_t invalid = 0;
  sy_error error = {0};
  sy_status status = sy_input_charset_convert("UTF-8", (const char *)in.at, fuzz_left(&in), &text,
                                              &invalid, &error);
  fuzz_check(status == SY_OK);
  char *exact = (char *)fuzz_copy(text.data, text.bytes);
  sy_string file = {exact, text.bytes};
  fuzz_articles articles = {0};
  sy_input_sink sink = fuzz_sink(&articles);
  if (format == 0) {
    status = sy_input_read_text(file, "dir/a.txt", &sink, &error);
  } else if (format == 1) {
    status = sy_input_read_markdown(file, "dir/a.md", &sink, &error);
  } else {
    status = sy_input_read_html(file, "dir/a.html", &sink, &error);
  }
  fuzz_check(status == SY_OK || (status == SY_BAD_INPUT && error.reason[0]));
  fuzz_check(articles.added <= 1);
  free(exact);
  sy_buffer_free(&text);
  sy_buffer_free(&articles.log);
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const seeds[] = {
      "0\n\n  標題\n\n正文第一行\n第二行",
      "1---\ntitle: \"前言\"\ndate: 1\n---\n# 一 {#a}\n正文\n\n```\n# 不是\n```\n二\n==\n- a\n--\n",
      "1+++\ntitle = 'x'\n+++\n> q\n---\n~~~\n## y ##\n~~~\n## y ##\n",
      "2<!DOCTYPE html><html><head><title>題 &amp; "
      "目</title><style>x</style></head><body><nav>n</nav>"
      "<h1>大</h1><p>段<br><br>落 &#x6a5f; &hearts; <ruby>漢<rp>(</rp><rt>kan</rt></ruby></p><pre> "
      "a\n"
      "  b</pre><script>if (a < b) x</script><ul><li>1<li>2</ul></body></html>",
      "2<header>x<h1>y</h1></header><main><aside>z</aside></main><div "
      "role=navigation>r</div><footer>",
      "2<svg><title>no</title></svg><textarea>t</textarea><![CDATA[x]]><!-- c --><plaintext>a<b>",
      "2<a href='&#1;&#x110000;&#xD800;&lt'>x</a><p/><br/><table><tr><td>1</table>",
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i], strlen(seeds[i]));
}
