/*
 * input_charset.c - detection of charsets and conversion through iconv.
 *
 * How a guess is checked: text in the right charset is full of the few hundred characters that
 * every Chinese text is made of; text read in a wrong one is made of rare characters at random.
 * Share of the 477 characters below, in percent of the characters beyond ASCII, over 4,777 articles
 * of the dev set (least, 5% quantile, median, 95% quantile, most):
 *
 *                                  technical articles     classical poems
 *     read right                   40  52  65  75  89     7  25  43  61  87
 *     GB18030 read as Big5          0   0   2   6  11     0   0   1   5  14
 *     Big5 read as GB18030          0   1   3   7  13     0   0   2   6  17
 *
 * So 20% is asked for, and twice the share of the next best. Of 5,888 samples of 60 to 3,000
 * characters in GB18030 and Big5 none was read wrongly, and for 2.1% (mostly of 60 characters) the
 * user is asked. uchardet alone is not enough: it answers with some charset for almost anything.
 */
#include "indexer/input_charset.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <strings.h>
#include <uchardet/uchardet.h>

/* Frequent in modern prose, technical documentation and classical poems, Traditional and
 * Simplified. */
static const char common_characters[] =
    "的一是不了在人有我他这这個个们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子"
    "那得于"
    "着下自之年过過发發后後作里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起"
    "看定天分"
    "还還进進好小部其些主样樣理心她本前开開但因只从從想实實日军軍者意无無力它与與长長把机機十民第公"
    "此已工使情"
    "明性知全三又关關点點正业業外将將两兩高间間由问問很最重并物手应應战戰向头頭文体體政美相见見被利"
    "什二等产產"
    "或新己制身果加西斯月话話合回特代内內信表化老给給世位次度门門任常先海通教儿兒原东東声聲提立及比"
    "员員解水名"
    "真论論处處走义義各入几幾口认認条條平系气氣题題活尔爾更别別打女变變四神总總何电電数數安少报報才"
    "结結反受目"
    "太量再感建务務做接必场場件计計管期市直德资資命山金指克许許统統区區保至队隊形社便空决決治展马馬"
    "科司五基眼"
    "书書非则則听聽白却卻界达達光放强強即像难難且权權思王象完设設式色路记記南品住告类類求据程北边邊"
    "死张張该該"
    "交规規万萬取拉格望觉覺术術领領共确確传傳师師观觀清今切院让讓识識候带帶导導争爭运運花春风風云雲"
    "秋酒诗詩"
    "江归歸君示值参參函库庫序档檔";

typedef struct bitmap {
  uint32_t words[65536 / 32];
} bitmap;

static bool bitmap_has(const bitmap *map, uint32_t c) {
  return c < 65536 && map->words[c >> 5] >> (c & 31) & 1;
}

/* ---- UTF-8 ---- */

/* The length of the well-formed sequence at p (RFC 3629), 0 if there is none, -1 if it is cut off.
 */
static int sequence_bytes(const uint8_t *p, const uint8_t *end) {
  static const uint8_t lowest[4] = {0xa0, 0x80, 0x90, 0x80};
  uint8_t lead = p[0];
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  int bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (int i = 1; i < bytes; i++) {
    if (p + i == end) return -1;
    uint8_t low = 0x80, high = 0xbf;
    if (i == 1 && lead == 0xe0) low = lowest[0];
    if (i == 1 && lead == 0xed) high = 0x9f;
    if (i == 1 && lead == 0xf0) low = lowest[2];
    if (i == 1 && lead == 0xf4) high = 0x8f;
    if (p[i] < low || p[i] > high) return 0;
  }
  return bytes;
}

static uint32_t decode_sequence(const uint8_t *p, int bytes) {
  if (bytes == 1) return p[0];
  uint32_t c = p[0] & (0x7fu >> bytes);
  for (int i = 1; i < bytes; i++) c = c << 6 | (p[i] & 0x3f);
  return c;
}

typedef struct utf8_census {
  uint64_t sequences; /* of several bytes, well-formed */
  uint64_t invalid;   /* bytes */
  uint64_t nuls;
  bool sound_line; /* some line has at least 3 sequences and no invalid byte */
} utf8_census;

