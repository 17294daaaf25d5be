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
  sy_buffer_free(&a->section);
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
  *out = (sy_stored_block){.record_bytes = sy_load32(a->sizes + 4 * (size_t)block),
                           .block_bytes = sy_load32(a->raw_sizes + 4 * (size_t)block),
                           .articles = first_of(a, block + 1) - first_of(a, block)};
  if (alphabet) {
    out->alphabet = a->alphabets[alphabet - 1];
    out->alphabet_bytes = sy_alphabet_bytes(out->alphabet);
  }
  return sy_stream_get(&a->stream, sy_load64(a->addresses + 8 * (size_t)block), out->record_bytes,
                       &out->record, error);
}

/* How the block is divided: only an article by itself is in sections. */
static sy_status read_sections(const sy_articles *a, const sy_stored_block *stored,
                               sy_sections *out, sy_error *error) {
  bool good = sy_sections_read(out, stored->record, stored->record_bytes, stored->block_bytes) &&
              (out->count == 1 || stored->articles == 1);
  return good ? SY_OK : corrupt(a, error);
}

/* Makes room for the block, of which nothing is in `raw` then; its record is read as `sections`. */
static sy_status begin_block(sy_articles *a, uint32_t block, sy_stored_block *stored,
                             sy_sections *sections, sy_error *error) {
  a->block = UINT32_MAX;
  SY_TRY(stored_block(a, block, stored, error));
  SY_TRY(read_sections(a, stored, sections, error));
  if (!a->context) a->context = ZSTD_createDCtx();
  if (a->raw_capacity < stored->block_bytes) {
    free(a->raw);
    a->raw = malloc(stored->block_bytes);
    a->raw_capacity = a->raw ? stored->block_bytes : 0;
  }
  return !a->context || (stored->block_bytes && !a->raw) ? sy_fail_memory(error) : SY_OK;
}

static sy_status load_block(sy_articles *a, uint32_t block, sy_error *error) {
  sy_stored_block b;
  sy_sections sections;
  SY_TRY(begin_block(a, block, &b, &sections, error));
  if (ZSTD_decompressDCtx(a->context, a->raw, b.block_bytes, b.record, b.record_bytes) !=
      b.block_bytes)
    return corrupt(a, error);
  a->block = block;
  a->next = UINT32_MAX;
  return SY_OK;
}

/* Appends a text to `out`, decoded; `alphabet` is NULL for one that is not coded. */
static sy_status decode_text(sy_articles *a, const uint8_t *alphabet, const uint8_t *coded,
                             size_t bytes, sy_buffer *out, sy_error *error) {
  bool good = true;
  if (alphabet) {
    good = sy_alphabet_decode(alphabet, coded, bytes, out);
  } else {
    sy_buffer_append(out, coded, bytes);
  }
  bool no_memory = out->failed;
  out->failed = false;
  return no_memory ? sy_fail_memory(error) : good ? SY_OK : corrupt(a, error);
}

