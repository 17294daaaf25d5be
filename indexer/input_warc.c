/*
 * input_warc.c - pages out of a web archive (ISO 28500), which is records one after the other:
 *
 *     WARC/1.0 CRLF  header lines CRLF  CRLF  a block of Content-Length bytes  CRLF CRLF
 *
 *     response    the block is what a server sent: HTTP status line, header, page
 *     conversion  the block is text already (Common Crawl's .wet files)
 *
 * All other records are stepped over, as are responses that are no success (2xx) and no HTML or
 * plain text. Compressed archives have one gzip member for each record, and are unpacked before
 * they come here. One record is held at a time, of at most RECORD_MAX_BYTES.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strcasestr() */
#endif

#include "indexer/input_charset.h"
#include "indexer/input_fields.h"
#include "indexer/input_read.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

enum {
  BLOCK_BYTES = 64 << 10,
  LINE_MAX_BYTES = 64 << 10,
  HEADER_MAX_LINES = 1000,
  RECORD_MAX_BYTES = 64 << 20,
};

typedef struct record {
  char type[16], uri[4096], date[40], content_type[200];
  uint64_t length;
  bool has_length;
} record;

/* Of the HTTP header. */
typedef struct response {
  int code;
  char content_type[200];
  bool chunked, compressed;
} response;

typedef struct warc_reader {
  sy_input_source *source;
  const sy_input_lines *lines;
  const sy_input_sink *sink;
  uint8_t *block;
  size_t at, bytes;
  uint64_t number; /* of the record, from 1 */
  record record;
  sy_buffer line, content, text, fields;
} warc_reader;

/* ---- Bytes ---- */

/* Fills the block; none left: SY_OK and at == bytes. */
static sy_status fill(warc_reader *r, sy_error *error) {
  if (r->at < r->bytes) return SY_OK;
  r->at = r->bytes = 0;
  return sy_input_source_read(r->source, r->block, BLOCK_BYTES, &r->bytes, error);
}

static sy_status bad_file(const warc_reader *r, const char *reason, sy_error *error) {
  return sy_fail_at(error, SY_BAD_INPUT, r->source->name, 0, "record %llu: %s",
                    (unsigned long long)r->number, reason);
}

/* Reads a line into r->line, without CR LF, with a zero behind. *end: there is none. */
static sy_status read_line(warc_reader *r, bool *end, sy_error *error) {
  r->line.bytes = 0;
  *end = false;
  for (bool whole = false; !whole;) {
    SY_TRY(fill(r, error));
    if (r->at == r->bytes) {
      *end = r->line.bytes == 0;
      break;
    }
    const uint8_t *from = r->block + r->at, *newline = memchr(from, '\n', r->bytes - r->at);
    size_t n = newline ? (size_t)(newline - from) : r->bytes - r->at;
    if (r->line.bytes + n > LINE_MAX_BYTES) return bad_file(r, "a header line too long", error);
    sy_buffer_append(&r->line, from, n);
    r->at += n + (newline != NULL);
    whole = newline != NULL;
  }
  if (r->line.bytes && r->line.data[r->line.bytes - 1] == '\r') r->line.bytes--;
  sy_buffer_u8(&r->line, 0);
  if (r->line.failed) return sy_fail_memory(error);
  r->line.bytes--;
  return SY_OK;
}

/* Takes `bytes` bytes, into `out` when it is not NULL. */
static sy_status take_bytes(warc_reader *r, uint64_t bytes, sy_buffer *out, sy_error *error) {
  while (bytes) {
    SY_TRY(fill(r, error));
    size_t n = r->bytes - r->at;
    if (!n) return bad_file(r, "cut off", error);
    if (n > bytes) n = (size_t)bytes;
    if (out) sy_buffer_append(out, r->block + r->at, n);
    if (out && out->failed) return sy_fail_memory(error);
    r->at += n;
    bytes -= n;
  }
  return SY_OK;
}

/* ---- Headers ---- */

