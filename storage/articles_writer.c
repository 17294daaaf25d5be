/* articles_writer.c - stored articles: encoder of the format in articles.h. */
#include "base/status.h"
#include "base/stopwatch.h"
#include "storage/articles.h"

#include <zstd.h>

#define SLOTS 32u          /* blocks on their way */
#define SAMPLE_BYTES 4096u /* of each block are counted: the more text they come from, the better */
#define LEARN_EVERY 64u    /* blocks: the counts are looked at */
#define LEARN_PERCENT 95u  /* a new alphabet must cost no more of the current one's */

/* A block, from its first article until its frame is written. */
typedef struct slot {
  sy_job job;
  sy_articles_writer *writer;
  sy_buffer raw, frame;
  uint32_t first;
  uint32_t alphabet; /* its number, or 0; when done, 0 if the alphabet did not help */
  size_t block_bytes;
  size_t result; /* of zstd; 0: memory is out */
} slot;

/* What a worker needs. */
typedef struct coder {
  ZSTD_CCtx *zstd;
  sy_buffer coded;
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
  uint32_t first;  /* first article of the block */
  uint32_t count;  /* articles */
  coder coders[SY_POOL_THREADS_MAX];
  slot slots[SLOTS];
  uint64_t put, taken; /* blocks: block n is in slot n % SLOTS */

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

static void put_coded(const sy_alphabet *alphabet, sy_string text, sy_buffer *out) {
  uint8_t *room = sy_buffer_reserve(out, 2 * text.bytes + 8 + SY_VARINT_MAX);
  if (!room) return;
  uint8_t *start = room + SY_VARINT_MAX;
  size_t bytes =
      (size_t)(sy_alphabet_encode(alphabet, (const uint8_t *)text.data, text.bytes, start) - start);
  uint8_t *to = sy_put_varint(room, bytes);
  memmove(to, start, bytes);
  out->bytes = (size_t)(to + bytes - out->data);
}

/* The block with its texts coded; an empty string when that makes it no smaller. */
static sy_string code_texts(const sy_alphabet *alphabet, const sy_buffer *raw, sy_buffer *coded) {
  sy_cursor c = sy_cursor_make(raw->data, raw->bytes);
  coded->bytes = 0;
  for (sy_article article; sy_article_read(&c, &article);) {
    const sy_string *strings[] = {&article.title, &article.body, &article.fields};
    for (int i = 0; i < 3; i++) put_coded(alphabet, *strings[i], coded);
  }
  bool smaller = !coded->failed && coded->bytes < raw->bytes;
  return (sy_string){(const char *)coded->data, smaller ? coded->bytes : 0};
}

static void compress_slot(sy_job *job, uint32_t worker) {
  slot *s = (slot *)job;
  sy_articles_writer *w = s->writer;
  coder *c = &w->coders[worker];
  if (w->options.visit) {
    w->options.visit(w->options.context, worker, s->first,
                     sy_cursor_make(s->raw.data, s->raw.bytes));
  }
  uint64_t watch = sy_watch_start(w->options.timed);
  sy_string block = {(const char *)s->raw.data, s->raw.bytes};
  if (s->alphabet) {
    sy_string coded = code_texts(w->alphabet, &s->raw, &c->coded);
    if (coded.bytes) {
      block = coded;
    } else {
      s->alphabet = 0;
    }
  }
  if (!c->zstd) c->zstd = ZSTD_createCCtx();
  size_t bound = ZSTD_compressBound(block.bytes);
  s->frame.bytes = 0;
  uint8_t *room = c->zstd && !s->raw.failed ? sy_buffer_reserve(&s->frame, bound) : NULL;
  s->block_bytes = block.bytes;
  s->result =
      room ? ZSTD_compressCCtx(c->zstd, room, bound, block.data, block.bytes, w->options.level) : 0;
  sy_watch_lap(&watch, &c->nanoseconds);
}

/* ---- Blocks on their way --------------------------------------------------------------------- */

static sy_status put_frame(sy_articles_writer *w, const uint8_t *frame, size_t bytes,
                           size_t block_bytes, uint32_t first, uint32_t alphabet, sy_error *error) {
  uint64_t address;
  SY_TRY(sy_stream_append(&w->stream, frame, bytes, NULL, 0, &address, error));
  sy_buffer_u32(&w->firsts, first);
  sy_buffer_u32(&w->raw_sizes, (uint32_t)block_bytes);
  sy_buffer_u32(&w->sizes, (uint32_t)bytes);
  sy_buffer_u64(&w->addresses, address);
  sy_buffer_u8(&w->alphabet_of, (uint8_t)alphabet);
  return SY_OK;
}

static sy_status take_oldest(sy_articles_writer *w, sy_error *error) {
  slot *s = &w->slots[w->taken++ % SLOTS];
  sy_pool_wait(w->options.pool, &s->job);
  if (!s->result) return sy_fail_memory(error);
  if (ZSTD_isError(s->result))
    return sy_fail(error, SY_NO_MEMORY, "zstd: %s", ZSTD_getErrorName(s->result));
  return put_frame(w, s->frame.data, s->result, s->block_bytes, s->first, s->alphabet, error);
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
  if (now == UINT64_MAX || then == UINT64_MAX || !sy_symbol_counts_age(w->counts)) {
    return sy_fail_memory(error);
  }
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
  }
  for (uint32_t i = 0; i < SLOTS; i++) {
    sy_buffer_free(&w->slots[i].raw);
    sy_buffer_free(&w->slots[i].frame);
  }
  sy_stream_writer_free(&w->stream);
  sy_buffer *buffers[] = {&w->firsts,      &w->raw_sizes, &w->sizes,    &w->addresses,
                          &w->alphabet_of, &w->block,     &w->alphabets};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
  free(w->counts);
  free(w->alphabet);
  free(w->candidate);
  free(w);
}

/* Gives the block, which begins with article `first`, to be compressed. */
static sy_status flush_block(sy_articles_writer *w, sy_error *error) {
  if (!w->block.bytes) return SY_OK;
  SY_TRY(learn(w, error));
  if (w->put - w->taken == SLOTS) SY_TRY(take_oldest(w, error));
  slot *s = &w->slots[w->put++ % SLOTS];
  sy_buffer empty = s->raw;
  s->raw = w->block;
  w->block = empty;
  w->block.bytes = 0;
  s->job.run = compress_slot;
  s->writer = w;
  s->first = w->first;
  s->alphabet = w->current;
  w->first = w->count;
  sy_pool_put(w->options.pool, &s->job);
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
  if (w->block.failed) return sy_fail_memory(error);
  return w->block.bytes >= SY_ARTICLE_BLOCK_BYTES ? flush_block(w, error) : SY_OK;
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
  SY_TRY(
      put_frame(w, block->frame, block->frame_bytes, block->block_bytes, w->first, number, error));
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
