/* articles_writer.c - stored articles: encoder of the format in articles.h. */
#include "base/status.h"
#include "base/stopwatch.h"
#include "storage/articles.h"

#include <zstd.h>

#define SLOTS 32u              /* blocks on their way */
#define MOST_BYTES (16u << 20) /* of them together, unless one has more */
#define KEPT_BYTES (1u << 20)  /* a buffer with more is not kept for the next block */
#define SAMPLE_BYTES 4096u /* of each block are counted: the more text they come from, the better */
#define LEARN_EVERY 64u    /* blocks: the counts are looked at */
#define LEARN_PERCENT 95u  /* a new alphabet must cost no more of the current one's */

/* A block, from its first article until its frame is written. */
typedef struct slot {
  sy_job job;
  sy_articles_writer *writer;
  sy_buffer raw, record;
  sy_buffer marks; /* sy_mark: where its article, a long one, is cut */
  uint32_t first;
  uint32_t alphabet; /* its number, or 0; when done, 0 if the alphabet did not help */
  size_t block_bytes;
  size_t result; /* the last of zstd; 0: memory is out */
} slot;

/* What a worker needs. */
typedef struct coder {
  ZSTD_CCtx *zstd;
  sy_buffer coded;
  sy_buffer cuts; /* u32: bytes of the block before each mark */
  uint64_t nanoseconds;
} coder;

struct sy_articles_writer {
  sy_env *env;
  uint32_t segment;
  sy_articles_options options;
  sy_stream_writer stream;
  sy_buffer firsts, raw_sizes, sizes, addresses, alphabet_of; /* of the directory */
  uint64_t directory_bytes;
  sy_buffer block; /* being filled */
  sy_buffer marks; /* of its article */
  uint32_t first;  /* first article of the block */
  uint32_t count;  /* articles */
  coder coders[SY_POOL_THREADS_MAX];
  slot slots[SLOTS];
  uint64_t put, taken; /* blocks: block n is in slot n % SLOTS */
  uint64_t bytes;      /* of the blocks on their way */

  sy_symbol_counts *counts;
  sy_alphabet *alphabet, *candidate; /* `alphabet` changes only when no block is on its way */
  uint32_t current;                  /* the number of `alphabet`, or 0 */
  sy_buffer alphabets;               /* stored, one behind the other */
  uint32_t alphabet_count;
};

/* ---- Coding a block (by any worker) ---------------------------------------------------------- */

bool sy_article_read(sy_cursor *block, sy_article *out) {
  sy_string *strings[] = {&out->title, &out->body, &out->fields};
  if (block->at == block->end) return false;
  for (int i = 0; i < 3; i++) {
    uint64_t bytes = sy_read_varint(block);
    const uint8_t *data = sy_read_bytes(block, bytes);
    *strings[i] = (sy_string){(const char *)data, data ? bytes : 0};
  }
  return !block->failed;
}

/* Codes a text. Where it has marks, it is coded in pieces, and `cuts` says where in `out` they
 * begin. */
static void put_coded(const sy_alphabet *alphabet, sy_string text, const sy_mark *marks,
                      size_t count, sy_buffer *out, sy_buffer *cuts) {
  uint8_t *room = sy_buffer_reserve(out, 2 * text.bytes + 8 + SY_VARINT_MAX);
  uint32_t *cut = (uint32_t *)sy_buffer_reserve(cuts, count * sizeof *cut);
  if (!room || cuts->failed) return;
  uint8_t *start = room + SY_VARINT_MAX, *end = start;
  const uint8_t *from = (const uint8_t *)text.data, *at = from;
  for (size_t i = 0; i < count; i++) {
    end = sy_alphabet_encode(alphabet, at, (size_t)(from + marks[i].offset - at), end);
    at = from + marks[i].offset;
    cut[i] = (uint32_t)(end - start);
  }
  end = sy_alphabet_encode(alphabet, at, (size_t)(from + text.bytes - at), end);
  uint8_t *to = sy_put_varint(room, (uint64_t)(end - start));
  memmove(to, start, (size_t)(end - start));
  for (size_t i = 0; i < count; i++) cut[i] += (uint32_t)(to - out->data);
  cuts->bytes += count * sizeof *cut;
  out->bytes = (size_t)(to + (end - start) - out->data);
}

