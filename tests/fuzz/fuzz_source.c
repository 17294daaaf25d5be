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
  /* Not the reason's words: those of libraries may depend on how much they have seen. */
  sy_buffer_varint(&articles->log, (uint64_t)complaint->status);
  sy_buffer_varint(&articles->log, complaint->line);
  articles->bad++;
  return SY_OK;
}

sy_input_sink fuzz_sink(fuzz_articles *articles) { return (sy_input_sink){add, bad, articles}; }

static sy_status read_one(fuzz_reader *reader, const uint8_t *data, size_t bytes, size_t piece,
                          fuzz_articles *articles) {
  sy_input_lines lines = {{{"id", 2}, {"title", 5}, {"body", 4}}, "", NULL};
  sy_input_sink sink = fuzz_sink(articles);
  sy_input_source *source = fuzz_source(data, bytes, piece);
  sy_error error = {0};
  sy_status status = reader(source, &lines, &sink, &error);
  fuzz_check(status == SY_OK || status == SY_BAD_INPUT || status == SY_LIMIT);
  if (status != SY_OK) fuzz_check(bad(articles, &error, NULL) == SY_OK);
  sy_input_source_close(source);
  return status;
}

sy_status fuzz_read_pieces(fuzz_reader *reader, const uint8_t *data, size_t bytes, size_t piece) {
  fuzz_articles whole = {0}, pieces = {0};
  sy_status status = read_one(reader, data, bytes, 0, &whole);
  fuzz_check(read_one(reader, data, bytes, piece, &pieces) == status);
  fuzz_check(whole.added == pieces.added && whole.bad == pieces.bad);
  fuzz_check(whole.log.bytes == pieces.log.bytes);
  if (whole.log.bytes) fuzz_check(!memcmp(whole.log.data, pieces.log.data, whole.log.bytes));
  sy_buffer_free(&whole.log);
  sy_buffer_free(&pieces.log);
  return status;
}

sy_status fuzz_read_text_pieces(fuzz_reader *reader, const uint8_t *data, size_t bytes,
                                size_t piece) {
  sy_buffer text = {0};
  uint64_t invalid = 0;
  sy_status status =
      sy_input_charset_convert("UTF-8", (const char *)data, bytes, &text, &invalid, NULL);
  fuzz_check(status == SY_OK);
  uint8_t *exact = fuzz_copy(text.data, text.bytes);
  status = fuzz_read_pieces(reader, exact, text.bytes, piece);
  free(exact);
  sy_buffer_free(&text);
  return status;
}
