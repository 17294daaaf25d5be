/*
 * oracle_corpus.c - corpora as arrays of unit numbers. 110 million units of the whole development
 * set are 440 MB, and a phrase is one pass over them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* getline, popen */
#endif

#include "tests/oracle/oracle_corpus.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/oracle/random_text.h"

static void die(const char *what, const char *which) {
  fprintf(stderr, "oracle: %s: %s\n", what, which);
  exit(2);
}

static void *grow(void *memory, size_t count, size_t size) {
  void *grown = realloc(memory, count * size);
  if (!grown) die("memory", "not enough");
  return grown;
}

bool corpus_path(const char *file, char *out, size_t capacity) {
  const char *shared = getenv("SUOYIN_SHARED");
  snprintf(out, capacity, "%s/%s", shared && *shared ? shared : "../shared", file);
  return access(out, R_OK) == 0;
}

/* ---- Articles ------------------------------------------------------------------------------ */

bool corpus_open(corpus_source *source, const char *path) {
  size_t length = strlen(path);
  *source = (corpus_source){0};
  source->piped = length > 4 && strcmp(path + length - 4, ".zst") == 0;
  if (!source->piped) {
    source->stream = fopen(path, "r");
  } else if (access(path, R_OK) == 0 && !strchr(path, '\'')) {
    buffer command = {0};
    buffer_add_string(&command, "zstd -dc '");
    buffer_add_string(&command, path);
    buffer_add_string(&command, "'");
    source->stream = popen(command.data, "r");
    free(command.data);
  }
  return source->stream != NULL;
}

bool corpus_close(corpus_source *source) {
  bool good = (source->piped ? pclose(source->stream) : fclose(source->stream)) == 0;
  free(source->line);
  json_decref(source->json);
  return good;
}

static sy_string member(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  if (!json_is_string(value)) return (sy_string){"", 0};
  return (sy_string){json_string_value(value), json_string_length(value)};
}

bool corpus_next(corpus_source *source, uint64_t stride, sy_article *out) {
  ssize_t length = 0;
  do {
    length = getline(&source->line, &source->line_capacity, source->stream);
    if (length < 0) return false;
  } while (source->lines++ % stride != 0);

  json_error_t error;
  json_decref(source->json);
  source->json = json_loadb(source->line, (size_t)length, JSON_ALLOW_NUL, &error);
  if (!source->json) die("a line is no JSON", error.text);
  *out = (sy_article){.id = member(source->json, "id"),
                      .title = member(source->json, "title"),
                      .body = member(source->json, "body")};
  if (out->id.bytes == 0) die("an article has no id", source->line);
  return true;
}

/* ---- Bodies -------------------------------------------------------------------------------- */

void corpus_bodies_init(corpus_bodies *bodies) {
  *bodies = (corpus_bodies){0};
  bodies->reader = brute_new(SY_TEXT_DEFAULT);
  bodies->ids = brute_new(0);
}

void corpus_bodies_free(corpus_bodies *bodies) {
  brute_free(bodies->reader);
  brute_free(bodies->ids);
  brute_text_free(&bodies->text);
  free(bodies->units);
  free(bodies->starts);
  free(bodies->ends);
}

/* Ids are numbered in the order of their first coming, so body i is that of id i. */
void corpus_bodies_add(corpus_bodies *bodies, const sy_article *article) {
  size_t place = brute_number(bodies->ids, article->id.data, article->id.bytes);
  brute_read(bodies->reader, article->body.data, article->body.bytes, &bodies->text);
  if (place < bodies->count) {
    bodies->replaced++;
  } else {
    bodies->count++;
  }
  if (bodies->count > bodies->capacity) {
    bodies->capacity = bodies->capacity * 2 + 1024;
    bodies->starts = grow(bodies->starts, bodies->capacity, sizeof(size_t));
    bodies->ends = grow(bodies->ends, bodies->capacity, sizeof(size_t));
  }
  size_t more = bodies->text.count;
  if (bodies->unit_count + more > bodies->unit_capacity) {
    bodies->unit_capacity = (bodies->unit_count + more) * 2;
    bodies->units = grow(bodies->units, bodies->unit_capacity, sizeof(uint32_t));
  }
  if (more > 0)
    memcpy(bodies->units + bodies->unit_count, bodies->text.ids, more * sizeof(uint32_t));
  bodies->starts[place] = bodies->unit_count;
  bodies->ends[place] = bodies->unit_count += more;
}