/* The block with its texts coded; an empty string when that makes it no smaller. */
static sy_string code_texts(const slot *s, coder *c) {
  sy_cursor cursor = sy_cursor_make(s->raw.data, s->raw.bytes);
  size_t marks = s->marks.bytes / sizeof(sy_mark);
  c->coded.bytes = c->cuts.bytes = 0;
  for (sy_article article; sy_article_read(&cursor, &article);) {
    const sy_string *strings[] = {&article.title, &article.body, &article.fields};
    for (int i = 0; i < 3; i++) {
      put_coded(s->writer->alphabet, *strings[i], (const sy_mark *)s->marks.data,
                i == 1 ? marks : 0, &c->coded, &c->cuts);
    }
  }
  bool smaller = !c->coded.failed && !c->cuts.failed && c->coded.bytes < s->raw.bytes;
  return (sy_string){(const char *)c->coded.data, smaller ? c->coded.bytes : 0};
}

/* Where the block is cut as it is. */
static void cut_raw(const slot *s, const sy_article *article, sy_buffer *cuts) {
  const sy_mark *marks = (const sy_mark *)s->marks.data;
  uint32_t body = (uint32_t)((const uint8_t *)article->body.data - s->raw.data);
  cuts->bytes = 0;
  for (size_t i = 0; i < s->marks.bytes / sizeof *marks; i++) {
    sy_buffer_u32(cuts, body + marks[i].offset);
  }
}

static bool add_frame(slot *s, ZSTD_CCtx *zstd, const char *from, size_t bytes) {
  size_t bound = ZSTD_compressBound(bytes);
  uint8_t *room = zstd && !s->raw.failed ? sy_buffer_reserve(&s->record, bound) : NULL;
  s->result =
      room ? ZSTD_compressCCtx(zstd, room, bound, from, bytes, s->writer->options.level) : 0;
  if (!room || ZSTD_isError(s->result)) return false;
  s->record.bytes += s->result;
  return true;
}

static void add_sections(slot *s, coder *c, sy_string block, uint32_t text_bytes) {
  size_t count = s->marks.bytes / sizeof(sy_mark), at = 0;
  const uint32_t *cuts = (const uint32_t *)c->cuts.data;
  sy_sections_begin(&s->record, text_bytes, (const sy_mark *)s->marks.data, cuts, count);
  for (size_t i = 0; i <= count; i++) {
    size_t end = i < count ? cuts[i] : block.bytes;
    if (i) sy_sections_set_frames(&s->record, count, i);
    if (!add_frame(s, c->zstd, block.data + at, end - at)) return;
    at = end;
  }
}

static void compress_block(slot *s, coder *c) {
  sy_string block = {0};
  if (s->alphabet) block = code_texts(s, c);
  sy_article article = {0};
  if (s->marks.bytes) {
    sy_cursor cursor = sy_cursor_make(s->raw.data, s->raw.bytes);
    sy_article_read(&cursor, &article);
  }
  if (!block.bytes) {
    s->alphabet = 0;
    block = (sy_string){(const char *)s->raw.data, s->raw.bytes};
    if (s->marks.bytes) cut_raw(s, &article, &c->cuts);
  }
  if (!c->zstd) c->zstd = ZSTD_createCCtx();
  s->block_bytes = block.bytes;
  s->record.bytes = 0;
  if (c->cuts.failed || s->marks.failed) {
    s->result = 0;
  } else if (s->marks.bytes) {
    add_sections(s, c, block, (uint32_t)article.body.bytes);
  } else {
    add_frame(s, c->zstd, block.data, block.bytes);
  }
}