static utf8_census take_census(const uint8_t *data, size_t bytes, bool whole) {
  utf8_census census = {0};
  uint64_t line_sequences = 0, line_invalid = 0;
  const uint8_t *p = data, *end = data + bytes;
  while (p < end) {
    if (end - p >= 8 && !(sy_load64(p) & 0x8080808080808080u) && !memchr(p, '\n', 8) &&
        !memchr(p, 0, 8)) {
      p += 8;
      continue;
    }
    int length = sequence_bytes(p, end);
    if (length == -1 && !whole) break;
    if (length > 1) line_sequences++;
    if (length <= 0) line_invalid++;
    if (*p == 0) census.nuls++;
    if (*p == '\n' || p + (length > 0 ? length : 1) >= end) {
      if (line_sequences >= 3 && !line_invalid) census.sound_line = true;
      census.sequences += line_sequences;
      census.invalid += line_invalid;
      line_sequences = line_invalid = 0;
    }
    p += length > 0 ? length : 1;
  }
  census.sequences += line_sequences;
  census.invalid += line_invalid;
  return census;
}

bool sy_input_charset_is_utf8(const char *data, size_t bytes) {
  return take_census((const uint8_t *)data, bytes, true).invalid == 0;
}

/* ---- Conversion ---- */

/* The names people and pages use mean the larger set that programs write under that name. */
static const char *iconv_name(const char *name) {
  static const char *const larger[][2] = {
      {"GB2312", "GB18030"},      {"GB_2312-80", "GB18030"}, {"GBK", "GB18030"},
      {"CP936", "GB18030"},       {"X-GBK", "GB18030"},      {"EUC-CN", "GB18030"},
      {"HZ-GB-2312", "HZ"},       {"BIG5", "BIG5-HKSCS"},    {"BIG-5", "BIG5-HKSCS"},
      {"X-X-BIG5", "BIG5-HKSCS"}, {"UTF8", "UTF-8"},         {"SHIFT_JIS", "CP932"},
      {"EUC-KR", "CP949"},        {"UHC", "CP949"},          {"WINDOWS-936", "GB18030"},
  };
  for (size_t i = 0; i < sizeof larger / sizeof *larger; i++) {
    if (!strcasecmp(name, larger[i][0])) return larger[i][1];
  }
  return name;
}

/* Bytes to step over where nothing can be decoded. */
static size_t unit_bytes(const char *name) {
  if (!strncasecmp(name, "UTF-32", 6) || !strncasecmp(name, "UCS-4", 5)) return 4;
  if (!strncasecmp(name, "UTF-16", 6) || !strncasecmp(name, "UCS-2", 5)) return 2;
  return 1;
}

static iconv_t open_converter(const char *name) { return iconv_open("UTF-8", iconv_name(name)); }

sy_status sy_input_charset_check(const char *name, sy_error *error) {
  iconv_t converter = open_converter(name);
  if (converter == (iconv_t)-1) {
    return sy_fail(error, SY_INVALID, "unknown encoding \"%s\" (iconv -l lists them)", name);
  }
  iconv_close(converter);
  return SY_OK;
}

typedef struct conversion {
  iconv_t converter;
  size_t unit;            /* bytes to skip where nothing can be decoded */
  const char *substitute; /* for them */
  uint64_t invalid;       /* how often */
} conversion;

/* glibc takes UTF-8 and UCS-4 up to 2^31 for characters, and writes them in up to six bytes: replaces
 * what is beyond U+10FFFF in the output from `at` on. Such bytes begin nothing else. */
static void drop_beyond_unicode(conversion *c, sy_buffer *out, size_t at) {
  size_t to = at, substitute = strlen(c->substitute);
  while (at < out->bytes) {
    uint8_t byte = out->data[at];
    if (byte < 0xF4 || (byte == 0xF4 && out->data[at + 1] < 0x90)) {
      out->data[to++] = out->data[at++];
      continue;
    }
    memcpy(out->data + to, c->substitute, substitute);
    to += substitute;
    at += byte < 0xF8 ? 4 : byte < 0xFC ? 5 : 6;
    c->invalid++;
  }
  out->bytes = to;
}

/* Converts as much as there is; `*left` is what remains of a character cut off at the end, none
 * when `last`. */
