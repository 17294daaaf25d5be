/*
 * input_wikitext.c - two passes, each a walk from begin to end.
 *
 * The first finds the pairs {{ }} and [[ ]] with a stack, for a pair may hold others and an opening
 * without its end must not swallow the article. }} closes the nearest {{, over a [[ left open in
 * between; ]] closes a [[ only when no {{ is open since. The second writes the text; where a pair
 * is dropped it jumps to its end.
 *
 * A tag's end is searched for once: when there is no </ref> behind here, there is none later.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem() */
#endif

#include "indexer/input_wikitext.h"

#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <strings.h>

typedef struct pair {
  size_t open, close; /* close: behind the closing marks */
} pair;

typedef struct pairs {
  pair *items;
  size_t count, capacity;
} pairs;

/* Elements whose content is no wiki markup. */
static const struct {
  const char *name;
  bool kept;
} raw_tags[] = {
    {"nowiki", true}, {"pre", true},    {"source", true},        {"syntaxhighlight", true},
    {"ref", false},   {"math", false},  {"gallery", false},      {"timeline", false},
    {"score", false}, {"chem", false},  {"templatedata", false}, {"imagemap", false},
    {"graph", false}, {"style", false}, {"script", false},       {"hiero", false},
    {"ce", false},    {"rt", false},    {"rp", false},           {"mapframe", false},
};
enum { RAW_TAGS = sizeof raw_tags / sizeof *raw_tags, TAG_MAX_BYTES = 2000 };

typedef struct wiki_reader {
  const char *text, *end;
  sy_buffer *out;
  pairs pairs;
  size_t next_pair;
  bool no_close[RAW_TAGS]; /* there is no end tag behind here */
  bool no_comment_end;
  size_t tables, links, urls; /* open */
} wiki_reader;

static bool starts(const wiki_reader *w, const char *p, const char *word) {
  size_t length = strlen(word);
  return (size_t)(w->end - p) >= length && !strncasecmp(p, word, length);
}

static bool push_pair(pairs *list, size_t open, size_t close) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 64;
    pair *grown = realloc(list->items, capacity * sizeof *grown);
    if (!grown) return false;
    list->items = grown;
    list->capacity = capacity;
  }
  list->items[list->count++] = (pair){open, close};
  return true;
}

/* ---- Comments and elements ---- */

static const char *find_close(const char *p, const char *end, const char *name, size_t length) {
  while ((p = memmem(p, (size_t)(end - p), "</", 2))) {
    p += 2;
    if ((size_t)(end - p) > length && !strncasecmp(p, name, length) &&
        (p[length] == '>' || p[length] == ' ')) {
      return p - 2;
    }
  }
  return NULL;
}

/* A comment or an element of raw_tags at p ('<'): behind its end, its content in *content. NULL: it
 * is neither. */
static const char *skip_raw(wiki_reader *w, const char *p, sy_string *content, bool *kept) {
  *kept = false;
  *content = (sy_string){"", 0};
  if (starts(w, p, "<!--")) {
    const char *close = w->no_comment_end ? NULL : memmem(p, (size_t)(w->end - p), "-->", 3);
    w->no_comment_end = !close;
    return close ? close + 3 : NULL;
  }
  for (size_t i = 0; i < RAW_TAGS; i++) {
    size_t length = strlen(raw_tags[i].name);
    if (!starts(w, p + 1, raw_tags[i].name) || p + 1 + length == w->end) continue;
    if (!strchr(" \t\n/>", p[1 + length])) continue;
    size_t limit = (size_t)(w->end - p) < TAG_MAX_BYTES ? (size_t)(w->end - p) : TAG_MAX_BYTES;
    const char *inner = memchr(p, '>', limit);
    if (!inner) return NULL;
    if (inner[-1] == '/') return inner + 1;
    inner++;
    if (w->no_close[i]) return NULL;
    const char *close = find_close(inner, w->end, raw_tags[i].name, length);
    if (!close) {
      w->no_close[i] = true;
      return NULL;
    }
    *kept = raw_tags[i].kept;
    *content = (sy_string){inner, (size_t)(close - inner)};
    const char *behind = memchr(close, '>', (size_t)(w->end - close));
    return behind ? behind + 1 : w->end;
  }
  return NULL;
}

/* ---- First pass: pairs ---- */

static int compare_pairs(const void *a, const void *b) {
  size_t x = ((const pair *)a)->open, y = ((const pair *)b)->open;
  return x < y ? -1 : x > y;
}

