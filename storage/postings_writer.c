/* postings_writer.c - postings lists: encoder of the forms described in postings.h. */
#include "base/status.h"
#include "storage/elias_fano.h"
#include "storage/interpolative.h"
#include "storage/postings.h"

/* ---- Writing --------------------------------------------------------------------------------- */

void sy_bm25_saturation(float average, float saturation[256]) {
  if (!(average > 0)) average = 1;
  for (int code = 0; code < 256; code++) {
    float length = (float)sy_length_decode((uint8_t)code);
    saturation[code] = SY_BM25_K1 * (1 - SY_BM25_B + SY_BM25_B * length / average);
  }
}

static void begin_list(sy_list_writer *w) {
  w->df = 0;
  w->base = UINT32_MAX;
  w->frequency_sum = 0;
  w->last.bytes = w->end.bytes = w->positions_end.bytes = w->impacts.bytes = 0;
  w->blocks.bytes = w->positions.bytes = w->out.bytes = 0;
  w->filled = 0;
}

void sy_list_writer_init(sy_list_writer *w, const uint8_t *lengths, uint32_t article_count,
                         float average) {
  memset(w, 0, sizeof *w);
  w->lengths = lengths;
  w->article_count = article_count;
  sy_bm25_saturation(average, w->saturation);
  begin_list(w);
}

void sy_list_writer_free(sy_list_writer *w) {
  sy_buffer *buffers[] = {&w->last,      &w->end, &w->positions_end, &w->impacts, &w->blocks,
                          &w->positions, &w->out};
  sy_positions_group_free(&w->group);
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
}

/* Appends the group of positions to `out`, from a whole byte on. */
static void put_positions(sy_list_writer *w, sy_buffer *out) {
  uint8_t *room = sy_buffer_reserve(out, sy_positions_group_room(&w->group));
  if (!room) return;
  sy_bit_writer bits = {room, 0, 0};
  sy_positions_group_put(&w->group, &bits);
  out->bytes = (size_t)(sy_bits_end(&bits) - out->data);
}

/* The greatest impact of the current block: of the least K / tf. */
static void put_impact(sy_list_writer *w) {
  float least = 1e30f;
  for (uint32_t i = 0; i < w->filled; i++) {
    float ratio = w->saturation[w->lengths[w->articles[i]]] / (float)w->frequencies[i];
    if (ratio < least) least = ratio;
  }
  float impact = 255 / (1 + least);
  uint32_t rounded = (uint32_t)impact;
  if ((float)rounded < impact) rounded++;
  sy_buffer_u8(&w->impacts, (uint8_t)(rounded > 255 ? 255 : rounded));
}

/* Takes what is in the current block into the list's sums. */
static void sum_block(sy_list_writer *w) {
  for (uint32_t i = 0; i < w->filled; i++) w->frequency_sum += w->frequencies[i];
  w->df += w->filled;
}

static void put_block(sy_list_writer *w) {
  uint32_t last = w->articles[SY_BLOCK - 1];
  uint8_t *room = sy_buffer_reserve(&w->blocks, SY_ELIAS_FANO_MAX_BYTES + 8 + SY_BLOCK_MAX_BYTES);
  sum_block(w);
  put_impact(w);
  w->filled = 0;
  if (!room) return;
  for (uint32_t i = 0; i < SY_BLOCK; i++) w->frequencies[i]--;
  room = sy_elias_fano_encode(w->articles, w->base, room);
  room = sy_block_encode(w->frequencies, room);
  w->blocks.bytes = (size_t)(room - w->blocks.data);
  put_positions(w, &w->positions);
  sy_buffer_u32(&w->last, last);
  sy_buffer_u32(&w->end, (uint32_t)w->blocks.bytes);
  sy_buffer_u32(&w->positions_end, (uint32_t)w->positions.bytes);
  w->base = last;
}

/* All of an article but its positions. */
static inline void add_article(sy_list_writer *w, uint32_t article, uint32_t frequency) {
  uint32_t i = w->filled++;
  w->articles[i] = article;
  w->frequencies[i] = frequency;
}

void sy_list_writer_add(sy_list_writer *w, uint32_t article, const uint32_t *positions,
                        uint32_t frequency) {
  w->failed |= !sy_positions_group_add(&w->group, w->lengths[article], positions, frequency);
  add_article(w, article, frequency);
  if (w->filled == SY_BLOCK) put_block(w);
}

