/*
 * test_fuzz_text.c - the analyser: the first byte chooses the rules, the rest is a text. Terms come
 * in order of position and of their bytes, stand on characters of the text, name what follows them
 * rightly, and are the same however many are asked for at once.
 */
#include "tests/fuzz/fuzz.h"
#include "text/analyze.h"
#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

typedef struct term_list {
  sy_term *terms;
  uint8_t *words; /* of all terms; sy_term.second of a word is its place here */
  size_t count, word_bytes;
} term_list;

static sy_analyzer analyzer;

static term_list analyze(const uint8_t *text, size_t bytes, uint32_t rules, size_t capacity) {
  term_list list = {malloc((32 * bytes + 1) * sizeof(sy_term)), malloc(300 * bytes + 1), 0, 0};
  sy_term *batch = malloc(capacity * sizeof *batch);
  fuzz_check(list.terms && list.words && batch);
  sy_analyzer_init(&analyzer, rules);
  sy_analyzer_begin(&analyzer, (const char *)text, bytes);
  for (size_t count; (count = sy_analyzer_next(&analyzer, batch, capacity)) > 0;) {
    fuzz_check(count <= capacity && list.count + count <= 32 * bytes);
    for (size_t i = 0; i < count; i++) {
      sy_term *term = &list.terms[list.count++];
      *term = batch[i];
      if (!term->word_bytes) continue;
      fuzz_check(term->word_bytes <= SY_WORD_MAX_BYTES);
      memcpy(list.words + list.word_bytes, sy_term_word(&analyzer, &batch[i]), term->word_bytes);
      term->second = (uint32_t)list.word_bytes;
      list.word_bytes += term->word_bytes;
    }
  }
  free(batch);
  return list;
}

static void check_word(const term_list *list, const sy_term *term) {
  const uint8_t *word = list->words + term->second, *end = word + term->word_bytes;
  uint32_t length;
  fuzz_check(sy_utf8_decode(word, end, &length) == term->first);
  for (; word < end; word += length) {
    bool replaced = sy_utf8_decode(word, end, &length) == SY_REPLACEMENT && length == 1;
    fuzz_check(!replaced);
  }
}

/* What a Chinese unit says of the unit behind it. */
static void check_second(const sy_term *term, const sy_term *next) {
  if (term->second == SY_END_BREAK) {
    fuzz_check(!next || next->position == term->position + 2);
    return;
  }
  fuzz_check(next && next->position == term->position + 1);
  if (term->second == SY_END_WORD) {
    fuzz_check(next->word_bytes > 0);
  } else {
    fuzz_check(!next->word_bytes && next->first == term->second);
  }
}

static void check_terms(const term_list *list, const uint8_t *text, size_t bytes) {
  bool *begins = fuzz_boundaries(text, bytes);
  for (size_t i = 0; i < list->count; i++) {
    const sy_term *term = &list->terms[i], *next = i + 1 < list->count ? term + 1 : NULL;
    fuzz_check(term->start < term->end && term->end <= bytes);
    fuzz_check(begins[term->start] && begins[term->end]);
    if (i == 0) fuzz_check(term->position == 0);
    if (next) {
      fuzz_check(next->start >= term->start && next->end >= term->end);
      fuzz_check(next->position == term->position + 1 || next->position == term->position + 2);
    }
    if (term->word_bytes) {
      check_word(list, term);
    } else {
      check_second(term, next);
    }
  }
  free(begins);
}

const uint32_t fuzz_mutations = 20000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  fuzz_input in = {data, data + bytes};
  uint32_t rules = fuzz_u8(&in) & SY_TEXT_DEFAULT;
  size_t length = fuzz_left(&in);
  uint8_t *text = fuzz_copy(in.at, length);
  term_list small = analyze(text, length, rules, SY_TERM_BATCH);
  term_list large = analyze(text, length, rules, 4000);
  check_terms(&small, text, length);
  fuzz_check(small.count == large.count && small.word_bytes == large.word_bytes);
  fuzz_check(!memcmp(small.terms, large.terms, small.count * sizeof *small.terms));
  fuzz_check(!memcmp(small.words, large.words, small.word_bytes));
  free(small.terms);
  free(small.words);
  free(large.terms);
  free(large.words);
  free(text);
  return 0;
}

void fuzz_seeds(fuzz_give *give, void *context) {
  static const char *const seeds[] = {
      "\x0f机器学习，用SQL。",
      "\x0f機(jī)器 銀行（yín háng） 報(ㄅㄠˋ) F(xiàn)AIR f(x)",
      "\x0fＧＰＴ－４ｏ ﾊﾟﾋﾟﾌﾟ がぎぐ カ\xE3\x82\x99 e\xCC\x81t\xCC\x82",
      "\x0f很\n长\n\n的 C++ c# 3,141.59 a@b.c don't x/y\\z _a_ &b",
      "\x03㍿㍻㌔ ﷺ ﬁ ½ ㎏ 𠀀𪜀𠮷 \xEF\xB8\x80\xE2\x80\x8B机\xE2\x80\x8D器",
      "\x0f\xFF\xC0\x80\xED\xA0\x80\xF4\x90\x80\x80机\xE6\x9C 器\xE5",
      "\x04"
      "发髮發 後后 台臺 裏裡里",
      "\x00 A a Ａ ａ ß ẞ İ ŉ ΐ",
      "\x0f한국어 조선 \xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB ภาษาไทย العربية עברית",
  };
  static char run[5001] = "\x0f";
  for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
    give(context, seeds[i], seeds[i][0] ? strlen(seeds[i]) : 1 + strlen(seeds[i] + 1));
  for (size_t i = 1; i < sizeof run; i++) run[i] = "abcdefghij0123456789"[i % 20];
  give(context, run, sizeof run);
  for (size_t i = 1; i + 2 < sizeof run; i += 3) memcpy(run + i, "机", 3);
  give(context, run, 3001);
}