static void compress_slot(sy_job *job, uint32_t worker) {
  slot *s = (slot *)job;
  sy_articles_writer *w = s->writer;
  coder *c = &w->coders[worker];
  if (w->options.visit) {
    w->options.visit(w->options.context, worker, s->first,
                     sy_cursor_make(s->raw.data, s->raw.bytes), &s->marks);
  }
  uint64_t watch = sy_watch_start(w->options.timed);
  compress_block(s, c);
  sy_watch_lap(&watch, &c->nanoseconds);
}

/* ---- Blocks on their way --------------------------------------------------------------------- */

static sy_status put_record(sy_articles_writer *w, const uint8_t *record, size_t bytes,
                            size_t block_bytes, uint32_t first, uint32_t alphabet,
                            sy_error *error) {
  uint64_t address;
  SY_TRY(sy_stream_append(&w->stream, record, bytes, NULL, 0, &address, error));
  sy_buffer_u32(&w->firsts, first);
  sy_buffer_u32(&w->raw_sizes, (uint32_t)block_bytes);
  sy_buffer_u32(&w->sizes, (uint32_t)bytes);
  sy_buffer_u64(&w->addresses, address);
  sy_buffer_u8(&w->alphabet_of, (uint8_t)alphabet);
  return SY_OK;
}

static void spare(sy_buffer *b) {
  if (b->capacity > KEPT_BYTES) sy_buffer_free(b);
}

static sy_status take_oldest(sy_articles_writer *w, sy_error *error) {
  slot *s = &w->slots[w->taken++ % SLOTS];
  sy_pool_wait(w->options.pool, &s->job);
  w->bytes -= s->raw.bytes;
  if (!s->result) return sy_fail_memory(error);
  if (ZSTD_isError(s->result))
    return sy_fail(error, SY_NO_MEMORY, "zstd: %s", ZSTD_getErrorName(s->result));
  SY_TRY(
      put_record(w, s->record.data, s->record.bytes, s->block_bytes, s->first, s->alphabet, error));
  spare(&s->raw);
  spare(&s->record);
  return SY_OK;
}

static sy_status take_all(sy_articles_writer *w, sy_error *error) {
  while (w->taken < w->put) SY_TRY(take_oldest(w, error));
  return SY_OK;
}

/* ---- Alphabets ------------------------------------------------------------------------------- */

static bool make_alphabets(sy_articles_writer *w) {
  if (!w->counts) w->counts = calloc(1, sizeof *w->counts);
  if (!w->alphabet) w->alphabet = malloc(sizeof *w->alphabet);
  if (!w->candidate) w->candidate = malloc(sizeof *w->candidate);
  return w->counts && w->alphabet && w->candidate;
}

/* The number of an alphabet of this segment, which is made one if it is new; 0 when there is no
 * room. */
static uint32_t number_alphabet(sy_articles_writer *w, const uint8_t *stored, size_t bytes) {
  const uint8_t *at = w->alphabets.data;
  for (uint32_t i = 1; i <= w->alphabet_count; i++, at += sy_alphabet_bytes(at)) {
    if (sy_alphabet_bytes(at) == bytes && !memcmp(at, stored, bytes)) return i;
  }
  if (w->alphabet_count == SY_ALPHABETS_MAX) return 0;
  sy_buffer_append(&w->alphabets, stored, bytes);
  return w->alphabets.failed ? 0 : ++w->alphabet_count;
}