/* ---- Queries ------------------------------------------------------------------------------- */

static void add_phrase(corpus_query *query, brute *reader, const char *text, size_t bytes) {
  if (query->phrase_count == CORPUS_PHRASES) die("too many phrases in a query", text);
  char *copy = grow(NULL, bytes + 1, 1);
  memcpy(copy, text, bytes);
  copy[bytes] = '\0';
  brute_read(reader, copy, bytes, &query->units[query->phrase_count]);
  query->phrases[query->phrase_count++] = copy;
}

/* Fills `query` from its line; false for one that is not counted. */
static bool read_query(corpus_query *query, brute *reader) {
  static const char *const kinds[] = {"phrase", "and", "or", "not"};
  char *kind = strchr(query->line, '\t');
  char *text = kind ? strchr(kind + 1, '\t') : NULL;
  if (!text) die("a query is not CLASS<TAB>KIND<TAB>TEXT", query->line);
  *kind++ = '\0';
  *text++ = '\0';
  query->class = query->line;
  query->text = text;
  query->kind = CORPUS_OTHER;
  for (int i = 0; i < 4; i++) {
    if (strcmp(kind, kinds[i]) == 0) query->kind = (corpus_kind)i;
  }
  if (query->kind == CORPUS_OTHER) return false;
  if (query->kind == CORPUS_PHRASE) {
    add_phrase(query, reader, text, strlen(text));
    return true;
  }
  for (const char *part = text; *part;) {
    size_t length = strcspn(part, " ");
    if (length > 0) add_phrase(query, reader, part, length);
    part += length + (part[length] == ' ');
  }
  return true;
}

bool corpus_queries_read(corpus_queries *queries, brute *reader, const char *path) {
  FILE *file = fopen(path, "r");
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  *queries = (corpus_queries){0};
  if (!file) return false;
  while ((length = getline(&line, &capacity, file)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = '\0';
    corpus_query query = {.line = line};
    if (read_query(&query, reader)) {
      queries->at = grow(queries->at, queries->count + 1, sizeof(query));
      queries->at[queries->count++] = query;
      line = NULL; /* the query keeps it */
      capacity = 0;
    }
  }
  free(line);
  fclose(file);
  return true;
}

void corpus_queries_free(corpus_queries *queries) {
  for (size_t i = 0; i < queries->count; i++) {
    for (size_t j = 0; j < queries->at[i].phrase_count; j++) {
      free(queries->at[i].phrases[j]);
      brute_text_free(&queries->at[i].units[j]);
    }
    free(queries->at[i].line);
  }
  free(queries->at);
}

static bool body_has(const corpus_bodies *bodies, size_t body, const brute_text *phrase) {
  size_t start = bodies->starts[body], count = bodies->ends[body] - start;
  return brute_find_ids(bodies->units + start, count, phrase->ids, phrase->count, 0) != BRUTE_NONE;
}

static bool body_matches(const corpus_bodies *bodies, size_t body, const corpus_query *query) {
  bool first = body_has(bodies, body, &query->units[0]);
  for (size_t i = 1; i < query->phrase_count; i++) {
    if (query->kind == CORPUS_OR && first) return true;
    if (query->kind != CORPUS_OR && !first) return false;
    bool has = body_has(bodies, body, &query->units[i]);
    if (query->kind == CORPUS_OR) {
      first = has;
    } else if (has == (query->kind == CORPUS_NOT)) {
      return false;
    }
  }
  return first;
}

uint64_t corpus_count(const corpus_bodies *bodies, const corpus_query *query) {
  uint64_t count = 0;
  for (size_t i = 0; i < bodies->count; i++) count += body_matches(bodies, i, query);
  return count;
}

char *corpus_render(const corpus_query *query) {
  static const char *const between[] = {"", " AND ", " OR ", " AND NOT "};
  buffer out = {0};
  for (size_t i = 0; i < query->phrase_count; i++) {
    if (i > 0) buffer_add_string(&out, between[query->kind]);
    buffer_add_string(&out, "body:\"");
    for (const char *at = query->phrases[i]; *at; at++) {
      if (*at == '"' || *at == '\\') buffer_add_string(&out, "\\");
      buffer_add(&out, at, 1);
    }
    buffer_add_string(&out, "\"");
  }
  return out.data;
}
