/* postings.c - postings lists: decoder of the forms described in postings.h. */
#include "storage/postings.h"

#include "storage/elias_fano.h"
#include "storage/interpolative.h"
#include "storage/ones.h"
#include "storage/simd.h"

static void fail(sy_postings *p) {
  p->corrupt = true;
  p->filled = p->at = 0;
  p->block = p->list_blocks;
  p->article = SY_NO_ARTICLE;
}

/* Whose skip data does not ascend gives articles that are behind already; whoever adds up scores by
 * article relies on it that there are none. */
static uint32_t fail_unless(sy_postings *p, bool ascends) {
  if (!ascends) fail(p);
  return p->article;
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

#define FIRST_BYTES 256u /* most of a short list; impacts and the first block of a long one */

void sy_list_fetch(const sy_list *list) {
  size_t begin = 12 * (size_t)(list->df / SY_BLOCK), end = begin + FIRST_BYTES;
  if (end > list->postings_bytes) end = list->postings_bytes;
  if (begin && begin < end) __builtin_prefetch(list->postings);
  for (size_t at = begin; at < end; at += 64) __builtin_prefetch(list->postings + at);
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

/* Articles and frequencies of a short list or a tail. */
static bool read_few(sy_postings *p, const uint8_t *at, uint32_t base, uint32_t count) {
  sy_bit_reader bits = {at, 0, (uint64_t)(p->blocks_end - at) * 8, false};
  if (!p->list.article_count ||
      !sy_interpolative_get(&bits, p->articles, count, base + 1, p->list.article_count - 1)) {
    return false;
  }
  for (uint32_t i = 0; i < count; i++) p->frequencies[i] = sy_bits_get_gamma(&bits);
  p->filled = count;
  p->has_frequencies = true;
  p->short_positions = bits.at;
  return !bits.failed;
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
  uint32_t base = p->block_count ? block_base(p, block) : UINT32_MAX;
  if (block == p->block_count) return read_few(p, at, base, p->list.df % SY_BLOCK);
  uint32_t last = sy_load32(p->last + 4 * (size_t)block);
  if (last >= p->list.article_count) return false;
  p->frequencies_at = sy_elias_fano_decode(at, p->blocks_end, base, last, p->articles);
  p->filled = SY_BLOCK;
  return p->frequencies_at;
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
  p->group.open = false;
  if (p->list.df == 1) {
    if (p->list.article >= p->list.article_count) {
      fail(p);
      return;
    }
    p->articles[0] = p->list.article;
    p->frequencies[0] = p->list.frequency;
    p->filled = 1;
    p->has_frequencies = true;
  } else if (!read_block(p, block)) {
    fail(p);
    return;
  }
  p->article = p->articles[0];
}

bool sy_postings_rewind(sy_postings *p) {
  if (p->block == UINT32_MAX || p->block_count || !p->list.df || p->corrupt) return false;
  p->block = p->at = 0;
  p->filled = p->list.df;
  p->article = p->articles[0];
  p->group.open = false;
  return true;
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

/* How many articles of the block are below `target`: all are looked at, with vectors and without a
 * branch, in the time of one that is predicted wrongly. */
SY_CLONES static uint32_t count_below(const uint32_t articles[SY_BLOCK], uint32_t target) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < SY_BLOCK; i++) count += articles[i] < target;
  return count;
}

/* The first index in [at, filled) whose article is not below `target`; the one at `at` is. */
static inline uint32_t find_article(const sy_postings *p, uint32_t target) {
  if (p->at + 1 < p->filled && p->articles[p->at + 1] >= target) return p->at + 1;
  if (p->filled == SY_BLOCK) return count_below(p->articles, target);
  uint32_t low = p->at + 1, high = p->filled;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (p->articles[middle] < target) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
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
      return fail_unless(p, p->article >= target);
    }
    p->article = p->articles[p->at];
  }
  return p->article;
}

uint32_t sy_postings_next_block(sy_postings *p, uint32_t least) {
  uint32_t block = p->block + 1, before = p->block == UINT32_MAX ? 0 : p->article;
  if (p->block_count) {
    while (block < p->list_blocks && p->impacts[block] < least) block++;
  }
  load_block(p, block);
  return fail_unless(p, p->article >= before);
}

void sy_postings_load_frequencies(sy_postings *p) {
  if (p->has_frequencies) return;
  p->has_frequencies = true;
  if (!sy_block_decode(p->frequencies_at, p->blocks_end, p->frequencies)) p->corrupt = true;
  uint32_t none = 0;
  for (uint32_t i = 0; i < SY_BLOCK; i++) none |= ++p->frequencies[i] == 0;
  if (none) p->corrupt = true;
}

