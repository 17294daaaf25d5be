/*
 * input_csv.c - tables with a header, comma or tab between the values (RFC 4180).
 *
 *     id,title,body,year
 *     a1,"甲,乙","he said ""x""
 *     and went",1999          -> a1 | 甲,乙 | he said "x"\nand went | {"year":"1999"}
 *
 * A value that begins with a quote ends at the next quote that is not doubled; between them commas
 * and line ends are text. A quote within a value that does not begin with one is an ordinary
 * character (5" disk), as spreadsheets read it.
 *
 * A quote that is never closed would swallow the rest of the file. So a row may have at most
 * ROW_MAX_BYTES, and behind a row that cannot be read reading goes on at the next line, not behind
 * the row. The buffer is filled before a row is parsed again from its begin, and doubles, so a long
 * row is scanned at most twice its length in all.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf() */
#endif

#include "indexer/input_charset.h"
#include "indexer/input_fields.h"
#include "indexer/input_read.h"

#include <stdio.h>

enum { BLOCK_BYTES = 1 << 20, ROW_MAX_BYTES = 64 << 20, COLUMNS_MAX = 10000 };

typedef struct value {
  size_t from, bytes; /* in the buffer, from the row's begin, without the outer quotes */
  bool doubled;       /* has doubled quotes */
} value;

typedef struct csv_reader {
  sy_input_source *source;
  const sy_input_lines *lines;
  const sy_input_sink *sink;
  char delimiter;
  char *buffer;
  size_t capacity, bytes, at;
  bool ended;
  uint64_t line, row; /* of the row at `at`; rows of data, without the header */
  value *values;
  size_t count, values_capacity;
  char **columns;
  size_t column_count;
  size_t id, title, body; /* columns; column_count: there is none */
  sy_buffer fields;
} csv_reader;

static sy_status report(csv_reader *r, const char *reason, sy_error *error) {
  sy_error bad;
  sy_error_set(&bad, SY_BAD_INPUT, r->source->name, r->line, "%s", reason);
  return r->sink->bad(r->sink->context, &bad, error);
}

/* ---- Rows ---- */

typedef enum row_result { ROW, ROW_BAD, ROW_CUT, ROW_NO_MEMORY } row_result;

static bool push_value(csv_reader *r, size_t from, size_t bytes, bool doubled) {
  if (r->count == r->values_capacity) {
    size_t capacity = r->values_capacity ? r->values_capacity * 2 : 32;
    value *grown = realloc(r->values, capacity * sizeof *grown);
    if (!grown) return false;
    r->values = grown;
    r->values_capacity = capacity;
  }
  r->values[r->count++] = (value){from, bytes, doubled};
  return true;
}

/* One value at *i of the row's `n` bytes; *i is then behind it. */
static row_result scan_value(csv_reader *r, size_t *i, const char **reason) {
  const char *row = r->buffer + r->at;
  size_t n = r->bytes - r->at;
  size_t from = *i, at = from;
  if (at < n && row[at] == '"') {
    bool doubled = false;
    for (at++;; at += 2, doubled = true) {
      const char *quote = memchr(row + at, '"', n - at);
      if (!quote) {
        *reason = "a quoted value without end";
        return ROW_CUT;
      }
      at = (size_t)(quote - row);
      if (at + 1 == n && !r->ended) return ROW_CUT;
      if (at + 1 == n || row[at + 1] != '"') break;
    }
    *i = at + 1;
    if (*i < n && row[*i] != r->delimiter && row[*i] != '\n' && row[*i] != '\r') {
      *reason = "text behind the closing quote of a value";
      return ROW_BAD;
    }
    return push_value(r, from + 1, at - from - 1, doubled) ? ROW : ROW_NO_MEMORY;
  }
  while (at < n && row[at] != r->delimiter && row[at] != '\n' && row[at] != '\r') at++;
  *i = at;
  return push_value(r, from, at - from, false) ? ROW : ROW_NO_MEMORY;
}

/* The row at `at`; *bytes is then its length with its line end. ROW_CUT: the buffer ends before the
 * row, or, when it has all there is, a quote is open. */
static row_result scan_row(csv_reader *r, size_t *bytes, const char **reason) {
  size_t n = r->bytes - r->at;
  r->count = 0;
  for (size_t i = 0;; i++) { /* over the delimiter */
    row_result result = scan_value(r, &i, reason);
    if (result != ROW) return result;
    const char *row = r->buffer + r->at;
    if (r->count > COLUMNS_MAX) {
      *reason = "too many columns";
      return ROW_BAD;
    }
    if (i < n && row[i] == r->delimiter) continue;
    if (i == n && !r->ended) return ROW_CUT;
    if (i + 1 == n && row[i] == '\r' && !r->ended) return ROW_CUT; /* LF may follow */
    if (i < n && row[i] == '\r') i++;
    if (i < n && row[i] == '\n') i++;
    *bytes = i;
    return ROW;
  }
}

