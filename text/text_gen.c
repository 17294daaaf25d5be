/*
 * text_gen.c - writes text_tables.c: how every code point folds, and which pairs compose. Runs
 * once, when Suoyin is built; what it asks (utf8proc for NFKC and case folding, OpenCC for
 * character variants, Unicode's list of radicals) is not needed afterwards.
 *
 * The tables are described in tables.h, the rules in docs/text.md.
 */
#include "text/tables.h"

#include <iconv.h>
#include <opencc/opencc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define CODE_POINTS 0x110000
#define MAX_EXPANSION 18 /* U+FDFA is the longest */
#define RADICALS "/usr/share/unicode/EquivalentUnifiedIdeograph.txt"

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("text_gen: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

/* ---- OpenCC: one character to its simplified form -------------------------------------------- */

typedef struct variants {
  opencc_t japanese, hong_kong, taiwan, simplified;
  iconv_t gb2312, big5;
} variants;

static opencc_t open_converter(const char *name) {
  opencc_t converter = opencc_open(name);
  if (converter == (opencc_t)-1) die("OpenCC cannot open %s", name);
  return converter;
}

static void variants_open(variants *v) {
  v->japanese = open_converter("jp2t.json");
  v->hong_kong = open_converter("hk2t.json");
  v->taiwan = open_converter("tw2t.json");
  v->simplified = open_converter("t2s.json");
  v->gb2312 = iconv_open("GB2312", "UTF-8");
  v->big5 = iconv_open("BIG5", "UTF-8");
  if (v->gb2312 == (iconv_t)-1 || v->big5 == (iconv_t)-1) die("iconv lacks GB2312 or BIG5");
}

static bool encodable(iconv_t charset, const char *text, size_t bytes) {
  char out[16];
  char *in = (char *)text, *to = out;
  size_t left = sizeof out;
  iconv(charset, NULL, NULL, NULL, NULL);
  return iconv(charset, &in, &bytes, &to, &left) == 0;
}

/* Maps one code point; what becomes more than one character is left as it was. */
static uint32_t convert(opencc_t converter, uint32_t c) {
  char in[8];
  size_t bytes = (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)in);
  char *out = opencc_convert_utf8(converter, in, bytes);
  if (!out) die("OpenCC failed on U+%04X", c);
  utf8proc_int32_t mapped;
  utf8proc_ssize_t used = utf8proc_iterate((utf8proc_uint8_t *)out, -1, &mapped);
  bool single = used > 0 && out[used] == 0;
  opencc_convert_utf8_free(out);
  return single ? (uint32_t)mapped : c;
}

static uint32_t simplify(variants *v, uint32_t c) {
  char text[8];
  size_t bytes = (size_t)utf8proc_encode_char((utf8proc_int32_t)c, (utf8proc_uint8_t *)text);
  if (!encodable(v->gb2312, text, bytes) && !encodable(v->big5, text, bytes)) {
    c = convert(v->japanese, c);
  }
  return convert(v->simplified, convert(v->taiwan, convert(v->hong_kong, c)));
}

/* ---- Radicals: the ideographs they are forms of ---------------------------------------------- */

static uint32_t radicals[0x3000 - 0x2E80]; /* by code point from U+2E80; 0 for none */

/* A line is "2E81 ; 5382 # ..." or "2E8C..2E8D ; 5C0F # ..."; strokes (U+31C0...) stay what they
 * are. */
static void read_radicals(void) {
  FILE *file = fopen(RADICALS, "r");
  if (!file) die("cannot read " RADICALS);
  char line[256];
  uint32_t count = 0;
  while (fgets(line, sizeof line, file)) {
    char *at = line;
    uint32_t first = (uint32_t)strtoul(at, &at, 16), last = first;
    if (at == line || line[0] == '#') continue;
    if (!strncmp(at, "..", 2)) last = (uint32_t)strtoul(at + 2, &at, 16);
    char *semicolon = strchr(at, ';');
    uint32_t ideograph = semicolon ? (uint32_t)strtoul(semicolon + 1, NULL, 16) : 0;
    for (uint32_t c = first; ideograph && c <= last; c++) {
      if (c < 0x2E80 || c >= 0x3000) continue;
      radicals[c - 0x2E80] = ideograph;
      count++;
    }
  }
  fclose(file);
  if (count < 200) die("only %u radicals in " RADICALS, count);
}

