/*
 * oracle_fold.c - decoding, folding and classes by docs/text.md, sections 1 to 3. One code point at
 * a time, by asking the libraries what the document says they say; slow, and cached per code point.
 */
#include "tests/oracle/oracle_fold.h"

#include <iconv.h>
#include <opencc/opencc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "suoyin.h"

#define POINTS 0x110000u
#define MOST 64   /* characters a code point may fold to; the longest in Unicode has 18 */
#define ROUNDS 16 /* "folded again until it does not change" must end */

static void die(const char *what) {
  fprintf(stderr, "oracle: %s\n", what);
  abort();
}

/* ---- UTF-8 --------------------------------------------------------------------------------- */

size_t oracle_decode(const unsigned char *bytes, size_t left, uint32_t *point, bool *valid) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char lead = bytes[0];
  size_t length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  uint32_t value = 0;
  bool good = length > 0 && length <= left && lead < 0xf8;
  if (good) {
    value = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
      good = good && (bytes[i] & 0xc0) == 0x80;
      value = value << 6 | (bytes[i] & 0x3fu);
    }
    good = good && value >= least[length] && value < POINTS && !(value >= 0xd800 && value < 0xe000);
  }
  *valid = good;
  *point = good ? value : 0xfffd;
  return good ? length : 1;
}

size_t oracle_encode(uint32_t point, char *out) {
  return (size_t)utf8proc_encode_char((utf8proc_int32_t)point, (utf8proc_uint8_t *)out);
}

/* Decodes well-formed text into points[MOST]. */
static size_t decode_all(const char *text, size_t bytes, uint32_t *points) {
  size_t count = 0;
  for (size_t at = 0; at < bytes;) {
    bool valid;
    if (count == MOST) die("a folding is longer than MOST");
    at += oracle_decode((const unsigned char *)text + at, bytes - at, &points[count++], &valid);
    if (!valid) die("a library returned ill-formed UTF-8");
  }
  return count;
}

/* ---- Classes ------------------------------------------------------------------------------- */

typedef struct block {
  uint32_t first, last;
} block;

static bool in_blocks(const block *blocks, size_t count, uint32_t point) {
  for (size_t i = 0; i < count; i++) {
    if (point >= blocks[i].first && point <= blocks[i].last) return true;
  }
  return false;
}
#define IN(blocks, point) in_blocks(blocks, sizeof(blocks) / sizeof(blocks[0]), point)

static const block transparent_blocks[] = {
    {0x034f, 0x034f}, {0x180b, 0x180f}, {0xfe00, 0xfe0f}, {0x1f3fb, 0x1f3ff}, {0xe0100, 0xe01ef},
};

static const block chinese_blocks[] = {
    {0x1100, 0x11ff},     /* Hangul Jamo */
    {0x2600, 0x27bf},     /* symbols and dingbats */
    {0x2e80, 0x2fff},     /* radicals, ideographic description characters */
    {0x3005, 0x3007},     /* 々 〆 〇 */
    {0x3021, 0x3029},     /* Hangzhou numerals */
    {0x3031, 0x3035},     /* vertical Kana repeat marks */
    {0x3038, 0x303c},     /* more of them, and iteration marks */
    {0x3041, 0x3096},     /* Hiragana */
    {0x309d, 0x309f},     /* its iteration marks */
    {0x30a1, 0x30fa},     /* Katakana */
    {0x30fc, 0x30ff},     /* ー and iteration marks */
    {0x3105, 0x312f},     /* Bopomofo */
    {0x3131, 0x318e},     /* Hangul compatibility Jamo */
    {0x31a0, 0x31bf},     /* Bopomofo Extended */
    {0x31f0, 0x31ff},     /* Katakana phonetic extensions */
    {0x3400, 0x4dbf},     /* Han Extension A */
    {0x4e00, 0x9fff},     /* Han */
    {0xa000, 0xa48c},     /* Yi */
    {0xa490, 0xa4c6},     /* Yi radicals */
    {0xa960, 0xa97c},     /* Hangul Jamo Extended-A */
    {0xac00, 0xd7a3},     /* Hangul */
    {0xd7b0, 0xd7fb},     /* Hangul Jamo Extended-B */
    {0xe000, 0xf8ff},     /* private use */
    {0xf900, 0xfaff},     /* Han compatibility */
    {0xff66, 0xffdc},     /* half-width Kana and Jamo */
    {0x16fe0, 0x16fe3},   /* Tangut and Nushu iteration marks */
    {0x17000, 0x18cff},   /* Tangut, Khitan */
    {0x18d00, 0x18d08},   /* Tangut Supplement */
    {0x1aff0, 0x1afff},   /* Kana Extended-B */
    {0x1b000, 0x1b16f},   /* Kana Supplement and extensions */
    {0x1b170, 0x1b2fb},   /* Nushu */
    {0x1f000, 0x1ffff},   /* emoji */
    {0x20000, 0x3ffff},   /* Han Extensions B and on */
    {0xf0000, 0xffffd},   /* private use */
    {0x100000, 0x10fffd}, /* private use */
};

