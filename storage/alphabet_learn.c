/* alphabet_learn.c - counting characters and pairs, and choosing an alphabet for them
 * (alphabet.h). */
#include "storage/alphabet.h"
#include "storage/pairs.h"
#include "text/utf8.h"

/* ---- Counting -------------------------------------------------------------------------------- */

#define BUCKET_BITS 13
#define BUCKET_SLOTS 8u /* a cache line of them */
_Static_assert(SY_COUNTED_SLOTS == BUCKET_SLOTS << BUCKET_BITS, "the table has that many slots");

#define NO_SLOT SY_COUNTED_SLOTS

/* The first slot of the bucket of a pair. */
static uint32_t bucket_of(uint32_t pair) { return sy_pair_slot(pair, BUCKET_BITS) * BUCKET_SLOTS; }

/* The slot of a pair, or the empty one where it would be; NO_SLOT when its bucket is full of
 * others. */
static uint32_t find_pair(const sy_symbol_counts *c, uint32_t pair) {
  uint32_t begin = bucket_of(pair);
  for (uint32_t at = begin; at < begin + BUCKET_SLOTS; at++) {
    if (c->pairs[at].pair == pair || !c->pairs[at].pair) return at;
  }
  return NO_SLOT;
}

/* Pairs that were seen and are not counted yet: so many together that cache misses overlap. */
typedef struct seen_pairs {
  uint32_t pairs[64], count;
} seen_pairs;

static void count_pairs(sy_symbol_counts *c, seen_pairs *seen) {
  for (uint32_t i = 0; i < seen->count; i++) {
    uint32_t at = find_pair(c, seen->pairs[i]);
    if (at == NO_SLOT) continue;
    c->pairs[at].pair = seen->pairs[i];
    c->pairs[at].count++;
  }
  seen->count = 0;
}

static void see_pair(sy_symbol_counts *c, seen_pairs *seen, uint32_t pair) {
  __builtin_prefetch(&c->pairs[bucket_of(pair)], 1);
  seen->pairs[seen->count++] = pair;
  if (seen->count == sizeof seen->pairs / sizeof *seen->pairs) count_pairs(c, seen);
}

/* Characters of three bytes and their pairs: only such pairs are coded. Returns where it stopped,
 * at the latest where a load of four bytes would not hold a character. */
static const uint8_t *count_run(sy_symbol_counts *c, seen_pairs *seen, const uint8_t *text,
                                const uint8_t *end) {
  uint32_t before = 0;
  while (end - text >= 4) {
    uint32_t three = sy_load32(text), character = sy_utf8_of_three(three);
    if (!sy_utf8_are_three(three) || character < 0x800 || character >> 11 == 0xD800 >> 11) break;
    c->characters[character]++;
    if (before) see_pair(c, seen, sy_pair(before, character));
    before = character;
    text += 3;
  }
  return text;
}

void sy_symbol_counts_add(sy_symbol_counts *c, const uint8_t *text, size_t bytes) {
  const uint8_t *end = text + bytes;
  seen_pairs seen = {.count = 0};
  while (text < end) {
    while (text < end && *text < 0x80) text++;
    text = count_run(c, &seen, text, end);
    if (text == end || *text < 0x80) continue;
    uint32_t length, character = sy_utf8_decode(text, end, &length);
    text += length;
    if (length > 1 && character < 0x10000) c->characters[character]++;
  }
  count_pairs(c, &seen);
}

void sy_symbol_counts_age(sy_symbol_counts *c) {
  for (uint32_t i = 0; i < 0x10000; i++) c->characters[i] /= 2;
  for (uint32_t bucket = 0; bucket < SY_COUNTED_SLOTS; bucket += BUCKET_SLOTS) {
    sy_pair_count *slots = &c->pairs[bucket];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < BUCKET_SLOTS; i++) {
      if (slots[i].count > 1) slots[kept++] = (sy_pair_count){slots[i].pair, slots[i].count / 2};
    }
    for (; kept < BUCKET_SLOTS; kept++) slots[kept] = (sy_pair_count){0, 0};
  }
}

/* ---- Choosing -------------------------------------------------------------------------------- */

#define PAIR_LEAST 16 /* times that a pair must have been seen */

typedef struct ranked {
  uint32_t count;
  sy_symbol symbol;
} ranked;

static int compare_ranked(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->count != y->count) return x->count > y->count ? -1 : 1;
  uint32_t p = sy_pair(x->symbol.first, x->symbol.second);
  uint32_t q = sy_pair(y->symbol.first, y->symbol.second);
  return (p > q) - (p < q);
}

/* What is left of the characters' counts where `count` times both are coded as a pair. Pairs
 * overlap, so not all of them will be; and something is left of every character. */