static uint32_t unify_radical(uint32_t c) {
  uint32_t ideograph = c >= 0x2E80 && c < 0x3000 ? radicals[c - 0x2E80] : 0;
  return ideograph ? ideograph : c;
}

/* ---- Classes --------------------------------------------------------------------------------- */

static bool in_chinese_block(uint32_t c) {
  static const uint32_t blocks[][2] = {
      {0x1100, 0x11FF},   {0x2E80, 0x2FFF},   {0x3005, 0x3007},   {0x3021, 0x3029},
      {0x3031, 0x3035},   {0x3038, 0x303C},   {0x3041, 0x309F},   {0x30A1, 0x30FA},
      {0x30FC, 0x30FF},   {0x3105, 0x318F},   {0x31A0, 0x31BF},   {0x31F0, 0x31FF},
      {0x3400, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7FF},
      {0xE000, 0xFAFF},   {0xFF66, 0xFFDC},   {0x16FE0, 0x18DFF}, {0x1AFF0, 0x1B2FF},
      {0x20000, 0x3FFFD}, {0xF0000, 0x10FFFD}};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    if (c >= blocks[i][0] && c <= blocks[i][1]) return true;
  }
  return false;
}

static bool is_emoji(uint32_t c) {
  return (c >= 0x1F000 && c <= 0x1FFFF) || (c >= 0x2600 && c <= 0x27BF);
}

static bool is_emoji_modifier(uint32_t c) { return c >= 0x1F3FB && c <= 0x1F3FF; }

static uint32_t class_of(uint32_t c) {
  if (c == '\t' || (c >= '\n' && c <= '\r') || c == 0x85) return SY_CLASS_SPACE;
  if (is_emoji_modifier(c)) return SY_CLASS_TRANSPARENT;
  if (is_emoji(c)) return SY_CLASS_CHINESE;
  switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return in_chinese_block(c) ? SY_CLASS_CHINESE : SY_CLASS_WORD;
    case UTF8PROC_CATEGORY_CO: return SY_CLASS_CHINESE;
    case UTF8PROC_CATEGORY_CN: /* newer than the library: not lost as punctuation */
    case UTF8PROC_CATEGORY_SO: /* radicals */
    case UTF8PROC_CATEGORY_PO: return in_chinese_block(c) ? SY_CLASS_CHINESE : SY_CLASS_PUNCTUATION;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF) ||
                     (c >= 0x180B && c <= 0x180F) || c == 0x034F
                 ? SY_CLASS_TRANSPARENT
                 : SY_CLASS_MARK;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return SY_CLASS_SPACE;
    case UTF8PROC_CATEGORY_CF: return SY_CLASS_TRANSPARENT;
    default: return SY_CLASS_PUNCTUATION;
  }
}

/* ---- Folding --------------------------------------------------------------------------------- */

typedef struct folded {
  uint32_t characters[MAX_EXPANSION];
  int count;
} folded;