/* Fills the buffer behind what is left of it, doubled when the row needs all of it. */
static sy_status fill(csv_reader *r, sy_error *error) {
  r->bytes -= r->at;
  memmove(r->buffer, r->buffer + r->at, r->bytes);
  r->at = 0;
  if (r->bytes > r->capacity / 2) {
    char *grown = realloc(r->buffer, r->capacity * 2);
    if (!grown) return sy_fail_memory(error);
    r->buffer = grown;
    r->capacity *= 2;
  }
  while (r->bytes < r->capacity && !r->ended) {
    size_t got = 0;
    SY_TRY(
        sy_input_source_read(r->source, r->buffer + r->bytes, r->capacity - r->bytes, &got, error));
    r->ended = got == 0;
    r->bytes += got;
  }
  return SY_OK;
}

static uint64_t count_lines(const char *text, size_t bytes) {
  uint64_t lines = 0;
  for (size_t i = 0; i < bytes; i++) {
    lines += text[i] == '\n' || (text[i] == '\r' && (i + 1 == bytes || text[i + 1] != '\n'));
  }
  return lines;
}

/* The length of the line at `at`, with its end; none in the buffer: all of it. */
static size_t line_bytes(const csv_reader *r) {
  const char *from = r->buffer + r->at;
  size_t n = r->bytes - r->at, i = 0;
  while (i < n && from[i] != '\n' && from[i] != '\r') i++;
  if (i < n && from[i] == '\r' && i + 1 < n && from[i + 1] == '\n') i++;
  return i < n ? i + 1 : n;
}

/* ---- Articles ---- */

static void free_columns(csv_reader *r) {
  for (size_t i = 0; i < r->column_count; i++) free(r->columns[i]);
  free(r->columns);
}

/* The text of a value, its doubled quotes made single where it stands. */
static sy_string text_of(csv_reader *r, const value *v) {
  char *text = r->buffer + r->at + v->from;
  if (!v->doubled) return (sy_string){text, v->bytes};
  size_t to = 0;
  for (size_t i = 0; i < v->bytes; i++) {
    if (text[i] == '"') i++; /* the second of two */
    text[to++] = text[i];
  }
  return (sy_string){text, to};
}

static sy_string trim_spaces(sy_string s) {
  while (s.bytes && (s.data[0] == ' ' || s.data[0] == '\t')) s.data++, s.bytes--;
  while (s.bytes && (s.data[s.bytes - 1] == ' ' || s.data[s.bytes - 1] == '\t')) s.bytes--;
  return s;
}

static bool is_name(const char *column, sy_string name) {
  return strlen(column) == name.bytes && !memcmp(column, name.data, name.bytes);
}

static size_t find_column(const csv_reader *r, sy_string name) {
  size_t i = 0;
  while (i < r->column_count && !is_name(r->columns[i], name)) i++;
  return i;
}

/* A column that was asked for by another name than the usual one must be there. */
static sy_status check_named(const csv_reader *r, sy_string name, const char *usual, size_t column,
                             sy_error *error) {
  if (column < r->column_count || is_name(usual, name)) return SY_OK;
  return sy_fail_at(error, SY_BAD_INPUT, r->source->name, r->line,
                    "no column \"%.*s\" in the header", (int)(name.bytes < 100 ? name.bytes : 100),
                    name.data);
}

static sy_status take_header(csv_reader *r, sy_error *error) {
  const sy_input_json_names *names = &r->lines->names;
  const char *file = r->source->name;
  r->columns = calloc(r->count, sizeof *r->columns);
  if (!r->columns) return sy_fail_memory(error);
  for (size_t i = 0; i < r->count; i++) {
    sy_string name = trim_spaces(text_of(r, &r->values[i]));
    if (!sy_input_charset_is_utf8(name.data, name.bytes)) {
      return sy_fail_at(error, SY_BAD_INPUT, file, r->line, "invalid bytes in the header");
    }
    if (name.bytes && find_column(r, name) < r->column_count) {
      return sy_fail_at(error, SY_BAD_INPUT, file, r->line, "column \"%.*s\" comes twice",
                        (int)(name.bytes < 100 ? name.bytes : 100), name.data);
    }
    int length = name.bytes ? asprintf(&r->columns[i], "%.*s", (int)name.bytes, name.data)
                            : asprintf(&r->columns[i], "column%zu", i + 1);
    if (length < 0) {
      r->columns[i] = NULL;
      return sy_fail_memory(error);
    }
    r->column_count++;
  }
  r->id = find_column(r, names->id);
  r->title = find_column(r, names->title);
  r->body = find_column(r, names->body);
  SY_TRY(check_named(r, names->id, "id", r->id, error));
  SY_TRY(check_named(r, names->title, "title", r->title, error));
  SY_TRY(check_named(r, names->body, "body", r->body, error));
  if (r->title < r->count || r->body < r->count) return SY_OK;
  return sy_fail_at(error, SY_BAD_INPUT, file, r->line,
                    "no column \"%.*s\" in the header; name the one with the text with --body",
                    (int)(names->body.bytes < 100 ? names->body.bytes : 100), names->body.data);
}

