/*
 * input_jsonl.c - JSON lines: the hot path of an import.
 *
 * One buffer is filled by large reads, and every line is parsed where it stands in it; what is left
 * of a line at the end is moved to the front before the next read. Nothing is copied a second time,
 * and the buffer's pages are touched once per import, not once per block (fresh pages are what
 * costs).
 *
 *     | done | line | line | begun...          | padding |
 *            ^ at                  ^ bytes      ^ capacity
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf() */
#endif

#include "indexer/input_read.h"

#include <stdio.h>

/* Of a size that stays in cache between read() and the parser. 403 MB in the page cache, read,
 * parsed and thrown away: 256 KiB 0.43 s, 1 MiB 0.38 s, 4 MiB 0.41 s, 16 MiB 0.46 s. */
enum { BLOCK_BYTES = 1 << 20 };

typedef struct line_reader {
  sy_input_source *source;
  const sy_input_lines *lines;
  const sy_input_sink *sink;
  sy_input_json *json;
  char *buffer;
  size_t capacity, bytes, at;
  size_t searched; /* no line end before this */
  uint64_t line;
  bool too_long; /* the line that has begun is: it is stepped over */
} line_reader;

static sy_status report(line_reader *reader, const char *reason, sy_error *error) {
  sy_error bad;
  if (!strcmp(reason, "invalid UTF-8") && reader->lines->charset[0]) {
    sy_error_set(&bad, SY_BAD_INPUT, reader->source->name, reader->line, "bytes that are no %s",
                 reader->lines->charset);
  } else {
    sy_error_set(&bad, SY_BAD_INPUT, reader->source->name, reader->line, "%s", reason);
  }
  return reader->sink->bad(reader->sink->context, &bad, error);
}

static sy_status take_line(line_reader *reader, const char *line, size_t bytes, sy_error *error) {
  reader->line++;
  while (bytes && (line[bytes - 1] == '\r' || line[bytes - 1] == ' ' || line[bytes - 1] == '\t'))
    bytes--;
  size_t blank = 0;
  while (blank < bytes && (line[blank] == ' ' || line[blank] == '\t')) blank++;
  if (blank == bytes) return SY_OK;

  sy_input_json_record record;
  const char *reason = NULL;
  sy_status status = sy_input_json_parse(reader->json, line, bytes, &record, &reason);
  if (status == SY_BAD_INPUT) return report(reader, reason, error);
  if (status != SY_OK) return sy_fail_memory(error);
  char text[640];
  if (!record.has_body && !record.has_title) {
    const sy_string *name = &reader->lines->names.body;
    snprintf(text, sizeof text, "no member \"%.*s\"", (int)(name->bytes < 100 ? name->bytes : 100),
             name->data);
    return report(reader, text, error);
  }
  if (record.has_id && !record.article.id.bytes) return report(reader, "empty id", error);
  char *made = NULL;
  if (!record.has_id) {
    int length = asprintf(&made, "%s:%llu", reader->source->name, (unsigned long long)reader->line);
    if (length < 0) return sy_fail_memory(error);
    record.article.id = (sy_string){made, (size_t)length};
  }
  status = reader->sink->add(reader->sink->context, &record.article, reader->source->name,
                             reader->line, error);
  free(made);
  return status;
}

static sy_status take_lines(line_reader *reader, sy_error *error) {
  for (;;) {
    char *from = reader->buffer + reader->searched;
    char *newline = memchr(from, '\n', reader->bytes - reader->searched);
    if (!newline) break;
    char *line = reader->buffer + reader->at;
    reader->at = reader->searched = (size_t)(newline + 1 - reader->buffer);
    SY_TRY(take_line(reader, line, (size_t)(newline - line), error));
  }
  reader->searched = reader->bytes;
  return SY_OK;
}

static sy_status give_up_line(line_reader *reader, sy_error *error) {
  sy_error bad;
  sy_error_set(&bad, SY_LIMIT, reader->source->name, ++reader->line,
               "a line may have at most %zu bytes", SY_INPUT_LINE_MAX_BYTES);
  reader->at = reader->bytes = reader->searched = 0;
  reader->too_long = true;
  return reader->sink->bad(reader->sink->context, &bad, error);
}

/* Drops what was read of a line that is too long. */
static void step_over(line_reader *reader) {
  const char *end = memchr(reader->buffer, '\n', reader->bytes);
  reader->too_long = !end;
  reader->at = reader->searched = end ? (size_t)(end + 1 - reader->buffer) : reader->bytes;
}

/* Makes room behind the line that has begun. */
static sy_status make_room(line_reader *reader, sy_error *error) {
  size_t begun = reader->bytes - reader->at;
  if (begun > SY_INPUT_LINE_MAX_BYTES) return give_up_line(reader, error);
  memmove(reader->buffer, reader->buffer + reader->at, begun);
  reader->searched -= reader->at;
  reader->bytes = begun;
  reader->at = 0;
  if (begun < reader->capacity / 2) return SY_OK;
  size_t capacity = reader->capacity * 2;
  char *buffer = realloc(reader->buffer, capacity + SY_INPUT_JSON_PADDING);
  if (!buffer) return sy_fail_memory(error);
  memset(buffer + capacity, 0, SY_INPUT_JSON_PADDING);
  reader->buffer = buffer;
  reader->capacity = capacity;
  return SY_OK;
}

static sy_status read_lines(line_reader *reader, sy_error *error) {
  for (;;) {
    SY_TRY(make_room(reader, error));
    size_t got = 0;
    SY_TRY(sy_input_source_read(reader->source, reader->buffer + reader->bytes,
                                reader->capacity - reader->bytes, &got, error));
    if (!got) break;
    reader->bytes += got;
    if (reader->too_long) step_over(reader);
    SY_TRY(take_lines(reader, error));
  }
  /* The last line may have no line end. */
  size_t left = reader->bytes - reader->at;
  return left ? take_line(reader, reader->buffer + reader->at, left, error) : SY_OK;
}

sy_status sy_input_read_lines(sy_input_source *source, const sy_input_lines *lines,
                              const sy_input_sink *sink, sy_error *error) {
  line_reader reader = {.source = source, .lines = lines, .sink = sink, .capacity = BLOCK_BYTES};
  reader.json = sy_input_json_create(&lines->names);
  reader.buffer = calloc(1, reader.capacity + SY_INPUT_JSON_PADDING);
  sy_status status = SY_OK;
  if (!reader.json || !reader.buffer) {
    status = sy_fail_memory(error);
  } else {
    status = read_lines(&reader, error);
  }
  sy_input_json_free(reader.json);
  free(reader.buffer);
  return status;
}