/* Decodes the texts of an article. */
static sy_status decode_texts(sy_articles *a, const uint8_t *alphabet, sy_article *article,
                              sy_error *error) {
  sy_string *strings[] = {&article->title, &article->body, &article->fields};
  a->text.bytes = 0;
  for (int i = 0; i < 3; i++) {
    size_t before = a->text.bytes;
    SY_TRY(decode_text(a, alphabet, (const uint8_t *)strings[i]->data, strings[i]->bytes, &a->text,
                       error));
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
  if (article < a->next) { /* from the beginning */
    a->next = first_of(a, block);
    a->next_at = 0;
  }
  size_t bytes = sy_load32(a->raw_sizes + 4 * (size_t)block);
  sy_cursor c = sy_cursor_make(a->raw + a->next_at, bytes - a->next_at);
  *out = (sy_article){.id = {NULL, 0}};
  for (; a->next <= article; a->next++) {
    if (!sy_article_read(&c, out)) return corrupt(a, error);
    a->next_at = (size_t)(c.at - a->raw);
  }
  uint32_t alphabet = a->alphabet_of[block];
  if (alphabet > a->alphabet_count) return corrupt(a, error);
  return alphabet ? decode_texts(a, a->alphabets[alphabet - 1], out, error) : SY_OK;
}

/* ---- In sections ----------------------------------------------------------------------------- */

static sy_status decompress_section(sy_articles *a, const sy_sections *sections, uint32_t section,
                                    sy_error *error) {
  sy_section this = sy_sections_get(sections, section),
             next = sy_sections_get(sections, section + 1);
  size_t bytes = next.block - this.block;
  size_t got = ZSTD_decompressDCtx(a->context, a->raw + this.block, bytes,
                                   sections->frames + this.frames, next.frames - this.frames);
  return got == bytes ? SY_OK : corrupt(a, error);
}

/* Title and fields, and room for the body. */
static sy_status place_texts(sy_sectioned_article *p, sy_error *error) {
  sy_articles *a = p->articles;
  sy_string body = p->article.body;
  p->body = (size_t)((const uint8_t *)body.data - a->raw);
  p->body_end = p->body + body.bytes;
  sy_section second = sy_sections_get(&p->sections, 1),
             last = sy_sections_get(&p->sections, p->sections.count - 1);
  /* A coded byte is six bytes of text at most. */
  if (p->body >= second.block || p->body_end <= last.block ||
      p->sections.text_bytes > 6 * (uint64_t)body.bytes)
    return corrupt(a, error);
  p->article.body.bytes = 0;
  SY_TRY(decode_texts(a, p->alphabet, &p->article, error));
  p->text = a->text.bytes;
  if (!sy_buffer_reserve(&a->text, p->sections.text_bytes)) {
    a->text.failed = false;
    return sy_fail_memory(error);
  }
  p->article.title.data = (const char *)a->text.data;
  p->article.fields.data = p->article.title.data + p->article.title.bytes;
  p->article.body = (sy_string){(const char *)a->text.data + p->text, p->sections.text_bytes};
  return SY_OK;
}

sy_status sy_articles_get_sectioned(sy_articles *a, uint32_t article, sy_sectioned_article *out,
                                    sy_error *error) {
  *out = (sy_sectioned_article){.articles = a, .sections = {.count = 1}};
  if (!sy_articles_is_long(a, article)) return sy_articles_get(a, article, &out->article, error);
  uint32_t block = find_block(a, article);
  sy_stored_block stored;
  SY_TRY(begin_block(a, block, &stored, &out->sections, error));
  if (out->sections.count == 1) return sy_articles_get(a, article, &out->article, error);
  out->alphabet = stored.alphabet_bytes ? stored.alphabet : NULL;
  SY_TRY(decompress_section(a, &out->sections, 0, error));
  SY_TRY(decompress_section(a, &out->sections, out->sections.count - 1, error));
  sy_cursor c = sy_cursor_make(a->raw, stored.block_bytes);
  if (!sy_article_read(&c, &out->article)) return corrupt(a, error);
  return place_texts(out, error);
}

sy_status sy_articles_read_section(sy_sectioned_article *p, uint32_t section, sy_error *error) {
  sy_articles *a = p->articles;
  if (p->sections.count == 1) return SY_OK; /* has been read */
  sy_section this = sy_sections_get(&p->sections, section),
             next = sy_sections_get(&p->sections, section + 1);
  if (section && section + 1 < p->sections.count)
    SY_TRY(decompress_section(a, &p->sections, section, error));
  size_t from = section ? this.block : p->body;
  size_t to = section + 1 < p->sections.count ? next.block : p->body_end;
  a->section.bytes = 0;
  SY_TRY(decode_text(a, p->alphabet, a->raw + from, to - from, &a->section, error));
  if (a->section.bytes != next.offset - this.offset) return corrupt(a, error);
  memcpy(a->text.data + p->text + this.offset, a->section.data, a->section.bytes);
  return SY_OK;
}

/* ---- Copying --------------------------------------------------------------------------------- */

bool sy_articles_is_long(const sy_articles *a, uint32_t article) {
  if (article >= a->article_count) return false;
  uint32_t block = find_block(a, article);
  return first_of(a, block) == article && first_of(a, block + 1) == article + 1 &&
         sy_load32(a->raw_sizes + 4 * (size_t)block) >= SY_SECTION_BYTES / 2;
}

/* Reads an article and adds it, a long one with its marks. */
static sy_status add_again(sy_articles *a, uint32_t article, sy_articles_writer *w,
                           sy_error *error) {
  sy_article read;
  SY_TRY(sy_articles_get(a, article, &read, error));
  if (!sy_articles_is_long(a, article)) return sy_articles_writer_add(w, &read, error);
  sy_stored_block stored;
  sy_sections sections;
  SY_TRY(stored_block(a, find_block(a, article), &stored, error));
  SY_TRY(read_sections(a, &stored, &sections, error));
  if (sections.count == 1) return sy_articles_writer_add(w, &read, error);
  if (sections.text_bytes != read.body.bytes) return corrupt(a, error);
  sy_buffer marks = {0};
  for (uint32_t i = 1; i < sections.count; i++) {
    sy_section section = sy_sections_get(&sections, i);
    sy_mark mark = {section.offset, section.position};
    sy_buffer_append(&marks, &mark, sizeof mark);
  }
  sy_status status = marks.failed
                         ? sy_fail_memory(error)
                         : sy_articles_writer_add_marked(w, &read, (const sy_mark *)marks.data,
                                                         sections.count - 1, error);
  sy_buffer_free(&marks);
  return status;
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
    SY_TRY(add_again(a, first + i, w, error));
  }
  return SY_OK;
}

sy_status sy_articles_copy(sy_articles *a, uint32_t article, sy_articles_writer *w,
                           sy_error *error) {
  if (!sy_articles_is_long(a, article)) return add_again(a, article, w, error);
  return sy_articles_copy_block(a, find_block(a, article), w, error);
}
