/* articles.c - stored articles: encoder and decoder of the format in articles.h. */
#include "storage/articles.h"

#include "base/status.h"

#include <zstd.h>

/* ---- Writing --------------------------------------------------------------------------------- */

sy_status sy_articles_writer_init(sy_articles_writer *w, sy_env *env, uint32_t segment,
                                  sy_compression compression, sy_error *error) {
  memset(w, 0, sizeof *w);
  w->env = env;
  w->segment = segment;
  sy_stream_writer_init(&w->stream, env, segment, SY_PART_ARTICLES);
  return sy_compressor_new(compression, &w->compressor, error);
}

void sy_articles_writer_free(sy_articles_writer *w) {
  sy_compressor_free(w->compressor);
  w->compressor = NULL;
  sy_stream_writer_free(&w->stream);
  sy_buffer *buffers[] = {&w->firsts, &w->raw_sizes, &w->sizes, &w->addresses, &w->block};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
}

static sy_status append_frame(sy_articles_writer *w, const uint8_t *frame, size_t bytes,
                              uint32_t raw_bytes, uint32_t first, sy_error *error) {
  uint64_t address;
  SY_TRY(sy_stream_append(&w->stream, frame, bytes, NULL, 0, &address, error));
  sy_buffer_u32(&w->firsts, first);
  sy_buffer_u32(&w->raw_sizes, raw_bytes);
  sy_buffer_u32(&w->sizes, (uint32_t)bytes);
  sy_buffer_u64(&w->addresses, address);
  return SY_OK;
}

/* Appends the frames that are done; with `all`, waits for the others too. */
static sy_status append_frames(sy_articles_writer *w, bool all, sy_error *error) {
  for (;;) {
    sy_frame frame;
    bool wait = all || sy_compressor_full(w->compressor);
    sy_status status = sy_compressor_take(w->compressor, wait, &frame, error);
    if (status == SY_NOT_FOUND) return SY_OK;
    SY_TRY(status);
    SY_TRY(append_frame(w, frame.data, frame.bytes, frame.raw_bytes, frame.tag, error));
  }
}

/* Gives the block, which begins with article `first`, to be compressed. */
static sy_status flush_block(sy_articles_writer *w, sy_error *error) {
  if (!w->block.bytes) return SY_OK;
  SY_TRY(append_frames(w, false, error));
  SY_TRY(sy_compressor_put(w->compressor, &w->block, w->first, error));
  w->first = w->count;
  return SY_OK;
}

sy_status sy_articles_writer_add(sy_articles_writer *w, const sy_article *article,
                                 sy_error *error) {
  const sy_string *strings[] = {&article->title, &article->body, &article->fields};
  for (int i = 0; i < 3; i++) {
    sy_buffer_varint(&w->block, strings[i]->bytes);
    sy_buffer_append(&w->block, strings[i]->data, strings[i]->bytes);
  }
  w->count++;
  return w->block.bytes >= SY_ARTICLE_BLOCK_BYTES || w->block.failed ? flush_block(w, error)
                                                                     : SY_OK;
}

sy_status sy_articles_writer_add_block(sy_articles_writer *w, const uint8_t *frame, uint32_t bytes,
                                       uint32_t raw_bytes, uint32_t articles, sy_error *error) {
  SY_TRY(flush_block(w, error));
  SY_TRY(append_frames(w, true, error));
  SY_TRY(append_frame(w, frame, bytes, raw_bytes, w->first, error));
  w->first = w->count += articles;
  return SY_OK;
}