uint32_t sy_postings_frequency(sy_postings *p) {
  if (!p->has_frequencies) sy_postings_load_frequencies(p);
  return p->frequencies[p->at];
}

/* ---- Positions ------------------------------------------------------------------------------- */

/* Where the positions of the block lie. */
static bool find_group(const sy_postings *p, sy_postings_group *g) {
  const uint8_t *base = p->list.positions;
  uint64_t bytes = p->list.positions_bytes, from = 0;
  if (p->list.df > 1 && !p->block_count) { /* behind the frequencies */
    base = p->blocks;
    bytes = (uint64_t)(p->blocks_end - base);
    g->highs = p->short_positions;
  } else if (p->block_count) {
    const uint8_t *ends = p->positions_end + 4 * (size_t)p->block;
    if (p->block) from = sy_load32(ends - 4);
    if (p->block < p->block_count && sy_load32(ends) < bytes) bytes = sy_load32(ends);
  }
  if (from > bytes) return false;
  g->bits = base + from;
  g->end = 8 * (bytes - from);
  return true;
}

#define FETCH_BYTES 512 /* a group of one position each takes about half of it */

void sy_postings_fetch_positions(const sy_postings *p) {
  sy_postings_group g;
  if (p->group.open || !p->block_count || !find_group(p, &g)) return;
  uint64_t bytes = g.end / 8 < FETCH_BYTES ? g.end / 8 : FETCH_BYTES;
  for (uint64_t at = 0; at < bytes; at += 64) __builtin_prefetch(g.bits + at);
}

typedef int32_t lanes __attribute__((vector_size(16)));
typedef float float_lanes __attribute__((vector_size(16)));

/* sy_positions_parameter() of four articles. */
static inline lanes parameters_of(lanes length_codes, lanes frequencies) {
  const lanes most = {0xFFFFFF, 0xFFFFFF, 0xFFFFFF, 0xFFFFFF};
  lanes large = (frequencies > most) | (frequencies < 0); /* unsigned, in truth */
  lanes exact = (frequencies & ~large) | (most & large);
  lanes log = ((lanes) __builtin_convertvector(exact, float_lanes) >> 20) - 8 * 127;
  lanes eighths = length_codes + 16 - log - 5;
  eighths &= eighths > 0;
  large = eighths > 255;
  return ((eighths & ~large) | (large & 255)) >> 3;
}

SY_CLONES static void find_full_parameters(sy_postings *p) {
  const uint8_t *lengths = p->list.lengths;
  for (uint32_t i = 0; i < SY_BLOCK; i += 4) {
    const uint32_t *a = p->articles + i;
    lanes codes = {lengths[a[0]], lengths[a[1]], lengths[a[2]], lengths[a[3]]}, frequencies;
    memcpy(&frequencies, p->frequencies + i, sizeof frequencies);
    lanes parameters = parameters_of(codes, frequencies);
    memcpy(p->parameters + i, &parameters, sizeof parameters);
  }
}

/* The parameters of all articles of the block: with vectors that is done as soon as walking to one
 * in the middle. */
static void find_parameters(sy_postings *p) {
  if (p->filled == SY_BLOCK) {
    find_full_parameters(p);
    return;
  }
  for (uint32_t i = 0; i < p->filled; i++) {
    uint8_t code = p->list.lengths[p->articles[i]];
    p->parameters[i] = sy_positions_parameter(code, p->frequencies[i]);
  }
}

/* The low parts begin behind as many ones as there are positions. */
static bool open_group(sy_postings *p) {
  sy_postings_group *g = &p->group;
  uint64_t all = 0;
  *g = (sy_postings_group){.open = true};
  if (!find_group(p, g)) return false;
  find_parameters(p);
  for (uint32_t i = 0; i < p->filled; i++) all += p->frequencies[i];
  g->high = g->highs;
  p->ones[0] = p->low_bits[0] = 0;
  g->lows = sy_positions_skip(g->bits, g->highs, g->end, all);
  return g->lows != UINT64_MAX;
}

#define COUNT_AT_ONCE 32u /* so that the end of the loop is no surprise to the processor */

static void count_positions(sy_postings *p, uint32_t at) {
  uint32_t i = p->group.counted, end = (at / COUNT_AT_ONCE + 1) * COUNT_AT_ONCE;
  if (end > p->filled) end = p->filled;
  uint64_t ones = p->ones[i], low_bits = p->low_bits[i];
  for (; i < end; i++) {
    ones += p->frequencies[i];
    low_bits += (uint64_t)p->frequencies[i] * p->parameters[i];
    p->ones[i + 1] = ones;
    p->low_bits[i + 1] = low_bits;
  }
  p->group.counted = end;
}