static bool take_close(wiki_reader *w, pairs *stack, size_t *templates, size_t at) {
  bool is_template = w->text[at] == '}';
  if (is_template) {
    if (!*templates) return true;
    while (w->text[stack->items[stack->count - 1].open] != '{') stack->count--;
    (*templates)--;
  } else if (!stack->count || w->text[stack->items[stack->count - 1].open] != '[') {
    return true;
  }
  return push_pair(&w->pairs, stack->items[--stack->count].open, at + 2);
}

static bool find_pairs(wiki_reader *w) {
  pairs stack = {0};
  size_t templates = 0;
  bool good = true;
  for (const char *p = w->text; good && p + 1 < w->end;) {
    sy_string content;
    bool kept;
    const char *behind = *p == '<' ? skip_raw(w, p, &content, &kept) : NULL;
    size_t at = (size_t)(p - w->text);
    if (behind) {
      p = behind;
    } else if (p[0] != p[1] || !strchr("{}[]", p[0]) || !p[0]) {
      p++;
    } else {
      if (*p == '{' || *p == '[') {
        good = push_pair(&stack, at, 0);
        templates += *p == '{';
      } else {
        good = take_close(w, &stack, &templates, at);
      }
      p += 2;
    }
  }
  free(stack.items);
  if (w->pairs.count > 1)
    qsort(w->pairs.items, w->pairs.count, sizeof *w->pairs.items, compare_pairs);
  return good;
}

/* Behind the end of the pair that opens at p; NULL: it has none. Only asked for growing p. */
static const char *pair_end(wiki_reader *w, const char *p) {
  size_t open = (size_t)(p - w->text);
  while (w->next_pair < w->pairs.count && w->pairs.items[w->next_pair].open < open) w->next_pair++;
  if (w->next_pair == w->pairs.count || w->pairs.items[w->next_pair].open != open) return NULL;
  return w->text + w->pairs.items[w->next_pair].close;
}

/* ---- Second pass: text ---- */

static void write_newline(wiki_reader *w) {
  sy_buffer *out = w->out;
  while (out->bytes && strchr(" \t", out->data[out->bytes - 1]) && out->data[out->bytes - 1])
    out->bytes--;
  if (!out->bytes) return;
  if (out->bytes > 1 && !memcmp(out->data + out->bytes - 2, "\n\n", 2)) return;
  sy_buffer_u8(out, '\n');
}

static size_t encode_utf8(uint32_t c, char out[4]) {
  if (c < 0x80) return (void)(out[0] = (char)c), 1;
  size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = length; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
  out[0] = (char)(c | (0xf00u >> length & 0xff));
  return length;
}

/* &amp; &nbsp; &#20013; &#x4e2d; at p: behind it, or NULL. */
static const char *write_entity(wiki_reader *w, const char *p) {
  char name[12];
  size_t limit = (size_t)(w->end - p) < sizeof name ? (size_t)(w->end - p) : sizeof name;
  const char *close = memchr(p, ';', limit);
  if (!close || close < p + 2) return NULL;
  snprintf(name, sizeof name, "%.*s", (int)(close - p - 1), p + 1);
  unsigned long c = 0;
  char *stop = name;
  if (name[0] == '#') {
    bool hexadecimal = name[1] == 'x' || name[1] == 'X';
    c = strtoul(name + (hexadecimal ? 2 : 1), &stop, hexadecimal ? 16 : 10);
    if (*stop || c < 9 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return NULL;
  } else {
    const htmlEntityDesc *entity = htmlEntityLookup((const xmlChar *)name);
    if (!entity) return NULL;
    c = entity->value;
  }
  char utf8[4];
  if (c == 0xa0) c = ' ';
  sy_buffer_append(w->out, utf8, encode_utf8((uint32_t)c, utf8));
  return close + 1;
}

static void write_raw(wiki_reader *w, sy_string content) {
  const char *p = content.data, *end = p + content.bytes;
  while (p < end) {
    const char *behind = *p == '&' ? write_entity(w, p) : NULL;
    if (behind && behind <= end) {
      p = behind;
    } else {
      sy_buffer_u8(w->out, (uint8_t)*p++);
    }
  }
}

/* A tag, a comment or an element at p ('<'): behind it, or NULL when it is only a sign. */
static const char *read_tag(wiki_reader *w, const char *p) {
  sy_string content;
  bool kept;
  const char *behind = skip_raw(w, p, &content, &kept);
  if (behind) {
    if (kept) write_raw(w, content);
    return behind;
  }
  const char *q = p + 1;
  if (q < w->end && *q == '/') q++;
  if (q == w->end || !((*q | 32) >= 'a' && (*q | 32) <= 'z')) return NULL;
  size_t limit = (size_t)(w->end - q) < TAG_MAX_BYTES ? (size_t)(w->end - q) : TAG_MAX_BYTES;
  const char *close = memchr(q, '>', limit);
  if (!close || memchr(q, '<', (size_t)(close - q))) return NULL;
  static const char *const blocks[] = {"br", "p", "div", "li", "tr", "td", "th", "blockquote"};
  size_t length = strcspn(q, " \t\n/>");
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    if (strlen(blocks[i]) == length && !strncasecmp(q, blocks[i], length)) write_newline(w);
  }
  return close + 1;
}