static sy_status add_row(csv_reader *r, sy_error *error) {
  sy_article article = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
  r->fields.bytes = 0;
  for (size_t i = 0; i < r->count; i++) {
    sy_string text = text_of(r, &r->values[i]);
    if (i == r->id) {
      article.id = text;
    } else if (i == r->title) {
      article.title = text;
    } else if (i == r->body) {
      article.body = text;
    } else if (text.bytes) {
      const char *name = r->columns[i];
      sy_input_fields_add(&r->fields, (sy_string){name, strlen(name)}, text);
    }
  }
  article.fields = sy_input_fields_finish(&r->fields);
  if (r->fields.failed) return sy_fail_memory(error);
  if (r->id < r->count && !article.id.bytes) return report(r, "empty id", error);
  char *made = NULL;
  if (r->id == r->count) {
    int length = asprintf(&made, "%s#%llu", r->source->name, (unsigned long long)r->row);
    if (length < 0) return sy_fail_memory(error);
    article.id = (sy_string){made, (size_t)length};
  }
  sy_status status = r->sink->add(r->sink->context, &article, r->source->name, r->line, error);
  free(made);
  return status;
}

static sy_status take_row(csv_reader *r, size_t bytes, sy_error *error) {
  if (r->count == 1 && !r->values[0].bytes) return SY_OK; /* a blank line */
  if (!r->columns) return take_header(r, error);
  r->row++;
  char reason[200];
  if (r->count != r->column_count) {
    snprintf(reason, sizeof reason, "%zu values where the header has %zu", r->count,
             r->column_count);
    return report(r, reason, error);
  }
  if (!sy_input_charset_is_utf8(r->buffer + r->at, bytes)) {
    const char *charset = r->lines->charset[0] ? r->lines->charset : "UTF-8";
    snprintf(reason, sizeof reason, "bytes that are no %s", charset);
    return report(r, reason, error);
  }
  return add_row(r, error);
}

/* ---- The file ---- */

static sy_status take_bad_row(csv_reader *r, const char *reason, size_t *bytes, sy_error *error) {
  if (!r->columns) {
    return sy_fail_at(error, SY_BAD_INPUT, r->source->name, r->line, "%s", reason);
  }
  *bytes = line_bytes(r);
  if (*bytes == r->bytes - r->at && !r->ended) { /* where would the next row begin? */
    return sy_fail_at(error, SY_LIMIT, r->source->name, r->line, "%s", reason);
  }
  r->row++;
  return report(r, reason, error);
}

static sy_status read_rows(csv_reader *r, sy_error *error) {
  while (r->at < r->bytes || !r->ended) {
    const char *reason = "";
    size_t bytes = 0;
    row_result result = r->at < r->bytes ? scan_row(r, &bytes, &reason) : ROW_CUT;
    if (result == ROW_NO_MEMORY) return sy_fail_memory(error);
    if (result == ROW_CUT && !r->ended) {
      if (r->bytes - r->at < ROW_MAX_BYTES) {
        SY_TRY(fill(r, error));
        continue;
      }
      reason = "a row of more than 64 MiB, or a quote without its end";
    }
    uint64_t line = r->line;
    if (result == ROW) {
      line += count_lines(r->buffer + r->at, bytes);
      SY_TRY(take_row(r, bytes, error));
    } else {
      SY_TRY(take_bad_row(r, reason, &bytes, error));
      line++;
    }
    r->line = line;
    r->at += bytes;
  }
  return SY_OK;
}

sy_status sy_input_read_csv(sy_input_source *source, const sy_input_lines *lines, char delimiter,
                            const sy_input_sink *sink, sy_error *error) {
  csv_reader r = {.source = source, .lines = lines, .sink = sink, .delimiter = delimiter};
  r.capacity = BLOCK_BYTES;
  r.line = 1;
  r.buffer = malloc(r.capacity);
  sy_status status = r.buffer ? read_rows(&r, error) : sy_fail_memory(error);
  free_columns(&r);
  free(r.values);
  free(r.buffer);
  sy_buffer_free(&r.fields);
  return status;
}