static void convert(conversion *c, const char *data, size_t *left, bool last, sy_buffer *out) {
  char *in = (char *)(uintptr_t)data; /* iconv's prototype forgets const */
  while (*left && !out->failed) {
    char *space = (char *)sy_buffer_reserve(out, *left + *left / 2 + 16);
    if (!space) return;
    size_t room = out->capacity - out->bytes, before = out->bytes;
    size_t result = iconv(c->converter, &in, left, &space, &room);
    int reason = errno;
    out->bytes = out->capacity - room;
    drop_beyond_unicode(c, out, before);
    if (result != (size_t)-1 || reason == E2BIG) continue;
    if (reason == EINVAL && !last) return;
    size_t skip = c->unit < *left ? c->unit : *left;
    in += skip;
    *left -= skip;
    c->invalid++;
    sy_buffer_append(out, c->substitute, strlen(c->substitute));
  }
  if (!last) return;
  char *space =
      (char *)sy_buffer_reserve(out, 16); /* Big5-HKSCS holds back a letter for its accent */
  if (!space) return;
  size_t room = out->capacity - out->bytes;
  iconv(c->converter, NULL, NULL, &space, &room);
  out->bytes = out->capacity - room;
}

sy_status sy_input_charset_convert(const char *name, const char *data, size_t bytes, sy_buffer *out,
                                   uint64_t *invalid, sy_error *error) {
  SY_TRY(sy_input_charset_check(name, error));
  conversion c = {open_converter(name), unit_bytes(name), "\xef\xbf\xbd", 0};
  if (c.converter == (iconv_t)-1) return sy_fail_memory(error);
  convert(&c, data, &bytes, true, out);
  iconv_close(c.converter);
  *invalid = c.invalid;
  return out->failed ? sy_fail_memory(error) : SY_OK;
}

/* ---- Detection ---- */

enum { MIN_PERCENT = 20, MIN_LETTERS = 10 };

typedef struct guess {
  char name[32];
  int percent; /* of the characters beyond ASCII that are common ones; -1: cannot be */
} guess;

static void rate_text(const sy_buffer *text, guess *out) {
  /* Big5's most frequent characters, read as GB18030, are Kana. */
  bool chinese = !strcmp(out->name, "GB18030") || !strncmp(out->name, "BIG5", 4);
  bitmap common = {{0}};
  const uint8_t *p = (const uint8_t *)common_characters;
  const uint8_t *end = p + sizeof common_characters - 1;
  for (int length; p < end; p += length) {
    length = sequence_bytes(p, end);
    uint32_t c = decode_sequence(p, length);
    common.words[c >> 5] |= 1u << (c & 31);
  }
  uint64_t letters = 0, good = 0;
  p = text->data;
  end = p + text->bytes;
  for (int length; p < end; p += length) {
    length = sequence_bytes(p, end);
    if (length <= 0) break;
    uint32_t c = decode_sequence(p, length);
    if (c < 0x20 && !strchr("\t\n\f\r\x1a\x1b", (int)c)) return; /* control characters: no text */
    if (c == 0) return;
    bool kana = c >= 0x3041 && c <= 0x30fe && !chinese, hangul = c >= 0xac00 && c <= 0xd7a3;
    bool mark = c < 0x80 || (c >= 0x2010 && c <= 0x2027) || (c >= 0x3000 && c <= 0x301f) ||
                c == 0xb7 || (c >= 0xff01 && c <= 0xff5e);
    if (mark) continue;
    letters++;
    good += kana || hangul || bitmap_has(&common, c);
  }
  /* Of fewer characters even a right guess is luck. */
  if (letters >= MIN_LETTERS) out->percent = (int)(good * 100 / letters);
}

static void try_charset(const char *name, const uint8_t *data, size_t bytes, bool whole,
                        guess *best, guess *second) {
  guess this = {"", -1};
  snprintf(this.name, sizeof this.name, "%s", name);
  conversion c = {open_converter(name), unit_bytes(name), "", 0};
  if (c.converter == (iconv_t)-1) return;
  sy_buffer text = {0};
  size_t left = bytes;
  convert(&c, (const char *)data, &left, whole, &text);
  iconv_close(c.converter);
  if (!text.failed && c.invalid * 1000 <= bytes) rate_text(&text, &this);
  sy_buffer_free(&text);
  if (this.percent > best->percent) {
    *second = *best;
    *best = this;
  } else if (this.percent > second->percent) {
    *second = this;
  }
}

