/* words.c - the words of a batch (described in words.h). */
#include "indexer/words.h"

#include "storage/lexicon.h"
#include "text/utf8.h"

static const uint8_t *word_at(const sy_words *w, uint32_t number, uint32_t *bytes) {
  const uint8_t *p = w->text.data + sy_load32(w->offsets.data + 4 * (size_t)number);
  *bytes = *p;
  return p + 1;
}

/* The word as it stands in a slot. */
static void make_key(const char *word, uint32_t bytes, uint64_t hash,
                     uint8_t key[SY_WORD_KEY_BYTES]) {
  memset(key, 0, SY_WORD_KEY_BYTES);
  key[0] = (uint8_t)bytes;
  if (bytes < SY_WORD_KEY_BYTES) {
    memcpy(key + 1, word, bytes);
  } else {
    sy_store64(key + 4, hash);
  }
}

static bool grow(sy_words *w) {
  uint32_t capacity = w->capacity ? w->capacity * 2 : 1024;
  sy_word_slot *slots = calloc(capacity, sizeof *slots);
  if (!slots) return false;
  for (uint32_t i = 0; i < w->capacity; i++) {
    if (!w->slots[i].number) continue;
    uint32_t bytes;
    const uint8_t *word = word_at(w, w->slots[i].number - 1, &bytes);
    uint32_t at = (uint32_t)XXH3_64bits(word, bytes) & (capacity - 1);
    while (slots[at].number) at = (at + 1) & (capacity - 1);
    slots[at] = w->slots[i];
  }
  free(w->slots);
  w->slots = slots;
  w->capacity = capacity;
  return true;
}

static bool is_word(const sy_words *w, const sy_word_slot *slot, const uint8_t *key,
                    const char *word, uint32_t bytes) {
  if (memcmp(slot->key, key, SY_WORD_KEY_BYTES)) return false;
  if (bytes < SY_WORD_KEY_BYTES) return true;
  uint32_t found_bytes;
  return !memcmp(word_at(w, slot->number - 1, &found_bytes), word, bytes);
}

uint32_t sy_words_number(sy_words *w, const char *word, uint32_t bytes, uint64_t hash) {
  if (w->count * 2 >= w->capacity && !grow(w)) {
    w->failed = true;
    return 0;
  }
  uint8_t key[SY_WORD_KEY_BYTES];
  make_key(word, bytes, hash, key);
  uint32_t at = (uint32_t)hash & (w->capacity - 1);
  for (; w->slots[at].number; at = (at + 1) & (w->capacity - 1)) {
    if (is_word(w, &w->slots[at], key, word, bytes)) return w->slots[at].number - 1;
  }
  if (w->text.bytes > UINT32_MAX - 256) w->failed = true;
  sy_buffer_u32(&w->offsets, (uint32_t)w->text.bytes);
  sy_buffer_u8(&w->text, (uint8_t)bytes);
  sy_buffer_append(&w->text, word, bytes);
  w->failed |= w->offsets.failed || w->text.failed;
  if (w->failed) return 0;
  w->slots[at].number = ++w->count;
  memcpy(w->slots[at].key, key, sizeof key);
  return w->count - 1;
}

void sy_words_free(sy_words *w) {
  free(w->slots);
  sy_buffer_free(&w->offsets);
  sy_buffer_free(&w->text);
  memset(w, 0, sizeof *w);
}

#define KEPT_SLOTS (1u << 16) /* 1 MiB */

/* What one batch with very many words has taken is given back: it counts as memory of the next
 * one, which could be full before it begins. */
void sy_words_clear(sy_words *w) {
  if (w->capacity > KEPT_SLOTS) {
    sy_words_free(w);
    return;
  }
  if (w->slots) memset(w->slots, 0, w->capacity * sizeof *w->slots);
  w->count = 0;
  w->offsets.bytes = w->text.bytes = 0;
}

uint64_t sy_words_memory(const sy_words *w) {
  uint64_t ranks = w->count * (sizeof(uint8_t *) + sizeof(uint32_t));
  return w->capacity * sizeof *w->slots + w->offsets.bytes + w->text.bytes + ranks;
}

/* ---- Ranks ----------------------------------------------------------------------------------- */

/* The first eight bytes as a number decide nearly all comparisons. */
typedef struct sort_key {
  uint64_t prefix;
  const uint8_t *word; /* length byte, then the word */
  uint32_t table, number;
} sort_key;

static int compare_keys(const void *a, const void *b) {
  const sort_key *x = a, *y = b;
  if (x->prefix != y->prefix) return x->prefix < y->prefix ? -1 : 1;
  return sy_word_compare(x->word + 1, *x->word, y->word + 1, *y->word);
}

static uint64_t prefix_of(const uint8_t *word, uint32_t bytes) {
  uint64_t prefix = 0;
  for (uint32_t i = 0; i < 8; i++) prefix = prefix << 8 | (i < bytes ? word[i] : 0);
  return prefix;
}

static void add_keys(sort_key *keys, const sy_words *words, uint32_t table) {
  for (uint32_t i = 0; i < words->count; i++) {
    uint32_t bytes;
    const uint8_t *word = word_at(words, i, &bytes);
    keys[i] = (sort_key){prefix_of(word, bytes), word - 1, table, i};
  }
}

static void number_keys(const sort_key *keys, size_t count, sy_ranks *ranks) {
  for (size_t i = 0; i < count; i++) {
    if (!i || compare_keys(&keys[i - 1], &keys[i])) ranks->words[ranks->count++] = keys[i].word;
    ranks->rank_of[keys[i].table][keys[i].number] = ranks->count - 1;
  }
}

bool sy_words_rank(const sy_words *const *tables, uint32_t count, sy_ranks *ranks) {
  size_t all = 0;
  for (uint32_t t = 0; t < count; t++) all += tables[t]->count;
  sort_key *keys = malloc((all + 1) * sizeof *keys);
  *ranks = (sy_ranks){.words = malloc((all + 1) * sizeof *ranks->words),
                      .rank_of = calloc(count + 1ull, sizeof *ranks->rank_of),
                      .tables = count};
  bool good = keys && ranks->words && ranks->rank_of;
  for (uint32_t t = 0, at = 0; good && t < count; at += tables[t++]->count) {
    ranks->rank_of[t] = malloc((tables[t]->count + 1ull) * sizeof *ranks->rank_of[t]);
    good = ranks->rank_of[t];
    add_keys(keys + at, tables[t], t);
  }
  if (good) {
    qsort(keys, all, sizeof *keys, compare_keys);
    number_keys(keys, all, ranks);
  } else {
    sy_ranks_free(ranks);
  }
  free(keys);
  return good;
}

void sy_ranks_free(sy_ranks *ranks) {
  for (uint32_t t = 0; ranks->rank_of && t < ranks->tables; t++) free(ranks->rank_of[t]);
  free(ranks->rank_of);
  free(ranks->words);
  *ranks = (sy_ranks){0};
}

bool sy_ranks_begin_word(const sy_ranks *ranks, uint32_t first) {
  uint8_t encoded[4];
  uint32_t encoded_bytes = sy_utf8_encode(encoded, first), low = 0, high = ranks->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2, bytes;
    const uint8_t *word = sy_ranks_word(ranks, middle, &bytes);
    int order = memcmp(word, encoded, bytes < encoded_bytes ? bytes : encoded_bytes);
    if (order == 0 && bytes >= encoded_bytes) return true;
    if (order < 0 || (order == 0 && bytes < encoded_bytes)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return false;
}