static void fold_width(folded *f, uint32_t c) {
  utf8proc_uint8_t text[8];
  utf8proc_uint8_t *mapped = NULL;
  utf8proc_ssize_t bytes = utf8proc_encode_char((utf8proc_int32_t)c, text);
  utf8proc_ssize_t length =
      utf8proc_map(text, bytes, &mapped,
                   UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  if (length < 0) die("utf8proc failed on U+%04X: %s", c, utf8proc_errmsg(length));
  f->count = 0;
  for (utf8proc_ssize_t at = 0; at < length;) {
    utf8proc_int32_t mapped_c;
    at += utf8proc_iterate(mapped + at, length - at, &mapped_c);
    if (f->count == MAX_EXPANSION) die("U+%04X expands to more than %d", c, MAX_EXPANSION);
    f->characters[f->count++] = (uint32_t)mapped_c;
  }
  free(mapped);
}

/* Spacing forms of marks decompose to a space and a mark (U+00B4); they separate nothing and mark
 * nothing, so they stay what they are: punctuation. */
static bool becomes_space(uint32_t c, const folded *f) {
  return f->count > 1 && class_of(f->characters[0]) == SY_CLASS_SPACE &&
         class_of(c) != SY_CLASS_SPACE;
}

/* Folds until nothing changes. The rules are idempotent after two or three rounds. */
static void fold(variants *v, uint32_t rules, uint32_t c, folded *out) {
  *out = (folded){{c}, 1};
  for (int round = 0; round < 8; round++) {
    folded next = {{0}, 0};
    for (int i = 0; i < out->count; i++) {
      folded one = {{out->characters[i]}, 1};
      if (rules & SY_TEXT_WIDTH) fold_width(&one, unify_radical(out->characters[i]));
      if (becomes_space(out->characters[i], &one)) one = (folded){{out->characters[i]}, 1};
      for (int k = 0; k < one.count; k++) {
        uint32_t folded_c = one.characters[k];
        if ((rules & SY_TEXT_VARIANTS) && in_chinese_block(folded_c))
          folded_c = simplify(v, folded_c);
        if (next.count == MAX_EXPANSION) die("U+%04X expands to more than %d", c, MAX_EXPANSION);
        next.characters[next.count++] = folded_c;
      }
    }
    if (next.count == out->count &&
        !memcmp(next.characters, out->characters, sizeof(uint32_t) * (size_t)next.count)) {
      return;
    }
    *out = next;
  }
  die("folding U+%04X does not settle", c);
}

/* ---- Output ---------------------------------------------------------------------------------- */

typedef struct tables {
  uint32_t entries[CODE_POINTS];
  uint32_t expansions[1 << 16];
  uint32_t expansion_count;
} tables;

static uint32_t make_entry(uint32_t c) {
  uint32_t class = class_of(c);
  if (class == SY_CLASS_SPACE)
    c = c == '\t' ? '\t' : c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029 ? '\n' : ' ';
  return class << SY_CLASS_SHIFT | c;
}

/* The entry of `c` when one code point stands for it: the difference instead of the code point. */
static uint32_t relative(uint32_t c, uint32_t entry) {
  return (entry & ~SY_CODE_MASK) | ((entry - c) & SY_CODE_MASK);
}

static uint32_t entry_of(tables *t, variants *v, uint32_t rules, uint32_t c) {
  if (c >= 0xD800 && c <= 0xDFFF) return SY_CLASS_PUNCTUATION << SY_CLASS_SHIFT;
  if (class_of(c) == SY_CLASS_SPACE) return relative(c, make_entry(c));
  folded f;
  fold(v, rules, c, &f);
  if (f.count == 1) return relative(c, make_entry(f.characters[0]));
  bool punctuation = true;
  for (int i = 0; i < f.count; i++)
    punctuation &= class_of(f.characters[i]) == SY_CLASS_PUNCTUATION;
  if (f.count == 0) return SY_CLASS_TRANSPARENT << SY_CLASS_SHIFT;
  if (punctuation) return SY_CLASS_PUNCTUATION << SY_CLASS_SHIFT;
  uint32_t at = t->expansion_count;
  if (at + 1 + (uint32_t)f.count > 1 << 16) die("too many expansions");
  t->expansions[t->expansion_count++] = (uint32_t)f.count;
  for (int i = 0; i < f.count; i++)
    t->expansions[t->expansion_count++] = make_entry(f.characters[i]);
  return SY_CLASS_EXPANSION << SY_CLASS_SHIFT | at;
}

static void print_array(const char *type, const char *name, const uint32_t *values, size_t count) {
  printf("static const %s %s[%zu] = {", type, name, count);
  for (size_t i = 0; i < count; i++) printf("%s%u,", i % 16 ? "" : "\n", values[i]);
  printf("\n};\n\n");
}

/* For sy_folded_han(). */
static void print_han(const tables *t, uint32_t rules) {
  static uint32_t han[SY_HAN_COUNT];
  for (uint32_t i = 0; i < SY_HAN_COUNT; i++) {
    uint32_t c = SY_HAN_FIRST + i, entry = t->entries[c], to = sy_folded(c, entry);
    bool simple = entry >> SY_CLASS_SHIFT == SY_CLASS_CHINESE && to >= SY_HAN_FIRST && to <= 0xFFFF;
    han[i] = simple ? to : 0;
  }
  char name[64];
  snprintf(name, sizeof name, "fold%u_han", rules);
  print_array("uint16_t", name, han, SY_HAN_COUNT);
}

/* Equal blocks are stored once. */
static void print_fold(tables *t, variants *v, uint32_t rules) {
  enum { BLOCK = 1 << SY_FOLD_BLOCK_BITS, BLOCKS = CODE_POINTS / BLOCK };
  static uint32_t index[BLOCKS];
  static uint32_t stored[CODE_POINTS];
  uint32_t stored_blocks = 0;
  t->expansion_count = 0;
  for (uint32_t c = 0; c < CODE_POINTS; c++) t->entries[c] = entry_of(t, v, rules, c);
  for (uint32_t b = 0; b < BLOCKS; b++) {
    const uint32_t *block = t->entries + (size_t)b * BLOCK;
    uint32_t s = 0;
    while (s < stored_blocks && memcmp(stored + (size_t)s * BLOCK, block, BLOCK * sizeof *block))
      s++;
    if (s == stored_blocks)
      memcpy(stored + (size_t)stored_blocks++ * BLOCK, block, BLOCK * sizeof *block);
    index[b] = s;
  }
  print_han(t, rules);
  char name[64];
  snprintf(name, sizeof name, "fold%u_index", rules);
  print_array("uint16_t", name, index, BLOCKS);
  snprintf(name, sizeof name, "fold%u_entries", rules);
  print_array("uint32_t", name, stored, (size_t)stored_blocks * BLOCK);
  snprintf(name, sizeof name, "fold%u_expansions", rules);
  print_array("uint32_t", name, t->expansions, t->expansion_count ? t->expansion_count : 1);
}

/* ---- Composition ----------------------------------------------------------------------------- */

static int compare_pairs(const void *a, const void *b) {
  const sy_composition *x = a, *y = b;
  if (x->mark != y->mark) return x->mark < y->mark ? -1 : 1;
  return x->base < y->base ? -1 : x->base > y->base;
}

/* Canonical compositions of a base and one mark, Hangul (arithmetic, no marks) aside. */
static void print_compositions(void) {
  static sy_composition pairs[1 << 14];
  size_t count = 0;
  for (uint32_t c = 0x80; c < 0x30000; c++) {
    if (c >= 0xAC00 && c <= 0xDFFF) continue;
    utf8proc_uint8_t text[8], *whole = NULL, *prefix = NULL;
    utf8proc_ssize_t bytes = utf8proc_encode_char((utf8proc_int32_t)c, text);
    utf8proc_int32_t parts[MAX_EXPANSION], base, composed;
    utf8proc_ssize_t n =
        utf8proc_decompose(text, bytes, parts, MAX_EXPANSION, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
    if (n < 2 || n > MAX_EXPANSION) continue;
    if (utf8proc_map(text, bytes, &whole, UTF8PROC_STABLE | UTF8PROC_COMPOSE) < 0)
      die("utf8proc failed on U+%04X", c);
    utf8proc_iterate(whole, -1, &composed);
    free(whole);
    if (composed != (utf8proc_int32_t)c) continue; /* excluded from composition */
    char shorter[64];
    size_t length = 0;
    for (int i = 0; i < n - 1; i++)
      length += (size_t)utf8proc_encode_char(parts[i], (utf8proc_uint8_t *)shorter + length);
    if (utf8proc_map((utf8proc_uint8_t *)shorter, (utf8proc_ssize_t)length, &prefix,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE) < 0) {
      die("utf8proc failed on U+%04X", c);
    }
    utf8proc_iterate(prefix, -1, &base);
    free(prefix);
    if (class_of((uint32_t)parts[n - 1]) != SY_CLASS_MARK) continue;
    pairs[count++] = (sy_composition){(uint32_t)parts[n - 1], (uint32_t)base, c};
  }
  qsort(pairs, count, sizeof *pairs, compare_pairs);
  printf("const sy_composition sy_compositions[] = {\n");
  for (size_t i = 0; i < count; i++)
    printf("{%u,%u,%u},\n", pairs[i].mark, pairs[i].base, pairs[i].composed);
  printf("};\nconst size_t sy_composition_count = %zu;\n\n", count);
}

int main(void) {
  static tables t;
  variants v;
  variants_open(&v);
  read_radicals();
  printf("/* Generated by text/text_gen.c; do not edit. */\n#include \"text/tables.h\"\n\n");
  for (uint32_t rules = 0; rules < 4; rules++) print_fold(&t, &v, rules);
  printf("const sy_fold_table sy_fold_tables[4] = {\n");
  for (int rules = 0; rules < 4; rules++) {
    printf("{fold%d_han, fold%d_index, fold%d_entries, fold%d_expansions},\n", rules, rules, rules,
           rules);
  }
  printf("};\n\n");
  print_compositions();
  return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