/* "Name: value": the value, or NULL. */
static const char *value_of(const char *line, const char *name) {
  size_t length = strlen(name);
  if (strncasecmp(line, name, length) || line[length] != ':') return NULL;
  line += length + 1;
  return line + strspn(line, " \t");
}

static void keep(char *out, size_t capacity, const char *value) {
  if (value) snprintf(out, capacity, "%s", value);
}

static void keep_header(record *record, const char *line) {
  keep(record->type, sizeof record->type, value_of(line, "WARC-Type"));
  keep(record->uri, sizeof record->uri, value_of(line, "WARC-Target-URI"));
  keep(record->date, sizeof record->date, value_of(line, "WARC-Date"));
  keep(record->content_type, sizeof record->content_type, value_of(line, "Content-Type"));
  const char *length = value_of(line, "Content-Length");
  if (!length) return;
  size_t digits = strspn(length, "0123456789");
  record->has_length = digits && digits < 19 && !length[digits + strspn(length + digits, " \t")];
  record->length = record->has_length ? strtoull(length, NULL, 10) : 0;
}

/* *end: there are no more records. */
static sy_status read_header(warc_reader *r, bool *end, sy_error *error) {
  memset(&r->record, 0, sizeof r->record);
  r->number++;
  do {
    SY_TRY(read_line(r, end, error));
    if (*end) return SY_OK;
  } while (!r->line.bytes);
  if (strncmp((const char *)r->line.data, "WARC/", 5)) {
    return bad_file(r, "does not begin with WARC/", error);
  }
  for (int i = 0; i < HEADER_MAX_LINES; i++) {
    SY_TRY(read_line(r, end, error));
    if (*end) return bad_file(r, "cut off", error);
    if (!r->line.bytes) {
      return r->record.has_length ? SY_OK : bad_file(r, "no valid Content-Length", error);
    }
    keep_header(&r->record, (const char *)r->line.data);
  }
  return bad_file(r, "too many header lines", error);
}

static bool is_type(const char *content_type, const char *type) {
  size_t length = strlen(type);
  return !strncasecmp(content_type, type, length) && !isalnum((unsigned char)content_type[length]);
}

/* Takes the HTTP header off `content`. */
static bool read_response(sy_string *content, response *out) {
  memset(out, 0, sizeof *out);
  const char *p = content->data, *end = p + content->bytes;
  for (int i = 0; i < HEADER_MAX_LINES; i++) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    if (!newline) return false;
    size_t n = (size_t)(newline - p);
    if (n && p[n - 1] == '\r') n--;
    char line[1000];
    snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : sizeof line - 1), p);
    p = newline + 1;
    if (!n) {
      *content = (sy_string){p, (size_t)(end - p)};
      return out->code != 0;
    }
    if (!i) { /* HTTP/1.1 200 OK */
      const char *code = strncmp(line, "HTTP/", 5) ? NULL : strchr(line, ' ');
      if (!code) return false;
      out->code = (int)strtol(code, NULL, 10);
    }
    keep(out->content_type, sizeof out->content_type, value_of(line, "Content-Type"));
    const char *transfer = value_of(line, "Transfer-Encoding");
    if (transfer) out->chunked = !strncasecmp(transfer, "chunked", 7);
    const char *encoding = value_of(line, "Content-Encoding");
    if (encoding) out->compressed = *encoding && strcasecmp(encoding, "identity") != 0;
  }
  return false;
}

/* The length of the chunk at *p, behind whose line *p is then; -1: no such line. */
static int64_t chunk_length(const char **p, const char *end) {
  uint64_t length = 0;
  const char *q = *p;
  for (; q < end && isxdigit((unsigned char)*q); q++) {
    if (length >> 40) return -1;
    length = length * 16 + (uint64_t)(isdigit((unsigned char)*q) ? *q - '0' : (*q | 32) - 'a' + 10);
  }
  if (q == *p) return -1;
  while (q < end && (*q == ' ' || *q == '\t')) q++;
  if (q < end && *q == ';') q = memchr(q, '\n', (size_t)(end - q)); /* an extension */
  if (q && q < end && *q == '\r') q++;
  if (!q || q == end || *q != '\n') return -1;
  *p = q + 1;
  return (int64_t)length;
}