void sy_list_writer_append(sy_list_writer *w, const uint32_t *articles, const uint32_t *frequencies,
                           uint32_t count, const sy_positions_range *positions) {
  w->failed |= !sy_positions_group_copy(&w->group, positions);
  for (uint32_t i = 0; i < count; i++) add_article(w, articles[i], frequencies[i]);
  if (w->filled == SY_BLOCK) put_block(w);
}

/* Articles and frequencies of a short list or a tail. */
static void put_few(const sy_list_writer *w, sy_bit_writer *bits) {
  sy_interpolative_put(bits, w->articles, w->filled, w->base + 1, w->article_count - 1);
  for (uint32_t i = 0; i < w->filled; i++) sy_bits_put_gamma(bits, w->frequencies[i]);
}

/* Bytes that put_few() takes at most, slack included. */
#define FEW_ROOM(count) ((count) * (SY_INTERPOLATIVE_BITS + 63) / 8 + 32)

static void put_tail(sy_list_writer *w) {
  uint8_t *room = sy_buffer_reserve(&w->blocks, FEW_ROOM(w->filled));
  if (!room) return;
  sy_bit_writer bits = {room, 0, 0};
  put_few(w, &bits);
  w->blocks.bytes = (size_t)(sy_bits_end(&bits) - w->blocks.data);
  put_positions(w, &w->positions);
}

static void finish_short(sy_list_writer *w, sy_encoded_list *out) {
  size_t bytes = FEW_ROOM(w->filled) + sy_positions_group_room(&w->group);
  uint8_t *room = sy_buffer_reserve(&w->blocks, bytes);
  if (!room) return;
  sy_bit_writer bits = {room, 0, 0};
  put_few(w, &bits);
  sy_positions_group_put(&w->group, &bits);
  w->blocks.bytes = (size_t)(sy_bits_end(&bits) - w->blocks.data);
  out->head = w->blocks.data;
  out->head_bytes = w->blocks.bytes;
}

/* The position of a group of one. */
static uint32_t only_position(const sy_list_writer *w) {
  const uint8_t *bits = w->positions.data;
  uint32_t k = sy_positions_parameter(w->lengths[w->articles[0]], 1);
  uint64_t lows = sy_positions_skip(bits, 0, 8 * (uint64_t)w->positions.bytes, 1);
  if (!bits || lows == UINT64_MAX) return 0; /* memory ran out before */
  sy_positions only = {bits, 0, lows, lows, k, 1, 1, 0};
  return sy_positions_next(&only);
}

static void finish_single(sy_list_writer *w, sy_encoded_list *out) {
  out->article = w->articles[0];
  out->frequency = w->frequencies[0];
  put_positions(w, &w->positions);
  if (out->frequency == 1) out->position = only_position(w);
  out->positions = w->positions.data;
  out->positions_bytes = out->frequency > 1 ? w->positions.bytes : 0;
}

static void finish_long(sy_list_writer *w, sy_encoded_list *out) {
  if (w->filled) {
    put_impact(w);
    put_tail(w);
  }
  sy_buffer_append(&w->out, w->last.data, w->last.bytes);
  sy_buffer_append(&w->out, w->end.data, w->end.bytes);
  sy_buffer_append(&w->out, w->positions_end.data, w->positions_end.bytes);
  sy_buffer_append(&w->out, w->impacts.data, w->impacts.bytes);
  out->head = w->out.data;
  out->head_bytes = w->out.bytes;
  out->body = w->blocks.data;
  out->body_bytes = w->blocks.bytes;
  out->positions = w->positions.data;
  out->positions_bytes = w->positions.bytes;
}

sy_status sy_list_writer_finish(sy_list_writer *w, sy_encoded_list *out, sy_error *error) {
  sum_block(w);
  *out = (sy_encoded_list){.df = w->df, .frequency_sum = w->frequency_sum};
  if (w->df == 1) {
    finish_single(w, out);
  } else if (w->df < SY_BLOCK) {
    finish_short(w, out);
  } else {
    finish_long(w, out);
  }
  bool failed = w->last.failed || w->end.failed || w->positions_end.failed || w->impacts.failed ||
                w->blocks.failed || w->positions.failed || w->out.failed || w->failed;
  bool too_long = w->blocks.bytes > UINT32_MAX / 2 || w->positions.bytes > UINT32_MAX / 2;
  begin_list(w);
  if (failed) return sy_fail_memory(error);
  return too_long ? sy_fail(error, SY_LIMIT, "the postings of a term are over 2 GiB") : SY_OK;
}