static void take_pair(uint32_t *left, sy_symbol pair, uint32_t count) {
  const uint16_t characters[2] = {pair.first, pair.second};
  for (int i = 0; i < 2; i++) {
    uint32_t *l = &left[characters[i]], taken = count / 4 * 3;
    *l = *l - *l / 8 > taken ? *l - taken : *l / 8;
  }
}

/* The commonest pairs, of those that have the same slot only the first; returns how many. */
static uint32_t choose_pairs(const sy_symbol_counts *c, ranked *all) {
  uint32_t n = 0, chosen = 0;
  bool taken[SY_PAIR_SLOTS] = {false};
  for (uint32_t i = 0; i < SY_COUNTED_SLOTS; i++) {
    const sy_pair_count *p = &c->pairs[i];
    if (p->count < PAIR_LEAST) continue;
    all[n++] = (ranked){p->count, {(uint16_t)(p->pair >> 16), (uint16_t)p->pair}};
  }
  if (n) qsort(all, n, sizeof *all, compare_ranked);
  for (uint32_t i = 0; i < n && chosen < SY_ALPHABET_PAIRS; i++) {
    uint32_t slot = sy_pair_slot(sy_pair(all[i].symbol.first, all[i].symbol.second), SY_PAIR_BITS);
    if (taken[slot]) continue;
    taken[slot] = true;
    all[chosen++] = all[i];
  }
  return chosen;
}

/* The bytes of the code of the symbol with this rank, the first one lowest. */
static uint16_t code_of(uint32_t rank) {
  if (rank < SY_ALPHABET_SHORT) return (uint16_t)(0x80 + rank);
  rank -= SY_ALPHABET_SHORT;
  return (uint16_t)((0xE0 + (rank >> 8)) | (rank & 0xFF) << 8);
}

static void add_symbol(sy_alphabet *a, sy_symbol s) {
  uint16_t code = code_of(a->count);
  a->symbols[a->count++] = s;
  if (!s.second) {
    a->codes[s.first] = code;
    return;
  }
  uint32_t pair = sy_pair(s.first, s.second);
  uint32_t slot = sy_pair_slot(pair, SY_PAIR_BITS);
  a->pairs[slot] = pair;
  a->pair_codes[slot] = code;
}

bool sy_alphabet_learn(sy_alphabet *a, const sy_symbol_counts *c) {
  ranked *all = malloc((SY_COUNTED_SLOTS + 0x10000) * sizeof *all);
  uint32_t *left = malloc(sizeof c->characters);
  if (all && left) {
    memcpy(left, c->characters, sizeof c->characters);
    uint32_t n = choose_pairs(c, all);
    for (uint32_t i = 0; i < n; i++) take_pair(left, all[i].symbol, all[i].count);
    for (uint32_t i = 0x80; i < 0x10000; i++) {
      if (c->characters[i] > 1) all[n++] = (ranked){left[i], {(uint16_t)i, 0}};
    }
    if (n) qsort(all, n, sizeof *all, compare_ranked);
    memset(a, 0, sizeof *a);
    a->pairs[0] = SY_NO_PAIR;
    for (uint32_t i = 0; i < 0x10000; i++) a->codes[i] = 0xFE;
    for (uint32_t i = 0; i < n && i < SY_ALPHABET_MAX; i++) add_symbol(a, all[i].symbol);
  }
  bool good = all && left;
  free(all);
  free(left);
  return good;
}

static uint32_t pair_count(const sy_symbol_counts *c, sy_symbol pair) {
  uint32_t at = find_pair(c, sy_pair(pair.first, pair.second));
  return at == NO_SLOT ? 0 : c->pairs[at].count;
}

uint64_t sy_alphabet_cost(const sy_alphabet *a, const sy_symbol_counts *c) {
  uint32_t *left = malloc(sizeof c->characters);
  if (!left) return UINT64_MAX;
  memcpy(left, c->characters, sizeof c->characters);
  for (uint32_t i = 0; i < a->count; i++) {
    sy_symbol s = a->symbols[i];
    if (s.second) take_pair(left, s, pair_count(c, s));
  }
  uint64_t cost = 0;
  for (uint32_t i = 0; i < a->count; i++) {
    sy_symbol s = a->symbols[i];
    uint32_t count = s.second ? pair_count(c, s) : left[s.first];
    uint32_t bits =
        34 - (uint32_t)__builtin_clz(i + 32); /* Zipf's law: -log2 of 1 / rank, smoothed */
    cost += (uint64_t)count * bits;
    if (!s.second) left[s.first] = 0;
  }
  for (uint32_t i = 0x80; i < 0x10000; i++) cost += left[i] * 24ull;
  free(left);
  return cost;
}