/* Puts the chunks together where they stand. A page that does not begin with a chunk was put
 * together by the archiver already. */
static bool join_chunks(sy_string *content) {
  char *out = (char *)(uintptr_t)content->data; /* of r->content, which is ours */
  const char *p = content->data, *end = p + content->bytes;
  size_t bytes = 0;
  for (;;) {
    int64_t length = chunk_length(&p, end);
    if (length < 0 && p == content->data) return true;
    if (length < 0 || length > end - p) return false;
    if (!length) break;
    memmove(out + bytes, p, (size_t)length);
    bytes += (size_t)length;
    p += length;
    if (p < end && *p == '\r') p++;
    if (p < end && *p == '\n') p++;
  }
  content->bytes = bytes;
  return true;
}

/* ---- Articles ---- */

static sy_status bad_record(warc_reader *r, const char *reason, sy_error *error) {
  sy_error bad;
  sy_error_set(&bad, SY_BAD_INPUT, r->source->name, 0, "record %llu, %.300s: %s",
               (unsigned long long)r->number, r->record.uri, reason);
  return r->sink->bad(r->sink->context, &bad, error);
}

/* What the readers of HTML and text add: with the archive's name, and the date. */
static sy_status add_page(void *context, const sy_article *article, const char *file, uint64_t line,
                          sy_error *error) {
  (void)file, (void)line;
  warc_reader *r = context;
  sy_article page = *article;
  r->fields.bytes = 0;
  const char *date = r->record.date;
  if (*date && sy_input_charset_is_utf8(date, strlen(date))) {
    sy_input_fields_add(&r->fields, (sy_string){"date", 4}, (sy_string){date, strlen(date)});
  }
  page.fields = sy_input_fields_finish(&r->fields);
  if (r->fields.failed) return sy_fail_memory(error);
  return r->sink->add(r->sink->context, &page, r->source->name, 0, error);
}

/* charset=... of a Content-Type, when iconv knows it. */
static const char *declared_charset(const char *content_type, char *out, size_t capacity) {
  const char *p = strcasestr(content_type, "charset=");
  if (!p) return NULL;
  p += 8 + strspn(p + 8, " \"'");
  size_t bytes = strcspn(p, " \"';,");
  if (bytes >= capacity) return NULL; /* what is left of a name may be another encoding's */
  snprintf(out, capacity, "%.*s", (int)bytes, p);
  return *out && sy_input_charset_check(out, NULL) == SY_OK ? out : NULL;
}

/* Sets *content to UTF-8. NULL, or why it cannot. */
static const char *decode(warc_reader *r, const char *content_type, bool html, sy_string *content,
                          sy_error *error, sy_status *status) {
  sy_input_charset charset;
  char declared[sizeof charset.name];
  sy_input_charset_hints hints = {r->lines->encoding, true, false, html};
  if (!hints.forced) hints.forced = declared_charset(content_type, declared, sizeof declared);
  *status = sy_input_charset_detect((const uint8_t *)content->data, content->bytes, &hints,
                                    &charset, error);
  if (*status != SY_OK) return NULL;
  if (charset.kind == SY_INPUT_CHARSET_BINARY) return "a binary file";
  if (charset.kind == SY_INPUT_CHARSET_UNKNOWN) {
    return "not UTF-8, and no other encoding is certain; name it with --encoding";
  }
  content->data += charset.mark_bytes;
  content->bytes -= charset.mark_bytes;
  bool named = charset.kind == SY_INPUT_CHARSET_NAMED;
  if (!named && !charset.damaged) return NULL;
  uint64_t invalid = 0;
  r->text.bytes = 0;
  *status = sy_input_charset_convert(named ? charset.name : "UTF-8", content->data, content->bytes,
                                     &r->text, &invalid, error);
  if (*status == SY_OK && invalid * 50 > content->bytes) return "not in the encoding it declares";
  *content = (sy_string){r->text.bytes ? (const char *)r->text.data : "", r->text.bytes};
  return NULL;
}