static utf8proc_category_t category(uint32_t point) {
  return utf8proc_category((utf8proc_int32_t)point);
}

bool oracle_is_letter(uint32_t point) {
  utf8proc_category_t is = category(point);
  return is >= UTF8PROC_CATEGORY_LU && is <= UTF8PROC_CATEGORY_LO;
}

bool oracle_is_digit(uint32_t point) { return category(point) == UTF8PROC_CATEGORY_ND; }

oracle_class oracle_class_of(uint32_t point) {
  utf8proc_category_t is = category(point);
  if (is == UTF8PROC_CATEGORY_CF || IN(transparent_blocks, point)) return ORACLE_TRANSPARENT;
  if (is >= UTF8PROC_CATEGORY_MN && is <= UTF8PROC_CATEGORY_ME) return ORACLE_MARK;
  if (IN(chinese_blocks, point)) return ORACLE_CHINESE;
  if (oracle_is_letter(point)) return ORACLE_WORD;
  if (is >= UTF8PROC_CATEGORY_ND && is <= UTF8PROC_CATEGORY_NO) return ORACLE_WORD;
  if (is >= UTF8PROC_CATEGORY_ZS && is <= UTF8PROC_CATEGORY_ZP) return ORACLE_SPACE;
  if ((point >= '\t' && point <= '\r') || point == 0x85) return ORACLE_SPACE;
  return ORACLE_PUNCTUATION;
}

uint32_t oracle_compose(uint32_t letter, uint32_t mark) {
  char pair[8];
  size_t bytes = oracle_encode(letter, pair);
  bytes += oracle_encode(mark, pair + bytes);
  utf8proc_uint8_t *composed = NULL;
  utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)pair, (utf8proc_ssize_t)bytes,
                                         &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  if (length < 0) die(utf8proc_errmsg(length));
  uint32_t points[MOST];
  size_t count = decode_all((const char *)composed, (size_t)length, points);
  free(composed);
  return count == 1 ? points[0] : 0;
}

/* ---- Folding ------------------------------------------------------------------------------- */

typedef struct folded {
  uint32_t *points; /* NULL: not asked yet */
  size_t count;
} folded;

struct oracle_fold {
  uint32_t rules;
  opencc_t japanese, hong_kong, taiwan, simplified;
  iconv_t gb2312, big5;
  uint32_t radicals[0x3000 - 0x2e80];
  folded *cache;
};

static opencc_t open_chain(const char *name) {
  opencc_t chain = opencc_open(name);
  if (chain == (opencc_t)-1) die("OpenCC cannot open one of its configurations");
  return chain;
}

oracle_fold *oracle_fold_new(uint32_t text_rules) {
  oracle_fold *fold = calloc(1, sizeof(*fold));
  if (!fold) die("out of memory");
  fold->rules = text_rules;
  fold->cache = calloc(POINTS, sizeof(*fold->cache));
  if (!fold->cache) die("out of memory");
  fold->japanese = open_chain("jp2t.json");
  fold->hong_kong = open_chain("hk2t.json");
  fold->taiwan = open_chain("tw2t.json");
  fold->simplified = open_chain("t2s.json");
  fold->gb2312 = iconv_open("GB2312", "UTF-8");
  fold->big5 = iconv_open("BIG5", "UTF-8");
  if (fold->gb2312 == (iconv_t)-1 || fold->big5 == (iconv_t)-1) die("iconv lacks GB2312 or BIG5");
  return fold;
}

void oracle_fold_free(oracle_fold *fold) {
  if (!fold) return;
  opencc_close(fold->japanese);
  opencc_close(fold->hong_kong);
  opencc_close(fold->taiwan);
  opencc_close(fold->simplified);
  iconv_close(fold->gb2312);
  iconv_close(fold->big5);
  for (size_t i = 0; i < POINTS; i++) free(fold->cache[i].points);
  free(fold->cache);
  free(fold);
}

static bool encodable(iconv_t charset, uint32_t point) {
  char utf8[4], coded[16];
  char *in = utf8, *out = coded;
  size_t in_left = oracle_encode(point, utf8), out_left = sizeof(coded);
  iconv(charset, NULL, NULL, NULL, NULL);
  return iconv(charset, &in, &in_left, &out, &out_left) == 0 && in_left == 0;
}