/* A new alphabet, when it would make what is counted enough smaller. */
static sy_status consider_alphabet(sy_articles_writer *w, sy_error *error) {
  if (!sy_alphabet_learn(w->candidate, w->counts)) return sy_fail_memory(error);
  uint64_t now = w->current ? sy_alphabet_cost(w->alphabet, w->counts) : UINT64_MAX / 100;
  uint64_t then = sy_alphabet_cost(w->candidate, w->counts);
  if (now == UINT64_MAX || then == UINT64_MAX) return sy_fail_memory(error);
  sy_symbol_counts_age(w->counts);
  if (!w->candidate->count || then * 100 > now * LEARN_PERCENT) return SY_OK;
  sy_buffer stored = {0};
  sy_alphabet_store(w->candidate, &stored);
  uint32_t number = stored.failed ? 0 : number_alphabet(w, stored.data, stored.bytes);
  sy_buffer_free(&stored);
  if (!number) return w->alphabet_count == SY_ALPHABETS_MAX ? SY_OK : sy_fail_memory(error);
  SY_TRY(take_all(w, error));
  sy_alphabet *old = w->alphabet;
  w->alphabet = w->candidate;
  w->candidate = old;
  w->current = number;
  return SY_OK;
}

static sy_status learn(sy_articles_writer *w, sy_error *error) {
  if (!make_alphabets(w)) return sy_fail_memory(error);
  size_t bytes = w->block.bytes < SAMPLE_BYTES ? w->block.bytes : SAMPLE_BYTES;
  sy_symbol_counts_add(w->counts, w->block.data, bytes);
  return w->put % LEARN_EVERY == LEARN_EVERY - 1 ? consider_alphabet(w, error) : SY_OK;
}

/* ---- Adding ---------------------------------------------------------------------------------- */

sy_status sy_articles_writer_new(sy_env *env, uint32_t segment, const sy_articles_options *options,
                                 sy_articles_writer **out, sy_error *error) {
  sy_articles_writer *w = *out = calloc(1, sizeof *w);
  if (!w) return sy_fail_memory(error);
  w->env = env;
  w->segment = segment;
  w->options = *options;
  sy_stream_writer_init(&w->stream, env, segment, SY_PART_ARTICLES);
  return SY_OK;
}

void sy_articles_writer_free(sy_articles_writer *w) {
  if (!w) return;
  while (w->taken < w->put) sy_pool_wait(w->options.pool, &w->slots[w->taken++ % SLOTS].job);
  for (uint32_t i = 0; i < SY_POOL_THREADS_MAX; i++) {
    ZSTD_freeCCtx(w->coders[i].zstd);
    sy_buffer_free(&w->coders[i].coded);
    sy_buffer_free(&w->coders[i].cuts);
  }
  for (uint32_t i = 0; i < SLOTS; i++) {
    sy_buffer_free(&w->slots[i].raw);
    sy_buffer_free(&w->slots[i].record);
    sy_buffer_free(&w->slots[i].marks);
  }
  sy_stream_writer_free(&w->stream);
  sy_buffer *buffers[] = {&w->firsts,      &w->raw_sizes, &w->sizes,     &w->addresses,
                          &w->alphabet_of, &w->block,     &w->alphabets, &w->marks};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
  free(w->counts);
  free(w->alphabet);
  free(w->candidate);
  free(w);
}

static void swap(sy_buffer *a, sy_buffer *b) {
  sy_buffer t = *a;
  *a = *b;
  *b = t;
}

/* Gives the block, which begins with article `first`, to be compressed. */
static sy_status flush_block(sy_articles_writer *w, sy_error *error) {
  if (!w->block.bytes) return SY_OK;
  SY_TRY(learn(w, error));
  while (w->put > w->taken &&
         (w->put - w->taken == SLOTS || w->bytes + w->block.bytes > MOST_BYTES))
    SY_TRY(take_oldest(w, error));
  slot *s = &w->slots[w->put++ % SLOTS];
  w->bytes += w->block.bytes;
  swap(&s->raw, &w->block);
  swap(&s->marks, &w->marks);
  w->block.bytes = w->marks.bytes = 0;
  s->job.run = compress_slot;
  s->writer = w;
  s->first = w->first;
  s->alphabet = w->current;
  w->first = w->count;
  sy_pool_put(w->options.pool, &s->job);
  return SY_OK;
}

