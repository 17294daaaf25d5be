/* fuzz_source.c - a source in memory and a sink that keeps all (fuzz_source.h). */
#include "tests/fuzz/fuzz_source.h"

#include "indexer/input_charset.h"
#include "tests/fuzz/fuzz.h"

typedef struct memory_source {
  sy_input_source source;
  const uint8_t *data;
  size_t bytes, at, piece;
} memory_source;

static sy_status memory_read(sy_input_source *source, void *buffer, size_t capacity, size_t *got,
                             sy_error *error) {
  memory_source *self = (memory_source *)source;
  (void)error;
  *got = self->bytes - self->at;
  if (*got > capacity) *got = capacity;
  if (*got > self->piece) *got = self->piece;
  if (*got) memcpy(buffer, self->data + self->at, *got);
  self->at += *got;
  return SY_OK;
}

static void memory_close(sy_input_source *source) { (void)source; }

static const sy_input_source_operations operations = {memory_read, NULL, memory_close};

sy_input_source *fuzz_source(const uint8_t *data, size_t bytes, size_t piece) {
  memory_source *self = sy_input_source_allocate(sizeof *self, &operations, "input", NULL, NULL);
  fuzz_check(self != NULL);
  self->data = data;
  self->bytes = bytes;
  self->piece = piece ? piece : SIZE_MAX;
  return &self->source;
}

static sy_status add(void *context, const sy_article *article, const char *file, uint64_t line,
                     sy_error *error) {
  fuzz_articles *articles = context;
  (void)error;
  fuzz_check(file && file[0]);
  const sy_string *parts[] = {&article->id, &article->title, &article->body, &article->fields};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    fuzz_check(parts[i]->data || !parts[i]->bytes);
    fuzz_check(sy_input_charset_is_utf8(parts[i]->data, parts[i]->bytes));
    sy_buffer_varint(&articles->log, parts[i]->bytes);
    sy_buffer_append(&articles->log, parts[i]->data, parts[i]->bytes);
  }
  sy_buffer_varint(&articles->log, line);
  articles->added++;
  return SY_OK;
}

static sy_status bad(void *context, const sy_error *complaint, sy_error *error) {
  fuzz_articles *articles = context;
  (void)error;
  fuzz_check(complaint->status != SY_OK && complaint->reason[0]);
  sy_buffer_append(&articles->log, complaint->reason, strlen(complaint->reason));
  sy_buffer_varint(&articles->log, complaint->line);
  articles->bad++;
  return SY_OK;
}

sy_input_sink fuzz_sink(fuzz_articles *articles) { return (sy_input_sink){add, bad, articles}; }
