/* articles.c - stored articles: decoder of the format in articles.h. */
#include "storage/articles.h"

#include "base/status.h"

#include <zstd.h>

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
  a->alphabet_of = sy_read_bytes(&c, a->block_count);
  a->alphabet_count = sy_read_u32(&c);
  if (a->alphabet_count > SY_ALPHABETS_MAX) return corrupt(a, error);
  for (uint32_t i = 0; i < a->alphabet_count; i++) {
    a->alphabets[i] = c.at;
    if (!sy_alphabet_skip(&c)) return corrupt(a, error);
  }
  return c.failed || (article_count && !a->block_count) ? corrupt(a, error) : SY_OK;
}

void sy_articles_close(sy_articles *a) {
  sy_stream_free(&a->stream);
  ZSTD_freeDCtx(a->context);
  free(a->raw);
  sy_buffer_free(&a->text);
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

/* The block as it is stored. */
static sy_status stored_block(sy_articles *a, uint32_t block, sy_stored_block *out,
                              sy_error *error) {
  if (block >= a->block_count || first_of(a, block + 1) < first_of(a, block))
    return corrupt(a, error);
  uint32_t alphabet = a->alphabet_of[block];
  if (alphabet > a->alphabet_count) return corrupt(a, error);
  *out = (sy_stored_block){.frame_bytes = sy_load32(a->sizes + 4 * (size_t)block),
                           .block_bytes = sy_load32(a->raw_sizes + 4 * (size_t)block),
                           .articles = first_of(a, block + 1) - first_of(a, block)};
  if (alphabet) {
    out->alphabet = a->alphabets[alphabet - 1];
    out->alphabet_bytes = sy_alphabet_bytes(out->alphabet);
  }
  return sy_stream_get(&a->stream, sy_load64(a->addresses + 8 * (size_t)block), out->frame_bytes,
                       &out->frame, error);
}

static sy_status load_block(sy_articles *a, uint32_t block, sy_error *error) {
  sy_stored_block b;
  a->block = UINT32_MAX;
  SY_TRY(stored_block(a, block, &b, error));
  if (ZSTD_getFrameContentSize(b.frame, b.frame_bytes) != b.block_bytes) return corrupt(a, error);
  if (!a->context) a->context = ZSTD_createDCtx();
  if (a->raw_capacity < b.block_bytes) {
    free(a->raw);
    a->raw = malloc(b.block_bytes);
    a->raw_capacity = a->raw ? b.block_bytes : 0;
  }
  if (!a->context || (b.block_bytes && !a->raw)) return sy_fail_memory(error);
  if (ZSTD_decompressDCtx(a->context, a->raw, b.block_bytes, b.frame, b.frame_bytes) !=
      b.block_bytes) {
    return corrupt(a, error);
  }
  a->block = block;
  return SY_OK;
}

/* Decodes the texts of an article by its block's alphabet. */
static sy_status decode_texts(sy_articles *a, const uint8_t *alphabet, sy_article *article,
                              sy_error *error) {
  sy_string *strings[] = {&article->title, &article->body, &article->fields};
  a->text.bytes = 0;
  for (int i = 0; i < 3; i++) {
    size_t before = a->text.bytes;
    if (!sy_alphabet_decode(alphabet, (const uint8_t *)strings[i]->data, strings[i]->bytes,
                            &a->text)) {
      bool no_memory = a->text.failed;
      a->text.failed = false;
      return no_memory ? sy_fail_memory(error) : corrupt(a, error);
    }
    strings[i]->bytes = a->text.bytes - before;
  }
  const char *at = (const char *)a->text.data; /* where it came to lie */
  for (int i = 0; i < 3; i++) {
    strings[i]->data = at;
    at += strings[i]->bytes;
  }
  return SY_OK;
}

sy_status sy_articles_get(sy_articles *a, uint32_t article, sy_article *out, sy_error *error) {
  if (article >= a->article_count) return corrupt(a, error);
  uint32_t block = find_block(a, article);
  if (first_of(a, block) > article) return corrupt(a, error);
  if (block != a->block) SY_TRY(load_block(a, block, error));
  sy_cursor c = sy_cursor_make(a->raw, sy_load32(a->raw_sizes + 4 * (size_t)block));
  *out = (sy_article){.id = {NULL, 0}};
  for (uint32_t i = first_of(a, block); i <= article; i++) {
    if (!sy_article_read(&c, out)) return corrupt(a, error);
  }
  uint32_t alphabet = a->alphabet_of[block];
  if (alphabet > a->alphabet_count) return corrupt(a, error);
  return alphabet ? decode_texts(a, a->alphabets[alphabet - 1], out, error) : SY_OK;
}

sy_status sy_articles_copy_block(sy_articles *a, uint32_t block, sy_articles_writer *w,
                                 sy_error *error) {
  sy_stored_block stored;
  SY_TRY(stored_block(a, block, &stored, error));
  bool added = false;
  if (stored.block_bytes >= SY_ARTICLE_BLOCK_BYTES / 4) {
    SY_TRY(sy_articles_writer_add_stored(w, &stored, &added, error));
  }
  uint32_t first = first_of(a, block);
  for (uint32_t i = 0; !added && i < stored.articles; i++) {
    sy_article article;
    SY_TRY(sy_articles_get(a, first + i, &article, error));
    SY_TRY(sy_articles_writer_add(w, &article, error));
  }
  return SY_OK;
}