/* Why a record's URI cannot be an id, or NULL. */
static const char *wrong_uri(const record *record) {
  size_t bytes = strlen(record->uri);
  if (!bytes) return "no WARC-Target-URI";
  if (bytes == sizeof record->uri - 1) return "a WARC-Target-URI of more than 4,094 bytes";
  if (!sy_input_charset_is_utf8(record->uri, bytes)) return "a WARC-Target-URI that is not UTF-8";
  return NULL;
}

static sy_status take_page(warc_reader *r, const char *content_type, sy_string content,
                           sy_error *error) {
  bool html = is_type(content_type, "text/html") || is_type(content_type, "application/xhtml+xml");
  if (!html && !is_type(content_type, "text/plain")) return SY_OK;
  const char *wrong = wrong_uri(&r->record);
  if (wrong) return bad_record(r, wrong, error);
  sy_status status = SY_OK;
  const char *reason = decode(r, content_type, html, &content, error, &status);
  SY_TRY(status);
  if (reason) return bad_record(r, reason, error);
  sy_input_sink sink = {add_page, r->sink->bad, r};
  sy_error own = {0};
  const char *id = r->record.uri;
  status = html ? sy_input_read_html(content, id, &sink, &own)
                : sy_input_read_text(content, id, &sink, &own);
  if (status == SY_BAD_INPUT && own.file[0] && !strcmp(own.file, id)) {
    return bad_record(r, own.reason, error);
  }
  if (status != SY_OK && error) *error = own;
  return status;
}

static sy_status take_record(warc_reader *r, sy_error *error) {
  bool is_response = !strcmp(r->record.type, "response");
  if (!is_response && strcmp(r->record.type, "conversion") != 0) {
    return take_bytes(r, r->record.length, NULL, error);
  }
  if (r->record.length > RECORD_MAX_BYTES) {
    SY_TRY(take_bytes(r, r->record.length, NULL, error));
    return bad_record(r, "more than 64 MiB", error);
  }
  r->content.bytes = 0;
  SY_TRY(take_bytes(r, r->record.length, &r->content, error));
  if (!r->content.bytes) return SY_OK;
  sy_string content = {(const char *)r->content.data, r->content.bytes};
  if (!is_response) return take_page(r, r->record.content_type, content, error);
  response response;
  /* Archives of other protocols, as DNS, have responses without HTTP. */
  if (!is_type(r->record.content_type, "application/http")) return SY_OK;
  if (!read_response(&content, &response)) return bad_record(r, "no HTTP header", error);
  if (response.code < 200 || response.code > 299) return SY_OK;
  if (response.compressed) return bad_record(r, "a compressed page is not read", error);
  if (response.chunked && !join_chunks(&content)) return bad_record(r, "broken chunks", error);
  return take_page(r, response.content_type, content, error);
}

static sy_status read_records(warc_reader *r, sy_error *error) {
  for (bool end = false;;) {
    SY_TRY(read_header(r, &end, error));
    if (end) return SY_OK;
    size_t uri = strlen(r->record.uri); /* <http://a/b>, as some write it */
    if (uri > 1 && r->record.uri[0] == '<' && r->record.uri[uri - 1] == '>') {
      memmove(r->record.uri, r->record.uri + 1, uri - 2);
      r->record.uri[uri - 2] = 0;
    }
    SY_TRY(take_record(r, error));
  }
}

sy_status sy_input_read_warc(sy_input_source *source, const sy_input_lines *lines,
                             const sy_input_sink *sink, sy_error *error) {
  warc_reader r = {.source = source, .lines = lines, .sink = sink};
  r.block = malloc(BLOCK_BYTES);
  sy_status status = r.block ? read_records(&r, error) : sy_fail_memory(error);
  sy_buffer *buffers[] = {&r.line, &r.content, &r.text, &r.fields};
  for (size_t i = 0; i < 4; i++) sy_buffer_free(buffers[i]);
  free(r.block);
  return status;
}
