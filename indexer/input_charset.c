/*
 * input_charset.c - detection of charsets and conversion through iconv.
 *
 * Whether what a guess makes of the bytes reads like text, input_plausible.c says.
 */
#include "indexer/input_charset.h"

#include "indexer/input_plausible.h"
#include "indexer/input_uchardet.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <strings.h>

/* ---- UTF-8 ---- */

typedef struct utf8_census {
  uint64_t sequences; /* of several bytes, well-formed */
  uint64_t invalid;   /* bytes */
  uint64_t nuls;
  bool sound_line; /* some line has at least 2 sequences and no invalid byte */
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
    int length = sy_input_sequence_bytes(p, end);
    if (length == -1 && !whole) break;
    if (length > 1) line_sequences++;
    if (length <= 0) line_invalid++;
    if (*p == 0) census.nuls++;
    if (*p == '\n' || p + (length > 0 ? length : 1) >= end) {
      if (line_sequences >= 2 && !line_invalid) census.sound_line = true;
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
    if (errno == ENOMEM) return sy_fail_memory(error);
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

/* glibc takes UTF-8 and UCS-4 up to 2^31 for characters, and writes them in up to six bytes:
 * replaces what is beyond U+10FFFF in the output from `at` on. Such bytes begin nothing else. */
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

enum { MIN_PERCENT = 20, SAMPLE_BYTES = 256 << 10 };

typedef struct guess {
  const char *name;
  int percent; /* sy_input_plausible_percent() */
  sy_buffer text;
} guess;
#define NO_GUESS                  \
  {                               \
    NULL, SY_INPUT_NO_TEXT, { 0 } \
  }

typedef struct guesses {
  const uint8_t *data;
  size_t bytes;
  bool whole;
  guess best, second; /* second: of those that make another text of the bytes */
  bool kana;          /* read as EUC-JP or GB18030 it has the Kana of Japanese: no Big5 */
  bool failed_memory;
} guesses;

static void keep_guess(guess *place, guess *this) {
  sy_buffer_free(&place->text);
  *place = *this;
  *this = (guess)NO_GUESS;
}

static bool same_text(const guess *a, const guess *b) {
  return a->text.bytes == b->text.bytes && a->text.bytes &&
         !memcmp(a->text.data, b->text.data, a->text.bytes);
}

static void try_charset(guesses *g, const char *name, sy_input_script script) {
  guess this = {name, SY_INPUT_NO_TEXT, {0}};
  conversion c = {open_converter(name), unit_bytes(name), "", 0};
  if (c.converter == (iconv_t)-1) {
    g->failed_memory |= errno == ENOMEM;
    return;
  }
  size_t left = g->bytes;
  convert(&c, (const char *)g->data, &left, g->whole, &this.text);
  iconv_close(c.converter);
  g->failed_memory |= this.text.failed;
  if (!this.text.failed && c.invalid * 1000 <= g->bytes) {
    this.percent = sy_input_plausible_percent(this.text.data, this.text.bytes, script);
    if (!strcmp(name, "EUC-JP") || !strcmp(name, "GB18030")) {
      g->kana |= sy_input_plausible_kana(this.text.data, this.text.bytes);
    }
  }
  if (this.percent > g->best.percent) {
    if (!same_text(&this, &g->best)) keep_guess(&g->second, &g->best);
    keep_guess(&g->best, &this);
  } else if (this.percent > g->second.percent && !same_text(&this, &g->best)) {
    keep_guess(&g->second, &this);
  }
  sy_buffer_free(&this.text);
}

/* Images and programs have control characters; text has a few of them at most. */
static bool looks_binary(const uint8_t *data, size_t bytes) {
  size_t controls = 0;
  for (size_t i = 0; i < bytes; i++) {
    controls += data[i] == 0 || (data[i] < 0x20 && !strchr("\t\n\f\r\x1a\x1b", data[i]));
  }
  return controls * 500 > bytes;
}

static void try_all(guesses *g, bool nuls) {
  size_t odd = g->whole ? g->bytes : 0;
  if (odd % 2 == 0) { /* Chinese in UTF-16 need not have a NUL */
    sy_input_script script = nuls ? SY_INPUT_SCRIPT_UNICODE : SY_INPUT_SCRIPT_CHINESE;
    try_charset(g, "UTF-16LE", script);
    try_charset(g, "UTF-16BE", script);
  }
  if (nuls && odd % 4 == 0) {
    try_charset(g, "UTF-32LE", SY_INPUT_SCRIPT_UNICODE);
    try_charset(g, "UTF-32BE", SY_INPUT_SCRIPT_UNICODE);
  }
  if (nuls) return;
  try_charset(g, "EUC-JP", SY_INPUT_SCRIPT_JAPANESE);
  try_charset(g, "GB18030", SY_INPUT_SCRIPT_CHINESE);
  /* The Kana of EUC-JP and GB18030 are among the commonest characters of Big5. */
  if (!g->kana) try_charset(g, "BIG5-HKSCS", SY_INPUT_SCRIPT_CHINESE);
  try_charset(g, "CP932", SY_INPUT_SCRIPT_JAPANESE);
  /* One-byte charsets decode anything, so that nothing can be checked: the user has to say so. */
  char name[32];
  g->failed_memory |= !sy_input_uchardet((const char *)g->data, g->bytes, name, sizeof name);
  if (!strcasecmp(name, "EUC-KR") || !strcasecmp(name, "UHC")) {
    try_charset(g, "CP949", SY_INPUT_SCRIPT_KOREAN);
  } else if (!strcasecmp(name, "EUC-TW")) {
    try_charset(g, "EUC-TW", SY_INPUT_SCRIPT_CHINESE);
  }
  if (g->best.percent < MIN_PERCENT && !g->kana) try_charset(g, "CP950", SY_INPUT_SCRIPT_CHINESE);
}

static sy_status detect_by_content(const uint8_t *data, size_t bytes, bool whole, bool nuls,
                                   sy_input_charset *out, sy_error *error) {
  guesses g = {data, bytes, whole, NO_GUESS, NO_GUESS, false, false};
  if (bytes > SAMPLE_BYTES) { /* enough to know */
    g.bytes = SAMPLE_BYTES;
    g.whole = false;
  }
  bool binary = nuls || looks_binary(g.data, g.bytes);
  out->kind = binary ? SY_INPUT_CHARSET_BINARY : SY_INPUT_CHARSET_UNKNOWN;
  try_all(&g, nuls);
  /* A short text in UTF-16, maybe: no file of another kind, but a question. */
  if (g.best.percent != SY_INPUT_NO_TEXT) out->kind = SY_INPUT_CHARSET_UNKNOWN;
  if (g.best.percent >= MIN_PERCENT && g.second.percent * 2 <= g.best.percent) {
    out->kind = SY_INPUT_CHARSET_NAMED;
    out->detected = true;
    snprintf(out->name, sizeof out->name, "%s", g.best.name);
  }
  sy_buffer_free(&g.best.text);
  sy_buffer_free(&g.second.text);
  return g.failed_memory ? sy_fail_memory(error) : SY_OK;
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

sy_status sy_input_charset_detect(const uint8_t *data, size_t bytes,
                                  const sy_input_charset_hints *hints, sy_input_charset *out,
                                  sy_error *error) {
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
    return SY_OK;
  }
  utf8_census census = {0};
  if (!marked || out->kind == SY_INPUT_CHARSET_UTF8)
    census = take_census(data, bytes, hints->whole);
  if (marked) {
    out->damaged = census.invalid != 0;
    return SY_OK;
  }
  bool mostly = census.invalid && census.sequences >= census.invalid * 20;
  if (!census.nuls && (!census.invalid || mostly || (hints->lines && census.sound_line))) {
    out->damaged = census.invalid != 0;
    return SY_OK;
  }
  if (hints->html && !census.nuls && detect_declaration(data, bytes, out) &&
      strcasecmp(iconv_name(out->name), "UTF-8") && unit_bytes(out->name) == 1) {
    out->kind = SY_INPUT_CHARSET_NAMED;
    return SY_OK;
  }
  out->name[0] = 0;
  return detect_by_content(data, bytes, hints->whole, census.nuls != 0, out, error);
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
