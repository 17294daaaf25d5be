/*
 * random_text.c - random texts from small lists of pieces. Each list is one kind of thing; how
 * often each kind comes is in the table at the end.
 */
#include "tests/oracle/random_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t random_next(random_source *random) {
  uint64_t z = random->state += 0x9e3779b97f4a7c15u; /* splitmix64 */
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

uint32_t random_below(random_source *random, uint32_t bound) {
  return (uint32_t)(random_next(random) % bound);
}

bool random_one_in(random_source *random, uint32_t chances) {
  return random_below(random, chances) == 0;
}

uint64_t number_from_environment(const char *name, uint64_t otherwise) {
  const char *given = getenv(name);
  return given && *given ? strtoull(given, NULL, 0) : otherwise;
}

uint64_t random_seed(uint64_t otherwise) {
  return number_from_environment("SUOYIN_SEED", otherwise);
}

void buffer_add(buffer *to, const char *bytes, size_t count) {
  if (to->bytes + count + 1 > to->capacity) {
    to->capacity = (to->bytes + count + 1) * 2;
    to->data = realloc(to->data, to->capacity);
    if (!to->data) abort();
  }
  if (count > 0) memcpy(to->data + to->bytes, bytes, count);
  to->bytes += count;
  to->data[to->bytes] = '\0';
}

void buffer_add_string(buffer *to, const char *text) { buffer_add(to, text, strlen(text)); }

/* ---- Pieces -------------------------------------------------------------------------------- */

static const char *const han[] = {
    "机", "機", "器", "之", "心", "报", "報", "道", "发", "發", "髮", "発", "为", "為", "爲", "学",
    "學", "习", "習", "云", "雲", "里", "裡", "裏", "台", "臺", "天", "地", "人", "⼈", "的", "的",
};
static const char *const rare[] = {
    "𠀀", "𠮷", "𪚥", "〇", "々",   "か",     "が", "か\u3099", "ー",
    "ｶ",  "ｶﾞ", "한", "ㄅ", "𰻞", "\ue000", "⻣", "⿰",
};
static const char *const emoji[] = {"😀", "👍🏽", "☎️", "❤️", "👩‍💻"};
static const char *const words[] = {
    "sql", "SQL",  "Sql", "ai",   "AI", "x86", "5G", "gpt",
    "4o",  "node", "js",  "FAIR", "c",  "C",   "a",  "2025",
};
static const char *const odd_words[] = {
    "ＳＱＬ", "ＡＩ", "５Ｇ", "été", "E\u0301te\u0301", "straße", "STRASSE", "①", "ﬁn", "㎡",
};
static const char *const compounds[] = {
    "gpt-4o",    "node.js", "x86_64", "C++",  "c++",  "C#",      "F#",     "C#7",         "a+b",
    "Notepad++", "1,000",   "AT&T",   "it's", "it’s", "c:\\sql", "ai/sql", "sql@node.js", "a--b",
};
static const char *const spaces[] = {" ",      " ",  "  ",     "\t",  "\u3000",
                                     "\u00a0", "\n", "\n　　", "\r\n"};
static const char *const blank_lines[] = {"\n\n", "\r\n\r\n", "\n \t\n", "\n　\n\n"};
static const char *const marks[] = {
    "，", "。", "！", "、", ",",  ".",  "!", " - ", "（",
    "）", "(",  ")",  "《", "》", "：", "-", "…",   "\"",
};
static const char *const glosses[] = {
    "(jī)",    "（bào）",   "(yín háng)", "(yínháng)", "(xī'ān)", "( lǜ)",
    "(ㄅㄠˋ)", "（ㄐㄧˋ）", "(dào)",      "(de)",      "(xin)",   "（li）",
};
static const char *const furniture[] = {
    "\n- 12 -\n",  "\n\n— 3 —\n\n", "\n第 7 页\n", "\r\n　第12頁 共30頁\r\n",
    "\n9\n\f",     "\n\n12\n",      "\n-12345-\n", "\n第页\n",
    "\n- 1 - 2\n", "\n·5·",
};
static const char *const no_glosses[] = {"(a)",    "(ji)",  "(LLM)", "(x)",
                                         "（人）", "(jīx)", "()",    "(bǎo"};
static const char *const invisible[] = {"\u200b", "\u00ad", "\ufeff", "\u200d", "\ufe0f", "\u200e"};
static const char *const invalid[] = {"\xff",         "\xe4\xbd", "\xc0\x80",
                                      "\xed\xa0\x80", "\x80",     "\xf0\x9f"};

typedef struct kind {
  const char *const *pieces;
  uint32_t count, weight;
} kind;
#define KIND(list, weight) \
  { list, sizeof(list) / sizeof(list[0]), weight }

static const kind kinds[] = {
    KIND(han, 120),     KIND(rare, 6),       KIND(emoji, 2),     KIND(words, 16),
    KIND(spaces, 12),   KIND(odd_words, 5),  KIND(marks, 12),    KIND(compounds, 8),
    KIND(glosses, 8),   KIND(no_glosses, 3), KIND(invisible, 2), KIND(blank_lines, 2),
    KIND(furniture, 2),
};

static void long_word(random_source *random, buffer *to) {
  static const char *const parts[] = {"a", "é", "ab1", "𝒳", "a\u0323", "e\u0301\u200b"};
  uint32_t count = 100 + random_below(random, 400);
  for (uint32_t i = 0; i < count; i++) { /* cuts of 255 bytes fall anywhere */
    buffer_add_string(to, parts[random_below(random, sizeof(parts) / sizeof(parts[0]))]);
  }
}

void random_text(random_source *random, size_t pieces, bool clean, buffer *to) {
  uint32_t total = 0;
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) total += kinds[i].weight;
  buffer_add(to, "", 0);
  for (size_t i = 0; i < pieces; i++) {
    if (!clean && random_one_in(random, 120)) {
      buffer_add_string(to, invalid[random_below(random, sizeof(invalid) / sizeof(invalid[0]))]);
    }
    if (!clean && random_one_in(random, 4000)) long_word(random, to);
    uint32_t pick = random_below(random, total);
    const kind *chosen = kinds;
    while (pick >= chosen->weight) pick -= chosen++->weight;
    const char *piece = chosen->pieces[random_below(random, chosen->count)];
    if (clean && strcmp(piece, "…") == 0) piece = "—"; /* snippets put "…" where they cut */
    buffer_add_string(to, piece);
  }
}

const char *random_word(random_source *random) {
  return words[random_below(random, sizeof(words) / sizeof(words[0]))];
}

void random_chinese(random_source *random, buffer *to) {
  uint32_t count = 1 + random_below(random, 3);
  for (uint32_t i = 0; i < count; i++) {
    buffer_add_string(to, han[random_below(random, sizeof(han) / sizeof(han[0]))]);
  }
}
