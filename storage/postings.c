/* postings.c - postings lists: encoder and decoder of the forms described in postings.h. */
#include "storage/postings.h"

#include "base/status.h"
#include "storage/lengths.h"

/* ---- Writing --------------------------------------------------------------------------------- */

void sy_bm25_saturation(float average, float saturation[256]) {
  if (!(average > 0)) average = 1;
  for (int code = 0; code < 256; code++) {
    float length = (float)sy_length_decode((uint8_t)code);
    saturation[code] = SY_BM25_K1 * (1 - SY_BM25_B + SY_BM25_B * length / average);
  }
}

static void begin_block(sy_list_writer *w) {
  w->filled = 0;
  w->least = 1e30f;
}

static void begin_list(sy_list_writer *w) {
  w->df = 0;
  w->base = UINT32_MAX;
  w->frequency_sum = 0;
  w->last.bytes = w->end.bytes = w->positions_end.bytes = w->impacts.bytes = 0;
  w->blocks.bytes = w->positions.bytes = w->out.bytes = 0;
  w->bits = (sy_bit_writer){NULL, 0, 0};
  begin_block(w);
}

void sy_list_writer_init(sy_list_writer *w, const uint8_t *lengths, float average) {
  memset(w, 0, sizeof *w);
  w->lengths = lengths;
  sy_bm25_saturation(average, w->saturation);
  begin_list(w);
}

void sy_list_writer_free(sy_list_writer *w) {
  sy_buffer *buffers[] = {&w->last,      &w->end, &w->positions_end, &w->impacts, &w->blocks,
                          &w->positions, &w->out};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) sy_buffer_free(buffers[i]);
}

/* The bit writer stores straight into `positions`, whose memory may move when it grows. */
static void put_positions(sy_list_writer *w, uint32_t width, const uint32_t *positions,
                          uint32_t count) {
  uint8_t *room = sy_buffer_reserve(&w->positions, (size_t)((uint64_t)count * width / 8) + 32);
  if (!room || !width) return;
  w->bits.at = room;
  for (uint32_t i = 0; i < count; i++) sy_bits_put(&w->bits, positions[i], width);
  w->positions.bytes = (size_t)(w->bits.at - w->positions.data);
}

static void pad_positions(sy_list_writer *w) {
  uint8_t *room = sy_buffer_reserve(&w->positions, 32);
  if (!room) return;
  w->bits.at = room;
  w->positions.bytes = (size_t)(sy_bits_end(&w->bits) - w->positions.data);
}

static void put_impact(sy_list_writer *w) {
  float impact = 255 / (1 + w->least);
  uint32_t rounded = (uint32_t)impact;
  if ((float)rounded < impact) rounded++;
  sy_buffer_u8(&w->impacts, (uint8_t)(rounded > 255 ? 255 : rounded));
}

static void put_block(sy_list_writer *w) {
  uint32_t gaps[SY_BLOCK];
  uint32_t previous = w->base;
  for (uint32_t i = 0; i < SY_BLOCK; i++) {
    gaps[i] = w->articles[i] - previous - 1;
    previous = w->articles[i];
    w->frequencies[i]--;
  }
  uint8_t *room = sy_buffer_reserve(&w->blocks, 2 * SY_BLOCK_MAX_BYTES);
  if (!room) return;
  room = sy_block_encode(gaps, room);
  room = sy_block_encode(w->frequencies, room);
  w->blocks.bytes = (size_t)(room - w->blocks.data);
  pad_positions(w);
  put_impact(w);
  sy_buffer_u32(&w->last, previous);
  sy_buffer_u32(&w->end, (uint32_t)w->blocks.bytes);
  sy_buffer_u32(&w->positions_end, (uint32_t)w->positions.bytes);
  w->base = previous;
  begin_block(w);
}

void sy_list_writer_add(sy_list_writer *w, uint32_t article, const uint32_t *positions,
                        uint32_t frequency) {
  uint8_t code = w->lengths[article];
  uint32_t i = w->filled++;
  w->articles[i] = article;
  w->frequencies[i] = frequency;
  w->frequency_sum += frequency;
  w->df++;
  float ratio = frequency == 1 ? w->saturation[code] : w->saturation[code] / (float)frequency;
  if (ratio < w->least) w->least = ratio;
  put_positions(w, sy_position_bits(code), positions, frequency);
  if (w->filled == SY_BLOCK) put_block(w);
}

