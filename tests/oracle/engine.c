/*
 * engine.c - the few calls of suoyin.h that all of the oracle's tests make.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw, mkdtemp */
#endif

#include "tests/oracle/engine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/oracle_fold.h"
#include "tests/oracle/random_text.h"

void engine_directory(char *out, size_t capacity) {
  const char *base = getenv("TMPDIR");
  snprintf(out, capacity, "%s/suoyin-oracle-XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(out)) fail_msg("cannot make the directory %s", out);
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk) {
  (void)info, (void)flag, (void)walk;
  return remove(path);
}

void engine_remove(const char *directory) { nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

void engine_require(sy_status status, const sy_error *error, const char *what) {
  if (status == SY_OK) return;
  char reason[1200];
  fail_msg("%s: %s: %s", what, sy_status_string(status),
           sy_error_format(error, reason, sizeof(reason)));
}

sy_writer *engine_writer(const char *directory, uint32_t text_rules) {
  sy_writer_options options = SY_WRITER_OPTIONS_DEFAULT;
  sy_writer *writer = NULL;
  sy_error error = {0};
  options.text_rules = text_rules;
  options.memory_bytes = 32u << 20;
  engine_require(sy_writer_open(directory, &options, &writer, &error), &error, "sy_writer_open");
  return writer;
}

sy_index *engine_open(const char *directory) {
  sy_index *index = NULL;
  sy_error error = {0};
  engine_require(sy_index_open(directory, &index, &error), &error, "sy_index_open");
  return index;
}

void engine_add(sy_writer *writer, sy_string id, sy_string title, sy_string body) {
  sy_article article = {.id = id, .title = title, .body = body};
  sy_error error = {0};
  engine_require(sy_writer_add(writer, &article, &error), &error, "sy_writer_add");
}

sy_query *engine_parse(const char *text, bool any) {
  sy_query *query = NULL;
  sy_error error = {0};
  engine_require(sy_query_parse((sy_string){text, strlen(text)}, any, &query, &error), &error,
                 text);
  return query;
}

uint64_t engine_count(sy_index *index, const sy_query *query) {
  uint64_t count = 0;
  sy_error error = {0};
  engine_require(sy_count(index, query, &count, &error), &error, "sy_count");
  return count;
}

sy_results *engine_search(sy_index *index, const sy_query *query, sy_search_options options) {
  sy_results *results = NULL;
  sy_error error = {0};
  engine_require(sy_search(index, query, &options, &results, &error), &error, "sy_search");
  return results;
}

char *engine_quoted(const char *before, const char *text) {
  buffer out = {0};
  buffer_add_string(&out, before);
  buffer_add_string(&out, "\"");
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') buffer_add_string(&out, "\\");
    buffer_add(&out, text, 1);
  }
  buffer_add_string(&out, "\"");
  return out.data;
}

bool engine_whole_characters(sy_string text, sy_range range) {
  bool starts = false, ends = false;
  if (range.start >= range.end || range.end > text.bytes) return false;
  for (size_t at = 0; at < range.end;) {
    uint32_t point;
    bool valid;
    starts = starts || at == range.start;
    at += oracle_decode((const unsigned char *)text.data + at, text.bytes - at, &point, &valid);
    ends = at == range.end;
  }
  return starts && ends;
}

bool engine_ranges_sound(sy_string text, const sy_range *ranges, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!engine_whole_characters(text, ranges[i])) return false;
    if (i > 0 && ranges[i].start < ranges[i - 1].end) return false;
  }
  return true;
}