static sy_status add_article(sy_articles_writer *w, const sy_article *article, sy_error *error) {
  const sy_string *strings[] = {&article->title, &article->body, &article->fields};
  for (int i = 0; i < 3; i++) {
    sy_buffer_varint(&w->block, strings[i]->bytes);
    sy_buffer_append(&w->block, strings[i]->data, strings[i]->bytes);
  }
  w->count++;
  if (w->block.failed || w->marks.failed) return sy_fail_memory(error);
  return w->block.bytes >= SY_ARTICLE_BLOCK_BYTES ? flush_block(w, error) : SY_OK;
}

sy_status sy_articles_writer_add(sy_articles_writer *w, const sy_article *article,
                                 sy_error *error) {
  if (article->body.bytes >= SY_LONG_BYTES) SY_TRY(flush_block(w, error));
  return add_article(w, article, error);
}

sy_status sy_articles_writer_add_marked(sy_articles_writer *w, const sy_article *article,
                                        const sy_mark *marks, size_t count, sy_error *error) {
  SY_TRY(flush_block(w, error));
  sy_buffer_append(&w->marks, marks, count * sizeof *marks);
  return add_article(w, article, error);
}

sy_status sy_articles_writer_drain(sy_articles_writer *w, sy_error *error) {
  SY_TRY(flush_block(w, error));
  return take_all(w, error);
}

sy_status sy_articles_writer_add_stored(sy_articles_writer *w, const sy_stored_block *block,
                                        bool *added, sy_error *error) {
  uint32_t number =
      block->alphabet_bytes ? number_alphabet(w, block->alphabet, block->alphabet_bytes) : 0;
  *added = number || !block->alphabet_bytes;
  if (!*added) return SY_OK;
  SY_TRY(sy_articles_writer_drain(w, error));
  SY_TRY(put_record(w, block->record, block->record_bytes, block->block_bytes, w->first, number,
                    error));
  w->first = w->count += block->articles;
  return SY_OK;
}

uint64_t sy_articles_writer_nanoseconds(const sy_articles_writer *w) {
  uint64_t all = 0;
  for (uint32_t i = 0; i < SY_POOL_THREADS_MAX; i++) all += w->coders[i].nanoseconds;
  return all;
}

uint32_t sy_articles_writer_count(const sy_articles_writer *w) { return w->count; }

const sy_stream_writer *sy_articles_writer_stream(const sy_articles_writer *w) {
  return &w->stream;
}

uint64_t sy_articles_writer_directory_bytes(const sy_articles_writer *w) {
  return w->directory_bytes;
}

sy_status sy_articles_writer_finish(sy_articles_writer *w, sy_error *error) {
  SY_TRY(sy_articles_writer_drain(w, error));
  SY_TRY(sy_stream_finish(&w->stream, error));
  sy_buffer directory = {0};
  sy_buffer_u32(&directory, (uint32_t)w->alphabet_of.bytes);
  const sy_buffer *arrays[] = {&w->firsts, &w->raw_sizes, &w->sizes, &w->addresses,
                               &w->alphabet_of};
  bool failed = w->alphabets.failed;
  for (int i = 0; i < 5; i++) {
    sy_buffer_append(&directory, arrays[i]->data, arrays[i]->bytes);
    failed |= arrays[i]->failed;
  }
  sy_buffer_u32(&directory, w->alphabet_count);
  sy_buffer_append(&directory, w->alphabets.data, w->alphabets.bytes);
  w->directory_bytes = directory.bytes;
  sy_status status = failed || directory.failed
                         ? sy_fail_memory(error)
                         : sy_env_put(w->env, w->segment, SY_PART_ARTICLE_DIRECTORY, 0,
                                      directory.data, directory.bytes, error);
  sy_buffer_free(&directory);
  return status;
}