/* The parameter for which Rice codes of these gaps are near their shortest: log2 of the mean
 * times ln 2. */
static uint32_t choose_rice(uint32_t gap_sum, uint32_t count) {
  uint64_t mean = ((uint64_t)gap_sum * 11 / 16) / count;
  return mean ? 31 - (uint32_t)__builtin_clz((uint32_t)mean) : 0;
}

static void put_tail(sy_list_writer *w) {
  uint32_t count = w->filled, previous = w->base;
  uint32_t k = choose_rice(w->articles[count - 1] - previous - count, count);
  uint8_t *room = sy_buffer_reserve(&w->blocks, count * 24 + 64);
  if (!room) return;
  sy_bit_writer bits = {room, 0, 0};
  sy_bits_put(&bits, k, 5);
  for (uint32_t i = 0; i < count; i++) {
    sy_bits_put_rice(&bits, w->articles[i] - previous - 1, k);
    sy_bits_put_gamma(&bits, w->frequencies[i]);
    previous = w->articles[i];
  }
  w->blocks.bytes = (size_t)(sy_bits_end(&bits) - w->blocks.data);
}

static void finish_short(sy_list_writer *w, sy_encoded_list *out) {
  put_tail(w);
  out->head = w->blocks.data;
  out->head_bytes = w->blocks.bytes;
  out->body = w->positions.data;
  out->body_bytes = w->positions.bytes;
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
  pad_positions(w);
  *out = (sy_encoded_list){.df = w->df, .frequency_sum = w->frequency_sum};
  if (w->df == 1) {
    out->article = w->articles[0];
    out->frequency = w->frequencies[0];
    out->positions = w->positions.data;
    out->positions_bytes = w->positions.bytes;
  } else if (w->df < SY_BLOCK) {
    finish_short(w, out);
  } else {
    finish_long(w, out);
  }
  bool failed = w->last.failed || w->end.failed || w->positions_end.failed || w->impacts.failed ||
                w->blocks.failed || w->positions.failed || w->out.failed;
  bool too_long = w->blocks.bytes > UINT32_MAX / 2 || w->positions.bytes > UINT32_MAX / 2;
  begin_list(w);
  if (failed) return sy_fail_memory(error);
  return too_long ? sy_fail(error, SY_LIMIT, "the postings of a term are over 2 GiB") : SY_OK;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void fail(sy_postings *p) {
  p->corrupt = true;
  p->filled = p->at = 0;
  p->block = p->list_blocks;
  p->article = SY_NO_ARTICLE;
}

static void open_long(sy_postings *p) {
  uint32_t n = p->block_count;
  p->list_blocks = n + (p->list.df % SY_BLOCK != 0);
  size_t skip_bytes = 12 * (size_t)n + p->list_blocks;
  if (skip_bytes > p->list.postings_bytes) {
    fail(p);
    return;
  }
  p->last = p->list.postings;
  p->end = p->last + 4 * (size_t)n;
  p->positions_end = p->end + 4 * (size_t)n;
  p->impacts = p->positions_end + 4 * (size_t)n;
  p->blocks = p->list.postings + skip_bytes;
}

void sy_postings_open(sy_postings *p, const sy_list *list) {
  memset(p, 0, offsetof(sy_postings, articles));
  p->blocks_read = 0;
  p->list = *list;
  p->block = UINT32_MAX; /* none yet; one more is block 0 */
  p->block_count = list->df / SY_BLOCK;
  p->list_blocks = 1;
  p->blocks = list->postings;
  p->blocks_end = list->postings;
  if (list->postings_bytes) p->blocks_end += list->postings_bytes; /* NULL when df = 1 */
  if (list->df == 0) {
    p->list_blocks = 0;
  } else if (p->block_count) {
    open_long(p);
  }
}

/* Rice and gamma codes of a short list or a tail. */
static bool read_tail(sy_postings *p, const uint8_t *at, uint32_t base, uint32_t count) {
  sy_bit_reader bits = {at, 0, (uint64_t)(p->blocks_end - at) * 8, false};
  uint32_t k = (uint32_t)sy_bits_get(&bits, 5);
  uint64_t article = base == UINT32_MAX ? 0 : (uint64_t)base + 1;
  for (uint32_t i = 0; i < count; i++) {
    article += sy_bits_get_rice(&bits, k);
    p->frequencies[i] = sy_bits_get_gamma(&bits);
    if (bits.failed || article >= p->list.article_count) return false;
    p->articles[i] = (uint32_t)article++;
  }
  p->filled = count;
  p->has_frequencies = true;
  p->short_positions = at + (bits.at + 7) / 8;
  return true;
}

static uint32_t block_base(const sy_postings *p, uint32_t block) {
  return block ? sy_load32(p->last + 4 * ((size_t)block - 1)) : UINT32_MAX;
}

static bool read_block(sy_postings *p, uint32_t block) {
  const uint8_t *at = p->blocks;
  if (block) {
    uint32_t offset = sy_load32(p->end + 4 * ((size_t)block - 1));
    if (offset > (size_t)(p->blocks_end - at)) return false;
    at += offset;
  }
  p->has_frequencies = false;
  p->offsets_to = 0;
  uint32_t base = p->block_count ? block_base(p, block) : UINT32_MAX;
  if (block == p->block_count) return read_tail(p, at, base, p->list.df % SY_BLOCK);
  p->frequencies_at = sy_block_decode(at, p->blocks_end, p->articles);
  if (!p->frequencies_at) return false;
  p->filled = SY_BLOCK;
  return sy_block_sum_gaps(p->articles, base) < p->list.article_count;
}

/* Makes `block` the current one, standing on its first article. */
static void load_block(sy_postings *p, uint32_t block) {
  p->block = block;
  p->at = 0;
  if (block >= p->list_blocks) {
    p->filled = 0;
    p->article = SY_NO_ARTICLE;
    return;
  }
  p->blocks_read++;
  if (p->list.df == 1) {
    if (p->list.article >= p->list.article_count) {
      fail(p);
      return;
    }
    p->articles[0] = p->list.article;
    p->frequencies[0] = p->list.frequency;
    p->filled = 1;
    p->has_frequencies = true;
    p->offsets_to = 0;
  } else if (!read_block(p, block)) {
    fail(p);
    return;
  }
  p->article = p->articles[0];
}

uint32_t sy_postings_next(sy_postings *p) {
  if (++p->at < p->filled) return p->article = p->articles[p->at];
  if (p->block == UINT32_MAX || p->block < p->list_blocks) load_block(p, p->block + 1);
  return p->article;
}

/* The first block, from `block` on, that may hold `target`: gallops, then halves. */
static uint32_t find_block(const sy_postings *p, uint32_t block, uint32_t target) {
  uint32_t n = p->block_count, step = 1, low = block;
  while (low + step <= n && sy_load32(p->last + 4 * ((size_t)low + step - 1)) < target) {
    low += step;
    step *= 2;
  }
  uint32_t high = low + step <= n ? low + step - 1 : n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (sy_load32(p->last + 4 * (size_t)middle) < target) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* The first index in [at, filled) whose article is not below `target`. It is mostly near. */
static inline uint32_t find_article(const sy_postings *p, uint32_t target) {
  uint32_t at = p->at, near = at + 8 < p->filled ? at + 8 : p->filled;
  while (at < near && p->articles[at] < target) at++;
  if (at < near || at == p->filled) return at;
  const uint32_t *base = p->articles + at;
  uint32_t count = p->filled - at;
  while (count > 1) {
    uint32_t half = count / 2;
    base = base[half - 1] < target ? base + half : base;
    count -= half;
  }
  return (uint32_t)(base - p->articles) + (count && *base < target);
}

uint32_t sy_postings_advance(sy_postings *p, uint32_t target) {
  if (p->block == UINT32_MAX || p->filled == 0 || p->articles[p->filled - 1] < target) {
    if (p->block != UINT32_MAX && p->block >= p->list_blocks) return p->article;
    uint32_t next = p->block + 1;
    if (p->block_count) next = find_block(p, next, target);
    load_block(p, next);
    if (p->filled && p->articles[p->filled - 1] < target) load_block(p, p->block + 1);
    if (!p->filled) return p->article;
  }
  if (p->article < target) {
    p->at = find_article(p, target);
    if (p->at >= p->filled) {
      load_block(p, p->block + 1);
      return p->article;
    }
    p->article = p->articles[p->at];
  }
  return p->article;
}

uint32_t sy_postings_next_block(sy_postings *p, uint32_t least) {
  uint32_t block = p->block + 1;
  if (p->block_count) {
    while (block < p->list_blocks && p->impacts[block] < least) block++;
  }
  load_block(p, block);
  return p->article;
}

void sy_postings_load_frequencies(sy_postings *p) {
  if (p->has_frequencies) return;
  p->has_frequencies = true;
  if (!sy_block_decode(p->frequencies_at, p->blocks_end, p->frequencies)) p->corrupt = true;
  for (uint32_t i = 0; i < SY_BLOCK; i++) p->frequencies[i]++;
}

uint32_t sy_postings_frequency(sy_postings *p) {
  if (!p->has_frequencies) sy_postings_load_frequencies(p);
  return p->frequencies[p->at];
}

/* Bits before each article's positions, up to behind the current one. */
static void load_offsets(sy_postings *p) {
  uint64_t bits = p->offsets_to ? p->offsets[p->offsets_to] : 0;
  const uint8_t *lengths = p->list.lengths;
  p->offsets[0] = 0;
  for (; p->offsets_to <= p->at; p->offsets_to++) {
    bits += (uint64_t)p->frequencies[p->offsets_to] *
            sy_position_bits(lengths[p->articles[p->offsets_to]]);
    p->offsets[p->offsets_to + 1] = bits;
  }
}

bool sy_postings_positions(sy_postings *p, sy_positions *out) {
  if (p->list.df == 1 && !p->list.positions) {
    *out = (sy_positions){(const uint8_t *)&p->list.single_position, 0, 32, 1};
    return true;
  }
  sy_postings_load_frequencies(p);
  if (p->offsets_to <= p->at) load_offsets(p);
  const uint8_t *base, *limit;
  if (p->list.df == 1 || p->block_count) {
    uint32_t before =
        p->block && p->block_count ? sy_load32(p->positions_end + 4 * ((size_t)p->block - 1)) : 0;
    base = p->list.positions + before;
    limit = p->list.positions + p->list.positions_bytes;
    if (before > p->list.positions_bytes) p->corrupt = true;
  } else {
    base = p->short_positions;
    limit = p->blocks_end;
  }
  if (p->corrupt || p->offsets[p->at + 1] > (uint64_t)(limit - base) * 8) {
    p->corrupt = true;
    return false;
  }
  out->bits = base;
  out->at = p->offsets[p->at];
  out->count = p->frequencies[p->at];
  out->width = sy_position_bits(p->list.lengths[p->article]);
  if (out->count > 1ull << out->width) p->corrupt = true; /* positions differ from each other */
  return !p->corrupt;
}

uint32_t sy_postings_block_bound(sy_postings *p, uint32_t target, uint32_t *impact) {
  *impact = 255;
  if (!p->block_count) return SY_NO_ARTICLE - 1;
  /* Targets ascend as a rule: go on from the last one's block. */
  uint32_t from = p->block == UINT32_MAX ? 0 : p->block, hint = p->bound_block;
  if (hint > from && sy_load32(p->last + 4 * ((size_t)hint - 1)) < target) from = hint;
  uint32_t block = p->bound_block = find_block(p, from, target);
  if (block >= p->list_blocks) {
    *impact = 0;
    return SY_NO_ARTICLE - 1;
  }
  *impact = p->impacts[block];
  return block < p->block_count ? sy_load32(p->last + 4 * (size_t)block) : SY_NO_ARTICLE - 1;
}

uint32_t sy_postings_max_impact(const sy_postings *p) {
  if (!p->block_count || p->corrupt) return 255;
  uint32_t most = 0;
  for (uint32_t i = 0; i < p->list_blocks; i++) most = p->impacts[i] > most ? p->impacts[i] : most;
  return most;
}
