/*
 * input_text.c - plain text and Markdown: one file, one article. The body is the file as it is;
 * Markdown is not rendered, because a search that finds what stands in the file can show where it
 * stands.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memrchr() */
#endif

#include "indexer/input_read.h"

#include <strings.h>

enum { TITLE_CHARACTERS = 100 };

/* ---- Lines ---- */

static sy_string trim(sy_string s) {
  static const char ideographic_space[] = "\xe3\x80\x80";
  for (;;) {
    if (s.bytes && strchr(" \t\r\f\v\n", s.data[0])) {
      s = (sy_string){s.data + 1, s.bytes - 1};
    } else if (s.bytes >= 3 && !memcmp(s.data, ideographic_space, 3)) {
      s = (sy_string){s.data + 3, s.bytes - 3};
    } else {
      break;
    }
  }
  for (;;) {
    if (s.bytes && strchr(" \t\r\f\v\n", s.data[s.bytes - 1])) {
      s.bytes--;
    } else if (s.bytes >= 3 && !memcmp(s.data + s.bytes - 3, ideographic_space, 3)) {
      s.bytes -= 3;
    } else {
      return s;
    }
  }
}

/* Takes the first line off `rest`, without its end (LF, CR LF or CR). */
static bool next_line(sy_string *rest, sy_string *line) {
  if (!rest->bytes) return false;
  const char *end = memchr(rest->data, '\n', rest->bytes);
  size_t within = end ? (size_t)(end - rest->data) : rest->bytes;
  const char *cr = memchr(rest->data, '\r', within);
  size_t length = cr ? (size_t)(cr - rest->data) : within;
  *line = (sy_string){rest->data, length};
  size_t skip = length;
  if (skip < rest->bytes && rest->data[skip] == '\r') skip++;
  if (skip < rest->bytes && rest->data[skip] == '\n') skip++;
  *rest = (sy_string){rest->data + skip, rest->bytes - skip};
  return true;
}

static sy_string cut(sy_string s, size_t characters) {
  size_t seen = 0;
  for (size_t i = 0; i < s.bytes; i++) {
    if (((uint8_t)s.data[i] & 0xc0) == 0x80) continue;
    if (seen++ == characters) return trim((sy_string){s.data, i});
  }
  return s;
}

static sy_string first_text(sy_string text) {
  sy_string line;
  while (next_line(&text, &line)) {
    line = trim(line);
    if (line.bytes) return cut(line, TITLE_CHARACTERS);
  }
  return (sy_string){"", 0};
}

static sy_status add(sy_string title, sy_string body, const char *id, const sy_input_sink *sink,
                     sy_error *error) {
  sy_article article = {{id, strlen(id)}, title, body, {"", 0}};
  return sink->add(sink->context, &article, id, 0, error);
}

sy_status sy_input_read_text(sy_string text, const char *id, const sy_input_sink *sink,
                             sy_error *error) {
  sy_string title = first_text(text);
  return title.bytes ? add(title, text, id, sink, error) : SY_OK;
}

/* ---- Markdown ---- */

static bool equals(sy_string s, const char *text) {
  return s.bytes == strlen(text) && !memcmp(s.data, text, s.bytes);
}

/* A value without " # comment" behind it; between quotes # is a character like others. */
static sy_string without_comment(sy_string value) {
  char quote = value.bytes && (value.data[0] == '"' || value.data[0] == '\'') ? value.data[0] : 0;
  bool open = quote;
  for (size_t i = 1; i < value.bytes; i++) {
    if (open && value.data[i] == '\\' && quote == '"') {
      i++;
    } else if (open && value.data[i] == quote) {
      open = false;
    } else if (!open && value.data[i] == '#' && strchr(" \t", value.data[i - 1])) {
      return trim((sy_string){value.data, i});
    }
  }
  return value;
}