static void propose_by_uchardet(const uint8_t *data, size_t bytes, char *name, size_t capacity) {
  name[0] = 0;
  uchardet_t detector = uchardet_new();
  if (!detector) return;
  if (!uchardet_handle_data(detector, (const char *)data, bytes)) {
    uchardet_data_end(detector);
    snprintf(name, capacity, "%s", uchardet_get_charset(detector));
  }
  uchardet_delete(detector);
}

static void detect_by_content(const uint8_t *data, size_t bytes, bool whole, bool nuls,
                              sy_input_charset *out) {
  guess best = {"", -1}, second = {"", -1};
  out->kind = nuls ? SY_INPUT_CHARSET_BINARY : SY_INPUT_CHARSET_UNKNOWN;
  if (bytes > (1u << 20)) { /* enough to know */
    bytes = 1u << 20;
    whole = false;
  }
  if (nuls) {
    if (whole && bytes % 2) return;
    try_charset("UTF-16LE", data, bytes, whole, &best, &second);
    try_charset("UTF-16BE", data, bytes, whole, &best, &second);
  } else {
    char name[32];
    propose_by_uchardet(data, bytes, name, sizeof name);
    /* One-byte charsets decode anything, so that nothing can be checked: the user has to say so. */
    bool wide =
        !strncasecmp(name, "EUC-", 4) || !strcasecmp(name, "SHIFT_JIS") || !strcasecmp(name, "UHC");
    if (wide) try_charset(name, data, bytes, whole, &best, &second);
    try_charset("GB18030", data, bytes, whole, &best, &second);
    try_charset("BIG5-HKSCS", data, bytes, whole, &best, &second);
    if (best.percent < MIN_PERCENT) try_charset("CP950", data, bytes, whole, &best, &second);
  }
  bool same = !strcasecmp(iconv_name(best.name), iconv_name(second.name));
  if (best.percent < MIN_PERCENT || (!same && second.percent * 2 > best.percent)) return;
  out->kind = SY_INPUT_CHARSET_NAMED;
  out->detected = true;
  snprintf(out->name, sizeof out->name, "%s", iconv_name(best.name));
}

static bool detect_mark(const uint8_t *data, size_t bytes, sy_input_charset *out) {
  static const struct {
    const char *mark, *name;
    size_t bytes;
  } marks[] = {{"\xef\xbb\xbf", "UTF-8", 3},    {"\xff\xfe\0\0", "UTF-32LE", 4},
               {"\0\0\xfe\xff", "UTF-32BE", 4}, {"\xff\xfe", "UTF-16LE", 2},
               {"\xfe\xff", "UTF-16BE", 2},     {"\x84\x31\x95\x33", "GB18030", 4}};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    if (bytes < marks[i].bytes || memcmp(data, marks[i].mark, marks[i].bytes)) continue;
    out->kind = i ? SY_INPUT_CHARSET_NAMED : SY_INPUT_CHARSET_UTF8;
    out->mark_bytes = marks[i].bytes;
    snprintf(out->name, sizeof out->name, "%s", marks[i].name);
    return true;
  }
  return false;
}

/* <meta charset=x>, <meta http-equiv=... content="...; charset=x">, <?xml encoding="x"?> in the
 * first 4,096 bytes (browsers look at 1,024, pages do not always keep to it). */
static bool detect_declaration(const uint8_t *data, size_t bytes, sy_input_charset *out) {
  char head[4097];
  size_t length = bytes < 4096 ? bytes : 4096;
  for (size_t i = 0; i < length; i++) head[i] = data[i] ? (char)tolower(data[i]) : ' ';
  head[length] = 0;
  const char *p = head;
  while ((p = strpbrk(p, "<"))) {
    bool meta = !strncmp(p, "<meta", 5), xml = !strncmp(p, "<?xml", 5);
    const char *close = strchr(p, '>');
    const char *key = meta ? strstr(p, "charset") : xml ? strstr(p, "encoding") : NULL;
    p++;
    if (!close || !key || key > close) continue;
    key += meta ? 7 : 8;
    key += strspn(key, " \t\r\n");
    if (*key != '=') continue;
    key += 1 + strspn(key + 1, " \t\r\n\"'");
    size_t n = strcspn(key, " \t\r\n\"'/;>?");
    if (!n || n >= sizeof out->name) continue;
    snprintf(out->name, sizeof out->name, "%.*s", (int)n, key);
    if (sy_input_charset_check(out->name, NULL) != SY_OK) continue;
    return true;
  }
  return false;
}

