/*
 * test_fuzz_snippet.c - the snippet maker: an article and a query from the input. Highlights stand
 * in order, on characters, inside the text; an article that matches is found.
 *
 *     input = passages u8, characters u8, query, 0, title, 0, body
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sy_writer *writer;
static sy_index *reader;

static void close_both(void) {
  sy_index_close(reader);
  sy_writer_close(writer);
}

static void prepare(void) {
  char path[256];
  if (writer) return;
  snprintf(path, sizeof path, "%s/snippet", fuzz_directory());
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  options.memory_bytes = 32u << 20;
  options.compression_level = 1;
  fuzz_check(sy_writer_open(path, &options, &writer, NULL) == SY_OK);
  fuzz_check(sy_writer_commit(writer, NULL) == SY_OK);
  fuzz_check(sy_index_open(path, &reader, NULL) == SY_OK);
  atexit(close_both);
}

static sy_string take_text(fuzz_input *in) {
  size_t bytes;
  const uint8_t *data = fuzz_text(in, &bytes);
  return (sy_string){(const char *)data, bytes};
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  prepare();
  sy_snippet_options options = {fuzz_u8(&in) % 20, 20 + fuzz_u8(&in)};
  sy_string text = take_text(&in);
  sy_query *query = NULL;
  uint64_t number = 0, count = 0;
  if (sy_query_parse(text, 0, &query, NULL) != SY_OK) return 0;
  sy_article article = {{"a", 1}, take_text(&in), take_text(&in), {"", 0}};
  fuzz_check(sy_writer_add(writer, &article, NULL) == SY_OK);
  fuzz_check(sy_writer_commit(writer, NULL) == SY_OK);
  fuzz_check(sy_index_refresh(reader, NULL) == SY_OK);
  fuzz_check(sy_index_find(reader, article.id, &number, NULL) == SY_OK);
  fuzz_index_snippet(reader, query, number, &options);
  if (sy_count(reader, query, &count, NULL) == SY_OK) fuzz_check(count <= 1);
  sy_query_free(query);
  sy_article stored;
  fuzz_check(sy_index_article(reader, number, &stored, NULL) == SY_OK);
  fuzz_check(stored.body.bytes == article.body.bytes);
  if (stored.body.bytes)
    fuzz_check(!memcmp(stored.body.data, article.body.data, stored.body.bytes));
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char seeds[][400] = {
      "\x02\x10机器学习\0標題機器學習\0很長的正文。機器學習是人工智慧的一個分支。\n機器\n學習，完"
      "。",
      "\x01\x01sql* OR c++\0C++\0用 SQLite 和 C++ 寫的 sql\xFF程式 C\xE2\x80\x8B++ Ｃ＋＋",
      "\x13\x00"
      "ab cd\0\0ab xx cd ab. ab! cd? ab；cd。 ab 机器学习 cd ab ab ab ab ab ab ab ab ab ab ab",
      "\x02\x05\"機 器\" -x\0題\0機(jī)器 機(jī)\n\n器 ㍿ 株式会社 カ\xE3\x82\x99ガ",
      "\x00\x00title:題 NOT body:z\0題(tí)\0",
  };
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
    size_t bytes = sizeof *seeds;
    while (bytes && !seeds[i][bytes - 1]) bytes--;
    give(context, seeds[i], bytes);
  }
}
