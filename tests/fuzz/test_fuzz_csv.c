/*
 * test_fuzz_csv.c - tables: the first byte chooses commas or tabs, the second is the size of the
 * pieces the input comes in; the articles and complaints must not depend on it.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_source.h"

static sy_status read_commas(sy_input_source *source, const sy_input_lines *lines,
                             const sy_input_sink *sink, sy_error *error) {
  return sy_input_read_csv(source, lines, ',', sink, error);
}

static sy_status read_tabs(sy_input_source *source, const sy_input_lines *lines,
                           const sy_input_sink *sink, sy_error *error) {
  return sy_input_read_csv(source, lines, '\t', sink, error);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  bool tabs = fuzz_u8(&in) & 1;
  size_t piece = 1 + fuzz_u8(&in);
  fuzz_read_text_pieces(tabs ? read_tabs : read_commas, in.at, fuzz_left(&in), piece);
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const seeds[] = {
      "0\x01id,title,body,year\r\n1,題,\"正文, 有逗號\",1999\r\n2,\"\"\"引\"\"\",\"兩\n行\",\r\n",
      "1\x02id\tbody\n1\t機器\n\n2\t\"x\ty\"\n",
      "0\x05\xef\xbb\xbf"
      "body\n文\n\"沒有完\n",
      "0\x07id,id,body,,x\n1,2,3,4,5,6\n7\n\"a\"b,c\nd\"e,f\n",
      "0\x03"
      "body,url\r文,u\r\r,\n\"\",\"\"\n",
      "1\xff\n\n\tbody\n",
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i], strlen(seeds[i]));
}