/* The value of "title: x" (YAML) or "title = x" (TOML), without quotes. */
static sy_string title_value(sy_string line, char separator) {
  sy_string none = {"", 0};
  if (line.bytes < 6 || strncasecmp(line.data, "title", 5)) return none;
  sy_string rest = trim((sy_string){line.data + 5, line.bytes - 5});
  if (!rest.bytes || rest.data[0] != separator) return none;
  rest = without_comment(trim((sy_string){rest.data + 1, rest.bytes - 1}));
  if (rest.bytes >= 2 && (rest.data[0] == '"' || rest.data[0] == '\'') &&
      rest.data[rest.bytes - 1] == rest.data[0]) {
    rest = (sy_string){rest.data + 1, rest.bytes - 2};
  }
  return trim(rest);
}

/* Takes front matter ("---" to "---" or "...", "+++" to "+++") off the text. Without its end it is
 * none. */
static sy_string take_front_matter(sy_string *text) {
  sy_string title = {"", 0}, rest = *text, line;
  if (!next_line(&rest, &line)) return title;
  line = trim(line);
  bool yaml = equals(line, "---"), toml = equals(line, "+++");
  if (!yaml && !toml) return title;
  while (next_line(&rest, &line)) {
    sy_string bare = trim(line);
    if (toml ? equals(bare, "+++") : equals(bare, "---") || equals(bare, "...")) {
      *text = rest;
      return title;
    }
    if (!title.bytes) title = title_value(line, toml ? '=' : ':');
  }
  return (sy_string){"", 0};
}

/* "## Title ##" without the marks; empty when it is no heading. */
static sy_string heading_text(sy_string line) {
  sy_string none = {"", 0};
  size_t indent = 0, level = 0;
  while (indent < line.bytes && line.data[indent] == ' ') indent++;
  while (indent + level < line.bytes && line.data[indent + level] == '#') level++;
  size_t at = indent + level;
  if (indent > 3 || level < 1 || level > 6 || at == line.bytes) return none;
  if (line.data[at] != ' ' && line.data[at] != '\t') return none;
  sy_string text = trim((sy_string){line.data + at, line.bytes - at});
  size_t length = text.bytes;
  while (length && text.data[length - 1] == '#') length--;
  if (length < text.bytes && (!length || text.data[length - 1] == ' ')) {
    text = trim((sy_string){text.data, length});
  }
  if (text.bytes && text.data[text.bytes - 1] == '}') { /* "Title {#anchor}" */
    const char *open = memrchr(text.data, '{', text.bytes);
    if (open && open[1] == '#') text = trim((sy_string){text.data, (size_t)(open - text.data)});
  }
  return text;
}

static bool is_underline(sy_string line) {
  line = trim(line);
  if (!line.bytes || (line.data[0] != '=' && line.data[0] != '-')) return false;
  for (size_t i = 1; i < line.bytes; i++) {
    if (line.data[i] != line.data[0]) return false;
  }
  return line.data[0] == '=' || line.bytes >= 2;
}

static sy_string first_heading(sy_string text) {
  sy_string line, before = {"", 0};
  char fence = 0;
  while (next_line(&text, &line)) {
    sy_string bare = trim(line);
    bool fence_line =
        bare.bytes >= 3 && (!memcmp(bare.data, "```", 3) || !memcmp(bare.data, "~~~", 3));
    if (fence_line && (!fence || bare.data[0] == fence)) {
      fence = fence ? 0 : bare.data[0];
      before.bytes = 0;
      continue;
    }
    if (fence) continue;
    sy_string heading = heading_text(line);
    if (heading.bytes) return cut(heading, TITLE_CHARACTERS);
    if (before.bytes && is_underline(line)) return cut(before, TITLE_CHARACTERS);
    /* A line under a list, a quotation or a table is a rule or a part of it, and makes no heading.
     */
    before = bare.bytes && !strchr("-*+>|", bare.data[0]) ? bare : (sy_string){"", 0};
  }
  return (sy_string){"", 0};
}

sy_status sy_input_read_markdown(sy_string text, const char *id, const sy_input_sink *sink,
                                 sy_error *error) {
  sy_string title = take_front_matter(&text);
  if (!title.bytes) title = first_heading(text);
  if (!title.bytes) title = first_text(text);
  return title.bytes ? add(title, text, id, sink, error) : SY_OK;
}