sy_status sy_articles_writer_finish(sy_articles_writer *w, sy_error *error) {
  SY_TRY(flush_block(w, error));
  SY_TRY(append_frames(w, true, error));
  SY_TRY(sy_stream_finish(&w->stream, error));
  sy_buffer directory = {0};
  sy_buffer_u32(&directory, (uint32_t)(w->firsts.bytes / 4));
  const sy_buffer *arrays[] = {&w->firsts, &w->raw_sizes, &w->sizes, &w->addresses};
  bool failed = false;
  for (int i = 0; i < 4; i++) {
    sy_buffer_append(&directory, arrays[i]->data, arrays[i]->bytes);
    failed |= arrays[i]->failed;
  }
  sy_status status = failed || directory.failed
                         ? sy_fail_memory(error)
                         : sy_env_put(w->env, w->segment, SY_PART_ARTICLE_DIRECTORY, 0,
                                      directory.data, directory.bytes, error);
  sy_buffer_free(&directory);
  return status;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static sy_status corrupt(const sy_articles *a, sy_error *error) {
  return sy_fail_at(error, SY_CORRUPT, sy_env_path(a->stream.env), 0,
                    "segment %u: stored articles contradict themselves", a->stream.segment);
}

sy_status sy_articles_open(sy_articles *a, sy_env *env, uint32_t segment, uint32_t article_count,
                           uint32_t chunk_count, sy_error *error) {
  memset(a, 0, sizeof *a);
  a->block = UINT32_MAX;
  a->article_count = article_count;
  SY_TRY(sy_stream_init(&a->stream, env, segment, SY_PART_ARTICLES, chunk_count, error));
  sy_value value;
  sy_status status = sy_env_get(env, segment, SY_PART_ARTICLE_DIRECTORY, 0, &value, error);
  if (status != SY_OK) return status == SY_NOT_FOUND ? corrupt(a, error) : status;
  sy_cursor c = sy_cursor_make(value.data, value.bytes);
  a->block_count = sy_read_u32(&c);
  a->firsts = sy_read_bytes(&c, 4 * (uint64_t)a->block_count);
  a->raw_sizes = sy_read_bytes(&c, 4 * (uint64_t)a->block_count);
  a->sizes = sy_read_bytes(&c, 4 * (uint64_t)a->block_count);
  a->addresses = sy_read_bytes(&c, 8 * (uint64_t)a->block_count);
  return c.failed || (article_count && !a->block_count) ? corrupt(a, error) : SY_OK;
}

void sy_articles_close(sy_articles *a) {
  sy_stream_free(&a->stream);
  ZSTD_freeDCtx(a->context);
  free(a->raw);
  a->context = NULL;
  a->raw = NULL;
}

static uint32_t first_of(const sy_articles *a, uint32_t block) {
  return block < a->block_count ? sy_load32(a->firsts + 4 * (size_t)block) : a->article_count;
}

static uint32_t find_block(const sy_articles *a, uint32_t article) {
  uint32_t low = 0, high = a->block_count - 1;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (first_of(a, middle) <= article) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

sy_status sy_articles_block(sy_articles *a, uint32_t block, const uint8_t **frame, uint32_t *bytes,
                            uint32_t *raw_bytes, uint32_t *articles, sy_error *error) {
  if (block >= a->block_count || first_of(a, block + 1) < first_of(a, block))
    return corrupt(a, error);
  *bytes = sy_load32(a->sizes + 4 * (size_t)block);
  *raw_bytes = sy_load32(a->raw_sizes + 4 * (size_t)block);
  *articles = first_of(a, block + 1) - first_of(a, block);
  return sy_stream_get(&a->stream, sy_load64(a->addresses + 8 * (size_t)block), *bytes, frame,
                       error);
}

static sy_status load_block(sy_articles *a, uint32_t block, sy_error *error) {
  const uint8_t *frame;
  uint32_t bytes, raw_bytes, articles;
  a->block = UINT32_MAX;
  SY_TRY(sy_articles_block(a, block, &frame, &bytes, &raw_bytes, &articles, error));
  if (ZSTD_getFrameContentSize(frame, bytes) != raw_bytes) return corrupt(a, error);
  if (!a->context) a->context = ZSTD_createDCtx();
  if (a->raw_capacity < raw_bytes) {
    free(a->raw);
    a->raw = malloc(raw_bytes);
    a->raw_capacity = a->raw ? raw_bytes : 0;
  }
  if (!a->context || (raw_bytes && !a->raw)) return sy_fail_memory(error);
  if (ZSTD_decompressDCtx(a->context, a->raw, raw_bytes, frame, bytes) != raw_bytes)
    return corrupt(a, error);
  a->block = block;
  return SY_OK;
}

static sy_string read_string(sy_cursor *c) {
  uint64_t bytes = sy_read_varint(c);
  const uint8_t *data = sy_read_bytes(c, bytes);
  return (sy_string){(const char *)data, data ? bytes : 0};
}

sy_status sy_articles_get(sy_articles *a, uint32_t article, sy_article *out, sy_error *error) {
  if (article >= a->article_count) return corrupt(a, error);
  uint32_t block = find_block(a, article);
  if (first_of(a, block) > article) return corrupt(a, error);
  if (block != a->block) SY_TRY(load_block(a, block, error));
  sy_cursor c = sy_cursor_make(a->raw, sy_load32(a->raw_sizes + 4 * (size_t)block));
  for (uint32_t i = first_of(a, block); i <= article; i++) {
    out->title = read_string(&c);
    out->body = read_string(&c);
    out->fields = read_string(&c);
    if (c.failed) return corrupt(a, error);
  }
  return SY_OK;
}