/* Moves to the positions of article `at` of the block. */
static bool seek_group(sy_postings *p, uint32_t at) {
  sy_postings_group *g = &p->group;
  if (p->corrupt || (!g->open && !open_group(p))) return false;
  if (g->counted < at) count_positions(p, at);
  g->high = sy_positions_skip(g->bits, g->high, g->lows, p->ones[at] - g->skipped);
  g->skipped = p->ones[at];
  return g->high != UINT64_MAX && g->lows + p->low_bits[at] <= g->end;
}

bool sy_postings_positions(sy_postings *p, sy_positions *out) {
  static const uint8_t one[16] = {1};
  if (p->list.df == 1 && !p->list.positions) {
    *out = (sy_positions){one, 0, 0, 1, 0, 1, 1, p->list.single_position};
    return true;
  }
  sy_postings_load_frequencies(p);
  sy_postings_group *g = &p->group;
  if (!seek_group(p, p->at)) {
    p->corrupt = true;
    return false;
  }
  uint32_t frequency = p->frequencies[p->at];
  uint32_t k = p->parameters[p->at];
  uint64_t low = g->lows + p->low_bits[p->at];
  if (low + (uint64_t)frequency * k > g->end) {
    p->corrupt = true;
    return false;
  }
  *out = (sy_positions){g->bits, g->high, low, g->lows, k, frequency, frequency, 0};
  return true;
}

bool sy_postings_positions_range(sy_postings *p, uint32_t from, uint32_t to,
                                 sy_positions_range *out) {
  const sy_postings_group *g = &p->group;
  *out = (sy_positions_range){0};
  sy_postings_load_frequencies(p);
  if (seek_group(p, from)) {
    *out =
        (sy_positions_range){.bits = g->bits, .high = g->high, .low = g->lows + p->low_bits[from]};
    if (seek_group(p, to)) {
      out->high_end = g->high;
      out->low_end = g->lows + p->low_bits[to];
      return true;
    }
  }
  p->corrupt = true;
  return false;
}

/* ---- First positions ------------------------------------------------------------------------- */

#define MOST_HIGH_BYTES 512 /* of a group whose ones are looked for all at once */

/* All high parts are found first; those of an article begin behind as many ones as there are
 * positions before it. The group is open and sound: it has as many ones as positions, none behind
 * 8 * MOST_HIGH_BYTES bits, and all low bits. */
SY_CLONES static void read_first_positions(const sy_postings *p, const uint8_t *places,
                                           uint32_t count, sy_first_positions *firsts) {
  const sy_postings_group *g = &p->group;
  uint16_t ones[1 + 8 * MOST_HIGH_BYTES + SY_ONES_SLACK];
  ones[0] = UINT16_MAX; /* the place before the first */
  uint32_t found = sy_find_ones(g->bits, (uint32_t)(g->lows + 7) / 8, ones + 1);
  ones[1 + found] = 0; /* for analysers: nothing reads it */
  for (uint32_t i = 0; i < count; i++) {
    uint32_t place = places[i], k = p->parameters[place];
    const uint16_t *one = ones + p->ones[place];
    uint64_t low = g->lows + p->low_bits[place];
    uint32_t high = (uint16_t)(one[1] - one[0] - 1);
    uint64_t bits = sy_load64(g->bits + (low >> 3)) >> (low & 7) & ((1ull << k) - 1);
    firsts->positions[i] = high << k | (uint32_t)bits;
    firsts->highs[i] = one[1] + 1u;
    firsts->lows[i] = low + k;
  }
}

bool sy_postings_first_positions(sy_postings *p, const uint8_t *places, uint32_t count,
                                 sy_first_positions *firsts) {
  if (p->filled < SY_BLOCK || !p->block_count) return false;
  sy_postings_load_frequencies(p);
  bool sound = !p->corrupt && (p->group.open || open_group(p));
  if (sound) count_positions(p, SY_BLOCK);
  if (!sound || p->group.lows + p->low_bits[SY_BLOCK] > p->group.end) {
    p->corrupt = true;
    return false;
  }
  if (p->group.lows > 8 * MOST_HIGH_BYTES) return false;
  read_first_positions(p, places, count, firsts);
  return true;
}

sy_positions sy_postings_behind_first(const sy_postings *p, uint32_t place,
                                      const sy_first_positions *firsts, uint32_t i) {
  uint32_t frequency = p->frequencies[place];
  return (sy_positions){p->group.bits,  firsts->highs[i],        firsts->lows[i],
                        p->group.lows,  p->parameters[place],    frequency,
                        frequency - 1u, firsts->positions[i] + 1};
}

/* ---- Bounds ---------------------------------------------------------------------------------- */

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
