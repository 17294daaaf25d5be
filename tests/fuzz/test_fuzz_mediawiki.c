/*
 * test_fuzz_mediawiki.c - dumps of wikis: the first byte is the size of the pieces the input comes
 * in; the articles and complaints must not depend on it. And the markup by itself: it comes out as
 * valid UTF-8, with no character that it did not have.
 */
#include "indexer/input_charset.h"
#include "indexer/input_wikitext.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_source.h"

/* Marks become at most a line end, references at most their own length. */
static void make_plain(const uint8_t *data, size_t bytes) {
  sy_buffer text = {0}, plain = {0};
  uint64_t invalid = 0;
  fuzz_check(sy_input_charset_convert("UTF-8", (const char *)data, bytes, &text, &invalid, NULL) ==
             SY_OK);
  char *exact = (char *)fuzz_copy(text.data, text.bytes);
  sy_input_wikitext_plain((sy_string){exact, text.bytes}, &plain);
  fuzz_check(!plain.failed && plain.bytes <= text.bytes);
  if (plain.bytes) fuzz_check(sy_input_charset_is_utf8((const char *)plain.data, plain.bytes));
  free(exact);
  sy_buffer_free(&text);
  sy_buffer_free(&plain);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  size_t piece = 1 + fuzz_u8(&in);
  fuzz_read_text_pieces(sy_input_read_mediawiki, in.at, fuzz_left(&in), piece);
  make_plain(in.at, fuzz_left(&in));
  return 0;
}

#define PAGE(title, ns, id, text)                                                               \
  "<page><title>" title "</title><ns>" ns "</ns><id>" id "</id><revision><id>9</id><text>" text \
  "</text></revision></page>"

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const seeds[] = {
      "\x10<mediawiki xmlns=\"u\" version=\"0.10\">" PAGE("北京", "0", "1",
                                                         "'''北京'''是[[中国|中]]的{{首都}}")
          PAGE("討論", "1", "2", "文") "</mediawiki>",
      "\x01<?xml version=\"1.0\" encoding=\"GBK\"?><mediawiki>" PAGE("a", "0", "x", "&lt;ref&gt;")
          "<page><title>r</title><redirect title=\"a\"/><ns>0</ns></page></mediawiki>",
      "\x03<mediawiki><page><revision><text>一</text></revision><revision><text>二</text></revision>"
      "</page><x><y></x>",
      "\x07<!DOCTYPE m [<!ENTITY a \"b\">]><mediawiki>&a;</mediawiki>",
      "\x05'''北京'''是[[中华人民共和国|中国]]的''首都''{{来源|date={{今天}}}}<ref>书</ref>。",
      "\x05文[[File:a.jpg|thumb|图[[甲]]说明]]字[[Category:城市]]\n== 历史 ==\n* 甲\n; 丁: 戊",
      "\x05{| class=\"x\"\n|+ 表\n! 甲 !! scope=col | 乙\n|-\n| style=\"a\" | 一 || 二\n|}\n后",
      "\x05<nowiki>[[丙]]</nowiki>&nbsp;&#20013;&#x6587;&#0;-{zh-hans:计算机; zh-hant:電腦}-<!-- ",
      "\x05<ruby>漢<rt>hàn</rt></ruby><math>x^2</math>{{{{[[{{]]__TOC__''''四''''[http://a b]",
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i], strlen(seeds[i]));
}