void sy_input_charset_detect(const uint8_t *data, size_t bytes, const sy_input_charset_hints *hints,
                             sy_input_charset *out) {
  *out = (sy_input_charset){0};
  bool marked = detect_mark(data, bytes, out);
  if (hints->forced) {
    /* A mark of the charset that is forced is still no text. */
    size_t mark = marked && !strncasecmp(out->name, hints->forced, 6) ? out->mark_bytes : 0;
    bool utf8 = !strcasecmp(iconv_name(hints->forced), "UTF-8");
    *out = (sy_input_charset){.kind = utf8 ? SY_INPUT_CHARSET_UTF8 : SY_INPUT_CHARSET_NAMED,
                              .mark_bytes = mark};
    snprintf(out->name, sizeof out->name, "%s", hints->forced);
    if (utf8) out->damaged = take_census(data, bytes, hints->whole).invalid != 0;
    return;
  }
  utf8_census census = {0};
  if (!marked || out->kind == SY_INPUT_CHARSET_UTF8)
    census = take_census(data, bytes, hints->whole);
  if (marked) {
    out->damaged = census.invalid != 0;
    return;
  }
  bool mostly = census.invalid && census.sequences >= census.invalid * 20;
  if (!census.nuls && (!census.invalid || mostly || (hints->lines && census.sound_line))) {
    out->damaged = census.invalid != 0;
    return;
  }
  if (hints->html && !census.nuls && detect_declaration(data, bytes, out) &&
      strcasecmp(iconv_name(out->name), "UTF-8") && unit_bytes(out->name) == 1) {
    out->kind = SY_INPUT_CHARSET_NAMED;
    return;
  }
  out->name[0] = 0;
  detect_by_content(data, bytes, hints->whole, census.nuls != 0, out);
}

/* ---- A source that converts ---- */

enum { RAW_BYTES = 256 << 10 };

typedef struct charset_source {
  sy_input_source source;
  sy_input_source *parent;
  conversion conversion;
  char *raw; /* RAW_BYTES, of which `left` are a character cut off */
  size_t left;
  sy_buffer text; /* converted, delivered up to `text_at` */
  size_t text_at;
  bool ended;
} charset_source;

static sy_status charset_read(sy_input_source *source, void *buffer, size_t capacity, size_t *got,
                              sy_error *error) {
  charset_source *self = (charset_source *)source;
  while (self->text_at == self->text.bytes && !self->ended) {
    self->text.bytes = self->text_at = 0;
    size_t n = 0;
    SY_TRY(sy_input_source_read(self->parent, self->raw + self->left, RAW_BYTES - self->left, &n,
                                error));
    self->ended = n == 0;
    size_t all = self->left + n;
    self->left = all;
    convert(&self->conversion, self->raw, &self->left, self->ended, &self->text);
    memmove(self->raw, self->raw + all - self->left, self->left);
    if (self->text.failed) return sy_fail_memory(error);
  }
  size_t left = self->text.bytes - self->text_at;
  *got = left < capacity ? left : capacity;
  if (*got) memcpy(buffer, self->text.data + self->text_at, *got);
  self->text_at += *got;
  return SY_OK;
}

static void charset_close(sy_input_source *source) {
  charset_source *self = (charset_source *)source;
  if (self->conversion.converter != (iconv_t)-1) iconv_close(self->conversion.converter);
  free(self->raw);
  sy_buffer_free(&self->text);
}

static const sy_input_source_operations charset_operations = {charset_read, NULL, charset_close};

sy_status sy_input_charset_open(sy_input_source *parent, const char *name, sy_input_source **out,
                                sy_error *error) {
  SY_TRY(sy_input_charset_check(name, error));
  charset_source *self = sy_input_source_allocate(sizeof *self, &charset_operations, parent->name,
                                                  parent->monitor, error);
  if (!self) return SY_NO_MEMORY;
  self->parent = parent;
  self->conversion = (conversion){open_converter(name), unit_bytes(name), "\xff", 0};
  self->raw = malloc(RAW_BYTES);
  if (!self->raw || self->conversion.converter == (iconv_t)-1) {
    sy_input_source_close(&self->source);
    return sy_fail_memory(error);
  }
  *out = &self->source;
  return SY_OK;
}
