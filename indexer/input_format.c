/*
 * input_format.c - which format a file is in, by its extension, then by its content.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem() */
#endif

#include "indexer/input_read.h"

#include <ctype.h>
#include <strings.h>

static const struct {
  const char *extension;
  sy_format format; /* SY_FORMAT_AUTO: binary */
} known[] = {
    {"jsonl", SY_FORMAT_JSONL},  {"ndjson", SY_FORMAT_JSONL},   {"md", SY_FORMAT_MARKDOWN},
    {"mkd", SY_FORMAT_MARKDOWN}, {"mdown", SY_FORMAT_MARKDOWN}, {"markdown", SY_FORMAT_MARKDOWN},
    {"htm", SY_FORMAT_HTML},     {"html", SY_FORMAT_HTML},      {"xhtml", SY_FORMAT_HTML},
    {"txt", SY_FORMAT_TEXT},     {"text", SY_FORMAT_TEXT},      {"log", SY_FORMAT_TEXT},
    {"csv", SY_FORMAT_CSV},      {"tsv", SY_FORMAT_TSV},        {"rst", SY_FORMAT_TEXT},
    {"tex", SY_FORMAT_TEXT},     {"org", SY_FORMAT_TEXT},       {"adoc", SY_FORMAT_TEXT},
    {"pdf", SY_FORMAT_AUTO},     {"ps", SY_FORMAT_AUTO},        {"eps", SY_FORMAT_AUTO},
    {"svg", SY_FORMAT_AUTO},     {"rtf", SY_FORMAT_AUTO},       {"mht", SY_FORMAT_AUTO},
    {"docx", SY_FORMAT_AUTO},    {"epub", SY_FORMAT_AUTO},      {"png", SY_FORMAT_AUTO},
    {"jpg", SY_FORMAT_AUTO},     {"gif", SY_FORMAT_AUTO},
};

static const char *extension_of(const char *name) {
  const char *slash = strrchr(name, '/');
  const char *dot = strrchr(slash ? slash + 1 : name, '.');
  return dot ? dot + 1 : "";
}

/* One object in the first line that is not blank: begins with { and, when the line ends within the
 * sample, ends with }. {{ and {% are templates. */
static bool looks_like_lines(sy_string sample) {
  const char *p = sample.data, *end = p + sample.bytes;
  while (p < end && isspace((unsigned char)*p)) p++;
  if (p == end || *p != '{') return false;
  const char *line_end = memchr(p, '\n', (size_t)(end - p));
  const char *next = p + 1;
  while (next < end && (*next == ' ' || *next == '\t')) next++;
  if (next == end || (*next != '"' && *next != '}')) return false;
  if (!line_end) line_end = sample.bytes >= SY_INPUT_PEEK_BYTES / 2 ? NULL : end;
  if (!line_end) return true;
  while (line_end > p && isspace((unsigned char)line_end[-1])) line_end--;
  return line_end[-1] == '}';
}

static bool begins_with(const char *p, const char *end, const char *word) {
  size_t length = strlen(word);
  return (size_t)(end - p) >= length && !strncasecmp(p, word, length);
}

/* Behind white space, comments and the declaration of XML; NULL: there is nothing behind. */
static const char *skip_prologue(const char *p, const char *end) {
  for (;;) {
    while (p < end && isspace((unsigned char)*p)) p++;
    if (!begins_with(p, end, "<!--") && !begins_with(p, end, "<?xml")) break;
    const char *close =
        memmem(p, (size_t)(end - p), p[1] == '?' ? "?>" : "-->", p[1] == '?' ? 2 : 3);
    if (!close) return NULL;
    p = close + (p[1] == '?' ? 2 : 3);
  }
  return p;
}

static bool looks_like_mediawiki(sy_string sample) {
  const char *end = sample.data + sample.bytes, *p = skip_prologue(sample.data, end);
  return p && begins_with(p, end, "<mediawiki");
}

static bool looks_like_html(sy_string sample) {
  const char *end = sample.data + sample.bytes, *p = skip_prologue(sample.data, end);
  if (!p) return false;
  return begins_with(p, end, "<!doctype html") || begins_with(p, end, "<html") ||
         begins_with(p, end, "<head>") || begins_with(p, end, "<body");
}

sy_input_guess sy_input_guess_format(const char *name, sy_string sample) {
  const char *extension = extension_of(name);
  sy_input_guess guess = {SY_FORMAT_AUTO, false, false};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcasecmp(extension, known[i].extension)) continue;
    guess.format = known[i].format;
    guess.binary = guess.format == SY_FORMAT_AUTO;
    return guess;
  }
  const char *end = sample.data + sample.bytes;
  if (begins_with(sample.data, end, "%PDF-") || begins_with(sample.data, end, "{\\rtf")) {
    guess.binary = true;
    return guess;
  }
  if (looks_like_mediawiki(sample)) {
    guess.format = SY_FORMAT_MEDIAWIKI;
    return guess;
  }
  bool lines = looks_like_lines(sample);
  if (!strcasecmp(extension, "json")) {
    guess.no_lines = !lines;
    guess.format = SY_FORMAT_JSONL;
  } else {
    guess.format = lines                     ? SY_FORMAT_JSONL
                   : looks_like_html(sample) ? SY_FORMAT_HTML
                                             : SY_FORMAT_TEXT;
  }
  return guess;
}

#define ZIP_HEAD "PK\3\4"  /* of a member, */
#define ZIP_HEAD_BYTES 30u /* whose name comes behind so many bytes */

/* Whether a member whose name begins so is in the first part of a zip file. */
static bool has_member(const uint8_t *sample, size_t bytes, const char *name) {
  const uint8_t *end = sample + bytes, *head = sample;
  size_t length = strlen(name);
  while ((head = memmem(head, (size_t)(end - head), ZIP_HEAD, 4))) {
    if ((size_t)(end - head) < ZIP_HEAD_BYTES + length) return false;
    if (!memcmp(head + ZIP_HEAD_BYTES, name, length)) return true;
    head += 4;
  }
  return false;
}

sy_format sy_input_guess_package(const char *name, const uint8_t *sample, size_t bytes) {
  static const char mimetype[] = "mimetypeapplication/epub+zip"; /* the first member, stored */
  if (bytes < 4 || memcmp(sample, ZIP_HEAD, 4) != 0) return SY_FORMAT_AUTO;
  if (!strcasecmp(extension_of(name), "docx")) return SY_FORMAT_DOCX;
  if (!strcasecmp(extension_of(name), "epub")) return SY_FORMAT_EPUB;
  size_t length = sizeof mimetype - 1;
  if (bytes >= ZIP_HEAD_BYTES + length && !memcmp(sample + ZIP_HEAD_BYTES, mimetype, length))
    return SY_FORMAT_EPUB;
  bool word =
      has_member(sample, bytes, "[Content_Types].xml") && has_member(sample, bytes, "word/");
  return word ? SY_FORMAT_DOCX : SY_FORMAT_AUTO;
}