/* The one character that an OpenCC chain makes of one character. */
static uint32_t convert(opencc_t chain, uint32_t point) {
  char utf8[4];
  uint32_t points[MOST];
  char *text = opencc_convert_utf8(chain, utf8, oracle_encode(point, utf8));
  if (!text) die("OpenCC fails");
  size_t count = decode_all(text, strlen(text), points);
  opencc_convert_utf8_free(text);
  return count == 1 ? points[0] : point;
}

static uint32_t fold_variant(oracle_fold *fold, uint32_t point) {
  if (point < 0x80) return point; /* and OpenCC takes no NUL */
  if (!encodable(fold->gb2312, point) && !encodable(fold->big5, point)) {
    point = convert(fold->japanese, point);
  }
  point = convert(fold->hong_kong, point);
  point = convert(fold->taiwan, point);
  return convert(fold->simplified, point);
}

/* The ideograph that a radical is a form of, by Unicode's EquivalentUnifiedIdeograph.txt. */
static uint32_t unify_radical(oracle_fold *fold, uint32_t point) {
  if (point < 0x2e80 || point > 0x2fff) return point;
  if (!fold->radicals[0x2f00 - 0x2e80]) {
    FILE *file = fopen("/usr/share/unicode/EquivalentUnifiedIdeograph.txt", "r");
    char line[256];
    if (!file) die("no list of radicals");
    while (fgets(line, sizeof(line), file)) {
      unsigned first, last, ideograph;
      bool range = sscanf(line, "%x..%x ; %x", &first, &last, &ideograph) == 3;
      if (!range && sscanf(line, "%x ; %x", &first, &ideograph) != 2) continue;
      if (!range) last = first;
      for (; first <= last; first++) {
        if (first >= 0x2e80 && first <= 0x2fff) fold->radicals[first - 0x2e80] = ideograph;
      }
    }
    fclose(file);
  }
  uint32_t ideograph = fold->radicals[point - 0x2e80];
  return ideograph ? ideograph : point;
}

static size_t fold_width(oracle_fold *fold, uint32_t point, uint32_t *out) {
  point = unify_radical(fold, point);
  char utf8[4];
  size_t bytes = oracle_encode(point, utf8);
  utf8proc_uint8_t *mapped = NULL;
  utf8proc_ssize_t length =
      utf8proc_map((const utf8proc_uint8_t *)utf8, (utf8proc_ssize_t)bytes, &mapped,
                   UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  if (length < 0) die(utf8proc_errmsg(length));
  size_t count = decode_all((const char *)mapped, (size_t)length, out);
  free(mapped);
  if (count > 1 && out[0] == ' ' && oracle_class_of(point) != ORACLE_SPACE) {
    out[0] = point; /* a spacing form of a mark stays as it is */
    return 1;
  }
  return count;
}

/* One round over all characters: the rules in the order of the document. */
static size_t fold_round(oracle_fold *fold, const uint32_t *in, size_t in_count, uint32_t *out) {
  size_t count = 0;
  for (size_t i = 0; i < in_count; i++) {
    uint32_t wide[MOST] = {in[i]};
    size_t wide_count = fold->rules & SY_TEXT_WIDTH ? fold_width(fold, in[i], wide) : 1;
    for (size_t j = 0; j < wide_count; j++) {
      if (count == MOST) die("a folding is longer than MOST");
      out[count++] = fold->rules & SY_TEXT_VARIANTS ? fold_variant(fold, wide[j]) : wide[j];
    }
  }
  return count;
}

const uint32_t *oracle_fold_point(oracle_fold *fold, uint32_t point, size_t *count) {
  folded *entry = &fold->cache[point];
  if (!entry->points) {
    uint32_t now[MOST] = {point}, next[MOST];
    size_t now_count = 1;
    for (int round = 0;; round++) {
      size_t next_count = fold_round(fold, now, now_count, next);
      bool same = next_count == now_count && memcmp(now, next, now_count * sizeof(now[0])) == 0;
      if (same) break;
      if (round == ROUNDS) die("folding goes round in a circle");
      memcpy(now, next, next_count * sizeof(now[0]));
      now_count = next_count;
    }
    entry->points = malloc((now_count + 1) * sizeof(now[0]));
    if (!entry->points) die("out of memory");
    memcpy(entry->points, now, now_count * sizeof(now[0]));
    entry->count = now_count;
  }
  *count = entry->count;
  return entry->points;
}