/* Files and categories are no text. */
static bool is_dropped_link(const wiki_reader *w, const char *target) {
  static const char *const spaces[] = {"File:", "Image:", "Category:", "文件:", "檔案:", "档案:",
                                       "图像:", "圖像:",  "分类:",     "分類:", "Media:"};
  while (target < w->end && *target == ' ') target++;
  for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
    if (starts(w, target, spaces[i])) return true;
  }
  return false;
}

/* "[[" at p. */
static const char *read_link(wiki_reader *w, const char *p) {
  const char *behind = pair_end(w, p);
  if (!behind) return NULL;
  p += 2;
  if (is_dropped_link(w, p)) return behind;
  if (p < w->end && *p == ':') p++;
  w->links++;
  const char *q = p;
  while (q < behind - 2 && *q != '|' && *q != '[' && *q != '{' && *q != '\n') q++;
  return *q == '|' ? q + 1 : p; /* without a text of its own, the target is the text */
}

/* "[" at p: a link to a URL drops the URL and both brackets. */
static const char *read_url(wiki_reader *w, const char *p) {
  static const char *const schemes[] = {"http://", "https://", "//", "ftp://", "mailto:"};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    if (!starts(w, p + 1, schemes[i])) continue;
    const char *q = p + 1;
    while (q < w->end && !strchr(" ][\n", *q)) q++;
    if (q == w->end || (*q != ' ' && *q != ']')) return NULL;
    w->urls++;
    return *q == ' ' ? q + 1 : q;
  }
  return NULL;
}

/* What -{ }- shows of `text`. */
static sy_string choose_variant(sy_string text) {
  static const char *const preferred[] = {"zh-hans:", "zh-cn:", "zh-hant:", "zh-"};
  const char *flags_end = memchr(text.data, '|', text.bytes < 12 ? text.bytes : 12);
  if (flags_end) {
    for (const char *f = text.data; f < flags_end; f++) {
      if (strchr("HTD-", *f)) return (sy_string){"", 0};
    }
    text.bytes -= (size_t)(flags_end + 1 - text.data);
    text.data = flags_end + 1;
  }
  for (size_t i = 0; i < sizeof preferred / sizeof *preferred; i++) {
    const char *at = memmem(text.data, text.bytes, preferred[i], strlen(preferred[i]));
    if (!at) continue;
    const char *end = text.data + text.bytes, *from = memchr(at, ':', (size_t)(end - at));
    if (!from) continue;
    from++;
    const char *stop = memchr(from, ';', (size_t)(end - from));
    return (sy_string){from, (size_t)((stop ? stop : end) - from)};
  }
  return text;
}

/* "-{" at p; short in articles, so that nothing is searched far. */
static const char *read_variant(wiki_reader *w, const char *p) {
  size_t limit = (size_t)(w->end - p) < 500 ? (size_t)(w->end - p) : 500;
  const char *close = memmem(p, limit, "}-", 2);
  if (!close || memmem(p + 2, (size_t)(close - p - 2), "{", 1)) return NULL;
  sy_string shown = choose_variant((sy_string){p + 2, (size_t)(close - p - 2)});
  write_raw(w, shown);
  return close + 2;
}

/* ''italic'' and '''bold''' at p. */
static const char *read_quotes(wiki_reader *w, const char *p) {
  size_t n = 0;
  while (p + n < w->end && p[n] == '\'') n++;
  size_t shown = n == 1 || n == 4 ? 1 : n > 5 ? n - 5 : 0;
  for (size_t i = 0; i < shown; i++) sy_buffer_u8(w->out, '\'');
  return p + n;
}

/* __NOTOC__ at p. */
static const char *read_switch(const wiki_reader *w, const char *p) {
  const char *q = p + 2;
  while (q < w->end && *q >= 'A' && *q <= 'Z') q++;
  return q > p + 2 && starts(w, q, "__") ? q + 2 : NULL;
}

/* ---- Lines ---- */

static const char *line_end(const wiki_reader *w, const char *p) {
  const char *end = memchr(p, '\n', (size_t)(w->end - p));
  return end ? end : w->end;
}

static const char *skip_spaces(const wiki_reader *w, const char *p) {
  while (p < w->end && *p == ' ') p++;
  return p;
}

/* Behind the attributes of a cell, "style=... | text". */
static const char *skip_attributes(const wiki_reader *w, const char *p) {
  p = skip_spaces(w, p);
  for (const char *q = p; q < w->end && *q != '\n' && q < p + 500; q++) {
    if (strchr("[{<", *q) || (*q == '!' && q + 1 < w->end && q[1] == '!')) break;
    if (*q == '|') return q + 1 < w->end && q[1] == '|' ? p : skip_spaces(w, q + 1);
  }
  return p;
}

static const char *begin_table_line(wiki_reader *w, const char *p) {
  if (starts(w, p, "{|")) {
    w->tables++;
    return line_end(w, p);
  }
  if (!w->tables) return p;
  if (starts(w, p, "|}")) {
    w->tables--;
    return p + 2;
  }
  if (starts(w, p, "|-")) return line_end(w, p);
  if (starts(w, p, "|+")) return skip_attributes(w, p + 2);
  if (p < w->end && (*p == '|' || *p == '!')) return skip_attributes(w, p + 1);
  return p;
}

/* Takes the marks at the begin of a line. *text_end: for a heading, where its text ends. */
static const char *begin_line(wiki_reader *w, const char *p, const char **text_end) {
  *text_end = NULL;
  if (p == w->end) return p;
  const char *q = p;
  while (q < w->end && (*q == ' ' || *q == ':')) q++;
  if (w->tables || starts(w, q, "{|")) {
    const char *behind = begin_table_line(w, q);
    if (behind != q) return behind;
  }
  if (*p == '=') {
    const char *end = line_end(w, p), *close = end;
    while (close > p && strchr(" \t\r", close[-1])) close--;
    size_t level = 0;
    while (p + level < close && p[level] == '=' && level < 6) level++;
    if ((size_t)(close - p) > 2 * level && close[-1] == '=') {
      while (close > p + level && close[-1] == '=') close--;
      while (close > p + level && close[-1] == ' ') close--;
      *text_end = close;
      p += level;
      while (p < close && *p == ' ') p++;
      return p;
    }
  }
  if (starts(w, p, "----")) {
    while (p < w->end && *p == '-') p++;
    return p;
  }
  const char *marks = p;
  while (p < w->end && strchr("*#:;", *p) && *p) p++;
  while (p > marks && p < w->end && *p == ' ') p++;
  return p;
}

static const char *read_close(wiki_reader *w, const char *p) {
  if (w->links && starts(w, p, "]]")) {
    w->links--;
    return p + 2;
  }
  if (w->urls) {
    w->urls--;
    return p + 1;
  }
  return NULL;
}

/* Behind the mark at p, or NULL: an ordinary character. */
static const char *read_mark(wiki_reader *w, const char *p) {
  char next = p + 1 < w->end ? p[1] : 0;
  switch (*p) {
    case '<': return read_tag(w, p);
    case '&': return write_entity(w, p);
    case '{': return next == '{' ? pair_end(w, p) : NULL;
    case '[': return next == '[' ? read_link(w, p) : read_url(w, p);
    case ']': return read_close(w, p);
    case '-': return next == '{' ? read_variant(w, p) : NULL;
    case '\'': return next == '\'' ? read_quotes(w, p) : NULL;
    case '_': return next == '_' ? read_switch(w, p) : NULL;
    case '!':
    case '|':
      if (!w->tables || next != *p) return NULL;
      write_newline(w);
      return skip_attributes(w, p + 2);
    default: return NULL;
  }
}

static void write_text(wiki_reader *w) {
  const char *p = w->text, *heading_end = NULL;
  bool line_begins = true;
  while (p < w->end && !w->out->failed) {
    if (line_begins) p = begin_line(w, p, &heading_end);
    line_begins = false;
    if (heading_end && p == heading_end) p = line_end(w, p);
    if (p >= w->end) break;
    if (*p == '\n') {
      write_newline(w);
      w->urls = 0;
      line_begins = true;
      p++;
      continue;
    }
    const char *behind = read_mark(w, p);
    if (behind) {
      p = behind;
      continue;
    }
    if (*p != '\r') sy_buffer_u8(w->out, (uint8_t)*p);
    p++;
  }
}

void sy_input_wikitext_plain(sy_string text, sy_buffer *out) {
  if (!text.bytes) return;
  wiki_reader w = {.text = text.data, .end = text.data + text.bytes, .out = out};
  if (!find_pairs(&w)) {
    out->failed = true;
  } else {
    memset(w.no_close, 0, sizeof w.no_close);
    w.no_comment_end = false;
    write_text(&w);
  }
  while (out->bytes && strchr(" \n", out->data[out->bytes - 1]) && out->data[out->bytes - 1])
    out->bytes--;
  free(w.pairs.items);
}
